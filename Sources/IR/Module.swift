import Diagnostics

/// The numbers a hyperparameter may take.
public struct Domain: Hashable, Sendable, CustomStringConvertible {
  public var low: Double
  public var high: Double
  public var includesLow: Bool
  public var includesHigh: Bool
  public init(low: Double, high: Double, includesLow: Bool, includesHigh: Bool) {
    self.low = low
    self.high = high
    self.includesLow = includesLow
    self.includesHigh = includesHigh
  }

  public func contains(_ x: Double) -> Bool {
    (x > low || (includesLow && x == low)) && (x < high || (includesHigh && x == high))
  }

  public var description: String {
    "\(includesLow ? "[" : "(")\(number(low)), \(number(high))\(includesHigh ? "]" : ")")"
  }

  private func number(_ x: Double) -> String {
    x == .infinity
      ? "inf" : x == -.infinity ? "-inf" : x == x.rounded() && abs(x) < 1e15 ? "\(Int(x))" : "\(x)"
  }
}

/// A run-time input of a rule. Changing one never recompiles anything.
public struct Hyperparameter: Hashable, Sendable {
  /// As written; those of a rule inside a rule are `base.lr`.
  public var name: String
  /// The canonical spelling (`beta1`).
  public var key: String
  public var domain: Domain?
  /// Changing it changes shapes or iteration counts: fixed at bind time.
  public var isStructural: Bool
  public var origin: Span
  /// Where its value is written: an argument of the user, or the default.
  public var argument: Span
  public init(
    name: String, key: String, domain: Domain?, isStructural: Bool, origin: Span,
    argument: Span? = nil
  ) {
    self.name = name
    self.key = key
    self.domain = domain
    self.isStructural = isStructural
    self.origin = origin
    self.argument = argument ?? origin
  }
}

/// A named state of a rule.
public struct StateSlot: Hashable, Sendable {
  /// As written; those of a rule inside a rule are `base.m`.
  public var name: String
  public var shape: Shape
  /// One for the whole optimizer, not one a tensor.
  public var isGlobal: Bool
  public var storage: Storage
  public var roundsStochastically: Bool
  public var origin: Span
  public init(
    name: String, shape: Shape, isGlobal: Bool, storage: Storage, roundsStochastically: Bool,
    origin: Span
  ) {
    self.name = name
    self.shape = shape
    self.isGlobal = isGlobal
    self.storage = storage
    self.roundsStochastically = roundsStochastically
    self.origin = origin
  }
}

/// A value that the host gives at each step besides w and g.
public struct InputSlot: Hashable, Sendable {
  public var name: String
  public var shape: Shape
  /// One for all tensors (scalars given per step).
  public var origin: Span
  public init(name: String, shape: Shape, origin: Span) {
    self.name = name
    self.shape = shape
    self.origin = origin
  }
}

/// A condition on a parameter tensor, decided at bind time.
public indirect enum TensorPredicate: Hashable, Sendable {
  public enum Comparison: Hashable, Sendable {
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
  }
  public enum Quantity: Hashable, Sendable {
    case number(Double), rank, rows, cols, numel
    indirect case arithmetic(Operation, Quantity, Quantity)
  }
  case always
  case compare(Comparison, Quantity, Quantity)
  /// The name contains a match of the pattern (alternatives, classes, `.`, `*`, `+`, `?`, `^`, `$`).
  case nameMatches(String)
  case nameEquals(String)
  case and(TensorPredicate, TensorPredicate)
  case or(TensorPredicate, TensorPredicate)
  case not(TensorPredicate)
}

/// One way through the routes of a rule: what happens to the tensors that `predicate` selects.
public struct RuleVariant: Sendable {
  /// Decides by rank, extents and name of the tensor.
  public var predicate: TensorPredicate
  /// The route lines taken, as written: `rank == 2 → Muon`. Empty without routes.
  public var path: [String]
  public var states: [StateSlot]
  public var inputs: [InputSlot]
  /// One step: outputs `.parameter(0)` (w'), every `.state(k)` that changes, views.
  public var update: Function
  /// The states at the start: outputs `.state(k)` for every state; may read w, hypers and draws.
  public var initial: Function
  /// `w' = … round stochastic`: matters where parameters are stored in fewer digits than w' has.
  public var roundsStochastically: Bool

  public init(
    predicate: TensorPredicate, path: [String], states: [StateSlot], inputs: [InputSlot],
    update: Function, initial: Function, roundsStochastically: Bool = false
  ) {
    self.roundsStochastically = roundsStochastically
    self.predicate = predicate
    self.path = path
    self.states = states
    self.inputs = inputs
    self.update = update
    self.initial = initial
  }
}

/// A rule, checked and lowered, for parameters of any shape.
public struct RuleModule: Sendable {
  public var name: String
  public var documentation: [String]
  public var hypers: [Hyperparameter]
  /// The default of every hyperparameter: outputs `.hyper(k)`, an expression of t, T and the others.
  public var defaults: Function
  /// Exactly one variant takes each tensor; several only where there are routes.
  public var variants: [RuleVariant]
  /// Names of the reductions over all tensors, shared by the variants
  /// (`attribute` of the global operations).
  public var globalSites: [String]
  /// `guard finite`: a step with a gradient that is not finite does nothing and is counted.
  public var guardsFinite: Bool
  public var origin: Span

  public init(
    name: String, documentation: [String], hypers: [Hyperparameter], defaults: Function,
    variants: [RuleVariant], globalSites: [String], guardsFinite: Bool, origin: Span
  ) {
    self.name = name
    self.documentation = documentation
    self.hypers = hypers
    self.defaults = defaults
    self.variants = variants
    self.globalSites = globalSites
    self.guardsFinite = guardsFinite
    self.origin = origin
  }
}

/// A rule with its arguments, as in `Lion(lr = cosine(1e-3))`.
public struct RuleInstance: Sendable {
  public var module: RuleModule
  /// Outputs `.hyper(k)` for every hyperparameter, from t and T alone. Scalars only.
  public var arguments: Function
  /// As written, for tables and plots.
  public var label: String
  public init(module: RuleModule, arguments: Function, label: String) {
    self.module = module
    self.arguments = arguments
    self.label = label
  }
}

/// A trained parameter of an objective.
public struct ParameterSlot: Hashable, Sendable {
  public var name: String
  public var shape: Shape
  public var origin: Span
  public init(name: String, shape: Shape, origin: Span) {
    self.name = name
    self.shape = shape
    self.origin = origin
  }
}

/// An objective, checked and lowered.
public struct ObjectiveModule: Sendable {
  public var name: String
  public var documentation: [String]
  public var hypers: [Hyperparameter]
  public var defaults: Function
  public var parameters: [ParameterSlot]
  /// Columns of the data, in order: usually x [batch, features] and y [batch, 1].
  public var inputs: [InputSlot]
  /// Outputs `.parameter(k)`: the starting values.
  public var initial: Function
  /// Outputs `.loss` and `.metric(name)`; reads `parameter(k)`, `input(k)`.
  public var forward: Function
  public var metrics: [String]
  public var origin: Span

  public init(
    name: String, documentation: [String], hypers: [Hyperparameter], defaults: Function,
    parameters: [ParameterSlot], inputs: [InputSlot], initial: Function, forward: Function,
    metrics: [String], origin: Span
  ) {
    self.name = name
    self.documentation = documentation
    self.hypers = hypers
    self.defaults = defaults
    self.parameters = parameters
    self.inputs = inputs
    self.initial = initial
    self.forward = forward
    self.metrics = metrics
    self.origin = origin
  }
}
