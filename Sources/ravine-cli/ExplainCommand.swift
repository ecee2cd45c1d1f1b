import ArgumentParser
import Basics
import Diagnostics
import Session

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "What a diagnostic means, an example that has it, and the repair.",
    discussion: """
      Examples:
        ravine explain R0301                  one page
        ravine explain                        every code with its title
        ravine explain --json R0301
      """)

  @Flag(help: "As JSON.")
  var json = false
  @Argument(help: ArgumentHelp("A code such as R0301.", valueName: "code"))
  var code: String?

  func run() throws {
    guard let code else {
      if json {
        Console.write(JSONValue.array(Catalog.pages.map(Self.json)).rendered())
      } else {
        for page in Catalog.pages { Console.write("\(page.code)  \(page.title)\n") }
      }
      return
    }
    guard let page = Catalog.page(code) else {
      Console.say(
        "ravine: there is no diagnostic `\(Console.printable(code))`; `ravine explain` lists them\n"
      )
      throw Status.usage
    }
    Console.write(json ? Self.json(page).rendered() : CatalogText.text(page))
  }

  private static func json(_ page: CatalogPage) -> JSONValue {
    .record([
      "code": .string(page.code.description), "title": .string(page.title),
      "text": .string(page.text), "example": .string(CatalogText.text(page.trigger)),
      "repair": .string(CatalogText.text(page.repair)),
    ])
  }
}
