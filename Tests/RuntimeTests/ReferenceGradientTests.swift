import Basics
import Diagnostics
import IR
import Testing

@testable import Runtime

/// Gradients of the differentiation pass against central differences of the reference evaluator.
@Suite struct ReferenceGradientTests {
  @Test(arguments: Operation.allCases)
  func everyOperation(_ operation: Operation) throws {
    let cases = GradientCases.cases(operation)
    switch operation {
    case .push, .free:
      // Gone where functions are concrete, or refused there.
      #expect(cases.isEmpty)
    case .globalSum, .globalMaximum, .globalMinimum, .lossAt, .gradientAt, .hessianProduct:
      #expect(cases.isEmpty)
      try expectNotDifferentiable(operation)
    default:
      #expect(!cases.isEmpty)
      for (i, item) in cases.enumerated() {
        let function = try loss(of: item)
        // Some cases are folded away, but never the first.
        if i == 0 { #expect(contains(operation, function), "\(operation) is not in its own test") }
        try check(function, item, "\(operation) case \(i) \(item.shapes)")
      }
    }
  }

  private func contains(_ operation: Operation, _ function: Function) -> Bool {
    function.instructions.contains { $0.operation == operation }
      || function.loops.contains { contains(operation, $0.body) }
  }

  /// loss = Σ value · weights, with weights that no symmetry cancels.
  private func loss(of item: GradientCase) throws -> Function {
    var b = FunctionBuilder(name: "loss")
    let parameters = item.shapes.enumerated().map {
      b.source(.parameter, real($1), attribute: Int32($0))
    }
    let value = try item.build(&b, parameters)
    let type = b.type(value)
    let weights = b.source(.input, ValueType(.real, type.shape))
    b.output(.loss, try b.make(.sum, b.make(.multiply, value, weights)))
    b.output(.result(0), value)
    return b.finish()
  }

  private func environment(_ function: Function, _ item: GradientCase) -> ReferenceEnvironment {
    func numbers(_ shape: [Int], _ range: ClosedRange<Double>, _ site: UInt32) -> Dense {
      let random = CounterRandom(seed: 5, step: 1, tensor: 0, site: site)
      let width = range.upperBound - range.lowerBound
      return ReferenceOperations.make(shape) {
        range.lowerBound + width * random.uniform(UInt64($0))
      }
    }
    let weights = function.type(function.output(.result(0))!).shape.extents.map(\.value)
    return ReferenceEnvironment(
      hypers: [0.7], step: 2, horizon: 10, loss: 0.3,
      parameters: item.shapes.enumerated().map { numbers($1, item.range, UInt32($0)) },
      gradients: [numbers([2, 2], 0...1, 50)], states: [numbers([2, 2], 0...1, 51)],
      inputs: [numbers(weights, -1...1, 60), numbers([2, 2], 0...1, 61)])
  }

  private func check(_ function: Function, _ item: GradientCase, _ name: String) throws {
    let gradient = try function.differentiated(parameters: item.shapes.map(shape))
    let environment = environment(function, item)
    let result = try ReferenceProgram(gradient).evaluate(environment)
    let plain = ReferenceProgram(function)
    #expect(result.value(.loss) == (try plain.evaluate(environment).value(.loss)), "\(name)")
    for k in item.shapes.indices {
      let found = try #require(result.value(.gradient(k)), "\(name)")
      #expect(found.shape == item.shapes[k], "\(name)")
      for i in found.values.indices {
        let x = environment.parameters[k].values[i]
        let h = 1e-5 * max(abs(x), 0.1)
        func moved(_ step: Double) throws -> Double {
          var other = environment
          other.parameters[k].values[i] = x + step
          return try plain.evaluate([other], includes: { $0 == .loss }).value(.loss)!.scalar
        }
        // Fourth order, so that only rounding is left of the difference.
        let near = try (moved(h) - moved(-h)) / (2 * h)
        let far = try (moved(2 * h) - moved(-2 * h)) / (4 * h)
        let expected = (4 * near - far) / 3
        let error = abs(found.values[i] - expected)
        #expect(
          error <= 1e-6 * max(1, abs(expected)),
          "\(name): parameter \(k) entry \(i) is \(found.values[i]), not \(expected)")
      }
    }
  }

  private func expectNotDifferentiable(_ operation: Operation) throws {
    var b = FunctionBuilder(name: "loss")
    b.origin = Span(5, 9)
    let w = b.source(.parameter, real([]))
    b.output(.loss, try b.make(.sum, b.make(operation, w)))
    #expect {
      _ = try b.function.differentiated(parameters: [.scalar])
    } throws: {
      let first = ($0 as? DiagnosticError)?.diagnostics.first
      return first?.code.number == 806 && first?.span == Span(5, 9)
    }
  }
}
