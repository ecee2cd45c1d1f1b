import Basics
import IR

/// What a partial operation asks of its operand: that it is not 0, or not negative.
package struct Clause: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    case nonzero, nonnegative
    /// That an operation is defined whose domain has no other name: a solution, a loop.
    case application
  }
  package var kind: Kind
  package var term: TermID
  /// Whether it speaks of all elements of what is folded, not of the element beside it.
  var isFolded = false
  /// Conditions on single elements under which a folded clause stands: its guard would speak of
  /// other elements than its term does.
  var under: TermID?

  /// Whether what is made of it may be a number where it does not hold: 1 / (1 / x) is 0 at 0.
  var isAbsorbed = false

  var order: [Int32] {
    [term.raw, Int32(kind.rawValue), isFolded ? 1 : 0, isAbsorbed ? 1 : 0, under?.raw ?? -1]
  }

  /// Whether it can be said in the language.
  package var hasText: Bool { kind != .application && under == nil }
}

/// Where a value is a number: clauses, each where its guard (a condition) holds, for all elements.
package struct Definedness: Sendable {
  package private(set) var guards: [Clause: TermID] = [:]

  package init() {}

  package var isEverywhere: Bool { guards.isEmpty }

  /// In one order in every process.
  package var clauses: [(clause: Clause, guard: TermID)] {
    guards.map { ($0.key, $0.value) }.sorted { $0.0.order.lexicographicallyPrecedes($1.0.order) }
  }

  /// What is no number for sure where it does not hold, and what may be one.
  var hard: Definedness { filtered { !$0.isAbsorbed } }
  var absorbed: Definedness { filtered { $0.isAbsorbed } }

  private func filtered(_ isKept: (Clause) -> Bool) -> Definedness {
    var result = Definedness()
    result.guards = guards.filter { isKept($0.key) }
    return result
  }

  /// The clauses, each changed.
  private func mapped(_ table: TermTable, _ change: (inout Clause, TermID) -> Void) -> Definedness {
    var result = Definedness()
    for (clause, condition) in clauses {
      var clause = clause
      change(&clause, condition)
      result.insert(clause, where: condition, table)
    }
    return result
  }

  /// As operands of what may give a number for what is none, or only for what is infinite.
  func absorbed(_ table: TermTable, keepsNaN: Bool = false) -> Definedness {
    isEverywhere
      ? self
      : mapped(table) { clause, _ in
        if !keepsNaN || !table.isNaN(where: clause) { clause.isAbsorbed = true }
      }
  }

  mutating func insert(_ clause: Clause, where condition: TermID, _ table: TermTable) {
    guards[clause] = guards[clause].map { table.logicalOr($0, condition) } ?? condition
  }

  package mutating func formUnion(_ other: Definedness, _ table: TermTable) {
    if other.guards.isEmpty { return }
    if guards.isEmpty { return guards = other.guards }
    for (clause, condition) in other.clauses where guards[clause] != condition {
      insert(clause, where: condition, table)
    }
  }

  /// The clauses, where a condition holds.
  func guarded(by condition: TermID, _ table: TermTable) -> Definedness {
    var result = Definedness()
    for (clause, old) in clauses {
      if clause.isFolded, !table.spread(condition).isEmpty {
        var clause = clause
        clause.under = clause.under.map { table.logicalAnd($0, condition) } ?? condition
        result.insert(clause, where: old, table)
        continue
      }
      let both = table.logicalAnd(old, condition)
      if both != table.zero, table.logicalAnd(both, table.failure(of: clause)) != table.zero {
        result.insert(clause, where: both, table)
      }
    }
    return result
  }

  /// The clauses for all elements of what is folded.
  func folded(_ table: TermTable) -> Definedness {
    mapped(table) { clause, condition in
      clause.isFolded = !table.spread(clause.term).isEmpty || !table.spread(condition).isEmpty
    }
  }

  /// For a whole step, which is defined where all its elements are.
  func closed(_ table: TermTable) -> Definedness {
    mapped(table) { clause, _ in clause.isFolded = false }
  }

  /// As conditions of a statement: whatever is made of them, they hold.
  func asConditions(_ table: TermTable) -> Definedness {
    mapped(table) { clause, _ in
      clause.isFolded = false
      clause.isAbsorbed = false
    }
  }

  /// With parts of its terms replaced.
  package func substituted(_ table: TermTable, _ replacement: (TermID) -> TermID?) -> Definedness {
    var result = Definedness()
    for (clause, condition) in clauses {
      let condition = table.substitute(condition, replacement)
      let term = table.substitute(clause.term, replacement)
      if clause.kind == .application || clause.under != nil || clause.isFolded || clause.isAbsorbed
      {
        var clause = clause
        clause.term = term
        clause.under = clause.under.map { table.substitute($0, replacement) }
        result.insert(clause, where: condition, table)
      } else {
        table.require(clause.kind, of: term, where: condition, &result)
      }
    }
    return result
  }
}

