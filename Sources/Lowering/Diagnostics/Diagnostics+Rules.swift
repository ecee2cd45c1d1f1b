import Diagnostics
import Semantics
import Syntax

// Rules, functions and what they are given: R02xx. How they are put together: R03xx, R06xx.
extension Diagnostic {
  // MARK: Names

  static func unknownRule(_ key: String, at span: Span) -> Diagnostic {
    Diagnostic(.unknownRule, "there is no rule `\(key)`", at: span)
  }

  static func unknownObjective(at span: Span) -> Diagnostic {
    Diagnostic(.unknownObjective, "there is no such objective", at: span)
  }

  static func broken(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .brokenDeclaration, "`\(name)` has errors of its own", at: span,
      notes: [Note("they were reported where it is declared")])
  }

  package static func notARule(at span: Span) -> Diagnostic {
    Diagnostic(.notARule, "here stands a rule, such as `AdamW` or `Lion(lr = 1e-4)`", at: span)
  }

  static func notARule(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.notARule, "`\(name)` is not a rule", at: span)
  }

  /// `noun` is what the name stands for instead.
  static func notAValue(_ name: String, _ noun: String, at span: Span) -> Diagnostic {
    let foreign = name == "grad" ? ForeignNames.value(name) : nil
    return Diagnostic(
      .notAValue, "`\(name)` is \(noun), not a value", at: span,
      notes: foreign.map { [Note($0.note)] } ?? [],
      fixIts: foreign?.own.map { [FixIt("write `\($0)`", at: span, replacement: $0)] } ?? [])
  }

  static func notAFunction(rule name: String, at span: Span) -> Diagnostic {
    Diagnostic(.notAValue, "`\(name)` is a rule, not a function", at: span)
  }

  static func notAFunction(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.unknownFunction, "`\(name)` is not a function", at: span)
  }

  static func notAReduction(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.unknownFunction, "`\(name)` is not a reduction", at: span)
  }

  static func needsFunction(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.notAFunction, "`\(name)` is a function: give the name of one", at: span)
  }

  // MARK: Arguments

  static func needs(_ function: String, _ what: String, at span: Span) -> Diagnostic {
    Diagnostic(.missingArgument, "`\(function)` needs \(what)", at: span)
  }

  /// `noun` is what kind of argument is missing: a rule or a function.
  static func missingArgument(
    _ noun: String, for name: String, of callee: String, at span: Span
  ) -> Diagnostic {
    needs(callee, "a \(noun) for `\(name)`", at: span)
  }

  package static func givenTwice(_ label: Name) -> Diagnostic {
    Diagnostic(.givenTwice, "`\(label.text)` is given twice", at: label.span)
  }

  static func alreadyBound(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .alreadyBound, "`\(name)` already has its hyperparameters: name it without arguments",
      at: span)
  }

  // MARK: Definitions made of themselves

  static func recursion(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .recursion, "`\(name)` calls itself: every program must end", at: span,
      notes: [Note("use `repeat n { … }` for a fixed number of iterations")])
  }

  static func dependsOnItself(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.recursion, "`\(name)` depends on itself", at: span)
  }

  static func madeOfItself(_ rule: String, at span: Span) -> Diagnostic {
    Diagnostic(.recursion, "the rule `\(rule)` is made of itself", at: span)
  }

  /// `path` names what needs what.
  static func circularEquations(_ name: Name, _ path: String) -> Diagnostic {
    Diagnostic(
      .circularEquations, "`\(name.text)` depends on itself: \(path)", at: name.span,
      notes: [Note("a state read without its prime is the value before the step")])
  }

  static func tooDeep(limit: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .tooDeep, "these equations and functions depend on each other too deeply", at: span,
      notes: [Note("more than \(limit) expressions stand one inside the other")])
  }

  static func programTooLarge(at span: Span) -> Diagnostic {
    Diagnostic(
      .programTooLarge,
      "this program is too large: its functions unfold to more than 400,000 operations", at: span)
  }

  static func rulesTooDeep(at span: Span) -> Diagnostic {
    Diagnostic(.tooManyRules, "more than 64 rules stand one inside the other here", at: span)
  }

  static func tooManyRules(_ rule: String, at span: Span) -> Diagnostic {
    Diagnostic(.tooManyRules, "`\(rule)` is made of more than 2,000 rules", at: span)
  }

  // MARK: States and equations

  static func appliedTwice(_ rule: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .appliedTwice, "`\(rule)` is applied twice, and it has one set of states", at: span,
      notes: [Note("name its value once: `next = \(rule)(w, g)`")])
  }

  static func ruleInRepeat(at span: Span) -> Diagnostic {
    Diagnostic(.ruleInRepeat, "a rule cannot be applied inside `repeat`", at: span)
  }

  static func unsupportedMatrices(at span: Span) -> Diagnostic {
    Diagnostic(.unsupported, "`matrices over trailing` is not supported yet", at: span)
  }

  static func viewTwice(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.twoEquations, "the view `\(name)` has two equations", at: span)
  }

  static func inputOfTwoShapes(_ binding: Binding) -> Diagnostic {
    Diagnostic(
      .duplicateName, "the input `\(binding.name.text)` is declared with two shapes",
      at: binding.span)
  }

  static func globalFromTensor(_ state: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .globalFromTensor,
      "`\(state)` is one for all tensors, and this value differs from tensor to tensor", at: span,
      notes: [Note("reduce over all tensors: `global norm(g)`")])
  }

  static func globalFromTensor(first state: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .globalFromTensor,
      "`\(state)` is one for all tensors, and its first value differs from tensor to tensor",
      at: span)
  }

  static func readBeforeFirstGradient(at span: Span) -> Diagnostic {
    Diagnostic(
      .readBeforeFirstStep,
      "a state starts before the first gradient: its first value may use w and hyperparameters only",
      at: span)
  }

  static func valuesForNames(_ count: Int, _ definition: Definition) -> Diagnostic {
    Diagnostic(
      .valuesAndNames,
      (count == 1 ? "one value" : "\(count) values") + " for \(definition.valueCount) names",
      at: definition.span)
  }

  static func noObjectiveHere(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .noObjectiveHere,
      "`\(name)(x)` asks the objective, and stands in a rule",
      at: span)
  }

  static func trainingOutsideObjective(at span: Span) -> Diagnostic {
    Diagnostic(
      .notAvailable,
      "`training` is a condition in the equations of an objective: true in a step, false where "
        + "something is measured", at: span)
  }

  // MARK: Routes

  static func otherwiseTwice(_ rule: String, at span: Span) -> Diagnostic {
    Diagnostic(.otherwiseTwice, "`otherwise` stands twice in the route `\(rule)`", at: span)
  }

  static func undecidableRoute(at span: Span) -> Diagnostic {
    Diagnostic(
      .undecidableRoute, "a route decides by what the tensor is: rank, rows, cols, numel and name",
      at: span, notes: [Note("for example `rank == 2 and name !~ \"embed|head\" -> …`")])
  }

  static func notAPattern(_ message: String, _ repair: String?, at span: Span) -> Diagnostic {
    Diagnostic(
      .badPattern, "this is not a pattern: \(message)", at: span,
      fixIts: repair.map {
        [FixIt("write `\($0)` here", at: span, replacement: $0)]
      } ?? [])
  }

  static func comparisonInRoute(at span: Span) -> Diagnostic {
    Diagnostic(.undecidableRoute, "a route compares rank, rows, cols, numel and numbers", at: span)
  }

  static func patternOutsideRoute(_ op: BinaryOperator, at span: Span) -> Diagnostic {
    Diagnostic(
      .undecidableRoute,
      "`\(op.rawValue)` compares the name of a tensor in a `route`, nowhere else", at: span)
  }

  static func tooManyRoutes(at span: Span) -> Diagnostic {
    Diagnostic(.tooManyRoutes, "these routes have more than 256 ways through them", at: span)
  }
}
