import Diagnostics
import Zoo

/// What an arena found, cell by cell, and what follows for each rule.
package struct ArenaResult: Sendable {
  package struct Task: Hashable, Sendable {
    package var name: String
    /// `easy`, `middle` or `hard` of a problem that comes along; empty for others.
    package var level: String
    package var steps: Int
    /// As written: `loss < 0.1`.
    package var target: String
    package var limit: Double
  }

  /// A rule that ran on every task.
  package struct Row: Sendable {
    package var rule: Int
    /// Its place by the profile of steps to the target, and what it is shown to be better and worse than.
    package var place: Ranking.Place
    /// Tasks on which most seeds reached the target.
    package var solved: Int
    /// Those with the setting that is best on all other tasks, of the settings that were tried on all.
    package var solvedWithOne: Int
    /// The setting that is best on all tasks together.
    package var one: String
  }

  package let settings: Arena.Settings
  package let rules: [String]
  package let tasks: [Task]
  /// By rule, then by task; nil where it was not done.
  package let cells: [[ArenaCell?]]
  package let wasInterrupted: Bool
  /// The best first. A rule that runs on no task, and one that was not finished, is not among them.
  package let rows: [Row]
  /// By row of `rows`.
  package let profile: PerformanceProfile
  /// Tasks of the user's on which rules are not told apart, as nobody comes to the target, or everybody is there at the start.
  package let warnings: [Diagnostic]

  init(_ arena: Arena, cells: [[ArenaCell?]], wasInterrupted: Bool) {
    settings = arena.settings
    rules = arena.rules.map(\.label)
    tasks = arena.tasks.map { task in
      let target = task.target
      return Task(
        name: task.title, level: Library.shared.level(ofTask: task.title) ?? "",
        steps: task.steps(batch: nil),
        target: target.map(\.text) ?? "", limit: target?.value ?? .nan)
    }
    self.cells = cells
    self.wasInterrupted = wasInterrupted
    let ranked = cells.indices.filter { rule in
      cells[rule].allSatisfy { $0 != nil } && cells[rule].contains { $0?.problem == nil }
    }
    let costs = ranked.map { cells[$0].map { $0?.cost ?? .infinity } }
    let ranking = Ranking(costs: costs)
    rows = ranking.places.map { place in
      let rule = ranked[place.solver]
      let shared = ArenaSearch(arena.rules[rule].knobs, budget: arena.settings.trials).shared
      let one = OneSetting(cells[rule].map { $0?.trials ?? [] }, shared: shared)
      var known = place
      known.betterThan = place.betterThan.map { ranked[$0] }
      known.worseThan = place.worseThan.map { ranked[$0] }
      return Row(
        rule: rule, place: known, solved: cells[rule].count { $0?.isSolved ?? false },
        solvedWithOne: one.solved,
        one: cells[rule].compactMap { $0 }.first { !$0.trials.isEmpty }?.setting(one.best) ?? "")
    }
    profile = PerformanceProfile(costs: ranking.places.map { costs[$0.solver] })
    let levels = tasks.map(\.level)
    warnings = arena.tasks.enumerated().compactMap { k, task in
      levels[k].isEmpty ? Self.remark(on: task, cells.compactMap { $0[k] }) : nil
    }
  }

  private static func remark(on task: any RuleTask, _ cells: [ArenaCell]) -> Diagnostic? {
    let ran = cells.filter { $0.problem == nil && !$0.runs.isEmpty }
    guard let target = task.target, !ran.isEmpty else { return nil }
    let runs = ran.flatMap(\.runs)
    if !runs.contains(where: \.reached),
      !ran.contains(where: { $0.trials.contains(where: \.reached) })
    {
      let count = runs.count + ran.reduce(0) { $0 + $1.trials.count }
      return .targetUnreached(target.text, count, "it tells nothing of the rules", at: task.span)
    }
    return runs.allSatisfy { $0.reached && $0.steps == 0 }
      ? .targetHolds(target.text, at: task.span) : nil
  }

  /// Rules that were not finished before Ctrl-C.
  package var unfinished: [Int] { cells.indices.filter { cells[$0].contains { $0 == nil } } }

  /// Reasons for which rules do not run, and on how many tasks, in the order of the rules.
  package var problems: [(rule: Int, tasks: Int, reason: String)] {
    cells.enumerated().compactMap { rule, row in
      let found = row.compactMap { $0?.problem }
      return found.first.map { (rule, found.count, $0) }
    }
  }
}

/// How a rule does with one setting for all tasks, of those that were tried on all.
private struct OneSetting {
  private(set) var solved = 0
  /// Of all tasks.
  private(set) var best: [Double] = []

  /// By task the trials; the first `shared` are at the same settings, or there are none.
  init(_ trials: [[ArenaTrial]], shared: Int) {
    let runs = trials.filter { !$0.isEmpty }
    let count = min(shared, runs.map(\.count).min() ?? 0)
    guard count > 0 else { return }
    /// Tasks that are solved, then how near the others come.
    func merit(_ k: Int, without left: Int?) -> (Int, Double) {
      var sum = (0, 0.0)
      for (place, row) in runs.enumerated() where place != left {
        sum.0 += row[k].reached ? 1 : 0
        sum.1 -= min(row[k].cost, 3)
      }
      return sum
    }
    func choice(without left: Int?) -> Int {
      (1..<max(1, count)).reduce(0) {
        merit($1, without: left) > merit($0, without: left) ? $1 : $0
      }
    }
    // What is counted on a task was chosen on the others.
    solved = runs.indices.count { runs[$0][choice(without: $0)].reached }
    best = runs[0][choice(without: nil)].values
  }
}
