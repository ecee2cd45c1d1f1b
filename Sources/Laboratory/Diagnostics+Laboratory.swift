import Diagnostics

// What stands alone and has no value.
extension Diagnostic {
  static func onlyInRule(at span: Span) -> Diagnostic {
    Diagnostic(.notAvailable, "this has a meaning in a rule only", at: span)
  }

  static func unknownName(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.unknownName, "`\(name)` is not defined here", at: span)
  }

  static func stepsFromOne() -> Diagnostic {
    Diagnostic(.notAWholeNumber, "steps count from 1", at: .none)
  }
}
