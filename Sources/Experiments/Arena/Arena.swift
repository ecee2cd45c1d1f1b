import Basics
import Diagnostics
import Runtime
import Training

/// Many rules on many tasks, each with the same budget: a search of its setting for each task, then runs on seeds
/// that all share.
package struct Arena: Sendable {
  package struct Settings: Hashable, Sendable {
    /// Settings tried for each rule on each task.
    package var trials = 8
    /// Seeds of the runs that count; the search has another one.
    package var seeds = 3

    package init() {}
  }

  package let rules: [ArenaRule]
  package let tasks: [any RuleTask]
  package let settings: Settings
  /// Threads that take cells; the result is the same for any number.
  package var workers = 1
  package var interrupt = InterruptSource.signals
  package var progress: @Sendable (String) -> Void = { _ in }

  /// Throws R0233 where nothing would be run, R0232 for a task without a target, R0239 for one whose
  /// target is the loss of a game.
  package init(
    _ rules: [ArenaRule], _ tasks: [any RuleTask], _ settings: Settings = Settings()
  ) throws(DiagnosticError) {
    for (name, count) in [
      ("trials", settings.trials), ("seeds", settings.seeds), ("rules", rules.count),
      ("tasks", tasks.count),
    ] where count < 1 {
      throw DiagnosticError(.nothingToRun(name))
    }
    if let task = tasks.first(where: { $0.target == nil }) {
      throw DiagnosticError(.withoutTarget(task.title, at: task.span))
    }
    for task in tasks { try task.requireScore(by: task.target?.series) }
    self.rules = rules
    self.tasks = tasks
    self.settings = settings
  }

  /// Runs what the journal does not have. After Ctrl-C the cells that were done are there.
  ///
  /// Throws what writing the journal throws.
  package func run(_ journal: ArenaJournal? = nil) throws(DiagnosticError) -> ArenaResult {
    let board = ArenaBoard(self, journal)
    let threads = min(max(1, workers), max(1, board.left))
    Threads.run(threads, on: threads) { _, _ in
      // The cells share the cores, so each thread prepares a task once for itself.
      var runners: [Int: Result<ArenaRunner, DiagnosticError>] = [:]
      while !interrupt.isRequested(), let (rule, task) = board.next() {
        let began = ContinuousClock.now
        let made =
          runners[task]
          ?? Result { () throws(DiagnosticError) in
            try ArenaRunner(tasks[task], settings, interrupt)
          }
        runners[task] = made
        let cell: ArenaCell?
        switch made {
        case .success(let runner): cell = runner.cell(rules[rule], rule: rule, task: task)
        case .failure(let error): cell = ArenaCell(rule: rule, task: task, problem: error.summary)
        }
        guard let cell else { return }
        board.add(cell, seconds: (ContinuousClock.now - began) / .seconds(1))
      }
    }
    progress("")
    if let error = board.error { throw error }
    return ArenaResult(self, cells: board.cells, wasInterrupted: interrupt.isRequested())
  }

  // MARK: What a journal is of

  /// Digests of all rules, tasks and data: to be asked for once.
  var header: JSONValue {
    .record([
      "ravine": .string("arena"), "version": .int(2), "trials": .int(settings.trials),
      "seeds": .int(settings.seeds),
      "rules": .array(rules.map { .array([.string($0.label), .string($0.digest)]) }),
      "tasks": .array(tasks.map { .array([.string($0.title), .string($0.digest)]) }),
    ])
  }

  /// What another header has in place of what one's own has; nil where they are the same.
  static func difference(of other: JSONValue, from own: JSONValue) -> String? {
    if other == own { return nil }
    for name in ["trials", "seeds"] where other[name] != own[name] {
      return "\(other[name]?.line ?? "no") \(name), and now there are \(own[name]?.line ?? "")"
    }
    for name in ["rules", "tasks"] where other[name] != own[name] {
      let (theirs, ours) = (other[name]?.items ?? [], own[name]?.items ?? [])
      if theirs.count != ours.count {
        return "\(theirs.count) \(name), and now there are \(ours.count)"
      }
      for (a, b) in zip(theirs, ours) where a != b {
        let (before, now) = (a.items?.first?.text ?? "", b.items?.first?.text ?? "")
        return before == now
          ? "another `\(now)`: its text has changed since" : "`\(before)` where now `\(now)` is"
      }
    }
    return "another version of Ravine"
  }
}

/// The cells that are to be made and those that are, for all workers.
private final class ArenaBoard: @unchecked Sendable {
  private let arena: Arena
  private let journal: ArenaJournal?
  private let turn = Turn()
  private var pending: [(rule: Int, task: Int)] = []
  private var found: [[ArenaCell?]]
  private var clock: ArenaClock
  private var problem: DiagnosticError?

  init(_ arena: Arena, _ journal: ArenaJournal?) {
    self.arena = arena
    self.journal = journal
    found = arena.rules.map { _ in arena.tasks.map { _ in nil } }
    for cell in journal?.cells ?? [] { found[cell.rule][cell.task] = cell }
    for rule in arena.rules.indices {
      for task in arena.tasks.indices where found[rule][task] == nil {
        pending.append((rule, task))
      }
    }
    clock = ArenaClock(tasks: arena.tasks.count, workers: arena.workers)
    for cell in pending { clock.expect(cell.task) }
    pending.reverse()
  }

  var left: Int { turn.take { pending.count } }
  var error: DiagnosticError? { turn.take { problem } }
  var cells: [[ArenaCell?]] { turn.take { found } }

  /// A cell that nobody works on; nil at the end, and where one could not be kept.
  func next() -> (rule: Int, task: Int)? { turn.take { problem == nil ? pending.popLast() : nil } }

  func add(_ cell: ArenaCell, seconds: Double) {
    turn.take {
      do throws(DiagnosticError) {
        try journal?.append(cell)
      } catch {
        problem = problem ?? error
        return
      }
      found[cell.rule][cell.task] = cell
      clock.add(cell.task, seconds)
      let all = arena.rules.count * arena.tasks.count
      let done = found.reduce(0) { $0 + $1.count { $0 != nil } }
      arena.progress(
        "\(arena.rules[cell.rule].label) on \(arena.tasks[cell.task].title): \(done) of \(all), "
          + "\(clock.left) left")
    }
  }
}
