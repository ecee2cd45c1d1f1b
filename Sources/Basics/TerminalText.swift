/// Text on its way to a terminal: what others wrote, such as names, comments and cells, may not steer it.
package enum TerminalText {
  /// The text with controls and marks that reorder letters spelled out, as `\u{1b}`; line breaks and tabs stay. Where
  /// `hasColour`, so do the colours that Ravine itself sets: they neither hide nor move anything.
  package static func visible(_ text: String, hasColour: Bool = false) -> String {
    let scalars = text.unicodeScalars
    if scalars.allSatisfy({ isHarmless($0) }) { return text }
    var result = String.UnicodeScalarView()
    var rest = scalars[...]
    while let scalar = rest.first {
      if isHarmless(scalar) {
        result.append(scalar)
      } else if hasColour, let end = colour(rest) {
        result.append(contentsOf: rest[..<end])
        rest = rest[end...]
        continue
      } else {
        result.append(contentsOf: spelled(scalar).unicodeScalars)
      }
      rest.removeFirst()
    }
    return String(result)
  }

  /// A word on one line: a name, a part of a path. Line breaks and tabs are spelled out too.
  package static func word(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      default: TextWidth.isPrintable(scalar) ? String(scalar) : spelled(scalar)
      }
    }.joined()
  }

  private static func spelled(_ scalar: Unicode.Scalar) -> String {
    "\\u{\(String(scalar.value, radix: 16))}"
  }

  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    TextWidth.isPrintable(scalar) || scalar == "\n" || scalar == "\t"
  }

  /// The end of a colour at the start: plain, bold, bold in one of six colours, or one of 256.
  private static func colour(
    _ text: Substring.UnicodeScalarView
  ) -> Substring.UnicodeScalarView.Index? {
    guard text.first == "\u{1B}", text.dropFirst().first == "[" else { return nil }
    let code = text.dropFirst(2).prefix(10).prefix { $0 != "m" }
    guard code.endIndex < text.endIndex, text[code.endIndex] == "m" else { return nil }
    let parts = String(code).split(separator: ";", omittingEmptySubsequences: false)
    let isOurs =
      switch parts.count {
      case 1: parts[0] == "0" || parts[0] == "1"
      case 2: parts[0] == "1" && ("31"..."36").contains(parts[1])
      case 3: parts[0] == "38" && parts[1] == "5" && UInt8(parts[2]) != nil
      default: false
      }
    return isOurs ? text.index(after: code.endIndex) : nil
  }
}
