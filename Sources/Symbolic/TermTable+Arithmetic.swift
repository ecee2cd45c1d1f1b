import IR

/// A base and its exponent in a product.
package typealias Factor = (base: TermID, exponent: Rational)
/// A part of a sum: its weight, and the product that it weighs.
package typealias Monomial = (weight: Rational, monomial: TermID)

extension TermTable {
  // MARK: Reading

  /// The weights and monomials of a term read as a sum; the constant has the monomial 1.
  package func monomials(_ id: TermID) -> [Monomial] {
    let term = self[id]
    switch term.kind {
    case .number: return term.weights[0].isZero ? [] : [(term.weights[0], one)]
    case .sum: return zip(term.weights, term.operands).map { ($0, $1) }
    default: return [(.one, id)]
    }
  }

  /// The factors of a term read as a product of powers; a sum is one factor.
  package func factors(_ id: TermID) -> [Factor] {
    if id == one { return [] }
    let term = self[id]
    return term.kind == .product
      ? zip(term.operands, term.weights).map { ($0, $1) } : [(id, .one)]
  }

  /// The constant of a term read as a sum.
  package func constantPart(_ id: TermID) -> Rational {
    let term = self[id]
    switch term.kind {
    case .number: return term.weights[0]
    case .sum where term.operands.first == one: return term.weights[0]
    default: return .zero
    }
  }

  // MARK: Sums

  func sum(_ weights: [TermID: Rational]) -> TermID {
    let parts = weights.filter { !$0.value.isZero }.sorted { $0.key.raw < $1.key.raw }
    if parts.isEmpty { return zero }
    if parts.count == 1 {
      if parts[0].key == one { return number(parts[0].value) }
      if parts[0].value.isOne { return parts[0].key }
    }
    return intern(Term(kind: .sum, operands: parts.map(\.key), weights: parts.map(\.value)))
  }

  package func add(_ all: [TermID]) -> TermID {
    var weights: [TermID: Rational] = [:]
    for id in all {
      for (weight, monomial) in monomials(id) {
        weights[monomial, default: .zero] = weights[monomial, default: .zero] + weight
      }
    }
    return sum(weights)
  }

  package func add(_ a: TermID, _ b: TermID) -> TermID {
    if a == zero { return b }
    if b == zero { return a }
    return add([a, b])
  }

  package func scale(_ a: TermID, by r: Rational) -> TermID {
    if r.isOne { return a }
    if r.isZero { return zero }
    var weights: [TermID: Rational] = [:]
    for (weight, monomial) in monomials(a) { weights[monomial] = weight * r }
    return sum(weights)
  }

  package func negate(_ a: TermID) -> TermID { scale(a, by: Rational(-1)) }
  package func subtract(_ a: TermID, _ b: TermID) -> TermID {
    a == b ? zero : add(a, negate(b))
  }

  // MARK: Products

  package func multiply(_ a: TermID, _ b: TermID) -> TermID {
    if let x = value(a) { return scale(b, by: x) }
    if let y = value(b) { return scale(a, by: y) }
    let p = monomials(a)
    let q = monomials(b)
    if p.count > 1 || q.count > 1 { note(.polynomial) }
    guard p.count * q.count <= Self.expansionLimit, spend(p.count * q.count) else {
      return opaque(.multiply, [a, b].sorted { $0.raw < $1.raw })
    }
    var weights: [TermID: Rational] = [:]
    for (x, m) in p {
      for (y, n) in q {
        for (z, monomial) in monomials(monomialProduct(m, n)) {
          weights[monomial, default: .zero] = weights[monomial, default: .zero] + x * y * z
        }
      }
    }
    return sum(weights)
  }

  package func multiply(_ all: [TermID]) -> TermID { all.reduce(one) { multiply($0, $1) } }

  package func divide(_ a: TermID, _ b: TermID) -> TermID {
    if let y = value(b), !y.isZero { return scale(a, by: y.reciprocal) }
    return reduced(multiply(a, power(b, Rational(-1))))
  }

