import Diagnostics
import Syntax

/// One side of an equation: the name it defines and the expression that gives it.
package struct Definition: Sendable {
  package var name: Name
  package var isPrimed: Bool
  package var value: ExprID
  /// Which of several values this name takes (`Q, R = qr(A)`), or nil for a single one.
  package var position: Int?
  package var valueCount: Int
  /// `round stochastic` at the equation's end.
  package var rounding: Name?
  package var span: Span
}

/// `when c { … } else { … }`; `every k { … }` has a period instead of a condition.
package struct Guarded: Sendable {
  package enum Condition: Sendable {
    case when(ExprID)
    case every(ExprID)
  }
  package var condition: Condition
  package var then: Block
  package var otherwise: Block?
  package var span: Span
}

/// `repeat n { … }`: the primed names are carried from one iteration to the next.
package struct Repeated: Sendable {
  package var count: ExprID
  package var body: Block
  package var span: Span
}

/// Equations sorted by what they are; their order in the source has no meaning (but for the
/// value of a name before and after a `repeat`).
package struct Block: Sendable {
  package var definitions: [Definition] = []
  package var guards: [Guarded] = []
  package var repeats: [Repeated] = []
  package var views: [(name: Name, value: ExprID)] = []
  package var metrics: [(name: Name, value: ExprID)] = []
  /// What the loss is the sum of, where it is said.
  package var terms: [(name: Name, value: ExprID)] = []
  package var states: [Binding] = []
  package var inputs: [Binding] = []
  package var parameters: [Binding] = []
  package var results: [ExprID] = []
  package var resultSpan: Span = .none
  package var guardsFinite = false
  package var matricesOverTrailing: Span?

  package func definition(_ key: String, isPrimed: Bool) -> Definition? {
    definitions.first { $0.name.key == key && $0.isPrimed == isPrimed }
  }

  /// Whether a name has a value whatever path is taken.
  package func alwaysDefines(_ key: String) -> Bool {
    definition(key, isPrimed: false) != nil
      || guards.contains { guarded in
        guarded.then.alwaysDefines(key) && guarded.otherwise?.alwaysDefines(key) ?? false
      }
  }

  /// Every name that the block or the blocks inside it define, primed or not.
  package func allDefinitions() -> [Definition] {
    definitions
      + guards.flatMap { $0.then.allDefinitions() + ($0.otherwise?.allDefinitions() ?? []) }
      + repeats.flatMap { $0.body.allDefinitions() }
  }
}
