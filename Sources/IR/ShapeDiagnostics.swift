import Diagnostics

extension ShapeError {
  /// The error with its code, at the expression that made the operation.
  package func diagnostic(at span: Span) -> Diagnostic {
    let code =
      switch reason {
      case .mismatch: 401
      case .innerExtents: 402
      case .needsMatrix: 403
      case .needsSquare: 404
      case .needsScalar: 405
      case .needsBoolean: 406
      case .needsReal: 407
      case .badSlice: 408
      case .badReshape: 409
      case .noAxis: 431
      case .axisLeft: 432
      }
    return Diagnostic(code, message, at: span)
  }
}
