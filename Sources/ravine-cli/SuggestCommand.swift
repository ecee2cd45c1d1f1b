import ArgumentParser
import Diagnostics
import Driver
import Experiments
import IR
import Runtime
import Training

struct SuggestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suggest",
    abstract: "The few rules that do well on a problem like yours, tried on it.",
    discussion: """
      Examples:
        ravine suggest Examples/digits.opt         the first task of the script
        ravine suggest task.opt --on mine          a task of the script
        ravine suggest --on rosenbrock Lion        a task of `ravine problems`, and one rule more
        ravine suggest task.opt --seeds 12         more seeds tell more rules apart

      The problem is looked at for 200 steps: its size, how much gradients differ from batch to batch, its
      curvature. The rules that this speaks for are tried with the same small budget, a search of the rate
      and then seeds that the search has not seen, paired; runs are at most --steps long. Rules are told
      apart by Student's t on paired differences, at 5 % after Holm's correction over all pairs; of those that
      are not told apart from the best, the one that keeps the least state is suggested.
      """)

  @Option(help: "Trials for each rule.")
  var trials = 8
  @Option(help: "Seeds of the measurement.")
  var seeds = 6
  @Option(help: "A run is at most so many steps long.")
  var steps = 1_000
  @Option(help: EngineName.help)
  var engine = EngineName.interpreter
  @Flag(help: "As JSON.")
  var json = false
  @Option(help: ArgumentHelp("A task, of the script or of `ravine problems`.", valueName: "task"))
  var on: String?
  @Argument(
    help: ArgumentHelp(
      "A script (- for standard input), which with --on may be left out, and rules to be tried as well.",
      valueName: "file"))
  var names: [String] = []

  func validate() throws {
    for (name, value, most) in [
      ("--trials", trials, 10_000), ("--seeds", seeds, 1_000), ("--steps", steps, 1_000_000),
    ] where value < 1 || value > most {
      throw ValidationError("\(name) must be from 1 to \(most)")
    }
  }

  func run() throws {
    var rules = names
    var path: String?
    if case .file(let file)? = names.first.map(Program.init) {
      path = file
      rules.removeFirst()
    } else if on == nil {
      throw ValidationError("name a script, or a task by --on")
    }
    let opened = try OpenScript(path)
    let (compiler, script) = (opened.compiler, opened.script)
    var advisor = Advisor()
    advisor.trials = trials
    advisor.seeds = seeds
    advisor.mostSteps = steps
    advisor.engine.engine = engine.kind
    advisor.engine.passCompiler = engine.compiler
    advisor.progress = { Console.progress($0) }
    let advice = try opened.answer { () throws(DiagnosticError) -> Advice in
      let first = try on == nil ? script.firstTask() : nil
      guard let task = try on.map(script.task(named:)) ?? first?.task else {
        throw DiagnosticError(.withoutTask(names.first ?? ""))
      }
      let calls = try rules.map { (rule) throws(DiagnosticError) in try opened.call(rule) }
      return try advisor.advise(on: task, compiler, rules: calls)
    }
    Console.write(json ? advice.json.rendered() : advice.text)
    Console.report(script.warnings, in: compiler.sources)
    if advice.wasInterrupted {
      Console.say("interrupted: the rules that were done are shown\n")
      throw Status.interrupted
    }
    if advice.suggested == nil { throw Status.numeric }
  }
}
