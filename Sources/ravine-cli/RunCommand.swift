import ArgumentParser
import Diagnostics
import Ravine

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a script: minimize, train, plot, assert.",
    discussion: """
      Examples:
        ravine run Examples/digits.opt        train and plot what the script says
        ravine Examples/rosenbrock.opt        the same, shorter
        ravine run - < script.opt
      """)

  @Argument(help: ArgumentHelp("A script, or - for standard input.", valueName: "file"))
  var file: String

  func run() throws {
    let compiler = Compiler()
    try Program.add(file, to: compiler)
  }
}
