import Basics
import IR

/// Proves that two terms are equal, by normal forms and by cases.
///
/// A proof holds for all finite values of the symbols within their domains at which the conditions
/// hold that it is given: those of the steps that the terms are of.
package struct Prover {
  package let table: TermTable
  private var leaves = 0

  /// Cases looked at before a proof is given up.
  static let leafLimit = 96

  package init(_ table: TermTable) { self.table = table }

  /// Conditions that a proof makes use of.
  private static let conditionLimit = 24

  /// What a case assumes: d > 0 or d ≤ 0.
  private struct Fact {
    var term: TermID
    var isPositive: Bool
  }

  /// Whether a fact says of a number what it is not: the case never is.
  private func isRefuted(_ fact: Fact) -> Bool {
    fact.isPositive ? table.interval(fact.term).isNonpositive : table.isPositive(fact.term)
  }

  /// What is known in a case.
  private struct Case {
    var facts: [Fact] = []
    /// 1 where the conditions hold.
    var valid: [TermID]
    var depth = 0
  }

  /// Whether a = b is proved, wherever the given conditions hold.
  package mutating func proves(
    _ a: TermID, _ b: TermID, where conditions: Definedness = Definedness()
  ) -> Bool {
    if a == b { return true }
    var (a, b) = withoutRemainders(a, b)
    (a, b) = inOneWord(a, b)
    leaves = 0
    let valid = conditions.clauses.filter { !$0.clause.isFolded && $0.clause.hasText }
      .prefix(Self.conditionLimit)
      .map { table.validity(of: $0.clause, where: $0.guard) }
    return prove(a, b, Case(valid: valid))
  }

  /// a mod b as a − b ⌊a / b⌋ where whole numbers below others stand beside it.
  private func withoutRemainders(_ a: TermID, _ b: TermID) -> (TermID, TermID) {
    let table = table
    func has(_ operations: Set<Operation>) -> Bool {
      [a, b].contains { root in
        table.contains(root) {
          table[$0].kind == .apply && operations.contains(table[$0].operation)
        }
      }
    }
    guard has([.modulo]), has([.floor, .ceiling]) else { return (a, b) }
    func replacement(_ id: TermID) -> TermID? {
      let term = table[id]
      guard term.kind == .apply, term.operation == .modulo,
        let divisor = table.value(term.operands[1]), !divisor.isZero
      else { return nil }
      table.note(.remainder)
      let x = table.substitute(term.operands[0], replacement)
      let whole = table.rounded(.floor, table.scale(x, by: divisor.reciprocal))
      return table.subtract(x, table.scale(whole, by: divisor))
    }
    return (table.substitute(a, replacement), table.substitute(b, replacement))
  }

  private mutating func prove(_ a: TermID, _ b: TermID, _ own: Case) -> Bool {
    // A case in which a step is not defined says nothing.
    if own.valid.contains(table.zero) || table.isEqual(a, b) { return true }
    if own.facts.contains(where: { isRefuted($0) }) { return true }
    leaves += 1
    guard leaves < Self.leafLimit, own.depth < 14, table.spend(1_000) else { return false }
    guard let split = splitPoint(a, b) else { return false }
    table.note(.caseSplit)
    switch split {
    case .condition(let atom):
      let inside = table[atom].operands[0]
      let implied = implication(inside, own.facts)
      for truth in [true, false] {
        if let implied, implied != truth { continue }
        guard prove(a, b, deciding: inside, truth, own) else { return false }
      }
      return true
    case .other(let atom):
      return [table.one, table.zero].allSatisfy { value in
        prove(a, b, own, about: atom) { $0 == atom ? value : nil }
      }
    case .sign(let child):
      return proveBySigns(a, b, of: child, own)
    case .maximum(let atom):
      let operands = table[atom].operands
      let largest = operands.first { x in
        operands.allSatisfy { $0 == x || isNotPositive(table.subtract($0, x), own.facts) }
      }
      for chosen in largest.map({ [$0] }) ?? operands {
        var here = own
        var isPossible = true
        for other in operands where other != chosen {
          // chosen ≥ other
          let difference = table.subtract(other, chosen)
          if table.isPositive(difference) { isPossible = false }
          here.facts += facts(difference, isPositive: false)
        }
        guard isPossible else { continue }
        guard prove(a, b, here, about: atom, { $0 == atom ? chosen : nil }) else { return false }
      }
      return true
    }
  }

  /// The case in which parts about one atom are what `replacement` says.
  private mutating func prove(
    _ a: TermID, _ b: TermID, _ own: Case, about atom: TermID,
    _ replacement: (TermID) -> TermID?
  ) -> Bool {
    var next = own
    next.facts = replaced(own.facts, about: atom, replacement)
    next.valid = own.valid.map { replaced($0, about: atom, replacement) }
    next.depth += 1
    return prove(
      replaced(a, about: atom, replacement), replaced(b, about: atom, replacement), next)
  }

  /// One case of a condition d > 0: every atom that it decides is replaced.
  private mutating func prove(
    _ a: TermID, _ b: TermID, deciding d: TermID, _ truth: Bool, _ own: Case
  ) -> Bool {
    let table = table
    var own = own
    own.facts += facts(d, isPositive: truth)
    let opposite = table.negate(d)
    let isZero =
      !truth
      && (table.isNonnegative(d)
        || own.facts.contains { $0.term == opposite && !$0.isPositive })
    var solutions: [TermID: TermID] = [:]
    if isZero {
      for x in [d] + vanishing(d) where solutions[x] == nil {
        if let (unknown, value) = solved(x) { solutions[unknown] = value }
      }
    }
    func replacement(_ id: TermID) -> TermID? {
      if let value = solutions[id] { return value }
      let term = table[id]
      guard term.kind == .apply, let own = term.operands.first, own == d || own == opposite else {
        return nil
      }
      switch term.operation {
      case .greater:
        return own == d ? truth ? table.one : table.zero : truth || isZero ? table.zero : nil
      case .absolute: return truth ? d : opposite
      case .sign where truth: return table.number(own == d ? 1 : -1)
      default: return nil
      }
    }
    return prove(a, b, own, about: d, replacement)
  }

  /// A case about one element says nothing of what reductions fold, one about a number of this
  /// tensor nothing of what is folded over all tensors.
  private func replaced(
    _ root: TermID, about atom: TermID, _ replacement: (TermID) -> TermID?
  ) -> TermID {
    let table = table
    let isElement = !table.spread(atom).isEmpty
    if !isElement, table.isGlobal(atom) { return table.substitute(root, replacement) }
    return table.substitute(root) { id in
      if let found = replacement(id) { return found }
      let term = table[id]
      let stays =
        isElement
        ? term.kind == .apply && !term.operation.isElementwise : looksAtAllTensors(term)
      return stays ? id : nil
    }
  }

  private func looksAtAllTensors(_ term: Term) -> Bool {
    table.reachesAllTensors(term)
      || term.kind == .apply && [.gradientAt, .hessianProduct].contains(term.operation)
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
    let whole = table.multiply(rest, table.product(kept))
    return weight.isNegative ? table.negate(whole) : whole
  }

  /// A fact as it stands, and what it says of the sign-deciding part. A part without a value where
  /// another arm holds says nothing there: one of two cases must hold of every number.
  private func facts(_ term: TermID, isPositive: Bool) -> [Fact] {
    let bare = essence(term, strictly: !isPositive)
    let all = (bare == term ? [term] : [term, bare]).filter { table.isTotal($0) }
    // A whole number above 0 is at least 1.
    return all.map { Fact(term: $0, isPositive: isPositive) }
      + all.filter { table.isInteger($0) }.map {
        Fact(term: table.subtract(table.one, $0), isPositive: !isPositive)
      }
  }

  private mutating func proveBySigns(
    _ a: TermID, _ b: TermID, of child: TermID, _ own: Case
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
      var here = own
      here.facts += facts(child, isPositive: sign == 1)
      here.facts += facts(opposite, isPositive: sign == -1)
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
      guard prove(a, b, here, about: child, replacement) else { return false }
    }
    return true
  }

  /// What is 0 at every element that is folded, where a fold of what is nowhere negative is 0.
  private func vanishing(_ fold: TermID) -> [TermID] {
    let parts = table.monomials(fold)
    if parts.count > 1 {
      let isSum = parts.allSatisfy { !$0.weight.isNegative && table.isNonnegative($0.monomial) }
      return isSum ? parts.flatMap { vanishing($0.monomial) } : []
    }
    let open = table.factors(fold).filter { !$0.exponent.isNegative && !table.isNonzero($0.base) }
    guard open.count == 1 else { return [] }
    let term = table[open[0].base]
    guard term.kind == .apply, let x = term.operands.first else { return [open[0].base] }
    switch term.operation {
    case .sum, .globalSum, .maximumOf, .globalMaximum:
      guard table.isNonnegative(x) else { return [] }
      table.note(.foldOfZeros)
      return vanishing(x)
    case .absolute: return [x]
    default: return [open[0].base]
    }
  }

  /// A symbol that a zero term determines, and its value: linear, with a weight that is never 0.
  private func solved(_ x: TermID) -> (TermID, TermID)? {
    guard table.isTotal(x) else { return nil }
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
        // x > 0 makes −k x + (something ≤ 0) negative.
        for k in ratios(d, fact.term) {
          let rest = table.interval(table.add(d, table.scale(fact.term, by: k)))
          if rest.isNonpositive { return false }
        }
      } else if table.isNonnegative(table.subtract(fact.term, d)) {
        return false
      }
    }
    return nil
  }

  /// 1, and what makes parts of two sums cancel.
  private func ratios(_ d: TermID, _ fact: TermID) -> [Rational] {
    var result = [Rational.one]
    let own = table.monomials(fact)
    for (weight, monomial) in table.monomials(d) where monomial != table.one {
      guard let part = own.first(where: { $0.monomial == monomial }) else { continue }
      let k = -weight / part.weight
      if k.isPositive, !result.contains(k) { result.append(k) }
    }
    return result
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
    var found = Atoms()
    for root in [a, b] { collect(root, .element, &found) }
    // Innermost first, so that what depends on a condition is decided after it.
    if let first = found.conditions.min(by: { $0.raw < $1.raw }) {
      // |x| > c is two conditions of x.
      var inner = Atoms()
      collect(table[first].operands[0], .element, &inner)
      return inner.signOrMaximum(table) ?? .condition(first)
    }
    if let first = found.others.min(by: { $0.raw < $1.raw }) { return .other(first) }
    return found.signOrMaximum(table)
  }

  /// Whose values a part has: of the element at hand, of its tensor, of all tensors.
  private enum Reach: UInt8 { case element, tensor, all }

  /// The atoms that a case may decide.
  private struct Atoms {
    var conditions: [TermID] = []
    /// Conditions that are no comparisons.
    var others: [TermID] = []
    var signs: [TermID] = []
    var maxima: [TermID] = []
    var seen: [TermID: Reach] = [:]

    func signOrMaximum(_ table: TermTable) -> Split? {
      if let first = signs.min(by: { $0.raw < $1.raw }) { return .sign(first) }
      if let first = maxima.min(by: { $0.raw < $1.raw }) { return .maximum(first) }
      return nil
    }
  }

  private func collect(_ root: TermID, _ reach: Reach, _ found: inout Atoms) {
    var pending = [(root, reach)]
    while let (next, reach) = pending.popLast() {
      if let old = found.seen[next], old.rawValue <= reach.rawValue { continue }
      found.seen[next] = reach
      let term = table[next]
      guard term.kind == .apply else {
        pending += term.operands.map { ($0, reach) }
        continue
      }
      // What a loop carries has another value in each iteration, and in each loop.
      let isOne =
        switch reach {
        case .element: true
        case .tensor: table.spread(next).isEmpty
        case .all: table.spread(next).isEmpty && table.isGlobal(next)
        }
      if isOne, !table.isCarried(next) {
        switch term.operation {
        case .greater: found.conditions.append(next)
        // Only conditions are looked for inside of what is folded.
        case .sign, .absolute: if reach == .element { found.signs.append(term.operands[0]) }
        case .maximum: if reach == .element { found.maxima.append(next) }
        default: if reach == .element, table.isBoolean(next) { found.others.append(next) }
        }
      }
      for operand in term.operands {
        let inner: Reach =
          looksAtAllTensors(term)
          ? .all
          : term.operation.isElementwise || table.spread(operand).isEmpty ? .element : .tensor
        pending.append((operand, inner.rawValue > reach.rawValue ? inner : reach))
      }
    }
  }

  // MARK: Where both are defined

  /// What two steps of the same values need to be the same: where one is no number the other must be
  /// none, and where one may be a number although a part of it is none, nothing is known.
  mutating func conditions(_ a: Definedness, _ b: Definedness) -> Definedness {
    var result = missing(a.absorbed, from: a.hard)
    result.formUnion(missing(b.absorbed, from: b.hard), table)
    for (p, q) in [(a.hard, b.hard), (b.hard, a.hard)] {
      var known = q
      known.formUnion(result, table)
      result.formUnion(missing(p, from: known), table)
    }
    return result
  }

  /// The clauses of one step that those of another do not imply.
  package mutating func missing(_ a: Definedness, from b: Definedness) -> Definedness {
    var result = Definedness()
    for (clause, condition) in a.clauses where !implies(b, clause, where: condition) {
      result.insert(clause, where: condition, table)
    }
    return result
  }

  /// Whether all clauses together imply one more.
  private mutating func implies(
    _ known: Definedness, _ clause: Clause, where condition: TermID
  ) -> Bool {
    var bare = clause
    bare.isAbsorbed = false
    if let own = known.guards[bare] ?? known.guards[clause],
      own == condition || table.multiply(condition, table.logicalNot(own)) == table.zero
    {
      return true
    }
    guard clause.hasText else { return false }
    if clause.kind == .nonzero, isPositiveFold(clause.term, known, condition) { return true }
    return proves(
      table.multiply(condition, table.failure(of: clause)), table.zero, where: known)
  }

  /// Whether a term folds what is nowhere negative and, by the clauses, is not 0 at one element at least.
  private func isPositiveFold(_ id: TermID, _ known: Definedness, _ condition: TermID) -> Bool {
    let term = table[id]
    guard term.kind == .apply,
      [.sum, .globalSum, .maximumOf, .globalMaximum].contains(term.operation)
    else { return false }
    let x = term.operands[0]
    guard table.isNonnegative(x), table[x].kind != .sum else { return false }
    return table.factors(x).allSatisfy { base, _ in
      if table.isNonzero(base) || isPositiveFold(base, known, condition) { return true }
      let own = known.guards[Clause(kind: .nonzero, term: base)]
      return own == table.one || own == condition
    }
  }

  /// Whether it is shown that there is no place where all clauses hold.
  mutating func areContradictory(_ all: Definedness) -> Bool {
    if all.isEverywhere { return false }
    let valid = all.clauses.filter { $0.clause.hasText }.prefix(8)
      .map { table.validity(of: $0.clause, where: $0.guard) }
    return proves(table.multiply(valid), table.zero)
  }

  /// The clauses without those that others imply, the weakest first.
  package mutating func weakest(_ all: Definedness) -> [(clause: Clause, guard: TermID)] {
    // What speaks of one number is weaker than what speaks of every element.
    func rank(_ clause: Clause) -> Int {
      table.spread(clause.term).isEmpty ? table.isData(clause.term) ? 1 : 0 : 2
    }
    var kept = all.clauses.sorted { rank($0.clause) < rank($1.clause) }
    for k in kept.indices.reversed() {
      var others = Definedness()
      for (i, other) in kept.enumerated() where i != k {
        others.insert(other.clause, where: other.guard, table)
      }
      if implies(others, kept[k].clause, where: kept[k].guard) { kept.remove(at: k) }
    }
    return kept
  }
}
