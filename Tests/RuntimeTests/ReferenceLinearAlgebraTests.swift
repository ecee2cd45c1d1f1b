import Basics
import CKernels
import Testing

@testable import Runtime

/// Each decomposition is checked by what defines it, at square, wide, tall and empty sizes.
@Suite struct ReferenceLinearAlgebraTests {
  static let sizes = [
    (1, 1), (2, 2), (5, 5), (3, 7), (7, 3), (1, 4), (4, 1), (0, 3), (3, 0), (33, 20),
  ]

  private func matrix<T: LinearAlgebraScalar>(_ m: Int, _ n: Int, _ site: UInt32) -> [T] {
    let random = CounterRandom(seed: 11, step: 1, tensor: 0, site: site)
    return (0..<(m * n)).map { T(random.normal(UInt64($0))) }
  }

  private func product<T: LinearAlgebraScalar>(_ a: [T], _ b: [T], _ m: Int, _ k: Int, _ n: Int)
    -> [T]
  {
    var c = [T](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        for l in 0..<k { c[i * n + j] += a[i * k + l] * b[l * n + j] }
      }
    }
    return c
  }

  private func transposed<T: LinearAlgebraScalar>(_ a: [T], _ m: Int, _ n: Int) -> [T] {
    var b = [T](repeating: 0, count: m * n)
    LinearAlgebra.transpose(a, rows: m, cols: n, into: &b)
    return b
  }

  private func distance<T: LinearAlgebraScalar>(_ a: [T], _ b: [T]) -> Double {
    zip(a, b).map { Double(($0 - $1).magnitude) }.max() ?? 0
  }

  private func identity<T: LinearAlgebraScalar>(_ n: Int) -> [T] {
    (0..<(n * n)).map { $0 / n == $0 % n ? 1 : 0 }
  }

  @Test func decompositionsInDouble() throws { try check(Double.self, 1e-13) }
  @Test func decompositionsInFloat() throws { try check(Float.self, 1e-4) }

  private func check<T: LinearAlgebraScalar>(_: T.Type, _ tolerance: Double) throws {
    let workspace = LinearAlgebraWorkspace<T>()
    for (m, n) in Self.sizes {
      workspace.reserve(.qr(m: m, n: n))
      workspace.reserve(.svd(m: m, n: n))
      workspace.reserve(.eigh(n: n))
      workspace.reserve(.solve(n: n, columns: m))
    }
    for (site, (m, n)) in Self.sizes.enumerated() {
      let k = min(m, n)
      let a: [T] = matrix(m, n, UInt32(site))
      let bound = tolerance * 100

      var (q, r) = ([T](repeating: 0, count: m * k), [T](repeating: 0, count: k * n))
      try LinearAlgebra.qr(a, m: m, n: n, q: &q, r: &r, workspace)
      #expect(distance(product(q, r, m, k, n), a) < bound)
      #expect(distance(product(transposed(q, m, k), q, k, m, k), identity(k)) < bound)
      for i in 0..<k {
        #expect(r[i * n + i] >= 0)
        for j in 0..<min(i, n) { #expect(r[i * n + j] == 0) }
      }

      var (u, v) = ([T](repeating: 0, count: m * k), [T](repeating: 0, count: n * k))
      var s = [T](repeating: 0, count: k)
      try LinearAlgebra.svd(a, m: m, n: n, u: &u, values: &s, v: &v, workspace)
      var scaled = u
      for i in scaled.indices { scaled[i] *= s[i % k] }
      #expect(distance(product(scaled, transposed(v, n, k), m, k, n), a) < bound)
      #expect(distance(product(transposed(v, n, k), v, k, n, k), identity(k)) < bound)
      #expect(zip(s, s.dropFirst()).allSatisfy { $0 >= $1 })
      for j in 0..<k { #expect(peak((0..<m).map { u[$0 * k + j] }) > 0) }

      let gram = product(transposed(a, m, n), a, n, m, n)
      var (values, vectors) = ([T](repeating: 0, count: n), [T](repeating: 0, count: n * n))
      try LinearAlgebra.eigh(gram, n: n, values: &values, vectors: &vectors, workspace)
      var stretched = vectors
      for i in stretched.indices { stretched[i] *= values[i % n] }
      #expect(
        distance(product(gram, vectors, n, n, n), stretched) < bound * Double(max(1, m * n)))
      #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 })
      for j in 0..<n { #expect(peak((0..<n).map { vectors[$0 * n + j] }) > 0) }

      var definite = gram
      for i in 0..<n { definite[i * n + i] += 1 }
      var lower = [T](repeating: 0, count: n * n)
      try LinearAlgebra.cholesky(definite, n: n, into: &lower)
      #expect(
        distance(product(lower, transposed(lower, n, n), n, n, n), definite)
          < bound * Double(max(1, m * n)))
      for i in 0..<n { for j in (i + 1)..<max(n, i + 1) { #expect(lower[i * n + j] == 0) } }

      let right: [T] = matrix(n, m, 100 + UInt32(site))
      var x = [T](repeating: 0, count: n * m)
      try LinearAlgebra.solve(definite, right, n: n, columns: m, into: &x, workspace)
      #expect(distance(product(definite, x, n, n, m), right) < bound * Double(max(1, m * n)))
    }
  }

  private func peak<T: LinearAlgebraScalar>(_ x: [T]) -> T {
    x.reduce(0) { $1.magnitude > $0.magnitude ? $1 : $0 }
  }

  @Test func productsWithTransposes() {
    MatrixLibrary.load()
    let (m, k, n) = (4, 3, 5)
    let a: [Double] = matrix(m, k, 1)
    let b: [Double] = matrix(k, n, 2)
    let expected = product(a, b, m, k, n)
    for ta in [false, true] {
      for tb in [false, true] {
        var c = [Double](repeating: .nan, count: m * n)
        rv_product(
          1, Int32(RV_F64.rawValue), 0, ta ? 1 : 0, tb ? 1 : 0, Int32(m), Int32(n), Int32(k),
          ta ? transposed(a, m, k) : a, Int32(ta ? m : k), tb ? transposed(b, k, n) : b,
          Int32(tb ? k : n), &c, Int32(n))
        #expect(distance(c, expected) < 1e-14)
      }
    }
  }

  @Test func failuresAreNamed() {
    let workspace = LinearAlgebraWorkspace<Double>(for: .solve(n: 2, columns: 1))
    workspace.reserve(.eigh(n: 2))
    workspace.reserve(.svd(m: 2, n: 2))
    workspace.reserve(.qr(m: 2, n: 2))
    var x = [0.0, 0, 0, 0]
    var y = [0.0, 0, 0, 0]
    var s = [0.0, 0]
    #expect(throws: LinearAlgebraError.singular) {
      try LinearAlgebra.solve([1, 2, 2, 4], [1, 1], n: 2, columns: 1, into: &x, workspace)
    }
    #expect(throws: LinearAlgebraError.notPositiveDefinite) {
      try LinearAlgebra.cholesky([1, 2, 2, 1], n: 2, into: &x)
    }
    let broken = [1, .nan, .infinity, 1]
    #expect(throws: LinearAlgebraError.notFinite) {
      try LinearAlgebra.eigh(broken, n: 2, values: &s, vectors: &x, workspace)
    }
    #expect(throws: LinearAlgebraError.notFinite) {
      try LinearAlgebra.svd(broken, m: 2, n: 2, u: &x, values: &s, v: &y, workspace)
    }
    #expect(throws: LinearAlgebraError.notFinite) {
      try LinearAlgebra.qr(broken, m: 2, n: 2, q: &x, r: &y, workspace)
    }
    #expect(throws: LinearAlgebraError.notFinite) {
      try LinearAlgebra.solve(broken, [1, 1], n: 2, columns: 1, into: &x, workspace)
    }
  }
}
