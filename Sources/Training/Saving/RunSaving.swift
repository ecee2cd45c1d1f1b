import Diagnostics

/// `save every 10 epochs to "run.safetensors"`: a run of hours that survives what stops it.
package struct RunSaving: Sendable {
  package enum Unit: String, Sendable { case steps, epochs }

  /// What becomes of a file that is there.
  package enum Resuming: Sendable {
    /// One with a run that is not over is left alone, R0774.
    case never
    /// The run goes on. One of another experiment is R0771.
    case always
    /// The run goes on where it is the same experiment; else as `never`.
    case ifSame
  }

  package var every: Int
  package var unit: Unit
  package var path: String
  package var span: Span
  package var resuming = Resuming.never
  /// The source of each rule, which the file takes along.
  package var sources: [String] = []

  package init(every: Int, unit: Unit, path: String, span: Span) {
    self.every = every
    self.unit = unit
    self.path = path
    self.span = span
  }

  /// Throws R0774 where the file holds a run that is not over, and R0770 where it holds something that
  /// this statement did not write: neither is overwritten.
  package func requireFree() throws(DiagnosticError) {
    guard let record = try RunRecord(path: path), let going = record.going else { return }
    throw DiagnosticError(.unfinishedRun(path, going, at: span))
  }
}
