import Basics
import IR
import Search

extension ExpressionText<Genome.Reference> {
  /// Values of a program.
  init(_ program: Genome, _ stateNames: [String]) {
    let names: [Genome.Reference: String] = [
      .weights: "w", .gradient: "g", .rate: "lr", .step: "t", .horizon: "T",
    ]
    self.init { r in
      if let i = r.node {
        let node = program.nodes[i]
        return .operation(node.operation, (0..<node.arity).map { node[$0] })
      }
      if let k = r.state { return .leaf(stateNames[k]) }
      if let k = r.number { return .leaf(NumberText.shortest(program.numbers[k])) }
      return .leaf(names[r] ?? "?")
    }
  }
}

extension ExpressionText<ValueID> {
  /// Values of one way through a rule.
  init(_ module: RuleModule, variant: Int) {
    let (states, update) = (module.variants[variant].states, module.variants[variant].update)
    self.init { value in
      var value = value
      // Shapes are no part of what is read.
      while [.broadcast, .reshape].contains(update[value].operation) { value = update[value].a }
      let instruction = update[value]
      let k = Int(instruction.attribute)
      switch instruction.operation {
      case .constant: return .leaf(NumberText.shortest(update.constantValue(value) ?? .nan))
      case .hyper: return .leaf(module.hypers[k].name)
      case .state: return .leaf(states[k].name)
      case .parameter: return .leaf("w")
      case .gradient: return .leaf("g")
      case .step: return .leaf("t")
      case .horizon: return .leaf("T")
      default:
        let operands = update.operands(value)
        return operands.isEmpty
          ? .leaf(update.names[value] ?? instruction.operation.plainName)
          : .operation(instruction.operation, operands)
      }
    }
  }
}
