/// Where a run stands between two steps, beside the numbers of its learner.
struct RunState {
  /// What was recorded so far.
  var history: RunHistory
  /// Epochs that are over.
  var epoch = 0
  /// Examples of the epoch that goes on which were taken, and the sum of their losses.
  var position = 0
  var sum = 0.0
  /// The same since the target was last looked at.
  var recent = (sum: 0.0, count: 0)

  /// Steps that were made.
  var step: Int { history.steps }

  init(seed: UInt64) { history = RunHistory(seed: seed) }
}
