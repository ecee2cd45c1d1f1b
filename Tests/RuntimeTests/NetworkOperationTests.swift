import Diagnostics
import Driver
import Foundation
import IR
import Testing

@testable import Runtime

/// Stacks of matrices and patches of images: values, gradients and products with the Hessian against PyTorch
/// (Tests/Golden/networks.py), on every engine and in both types.
@Suite struct NetworkOperationTests {
  private struct Line {
    var source: String
    var loss: Double
    var values: [[Double]] = []
    var gradients: [[Double]] = []
    var directions: [[Double]] = []
    var products: [[Double]] = []
  }

  private static func lines() throws -> [Line] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let text = try String(
      contentsOf: folder.appendingPathComponent("../Golden/networks.tsv"), encoding: .utf8)
    return text.split(separator: "\n").map { row in
      let cells = row.split(separator: "\t").map { cell in
        cell.split(separator: " ").compactMap { Double($0) }
      }
      var line = Line(source: String(row.prefix { $0 != "\t" }), loss: cells[1][0])
      for k in stride(from: 2, to: cells.count, by: 4) {
        line.values.append(cells[k])
        line.gradients.append(cells[k + 1])
        line.directions.append(cells[k + 2])
        line.products.append(cells[k + 3])
      }
      return line
    }
  }

  private func evaluate(
    _ module: ObjectiveModule, _ line: Line, _ engine: EngineKind, _ element: ElementType,
    isHessian: Bool
  ) throws -> (loss: Double, gradients: [[Double]]) {
    var bound = try BoundObjective(
      module, engine: engine, elementType: element, isHessian: isHessian)
    bound.compile(NativeTesting.isPossible ? NativeTesting.compiler : nil)
    let runner = ObjectiveRunner(bound)
    let host = HostTensors(runner.parameters, element)
    let directions = HostTensors(runner.parameters, element)
    for (k, x) in line.values.enumerated() {
      host.set(host.parameters[k], x)
      directions.set(directions.parameters[k], line.directions[k])
    }
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients,
      inputs: isHessian ? directions.parameters.map { UnsafeRawPointer($0) } : [])
    let loss = try runner.evaluate()
    return (
      loss, line.values.indices.map { host.get(host.gradients[$0], line.values[$0].count).values }
    )
  }

  /// Each objective is compiled once for `native`.
  @Test(arguments: [
    (EngineKind.reference, ElementType.float64), (.reference, .float32), (.interpreter, .float64),
    (.interpreter, .float32), (.native, .float32),
  ])
  func valuesOfPyTorch(_ engine: EngineKind, _ element: ElementType) throws {
    var compared = 0
    for line in try Self.lines() {
      let module = try ObjectiveRunnerTests.module(
        line.source + "\nminimize f with SGD for 1 steps")
      let tolerance = element == .float64 ? 1e-12 : 5e-6
      func check(_ found: [[Double]], _ expected: [[Double]], _ what: String) {
        #expect(found.map(\.count) == expected.map(\.count), "\(what) of \(line.source)")
        for (x, y) in zip(found, expected) {
          let size = y.reduce(1) { max($0, abs($1)) }
          for (i, (a, b)) in zip(x, y).enumerated() {
            #expect(
              abs(a - b) <= tolerance * size, "\(engine) \(element) \(what) \(i) of \(line.source)")
            compared += 1
          }
        }
      }
      let first = try evaluate(module, line, engine, element, isHessian: false)
      check([[first.loss]], [[line.loss]], "loss")
      check(first.gradients, line.gradients, "gradient")
      let second = try evaluate(module, line, engine, element, isHessian: true)
      check(second.gradients, line.products, "product")
    }
    #expect(compared == 9_088)
  }

  /// Products beyond the kernel for small ones, and many small ones, are the same on one thread and on more.
  @Test(arguments: [(3, 140, 150, 130), (2, 5, 6, 600), (4000, 8, 9, 7), (1, 40, 30, 20)])
  func largeStacks(_ count: Int, _ rows: Int, _ cols: Int, _ depth: Int) throws {
    let module = try ObjectiveRunnerTests.module(
      """
      objective f(A: tensor(\(count), \(rows), \(depth)) = normal(), B: tensor(\(count), \(depth), \(cols)) = normal(),
        C: matrix(\(cols), \(rows)) = normal()) = sum((A @ B) * sin(iota(\(cols)))) + sum(C @ A) / 7
      minimize f with SGD for 1 steps
      """)
    let reference = try gradients(module, .reference, .float64, threads: 1)
    for (element, tolerance) in [(ElementType.float64, 1e-12), (.float32, 1e-5)] {
      let one = try gradients(module, .interpreter, element, threads: 1)
      let three = try gradients(module, .interpreter, element, threads: 3)
      #expect(one == three)
      for (x, y) in zip(one, reference) {
        let size = y.values.reduce(1) { max($0, abs($1)) }
        #expect(zip(x.values, y.values).allSatisfy { abs($0 - $1) <= tolerance * size })
      }
    }
  }

  private func gradients(
    _ module: ObjectiveModule, _ engine: EngineKind, _ element: ElementType, threads: Int
  ) throws -> [Dense] {
    let runner = ObjectiveRunner(
      try BoundObjective(module, engine: engine, elementType: element), threads: threads)
    let host = HostTensors(runner.parameters, element)
    for (k, x) in try runner.initialParameters().enumerated() { host.set(host.parameters[k], x) }
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
    let loss = try runner.evaluate()
    return [Dense(loss)]
      + runner.parameters.indices.map {
        host.get(host.gradients[$0], runner.parameters[$0].count)
      }
  }

  /// No images, no channels, no matrices: no patches, and slopes of 0.
  @Test(
    arguments: [
      "sum(conv2d(ones(0, 4, 4, 1), K)) + 0 * sum(K)",
      "sum(unfold(ones(2, 3, 3, 0), 2, 2)) + 0 * sum(K)",
      "sum(max_pool(ones(0, 4, 4, 1), 2)) + 0 * sum(K)",
      "sum(ones(0, 2, 3) @ ones(3, 2)) + 0 * sum(K)",
      "sum(ones(2, 3, 0) @ ones(2, 0, 4)) + 0 * sum(K)",
      "sum(ones(0, 2, 3) @ ones(0, 3, 2)) + 0 * sum(K)",
      "sum(ones(2, 0, 3) @ ones(2, 3, 2)) + 0 * sum(K)", "sum(row_sum(ones(2, 0, 3))) + 0 * sum(K)",
    ])
  func nothingAtAll(_ expression: String) throws {
    let module = try ObjectiveRunnerTests.module(
      "objective f(K: tensor(2, 2, 1, 3) = 1) = \(expression)\nminimize f with SGD for 1 steps")
    for engine in EngineKind.allCases {
      for element in [ElementType.float64, .float32] {
        let found = try gradients(module, engine, element, threads: 2)
        #expect(found.allSatisfy { $0.values.allSatisfy { $0 == 0 } })
      }
    }
  }

  /// Of a window that holds padding alone nothing is the largest, and the mean is 0.
  @Test func windowsOfPaddingAlone() throws {
    for (text, value) in [
      ("max(max_pool(x, 1, pad = 1)[0, 0, 0, 0] + 0 * x)", -Double.infinity),
      ("max(max_pool(x, 1, pad = 1))", 3), ("sum(mean_pool(x, 1, pad = 1))", 12),
    ] {
      let module = try ObjectiveRunnerTests.module(
        "objective f(x: tensor(1, 2, 2, 1) = 3) = \(text)\nminimize f with SGD for 1 steps")
      for engine in EngineKind.allCases {
        let found = try gradients(module, engine, .float64, threads: 1)[0]
        #expect(found.values == [value], "\(text), \(engine)")
      }
    }
  }

  /// Each place of an image is counted as often as patches hold it.
  @Test func foldCounts() throws {
    let module = try ObjectiveRunnerTests.module(
      "objective f(x: tensor(1, 3, 3, 1) = 0) = sum(unfold(x, 2, 2))\nminimize f with SGD for 1 steps"
    )
    for engine in EngineKind.allCases {
      let found = try gradients(module, engine, .float64, threads: 1)[1]
      #expect(found.values == [1, 2, 1, 2, 4, 2, 1, 2, 1])
    }
  }
}
