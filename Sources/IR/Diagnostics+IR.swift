import Diagnostics

// What is found while shapes are inferred, and while a rule or an objective is bound.
extension Diagnostic {
  // MARK: Named axes

  static func axisWithoutEntries(_ axis: AxisName, given length: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .axisWithoutEntries, "`\(axis.word)` has at least one entry, and \(length) are given",
      at: span)
  }

  static func axisWithoutLength(_ axis: AxisName, of name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .axisWithoutLength, "`\(name)` has the axis `\(axis.word)`, whose length nobody gives here",
      at: span,
      notes: [Note("a program gives it when it binds the rule, a recorded run has it recorded")])
  }

  static func workersNeverMeet(_ rule: String, _ count: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .workersNeverMeet, "`\(rule)` never reduces over workers, and there are \(count) of them",
      at: span, notes: [Note("take `mean over workers g` in place of `g`")])
  }

  static func windowBeyondRun(_ slot: StateSlot, _ length: Int, _ horizon: Int) -> Diagnostic {
    Diagnostic(
      .windowBeyondRun, .warning,
      "the window `\(slot.name)` holds \(length) values, and the run has \(horizon) steps",
      at: slot.origin, notes: [Note("what is never pushed keeps the first value of the state")])
  }

  static func foldTooLong(limit: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .tooManyEntries, "an axis behind another is folded up to a length of \(limit)", at: span)
  }

  static func tooManyEntries(
    _ count: Int, limit: Int, _ operation: Operation, at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .tooManyEntries,
      "`\(operation.info.name)` is done for each of up to \(limit) entries of named axes, and "
        + "these are \(count)", at: span,
      notes: [Note("elementwise operations and reductions take any number of entries")])
  }

  // MARK: Lengths and counts

  static func unknownExtent(_ extent: Extent, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownLength, "the extent `\(extent)` is not known here before the rule runs", at: span)
  }

  static func badExtent(_ x: Double, at span: Span) -> Diagnostic {
    let text =
      x.isNaN ? "NaN" : x == x.rounded() && abs(x) < 1e15 ? "\(Int(x))" : "\(x)"
    return Diagnostic(
      .badLength,
      "an extent must be a whole number from 0 to 2,000,000,000, and this one is \(text)",
      at: span)
  }

  static func matrixRuleOnVector(
    _ operation: Operation, rank: Int, at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .matrixRuleOnVector,
      "`\(operation.info.name)` needs a matrix, and this parameter has rank \(rank)", at: span,
      notes: [Note("send such parameters elsewhere with a route: `rank == 2 -> …`")])
  }

  static func rowsOfVector(_ operation: Operation, at span: Span) -> Diagnostic {
    let name = operation.info.name
    var said = matrixRuleOnVector(operation, rank: 1, at: span)
    said.notes.insert(
      Note("`\(name)` goes along rows; `\(name)(flatten(x))` is that of all elements"), at: 0)
    return said
  }

  static func shapeMismatch(_ error: any Error, at span: Span) -> Diagnostic {
    Diagnostic(.shapeMismatch, "\(error)", at: span)
  }

  static func tooManyIterations(_ count: Double, at span: Span) -> Diagnostic {
    Diagnostic(
      .badRepeatCount, "`repeat` runs at most 1,000,000 times, and this is \(count)", at: span)
  }

  static func unknownCount(at span: Span) -> Diagnostic {
    Diagnostic(
      .badRepeatCount, "`repeat` needs a whole number of times, known before the rule runs",
      at: span)
  }

  static func tooMuchMemory(
    _ what: String, _ size: String, limit: String, at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .tooMuchMemory, "\(what) takes \(size), and there is room for \(limit)", at: span)
  }

  static func takesTooLong(_ work: Double, limit: Double, at span: Span) -> Diagnostic {
    Diagnostic(
      .takesTooLong,
      "these iterations are about \(work) operations, and a value of a script may take \(limit)",
      at: span)
  }

  // MARK: Derivatives

  static func lossNotScalar(at span: Span) -> Diagnostic {
    Diagnostic(.unknownIndex, "the loss must be one number", at: span)
  }

  package static func indexOutside(
    _ index: Double, of length: Int, at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .indexOutOfRange,
      "the index \(OptDialect.text(index)) is outside an axis of length \(length)", at: span)
  }

  package static func fractionalIndex(at span: Span) -> Diagnostic {
    Diagnostic(.unknownIndex, "an index must be a whole number known beforehand", at: span)
  }

  static func notDifferentiable(_ operation: Operation, at span: Span) -> Diagnostic {
    Diagnostic(
      .notDifferentiable, "not differentiable yet: `\(operation.info.name)`", at: span)
  }

  package static func meetsTooOften(at span: Span) -> Diagnostic {
    Diagnostic(
      .globalInRepeat,
      "all tensors meet in this `repeat`, which may then have \(Function.barrierLimit) iterations",
      at: span)
  }

  static func loopTooLong(at span: Span) -> Diagnostic {
    Diagnostic(.notDifferentiable, "this `repeat` is too long to differentiate", at: span)
  }
}

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
      case .badWindow: .badWindow
      }
    return Diagnostic(code, message, at: span)
  }
}
