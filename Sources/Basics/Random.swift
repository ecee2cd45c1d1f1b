/// Philox4x32-10: a counter-based generator, a pure function of counter and key.
///
/// Salmon, Moraes, Dror, Shaw 2011, "Parallel Random Numbers: As Easy as 1, 2, 3".
package enum Philox {
  package typealias Block = SIMD4<UInt32>

  /// The four random words of a counter under a key.
  @inlinable
  package static func block(counter: Block, key: (UInt32, UInt32)) -> Block {
    var x = counter
    var (k0, k1) = key
    for round in 0..<10 {
      if round > 0 {
        k0 &+= 0x9E37_79B9
        k1 &+= 0xBB67_AE85
      }
      let p0 = UInt64(0xD251_1F53) &* UInt64(x[0])
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(x[2])
      x = Block(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ x[1] ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ x[3] ^ k1, UInt32(truncatingIfNeeded: p0))
    }
    return x
  }
}

/// The random numbers of one call site in one tensor at one step.
///
/// Each number is a pure function of (seed, step, tensor, element, site): the same in every engine
/// and for any number of threads. The layout, which every engine repeats:
///
/// - key: the 64-bit mix `SplitMix64(seed + 0x9E3779B97F4A7C15 * (site + 1))`, low word first;
/// - counter: the words (low, high) of `element / 2`, then step, then tensor;
/// - element `e` owns the 64 bits of words 2·(e mod 2) (low) and 2·(e mod 2) + 1 (high).
///
/// With `bits` those 64 bits:
/// - uniform: `(bits >> 11) · 2⁻⁵³`, in [0, 1);
/// - rademacher: +1 when the top bit is set, else −1;
/// - exponential: `-log(1 - uniform)`, where the difference is exact;
/// - bernoulli(p): 1 when `uniform < p`, else 0;
/// - normal (Box and Muller 1958): with a and b the bits of the even and the odd element of the pair,
///   `r = sqrt(-2 · log(((a >> 11) + 1) · 2⁻⁵³))` and `θ = 2π · ((b >> 11) · 2⁻⁵³)`,
///   `r · cos θ` at the even element and `r · sin θ` at the odd one, by the functions of `DrawFunctions`.
///
/// Float engines round these Doubles; a uniform that would round up to 1 becomes 1 − 2⁻²⁴.
package struct CounterRandom: Hashable, Sendable {
  /// The tensor number of draws that are the same for all tensors.
  package static let globalTensor: UInt32 = 0xFFFF_FFFF
  /// Call sites from here on belong to the host (data splits, minibatches), not to rules.
  package static let hostSites: UInt32 = 0xFFFF_FF00

  package let key0: UInt32
  package let key1: UInt32
  package let step: UInt32
  package let tensor: UInt32

  package init(seed: UInt64, step: UInt32, tensor: UInt32, site: UInt32) {
    let key = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15 &* (UInt64(site) &+ 1))
    key0 = UInt32(truncatingIfNeeded: key)
    key1 = UInt32(truncatingIfNeeded: key >> 32)
    self.step = step
    self.tensor = tensor
  }

  /// The finaliser of SplitMix64: a bijection of 64-bit words.
  package static func mix(_ x: UInt64) -> UInt64 {
    var z = x
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The 64 bits of the even and of the odd element of pair `pair` (= element / 2).
  @inlinable
  package func bits(pair: UInt64) -> (even: UInt64, odd: UInt64) {
    let x = Philox.block(
      counter: Philox.Block(
        UInt32(truncatingIfNeeded: pair), UInt32(truncatingIfNeeded: pair >> 32), step, tensor),
      key: (key0, key1))
    return (UInt64(x[1]) << 32 | UInt64(x[0]), UInt64(x[3]) << 32 | UInt64(x[2]))
  }

  @inlinable
  package func bits(_ element: UInt64) -> UInt64 {
    let pair = bits(pair: element >> 1)
    return element & 1 == 0 ? pair.even : pair.odd
  }

  /// In [0, 1), 53 random bits.
  @inlinable
  package func uniform(_ element: UInt64) -> Double {
    Double(bits(element) >> 11) * 0x1p-53
  }

  /// Standard normal.
  package func normal(_ element: UInt64) -> Double {
    let pair = bits(pair: element >> 1)
    let radius =
      (-2 * DrawFunctions.log(Double((pair.even >> 11) + 1) * 0x1p-53)).squareRoot()
    let turn = DrawFunctions.turn(Double(pair.odd >> 11) * 0x1p-53)
    return radius * (element & 1 == 0 ? turn.cosine : turn.sine)
  }

  /// +1 or −1, equally likely.
  @inlinable
  package func rademacher(_ element: UInt64) -> Double {
    bits(element) >> 63 == 1 ? 1 : -1
  }

  /// Exponential with mean 1.
  package func exponential(_ element: UInt64) -> Double { -DrawFunctions.log(1 - uniform(element)) }

  /// 1 with probability `p`, else 0.
  @inlinable
  package func bernoulli(_ element: UInt64, _ p: Double) -> Double { uniform(element) < p ? 1 : 0 }

  /// A whole number in 0..<bound. Precondition: bound > 0.
  @inlinable
  package func integer(_ element: UInt64, below bound: Int) -> Int {
    Int(bits(element).multipliedFullWidth(by: UInt64(bound)).high)
  }
}
