import CKernels

/// The element types that BLAS and LAPACK know: Double and Float.
package protocol LinearAlgebraScalar: BinaryFloatingPoint, Sendable {
  static func syevd(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ values: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ lwork: Int, _ iwork: UnsafeMutablePointer<Int32>,
    _ liwork: Int
  ) -> Int
  static func geqrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ tau: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ lwork: Int
  ) -> Int
  static func orgqr(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Self>, _ tau: UnsafePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ lwork: Int
  ) -> Int
  static func gesdd(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ values: UnsafeMutablePointer<Self>,
    _ u: UnsafeMutablePointer<Self>, _ vt: UnsafeMutablePointer<Self>,
    _ work: UnsafeMutablePointer<Self>, _ lwork: Int, _ iwork: UnsafeMutablePointer<Int32>
  ) -> Int
  static func gesv(
    _ n: Int, _ columns: Int, _ a: UnsafeMutablePointer<Self>,
    _ pivots: UnsafeMutablePointer<Int32>, _ b: UnsafeMutablePointer<Self>
  ) -> Int
  static func potrf(_ n: Int, _ a: UnsafeMutablePointer<Self>) -> Int
}

extension Double: LinearAlgebraScalar {
  package static func syevd(
    _ n: Int, _ a: UnsafeMutablePointer<Double>, _ values: UnsafeMutablePointer<Double>,
    _ work: UnsafeMutablePointer<Double>, _ lwork: Int, _ iwork: UnsafeMutablePointer<Int32>,
    _ liwork: Int
  ) -> Int {
    Int(rv_syevd_f64(Int32(n), a, values, work, Int32(lwork), iwork, Int32(liwork)))
  }

  package static func geqrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ tau: UnsafeMutablePointer<Double>,
    _ work: UnsafeMutablePointer<Double>, _ lwork: Int
  ) -> Int {
    Int(rv_geqrf_f64(Int32(m), Int32(n), a, tau, work, Int32(lwork)))
  }

  package static func orgqr(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Double>, _ tau: UnsafePointer<Double>,
    _ work: UnsafeMutablePointer<Double>, _ lwork: Int
  ) -> Int {
    Int(rv_orgqr_f64(Int32(m), Int32(n), Int32(k), a, tau, work, Int32(lwork)))
  }

  package static func gesdd(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ values: UnsafeMutablePointer<Double>,
    _ u: UnsafeMutablePointer<Double>, _ vt: UnsafeMutablePointer<Double>,
    _ work: UnsafeMutablePointer<Double>, _ lwork: Int, _ iwork: UnsafeMutablePointer<Int32>
  ) -> Int {
    Int(rv_gesdd_f64(Int32(m), Int32(n), a, values, u, vt, work, Int32(lwork), iwork))
  }

  package static func gesv(
    _ n: Int, _ columns: Int, _ a: UnsafeMutablePointer<Double>,
    _ pivots: UnsafeMutablePointer<Int32>, _ b: UnsafeMutablePointer<Double>
  ) -> Int {
    Int(rv_gesv_f64(Int32(n), Int32(columns), a, pivots, b))
  }

  package static func potrf(_ n: Int, _ a: UnsafeMutablePointer<Double>) -> Int {
    Int(rv_potrf_f64(Int32(n), a))
  }
}

extension Float: LinearAlgebraScalar {
  package static func syevd(
    _ n: Int, _ a: UnsafeMutablePointer<Float>, _ values: UnsafeMutablePointer<Float>,
    _ work: UnsafeMutablePointer<Float>, _ lwork: Int, _ iwork: UnsafeMutablePointer<Int32>,
    _ liwork: Int
  ) -> Int {
    Int(rv_syevd_f32(Int32(n), a, values, work, Int32(lwork), iwork, Int32(liwork)))
  }

  package static func geqrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ tau: UnsafeMutablePointer<Float>,
    _ work: UnsafeMutablePointer<Float>, _ lwork: Int
  ) -> Int {
    Int(rv_geqrf_f32(Int32(m), Int32(n), a, tau, work, Int32(lwork)))
  }

  package static func orgqr(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Float>, _ tau: UnsafePointer<Float>,
    _ work: UnsafeMutablePointer<Float>, _ lwork: Int
  ) -> Int {
    Int(rv_orgqr_f32(Int32(m), Int32(n), Int32(k), a, tau, work, Int32(lwork)))
  }

  package static func gesdd(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ values: UnsafeMutablePointer<Float>,
    _ u: UnsafeMutablePointer<Float>, _ vt: UnsafeMutablePointer<Float>,
    _ work: UnsafeMutablePointer<Float>, _ lwork: Int, _ iwork: UnsafeMutablePointer<Int32>
  ) -> Int {
    Int(rv_gesdd_f32(Int32(m), Int32(n), a, values, u, vt, work, Int32(lwork), iwork))
  }

  package static func gesv(
    _ n: Int, _ columns: Int, _ a: UnsafeMutablePointer<Float>,
    _ pivots: UnsafeMutablePointer<Int32>, _ b: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(rv_gesv_f32(Int32(n), Int32(columns), a, pivots, b))
  }

  package static func potrf(_ n: Int, _ a: UnsafeMutablePointer<Float>) -> Int {
    Int(rv_potrf_f32(Int32(n), a))
  }
}
