import Basics
import Diagnostics
import IR
import Runtime
import Symbolic

/// Runs two rules side by side by the reference evaluator, on random weights and gradients.
package struct ReferenceProbe: RuleProbe {
  /// A walk stops early once it has computed for so many seconds: a rule with long loops gets fewer
  /// steps.
  package var patience = 0.1

  /// Looks at two steps only, and takes what is clearly apart for different without asking how far
  /// rounding may carry: a sieve before a comparison.
  package var isRough = false

  package init() {}

  static var rough: ReferenceProbe {
    var probe = ReferenceProbe()
    probe.isRough = true
    return probe
  }

  package func run(
    _ a: Rule, _ b: Rule, _ request: ProbeRequest
  ) -> ProbeOutcome {
    let ways = [a.module.variants[request.variants[0]], b.module.variants[request.variants[1]]]
    let shapes = [
      request.seed % 2 == 0 ? [2, 3] : [3, 2], [6], [2, 3, 2], [], [4, 4], [8], [40, 30],
    ]
    let fitting = shapes.filter { dims in
      ways.allSatisfy { way in
        ["w", "embed"].contains {
          (try? way.predicate.holds(for: ParameterSpec(name: $0, dims: dims))) ?? false
        }
      }
    }
    var reason = "no tensor goes both ways"
    for dims in fitting {
      let outcome = run(a, b, request, dims)
      guard case .failed(let why) = outcome else { return outcome }
      reason = why
    }
    return .failed(reason)
  }

  /// The same on a tensor of a given shape.
  private func run(
    _ a: Rule, _ b: Rule, _ request: ProbeRequest, _ dims: [Int]
  ) -> ProbeOutcome {
    var random = SplitMix64(request.seed &* 104_729)
    let count = dims.reduce(1, *)
    let weights = (0..<count).map { _ in random.normal() }
    let steps = isRough ? min(2, request.steps) : request.steps
    // Some limits bind only where gradients are large, or small.
    let size = request.seed % 5 == 3 ? 50.0 : request.seed % 5 == 4 ? 0.02 : 1
    let gradients = (0..<steps).map { _ in
      (0..<count).map { _ in
        request.hasZeros && random.unit() < 0.4
          ? 0 : size * random.normal() * (0.3 + 2 * random.unit())
      }
    }
    do throws(DiagnosticError) {
      let walkers = [a, b].enumerated().map { k, rule in
        Walker(
          rule: rule, variant: request.variants[k], values: request.values[k], dims: dims,
          horizon: request.horizon, patience: patience)
      }
      let start = ThreadTime.seconds
      let first = try walkers[0].walk(weights, gradients)
      let second = try walkers[1].walk(weights, gradients)
      let isSlow = ThreadTime.seconds - start > 0.05
      for step in 0..<min(first.count, second.count) {
        var noise: Double?
        for element in 0..<first[step].count {
          let (x, y) = (first[step][element], second[step][element])
          if x == y || x.isNaN && y.isNaN { continue }
          // What has run away says nothing more.
          if !(abs(x) < 1e60) && !(abs(y) < 1e60) { return .agree }
          if abs(x) > 1e60 || abs(y) > 1e60 { return .agree }
          let scale = max(1, abs(x), abs(y))
          if abs(x - y) <= 1e-10 * scale { continue }
          if isRough, abs(x - y) <= 1e-6 * scale { continue }
          if noise == nil, !isRough {
            noise = try shaken(
              walkers, [first, second], weights,
              isSlow ? Array(gradients.prefix(step + 1)) : gradients, times: isSlow ? 1 : 3)
          }
          if abs(x - y) <= 1e-10 * scale + 200 * (noise ?? 0) { continue }
          return .differ(
            Witness(
              hypers: request.hypers, values: request.values, seed: request.seed, dims: dims,
              horizon: request.horizon, weights: weights, gradients: gradients, step: step + 1,
              element: element % count, left: x, right: y))
        }
      }
      return .agree
    } catch {
      return .failed(error.diagnostics.first?.message ?? "a rule cannot be run")
    }
  }

  /// The weights after each step of a rule's first variant.
  static func walk(
    _ rule: Rule, values: [[Double]], dims: [Int], horizon: Int, from start: [Double],
    _ gradients: [[Double]]
  ) throws(DiagnosticError) -> [[Double]] {
    try Walker(
      rule: rule, variant: 0, values: values, dims: dims, horizon: horizon, patience: 20
    ).walk(start, gradients)
  }

  /// How far rounding may carry, over as many steps as gradients: the same walks from numbers a
  /// little off, with every operation rounded anew. One such walk may fall on the first by chance.
  private func shaken(
    _ walkers: [Walker], _ walks: [[[Double]]], _ weights: [Double], _ gradients: [[Double]],
    times: Int
  ) throws(DiagnosticError) -> Double {
    var random = SplitMix64(71)
    func moved(_ x: Double) -> Double { x * (1 + 4e-14 * (random.unit() - 0.5)) }
    var noise = 0.0
    for _ in 0..<times {
      let start = weights.map(moved)
      let path = gradients.map { $0.map(moved) }
      for (walker, walk) in zip(walkers, walks) {
        let other = try walker.walk(start, path, roundingSeed: random.next())
        for (x, y) in zip(walk.joined(), other.joined()) where x.isFinite && y.isFinite {
          noise = max(noise, abs(x - y))
        }
      }
    }
    return noise
  }
}

