import Basics
import IR

/// Bounds sizes of terms by terms without data but |w| and norm(w).
struct BoundFinder {
  let table: TermTable
  let rule: SymbolicRule
  let step: BoundedStep
  /// What the bounds take for granted.
  var conditions: [Equation.Condition] = []
  /// Bounds of states after a step, none while they are looked for.
  var sizes: [TermID: TermID?] = [:]
  var depth = 0
  /// While all of a quotient is held against one of its divisors.
  var isWhole = false
  /// What is at most what, in the case that is looked at: of every element, or of this one.
  var facts: [Fact] = []

  struct Fact {
    var low: TermID
    var high: TermID
    /// Whether it is one statement for the whole tensor.
    var isWhole: Bool
  }

  init(_ rule: SymbolicRule, _ step: BoundedStep) {
    table = rule.table
    self.rule = rule
    self.step = step
  }

  /// Of w' − w: at each element, and of its norm.
  mutating func bounds() -> (update: TermID?, norm: TermID?) {
    let move = table.reduced(table.subtract(step.weight, rule.weight))
    return (
      bound(move).map { overTime(table.reduced($0)) },
      norm(move).map { overTime(table.reduced($0)) }
    )
  }

  // MARK: Sizes

  /// A bound of |x|, for each element.
  mutating func bound(_ x: TermID) -> TermID? {
    let t = table
    if !t.isData(x) { return t.absolute(x) }
    depth += 1
    defer { depth -= 1 }
    guard depth < 24, t.spend(200) else { return nil }
    if let cases = cases(x) {
      return largest(of: cases) { finder, part in finder.bound(part) }
    }
    return size(of: x) ?? factBound(x)
  }

  /// A bound by what the case says: |x| ≤ a s where s ≤ b.
  private mutating func factBound(_ x: TermID) -> TermID? {
    for (k, fact) in facts.enumerated() {
      guard let share = ratio(x, .one, fact.low) else { continue }
      // Of what s is at most nothing is known by s.
      let own = facts.remove(at: k)
      defer { facts.insert(own, at: k) }
      if let most = bound(fact.high) { return times([share, most]) }
    }
    return nil
  }

  private mutating func size(of x: TermID) -> TermID? {
    let t = table
    switch t[x].kind {
    case .number: return t.absolute(x)
    case .symbol: return bound(symbol: x)
    case .product: return bound(product: x)
    case .apply: return bound(application: x)
    case .sum: break
    }
    if let whole = overNorm(x) { return whole }
    // One quotient after the other, each with all that stands above it.
    var total: [TermID] = []
    for (below, whole, above) in byDivisor(x) {
      if below != t.one, let size = quotient(above, t.factors(below)) {
        total.append(size)
        continue
      }
      guard let size = bound(parts: whole) else { return nil }
      total.append(size)
    }
    return t.add(total)
  }

  /// x over its own norm: Σ x² is a multiple of what x is divided by.
  mutating func overNorm(_ x: TermID) -> TermID? {
    let t = table
    for (base, exponent) in t.monomials(x).flatMap({ t.factors($0.monomial) })
    where exponent == Rational(-1, 2) {
      guard let detail = sumDetail(base) else { continue }
      var own: [TermID] = []
      var others: [TermID] = []
      for (weight, monomial) in t.monomials(x) {
        let isOver = t.factors(monomial).contains { $0.base == base && $0.exponent == exponent }
        if isOver {
          own.append(t.scale(monomial, by: weight))
        } else {
          others.append(t.scale(monomial, by: weight))
        }
      }
      let above = t.multiply(t.add(own), t.power(base, .half))
      let square = t.reduce(.sum, t.multiply(above, above), detail.detail, count: detail.count)
      let share = t.reduced(t.divide(square, base))
      guard !t.contains(share, base), t.size(share) < t.size(square), let size = bound(share) else {
        continue
      }
      let root = self.root(size, Rational(2))
      if others.isEmpty { return root }
      return bound(t.add(others)).map { t.add(root, $0) }
    }
    return nil
  }

