import Diagnostics
import Driver
import IR
import Symbolic
import Syntax

extension Compiler {
  /// What the algebra finds of the equations of each declared rule that may be meant otherwise; with notes
  /// all that `:coupling` says.
  package func couplings(withNotes: Bool) -> [Diagnostic] {
    var bag = DiagnosticBag()
    for name in declaredRules {
      guard case .equations? = program.rules[Name(name).key]?.body, let rule = open(name) else {
        continue
      }
      for k in rule.module.variants.indices {
        let table = withNotes ? TermTable() : TermTable(budget: Self.couplingBudget)
        guard
          let algebra = try? RuleAlgebra(rule, variant: k, generality: .all, in: table),
          let found = try? algebra.coupling(onlyFaults: !withNotes)
        else { continue }
        for finding in found.findings where !finding.subject.contains(".") {
          bag.report(.coupling(finding, at: place(of: finding.subject, rule, k)))
        }
      }
    }
    return bag.sorted
  }

  /// Work on terms for one rule: a check of a file stays fast, whatever the rule.
  private static let couplingBudget = 20_000

  /// The rule with a free name for each hyperparameter that has no default.
  private func open(_ name: String) -> Rule? {
    guard let found = try? rule(name, allowsMissing: true) else { return nil }
    let missing = zip(found.module.hypers, found.origins).filter { $1.isMissing }.map { $0.0.name }
    if missing.isEmpty { return found }
    let arguments = missing.map { "\($0) = \($0)" }.joined(separator: ", ")
    return try? rule("\(name)(\(arguments))", allowsFreeNames: true)
  }

  private func place(of subject: String, _ rule: Rule, _ variant: Int) -> Span {
    let name = String(subject.prefix { $0 != "," })
    return rule.module.hypers.first { $0.name == name }?.origin
      ?? rule.module.variants[variant].states.first { $0.name == name }?.origin
      ?? rule.module.origin
  }
}