/// One rule on one tensor.
private struct Walker {
  let rule: Rule
  let variant: Int
  let values: [[Double]]
  let dims: [Int]
  let horizon: Int
  let patience: Double

  /// The weights after each step, and the views behind them.
  func walk(
    _ start: [Double], _ gradients: [[Double]], roundingSeed: UInt64? = nil
  ) throws(DiagnosticError) -> [[Double]] {
    var walk = try RuleWalk(
      rule.module, variant: variant, from: Dense(shape: dims, values: start), hypers: values[0],
      horizon: horizon)
    var result: [[Double]] = []
    let end = ThreadTime.seconds + patience
    for (step, own) in gradients.enumerated() {
      if step > 0, ThreadTime.seconds > end { break }
      var environment = try walk.environment(
        step: step + 1, hypers: values[step], loss: 0.7 + 0.1 * Double(step),
        gradient: Dense(shape: dims, values: own)
      ) { slot, lengths in Self.input(slot.name, lengths, step) }
      environment.roundingSeed = roundingSeed.map { $0 &+ UInt64(step) &* 104_729 }
      let next = try walk.step(environment, oracle: objective)
      var row = walk.weights.values
      for name in ["eval", "train"] {
        row += next.value(.view(name))?.values ?? walk.weights.values
      }
      result.append(row)
    }
    return result
  }

  /// A further input: the same numbers for the same name.
  private static func input(_ name: String, _ lengths: [Int], _ step: Int) -> Dense {
    var seed: UInt64 = 17
    for byte in name.utf8 { seed = seed &* 31 &+ UInt64(byte) }
    var random = SplitMix64(seed &+ UInt64(step))
    return Dense(
      shape: lengths, values: (0..<lengths.reduce(1, *)).map { _ in random.normal() })
  }

  /// A smooth objective for rules that ask for its value elsewhere.
  private func objective(_ request: OracleRequest) throws(DiagnosticError) -> OracleAnswer {
    var loss = 0.0
    var gradients: [Dense] = []
    for point in request.points {
      var slope = point
      for (i, x) in point.values.enumerated() {
        let centre = 0.3 * Double(i) - 0.5
        loss += 0.5 * (x - centre) * (x - centre) + 0.05 * x * x * x * x
        slope.values[i] = x - centre + 0.2 * x * x * x
      }
      gradients.append(slope)
    }
    return OracleAnswer(loss: loss, gradients: gradients)
  }
}
