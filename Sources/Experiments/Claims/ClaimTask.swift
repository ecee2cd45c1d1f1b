import Diagnostics
import Training

/// A task that claims are measured on, prepared once: settings are chosen on the rows that are kept to choose by, and
/// measured on the others.
package struct ClaimTask {
  package let title: String
  package let digest: String
  package let target: TrainingSettings.Target?
  let choosing: TaskEvaluator
  let measuring: TaskEvaluator

  /// Throws what binding the objective throws.
  init(_ task: TrainingTask, _ interrupt: InterruptSource) throws(DiagnosticError) {
    title = task.title
    digest = task.digest
    target = task.target
    // What counts is the loss after all steps.
    var whole = task
    whole.settings.target = nil
    choosing = try whole.evaluator(choosing: true, interrupt: interrupt)
    measuring =
      task.data?.validation == nil
      ? choosing : try whole.evaluator(choosing: false, interrupt: interrupt)
    for evaluator in [choosing, measuring] { evaluator.stops = StopRules(divergence: 1e3) }
  }
}
