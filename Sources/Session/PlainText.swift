import Basics

/// Text for terminals that show nothing beyond ASCII.
enum PlainText {
  private static let spelled: [Unicode.Scalar: String] = [
    "→": "->", "≤": "<=", "≥": ">=", "≠": "!=", "∞": "inf", "·": "*", "×": "x", "−": "-",
    "–": "-", "—": "-", "…": "...", "±": "+/-", "√": "sqrt", "‖": "|", "²": "^2", "³": "^3",
    "’": "'", "‘": "'", "“": "\"", "”": "\"", "│": "|", "┤": "+", "─": "-", "└": "+", "┬": "+",
    "∂": "d", "Σ": "sum", "∈": "in", "½": "1/2", "⁻": "-", "é": "e", "ö": "o", "ü": "u",
  ]

  /// The text in ASCII: Greek letters by their names, signs by their twins, the rest as `?`.
  static func ascii(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.isASCII {
        result.unicodeScalars.append(scalar)
      } else if let word = spelled[scalar] {
        result += word
      } else {
        let word = Greek.ascii(String(scalar))
        if word.utf8.allSatisfy({ $0 < 0x80 }) {
          result += word
        } else if !scalar.properties.isDefaultIgnorableCodePoint,
          scalar.properties.generalCategory != .nonspacingMark
        {
          result += "?"
        }
      }
    }
    return result
  }
}
