import Basics
import Diagnostics
import IR

// What is found when an optimizer is made, told something, or run.
extension Diagnostic {
  // MARK: What a host gives

  static func unknownHyper(_ name: String, suggestion: String?) -> Diagnostic {
    Diagnostic(
      .unknownHyper, "there is no hyperparameter `\(name)`", at: .none,
      notes: Note.didYouMean(suggestion))
  }

  static func fixedHyper(_ hyper: Hyperparameter) -> Diagnostic {
    Diagnostic(
      .fixedHyper,
      "`\(hyper.name)` fixes shapes or iteration counts: it cannot change after binding",
      at: hyper.origin)
  }

  /// `step` where the value is that of a schedule. `isGiven`: by the host, not by the source; the
  /// message then shows the declaration.
  static func scheduleLeavesDomain(
    _ hyper: Hyperparameter, _ domain: Domain, _ value: Double, step: Int?, isGiven: Bool
  ) -> Diagnostic {
    Diagnostic(
      .scheduleLeavesDomain, outside(hyper, domain, value, step),
      at: isGiven ? hyper.origin : hyper.argument,
      notes: isGiven ? [] : declared(hyper))
  }

  /// A schedule that leaves its domain while the rule runs.
  static func domainLeft(
    _ hyper: Hyperparameter, _ domain: Domain, _ value: Double, step: Int
  ) -> Diagnostic {
    Diagnostic(
      .domainLeft, outside(hyper, domain, value, step), at: hyper.argument, notes: declared(hyper))
  }

  static func openEndReached(
    _ hyper: Hyperparameter, _ value: Double, step: Int, of rule: String
  ) -> Diagnostic {
    Diagnostic(
      .openEndReached, .warning,
      "\(rule): `\(hyper.name)` is \(value.isInfinite ? "infinite" : NumberText.shortest(value)) at step \(step), an end that does "
        + "not belong to its domain \(hyper.domain?.description ?? "")", at: hyper.argument,
      notes: declared(hyper))
  }

  private static func declared(_ hyper: Hyperparameter) -> [Note] {
    hyper.argument == hyper.origin ? [] : [Note("declared here", at: hyper.origin)]
  }

  private static func outside(
    _ hyper: Hyperparameter, _ domain: Domain, _ value: Double, _ step: Int?
  ) -> String {
    // A text that would lie inside shows all digits.
    let short = NumberText.short(value)
    let isFaithful = Double(short).map { !domain.contains($0) } ?? false
    let text =
      value.isNaN ? "NaN" : value.isInfinite ? "infinite" : isFaithful ? short : "\(value)"
    return "`\(hyper.name)` must be in \(domain), and is \(text)"
      + (step.map { " at step \($0)" } ?? "")
  }

  // MARK: What is said of a run

  static func stepsSkipped(_ count: Int, of rule: String) -> Diagnostic {
    Diagnostic(
      .stepsSkipped, .warning,
      "\(rule): `guard finite` skipped \(count) step\(count == 1 ? "" : "s"), whose gradients were not "
        + "finite", at: .none)
  }

  /// `finite` is the last step after which it was seen to be finite.
  static func stateNotFinite(
    _ state: String, _ value: Double, tensor: String, step: Int, finite: Int, of rule: String
  ) -> Diagnostic {
    let isExact = step == finite + 1
    return Diagnostic(
      .stateNotFinite, .warning,
      "\(rule): the state `\(state)` of `\(tensor)` is \(value.isNaN ? "NaN" : "infinite") after step "
        + "\(step)", at: .none,
      notes: (isExact ? [] : [Note("after step \(finite) it was finite")])
        + [Note("a smaller scale of the objective or clipping may help")])
  }

  /// `place` is a state, an input, a draw or a tensor with its name.
  package static func unknownPlace(
    _ place: String, of rule: String, suggestion: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .unknownPlace, "`\(rule)` has no \(place) here", at: .none,
      notes: Note.didYouMean(suggestion))
  }

  static func wrongCount(_ place: String, _ count: Int, given: Int) -> Diagnostic {
    Diagnostic(
      .valuesDoNotFill, "the \(place) has \(count) values, and \(given) were given", at: .none)
  }

  static func neverNegative(_ place: String, given: Double) -> Diagnostic {
    Diagnostic(
      .valuesDoNotFill, "the \(place) is never negative and stored so, and \(given) was given",
      at: .none)
  }

  /// `why` the memory that a host gives does not fit.
  package static func hostMemory(_ why: String) -> Diagnostic {
    Diagnostic(.hostMemory, why, at: .none)
  }

  package static func objectiveFailed(_ rule: Rule, _ why: String) -> Diagnostic {
    Diagnostic(
      .objectiveFailed, "the objective that `\(rule.label)` asked for failed: \(why)", at: .none)
  }

  package static func notInitialised(_ rule: Rule) -> Diagnostic {
    Diagnostic(
      .notInitialised, "the states of `\(rule.label)` have no first values yet", at: .none,
      notes: [Note("call `initialise` first, or load a checkpoint")])
  }

  /// `why` it is missing.
  package static func missingInput(
    _ name: String, of instance: Rule, _ why: String
  ) -> Diagnostic {
    let slot = instance.module.variants.flatMap(\.inputs).first { $0.name == name }
    return Diagnostic(
      .missingInput, "`\(instance.label)` needs the input `\(name)`, and \(why)",
      at: slot?.origin ?? instance.module.origin,
      notes: [Note("a program sets it before each step, a recorded run has it recorded")])
  }

  // MARK: Parameters and routes

  static func emptyParameter(_ name: String, _ shape: Shape, at span: Span) -> Diagnostic {
    Diagnostic(.badLength, "the parameter `\(name)` has no elements: it is \(shape)", at: span)
  }

  static func badPattern(_ pattern: String, _ problem: RoutePattern.Problem) -> Diagnostic {
    Diagnostic(.badPattern, "`\(pattern)` is not a pattern: \(problem.message)", at: .none)
  }

  static func noRoute(
    of rule: String, _ parameter: String, _ ways: [Note], at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .noRoute, "no route of `\(rule)` takes the parameter \(parameter)", at: span,
      notes: ways + [Note("add a line `otherwise -> …`")])
  }

  static func severalRoutes(
    of rule: String, _ parameter: String, _ ways: [Note], at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .severalRoutes, "several routes of `\(rule)` take the parameter \(parameter)", at: span,
      notes: ways)
  }

  // MARK: Storage

  static func blockOfNoLength(_ slot: StateSlot) -> Diagnostic {
    Diagnostic(
      .badDomain,
      "the block of `\(slot.name)` is \(slot.storage.block!), which must be a whole number from 1 "
        + "to \(BlockLength.limit)", at: slot.origin)
  }

  static func unlikeBlocks(at span: Span) -> Diagnostic {
    Diagnostic(
      .unsupportedStorage,
      "the blocks of the states have no common multiple up to \(BlockLength.limit)", at: span,
      notes: [Note("choose powers of two")])
  }

  static func globalStateOfMany(at span: Span) -> Diagnostic {
    Diagnostic(
      .unsupportedStorage, "a global state that is not one number is not supported yet", at: span)
  }

  static func unsupported(_ what: String, at span: Span) -> Diagnostic {
    Diagnostic(.unsupported, "the interpreter does not run \(what) yet", at: span)
  }
}
