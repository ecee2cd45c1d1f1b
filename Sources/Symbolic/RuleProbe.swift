import IR

/// What a numerical run of two rules side by side found.
package enum ProbeOutcome: Sendable {
  case agree
  case differ(Witness)
  /// They cannot be run: why.
  case failed(String)
}

/// Runs two rules on the same random weights and gradients, in float64.
package struct ProbeRequest: Sendable {
  package var hypers: [(name: String, value: Double)]
  /// By rule, by step, by hyperparameter.
  package var values: [[[Double]]]
  package var variants: [Int]
  package var seed: UInt64
  package var steps: Int
  package var horizon: Int
  /// Some gradients are 0.
  package var hasZeros: Bool

  package init(
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

package protocol RuleProbe {
  func run(_ a: Rule, _ b: Rule, _ request: ProbeRequest) -> ProbeOutcome
}
