import Basics
import Training

/// One setting that was tried on the seed of the search.
package struct ArenaTrial: Hashable, Sendable {
  /// Of the knobs that were set.
  package var values: [Double]
  package var reached: Bool
  /// As `TrainingSettings.Target.cost`; infinite where the run failed, or was given up since another trial had got there in
  /// fewer steps.
  package var cost: Double
}

/// One run of the setting that was found, on a seed that the search did not see.
package struct ArenaRun: Hashable, Sendable {
  package var seed: Int
  package var steps: Int
  package var reached: Bool
  /// The target's series at the end; NaN where the run failed.
  package var last: Double
  /// Why it failed, if so.
  package var failure: String?
}

/// One rule on one task.
package struct ArenaCell: Hashable, Sendable {
  package var rule: Int
  package var task: Int
  /// Knobs that were set, by the names that a call gives them.
  package var knobs: [String] = []
  package var trials: [ArenaTrial] = []
  /// The values found; empty where there is nothing to set, nil where no trial came to an end.
  package var best: [Double]?
  package var runs: [ArenaRun] = []
  /// The first run: steps, and the series of the target where it was looked at.
  package var curve: ArenaCurve?
  /// Why the rule does not run on the task.
  package var problem: String?

  /// Steps to the target by seed, infinite where it was not reached.
  package var steps: [Double] { runs.map { $0.reached ? Double($0.steps) : .infinity } }

  /// Their median; infinite where half of the seeds do not get there.
  package var cost: Double {
    let sorted = steps.sorted()
    let middle = sorted.count / 2
    if sorted.isEmpty { return .infinity }
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  package var isSolved: Bool { cost.isFinite }

  /// The setting as the arguments of a call.
  package var setting: String { setting(best ?? []) }

  func setting(_ values: [Double]) -> String {
    zip(knobs, values).map { "\($0) = \(NumberText.short($1))" }.joined(separator: ", ")
  }
}

/// What a run's curve looks like: at most 48 places.
package struct ArenaCurve: Hashable, Sendable {
  package var steps: [Int]
  package var values: [Double]

  private static let places = 48

  /// Nil without any.
  init?(_ all: [(step: Int, value: Double)]) {
    if all.isEmpty { return nil }
    let count = min(all.count, Self.places)
    let chosen = (0..<count).map { all[count == 1 ? 0 : $0 * (all.count - 1) / (count - 1)] }
    steps = chosen.map(\.step)
    // Four digits are more than a picture shows.
    values = chosen.map { Double(NumberText.significant($0.value)) ?? $0.value }
  }

  init(steps: [Int], values: [Double]) {
    self.steps = steps
    self.values = values
  }
}
