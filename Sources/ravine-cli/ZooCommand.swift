import ArgumentParser
import Zoo

struct ZooCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zoo",
    abstract: "The rules and functions that come with Ravine.",
    discussion: """
      Examples:
        ravine zoo                     every rule with what it is
        ravine zoo Lion                the source of a rule, ready to be changed
        ravine zoo Lion > my-lion.opt
        ravine zoo --functions         what every program may call
      """)

  @Flag(help: "The list, or the rule, as JSON.")
  var json = false
  @Flag(help: "List the functions instead of the rules.")
  var functions = false
  @Argument(
    help: ArgumentHelp("A rule or a function.", valueName: "name"),
    completion: .names([.rule, .function]))
  var name: String?

  func run() throws {
    let kinds: [Library.Declaration.Kind] = [.rule, .function]
    try LibraryListing(kinds: kinds, isJSON: json).write(
      name, listing: functions ? .function : .rule)
  }
}
