import Diagnostics
import Training

@testable import Session

/// A console whose files are texts, and which keeps what is said.
final class MemoryConsole: SessionConsole {
  var output = ""
  var talk = ""
  var files: [String: (text: String, time: Int64)] = [:]
  var showsUnicode = true
  var showsImages = false
  var width: Int { 80 }
  var hasColourOnOutput: Bool { false }
  var hasColour: Bool { false }

  /// Told of everything that is written.
  var wrote: (String) -> Void = { _ in }

  func write(_ text: String) {
    output += text
    wrote(text)
  }
  func draw(_ image: String) { write(image) }
  func say(_ text: String) { talk += text }
  func progress(_ text: String) {}

  func read(_ path: String) throws(DiagnosticError) -> [UInt8] {
    guard let file = files[path] else {
      throw DiagnosticError(Diagnostic(.fileNotFound, "\(path): there is no such file", at: .none))
    }
    return Array(file.text.utf8)
  }
  func save(_ path: String, _ bytes: [UInt8]) throws(DiagnosticError) {
    if path.hasPrefix("/full") {
      throw DiagnosticError(Diagnostic(.diskFull, "\(path): the disk is full", at: .none))
    }
    files[path] = (String(decoding: bytes, as: UTF8.self), (files[path]?.time ?? 0) + 1)
  }
  func exists(_ path: String) -> Bool { files[path] != nil }
  func changeTime(_ path: String) -> Int64? { files[path]?.time }
  func names(in folder: String) -> [String] { files.keys.sorted() }

  /// What was said and written since the last call.
  func take() -> String {
    defer {
      output = ""
      talk = ""
    }
    return output + talk
  }
}

/// A session on a console of its own.
struct Bench {
  let console = MemoryConsole()
  let session: Session

  init(interrupt: InterruptSource = .none) {
    session = Session(console: console, interrupt: interrupt)
  }

  /// Submits statements and returns what the last one printed.
  @discardableResult
  func run(_ statements: String...) -> String {
    var last = ""
    for statement in statements {
      session.submit(statement)
      last = console.take()
    }
    return last
  }
}
