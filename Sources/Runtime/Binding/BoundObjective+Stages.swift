import Diagnostics
import IR

/// An objective cut into what is made of the step and its draws and what needs parameters or data, each with a plan of its
/// own.
package struct StagedObjective: Sendable {
  /// Its inputs are those of the objective, which it does not read; what it hands on are its gradients.
  package let step: BoundObjective
  /// Its inputs are those of the objective, then what `step` hands on.
  package let whole: BoundObjective
  /// Elements of `elementType.compute` in which what is handed on lies; a number is a double.
  package let counts: [Int]
}

extension BoundObjective {
  /// The same objective in stages; nil where nothing is made of the step and its draws, and for the reference engine.
  /// Throws what cutting and planning throw.
  package func staged() throws(DiagnosticError) -> StagedObjective? {
    guard program != nil, let cut = try cut(after: .step) else { return nil }
    let width = elementType.compute.byteCount
    let counts = zip(cut.counts, cut.isNumber).map { $1 ? 8 / width : $0 }
    return StagedObjective(
      step: try BoundObjective(
        self, cut.early, parameters: [], inputCounts: inputCounts,
        elementType: elementType.compute),
      whole: try BoundObjective(
        self, cut.late, parameters: parameters, inputCounts: inputCounts + counts,
        elementType: elementType),
      counts: counts)
  }
}
