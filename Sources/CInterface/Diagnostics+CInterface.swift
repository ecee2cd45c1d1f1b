import Diagnostics

extension Diagnostic {
  /// What no call takes, and no text of the language explains.
  static func hostCall(_ why: String) -> Diagnostic { Diagnostic(.hostCall, why, at: .none) }
}
