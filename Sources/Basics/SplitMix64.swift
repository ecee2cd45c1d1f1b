/// Numbers for probes, repeatable.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64
  package init(_ seed: UInt64) { state = seed }
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return CounterRandom.mix(state)
  }
  /// In [0, 1).
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
  /// Normally distributed, nearly: the sum of twelve.
  package mutating func normal() -> Double {
    (0..<12).reduce(-6) { total, _ in total + unit() }
  }
}
