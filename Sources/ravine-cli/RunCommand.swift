import ArgumentParser
import Diagnostics
import Driver
import Experiments
import Platform
import Runtime
import Training

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a script: minimize, train, plot, assert.",
    discussion: """
      Examples:
        ravine run Examples/digits.opt      train and plot what the script says
        ravine Examples/rosenbrock.opt      the same, shorter
        ravine run --json script.opt        every curve as JSON
        ravine run - < script.opt           a script from standard input
        ravine run --resume script.opt      goes on where `save every 10 epochs to …` left it

      Tables and values go to stdout, progress and messages to stderr. Ctrl-C stops the training
      cleanly; the plots of the script are then drawn from what there is, and a run with `save` is kept
      as it stands.
      """)

  @Argument(
    help: ArgumentHelp("A script, or - for standard input.", valueName: "file"),
    completion: .file(extensions: ["opt"]))
  var file: String

  @Option(help: EngineName.help)
  var engine = EngineName.interpreter

  @Option(help: "Parameters of `train`: f32, f64, bf16 or f16. `minimize` always uses f64.")
  var dtype = NumberType.f32

  @Option(help: "At most so many threads; all cores without it. The results are the same.")
  var threads: Int?

  @Flag(help: "Go on with the runs that `save` kept; they end on the same bits.")
  var resume = false

  @Flag(help: "Print the recorded curves as JSON instead of tables.")
  var json = false

  enum NumberType: String, ExpressibleByArgument, CaseIterable {
    case f32, f64, bf16, f16
    var elementType: ElementType {
      switch self {
      case .f32: .float32
      case .f64: .float64
      case .bf16: .bfloat16
      case .f16: .float16
      }
    }
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more") }
  }

  func run() throws {
    // From the start: a Ctrl-C while the script is read must not lose what it goes on to plot.
    Interrupt.install()
    if let threads { Threads.preferred = threads }
    let compiler = Compiler()
    try Program.add(file, to: compiler)
    var options = Script.Options()
    options.engine = engine.kind
    options.elementType = dtype.elementType
    options.width = Console.width
    options.usesUnicode = Console.showsUnicode
    options.usesColour = Console.hasColourOnOutput
    options.folder = SourceFiles.folder(of: file)
    options.resuming = resume ? .always : .never
    let writesJSON = json
    let script = Script(
      compiler, options: options,
      output: { text in if !writesJSON { Console.write(text) } },
      progress: { Console.progress($0) })
    script.passCompiler = engine.compiler
    do throws(DiagnosticError) {
      try script.run()
    } catch {
      Console.progress("")
      Console.report(
        script.warnings + script.findings + script.failures + error.diagnostics,
        in: compiler.sources)
      throw Status(of: error)
    }
    if json { Console.write(ExperimentJSON.text(script.experiments) + "\n") }
    Console.report(script.warnings + script.findings + script.failures, in: compiler.sources)
    if Interrupt.isRequested {
      Console.say("interrupted: what was done so far is shown\n")
      throw Status.interrupted
    }
    if !script.failures.isEmpty { throw Status.numeric }
    if !script.findings.isEmpty { throw Status.finding }
  }
}
