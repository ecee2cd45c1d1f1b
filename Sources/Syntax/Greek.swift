import Diagnostics

/// Greek letters and their spelled names: one identifier in two spellings.
enum Greek {
  /// Letter, spelled name. Where letters share a name, the first is what `fmt --unicode` writes.
  static let letters: [(letter: Unicode.Scalar, name: String)] = [
    ("α", "alpha"), ("β", "beta"), ("γ", "gamma"), ("δ", "delta"), ("ε", "eps"), ("ζ", "zeta"),
    ("η", "eta"), ("θ", "theta"), ("ι", "iota"), ("κ", "kappa"), ("λ", "lambda"), ("μ", "mu"),
    ("ν", "nu"), ("ξ", "xi"), ("ο", "omicron"), ("π", "pi"), ("ρ", "rho"), ("σ", "sigma"),
    ("τ", "tau"), ("υ", "upsilon"), ("φ", "phi"), ("χ", "chi"), ("ψ", "psi"), ("ω", "omega"),
    ("Γ", "Gamma"), ("Δ", "Delta"), ("Θ", "Theta"), ("Λ", "Lambda"), ("Ξ", "Xi"), ("Π", "Pi"),
    ("Σ", "Sigma"), ("Υ", "Upsilon"), ("Φ", "Phi"), ("Ψ", "Psi"), ("Ω", "Omega"),
    // Variants of the same letters, and signs that look like them.
    ("ϵ", "eps"), ("ς", "sigma"), ("ϑ", "theta"), ("ϕ", "phi"), ("ϱ", "rho"), ("ϖ", "pi"),
    ("ϰ", "kappa"), ("\u{B5}", "mu"), ("\u{2206}", "Delta"), ("\u{2126}", "Omega"),
  ]

  private static let nameOfLetter: [UInt32: String] = Dictionary(
    uniqueKeysWithValues: letters.map { ($0.letter.value, $0.name) })

  private static let letterOfName: [String: Unicode.Scalar] = Dictionary(
    letters.map { ($0.name, $0.letter) } + [("epsilon", "ε")], uniquingKeysWith: { a, _ in a })

  static func name(of letter: UInt32) -> String? { nameOfLetter[letter] }

  /// The digit of a subscript such as `₁`.
  static func subscriptDigit(_ scalar: UInt32) -> UInt8? {
    scalar >= 0x2080 && scalar <= 0x2089 ? UInt8(scalar - 0x2080) + UInt8(ascii: "0") : nil
  }

  /// The canonical spelling: `β₁` gives `beta1`, `epsilon` gives `eps`.
  static func key(of text: String) -> String {
    var text = text
    let isShort = text.withUTF8 { bytes in bytes.count < 7 && bytes.allSatisfy { $0 < 0x80 } }
    if isShort { return text }
    let plain = ascii(text)
    guard mayHoldEpsilon(plain) else { return plain }
    return mapSegments(plain) { $0 == "epsilon" ? "eps" : $0 }
  }

  /// The spelling of `fmt --ascii`: Greek letters spelled out, subscripts as digits.
  static func ascii(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if let name = name(of: scalar.value) {
        result += name
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
  static func unicode(_ text: String) -> String {
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

extension Name {
  /// A name as written, with its canonical key.
  package init(_ text: String, _ span: Span = .none) {
    self.init(key: Greek.key(of: text), text: text, span: span)
  }
}
