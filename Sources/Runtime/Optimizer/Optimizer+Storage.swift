import Diagnostics
import IR

/// How the states of a bound rule are stored.
extension Optimizer {
  /// The format of state `k` of a variant. Throws R0504 for a block of no length.
  func format(
    _ slot: StateSlot, _ k: Int, signed: Bool, isOne: Bool
  ) throws(DiagnosticError) -> SlotFormat {
    // Checked when the rule was lowered.
    if isOne { return .float64 }
    guard
      var format = SlotFormat(
        slot.storage, compute: elementType.compute, isSigned: signed,
        hypers: (0..<hypers.hypers.count).map { hypers.values[$0] })
    else {
      throw DiagnosticError(
        Diagnostic(
          .badDomain,
          "the block of `\(slot.name)` is \(slot.storage.block!), which must be a whole number "
            + "from 1 to \(BlockLength.limit)", at: slot.origin))
    }
    if slot.roundsStochastically, format.element != elementType.compute.kernelElement,
      format.width <= 2
    {
      format.site = RoundingSite.state(k)
    }
    return format
  }

  /// Throws R0801 where no stretch of a tensor holds whole blocks of all its states.
  func checkBlocks(_ variant: RuleVariant, _ memory: TensorMemory) throws(DiagnosticError) {
    var unit = 1
    for (slot, state) in zip(variant.states, memory.states) {
      unit = SlotFormat.leastMultiple(unit, state.format.alignment)
      if unit > BlockLength.limit {
        throw DiagnosticError(
          Diagnostic(
            .unsupportedStorage,
            "the blocks of the states have no common multiple up to \(BlockLength.limit)",
            at: slot.origin, notes: [Note("choose powers of two")]))
      }
    }
  }

  /// The kind of storage of each state of a tensor, in words: of eight bits, which map.
  package func stateStorage(_ name: String, of tensor: Int) -> String? {
    tensors[tensor].memory.states.first { $0.name == name }?.format.name
  }
}
