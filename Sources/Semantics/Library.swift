import Syntax

/// The texts that declare what the user's do not: rules of the zoo, functions of the prelude, problems.
struct Library {
  private let text: (LibraryName) -> SyntaxTree?
  private var asked: Set<LibraryName> = []

  init(text: @escaping (LibraryName) -> SyntaxTree?) { self.text = text }

  /// The text that declares a name; nil where there is none or it was taken before.
  mutating func take(_ name: LibraryName) -> SyntaxTree? {
    asked.insert(name).inserted ? text(name) : nil
  }
}

/// The key of a name, and where it stands.
package enum LibraryName: Hashable, Sendable {
  /// Where a rule or a function may be called.
  case callable(String)
  /// After `minimize` and `train`.
  case objective(String)
  /// After `on`.
  case data(String)
  case task(String)
}

/// The names that libraries offer, loaded or not.
package struct Offer: Sendable {
  package var rules: [String] = []
  package var functions: [String] = []
  package var objectives: [String] = []
  package var data: [String] = []
  package var tasks: [String] = []

  package init() {}
}
