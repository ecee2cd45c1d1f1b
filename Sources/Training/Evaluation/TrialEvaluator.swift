import Diagnostics

/// What makes the runs of many rules on one task: the loops of this program, or another program.
package protocol TrialEvaluator: AnyObject {
  /// Steps of a whole run.
  var steps: Int { get }
  /// Whether a run can be given up before its end: by a trial's limit, and by `stops`.
  var cutsRuns: Bool { get }
  var stops: StopRules { get set }
  /// What a run may take, as `TaskEvaluator.mostWork`; nothing of what another program does is counted.
  var mostWork: Double { get set }
  /// Asked between steps, or while another program is waited for.
  var interrupt: InterruptSource { get set }

  /// Where other programs' answers are kept as they come, if they are.
  var answers: (any AnswerMemory)? { get set }

  /// As `TaskEvaluator.outcomes`.
  func outcomes(
    _ trials: [TaskEvaluator.Trial], threads: Int?
  ) throws(DiagnosticError) -> [Result<[Evaluation], DiagnosticError>]

  /// The last value of a series of a run; NaN where it has none.
  func last(_ series: String, of evaluation: Evaluation) -> Double
}

extension TaskEvaluator: TrialEvaluator {
  package var cutsRuns: Bool { true }
  /// Nobody is asked.
  package var answers: (any AnswerMemory)? {
    get { nil }
    set {}
  }
}
