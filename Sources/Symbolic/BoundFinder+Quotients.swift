import Basics
import IR

/// Bounds of quotients, and of one term by another.
extension BoundFinder {
  // MARK: Quotients

  /// A bound of |above| / Π base^e.
  mutating func quotient(_ above: TermID, _ below: [Factor]) -> TermID? {
    let t = table
    if t.isData(above) {
      let known = conditions
      if let size = quotient(partOf: above, below) { return size }
      conditions = known
      // All of it over one divisor, as x over the larger of 1 and its own norm.
      guard below.count > 1, !isWhole else { return nil }
      isWhole = true
      defer { isWhole = false }
      for (k, divisor) in below.enumerated() {
        let others = below.enumerated().filter { $0.offset != k }.map(\.element)
        if let size = quotient(t.multiply(above, t.product(others)), divisor) { return size }
        conditions = known
      }
      return nil
    }
    var result = t.absolute(above)
    for (base, exponent) in below {
      guard let least = floor(base) else { return nil }
      result = t.multiply(result, t.power(least, exponent))
    }
    return result
  }

  /// By one divisor that bounds what stands above, or part for part.
  private mutating func quotient(partOf above: TermID, _ below: [Factor]) -> TermID? {
    let t = table
    for (k, divisor) in below.enumerated() {
      guard let size = quotient(above, divisor) else { continue }
      let others = below.enumerated().filter { $0.offset != k }.map(\.element)
      guard let rest = others.isEmpty ? t.one : quotient(t.one, others) else { continue }
      return times([size, rest])
    }
    // Sums by their parts, products by their factors.
    let parts = grouped(above)
    var total: [TermID] = []
    for (scale, data) in parts {
      guard let size = t.isData(data) ? quotient(factors: data, below) : quotient(data, below)
      else { return nil }
      total.append(times([t.absolute(scale), size]))
    }
    return t.add(total)
  }

  /// Each divisor takes what it bounds; all else has a size of its own.
  mutating func quotient(factors whole: TermID, _ below: [Factor]) -> TermID? {
    let t = table
    var above = t.factors(whole)
    var result = t.one
    var left = below
    for (k, factor) in above.enumerated().reversed() where t.isData(factor.base) {
      for (j, divisor) in left.enumerated() where left.count > 1 || above.count > 1 {
        guard let size = quotient(t.power(factor.base, factor.exponent), divisor) else { continue }
        result = t.multiply(result, size)
        above.remove(at: k)
        left.remove(at: j)
        break
      }
      if left.count < below.count { break }
    }
    if left.count < below.count {
      let rest = t.product(above)
      guard let size = left.isEmpty ? bound(rest) : quotient(rest, left) else { return nil }
      return times([result, size])
    }
    // The smaller of several counts as any of them.
    for (k, factor) in above.enumerated() where factor.exponent.isOne {
      guard let smaller = minimum(factor.base) else { continue }
      let rest = t.product(above.enumerated().filter { $0.offset != k }.map(\.element))
      for choice in smaller {
        let whole = t.multiply([rest, choice, t.product(below)])
        if let size = bound(whole) { return t.multiply(result, size) }
      }
    }
    guard let over = quotient(t.one, below), let size = bound(t.product(above)) else { return nil }
    return times([result, over, size])
  }

  /// A bound of |above| · base^e, e < 0, where they are of one degree.
  mutating func quotient(_ above: TermID, _ divisor: Factor) -> TermID? {
    let t = table
    for (scale, base, p) in lowers(divisor.base) {
      let degree = -divisor.exponent * p
      guard let share = ratio(above, degree.reciprocal, base) else { continue }
      return times([share, t.power(scale, divisor.exponent)])
    }
    return nil
  }

