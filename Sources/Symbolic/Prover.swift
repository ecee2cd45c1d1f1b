import Basics
import IR

/// Proves that two terms are equal, by normal forms and by cases.
///
/// A proof holds for all finite values of the symbols within their domains for which both sides are
/// defined; what else it needs is listed in `conditions`.
package struct Prover {
  package let table: TermTable
  /// What must not be 0 (or, for roots, not be negative) besides.
  package private(set) var conditions: [TermID] = []
  private var leaves = 0

  /// Cases looked at before a proof is given up.
  static let leafLimit = 96

  package init(_ table: TermTable) { self.table = table }

  /// What a case assumes: d > 0 or d ≤ 0.
  private struct Fact {
    var term: TermID
    var isPositive: Bool
  }

  /// Whether a = b is proved. May add to `conditions`.
  package mutating func proves(_ a: TermID, _ b: TermID) -> Bool {
    if a == b { return true }
    leaves = 0
    return prove(a, b, facts: [], depth: 0)
  }

  private mutating func prove(_ a: TermID, _ b: TermID, facts: [Fact], depth: Int) -> Bool {
    if settle(a, b) { return true }
    leaves += 1
    guard leaves < Self.leafLimit, depth < 14, table.spend(1_000) else { return false }
    guard let split = splitPoint(a, b) else { return false }
    table.note(.caseSplit)
    switch split {
    case .condition(let atom):
      let inside = table[atom].operands[0]
      let implied = implication(inside, facts)
      for truth in [true, false] {
        if let implied, implied != truth { continue }
        guard prove(a, b, deciding: inside, truth, facts, depth) else { return false }
      }
      return true
    case .other(let atom):
      for value in [table.one, table.zero] {
        guard
          prove(
            replaced(a, about: atom) { $0 == atom ? value : nil },
            replaced(b, about: atom) { $0 == atom ? value : nil },
            facts: replaced(facts, about: atom) { $0 == atom ? value : nil }, depth: depth + 1)
        else { return false }
      }
      return true
    case .sign(let child):
      return proveBySigns(a, b, of: child, facts, depth)
    case .maximum(let atom):
      let operands = table[atom].operands
      let largest = operands.first { x in
        operands.allSatisfy { $0 == x || isNotPositive(table.subtract($0, x), facts) }
      }
      for chosen in largest.map({ [$0] }) ?? operands {
        var facts = facts
        var isPossible = true
        for other in operands where other != chosen {
          // chosen ≥ other
          let difference = table.subtract(other, chosen)
          if table.isPositive(difference) { isPossible = false }
          facts += self.facts(difference, isPositive: false)
        }
        guard isPossible else { continue }
        guard
          prove(
            replaced(a, about: atom) { $0 == atom ? chosen : nil },
            replaced(b, about: atom) { $0 == atom ? chosen : nil },
            facts: replaced(facts, about: atom) { $0 == atom ? chosen : nil }, depth: depth + 1)
        else { return false }
      }
      return true
    }
  }

  /// One case of a condition d > 0: every atom that it decides is replaced.
  private mutating func prove(
    _ a: TermID, _ b: TermID, deciding d: TermID, _ truth: Bool, _ facts: [Fact], _ depth: Int
  ) -> Bool {
    let table = table
    var facts = facts
    facts += self.facts(d, isPositive: truth)
    let opposite = table.negate(d)
    let isZero =
      !truth
      && (table.isNonnegative(d)
        || facts.contains { $0.term == opposite && !$0.isPositive })
    var solution: (TermID, TermID)?
    if isZero { solution = solved(d) }
    func replacement(_ id: TermID) -> TermID? {
      let term = table[id]
      guard term.kind == .apply, term.operation == .greater else {
        return id == solution?.0 ? solution?.1 : nil
      }
      if term.operands[0] == d { return truth ? table.one : table.zero }
      if term.operands[0] == opposite, truth || isZero { return table.zero }
      return nil
    }
    return prove(
      replaced(a, about: d, replacement), replaced(b, about: d, replacement),
      facts: replaced(facts, about: d, replacement), depth: depth + 1)
  }

  /// A case about one element says nothing of what reductions fold.
  private func replaced(
    _ root: TermID, about atom: TermID, _ replacement: (TermID) -> TermID?
  ) -> TermID {
    table.spread(atom).isEmpty
      ? table.substitute(root, replacement) : table.substitute(element: root, replacement)
  }

  /// The facts as they stand and as they read in a case.
  private func replaced(
    _ facts: [Fact], about atom: TermID, _ replacement: (TermID) -> TermID?
  ) -> [Fact] {
    var all = facts
    for fact in facts {
      let term = replaced(fact.term, about: atom, replacement)
      if term != fact.term { all += self.facts(term, isPositive: fact.isPositive) }
    }
    return all
  }

  /// What decides the sign of d: d without its weight and without factors that are positive, and
  /// (unless `strictly`) without those that are not negative.
  private func essence(_ d: TermID, strictly: Bool) -> TermID {
    let (weight, common, rest) = table.content(d)
    let kept = table.factors(common).filter { factor in
      // What is divided by is not 0 where the term is defined.
      let isSure = factor.exponent.isNegative || table.isPositive(factor.base)
      return !table.isNonnegative(factor.base) || strictly && !isSure
    }
    let whole = table.withoutMarks(table.multiply(rest, table.product(kept)))
    return weight.isNegative ? table.negate(whole) : whole
  }

  /// A fact as it stands, and what it says of the sign-deciding part.
  private func facts(_ term: TermID, isPositive: Bool) -> [Fact] {
    let bare = essence(term, strictly: !isPositive)
    return (bare == term ? [term] : [term, bare]).map { Fact(term: $0, isPositive: isPositive) }
  }

  private mutating func proveBySigns(
    _ a: TermID, _ b: TermID, of child: TermID, _ facts: [Fact], _ depth: Int
  ) -> Bool {
    let table = table
    let opposite = table.negate(child)
    let known = table.interval(child)
    for sign in [1, -1, 0] {
      if sign == 1 && known.isNonpositive || sign == -1 && known.isNonnegative
        || sign == 0 && known.isNonzero
      {
        continue
      }
      var facts = facts
      facts += self.facts(child, isPositive: sign == 1)
      facts += self.facts(opposite, isPositive: sign == -1)
      let solution = sign == 0 ? solved(child) : nil
      func replacement(_ id: TermID) -> TermID? {
        if let solution, id == solution.0 { return solution.1 }
        let term = table[id]
        guard term.kind == .apply, let own = term.operands.first, own == child || own == opposite
        else { return nil }
        let factor = own == child ? sign : -sign
        switch term.operation {
        case .sign: return table.number(factor)
        case .absolute: return table.scale(own, by: Rational(factor))
        case .greater: return factor > 0 ? table.one : table.zero
        default: return nil
        }
      }
      guard
        prove(
          replaced(a, about: child, replacement), replaced(b, about: child, replacement),
          facts: replaced(facts, about: child, replacement), depth: depth + 1)
      else { return false }
    }
    return true
  }

  /// A symbol that a zero term determines, and its value: linear, with a weight that is never 0.
  private func solved(_ x: TermID) -> (TermID, TermID)? {
    let solver = Solver(table)
    for symbol in table.symbols(in: x).reversed() {
      if let c = solver.coefficients(x, of: symbol), c.count == 2, table.isNonzero(c[1]) {
        return (symbol, table.reduced(table.negate(table.divide(c[0], c[1]))))
      }
    }
    let parts = table.monomials(x)
    if parts.count == 1, table[parts[0].monomial].kind != .product {
      return (parts[0].monomial, table.zero)
    }
    return nil
  }

  /// Whether the facts decide d > 0.
  private func implication(_ condition: TermID, _ facts: [Fact]) -> Bool? {
    let d = essence(condition, strictly: true)
    for fact in facts {
      if fact.isPositive {
        if table.isNonnegative(table.subtract(d, fact.term)) { return true }
        // x > 0 makes −x + (something ≤ 0) negative.
        if table.interval(table.add(d, fact.term)).isNonpositive { return false }
      } else if table.isNonnegative(table.subtract(fact.term, d)) {
        return false
      }
    }
    return nil
  }

  /// Whether the facts say d ≤ 0.
  private func isNotPositive(_ difference: TermID, _ facts: [Fact]) -> Bool {
    let d = essence(difference, strictly: false)
    if table.interval(d).isNonpositive { return true }
    return facts.contains { fact in
      if fact.isPositive { return table.interval(table.add(d, fact.term)).isNonpositive }
      return table.isNonnegative(table.subtract(fact.term, d))
    }
  }

  private enum Split {
    case condition(TermID)
    /// A condition that is no comparison.
    case other(TermID)
    case sign(TermID)
    case maximum(TermID)
  }

  /// What to decide next: a condition, else a sign, else a maximum, in one of the terms.
  private func splitPoint(_ a: TermID, _ b: TermID) -> Split? {
    var conditions: [TermID] = []
    var others: [TermID] = []
    var signs: [TermID] = []
    var maxima: [TermID] = []
    var seen: Set<TermID> = []
    var pending = [a, b]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let term = table[next]
      if term.kind == .apply {
        switch term.operation {
        case .greater: conditions.append(next)
        case .sign, .absolute: signs.append(term.operands[0])
        case .maximum: maxima.append(next)
        default: if table.isBoolean(next) { others.append(next) }
        }
        // The inside of a reduction may be decided for each element differently.
        if !term.operation.isElementwise {
          // A scalar condition inside of a reduction is the same for all of its elements.
          pending += term.operands.filter { table.spread($0).isEmpty }
          for operand in term.operands where !table.spread(operand).isEmpty {
            conditions += scalarConditions(operand)
          }
          continue
        }
      }
      pending += term.operands
    }
    // Innermost first, so that what depends on a condition is decided after it.
    if let first = conditions.min(by: { $0.raw < $1.raw }) { return .condition(first) }
    if let first = others.min(by: { $0.raw < $1.raw }) { return .other(first) }
    if let first = signs.min(by: { $0.raw < $1.raw }) { return .sign(first) }
    if let first = maxima.min(by: { $0.raw < $1.raw }) { return .maximum(first) }
    return nil
  }

  private func scalarConditions(_ root: TermID) -> [TermID] {
    var found: [TermID] = []
    var seen: Set<TermID> = []
    var pending = [root]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let term = table[next]
      if term.kind == .apply, term.operation == .greater, table.spread(next).isEmpty,
        !table.contains(next, where: { table.symbol(of: $0)?.role == .carried })
      {
        found.append(next)
      }
      pending += term.operands
    }
    return found
  }

  /// Whether a and b are the same, perhaps under conditions.
  private mutating func settle(_ a: TermID, _ b: TermID) -> Bool {
    if a == b { return true }
    if table.isEqual(a, b) {
      addConditions(a, b)
      return true
    }
    let (p, q) = (table.withoutMarks(a), table.withoutMarks(b))
    guard p != a || q != b, table.isEqual(p, q) else { return false }
    addConditions(a, b)
    return true
  }

  /// What one of two terms divides by and the other does not, where it may be 0.
  private mutating func addConditions(_ a: TermID, _ b: TermID) {
    let p = divisors(a)
    let q = divisors(b)
    for divisor in p.symmetricDifference(q).sorted(by: { $0.raw < $1.raw })
    where !table.isNonzero(divisor) && !conditions.contains(divisor) {
      conditions.append(divisor)
    }
  }

  private func divisors(_ root: TermID) -> Set<TermID> {
    var found: Set<TermID> = []
    var seen: Set<TermID> = []
    var pending = [root]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let term = table[next]
      if term.kind == .product {
        for (base, exponent) in zip(term.operands, term.weights) where exponent.isNegative {
          found.insert(base)
        }
      }
      if table.isMark(next) { found.insert(term.operands[0]) }
      pending += term.operands
    }
    return found
  }
}
