import ArgumentParser
import Basics
import Diagnostics
import Platform
import Runtime

/// `ravine`: the command line.
@main
struct Ravine: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ravine",
    abstract: "A language for optimizers: a rule is a text that is checked, costed and run.",
    discussion: "Examples:\n" + examples + "\n\nHow it ends:\n"
      + Status.allCases.map { status in
        let number = "\(status.rawValue)"
        return "  " + number + String(repeating: " ", count: 5 - number.count) + status.meaning
      }.joined(separator: "\n"),
    version: version,
    subcommands: [
      ReplCommand.self, RunCommand.self, CheckCommand.self, FormatCommand.self,
      DescribeCommand.self,
      ZooCommand.self, ProblemsCommand.self, ExplainCommand.self, ReplayCommand.self,
      DumpCommand.self,
      CompareCommand.self, CertifyCommand.self, ReduceCommand.self,
      IdentifyCommand.self, TestCommand.self, TuneCommand.self, SuggestCommand.self,
      ArenaCommand.self, SearchCommand.self, RunsCommand.self, SimplifyCommand.self,
      EvalCommand.self, BenchCommand.self,
      ExportCommand.self, RecordCommand.self, CacheCommand.self, ManualCommand.self,
    ])

  static let examples = """
      ravine                                a session: rules, proofs and plots at a prompt
      ravine run Examples/digits.opt        train and plot what a script says
      ravine check my-rules/                check every .opt file of a directory
      ravine describe 'AdamW(lr = 1e-3)'    states, cost and hyperparameters of a rule
      ravine zoo Lion                       the source of a rule that comes with Ravine
      ravine explain R0301                  what a diagnostic means and how to mend it
      ravine --version --verbose            which matrix library computes, and why that one
    """

  static let summary = """
    A program in a file FILE.opt states how an optimizer steps, what it is tried on, and what is claimed of it.
    RULE is a rule of those that come along (ravine zoo lists them), with arguments or without, or a rule
    of a file: FILE.opt:RULE. A file alone is run.
    """

  static let version = "\(Version.text)"

  func run() throws {
    // `ravine | less` asks for what follows.
    let isAsked = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 0
    if !isAsked, try ReplCommand.parse([]).answers() { return }
    Console.write(
      """
      ravine \(Self.version), a language for optimizers

        ravine repl              a session; also plain `ravine`
        ravine run FILE          run a script          ravine check FILE…    check without running
        ravine describe RULE     what a rule costs     ravine zoo [NAME]     the rules that come along
        ravine fmt FILE…         format                ravine explain CODE   what a message means
        ravine replay RULE FILE  compare with a recorded run
        ravine record RULE       write a run for others to compare with
        ravine export --to torch RULE   print it in another language
        ravine test FILE…        run saved sessions again and compare
        ravine compare RULE RULE prove two rules equal, or see where they differ
        ravine certify FILE      check the certificate of such a proof
        ravine reduce RULE       a shorter rule that does the same
        ravine identify RULE     the rules of the zoo that it is or nearly is
        ravine bench RULE…       what a step takes, against what memory can give
        ravine tune FILE RULE…   search learning rates with an equal budget
        ravine arena RULE…       many rules on many tasks: which one for what
        ravine search FILE       find rules by evolution
        ravine simplify RULE     take out what a rule does without
        ravine runs JOURNAL      what a search has found
        ravine eval --jsonl      score candidates of a search outside
        ravine suggest FILE      rules that do well on a problem like yours
        ravine dump FILE         what the compiler sees
        ravine cache             the code that was compiled for this machine

      `ravine help COMMAND` shows examples.

      """)
  }

  static func main() {
    Console.prepare()
    MatrixLibrary.report = { Console.say("ravine: \($0)\n") }
    Console.end(status(of: Array(CommandLine.arguments.dropFirst())))
  }

  /// Runs the command that the arguments name.
  static func status(of arguments: [String]) -> Status {
    if Set(arguments) == ["--version", "--verbose"] {
      Console.write("ravine \(version)\n\(MatrixLibrary.current.description)\n")
      return .success
    }
    var arguments = arguments
    // `ravine help chek` asks for a command as well.
    let asked = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
    if let asked, !asked.hasPrefix("-"), !commandNames.contains(asked) {
      if arguments.first == asked, asked.hasSuffix(".opt") || asked.contains("/") {
        arguments.insert("run", at: 0)
      } else {
        let near = Suggestion.nearest(to: asked, among: commandNames)
        Console.say(
          "ravine: there is no command `\(Console.printable(asked))`"
            + (near.map { "; did you mean `ravine \($0)`?" } ?? "")
            + "\n`ravine --help` lists the commands.\n")
        return .usage
      }
    }
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
      return .success
    } catch let status as Status {
      return status
    } catch {
      let text = fullMessage(for: error)
      if exitCode(for: error) == .success {
        Console.write(text + (text.hasSuffix("\n") ? "" : "\n"))
        return .success
      }
      Console.say(text + (text.hasSuffix("\n") ? "" : "\n"))
      return .usage
    }
  }

  private static var commandNames: [String] {
    configuration.subcommands.map { $0.configuration.commandName ?? "" } + ["help"]
  }
}

/// How `ravine` ends. Thrown by a command that has already said why.
enum Status: Int32, Error, CaseIterable {
  case success = 0
  /// What was looked for was found: a file to format, a difference beyond the tolerance.
  case finding = 1
  /// The command line is wrong.
  case usage = 2
  /// A program has errors.
  case program = 3
  /// A number became NaN or infinite, or an operation had no answer.
  case numeric = 4
  /// Ctrl-C, as shells number it.
  case interrupted = 130

  /// For people.
  var meaning: String {
    switch self {
    case .success: "all is well"
    case .finding: "what was looked for was found: a difference, a file to format"
    case .usage: "the command line is wrong, or a file that it names"
    case .program: "a program has errors"
    case .numeric: "a number became NaN or infinite, or has no answer"
    case .interrupted: "Ctrl-C"
    }
  }

  /// Of a run that ended with diagnostics.
  init(of error: DiagnosticError) {
    self = error.diagnostics.contains { $0.code.isNumeric } ? .numeric : .program
  }

  /// The status that names the worse of two outcomes: a broken program before a finding.
  func worse(_ other: Status) -> Status { rawValue >= other.rawValue ? self : other }
}
