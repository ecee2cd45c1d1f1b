import Basics
import Diagnostics
import IR
import Platform
import Training

/// A task of a search, prepared once for all programs.
package final class SearchTask {
  package let title: String
  /// What the work is, and with which data.
  package let digest: String
  package let evaluator: any TrialEvaluator
  /// The loss of the baseline at its best rate: scores are relative to it.
  package var baseline = Double.nan
  /// The loss of the start after the steps of the first rung.
  package var early = Double.nan

  package init(_ title: String, digest: String, _ evaluator: any TrialEvaluator) {
    self.title = title
    self.digest = digest
    self.evaluator = evaluator
    earlySteps =
      evaluator.cutsRuns
      ? min(evaluator.steps, max(20, evaluator.steps / 4)) : evaluator.steps
    evaluator.stops = StopRules(divergence: 1e3)
  }

  package var steps: Int { evaluator.steps }

  /// Steps of the first rung: a quarter of the run, or all where another program makes them.
  package var earlySteps: Int

  /// How a loss compares: the logarithm of its ratio to another where both are positive, of a thousandth at least: what
  /// solves one task to more digits is no better rule. Infinite for what is no number, so that it is never chosen.
  package static func score(_ loss: Double, against baseline: Double) -> Double {
    guard loss.isFinite else { return .infinity }
    if loss >= 0, baseline > 0 { return max(log(loss / baseline), -log(1_000)) }
    return max((loss - baseline) / max(abs(baseline), 1e-12), -log(1_000))
  }

  /// The loss that counts of an evaluation; NaN for one that broke on the way.
  package static func loss(_ evaluation: Evaluation, limited: Bool = false) -> Double {
    switch evaluation.end {
    case .done, .reachedTarget: evaluation.loss
    case .limited: limited ? evaluation.loss : .nan
    default: .nan
    }
  }

  /// Half decades around the rate of a rule, or around 0.01 where it follows a schedule of no single peak.
  package static let decades: [Double] = (-5...5).map { Double($0) / 2 }

  /// What scores are relative to: a rule at its best rate among half decades and, where it decays by a default that nobody
  /// has chosen, with that decay or with none, whichever comes to less. Nil where it broke at all of them.
  ///
  /// Throws as `tuned`.
  package func tunedBaseline(
    _ rule: Rule, around rate: Double, seeds: [UInt64], threads: Int
  ) throws(DiagnosticError) -> (rate: Double, loss: Double)? {
    let own = try tuned(rule, around: rate, seeds: seeds, threads: threads)
    guard let k = rule.chosenDecay else { return own }
    let without = try tuned(
      rule.setting(k, to: 0), around: rate, seeds: seeds, threads: threads)
    guard let own, let without else { return own ?? without }
    return without.loss < own.loss ? without : own
  }

  /// The best rate of a rule among half decades and its mean loss there; nil where it broke at all of them.
  ///
  /// Throws why the rule cannot run, and where no rate came to an end what the program of the task failed at first.
  package func tuned(
    _ rule: Rule, around rate: Double, seeds: [UInt64], limit: Int? = nil, threads: Int
  ) throws(DiagnosticError) -> (rate: Double, loss: Double)? {
    guard let hyper = rule.module.hypers.firstIndex(where: { $0.key == "lr" }) else { return nil }
    let rates = Self.decades.map { rate * pow(10, $0) }
    let trials = rates.map { rate in
      var trial = TaskEvaluator.Trial(rule, settings: [[(hyper, rate)]], seeds: seeds)
      trial.limit = limit
      return trial
    }
    var best: (rate: Double, loss: Double)?
    var fault: Diagnostic?
    for (rate, outcome) in zip(rates, try evaluator.outcomes(trials, threads: threads)) {
      let found = try outcome.get()
      fault = fault ?? found.lazy.compactMap(\.failure).first { $0.code.isOfPrograms }
      let losses = found.map { Self.loss($0, limited: limit != nil) }
      let mean = losses.reduce(0, +) / Double(losses.count)
      if mean.isFinite, mean < best?.loss ?? .infinity { best = (rate, mean) }
    }
    if best == nil, let fault { throw DiagnosticError(fault) }
    return best
  }
}

extension Rule {
  /// The decay λ that the rule has by its default alone, where that is not 0; nil for one that was given.
  package var chosenDecay: Int? {
    guard let k = module.hypers.firstIndex(where: { $0.key == Greek.key(of: "λ") }),
      !origins[k].isGiven, let value = arguments.output(.hyper(k)),
      let decay = arguments.constantValue(value), decay > 0
    else { return nil }
    return k
  }
}

extension DiagnosticCode {
  /// Whether it is about the program that does a task.
  fileprivate var isOfPrograms: Bool {
    [.commandFailed, .notAnAnswer, .commandSilent].contains(self)
  }
}
