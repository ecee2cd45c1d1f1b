/// Solvers in the order of their scores, and which are better than which.
package struct Ranking: Sendable {
  package struct Place: Sendable {
    package var solver: Int
    package var score: MeanInterval
    /// Solvers that this one is shown to be better than, and those better than it.
    package var betterThan: [Int] = []
    package var worseThan: [Int] = []
  }

  /// The highest score first.
  package private(set) var places: [Place]
  /// Chance of a wrong word among all that are said of pairs.
  package static let level = 0.05

  /// By solver, then by problem: costs, infinite where a problem is not solved. "Better" is said of two by a sign test
  /// over the problems on which they differ, Holm's correction counting all pairs: so the leader may be
  /// chosen by looking at them.
  package init(costs: [[Double]]) {
    let profile = PerformanceProfile(costs: costs)
    var found = costs.indices.map {
      Place(solver: $0, score: MeanInterval(profile.contributions(of: $0)))
    }
    var pairs: [(Int, Int)] = []
    var probabilities: [Double] = []
    for a in costs.indices {
      for b in costs.indices where b > a {
        // The solver that wins more often first.
        let wins = zip(costs[a], costs[b]).count { $0 < $1 }
        let losses = zip(costs[a], costs[b]).count { $0 > $1 }
        pairs.append(wins >= losses ? (a, b) : (b, a))
        probabilities.append(SignTest.probability(wins: wins, losses: losses))
      }
    }
    for (pair, p) in zip(pairs, Holm.adjusted(probabilities)) where p < Self.level {
      found[pair.0].betterThan.append(pair.1)
      found[pair.1].worseThan.append(pair.0)
    }
    // Of equal scores the first that was named.
    places = found.sorted {
      $0.score.mean != $1.score.mean ? $0.score.mean > $1.score.mean : $0.solver < $1.solver
    }
  }
}
