import Basics
import IR

/// A rule whose step is linear in w, its states and g, with weights that do not depend on t from the
/// second step on: z' = M z + N g with z = (w, states).
package struct LinearRule {
  package let rule: SymbolicRule
  /// The symbols of z: w first.
  package let basis: [TermID]
  /// M, row by row.
  package let matrix: [[TermID]]
  /// N.
  package let input: [TermID]
  /// z after the first step as weights of (w, g): from the initial states.
  package let start: [(weight: TermID, gradient: TermID)]
  /// Where the first step and later ones are defined.
  let defined: [Definedness]
  private let table: TermTable

  /// Nil where the rule is not of this kind. Only states that w' depends on are kept.
  package init?(_ rule: SymbolicRule) throws(SymbolicError) {
    let table = rule.table
    self.rule = rule
    self.table = table
    let plain = try rule.update(step: rule.laterStep, states: rule.states.map(\.symbol))
    let closed = try rule.closedStates(plain)
    let previous = table.subtract(rule.laterStep, table.one)
    let next =
      closed.isEmpty
      ? plain
      : try rule.update(
        step: rule.laterStep,
        states: rule.states.indices.map { k in
          closed[k].map { table.substitute($0, [rule.laterStep: previous]) }
            ?? rule.states[k].symbol
        })
    guard next.views.isEmpty else { return nil }
    let live = rule.liveStates(next)
    let kept = rule.states.indices.filter { live[$0] && closed[$0] == nil }
    guard kept.allSatisfy({ rule.states[$0].shape.isLike }) else { return nil }
    let first = try rule.update(step: table.one, states: rule.initial)
    basis = [rule.weight] + kept.map { rule.states[$0].symbol }
    var matrix: [[TermID]] = []
    var input: [TermID] = []
    var start: [(weight: TermID, gradient: TermID)] = []
    for term in [next.weight] + kept.map({ next.states[$0] }) {
      guard let row = Self.weights(table, term, basis + [rule.gradient]),
        !row.contains(where: { table.contains($0, rule.laterStep) })
      else { return nil }
      matrix.append(Array(row.dropLast()))
      input.append(row.last!)
    }
    for term in [first.weight] + kept.map({ first.states[$0] }) {
      guard let row = Self.weights(table, term, [rule.weight, rule.gradient]) else { return nil }
      start.append((row[0], row[1]))
    }
    defined = [
      rule.definedness(first, live: live, isFirst: true),
      rule.definedness(next, live: live, isFirst: false),
    ]
    self.matrix = matrix
    self.input = input
    self.start = start
  }

  /// Why a rule is none.
  static func refusal(_ rule: SymbolicRule) -> SymbolicError {
    let basis = [rule.weight] + rule.states.map(\.symbol) + [rule.gradient]
    if let next = try? rule.general(),
      ([next.weight] + next.states).allSatisfy({ weights(rule.table, $0, basis) != nil })
    {
      return SymbolicError("`\(rule.name)` is linear with weights that change from step to step")
    }
    return SymbolicError("`\(rule.name)` is not linear in w, g and its states")
  }

  /// The weights of a linear form in `basis`, which do not depend on data; nil for other terms.
  static func weights(_ table: TermTable, _ term: TermID, _ basis: [TermID]) -> [TermID]? {
    var parts = [[TermID]](repeating: [], count: basis.count)
    for (weight, monomial) in table.monomials(term) {
      var position: Int?
      var rest: [Factor] = []
      for (base, exponent) in table.factors(monomial) {
        if let k = basis.firstIndex(of: base) {
          guard exponent.isOne, position == nil else { return nil }
          position = k
        } else if table.isData(base) {
          return nil
        } else {
          rest.append((base, exponent))
        }
      }
      guard let position else { return nil }
      parts[position].append(table.scale(table.product(rest), by: weight))
    }
    return parts.map { table.reduced(table.add($0)) }
  }

  /// Whether both make the same steps for ever: their answers to each gradient and to the start
  /// agree over as many steps as they have numbers between them (Cayley and Hamilton), hence always.
  static func areEqual(
    _ a: LinearRule, _ b: LinearRule, _ prover: inout Prover, _ conditions: inout Definedness
  ) -> Bool {
    let table = a.table
    let steps = a.basis.count + b.basis.count
    guard steps <= 9 else { return false }
    // Each rule has states of its own.
    for defined in a.defined + b.defined {
      for (clause, condition) in defined.clauses
      where table.symbols(in: [clause.term, condition]).contains(where: {
        table.symbol(of: $0)?.role == .state
      }) { return false }
    }
    var all = a.defined[1]
    all.formUnion(b.defined[1], table)
    var columns: [([TermID], [TermID])] = [
      (a.input, b.input),
      (a.start.map(\.weight), b.start.map(\.weight)),
      (a.start.map(\.gradient), b.start.map(\.gradient)),
    ]
    for _ in 0..<steps {
      for (x, y) in columns where !prover.proves(x[0], y[0], where: all) { return false }
      columns = columns.map { (a.apply($0.0), b.apply($0.1)) }
      if table.isExhausted { return false }
    }
    for (p, q) in zip(a.defined, b.defined) {
      var both = p
      both.formUnion(q, table)
      if prover.areContradictory(both) { return false }
      conditions.formUnion(prover.conditions(p, q), table)
    }
    return true
  }

  /// M z.
  func apply(_ z: [TermID]) -> [TermID] {
    matrix.map { row in
      table.reduced(
        table.add(zip(row, z).map { table.multiply($0, $1) }))
    }
  }
}