  func isDivisor(_ factor: Factor) -> Bool {
    factor.exponent.isNegative && table.isData(factor.base)
  }

  /// Weights of the same data first, so that (1 − β) stays together.
  mutating func bound(parts x: TermID) -> TermID? {
    let t = table
    var total: [TermID] = []
    for (scale, data) in grouped(x) {
      guard let size = bound(data) else { return nil }
      total.append(times([t.absolute(scale), size]))
    }
    return t.add(total)
  }

  func grouped(_ x: TermID) -> [(scale: TermID, data: TermID)] {
    let t = table
    var groups: [TermID: [TermID]] = [:]
    var order: [TermID] = []
    for (weight, monomial) in t.monomials(x) {
      let (data, scale) = t.split(monomial) { t.isData($0) }
      if groups[data] == nil { order.append(data) }
      groups[data, default: []].append(t.scale(scale, by: weight))
    }
    return order.map { (t.reduced(t.add(groups[$0]!)), $0) }
  }

  /// What holds of both cases; where hyperparameters decide, the second may be excluded.
  mutating func largest(
    of cases: Cases, _ bound: (inout BoundFinder, TermID) -> TermID?
  ) -> TermID? {
    let known = facts
    facts += self.facts(of: cases.atom)
    let first = bound(&self, cases.holds)
    facts = known
    guard let size = first else { return nil }
    if let other = bound(&self, cases.fails) { return table.maximum([size, other]) }
    let atom = table[cases.atom]
    guard atom.operation == .greater, !table.isData(cases.atom),
      !table.contains(cases.atom, rule.step)
    else { return nil }
    assume(Equation.Condition(term: atom.operands[0], kind: .positive))
    return size
  }

  /// What a condition b − s > 0 says of sizes s that depend on data.
  private func facts(of atom: TermID) -> [Fact] {
    let t = table
    guard t[atom].operation == .greater else { return [] }
    let difference = t[atom].operands[0]
    return t.monomials(difference).compactMap { weight, monomial in
      guard weight.isNegative, t.isData(monomial), t.isNonnegative(monomial) else { return nil }
      let low = t.scale(monomial, by: weight.magnitude)
      return Fact(low: low, high: t.add(difference, low), isWhole: t.spread(atom).isEmpty)
    }
  }

  /// Looks inside of what folds elements: there holds only what is said of all.
  mutating func inside<Result>(_ look: (inout BoundFinder) -> Result) -> Result {
    let known = facts
    facts = facts.filter(\.isWhole)
    defer { facts = known }
    return look(&self)
  }

  /// A term where a condition holds and where it fails.
  typealias Cases = (atom: TermID, holds: TermID, fails: TermID)

  /// The term with one of its outermost conditions decided, both ways; nil where there is none, or too
  /// many.
  func cases(_ x: TermID, scalarOnly: Bool = false) -> Cases? {
    let t = table
    var atoms: [TermID] = []
    for (_, monomial) in t.monomials(x) {
      for (base, _) in t.factors(monomial) {
        if t.isBoolean(base) {
          if base != x { atoms.append(base) }
        } else if t[base].kind == .apply, t[base].operation == .select {
          atoms += t.monomials(t[base].operands[0]).flatMap { t.factors($0.monomial) }.map(\.base)
            .filter { t.isBoolean($0) }
        }
      }
    }
    if scalarOnly { atoms.removeAll { !t.spread($0).isEmpty } }
    guard let atom = atoms.min(by: { $0.raw < $1.raw }), Set(atoms).count <= 6 else { return nil }
    func part(_ value: TermID) -> TermID {
      var map = [atom: value]
      if value == t.zero, t[atom].operation == .greater, let y = vanishing(t[atom].operands[0]) {
        map[y] = t.zero
      }
      // What holds of one element says nothing of those that a sum folds.
      let rest =
        value == t.zero && map.count == 1 && t[atom].operation == .greater
        ? left(of: x, without: t[atom].operands[0]) : x
      return t.reduced(
        t.substitute(rest) { id in
          if let found = map[id] { return found }
          let isFolded = t[id].kind == .apply && !t[id].operation.isElementwise
          return isFolded && !t.spread(atom).isEmpty ? id : nil
        })
    }
    return (atom, part(t.one), part(t.zero))
  }

