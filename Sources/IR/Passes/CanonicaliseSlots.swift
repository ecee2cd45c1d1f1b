extension RuleVariant {
  /// The same variant in one fixed order: states and inputs in the order of their names, both
  /// functions canonical.
  ///
  /// Two rules whose declarations and equations only stand in another order become equal.
  package func canonical() -> RuleVariant {
    let stateOrder = Self.order(states.map(\.name))
    let inputOrder = Self.order(inputs.map(\.name))
    func numbered(_ function: Function) -> Function {
      function.renumbered(
        states: Self.places(stateOrder), inputs: Self.places(inputOrder)
      ).canonical()
    }
    return RuleVariant(
      predicate: predicate, path: path, states: stateOrder.map { states[$0] },
      inputs: inputOrder.map { inputs[$0] }, update: numbered(update), initial: numbered(initial),
      roundsStochastically: roundsStochastically)
  }

  /// Positions in the order of the names, equal names as they stand.
  private static func order(_ names: [String]) -> [Int] {
    names.indices.sorted { names[$0] == names[$1] ? $0 < $1 : names[$0] < names[$1] }
  }

  private static func places(_ order: [Int]) -> [Int] {
    var places = order
    for (place, old) in order.enumerated() { places[old] = place }
    return places
  }
}

extension Function {
  /// The function with its state and input slots at new places, in its loops too.
  fileprivate func renumbered(states: [Int], inputs: [Int]) -> Function {
    var result = self
    for i in instructions.indices {
      let slot = Int(instructions[i].attribute)
      switch instructions[i].operation {
      case .state: result.instructions[i].attribute = Int32(states[slot])
      case .input: result.instructions[i].attribute = Int32(inputs[slot])
      default: break
      }
    }
    for k in outputs.indices {
      if case .state(let slot) = outputs[k].target {
        result.outputs[k].target = .state(states[slot])
      }
    }
    for k in loops.indices {
      result.loops[k].body = loops[k].body.renumbered(states: states, inputs: inputs)
    }
    return result
  }
}
