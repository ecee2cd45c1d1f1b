import ArgumentParser

struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual",
    abstract: "This help as a page of man(1).",
    discussion: """
      Examples:
        ravine manual > ravine.1
        ravine manual | man -l -
      """,
    shouldDisplay: false)

  func run() throws { Console.write(Manual().text) }
}
