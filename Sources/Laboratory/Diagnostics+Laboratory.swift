import Diagnostics
import Symbolic

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

  /// The algebra has no answer to this.
  package static func noAnswer(_ error: SymbolicError, at span: Span) -> Diagnostic {
    Diagnostic(.noAnswer, "\(error)", at: span)
  }

  /// What the algebra finds of a rule that may be meant otherwise.
  static func coupling(_ finding: Coupling.Finding, at span: Span) -> Diagnostic {
    let code: DiagnosticCode =
      switch finding.kind {
      case .together, .throughRate: .hypersActTogether
      case .uncorrected: .averageUncorrected
      case .lostInState, .lostInWeight: .changeRoundedAway
      case .insideRoot, .besideRoot: .placeOfEpsilon
      }
    var notes =
      finding.repair.map { [Note("`\($0)` is what another average of this rule has")] } ?? []
    if case .together = finding.kind, finding.isFault {
      notes = [Note("a search over both looks at each of its step sizes many times; leave one out")]
    }
    let subject =
      finding.subject.split(separator: ", ").map { "`\($0)`" }.joined(separator: " and ")
    return Diagnostic(
      code, finding.isFault ? .warning : .note, "\(subject) \(finding.text)", at: span, notes: notes
    )
  }
}
