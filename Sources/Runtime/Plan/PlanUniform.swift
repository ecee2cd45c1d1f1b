import CKernels

extension Plan {
  /// Takes what depends on hyperparameters, t, T and the loss alone out of the steps and puts it in
  /// front of the scalar program: it is computed once a step for all tensors that have the same.
  mutating func separateUniform() {
    var isUniform = [Bool](repeating: false, count: registerCount)
    var writers = [Int](repeating: 0, count: registerCount)
    for (register, preset) in presets {
      writers[Int(register)] += 1
      isUniform[Int(register)] = preset.isUniform
    }
    for operation in scalarProgram { writers[Int(operation.d)] += 1 }
    var uniform: [rv_scalar] = []
    var rest: [rv_scalar] = []
    var kept: [PlanStep] = []
    var starts = phaseStarts
    for (position, step) in steps.enumerated() {
      for phase in phaseStarts.indices where phaseStarts[phase] == position {
        starts[phase] = kept.count
      }
      guard case .scalars(let range) = step.work else {
        kept.append(step)
        continue
      }
      let first = rest.count
      for operation in scalarProgram[range] {
        let d = Int(operation.d)
        if writers[d] == 1, operation.operands.allSatisfy({ isUniform[Int($0)] }),
          operation.isOfRegisters
        {
          uniform.append(operation)
          isUniform[d] = true
        } else {
          rest.append(operation)
        }
      }
      if rest.count > first { kept.append(PlanStep(.scalars(first..<rest.count))) }
    }
    for phase in phaseStarts.indices where phaseStarts[phase] == steps.count {
      starts[phase] = kept.count
    }
    for k in kept.indices {
      guard case .scalars(let range) = kept[k].work else { continue }
      kept[k].work = .scalars(range.lowerBound + uniform.count..<range.upperBound + uniform.count)
    }
    uniformCount = uniform.count
    scalarProgram = uniform + rest
    steps = kept
    phaseStarts = starts
  }

  /// What two plans must share for the one to take the uniform numbers of the other.
  struct UniformKey: Hashable {
    var operations: [[Int32]]
    var registers: [Int32]
    var presets: [ScalarPreset]
    var registerCount: Int
  }

  var uniformKey: UniformKey {
    UniformKey(
      operations: scalarProgram[..<uniformCount].map { [Int32($0.op), $0.d, $0.a, $0.b, $0.c] },
      registers: presets.map(\.register), presets: presets.map(\.preset),
      registerCount: registerCount)
  }
}

extension ScalarPreset {
  /// The same for all tensors of an optimizer.
  var isUniform: Bool {
    switch self {
    case .constant, .hyper, .step, .horizon, .loss: true
    case .state, .input, .argument: false
    }
  }
}

extension rv_scalar {
  /// A function of registers: no draw, nothing from a tensor.
  fileprivate var isOfRegisters: Bool { op < UInt16(RV_OP_COUNT.rawValue) }

  /// The registers that it reads.
  fileprivate var operands: [Int32] {
    switch UInt32(op) {
    case RV_COPY.rawValue...RV_LOGICAL_NOT.rawValue: [a]
    case RV_ADD.rawValue...RV_LOGICAL_OR.rawValue: [a, b]
    default: [a, b, c]
    }
  }
}
