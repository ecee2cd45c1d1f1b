/// What a program came to on the first rung, and how many numbers it keeps.
package struct EarlyScore: Hashable, Sendable {
  package var score: Double
  package var states: Int

  package init(_ score: Double, states: Int) {
    self.score = score
    self.states = states
  }
}

/// What programs have to be below on the first rung: most of the latest that keep no more numbers than they. Beside those that
/// keep more, what keeps few would hardly ever be seen on all tasks.
struct Hurdles {
  /// By numbers kept, from 0 on.
  private var limits: [Double] = []

  /// So many have to be known before there is a hurdle.
  private static let fewest = 16

  init(_ recent: [EarlyScore], share: Double) {
    let sorted = recent.filter(\.score.isFinite).sorted { $0.score < $1.score }
    for states in 0...(recent.map(\.states).max() ?? 0) {
      let alike = sorted.filter { $0.states <= states }
      limits.append(
        alike.count < Self.fewest
          ? .infinity : alike[Int(Double(alike.count) * (1 - share))].score)
    }
  }

  func isCleared(by early: EarlyScore) -> Bool {
    early.score < limits[min(early.states, limits.count - 1)]
  }
}