  /// x without the quotients whose squares sum to a multiple of what is not positive.
  private func left(of x: TermID, without sum: TermID) -> TermID {
    let t = table
    guard let found = sumDetail(sum) else { return x }
    return t.add(
      byDivisor(x).filter { _, whole, above in
        let square = t.reduce(.sum, t.multiply(above, above), found.detail, count: found.count)
        let share = t.reduced(t.divide(square, sum))
        return t.isData(share) || !t.isNonnegative(share)
      }.map(\.whole))
  }

  /// The parts of a sum by what they are divided by.
  private func byDivisor(_ x: TermID) -> [(below: TermID, whole: TermID, above: TermID)] {
    let t = table
    var groups: [TermID: [TermID]] = [:]
    var order: [TermID] = []
    for (weight, monomial) in t.monomials(x) {
      let below = t.product(t.factors(monomial).filter { isDivisor($0) })
      if groups[below] == nil { order.append(below) }
      groups[below, default: []].append(t.scale(monomial, by: weight))
    }
    return order.map { below in
      let above = groups[below]!.flatMap { t.monomials($0) }.map { weight, monomial in
        t.scale(t.product(t.factors(monomial).filter { !isDivisor($0) }), by: weight)
      }
      return (below, t.add(groups[below]!), t.add(above))
    }
  }

  /// y, where Σ y² is what is not positive.
  func vanishing(_ x: TermID) -> TermID? {
    let t = table
    let term = t[x]
    switch term.kind {
    case .apply where [.sum, .globalSum, .absolute].contains(term.operation):
      return t.isNonnegative(x) ? vanishing(term.operands[0]) : nil
    case .product:
      guard t.factors(x).count == 1, let n = t.factors(x)[0].exponent.word, n % 2 == 0 else {
        return nil
      }
      return t[t.factors(x)[0].base].kind == .symbol ? t.factors(x)[0].base : nil
    case .symbol: return t.isNonnegative(x) ? x : nil
    default: return nil
    }
  }

  mutating func bound(symbol x: TermID) -> TermID? {
    let t = table
    if x == rule.weight { return t.absolute(x) }
    if let k = step.after.firstIndex(of: x) { return size(ofState: k, isAfter: true) }
    if let k = step.before.firstIndex(of: x) { return size(ofState: k, isAfter: false) }
    let domain = t.symbol(of: x)!.domain
    guard let low = domain.low, let high = domain.high else { return nil }
    return t.number(max(low.magnitude, high.magnitude))
  }

  mutating func bound(product x: TermID) -> TermID? {
    let t = table
    let all = t.factors(x)
    let below = all.filter { isDivisor($0) }
    if !below.isEmpty {
      return quotient(t.product(all.filter { !isDivisor($0) }), below)
    }
    // The smaller of several counts as any of them.
    for (k, factor) in all.enumerated() where factor.exponent.isOne {
      let rest = t.product(all.enumerated().filter { $0.offset != k }.map(\.element))
      if let smaller = minimum(factor.base) {
        for choice in smaller {
          if let size = bound(t.multiply(rest, choice)) { return size }
        }
        return nil
      }
      let term = t[factor.base]
      if term.kind == .apply, term.operation == .maximum, bound(factor.base) == nil {
        var sizes: [TermID] = []
        for operand in term.operands {
          guard let size = bound(t.multiply(rest, operand)) else { return nil }
          sizes.append(size)
        }
        return t.maximum(sizes)
      }
    }
    var sizes: [TermID] = []
    for (base, exponent) in all {
      if !t.isData(base) {
        sizes.append(t.absolute(t.power(base, exponent)))
      } else if let size = bound(base) {
        sizes.append(t.power(size, exponent))
      } else {
        return nil
      }
    }
    return times(sizes)
  }

