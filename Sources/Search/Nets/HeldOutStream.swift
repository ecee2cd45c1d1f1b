import Basics
import IR
import Platform

/// Gradients of steps in a row that no fingerprint is made of: one kind an element, from noise of many sizes to drift,
/// alternation, rare values, heavy tails and the ends of what numbers hold.
struct HeldOutStream: Sendable {
  /// Enough to tell smooth programs apart.
  static let shortSteps = 50
  /// Where a program jumps, as a sign does, others differ from it in a few places only.
  static let steps = 100
  let start: [Double]
  private let gradients: [Double]

  init(lanes: Int) {
    var random = SplitMix64(0x4E1D_0A7)
    var start: [Double] = []
    for lane in 0..<lanes {
      start.append(lane % 8 == 7 ? 0 : random.normal() * (lane % 3 == 0 ? 5 : 0.3))
    }
    self.start = start
    var gradients: [Double] = []
    gradients.reserveCapacity(Self.steps * lanes)
    for t in 1...Self.steps {
      for lane in 0..<lanes {
        gradients.append(Self.gradient(lane, t, &random))
      }
    }
    self.gradients = gradients
  }

  private static func gradient(_ lane: Int, _ t: Int, _ random: inout SplitMix64) -> Double {
    let noise = random.normal()
    let time = Double(t)
    switch lane % 32 {
    // Noise of many sizes.
    case 0..<10: return noise * exp2(Double(2 * (lane % 32) - 14))
    // Drift that noise hides, and drift that turns.
    case 10, 11: return 0.3 + noise
    case 12, 13: return (t < 30 ? 2 : -0.5) + 0.1 * noise
    case 14, 15: return t % 2 == 0 ? 1.5 : -1.5 - 0.01 * noise
    // Rare values, and nothing for long.
    case 16, 17: return t % 17 == lane % 17 ? noise : 0
    case 18: return t < 20 ? 0 : noise
    case 19: return t < 20 ? noise : 0
    // Heavy tails.
    case 20...23: return noise / max(abs(random.normal()), 1e-3)
    // The same number again and again.
    case 24: return 0.7
    case 25: return -1e-5
    // What decays and what grows.
    case 26: return noise * exp2(-time / 8)
    case 27: return noise * exp2(time / 16 - 6)
    case 28: return noise * 1e6
    case 29: return noise * 1e-9
    case 30: return noise < 0 ? -1 : 1
    default: return noise * noise * noise
    }
  }

  /// One for long, and now and then another.
  func rate(_ t: Int) -> Double { t % 50 < 40 ? 0.01 : 0.11 }

  func withGradients<T>(_ body: (UnsafePointer<Double>) -> T) -> T {
    gradients.withUnsafeBufferPointer { body($0.baseAddress!) }
  }
}
