import Diagnostics
import IR
import Platform
import Testing

@testable import Runtime

@Suite struct RandomProgramTests {
  /// How many programs a test generates: RAVINE_CAMPAIGN, or a number that keeps `make test` short.
  static func count(_ usual: Int) -> Int {
    getenv("RAVINE_CAMPAIGN").flatMap { Int(String(cString: $0)) } ?? usual
  }

  /// Where two results differ by more than a bound that each element has.
  static func check(
    _ got: ReferenceProgram.Result, _ expected: ReferenceProgram.Result, _ seed: Int,
    bound: (_ output: Int, _ element: Int, _ value: Double) -> Double
  ) {
    #expect(got.outputs[0].map(\.target) == expected.outputs[0].map(\.target))
    for (o, (x, y)) in zip(got.outputs[0], expected.outputs[0]).enumerated() {
      #expect(x.value.count == y.value.count)
      for i in x.value.values.indices {
        let (a, b) = (x.value.values[i], y.value.values[i])
        if a == b || (a.isNaN && b.isNaN) { continue }
        #expect(abs(a - b) <= bound(o, i, b), "seed \(seed) \(y.target) \(i): \(a), not \(b)")
      }
    }
  }

  /// What the reference gives. Where it gives nothing the interpreter must refuse as well.
  static func expected(
    _ function: Function, _ environment: ReferenceEnvironment, _ element: ElementType
  ) throws -> ReferenceProgram.Result? {
    do { return try ReferenceProgram(function).evaluate(environment) } catch {
      #expect(throws: DiagnosticError.self) {
        try InterpretedProgram([function], element: element).evaluate([environment])
      }
      return nil
    }
  }

  /// Engines are compared on every operation, those here left to tests of their own.
  @Test func everyOperationIsGenerated() {
    let others: Set<Operation> = [
      .solve, .cholesky, .qr, .eigh, .svd, .gather, .scatterAdd, .takeAlong, .placeAlong, .push,
      .lossAt, .gradientAt, .hessianProduct,
    ]
    var seen: Set<Operation> = []
    for seed in 0..<400 {
      var random = RandomPrograms(seed: UInt64(seed), seed % 2 == 0 ? .exact : .tame)
      seen.formUnion(random.make(size: 60).0.instructions.map(\.operation))
    }
    let missing = Operation.allCases.filter { !$0.isSource && !others.contains($0) }
      .filter { !seen.contains($0) }
    #expect(missing.isEmpty)
    #expect(seen.isDisjoint(with: others), "has a test here now")
  }

  @Test func exactProgramsAgreeToTheBit() throws {
    var compared = 0
    for seed in 0..<Self.count(800) {
      var random = RandomPrograms(seed: UInt64(seed), .exact)
      let (function, environment) = random.make(size: 4 + seed % 60)
      guard let y = try Self.expected(function, environment, .float64) else { continue }
      let got = try InterpretedProgram([function], element: .float64).evaluate([environment])
      Self.check(got, y, seed) { _, _, _ in 0 }
      compared += 1
    }
    #expect(compared > Self.count(800) * 7 / 8)
  }

  @Test func programsAgreeInFloat64() throws {
    var compared = 0
    for seed in 0..<Self.count(800) {
      var random = RandomPrograms(seed: UInt64(seed), .tame)
      let (function, environment) = random.make(size: 4 + seed % 60)
      guard let y = try Self.expected(function, environment, .float64) else { continue }
      // Every other program keeps its loops.
      let got = try InterpretedProgram(
        [function], element: .float64, unrollLimit: seed % 2 * 4_000
      ).evaluate([environment])
      Self.check(got, y, seed) { _, _, b in 1e-10 * max(1, abs(b)) }
      compared += 1
    }
    #expect(compared > Self.count(800) * 7 / 8)
  }

  /// How much a program amplifies roundings the reference itself shows when its inputs are moved by
  /// about one rounding of a float.
  @Test func programsAgreeInFloat32() throws {
    var compared = 0
    for seed in 0..<Self.count(800) {
      var random = RandomPrograms(seed: UInt64(seed), .smooth)
      let (function, environment) = random.make(size: 4 + seed % 24)
      guard let y = try Self.expected(function, environment, .float32) else { continue }
      var bounds = y.outputs[0].map { $0.value.values.map { 1e-5 * max(1, abs($0)) } }
      for (k, shift) in [1e-7, -1e-7, 3e-7].enumerated() {
        let moved = try ReferenceProgram(function).evaluate(environment.moved(by: shift, k))
        for (o, (a, b)) in zip(moved.outputs[0], y.outputs[0]).enumerated() {
          for i in a.value.values.indices {
            bounds[o][i] += 60 * abs(a.value.values[i] - b.value.values[i])
          }
        }
      }
      compared += 1
      let got = try InterpretedProgram([function], element: .float32).evaluate([environment])
      Self.check(got, y, seed) { o, i, _ in bounds[o][i] }
    }
    #expect(compared > Self.count(800) * 7 / 8)
  }
}

extension ReferenceEnvironment {
  /// Every input moved a little, each its own way.
  func moved(by shift: Double, _ salt: Int) -> ReferenceEnvironment {
    func move(_ x: Dense, _ k: Int) -> Dense {
      var y = x
      for i in y.values.indices {
        let mixed = UInt64(i * 31 + k * 7 + salt + 1) &* 0x9E37_79B9_7F4A_7C15
        y.values[i] *= 1 + shift * (Double((mixed ^ (mixed >> 29)) >> 11 & 0xFFFF) / 32768 - 1)
      }
      return y
    }
    var result = self
    result.parameters = parameters.enumerated().map { move($1, $0) }
    result.gradients = gradients.enumerated().map { move($1, $0 + 1) }
    result.states = states.enumerated().map { move($1, $0 + 2) }
    result.inputs = inputs.enumerated().map { move($1, $0 + 5) }
    result.hypers = hypers.map { $0 * (1 + shift) }
    return result
  }
}