  /// The operands of −max(−a, −b), where none is negative.
  func minimum(_ id: TermID) -> [TermID]? {
    let t = table
    guard t[id].kind == .apply, t[id].operation == .maximum,
      t[id].operands.allSatisfy({ t.interval($0).isNonpositive })
    else { return nil }
    return t[id].operands.map { t.negate($0) }
  }

  mutating func bound(application x: TermID) -> TermID? {
    let t = table
    let term = t[x]
    switch term.operation {
    case .absolute: return bound(term.operands[0])
    case .broadcast, .maximumOf, .globalMaximum: return inside { $0.bound(term.operands[0]) }
    case .project: return spectralBound(x)
    case .transpose:
      let size = inside { $0.bound(term.operands[0]) }
      return size.flatMap { t.spread($0).isEmpty ? $0 : nil }
    case .greater, .divide, .softmax: return t.one
    case .arctangent:
      return t.scale(
        t.symbol(
          Symbol(
            "pi", .constant, domain: Interval(Rational(314_159, 100_000), Rational(22, 7)))),
        by: .half)
    case .sum, .globalSum:
      // The square of norm(w) is a bound as it stands.
      if isSize(x) { return x }
      guard term.operation == .sum, let size = inside({ $0.bound(term.operands[0]) }),
        t.spread(size).isEmpty
      else { return nil }
      return t.multiply(size, term.operands[1])
    case .maximum:
      if let all = minimum(x) {
        for operand in all {
          if let size = bound(operand) { return size }
        }
        return nil
      }
      return clipBound(term) ?? maximumBound(term)
    default:
      let values = term.operation.info.values
      return t.isBoolean(x) || values == .signs || values == .insideSigns ? t.one : nil
    }
  }

  /// Whether a term is a sum of squares of w.
  func isSize(_ id: TermID) -> Bool {
    let t = table
    let term = t[id]
    if term.kind == .apply, [.sum, .globalSum].contains(term.operation) {
      return isSize(term.operands[0])
    }
    return id == t.power(rule.weight, Rational(2))
  }

  mutating func maximumBound(_ term: Term) -> TermID? {
    var all: [TermID] = []
    for operand in term.operands {
      guard let size = bound(operand) else { return nil }
      all.append(size)
    }
    return table.maximum(all)
  }

  /// max(−max(x, low)…, …): a clip is as large as its larger bound.
  mutating func clipBound(_ term: Term) -> TermID? {
    let t = table
    guard term.operands.count == 2 else { return nil }
    for (outer, inner) in [(0, 1), (1, 0)] {
      let edge = term.operands[outer]
      let parts = t.monomials(term.operands[inner])
      guard !t.isData(edge) || bound(edge) != nil, parts.count == 1, parts[0].weight.isNegative,
        t[parts[0].monomial].kind == .apply, t[parts[0].monomial].operation == .maximum,
        t[parts[0].monomial].operands.count == 2
      else { continue }
      for other in t[parts[0].monomial].operands {
        guard let a = bound(edge), let b = bound(other) else { continue }
        return t.maximum([a, t.scale(b, by: parts[0].weight.magnitude)])
      }
    }
    return nil
  }

  // MARK: States

