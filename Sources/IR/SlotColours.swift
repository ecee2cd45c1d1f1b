/// What hyperparameters, states and inputs are known by when programs are hashed: numbers that do not
/// depend on the order of declarations, nor on how this package numbers its operations.
struct SlotColours {
  var hypers: [UInt64]
  var states: [UInt64]
  var inputs: [UInt64]
  /// Whether draws are told apart by their sites and names, not by their uses.
  var knowsDrawsBySite: Bool
  /// The numbers of the operations by their names.
  let operations: [UInt64]

  /// Another `salt` gives other numbers throughout.
  init(
    salt: UInt64, hypers: [UInt64], states: [UInt64], inputs: [UInt64],
    knowsDrawsBySite: Bool = false
  ) {
    self.hypers = hypers
    self.states = states
    self.inputs = inputs
    self.knowsDrawsBySite = knowsDrawsBySite
    operations = Self.names.map { StructuralHash.mix(salt, $0) }
  }

  private static let names = Operation.allCases.map { text("\($0)") }

  static func text(_ name: String) -> UInt64 {
    name.utf8.reduce(29) { StructuralHash.mix($0, UInt64($1)) }
  }
}
