import Syntax

/// The texts that declare what the user's do not: rules of the zoo, functions of the prelude.
struct Library {
  /// The text that declares a name, or nil.
  let text: (String) -> SyntaxTree?
  private var asked: Set<String> = []

  init(text: @escaping (String) -> SyntaxTree?) { self.text = text }

  /// The text that declares a name; nil where there is none or it was taken before.
  mutating func take(_ key: String) -> SyntaxTree? {
    asked.insert(key).inserted ? text(key) : nil
  }
}
