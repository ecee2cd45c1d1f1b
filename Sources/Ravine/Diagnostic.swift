import Diagnostics

/// What is wrong with a text, or with a step, and where.
public struct Diagnostic: Error, Sendable, CustomStringConvertible {
  /// What is meant, in lines and columns (of bytes) that count from 1; an end lies behind the last.
  public struct Place: Hashable, Sendable {
    /// The name under which the text was added.
    public let file: String
    /// The first line.
    public let line: Int
    /// The first column.
    public let column: Int
    /// The last line.
    public let endLine: Int
    /// The column behind the last.
    public let endColumn: Int
  }

  /// An edit that would mend the text.
  public struct FixIt: Hashable, Sendable {
    /// What it does, in words.
    public let message: String
    /// The text to be replaced; nil where it is no longer there.
    public let place: Place?
    /// What to put there.
    public let replacement: String
  }

  package let value: Diagnostics.Diagnostic
  package let sources: SourceMap

  /// The number of its code.
  package var number: Int { value.code.number }

  /// Diagnostics about texts that were added together, as the JSON of `ravine check --json`.
  package static func json(_ found: [Diagnostic]) -> String {
    guard let first = found.first else { return "[]" }
    return DiagnosticRenderer(sources: first.sources).json(found.map(\.value))
  }

  static func all(_ found: [Diagnostics.Diagnostic], _ sources: SourceMap) -> [Diagnostic] {
    found.map { Diagnostic(value: $0, sources: sources) }
  }

  /// `R0301`: the same kind of mistake always has the same code.
  public var code: String { value.code.description }

  /// False for a warning: the text works, but hardly as it was meant.
  public var isError: Bool { value.severity == .error }

  /// One sentence, without code and place.
  public var message: String { value.message }

  /// Further sentences that explain it.
  public var notes: [String] { value.notes.map(\.message) }

  /// Edits that together would mend the text; empty where none is known.
  public var fixIts: [FixIt] {
    value.fixIts.map {
      FixIt(message: $0.message, place: place($0.span), replacement: $0.replacement)
    }
  }

  /// Where it is; nil where no text is meant.
  public var place: Place? { place(value.span) }

  /// What a code means and what to do about it; nil for unknown codes.
  public static func explanation(of code: String) -> String? { Catalog.page(code)?.text }

  /// Several lines: code, message, the place with its line of text, notes and repairs. Ends in a line
  /// break. `colour` adds the escape sequences of terminals.
  public func rendered(colour: Bool = false) -> String {
    DiagnosticRenderer(sources: sources, colour: colour).text(value)
  }

  /// As `rendered()`.
  public var description: String { rendered() }

  private func place(_ span: Span) -> Place? {
    guard let file = sources.file(of: span) else { return nil }
    let start = file.position(Int(span.start - file.base))
    let end = file.position(max(Int(span.end), Int(span.start)) - Int(file.base))
    return Place(
      file: file.name, line: start.line, column: start.column, endLine: end.line,
      endColumn: end.column)
  }
}

/// Why something was not done: one or more diagnostics, at least one of them an error.
public struct DiagnosticError: Error, Sendable, CustomStringConvertible {
  /// In the order of the text.
  public let diagnostics: [Diagnostic]

  init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

  /// All of them, rendered, with a blank line between.
  public var description: String { diagnostics.map(\.description).joined(separator: "\n") }

  /// What `body` returns; what it throws is shown with the texts of `sources`.
  static func shown<R>(
    in sources: () -> SourceMap, _ body: () throws(Diagnostics.DiagnosticError) -> R
  ) throws(DiagnosticError) -> R {
    do throws(Diagnostics.DiagnosticError) {
      return try body()
    } catch {
      throw DiagnosticError(Diagnostic.all(error.diagnostics, sources()))
    }
  }
}
