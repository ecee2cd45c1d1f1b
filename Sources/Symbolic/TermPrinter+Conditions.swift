import Basics
import IR

/// Terms of values 0 and 1, which the algebra has as polynomials in comparisons, as conditions of the
/// language: `1 - (c > 1)` is `c <= 1`.
extension TermPrinter {
  /// A condition, and what it is where it does not hold.
  private enum Truth {
    case always(Bool)
    case when(Notation, unless: Notation)

    static func when(_ notation: Notation) -> Truth {
      .when(notation, unless: .apply(.logicalNot, [notation]))
    }
  }

  /// What an answer takes for granted: `a != 0`.
  package func condition(_ condition: Equation.Condition) -> String {
    let operation: IR.Operation =
      switch condition.kind {
      case .nonzero: .notEqual
      case .nonnegative: .greaterOrEqual
      case .positive: .greater
      case .zero: .equal
      }
    return OptDialect().text(comparison(of: condition.term, operation), in: .conditional)
  }

  /// A sum of products of conditions.
  private typealias Polynomial = [Set<TermID>: Int]

  /// Conditions in one polynomial: 2^n cases must be looked at.
  private static let conditionLimit = 10

  /// A term of values 0 and 1 as a condition; nil where it is none.
  func condition(_ id: TermID) -> Notation? {
    guard table.value(id) == nil, case .when(let notation, _)? = truth(id) else { return nil }
    return notation
  }

  private func truth(_ id: TermID) -> Truth? {
    if names[id] != nil { return nil }
    let parts = table.monomials(id)
    guard parts.count <= 1 << Self.conditionLimit else { return nil }
    var polynomial: Polynomial = [:]
    var atoms: [TermID: Truth] = [:]
    for (weight, monomial) in parts {
      guard let weight = weight.isInteger ? weight.word : nil else { return nil }
      for (base, exponent) in table.factors(monomial) {
        guard exponent.isInteger, exponent.isPositive else { return nil }
        if atoms[base] == nil { atoms[base] = atom(base) }
        guard atoms[base] != nil, atoms.count <= Self.conditionLimit else { return nil }
      }
      polynomial[Set(table.factors(monomial).map(\.base)), default: 0] += weight
    }
    return truth(polynomial.filter { $0.value != 0 }, atoms)
  }

  /// A condition that is no sum or product of others.
  private func atom(_ id: TermID) -> Truth? {
    let term = table[id]
    guard term.kind == .apply else { return nil }
    if term.operation == .greater {
      return .when(
        comparison(.greater, term.operands[0]), unless: comparison(.lessOrEqual, term.operands[0]))
    }
    if table.isBoolean(id) { return .when(notation(id)) }
    guard term.operation == .select, let test = truth(term.operands[0]),
      let then = truth(term.operands[1]), let otherwise = truth(term.operands[2])
    else { return nil }
    if case (.when(let a, _), .when(let b, _), .when(let c, _)) = (test, then, otherwise) {
      return .when(.conditional(a, b, c))
    }
    return choice(test, then, otherwise)
  }

  /// The condition that a polynomial is; nil where it has other values than 0 and 1.
  private func truth(_ polynomial: Polynomial, _ atoms: [TermID: Truth]) -> Truth? {
    guard
      let first = polynomial.keys.compactMap({ $0.min { $0.raw < $1.raw } })
        .min(by: { $0.raw < $1.raw })
    else {
      let value = polynomial[[]] ?? 0
      return value == 0 || value == 1 ? .always(value == 1) : nil
    }
    func given(_ holding: Set<TermID>, _ failing: Set<TermID>) -> Polynomial {
      var result: Polynomial = [:]
      for (key, weight) in polynomial where key.isDisjoint(with: failing) {
        result[key.subtracting(holding), default: 0] += weight
      }
      return result.filter { $0.value != 0 }
    }
    let own = atoms[first]!
    let opposite = opposite(of: first, atoms)
    let (yes, no) = (given([first], opposite), given([], opposite.union([first])))
    guard let then = truth(yes, atoms), let otherwise = truth(no, atoms) else { return nil }
    guard let second = opposite.first else { return choice(own, then, otherwise) }
    // a > b and b > a are not independent: together they say whether a and b differ.
    let below = given([second], [first])
    guard let under = truth(below, atoms) else { return nil }
    if below == yes {
      let d = table[first].operands[0]
      return choice(
        .when(comparison(.notEqual, d), unless: comparison(.equal, d)), then, otherwise)
    }
    return choice(own, then, choice(atoms[second]!, under, otherwise))
  }

  /// The conditions −d > 0 beside d > 0.
  private func opposite(of id: TermID, _ atoms: [TermID: Truth]) -> Set<TermID> {
    guard table[id].operation == .greater else { return [] }
    let negated = table.negate(table[id].operands[0])
    return Set(
      atoms.keys.filter { table[$0].operation == .greater && table[$0].operands[0] == negated })
  }

  private func choice(_ test: Truth, _ then: Truth, _ otherwise: Truth) -> Truth {
    guard case .when(let yes, let no) = test else {
      if case .always(true) = test { return then }
      return otherwise
    }
    func both(_ x: Notation, _ y: Notation) -> Notation { .apply(.logicalAnd, [x, y]) }
    func either(_ x: Notation, _ y: Notation) -> Truth { .when(.apply(.logicalOr, [x, y])) }
    switch (then, otherwise) {
    case (.always(let a), .always(let b)): return a == b ? then : a ? test : .when(no, unless: yes)
    case (.always(let a), .when(let b, _)): return a ? either(yes, b) : .when(both(no, b))
    case (.when(let a, _), .always(let b)): return b ? either(no, a) : .when(both(yes, a))
    case (.when(let a, _), .when(let b, _)): return either(both(yes, a), both(no, b))
    }
  }
}
