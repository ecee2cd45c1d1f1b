/// The evidence rule of speed runs: how far the mean of n runs is beyond a target, times √n. By how much that is more
/// than chance, the spread of the runs says.
package struct TargetEvidence: Hashable, Sendable {
  package let mean: Double
  /// (target − mean)·√n, or the other way round for a target that is to be exceeded.
  package let value: Double
  /// That over the standard deviation of the runs.
  package let t: Double
  /// How likely so much is where the mean of all runs is at the target, by Student's t on one side.
  package let probability: Double

  /// Nil for fewer than two runs, where one broke, and where all gave the same, which is no sample.
  init?(_ values: [Double], target: Double, isBelow: Bool) {
    guard values.count > 1, values.allSatisfy(\.isFinite), Set(values).count > 1 else { return nil }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    let distance = isBelow ? target - mean : mean - target
    self.mean = mean
    value = distance * n.squareRoot()
    t = value / variance.squareRoot()
    let both = StudentT.tails(t, degrees: values.count - 1)
    probability = t >= 0 ? both / 2 : 1 - both / 2
  }
}
