import Basics
import IR

/// Sums over one denominator.
extension TermTable {
  /// weight · common · rest, where `common` is the product of powers that all monomials share and
  /// `rest` a sum of whole weights without common divisor, its first weight positive.
  package func content(_ id: TermID) -> (weight: Rational, common: TermID, rest: TermID) {
    if id == zero { return (.one, one, zero) }
    if let x = value(id) { return (x, one, one) }
    // One monomial is its own content, whatever is left of the budget: powers of it count on that.
    if let part = monomials(id).first, monomials(id).count == 1 {
      return (part.weight, part.monomial, one)
    }
    guard spend(self[id].operands.count / 2) else { return (.one, one, id) }
    var common = one
    var rest = id
    for _ in 0..<4 {
      let shared = sharedFactors(rest)
      if shared.isEmpty { break }
      note(.commonDenominator)
      common = multiply(common, product(shared))
      rest = divided(rest, by: shared)
      if rest == zero { return (.one, one, zero) }
    }
    if let x = value(rest) { return (x, common, one) }
    let parts = monomials(rest)
    if parts.count == 1 {
      return (parts[0].weight, multiply(common, parts[0].monomial), one)
    }
    var numerator = BigInteger.zero
    var denominator = BigInteger.one
    for (weight, _) in parts {
      numerator = BigInteger.gcd(numerator, weight.numerator)
      denominator =
        denominator / BigInteger.gcd(denominator, weight.denominator) * weight.denominator
    }
    var weight = Rational(numerator, denominator)
    if parts[0].weight.isNegative { weight = -weight }
    return (weight, common, scale(rest, by: weight.reciprocal))
  }

  private func sharedFactors(_ id: TermID) -> [Factor] {
    var least: [TermID: Rational] = [:]
    var isFirst = true
    for (_, monomial) in monomials(id) {
      var here: [TermID: Rational] = [:]
      for (base, exponent) in factors(monomial) { here[base] = exponent }
      if isFirst {
        least = here
        isFirst = false
        continue
      }
      for (base, exponent) in least {
        least[base] = min(exponent, here[base] ?? .zero)
      }
      for (base, exponent) in here where least[base] == nil {
        least[base] = min(exponent, .zero)
      }
    }
    return least.filter { !$0.value.isZero && value($0.key) == nil }
      .sorted { $0.key.raw < $1.key.raw }.map { ($0.key, $0.value) }
  }

  /// The sum with exponents lowered.
  private func divided(_ id: TermID, by shared: [Factor]) -> TermID {
    var all: [TermID] = []
    for (weight, monomial) in monomials(id) {
      var here: [TermID: Rational] = [:]
      for (base, exponent) in factors(monomial) { here[base] = exponent }
      for (base, exponent) in shared { here[base] = (here[base] ?? .zero) - exponent }
      all.append(scale(product(here), by: weight))
    }
    return add(all)
  }

  /// Whether a quotient of sums stands in a term.
  func hasDenominator(_ id: TermID) -> Bool {
    monomials(id).contains { _, monomial in
      factors(monomial).contains {
        $0.exponent.isNegative && (self[$0.base].kind == .sum || sizeOfSum($0.base) != nil)
      }
    }
  }

  /// The sum whose size a factor is.
  private func sizeOfSum(_ id: TermID) -> TermID? {
    let term = self[id]
    guard term.kind == .apply, term.operation == .absolute,
      self[term.operands[0]].kind == .sum
    else { return nil }
    return term.operands[0]
  }

  /// The term over one denominator, common divisors of numerator and denominator cancelled.
  package func reduced(_ id: TermID) -> TermID {
    guard self[id].kind == .sum, hasDenominator(id) else { return id }
    let (weight, common, rest) = content(id)
    if rest == zero { return zero }
    var numerator = rest
    var outside: [Factor] = []
    var signs: [TermID] = []
    var isChanged = false
    let division = PolynomialDivision(table: self)
    for (base, exponent) in factors(common) {
      var left = exponent
      if self[base].kind == .sum {
        while left <= Rational(-1), let quotient = division.quotient(numerator, by: base) {
          note(.divisionOfPolynomials)
          isChanged = true
          numerator = quotient
          left = left + .one
        }
        if left == Rational(-1), let quotient = division.quotient(base, by: numerator) {
          note(.divisionOfPolynomials)
          isChanged = true
          numerator = one
          outside.append((quotient, Rational(-1)))
          left = left + .one
        }
      }
      if left == Rational(-1), let inside = sizeOfSum(base),
        let quotient = division.quotient(numerator, by: inside)
      {
        // S / |S| is the sign of S.
        note(.overAbsolute)
        isChanged = true
        numerator = quotient
        left = .zero
        signs.append(sign(inside))
      }
      if !left.isZero { outside.append((base, left)) }
    }
    if !isChanged, monomials(rest).count >= monomials(id).count { return id }
    // What is not cancelled stands where it stood: no new quotient.
    let joined = divided(numerator, by: outside.map { ($0.base, -$0.exponent) })
    return scale(multiply([joined] + signs), by: weight)
  }

  /// Whether two terms are equal wherever both are defined, as quotients of polynomials in atoms.
  package func isEqual(_ a: TermID, _ b: TermID) -> Bool {
    a == b || isZero(subtract(a, b))
  }

  /// Whether a term is 0 wherever it is defined.
  package func isZero(_ id: TermID) -> Bool {
    if id == zero { return true }
    if self[id].kind != .sum { return false }
    return content(id).rest == zero
  }
}
