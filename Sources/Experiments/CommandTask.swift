import Basics
import Diagnostics
import IR
import Lowering
import Runtime
import Semantics
import Training

/// Work that another program does: `task mine = command "python3 train.py" for 200 steps until loss < 0.1`.
package struct CommandTask: RuleTask {
  package var title: String
  package var words: [String]
  /// Where it runs: the folder of the script.
  package var folder: String?
  package var steps: Int
  package var target: TrainingSettings.Target?
  package var span: Span
  /// How long it may take for an answer.
  package var seconds = 600.0

  /// A schedule is told as a number for each step.
  static let mostSteps = 1_000_000

  package var length: String { "\(steps) steps" }
  package var seriesNames: [String] { ["loss", "steps"] }
  package var hasBatches: Bool { false }
  /// Nobody knows, and what it tells is taken for a score.
  package var isGame: Bool { false }
  package func steps(batch: Int?) -> Int { steps }
  package func choosing(_ series: String) -> String? { nil }

  package func trials(_ engine: TrialEngine) -> any RuleTrials {
    trials(engine, nil)
  }

  func trials(_ engine: TrialEngine, _ memory: (any AnswerMemory)?) -> any RuleTrials {
    CommandTrials(self, engine.interrupt, memory)
  }

  package var digest: String {
    let words = words + ["\(steps)", target?.text ?? ""]
    return SHA256.hexadecimal(words.joined(separator: "\0").utf8)
  }

  package var whole: any RuleTask {
    var whole = self
    whole.target = nil
    return whole
  }

  package func trialEvaluator(
    choosing: Bool, _ interrupt: InterruptSource
  ) throws(DiagnosticError) -> any TrialEvaluator {
    CommandEvaluator(self, interrupt)
  }

  package func arenaRuns(
    _ target: TrainingSettings.Target, _ interrupt: InterruptSource
  ) throws(DiagnosticError) -> any ArenaRuns {
    CommandRuns(self, target, interrupt)
  }
}

/// Runs of rules by another program.
private final class CommandTrials: RuleTrials {
  private let task: CommandTask
  private let program: TrainingProgram

  init(_ task: CommandTask, _ interrupt: InterruptSource, _ memory: (any AnswerMemory)?) {
    self.task = task
    program = TrainingProgram(
      task.words, in: task.folder, steps: task.steps, seconds: task.seconds, interrupt: interrupt,
      memory: memory, work: task.digest)
  }

  func runs(_ trial: RuleTrial) throws(DiagnosticError) -> [RunHistory] {
    let shared = try request(trial.rule)
    let answers = try named { () throws(DiagnosticError) in
      try program.answers(
        to: trial.seeds.map { shared + [JSONMember("seed", .number(Double($0)))] })
    }
    return trial.seeds.indices.map { k in
      guard let answers else {
        var run = RunHistory(seed: trial.seeds[k])
        run.wasInterrupted = true
        return run
      }
      return history(answers[k], seed: trial.seeds[k], trial)
    }
  }

  /// Errors of the program are shown where it is named.
  private func named<T>(
    _ body: () throws(DiagnosticError) -> T
  ) throws(DiagnosticError) -> T {
    do throws(DiagnosticError) {
      return try body()
    } catch {
      throw error.placed(at: task.span)
    }
  }

  /// What a run is told, but for its seed.
  private func request(_ rule: Rule) throws(DiagnosticError) -> [JSONMember] {
    let hypers = rule.module.hypers
    func values(at step: Int) throws(DiagnosticError) -> [Int: Double] {
      var found: [Int: Double] = [:]
      for (target, value) in try ReferenceProgram.evaluateScalars(
        rule.arguments, step: step, horizon: task.steps)
      {
        if case .hyper(let k) = target { found[k] = value }
      }
      return found
    }
    let first = try values(at: 1)
    let bindings = rule.bindings
    let scheduled = hypers.indices.filter { bindings[$0] == .scheduled }
    var schedules = scheduled.map { _ in [JSONValue]() }
    if !scheduled.isEmpty {
      for step in 1...task.steps {
        let now = try values(at: step)
        for (place, k) in scheduled.enumerated() {
          schedules[place].append(.number(now[k] ?? .nan))
        }
      }
    }
    return [
      JSONMember("task", .string(task.title)), JSONMember("name", .string(rule.module.name)),
      JSONMember("call", .string(rule.label)),
      JSONMember("rule", .string(SourcePrinter.rule(rule.module))),
      JSONMember(
        "hyperparameters",
        .object(hypers.indices.map { JSONMember(hypers[$0].key, .number(first[$0] ?? .nan)) })),
      JSONMember(
        "schedules",
        .object(zip(scheduled, schedules).map { JSONMember(hypers[$0].key, .array($1)) })),
      JSONMember("steps", .int(task.steps)),
    ]
  }

  private func history(
    _ answer: TrainingProgram.Answer, seed: UInt64, _ trial: RuleTrial
  ) -> RunHistory {
    var run = RunHistory(seed: seed)
    let place = "\(trial.rule.label), seed \(seed)"
    if let problem = answer.problem {
      run.failure = .programRefuses(place, problem, at: task.span)
      return run
    }
    let count = answer.losses.count
    for (k, loss) in answer.losses.enumerated() {
      let step = Int((Double(k + 1) * Double(task.steps) / Double(count)).rounded())
      run.steps = step
      run.record(Double(step), [("loss", loss)])
      guard loss.isFinite else {
        run.failure = .lossNotFinite(loss, place, step)
        break
      }
      if let target = trial.target, target.isReached(loss) {
        run.reachedTarget = true
        break
      }
    }
    return run
  }
}
