import Basics
import IR

/// How far one step of a rule can move w, and which sets it does not leave.
package struct RuleBounds {
  package let table: TermTable
  /// A term that |w' − w| never exceeds, in terms of |w|; nil where there is none.
  package let update: TermID?
  /// r with: |w| ≤ r stays so, and every step brings w nearer to it; under `condition`.
  package let radius: TermID?
  /// What must be ≤ 1 for the radius to hold.
  package let condition: TermID?

  package init(_ rule: SymbolicRule) throws(SymbolicError) {
    let t = rule.table
    table = t
    let next = try rule.update(step: rule.laterStep, states: rule.states.map(\.symbol))
    let finder = BoundFinder(table: t, weight: rule.weight)
    update = finder.bound(t.subtract(next.weight, rule.weight)).map { t.reduced($0) }
    // w' = a w + rest: with 0 ≤ a ≤ 1 and |rest| ≤ b, |w| ≤ b / (1 − a) is kept.
    var slope: [TermID] = []
    var rest: [TermID] = []
    for (weight, monomial) in t.monomials(next.weight) {
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
      radius = t.reduced(t.withoutMarks(t.divide(size, shrink)))
      condition = shrink
    } else {
      radius = nil
      condition = nil
    }
  }
}

/// Bounds sizes of terms by terms without data but |w|.
private struct BoundFinder {
  let table: TermTable
  let weight: TermID

  /// A bound of |x|.
  func bound(_ x: TermID) -> TermID? {
    let t = table
    if !t.isData(x) { return t.absolute(x) }
    let term = t[x]
    switch term.kind {
    case .number: return t.absolute(x)
    case .symbol:
      if x == weight { return t.absolute(x) }
      let domain = t.symbol(of: x)!.domain
      guard let low = domain.low, let high = domain.high else { return nil }
      return t.number(max(low.magnitude, high.magnitude))
    case .sum:
      // Weights of the same data first, so that (1 − β) stays together.
      var groups: [TermID: [TermID]] = [:]
      var order: [TermID] = []
      for (weight, monomial) in zip(term.weights, term.operands) {
        let data = t.product(t.factors(monomial).filter { t.isData($0.base) })
        let scale = t.product(t.factors(monomial).filter { !t.isData($0.base) })
        if groups[data] == nil { order.append(data) }
        groups[data, default: []].append(t.scale(scale, by: weight))
      }
      var total: [TermID] = []
      for data in order {
        guard let size = bound(data) else { return nil }
        total.append(t.multiply(t.absolute(t.reduced(t.add(groups[data]!))), size))
      }
      return t.add(total)
    case .product:
      var all: [TermID] = []
      for (base, exponent) in zip(term.operands, term.weights) {
        if !t.isData(base) {
          all.append(t.absolute(t.power(base, exponent)))
        } else if exponent.isPositive, let size = bound(base) {
          all.append(t.power(size, exponent))
        } else {
          return nil
        }
      }
      return t.multiply(all)
    case .apply:
      switch term.operation {
      case .absolute: return bound(term.operands[0])
      case .greater, .divide, .softmax: return t.one
      case .arctangent:
        return t.scale(
          t.symbol(
            Symbol(
              "pi", .constant, domain: Interval(Rational(314_159, 100_000), Rational(22, 7)))),
          by: .half)
      case .select:
        guard let a = bound(term.operands[1]), let b = bound(term.operands[2]) else { return nil }
        return t.maximum([a, b])
      case .maximum:
        return clipBound(term) ?? maximumBound(term)
      default:
        let values = term.operation.info.values
        return t.isBoolean(x) || values == .signs || values == .insideSigns ? t.one : nil
      }
    }
  }

  private func maximumBound(_ term: Term) -> TermID? {
    var all: [TermID] = []
    for operand in term.operands {
      guard let size = bound(operand) else { return nil }
      all.append(size)
    }
    return table.maximum(all)
  }

  /// max(−max(x, low)…, …): a clip is as large as its larger bound.
  private func clipBound(_ term: Term) -> TermID? {
    let t = table
    guard term.operands.count == 2 else { return nil }
    for (outer, inner) in [(0, 1), (1, 0)] {
      let edge = term.operands[outer]
      let parts = t.monomials(term.operands[inner])
      guard !t.isData(edge), parts.count == 1, parts[0].weight == Rational(-1),
        t[parts[0].monomial].kind == .apply, t[parts[0].monomial].operation == .maximum
      else { continue }
      let other = t[parts[0].monomial].operands.first { !t.isData($0) }
      guard let other else { continue }
      return t.maximum([t.absolute(edge), t.absolute(other)])
    }
    return nil
  }
}
