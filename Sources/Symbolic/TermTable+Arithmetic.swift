import Basics
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
    if parts.contains(where: { $0.value.bits > Self.bitLimit }) { return unwritten() }
    if parts.count == 1 {
      if parts[0].key == one { return number(parts[0].value) }
      if parts[0].value.isOne { return parts[0].key }
    }
    return intern(Term(kind: .sum, operands: parts.map(\.key), weights: parts.map(\.value)))
  }

  package func add(_ all: [TermID]) -> TermID {
    var weights: [TermID: Rational] = [:]
    if all.count == 1 { return all[0] }
    guard spend(all.reduce(0) { $0 + self[$1].operands.count } / 8) else {
      return all.count == 2 ? opaque(.add, all.sorted { $0.raw < $1.raw }) : unwritten()
    }
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

  func product(_ exponents: [TermID: Rational]) -> TermID {
    product(
      exponents.filter { !$0.value.isZero }.sorted { $0.key.raw < $1.key.raw }
        .map { ($0.key, $0.value) })
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
    if r.isInteger, let n = r.word, let power = power(of: x, n) { return number(power) }
    if x.isNegative || r.isInteger { return opaque(.power, [number(x), number(r)]) }
    // Whole roots leave; the rest stays as a root of a number without such factors.
    var outside = Rational.one
    var parts: [Factor] = []
    for (prime, count) in primes(of: x) {
      let exponent = count * r
      guard let whole = exponent.floor.word, abs(whole) < 1_000,
        let power = power(of: value(prime)!, whole)
      else { return opaque(.power, [number(x), number(r)]) }
      outside = outside * power
      let rest = exponent - Rational(whole)
      if !rest.isZero { parts.append((prime, rest)) }
    }
    parts.sort { $0.base.raw < $1.base.raw }
    if parts.isEmpty { return number(outside) }
    let root = intern(
      Term(kind: .product, operands: parts.map(\.base), weights: parts.map(\.exponent)))
    return scale(root, by: outside)
  }

  /// A number above 0 as primes and how often they divide it; what has no small ones stays whole.
  func primes(of x: Rational) -> [(prime: TermID, count: Rational)] {
    var result: [(prime: TermID, count: Rational)] = []
    for (value, sign) in [(x.numerator, 1), (x.denominator, -1)] {
      guard var rest = value.word else {
        result.append((number(Rational(value, .one)), Rational(sign)))
        continue
      }
      var prime = 2
      while prime * prime <= rest, prime < 2_000 {
        var count = 0
        while rest % prime == 0 { (rest, count) = (rest / prime, count + 1) }
        if count > 0 { result.append((number(prime), Rational(count * sign))) }
        prime += prime == 2 ? 1 : 2
      }
      if rest > 1 { result.append((number(rest), Rational(sign))) }
    }
    return result
  }

  private func power(product term: Term, _ r: Rational) -> TermID {
    note(.powers)
    if r.isInteger {
      return product(zip(term.operands, term.weights).map { ($0, $1 * r) })
    }
    note(.rootOfProduct)
    var outside: [Factor] = []
    var inside: [Factor] = []
    let negative = term.operands.indices.filter {
      interval(term.operands[$0]).isNonpositive && term.weights[$0].isInteger
        && term.weights[$0].word.map { $0 % 2 != 0 } ?? false
    }
    if negative.count > 1 {
      // Of two that are nowhere positive the product is that of their sizes.
      let pair = negative.prefix(2)
      var sizes = zip(term.operands, term.weights).map { ($0, $1) }
      for k in pair { sizes[k].0 = negate(sizes[k].0) }
      return multiply(
        pair.map { power(sizes[$0].0, sizes[$0].1 * r) }
          + [power(product(sizes.indices.filter { !pair.contains($0) }.map { sizes[$0] }), r)])
    }
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
    if inside.count == 1 {
      // √(x³) is a number where x ≥ 0 alone, and there it is √x³.
      outside.append((inside[0].base, inside[0].exponent * r))
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
    if let root = PolynomialDivision(table: self).squareRoot(inside) {
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
}
