import Diagnostics

/// A transcript run again: what was printed, and where it differs.
package struct TranscriptReplay {
  package let transcript: Transcript
  /// What each statement printed this time.
  package private(set) var printed: [[String]] = []
  /// The statements that printed something else.
  package private(set) var differing: [Int] = []

  /// Runs every statement of a transcript in a session of its own.
  package init(_ transcript: Transcript, console: any SessionConsole) {
    self.transcript = transcript
    let recorder = RecordingConsole(console)
    let session = Session(console: recorder, interrupt: .none, patience: 100)
    var isOver = false
    for (k, exchange) in transcript.exchanges.enumerated() {
      recorder.text = ""
      if !isOver { isOver = !session.submit(exchange.statement) }
      var lines = recorder.text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { String($0).trimmedRight }
      if lines.last == "" { lines.removeLast() }
      printed.append(lines)
      if !transcript.tolerance.agrees(
        Self.withoutBlankEnd(exchange.printed), Self.withoutBlankEnd(lines))
      {
        differing.append(k)
      }
    }
  }

  /// Blank lines before the next prompt are the writer's.
  private static func withoutBlankEnd(_ lines: [String]) -> [String] {
    var lines = lines
    while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
    return lines
  }

  package var holds: Bool { differing.isEmpty }

  /// What follows each statement in a transcript that holds now: as recorded where that agrees.
  var current: [[String]] {
    transcript.exchanges.enumerated().map { k, exchange in
      let kept = Self.withoutBlankEnd(exchange.printed)
      let blank = exchange.printed.suffix(exchange.printed.count - kept.count)
      return differing.contains(k) ? Self.withoutBlankEnd(printed[k]) + blank : exchange.printed
    }
  }

  /// The differences: `-` what was recorded, `+` what is printed now.
  package func difference(name: String) -> String {
    var text = ""
    for k in differing {
      let exchange = transcript.exchanges[k]
      let first = exchange.statement.split(separator: "\n").first ?? ""
      text += "\(name):\(exchange.line): \(StatementReader.prompt)\(first)\n"
      let old = Self.withoutBlankEnd(exchange.printed)
      let new = Self.withoutBlankEnd(printed[k])
      for line in Self.lines(old, new, transcript.tolerance) { text += line + "\n" }
    }
    return text
  }

  /// Lines that both have by the longest common subsequence.
  private static func lines(
    _ old: [String], _ new: [String], _ tolerance: TranscriptTolerance
  ) -> [String] {
    guard old.count * new.count <= 1_000_000 else {
      return old.map { "- " + $0 } + new.map { "+ " + $0 }
    }
    var common = [[Int]](
      repeating: [Int](repeating: 0, count: new.count + 1), count: old.count + 1)
    for i in old.indices.reversed() {
      for j in new.indices.reversed() {
        common[i][j] =
          tolerance.agrees(old[i], new[j])
          ? common[i + 1][j + 1] + 1 : max(common[i + 1][j], common[i][j + 1])
      }
    }
    var result: [String] = []
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      if i < old.count, j < new.count, tolerance.agrees(old[i], new[j]) {
        result.append("  " + new[j])
        i += 1
        j += 1
      } else if i < old.count, j == new.count || common[i + 1][j] >= common[i][j + 1] {
        result.append("- " + old[i])
        i += 1
      } else {
        result.append("+ " + new[j])
        j += 1
      }
    }
    return result
  }
}

/// Keeps what a session prints, and the files that it saves; others are those of another console.
package final class RecordingConsole: SessionConsole {
  package var text = ""
  private var saved: [String: [UInt8]] = [:]
  private let files: any SessionConsole

  package init(_ files: any SessionConsole) { self.files = files }

  package func write(_ text: String) { self.text += text }
  package func draw(_ image: String) {}
  package func say(_ text: String) { self.text += text }
  /// Lines that stay are kept, as on a terminal.
  package func progress(_ text: String) {
    if text.hasSuffix("\n") { self.text += text }
  }
  package var width: Int { 80 }
  package var showsUnicode: Bool { true }
  package var showsImages: Bool { false }
  package var hasColourOnOutput: Bool { false }
  package var hasColour: Bool { false }
  package func read(_ path: String) throws(DiagnosticError) -> [UInt8] {
    if let bytes = saved[path] { return bytes }
    return try files.read(path)
  }
  /// A replay writes nothing: it must print the same the next time.
  package func save(_ path: String, _ bytes: [UInt8]) throws(DiagnosticError) {
    saved[path] = bytes
  }
  package func exists(_ path: String) -> Bool { saved[path] != nil || files.exists(path) }
  package func changeTime(_ path: String) -> Int64? {
    saved[path].map { Int64($0.count) } ?? files.changeTime(path)
  }
  package func names(in folder: String) -> [String] { files.names(in: folder) }
}
