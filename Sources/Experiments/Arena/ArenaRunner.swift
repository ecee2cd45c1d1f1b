import Diagnostics
import IR
import Runtime
import Training

/// Makes the cells of one task, on one thread: a search with the budget of all, then runs on other seeds.
struct ArenaRunner {
  private let task: TrainingTask
  private let target: TrainingSettings.Target
  private let settings: Arena.Settings
  private let interrupt: InterruptSource
  /// Measures on the rows for choosing, where there are any.
  private let choosing: TaskEvaluator
  private let measuring: TaskEvaluator

  /// Throws what binding the objective throws.
  init(
    _ task: TrainingTask, _ settings: Arena.Settings, _ interrupt: InterruptSource
  ) throws(DiagnosticError) {
    guard let target = task.settings.target else { preconditionFailure("arenas want targets") }
    self.task = task
    self.target = target
    self.settings = settings
    self.interrupt = interrupt
    choosing = try task.evaluator(choosing: true, interrupt: interrupt)
    measuring =
      task.data?.validation == nil
      ? choosing : try task.evaluator(choosing: false, interrupt: interrupt)
  }

  /// Nil where it was interrupted.
  func cell(_ entry: ArenaRule, rule: Int, task place: Int) -> ArenaCell? {
    var cell = ArenaCell(rule: rule, task: place, knobs: entry.knobs.map(\.name))
    guard let base = entry.rule else {
      cell.problem = entry.problem
      return cell
    }
    do throws(DiagnosticError) {
      var search = ArenaSearch(entry.knobs, budget: settings.trials)
      while let values = search.next() {
        // What all tasks share shows how one setting does on each; behind it, who is slower than the best loses.
        let limit =
          search.trials.count < search.shared
          ? nil
          : search.best.flatMap {
            $0.reached ? Int(($0.cost * Double(choosing.steps)).rounded()) : nil
          }
        var trial = trial(base, entry, values, seeds: [0])
        trial.limit = limit
        guard let run = try runs(trial, choosing)?.first else { return nil }
        let cost =
          run.problem != nil
          ? .nan
          : target.cost(
            reached: run.reachedTarget, steps: run.steps, of: choosing.steps,
            last: choosing.last(target.series, of: run))
        let isOut = cost.isNaN || limit != nil && !run.reachedTarget
        search.add(
          ArenaTrial(values: values, reached: run.reachedTarget, cost: isOut ? .infinity : cost))
      }
      cell.trials = search.trials
      guard let best = search.best else {
        cell.problem = "no setting came to its end"
        return cell
      }
      cell.best = best.values
      var trial = trial(base, entry, best.values, seeds: (1...settings.seeds).map(UInt64.init))
      trial.keepsCurve = true
      guard let runs = try runs(trial, measuring) else { return nil }
      cell.runs = runs.enumerated().map { result($1, seed: $0 + 1) }
      cell.curve = runs.first.flatMap { ArenaCurve($0.curve) }
    } catch {
      cell.problem = error.summary
    }
    return cell
  }

  private func trial(
    _ rule: Rule, _ entry: ArenaRule, _ values: [Double], seeds: [UInt64]
  ) -> TaskEvaluator.Trial {
    TaskEvaluator.Trial(
      rule, settings: [zip(entry.knobs, values).map { ($0.position, $1) }], seeds: seeds)
  }

  /// A run for each seed; nil where they were interrupted. Throws why the rule does not run on the task at all; values
  /// that it does not take are runs that failed.
  private func runs(
    _ trial: TaskEvaluator.Trial, _ evaluator: TaskEvaluator
  ) throws(DiagnosticError) -> [Evaluation]? {
    do throws(DiagnosticError) {
      let found = try evaluator.evaluate([trial], threads: 1)[0]
      return found.contains { $0.end == .interrupted } ? nil : found
    } catch {
      if !error.isOfValues() { throw error }
      return trial.seeds.map { _ in
        var failed = Evaluation(end: .failed, steps: 0)
        failed.failure = error.diagnostics.first
        return failed
      }
    }
  }

  private func result(_ run: Evaluation, seed: Int) -> ArenaRun {
    let problem = run.problem
    return ArenaRun(
      seed: seed, steps: run.steps, reached: run.reachedTarget,
      last: problem == nil ? measuring.last(target.series, of: run) : .nan, failure: problem)
  }
}
