import Diagnostics
import Syntax

/// `:help`: commands, names and codes.
struct HelpCommand: Answering {
  let question: Question

  func help(_ rest: Fragment) throws {
    if rest.isEmpty { return write(Self.overview) }
    var word = rest.text
    let isCommand = word.hasPrefix(":")
    if isCommand { word.removeFirst() }
    let isCode =
      word.count > 1 && (word.first == "R" || word.first == "r")
      && word.dropFirst().allSatisfy(\.isNumber)
    if isCode, let page = Catalog.page(word) { return write(CatalogText.text(page)) }
    let key = Name(word).key
    if !isCommand {
      if let own = definitions.ledger.declaration(key) { return write(own.text + "\n") }
      if let found = ZooIndex.declaration(word) { return write(found.text) }
      if let page = BuiltinHelp.entry(key) ?? BuiltinHelp.entry(word) {
        write("\(page.usage): \(page.meaning)\n")
        if let command = CommandName(rawValue: word) { write(Self.page(command)) }
        return
      }
    }
    let commands = CommandName.matching(word)
    if commands.count == 1 { return write(Self.page(commands[0])) }
    if isCommand, commands.count > 1 { return write(commands.map(Self.page).joined()) }
    let near = Suggestion.nearest(to: rest.text, among: definitions.helpNames)
    throw DiagnosticError(.noHelp(rest.text, suggestion: near, at: span(rest)))
  }

  private static func page(_ command: CommandName) -> String {
    ":\(command.rawValue) \(command.arguments)".trimmedRight + "\n  \(command.summary)\n"
      + "  for example \(command.example)\n"
  }

  private static let overview: String = {
    var text = """
      Type what a script may hold: rules, functions, objectives, data, `minimize`, `train`, `plot`,
      `assert`, or an expression; names without a meaning stand for any number. `%` or `ans` is the
      last value, `%3` the third. Commands may be shortened. `:help NAME` explains a command, a rule,
      a function, a word or a code such as R0301.

      """
    for group in CommandName.Group.allCases {
      text += "\n\(group.rawValue)\n"
      for command in CommandName.allCases where command.group == group {
        let usage = ":\(command.rawValue) \(command.arguments)".trimmedRight
        let shown = usage.count > 31 ? ":\(command.rawValue) …" : usage
        text += "  \(shown)\(String(repeating: " ", count: max(1, 33 - shown.count)))"
        text += "\(command.summary)\n"
      }
    }
    return text
  }()
}
