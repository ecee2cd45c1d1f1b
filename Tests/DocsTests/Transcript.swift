import Foundation
import Support

/// A command of a `console` block and the lines that it prints, `…` standing for any lines.
struct TranscriptCommand: Equatable {
  var command: String
  var expected: [String]
}

/// The commands of a `console` block: lines that begin with `$ `, each with what follows it.
func transcriptCommands(of text: String) -> [TranscriptCommand] {
  var commands: [TranscriptCommand] = []
  for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
    if line.hasPrefix("$ ") {
      commands.append(TranscriptCommand(command: String(line.dropFirst(2)), expected: []))
    } else if !commands.isEmpty {
      commands[commands.count - 1].expected.append(line)
    }
  }
  for i in commands.indices { commands[i].expected = withoutBlankEnd(commands[i].expected) }
  return commands
}

func withoutBlankEnd(_ lines: [String]) -> [String] {
  var lines = lines
  while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
  return lines
}

/// Whether the lines that were printed are those expected.
///
/// Words must be the same. So must numbers, but for a mean with its deviation, `a ± d`: matrix
/// products round differently from processor to processor, so a may lie within 2 d, and d is not
/// compared.
func agree(_ expected: [String], _ printed: [String]) -> Bool {
  if expected.first == "…" {
    let rest = Array(expected.dropFirst())
    return printed.indices.contains { agree(rest, Array(printed[$0...])) } || rest.isEmpty
  }
  guard let first = expected.first, let line = printed.first else {
    return expected.isEmpty && printed.isEmpty
  }
  return agree(line: first, line)
    && agree(Array(expected.dropFirst()), Array(printed.dropFirst()))
}

private func agree(line expected: String, _ printed: String) -> Bool {
  let a = expected.split(separator: " ")
  let b = printed.split(separator: " ")
  // The rule under a header is as long as its column is wide.
  if !a.isEmpty, a.allSatisfy({ $0.allSatisfy { $0 == "-" } }) {
    return a.count == b.count && b.allSatisfy { $0.allSatisfy { $0 == "-" } }
  }
  guard a.count == b.count else { return false }
  for i in a.indices where a[i] != b[i] {
    if i > 0, a[i - 1] == "±", b[i - 1] == "±", Double(b[i]) != nil { continue }
    guard i + 2 < a.count, a[i + 1] == "±", let mean = Double(a[i]), let other = Double(b[i]),
      let deviation = Double(a[i + 2]), abs(mean - other) <= 2 * deviation
    else { return false }
  }
  return true
}

/// A folder in which the commands of a document run: the repository's examples, the files that the
/// document writes, and `ravine` on the path.
struct TranscriptFolder {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-docs-\(UUID().uuidString)")
    let bin = folder.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    for name in ["Examples", "Tests", "docs"] {
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent(name),
        withDestinationURL: Repository.root.appendingPathComponent(name))
    }
    try FileManager.default.createSymbolicLink(
      at: bin.appendingPathComponent("ravine"), withDestinationURL: try BuiltExecutable.ravine())
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  func write(_ name: String, _ text: String) throws {
    try text.write(
      to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
  }

  /// All lines that a shell command prints, errors included, without blanks at their ends.
  func run(_ command: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = folder
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = folder.path + "/bin:" + (environment["PATH"] ?? "/usr/bin:/bin")
    environment["NO_COLOR"] = "1"
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let lines = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
      // Told every ten seconds of a run that takes so long.
      .filter { !$0.contains(#/, seed \d+: step \d+ of \d+, loss /#) }
    return withoutBlankEnd(lines)
  }
}
