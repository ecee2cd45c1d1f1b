import Basics
import IR

extension BoundFinder {
  /// A bound of norm(x), where x holds sums over the tensor.
  mutating func norm(_ x: TermID) -> TermID? {
    let t = table
    var found: (detail: Detail, count: TermID)?
    _ = t.contains(x) { id in
      if t[id].kind == .apply, t[id].operation == .sum, t.detail(of: id).scope == .all,
        t.detail(of: id).operand == .like
      {
        found = (t.detail(of: id), t[id].operands[1])
      }
      return found != nil
    }
    return found.flatMap { norm(x, $0.detail, $0.count, cases: 6) }
  }

  private mutating func norm(
    _ x: TermID, _ detail: Detail, _ count: TermID, cases left: Int
  ) -> TermID? {
    let t = table
    if left > 0, let parts = cases(x, scalarOnly: true) {
      return largest(of: parts) { finder, part in
        finder.norm(finder.step.renamed(part, finder.rule), detail, count, cases: left - 1)
      }
    }
    let square = t.reduce(.sum, t.multiply(x, x), detail, count: count)
    if let size = bound(t.reduced(square)) { return t.power(t.reduced(size), .half) }
    if let size = bound(x), t.spread(size).isEmpty {
      return t.multiply(size, t.power(count, .half))
    }
    // A multiple of w, and the rest.
    var slope: [TermID] = []
    var rest: [TermID] = []
    for (weight, monomial) in t.monomials(x) {
      let scale = t.divide(monomial, rule.weight)
      let isMultiple = t.spread(scale).isEmpty && t.contains(monomial, rule.weight)
      if isMultiple {
        slope.append(t.scale(scale, by: weight))
      } else {
        rest.append(t.scale(monomial, by: weight))
      }
    }
    guard !slope.isEmpty, !rest.isEmpty, let share = bound(t.reduced(t.add(slope))),
      let size = norm(t.add(rest), detail, count, cases: 0)
    else { return nil }
    let own = t.reduce(.sum, t.power(rule.weight, Rational(2)), detail, count: count)
    return t.add(t.multiply(share, t.power(own, .half)), size)
  }
}
