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

  private typealias Range = (least: Rational, most: Rational)
  private static let none: Range = (.zero, .zero)

  /// The least and the greatest exponent that each symbol of a sum has; 0 where it is missing.
  ///
  /// Other atoms may be powers of one another: |x|² is x².
  private func reach(_ id: TermID) -> [TermID: Range] {
    var result: [TermID: Range] = [:]
    let parts = table.monomials(id).map { table.factors($0.monomial) }
    for (base, exponent) in parts.joined() where table.symbol(of: base) != nil {
      let known = result[base] ?? (exponent, exponent)
      result[base] = (min(known.least, exponent), max(known.most, exponent))
    }
    for (base, range) in result where !parts.allSatisfy({ $0.contains { $0.base == base } }) {
      result[base] = (min(range.least, .zero), max(range.most, .zero))
    }
    return result
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
    let (whole, own) = (reach(a), reach(b))
    /// Least and greatest exponents of a product are the sums of those of its factors.
    func isWithin(_ part: TermID) -> Bool {
      reach(part).allSatisfy { base, range in
        let (all, taken) = (whole[base] ?? Self.none, own[base] ?? Self.none)
        return range.least >= all.least - taken.least && range.most <= all.most - taken.most
      }
    }
    guard
      own.allSatisfy({ base, range in
        let all = whole[base] ?? Self.none
        return all.most - all.least >= range.most - range.least
      })
    else { return nil }
    // The rest is kept apart from the table, which would hold every one of them.
    var rest: [TermID: Rational] = [:]
    for (weight, monomial) in table.monomials(a) { rest[monomial] = weight }
    var keys: [TermID: [Factor]] = [:]
    func key(_ monomial: TermID) -> [Factor] {
      if let known = keys[monomial] { return known }
      keys[monomial] = part((.one, monomial)).key
      return keys[monomial]!
    }
    var parts: [TermID] = []
    for _ in 0..<200 {
      guard let top = rest.max(by: { precedes(key($0.key), key($1.key)) }) else { break }
      guard table.spend(rest.count),
        let next = quotient((top.value, key(top.key)), divisor, isWhole: true), isWithin(next)
      else { return nil }
      parts.append(next)
      for (weight, monomial) in table.monomials(b) {
        for (own, product) in table.monomials(table.multiply(next, monomial)) {
          let left = (rest[product] ?? .zero) - weight * own
          rest[product] = left.isZero ? nil : left
        }
      }
    }
    guard rest.isEmpty else { return nil }
    let result = table.add(parts)
    return table.multiply(result, b) == a ? result : nil
  }

  /// The polynomial in atoms and their roots whose square a sum is, nil where there is none.
  func squareRoot(_ id: TermID) -> TermID? { rootWithRoots(id, depth: 0) }

  /// The polynomial in atoms alone, which takes little to find; with `halving` in their roots too.
  func plainRoot(_ id: TermID, halving: Bool = false) -> TermID? {
    guard (3...60).contains(table.monomials(id).count), let first = lead(id),
      var result = root(first, halving: halving)
    else { return nil }
    let divisor = part(table.monomials(table.scale(result, by: Rational(2)))[0])
    // The least and greatest exponents of a square are twice those of its root.
    let whole = reach(id)
    func isWithin(_ part: TermID) -> Bool {
      reach(part).allSatisfy { base, range in
        let all = whole[base] ?? Self.none
        return range.least + range.least >= all.least && range.most + range.most <= all.most
      }
    }
    for _ in 0..<12 {
      let rest = table.subtract(id, table.multiply(result, result))
      if rest == table.zero { return isRoot(result, of: id) ? result : nil }
      guard let top = lead(rest), let next = quotient(top, divisor, isWhole: false), isWithin(next)
      else { return nil }
      result = table.add(result, next)
    }
    return nil
  }

  /// Sums with more parts than this, and roots in roots deeper than this, are not looked at.
  private static let limits = (parts: 12, depth: 2)

  /// p + q √S of its square: with A + B √S for that, A² − B² S is (p² − q² S)², and p² half of A and its root.
  private func rootWithRoots(_ id: TermID, depth: Int) -> TermID? {
    let parts = table.monomials(id)
    // The products of its parts have what has a root in it as well.
    let hasRoots = parts.contains { table.factors($0.monomial).contains { !$0.exponent.isInteger } }
    if let root = plainRoot(id, halving: hasRoots) { return root }
    guard (2...Self.limits.parts).contains(parts.count), depth < Self.limits.depth else {
      return nil
    }
    // √S is a power of S by half, and |x| the root of x².
    func isAbsolute(_ base: TermID) -> Bool {
      table[base].kind == .apply && table[base].operation == .absolute
    }
    func isOdd(_ factor: Factor) -> Bool {
      factor.exponent.denominator == BigInteger(2)
        || factor.exponent.isOne && isAbsolute(factor.base)
    }
    // Of g² both g and |g| are asked for: one of them divides the rest.
    func roots(_ x: TermID) -> [TermID] {
      guard table.monomials(x).count > 1 else {
        return [
          lead(x).flatMap { self.root($0, halving: true) },
          table.isNonnegative(x) ? table.power(x, .half) : nil,
        ].compactMap { $0 }
      }
      return rootWithRoots(x, depth: depth + 1).map { [$0] } ?? []
    }
    let bases = Set(parts.flatMap { table.factors($0.monomial).filter(isOdd).map(\.base) })
    for base in bases.sorted(by: { $0.raw > $1.raw }) {
      let own = isAbsolute(base) ? base : table.power(base, .half)
      let square = isAbsolute(base) ? table.power(table[base].operands[0], Rational(2)) : base
      let inverse = table.power(own, Rational(-1))
      var (a, b) = (table.zero, table.zero)
      for (weight, monomial) in parts {
        let part = table.scale(monomial, by: weight)
        if table.factors(monomial).contains(where: { $0.base == base && isOdd($0) }) {
          b = table.add(b, table.multiply(part, inverse))
        } else {
          a = table.add(a, part)
        }
      }
      let rest = table.subtract(
        table.multiply(a, a), table.multiply([b, b, square]))
      guard rest != table.zero, let apart = roots(rest).first else { continue }
      for twice in [table.add(a, apart), table.subtract(a, apart)] {
        for p in roots(table.scale(twice, by: .half)) where p != table.zero {
          let q = table.divide(b, table.scale(p, by: Rational(2)))
          let result = table.add(p, table.multiply(q, own))
          if isRoot(result, of: id) { return result }
        }
      }
    }
    return nil
  }

  /// Whether a term squares to another, and divides by nothing that the other does not divide by: g − |g| / g is no
  /// root of g² − 2|g| + 1 at 0.
  private func isRoot(_ root: TermID, of id: TermID) -> Bool {
    func divisors(_ id: TermID) -> Set<TermID> {
      Set(
        table.monomials(id).flatMap { table.factors($0.monomial) }
          .filter(\.exponent.isNegative).map(\.base))
    }
    return table.multiply(root, root) == id && divisors(root).isSubset(of: divisors(id))
  }

  private func root(_ part: Part, halving: Bool) -> TermID? {
    let halves = part.key.reversed().map { ($0.base, $0.exponent * .half) }
    guard part.weight.isPositive,
      halves.allSatisfy({ $0.1.isInteger || halving && table.isNonnegative($0.0) }),
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
