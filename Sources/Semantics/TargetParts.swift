import Syntax

/// What `until test_loss < 0.1` says: a series, which way it is to go, and how far.
package struct TargetParts {
  package var series: Name
  package var isBelow: Bool
  package var value: ExprID

  /// Nil where an expression is no such comparison.
  package init?(_ expression: ExprID, _ tree: SyntaxTree) {
    guard case .binary(let operation, let left, let right) = tree[expression],
      operation == .less || operation == .greater, case .name(let series) = tree[left]
    else { return nil }
    self.series = series
    isBelow = operation == .less
    value = right
  }
}
