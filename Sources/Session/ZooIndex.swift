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
}
