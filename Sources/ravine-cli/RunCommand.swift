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
        ravine run --seeds 5 --set lr0=0.01 script.opt
                                            five seeds, and another value of `lr0 = …`

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

  @Option(
    help: ArgumentHelp(
      "So many seeds from 0 on, or these, as in 3,7: in place of those that the script says.",
      valueName: "count"))
  var seeds: Seeds?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Another number for a value that the script names by `name = …`; as often as there are such.",
      valueName: "name=number"))
  var values: [NamedNumber] = []

  @Flag(help: "Print the recorded curves as JSON instead of tables.")
  var json = false
  @OptionGroup var programs: ProgramOptions

  /// `5`, the seeds from 0 to 4, or `3,7`.
  struct Seeds: ExpressibleByArgument {
    var all: [UInt64]

    init?(argument: String) {
      let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { UInt64($0) }.filter { $0 < 1 << 53 }
      guard numbers.count == parts.count, let first = numbers.first else { return nil }
      if parts.count == 1 {
        guard (1...UInt64(Script.Options.mostSeeds)).contains(first) else { return nil }
        all = Array(0..<first)
      } else {
        guard Set(numbers).count == numbers.count else { return nil }
        all = numbers
      }
    }
  }

  struct NamedNumber: ExpressibleByArgument {
    var name: String
    var value: Double

    init?(argument: String) {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, let value = Double(parts[1]), !value.isNaN else {
        return nil
      }
      name = String(parts[0])
      self.value = value
    }
  }

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
    compiler.settings = values.map { ($0.name, $0.value) }
    try Program.add(file, to: compiler)
    var options = Script.Options()
    options.seeds = seeds?.all
    options.engine = engine.kind
    options.elementType = dtype.elementType
    options.width = Console.width
    options.usesUnicode = Console.showsUnicode
    options.usesColour = Console.hasColourOnOutput
    options.folder = SourceFiles.folder(of: file)
    options.resuming = resume ? .always : .never
    programs.set(&options)
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
