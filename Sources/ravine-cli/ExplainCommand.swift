import ArgumentParser
import Diagnostics
import Ravine

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
    Console.write(json ? Self.json(page).rendered() : Self.text(page))
  }

  private static func text(_ page: CatalogPage) -> String {
    var output = "\(page.code): \(page.title)\n\n" + wrapped(page.text) + "\n"
    output += "Example:\n\n" + text(page.trigger) + "\nRepair:\n\n" + text(page.repair)
    return output
  }

  private static func text(_ example: CatalogExample) -> String {
    switch example {
    case .program(let text): return indented(text)
    case .situation(let text): return indented(text)
    case .command(let line, let files):
      return files.map { "    # \($0.name)\n" + indented($0.text) + "\n" }.joined()
        + indented("$ " + line)
    case .data(let name, let text, let options):
      return "    # \(name)" + (options.isEmpty ? "" : ", read with \(options)") + "\n"
        + indented(text)
    }
  }

  private static func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "    " + $0 }.joined(separator: "\n")
      .trimmingEnd() + "\n"
  }

  /// Lines of at most 88 columns; blank lines part paragraphs.
  private static func wrapped(_ text: String) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      if !line.isEmpty, line.count + 1 + word.count > 88 {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n") + "\n"
  }

  private static func json(_ page: CatalogPage) -> JSONValue {
    .record([
      "code": .string(page.code.description), "title": .string(page.title),
      "text": .string(page.text), "example": .string(text(page.trigger)),
      "repair": .string(text(page.repair)),
    ])
  }
}

extension String {
  /// Without the line breaks and spaces at its end.
  func trimmingEnd() -> String {
    var text = self
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
