import Diagnostics

extension ShapeError {
  /// The error with its code, at the expression that made the operation.
  package func diagnostic(at span: Span) -> Diagnostic {
    let code: DiagnosticCode =
      switch reason {
      case .mismatch: .shapeMismatch
      case .innerExtents: .innerLengths
      case .needsMatrix: .needsMatrix
      case .needsSquare: .needsSquare
      case .needsScalar: .needsOneNumber
      case .needsBoolean: .needsCondition
      case .needsReal: .needsNumber
      case .badSlice: .indexOutOfRange
      case .badReshape: .badReshape
      case .noAxis: .noSuchAxis
      case .axisLeft: .axisLeft
      }
    return Diagnostic(code, message, at: span)
  }
}
