import Diagnostics
import IR
import Training

/// What one run of an arena came to.
package struct ArenaOutcome: Sendable {
  package var steps: Int
  package var reached: Bool
  /// The series of the target at the end.
  package var last: Double
  /// Why it broke, if so.
  package var problem: String?
  /// The series of the target where it was looked at.
  package var curve: [(step: Int, value: Double)]
}

/// Where an arena makes its runs of a task, one after the other on one thread.
package protocol ArenaRuns {
  /// Steps of a whole run.
  var steps: Int { get }

  /// What the steps of a rule in a whole run take at most, as `TaskEvaluator.work`; 0 where another program makes them.
  /// Throws why the rule does not run on the task.
  func work(of rule: Rule) throws(DiagnosticError) -> Double

  /// A run for each seed of a rule with these values of its knobs; nil where they were interrupted. A run may be given up
  /// after `limit` steps. `isChoosing`: measured on the rows that are kept to choose by.
  ///
  /// Throws why the rule does not run on the task, or not with these values.
  func runs(
    _ rule: Rule, _ setting: [(knob: ArenaKnob, value: Double)], seeds: [UInt64], limit: Int?,
    isChoosing: Bool
  ) throws(DiagnosticError) -> [ArenaOutcome]?
}

/// By the evaluator.
struct EvaluatedRuns: ArenaRuns {
  private let target: TrainingSettings.Target
  private let choosing: TaskEvaluator
  private let measuring: TaskEvaluator

  /// Throws what binding the objective throws.
  init(
    _ task: TrainingTask, _ target: TrainingSettings.Target, _ interrupt: InterruptSource
  ) throws(DiagnosticError) {
    self.target = target
    choosing = try task.evaluator(choosing: true, interrupt: interrupt)
    measuring =
      task.data?.validation == nil
      ? choosing : try task.evaluator(choosing: false, interrupt: interrupt)
  }

  var steps: Int { measuring.steps }

  func work(of rule: Rule) throws(DiagnosticError) -> Double { try measuring.work(of: rule) }

  func runs(
    _ rule: Rule, _ setting: [(knob: ArenaKnob, value: Double)], seeds: [UInt64], limit: Int?,
    isChoosing: Bool
  ) throws(DiagnosticError) -> [ArenaOutcome]? {
    let evaluator = isChoosing ? choosing : measuring
    var trial = TaskEvaluator.Trial(
      rule, settings: [setting.map { ($0.knob.position, $0.value) }], seeds: seeds)
    trial.limit = limit
    trial.keepsCurve = !isChoosing
    let found = try evaluator.evaluate([trial], threads: 1)[0]
    if found.contains(where: { $0.end == .interrupted }) { return nil }
    return found.map { run in
      ArenaOutcome(
        steps: run.steps, reached: run.reachedTarget,
        last: evaluator.last(target.series, of: run), problem: run.problem, curve: run.curve)
    }
  }
}

/// By another program, which takes all its steps whatever the limit.
struct CommandRuns: ArenaRuns {
  private let task: CommandTask
  private let target: TrainingSettings.Target
  private let trials: any RuleTrials

  init(_ task: CommandTask, _ target: TrainingSettings.Target, _ interrupt: InterruptSource) {
    self.task = task
    self.target = target
    var engine = TrialEngine()
    engine.interrupt = interrupt
    trials = task.trials(engine)
  }

  var steps: Int { task.steps }

  func work(of rule: Rule) -> Double { 0 }

  func runs(
    _ rule: Rule, _ setting: [(knob: ArenaKnob, value: Double)], seeds: [UInt64], limit: Int?,
    isChoosing: Bool
  ) throws(DiagnosticError) -> [ArenaOutcome]? {
    let set = try rule.setting(setting.map { ($0.knob, $0.value) })
    let found = try trials.runs(RuleTrial(set, seeds: seeds, target: target))
    if found.count < seeds.count || found.contains(where: \.wasInterrupted) { return nil }
    return found.map { run in
      ArenaOutcome(
        steps: run.steps, reached: run.reachedTarget && run.steps <= limit ?? .max,
        last: run.last(target.series) ?? .nan, problem: run.failure?.message,
        curve: zip(run.x, run.values[target.series] ?? []).map { (Int($0), $1) })
    }
  }
}

extension Rule {
  /// With these values of its knobs. Throws R0502 for one outside of its domain.
  func setting(_ values: some Sequence<(ArenaKnob, Double)>) throws(DiagnosticError) -> Rule {
    var result = self
    for (knob, value) in values {
      result = try result.setting(knob.position, to: value, named: knob.name)
    }
    return result
  }
}
