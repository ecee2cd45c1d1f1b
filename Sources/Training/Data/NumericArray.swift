import Diagnostics
import Files
import IR

/// An array of numbers of any rank, stored row-major (C order) in float64.
///
/// Integers beyond 2⁵³ are rounded to the nearest float64.
package struct NumericArray: Sendable, Equatable {
  /// The extents, outermost first; empty for a single number.
  package let shape: [Int]
  /// The product of `shape` values.
  package let values: [Double]
  /// Whether the file has floating-point numbers.
  package let isFloating: Bool

  package init(shape: [Int], values: [Double], isFloating: Bool = true) {
    precondition(Lengths.product(shape) == values.count, "the shape must fit the values")
    self.isFloating = isFloating
    self.shape = shape
    self.values = values
  }

  /// Reads a NumPy `.npy` file: format versions 1 to 3; f2, f4, f8, i1 to i8, u1 to u8 and b1 in
  /// either byte order; C and Fortran order.
  ///
  /// Non-finite values are kept. Throws R0701 to R0707 and R0720 to R0725.
  package static func npy(path: String, at span: Span) throws(DiagnosticError) -> NumericArray {
    let file = try DataFile.load(path: path, at: span)
    return try npy(bytes: file.bytes, path: path, at: span)
  }

  /// Reads the bytes of an `.npy` file; `path` is used in messages only.
  package static func npy(
    bytes: [UInt8], path: String, at span: Span
  ) throws(DiagnosticError) -> NumericArray {
    if bytes.isEmpty { throw DataProblem.empty(path, at: span) }
    return try bytes.withRawBytes { (buffer) throws(DiagnosticError) -> NumericArray in
      try NPYReader(buffer, path: path, span: span).array()
    }
  }

  package static func == (a: NumericArray, b: NumericArray) -> Bool {
    a.shape == b.shape && a.values == b.values
  }
}
