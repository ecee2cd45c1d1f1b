import Basics
import IR
import Platform
import Runtime

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

  /// Of a fingerprint; two programs are compared on more.
  private static let fewLanes = 32
  private static let manyLanes = 128
  /// Of what runs.
  private var lanes = ProbeRun.fewLanes
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
  private let heldOut = HeldOutStream(lanes: ProbeRun.manyLanes)
  private let kernels = LaneKernels.float64
  /// Of the program that runs, the nodes that are one number for all elements.
  private var isNumber: [Bool] = []
  /// What programs did on the held-out stream that others were compared with lately.
  private var trajectories = TrajectoryCache()

  package init() {
    let lanes = Self.fewLanes
    memory = .allocate(capacity: 264 * Self.manyLanes)
    memory.initialize(repeating: 0, count: 264 * Self.manyLanes)
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
    memory + Int(r.code) * lanes
  }

  private func fill(_ r: Genome.Reference, _ x: Double) {
    let p = lane(r)
    for i in 0..<lanes { p[i] = x }
  }

  /// What a program does in a few steps; `isLong`: in so many that others which do the same there are nearly always the
  /// same. The size is that of the short run alone.
  package func run(_ program: Genome, isLong: Bool = false) -> Verdict {
    lanes = Self.fewLanes
    let lanes = lanes
    let steps = isLong ? Self.long : Self.short
    begin(program, at: start, horizon: Self.horizon)
    let weights = lane(.weights)
    var chains = SIMD4<UInt64>(0x9E37_79B9, 1, 2, 3)
    var product = 1.0
    var logarithms = 0.0
    var moved = 0
    var (up, down) = (0.0, 0.0)
    for (s, t) in steps.enumerated() {
      let rate = Self.rates[s % Self.rates.count]
      let next = step(program, t: t, rate: rate, gradients + s * lanes)
      for i in 0..<Self.ordinary where !next[i].isFinite { return .notFinite }
      if isLong {
        mix(next, weights, rate: rate, into: &chains)
      } else {
        for i in 4..<Self.ordinary {
          let update = (next[i] - weights[i]) / rate
          if update == 0 { continue }
          moved += 1
          // Few logarithms: of products that do not leave the range of numbers.
          product *= abs(update)
          if product < 0x1p-500 || product > 0x1p500 {
            logarithms += log2(product)
            product = 1
          }
        }
      }
      down += next[0] - weights[0] + next[1] - weights[1]
      up += next[2] - weights[2] + next[3] - weights[3]
      advance(program)
      for k in program.states.indices {
        let state = lane(.state(k))
        for i in 0..<Self.ordinary where !state[i].isFinite { return .notFinite }
      }
    }
    guard down < 0, up > 0, isLong || moved > 0 else { return .noDescent }
    if isLong {
      let print = (0..<4).reduce(0) { Mixing.mix($0, chains[$1]) }
      return .moves(fingerprint: print, size: .nan)
    }
    return .moves(fingerprint: 0, size: exp2((logarithms + log2(product)) / Double(moved)))
  }

  /// Whether two programs do the same on gradients that no fingerprint is made of, but for rounding: what had one
  /// fingerprint by chance is told apart. The second one may have a number, under which what it does is kept for a while:
  /// a program that many others are like runs once.
  package func agree(_ one: Genome, _ other: Genome, known number: Int? = nil) -> Bool {
    let roughness = max(one.roughness, other.roughness)
    let steps = roughness == .jumps ? HeldOutStream.steps : HeldOutStream.shortSteps
    lanes = roughness == .smooth ? Self.fewLanes : Self.manyLanes
    let lanes = lanes
    let updates = updates(of: other, steps, number)
    return updates.withUnsafeBufferPointer { updates in
      walk(one, steps) { t, next, weights, rate in
        let row = updates.baseAddress! + (t - 1) * lanes
        var isSame = true
        for i in 0..<lanes {
          let update = (next[i] - weights[i]) / rate
          // What rounding makes of the weights, seen in units of the rate.
          let noise = max(0x1p-48 * abs(weights[i]) / rate, 1e-11)
          let isNear = abs(update - row[i]) <= max(1e-7 * max(abs(update), abs(row[i])), noise)
          isSame = isSame && (isNear || update == row[i] || update.isNaN && row[i].isNaN)
        }
        return isSame
      }
    }
  }

  /// What a program adds to each weight in each step of the held-out stream, in units of the rate.
  private func updates(of program: Genome, _ steps: Int, _ number: Int?) -> [Double] {
    let lanes = lanes
    if let number, let known = trajectories[number], known.lanes == lanes,
      known.updates.count >= steps * lanes
    {
      return known.updates
    }
    let updates = [Double](unsafeUninitializedCapacity: steps * lanes) { updates, count in
      _ = walk(program, steps) { t, next, weights, rate in
        let row = updates.baseAddress! + (t - 1) * lanes
        for i in 0..<lanes { row[i] = (next[i] - weights[i]) / rate }
        return true
      }
      count = steps * lanes
    }
    if let number {
      trajectories[number] = TrajectoryCache.Trajectory(lanes: lanes, updates: updates)
    }
    return updates
  }

  /// Runs a program on the held-out stream while `goesOn` says so, before its weights are replaced; false where it was
  /// stopped.
  private func walk(
    _ program: Genome, _ steps: Int,
    _ goesOn: (
      _ t: Int, _ next: UnsafePointer<Double>, _ weights: UnsafePointer<Double>, _ rate: Double
    ) -> Bool
  ) -> Bool {
    begin(program, at: heldOut.start, horizon: Double(HeldOutStream.steps))
    return heldOut.withGradients { gradients in
      for t in 1...steps {
        let rate = heldOut.rate(t)
        let next = step(program, t: t, rate: rate, gradients + (t - 1) * Self.manyLanes)
        guard goesOn(t, next, lane(.weights), rate) else { return false }
        advance(program)
      }
      return true
    }
  }

  // MARK: Steps

  private func begin(_ program: Genome, at start: [Double], horizon: Double) {
    isNumber = program.tensorNodes()
    for i in isNumber.indices {
      isNumber[i] = !isNumber[i] && !Genome.isReduction(program.nodes[i].operation)
    }
    for (k, x) in program.numbers.enumerated() { fill(.number(k), x) }
    for (k, state) in program.states.enumerated() { fill(.state(k), state.first) }
    fill(.horizon, horizon)
    let weights = lane(.weights)
    for i in 0..<lanes { weights[i] = start[i] }
  }

  /// The weights after a step; what was before is there until `advance`.
  private func step(
    _ program: Genome, t: Int, rate: Double, _ gradients: UnsafePointer<Double>
  ) -> UnsafeMutablePointer<Double> {
    fill(.step, Double(t))
    fill(.rate, rate)
    lane(.gradient).update(from: gradients, count: lanes)
    program.nodes.withUnsafeBufferPointer { nodes in
      isNumber.withUnsafeBufferPointer { isNumber in
        for i in nodes.indices {
          let result = memory + i * lanes
          if isNumber[i] {
            compute(nodes[i], into: result, count: 1)
            fill(.node(i), result[0])
          } else {
            compute(nodes[i], into: result, count: lanes)
          }
        }
      }
    }
    return lane(program.weights)
  }

  private func advance(_ program: Genome) {
    let lanes = lanes
    let scratch = memory + 256 * lanes
    // States may be one another's, and weights may be: all are read before one is written.
    for k in program.states.indices {
      (scratch + k * lanes).update(from: lane(program.states[k].next), count: lanes)
    }
    lane(.weights).update(from: lane(program.weights), count: lanes)
    for k in program.states.indices {
      lane(.state(k)).update(from: scratch + k * lanes, count: lanes)
    }
  }

  // MARK: Names

  /// The updates of a step to about ten digits, mixed into the four chains of a fingerprint.
  private func mix(
    _ next: UnsafePointer<Double>, _ weights: UnsafePointer<Double>, rate: Double,
    into chains: inout SIMD4<UInt64>
  ) {
    let inverse = 1 / rate
    for i in stride(from: 0, to: lanes, by: 4) {
      let words = SIMD4(
        Self.rounded((next[i] - weights[i]) * inverse),
        Self.rounded((next[i + 1] - weights[i + 1]) * inverse),
        Self.rounded((next[i + 2] - weights[i + 2]) * inverse),
        Self.rounded((next[i + 3] - weights[i + 3]) * inverse))
      chains = (chains ^ words) &* 0x9E37_79B9_7F4A_7C15
      chains ^= chains &>> 29
    }
  }

  @inline(__always)
  private static func rounded(_ x: Double) -> UInt64 {
    let bits = x.bitPattern
    let exponent = bits >> 52 & 0x7FF
    if exponent == 0x7FF { return x.isNaN ? 1 : x > 0 ? 3 : 5 }
    // From 1 on the digits that count are those of the number itself.
    let isLarge = exponent >= 1023
    let part =
      isLarge ? Double(bitPattern: bits & ~(0x7FF << 52) | 1023 << 52) : x
    // Added to this number all that is below a whole one is rounded away.
    let whole = (part * grid + 0x1.8p52).bitPattern
    return isLarge ? whole ^ exponent &* 0xD1B5_4A32_D192_ED03 : whole
  }

  // MARK: Operations

  private func compute(
    _ node: Genome.Node, into result: UnsafeMutablePointer<Double>, count: Int
  ) {
    let x = lane(node.a)
    switch node.operation {
    case .power: powers(node, into: result, count: count)
    case .sum:
      var sum = 0.0
      for i in 0..<count { sum += x[i] }
      for i in 0..<count { result[i] = sum }
    case .maximumOf, .minimumOf:
      let operation = node.operation == .maximumOf ? Operation.maximum : .minimum
      var extreme = x[0]
      for i in 1..<count { extreme = Folding.fold(operation, [extreme, x[i]])! }
      for i in 0..<count { result[i] = extreme }
    default:
      let isDone = kernels.run(
        node.operation, result, x, lane(node.b), lane(node.c), count: count)
      precondition(isDone, "a genome has no other operations")
    }
  }

  private func powers(
    _ node: Genome.Node, into result: UnsafeMutablePointer<Double>, count: Int
  ) {
    let (x, y) = (lane(node.a), lane(node.b))
    // Mostly of numbers, which are the same in every element.
    var (last, exponent, value) = (Double.nan, Double.nan, Double.nan)
    for i in 0..<count {
      if x[i] != last || y[i] != exponent {
        (last, exponent) = (x[i], y[i])
        value = Folding.power(last, exponent)
      }
      result[i] = value
    }
  }
}
