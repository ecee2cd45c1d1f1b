import Diagnostics
import IR
import Runtime
import Training

/// Makes the cells of one task: a search with the budget of all, then runs on other seeds.
struct ArenaRunner {
  let task: TrainingTask
  let settings: Arena.Settings
  let interrupt: InterruptSource
  private let trainer: Trainer

  init(_ task: TrainingTask, _ settings: Arena.Settings, _ interrupt: InterruptSource) {
    self.task = task
    self.settings = settings
    self.interrupt = interrupt
    trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter,
      elementType: task.data == nil ? .float64 : .float32, interrupt: interrupt)
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
            $0.reached ? Int(($0.cost * Double(task.steps)).rounded()) : nil
          }
        let run = try run(base, entry, values, seed: 0, limit: limit)
        if interrupt.isRequested() { return nil }
        let cost = task.cost(of: run)
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
      for seed in 1...settings.seeds {
        let run = try run(base, entry, best.values, seed: UInt64(seed))
        if interrupt.isRequested() { return nil }
        cell.runs.append(result(run, seed))
        if seed == 1, let series = task.settings.target?.series {
          cell.curve = ArenaCurve(run, series, stepsPerPlace: stepsPerPlace)
        }
      }
    } catch {
      cell.problem = error.summary
    }
    return cell
  }

  /// Steps from one entry of a history's axis to the next.
  private var stepsPerPlace: Double {
    guard let rows = task.data?.train.rows else { return 1 }
    let batch = min(task.settings.batch ?? rows, rows)
    return Double((rows + batch - 1) / batch)
  }

  private func result(_ run: RunHistory, _ seed: Int) -> ArenaRun {
    let last = task.settings.target.flatMap { run.last($0.series) } ?? .nan
    return ArenaRun(
      seed: seed, steps: run.steps, reached: run.reachedTarget,
      last: run.failure == nil ? last : .nan, failure: run.failure?.message)
  }

  /// One run: a rule, its setting, a seed. Throws why the rule does not run on the task at all; a number without an
  /// answer on the way is a run that failed.
  private func run(
    _ rule: Rule, _ entry: ArenaRule, _ values: [Double], seed: UInt64, limit: Int? = nil
  ) throws(DiagnosticError) -> RunHistory {
    var wanted = task.settings
    wanted.seeds = [seed]
    wanted.limit = limit
    var failed = RunHistory(seed: seed)
    do throws(DiagnosticError) {
      var set = rule
      for (knob, value) in zip(entry.knobs, values) {
        set = try set.setting(knob.position, to: value, named: knob.name)
      }
      let runs =
        task.data == nil
        ? try trainer.walks([set], wanted).flatMap(\.runs)
        : try trainer.train([set], wanted, title: task.title).rules.flatMap(\.runs)
      if let run = runs.first { return run }
      failed.wasInterrupted = true
    } catch {
      let isOfValues = error.diagnostics.contains {
        $0.code.isNumeric || $0.code == .scheduleLeavesDomain || $0.code == .outsideDomain
      }
      if !isOfValues { throw error }
      failed.failure = error.diagnostics.first
    }
    return failed
  }
}
