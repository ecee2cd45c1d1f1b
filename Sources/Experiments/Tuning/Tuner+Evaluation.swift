import Training

extension Tuner {
  /// As `score` of a run.
  func score(
    _ evaluation: Evaluation, _ batch: Int?, _ evaluator: TaskEvaluator
  ) -> Double {
    // As in `train`: a state that broke is said, and the weights that it left are measured.
    guard [.done, .limited, .reachedTarget, .notFinite(.states)].contains(evaluation.end) else {
      return .nan
    }
    return score(
      reached: evaluation.reachedTarget, steps: evaluation.steps, batch, choosing: true
    ) { evaluator.last($0, of: evaluation) }
  }
}
