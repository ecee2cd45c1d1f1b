/// How often the costly parts of binding were done within `counting`, for tests that work is done once.
package final class WorkCounts: @unchecked Sendable {
  /// Of one task, which alone changes it.
  @TaskLocal private static var current: WorkCounts?

  /// Functions made concrete.
  package private(set) var specialisations = 0
  /// Objectives given a gradient.
  package private(set) var differentiations = 0
  /// The names of the functions that a plan was made of.
  package private(set) var plans: [String] = []

  /// Runs `body` and returns what it did. Counts of tasks beside it stay apart.
  package static func counting(_ body: () throws -> Void) rethrows -> WorkCounts {
    let counts = WorkCounts()
    try $current.withValue(counts) { try body() }
    return counts
  }

  static func noteSpecialisation() { current?.specialisations += 1 }
  static func noteDifferentiation() { current?.differentiations += 1 }
  package static func notePlan(_ name: String) { current?.plans.append(name) }
}
