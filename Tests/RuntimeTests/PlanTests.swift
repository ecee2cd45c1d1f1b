import Driver
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

  /// The new state is written where it lies, after the last that reads the old one; the sign is part of
  /// the step.
  @Test func lionIsThreeInstructions() throws {
    let optimizer = try Optimizer(
      Compiler().rule("Lion"), parameters: [ParameterSpec(name: "w", dims: [1000])], threads: 1)
    let passes = optimizer.tensors[0].instance!.program.plan.segments
    #expect(passes.map(\.names) == [["a*s + b*t", "a*s + b*t", "a - s*(sign(c) + t*a)"]])
    #expect(passes[0].scratchCount == 1)
  }

  /// x ← tanh(x @ x + c), n times, with the count of runs; as a loop and written out.
  @Test(arguments: [0, 1, 2, 7, 5_000])
  func loopsRunAsLoops(_ count: Int) throws {
    var body = FunctionBuilder(name: "body")
    let type = RuleFunctions.like(4, 4)
    let a = [type, ValueType.scalar, type].enumerated().map {
      body.source(.argument, $1, attribute: Int32($0))
    }
    let product = try body.make(.matrixProduct, a[0], a[0])
    body.output(.result(0), try body.make(.tanh, body.make(.add, product, a[2])))
    body.output(.result(1), try body.make(.add, a[1], body.constant(1)))
    var b = FunctionBuilder(name: "loop")
    let w = b.source(.parameter, type)
    let g = b.source(.gradient, type)
    let tuple = b.loop(
      b.constant(Double(count)),
      Loop(initial: [w, b.constant(0)], captured: [g], body: body.finish()))
    b.output(.parameter(0), b.project(tuple, 0, type: type))
    b.output(.metric("runs"), b.project(tuple, 1, type: .scalar))
    let function = b.finish()
    let environment = ReferenceEnvironment(
      parameters: [filled([4, 4], 1)], gradients: [filled([4, 4], 2)])
    let expected = try ReferenceProgram(function).evaluate(environment).outputs[0]
    for limit in [0, 20_000] {
      let got = try InterpretedProgram([function], unrollLimit: limit).evaluate([environment])
      for (x, y) in zip(got.outputs[0], expected) { #expect(difference(x.value, y.value) < 1e-12) }
      #expect(got.outputs[0][1].value.scalar == Double(count))
    }
    let plan = try Planner.plan(function, element: .float64, unrollLimit: 0)
    #expect(plan.loops.count == 1)
  }

  @Test func meetingsInsideLoopsAreRefused() throws {
    var body = FunctionBuilder(name: "body")
    let x = body.source(.argument, .scalar)
    body.output(.result(0), try body.make(.globalSum, x))
    var b = FunctionBuilder(name: "loop")
    let tuple = b.loop(
      b.constant(2), Loop(initial: [b.constant(1)], captured: [], body: body.finish()))
    b.output(.metric("x"), b.project(tuple, 0, type: .scalar))
    let function = b.finish()
    #expect(OptimizerTests.code { _ = try Planner.plan(function, element: .float32) } == 812)
  }
}
