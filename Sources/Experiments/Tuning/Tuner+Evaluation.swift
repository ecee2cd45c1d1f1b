import Diagnostics
import IR
import Runtime
import Syntax
import Training

/// Trials of a search by the evaluator, many at a time.
extension Tuner {
  /// Nil where another engine or another program does the task.
  func evaluator(_ batch: Int?) throws(DiagnosticError) -> TaskEvaluator? {
    guard engine == .interpreter, let task = task as? TrainingTask else { return nil }
    // What is chosen is chosen on validation rows, where there are any.
    let data = task.data.map { DataSplit(train: $0.train, test: $0.validation ?? $0.test) }
    var settings = task.settings
    settings.batch = batch ?? settings.batch
    settings.recordsSharpness = false
    settings.target?.series = ownName(task.settings.target?.series ?? "")
    let evaluator = try TaskEvaluator(
      task.objective, data, settings,
      elementType: task.data == nil ? .float64 : elementType)
    evaluator.interrupt = interrupt
    return evaluator
  }

  /// The score of a rule at each of these values, NaN where a run failed; nil after Ctrl-C.
  ///
  /// Throws what setting and binding the rule throws, where `first` says that it has not run yet.
  func scores(
    _ rule: Rule, _ values: [[Double]], _ evaluator: TaskEvaluator, first: Bool,
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
          evaluations.reduce(0) { $0 + score($1) } / Double(max(1, evaluations.count))
      case .failure(let error):
        let isNumeric = error.diagnostics.contains { $0.code.isNumeric }
        let isDomain = error.diagnostics.contains { $0.code == .scheduleLeavesDomain }
        guard isNumeric || isDomain && !(first && k == 0) else { throw error }
        problem = problem ?? error.diagnostics.first
      }
    }
    return scores
  }

  private var metrics: [String] { (task as? TrainingTask)?.objective.metrics ?? [] }

  /// The evaluator measures on one kind of rows: its name for a series on validation rows.
  private func ownName(_ series: String) -> String {
    if series == ObjectiveModule.onValidation("loss") { return ObjectiveModule.testLoss }
    return metrics.first { ObjectiveModule.onValidation($0) == series } ?? series
  }

  /// As `score` of a run.
  private func score(_ evaluation: Evaluation) -> Double {
    guard evaluation.end == .done || evaluation.end == .reachedTarget else { return .nan }
    func last(_ series: String) -> Double {
      if series == "loss" { return evaluation.trainingLoss }
      let name = ownName(series)
      if name == ObjectiveModule.testLoss { return evaluation.loss }
      return metrics.firstIndex(of: name).map { evaluation.metrics[$0] } ?? .nan
    }
    return score(
      reached: evaluation.end == .reachedTarget, steps: evaluation.steps, choosing: true,
      last: last)
  }
}
