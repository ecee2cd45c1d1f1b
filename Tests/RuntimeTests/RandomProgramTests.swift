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

  /// A program may amplify roundings without bound (the tangent of a large number); how much, the
  /// reference itself shows when its inputs are moved by a few roundings.
  static func bounds(
    _ function: Function, _ environment: ReferenceEnvironment, _ y: ReferenceProgram.Result,
    ulp: Double
  ) throws -> [[Double]] {
    var bounds = y.outputs[0].map { $0.value.values.map { 30 * ulp * max(1, abs($0)) } }
    for (k, shift) in [1, -1, 3, -2].enumerated() {
      let moved = try ReferenceProgram(function).evaluate(
        environment.moved(by: Double(shift) * ulp, k))
      for (o, (a, b)) in zip(moved.outputs[0], y.outputs[0]).enumerated() {
        for i in a.value.values.indices {
          bounds[o][i] += 60 * abs(a.value.values[i] - b.value.values[i])
        }
      }
    }
    return bounds
  }

  @Test func programsAgreeInFloat64() throws {
    for seed in 0..<Self.count(800) {
      var random = RandomPrograms(seed: UInt64(seed), allowsSteps: true)
      let (function, environment) = random.make(size: 4 + seed % 60)
      guard let y = try? ReferenceProgram(function).evaluate(environment) else { continue }
      let got = try InterpretedProgram([function], element: .float64).evaluate([environment])
      let distance = zip(got.outputs[0], y.outputs[0]).map { difference($0.value, $1.value) }.max()!
      if distance <= 1e-12 { continue }
      // Rare: so the tolerance is worked out for these alone.
      let bounds = try Self.bounds(function, environment, y, ulp: 2e-16)
      for (o, (x, e)) in zip(got.outputs[0], y.outputs[0]).enumerated() {
        for i in x.value.values.indices {
          let (a, b, bound) = (x.value.values[i], e.value.values[i], bounds[o][i])
          #expect(
            abs(a - b) <= bound || a == b || (a.isNaN && b.isNaN), "seed \(seed) \(e.target) \(i)")
        }
      }
    }
  }

  @Test func programsAgreeInFloat32() throws {
    var compared = 0
    for seed in 0..<Self.count(800) {
      var random = RandomPrograms(seed: UInt64(seed), allowsSteps: false)
      let (function, environment) = random.make(size: 4 + seed % 24)
      guard random.isSmooth, let y = try? ReferenceProgram(function).evaluate(environment) else {
        continue
      }
      let bounds = try Self.bounds(function, environment, y, ulp: 1e-7)
      let got = try InterpretedProgram([function], element: .float32).evaluate([environment])
      for (o, (x, e)) in zip(got.outputs[0], y.outputs[0]).enumerated() {
        for i in x.value.values.indices {
          let (a, b, bound) = (x.value.values[i], e.value.values[i], bounds[o][i])
          // Out of float's range, or on the edge of a function's domain.
          if !bound.isFinite || abs(b) > 1e30 || bound > 0.1 * max(1, abs(b)) { continue }
          compared += 1
          #expect(abs(a - b) <= bound || (a.isNaN && b.isNaN), "seed \(seed) \(e.target) \(i)")
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
