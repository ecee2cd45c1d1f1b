import Basics

/// Prints diagnostics for people: the source line with carets under the exact span, notes, and the
/// line as a fix would leave it.
package struct DiagnosticRenderer: Sendable {
  package var sources: SourceMap
  /// Terminal colours.
  package var colour: Bool
  /// Longer lines are shown in part, in columns.
  package static let window = 120
  /// Longer messages are shown without their middle, in characters.
  static let longest = 600

  package init(sources: SourceMap, colour: Bool = false) {
    self.sources = sources
    self.colour = colour
  }

  /// All diagnostics, a blank line between them, each ending in a line break.
  package func text(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map { text($0) }.joined(separator: "\n")
  }

  /// One diagnostic, ending in a line break.
  package func text(_ diagnostic: Diagnostic) -> String {
    let tint = diagnostic.severity == .error ? Tint.red : Tint.yellow
    let head = "\(diagnostic.severity)[\(diagnostic.code)]"
    var output = paint(head, tint) + paint(": " + clean(diagnostic.message), .bold) + "\n"
    output += place(diagnostic.span, tint: tint, mark: "^")
    for note in diagnostic.notes {
      output += paint("note", .cyan) + ": " + clean(note.message) + "\n"
      output += place(note.span, tint: .cyan, mark: "-")
    }
    if !diagnostic.fixIts.isEmpty { output += help(diagnostic.fixIts) }
    return output
  }

  // MARK: Places

  /// ` --> file:line:column` and the line with its marks; nothing for `Span.none`.
  private func place(_ span: Span, tint: Tint, mark: Character) -> String {
    guard let file = sources.file(of: span) else { return "" }
    let start = Int(span.start - file.base)
    let position = file.position(start)
    let excerpt = Excerpt(
      file: file, line: position.line, marked: start..<max(start, Int(span.end) - Int(file.base)))
    let gutter = String(position.line)
    let blank = String(repeating: " ", count: gutter.utf8.count)
    var output = blank + paint("--> ", .blue)
    output += "\(clean(file.name)):\(position.line):\(position.column)\n"
    output += paint("\(blank) |", .blue) + "\n"
    output += paint("\(gutter) |", .blue) + (excerpt.text.isEmpty ? "" : " " + excerpt.text) + "\n"
    let marks = String(repeating: mark, count: max(1, excerpt.width))
    output += paint("\(blank) |", .blue) + " " + String(repeating: " ", count: excerpt.indent)
    output += paint(marks, tint) + "\n"
    return output
  }

  /// What the fixes do, and the line that they leave when all lie on one line.
  private func help(_ fixIts: [FixIt]) -> String {
    let messages = fixIts.map { clean($0.message) }.filter { !$0.isEmpty }
    var output = paint("help", .green) + ": " + messages.joined(separator: ", ") + "\n"
    guard let file = sources.file(of: fixIts[0].span) else { return output }
    let edits = fixIts.sorted { ($0.span.start, $0.span.end) < ($1.span.start, $1.span.end) }
    let number = file.position(Int(edits[0].span.start - file.base)).line
    let line = file.lineRange(number)
    var bytes: [UInt8] = []
    var marked: Range<Int>?
    var at = line.lowerBound
    for edit in edits {
      let low = Int(edit.span.start) - Int(file.base)
      let high = Int(edit.span.end) - Int(file.base)
      guard low >= at, high >= low, high <= line.upperBound, !edit.replacement.contains("\n")
      else { return output }
      bytes += file.bytes[at..<low]
      let start = bytes.count
      bytes += Array(edit.replacement.utf8)
      marked = (marked?.lowerBound ?? start)..<bytes.count
      at = high
    }
    bytes += file.bytes[at..<line.upperBound]
    guard let marked else { return output }
    var scratch = SourceMap()
    let patched = scratch.add(name: file.name, bytes: bytes)
    let excerpt = Excerpt(file: patched, line: 1, marked: marked)
    let gutter = String(number)
    let blank = String(repeating: " ", count: gutter.utf8.count)
    output += paint("\(gutter) |", .blue) + (excerpt.text.isEmpty ? "" : " " + excerpt.text) + "\n"
    if excerpt.width > 0 {
      output += paint("\(blank) |", .blue) + " " + String(repeating: " ", count: excerpt.indent)
      output += paint(String(repeating: "~", count: excerpt.width), .green) + "\n"
    }
    return output
  }

  // MARK: Colour

  private enum Tint: String {
    case red = "1;31"
    case yellow = "1;33"
    case green = "1;32"
    case cyan = "1;36"
    case blue = "1;34"
    case bold = "1"
  }

  private func paint(_ text: String, _ tint: Tint) -> String {
    colour ? "\u{1B}[\(tint.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Text from a program may not steer the terminal.
  private func clean(_ text: String) -> String {
    // A name may be as long as a file; a message is not.
    if text.utf8.count > Self.longest, text.unicodeScalars.count > Self.longest {
      let kept = Self.longest / 2
      let start = String(text.unicodeScalars.prefix(kept))
      return clean(start + " … " + String(text.unicodeScalars.suffix(kept - 3)))
    }
    if text.unicodeScalars.allSatisfy({ TextWidth.isPrintable($0) || $0 == "\n" }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      result.unicodeScalars.append(
        TextWidth.isPrintable(scalar) || scalar == "\n" ? scalar : "\u{FFFD}")
    }
    return result
  }
}

/// A line as a terminal shows it, with the columns of the marked part.
struct Excerpt {
  private(set) var text = ""
  /// Columns before the marked part.
  private(set) var indent = 0
  /// Columns of the marked part.
  private(set) var width = 0

  /// `marked` is a range of local byte offsets; what lies beyond the line is cut.
  init(file: SourceFile, line number: Int, marked: Range<Int>) {
    let line = file.lineRange(number)
    let low = min(max(marked.lowerBound, line.lowerBound), line.upperBound)
    let high = min(max(marked.upperBound, low), line.upperBound)
    var start = line.lowerBound
    var end = line.upperBound
    if line.count > DiagnosticRenderer.window {
      start = max(line.lowerBound, low - DiagnosticRenderer.window / 3)
      end = min(line.upperBound, start + DiagnosticRenderer.window)
      while start > line.lowerBound, file.bytes[start] & 0xC0 == 0x80, start > low - 60 {
        start -= 1
      }
      while end < line.upperBound, file.bytes[end] & 0xC0 == 0x80, end < start + 140 { end += 1 }
    }
    if start > line.lowerBound { append("…", 1) }
    append(file.bytes[start..<low])
    indent = column
    append(file.bytes[low..<min(high, end)])
    width = column - indent
    append(file.bytes[min(high, end)..<end])
    if end < line.upperBound { append("…", 1) }
    while text.last == " " { text.removeLast() }
  }

  private var column = 0

  private mutating func append(_ scalar: Unicode.Scalar, _ width: Int) {
    text.unicodeScalars.append(scalar)
    column += width
  }

  private mutating func append(_ bytes: ArraySlice<UInt8>) {
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if scalar == "\t" {
        for _ in 0..<(4 - column % 4) { append(" ", 1) }
      } else if TextWidth.isPrintable(scalar) {
        append(scalar, TextWidth.columns(scalar))
      } else {
        append("\u{FFFD}", 1)
      }
    }
  }
}
