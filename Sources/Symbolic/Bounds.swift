import Basics
import IR

/// How far one step of a rule can move w, and which sets it does not leave: at every step t ≥ 1,
/// from the first values on, for all finite gradients.
package struct RuleBounds {
  package let table: TermTable
  /// A term that |w' − w| never exceeds, in terms of |w| and norm(w); nil where there is none.
  package let update: TermID?
  /// A term that norm(w' − w) never exceeds; nil where there is none.
  package let norm: TermID?
  /// What must hold for `update` and `norm`, besides the domains.
  package let conditions: [Equation.Condition]
  /// r with: |w| ≤ r stays so, and every step brings w nearer to it; under `condition`.
  package let radius: TermID?
  /// What must be ≤ 1 for the radius to hold.
  package let condition: TermID?

  package init(_ rule: SymbolicRule) throws(SymbolicError) {
    let t = rule.table
    table = t
    var step = try BoundedStep(rule, isNamed: false)
    var finder = BoundFinder(rule, step)
    var (update, norm) = finder.bounds()
    if update == nil, norm == nil, !rule.states.isEmpty {
      step = try BoundedStep(rule, isNamed: true)
      finder = BoundFinder(rule, step)
      (update, norm) = finder.bounds()
    }
    self.update = update
    self.norm = norm
    // w' = a w + rest: with 0 ≤ a ≤ 1 and |rest| ≤ b, |w| ≤ b / (1 − a) is kept.
    var slope: [TermID] = []
    var rest: [TermID] = []
    for (weight, monomial) in t.monomials(step.weight) {
      let factors = t.factors(monomial)
      let others = factors.filter { $0.base != rule.weight }
      if factors.contains(where: { $0.base == rule.weight && $0.exponent.isOne }),
        !others.contains(where: { t.isData($0.base) })
      {
        slope.append(t.scale(t.product(others), by: weight))
      } else {
        rest.append(t.scale(monomial, by: weight))
      }
    }
    let shrink = t.reduced(t.subtract(t.one, t.add(slope)))
    let restTerm = t.add(rest)
    if shrink != t.zero, t.isNonnegative(shrink), !t.contains(restTerm, rule.weight),
      let size = finder.bound(restTerm)
    {
      radius = t.reduced(t.divide(finder.overTime(t.reduced(size)), shrink))
      condition = shrink
    } else {
      radius = nil
      condition = nil
    }
    conditions = update == nil && norm == nil && radius == nil ? [] : finder.conditions
  }
}

/// One step with states as they are after it: m' of the same step where w' is made of it.
struct BoundedStep {
  /// w' in terms of w, g and the symbols of `after`.
  var weight: TermID
  /// For each state the symbol of its value after the step.
  var after: [TermID]
  /// What that value is made of: the state's symbol before the step, g, and others after the step.
  var next: [TermID]
  var before: [TermID]
  /// That value before the first step.
  var initial: [TermID]

  /// `isNamed`: with the states after the step as the rule has them, not as they are found in w'.
  init(_ rule: SymbolicRule, isNamed: Bool) throws(SymbolicError) {
    let t = rule.table
    let named = rule.states.indices.map { k in
      var symbol = t.symbol(of: rule.states[k].symbol)!
      symbol.variant = 8_000 + k
      return t.symbol(symbol)
    }
    let general = try rule.update(
      step: rule.step, states: rule.states.map(\.symbol), after: isNamed ? named : nil)
    var closed: [TermID: TermID] = [:]
    let later = try rule.update(step: rule.laterStep, states: rule.states.map(\.symbol))
    for (k, value) in try rule.closedStates(later) {
      closed[rule.states[k].symbol] = t.substitute(
        value, [rule.laterStep: t.subtract(rule.step, t.one)])
    }
    var next = general.states.map { t.reduced(t.substitute($0, closed)) }
    var weight = t.reduced(t.substitute(general.weight, closed))
    // A decay within the gradient: g + λ w is any number as g is.
    for hyper in rule.hypers where next.contains(where: { t.contains($0, rule.weight) }) {
      guard t.symbol(of: hyper) != nil else { continue }
      let shifted = t.subtract(rule.gradient, t.multiply(hyper, rule.weight))
      let changed = next.map { t.reduced(t.substitute($0, [rule.gradient: shifted])) }
      if !changed.contains(where: { t.contains($0, rule.weight) }) {
        next = changed
        weight = t.reduced(t.substitute(weight, [rule.gradient: shifted]))
      }
    }
    // Which are never negative is seen better so: (g + λ w)² is a square.
    let known = rule.states.map { t.isNonnegative($0.symbol) }
    var signs = rule.initial.map { t.isNonnegative($0) }
    var old = rule.states.map(\.symbol)
    var isStable = false
    while !isStable {
      isStable = true
      let own = Self.symbols(rule, signs, variant: 7_000)
      let map = Dictionary(uniqueKeysWithValues: zip(rule.states.map(\.symbol), own))
      for k in signs.indices
      where signs[k] && !known[k]
        && !t.isNonnegative(t.reduced(t.substitute(next[k], map)))
      {
        signs[k] = false
        isStable = false
      }
      old = own
    }
    let map = Dictionary(uniqueKeysWithValues: zip(rule.states.map(\.symbol), old))
    next = next.map { t.reduced(t.substitute($0, map)) }
    weight = t.reduced(t.substitute(weight, map))
    before = old
    after = Self.symbols(rule, signs, variant: 6_000)
    let names = Dictionary(uniqueKeysWithValues: zip(named, after))
    self.weight = t.reduced(t.substitute(weight, names))
    self.next = next.map { t.reduced(t.substitute($0, names)) }
    initial = rule.initial
    for k in rule.states.indices {
      self.weight = renamed(self.weight, k, rule)
      for j in rule.states.indices where j != k { self.next[j] = renamed(self.next[j], k, rule) }
    }
    for k in rule.states.indices { keepShare(of: k, rule) }
  }

