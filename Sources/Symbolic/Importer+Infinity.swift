import Basics
import IR

/// Arithmetic with ±∞, exact where it is decided; where it is not, a rule has no term.
extension Importer {
  private var infinity: TermID {
    table.symbol(
      Symbol("inf", .constant, domain: Interval(Rational(BigInteger(10).power(300), .one), nil)))
  }

  /// 1 for ∞, −1 for −∞, 0 for what is finite.
  func infinite(_ id: TermID) -> Int {
    let parts = table.monomials(id)
    guard parts.count == 1, table.symbol(of: parts[0].monomial)?.isInfinite ?? false else {
      return 0
    }
    return parts[0].weight.isNegative ? -1 : 1
  }

  private func infinity(_ sign: Int) -> TermID { sign < 0 ? table.negate(infinity) : infinity }

  func constant(_ x: Double) throws(SymbolicError) -> TermID {
    if x == .pi {
      return table.symbol(
        Symbol("pi", .constant, domain: Interval(Rational(314_159, 100_000), Rational(22, 7))))
    }
    if x == 2.718281828459045 { return table.euler }
    if x.isInfinite { return infinity(x < 0 ? -1 : 1) }
    if let exact = Rational(literal: x) { return table.number(exact) }
    throw SymbolicError("it computes with `nan`, which is no number")
  }

  /// −1, 0, 1 where the sign of a finite term is sure.
  private func sign(_ id: TermID) throws(SymbolicError) -> Int {
    let own = table.interval(id)
    if own.isPositive { return 1 }
    if own.isNegative { return -1 }
    throw SymbolicError("it computes with `inf` where a sign is not known")
  }

  /// An elementwise operation with an infinite operand.
  func extended(_ operation: Operation, _ x: [TermID]) throws(SymbolicError) -> TermID {
    let signs = x.map { infinite($0) }
    let t = table
    func truth(_ b: Bool) -> TermID { b ? t.one : t.zero }
    func undecided() -> SymbolicError {
      SymbolicError("it computes with `inf` in a way that has no value: \(operation.info.name)")
    }
    switch operation {
    case .negate: return infinity(-signs[0])
    case .absolute, .cosh: return infinity
    case .sign, .tanh, .errorFunction: return t.number(signs[0])
    case .isFinite: return t.zero
    case .cubeRoot, .sinh, .arcsinh, .floor, .ceiling, .round: return x[0]
    case .squareRoot, .logarithm, .log1p, .log2, .log10, .arccosh:
      if signs[0] > 0 { return infinity }
    case .exponential, .exp2: return signs[0] > 0 ? infinity : t.zero
    case .expm1: return signs[0] > 0 ? infinity : t.number(-1)
    case .reciprocal: return t.zero
    case .add, .subtract:
      let other = operation == .subtract ? -signs[1] : signs[1]
      if signs[0] * other >= 0 { return infinity(signs[0] != 0 ? signs[0] : other) }
    case .multiply:
      let first = signs[0] != 0 ? signs[0] : try sign(x[0])
      return infinity(first * (signs[1] != 0 ? signs[1] : try sign(x[1])))
    case .divide:
      if signs[0] == 0 { return t.zero }
      if signs[1] == 0 {
        // By 0, which is not negative, it is infinite as well.
        return infinity(signs[0] * (t.isNonnegative(x[1]) ? 1 : try sign(x[1])))
      }
    case .power:
      if signs[0] > 0, signs[1] == 0 { return try sign(x[1]) > 0 ? infinity : t.zero }
    case .minimum, .maximum:
      let wins = operation == .maximum ? 1 : -1
      for k in 0..<2 where signs[k] != 0 { return signs[k] == wins ? x[k] : x[1 - k] }
    case .clip:
      let low = signs[1] < 0 ? x[0] : try elementwise(.maximum, [x[0], x[1]])
      return signs[2] > 0 ? low : try elementwise(.minimum, [low, x[2]])
    case .less: return truth(signs[0] < signs[1])
    case .lessOrEqual: return truth(signs[0] <= signs[1])
    case .greater: return truth(signs[0] > signs[1])
    case .greaterOrEqual: return truth(signs[0] >= signs[1])
    case .equal: return truth(signs[0] == signs[1])
    case .notEqual: return truth(signs[0] != signs[1])
    case .select:
      if let c = t.value(x[0]) { return c.isZero ? x[2] : x[1] }
      if x[1] == x[2] { return x[1] }
    default: break
    }
    throw undecided()
  }

