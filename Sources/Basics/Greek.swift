/// Greek letters, their spelled names and their commands of LaTeX: the one table.
package enum Greek {
  package struct Letter: Sendable {
    package var scalar: Unicode.Scalar
    /// How `fmt --ascii` spells it.
    package var name: String
    /// In math mode. Letters that look like Latin ones have no command of their own.
    package var latex: String
  }

  /// Where letters share a name, the first is what `fmt --unicode` writes.
  package static let letters: [Letter] =
    letters(
      "αβγδζηθικλμνξπρστυχψω",
      "alpha beta gamma delta zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon "
        + "chi psi omega")
    + letters("ΓΔΘΛΞΠΣΥΦΨΩ", "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega")
    // LaTeX has no command for letters that look like Latin ones.
    + letters(
      "οΑΒΕΖΗΙΚΜΝΟΡΤΧ",
      "omicron Alpha Beta Epsilon Zeta Eta Iota Kappa Mu Nu Omicron Rho Tau Chi",
      "oABEZHIKMNOPTX".map { "\\mathrm{\($0)}" })
    // Those with variants, the variants, and signs that look like a letter.
    + letters(
      "εφϵςϑϕϱϖϰ\u{B5}\u{2206}\u{2126}",
      "eps phi eps sigma theta phi rho pi kappa mu Delta Omega",
      [
        "\\varepsilon", "\\varphi", "\\epsilon", "\\varsigma", "\\vartheta", "\\phi", "\\varrho",
        "\\varpi", "\\kappa", "\\mu", "\\Delta", "\\Omega",
      ])

  private static func letters(
    _ scalars: String, _ names: String, _ latex: [String] = []
  ) -> [Letter] {
    zip(scalars.unicodeScalars, names.split(separator: " ")).enumerated().map { k, pair in
      Letter(
        scalar: pair.0, name: String(pair.1), latex: latex.isEmpty ? "\\\(pair.1)" : latex[k])
    }
  }

  private static let byScalar: [UInt32: Letter] = Dictionary(
    uniqueKeysWithValues: letters.map { ($0.scalar.value, $0) })

  private static let letterOfName: [String: Unicode.Scalar] = Dictionary(
    letters.map { ($0.name, $0.scalar) } + [("epsilon", "ε")], uniquingKeysWith: { a, _ in a })

  package static func letter(_ scalar: UInt32) -> Letter? { byScalar[scalar] }

  /// The letter of a spelled name.
  package static func letter(named name: String) -> Unicode.Scalar? { letterOfName[name] }

  /// The digit of a subscript such as `₁`.
  package static func subscriptDigit(_ scalar: UInt32) -> UInt8? {
    scalar >= 0x2080 && scalar <= 0x2089 ? UInt8(scalar - 0x2080) + UInt8(ascii: "0") : nil
  }

  /// The canonical spelling: `β₁` gives `beta1`, `epsilon` gives `eps`.
  package static func key(of text: String) -> String {
    var text = text
    let isShort = text.withUTF8 { bytes in bytes.count < 7 && bytes.allSatisfy { $0 < 0x80 } }
    if isShort { return text }
    let plain = ascii(text)
    guard mayHoldEpsilon(plain) else { return plain }
    return mapSegments(plain) { $0 == "epsilon" ? "eps" : $0 }
  }

  /// The spelling of `fmt --ascii`: Greek letters spelled out, subscripts as digits.
  package static func ascii(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if let letter = letter(scalar.value) {
        result += letter.name
      } else if let digit = subscriptDigit(scalar.value) {
        result.unicodeScalars.append(Unicode.Scalar(digit))
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The spelling of `fmt --unicode`: `beta1` gives `β1`, `lambda_max` gives `λ_max`; a name inside a
  /// longer word (`beta` in `betas`) stays.
  package static func unicode(_ text: String) -> String {
    mapSegments(text) { segment in letterOfName[segment].map { String($0) } ?? segment }
  }

  private static func mayHoldEpsilon(_ text: String) -> Bool {
    guard text.utf8.count >= 7 else { return false }
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if previous == UInt8(ascii: "e"), byte == UInt8(ascii: "p") { return true }
      previous = byte
    }
    return false
  }

  /// Applies `change` to every alphabetic segment: what stands between digits, underscores and ends.
  private static func mapSegments(_ text: String, _ change: (String) -> String) -> String {
    var result = ""
    var segment = ""
    for scalar in text.unicodeScalars {
      let isSeparator =
        scalar == "_" || (scalar.value >= 0x30 && scalar.value <= 0x39)
        || subscriptDigit(scalar.value) != nil
      if isSeparator {
        if !segment.isEmpty { result += change(segment) }
        segment = ""
        result.unicodeScalars.append(scalar)
      } else {
        segment.unicodeScalars.append(scalar)
      }
    }
    if !segment.isEmpty { result += change(segment) }
    return result
  }
}
