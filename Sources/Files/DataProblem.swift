import Basics
import Diagnostics

/// A place in a data file. Data files are not in the source map, so messages carry it as text.
package struct DataPlace: Sendable, CustomStringConvertible {
  package var path: String
  package var line: Int?
  package var column: Int?

  package init(_ path: String, line: Int? = nil, column: Int? = nil) {
    self.path = path
    self.line = line
    self.column = column
  }

  package var description: String {
    var text = printable(path, limit: 240)
    if let line { text += ":\(line)" }
    if let column { text += ":\(column)" }
    return text
  }
}

/// The text with control characters escaped and its length bounded, fit for a message.
package func printable(_ text: String, limit: Int = 40) -> String {
  let start = text.unicodeScalars.prefix(limit)
  return TerminalText.word(String(start))
    + (start.endIndex < text.unicodeScalars.endIndex ? "…" : "")
}

/// The diagnostics of files (R07xx), one factory each.
package enum DataProblem {
  package static func make(
    _ code: DiagnosticCode, _ place: DataPlace, _ text: String, at span: Span, notes: [String] = []
  ) -> DiagnosticError {
    DiagnosticError(
      Diagnostic(code, .error, "\(place): \(text)", at: span, notes: notes.map { Note($0) }))
  }

  package static func listing(_ names: [String]) -> String {
    let shown = names.prefix(12).map { "\"\(printable($0))\"" }.joined(separator: ", ")
    return names.count > 12 ? shown + ", … (\(names.count) in all)" : shown
  }

  package static func nearestHint(_ name: String, _ candidates: [String]) -> String {
    guard let near = Suggestion.nearest(to: name, among: candidates) else { return "" }
    return "; did you mean \"\(printable(near))\"?"
  }

  // MARK: Files

  package static func notFound(_ path: String, at span: Span) -> DiagnosticError {
    make(
      .fileNotFound, DataPlace(path), "there is no such file", at: span,
      notes: ["a relative path starts from the directory in which the program runs"])
  }

  package static func unreadable(_ place: DataPlace, reason: String, at span: Span)
    -> DiagnosticError
  {
    make(.fileUnreadable, place, "the file cannot be read: \(reason)", at: span)
  }

  package static func directory(_ path: String, at span: Span) -> DiagnosticError {
    make(.isDirectory, DataPlace(path), "this is a directory; name a data file in it", at: span)
  }

  package static func changed(_ place: DataPlace, at span: Span) -> DiagnosticError {
    make(.fileChanged, place, "the file was changed or cut short while it was being read", at: span)
  }

  package static func tooLarge(_ path: String, limit: Int, at span: Span) -> DiagnosticError {
    make(
      .fileTooLarge, DataPlace(path),
      "the file is larger than the limit of \(limit) bytes, or has no end",
      at: span)
  }

  package static func silent(_ path: String, seconds: Int, at span: Span) -> DiagnosticError {
    make(
      .nothingArrived, DataPlace(path), "nothing arrived for \(seconds) seconds; gave up waiting",
      at: span)
  }

  package static func empty(_ path: String, at span: Span) -> DiagnosticError {
    make(.fileEmpty, DataPlace(path, line: 1, column: 1), "the file is empty", at: span)
  }

  // MARK: Checkpoints

  static func notSafetensors(_ path: String, why: String) -> DiagnosticError {
    make(.notACheckpoint, DataPlace(path), "this is no safetensors file: \(why)", at: .none)
  }

  // MARK: Written files

  package static func noDirectory(_ path: String, at span: Span) -> DiagnosticError {
    make(.noDirectory, DataPlace(path), "cannot write: the directory does not exist", at: span)
  }

  package static func notPermitted(_ path: String, reason: String, at span: Span) -> DiagnosticError
  {
    make(.notPermitted, DataPlace(path), "cannot write: \(reason)", at: span)
  }

  package static func diskFull(
    _ path: String, reason: String, kept: String, at span: Span
  ) -> DiagnosticError {
    make(.diskFull, DataPlace(path), "cannot write: \(reason); \(kept)", at: span)
  }

  package static func notRegular(_ path: String, what: String, at span: Span) -> DiagnosticError {
    make(.notAFile, DataPlace(path), "cannot write: this is \(what), not a file", at: span)
  }

  package static func notPictureOrPage(_ path: String, at span: Span) -> DiagnosticError {
    make(
      .notAFile, DataPlace(path),
      "cannot write: this file would be replaced, which is no picture and no page", at: span)
  }

  package static func writeFailed(_ path: String, reason: String, at span: Span) -> DiagnosticError
  {
    make(.writeFailed, DataPlace(path), "cannot write: \(reason)", at: span)
  }
}
