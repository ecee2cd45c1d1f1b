import Diagnostics
import IR

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

extension Operation {
  /// As a message names it: by what calls it in the language.
  var construct: String {
    switch self {
    case .slice, .placeSlice: "slices of tensors"
    default: "`\(info.name.isEmpty ? "\(self)" : info.name)`"
    }
  }
}
