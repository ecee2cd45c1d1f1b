import Basics
import IR

extension Invariance {
  mutating func axes() {
    var usesAxes = false
    var isRandom = false
    var seen: Set<TermID> = []
    var pending = [next.weight] + next.states + rule.initial
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      let term = table[id]
      switch term.kind {
      case .apply:
        switch term.operation {
        case .sum, .maximumOf: if table.detail(of: id).scope != .all { usesAxes = true }
        case .globalSum, .globalMaximum: break
        default: if !term.operation.isElementwise { usesAxes = true }
        }
      case .symbol:
        if table.symbol(of: id)!.role == .draw, !table.spread(id).isEmpty { isRandom = true }
      default: break
      }
      pending += term.operands
    }
    let isSymmetric = !usesAxes && !isRandom
    findings.append(
      Finding(
        property: "permutation equivariant", change: .permutation,
        holds: isSymmetric ? true : nil,
        reason: isSymmetric
          ? "every operation is elementwise or folds the whole tensor"
          : isRandom
            ? "numbers are drawn for each element"
            : "rows, columns or matrices enter: only rows and columns as wholes may be exchanged"))
    let isTurning = isSymmetric && Turning(table).holds(rule, next)
    findings.append(
      Finding(
        property: "rotation equivariant", change: .rotation, holds: isTurning ? true : nil,
        reason: isTurning
          ? "w and g enter through sums, scalings and lengths only"
          : "elements may be treated one by one"))
  }
}

/// What a rotation of w and g makes of a term.
private final class Turning {
  private enum Kind { case kept, turned }

  private let table: TermTable
  private var known: [TermID: Kind?] = [:]

  init(_ table: TermTable) { self.table = table }

  /// Whether w' turns with w and g, at every step: the states that count turn or stay, from their
  /// first values on.
  func holds(_ rule: SymbolicRule, _ next: SymbolicRule.Step) -> Bool {
    let live = rule.liveStates(next)
    return kind(next.weight) == .turned
      && rule.states.indices.allSatisfy { k in
        guard live[k] else { return true }
        let own = kind(rule.states[k].symbol)
        return own != nil
          && [rule.initial[k], next.states[k]].allSatisfy {
            own == .turned && $0 == table.zero || kind($0) == own
          }
      }
  }

  private func kind(_ id: TermID) -> Kind? {
    if let found = known[id] { return found }
    let found = find(id)
    known[id] = .some(found)
    return found
  }

  private func find(_ id: TermID) -> Kind? {
    let term = table[id]
    switch term.kind {
    case .number: return .kept
    case .symbol:
      let spread = table.spread(id)
      if spread.isEmpty { return .kept }
      // Numbers that are drawn, or given from outside, stay where they are.
      let turns: Set<Symbol.Role> = [.weight, .gradient, .state]
      return spread == .like && turns.contains(table.symbol(of: id)!.role) ? .turned : nil
    case .sum: return common(term.operands)
    case .product:
      var turned = 0
      for (base, exponent) in zip(term.operands, term.weights) {
        guard let own = kind(base), own == .kept || exponent.isOne else { return nil }
        if own == .turned { turned += 1 }
      }
      return turned > 1 ? nil : turned == 1 ? .turned : .kept
    case .apply: break
    }
    switch term.operation {
    case .sum:
      let detail = table.detail(of: id)
      return detail.scope == .all && detail.operand == .like && isProduct(term.operands[0])
        ? .kept : nil
    case .select:
      return kind(term.operands[0]) == .kept ? common(term.operands.dropFirst()) : nil
    default:
      return table.spread(id).isEmpty && term.operands.allSatisfy { kind($0) == .kept }
        ? .kept : nil
    }
  }

  private func common(_ all: some Sequence<TermID>) -> Kind? {
    var result: Kind?
    for id in all where id != table.zero {
      guard let own = kind(id), result == nil || result == own else { return nil }
      result = own
    }
    return result
  }

  /// Whether a term is made of products of two that turn, element by element: a rotation does not
  /// see what they sum to.
  private func isProduct(_ id: TermID) -> Bool {
    table.monomials(id).allSatisfy { _, monomial in
      var degree = Rational.zero
      for (base, exponent) in table.factors(monomial) {
        guard let own = kind(base) else { return false }
        if own == .turned {
          guard exponent.isPositive, exponent.isInteger else { return false }
          degree = degree + exponent
        }
      }
      return degree == Rational(2)
    }
  }
}
