import Basics

/// Successive halving (Jamieson & Talwalkar 2016, arXiv:1502.07943): many points on a short stretch of the run, the best
/// third of them on three times as much, and so on to whole runs. Each stretch takes as much work as the others.
package struct Halving {
  /// How many points are tried, and on which share of a run.
  package struct Rung: Hashable, Sendable {
    var points: Int
    /// One part of so many of the run.
    var part: Int
  }

  let rungs: [Rung]

  static let keptOneOf = 3
  /// Fewer steps tell nothing.
  static let leastSteps = 10
  private static let mostRungs = 3

  /// With as much work as so many whole runs of so many steps; without parts where runs cannot be cut short.
  init(runs: Int, steps: Int, isCut: Bool) {
    var count = 1
    var part = 1
    while isCut, count < Self.mostRungs, steps / (part * Self.keptOneOf) >= Self.leastSteps,
      runs / (count + 1) >= 1
    {
      count += 1
      part *= Self.keptOneOf
    }
    rungs = (0..<count).map { k in
      defer { part /= Self.keptOneOf }
      return Rung(points: max(1, runs * part / count), part: part)
    }
  }

  /// Which points go on: the best by cost, of equals those that came first. What failed does not.
  static func best(_ count: Int, of costs: [Double]) -> [Int] {
    costs.indices.filter { costs[$0].isFinite }
      .sorted { (costs[$0], $0) < (costs[$1], $1) }.prefix(count).sorted()
  }
}
