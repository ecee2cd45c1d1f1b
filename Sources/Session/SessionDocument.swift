/// The transcripts of a file: the whole of it, or the `session` blocks of a Markdown text, which are
/// one session from top to bottom.
package struct SessionDocument {
  /// What replaying a document gave.
  package struct Outcome {
    package var count: Int
    package var differing: Int
    /// The document with what is printed now.
    package var updated: String
    private let replays: [TranscriptReplay]

    fileprivate init(_ replays: [TranscriptReplay], updated: String) {
      self.replays = replays
      self.updated = updated
      count = replays.reduce(0) { $0 + $1.transcript.exchanges.count }
      differing = replays.reduce(0) { $0 + $1.differing.count }
    }

    package func difference(name: String) -> String {
      replays.map { $0.difference(name: name) }.joined()
    }
  }

  private enum Part {
    case text([String])
    case session(Transcript)
  }
  private var parts: [Part] = []

  package init(_ text: String, isMarkdown: Bool) {
    guard isMarkdown else {
      parts = [.session(Transcript(text))]
      return
    }
    var lines: [String] = []
    var isInside = false
    var start = 0
    for (number, line) in StatementReader.lines(of: text).enumerated() {
      if isInside, line.hasPrefix("```") {
        var transcript = Transcript(lines.map { $0 + "\n" }.joined())
        for k in transcript.exchanges.indices { transcript.exchanges[k].line += start }
        parts.append(.session(transcript))
        lines = []
        isInside = false
      }
      lines.append(String(line))
      if line.hasPrefix("```session") {
        parts.append(.text(lines))
        lines = []
        isInside = true
        start = number + 1
      }
    }
    parts.append(.text(lines))
  }

  /// Runs all statements in one session.
  package func replayed(console: any SessionConsole) -> Outcome {
    var whole = Transcript("")
    var sizes: [Int] = []
    for case .session(let transcript) in parts {
      whole.exchanges += transcript.exchanges
      if transcript.tolerance != TranscriptTolerance() { whole.tolerance = transcript.tolerance }
      sizes.append(transcript.exchanges.count)
    }
    let replay = TranscriptReplay(whole, console: console)
    var next = 0
    var pieces: [String] = []
    let printed = replay.current
    for part in parts {
      switch part {
      case .text(let lines): pieces.append(lines.joined(separator: "\n"))
      case .session(let transcript):
        let count = transcript.exchanges.count
        var text = transcript.text(printing: Array(printed[next..<next + count]))
        next += count
        if parts.count > 1, text.hasSuffix("\n") { text.removeLast() }
        pieces.append(text)
      }
    }
    return Outcome([replay], updated: pieces.joined(separator: "\n"))
  }
}
