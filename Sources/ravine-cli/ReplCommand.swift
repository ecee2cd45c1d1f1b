import ArgumentParser
import CKernels
import CReadline
import Platform
import Runtime
import Session

struct ReplCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl",
    abstract: "A session: rules, proofs and plots at a prompt.",
    discussion: """
      Examples:
        ravine                                the same
        ravine repl Examples/rosenbrock.opt   with a script loaded
        echo ':compare Adam AdamW' | ravine

      `:help` lists the commands. Statements are kept in $XDG_STATE_HOME/ravine/history, else in
      ~/.local/state/ravine/history. Without a terminal, lines are read as they are, and the session
      ends as the worst of them does: 1 a finding, 2 usage, 3 a program with errors, 4 numbers.
      """)

  enum PlotStyle: String, ExpressibleByArgument, CaseIterable {
    case ascii, braille, sixel, kitty, svg
    var style: SessionSettings.PlotStyle { SessionSettings.PlotStyle(rawValue: rawValue)! }
  }

  @Option(help: "How plots are shown: ascii, braille, sixel, kitty or svg.")
  var plot: PlotStyle?
  @Option(help: EngineName.help)
  var engine = EngineName.interpreter
  @Option(help: "Numbers of `train`: f32 or f64.")
  var dtype = RunCommand.NumberType.f32
  @Option(help: "At most so many threads; all cores without it.")
  var threads: Int?
  @Flag(help: "Keep no history.")
  var noHistory = false
  @OptionGroup var programs: ProgramOptions
  @Argument(help: ArgumentHelp("Scripts to load first.", valueName: "file"))
  var files: [String] = []

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more") }
  }

  func run() throws { _ = try answers() }

  /// Whether there was anything to answer.
  func answers() throws -> Bool {
    if let threads { Threads.preferred = threads }
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    let session = Session(console: TerminalConsole())
    session.settings.engine = engine.kind
    session.settings.elementType = dtype.elementType
    session.settings.allowsCommands = programs.allowCommands
    session.settings.commandSeconds = programs.timeLimit
    session.passCompiler = engine.compiler
    if let plot { session.settings.plot = plot.style }
    rv_signals_install { rv_interrupt_raise() }
    for file in files where !session.submit(":load \(file)") { return true }
    let loop = SessionLoop(session, isTerminal: isTerminal, keepsHistory: !noHistory)
    try loop.run()
    if isTerminal { return true }
    switch session.worst {
    case .good: return loop.hasRead
    case .finding: throw Status.finding
    case .usage: throw Status.usage
    case .program: throw Status.program
    case .numeric: throw Status.numeric
    }
  }
}