  /// A bound of a state after, or before, any step.
  mutating func size(ofState k: Int, isAfter: Bool) -> TermID? {
    let t = table
    if let known = sizes[step.after[k]] {
      guard let known else { return nil }
      return isAfter ? known : t.maximum([known, t.absolute(step.initial[k])])
    }
    sizes[step.after[k]] = .some(nil)
    guard !t.isData(step.initial[k]) else { return nil }
    // What this step says holds of no other.
    let known = facts
    facts = []
    defer { facts = known }
    let start = t.absolute(step.initial[k])
    let next = step.next[k]
    let assumed = t.symbol(Symbol("size", .hyper, variant: 6_000 + k, domain: .nonnegative))
    var result: TermID?
    if let own = rule.linear(next, step.before[k]), !t.isData(own.slope),
      t.isNonnegative(own.slope), !t.contains(own.slope, rule.step), own.slope != t.one,
      let enters = bound(own.rest).map({ overTime(t.reduced($0)) }), !t.contains(enters, rule.step),
      !t.isData(enters)
    {
      let left = t.reduced(t.subtract(t.one, own.slope))
      if t.isPositive(left) {
        let still = times([enters, t.power(left, Rational(-1))])
        let share = t.subtract(t.one, t.power(own.slope, rule.step))
        result = start == t.zero ? times([still, share]) : t.maximum([start, still])
      }
    } else if !t.contains(next, step.before[k]) {
      result = bound(next).map { overTime(t.reduced($0)) }
    } else if let held = size(ofHeld: k) {
      result = held
    } else if let kept = size(ofKept: k, start) {
      result = kept
    } else {
      // A size that is kept where it holds before: |s'| ≤ a |s| + b with a < 1.
      let known = sizes
      sizes[step.after[k]] = .some(assumed)
      defer { sizes = known.merging([step.after[k]: result]) { $1 } }
      let after = bound(next).map { overTime(t.reduced($0)) }.flatMap { t.isData($0) ? nil : $0 }
      let parts = after.map {
        t[$0].kind == .apply && t[$0].operation == .maximum ? t[$0].operands : [$0]
      }
      var kept: [TermID]? = parts == nil ? nil : [start]
      for part in parts ?? [] where part != assumed {
        guard let own = rule.linear(part, assumed), t.isPositive(t.subtract(t.one, own.slope))
        else {
          kept = nil
          break
        }
        kept?.append(t.reduced(t.divide(own.rest, t.subtract(t.one, own.slope))))
      }
      result = kept.map { t.maximum($0) }
    }
    if let found = result, t.contains(found, assumed) || !isAfter && t.contains(found, rule.step) {
      result = t.contains(found, assumed) ? nil : overTime(found)
    }
    sizes[step.after[k]] = .some(result)
    guard let result, !t.isData(result) else {
      sizes[step.after[k]] = .some(nil)
      return nil
    }
    if isAfter { return result }
    let always = overTime(result)
    return t.contains(always, rule.step) && !isRising(always) ? nil : t.maximum([always, start])
  }

  /// Of a state that is never larger than it was at the start: how large a step makes it at most.
  private mutating func size(ofKept k: Int, _ start: TermID) -> TermID? {
    let t = table
    if start == t.zero { return nil }
    let known = sizes
    sizes[step.after[k]] = .some(start)
    let found = bound(step.next[k]).map { overTime(t.reduced($0)) }
    sizes = known
    guard let found, !t.isData(found), !t.contains(found, rule.step),
      t.isNonnegative(t.subtract(start, found))
    else { return nil }
    return found
  }

  /// Of a state that some steps leave as it is and others move by a share: |s'| ≤ a |s| + b with b that never
  /// falls.
  private mutating func size(ofHeld k: Int) -> TermID? {
    let t = table
    var parts = [step.next[k]]
    for _ in 0..<4 {
      guard
        let open = parts.firstIndex(where: { part in
          cases(part).map { !t.isData($0.atom) && t.contains($0.atom, rule.step) } ?? false
        }), let cases = cases(parts[open])
      else { break }
      parts.replaceSubrange(open...open, with: [cases.holds, cases.fails])
    }
    guard parts.count > 1, parts.contains(step.before[k]) else { return nil }
    var all = [t.absolute(step.initial[k])]
    for part in parts where part != step.before[k] {
      guard let own = rule.linear(part, step.before[k]), !t.isData(own.slope),
        t.isNonnegative(own.slope), !t.contains(own.slope, rule.step),
        t.isPositive(t.subtract(t.one, own.slope)), let enters = bound(own.rest),
        !t.isData(enters), isRising(enters)
      else { return nil }
      all.append(times([enters, t.power(t.subtract(t.one, own.slope), Rational(-1))]))
    }
    return t.maximum(all)
  }

