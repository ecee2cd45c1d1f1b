import Diagnostics
import IR

/// An objective in the parts of a `StagedFunction`, each with a plan of its own.
package struct StagedObjective: Sendable {
  /// Nil where nothing is made of constants alone.
  package let once: BoundObjective?
  /// Nil where nothing is made of the step and its draws. Its inputs are those of the objective, which it does not
  /// read, then what `once` hands on.
  package let step: BoundObjective?
  /// Its inputs are those of the objective, then what `once` and what `step` hand on.
  package let whole: BoundObjective
  /// Elements of what they hand on, in `elementType.compute`.
  package let onceCounts: [Int]
  package let stepCounts: [Int]
}

extension BoundObjective {
  /// The same objective in stages; nil where all of it needs the parameters or the data, and for the reference engine.
  /// Throws what cutting and planning throw.
  package func staged() throws(DiagnosticError) -> StagedObjective? {
    // What is handed on is written as gradients are and read as inputs are.
    guard program != nil, elementType == elementType.compute,
      let parts = try function.staged(
        firstInput: inputCounts.count, hypersFollowStep: followsOccasion)
    else { return nil }
    let withOnce = inputCounts + parts.onceCounts
    return StagedObjective(
      once: parts.onceCounts.isEmpty
        ? nil : try BoundObjective(self, parts.once, parameters: [], inputCounts: []),
      step: parts.stepCounts.isEmpty
        ? nil : try BoundObjective(self, parts.step, parameters: [], inputCounts: withOnce),
      whole: try BoundObjective(
        self, parts.whole, parameters: parameters, inputCounts: withOnce + parts.stepCounts),
      onceCounts: parts.onceCounts, stepCounts: parts.stepCounts)
  }

  private init(
    _ base: BoundObjective, _ function: Function, parameters: [ParameterSpec], inputCounts: [Int]
  ) throws(DiagnosticError) {
    module = base.module
    self.parameters = parameters
    engine = base.engine
    elementType = base.elementType
    batch = base.batch
    hypers = base.hypers
    followsOccasion = base.followsOccasion
    self.inputCounts = inputCounts
    self.function = function
    initial = base.initial
    program = PlanProgram(try Planner.plan(function, element: base.elementType))
  }
}
