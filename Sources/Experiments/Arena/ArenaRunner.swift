import Basics
import Diagnostics
import IR
import Training

/// Makes the cells of one task, on one thread: a search with the budget of all, then runs on other seeds.
struct ArenaRunner {
  private let target: TrainingSettings.Target
  private let settings: Arena.Settings
  private let course: any ArenaRuns

  /// Throws what preparing the task throws.
  init(
    _ task: any RuleTask, _ settings: Arena.Settings, _ interrupt: InterruptSource
  ) throws(DiagnosticError) {
    guard let target = task.target else { preconditionFailure("arenas want targets") }
    self.target = target
    self.settings = settings
    course = try task.arenaRuns(target, interrupt)
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
      cell.problem = try excess(base, entry, search)
      if cell.problem != nil { return cell }
      while let values = search.next() {
        // What all tasks share shows how one setting does on each; behind it, who is slower than the best loses.
        let limit =
          search.trials.count < search.shared
          ? nil
          : search.best.flatMap {
            $0.reached ? Int(($0.cost * Double(course.steps)).rounded()) : nil
          }
        guard
          let run = try runs(base, entry, values, seeds: [0], limit: limit, isChoosing: true)?.first
        else { return nil }
        let cost =
          run.problem != nil
          ? .nan
          : target.cost(
            reached: run.reached, steps: run.steps, of: course.steps, last: run.last)
        let isOut = cost.isNaN || limit != nil && !run.reached
        search.add(
          ArenaTrial(values: values, reached: run.reached, cost: isOut ? .infinity : cost))
      }
      cell.trials = search.trials
      guard let best = search.best else {
        cell.problem = "no setting came to its end"
        return cell
      }
      cell.best = best.values
      let seeds = (1...settings.seeds).map(UInt64.init)
      guard
        let runs = try runs(base, entry, best.values, seeds: seeds, limit: nil, isChoosing: false)
      else { return nil }
      cell.runs = zip(seeds, runs).map { seed, run in
        ArenaRun(
          seed: Int(seed), steps: run.steps, reached: run.reached,
          last: run.problem == nil ? run.last : .nan, failure: run.problem)
      }
      cell.curve = runs.first.flatMap { ArenaCurve($0.curve) }
    } catch {
      cell.problem = error.summary
    }
    return cell
  }

  /// Work of a run that is too much; nil for what is not. Counted, so that it is the same everywhere.
  private func excess(
    _ rule: Rule, _ entry: ArenaRule, _ search: ArenaSearch
  ) throws(DiagnosticError) -> String? {
    var search = search
    let work: Double
    do throws(DiagnosticError) {
      work = try course.work(of: rule.setting(zip(entry.knobs, search.next() ?? [])))
    } catch {
      // A trial that failed says so.
      if error.isOfValues() { return nil }
      throw error
    }
    return work <= Self.mostWork
      ? nil
      : "a run takes too much: \(NumberText.short(work)) operations, the arena gives "
        + NumberText.short(Self.mostWork)
  }

  /// Some five seconds, of which a cell takes eleven: a rule that decomposes matrices of thousands of rows at each
  /// step would take days, and one that solves a thousand equations more than all other rules together.
  private static let mostWork = 2e10

  /// Values that the rule does not take are runs that failed.
  private func runs(
    _ rule: Rule, _ entry: ArenaRule, _ values: [Double], seeds: [UInt64], limit: Int?,
    isChoosing: Bool
  ) throws(DiagnosticError) -> [ArenaOutcome]? {
    do throws(DiagnosticError) {
      return try course.runs(
        rule, zip(entry.knobs, values).map { ($0, $1) }, seeds: seeds, limit: limit,
        isChoosing: isChoosing)
    } catch {
      if !error.isOfValues() { throw error }
      let problem = error.diagnostics.first?.message
      return seeds.map { _ in
        ArenaOutcome(steps: 0, reached: false, last: .nan, problem: problem, curve: [])
      }
    }
  }
}
