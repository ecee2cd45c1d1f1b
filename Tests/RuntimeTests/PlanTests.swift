import IR
import Testing

@testable import Runtime

func filled(_ shape: [Int], _ seed: UInt64) -> Dense {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
  let values = (0..<shape.reduce(1, *)).map { _ -> Double in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(Int64(bitPattern: state) >> 33) / 1_073_741_824
  }
  return Dense(shape: shape, values: values)
}

/// The largest difference, relative to the larger of 1 and the value.
func difference(_ a: Dense, _ b: Dense) -> Double {
  if a.count != b.count { return .infinity }
  var worst = 0.0
  for (x, y) in zip(a.values, b.values) {
    if x == y || (x.isNaN && y.isNaN) { continue }
    let d = abs(x - y) / max(1, abs(y))
    worst = max(worst, d.isNaN ? .infinity : d)
  }
  return worst
}

@Suite struct PlanTests {
  @Test(arguments: [(0, 3), (1, 1), (3, 5), (1, 1023), (32, 32), (7, 1000)])
  func adamWAgreesWithTheReference(rows: Int, cols: Int) throws {
    let function = try RuleFunctions.adamW(rows, cols)
    let shape = [rows, cols]
    let environment = ReferenceEnvironment(
      hypers: [1e-2, 0.9, 0.999, 1e-8, 0.1], step: 3, parameters: [filled(shape, 1)],
      gradients: [filled(shape, 2)],
      states: [filled(shape, 3), Dense(shape: shape, values: filled(shape, 4).values.map(abs))])
    let expected = try ReferenceProgram(function).evaluate(environment)
    for (element, tolerance) in [(ElementType.float64, 1e-15), (.float32, 1e-6)] {
      let got = try InterpretedProgram([function], element: element).evaluate([environment])
      for (x, y) in zip(got.outputs[0], expected.outputs[0]) {
        #expect(difference(x.value, y.value) <= tolerance)
      }
    }
  }

  @Test func adamWIsOnePass() throws {
    let plan = try Planner.plan(RuleFunctions.adamW(100, 10), element: .float32)
    #expect(plan.segments.count == 1)
    #expect(plan.arenaBytes == 0)
    #expect(plan.segments[0].instructions.count == 5)
  }
}
