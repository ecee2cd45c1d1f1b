import Diagnostics

// Hyperparameters of a rule as a value: R05xx.
extension Diagnostic {
  static func unknownHyper(_ name: String, of rule: Rule) -> Diagnostic {
    let names = rule.module.hypers.map(\.name)
    let near = Suggestion.nearest(to: name, among: names)
    return Diagnostic(
      .unknownHyper, "`\(rule.module.name)` has no hyperparameter `\(name)`", at: .none,
      notes: [Note(names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))")]
        + (near.map { [Note("did you mean `\($0)`?")] } ?? []))
  }

  static func severalHypers(_ name: String, in rule: String) -> Diagnostic {
    Diagnostic(
      .unknownHyper, "several rules inside `\(rule)` have a hyperparameter `\(name)`", at: .none)
  }

  static func circularHyper(at span: Span) -> Diagnostic {
    Diagnostic(.circularEquations, "this hyperparameter depends on itself", at: span)
  }

  static func nothingToUnset(_ name: String, of rule: String) -> Diagnostic {
    Diagnostic(.unknownHyper, "`\(name)` of `\(rule)` was not given", at: .none)
  }

  package static func missingHyper(
    _ name: String, of rule: String, at span: Span
  ) -> Diagnostic {
    Diagnostic(.missingHyper, "`\(name)` of `\(rule)` has no default and is not given", at: span)
  }

  static func freeName(at span: Span) -> Diagnostic {
    Diagnostic(.unknownName, "this name stands for any number, and here one is needed", at: span)
  }

  package static func outsideDomain(
    _ name: String, _ domain: Domain, _ x: Double, at span: Span
  ) -> Diagnostic {
    let number = x == x.rounded() && abs(x) < 1e15 ? "\(Int64(x))" : "\(x)"
    return Diagnostic(
      .outsideDomain, "`\(name)` lies in \(domain), and this is \(number)", at: span)
  }

  static func unboundName(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.unknownName, "`\(name)` is not defined here", at: span)
  }

  static func countedHyper(_ hyper: Hyperparameter) -> Diagnostic {
    Diagnostic(
      .fixedHyper,
      "`\(hyper.name)` follows the steps that its rule counts while it runs, and is a part of it",
      at: hyper.argument,
      notes: [Note("give the schedule in the text of the rule, or apply the rule by `every k`")])
  }
}
