import IR

/// What a numerical run of two rules side by side found.
package enum ProbeOutcome: Sendable {
  case agree
  case differ(Witness)
  /// They cannot be run: why.
  case failed(String)
}

/// Numbers for weights or gradients, of few binary digits, so that sums and products of them are exact.
package enum ProbePattern: Sendable {
  case random
  /// As random, of more digits than formats of 16 bits hold.
  case fine
  /// All 0.
  case zero
  /// One element 0, the others random.
  case oneZero
  /// Equal and opposite elements: few values, each several times, 0 among them.
  case ties
  /// All equal.
  case equal
  /// What the rules may compare it with.
  case thresholds
  /// One of those, the others 0: so are sums, norms and extrema.
  case oneThreshold
}

/// Two rules side by side on the same tensors, in float64.
package struct ProbeRequest: Sendable {
  package var hypers: [(name: String, value: Double)]
  /// By rule, by step, by hyperparameter.
  package var values: [[[Double]]]
  /// How far each of them may lie from what the rule says.
  package var errors: [[[Double]]]
  package var variants: [Int]
  package var seed: UInt64
  package var steps: Int
  package var horizon: Int
  package var rank: Int?
  /// A tensor of these lengths.
  package var dims: [Int]?
  package var tensors = 1
  package var weights = ProbePattern.random
  package var gradients = ProbePattern.random
  /// What weights and gradients are multiplied with: powers of 2.
  package var weightSize = 1.0
  package var gradientSize = 1.0
  /// So many steps have one gradient.
  package var stretch = 1
  /// A walk ends after this work.
  package var work = 200_000

  package init(
    hypers: [(name: String, value: Double)], values: [[[Double]]], errors: [[[Double]]]? = nil,
    variants: [Int], seed: UInt64, steps: Int, horizon: Int
  ) {
    self.hypers = hypers
    self.values = values
    self.errors = errors ?? values.map { $0.map { $0.map { _ in 0 } } }
    self.variants = variants
    self.seed = seed
    self.steps = steps
    self.horizon = horizon
  }
}

package protocol RuleProbe {
  /// What was found, and what it cost in elements computed: all of it, and one step of both rules.
  func run(
    _ a: Rule, _ b: Rule, _ request: ProbeRequest
  ) -> (outcome: ProbeOutcome, work: Int, step: Int)
}
