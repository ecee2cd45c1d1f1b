import CKernels
import IR
import Platform
import Testing

@testable import Runtime

@Suite struct KernelTests {
  /// One kernel over some numbers, in the element type.
  static func apply(
    _ op: rv_op, _ element: ElementType, _ x: [Double], _ y: [Double]? = nil
  ) -> [Double] {
    let kernel = rv_find_kernel(element.kernelElement, Int32(op.rawValue), 0)!
    let n = x.count
    func room(_ values: [Double]) -> UnsafeMutableRawPointer {
      let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(8 * n, 8), alignment: 64)
      for (i, v) in values.enumerated() {
        rv_set_number(element.kernelElement, pointer, Int64(i), v)
      }
      return pointer
    }
    let (a, b, d) = (room(x), room(y ?? x), room(x))
    defer { for pointer in [a, b, d] { pointer.deallocate() } }
    kernel(d, a, b, b, b, n)
    return (0..<n).map { rv_number_at(element.kernelElement, d, Int64($0)) }
  }

  static func ulps(_ x: Double, _ exact: Double, _ element: ElementType) -> Double {
    if x.isNaN || exact.isNaN { return x.isNaN == exact.isNaN ? 0 : .infinity }
    if x == exact { return 0 }
    if element == .float32 {
      let e = Float(exact)
      if Double(e) == x { return 0 }
      if !e.isFinite { return x.isFinite ? abs(x) > 3.4e38 ? 1 : .infinity : .infinity }
      return abs(x - exact) / Double(max(e.ulp, .leastNonzeroMagnitude))
    }
    return exact.isFinite ? abs(x - exact) / exact.ulp : .infinity
  }

  static var arguments: [Double] {
    var values: [Double] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, 88.5, -88.5, 89.5, -103.5, -104, 709.5, 710.5,
      -745, -746, -708.5, 1e-40, .leastNonzeroMagnitude * 2000, -1e-40, 1e-38, 3e38, 1e308, 0.625,
      -0.625, 0.6249, 0.5,
    ]
    var state: UInt64 = 42
    for k in 0..<40_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let u = Double(state >> 11) / 9_007_199_254_740_992
      switch k % 4 {
      case 0: values.append((u - 0.5) * 200)
      case 1: values.append((u - 0.5) * 4)
      case 2: values.append(exp((u - 0.5) * 170))
      default: values.append((u - 0.5) * 1480)
      }
    }
    return values
  }

  /// Every elementwise operation in the element type lies within what the table of operations
  /// states, over all magnitudes and at the numbers that are easy to get wrong.
  @Test(
    arguments: Operation.allCases.filter { $0.isElementwise && $0.info.arity < 3 },
    ElementType.computed)
  func accuracy(_ operation: Operation, _ element: ElementType) {
    let (arity, name, limit) = (operation.info.arity, operation.info.name, operation.info.ulps)
    let x = Self.arguments.map { element == .float32 ? Double(Float($0)) : $0 }
    let y = x.indices.map { x[($0 * 7919 + 13) % x.count] }
    let got = Self.apply(operation.kernel, element, x, y)
    var worst = (ulps: 0.0, x: 0.0, y: 0.0)
    for i in x.indices {
      let exact = Folding.fold(operation, arity == 1 ? [x[i]] : [x[i], y[i]])!
      let ulps = Self.ulps(got[i], exact, element)
      if ulps > worst.ulps { worst = (ulps, x[i], y[i]) }
    }
    #expect(worst.ulps <= limit, "\(name) \(element): \(worst.ulps) ulp at \(worst.x), \(worst.y)")
  }

  /// One rounding and the 47 bits before it; every kind of number.
  @Test func cubeRootsInFloat() {
    let x = Self.arguments.map { Double(Float($0)) }
    let got = Self.apply(RV_CUBE_ROOT, .float32, x)
    for (a, y) in zip(x, got) {
      #expect(Self.ulps(y, cbrt(a), .float32) <= 1, "\(a): \(y)")
      #expect(y.sign == a.sign || a.isNaN)
    }
  }

  /// Powers by vectors at every pair of numbers that are easy to get wrong, signs of zeros too.
  @Test func powersInFloat() {
    let special: [Float] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5,
      .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, 16_777_215,
      16_777_216, -16_777_215, 33_554_432, 1e-30, 0.999_999_94, 1.000_000_1, 8_388_609, 4_194_305.5,
    ]
    let x = special.flatMap { a in special.map { _ in Double(a) } }
    let y = special.flatMap { _ in special.map { Double($0) } }
    let got = Self.apply(RV_POWER, .float32, x, y)
    for i in x.indices {
      let exact = Folding.fold(.power, [x[i], y[i]])!
      #expect(Self.ulps(got[i], exact, .float32) <= 1, "\(x[i]) ^ \(y[i]): \(got[i])")
      #expect(got[i].isNaN || got[i].sign == exact.sign, "\(x[i]) ^ \(y[i]): \(got[i])")
    }
    #expect(got.count == special.count * special.count)
  }

  /// Every elementwise operation is, in float64, what `Folding` says of each element, at lengths
  /// around the vector widths and on the numbers that are easy to get wrong.
  @Test func elementwiseOperationsMeanWhatFoldingSays() {
    let special: [Double] = [
      0, -0.0, 1, -1, 2, 3, 4, 0.5, -0.5, 1.5, 2.5, -2.5, .infinity, -.infinity, .nan,
      .leastNormalMagnitude / 8,
      -7.25, 1e300, 0.1, 1 / 3.0,
    ]
    let inexact: Set<Operation> = [.exponential, .logarithm, .tanh]
    for operation in Operation.allCases where operation.isElementwise {
      let arity = operation.info.arity
      if arity == 3 { continue }
      for length in [0, 1, 3, 4, 5, 7, 8, 9, 31, 32, 33, 400] {
        let x = (0..<length).map { special[$0 % special.count] }
        let y = (0..<length).map { special[($0 / special.count + $0) % special.count] }
        let got = Self.apply(operation.kernel, .float64, x, y)
        for i in 0..<length {
          let exact = Folding.fold(operation, arity == 1 ? [x[i]] : [x[i], y[i]])!
          let isSame =
            got[i].bitPattern == exact.bitPattern || (got[i].isNaN && exact.isNaN)
            || got[i] == exact && got[i] == 0 && [.minimum, .maximum].contains(operation)
            || inexact.contains(operation) && Self.ulps(got[i], exact, .float64) <= 3
          #expect(isSame, "\(operation) of \(x[i]), \(y[i]): \(got[i]), not \(exact)")
        }
      }
    }
  }

  /// A destination that is an operand gives what another destination gives.
  @Test func kernelsWorkInPlace() {
    let x = (0..<1000).map { Double($0 % 37) / 7 - 2 }
    let y = (0..<1000).map { Double($0 % 23) / 5 + 0.5 }
    for element in ElementType.computed {
      for op in 0..<Int32(RV_SUM.rawValue) {
        guard let kernel = rv_find_kernel(element.kernelElement, op, 0) else { continue }
        func run(inPlace: Int) -> [Double] {
          let memory = (0..<3).map { _ in
            UnsafeMutableRawPointer.allocate(byteCount: 8000, alignment: 64)
          }
          defer { for pointer in memory { pointer.deallocate() } }
          for i in 0..<1000 {
            rv_set_number(element.kernelElement, memory[0], Int64(i), x[i])
            rv_set_number(element.kernelElement, memory[1], Int64(i), y[i])
          }
          kernel(memory[inPlace], memory[0], memory[1], memory[1], memory[1], 1000)
          return (0..<1000).map { rv_number_at(element.kernelElement, memory[inPlace], Int64($0)) }
        }
        let apart = run(inPlace: 2).map(\.bitPattern)
        #expect(run(inPlace: 0).map(\.bitPattern) == apart)
        #expect(run(inPlace: 1).map(\.bitPattern) == apart)
      }
    }
  }

  @Test func longSumsKeepTheirDigits() {
    let n = 4_000_000
    let values = UnsafeMutablePointer<Float>.allocate(capacity: n)
    defer { values.deallocate() }
    var exact = 0.0
    for i in 0..<n {
      values[i] = 0.1 + Float(i % 10) * 0.01
      exact += Double(values[i])
    }
    let kernel = rv_find_kernel(Int32(RV_F32.rawValue), Int32(RV_SUM.rawValue), 0)!
    var total = 0.0
    for start in stride(from: 0, to: n, by: 1024) {
      kernel(&total, values + start, values, values, values, min(1024, n - start))
    }
    #expect(abs(total - exact) <= 1e-6 * exact)
  }

  @Test func smallProductsOfEveryShape() {
    for element in ElementType.computed {
      for (m, n, k) in [
        (1, 1, 1), (2, 3, 4), (6, 16, 5), (7, 17, 9), (13, 8, 3), (64, 10, 32), (32, 10, 64),
        (5, 33, 512), (20, 4, 0), (12, 24, 31), (40, 6, 7),
      ] {
        for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
          let a = filled([m * k], 3).values
          let b = filled([k * n], 4).values
          func room(_ values: [Double], _ count: Int) -> UnsafeMutableRawPointer {
            let pointer = UnsafeMutableRawPointer.allocate(
              byteCount: max(8 * count, 8), alignment: 8)
            for i in values.indices {
              rv_set_number(element.kernelElement, pointer, Int64(i), values[i])
            }
            return pointer
          }
          let (pa, pb) = (room(a, m * k), room(b, k * n))
          let pc = room([Double](repeating: .nan, count: m * n), m * n)
          rv_small_product(
            element.kernelElement, ta ? 1 : 0, tb ? 1 : 0, Int64(m), Int64(n), Int64(k), pa,
            Int64(ta ? m : k), pb, Int64(tb ? k : n), pc)
          for i in 0..<m {
            for j in 0..<n {
              var exact = 0.0
              for p in 0..<k {
                exact += (ta ? a[p * m + i] : a[i * k + p]) * (tb ? b[j * k + p] : b[p * n + j])
              }
              let got = rv_number_at(element.kernelElement, pc, Int64(i * n + j))
              #expect(
                abs(got - exact) <= (element == .float32 ? 1e-4 : 1e-12),
                "\(m) \(n) \(k) \(ta) \(tb)")
            }
          }
          for pointer in [pa, pb, pc] { pointer.deallocate() }
        }
      }
    }
  }
}