extension TermTable {
  /// 1 where a clause does not hold.
  func failure(of clause: Clause) -> TermID {
    switch clause.kind {
    case .nonzero: isZeroCondition(clause.term)
    case .nonnegative: positive(negate(clause.term))
    case .application: opaque(.isFinite, [clause.term], Detail("fails", isBoolean: true))
    }
  }

  /// Whether a clause fails everywhere.
  package func isNowhere(_ defined: Definedness) -> Bool {
    defined.clauses.contains { $1 == one && failure(of: $0) == one }
  }

  /// Whether a value is NaN, not infinite, where a clause fails: a root of what is negative, but no rounding of
  /// what is too large.
  func isNaN(where clause: Clause) -> Bool {
    clause.kind == .nonnegative && !overflows.contains(constantPart(clause.term))
  }

  private var overflows: [Rational] {
    [Rational(65_520), Rational(511) * Rational(2).power(119)]
  }

  /// 1 where a guarded clause holds.
  func validity(of clause: Clause, where condition: TermID) -> TermID {
    subtract(one, multiply(condition, failure(of: clause)))
  }

  /// Asks that x is not 0 (or not negative) where a condition holds. Products fall apart; what the
  /// domains imply is left out.
  func require(
    _ kind: Clause.Kind, of x: TermID, where condition: TermID, _ result: inout Definedness
  ) {
    let x = reduced(x)
    if kind == .nonzero ? isNonzero(x) : isNonnegative(x) { return }
    let (weight, common, rest) = content(x)
    if kind == .nonzero {
      for (base, exponent) in factors(common) where exponent.isPositive {
        require(nonzeroAtom: base, where: condition, &result)
      }
      if rest != one { require(nonzeroAtom: rest, where: condition, &result) }
      return
    }
    var inside = weight.isNegative ? negate(rest) : rest
    for (base, exponent) in factors(common) where !isPositive(base) {
      if exponent.isNegative, isNonnegative(base) || !exponent.isInteger { continue }
      // An odd power has the sign of its base.
      let isOdd = exponent.isInteger && exponent.word.map { $0 % 2 != 0 } ?? false
      inside = multiply(inside, isOdd ? base : power(base, exponent.magnitude))
    }
    insert(Clause(kind: .nonnegative, term: inside), where: condition, &result)
  }

  private func require(
    nonzeroAtom x: TermID, where condition: TermID, _ result: inout Definedness
  ) {
    if isNonzero(x) { return }
    let term = self[x]
    if term.kind == .apply {
      if term.operation == .greater {
        require(.nonzero, of: term.operands[0], where: condition, &result)
        return require(.nonnegative, of: term.operands[0], where: condition, &result)
      }
      // A logarithm is 0 at 1.
      if term.operation == .logarithm {
        return require(
          .nonzero, of: subtract(term.operands[0], one), where: condition, &result)
      }
      if term.operation == .absolute || term.operation.info.parity == .rising
        || (term.operation == .power && isPositive(term.operands[1]))
      {
        return require(.nonzero, of: term.operands[0], where: condition, &result)
      }
    }
    insert(Clause(kind: .nonzero, term: x), where: condition, &result)
  }

  private func insert(_ clause: Clause, where condition: TermID, _ result: inout Definedness) {
    if condition == zero || logicalAnd(condition, failure(of: clause)) == zero { return }
    result.insert(clause, where: condition, self)
  }