  private func monomialProduct(_ m: TermID, _ n: TermID) -> TermID {
    if m == one { return n }
    if n == one { return m }
    let key = m.raw < n.raw ? Pair(a: m, b: n) : Pair(a: n, b: m)
    if let known = productMemo[key] { return known }
    let result = product(factors(key.a) + factors(key.b))
    productMemo[key] = result
    return result
  }

  /// The product of powers of atoms, sums and numbers, in normal form.
  func product(_ all: [Factor]) -> TermID {
    var builder = ProductBuilder(table: self)
    for factor in all { builder.insert(factor.base, factor.exponent) }
    return builder.finish()
  }

  /// What a quotient x/x is: 1, but undefined where x may be 0.
  func unit(_ x: TermID) -> TermID {
    if isNonzero(x) { return one }
    let term = self[x]
    if term.kind == .product {
      return multiply(term.operands.map { unit($0) })
    }
    if term.kind == .sum, term.operands.count == 1 { return unit(term.operands[0]) }
    if term.kind == .apply, term.operation == .absolute || term.operation == .sign {
      return unit(term.operands[0])
    }
    return opaque(.divide, [x], Detail("unit", spread: spread(x)))
  }

  /// √x² over x: 1, but undefined where x may be negative.
  func rootUnit(_ x: TermID) -> TermID {
    if isNonnegative(x) { return one }
    return opaque(.divide, [x], Detail("root", spread: spread(x)))
  }

  /// Whether a term is the mark of a quotient that may be undefined.
  package func isMark(_ id: TermID) -> Bool {
    let term = self[id]
    return term.kind == .apply && term.operation == .divide
  }

  // MARK: Powers

  /// base ^ r for a fixed exponent.
  package func power(_ base: TermID, _ r: Rational) -> TermID {
    if r.isZero { return one }
    if r.isOne { return base }
    let term = self[base]
    switch term.kind {
    case .number: return power(number: term.weights[0], r)
    case .symbol, .apply: return product([(base, r)])
    case .product: return power(product: term, r)
    case .sum:
      if r.isInteger, r.isPositive, term.operands.count > 1 {
        let estimate = Double(term.operands.count)
        if let n = r.word, n <= 64,
          estimate * estimate.squareRoot() * Double(n) < Double(Self.expansionLimit)
        {
          var result = base
          for _ in 1..<n { result = multiply(result, base) }
          return result
        }
        return opaque(.power, [base, number(r)])
      }
      return power(sum: base, r)
    }
  }

  private func power(number x: Rational, _ r: Rational) -> TermID {
    if x.isOne { return one }
    if x.isZero { return r.isPositive ? zero : opaque(.power, [zero, number(r)]) }
    if r.isInteger, let n = r.word, abs(n) < 10_000 { return number(x.power(n)) }
    if x.isNegative || r.isInteger { return opaque(.power, [number(x), number(r)]) }
    guard let q = r.denominator.word, let p = r.numerator.word, abs(p) < 1000 else {
      return opaque(.power, [number(x), number(r)])
    }
    // Whole roots leave; the rest stays as a root of a number without such factors.
    var outside = Rational.one
    var parts: [Factor] = []
    for (value, sign) in [(x.numerator, 1), (x.denominator, -1)] {
      guard var rest = value.word else {
        parts.append((number(Rational(value, .one)), Rational(p * sign, q)))
        continue
      }
      var prime = 2
      while prime * prime <= rest, prime < 2_000 {
        var count = 0
        while rest % prime == 0 {
          rest /= prime
          count += 1
        }
        add(prime, Rational(count * p * sign, q))
        prime += prime == 2 ? 1 : 2
      }
      if rest > 1 { add(rest, Rational(p * sign, q)) }
    }
    func add(_ base: Int, _ exponent: Rational) {
      guard !exponent.isZero, let whole = exponent.floor.word else { return }
      outside = outside * Rational(base).power(whole)
      let rest = exponent - Rational(whole)
      if !rest.isZero { parts.append((number(base), rest)) }
    }
    parts.sort { $0.base.raw < $1.base.raw }
    if parts.isEmpty { return number(outside) }
    let root = intern(
      Term(kind: .product, operands: parts.map(\.base), weights: parts.map(\.exponent)))
    return scale(root, by: outside)
  }

