import ArgumentParser
import Zoo

struct ProblemsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "problems",
    abstract: "The problems that come with Ravine, to try rules on.",
    discussion: """
      Examples:
        ravine problems                every problem with what it is
        ravine problems rosenbrock     its source, ready to be changed

      A script names one like an objective of its own:
        minimize rosenbrock with Adam(lr = 0.02) for 2000 steps
      """)

  @Flag(help: "The list, or the problem, as JSON.")
  var json = false
  @Argument(
    help: ArgumentHelp("A problem.", valueName: "name"), completion: .names([.objective]))
  var name: String?

  func run() throws {
    try LibraryListing(kinds: [.objective], isJSON: json).write(name, listing: .objective)
  }
}
