import Diagnostics

/// How long, on what batches, from which seeds.
package struct TrainingSettings: Sendable {
  package var epochs: Int?
  package var steps: Int?
  /// Examples in a minibatch; nil takes all of them.
  package var batch: Int?
  /// How many workers the rows of each batch are dealt to.
  package var workers = 1
  /// A step gets the gradient of so many steps before.
  package var delay = 0
  package var seeds: [UInt64] = [0]
  /// Where `minimize` starts instead of the declared values.
  package var start: (values: [Double], span: Span)?

  package init() {}
}