  /// Terms s · b^p without a negative part that a term is never below.
  func lowers(_ x: TermID) -> [(scale: TermID, base: TermID, power: Rational)] {
    let t = table
    guard t.isNonnegative(x) else { return [] }
    var all = [(t.one, x, Rational.one)]
    let term = t[x]
    if term.kind == .sum {
      let parts = grouped(x)
      guard parts.allSatisfy({ t.isNonnegative($0.scale) && t.isNonnegative($0.data) }) else {
        return all
      }
      for (scale, data) in parts where t.isData(data) {
        let factors = t.factors(data)
        all.append(
          factors.count == 1 && factors[0].exponent.isPositive && t.isNonnegative(factors[0].base)
            ? (scale, factors[0].base, factors[0].exponent) : (scale, data, .one))
      }
    }
    if term.kind == .apply, term.operation == .maximum {
      for operand in term.operands where t.isData(operand) && t.isNonnegative(operand) {
        all += lowers(operand)
      }
    }
    return all
  }

  /// A number that a term is never below, positive.
  mutating func floor(_ x: TermID) -> TermID? {
    let t = table
    let term = t[x]
    var found: TermID?
    if term.kind == .sum {
      let parts = t.monomials(x).map { t.scale($0.monomial, by: $0.weight) }
      var total = parts.filter { !t.isData($0) }
      for part in parts where t.isData(part) && !t.isNonnegative(part) {
        // What is taken away is at most so much.
        guard let most = bound(part), !t.isData(most) else { return nil }
        total.append(t.negate(overTime(t.reduced(most))))
      }
      found = t.reduced(t.add(total))
    } else if term.kind == .apply, term.operation == .maximum {
      found = term.operands.first { !t.isData($0) && t.isPositive($0) }
    } else if term.kind == .product, t.factors(x).count == 1, t.factors(x)[0].exponent.isPositive {
      found = floor(t.factors(x)[0].base).map { t.power($0, t.factors(x)[0].exponent) }
    }
    guard let found, t.isPositive(found) else { return nil }
    return found
  }

  // MARK: One term against another

  /// L with |y| ≤ L z^(1/h) for z ≥ 0, at each element.
  mutating func ratio(_ y: TermID, _ h: Rational, _ z: TermID) -> TermID? {
    let t = table
    guard t.isData(y), t.isData(z) else { return nil }
    depth += 1
    defer { depth -= 1 }
    guard depth < 24, h.isPositive, t.spend(200) else { return nil }
    let power = h.isInteger && (h.word ?? 1) % 2 == 0 ? t.power(y, h) : t.power(t.absolute(y), h)
    if !h.isInteger {
      // What a root is taken of is not negative.
      let share = t.divide(t.power(y, h), z)
      if !t.isData(share) { return root(t.absolute(share), h) }
    }
    let direct = t.divide(power, z)
    if !t.isData(direct) { return root(t.absolute(direct), h) }
    if let found = ratio(y, h, within: z) { return found }
    return ratio(parts: y, h, z)
  }

  /// x^(1/h), the square of a sum as that.
  func root(_ x: TermID, _ h: Rational) -> TermID {
    let t = table
    let (weight, common, rest) = t.content(x)
    let square = PolynomialDivision(table: t).squareRoot(rest)
    return times([
      t.power(t.number(weight), h.reciprocal), t.power(common, h.reciprocal),
      square.map { t.power(t.absolute($0), Rational(2) / h) } ?? t.power(rest, h.reciprocal),
    ])
  }

  /// The product, powers of one sum joined before they are multiplied out.
  func times(_ all: [TermID]) -> TermID {
    let t = table
    var factors: [Factor] = []
    var weight = Rational.one
    for x in all {
      let own = t.content(x)
      weight = weight * own.weight
      factors += t.factors(own.common)
      if own.rest != t.one { factors.append((own.rest, .one)) }
    }
    return t.scale(t.product(factors), by: weight)
  }

