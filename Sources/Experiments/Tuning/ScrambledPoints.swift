import Basics

/// Points that fill a cube of few or many sides evenly: Halton's sequence with the digits of each side permuted at random
/// (Owen 2017, arXiv:1706.02808). A seed gives one sequence; its first points are the same however many there are.
struct ScrambledPoints {
  private let bases: [Int]
  /// By side and place of a digit, what becomes of it.
  private let permutations: [[[Int]]]

  /// The most sides: one prime each.
  static let mostSides = 16
  private static let primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53]

  init(sides: Int, seed: UInt64) {
    precondition(sides <= Self.mostSides, "a prime for each side")
    bases = Array(Self.primes.prefix(sides))
    permutations = bases.map { base in
      var random = SplitMix64(CounterRandom.mix(seed ^ UInt64(base) << 32))
      // As many digits as tell numbers in float64 apart.
      var places: [[Int]] = []
      var share = 1.0
      while share > 0x1p-53 {
        var digits = Array(0..<base)
        for last in stride(from: base - 1, through: 1, by: -1) {
          digits.swapAt(last, Int(random.next() % UInt64(last + 1)))
        }
        places.append(digits)
        share /= Double(base)
      }
      return places
    }
  }

  /// Point n, each side of it in [0, 1).
  subscript(_ n: Int) -> [Double] {
    zip(bases, permutations).map { base, places in
      var rest = n
      var share = 1.0
      var sum = 0.0
      for digits in places {
        share /= Double(base)
        sum += Double(digits[rest % base]) * share
        rest /= base
      }
      return min(sum, 1 - 0x1p-53)
    }
  }
}
