/// The memory that matrix functions work in, sized at bind time and used again at every step.
///
/// Make one with `reserve` for each operation and size that will run; the largest need wins. Not to
/// be shared by threads that run at the same time.
package final class LinearAlgebraWorkspace<T: LinearAlgebraScalar> {
  package enum Need: Hashable, Sendable {
    case solve(n: Int, columns: Int)
    case cholesky(n: Int)
    case qr(m: Int, n: Int)
    case eigh(n: Int)
    case svd(m: Int, n: Int)
  }

  private(set) var reals: UnsafeMutablePointer<T>
  private(set) var integers: UnsafeMutablePointer<Int32>
  /// Elements of the part of `reals` that LAPACK may use beyond the matrices before it.
  private(set) var scratch: Int32 = 0
  private(set) var integerScratch: Int32 = 0
  private var realCount = 0
  private var fixedCount = 0

  package init() {
    reals = .allocate(capacity: 1)
    integers = .allocate(capacity: 1)
  }

  package convenience init(for need: Need) {
    self.init()
    reserve(need)
  }

  deinit {
    reals.deallocate()
    integers.deallocate()
  }

  /// Bytes held.
  package var byteCount: Int {
    realCount * MemoryLayout<T>.stride + Int(integerScratch) * MemoryLayout<Int32>.stride
  }

  /// Reserves what an operation needs; what was reserved before stays possible.
  package func reserve(_ need: Need) {
    MatrixLibrary.load()
    switch need {
    case .solve(let n, let columns): grow(fixed: n * n + n * columns, scratch: 0, integers: n)
    case .cholesky: break
    case .qr(let m, let n):
      let k = min(m, n)
      if k == 0 { return }
      let (rows, columns, factors) = (Int32(m), Int32(n), Int32(k))
      let size = max(
        query { T.routines.geqrf(rows, columns, $0, $0, $0, -1) },
        query { T.routines.orgqr(rows, factors, factors, $0, $0, $0, -1) })
      grow(fixed: m * n + k, scratch: size, integers: k)
    case .eigh(let n):
      if n == 0 { return }
      var whole: Int32 = 0
      let size = query { T.routines.syevd(Int32(n), $0, $0, $0, -1, &whole, -1) }
      grow(fixed: n * n, scratch: size, integers: Int(whole))
    case .svd(let m, let n):
      let k = min(m, n)
      if k == 0 { return }
      var whole: Int32 = 0
      let size = max(
        query { T.routines.gesdd(Int32(n), Int32(m), $0, $0, $0, $0, $0, -1, &whole) },
        query { T.routines.gesdd(Int32(m), Int32(n), $0, $0, $0, $0, $0, -1, &whole) })
      grow(fixed: m * n + max(m, n) * k, scratch: size, integers: 8 * k)
    }
  }

  private func query(_ ask: (UnsafeMutablePointer<T>) -> Int32) -> Int {
    withUnsafeTemporaryAllocation(of: T.self, capacity: 1) { buffer in
      buffer.initialize(repeating: 0)
      _ = ask(buffer.baseAddress!)
      // Float rounds large sizes to 24 bits: one ulp up is surely enough.
      return Int(buffer[0].nextUp.rounded(.up))
    }
  }

  private func grow(fixed: Int, scratch newScratch: Int, integers newIntegers: Int) {
    scratch = max(scratch, Int32(newScratch))
    // `scratch` is what LAPACK is told for every operation: all of them must find that much.
    fixedCount = max(fixedCount, fixed)
    let total = fixedCount + Int(scratch)
    if total > realCount {
      reals.deallocate()
      reals = .allocate(capacity: total)
      reals.initialize(repeating: 0, count: total)
      realCount = total
    }
    if newIntegers > Int(integerScratch) {
      integers.deallocate()
      integers = .allocate(capacity: newIntegers)
      integers.initialize(repeating: 0, count: newIntegers)
      integerScratch = Int32(newIntegers)
    }
  }
}