  /// By what z is made of.
  mutating func ratio(_ y: TermID, _ h: Rational, within z: TermID) -> TermID? {
    let t = table
    let term = t[z]
    switch term.kind {
    case .sum:
      let square = h == Rational(2) ? t.multiply(y, y) : nil
      // All of a sum of squares: x against norm(x).
      if let square, let detail = sumDetail(z) {
        let whole = t.reduce(.sum, square, detail.detail, count: detail.count)
        if t.isEqual(whole, z) { return t.one }
        let share = t.reduced(t.divide(whole, z))
        if !t.isData(share) { return root(t.absolute(share), h) }
      }
      for (scale, base, p) in lowers(z).dropFirst() {
        guard let share = ratio(y, h / p, base), t.isPositive(scale) || mustBePositive(scale) else {
          continue
        }
        return times([share, t.power(scale, -h.reciprocal)])
      }
    case .product:
      let (data, scale) = t.split(z) { t.isData($0) }
      let factors = t.factors(data)
      guard factors.count == 1, factors[0].exponent.isPositive,
        let share = ratio(y, h / factors[0].exponent, factors[0].base),
        t.isPositive(scale) || mustBePositive(scale)
      else { return nil }
      return scale == t.one ? share : times([share, t.power(scale, -h.reciprocal)])
    case .apply:
      switch term.operation {
      case .sum, .globalSum:
        guard t.isNonnegative(term.operands[0]) else { return nil }
        return ratio(y, h, term.operands[0])
      case .maximumOf, .globalMaximum, .broadcast: return ratio(y, h, term.operands[0])
      case .maximum:
        for operand in term.operands where t.isNonnegative(operand) {
          if let share = ratio(y, h, operand) { return share }
        }
      case .select:
        guard let a = ratio(y, h, term.operands[1]), let b = ratio(y, h, term.operands[2]) else {
          return nil
        }
        return t.maximum([a, b])
      default: break
      }
    case .symbol:
      guard let k = step.after.firstIndex(of: z), t.isNonnegative(z) else { return nil }
      if let share = pair(y, h, k) { return share }
      // What the state is at least, of this step.
      let next = step.next[k]
      if t[next].kind == .apply, t[next].operation == .maximum || t[next].operation == .select {
        return ratio(y, h, within: next)
      }
      for (scale, base, p) in lowers(next).dropFirst() where base != step.before[k] {
        guard let share = ratio(y, h / p, base), t.isPositive(scale) || mustBePositive(scale) else {
          continue
        }
        return times([share, t.power(scale, -h.reciprocal)])
      }
    case .number: break
    }
    return nil
  }

  /// A divisor that may be 0 within its domain, as 1 − β at β = 1 where the domain ends there.
  mutating func mustBePositive(_ scale: TermID) -> Bool {
    guard !table.isData(scale), table.isNonnegative(scale), scale != table.zero else {
      return false
    }
    assume(Equation.Condition(term: scale, kind: .nonzero))
    return true
  }

  mutating func assume(_ condition: Equation.Condition) {
    if !conditions.contains(condition) { conditions.append(condition) }
  }

  func sumDetail(_ z: TermID) -> (detail: Detail, count: TermID)? {
    let t = table
    for (_, monomial) in t.monomials(z) {
      for (base, _) in t.factors(monomial)
      where t[base].kind == .apply && t[base].operation == .sum {
        return (t.detail(of: base), t[base].operands[1])
      }
    }
    return nil
  }

  /// By what y is made of.
  mutating func ratio(parts y: TermID, _ h: Rational, _ z: TermID) -> TermID? {
    let t = table
    let term = t[y]
    switch term.kind {
    case .sum:
      var total: [TermID] = []
      for (scale, data) in grouped(y) {
        guard let share = ratio(data, h, z) else { return nil }
        total.append(times([t.absolute(scale), share]))
      }
      return t.reduced(t.add(total))
    case .product:
      let data = t.factors(y).enumerated().filter { t.isData($0.element.base) }
      for (k, factor) in data where factor.exponent.isPositive {
        let rest = t.product(t.factors(y).enumerated().filter { $0.offset != k }.map(\.element))
        guard let share = ratio(factor.base, h * factor.exponent, z), let size = bound(rest) else {
          continue
        }
        return times([t.power(share, factor.exponent), size])
      }
    case .apply:
      switch term.operation {
      case .absolute, .broadcast: return ratio(term.operands[0], h, z)
      case .maximum, .select:
        var all: [TermID] = []
        for operand in term.operation == .select ? Array(term.operands[1...]) : term.operands {
          if operand == t.zero { continue }
          guard let share = ratio(operand, h, z) else { return nil }
          all.append(share)
        }
        return t.maximum(all)
      default: break
      }
    default: break
    }
    return nil
  }

