import Basics

/// A quantity that polynomials are made of: a symbol, or an operation on polynomials. Numbers of an
/// `Algebra`; the lowest bit says that the quantity is 0 or 1.
package struct AtomID: Hashable, Comparable, Sendable {
  package var raw: Int32
  package var index: Int { Int(raw >> 1) }
  package var isBoolean: Bool { raw & 1 == 1 }
  package static func < (x: AtomID, y: AtomID) -> Bool { x.raw < y.raw }
}

package struct Power: Hashable, Sendable {
  package var atom: AtomID
  package var exponent: Int

  package init(atom: AtomID, exponent: Int) {
    self.atom = atom
    self.exponent = exponent
  }
}

/// A product of powers of atoms, in the order of the atoms; exponents are at least 1, and 1 for what
/// is 0 or 1.
package struct Monomial: Hashable, Sendable {
  package var powers: [Power]

  package init(powers: [Power] = []) { self.powers = powers }

  package static let one = Monomial()

  package static func * (x: Monomial, y: Monomial) -> Monomial {
    var result = x
    for power in y.powers {
      let i = result.powers.firstIndex { $0.atom >= power.atom } ?? result.powers.count
      if i < result.powers.count, result.powers[i].atom == power.atom {
        if !power.atom.isBoolean { result.powers[i].exponent += power.exponent }
      } else {
        result.powers.insert(power, at: i)
      }
    }
    return result
  }

  /// self without the factors of another monomial, nil where it has not all of them.
  package func without(_ other: Monomial) -> Monomial? {
    var result = self
    for power in other.powers {
      guard let i = result.powers.firstIndex(where: { $0.atom == power.atom }),
        result.powers[i].exponent >= power.exponent
      else { return nil }
      result.powers[i].exponent -= power.exponent
      if result.powers[i].exponent == 0 { result.powers.remove(at: i) }
    }
    return result
  }

  /// The factors of which this holds, and the others.
  package func split(_ isSo: (AtomID) -> Bool) -> (own: Monomial, others: Monomial) {
    let own = Monomial(powers: powers.filter { isSo($0.atom) })
    return (own, without(own)!)
  }

  package func exponent(_ atom: AtomID) -> Int {
    powers.first { $0.atom == atom }?.exponent ?? 0
  }
}

/// A sum of monomials with exact weights, none of them 0.
package struct Polynomial: Hashable, Sendable {
  package private(set) var terms: [Monomial: Rational] = [:]

  package init() {}
  package init(_ x: Rational) { add(.one, x) }
  package init(_ x: Int) { self.init(Rational(x)) }
  package init(_ monomial: Monomial, _ weight: Rational = .one) { add(monomial, weight) }
  package init(_ atom: AtomID) { self.init(Monomial(powers: [Power(atom: atom, exponent: 1)])) }

  package static let zero = Polynomial()
  package static let one = Polynomial(1)

  package var isZero: Bool { terms.isEmpty }
  /// The number that it is, where it is one.
  package var number: Rational? {
    terms.isEmpty ? .zero : terms.count == 1 ? terms[.one] : nil
  }
  package var constant: Rational { terms[.one] ?? .zero }
  /// The monomial and weight of a polynomial of one term.
  package var single: (monomial: Monomial, weight: Rational)? {
    terms.count == 1 ? terms.first.map { ($0.key, $0.value) } : nil
  }
  /// The atom that it is, where it is one.
  package var atom: AtomID? {
    guard let (monomial, weight) = single, weight.isOne, monomial.powers.count == 1,
      monomial.powers[0].exponent == 1
    else { return nil }
    return monomial.powers[0].atom
  }
  package var atoms: Set<AtomID> { Set(terms.keys.flatMap { $0.powers.map(\.atom) }) }

  package mutating func add(_ monomial: Monomial, _ weight: Rational) {
    let sum = (terms[monomial] ?? .zero) + weight
    terms[monomial] = sum.isZero ? nil : sum
  }

  package mutating func add(_ other: Polynomial) {
    for (monomial, weight) in other.terms { add(monomial, weight) }
  }

  package static func + (x: Polynomial, y: Polynomial) -> Polynomial {
    var result = x
    result.add(y)
    return result
  }

  package static prefix func - (x: Polynomial) -> Polynomial { x.scaled(by: Rational(-1)) }
  package static func - (x: Polynomial, y: Polynomial) -> Polynomial { x + -y }

  package static func * (x: Polynomial, y: Polynomial) -> Polynomial {
    var result = Polynomial()
    for (m, p) in x.terms {
      for (n, q) in y.terms { result.add(m * n, p * q) }
    }
    return result
  }

  package func scaled(by factor: Rational) -> Polynomial {
    if factor.isZero { return .zero }
    var result = self
    result.terms = terms.mapValues { $0 * factor }
    return result
  }

  /// self^n for a whole n ≥ 0.
  package func power(_ n: Int) -> Polynomial {
    var result = Polynomial.one
    for _ in 0..<n { result = result * self }
    return result
  }

  /// The factors that all terms have, and what is left of the polynomial.
  package var content: (common: Monomial, rest: Polynomial) {
    guard var common = terms.keys.first else { return (.one, self) }
    for monomial in terms.keys {
      common.powers = common.powers.compactMap { power in
        let least = min(power.exponent, monomial.exponent(power.atom))
        return least > 0 ? Power(atom: power.atom, exponent: least) : nil
      }
    }
    var rest = Polynomial()
    for (monomial, weight) in terms { rest.add(monomial.without(common)!, weight) }
    return (common, rest)
  }

  /// The weight c with self = c · other, for sums that are not 0.
  package func ratio(to other: Polynomial) -> Rational? {
    guard terms.count == other.terms.count, let (monomial, weight) = terms.first,
      let base = other.terms[monomial]
    else { return nil }
    let ratio = weight / base
    return terms.allSatisfy { other.terms[$0.key].map { $0 * ratio } == $0.value } ? ratio : nil
  }
}
