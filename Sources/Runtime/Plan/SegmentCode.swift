/// The compiled code of some passes.
package final class SegmentCode: @unchecked Sendable {
  /// One function a pass, nil where the interpreter stays; nil while they are being made.
  package let functions: [SegmentFunction?]?
  /// Keeps them loaded.
  private let library: AnyObject?

  package init(functions: [SegmentFunction?], library: AnyObject?) {
    self.functions = functions
    self.library = library
  }
}