  /// x / y, where that is free of data.
  func multiple(_ x: TermID, of y: TermID) -> TermID {
    let t = table
    let direct = t.divide(x, y)
    guard t.isData(direct), let own = grouped(x).first,
      let other = grouped(y).first(where: { $0.data == own.data }),
      t.isEqual(t.multiply(x, other.scale), t.multiply(y, own.scale))
    else { return direct }
    return t.divide(own.scale, other.scale)
  }

  /// A sum of gradients against a sum of their squares, after the same steps: m' = a m + b y and
  /// v' ≥ c v + d y² from m = 0.
  ///
  /// With a ≤ c: m² ≤ (Σ b a^i) (Σ b a^i y_i²) ≤ (Σ b a^i) b / d · v, as each b a^i ≤ (b / d) d c^i.
  mutating func pair(_ y: TermID, _ h: Rational, _ k: Int) -> TermID? {
    let t = table
    // What this step says holds of no other.
    let known = facts
    facts = []
    defer { facts = known }
    guard let j = step.after.firstIndex(of: y), step.initial[j] == t.zero,
      let m = rule.linear(step.next[j], step.before[j]), !t.isData(m.slope),
      t.isNonnegative(m.slope), !t.contains(m.slope, rule.step), m.rest != t.zero
    else { return nil }
    let a = m.slope
    if h == Rational(2), let v = rule.linear(step.next[k], step.before[k]), !t.isData(v.slope),
      t.isNonnegative(v.slope), !t.contains(v.slope, rule.step), t.isNonnegative(step.initial[k])
    {
      let share = multiple(t.multiply(m.rest, m.rest), of: v.rest)
      guard !t.isData(share), !t.contains(share, rule.step), t.isNonnegative(v.rest) else {
        return nil
      }
      let gap = t.reduced(t.subtract(v.slope, a))
      if t.interval(gap).isNegative {
        // By Cauchy and Schwarz: Σ (b a^i)² / (d c^i), where a² < c.
        let left = t.reduced(t.subtract(v.slope, t.multiply(a, a)))
        guard t.isPositive(left) else { return nil }
        return times([root(share, h), t.power(v.slope, .half), t.power(left, Rational(-1, 2))])
      }
      if !t.isNonnegative(gap) { assume(Equation.Condition(term: gap, kind: .nonnegative)) }
      if a == t.one { return times([root(share, h), t.power(rule.step, .half)]) }
      return times([
        root(share, h), t.power(t.subtract(t.one, t.power(a, rule.step)), .half),
        t.power(t.subtract(t.one, a), Rational(-1, 2)),
      ])
    }
    // m' = a m + b y against u' = max(c u, d |y|): |m| ≤ (b / d) Σ (a / c)^i u.
    let next = t[step.next[k]]
    guard h.isOne, next.kind == .apply, next.operation == .maximum else { return nil }
    var c: TermID?
    var share: TermID?
    for operand in next.operands {
      if let own = rule.linear(operand, step.before[k]), own.rest == t.zero, !t.isData(own.slope) {
        c = own.slope
      } else if let own = ratio(m.rest, .one, operand) {
        share = own
      }
    }
    guard let c, let share, !t.contains(c, rule.step), !t.contains(share, rule.step),
      !t.isData(share)
    else { return nil }
    let gap = t.reduced(t.subtract(c, a))
    if t.interval(gap).isNonpositive { return nil }
    if !t.isPositive(gap) { assume(Equation.Condition(term: gap, kind: .positive)) }
    return times([share, c, t.power(gap, Rational(-1))])
  }
}
