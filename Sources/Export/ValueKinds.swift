import IR

/// Where a value lives in an exported file.
enum ValueKind: Int, Comparable {
  /// A number of the host language, known without looking at a tensor.
  case host
  /// One number that is computed from tensors.
  case scalar
  case tensor

  static func < (x: ValueKind, y: ValueKind) -> Bool { x.rawValue < y.rawValue }
}

extension Function {
  /// The kind of every value. `arguments` are those of a loop's body; with `tracesHypers`,
  /// hyperparameters and the step are no numbers of the host but traced, except those that are `known`.
  func kinds(
    arguments: [ValueKind] = [], tracesHypers: Bool, except known: Set<Int> = []
  ) -> [ValueKind] {
    var kinds: [ValueKind] = []
    for i in instructions.indices {
      let instruction = instructions[i]
      let operands = self.operands(ValueID(i))
      let inner = operands.map { kinds[$0.index] }.max() ?? .host
      let kind: ValueKind
      switch instruction.operation {
      case .extent: kind = .host
      case _ where !instruction.type.shape.isScalar: kind = .tensor
      case .constant, .free: kind = .host
      case .hyper where known.contains(Int(instruction.attribute)): kind = .host
      case .hyper, .step, .horizon: kind = tracesHypers ? .scalar : .host
      case .argument: kind = arguments[Int(instruction.attribute)]
      case let operation where operation.isSource: kind = .scalar
      case let operation where operation.isElementwise: kind = inner == .host ? .host : .scalar
      // Counts of elements add up to a number of the host.
      case .globalSum, .globalMaximum, .globalMinimum: kind = inner
      case .loop: kind = loopKind(instruction, kinds)
      case .project:
        let whole = self[instruction.a]
        kind = whole.operation == .loop ? min(.scalar, kinds[instruction.a.index]) : .scalar
      default: kind = .scalar
      }
      kinds.append(kind)
    }
    return kinds
  }

  /// What a loop carries is of the host where all that goes in is.
  private func loopKind(_ instruction: Instruction, _ kinds: [ValueKind]) -> ValueKind {
    let loop = loops[Int(instruction.attribute)]
    let isOfHost = (loop.initial + loop.captured).allSatisfy { kinds[$0.index] == .host }
    return isOfHost ? .host : .scalar
  }

  /// The kinds of a loop body's arguments.
  func argumentKinds(_ loop: Loop, _ kinds: [ValueKind]) -> [ValueKind] {
    let isOfHost = (loop.initial + loop.captured).allSatisfy { kinds[$0.index] == .host }
    let carried = loop.initial.map { value -> ValueKind in
      if !type(value).shape.isScalar { return .tensor }
      return isOfHost ? .host : .scalar
    }
    return carried + loop.captured.map { kinds[$0.index] }
  }
}