  /// Asks what an operation needs of its operands to be a number.
  func require(
    _ operation: Operation, _ x: [TermID], where condition: TermID, ranges: [Interval]? = nil,
    _ result: inout Definedness
  ) {
    func range(_ y: TermID) -> Interval {
      zip(x, ranges ?? []).first { $0.0 == y }?.1 ?? .all
    }
    func nonzero(_ x: TermID) {
      if !range(x).isNonzero { require(.nonzero, of: x, where: condition, &result) }
    }
    func nonnegative(_ x: TermID) {
      if !range(x).isNonnegative { require(.nonnegative, of: x, where: condition, &result) }
    }
    func positive(_ x: TermID) {
      // Factors that are not negative must not be 0, and leave the sign to the others.
      let (weight, common, rest) = content(reduced(x))
      let signed = product(factors(common).filter { !isNonnegative($0.base) })
      let sign = multiply(weight.isNegative ? negate(rest) : rest, signed)
      nonnegative(range(x).isNonnegative ? x : sign)
      nonzero(x)
    }
    switch operation {
    case .divide, .modulo: nonzero(x[1])
    case .reciprocal: nonzero(x[0])
    case .squareRoot: nonnegative(x[0])
    case .logarithm, .log2, .log10: positive(x[0])
    case .log1p: positive(add(one, x[0]))
    case .arcsine, .arccosine:
      nonnegative(subtract(one, x[0]))
      nonnegative(add(one, x[0]))
    case .arccosh: nonnegative(subtract(x[0], one))
    case .arctanh:
      positive(subtract(one, x[0]))
      positive(add(one, x[0]))
    case .bfloat16, .float16:
      // What rounds to more than the largest number is infinite.
      let limit = operation == .float16 ? Rational(65_520) : Rational(511) * Rational(2).power(119)
      positive(subtract(number(limit), absolute(x[0])))
    case .power:
      if isInteger(x[1]) {
        // 0 to a negative power.
        let below = isNonnegative(x[1]) ? zero : self.positive(negate(x[1]))
        if below != zero {
          require(.nonzero, of: x[0], where: logicalAnd(condition, below), &result)
        }
        return
      }
      nonnegative(x[0])
      if interval(x[1]).isNonnegative { return }
      require(
        .nonzero, of: x[0], where: logicalAnd(condition, self.positive(negate(x[1]))), &result)
    default: break
    }
  }

  /// Where a term is a number as it stands, its own partial operations being all that is asked.
  package func definedness(of root: TermID) -> Definedness {
    if let known = definednesses[root] { return known }
    let result = findDefinedness(of: root)
    definednesses[root] = result
    return result
  }

  private func findDefinedness(of root: TermID) -> Definedness {
    var result = Definedness()
    var seen: Set<TermID> = []
    var pending = [root]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let term = self[next]
      switch term.kind {
      case .number, .symbol: break
      case .sum: pending += term.operands
      case .product:
        for (base, exponent) in zip(term.operands, term.weights) {
          if !exponent.isInteger { require(.nonnegative, of: base, where: one, &result) }
          if exponent.isNegative { require(.nonzero, of: base, where: one, &result) }
        }
        pending += term.operands
      case .apply:
        if term.operation == .select {
          pending.append(term.operands[0])
          for (k, condition) in [
            (1, term.operands[0]), (2, logicalNot(term.operands[0])),
          ] {
            result.formUnion(definedness(of: term.operands[k]).guarded(by: condition, self), self)
          }
        } else if [.solve, .cholesky, .loop].contains(term.operation) {
          result.insert(Clause(kind: .application, term: next), where: one, self)
        } else {
          require(term.operation, term.operands, where: one, &result)
          pending += term.operands
        }
      }
    }
    return result
  }

  /// Whether a term is a real number for all values of its symbols.
  package func isTotal(_ id: TermID) -> Bool {
    if let known = totals[id] { return known }
    let result =
      definedness(of: id).isEverywhere
      && !contains(id) { symbol(of: $0)?.isInfinite ?? false }
    totals[id] = result
    return result
  }
}
