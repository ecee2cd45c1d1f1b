import ArgumentParser
import Basics
import Diagnostics
import Driver
import Experiments
import Files
import Runtime
import Training
import Zoo

struct ArenaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "arena",
    abstract: "Many rules on many tasks with the same budget: which one for what.",
    discussion: """
      Examples:
        ravine arena Adam Lion SGD --on rosenbrock,mlp           three rules on two tasks
        ravine arena my.opt:MyRule AdamW                         a rule of yours on every problem
        ravine arena --level easy --journal easy.jsonl           the whole zoo; goes on where it was killed
        ravine arena mine.opt Adam --on my_task --page arena.html

      Without rules the whole zoo competes; a script adds its rules, and the tasks that --on may name. For each task
      each rule gets the same number of trials: its rate over decades, then near the best, then one more of its
      hyperparameters. What is found is run on other seeds, the same for all rules.
      Ctrl-C stops cleanly; the rules that were done are ranked. docs/arena.md says how to read it.
      """)

  enum Level: String, ExpressibleByArgument, CaseIterable {
    case easy, middle, hard, all

    func has(_ task: String) -> Bool {
      self == .all || Library.shared.level(ofTask: task) == rawValue
    }
  }

  @Option(
    help: ArgumentHelp(
      "Tasks or problems, with commas; of a problem those of --level. All problems without it.",
      valueName: "tasks"))
  var on: [String] = []
  @Option(help: "Which tasks of the problems: easy, middle, hard or all.")
  var level = Level.middle
  @Option(help: "Settings tried for each rule on each task.")
  var trials = 8
  @Option(help: "Seeds of the runs that count.")
  var seeds = 3
  @Option(
    help: ArgumentHelp(
      "A file that each result is written to at once; an arena with the same rules and tasks goes on from it.",
      valueName: "file"))
  var journal: String?
  @Option(help: ArgumentHelp("A page of HTML with all results, in one file.", valueName: "file"))
  var page: String?
  @Option(help: "At most so many threads; all cores without it. The results are the same.")
  var threads: Int?
  @OptionGroup var programs: ProgramOptions
  @Flag(help: "Everything that was tried and found, as JSON.")
  var json = false
  @Argument(
    help: ArgumentHelp("Rules, FILE.opt:RULE, or scripts.", valueName: "rule"), completion: .program
  )
  var rules: [String] = []

  func validate() throws {
    for (name, value) in [("--trials", trials), ("--seeds", seeds)]
    where value > 1_000 || value < 0 {
      throw ValidationError("\(name) must be from 0 to 1,000")
    }
    if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more") }
  }

  func run() throws {
    let opened = try OpenScript(nil, programs)
    let (compiler, script) = (opened.compiler, opened.script)
    var named: [ArenaRule] = []
    // Data of a task are found beside the script that has it.
    var folders: [String: String] = [:]
    // A rule that is named twice, or by its file and by itself, competes once.
    var competing: Set<String> = []
    for text in rules {
      named += try competitors(text, compiler, &folders).filter {
        competing.insert($0.label).inserted
      }
    }
    let result = try opened.answer { () throws(DiagnosticError) -> ArenaResult in
      if let page { try WholeFile(path: page).requirePlace(ofPicture: true) }
      var settings = Arena.Settings()
      settings.trials = trials
      settings.seeds = seeds
      let tasks = try names(compiler).map { name throws(DiagnosticError) in
        script.options.folder = folders[name]
        return try script.work(named: name)
      }
      var arena = try Arena(named.isEmpty ? ArenaRule.zoo() : named, tasks, settings)
      arena.workers = threads ?? Threads.preferred
      arena.progress = { Console.progress($0) }
      let result = try arena.run(
        journal.map { path throws(DiagnosticError) in
          try ArenaJournal(path, arena)
        })
      if let page { try writeWhole(path: page, bytes: Array(result.page.utf8)) }
      return result
    }
    Console.write(json ? result.json.rendered() : result.text)
    Console.report(script.warnings + result.warnings, in: compiler.sources)
    if result.wasInterrupted {
      Console.say("interrupted: the rules that were done are ranked\n")
      throw Status.interrupted
    }
    if result.rows.isEmpty { throw Status.numeric }
  }

  /// What one word of the command line stands for: a rule, or all rules of a script.
  private func competitors(
    _ text: String, _ compiler: Compiler, _ folders: inout [String: String]
  ) throws -> [ArenaRule] {
    func add(_ path: String) throws {
      try Program.add(path, to: compiler)
      for case .task(let task) in (compiler.script?.items ?? []).map(\.kind) {
        folders[task.name.text] = SourceFiles.folder(of: path)
      }
    }
    switch Program(text) {
    case .file(let path):
      try add(path)
      return (compiler.script?.items ?? []).compactMap { item in
        guard case .rule(let declaration) = item.kind else { return nil }
        return ArenaRule(named: declaration.name.text, compiler)
      }
    case .rule(let rule, let path):
      if let path { try add(path) }
      return [
        try Console.reporting(in: compiler) {
          ArenaRule(try compiler.rule(rule, allowsMissing: true))
        }
      ]
    }
  }

  /// The tasks that are asked for, each once.
  private func names(_ compiler: Compiler) -> [String] {
    let library = Library.shared
    let asked = OpenScript.words(on)
    var found: [String] = []
    for name in on.isEmpty ? library.names(.objective) : asked {
      let tasks = library.tasks(of: name).map(\.name)
      // A name of a task means that task; one of a problem, whose middle task has the same name, those of the level.
      let isProblem = library.declaration(name, [.objective]) != nil
      found += isProblem ? tasks.filter(level.has) : [name]
    }
    var seen: Set<String> = []
    return found.filter { seen.insert($0).inserted }
  }
}
