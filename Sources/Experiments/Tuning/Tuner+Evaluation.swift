import Diagnostics
import IR
import Runtime
import Syntax
import Training

/// Trials of a search by the evaluator, many at a time.
extension Tuner {
  /// Nil where another engine is asked for.
  func evaluator() throws(DiagnosticError) -> TaskEvaluator? {
    guard engine == .interpreter else { return nil }
    let evaluator = try TaskEvaluator(
      task.objective, task.data, task.settings,
      elementType: task.data == nil ? .float64 : elementType)
    evaluator.interrupt = interrupt
    return evaluator
  }

  /// The score of a rule at each of these values, NaN where a run failed; nil after Ctrl-C.
  ///
  /// Throws what setting and binding the rule throws, where `first` says that it has not run yet.
  func scores(
    _ rule: Rule, _ values: [[Double]], _ evaluator: TaskEvaluator, first: Bool
  ) throws(DiagnosticError) -> [Double]? {
    var trials: [TaskEvaluator.Trial] = []
    var positions: [Int] = []
    var scores = values.map { _ in Double.nan }
    for (k, values) in values.enumerated() {
      do throws(DiagnosticError) {
        trials.append(
          TaskEvaluator.Trial(
            try set(rule, values), seeds: Array(0..<UInt64(settings.searchSeeds))))
        positions.append(k)
      } catch {
        if first, k == 0 { throw error }
      }
    }
    for (k, outcome) in zip(positions, try evaluator.outcomes(trials)) {
      switch outcome {
      case .success(let evaluations):
        if evaluations.contains(where: { $0.end == .interrupted }) { return nil }
        scores[k] =
          evaluations.reduce(0) { $0 + score($1) } / Double(max(1, evaluations.count))
      case .failure(let error):
        let isNumeric = error.diagnostics.contains { $0.code.isNumeric }
        let isDomain = error.diagnostics.contains { $0.code == .scheduleLeavesDomain }
        guard isNumeric || isDomain && !(first && k == 0) else { throw error }
      }
    }
    return scores
  }

  /// As `score` of a run.
  private func score(_ evaluation: Evaluation) -> Double {
    guard evaluation.end == .done || evaluation.end == .reachedTarget else { return .nan }
    func last(_ series: String) -> Double {
      if series == "loss" { return evaluation.trainingLoss }
      if series == "test_loss" { return evaluation.loss }
      return task.objective.metrics.firstIndex(of: series).map { evaluation.metrics[$0] } ?? .nan
    }
    return score(
      reached: evaluation.end == .reachedTarget, steps: evaluation.steps, last: last)
  }
}
