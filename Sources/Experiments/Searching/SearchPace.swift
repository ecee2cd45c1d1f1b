import Search

/// How fast a search goes in this process, and what time that leaves.
struct SearchPace {
  /// Where the restart that runs was when it was first seen.
  private var first: (restart: Int, evaluations: Int, programs: Int, seconds: Double)?
  /// Of restarts that ran before it in this process.
  private var before = (evaluations: 0, programs: 0, seconds: 0.0)
  private var here = (evaluations: 0, programs: 0, seconds: 0.0)

  mutating func add(_ outcome: RestartOutcome, at seconds: Double) {
    if first?.restart != outcome.restart {
      before.evaluations += here.evaluations
      before.programs += here.programs
      before.seconds += here.seconds
      first = (outcome.restart, outcome.counts.evaluations, outcome.programs, seconds)
    }
    guard let first else { return }
    here = (
      outcome.counts.evaluations - first.evaluations, outcome.programs - first.programs,
      seconds - first.seconds
    )
  }

  private var spent: Double { before.seconds + here.seconds }

  /// A second; nil before anything is known.
  var evaluations: Double? {
    spent > 0 && before.evaluations + here.evaluations > 0
      ? Double(before.evaluations + here.evaluations) / spent : nil
  }

  /// Seconds; nil before anything is known. `later`: restarts that have not begun.
  func left(
    _ outcome: RestartOutcome, _ settings: SearchSettings, later: Int, at seconds: Double
  ) -> Double? {
    if let minutes = settings.minutes {
      let gone = seconds - (first?.seconds ?? seconds)
      return max(0, minutes * 60 * Double(later + 1) - gone)
    }
    let done = before.programs + here.programs
    guard spent > 0, done > 0 else { return nil }
    let left = settings.programs - outcome.programs + later * settings.programs
    return Double(left) * spent / Double(done)
  }
}
