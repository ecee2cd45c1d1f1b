import Basics
import CKernels
import IR
import Testing

@testable import Runtime

/// Products of numbers of bfloat16, on a kernel of their own where the processor has one. Exact values
/// are sums in double of products, which double holds exactly.
@Suite struct BFloat16ProductTests {
  struct Operand {
    var values: [Float]
    var rows: Int
    var columns: Int

    init(_ rows: Int, _ columns: Int, site: UInt32) {
      let random = CounterRandom(seed: 3, step: 1, tensor: 0, site: site)
      (self.rows, self.columns) = (rows, columns)
      values = (0..<(rows * columns)).map {
        Float(bitPattern: Float(random.normal(UInt64($0))).bitPattern & 0xFFFF_0000)
      }
    }

    subscript(_ i: Int, _ j: Int) -> Float {
      get { values[i * columns + j] }
      set { values[i * columns + j] = newValue }
    }

    var transposed: Operand {
      var turned = self
      (turned.rows, turned.columns) = (columns, rows)
      for i in 0..<rows { for j in 0..<columns { turned[j, i] = self[i, j] } }
      return turned
    }
  }

  private func product(
    _ a: Operand, _ b: Operand, transposes: (Bool, Bool) = (false, false), threads: Int32 = 1
  ) -> [Float] {
    MatrixLibrary.load()
    let (x, y) = (transposes.0 ? a.transposed : a, transposes.1 ? b.transposed : b)
    var c = [Float](repeating: .nan, count: a.rows * b.columns)
    rv_product(
      threads, Int32(RV_F32.rawValue), 1, transposes.0 ? 1 : 0, transposes.1 ? 1 : 0,
      Int32(a.rows), Int32(b.columns), Int32(a.columns), x.values, Int32(x.columns), y.values,
      Int32(y.columns), &c, Int32(b.columns))
    return c
  }

  /// Whether an entry is the exact one but for the roundings of its additions.
  private func isRight(_ c: Float, _ a: Operand, _ b: Operand, _ i: Int, _ j: Int) -> Bool {
    var (sum, size) = (0.0, 0.0)
    for l in 0..<a.columns {
      let term = Double(a[i, l]) * Double(b[l, j])
      sum += term
      size += abs(term)
    }
    return abs(Double(c) - sum) <= size * Double(a.columns + 1) * 0x1p-24
  }

  @Test(arguments: [
    (1, 1, 1), (12, 32, 2), (13, 33, 513), (25, 70, 1037), (7, 545, 64), (40, 16, 512),
  ])
  func sumsAreExactButForRounding(m: Int, n: Int, k: Int) {
    let (a, b) = (Operand(m, k, site: 1), Operand(k, n, site: 2))
    var (compared, wrong) = (0, 0)
    for transposes in [(false, false), (false, true), (true, false), (true, true)] {
      let c = product(a, b, transposes: transposes)
      for i in 0..<m {
        for j in 0..<n {
          compared += 1
          if !isRight(c[i * n + j], a, b, i, j) { wrong += 1 }
        }
      }
    }
    #expect(compared == 4 * m * n)
    #expect(wrong == 0)
  }

  /// A product that is cut, of a matrix with its own transpose: any number of threads gives the bits of
  /// one, and the result is symmetric.
  @Test func threadsDoNotChangeBits() {
    let a = Operand(650, 1000, site: 3)
    let n = a.rows
    func gram(_ threads: Int32) -> [Float] {
      MatrixLibrary.load()
      var c = [Float](repeating: .nan, count: n * n)
      a.values.withUnsafeBufferPointer {
        let (x, k) = ($0.baseAddress, Int32(a.columns))
        rv_product(
          threads, Int32(RV_F32.rawValue), 1, 0, 1, Int32(n), Int32(n), k, x, k, x, k, &c, Int32(n))
      }
      return c
    }
    let one = gram(1)
    let isSame = gram(3) == one
    #expect(isSame)
    let turned = a.transposed
    var (compared, wrong) = (0, 0)
    for i in stride(from: 0, to: n, by: 23) {
      for j in stride(from: 0, to: n, by: 19) {
        compared += 1
        if !isRight(one[i * n + j], a, turned, i, j) { wrong += 1 }
        if rv_multiplies_bf16() != 0, one[i * n + j] != one[j * n + i] { wrong += 1 }
      }
    }
    #expect(compared == 29 * 35)
    #expect(wrong == 0)
  }

