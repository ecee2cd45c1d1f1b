import Diagnostics
import IR
import Testing

@testable import Runtime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct RandomProgramTests {
  /// How many programs a test generates: RAVINE_CAMPAIGN, or a number that keeps `make test` short.
  static func count(_ usual: Int) -> Int {
    getenv("RAVINE_CAMPAIGN").flatMap { Int(String(cString: $0)) } ?? usual
  }

  /// The largest difference of two results that both engines give, or nil where the reference stops
  /// with an error.
  static func worst(
    _ function: Function, _ environment: ReferenceEnvironment, _ element: ElementType
  ) throws -> Double? {
    guard let expected = try? ReferenceProgram(function).evaluate(environment) else { return nil }
    let got = try InterpretedProgram([function], element: element).evaluate([environment])
    var worst = 0.0
    for (x, y) in zip(got.outputs[0], expected.outputs[0]) {
      worst = max(worst, difference(x.value, y.value))
    }
    return worst
  }

  @Test func programsAgreeInFloat64() throws {
    for seed in 0..<Self.count(800) {
      var random = RandomPrograms(seed: UInt64(seed), allowsSteps: true)
      let (function, environment) = random.make(size: 4 + seed % 60)
      guard let d = try Self.worst(function, environment, .float64) else { continue }
      #expect(d <= 1e-10, "seed \(seed)")
    }
  }

  /// In float32 a program may amplify its roundings; how much, the reference itself shows when its
  /// inputs are moved by about one rounding.
  @Test func programsAgreeInFloat32() throws {
    var compared = 0
    for seed in 0..<Self.count(800) {
      var random = RandomPrograms(seed: UInt64(seed), allowsSteps: false)
      let (function, environment) = random.make(size: 4 + seed % 24)
      guard random.isSmooth, let y = try? ReferenceProgram(function).evaluate(environment) else {
        continue
      }
      var bounds = y.outputs[0].map { $0.value.values.map { 3e-6 * max(1, abs($0)) } }
      for (k, shift) in [1e-7, -1e-7, 3e-7, -2e-7].enumerated() {
        let moved = try ReferenceProgram(function).evaluate(environment.moved(by: shift, k))
        for (o, (a, b)) in zip(moved.outputs[0], y.outputs[0]).enumerated() {
          for i in a.value.values.indices {
            bounds[o][i] += 60 * abs(a.value.values[i] - b.value.values[i])
          }
        }
      }
      let got = try InterpretedProgram([function], element: .float32).evaluate([environment])
      for (o, (x, e)) in zip(got.outputs[0], y.outputs[0]).enumerated() {
        for i in x.value.values.indices {
          let (a, b, bound) = (x.value.values[i], e.value.values[i], bounds[o][i])
          // Out of float's range, or on the edge of a function's domain.
          if !bound.isFinite || abs(b) > 1e30 || bound > 0.1 * max(1, abs(b)) { continue }
          compared += 1
          #expect(abs(a - b) <= bound || (a.isNaN && b.isNaN), "seed \(seed) \(e.target) \(i)")
          if !(abs(a - b) <= bound || (a.isNaN && b.isNaN)) {
            print(a, b, bound)
            print(function.dump())
            print(try Planner.plan(function, element: .float32, rounds: Rounds.of([function])).dump())
            print(environment)
            return
          }
        }
      }
    }
    #expect(compared > 1_000)
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
