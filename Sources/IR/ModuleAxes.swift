import Diagnostics

extension RuleModule {
  /// The named axes of its values.
  package var axes: AxisSet {
    variants.reduce(AxisSet()) { found, variant in
      [variant.update, variant.initial].reduce(found) { found, function in
        function.instructions.reduce(found) { $0.union($1.type.shape.axes) }
      }
    }
  }

  /// Checks the lengths of named axes before a rule is bound: R0821 where one is missing, R0822 where
  /// one is not at least 1, R0823 where there are workers and the rule does not let them meet.
  package func require(_ lengths: AxisLengths) throws(DiagnosticError) {
    for (length, axis) in [
      (lengths.batch, AxisName.batch), (lengths.groups, .groups), (lengths.workers, .workers),
    ] {
      if let length, length < 1 {
        throw DiagnosticError(.axisWithoutEntries(axis, given: length, at: origin))
      }
    }
    if lengths.workers > 1, !workerErrors.isEmpty { throw DiagnosticError(workerErrors) }
    if lengths.workers > 1, !axes.contains(.workers) {
      throw DiagnosticError(.workersNeverMeet(name, lengths.workers, at: origin))
    }
    for variant in variants {
      for (shape, name, span) in variant.inputs.map({ ($0.shape, $0.name, $0.origin) })
        + variant.states.map({ ($0.shape, $0.name, $0.origin) })
      {
        for (extent, given, axis) in [
          (Extent.batch, lengths.batch, AxisName.batch), (.groups, lengths.groups, .groups),
        ] where shape.length(of: axis) == extent && given == nil {
          throw DiagnosticError(.axisWithoutLength(axis, of: name, at: span))
        }
      }
    }
  }

  /// Windows that hold more than a run of this many steps fills: R0824, a warning for each.
  package func windowsBeyond(_ horizon: Int, hypers: [Double]) -> [Diagnostic] {
    var found: [Diagnostic] = []
    for variant in variants {
      for slot in variant.states {
        guard horizon > 0, let extent = slot.shape.length(of: .window),
          let length = try? variant.initial.concreteShape(
            Shape([extent]), BindContext(dims: [], hypers: hypers), at: slot.origin)[0].value,
          length > horizon
        else { continue }
        found.append(.windowBeyondRun(slot, length, horizon))
      }
    }
    return found
  }
}
