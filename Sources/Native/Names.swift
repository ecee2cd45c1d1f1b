import Basics

/// Names of C made of names of rules: letters, digits and underscores behind a prefix, so that no
/// name of a rule is a keyword, a macro or more than one token.
struct Names {
  private var used: Set<String> = []

  /// A name that was not given out before.
  mutating func unique(_ prefix: String, _ name: String) -> String {
    let stem = prefix + Self.mangled(name)
    var result = stem
    var k = 2
    while !used.insert(result).inserted {
      result = "\(stem)_\(k)"
      k += 1
    }
    return result
  }

  /// At most 40 characters of [A-Za-z0-9_].
  static func mangled(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars.prefix(40) {
      if isPlain(scalar) {
        result.unicodeScalars.append(scalar)
      } else if let letter = Greek.letter(scalar.value) {
        result += letter.name
      } else {
        result += "u" + String(scalar.value, radix: 16)
      }
      if result.utf8.count >= 40 { break }
    }
    return String(result.prefix(40))
  }

  /// Text that stays within a comment that ends with its line.
  static func comment(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(120) {
      if isPlain(scalar) || " +-*/^().,=<>".unicodeScalars.contains(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        result += Greek.letter(scalar.value)?.name ?? "_"
      }
    }
    return result
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }
}
