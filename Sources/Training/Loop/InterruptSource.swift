/// Where long work learns that its user wants it to stop.
package struct InterruptSource: Sendable {
  package var isRequested: @Sendable () -> Bool
  package var clear: @Sendable () -> Void

  package init(
    isRequested: @escaping @Sendable () -> Bool, clear: @escaping @Sendable () -> Void
  ) {
    self.isRequested = isRequested
    self.clear = clear
  }

  /// Ctrl-C, which is of the whole process.
  package static let signals = InterruptSource(
    isRequested: { Interrupt.isRequested }, clear: { Interrupt.clear() })

  /// Nobody interrupts.
  package static let none = InterruptSource(isRequested: { false }, clear: {})
}
