import Basics
import IR
import Platform

/// What a program does on gradients that are the same for every program: a few elements on a slope, others with
/// gradients of either sign and of many sizes, for steps that are not all at the beginning.
///
/// Not to be used by several threads at once.
package final class ProbeRun {
  package enum Verdict: Hashable, Sendable {
    /// `fingerprint` names the weights of all steps, up to rounding; `size` is how far an element moves in a
    /// step at a rate of 1, as a geometric mean.
    case moves(fingerprint: UInt64, size: Double)
    /// The weights or the states of ordinary elements are no numbers after some step.
    case notFinite
    /// On a slope it does not go down.
    case noDescent
  }

  static let lanes = 32
  /// Elements 0 to 3 stand on a slope; from here on gradients are of many sizes, and not all need stay finite.
  private static let ordinary = 26
  /// t of the steps that a program is judged by.
  private static let short = [1, 2, 3, 4, 5, 6, 7, 8, 30, 31, 150, 199]
  /// t of those that tell it from others.
  private static let long =
    Array(1...40) + [60, 61, 62, 63, 100, 101, 102, 103, 150, 151, 197, 198, 199, 200]
  private static let horizon = 200.0
  private static let rates = [0x1p-7, 0x1p-5, 0x1p-9, 0x1p-3, 0x1p-7]
  /// What two programs may differ by and have one fingerprint: this part of an update, or of 1 where it is less.
  private static let grid = 0x1p32

  private let memory: UnsafeMutablePointer<Double>
  private let gradients: UnsafeMutablePointer<Double>
  private let start: [Double]

  package init() {
    let lanes = Self.lanes
    memory = .allocate(capacity: 264 * lanes)
    memory.initialize(repeating: 0, count: 264 * lanes)
    gradients = .allocate(capacity: Self.long.count * lanes)
    var random = SplitMix64(0x5EED)
    var start = [0.1, -0.1, 0.1, -0.1]
    for lane in 4..<lanes { start.append(random.normal() * (lane % 3 == 0 ? 3 : 0.5)) }
    self.start = start
    for step in Self.long.indices {
      for lane in 0..<lanes {
        let x: Double
        switch lane {
        case 0, 1: x = 1
        case 2, 3: x = -1
        case 4..<26: x = random.normal() * exp2(Double(lane % 11) - 6)
        case 26, 27: x = random.normal() * 1e-6
        case 28, 29: x = step % 3 == 1 ? 0 : random.normal()
        case 30: x = random.normal() * 1e4
        default: x = 0
        }
        gradients[step * lanes + lane] = x
      }
    }
  }

  deinit {
    memory.deallocate()
    gradients.deallocate()
  }

  private func lane(_ r: Genome.Reference) -> UnsafeMutablePointer<Double> {
    memory + Int(r.code) * Self.lanes
  }

  private func fill(_ r: Genome.Reference, _ x: Double) {
    let p = lane(r)
    for i in 0..<Self.lanes { p[i] = x }
  }

  /// What a program does in a few steps; `isLong`: in so many that others which do the same there are taken for it.
  package func run(_ program: Genome, isLong: Bool = false) -> Verdict {
    let lanes = Self.lanes
    let steps = isLong ? Self.long : Self.short
    for (k, x) in program.numbers.enumerated() { fill(.number(k), x) }
    for (k, state) in program.states.enumerated() { fill(.state(k), state.first) }
    fill(.horizon, Self.horizon)
    let weights = lane(.weights)
    for i in 0..<lanes { weights[i] = start[i] }
    var hash: UInt64 = 0x9E37_79B9
    var logarithms = 0.0
    var moved = 0
    var (up, down) = (0.0, 0.0)
    let scratch = memory + 256 * lanes
    for (s, t) in steps.enumerated() {
      let rate = Self.rates[s % Self.rates.count]
      fill(.step, Double(t))
      fill(.rate, rate)
      let gradient = lane(.gradient)
      for i in 0..<lanes { gradient[i] = gradients[s * lanes + i] }
      for (i, node) in program.nodes.enumerated() {
        compute(node, into: memory + i * lanes)
      }
      let next = lane(program.weights)
      for i in 0..<Self.ordinary where !next[i].isFinite { return .notFinite }
      for i in 0..<lanes {
        let update = (next[i] - weights[i]) / rate
        hash = Mixing.mix(hash, Self.rounded(update))
        if i >= 4, i < Self.ordinary, update != 0 {
          logarithms += log2(abs(update))
          moved += 1
        }
      }
      down += next[0] - weights[0] + next[1] - weights[1]
      up += next[2] - weights[2] + next[3] - weights[3]
      // States may be one another's: all are read before one is written.
      for k in program.states.indices {
        let value = lane(program.states[k].next)
        for i in 0..<lanes { scratch[k * lanes + i] = value[i] }
      }
      for i in 0..<lanes { weights[i] = next[i] }
      for k in program.states.indices {
        let state = lane(.state(k))
        for i in 0..<lanes { state[i] = scratch[k * lanes + i] }
        for i in 0..<Self.ordinary where !state[i].isFinite { return .notFinite }
      }
    }
    guard down < 0, up > 0, moved > 0 else { return .noDescent }
    return .moves(fingerprint: hash, size: exp2(logarithms / Double(moved)))
  }

  /// The update to about ten digits.
  private static func rounded(_ x: Double) -> UInt64 {
    if x.isNaN { return 1 }
    let size = abs(x)
    if size < 1 { return UInt64(bitPattern: Int64((x * grid).rounded())) &* 2 }
    if size.isInfinite || size > 1e300 { return x > 0 ? 3 : 5 }
    let unit = scalbn(1, Int(size.exponent))
    let digits = (x / unit * grid).rounded()
    return Mixing.mix(UInt64(size.exponent), UInt64(bitPattern: Int64(digits)))
  }

  private func compute(_ node: Genome.Node, into result: UnsafeMutablePointer<Double>) {
    let lanes = Self.lanes
    let x = lane(node.a)
    let y = lane(node.b)
    switch node.operation {
    case .add: for i in 0..<lanes { result[i] = x[i] + y[i] }
    case .subtract: for i in 0..<lanes { result[i] = x[i] - y[i] }
    case .multiply: for i in 0..<lanes { result[i] = x[i] * y[i] }
    case .divide: for i in 0..<lanes { result[i] = x[i] / y[i] }
    case .negate: for i in 0..<lanes { result[i] = -x[i] }
    case .absolute: for i in 0..<lanes { result[i] = abs(x[i]) }
    case .squareRoot: for i in 0..<lanes { result[i] = x[i].squareRoot() }
    case .reciprocal: for i in 0..<lanes { result[i] = 1 / x[i] }
    case .sign: for i in 0..<lanes { result[i] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : x[i] }
    case .maximum:
      for i in 0..<lanes {
        result[i] = x[i].isNaN || y[i].isNaN ? .nan : x[i] > y[i] ? x[i] : y[i]
      }
    case .minimum:
      for i in 0..<lanes {
        result[i] = x[i].isNaN || y[i].isNaN ? .nan : x[i] < y[i] ? x[i] : y[i]
      }
    case .exponential: for i in 0..<lanes { result[i] = exp(x[i]) }
    case .logarithm: for i in 0..<lanes { result[i] = log(x[i]) }
    case .tanh: for i in 0..<lanes { result[i] = Platform.tanh(x[i]) }
    case .sinh: for i in 0..<lanes { result[i] = Platform.sinh(x[i]) }
    case .cosh: for i in 0..<lanes { result[i] = Platform.cosh(x[i]) }
    case .arcsine: for i in 0..<lanes { result[i] = asin(x[i]) }
    case .arctangent: for i in 0..<lanes { result[i] = atan(x[i]) }
    case .cubeRoot: for i in 0..<lanes { result[i] = cbrt(x[i]) }
    case .power:
      // Mostly of numbers, which are the same in every element.
      var (last, exponent, value) = (Double.nan, Double.nan, Double.nan)
      for i in 0..<lanes {
        if x[i] != last || y[i] != exponent {
          (last, exponent) = (x[i], y[i])
          value = Folding.power(last, exponent)
        }
        result[i] = value
      }
    case .sum:
      var sum = 0.0
      for i in 0..<lanes { sum += x[i] }
      for i in 0..<lanes { result[i] = sum }
    case .maximumOf, .minimumOf:
      let operation = node.operation == .maximumOf ? Operation.maximum : .minimum
      var extreme = x[0]
      for i in 1..<lanes { extreme = Folding.fold(operation, [extreme, x[i]])! }
      for i in 0..<lanes { result[i] = extreme }
    default:
      let z = lane(node.c)
      var operands = [Double](repeating: 0, count: node.arity)
      for i in 0..<lanes {
        operands[0] = x[i]
        if operands.count > 1 { operands[1] = y[i] }
        if operands.count > 2 { operands[2] = z[i] }
        result[i] = Folding.fold(node.operation, operands)!
      }
    }
  }
}
