import ArgumentParser
import Basics
import Diagnostics
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
  @Argument(help: ArgumentHelp("A rule or a function.", valueName: "name"))
  var name: String?

  func run() throws {
    let all = Library.shared.declarations
    if let name {
      guard
        let found = Library.shared.declaration(name) ?? all.first(where: { Self.matches($0, name) })
      else {
        let near = Suggestion.nearest(to: name, among: all.map(\.name))
        Console.report(
          [
            Diagnostic(
              .unknownRule,
              "the zoo has no rule `\(Console.printable(name))`"
                + (near.map { "; did you mean `\($0)`?" } ?? ""), at: .none)
          ], in: SourceMap())
        throw Status.usage
      }
      Console.write(json ? Self.json(found).rendered() : found.text)
      return
    }
    let listed = all.filter { $0.kind == (functions ? .function : .rule) }
    if json {
      Console.write(JSONValue.array(listed.map(Self.json)).rendered())
      return
    }
    let width = listed.map(\.name.count).max() ?? 0
    for declaration in listed {
      let pad = String(repeating: " ", count: width - declaration.name.count)
      Console.write("\(declaration.name)\(pad)  \(Self.summary(declaration))\n")
    }
  }

  private static func matches(_ declaration: Library.Declaration, _ name: String) -> Bool {
    declaration.name.lowercased() == name.lowercased()
  }

  private static func documentation(_ declaration: Library.Declaration) -> [String] {
    declaration.text.split(separator: "\n").prefix { $0.hasPrefix("##") }
      .map { String($0.dropFirst($0.hasPrefix("## ") ? 3 : 2)) }
  }

  /// The first sentence without the rule's own name before it.
  private static func summary(_ declaration: Library.Declaration) -> String {
    var text = documentation(declaration).joined(separator: " ")
    if text.hasPrefix(declaration.name + ": ") { text.removeFirst(declaration.name.count + 2) }
    if let end = text.range(of: ". ") { text = String(text[..<end.lowerBound]) }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  private static func json(_ declaration: Library.Declaration) -> JSONValue {
    .record([
      "name": .string(declaration.name),
      "kind": .string(declaration.kind == .rule ? "rule" : "function"),
      "documentation": .string(documentation(declaration).joined(separator: "\n")),
      "source": .string(declaration.text),
    ])
  }
}

extension String {
  /// The first place where a text stands in this one.
  func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
