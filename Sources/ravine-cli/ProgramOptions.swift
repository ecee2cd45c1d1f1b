import ArgumentParser
import Experiments

/// What tasks may do that another program works on.
struct ProgramOptions: ParsableArguments {
  @Flag(help: "Let a task start the program that it names.")
  var allowCommands = false
  @Option(
    help: ArgumentHelp("Seconds that such a program may take for an answer.", valueName: "seconds"))
  var timeLimit = 600.0

  func validate() throws {
    guard timeLimit > 0, timeLimit <= 1e6 else {
      throw ValidationError("--time-limit must be above 0 and at most 1,000,000")
    }
  }

  func set(_ options: inout Script.Options) {
    options.allowsCommands = allowCommands
    options.commandSeconds = timeLimit
  }
}
