import CKernels

/// Why a matrix function has no answer.
package enum LinearAlgebraError: Error, Hashable, Sendable {
  /// A zero pivot: `solve` by a matrix without an inverse.
  case singular
  /// `cholesky` of a matrix that is not positive definite.
  case notPositiveDefinite
  /// The iteration of `eigh` or `svd` stopped without an answer.
  case notConverged
  /// A decomposition of a matrix with a NaN or an infinity in it.
  case notFinite
  /// No library with decompositions was found.
  case noLibrary
}

/// Matrix functions over row-major buffers of Double or Float, by BLAS and LAPACK.
///
/// Nothing here allocates: decompositions work in a `LinearAlgebraWorkspace` made beforehand.
/// Outputs never overlap inputs. Matrices may be empty.
package enum LinearAlgebra<T: LinearAlgebraScalar> {
  package typealias Input = UnsafePointer<T>
  package typealias Output = UnsafeMutablePointer<T>
  package typealias Workspace = LinearAlgebraWorkspace<T>

  /// b[cols, rows] = aᵀ for a[rows, cols].
  package static func transpose(_ a: Input, rows: Int, cols: Int, into b: Output) {
    let tile = 16
    var i0 = 0
    while i0 < rows {
      let i1 = min(i0 + tile, rows)
      var j0 = 0
      while j0 < cols {
        let j1 = min(j0 + tile, cols)
        for i in i0..<i1 {
          for j in j0..<j1 { b[j &* rows &+ i] = a[i &* cols &+ j] }
        }
        j0 = j1
      }
      i0 = i1
    }
  }

  /// x[n, columns] with a[n, n] x = b, by LU with partial pivoting.
  package static func solve(
    _ a: Input, _ b: Input, n: Int, columns: Int, into x: Output, _ workspace: Workspace
  ) throws(LinearAlgebraError) {
    if n == 0 || columns == 0 { return }
    guard isFinite(a, n * n), isFinite(b, n * columns) else { throw .notFinite }
    try needLibrary()
    let matrix = workspace.reals
    let right = matrix + n * n
    transpose(a, rows: n, cols: n, into: matrix)
    transpose(b, rows: n, cols: columns, into: right)
    let info = T.routines.gesv(Int32(n), Int32(columns), matrix, workspace.integers, right)
    guard info == 0 else { throw .singular }
    transpose(right, rows: columns, cols: n, into: x)
  }

  /// The lower factor L[n, n] with L Lᵀ = (a + aᵀ) / 2; zeros above the diagonal.
  package static func cholesky(
    _ a: Input, n: Int, into lower: Output
  ) throws(LinearAlgebraError) {
    if n == 0 { return }
    guard isFinite(a, n * n) else { throw .notFinite }
    try needLibrary()
    symmetrise(a, n: n, into: lower)
    guard T.routines.potrf(Int32(n), lower) == 0 else { throw .notPositiveDefinite }
    for i in 0..<n {
      for j in (i + 1)..<max(n, i + 1) { lower[i * n + j] = 0 }
    }
  }

  /// Thin factors q[m, k], r[k, n] of a[m, n] with k = min(m, n); r's diagonal is not negative.
  package static func qr(
    _ a: Input, m: Int, n: Int, q: Output, r: Output, _ workspace: Workspace
  ) throws(LinearAlgebraError) {
    let k = min(m, n)
    if k == 0 { return }
    guard isFinite(a, m * n) else { throw .notFinite }
    try needLibrary()
    let matrix = workspace.reals
    let tau = matrix + m * n
    let scratch = tau + k
    let (rows, columns, factors) = (Int32(m), Int32(n), Int32(k))
    transpose(a, rows: m, cols: n, into: matrix)
    guard T.routines.geqrf(rows, columns, matrix, tau, scratch, workspace.scratch) == 0
    else { throw .notConverged }
    let flips = workspace.integers
    for i in 0..<k {
      flips[i] = matrix[i + i * m] < 0 ? 1 : 0
      for j in 0..<n {
        let entry = j < i ? 0 : matrix[i + j * m]
        r[i * n + j] = flips[i] == 1 ? -entry : entry
      }
    }
    guard T.routines.orgqr(rows, factors, factors, matrix, tau, scratch, workspace.scratch) == 0
    else { throw .notConverged }
    for j in 0..<k {
      for i in 0..<m {
        let entry = matrix[i + j * m]
        q[i * k + j] = flips[j] == 1 ? -entry : entry
      }
    }
  }

  /// Eigenvalues (ascending) and eigenvectors (columns of vectors[n, n]) of (a + aᵀ) / 2; in each
  /// column the entry of largest magnitude (the first of equals) is positive.
  package static func eigh(
    _ a: Input, n: Int, values: Output, vectors: Output, _ workspace: Workspace
  ) throws(LinearAlgebraError) {
    if n == 0 { return }
    guard isFinite(a, n * n) else { throw .notFinite }
    try needLibrary()
    let matrix = workspace.reals
    symmetrise(a, n: n, into: matrix)
    let info = T.routines.syevd(
      Int32(n), matrix, values, matrix + n * n, workspace.scratch, workspace.integers,
      workspace.integerScratch)
    guard info == 0 else { throw .notConverged }
    transpose(matrix, rows: n, cols: n, into: vectors)
    for j in 0..<n where isNegativeAtPeak(vectors + j, count: n, stride: n) {
      for i in 0..<n { vectors[i * n + j] = -vectors[i * n + j] }
    }
  }

  /// a[m, n] = U diag(S) Vᵀ: u[m, k], values[k] descending, v[n, k], k = min(m, n).
  ///
  /// In each column of U the entry of largest magnitude (the first of equals) is positive; with
  /// `keepsSigns` the signs are those that LAPACK's gesdd leaves when it is given a itself.
  package static func svd(
    _ a: Input, m: Int, n: Int, u: Output, values: Output, v: Output, keepsSigns: Bool = false,
    _ workspace: Workspace
  ) throws(LinearAlgebraError) {
    let k = min(m, n)
    if k == 0 { return }
    guard isFinite(a, m * n) else { throw .notFinite }
    try needLibrary()
    if keepsSigns {
      // Column-major Vᵀ is row-major V.
      let matrix = workspace.reals
      let left = matrix + m * n
      transpose(a, rows: m, cols: n, into: matrix)
      let info = T.routines.gesdd(
        Int32(m), Int32(n), matrix, values, left, v, left + m * k, workspace.scratch,
        workspace.integers)
      guard info == 0 else { throw .notConverged }
      return transpose(left, rows: k, cols: m, into: u)
    }
    // Row-major a is column-major aᵀ = V S Uᵀ, so LAPACK's left factor is V and its right is Uᵀ,
    // which lies in memory as row-major U.
    let matrix = workspace.reals
    let right = matrix + m * n
    for i in 0..<(m * n) { matrix[i] = a[i] }
    let info = T.routines.gesdd(
      Int32(n), Int32(m), matrix, values, right, u, right + n * k, workspace.scratch,
      workspace.integers)
    guard info == 0 else { throw .notConverged }
    transpose(right, rows: k, cols: n, into: v)
    for j in 0..<k where isNegativeAtPeak(u + j, count: m, stride: k) {
      for i in 0..<m { u[i * k + j] = -u[i * k + j] }
      for i in 0..<n { v[i * k + j] = -v[i * k + j] }
    }
  }

  private static func needLibrary() throws(LinearAlgebraError) {
    if MatrixLibrary.current.decompositions == nil { throw .noLibrary }
  }

  private static func isFinite(_ a: Input, _ count: Int) -> Bool {
    for i in 0..<count where !a[i].isFinite { return false }
    return true
  }

  private static func symmetrise(_ a: Input, n: Int, into b: Output) {
    for i in 0..<n {
      b[i * n + i] = a[i * n + i]
      for j in 0..<i {
        // Halves first: the sum of two large entries must not overflow.
        let mean = a[i * n + j] / 2 + a[j * n + i] / 2
        b[i * n + j] = mean
        b[j * n + i] = mean
      }
    }
  }

  private static func isNegativeAtPeak(_ x: Output, count: Int, stride: Int) -> Bool {
    var peak: T = 0
    for i in 0..<count where x[i * stride].magnitude > peak.magnitude { peak = x[i * stride] }
    return peak < 0
  }
}
