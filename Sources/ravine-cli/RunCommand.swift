import ArgumentParser
import Diagnostics
import Ravine
import Runtime
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a script: minimize, train, plot, assert.",
    discussion: """
      Examples:
        ravine run Examples/digits.opt        train and plot what the script says
        ravine Examples/rosenbrock.opt        the same, shorter
        ravine run --json Examples/digits.opt  every curve as JSON
        ravine run - < script.opt

      Tables and values go to stdout, progress and messages to stderr. Ctrl-C stops the training
      cleanly; the plots of the script are then drawn from what there is.
      """)

  @Argument(help: ArgumentHelp("A script, or - for standard input.", valueName: "file"))
  var file: String

  @Option(help: EngineName.help)
  var engine = EngineName.interpreter

  @Option(help: "Numbers of `train`: f32 or f64. `minimize` always uses f64.")
  var dtype = NumberType.f32

  @Flag(help: "Print the recorded curves as JSON instead of tables.")
  var json = false

  enum NumberType: String, ExpressibleByArgument, CaseIterable {
    case f32, f64
    var elementType: ElementType { self == .f32 ? .float32 : .float64 }
  }

  func run() throws {
    let compiler = Compiler()
    try Program.add(file, to: compiler)
    var options = Script.Options()
    options.engine = engine.kind
    options.elementType = dtype.elementType
    options.width = Console.width
    options.usesUnicode = Console.showsUnicode
    options.usesColour = Console.hasColourOnOutput
    options.folder = SourceFiles.folder(of: file)
    let isTerminal = isatty(STDERR_FILENO) == 1
    let writesJSON = json
    let script = Script(
      compiler, options: options,
      output: { text in if !writesJSON { Console.write(text) } },
      progress: { text in
        if isTerminal {
          Console.say("\r\u{1B}[K" + text)
        } else if text.hasSuffix("\n") {
          Console.say(text)
        }
      })
    script.passCompiler = engine.compiler
    Interrupt.install()
    do throws(DiagnosticError) {
      try script.run()
    } catch {
      if isTerminal { Console.say("\r\u{1B}[K") }
      Console.report(error.diagnostics, in: compiler.sources)
      throw error.diagnostics.contains { 900..<1000 ~= $0.code.number }
        ? Status.numeric : Status.program
    }
    if json { Console.write(ExperimentJSON.text(script.experiments) + "\n") }
    Console.report(script.findings + script.failures, in: compiler.sources)
    if Interrupt.isRequested {
      Console.say("interrupted: what was done so far is shown\n")
      throw Status.interrupted
    }
    if !script.failures.isEmpty { throw Status.numeric }
    if !script.findings.isEmpty { throw Status.finding }
  }
}
