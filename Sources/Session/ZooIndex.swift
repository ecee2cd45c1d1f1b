import Syntax
import Zoo

/// What comes with Ravine, by any spelling of a name.
enum ZooIndex {
  private static let byKey: [String: Library.Declaration] = Dictionary(
    Library.shared.declarations.map { (Name($0.name).key, $0) }, uniquingKeysWith: { a, _ in a })

  static var declarations: [Library.Declaration] { Library.shared.declarations }

  static func declaration(_ name: String) -> Library.Declaration? { byKey[Name(name).key] }

  static func rule(_ name: String) -> Library.Declaration? {
    declaration(name).flatMap { $0.kind == .rule ? $0 : nil }
  }

  /// The `##` lines of a declaration, without their marks.
  static func documentation(_ declaration: Library.Declaration) -> [String] {
    declaration.text.split(separator: "\n").prefix { $0.hasPrefix("##") }
      .map { String($0.dropFirst($0.hasPrefix("## ") ? 3 : 2)) }
  }

  /// The source without its documentation.
  static func source(_ declaration: Library.Declaration) -> String {
    let lines = declaration.text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.drop { $0.hasPrefix("##") }.joined(separator: "\n")
  }

  /// The first sentence of the documentation, without the rule's own name before it.
  static func summary(_ declaration: Library.Declaration) -> String {
    var text = documentation(declaration).joined(separator: " ")
    if text.hasPrefix(declaration.name + ": ") { text.removeFirst(declaration.name.count + 2) }
    let sentence = text.split(separator: ".", maxSplits: 1).first.map(String.init) ?? text
    return sentence
  }
}
