import Basics
import Diagnostics
import IR
import Runtime
import Symbolic

extension RuleAlgebra {
  /// How the rule answers to changes of what it reads: proved, refuted by numbers, or neither.
  package func invariance() throws(SymbolicError) -> [Invariance.Finding] {
    var search = WitnessSearch()
    return try Invariance(rule).findings.map { finding in
      // Of numbers that are drawn others might have been: what one run of them does refutes nothing.
      let isOfChance =
        !rule.variant.update.draws.isEmpty && ![.gradient, .weight].contains(finding.change)
      guard finding.holds == nil, !isOfChance,
        let witness = source.witness(against: finding.change, variant: variant, &search)
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

/// What looking for numbers may still take, about a second in all, and what was made for it.
struct WitnessSearch {
  fileprivate var work = 4_000_000
  fileprivate let prepared = PreparedRules()
}

extension Rule {
  /// Numbers, at the rule's own hyperparameters, for which a change of what it reads is not answered
  /// as it should be; nil where none are found.
  package func witness(against change: Invariance.Change, variant: Int = 0) -> String? {
    var search = WitnessSearch()
    return witness(against: change, variant: variant, &search)
  }

  fileprivate func witness(
    against change: Invariance.Change, variant: Int, _ search: inout WitnessSearch
  ) -> String? {
    let predicate = module.variants[variant].predicate
    let shapes = [[2], [2, 2]].filter {
      (try? predicate.holds(for: ParameterSpec(name: "w", dims: $0))) ?? false
    }
    for steps in 1...3 {
      for dims in shapes {
        for seed in 0..<6 where search.work > 0 {
          if let found = witness(against: change, variant, steps, dims, UInt64(seed), &search) {
            return found
          }
        }
      }
    }
    return nil
  }

  private func witness(
    against change: Invariance.Change, _ variant: Int, _ steps: Int, _ dims: [Int], _ seed: UInt64,
    _ search: inout WitnessSearch
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
    func walk(_ start: [Double], _ gradients: [[Double]]) -> Walk? {
      let known = search.prepared
      let found = try? path(
        from: start, dims: dims, gradients, variant: variant, work: &search.work, known: known)
      return found.map { Walk(start: start, gradients: gradients, path: $0) }
    }
    /// The walk from what is changed; scales are changed by c.
    func changed(by c: Double = 4) -> Walk? {
      walk(
        Self.changed(start, change, by: change == .gradient ? 1 : c, seed),
        change == .shift
          ? gradients
          : gradients.map { Self.changed($0, change, by: change == .weight ? 1 / c : c, seed) })
    }
    guard let first = walk(start, gradients), let second = changed(),
      (first.path + second.path).joined().allSatisfy({ $0.isFinite })
    else { return nil }
    func says(_ k: ClosedRange<Int>, _ walks: Walk...) -> String {
      let moves = walks.map { walk in k.map { Self.text(walk.move($0)) }.joined(separator: " then ")
      }
      return "\(first.text) moves w by \(moves[0])"
        + zip(walks, moves).dropFirst().map { ", \($0.text) by \($1)" }.joined()
    }
    guard change == .gradient || change == .weight else {
      let expected =
        change == .shift ? first.move(steps) : Self.changed(first.move(steps), change, by: 1, seed)
      return first.differs(second, at: steps, from: expected)
        ? says(steps...steps, first, second) : nil
    }
    // The moves are c^d times as large for one d: all elements, at all steps, for each c.
    guard let ratio = second.ratio(to: first, at: steps) else { return nil }
    if ratio <= 0
      || first.differs(second, at: steps, from: first.move(steps).map { ratio * $0 })
    {
      return says(steps...steps, first, second)
    }
    if steps > 1, let earlier = second.ratio(to: first, at: steps - 1),
      abs(earlier - ratio) > 1e-3 * abs(ratio)
    {
      return says((steps - 1)...steps, first, second)
    }
    if let third = changed(by: 2), let root = third.ratio(to: first, at: steps),
      abs(root * root - ratio) > 1e-2 * ratio
    {
      return says(steps...steps, first, third, second)
    }
    return nil
  }

  /// Numbers as a change of what a rule reads has them; scales by the factor c.
  private static func changed(
    _ x: [Double], _ change: Invariance.Change, by c: Double, _ seed: UInt64
  ) -> [Double] {
    switch change {
    case .gradient, .weight: x.map { c * $0 }
    case .sign: x.map { -$0 }
    case .shift: x.map { $0 + 1 }
    case .permutation where x.count == 4 && seed % 2 == 1: [x[3], x[1], x[2], x[0]]
    case .permutation: [x[1], x[0]] + x.dropFirst(2)
    case .rotation: [0.6 * x[0] - 0.8 * x[1], 0.8 * x[0] + 0.6 * x[1]] + x.dropFirst(2)
    }
  }

  fileprivate static func text(_ x: [Double]) -> String {
    "[\(x.map { NumberText.shortest(short($0)) }.joined(separator: ", "))]"
  }

  /// To eight digits.
  private static func short(_ x: Double) -> Double {
    guard x != 0, x.isFinite else { return x }
    var scale = 1.0
    while abs(x) * scale < 1e7, scale < 1e250 { scale *= 10 }
    return (x * scale).rounded() / scale
  }
}

/// Where w goes under gradients.
private struct Walk {
  let start: [Double]
  let gradients: [[Double]]
  let path: [[Double]]

  var text: String {
    "w = \(Rule.text(start)), g = \(gradients.map { Rule.text($0) }.joined(separator: " then "))"
  }

  func move(_ k: Int) -> [Double] { zip(path[k], path[k - 1]).map { $0 - $1 } }

  /// What rounding may do to w is no difference.
  private func noise(_ other: Walk) -> Double {
    1e-12 * [path, other.path].map { $0.joined().map { abs($0) }.max()! }.reduce(0, +)
  }

  /// Whether the other's move is not as expected.
  func differs(_ other: Walk, at k: Int, from expected: [Double]) -> Bool {
    let size = (move(k) + other.move(k)).reduce(0) { max($0, abs($1)) }
    let slack = 1e-3 * size + 1e3 * noise(other)
    return zip(other.move(k), expected).contains { abs($0 - $1) > slack }
  }

  /// How many times as large a move is; nil where one is 0, or lost in rounding.
  func ratio(to other: Walk, at k: Int) -> Double? {
    let (a, b) = (other.move(k), move(k))
    guard let i = a.indices.max(by: { abs(a[$0]) < abs(a[$1]) }),
      min(abs(a[i]), abs(b[i])) > 1e6 * noise(other)
    else { return nil }
    return b[i] / a[i]
  }
}
