/// What bounds the work on terms, set by the host of a computation for all that it calls.
///
/// A table that reaches its limits unfolds nothing more: what stands is equal to what was asked, and
/// less simple.
public struct TermLimits: Sendable {
  /// The limits for tables that are made now.
  @TaskLocal public static var current = TermLimits()

  public var deadline: ContinuousClock.Instant?
  public var nodes: Int
  /// Whether the user wants it to stop.
  public var isCancelled: @Sendable () -> Bool

  public init(
    deadline: ContinuousClock.Instant? = nil, nodes: Int = TermTable.nodeLimit,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.deadline = deadline
    self.nodes = nodes
    self.isCancelled = isCancelled
  }

  public var areReached: Bool {
    if isCancelled() { return true }
    if let deadline { return ContinuousClock.now > deadline }
    return false
  }
}
