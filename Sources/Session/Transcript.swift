/// A saved session: what was typed, behind prompts, and what was printed.
package struct Transcript: Sendable, Equatable {
  /// One statement with what followed it.
  package struct Exchange: Sendable, Equatable {
    /// The lines typed, joined.
    package var statement: String
    /// The lines printed.
    package var printed: [String]
    /// The number of its first line, from 1.
    package var line: Int

    package init(statement: String, printed: [String], line: Int = 1) {
      self.statement = statement
      self.printed = printed
      self.line = line
    }
  }

  /// The lines before the first prompt.
  package var heading: [String] = []
  package var exchanges: [Exchange] = []
  package var tolerance = TranscriptTolerance()

  /// Reads a transcript. A heading line `# tolerance 1e-6` or `# tolerance 1e-6 1e-9` says how far
  /// numbers may be, relative to their size and absolutely.
  package init(_ text: String) {
    var lines = StatementReader.lines(of: text)
    if lines.last == "" { lines.removeLast() }
    for (number, line) in lines.enumerated() {
      guard let input = StatementReader.input(of: line) else {
        if exchanges.isEmpty {
          heading.append(line)
        } else {
          exchanges[exchanges.count - 1].printed.append(line)
        }
        continue
      }
      let isFirst = line.hasPrefix(StatementReader.prompt.dropLast())
      if isFirst || exchanges.isEmpty {
        exchanges.append(Exchange(statement: input, printed: [], line: number + 1))
      } else {
        exchanges[exchanges.count - 1].statement += "\n" + input
      }
    }
    for line in heading {
      if let found = TranscriptTolerance(line) { tolerance = found }
    }
  }

  /// As it would be saved with what was printed this time.
  package func text(printing printed: [[String]]) -> String {
    var lines = heading
    for (exchange, own) in zip(exchanges, printed) {
      var mark = StatementReader.prompt
      for line in exchange.statement.split(separator: "\n", omittingEmptySubsequences: false) {
        lines.append((mark + line).trimmedRight)
        mark = StatementReader.continuation
      }
      lines += own
    }
    return lines.map { $0 + "\n" }.joined()
  }
}

/// How far numbers with a decimal point may be from those recorded: |new − old| ≤ absolute +
/// relative · |old|. Whole numbers and words are compared exactly.
package struct TranscriptTolerance: Sendable, Equatable {
  package var relative = 0.0
  package var absolute = 0.0

  package init() {}

  /// A heading line; nil for other lines.
  init?(_ line: String) {
    let words = line.split { $0 == " " || $0 == "\t" }
    guard words.count >= 3, words[0] == "#", words[1] == "tolerance",
      let relative = Double(words[2]), relative >= 0
    else { return nil }
    self.relative = relative
    absolute = words.count > 3 ? Double(words[3]) ?? 0 : 0
  }

  /// Whether a printed line is the recorded one. `[...]` in the recorded line stands for anything.
  func agrees(_ recorded: String, _ printed: String) -> Bool {
    if recorded.trimmedRight == printed.trimmedRight { return true }
    if recorded.contains("[...]") { return matches(recorded, printed) }
    let a = Self.pieces(recorded)
    let b = Self.pieces(printed)
    return a.count == b.count && zip(a, b).allSatisfy(isSame)
  }

  /// The lines that differ: whether all agree, `[...]` on a line of its own standing for any lines.
  func agrees(_ recorded: [String], _ printed: [String]) -> Bool {
    guard let first = recorded.first else { return printed.isEmpty }
    let rest = Array(recorded.dropFirst())
    if first == "[...]" {
      return (0...printed.count).contains { agrees(rest, Array(printed[$0...])) }
    }
    guard let line = printed.first else { return false }
    return agrees(first, line) && agrees(rest, Array(printed.dropFirst()))
  }

  private func matches(_ recorded: String, _ printed: String) -> Bool {
    var parts: [String] = []
    var rest = Substring(recorded)
    while let found = rest.firstRange(of: "[...]") {
      parts.append(String(rest[..<found.lowerBound]))
      rest = rest[found.upperBound...]
    }
    parts.append(String(rest))
    var place = Substring(printed)
    guard place.hasPrefix(parts[0]) else { return false }
    place = place.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() {
      guard let found = place.firstRange(of: part) else { return false }
      place = place[found.upperBound...]
    }
    return place.hasSuffix(parts[parts.count - 1])
  }

  private enum Piece: Equatable {
    case word(String)
    case number(String, Double)
  }

  private func isSame(_ a: Piece, _ b: Piece) -> Bool {
    if a == b { return true }
    guard case .number(let text, let x) = a, case .number(_, let y) = b,
      text.contains(".") || text.contains("e")
    else { return false }
    return abs(x - y) <= absolute + relative * abs(x)
  }

  /// Numbers and what stands between them; a number that is part of a name is a word. Blanks part
  /// words and are not compared: columns are as wide as their numbers.
  private static func pieces(_ line: String) -> [Piece] {
    let bytes = Array(line.utf8)
    func isDigit(_ i: Int) -> Bool { i < bytes.count && (0x30...0x39).contains(bytes[i]) }
    func isLetter(_ i: Int) -> Bool {
      i >= 0 && i < bytes.count
        && (isDigit(i) || bytes[i] >= 0x80 || (bytes[i] | 0x20 >= 0x61 && bytes[i] | 0x20 <= 0x7A)
          || bytes[i] == UInt8(ascii: "_"))
    }
    var pieces: [Piece] = []
    var word: [UInt8] = []
    func close() {
      if !word.isEmpty { pieces.append(.word(String(decoding: word, as: UTF8.self))) }
      word = []
    }
    var i = 0
    while i < bytes.count {
      guard isDigit(i), !isLetter(i - 1) else {
        if bytes[i] == 0x20 { close() } else { word.append(bytes[i]) }
        i += 1
        continue
      }
      var end = i
      while isDigit(end) { end += 1 }
      if end < bytes.count, bytes[end] == UInt8(ascii: "."), isDigit(end + 1) {
        end += 1
        while isDigit(end) { end += 1 }
      }
      if end < bytes.count, bytes[end] == UInt8(ascii: "e") {
        let hasSign =
          end + 1 < bytes.count && [UInt8(ascii: "-"), UInt8(ascii: "+")].contains(bytes[end + 1])
        if isDigit(end + (hasSign ? 2 : 1)) {
          end += hasSign ? 2 : 1
          while isDigit(end) { end += 1 }
        }
      }
      close()
      let text = String(decoding: bytes[i..<end], as: UTF8.self)
      pieces.append(.number(text, Double(text) ?? .nan))
      i = end
    }
    close()
    return pieces
  }
}
