/// What bounds the work on terms, set by the host of a computation for all that it calls.
///
/// A table that reaches its limits unfolds nothing more: what stands is equal to what was asked, and
/// less simple.
package struct TermLimits: Sendable {
  /// The limits for tables that are made now.
  @TaskLocal package static var current = TermLimits()

  package var deadline: ContinuousClock.Instant?
  package var nodes: Int
  /// Whether the user wants it to stop.
  package var isCancelled: @Sendable () -> Bool

  package init(
    deadline: ContinuousClock.Instant? = nil, nodes: Int = TermTable.nodeLimit,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.deadline = deadline
    self.nodes = nodes
    self.isCancelled = isCancelled
  }

  package var areReached: Bool {
    if isCancelled() { return true }
    if let deadline { return ContinuousClock.now > deadline }
    return false
  }
}
