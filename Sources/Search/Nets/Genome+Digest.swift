import Basics
import IR

extension Genome {
  /// What names a program by its structure: independent of the order of writing, of the order of the operands of
  /// commutative operations and of which state is called which. Two programs with the same digest compute the same.
  package var digest: UInt64 {
    var colours = states.map { Mixing.mix($0.first.bitPattern, $0.isNumber ? 1 : 0) }
    var made = [UInt64](repeating: 0, count: nodes.count)
    func value(_ r: Reference) -> UInt64 {
      if let i = r.node { return made[i] }
      if let k = r.state { return colours[k] }
      if let k = r.number { return Mixing.mix(7, numbers[k].bitPattern) }
      return Mixing.mix(11, UInt64(r.code))
    }
    // States that are told apart at all are told apart after as many rounds as there may be states.
    for round in 0...Self.mostStates {
      for i in nodes.indices {
        let node = nodes[i]
        var operands = (value(node.a), UInt64(0), UInt64(0))
        if node.b != .none { operands.1 = value(node.b) }
        if node.c != .none { operands.2 = value(node.c) }
        if node.operation.traits.isCommutative, operands.0 > operands.1 {
          swap(&operands.0, &operands.1)
        }
        made[i] = Mixing.mix(
          Mixing.mix(Mixing.mix(UInt64(node.operation.rawValue), operands.0), operands.1),
          operands.2)
      }
      guard round < Self.mostStates else { break }
      colours = states.indices.map { Mixing.mix(colours[$0], value(states[$0].next)) }
    }
    return value(weights)
  }
}
