import Diagnostics

// Rules in other languages: R086x.
extension Diagnostic {
  /// What a target has no words for; `note` says what to do about it.
  static func notInTarget(
    _ construct: String, _ target: ExportTarget, at span: Span, note: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .notInTarget, "\(target.title) cannot say \(construct)", at: span,
      notes: note.map { [Note($0)] } ?? [])
  }
}