  private func power(product term: Term, _ r: Rational) -> TermID {
    note(.powers)
    if r.isInteger {
      return product(zip(term.operands, term.weights).map { ($0, $1 * r) })
    }
    note(.rootOfProduct)
    var outside: [Factor] = []
    var inside: [Factor] = []
    for (base, exponent) in zip(term.operands, term.weights) {
      if isNonnegative(base) || !exponent.isInteger {
        outside.append((base, exponent * r))
      } else if let n = exponent.word, n % 2 == 0 {
        note(.rootOfSquare)
        outside.append((absolute(base), exponent * r))
      } else {
        inside.append((base, exponent))
      }
    }
    if inside.count == 1, inside[0].exponent.isOne {
      outside.append((inside[0].base, r))
    } else if !inside.isEmpty {
      outside.append((product(inside), r))
    }
    return product(outside)
  }

  private func power(sum base: TermID, _ r: Rational) -> TermID {
    let (weight, common, rest) = content(reduced(base))
    if rest == one {
      let sign = weight.isNegative && !r.isInteger
      if sign { return opaque(.power, [base, number(r)]) }
      return multiply(power(number(weight), r), power(common, r))
    }
    if r.isInteger {
      return multiply([
        power(number(weight), r), power(common, r), product([(rest, r)]),
      ])
    }
    var outside = [power(number(weight.magnitude), r)]
    var inside = weight.isNegative ? negate(rest) : rest
    if inside == one || self[inside].kind == .number {
      if value(inside)?.isNegative ?? false { inside = number(-1) }
    }
    for (factor, exponent) in factors(common) {
      let piece = product([(factor, exponent)])
      if isNonnegative(factor) || !exponent.isInteger {
        outside.append(product([(factor, exponent * r)]))
      } else if let n = exponent.word, n % 2 == 0 {
        note(.rootOfSquare)
        outside.append(power(absolute(factor), exponent * r))
      } else {
        inside = multiply(inside, piece)
      }
    }
    if let root = squareRoot(inside) {
      note(.rootOfSquare)
      outside.append(power(absolute(root), r * Rational(2)))
    } else {
      outside.append(value(inside) != nil ? power(inside, r) : product([(inside, r)]))
    }
    return multiply(outside)
  }

  /// base ^ exponent.
  package func power(_ base: TermID, _ exponent: TermID) -> TermID {
    if let r = value(exponent) { return power(base, r) }
    if base == one { return one }
    let isWhole = isInteger(exponent)
    if base == zero, interval(exponent).isPositive { return zero }
    let term = self[base]
    if term.kind == .product, isWhole || term.operands.allSatisfy({ isNonnegative($0) }) {
      note(.powers)
      return multiply(
        zip(term.operands, term.weights).map { power($0, scale(exponent, by: $1)) })
    }
    if term.kind == .sum, term.operands.count == 1, isWhole || term.weights[0].isPositive {
      return multiply(
        power(number(term.weights[0]), exponent), power(term.operands[0], exponent))
    }
    if term.kind == .apply, term.operation == .power, isNonnegative(term.operands[0]),
      isPositive(term.operands[0]) || isPositive(exponent)
    {
      return power(term.operands[0], multiply(term.operands[1], exponent))
    }
    // Split b^(c0 + Σ ci mi) where no part can be undefined that the whole is not.
    if !isPositive(base) {
      guard isNonnegative(base) || isWhole else { return opaque(.power, [base, exponent]) }
      return power(base, mayBeZero: exponent, isWhole: isWhole)
    }
    let parts = monomials(exponent)
    if parts.count > 1 { note(.exponentialOfSum) }
    return multiply(
      parts.map { weight, monomial in
        monomial == one
          ? power(base, weight)
          : product([(opaque(.power, [base, monomial]), weight)])
      })
  }

