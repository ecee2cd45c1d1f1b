import IR

/// Where values are defined, and where they lie, by the instructions that make them.
extension Importer {
  /// Where the value of an operation lies by where its operands lie.
  func range(_ id: ValueID) -> Interval {
    let instruction = function[id]
    let operands = function.operands(id)
    func own(_ k: Int) -> Interval { ranges[operands[k].index] }
    switch instruction.operation {
    case .add: return own(0) + own(1)
    case .subtract: return own(0) + -own(1)
    case .multiply: return operands[0] == operands[1] ? own(0).power(2) : own(0) * own(1)
    case .power:
      let exponent = table.value(operand(operands[1]))?.word ?? 0
      return exponent > 0 ? own(0).power(exponent) : .all
    case .maximum: return own(0).maximum(own(1))
    case .minimum: return -(-own(0)).maximum(-own(1))
    case .select: return own(1).hull(own(2))
    case .divide where own(1).isNonnegative: return own(0) * own(1).positivePart.reciprocal
    case .sum, .globalSum: return own(0).isNonnegative ? .nonnegative : .all
    case .broadcast, .reshape, .transpose, .maximumOf, .minimumOf: return own(0)
    default: return .all
    }
  }

  /// Where an instruction's value is a number.
  func definedness(_ id: ValueID, _ value: TermID) -> Definedness {
    let instruction = function[id]
    let operands = function.operands(id)
    func own(_ k: Int) -> Definedness { defined[operands[k].index] }
    var result = Definedness()
    switch instruction.operation {
    case .isFinite: return result
    case .hyper where !context.hypersDefined.isEmpty:
      return context.hypersDefined[Int(instruction.attribute)]
    case .argument where !argumentsDefined.isEmpty:
      return argumentsDefined[Int(instruction.attribute)]
    case .project where unrolledDefined[instruction.a] != nil:
      result = unrolledDefined[instruction.a]![Int(instruction.attribute)]
      result.formUnion(own(0), table)
      return result
    case .select:
      let condition = operand(operands[0])
      result = own(0).absorbed(table)
      result.formUnion(own(1).guarded(by: condition, table), table)
      result.formUnion(own(2).guarded(by: table.logicalNot(condition), table), table)
      return result
    case .logicalAnd, .logicalOr:
      // The second operand counts where the first does not decide, and the other way round.
      for (k, other) in [(0, 1), (1, 0)] {
        let decides = operand(operands[other])
        let guarding = instruction.operation == .logicalAnd ? decides : table.logicalNot(decides)
        result.formUnion(
          (own(other).isEverywhere ? own(k).guarded(by: guarding, table) : own(k))
            .absorbed(table), table)
      }
      return result
    default: break
    }
    for k in operands.indices {
      if isBounded(instruction.operation, operands, k) {
        // A quotient by 0 that is the larger side of a comparison decides it.
        for part in function.operands(operands[k]) {
          result.formUnion(defined[part.index], table)
        }
      } else {
        result.formUnion(
          absorbs(instruction.operation, k)
            ? own(k).absorbed(table, keepsNaN: keepsNaN(instruction.operation)) : own(k), table)
      }
    }
    if !instruction.operation.isElementwise, instruction.operation != .project,
      !result.isEverywhere
    {
      result = result.folded(table)
    }
    if [.solve, .cholesky].contains(instruction.operation) {
      result.insert(Clause(kind: .application, term: value), where: table.one, table)
    } else if instruction.operation.isElementwise,
      !operands.contains(where: { infinite(operand($0)) != 0 })
    {
      var asked = Definedness()
      table.require(
        instruction.operation, operands.map { operand($0) }, where: table.one,
        ranges: operands.map { ranges[$0.index] }, &asked)
      // Of a negative number a power is one where its exponent is whole.
      let isSure = instruction.operation != .power || table.value(operand(instruction.b)) != nil
      result.formUnion(isSure ? asked : asked.absorbed(table), table)
    }
    return result
  }

  /// Whether an operation may give a number for an operand that is infinite or NaN.
  private func absorbs(_ operation: Operation, _ k: Int) -> Bool {
    switch operation {
    case .divide: return k == 1
    case .negate, .absolute, .squareRoot, .cubeRoot, .logarithm, .log1p, .log2, .log10, .sinh,
      .cosh,
      .arcsinh, .arccosh, .sine, .cosine, .tangent, .arcsine, .arccosine, .arctanh, .floor,
      .ceiling, .round, .bfloat16, .float16, .add, .subtract, .multiply, .modulo, .sum, .globalSum,
      .matrixProduct, .transpose, .reshape, .broadcast, .project:
      return false
    default: return true
    }
  }

  /// Whether what absorbs the infinite is NaN where an operand is.
  private func keepsNaN(_ operation: Operation) -> Bool {
    switch operation {
    case .divide, .reciprocal, .exponential, .expm1, .exp2, .tanh, .arctangent, .arctangent2,
      .errorFunction, .sign, .minimum, .maximum, .clip, .maximumOf, .minimumOf, .globalMaximum,
      .globalMinimum:
      true
    default: false
    }
  }

  /// Whether a loop gives no number for what is none: it carries one value, which is made of all that it is
  /// given, by operations that absorb nothing.
  private func readsAll(_ loop: Loop) -> Bool {
    let live = loop.body.liveValues()
    var read: Set<Int32> = []
    for (i, instruction) in loop.body.instructions.enumerated() {
      if instruction.operation == .argument, live[i] { read.insert(instruction.attribute) }
      if loop.body.operands(ValueID(i)).indices.contains(where: {
        absorbs(instruction.operation, $0)
      }) {
        return false
      }
    }
    return loop.initial.count == 1 && read.count == 1 + loop.captured.count
  }

  /// Where a loop is defined: what its body asks of the same numbers in each iteration, and the loop
  /// itself where that changes.
  func definedness(
    of instruction: Instruction, _ loop: TermID, _ body: Definedness
  ) -> Definedness {
    let own = function.loops[Int(instruction.attribute)]
    let count = operand(instruction.a)
    let runs = table.positive(count)
    var result = Definedness()
    for value in own.initial { result.formUnion(defined[value.index], table) }
    for value in own.captured {
      result.formUnion(defined[value.index].guarded(by: runs, table), table)
    }
    var changing: [TermID] = []
    for (clause, condition) in body.clauses {
      let parts = [clause.term, condition] + (clause.under.map { [$0] } ?? [])
      if parts.contains(where: { table.isCarried($0) }) || !clause.hasText {
        changing.append(table.validity(of: clause, where: condition))
        if let under = clause.under { changing.append(under) }
      } else {
        result.insert(clause, where: table.logicalAnd(condition, runs), table)
      }
    }
    if !readsAll(own) { result = result.absorbed(table) }
    result.formUnion(defined[instruction.a.index], table)
    if !changing.isEmpty {
      let application = table.opaque(
        .project, [loop] + changing.sorted { $0.raw < $1.raw }, Detail("defined", spread: []))
      result.insert(Clause(kind: .application, term: application), where: table.one, table)
    }
    return result.folded(table)
  }
}
