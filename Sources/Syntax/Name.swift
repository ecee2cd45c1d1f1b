import Diagnostics

/// An identifier as the user wrote it, and its canonical spelling.
///
/// Greek letters and their spelled names are one identifier: `β1` and `beta1` have the key `beta1`,
/// `ε` and `eps` the key `eps`.
public struct Name: Hashable, Sendable, CustomStringConvertible {
  /// What names are compared by.
  public var key: String
  /// As written, for messages and printing.
  public var text: String
  public var span: Span

  public init(key: String, text: String, span: Span) {
    self.key = key
    self.text = text
    self.span = span
  }

  public var description: String { text }
  public static func == (a: Name, b: Name) -> Bool { a.key == b.key }
  public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
