import Basics
import Diagnostics
import IR
import Runtime
import Training

/// Runs of many rules by another program, for searches: as many of it at once as there are threads, each of which is kept
/// for the runs that follow. All its runs are whole.
final class CommandEvaluator: TrialEvaluator {
  private let task: CommandTask
  /// By thread.
  private var programs: [any RuleTrials] = []
  var stops = StopRules.never
  var mostWork = Double.infinity
  var interrupt: InterruptSource
  /// Programs that run already do not look at another one.
  var answers: (any AnswerMemory)? { didSet { programs = [] } }

  init(_ task: CommandTask, _ interrupt: InterruptSource) {
    self.task = task
    self.interrupt = interrupt
  }

  var steps: Int { task.steps }
  var cutsRuns: Bool { false }

  /// The loss is all that such a run has.
  func last(_ series: String, of evaluation: Evaluation) -> Double { evaluation.loss }

  /// A run that the program fails at, or has no answer to, is an evaluation that failed. Throws R0262 where it cannot be
  /// started: that is the fault of no rule.
  func outcomes(
    _ trials: [TaskEvaluator.Trial], threads: Int?
  ) throws(DiagnosticError) -> [Result<[Evaluation], DiagnosticError>] {
    let threads = max(1, min(threads ?? Threads.preferred, trials.count))
    var engine = TrialEngine()
    engine.interrupt = interrupt
    while programs.count < threads { programs.append(task.trials(engine, answers)) }
    let job = CommandJob(trials, programs, interrupt)
    Threads.run(trials.count, on: threads) { item, participant in
      job.run(item, by: participant)
    }
    return try job.outcomes()
  }
}

/// Trials that several threads share, each with a program of its own.
private final class CommandJob: @unchecked Sendable {
  private let trials: [TaskEvaluator.Trial]
  private let programs: [any RuleTrials]
  private let interrupt: InterruptSource
  private let turn = Turn()
  private var found: [[Evaluation]]
  private var fault: DiagnosticError?

  init(
    _ trials: [TaskEvaluator.Trial], _ programs: [any RuleTrials], _ interrupt: InterruptSource
  ) {
    self.trials = trials
    self.programs = programs
    self.interrupt = interrupt
    found = trials.map { _ in [] }
  }

  func outcomes() throws(DiagnosticError) -> [Result<[Evaluation], DiagnosticError>] {
    if let fault { throw fault }
    return found.map { .success($0) }
  }

  func run(_ item: Int, by participant: Int) {
    let trial = trials[item]
    var all: [Evaluation] = []
    for setting in trial.settings {
      all += evaluations(trial, setting, by: programs[participant])
    }
    turn.take { found[item] = all }
  }

  private func evaluations(
    _ trial: TaskEvaluator.Trial, _ setting: [(hyper: Int, value: Double)],
    by program: any RuleTrials
  ) -> [Evaluation] {
    if interrupt.isRequested() || turn.take({ fault != nil }) {
      return trial.seeds.map { _ in Evaluation(end: .interrupted, steps: 0) }
    }
    do throws(DiagnosticError) {
      var rule = trial.rule
      for (hyper, value) in setting { rule = try rule.setting(hyper, to: value) }
      let runs = try program.runs(RuleTrial(rule, seeds: trial.seeds, target: nil))
      return runs.map { Evaluation($0) }
    } catch {
      if error.diagnostics.contains(where: { $0.code == .commandNotStarted }) {
        turn.take { fault = fault ?? error }
      }
      var failed = Evaluation(end: interrupt.isRequested() ? .interrupted : .failed, steps: 0)
      failed.failure = error.diagnostics.first
      return trial.seeds.map { _ in failed }
    }
  }
}

extension Evaluation {
  /// A run of another program, which tells its losses and nothing else.
  fileprivate init(_ run: RunHistory) {
    let loss = run.last("loss") ?? .nan
    self.init(end: .done, steps: run.steps)
    if run.wasInterrupted {
      end = .interrupted
    } else if let failure = run.failure {
      end = failure.code == .lossNotFinite ? .notFinite(.loss) : .failed
      if end == .failed { self.failure = failure }
    } else {
      self.loss = loss
    }
    trainingLoss = loss
  }
}
