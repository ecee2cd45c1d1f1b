import CKernels

/// The compiled code of some passes, which may still be in the making: until it is there, steps are
/// interpreted. Both give the same bits, so it may come between any two steps.
package final class SegmentCode: @unchecked Sendable {
  // Written once, before the flag is set; read by anyone after.
  private var functions: [SegmentFunction?] = []
  /// Keeps the functions loaded.
  private var library: AnyObject?
  private var problem: String?
  private let isDone = rv_new_flag()
  private let report: (String) -> Void

  /// Code that `finish` will bring. `report` is told what went wrong, by who takes the code.
  package init(report: @escaping (String) -> Void = { _ in }) { self.report = report }

  deinit { rv_free_flag(isDone) }

  /// One function a pass, nil where the interpreter stays. Once, from any thread.
  package func finish(
    _ functions: [SegmentFunction?], library: AnyObject?, problem: String? = nil
  ) {
    self.functions = functions
    self.library = library
    self.problem = problem
    rv_set_flag(isDone)
  }

  package var isFinished: Bool { rv_flag_is_set(isDone) != 0 }
  package var hasFailed: Bool { isFinished && library == nil }

  /// One function a pass; nil while they are in the making.
  package func take() -> [SegmentFunction?]? {
    guard isFinished else { return nil }
    if let problem { report(problem) }
    return functions
  }

  /// Waits until it is finished, however long that takes.
  package func wait() { rv_wait_for_flag(isDone) }
}
