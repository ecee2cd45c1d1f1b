package enum Severity: Int, Sendable, Comparable {
  case note, warning, error
  package static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
}

/// An edit that would mend the program: replace the text of `span`.
package struct FixIt: Hashable, Sendable {
  package var message: String
  package var span: Span
  package var replacement: String

  package init(_ message: String, at span: Span, replacement: String) {
    self.message = message
    self.span = span
    self.replacement = replacement
  }
}

/// A second place that explains the first ("first defined here").
package struct Note: Hashable, Sendable {
  package var message: String
  package var span: Span

  package init(_ message: String, at span: Span = .none) {
    self.message = message
    self.span = span
  }
}

/// What is wrong, where exactly, and what would mend it. Made by the named factories of each phase.
package struct Diagnostic: Hashable, Sendable, Error {
  package var code: DiagnosticCode
  package var severity: Severity
  package var message: String
  package var span: Span
  package var notes: [Note]
  package var fixIts: [FixIt]

  package init(
    _ code: DiagnosticCode, _ severity: Severity, _ message: String, at span: Span,
    notes: [Note] = [], fixIts: [FixIt] = []
  ) {
    self.code = code
    self.severity = severity
    self.message = message
    self.span = span
    self.notes = notes
    self.fixIts = fixIts
  }

  /// An error.
  package init(
    _ code: DiagnosticCode, _ message: String, at span: Span, notes: [Note] = [],
    fixIts: [FixIt] = []
  ) {
    self.init(code, .error, message, at: span, notes: notes, fixIts: fixIts)
  }
}

/// Collects the diagnostics of a run, each once, and bounds their number.
package struct DiagnosticBag: Sendable {
  package private(set) var all: [Diagnostic] = []
  private var seen: Set<Diagnostic> = []
  /// After this many errors the rest is counted, not kept: one broken file must not flood a terminal.
  package static let limit = 100
  package private(set) var dropped = 0

  package init() {}

  package var hasErrors: Bool { errorCount > 0 }
  private var errorCount = 0

  /// Whether errors alone are as many as are kept.
  package var isFullOfErrors: Bool { errorCount >= Self.limit }

  package mutating func report(_ diagnostic: Diagnostic) {
    guard seen.insert(diagnostic).inserted else { return }
    let isError = diagnostic.severity == .error
    if all.count >= Self.limit {
      dropped += 1
      // A warning gives way: an error must not be lost, or a broken program would run.
      guard isError, let last = all.lastIndex(where: { $0.severity != .error }) else { return }
      all.remove(at: last)
    }
    if isError { errorCount += 1 }
    all.append(diagnostic)
  }

  package mutating func report(contentsOf others: [Diagnostic]) {
    for diagnostic in others { report(diagnostic) }
  }

  package mutating func report(contentsOf other: DiagnosticBag) {
    for diagnostic in other.all { report(diagnostic) }
    dropped += other.dropped
  }

  /// In the order of the source.
  package var sorted: [Diagnostic] {
    all.sorted {
      ($0.span.start, $0.span.end, $0.code.number) < ($1.span.start, $1.span.end, $1.code.number)
    }
  }
}

/// One or more diagnostics thrown together.
package struct DiagnosticError: Error, Sendable {
  package var diagnostics: [Diagnostic]
  /// What was found, for a caller who knows more about it.
  package var cause: (any Error)?
  package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
  package init(_ diagnostic: Diagnostic, cause: (any Error)? = nil) {
    diagnostics = [diagnostic]
    self.cause = cause
  }
}
