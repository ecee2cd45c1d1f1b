import Basics
import IR

/// Loops that drive singular values: X' = a X + b X Xᵀ X + c X Xᵀ X Xᵀ X, as Muon's.
///
/// With X = U S Vᵀ the next one is U p(S) Vᵀ for p(s) = a s + b s³ + c s⁵, and no element of X is larger than the
/// largest of S.
extension BoundFinder {
  /// A bound of what such a loop gives, whose first X has a norm with a known bound.
  mutating func spectralBound(_ x: TermID) -> TermID? {
    let t = table
    guard let loop = t[x].operands.first, t[loop].kind == .apply, t[loop].operation == .loop,
      t[loop].operands.count == 3, let count = t.value(t[loop].operands[0])?.word,
      (0...64).contains(count), let coefficients = oddPolynomial(t[loop].operands[2]),
      let start = straightened(t[loop].operands[1]),
      let norm = inside({ $0.norm(start) }), let first = t.interval(norm).high
    else { return nil }
    var size = first
    for _ in 0..<count {
      size = Self.largest(coefficients, upTo: size)
      // What grows without end is no bound that anybody reads.
      if size > Rational(1_000_000) { return nil }
    }
    return t.number(size)
  }

  /// The numbers before X, X Xᵀ X, …; nil where the term is not such a sum.
  private func oddPolynomial(_ next: TermID) -> [Rational]? {
    let t = table
    var result: [Rational] = []
    for (weight, monomial) in t.monomials(next) {
      let term = t[monomial]
      let chain =
        term.kind == .apply && term.operation == .matrixProduct ? term.operands : [monomial]
      guard !chain.count.isMultiple(of: 2), chain.count <= 15, let first = chain.first,
        let symbol = t.symbol(of: first), symbol.role == .carried, symbol.name == "carried0",
        chain.enumerated().allSatisfy({ k, part in
          let own = unstretched(part)
          return k.isMultiple(of: 2)
            ? own == first : t.isTranspose(own) && t[own].operands == [first]
        })
      else { return nil }
      let k = chain.count / 2
      while result.count <= k { result.append(.zero) }
      result[k] = result[k] + weight
    }
    return result.isEmpty ? nil : result
  }

  /// What only a type says to be as wide as it is.
  private func unstretched(_ x: TermID) -> TermID {
    let term = table[x]
    return term.kind == .apply && term.operation == .broadcast ? term.operands[0] : x
  }

  /// A transposed matrix as it was: their norms are one.
  private func straightened(_ x: TermID) -> TermID? {
    let t = table
    guard t.contains(x, where: { t.isTranspose($0) }) else { return x }
    var parts: [TermID] = []
    for (weight, monomial) in t.monomials(unstretched(x)) {
      let (scale, matrix) = t.split(monomial) { t.spread($0).isEmpty }
      guard t.isTranspose(matrix) else { return nil }
      parts.append(t.scale(t.multiply(scale, t[matrix].operands[0]), by: weight))
    }
    return t.add(parts)
  }

  /// A number that |p| is not above on [0, end], in hundredths: at 65 places, and between them no farther than
  /// the second derivative lets it.
  private static func largest(_ coefficients: [Rational], upTo end: Rational) -> Rational {
    let places = 64
    let square = end * end
    func value(at s: Rational) -> Rational {
      coefficients.reversed().reduce(.zero) { $0 * s * s + $1 } * s
    }
    var bend = Rational.zero
    var power = end
    for (k, c) in coefficients.enumerated().dropFirst() {
      bend = bend + c.magnitude * Rational(2 * k * (2 * k + 1)) * power
      power = power * square
    }
    let most = (0...places).map { value(at: end * Rational($0, places)).magnitude }.max() ?? .zero
    let width = end * Rational(1, places)
    let total = (most + bend * width * width * Rational(1, 8)) * Rational(100)
    return Rational(-((-total).floor), .one) * Rational(1, 100)
  }
}