  /// How far a step t ≥ first may be lowered for an exponent to stay ≥ 1: 1 for t ≥ 2.
  func slack(_ exponent: TermID) -> Rational {
    var total = Rational.zero
    for (weight, monomial) in monomials(exponent) {
      if let symbol = symbol(of: monomial), symbol.isInteger, let low = symbol.domain.low {
        total = total + weight * (low - .one)
      }
    }
    return total
  }

  /// A power of a base that may be 0: b^(t + 3) is b^t b³, and for t ≥ 2 all is in terms of
  /// b^(t − 1), so that no exponent is negative.
  private func power(_ base: TermID, mayBeZero exponent: TermID, isWhole: Bool) -> TermID {
    let slack = slack(exponent)
    let rest = constantPart(exponent) + slack
    let parts = monomials(exponent).filter { $0.monomial != one }
    guard !rest.isNegative, !isWhole || rest.isInteger,
      parts.allSatisfy({
        $0.weight.isPositive && (!isWhole || $0.weight.isInteger) && isNonnegative($0.monomial)
      })
    else { return opaque(.power, [base, exponent]) }
    if !rest.isZero || parts.count > 1 { note(.exponentialOfSum) }
    var all = [power(base, rest)]
    for (weight, monomial) in parts {
      let low = symbol(of: monomial).flatMap { $0.isInteger ? $0.domain.low : nil } ?? .one
      let lowered = add(monomial, number(.one - low))
      all.append(product([(opaque(.power, [base, lowered]), weight)]))
    }
    return multiply(all)
  }

  // MARK: Content

  /// weight · common · rest, where `common` is the product of powers that all monomials share and
  /// `rest` a sum of whole weights without common divisor, its first weight positive.
  package func content(_ id: TermID) -> (weight: Rational, common: TermID, rest: TermID) {
    if id == zero { return (.one, one, zero) }
    if let x = value(id) { return (x, one, one) }
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
    return least.filter { !$0.value.isZero && !isMark($0.key) && value($0.key) == nil }
      .sorted { $0.key.raw < $1.key.raw }.map { ($0.key, $0.value) }
  }

