import Diagnostics
import IR

/// In which rounds the tensors of a step meet: reductions over all of them, each after those that it
/// needs.
struct TensorMeetings {
  /// The reductions of each round.
  private(set) var rounds: [[ValueID]] = []
  /// What is the same for all tensors and is computed once: named before the last round.
  private(set) var shared: Set<ValueID> = []

  init(_ variant: RuleVariant) {
    let function = variant.update
    let live = function.liveValues()
    var level: [ValueID: Int] = [:]
    for i in function.instructions.indices where live[i] {
      let id = ValueID(i)
      guard function[id].operation.isGlobalReduction else { continue }
      let before = function.values(under: function[id].a).compactMap { level[$0] }.max() ?? -1
      level[id] = before + 1
      if rounds.count <= before + 1 { rounds.append([]) }
      rounds[before + 1].append(id)
    }
    for i in function.instructions.indices where live[i] {
      let id = ValueID(i)
      let operation = function[id].operation
      let isMade = !operation.isSource || operation == .draw
      guard isMade, operation != .broadcast, operation != .loop, operation != .project,
        !function.dependsOnTensor(id, states: variant.states)
      else { continue }
      shared.insert(id)
    }
  }

  /// The shared values that something of a tensor, or a store, reads: those that are made of what the
  /// whole optimizer has. What hyperparameters alone make stays where it is read.
  func border(_ variant: RuleVariant) -> [ValueID] {
    let function = variant.update
    let live = function.liveValues()
    var found: Set<ValueID> = []
    for i in function.instructions.indices where live[i] && !shared.contains(ValueID(i)) {
      for operand in function.printedOperands(ValueID(i)) where shared.contains(operand) {
        found.insert(operand)
      }
    }
    for output in function.outputs where shared.contains(output.value) {
      found.insert(output.value)
    }
    return found.filter { value in
      function.values(under: value).contains { part in
        switch function[part].operation {
        case .state, .draw, .loss, .input: true
        case let operation: operation.isGlobalReduction
        }
      }
    }.sorted { $0.raw < $1.raw }
  }
}
