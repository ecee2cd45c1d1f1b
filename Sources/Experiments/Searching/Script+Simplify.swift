import Diagnostics
import IR
import Search
import Training

extension Script {
  /// A rule with less in it that does as well on some tasks, and what its rate is bound to.
  ///
  /// Throws R0280 for a rule that is no program, R0282 where it breaks on a task at every rate, and what is wrong with
  /// the tasks.
  package func simplified(
    _ rule: Rule, on names: [String], pairs: Int, margin: Double, seed: UInt64, threads: Int,
    progress: @escaping (String) -> Void
  ) throws(DiagnosticError) -> (result: Simplifier.Result, frame: RateFrame) {
    try rule.requireNumbers()
    let tasks = try searchTasks(names, choosing: true)
    let search = try Search(
      rule.module.name, from: rule, baseline: rule, on: tasks, validation: [], SearchSettings())
    var rate = search.frame.rate.isFinite ? search.frame.rate : 0.01
    // Losses are relative to those of the rule itself at its best.
    for (k, task) in tasks.enumerated() {
      guard
        let best = try task.tuned(
          rule, around: rate, seeds: Search.seeds(seed, 2, salt: 3_001), threads: threads)
      else { throw DiagnosticError(.baselineDiverges(rule.label, task.title)) }
      task.baseline = best.loss
      if k == 0 { rate = best.rate }
    }
    let simplifier = Simplifier(
      tasks, search.frame, pairs: pairs, margin: margin, seed: seed, threads: threads,
      interrupt: interrupt, progress: progress)
    return (try simplifier.run(search.start, rate: rate), search.frame)
  }
}
