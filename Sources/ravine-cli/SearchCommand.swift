import ArgumentParser
import Basics
import Diagnostics
import Driver
import Experiments
import IR
import Platform
import Runtime
import Search
import Syntax
import Training

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find rules by evolution, on tasks.",
    subcommands: [SearchRunCommand.self, SearchMergeCommand.self],
    defaultSubcommand: SearchRunCommand.self)
}

struct SearchRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Find rules by evolution, on tasks.",
    discussion: """
      Examples:
        ravine search Examples/search/sign-momentum.opt            the search of the script
        ravine search find.opt --journal found.db                  goes on where it was killed
        ravine search --from SGD --on rosenbrock --programs 5000   without a script
        ravine search find.opt --method random                     a control at equal programs
        ravine search find.opt --journal found.db --claims         what the find is worth
        ravine search find.opt --journal found.db --open           and on the locked test tasks, once

      What is found is a rule in the language, with what it came to on the search's tasks and on those of validation.
      Ctrl-C stops cleanly; with a journal the same command goes on. docs/search.md says how to read what comes out.
      """)

  @Option(help: ArgumentHelp("The rule to begin with.", valueName: "rule"))
  var from: String?
  @Option(help: ArgumentHelp("Tasks that programs are judged by, with commas.", valueName: "tasks"))
  var on: [String] = []
  @Option(
    name: .customLong("validate"),
    help: ArgumentHelp("Tasks that choose among what was found, with commas.", valueName: "tasks"))
  var judges: [String] = []
  @Option(
    name: .customLong("test"),
    help: ArgumentHelp("Tasks that stay locked until --open, with commas.", valueName: "tasks"))
  var locked: [String] = []
  @Option(help: ArgumentHelp("Functions that may be put in, with commas.", valueName: "names"))
  var using: [String] = []
  @Option(help: ArgumentHelp("The rule that scores are relative to; AdamW.", valueName: "rule"))
  var against: String?
  @Option(help: "Programs that run, in each restart.")
  var programs: Int?
  @Option(help: "Minutes that each restart takes, in place of programs.")
  var minutes: Double?
  @Option(help: "Programs that children are made of.")
  var population: Int?
  @Option(help: "Programs that are drawn for a parent, the best of them.")
  var tournament: Int?
  @Option(help: "Searches one after the other, from the start each.")
  var restarts: Int?
  @Option(help: "The most operations of a program.")
  var longest: Int?
  @Option(help: "What decides all that is drawn.")
  var seed: UInt64?
  @Option(help: "evolution, or a control: random, mutants (of the start alone), numbers (alone).")
  var method: SearchSettings.Method?
  @Option(
    help: ArgumentHelp("Do the restarts i, i + n, … of them, counted from 0.", valueName: "i/n"))
  var shard: String?
  @Option(
    help: ArgumentHelp(
      "A file that every program is kept in; the same search goes on from it.", valueName: "file"))
  var journal: String?
  @Flag(help: "Run the controls beside the search, each with as many evaluations.")
  var controls = false
  @Flag(
    help:
      "Measure what was found against tuned baselines on the tasks of validation, and without each of its parts."
  )
  var claims = false
  @Flag(
    help: "Measure it on the locked test tasks. The journal keeps that; there is no second time.")
  var open = false
  @Option(help: "Settings that claims try for each rule on each task.")
  var trials = 12
  @Option(help: "Seeds that claims compare rules on.")
  var pairs = 20
  @Flag(help: "What claims measured, as JSON.")
  var json = false
  @Option(help: "At most so many threads; all cores without it. The results are the same.")
  var threads: Int?
  @OptionGroup var commands: ProgramOptions
  @ArgumentParser.Argument(
    help: ArgumentHelp("A script with a `search` statement.", valueName: "file"))
  var file: String?

  /// What is wrong with the flags together, and with their numbers.
  private var problem: String? {
    if file == nil, from == nil || on.isEmpty {
      return "name a script, or a start by --from and tasks by --on"
    }
    if let threads, threads < 1 { return "--threads must be 1 or more" }
    for (name, value) in [
      ("--programs", programs), ("--population", population), ("--tournament", tournament),
      ("--restarts", restarts), ("--longest", longest),
    ] {
      if let value, value < 1 || value > SearchSettings.mostPrograms {
        return "\(name) must be from 1 to \(SearchSettings.mostPrograms)"
      }
    }
    if let minutes, !(minutes > 0 && minutes < 1e6) { return "--minutes must be above 0" }
    if minutes != nil, programs != nil {
      return "--programs and --minutes contradict one another: take one of them"
    }
    if open, journal == nil {
      return "--open needs a --journal, which keeps that the test set was opened"
    }
    if controls, claims || open {
      return "--controls compares searches, --claims and --open what was found: take one of them"
    }
    if json, claims == open { return "--json is about --claims or --open, one of them" }
    for (name, value, least) in [("--trials", trials, 1), ("--pairs", pairs, 2)]
    where value < least || value > 10_000 {
      return "\(name) must be from \(least) to 10,000"
    }
    if let shard, parsed(shard) == nil { return "--shard is i/n with 0 <= i < n, as 0/2" }
    return nil
  }

  private func parsed(_ shard: String) -> (shard: Int, shards: Int)? {
    let parts = shard.split(separator: "/").map { Int($0) }
    guard parts.count == 2, let i = parts[0], let n = parts[1], i >= 0, i < n, n <= 100_000 else {
      return nil
    }
    return (i, n)
  }

  func run() throws {
    if let problem {
      Console.report([.badFlags(problem)], in: SourceMap())
      throw Status.usage
    }
    let opened = try OpenScript(file, commands)
    let (compiler, script) = (opened.compiler, opened.script)
    let result: SearchResult
    var isInterrupted = false
    do throws(DiagnosticError) {
      if controls {
        var controls = SearchControls()
        try controls.run(plan(opened), script) { Console.progress($0) }
        Console.progress("")
        Console.write(controls.text)
        return
      }
      let plan = try plan(opened)
      let search = try script.search(plan)
      let view = SearchView(search)
      search.progress = { found in
        Console.view(SearchText.progress(found)) { view.lines(found) }
      }
      let journal = try journal.map { path throws(DiagnosticError) in
        try SearchJournal(path, search.header)
      }
      if open, let journal { try requireShut(script, search, journal) }
      result = try search.run(journal)
      Console.progress("")
      if !json { Console.write(SearchText.text(result)) }
      if !result.wasInterrupted, result.winner != nil {
        for subject in asked {
          let found = try script.claims(
            Script.ClaimRequest(subject, trials: trials, pairs: pairs, time: time(nil)),
            of: search, result, plan, journal
          ) { Console.progress($0) }
          Console.progress("")
          guard let found else {
            isInterrupted = true
            break
          }
          Console.write(json ? found.json.rendered() : "\n" + ClaimText(found).text)
        }
      }
    } catch {
      Console.progress("")
      Console.report(error.diagnostics, in: compiler.sources)
      throw Status.program
    }
    Console.report(script.warnings, in: compiler.sources)
    if result.wasInterrupted || isInterrupted {
      Console.say(
        "interrupted" + (journal == nil ? "" : ": the same command goes on from here") + "\n")
      throw Status.interrupted
    }
    if result.winner == nil { throw Status.numeric }
  }

  private var asked: [SearchJournal.Subject] {
    (claims ? [.claims] : []) + (open ? [.test] : [])
  }

  /// Before anything runs. What came of an opening before is shown again, never measured again.
  private func requireShut(
    _ script: Script, _ search: Search, _ journal: SearchJournal
  ) throws(DiagnosticError) {
    do throws(DiagnosticError) {
      try script.requireShut(search, journal)
    } catch {
      if let known = try journal.report(of: .test) {
        Console.write(json ? known.json.rendered() : ClaimText(known).text)
      }
      throw error
    }
  }

  /// The statement of the script, with what the flags say in its place.
  private func plan(_ opened: OpenScript) throws(DiagnosticError) -> SearchPlan {
    let script = opened.script
    let statements = try script.searches()
    guard statements.count <= 1 else {
      throw DiagnosticError(.severalSearches(file ?? "", statements.count))
    }
    var plan: SearchPlan
    if let first = statements.first {
      plan = first
      if let from { (plan.start, plan.startPlace) = (try opened.rule(from), .none) }
    } else {
      guard let from else { throw DiagnosticError(.nothingToSearch(file ?? "")) }
      plan = SearchPlan(from: try opened.rule(from))
    }
    if !on.isEmpty { plan.tasks = OpenScript.words(on) }
    if plan.tasks.isEmpty { throw DiagnosticError(.nothingToSearch(file ?? "")) }
    if !judges.isEmpty { plan.validation = OpenScript.words(judges) }
    if !locked.isEmpty { plan.test = OpenScript.words(locked) }
    if !using.isEmpty { try plan.settings.use(OpenScript.words(using).map { Name($0) }) }
    if let against { plan.baseline = try opened.rule(against) }
    plan.settings.programs = programs ?? plan.settings.programs
    if let minutes {
      plan.settings.minutes = minutes
      plan.settings.programs = SearchSettings.mostPrograms
    }
    plan.settings.population = population ?? plan.settings.population
    if let tournament {
      plan.settings.tournament = tournament
    } else if population != nil {
      plan.settings.fitTournament()
    }
    plan.settings.restarts = restarts ?? plan.settings.restarts
    plan.settings.longest = longest ?? plan.settings.longest
    plan.settings.seed = seed ?? plan.settings.seed
    plan.settings.method = method ?? plan.settings.method
    if let shard = shard.flatMap(parsed) {
      (plan.settings.shard, plan.settings.shards) = shard
    }
    plan.settings.threads = threads ?? Threads.preferred
    // What a flag says is no fault of the statement.
    if from != nil || against != nil || !(on + judges + locked + using).isEmpty
      || [population, tournament, longest].contains(where: { $0 != nil })
    {
      plan.place = .none
    }
    return plan
  }
}

extension SearchSettings.Method: ExpressibleByArgument {}
