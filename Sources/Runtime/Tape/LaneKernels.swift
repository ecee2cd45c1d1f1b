import CKernels
import IR

/// The interpreter's kernels in double precision, for a few numbers at a time: a program that a search probes has no
/// plan.
package struct LaneKernels: @unchecked Sendable {
  /// By operation; nil where it does not go element by element.
  private let kernels: [rv_kernel?]

  package static let float64 = LaneKernels()

  private init() {
    kernels = Operation.allCases.map { operation in
      guard OperationShape.isElementwise(operation) else { return nil }
      return rv_find_kernel(
        ElementType.float64.kernelElement, Int32(operation.kernel.rawValue), 0)
    }
  }

  /// Writes `count` results of an elementwise operation; operands that it has not are not read. False for an operation
  /// that does not go element by element.
  package func run(
    _ operation: Operation, _ d: UnsafeMutablePointer<Double>, _ a: UnsafePointer<Double>,
    _ b: UnsafePointer<Double>, _ c: UnsafePointer<Double>, count: Int
  ) -> Bool {
    guard let kernel = kernels[Int(operation.rawValue)] else { return false }
    kernel(d, a, b, c, nil, count)
    return true
  }
}
