import Diagnostics
import IR
import Runtime
import Search
import Training

/// What rules come to on some tasks, seed by seed, at rates around their own.
struct PairedRuns {
  let tasks: [SearchTask]
  let threads: Int
  let interrupt: InterruptSource

  /// On one task.
  struct Found {
    /// The best rate of the ladder; nil for a rule without one.
    var rate: Double?
    /// By seed, relative to the task's baseline; infinite where it broke.
    var scores: [Double]
  }

  /// The best rate of a rule by task; nil where it was interrupted. Losses are relative to those that it has there. Throws
  /// R0282 where it breaks on a task at every rate.
  func tune(_ rule: Rule, seeds: [UInt64]) throws(DiagnosticError) -> [Double]? {
    var rates: [Double] = []
    for task in tasks {
      var best: (rate: Double, loss: Double)?
      if rule.rateIndex == nil {
        let trial = TaskEvaluator.Trial(rule, seeds: seeds)
        let found = try task.evaluator.outcomes([trial], threads: threads)[0].get()
        let loss = found.map { SearchTask.loss($0) }.reduce(0, +) / Double(found.count)
        if loss.isFinite { best = (0, loss) }
      } else {
        let own = rule.plainRate ?? rates.first ?? 0.01
        best = try task.tuned(rule, around: own, seeds: seeds, threads: threads)
      }
      // What broke off says nothing of the rule.
      if interrupt.isRequested() { return nil }
      guard let best else { throw DiagnosticError(.baselineDiverges(rule.label, task.title)) }
      task.baseline = best.loss
      rates.append(best.rate)
    }
    return rates
  }

  private static let ladder = [0.1, 0.3, 1, 3, 10]

  /// At the rates of a ladder around one, the best by its mean. Nil where it was interrupted.
  func best(
    _ rule: Rule, on task: Int, around rate: Double, seeds: [UInt64]
  ) throws(DiagnosticError) -> Found? {
    let rates = rule.rateIndex == nil ? [nil] : Self.ladder.map { rate * $0 }
    return try run(rule, on: task, rates: rates, seeds: seeds)
  }

  /// At one rate.
  func run(
    _ rule: Rule, on task: Int, at rate: Double?, seeds: [UInt64]
  ) throws(DiagnosticError) -> Found? {
    try run(rule, on: task, rates: [rate], seeds: seeds)
  }

  private func run(
    _ rule: Rule, on k: Int, rates: [Double?], seeds: [UInt64]
  ) throws(DiagnosticError) -> Found? {
    let task = tasks[k]
    let trials = rates.map { rate -> TaskEvaluator.Trial in
      guard let rate, let hyper = rule.rateIndex else {
        return TaskEvaluator.Trial(rule, seeds: seeds)
      }
      return TaskEvaluator.Trial(rule, settings: [[(hyper, rate)]], seeds: seeds)
    }
    var best = Found(rate: rates[0], scores: seeds.map { _ in .infinity })
    for (rate, outcome) in zip(rates, try task.evaluator.outcomes(trials, threads: threads)) {
      // A rule that cannot run here is one that breaks.
      guard case .success(let evaluations) = outcome else { continue }
      if evaluations.contains(where: { $0.end == .interrupted }) { return nil }
      let scores = evaluations.map { SearchTask.score(SearchTask.loss($0), against: task.baseline) }
      if scores.reduce(0, +) < best.scores.reduce(0, +) { best = Found(rate: rate, scores: scores) }
    }
    return best
  }
}

extension Rule {
  /// The hyperparameter that is its rate.
  var rateIndex: Int? { module.hypers.firstIndex { $0.key == "lr" } }

  /// The number that its rate is; nil for a schedule, and for 0.
  fileprivate var plainRate: Double? {
    guard let k = rateIndex, let value = arguments.output(.hyper(k)),
      let x = arguments.constantValue(value), x > 0, x.isFinite
    else { return nil }
    return x
  }
}
