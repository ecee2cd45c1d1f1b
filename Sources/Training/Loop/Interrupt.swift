import CKernels

/// Ctrl-C: long work looks at it between steps and stops cleanly.
package enum Interrupt {
  /// From now on the first Ctrl-C sets the flag instead of ending the process.
  package static func install() { rv_interrupt_install() }
  package static var isRequested: Bool { rv_interrupt_requested() != 0 }
  package static func clear() { rv_interrupt_clear() }
}
