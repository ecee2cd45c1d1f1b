import Diagnostics
import IR
import Training

/// A task that claims are measured on, prepared once: settings are chosen on the rows that are kept to choose by, and
/// measured on the others.
package struct ClaimTask {
  package let title: String
  package let digest: String
  package let target: TrainingSettings.Target?
  let choosing: any TrialEvaluator
  let measuring: any TrialEvaluator

  /// Throws what preparing the task throws.
  init(_ task: any RuleTask, _ interrupt: InterruptSource) throws(DiagnosticError) {
    title = task.title
    digest = task.digest
    target = task.target
    // What counts is the loss after all steps.
    let whole = task.whole
    choosing = try whole.trialEvaluator(choosing: true, interrupt)
    measuring =
      task.choosing(ObjectiveModule.testLoss) == nil
      ? choosing : try whole.trialEvaluator(choosing: false, interrupt)
    for evaluator in [choosing, measuring] { evaluator.stops = StopRules(divergence: 1e3) }
  }
}