  /// A term in what the states are after a step.
  func renamed(_ term: TermID, _ rule: SymbolicRule) -> TermID {
    rule.states.indices.reduce(term) { renamed($0, $1, rule) }
  }

  /// f(a s + r) as f of the new value, held against f itself.
  private func renamed(_ term: TermID, _ k: Int, _ rule: SymbolicRule) -> TermID {
    let t = rule.table
    let (old, new) = (before[k], after[k])
    guard t.contains(term, old) else { return term }
    // Where the next value stands as it is, else where it is linear in the old one.
    var result = t.substitute(term, [next[k]: new])
    if t.contains(result, old), let own = rule.linear(next[k], old), own.slope != t.zero,
      !t.isData(own.slope)
    {
      let image = t.divide(t.subtract(new, own.rest), own.slope)
      result = t.reduced(t.substitute(term, [old: image]))
    }
    guard !t.contains(result, old), t.size(result) <= t.size(term) + 4,
      t.isEqual(t.substitute(result, [new: next[k]]), term)
    else { return term }
    return result
  }

  /// An average that corrects itself, s' = β (1 − β^(t−1)) / (1 − β^t) s + …, as (1 − β^t) s, which
  /// keeps β of itself.
  private mutating func keepShare(of k: Int, _ rule: SymbolicRule) {
    let t = rule.table
    let isElsewhere = ([weight] + next.indices.filter { $0 != k }.map { next[$0] })
      .contains { t.contains($0, before[k]) }
    guard !isElsewhere, let own = rule.linear(next[k], before[k]), !t.isData(own.slope),
      t.contains(own.slope, rule.step)
    else { return }
    for (whole, exponent) in t.monomials(own.slope).flatMap({ t.factors($0.monomial) })
    where exponent == Rational(-1) {
      guard let keep = rule.share(keptBy: whole),
        t.isEqual(
          t.multiply(own.slope, whole), t.subtract(keep, t.subtract(t.one, whole)))
      else { continue }
      let enters = t.reduced(t.multiply(own.rest, whole))
      let old = (before: before[k], after: after[k])
      if t.isNonnegative(keep), t.isNonnegative(enters) {
        before[k] = Self.nonnegative(before[k], t)
        after[k] = Self.nonnegative(after[k], t)
      }
      let map = [old.before: before[k], old.after: t.divide(after[k], whole)]
      func changed(_ x: TermID) -> TermID { t.reduced(t.substitute(x, map)) }
      weight = changed(weight)
      for j in next.indices where j != k { next[j] = changed(next[j]) }
      next[k] = t.add(t.multiply(keep, before[k]), changed(enters))
      initial[k] = t.zero
      return
    }
  }

  private static func nonnegative(_ id: TermID, _ table: TermTable) -> TermID {
    var symbol = table.symbol(of: id)!
    symbol.domain = .nonnegative
    return table.symbol(symbol)
  }

  private static func symbols(
    _ rule: SymbolicRule, _ signs: [Bool], variant: Int
  ) -> [TermID] {
    rule.states.enumerated().map { k, state in
      var symbol = rule.table.symbol(of: state.symbol)!
      symbol.variant = variant + k
      symbol.domain = signs[k] ? .nonnegative : .all
      return rule.table.symbol(symbol)
    }
  }
}