  /// The sum with exponents lowered, without marks: what is divided by is not 0 where it is defined.
  private func divided(_ id: TermID, by shared: [Factor]) -> TermID {
    var all: [TermID] = []
    for (weight, monomial) in monomials(id) {
      var here: [TermID: Rational] = [:]
      for (base, exponent) in factors(monomial) { here[base] = exponent }
      for (base, exponent) in shared { here[base] = (here[base] ?? .zero) - exponent }
      let left = here.filter { !$0.value.isZero }.sorted { $0.key.raw < $1.key.raw }
      all.append(scale(product(left.map { ($0.key, $0.value) }), by: weight))
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
    var marks: [TermID] = []
    var isChanged = false
    for (base, exponent) in factors(common) {
      var left = exponent
      if self[base].kind == .sum {
        while left <= Rational(-1), let quotient = quotient(numerator, by: base) {
          note(.divisionOfPolynomials)
          isChanged = true
          numerator = quotient
          left = left + .one
          marks.append(unit(base))
        }
      }
      if left == Rational(-1), let inside = sizeOfSum(base),
        let quotient = quotient(numerator, by: inside)
      {
        // S / |S| is the sign of S.
        note(.overAbsolute)
        isChanged = true
        numerator = quotient
        left = .zero
        marks.append(sign(inside))
        marks.append(unit(inside))
      }
      if !left.isZero { outside.append((base, left)) }
    }
    if !isChanged, monomials(rest).count >= monomials(id).count { return id }
    // What is not cancelled stands where it stood: no new quotient, no new mark.
    let joined = divided(numerator, by: outside.map { ($0.base, -$0.exponent) })
    return scale(multiply([joined] + marks), by: weight)
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

  // MARK: Exact division

  /// a / b where that is a polynomial in the atoms, nil where it is none.
  package func quotient(_ a: TermID, by b: TermID) -> TermID? {
    let divisor = monomials(b).map { (weight: $0.weight, key: key($0.monomial)) }
    guard divisor.count > 1, monomials(a).count >= 1,
      let lead = divisor.max(by: { precedes($0.key, $1.key) })
    else { return nil }
    var rest = a
    var parts: [TermID] = []
    for _ in 0..<200 {
      if rest == zero { break }
      guard spend(monomials(rest).count),
        let top = monomials(rest).map({ (weight: $0.weight, key: key($0.monomial)) })
          .max(by: { precedes($0.key, $1.key) })
      else { return nil }
      var exponents = Dictionary(uniqueKeysWithValues: top.key.map { ($0.base, $0.exponent) })
      for (base, exponent) in lead.key {
        guard let own = exponents[base], own >= exponent else { return nil }
        exponents[base] = own - exponent
      }
      let factors = exponents.filter { !$0.value.isZero }.sorted { $0.key.raw < $1.key.raw }
      let part = scale(
        product(factors.map { ($0.key, $0.value) }), by: top.weight / lead.weight)
      parts.append(part)
      rest = subtract(rest, multiply(part, b))
    }
    guard rest == zero else { return nil }
    let result = add(parts)
    return multiply(result, b) == a ? result : nil
  }

  /// The polynomial whose square a sum is, nil where there is none.
  func squareRoot(_ id: TermID) -> TermID? {
    let parts = monomials(id)
    guard parts.count >= 3, parts.count <= 60 else { return nil }
    func root(_ part: (weight: Rational, monomial: TermID)) -> TermID? {
      let halves = factors(part.monomial).map { ($0.base, $0.exponent * .half) }
      guard part.weight.isPositive, halves.allSatisfy({ $0.1.isInteger }),
        let p = integerRoot(part.weight.numerator), let q = integerRoot(part.weight.denominator)
      else { return nil }
      return scale(product(halves), by: Rational(p, q))
    }
    guard let lead = parts.max(by: { precedes(key($0.monomial), key($1.monomial)) }),
      var result = root(lead)
    else { return nil }
    let twice = scale(result, by: Rational(2))
    let divisor = monomials(twice)[0]
    for _ in 0..<12 {
      let rest = subtract(id, multiply(result, result))
      if rest == zero { return result }
      guard let top = monomials(rest).max(by: { precedes(key($0.monomial), key($1.monomial)) })
      else { return nil }
      var exponents = Dictionary(
        uniqueKeysWithValues: factors(top.monomial).map { ($0.base, $0.exponent) })
      for (base, exponent) in factors(divisor.monomial) {
        guard let own = exponents[base], own >= exponent else { return nil }
        exponents[base] = own - exponent
      }
      let left = exponents.filter { !$0.value.isZero }.sorted { $0.key.raw < $1.key.raw }
      result = add(
        result,
        scale(product(left.map { ($0.key, $0.value) }), by: top.weight / divisor.weight))
    }
    return nil
  }

  private func integerRoot(_ x: BigInteger) -> BigInteger? {
    guard let n = x.word, n >= 0 else { return nil }
    let root = Int(Double(n).squareRoot().rounded())
    let (square, overflow) = root.multipliedReportingOverflow(by: root)
    return !overflow && square == n ? BigInteger(root) : nil
  }

  private func key(_ monomial: TermID) -> [Factor] {
    factors(monomial).sorted { $0.base.raw > $1.base.raw }
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
