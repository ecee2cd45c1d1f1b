import Diagnostics
import IR
import Runtime
import Syntax
import Training

/// Trials of a search by the evaluator, many at a time.
extension Tuner {
  /// Nil where another engine or another program does the task.
  func evaluator(_ batch: Int?) throws(DiagnosticError) -> TaskEvaluator? {
    guard engine.engine == .interpreter, let task = task as? TrainingTask else { return nil }
    return try task.evaluator(
      choosing: true, batch: batch, elementType: engine.elementType, interrupt: engine.interrupt)
  }

  /// The score of a rule at each of these values, NaN where a run failed; nil after Ctrl-C.
  ///
  /// Throws what setting and binding the rule throws, where `first` says that it has not run yet.
  func scores(
    _ rule: Rule, _ values: [[Double]], _ batch: Int?, _ evaluator: TaskEvaluator, first: Bool,
    _ problem: inout Diagnostic?
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
          evaluations.reduce(0) { $0 + score($1, batch, evaluator) }
          / Double(max(1, evaluations.count))
      case .failure(let error):
        guard error.isOfValues(first: first && k == 0) else { throw error }
        problem = problem ?? error.diagnostics.first
      }
    }
    return scores
  }

  /// As `score` of a run.
  private func score(
    _ evaluation: Evaluation, _ batch: Int?, _ evaluator: TaskEvaluator
  ) -> Double {
    // As in `train`: a state that broke is said, and the weights that it left are measured.
    guard [.done, .reachedTarget, .notFinite(.states)].contains(evaluation.end) else { return .nan }
    return score(
      reached: evaluation.reachedTarget, steps: evaluation.steps, batch, choosing: true
    ) { evaluator.last($0, of: evaluation) }
  }
}

extension DiagnosticError {
  /// Whether another setting of the hyperparameters may do: an operation had no answer, or a value left its domain. The
  /// first setting of all is to be in its domains.
  func isOfValues(first: Bool = false) -> Bool {
    diagnostics.contains {
      $0.code.isNumeric
        || !first && ($0.code == .scheduleLeavesDomain || $0.code == .outsideDomain)
    }
  }
}
