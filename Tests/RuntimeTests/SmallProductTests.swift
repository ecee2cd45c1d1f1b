import Basics
import CKernels
import Foundation
import Testing

/// Products of small matrices: whatever the tile, an entry is the sum in the order of its depth.
@Suite struct SmallProductTests {
  private static let depths = [1, 2, 3, 7, 16, 33]

  /// By fused multiply-adds where the processor has them, else by products and sums; nothing else is right to the bit.
  private func plain<T: BinaryFloatingPoint & BitwiseCopyable>(
    _ a: [T], _ b: [T], _ m: Int, _ n: Int, _ k: Int, _ ta: Bool, _ tb: Bool, _ lda: Int,
    _ ldb: Int, isFused: Bool
  ) -> [T] {
    var result: [T] = []
    for i in 0..<m {
      for j in 0..<n {
        var sum: T = 0
        for p in 0..<k {
          let x = ta ? a[p * lda + i] : a[i * lda + p]
          let y = tb ? b[j * ldb + p] : b[p * ldb + j]
          sum = isFused ? sum.addingProduct(x, y) : sum + x * y
        }
        result.append(sum)
      }
    }
    return result
  }

  private func check<T: BinaryFloatingPoint & BitwiseCopyable>(
    _ type: T.Type, _ element: Int32, _ n: Int
  ) {
    var random = SplitMix64(UInt64(n))
    for m in [1, 2, 4, 5, 8, 15, 16, 17, 35] {
      for k in Self.depths {
        for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
          let lda = (ta ? m : k) + m % 3
          let ldb = (tb ? k : n) + k % 2
          func numbers(_ count: Int) -> [T] {
            (0..<count).map { _ in T(Double(random.next() >> 40) / Double(1 << 24) - 0.5) }
          }
          let a = numbers(lda * (ta ? k : m))
          // Memory ends where the matrix does: behind it may be what is no number.
          let b = numbers(ldb * (tb ? n : k)) + [T](repeating: .nan, count: 40)
          var c = [T](repeating: -7, count: m * n + 40)
          rv_small_product(
            element, ta ? 1 : 0, tb ? 1 : 0, Int64(m), Int64(n), Int64(k), a, Int64(lda), b,
            Int64(ldb), &c)
          let found = Array(c[..<(m * n)])
          let isRight = [true, false].contains { isFused in
            found == plain(a, b, m, n, k, ta, tb, lda, ldb, isFused: isFused)
          }
          #expect(isRight, "\(T.self) \(m) × \(n) × \(k), \(ta), \(tb)")
          #expect(c[(m * n)...].allSatisfy { $0 == -7 }, "\(m) × \(n) × \(k)")
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 24, 31, 32, 33, 50])
  func anEntryIsTheSumInItsOrder(_ columns: Int) {
    check(Float.self, Int32(RV_F32.rawValue), columns)
    check(Double.self, Int32(RV_F64.rawValue), columns)
  }

  /// Rows of a few columns have loops of their own.
  @Test(arguments: 1...20)
  func softmaxOfNarrowRows(_ columns: Int) {
    let rows = 37
    var random = SplitMix64(3)
    let x = (0..<(rows * columns)).map { _ in
      Float(Double(random.next() >> 40) / Double(1 << 21) - 4)
    }
    var shares = [Float](repeating: -1, count: x.count)
    var logarithms = shares
    let element = Int32(RV_F32.rawValue)
    rv_softmax(element, x, &shares, Int64(rows), Int64(columns))
    rv_log_softmax(element, x, &logarithms, Int64(rows), Int64(columns))
    for row in 0..<rows {
      let own = x[(row * columns)..<((row + 1) * columns)].map(Double.init)
      let sum = own.reduce(0) { $0 + exp($1 - own.max()!) }
      for (k, number) in own.enumerated() {
        let wanted = number - own.max()! - log(sum)
        let place = row * columns + k
        #expect(abs(Double(logarithms[place]) - wanted) < 2e-6)
        #expect(abs(Double(shares[place]) - exp(wanted)) < 1e-6)
      }
    }
  }
}