  @Test func specialNumbersStay() {
    var (a, b) = (Operand(5, 40, site: 4), Operand(40, 37, site: 5))
    a[1, 3] = .nan
    a[2, 3] = .infinity
    b[3, 8] = 0
    a[3, 0] = .infinity
    a[3, 1] = .infinity
    (b[0, 8], b[1, 8]) = (1, -1)
    let c = product(a, b)
    for j in 0..<37 {
      #expect(c[37 + j].isNaN)
      if j != 8 { #expect(c[2 * 37 + j] == (b[3, j] > 0 ? .infinity : -.infinity)) }
      #expect(c[j].isFinite && c[4 * 37 + j].isFinite)
    }
    #expect(c[2 * 37 + 8].isNaN)
    #expect(c[3 * 37 + 8].isNaN)
  }

  /// The smallest numbers of bfloat16 have no exponent, and the processor's instruction takes them for 0.
  @Test(arguments: [true, false])
  func subnormalNumbersCount(isLeft: Bool) {
    var (a, b) = (Operand(20, 48, site: 6), Operand(48, 34, site: 7))
    for l in 0..<48 { (a[4, l], b[l, 33]) = (0, 0) }
    (a[4, 47], b[47, 33]) = isLeft ? (-0x1p-133, 0x1p125) : (0x1p125, -0x1p-133)
    #expect(product(a, b)[4 * 34 + 33] == -0x1p-8)
  }

  /// Where the processor's instruction adds; elsewhere they are what they are.
  @Test func sumsWithoutAnExponentAreZero() {
    var (a, b) = (Operand(20, 48, site: 6), Operand(48, 34, site: 7))
    for l in 0..<48 { (a[4, l], b[l, 33]) = (0, 0) }
    (a[4, 47], b[47, 33]) = (0x1p-70, 0x1p-60)
    #expect(product(a, b)[4 * 34 + 33] == (rv_multiplies_bf16() != 0 ? 0 : 0x1p-130))
  }

  /// Six products: two of bfloat16 in float32, and one more where gradients are stored so.
  private static let source = """
    rule R(lr = 0.1) {
        state h as bf16
        h' = h + g
        x = bf16(g)
        w' = w - lr * (x @ (if sum(g) > 0 then -x.T else x.T) @ w + x @ h.T @ w + g @ x.T @ w)
    }
    """
  private static let specs = [ParameterSpec(name: "w", dims: [130, 140])]

  @Test func planSaysWhichProductsAreOfBFloat16() throws {
    let rule = try OptimizerTests.rule(Self.source, "R")
    for (element, products) in [(ElementType.float32, 2), (.bfloat16, 3)] {
      let plan = try Optimizer(
        rule, parameters: Self.specs, engine: .interpreter, elementType: element
      ).bound.dumpPlan()
      let lines = plan.split(separator: "\n").filter { $0.hasPrefix("  @ ") }
      #expect(lines.count == 6)
      #expect(lines.filter { $0.hasSuffix("of bf16") }.count == products, "\(element)\n\(plan)")
    }
  }

  @Test func rulesMultiplyWhatTheyRound() throws {
    let n = 140
    let rule = try OptimizerTests.rule(
      "rule R(lr = 1) { x = bf16(g)\n w' = lr * (x @ x.T @ w) }", "R")
    let specs = [ParameterSpec(name: "w", dims: [n, n])]
    for engine in [EngineKind.interpreter, .native] {
      let host = HostTensors(specs, .float32)
      host.setGradients(step: 1)
      var x = Operand(n, n, site: 0)
      x.values = host.get(host.gradients[0], n * n).values.map {
        var halves: UInt16 = 0
        rv_set_number(Int32(RV_BF16.rawValue), &halves, 0, $0)
        return Float(bitPattern: UInt32(halves) << 16)
      }
      // The second product is by a unit matrix, so only the first rounds.
      host.set(host.parameters[0], (0..<(n * n)).map { $0 / n == $0 % n ? 1 : 0 })
      let optimizer = try Optimizer(rule, parameters: specs, engine: engine, elementType: .float32)
      optimizer.bind(
        parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      try optimizer.step()
      let result = host.get(host.parameters[0], n * n).values
      let turned = x.transposed
      var right = 0
      for i in 0..<n {
        for j in 0..<n where isRight(Float(result[i * n + j]), x, turned, i, j) { right += 1 }
      }
      #expect(right == n * n, "\(engine)")
    }
  }
}
