import Basics

/// A 95 % interval of a mean by the percentiles of means of samples drawn again (Efron 1979): no assumption of how the
/// numbers are distributed. The same seed gives the same.
package struct BootstrapInterval: Hashable, Sendable {
  package let mean: Double
  package let low: Double
  package let high: Double

  package static let samples = 10_000

  /// NaN for no numbers and for some that are not finite.
  package init(_ values: [Double], seed: UInt64) {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else {
      (mean, low, high) = (.nan, .nan, .nan)
      return
    }
    let count = values.count
    mean = values.reduce(0, +) / Double(count)
    var random = SplitMix64(CounterRandom.mix(seed ^ 0xB007_57AA))
    var means: [Double] = []
    means.reserveCapacity(Self.samples)
    for _ in 0..<Self.samples {
      var sum = 0.0
      for _ in 0..<count { sum += values[Int(random.next() % UInt64(count))] }
      means.append(sum / Double(count))
    }
    means.sort()
    // As many samples lie below the one as above the other.
    let tail = Self.samples / 40
    low = means[tail]
    high = means[Self.samples - 1 - tail]
  }
}
