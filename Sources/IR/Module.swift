import Basics
import Diagnostics

/// The numbers a hyperparameter may take.
package struct Domain: Hashable, Sendable, CustomStringConvertible {
  package var low: Double
  package var high: Double
  package var includesLow: Bool
  package var includesHigh: Bool
  package init(low: Double, high: Double, includesLow: Bool, includesHigh: Bool) {
    self.low = low
    self.high = high
    self.includesLow = includesLow
    self.includesHigh = includesHigh
  }

  package func contains(_ x: Double) -> Bool {
    (x > low || (includesLow && x == low)) && (x < high || (includesHigh && x == high))
  }

  /// Whether a number is a bound that does not belong to the domain: reached, and not passed.
  package func hasOpenEnd(at x: Double) -> Bool {
    x == low && !includesLow || x == high && !includesHigh
  }

  package var description: String {
    "\(includesLow ? "[" : "(")\(NumberText.shortest(low)), \(NumberText.shortest(high))\(includesHigh ? "]" : ")")"
  }
}

/// A run-time input of a rule. Changing one never recompiles anything.
package struct Hyperparameter: Hashable, Sendable {
  /// As written; those of a rule inside a rule are `base.lr`.
  package var name: String
  /// The canonical spelling (`beta1`).
  package var key: String
  package var domain: Domain?
  /// Changing it changes shapes or iteration counts: fixed at bind time.
  package var isStructural: Bool
  package var origin: Span
  /// Where its value is written: an argument of the user, or the default.
  package var argument: Span
  package init(
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
package struct StateSlot: Hashable, Sendable {
  /// As written; those of a rule inside a rule are `base.m`.
  package var name: String
  package var shape: Shape
  /// One for the whole optimizer, not one a tensor.
  package var isGlobal: Bool
  package var storage: Storage
  package var roundsStochastically: Bool
  package var origin: Span
  package init(
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
package struct InputSlot: Hashable, Sendable {
  package var name: String
  package var shape: Shape
  /// One for all tensors (scalars given per step).
  package var origin: Span
  package init(name: String, shape: Shape, origin: Span) {
    self.name = name
    self.shape = shape
    self.origin = origin
  }
}

/// A condition on a parameter tensor, decided at bind time.
package indirect enum TensorPredicate: Hashable, Sendable {
  package enum Comparison: Hashable, Sendable {
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
  }
  package enum Quantity: Hashable, Sendable {
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
package struct RuleVariant: Sendable {
  /// Decides by rank, extents and name of the tensor.
  package var predicate: TensorPredicate
  /// The route lines taken, as written: `rank == 2 → Muon`. Empty without routes.
  package var path: [String]
  package var states: [StateSlot]
  package var inputs: [InputSlot]
  /// One step: outputs `.parameter(0)` (w'), every `.state(k)` that changes, views.
  package var update: Function
  /// The states at the start: outputs `.state(k)` for every state; may read w, hypers and draws.
  package var initial: Function
  /// `w' = … round stochastic`: matters where parameters are stored in fewer digits than w' has.
  package var roundsStochastically: Bool

  package init(
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
package struct RuleModule: Sendable {
  package var name: String
  package var documentation: [String]
  package var hypers: [Hyperparameter]
  /// The default of every hyperparameter: outputs `.hyper(k)`, an expression of t, T and the others.
  package var defaults: Function
  /// Exactly one variant takes each tensor; several only where there are routes.
  package var variants: [RuleVariant]
  /// Names of the reductions over all tensors, shared by the variants
  /// (`attribute` of the global operations).
  package var globalSites: [String]
  /// `guard finite`: a step with a gradient that is not finite does nothing and is counted.
  package var guardsFinite: Bool
  package var origin: Span
  /// Why it cannot run on several workers, if it cannot.
  package var workerErrors: [Diagnostic]

  package init(
    name: String, documentation: [String], hypers: [Hyperparameter], defaults: Function,
    variants: [RuleVariant], globalSites: [String], guardsFinite: Bool, origin: Span,
    workerErrors: [Diagnostic] = []
  ) {
    self.workerErrors = workerErrors
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

/// A trained parameter of an objective.
package struct ParameterSlot: Hashable, Sendable {
  package var name: String
  package var shape: Shape
  /// Its gradient is negated: what makes small makes the loss large.
  package var isAscended: Bool
  package var origin: Span
  package init(name: String, shape: Shape, isAscended: Bool = false, origin: Span) {
    self.name = name
    self.shape = shape
    self.isAscended = isAscended
    self.origin = origin
  }
}

/// An objective, checked and lowered.
package struct ObjectiveModule: Sendable {
  package var name: String
  package var documentation: [String]
  package var hypers: [Hyperparameter]
  package var defaults: Function
  package var parameters: [ParameterSlot]
  /// Columns of the data, in order: usually x [batch, features] and y [batch, 1].
  package var inputs: [InputSlot]
  /// Outputs `.parameter(k)`: the starting values.
  package var initial: Function
  /// Outputs `.loss` and `.metric(name)`; reads `parameter(k)`, `input(k)`.
  package var forward: Function
  package var metrics: [String]
  /// The names of the terms that the loss is the sum of, where it is said.
  package var terms: [String]
  /// The slot, among those of the hyperparameters, that is 1 in a step and 0 where something is
  /// measured: the condition `training`. Nil where nothing asks for it.
  package var training: Int?
  package var origin: Span

  package init(
    name: String, documentation: [String], hypers: [Hyperparameter], defaults: Function,
    parameters: [ParameterSlot], inputs: [InputSlot], initial: Function, forward: Function,
    metrics: [String], terms: [String] = [], training: Int? = nil, origin: Span
  ) {
    self.terms = terms
    self.name = name
    self.documentation = documentation
    self.hypers = hypers
    self.defaults = defaults
    self.parameters = parameters
    self.inputs = inputs
    self.initial = initial
    self.forward = forward
    self.metrics = metrics
    self.training = training
    self.origin = origin
  }
}

extension ObjectiveModule {
  /// Where the forward function gives a term of the loss.
  package static func term(_ name: String) -> OutputTarget { .metric("loss \(name)") }

  /// The objective that is small where this one is large.
  package func negated() throws(DiagnosticError) -> ObjectiveModule {
    var result = self
    var (builder, map) = try forward.copied()
    let losses = [.loss] + terms.map { Self.term($0) }
    for output in forward.outputs {
      var value = map[output.value.index]
      if losses.contains(output.target) {
        do throws(ShapeError) {
          value = try builder.make(.negate, value)
        } catch {
          preconditionFailure("a number has a negative")
        }
      }
      builder.output(output.target, value)
    }
    result.forward = builder.function
    return result
  }

  /// The objective whose loss is one of the terms.
  package func only(_ term: String) -> ObjectiveModule {
    var result = self
    guard let value = forward.output(Self.term(term)) else { return self }
    result.forward.outputs = [Output(.loss, value)]
    result.metrics = []
    return result
  }
}
