/// Whether an evaluation that is under way is to end: its host has no more time for it, or nobody waits for it.
///
/// The reference engines ask while they compute, in loops and between operations.
package enum EvaluationLimit {
  @TaskLocal package static var isReached: @Sendable () -> Bool = { false }

  /// The work between two questions.
  static let interval = 1 << 18
}
