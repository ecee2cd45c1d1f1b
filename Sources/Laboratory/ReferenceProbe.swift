import Basics
import Diagnostics
import IR
import Runtime
import Symbolic

/// Runs two rules side by side by the reference evaluator, on numbers of few binary digits.
///
/// A difference counts where rounding cannot explain it: where the values with bounds on their errors
/// (`Enclosure`) have no number in common.
package struct ReferenceProbe: RuleProbe {
  private let prepared: PreparedRules

  package init() { self.init(PreparedRules()) }

  init(_ prepared: PreparedRules) { self.prepared = prepared }

  static let shapes: [[Int]] = [
    [2, 3], [3, 2], [6], [2, 3, 2], [], [4, 4], [8], [40, 30], [1], [1, 5], [5, 1],
  ]

  package func run(
    _ a: Rule, _ b: Rule, _ request: ProbeRequest
  ) -> (outcome: ProbeOutcome, work: Int, step: Int) {
    let ways = [a.module.variants[request.variants[0]], b.module.variants[request.variants[1]]]
    var shapes = Self.shapes
    shapes.swapAt(0, Int(request.seed % 3))
    if let rank = request.rank {
      shapes = shapes.filter { $0.count == rank } + (rank == 0 ? [[]] : [])
    }
    if let dims = request.dims { shapes = [dims, [3, dims.reduce(1, *) / 3]] }
    var reason = "no tensor goes both ways"
    for dims in shapes {
      guard let name = Self.name(dims, ways) else { continue }
      let found = run(a, b, request, name, dims)
      guard case .failed(let why) = found.outcome else { return found }
      // What one shape takes too much work for, the others do as well.
      if found.work > 0 { return found }
      reason = why
    }
    return (.failed(reason), 0, 0)
  }

  /// What a tensor of these lengths is called that goes all of the given ways.
  static func name(_ dims: [Int], _ ways: [RuleVariant]) -> String? {
    ["w", "embed"].first { name in
      ways.allSatisfy {
        (try? $0.predicate.holds(for: ParameterSpec(name: name, dims: dims))) ?? false
      }
    }
  }

  // MARK: Data

  private func values(
    _ pattern: ProbePattern, _ count: Int, _ size: Double, _ thresholds: [Double],
    _ random: inout SplitMix64
  ) -> [Double] {
    let few = random.dyadic()
    let place = count > 0 ? Int(random.next() % UInt64(count)) : 0
    return (0..<count).map { k in
      switch pattern {
      case .random: size * random.dyadic()
      case .fine: size * (random.dyadic() + 0x1p-8 * random.dyadic())
      case .zero: 0
      case .oneZero: k == place ? 0 : size * random.dyadic()
      case .ties: size * [few, -few, 2 * few, 0][Int(random.next() % 7) % 4]
      case .equal: size * few
      case .thresholds:
        thresholds[Int(random.next() % UInt64(thresholds.count))]
          * (random.next() % 3 == 0 ? -1 : 1)
      case .oneThreshold: k == place ? thresholds[Int(random.next() % UInt64(thresholds.count))] : 0
      }
    }
  }

  private func data(
    _ request: ProbeRequest, _ name: String, _ dims: [Int], _ thresholds: [Double]
  ) -> [Witness.Tensor] {
    var random = SplitMix64(request.seed &* 104_729)
    let count = dims.reduce(1, *)
    return (0..<request.tensors).map { k in
      let weights = values(request.weights, count, request.weightSize, thresholds, &random)
      var gradients: [[Double]] = []
      for step in 0..<request.steps {
        gradients.append(
          step % request.stretch > 0
            ? gradients[step - 1]
            : values(request.gradients, count, request.gradientSize, thresholds, &random))
      }
      return Witness.Tensor(
        name: k == 0 ? name : "\(name)\(k + 1)", dims: dims, weights: weights, gradients: gradients)
    }
  }

  /// The numbers that the rules may compare something with: their constants and hyperparameters, and half
  /// of 1, where rounding jumps.
  private func thresholds(_ a: Rule, _ b: Rule, _ request: ProbeRequest) -> [Double] {
    var result = [1, 0.5]
    for (side, rule) in [a, b].enumerated() {
      let update = rule.module.variants[request.variants[side]].update
      for x in update.constants + request.values[side][0]
      where x.isFinite && x != 0 && !result.contains(abs(x)) && result.count < 12 {
        result.append(abs(x))
      }
    }
    return result
  }

  // MARK: Two walks

  private func run(
    _ a: Rule, _ b: Rule, _ request: ProbeRequest, _ name: String, _ dims: [Int]
  ) -> (outcome: ProbeOutcome, work: Int, step: Int) {
    let witness = Witness(
      hypers: request.hypers, values: request.values, variants: request.variants,
      horizon: request.horizon, tensors: data(request, name, dims, thresholds(a, b, request)))
    var walks = [a, b].enumerated().map { side, rule in
      ProbeWalk(
        rule, side: side, witness, errors: request.errors[side], work: request.work, prepared)
    }
    do throws(DiagnosticError) {
      let steps = witness.gradients.count
      let first = try walks[0].walk(witness.tensors, steps: steps)
      let second = try walks[1].walk(witness.tensors, steps: steps)
      let found = Self.differences(witness, first, second)
      var work = walks[0].spent + walks[1].spent
      let step = zip(walks, [first, second]).reduce(0) { $0 + $1.0.spent / max(1, $1.1.count) }
      if found.isEmpty { return (.agree, work, step) }
      let last = found.map(\.step).max()!
      let isBounded = ![a, b].enumerated().contains { side, rule in
        rule.module.variants[request.variants[side]].update.hasDecomposition
      }
      let real = try Self.beyondRounding(
        found, &walks, last, [first, second], isBounded: isBounded)
      work = walks[0].spent + walks[1].spent
      return (real.map { .differ($0) } ?? .agree, work, step)
    } catch {
      var work = 0
      if case .work(let limit)? = error.cause as? NumericError { work = limit }
      return (.failed(error.diagnostics.first?.message ?? "a rule cannot be run"), work, work)
    }
  }

  /// All places where the numbers differ by more than the last digits, by step.
  static func differences(
    _ witness: Witness, _ first: ProbeWalk.Rows<Double>, _ second: ProbeWalk.Rows<Double>
  ) -> [Witness] {
    (0..<min(first.count, second.count)).flatMap { differences(witness, $0, first, second) }
  }

  private static func differences(
    _ witness: Witness, _ step: Int, _ first: ProbeWalk.Rows<Double>,
    _ second: ProbeWalk.Rows<Double>
  ) -> [Witness] {
    var result: [Witness] = []
    for (k, tensor) in witness.tensors.enumerated() {
      let (x, y) = (first[step][k], second[step][k])
      if x == y { continue }
      let count = tensor.weights.count
      func before(_ rows: ProbeWalk.Rows<Double>, _ i: Int) -> Double {
        step == 0 ? tensor.weights[i % count] : rows[step - 1][k][i]
      }
      func moves(_ i: Int) -> (Double, Double) {
        (x[i] - before(first, i), y[i] - before(second, i))
      }
      var largest = 0.0
      for i in x.indices {
        let (p, q) = moves(i)
        for move in [abs(p), abs(q)] where move.isFinite { largest = max(largest, move) }
      }
      for i in x.indices where x[i] != y[i] && !(x[i].isNaN && y[i].isNaN) {
        let (p, q) = moves(i)
        let digit = max(abs(x[i]), abs(y[i]), abs(x[i] - p)).ulp
        if abs(x[i] - y[i]) <= 16 * digit { continue }
        var place = witness
        (place.tensor, place.step, place.element) = (k, step + 1, i % count)
        place.view = i < count ? nil : i < 2 * count ? "eval" : "train"
        (place.left, place.right) = (x[i], y[i])
        // Where one is not finite there is no size.
        place.size = (p - q).isFinite ? abs(p - q) / max(largest, .leastNonzeroMagnitude) : 1e-3
        result.append(place)
      }
    }
    return result
  }

  /// The largest difference that rounding does not explain; one of values before one of where the rules have
  /// a result at all.
  private static func beyondRounding(
    _ found: [Witness], _ walks: inout [ProbeWalk], _ steps: Int,
    _ plain: [ProbeWalk.Rows<Double>], isBounded: Bool
  ) throws(DiagnosticError) -> Witness? {
    let tensors = found[0].tensors
    var noise: Double?
    let first = isBounded ? try? walks[0].enclosed(tensors, steps: steps) : nil
    let second = isBounded ? try? walks[1].enclosed(tensors, steps: steps) : nil
    var best: Witness?
    for var place in found {
      let isFinite = place.left.isFinite && place.right.isFinite
      var isOpen = !isBounded
      if let first, let second {
        if place.step > min(first.count, second.count) { continue }
        let (x, y) = (first[place.step - 1], second[place.step - 1])
        let (left, right) = (x[place.tensor][place.index], y[place.tensor][place.index])
        switch (standing(x), standing(y)) {
        case (.defined, .defined):
          isOpen = !left.isBounded || !right.isBounded
          if !isOpen, !left.isApart(from: right) { continue }
          // What overflows is at least the largest number; what is ∞ without doubt is no number.
          if left.isInfinity && right.isBounded || right.isInfinity && left.isBounded {
            place.isOfDefinition = true
          }
        case (.defined, .undefined), (.undefined, .defined):
          // sign(1 / 0) is no number, and the engines have one for it: what rounding made of the rest shows nothing.
          let size = max(abs(place.left), abs(place.right))
          if isFinite, abs(place.left - place.right) <= 1e-10 * size { continue }
          place.isOfDefinition = true
        default: continue
        }
      } else if isBounded {
        continue
      } else if !isFinite {
        place.isOfDefinition = true
      }
      if isOpen, !place.isOfDefinition {
        // Decompositions have no bounds: there the spread of runs that round otherwise must do.
        guard isFinite, abs(place.left) < 1e60, abs(place.right) < 1e60 else { continue }
        if noise == nil { noise = try shaken(&walks, tensors, steps, plain) }
        let scale = max(1, abs(place.left), abs(place.right))
        if abs(place.left - place.right) <= 1e-10 * scale + 200 * noise! { continue }
      }
      if place.isPlainer(than: best) { best = place }
    }
    return best
  }

  private static func standing(_ row: [[Enclosure]]) -> Enclosure.Standing {
    row.joined().reduce(.defined) { max($0, $1.standing) }
  }

  /// How far rounding carries in runs where every operation rounds to a side of its own.
  private static func shaken(
    _ walks: inout [ProbeWalk], _ tensors: [Witness.Tensor], _ steps: Int,
    _ plain: [ProbeWalk.Rows<Double>]
  ) throws(DiagnosticError) -> Double {
    var random = SplitMix64(71)
    func moved(_ x: Double) -> Double { x * (1 + 4e-14 * (random.unit() - 0.5)) }
    var noise = 0.0
    for _ in 0..<(walks[0].spent > 20_000 ? 1 : 3) {
      let other = tensors.map {
        Witness.Tensor(
          name: $0.name, dims: $0.dims, weights: $0.weights.map(moved),
          gradients: $0.gradients.map { $0.map(moved) })
      }
      for side in 0..<2 {
        let rows = try walks[side].walk(other, steps: steps, roundingSeed: random.next())
        for (x, y) in zip(plain[side].joined().joined(), rows.joined().joined())
        where x.isFinite && y.isFinite { noise = max(noise, abs(x - y)) }
      }
    }
    return noise
  }

  /// The weights after each step of a rule's first variant, and what they took.
  static func walk(
    _ rule: Rule, values: [[Double]], dims: [Int], horizon: Int, from start: [Double],
    _ gradients: [[Double]]
  ) throws(DiagnosticError) -> (weights: [[Double]], work: Int) {
    let tensor = Witness.Tensor(name: "w", dims: dims, weights: start, gradients: gradients)
    let witness = Witness(
      hypers: [], values: [values], variants: [0], horizon: horizon, tensors: [tensor])
    var walk = ProbeWalk(rule, side: 0, witness, errors: [], work: 400_000_000)
    return (try walk.walk([tensor], steps: gradients.count).map { $0[0] }, walk.spent)
  }
}

extension Witness {
  /// The result at the witness's place, by the reference evaluator on the witness's data alone.
  package func replayed(_ rule: Rule, side: Int) throws(DiagnosticError) -> Double {
    let run = roundsStates ? rule.roundingStates() ?? rule : rule
    var walk = ProbeWalk(run, side: side, self, errors: [], work: .max)
    return try walk.walk(tensors, steps: step)[step - 1][tensor][index]
  }

  /// Its place among weights and views.
  fileprivate var index: Int {
    element + (view == nil ? 0 : view == "eval" ? weights.count : 2 * weights.count)
  }
}

extension Function {
  /// Whether it decomposes matrices, in loops too.
  fileprivate var hasDecomposition: Bool {
    instructions.contains { $0.operation.isDecomposition }
      || loops.contains { $0.body.hasDecomposition }
  }
}
