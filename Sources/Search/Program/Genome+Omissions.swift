extension Genome {
  /// A program with one thing left out of it: everything that read `left` reads `by`.
  package struct Omission: Sendable {
    /// An operation or a state.
    package let left: Reference
    package let by: Reference
    /// With what is dead now still in it.
    package let result: Genome
  }

  /// The program without each of its operations, whose operands stand in its place, and without each of its states, for
  /// which the gradient stands.
  package func omissions() -> [Omission] {
    var found: [Omission] = []
    for i in nodes.indices {
      for k in 0..<nodes[i].arity where isTruth(nodes[i][k]) == isTruth(.node(i)) {
        var result = self
        result.replace(.node(i), by: nodes[i][k])
        found.append(Omission(left: .node(i), by: nodes[i][k], result: result))
      }
    }
    for k in states.indices {
      var result = self
      result.replace(.state(k), by: .gradient)
      result.states[k].next = .gradient
      found.append(Omission(left: .state(k), by: .gradient, result: result))
    }
    return found
  }
}
