import Diagnostics

/// The function of an objective cut in two by what its values are made of. Whoever evaluates it many times works out the
/// first part once, or once a step.
package struct FunctionCut: Sendable {
  /// Outputs `.gradient(k)`: what the other part reads, in the order of its inputs.
  package let early: Function
  /// The outputs of the whole. After the inputs of the whole it has the outputs of `early`.
  package let late: Function
  /// Elements of the outputs of `early`.
  package let counts: [Int]
  /// Whether each is one number, which is kept as it is computed.
  package let isNumber: [Bool]
}

extension Function {
  /// What a value is made of: constants alone, the step and its draws too, or parameters and data.
  package enum Stage: Int, Comparable {
    case constants, step, whole
    package static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
  }

  /// Cuts a function of known shapes, which has so many inputs: what is of this stage becomes the first part, and what is of
  /// earlier ones is made in both. Nil where that hands nothing on. `followsOccasion` says by hyperparameter whether it is
  /// another number in other evaluations.
  package func cut(
    after level: Stage, inputs: Int, followsOccasion: [Bool]
  ) throws(DiagnosticError) -> FunctionCut? {
    let stages = stages(followsOccasion)
    let live = liveValues()
    let isMadeAnew = madeAnew(stages, level)
    var isRead = [Bool](repeating: false, count: instructions.count)
    var isSeen = isRead
    func read(_ value: ValueID) {
      let i = value.index
      if stages[i] != level || isSeen[i] { return }
      isSeen[i] = true
      if isMadeAnew[i] {
        for operand in operands(value) { read(operand) }
      } else {
        isRead[i] = true
      }
    }
    for i in instructions.indices where live[i] && stages[i] > level {
      for operand in operands(ValueID(i)) { read(operand) }
    }
    for output in outputs { read(output.value) }
    let handed = instructions.indices.filter { isRead[$0] }.map { ValueID($0) }
    if handed.isEmpty { return nil }
    return FunctionCut(
      early: try part(handed.enumerated().map { Output(.gradient($0), $1) }, reading: []),
      late: try part(outputs, reading: handed, from: inputs),
      counts: handed.map { type($0).shape.elementCount },
      isNumber: handed.map { type($0).shape.isScalar })
  }

  private func stages(_ followsOccasion: [Bool]) -> [Stage] {
    var stages = [Stage](repeating: .constants, count: instructions.count)
    for i in instructions.indices {
      var stage = Stage.constants
      switch instructions[i].operation {
      case .constant, .iota, .identity, .extent: break
      case .hyper:
        stage = followsOccasion[Int(instructions[i].attribute)] ? .step : .constants
      case .step, .horizon, .draw: stage = .step
      case let operation where operation.isSource: stage = .whole
      // In an arm that no step takes it is not to fail.
      case let operation where operation.mayFail: stage = .step
      default: break
      }
      for operand in operands(ValueID(i)) { stage = max(stage, stages[operand.index]) }
      stages[i] = stage
    }
    return stages
  }

  /// By value, whether it is cheaper to make than to hand on, or cannot be handed on: numbers, what repeats one, truths, and
  /// what a cheap operation makes of far fewer numbers, as the gradient of a choice among classes, mostly zeros, is made of
  /// the choices.
  private func madeAnew(_ stages: [Stage], _ level: Stage) -> [Bool] {
    var isMadeAnew = [Bool](repeating: false, count: instructions.count)
    // Elements that would have to be handed on instead: what an earlier stage makes is there.
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
          stages[i] == level && isPlain
            ? 4 * needed <= count : !isPlain && instruction.operation.isElementwise
        default:
          instruction.operation.isSource || instruction.type.kind != .real
            || instruction.type.shape.isScalar && instruction.operation.isElementwise
        }
      let isCounted = instruction.operation == .iota || instruction.operation == .identity
      needs[i] = stages[i] < level ? 0 : isMadeAnew[i] && !isCounted ? needed : count
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

extension Operation {
  /// Whether some operands have no value: an index outside, a matrix that is singular, a share beyond 1, a loop
  /// without end.
  fileprivate var mayFail: Bool {
    switch operationClass {
    case .movement(.gather), .movement(.scatterAdd), .movement(.takeAlong), .movement(.placeAlong),
      .selection, .oracle, .region:
      true
    case .matrix(let matrix): matrix.isDecomposition
    case .source, .elementwise, .reduction, .globalReduction, .rowwise, .movement: false
    }
  }
}
