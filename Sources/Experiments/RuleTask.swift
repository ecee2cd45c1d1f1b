import Diagnostics
import IR
import Runtime
import Training

/// Work that rules are tried on, by the loops of this program or by another program.
package protocol RuleTask: Sendable {
  var title: String { get }
  var span: Span { get }
  /// `epochs` or `steps` as the script counts.
  var length: String { get }
  /// Steps of a whole run on minibatches of so many examples; nil: as the task says.
  func steps(batch: Int?) -> Int
  var target: TrainingSettings.Target? { get }
  /// What can be ranked by.
  var seriesNames: [String] { get }
  /// Whether some of its parameters make the loss large, so that rules cannot be chosen by it.
  var isGame: Bool { get }
  /// Whether it is done on minibatches.
  var hasBatches: Bool { get }
  /// The series on validation rows that is looked at in place of one on test rows; nil where there are no
  /// such rows.
  func choosing(_ series: String) -> String?
  /// Where the runs are made; it keeps what runs share.
  func trials(_ engine: TrialEngine) -> any RuleTrials
  /// A name of the work by what it is: of two tasks with one digest each run is the same, where programs are.
  var digest: String { get }
  /// The same without a target: its runs make all their steps.
  var whole: any RuleTask { get }
  /// What makes runs for searches; where there are rows to choose by, on these if `choosing`. Throws what preparing the
  /// task throws.
  func trialEvaluator(
    choosing: Bool, _ interrupt: InterruptSource
  ) throws(DiagnosticError) -> any TrialEvaluator
  /// Where an arena makes its runs. Throws what preparing the task throws.
  func arenaRuns(
    _ target: TrainingSettings.Target, _ interrupt: InterruptSource
  ) throws(DiagnosticError) -> any ArenaRuns
}

/// How runs are computed.
package struct TrialEngine {
  package var engine = EngineKind.interpreter
  package var elementType = ElementType.float32
  package var passCompiler: (any SegmentCompiler)?
  package var interrupt = InterruptSource.signals

  package init() {}
}

/// One rule on some seeds.
package struct RuleTrial: Sendable {
  package var rule: Rule
  package var seeds: [UInt64]
  /// Where a run ends.
  package var target: TrainingSettings.Target?
  /// Examples in a minibatch, where the task does not say.
  package var batch: Int?

  package init(
    _ rule: Rule, seeds: [UInt64], target: TrainingSettings.Target?, batch: Int? = nil
  ) {
    self.rule = rule
    self.seeds = seeds
    self.target = target
    self.batch = batch
  }
}

extension RuleTask {
  /// Throws R0239 where rules are to be chosen by the loss of a game.
  package func requireScore(by series: String?) throws(DiagnosticError) {
    guard isGame, let series, ObjectiveModule.isLoss(series) else { return }
    throw DiagnosticError(
      .lossOfGame(
        title, metrics: seriesNames.filter { !ObjectiveModule.isLoss($0) && $0 != "steps" },
        at: span))
  }
}

package protocol RuleTrials {
  /// A run for each seed, in their order; some of them are missing after Ctrl-C.
  func runs(_ trial: RuleTrial) throws(DiagnosticError) -> [RunHistory]
}

// MARK: Training

extension TrainingTask: RuleTask {
  package var target: TrainingSettings.Target? { settings.target }

  package var hasBatches: Bool { data != nil }
  package var isGame: Bool { objective.isGame }

  package var seriesNames: [String] {
    let recorded =
      data.map { objective.series(validates: $0.validation != nil) } ?? objective.series
    return recorded + (settings.target == nil ? [] : ["steps"])
  }

  package func choosing(_ series: String) -> String? {
    data?.validation == nil ? nil : objective.choosing(series)
  }

  package func trials(_ engine: TrialEngine) -> any RuleTrials {
    TrainerTrials(
      task: self,
      trainer: Trainer(
        objective: objective, data: data, engine: engine.engine,
        elementType: data == nil ? .float64 : engine.elementType, compiler: engine.passCompiler,
        interrupt: engine.interrupt))
  }
}

extension TrainingTask {
  package var whole: any RuleTask {
    var whole = self
    whole.settings.target = nil
    return whole
  }

  package func trialEvaluator(
    choosing: Bool, _ interrupt: InterruptSource
  ) throws(DiagnosticError) -> any TrialEvaluator {
    try evaluator(choosing: choosing, interrupt: interrupt)
  }

  package func arenaRuns(
    _ target: TrainingSettings.Target, _ interrupt: InterruptSource
  ) throws(DiagnosticError) -> any ArenaRuns {
    try EvaluatedRuns(self, target, interrupt)
  }
}

private struct TrainerTrials: RuleTrials {
  let task: TrainingTask
  let trainer: Trainer

  func runs(_ trial: RuleTrial) throws(DiagnosticError) -> [RunHistory] {
    var wanted = task.settings
    wanted.seeds = trial.seeds
    wanted.target = trial.target
    wanted.batch = trial.batch ?? wanted.batch
    wanted.recordsSharpness = false
    if task.data != nil {
      return try trainer.train([trial.rule], wanted, title: task.title).rules.flatMap(\.runs)
    }
    return try trainer.walks([trial.rule], wanted).flatMap(\.runs)
  }
}
