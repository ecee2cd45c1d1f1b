import Diagnostics

/// How long, on what batches, from which seeds.
public struct TrainingSettings: Sendable {
  public var epochs: Int?
  public var steps: Int?
  /// Examples in a minibatch; nil takes all of them.
  public var batch: Int?
  public var seeds: [UInt64] = [0]
  /// Where `minimize` starts instead of the declared values.
  public var start: (values: [Double], span: Span)?

  public init() {}
}
