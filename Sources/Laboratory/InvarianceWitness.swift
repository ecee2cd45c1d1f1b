import Basics
import Diagnostics
import IR
import Runtime
import Symbolic

extension RuleAlgebra {
  /// How the rule answers to changes of what it reads: proved, refuted by numbers, or neither.
  package func invariance() throws(SymbolicError) -> [Invariance.Finding] {
    try Invariance(rule).findings.map { finding in
      guard finding.holds == nil,
        let witness = source.witness(against: finding.change, variant: variant)
      else {
        return finding
      }
      var result = finding
      result.holds = false
      // What holds once something is 0 is still worth knowing.
      result.reason = witness + (finding.reason.hasPrefix("with ") ? "; \(finding.reason)" : "")
      return result
    }
  }
}

extension Rule {
  /// Numbers, at the rule's own hyperparameters, for which a change of what it reads is not answered
  /// as it should be; nil where none are found.
  package func witness(against change: Invariance.Change, variant: Int = 0) -> String? {
    let predicate = module.variants[variant].predicate
    let shapes = [[2], [2, 2]].filter {
      (try? predicate.holds(for: ParameterSpec(name: "w", dims: $0))) ?? false
    }
    for steps in 1...3 {
      for dims in shapes {
        for seed in 0..<6 {
          if let found = witness(against: change, variant, steps, dims, UInt64(seed)) {
            return found
          }
        }
      }
    }
    return nil
  }

  private func witness(
    against change: Invariance.Change, _ variant: Int, _ steps: Int, _ dims: [Int], _ seed: UInt64
  ) -> String? {
    let count = dims.reduce(1, *)
    var random = SplitMix64(1 + 97 * seed)
    // Short decimals, so that what is printed is what was run.
    // Small gradients show an ε.
    let size = seed < 3 ? 100.0 : 1e10
    func draw(_ size: Double) -> [Double] {
      (0..<count).map { _ in (random.normal() * 100).rounded() / size }
    }
    let start = draw(100)
    let gradients = (0..<steps).map { _ in draw(size) }
    func changed(_ x: [Double], isGradient: Bool) -> [Double] {
      switch change {
      case .gradient: isGradient ? x.map { 4 * $0 } : x
      case .weight: x.map { isGradient ? $0 / 4 : $0 * 4 }
      case .sign: x.map { -$0 }
      case .shift: isGradient ? x : x.map { $0 + 1 }
      case .permutation: [x[1], x[0]] + x.dropFirst(2)
      case .rotation: [0.6 * x[0] - 0.8 * x[1], 0.8 * x[0] + 0.6 * x[1]] + x.dropFirst(2)
      }
    }
    let other = (
      start: changed(start, isGradient: false),
      gradients: gradients.map { changed($0, isGradient: true) }
    )
    guard let first = try? path(from: start, dims: dims, gradients, variant: variant),
      let second = try? path(from: other.start, dims: dims, other.gradients, variant: variant)
    else { return nil }
    func move(_ path: [[Double]], _ k: Int) -> [Double] {
      zip(path[k], path[k - 1]).map { $0 - $1 }
    }
    let (a, b) = (move(first, steps), move(second, steps))
    guard (a + b).allSatisfy({ $0.isFinite }), isBroken(change, a, b, first, second) else {
      return nil
    }
    func text(_ x: [Double]) -> String {
      "[\(x.map { NumberText.shortest(Self.short($0)) }.joined(separator: ", "))]"
    }
    let from = { (w: [Double], g: [[Double]]) in
      "w = \(text(w)), g = \(g.map { text($0) }.joined(separator: " then "))"
    }
    return "\(from(start, gradients)) moves w by \(text(a)), "
      + "\(from(other.start, other.gradients)) by \(text(b))"
  }

  /// Whether the moves a and b, of a walk and of the changed walk, are not as the change asks.
  private func isBroken(
    _ change: Invariance.Change, _ a: [Double], _ b: [Double], _ first: [[Double]],
    _ second: [[Double]]
  ) -> Bool {
    let size = (a + b).reduce(0) { max($0, abs($1)) }
    // What rounding may do to w is no difference.
    let noise =
      1e-12 * (first.joined().map { abs($0) }.max()! + second.joined().map { abs($0) }.max()!)
    let slack = 1e-3 * size + 1e3 * noise
    func differ(_ expected: [Double]) -> Bool { zip(b, expected).contains { abs($0 - $1) > slack } }
    switch change {
    case .gradient, .weight:
      // b = c^d a for one d: all ratios are one.
      guard let k = a.indices.max(by: { abs(a[$0]) < abs(a[$1]) }), abs(a[k]) > 1e6 * noise else {
        return false
      }
      let ratio = b[k] / a[k]
      if differ(a.map { ratio * $0 }) { return true }
      // The powers of 4 that occur are tried; any other factor is none.
      let powers = [-2, -1, -0.5, 0, 0.5, 1, 2, 3].map { (d: Double) in Self.power(4, d) }
      return !powers.contains { abs(ratio - $0) <= 1e-3 * max($0, 1) }
    case .sign: return differ(a.map { -$0 })
    case .shift: return differ(a)
    case .permutation: return differ([a[1], a[0]] + a.dropFirst(2))
    case .rotation:
      return differ([0.6 * a[0] - 0.8 * a[1], 0.8 * a[0] + 0.6 * a[1]] + a.dropFirst(2))
    }
  }

  /// To eight digits.
  private static func short(_ x: Double) -> Double {
    guard x != 0, x.isFinite else { return x }
    var scale = 1.0
    while abs(x) * scale < 1e7, scale < 1e250 { scale *= 10 }
    return (x * scale).rounded() / scale
  }

  private static func power(_ x: Double, _ d: Double) -> Double { Folding.power(x, d) }
}
