import Diagnostics
import Syntax

/// Puts lines together to statements: knows when one is finished, and reads pasted transcripts.
package struct StatementReader: Sendable {
  package static let prompt = "ravine> "
  package static let continuation = "   ...> "

  /// The lines of a statement that is not finished.
  package private(set) var pending = ""
  /// Whether piped lines are a transcript, of which only those with a prompt count; nil before the
  /// first of them says so.
  private var isTranscript: Bool?

  package init() {}

  package var isOpen: Bool { !pending.isEmpty }

  /// What an unfinished statement asks for.
  package var prompt: String { isOpen ? Self.continuation : Self.prompt }

  /// Forgets the unfinished statement; false where there is none.
  package mutating func leave() -> Bool {
    defer { pending = "" }
    return isOpen
  }

  /// The statements that a text completes: a line, or the lines of a paste.
  package mutating func read(_ text: String) -> [String] {
    var complete: [String] = []
    var lines = Self.lines(of: text)
    // A paste of a transcript: what it printed is left out.
    if lines.contains(where: { Self.input(of: $0) != nil }) { lines = lines.compactMap(Self.input) }
    for line in lines {
      // No statement has a line that begins like a command.
      if isOpen, line.first == ":" {
        complete.append(pending)
        pending = ""
      }
      pending += pending.isEmpty ? line : "\n" + line
      if Self.isBlank(pending) {
        pending = ""
      } else if !Self.isUnfinished(pending) {
        complete.append(pending)
        pending = ""
      }
    }
    return complete
  }

  /// As `read`, of the lines of a file: where the first statement has a prompt, the file is a
  /// transcript.
  package mutating func readPiped(_ line: String) -> [String] {
    let hasInput = Self.lines(of: line).contains { Self.input(of: $0) != nil }
    if isTranscript == nil, !Self.isBlank(line), !line.hasPrefix("#") { isTranscript = hasInput }
    return isTranscript == true && !hasInput ? [] : read(line)
  }

  /// What stands behind the prompt of a line of a transcript; nil for what was printed.
  static func input(of line: String) -> String? {
    for mark in [prompt, continuation] {
      if line.hasPrefix(mark) { return String(line.dropFirst(mark.count)) }
      // Editors cut blanks at the ends of lines.
      if line == mark.dropLast() { return "" }
    }
    return nil
  }

  /// The lines of a text, whatever system wrote it. By bytes: `\r\n` is one letter of a text.
  static func lines(of text: String) -> [String] {
    Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
  }

  static func isBlank(_ text: String) -> Bool { text.utf8.allSatisfy { $0 <= 0x20 } }

  /// Whether more lines may complete the text.
  package static func isUnfinished(_ text: String) -> Bool {
    // Nobody types that much in one statement.
    if text.utf8.count > 1 << 20 { return false }
    let first = text.utf8.first { $0 > 0x20 }
    if first == UInt8(ascii: ":") { return hasOpenBracket(text) }
    if isDocumentation(text) { return true }
    var sources = SourceMap()
    return isIncomplete(sources.add(name: "", text: text))
  }

  /// Only `##` lines: what they document follows.
  private static func isDocumentation(_ text: String) -> Bool {
    var isFound = false
    for line in text.split(separator: "\n") {
      let bare = line.drop { $0 == " " || $0 == "\t" }
      if bare.hasPrefix("##") {
        isFound = true
      } else if !bare.isEmpty, !bare.hasPrefix("#") {
        return false
      }
    }
    return isFound
  }

  private static func hasOpenBracket(_ text: String) -> Bool {
    text.utf8.reduce(0) { $0 + Fragment.depthChange($1) } > 0
  }
}
