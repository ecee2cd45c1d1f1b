/// A 64-bit hash that is the same in every process, unlike `Hasher`.
public struct StableHash: Sendable {
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  public init() {}

  public mutating func combine(_ word: UInt64) {
    // The finaliser of SplitMix64 over the running value.
    var x = value ^ (word &+ 0x9E37_79B9_7F4A_7C15)
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    value = x ^ (x >> 31)
  }
}
