import Driver
import IR
import Testing

@testable import Runtime

/// From its second evaluation at a place on an objective runs by a tape. Nobody can tell.
@Suite struct TapeTests {
  /// Sums, extremes and rows that are longer than a chunk of a pass.
  static let text = """
    objective folds {
        param x: vector(LENGTH) = normal()
        param M: matrix(ROWS, COLUMNS) = normal()
        a = sum(x^2 * tanh(x)) + 1e-3 * max(abs(x)) + mean(exp(x))
        b = sum(row_sum(sin(M))^2) + sum(row_mean(M^2) / (1 + row_sum(abs(M))))
        c = sum(col_sum(cos(M))^2) + max(M)
        loss = a + b + c
    }
    minimize folds with SGD for 1 steps
    """

  @Test(arguments: [ElementType.float32, .float64], [1, 3])
  func anEvaluationIsThatOfThePlan(_ element: ElementType, _ threads: Int) throws {
    var compared = 0
    for (length, rows, columns) in [
      (255, 1, 255), (256, 16, 16), (257, 3, 91), (1_000, 4, 256), (1_024, 2, 513),
      (1_025, 32, 33), (1_100, 1, 1_100), (4_097, 64, 65), (8_192, 90, 91), (8_193, 8, 1_025),
    ] {
      let text = Self.text.replacing("LENGTH", with: "\(length)")
        .replacing("ROWS", with: "\(rows)").replacing("COLUMNS", with: "\(columns)")
      let module = try ObjectiveRunnerTests.module(text)
      for engine in [EngineKind.interpreter, .native] {
        let bound = try BoundObjective(module, engine: engine, elementType: element)
        let runner = ObjectiveRunner(bound, seed: 5, threads: threads)
        let host = HostTensors(runner.parameters, element)
        for (k, values) in try runner.initialParameters().enumerated() {
          host.set(host.parameters[k], values)
        }
        runner.bind(
          parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
        func evaluation() throws -> [UInt64] {
          let loss = try runner.evaluate()
          return [loss.bitPattern]
            + runner.parameters.indices.flatMap {
              host.get(host.gradients[$0], runner.parameters[$0].count).values.map(\.bitPattern)
            }
        }
        let first = try evaluation()
        for _ in 0..<4 {
          #expect(try evaluation() == first, "\(length), \(rows) × \(columns), \(engine)")
          compared += 1
        }
      }
    }
    #expect(compared == 80)
  }
}
