import Training

/// Where a session learns that the user wants a computation to stop.
public struct InterruptSource: Sendable {
  public var isRequested: @Sendable () -> Bool
  public var clear: @Sendable () -> Void

  public init(
    isRequested: @escaping @Sendable () -> Bool, clear: @escaping @Sendable () -> Void
  ) {
    self.isRequested = isRequested
    self.clear = clear
  }

  /// Ctrl-C, which all long work of the process looks at.
  public static let signals = InterruptSource(
    isRequested: { Interrupt.isRequested }, clear: { Interrupt.clear() })

  /// Nobody interrupts.
  public static let none = InterruptSource(isRequested: { false }, clear: {})
}
