/// Bounds of what a certificate may ask for: whatever it says, its check ends soon.
extension Algebra {
  func spend(_ count: Int) throws(Refusal) {
    allowance -= count
    if allowance < 0 { throw Refusal("it takes too much work") }
  }

  /// x · y, where that is not too large.
  package func product(_ x: Polynomial, _ y: Polynomial) throws(Refusal) -> Polynomial {
    let count = x.terms.count * y.terms.count
    try spend(count)
    guard count <= Context.budget else { throw Refusal("a polynomial becomes too large") }
    let result = x * y
    guard result.isSmall(Context.largest) else { throw Refusal("a polynomial becomes too large") }
    return result
  }

  func power(_ x: Polynomial, _ n: Int) throws(Refusal) -> Polynomial {
    var result = Polynomial.one
    for _ in 0..<n { result = try product(result, x) }
    return result
  }

  /// What is nested deeper would be walked by functions that call themselves as often.
  func requireFlat(_ p: Polynomial) throws(Refusal) {
    if p.atoms.contains(where: { self[$0].depth > 150 }) {
      throw Refusal("an expression is nested too deep")
    }
  }
}

extension Polynomial {
  /// Whether it has so few terms, and no exponents or numbers that grow without bound.
  func isSmall(_ count: Int) -> Bool {
    terms.count <= count
      && terms.allSatisfy { monomial, weight in
        monomial.powers.allSatisfy { $0.exponent <= 4_096 }
          && weight.numerator.bits + weight.denominator.bits <= 20_000
      }
  }
}