  // MARK: Arms of which one is infinite

  /// The two arms of a value, and what decides between them.
  struct Choice {
    var condition: TermID
    var holds: TermID
    var fails: TermID
  }

  /// What has a value for each arm, and is defined wherever its operands are.
  private static let total: Set<IR.Operation> = [
    .broadcast, .negate, .minimum, .maximum, .clip, .less, .lessOrEqual, .greater, .greaterOrEqual,
  ]

  /// A choice of which one arm is infinite, or what is made of one, by its arms; nil where there is none.
  mutating func chosen(_ id: ValueID) throws(SymbolicError) -> TermID? {
    let operation = function[id].operation
    let operands = function.operands(id)
    guard let condition = operands.compactMap({ choices[$0]?.condition }).first else {
      let x = operands.map { operand($0) }
      guard operation == .select, table.value(x[0]) == nil, x[1] != x[2],
        infinite(x[1]) != 0 || infinite(x[2]) != 0
      else { return nil }
      return joined(id, Choice(condition: x[0], holds: x[1], fails: x[2]))
    }
    guard Self.total.contains(operation),
      operands.allSatisfy({ choices[$0] == nil || choices[$0]!.condition == condition })
    else {
      throw SymbolicError(
        "it computes with `inf` in a way that has no value: \(operation.info.name)")
    }
    func arm(_ part: KeyPath<Choice, TermID>) throws(SymbolicError) -> TermID {
      let x = operands.map { choices[$0]?[keyPath: part] ?? operand($0) }
      return operation == .broadcast ? x[0] : try elementwise(operation, x)
    }
    return joined(
      id, Choice(condition: condition, holds: try arm(\.holds), fails: try arm(\.fails)))
  }

  private mutating func joined(_ id: ValueID, _ choice: Choice) -> TermID {
    if infinite(choice.holds) != 0 || infinite(choice.fails) != 0 {
      choices[id] = choice
      return infinity
    }
    guard function.type(id).kind == .boolean else {
      return table.select(choice.condition, choice.holds, choice.fails)
    }
    return table.add(
      table.multiply(choice.condition, choice.holds),
      table.multiply(table.logicalNot(choice.condition), choice.fails))
  }

  /// An elementwise operation of terms.
  func elementwise(_ operation: Operation, _ x: [TermID]) throws(SymbolicError) -> TermID {
    x.contains { infinite($0) != 0 } ? try extended(operation, x) : table.function(operation, x)
  }

  /// The divisor of a quotient that is ∞ where that is 0: a positive number over one that is neither
  /// negative nor −0.
  func divisor(_ id: ValueID) -> TermID? {
    let instruction = function[id]
    let parts = function.operands(id).map { operand($0) }
    switch instruction.operation {
    case .reciprocal
    where zeros.isPositive[instruction.a.index] && table.isNonnegative(parts[0])
      && !table.isPositive(parts[0]):
      return parts[0]
    case .divide
    where zeros.isPositive[instruction.b.index] && table.isPositive(parts[0])
      && infinite(parts[0]) == 0
      && table.isNonnegative(parts[1]) && !table.isPositive(parts[1]):
      return parts[1]
    default: return nil
    }
  }

  /// Whether operand k may be x/0, its sign known, and a comparison with the other, which is defined,
  /// takes it for what it is.
  func isBounded(_ operation: Operation, _ operands: [ValueID], _ k: Int) -> Bool {
    let comparisons: Set<Operation> = [.minimum, .less, .lessOrEqual, .greater, .greaterOrEqual]
    return comparisons.contains(operation) && operands.allSatisfy { isSure[$0.index] }
      && divisor(operands[k]) != nil
      && divisor(operands[1 - k]) == nil && infinite(operand(operands[1 - k])) == 0
  }

  /// Whether a value is finite: where its clauses hold, each of which it is no number without.
  func isFinite(_ id: ValueID) throws(SymbolicError) -> TermID {
    guard isSure[id.index] else {
      throw SymbolicError("it asks `isfinite` of what may have become infinite before")
    }
    var result = table.one
    for (clause, condition) in defined[id.index].clauses {
      guard clause.hasText, !clause.isFolded, !clause.isAbsorbed else {
        throw SymbolicError("it asks `isfinite` of what is made of what may not be")
      }
      result = table.multiply(result, table.validity(of: clause, where: condition))
    }
    return result
  }
}
