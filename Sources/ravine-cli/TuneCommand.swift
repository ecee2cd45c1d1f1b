import ArgumentParser
import Basics
import Diagnostics
import Driver
import Experiments
import IR
import Runtime
import Training

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Search the learning rate of several rules with the same budget.",
    discussion: """
      Examples:
        ravine tune Examples/digits.opt               the rules of the script, on its task
        ravine tune Examples/digits.opt Lion 'AdamW(λ = 0.1)'
        ravine tune task.opt AdamW --search 'lr = 1e-4..1' --search 'λ = 0, 0.01, 0.1'
        ravine tune task.opt --by test_loss --json > found.json
        ravine tune task.opt AdamW --search 'batch = 16..256'   rates against batches
        ravine tune task.opt --by margin --maximise   a metric whose name does not say
        ravine tune mlp.opt AdamW --search 'lr = 1e-4..1' --search 'λ = 1e-4..1' --search 'hidden = 16..256'
        ravine tune --on rosenbrock Adam HeavyBall    a task of the script or of `ravine problems`

      The task is the one that `--on` names, or the script's first `train` or `minimize`. Each rule gets the same number of trials:
      the first hyperparameter over its range, the second at the best of these, then the first again
      around its best. More than two are searched together, the batch among them, by successive halving: points that
      fill all ranges evenly (Halton's, scrambled) run on a ninth of the task, the best third of them on three times as
      much, and so on, with as much work as --trials whole runs. A name that no rule has is one of the objective:
      `hidden`, or `mlp.hidden` where a rule has it too. Where the data keep rows with `validate = 0.1`, the search looks at these alone, and
      rules are ranked by the test rows. A value that a rule gives is replaced; of a schedule, as `lr = cosine(0.1)`, its
      peak is. What is found is then measured on other seeds, the same for all rules.
      Ctrl-C stops cleanly; the rules that were done are shown.
      """)

  /// Read at the door; what is no range is told with the other arguments.
  struct Search: ExpressibleByArgument {
    let text: String
    let range: SearchRange?

    init(argument: String) {
      text = argument
      range = SearchRange(argument)
    }
  }

  @Option(
    help: ArgumentHelp(
      "A hyperparameter of the rules or the objective and its range, evenly by powers, or its values. With `batch = 16, 64` or `batch = 16..256` (doubled), each rule is searched at each batch; with three or more others the batch is one of these.",
      valueName: "lr = 1e-5..10"))
  var search: [Search] = []
  @Option(help: "Trials for each rule.")
  var trials = 12
  @Option(help: "Seeds of each trial.")
  var searchSeeds = 1
  @Option(help: "Seeds of the measurement.")
  var seeds = 5
  @Option(
    help: ArgumentHelp(
      "The series whose last value counts: its name tells whether it is made small (loss, error) or large (accuracy, score). Without it, the steps to the target of a task with `until`; else test_loss where the data keep rows with `validate`, else loss.",
      valueName: "series"))
  var by: String?
  @Flag(
    name: [.customLong("maximise"), .customLong("maximize")], help: "Make the series of --by large."
  )
  var maximise = false
  @Flag(
    name: [.customLong("minimise"), .customLong("minimize")], help: "Make the series of --by small."
  )
  var minimise = false
  @Option(help: EngineName.help)
  var engine = EngineName.interpreter
  @Option(help: "Numbers of `train`: f32 or f64. `minimize` always uses f64.")
  var dtype = RunCommand.NumberType.f32
  @Flag(help: "Everything that was tried, as JSON.")
  var json = false
  @OptionGroup var programs: ProgramOptions
  @Option(help: ArgumentHelp("A task, of the script or of `ravine problems`.", valueName: "task"))
  var on: String?
  @Argument(
    help: ArgumentHelp(
      "A script (- for standard input), which with --on may be left out.", valueName: "file"))
  var file: String
  @Argument(help: ArgumentHelp("Rules in place of those of the script.", valueName: "rule"))
  var rules: [String] = []

  func validate() throws {
    let batches = search.filter { $0.range?.name == "batch" }
    var seen: Set<String> = []
    for name in search.compactMap(\.range?.name) where !seen.insert(Greek.key(of: name)).inserted {
      throw ValidationError("there are two --search of `\(Console.printable(name))`")
    }
    if search.count - batches.count > Tuner.Settings.mostRanges {
      throw ValidationError("at most \(Tuner.Settings.mostRanges) --search, and one more of batch")
    }
    for search in batches where search.range?.batches == nil {
      throw ValidationError(
        "`\(Console.printable(search.text))` names no batches: `batch = 16, 64` or `batch = 16..256`"
      )
    }
    for search in search where search.range == nil {
      throw ValidationError(
        "`\(Console.printable(search.text))` is no search: `lr = 1e-4..1` or `λ = 0, 0.01, 0.1`")
    }
    if maximise, minimise { throw ValidationError("--maximise or --minimise, not both") }
    if maximise || minimise, by == nil {
      throw ValidationError("--\(maximise ? "maximise" : "minimise") of what? add --by SERIES")
    }
    for (name, value, most) in [
      ("--trials", trials, 10_000), ("--search-seeds", searchSeeds, 1_000),
      ("--seeds", seeds, 1_000),
    ] where value < 1 || value > most {
      throw ValidationError("\(name) must be from 1 to \(most)")
    }
  }

  func run() throws {
    var named = rules
    var path: String?
    if case .file = Program(file) {
      path = file
    } else if on != nil {
      named.insert(file, at: 0)
    } else {
      throw ValidationError("`\(Console.printable(file))` is no script; a task is named by --on")
    }
    let opened = try OpenScript(path, programs)
    let (compiler, script) = (opened.compiler, opened.script)
    script.options.elementType = dtype.elementType
    let result = try opened.answer { () throws(DiagnosticError) -> Tuner.Result in
      let first = try on == nil ? script.firstTask() : nil
      guard let task = try on.map(script.work(named:)) ?? first?.task else {
        throw DiagnosticError(.withoutTask(file))
      }
      let ranges = search.compactMap(\.range).filter { $0.name != "batch" }
      var settings = Tuner.Settings(ranges: ranges.isEmpty ? [.learningRate] : ranges)
      settings.batches =
        search.compactMap(\.range).first { $0.name == "batch" }?.batches ?? []
      settings.trials = trials
      settings.searchSeeds = searchSeeds
      settings.seeds = seeds
      if let by {
        settings.take(series: by)
        if maximise || minimise { settings.direction = maximise ? .up : .down }
      } else if task.target != nil {
        settings.series = nil
      } else if task.choosing(ObjectiveModule.testLoss) != nil {
        settings.take(series: ObjectiveModule.testLoss)
      }
      var tuner = Tuner(task, settings)
      tuner.compiler = compiler
      tuner.engine.engine = engine.kind
      tuner.engine.elementType = dtype.elementType
      tuner.engine.passCompiler = engine.compiler
      tuner.progress = { Console.progress($0) }
      let given = try named.map { text throws(DiagnosticError) in
        try opened.rule(text, allowsMissing: true)
      }
      let rules = given.isEmpty ? first?.rules ?? [] : given
      if rules.isEmpty { throw DiagnosticError(.withoutRules(task.title)) }
      return try tuner.run(rules)
    }
    Console.write(json ? result.json.rendered() : result.text)
    Console.report(script.warnings + result.warnings, in: compiler.sources)
    if result.wasInterrupted {
      Console.say("interrupted: the rules that were done are shown\n")
      throw Status.interrupted
    }
    if result.rows.contains(where: { $0.problem != nil }) { throw Status.numeric }
  }
}
