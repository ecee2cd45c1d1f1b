/// The words of a command line, split as this says and no shell: at blanks, but not between `'` and `'` or
/// `"` and `"`, which are left out. All other characters stand for themselves: there are no variables,
/// patterns, pipes or escapes.
package enum CommandWords {
  package enum Problem: Error, Hashable, Sendable {
    case empty
    case openQuote(Character)
    /// A byte that no argument can hold.
    case zero
  }

  package static func split(_ text: String) throws(Problem) -> [String] {
    if text.utf8.contains(0) { throw .zero }
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let quote { throw .openQuote(quote) }
    if let word { words.append(word) }
    guard let program = words.first, !program.isEmpty else { throw .empty }
    return words
  }
}
