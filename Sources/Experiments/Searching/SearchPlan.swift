import Diagnostics
import Driver
import IR
import Lowering
import Search
import Semantics
import Syntax
import Training

/// What a `search` statement or the command line asks for.
package struct SearchPlan {
  package var name = "Found"
  package var start: Rule
  /// The rule that scores are relative to; nil: AdamW.
  package var baseline: Rule?
  package var tasks: [String] = []
  package var validation: [String] = []
  /// Locked until the search is over.
  package var test: [String] = []
  package var settings = SearchSettings()
  /// Where the start and the statement are written; nowhere on a command line.
  package var startPlace = Span.none
  package var place = Span.none

  package init(from start: Rule) { self.start = start }
}

extension SearchSettings {
  /// The functions of a `using` clause. Throws R0281 for a name that is none, R0216 for one that stands there twice.
  package mutating func use(_ names: [Name]) throws(DiagnosticError) {
    var seen: Set<String> = []
    if let name = names.first(where: { !seen.insert($0.key).inserted }) {
      throw DiagnosticError(.givenTwice(name))
    }
    for name in names {
      if case .failure(let unknown) = FunctionSet.named([name.key]) {
        throw DiagnosticError(.unknownFunctionOfSearch(unknown.name, at: name.span))
      }
    }
    if case .success(let set) = FunctionSet.named(names.map(\.key)) { functions = set }
  }
}

extension Script {
  /// The searches of the script that was added last.
  package func searches() throws(DiagnosticError) -> [SearchPlan] {
    var plans: [SearchPlan] = []
    for command in compiler.commands {
      if case .search(let statement) = command.kind {
        plans.append(try plan(of: statement, command))
      }
    }
    return plans
  }

  func plan(
    of statement: SearchStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) -> SearchPlan {
    try requireOnce([statement.tasks, statement.validation, statement.test])
    var plan = SearchPlan(from: try compiler.rule(statement.start, in: command.tree))
    plan.name = statement.name.text
    (plan.startPlace, plan.place) = (span(statement.start, command.tree), command.span)
    if let baseline = statement.baseline {
      plan.baseline = try compiler.rule(baseline, in: command.tree)
    }
    plan.tasks = statement.tasks.map(\.text)
    plan.validation = statement.validation.map(\.text)
    plan.test = statement.test.map(\.text)
    if !statement.functions.isEmpty { try plan.settings.use(statement.functions) }
    for clause in statement.clauses {
      if clause.keyword.key == "for", clause.unit?.key == "minutes" {
        let minutes = try number(clause.value, command.tree)
        guard minutes > 0, minutes < 1e6 else {
          throw DiagnosticError(.notATime(at: span(clause.value, command.tree)))
        }
        plan.settings.minutes = minutes
        plan.settings.programs = SearchSettings.mostPrograms
        continue
      }
      let count = try count(clause, command)
      switch clause.keyword.key {
      case "for": plan.settings.programs = count
      case "population": plan.settings.population = count
      case "tournament": plan.settings.tournament = count
      case "restarts": plan.settings.restarts = count
      case "longest": plan.settings.longest = count
      default: plan.settings.seed = UInt64(count)
      }
    }
    if !statement.clauses.contains(where: { $0.keyword.key == "tournament" }) {
      plan.settings.fitTournament()
    }
    return plan
  }

  private func count(_ clause: Clause, _ command: CheckedCommand) throws(DiagnosticError) -> Int {
    let x = try number(clause.value, command.tree)
    let key = clause.keyword.key
    let limit = key == "for" ? SearchSettings.mostPrograms : key == "seed" ? 1 << 52 : 100_000
    if key == "seed", x == 0 { return 0 }
    guard x >= 1, x == x.rounded(), x <= Double(limit) else {
      if key == "seed" { throw DiagnosticError(.notASeed(at: span(clause.value, command.tree))) }
      throw DiagnosticError(
        .notAWholeNumber(
          "`\(clause.keyword.text)`", upTo: "\(limit)", at: span(clause.value, command.tree)))
    }
    return Int(x)
  }

  /// Throws R0216 for a task that stands twice in one list: its loss would count twice.
  private func requireOnce(_ lists: [[Name]]) throws(DiagnosticError) {
    for list in lists {
      var seen: Set<String> = []
      if let task = list.first(where: { !seen.insert($0.key).inserted }) {
        throw DiagnosticError(.givenTwice(task))
      }
    }
  }

  /// Tasks that are done with all their steps: what counts is the loss at the end. Throws R0216 for one that is named
  /// twice.
  package func searchTasks(
    _ names: [String], choosing: Bool
  ) throws(DiagnosticError) -> [SearchTask] {
    try requireOnce([names.map { Name($0) }])
    var found: [SearchTask] = []
    for name in names {
      let task = try scored(name).whole
      found.append(
        SearchTask(
          name, digest: task.digest, try task.trialEvaluator(choosing: choosing, interrupt)))
    }
    return found
  }

  /// A task that is scored by its loss. Throws R0239 for a game.
  private func scored(_ name: String) throws(DiagnosticError) -> any RuleTask {
    let task = try work(named: name)
    try task.requireScore(by: "loss")
    return task
  }

  /// Throws what is wrong with a plan and can be seen before its tasks are looked at: R0280 for the start, R0216 for a
  /// task that is named twice, R0286 for one that is to be locked and seen, and R0227 for a tournament larger than the
  /// population.
  func requireSound(_ plan: SearchPlan) throws(DiagnosticError) {
    try requireOnce([plan.test.map { Name($0) }])
    guard plan.settings.tournament <= plan.settings.population else {
      throw DiagnosticError(
        .notAWholeNumber(
          "the size of a tournament", upTo: "\(plan.settings.population), the population",
          at: .none))
    }
    _ = try Search.start(plan.start, longest: plan.settings.longest, at: plan.startPlace)
    let seen = Set((plan.tasks + plan.validation).map { Name($0).key })
    if let task = plan.test.map({ Name($0) }).first(where: { seen.contains($0.key) }) {
      throw DiagnosticError(.testTaskIsSeen(task))
    }
  }

  /// The search of a plan, with its tasks prepared but for those that stay locked. Throws what is wrong with the plan and
  /// its tasks, where the statement stands that asked for it.
  package func search(_ plan: SearchPlan) throws(DiagnosticError) -> Search {
    do throws(DiagnosticError) {
      return try prepared(plan)
    } catch {
      throw error.placed(at: plan.place)
    }
  }

  private func prepared(_ plan: SearchPlan) throws(DiagnosticError) -> Search {
    try requireSound(plan)
    var baseline = plan.baseline
    if baseline == nil { baseline = try compiler.rule("AdamW") }
    let search = try Search(
      plan.name, from: plan.start,
      baseline: baseline!,
      on: searchTasks(plan.tasks, choosing: true),
      validation: searchTasks(plan.validation, choosing: false),
      test: plan.test.map { name throws(DiagnosticError) in
        LockedTask(name, digest: try scored(name).digest)
      }, plan.settings)
    search.interrupt = interrupt
    search.place = plan.place
    return search
  }
}
