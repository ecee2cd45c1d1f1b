import IR

/// Clauses in the language: `w != 0`, `b >= 0`, `norm(g) != 0`.
extension TermPrinter {
  /// Each condition once; what must be neither negative nor 0 is positive.
  package func texts(_ conditions: [(clause: Clause, guard: TermID)]) -> [String] {
    var found: [String] = []
    for (clause, condition) in conditions {
      let twin = conditions.contains {
        $0.clause.term == clause.term && $0.guard == condition && $0.clause.kind != clause.kind
      }
      let text = text(clause, isStrict: twin, where: condition)
      if !found.contains(text) { found.append(text) }
    }
    return found
  }

  private func text(_ clause: Clause, isStrict: Bool, where condition: TermID) -> String {
    if condition != table.one {
      var holds = table.validity(of: clause, where: condition)
      if isStrict { holds = table.logicalOr(table.logicalNot(condition), table.positive(clause.term)) }
      return self.condition(holds).map { OptDialect().text($0, in: .conditional) } ?? text(holds)
    }
    let operation: Operation =
      isStrict ? .greater : clause.kind == .nonzero ? .notEqual : .greaterOrEqual
    return OptDialect().text(comparison(of: clause.term, operation), in: .conditional)
  }

  private func comparison(of d: TermID, _ operation: Operation) -> Notation {
    let term = table[d]
    if term.kind == .apply, term.operation == .sum, table.detail(of: d).scope == .all,
      let root = squareRoot(term.operands[0])
    {
      // A sum of squares is not 0 where the norm is not.
      return .apply(operation, [.call("norm", [notation(root)]), .number(0)])
    }
    let parts = table.monomials(d)
    if parts.allSatisfy({ $0.weight.isNegative }) {
      let turned: Operation =
        operation == .notEqual ? .notEqual : operation == .greater ? .less : .lessOrEqual
      return comparison(turned, table.negate(d))
    }
    return comparison(operation, d)
  }

  private func squareRoot(_ id: TermID) -> TermID? {
    let factors = table.factors(id)
    guard !factors.isEmpty,
      factors.allSatisfy({ $0.exponent.isInteger && $0.exponent.word.map { $0 % 2 == 0 } ?? false })
    else { return nil }
    return table.product(factors.map { ($0.base, $0.exponent * .half) })
  }
}
