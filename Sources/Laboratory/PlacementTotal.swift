import Basics

extension RuleDescription {
  /// What tensors come to: those on one way through the routes, or all.
  package struct Total: Sendable, Equatable {
    /// The route lines taken; empty for all tensors, and for a rule without routes.
    package var path: [String]
    package var tensors = 0
    /// Entries of the tensors.
    package var numbers = 0.0
    /// Without the `global` states, which the optimizer has once.
    package var stateBytes = 0.0
    package var bytesMoved = 0.0
    package var flops = 0.0

    /// In float32.
    package var parameterBytes: Double { numbers * 4 }

    fileprivate init(_ placements: [Placement], path: [String] = []) {
      self.path = path
      for placement in placements {
        tensors += 1
        numbers += placement.tensor.dims.reduce(1) { $0 * Double($1) }
        stateBytes += placement.stateBytes
        bytesMoved += placement.bytesMoved
        flops += placement.flops
      }
    }
  }

  /// For each way that a tensor takes, in the order of the routes.
  package var totals: [Total] {
    variants.map(\.path).filter { path in placements.contains { $0.path == path } }
      .map { path in Total(placements.filter { $0.path == path }, path: path) }
  }

  package var sum: Total { Total(placements) }
}
