import Basics
import Diagnostics

/// An identifier as the user wrote it, and its canonical spelling.
///
/// Greek letters and their spelled names are one identifier: `β1` and `beta1` have the key `beta1`,
/// `ε` and `eps` the key `eps`.
package struct Name: Hashable, Sendable, CustomStringConvertible {
  /// What names are compared by.
  package var key: String
  /// As written, for messages and printing.
  package var text: String
  package var span: Span

  package init(key: String, text: String, span: Span) {
    self.key = key
    self.text = text
    self.span = span
  }

  /// A name as written, with its canonical key.
  package init(_ text: String, _ span: Span = .none) {
    self.init(key: Greek.key(of: text), text: text, span: span)
  }

  package var description: String { text }
  package static func == (a: Name, b: Name) -> Bool { a.key == b.key }
  package func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
