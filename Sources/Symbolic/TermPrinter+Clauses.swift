import Basics
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
      if isStrict {
        holds = table.logicalOr(table.logicalNot(condition), table.positive(clause.term))
      }
      return self.condition(holds).map { OptDialect().text($0, in: .conditional) } ?? text(holds)
    }
    let operation: Operation =
      isStrict ? .greater : clause.kind == .nonzero ? .notEqual : .greaterOrEqual
    let (direct, turned) = (clause.term, table.negate(clause.term))
    // `min(g, w) != 0` and not `-min(g, w) != 0`.
    let isShorter = operation == .notEqual && text(turned).count < text(direct).count
    return OptDialect().text(
      comparison(of: isShorter ? turned : direct, operation), in: .conditional)
  }

  func comparison(of d: TermID, _ operation: Operation) -> Notation {
    let term = table[d]
    if term.kind == .apply, term.operation == .sum, table.detail(of: d).scope == .all,
      let root = squareRoot(term.operands[0])
    {
      // A sum of squares is not 0 where the norm is not.
      return .apply(operation, [.call("norm", [notation(root)]), .number(0)])
    }
    // What is fixed stands on the right.
    let constant = table.number(table.constantPart(d))
    let rest = table.subtract(d, constant)
    let signs = table.monomials(rest).map(\.weight.isNegative)
    if signs.allSatisfy({ $0 }) {
      return .apply(operation.turned, [notation(table.negate(rest)), notation(constant)])
    }
    if !signs.contains(true) {
      return .apply(operation, [notation(rest), notation(table.negate(constant))])
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

extension Operation {
  /// The comparison with its sides exchanged.
  var turned: Operation {
    switch self {
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    default: self
    }
  }
}
