import Basics
import Diagnostics
import IR
import Runtime
import Search
import Training

/// How a rule is simplified.
package struct SimplifyPlan {
  package var rule: Rule
  /// What means the rule, for certificates.
  package var text: WrittenRule
  package var tasks: [String] = []
  package var pairs = 10
  package var margin = 0.02
  package var seed: UInt64 = 0
  /// Operations and states that alone may be left out.
  package var only: [String] = []
  package var threads = 1

  package init(_ rule: Rule, _ text: WrittenRule) {
    self.rule = rule
    self.text = text
  }
}

extension Script {
  /// A rule with less in it that does as well on some tasks, each step on its ground.
  ///
  /// Throws R0282 where the rule breaks on a task at every rate after its rewrites, R0291 for a name to leave out that it has not, and
  /// what is wrong with the tasks.
  package func simplified(
    _ plan: SimplifyPlan, progress: @escaping (String) -> Void
  ) throws(DiagnosticError) -> Simplification {
    let rule = plan.rule
    try rule.requireNumbers()
    let tasks = try searchTasks(plan.tasks, choosing: true)
    var settings = Simplifier.Settings()
    settings.pairs = plan.pairs
    settings.margin = plan.margin
    settings.seed = plan.seed
    settings.only = plan.only
    let runs = PairedRuns(tasks: tasks, threads: plan.threads, interrupt: interrupt)
    var simplifier = Simplifier(rule, runs, settings, progress: progress)
    let form: ProgramForm
    do throws(Genome.Obstacle) {
      form = try ProgramForm(rule)
    } catch {
      try simplifier.run(RuleForm(rule), of: plan.text)
      return simplifier.result(obstacle: error.text)
    }
    var text = plan.text
    if let what = rule.numbersInPlace {
      guard let first = simplifier.begin(what, form, from: text) else {
        try simplifier.run(RuleForm(rule), of: text)
        return simplifier.result(
          obstacle: "it is not proved to be the same with numbers in place of its hyperparameters")
      }
      text = first
    }
    try simplifier.run(form, of: text)
    return simplifier.result
  }
}

extension Rule {
  /// Its hyperparameters but the rate, as they are where numbers stand in their place; nil where it has no others.
  fileprivate var numbersInPlace: String? {
    let others = module.hypers.indices.filter { $0 != rateIndex }
    if others.isEmpty { return nil }
    let texts = others.map { k -> String in
      let name = module.hypers[k].name
      let x = arguments.output(.hyper(k)).flatMap { arguments.constantValue($0) }
      return x.map { "\(name) = \(NumberText.shortest($0))" } ?? name
    }
    return "\(texts.joined(separator: ", ")) written into its equations"
  }
}
