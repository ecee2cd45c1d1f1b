import Diagnostics

/// The function of an objective cut by what its values are made of: those of constants alone, those of the step and its
/// draws, and the rest, which needs parameters or data. Whoever evaluates it at many parameters in the same steps works
/// out the first once, the second once a step.
package struct StagedFunction: Sendable {
  /// Outputs `.gradient(k)`: what later stages read, in the order of their inputs.
  package let once: Function
  /// The same for a step. Its inputs from `firstInput` on are the outputs of `once`.
  package let step: Function
  /// The outputs of the whole. Its inputs from `firstInput` on are the outputs of `once`, then those of `step`.
  package let whole: Function
  /// Elements of the outputs of `once` and of `step`.
  package let onceCounts: [Int]
  package let stepCounts: [Int]
}

extension Function {
  private enum Stage: Int, Comparable {
    case once, step, whole
    static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
  }

  /// Cuts a function of known shapes, whose own inputs are those below `firstInput`. Nil where all of it needs the
  /// parameters. `hypersFollowStep`: hyperparameters are other numbers in other steps.
  package func staged(
    firstInput: Int, hypersFollowStep: Bool
  ) throws(DiagnosticError) -> StagedFunction? {
    let stages = stages(hypersFollowStep)
    let live = liveValues()
    let isMadeAnew = madeAnew(stages)
    // By stage that reads it, what an earlier one hands on.
    var isRead: [Stage: [Bool]] = [:]
    for reader in [Stage.step, .whole] {
      var found = [Bool](repeating: false, count: instructions.count)
      var isSeen = found
      func read(_ value: ValueID) {
        let i = value.index
        if stages[i] >= reader || isSeen[i] { return }
        isSeen[i] = true
        if isMadeAnew[i] {
          for operand in operands(value) { read(operand) }
        } else {
          found[i] = true
        }
      }
      for i in instructions.indices where live[i] && stages[i] == reader {
        for operand in operands(ValueID(i)) { read(operand) }
      }
      if reader == .whole { for output in outputs { read(output.value) } }
      isRead[reader] = found
    }
    let handed = { (stage: Stage) -> [ValueID] in
      instructions.indices.filter { i in
        stages[i] == stage && (isRead[.step]![i] || isRead[.whole]![i])
      }.map { ValueID($0) }
    }
    let (once, step) = (handed(.once), handed(.step))
    if once.isEmpty && step.isEmpty { return nil }
    return StagedFunction(
      once: try part(once.enumerated().map { Output(.gradient($0), $1) }, reading: []),
      step: try part(
        step.enumerated().map { Output(.gradient($0), $1) }, reading: once, from: firstInput),
      whole: try part(outputs, reading: once + step, from: firstInput),
      onceCounts: once.map { type($0).shape.elementCount },
      stepCounts: step.map { type($0).shape.elementCount })
  }

  private func stages(_ hypersFollowStep: Bool) -> [Stage] {
    var stages = [Stage](repeating: .once, count: instructions.count)
    for i in instructions.indices {
      var stage = Stage.once
      switch instructions[i].operation {
      case .constant, .iota, .identity, .extent: break
      case .hyper: stage = hypersFollowStep ? .step : .once
      case .step, .horizon, .draw: stage = .step
      case _ where instructions[i].operation.isSource: stage = .whole
      default: break
      }
      for operand in operands(ValueID(i)) { stage = max(stage, stages[operand.index]) }
      stages[i] = stage
    }
    return stages
  }

  /// By value, whether it is cheaper to make than to hand on, or cannot be handed on: numbers, what repeats one, truths, and
  /// what a cheap operation makes each step of far fewer numbers, as the gradient of a choice among classes, mostly zeros, is
  /// made of the choices.
  private func madeAnew(_ stages: [Stage]) -> [Bool] {
    var isMadeAnew = [Bool](repeating: false, count: instructions.count)
    // Elements that would have to be handed on each step instead: what is made once is there.
    var needs = [Int](repeating: 0, count: instructions.count)
    for i in instructions.indices {
      let instruction = instructions[i]
      let count = instruction.type.shape.elementCount
      let needed = operands(ValueID(i)).reduce(0) { $0 + needs[$1.index] }
      let isPlain = instruction.type.kind == .real && !instruction.type.shape.isScalar
      isMadeAnew[i] =
        switch instruction.operation {
        case .draw: false
        case .broadcast: true
        case .placeAlong, .placeSlice, .add, .subtract, .multiply, .negate, .select:
          stages[i] == .step && isPlain
            ? 4 * needed <= count : !isPlain && instruction.operation.isElementwise
        default:
          instruction.operation.isSource || instruction.type.kind != .real
            || instruction.type.shape.isScalar && instruction.operation.isElementwise
        }
      needs[i] = stages[i] == .once ? 0 : isMadeAnew[i] ? needed : count
    }
    return isMadeAnew
  }

  /// A function of some values that reads others as inputs from number `first` on.
  private func part(
    _ outputs: [Output], reading inputs: [ValueID], from first: Int = 0
  ) throws(DiagnosticError) -> Function {
    var builder = FunctionBuilder(name: name)
    var map = [ValueID](repeating: .none, count: instructions.count)
    for (k, value) in inputs.enumerated() {
      map[value.index] = builder.source(.input, type(value), attribute: Int32(first + k))
    }
    for output in outputs {
      builder.output(output.target, try builder.copy(tree: output.value, of: self, &map))
    }
    return builder.finish()
  }
}
