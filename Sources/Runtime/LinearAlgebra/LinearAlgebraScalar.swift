import CKernels

/// The element types that BLAS and LAPACK know: Double and Float.
package protocol LinearAlgebraScalar: BinaryFloatingPoint, Sendable {
  static var routines: LinearAlgebraRoutines<Self> { get }
}

/// Decompositions of one element type, as `LinearAlgebra.h` declares them.
package struct LinearAlgebraRoutines<T>: Sendable {
  package typealias Numbers = UnsafeMutablePointer<T>?
  package typealias Integers = UnsafeMutablePointer<Int32>?

  let syevd: @Sendable (Int32, Numbers, Numbers, Numbers, Int32, Integers, Int32) -> Int32
  let geqrf: @Sendable (Int32, Int32, Numbers, Numbers, Numbers, Int32) -> Int32
  let orgqr: @Sendable (Int32, Int32, Int32, Numbers, UnsafePointer<T>?, Numbers, Int32) -> Int32
  let gesdd:
    @Sendable (
      Int32, Int32, Numbers, Numbers, Numbers, Numbers, Numbers, Int32, Integers
    ) -> Int32
  let gesv: @Sendable (Int32, Int32, Numbers, Integers, Numbers) -> Int32
  let potrf: @Sendable (Int32, Numbers) -> Int32
}

extension Double: LinearAlgebraScalar {
  package static let routines = LinearAlgebraRoutines<Double>(
    syevd: rv_syevd_f64, geqrf: rv_geqrf_f64, orgqr: rv_orgqr_f64, gesdd: rv_gesdd_f64,
    gesv: rv_gesv_f64, potrf: rv_potrf_f64)
}

extension Float: LinearAlgebraScalar {
  package static let routines = LinearAlgebraRoutines<Float>(
    syevd: rv_syevd_f32, geqrf: rv_geqrf_f32, orgqr: rv_orgqr_f32, gesdd: rv_gesdd_f32,
    gesv: rv_gesv_f32, potrf: rv_potrf_f32)
}
