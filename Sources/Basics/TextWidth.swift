/// How wide text is, without asking a font.
package enum TextWidth {
  /// Terminal columns: combining marks take none, East Asian wide characters two.
  package static func cells(_ text: String) -> Int {
    text.reduce(0) { $0 + cells($1) }
  }

  /// A character is as wide as its first scalar; controls have no width.
  static func cells(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first, isPrintable(scalar) else { return 0 }
    return columns(scalar)
  }

  /// Neither a control nor a mark that reorders text.
  package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: false
    case 0x61C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0x2028, 0x2029: false
    default: true
    }
  }

  /// 0 for marks that combine, 2 for East Asian wide forms and emoji, else 1.
  package static func columns(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
      0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// Ems in a common sans-serif face, on the wide side.
  package static func ems(_ text: String) -> Double {
    text.reduce(0) { sum, character in
      let narrow = "iljtfrI.,:;|!'()[] "
      let wide = "mwMWΩ@%—"
      if narrow.contains(character) { return sum + 0.36 }
      if wide.contains(character) { return sum + 0.92 }
      if "⁰¹²³⁴⁵⁶⁷⁸⁹⁻".contains(character) { return sum + 0.42 }
      if character.isUppercase { return sum + 0.7 }
      return sum + (cells(character) == 2 ? 1 : 0.58)
    }
  }

  /// The text cut to at most `width` terminal columns, an ellipsis last.
  package static func cut(_ text: String, to width: Int, ellipsis: Character = "…") -> String {
    if cells(text) <= width { return text }
    var out = ""
    var used = 0
    for character in text {
      let next = cells(character)
      if used + next > width - 1 { break }
      out.append(character)
      used += next
    }
    return width > 0 ? out + String(ellipsis) : ""
  }

  /// The text without control characters, which would move a terminal's cursor or break a line.
  package static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? " " : scalar
        }))
  }

  private static let spelled: [Character: String] = [
    "‖": "|", "−": "-", "×": "x", "·": "*",
    "√": "sqrt", "∞": "inf", "≤": "<=", "≥": ">=", "±": "+/-", "–": "-", "…": "...", "’": "'",
    "⁰": "0", "¹": "1", "²": "2", "³": "3",
  ]

  /// The text in ASCII: what has a spelling is spelled, the rest becomes "?".
  package static func ascii(_ text: String) -> String {
    Greek.ascii(text).map { $0.isASCII ? String($0) : spelled[$0] ?? "?" }.joined()
  }
}