  // MARK: Time

  /// Whether a term without data is not negative and never falls with t.
  private func isRising(_ x: TermID) -> Bool {
    let t = table
    if !t.contains(x, rule.step) { return t.isNonnegative(x) }
    let term = t[x]
    switch term.kind {
    case .symbol: return x == rule.step
    case .sum:
      return t.isNonnegative(x)
        && t.monomials(x).allSatisfy { weight, monomial in
          !t.contains(monomial, rule.step) || !weight.isNegative && isRising(monomial)
        }
    case .product:
      return t.factors(x).allSatisfy {
        t.contains($0.base, rule.step)
          ? $0.exponent.isPositive && isRising($0.base)
          : t.isNonnegative(t.power($0.base, $0.exponent))
      }
    case .apply: return term.operation == .maximum && term.operands.allSatisfy { isRising($0) }
    case .number: return t.isNonnegative(x)
    }
  }

  /// A bound without the powers of averages: 1 − β^t is between 1 − β and 1.
  func overTime(_ x: TermID) -> TermID {
    let t = table
    guard t.contains(x, rule.step) else { return x }
    let term = t[x]
    if term.kind == .apply, term.operation == .maximum {
      return t.maximum(term.operands.map { overTime($0) })
    }
    let (weight, common, rest) = t.content(x)
    if t.contains(rest, rule.step), rule.share(keptBy: rest) == nil, term.kind == .sum {
      var parts = t.monomials(x)
      let range = .point(weight) * t.interval(common) * t.interval(rest)
      if range.isNonnegative || t.isNonnegative(x) {
        // Without what is taken away.
        parts.removeAll {
          $0.weight.isNegative && t.contains($0.monomial, rule.step) && t.isNonnegative($0.monomial)
        }
      }
      guard parts.allSatisfy({ !$0.weight.isNegative }) else { return x }
      return t.add(parts.map { t.scale(overTime($0.monomial), by: $0.weight) })
    }
    var kept: [TermID] = []
    var above: [(keep: TermID, exponent: Rational)] = []
    var below: [(keep: TermID, exponent: Rational)] = []
    for (base, exponent) in t.factors(common) + (rest == t.one ? [] : [(rest, .one)]) {
      if let keep = rule.share(keptBy: base) {
        if exponent.isNegative {
          below.append((keep, -exponent))
        } else {
          above.append((keep, exponent))
        }
      } else {
        kept.append(t.power(base, exponent))
      }
    }
    // (1 − a^t) / (1 − c^t) ≤ 1 where c ≤ a.
    for j in below.indices {
      for i in above.indices {
        let gap = t.subtract(above[i].keep, below[j].keep)
        guard t.isNonnegative(gap) || conditions.contains(where: { $0.term == gap }) else {
          continue
        }
        let shared = min(above[i].exponent, below[j].exponent)
        above[i].exponent = above[i].exponent - shared
        below[j].exponent = below[j].exponent - shared
      }
    }
    for (keep, exponent) in below where !exponent.isZero {
      kept.append(t.power(t.subtract(t.one, keep), -exponent))
    }
    return t.reduced(t.scale(times(kept), by: weight))
  }
}

extension SymbolicRule {
  /// β, where a term is 1 − β^t.
  func share(keptBy base: TermID) -> TermID? {
    let t = table
    guard t[base].kind == .sum, t.contains(base, step) else { return nil }
    let power = t.subtract(t.one, base)
    for (candidate, _) in t.factors(power) {
      let term = t[candidate]
      let keep = term.kind == .apply && term.operation == .power ? term.operands[0] : candidate
      guard !t.contains(keep, step), t.power(keep, step) == power,
        t.isNonnegative(keep), t.isPositive(t.subtract(t.one, keep))
      else { continue }
      return keep
    }
    return nil
  }
}
