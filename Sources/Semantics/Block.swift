import Diagnostics
import Syntax

/// One side of an equation: the name it defines and the expression that gives it.
public struct Definition: Sendable {
  public var name: Name
  public var isPrimed: Bool
  public var value: ExprID
  /// Which of several values this name takes (`Q, R = qr(A)`), or nil for a single one.
  public var position: Int?
  public var valueCount: Int
  /// `round stochastic` at the equation's end.
  public var rounding: Name?
  public var span: Span
}

/// `when c { … } else { … }`; `every k { … }` has a period instead of a condition.
public struct Guarded: Sendable {
  public enum Condition: Sendable {
    case when(ExprID)
    case every(ExprID)
  }
  public var condition: Condition
  public var then: Block
  public var otherwise: Block?
  public var span: Span
}

/// `repeat n { … }`: the primed names are carried from one iteration to the next.
public struct Repeated: Sendable {
  public var count: ExprID
  public var body: Block
  public var span: Span
}

/// Equations sorted by what they are; their order in the source has no meaning (but for the
/// value of a name before and after a `repeat`).
public struct Block: Sendable {
  public var definitions: [Definition] = []
  public var guards: [Guarded] = []
  public var repeats: [Repeated] = []
  public var views: [(name: Name, value: ExprID)] = []
  public var metrics: [(name: Name, value: ExprID)] = []
  public var states: [Binding] = []
  public var inputs: [Binding] = []
  public var parameters: [Binding] = []
  public var results: [ExprID] = []
  public var resultSpan: Span = .none
  public var guardsFinite = false
  public var matricesOverTrailing: Span?

  public func definition(_ key: String, isPrimed: Bool) -> Definition? {
    definitions.first { $0.name.key == key && $0.isPrimed == isPrimed }
  }

  /// Whether a name has a value whatever path is taken.
  public func alwaysDefines(_ key: String) -> Bool {
    definition(key, isPrimed: false) != nil
      || guards.contains { guarded in
        guarded.then.alwaysDefines(key) && guarded.otherwise?.alwaysDefines(key) ?? false
      }
  }

  /// Every name that the block or the blocks inside it define, primed or not.
  public func allDefinitions() -> [Definition] {
    definitions
      + guards.flatMap { $0.then.allDefinitions() + ($0.otherwise?.allDefinitions() ?? []) }
      + repeats.flatMap { $0.body.allDefinitions() }
  }
}
