import Basics

/// Division and square roots of sums, as polynomials in their atoms.
struct PolynomialDivision {
  let table: TermTable

  private typealias Part = (weight: Rational, key: [Factor])

  private func part(_ monomial: Monomial) -> Part {
    (monomial.weight, table.factors(monomial.monomial).sorted { $0.base.raw > $1.base.raw })
  }

  private func lead(_ id: TermID) -> Part? {
    table.monomials(id).map { part($0) }.max { precedes($0.key, $1.key) }
  }

  /// One part over another; nil where `isWhole` is asked for and an exponent would be negative.
  private func quotient(_ top: Part, _ bottom: Part, isWhole: Bool) -> TermID? {
    var exponents = Dictionary(uniqueKeysWithValues: top.key.map { ($0.base, $0.exponent) })
    for (base, exponent) in bottom.key {
      if isWhole, exponents[base].map({ $0 < exponent }) ?? true { return nil }
      exponents[base] = (exponents[base] ?? .zero) - exponent
    }
    return table.scale(table.product(exponents), by: top.weight / bottom.weight)
  }

  /// a / b where that is a polynomial in the atoms, nil where it is none.
  func quotient(_ a: TermID, by b: TermID) -> TermID? {
    guard table.monomials(b).count > 1, !table.monomials(a).isEmpty, let divisor = lead(b) else {
      return nil
    }
    var rest = a
    var parts: [TermID] = []
    for _ in 0..<200 {
      if rest == table.zero { break }
      guard table.spend(table.monomials(rest).count), let top = lead(rest),
        let part = quotient(top, divisor, isWhole: true)
      else { return nil }
      parts.append(part)
      rest = table.subtract(rest, table.multiply(part, b))
    }
    guard rest == table.zero else { return nil }
    let result = table.add(parts)
    return table.multiply(result, b) == a ? result : nil
  }

  /// The polynomial whose square a sum is, nil where there is none.
  func squareRoot(_ id: TermID) -> TermID? {
    guard (3...60).contains(table.monomials(id).count), let first = lead(id),
      var result = root(first)
    else { return nil }
    let divisor = part(table.monomials(table.scale(result, by: Rational(2)))[0])
    for _ in 0..<12 {
      let rest = table.subtract(id, table.multiply(result, result))
      if rest == table.zero { return result }
      guard let top = lead(rest), let next = quotient(top, divisor, isWhole: false) else {
        return nil
      }
      result = table.add(result, next)
    }
    return nil
  }

  private func root(_ part: Part) -> TermID? {
    let halves = part.key.reversed().map { ($0.base, $0.exponent * .half) }
    guard part.weight.isPositive, halves.allSatisfy({ $0.1.isInteger }),
      let p = root(part.weight.numerator), let q = root(part.weight.denominator)
    else { return nil }
    return table.scale(table.product(halves), by: Rational(p, q))
  }

  private func root(_ x: BigInteger) -> BigInteger? {
    guard let n = x.word, n >= 0 else { return nil }
    let root = Int(Double(n).squareRoot().rounded())
    let (square, overflow) = root.multipliedReportingOverflow(by: root)
    return !overflow && square == n ? BigInteger(root) : nil
  }

  /// Lexicographic order of monomials, later atoms first.
  private func precedes(_ p: [Factor], _ q: [Factor]) -> Bool {
    for (x, y) in zip(p, q) {
      if x.base != y.base { return x.base.raw < y.base.raw }
      if x.exponent != y.exponent { return x.exponent < y.exponent }
    }
    return p.count < q.count
  }
}
