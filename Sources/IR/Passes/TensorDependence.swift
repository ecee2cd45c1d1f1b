extension Function {
  /// Whether a value may differ from tensor to tensor; `states` are those of its rule.
  package func dependsOnTensor(_ value: ValueID, states: [StateSlot]) -> Bool {
    reaches(value) { value -> Bool? in
      let instruction = self[value]
      let k = Int(instruction.attribute)
      switch instruction.operation {
      case .constant, .hyper, .free, .step, .horizon, .loss, .globalSum, .globalMaximum,
        .globalMinimum, .lossAt:
        return false
      case .extent where isOfHost(instruction): return false
      case .state: return !states[k].isGlobal
      case .input: return !instruction.type.shape.isScalar
      case .draw where draws[k].isGlobal: return false
      case let operation: return operation.isSource ? true : nil
      }
    }
  }

  /// Lengths that the host decides for all tensors.
  private func isOfHost(_ instruction: Instruction) -> Bool {
    switch ExtentKind(rawValue: instruction.attribute) {
    case .batch, .groups, .workers: true
    default: false
    }
  }
}
