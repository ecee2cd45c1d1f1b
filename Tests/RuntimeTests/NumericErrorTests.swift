import Diagnostics
import Driver
import IR
import Testing

@testable import Runtime

/// What no program of the catalogue shows: errors of engines at numbers and hosts of a test's own.
@Suite struct NumericErrorTests {
  /// On both engines.
  private func codes(
    _ functions: [Function], _ environments: [ReferenceEnvironment]
  ) -> [Int?] {
    [
      OptimizerTests.code { _ = try ReferenceProgram(functions).evaluate(environments) },
      OptimizerTests.code {
        _ = try InterpretedProgram(functions, element: .float64, unrollLimit: 0)
          .evaluate(environments)
      },
    ]
  }

  /// Two sums over all tensors, each of which the other tensor makes of the other sum.
  @Test func aReductionThatWaitsForItself() throws {
    let functions = try [Int32(0), 1].map { first in
      var b = FunctionBuilder(name: "circular")
      let g = b.source(.gradient, ValueType(.real, Shape([.fixed(2)])))
      let total = try b.make(.globalSum, [b.make(.sum, g)], attribute: first)
      let other = try b.make(
        .globalSum, [b.make(.sum, b.make(.multiply, total, g))], attribute: 1 - first)
      b.output(.metric("x"), other)
      return b.finish()
    }
    let environment = ReferenceEnvironment(
      parameters: [filled([2], 1)], gradients: [filled([2], 2)])
    #expect(codes(functions, [environment, environment]) == [811, 811])
  }

  @Test(arguments: [2e9, .infinity, .nan]) func aLoopWithoutEnd(_ count: Double) throws {
    var body = FunctionBuilder(name: "body")
    body.output(.result(0), try body.make(.tanh, body.source(.argument, .scalar)))
    var b = FunctionBuilder(name: "loop")
    let tuple = b.loop(
      b.source(.hyper, .scalar), Loop(initial: [b.constant(1)], captured: [], body: body.finish()))
    b.output(.metric("x"), b.project(tuple, 0, type: .scalar))
    #expect(codes([b.finish()], [ReferenceEnvironment(hypers: [count])]) == [907, 907])
  }

  @Test(arguments: [EngineKind.reference, .interpreter])
  func whatFixesShapesStays(_ engine: EngineKind) throws {
    let compiler = Compiler()
    let text = "rule R(n = 2) {\n x = g\n repeat n { x' = x / 2 }\n w' = w - x\n}\n"
    #expect(compiler.add(name: "test.opt", bytes: Array(text.utf8)).isEmpty)
    let optimizer = try Optimizer(
      compiler.rule("R"), parameters: [ParameterSpec(name: "w", dims: [2])], engine: engine)
    try optimizer.setHyper("n", 2)
    #expect(OptimizerTests.code { try optimizer.setHyper("n", 3) } == 508)
  }
}
