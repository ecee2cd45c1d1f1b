/// Performance profiles (Dolan & Moré 2002, Mathematical Programming 91): of each solver the share of all
/// problems that it solves at no more than τ times the least cost of any solver.
package struct PerformanceProfile: Sendable {
  /// By solver, then by problem: its cost over the least one, infinite where the problem is not solved.
  package let ratios: [[Double]]

  /// By solver, then by problem: steps or seconds; infinite or NaN where the problem is not solved. A problem that
  /// nobody solves counts against all.
  package init(costs: [[Double]]) {
    let count = costs.first?.count ?? 0
    let least = (0..<count).map { problem in
      costs.map { $0[problem] }.filter { !$0.isNaN }.min() ?? .infinity
    }
    ratios = costs.map { row in
      zip(row, least).map { cost, least in
        guard cost.isFinite else { return .infinity }
        return cost == least ? 1 : cost / least
      }
    }
  }

  /// The largest τ that the score looks at, and at how many values of τ, as in AlgoPerf.
  package static let farthest = 4.0
  private static let points = 100
  /// Places are whole multiples of this, as in AlgoPerf, which decides whether a ratio like 7 / 3 lies at one or behind it.
  private static let step = (farthest - 1) / Double(points - 1)

  /// What each problem adds to the score, of which that is the mean: the area below the profile between τ = 1 and 4
  /// as a share of the whole, by trapezoids between 100 values of τ as AlgoPerf's rules compute it: 1 for a solver
  /// that is the fastest on each problem.
  package func contributions(of solver: Int) -> [Double] {
    ratios[solver].map { ratio in
      // A step function of τ: half of the interval in which it steps, and all behind it.
      let below = (0..<Self.points).count { k in
        1 + Double(k) * Self.step < ratio
      }
      if below == 0 { return 1 }
      return below == Self.points
        ? 0 : (Double(Self.points - 1 - below) + 0.5) / Double(Self.points - 1)
    }
  }
}
