/// What a numerical run of two rules side by side found.
public enum ProbeOutcome: Sendable {
  case agree
  case differ(Witness)
  /// They cannot be run: why.
  case failed(String)
}

/// Runs two rules on the same random weights and gradients, in float64.
public struct ProbeRequest: Sendable {
  public var hypers: [(name: String, value: Double)]
  /// By rule, by step, by hyperparameter.
  public var values: [[[Double]]]
  public var variants: [Int]
  public var seed: UInt64
  public var steps: Int
  public var horizon: Int
  /// Some gradients are 0.
  public var hasZeros: Bool

  public init(
    hypers: [(name: String, value: Double)], values: [[[Double]]], variants: [Int], seed: UInt64,
    steps: Int, horizon: Int, hasZeros: Bool
  ) {
    self.hypers = hypers
    self.values = values
    self.variants = variants
    self.seed = seed
    self.steps = steps
    self.horizon = horizon
    self.hasZeros = hasZeros
  }
}

public protocol RuleProbe {
  func run(_ a: RuleStatement, _ b: RuleStatement, _ request: ProbeRequest) -> ProbeOutcome
}
