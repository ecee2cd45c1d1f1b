import Diagnostics
import Driver
import IR
import Native
import Platform
import Testing

@testable import Runtime

/// Gradients at odd points, on every engine: the slopes of mpmath (Tests/Golden/derivatives.tsv), and
/// those of norms at 0.
@Suite struct DerivativeTests {
  private struct Slope {
    var x: Double
    var y: Double?
    var slopes: [Double]
  }

  /// The lines of the table, by type and expression.
  private static func table() throws -> [String: [String: [Slope]]] {
    var result: [String: [String: [Slope]]] = [:]
    let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let file = try #require(fopen("/" + folder + "/Golden/derivatives.tsv", "r"))
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 1024)
    while fgets(&buffer, 1024, file) != nil {
      let line = String(
        decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if line.hasPrefix("#") { continue }
      let cells = line.split(whereSeparator: \.isNewline)[0].split(
        separator: "\t", omittingEmptySubsequences: false)
      let slopes = cells[4...].compactMap { Double($0) }
      result[String(cells[1]), default: [:]][String(cells[0]), default: []].append(
        Slope(x: try #require(Double(cells[2])), y: Double(cells[3]), slopes: slopes))
    }
    return result
  }

  static func gradients(
    _ source: String, _ values: [[Double]], _ engine: EngineKind, _ element: ElementType
  ) throws -> [[Double]] {
    let module = try ObjectiveRunnerTests.module(source + "\nminimize f with SGD for 1 steps")
    let runner = try ObjectiveRunner(
      module, engine: engine, elementType: element,
      compiler: NativeTesting.isPossible ? NativeTesting.compiler : nil)
    let host = HostTensors(runner.parameters, element)
    for (k, x) in values.enumerated() { host.set(host.parameters[k], x) }
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
    _ = try runner.evaluate()
    return values.indices.map { host.get(host.gradients[$0], values[$0].count).values }
  }

  /// What is a difference from 1 is as exact as that.
  private static let differences = [
    "tanh", "arctan2", "sigmoid", "exp(-x)", "exp(x))", "e^", "silu", "gelu",
  ]

  @Test(arguments: [EngineKind.reference, .interpreter, .native])
  func slopesAtOddPoints(_ engine: EngineKind) throws {
    let table = try Self.table()
    var compared = 0
    for (type, element) in [("f64", ElementType.float64), ("f32", .float32)] {
      for (expression, rows) in table[type] ?? [:] {
        let n = rows.count
        let second = rows[0].y == nil ? "" : ", y: vector(\(n)) = 0"
        let source = "objective f(x: vector(\(n)) = 0\(second)) = sum(\(expression))"
        var values = [rows.map(\.x)]
        if rows[0].y != nil { values.append(rows.map { $0.y! }) }
        let found = try Self.gradients(source, values, engine, element)
        let unit = element == .float64 ? 0x1p-52 : 0x1p-23
        let isDifference = Self.differences.contains { expression.contains($0) }
        for (i, row) in rows.enumerated() {
          for (k, expected) in row.slopes.enumerated() {
            let got = found[k][i]
            let size = abs(expected)
            // Beside numbers of fewer digits.
            let least = element == .float64 ? 0x1p-1020 : 0x1p-124
            let error = max(40 * unit * size, isDifference ? 8 * unit : least)
            #expect(
              got == expected || abs(got - expected) <= error
                || (size > (element == .float64 ? 1e308 : 3.3e38) && got == expected * .infinity),
              "\(engine) \(type) \(expression) at \(row.x), \(row.y ?? 0): \(got), not \(expected)")
            compared += 1
          }
        }
      }
    }
    #expect(compared > 4_000)
  }

  /// Norms of what vanishes, in all their forms.
  @Test(
    arguments: [
      ("norm(x)", [0, 0], [0, 0]), ("norm(x)^2", [0, 0], [0, 0]), ("rms(x)", [0, 0], [0, 0]),
      ("std(x)", [3, 3], [0, 0]), ("sqrt(sum(x^2))", [0, 0], [0, 0]), ("‖x‖", [0, 0], [0, 0]),
      ("sqrt(x[0]^2 + x[1]^2)", [0, 0], [0, 0]), ("sum(abs(x)^3)^(1/3)", [0, 0], [0, 0]),
      ("sqrt(dot(x, x))", [0, 0], [0, 0]), ("norm(2 * x) / 3", [0, 0], [0, 0]),
      ("sum(clip_norm(x, 1))", [0, 0], [1, 1]),
      ("cosine_similarity(x, [1, 0])", [0, 0], [1e8, 0]),
      ("norm(x) + sum(x)", [0, 0], [1, 1]), ("norm(x - 3)", [3, 3], [0, 0]),
      ("norm(x)", [3, 4], [0.6, 0.8]),
      ("softplus(x[0]) + binary_cross_entropy(x[1], 1)", [0, 0], [0.5, -0.5]),
      ("-mean(log(softmax(x))[0:1])", [0, -2000], [0, 0]),
      ("sum(log_softmax(x) * [1, 0])", [1e4, -1e4], [0, 0]),
      ("sum(log_softmax(x) * [1, 0])", [-1e4, 1e4], [1, -1]),
    ] as [(String, [Double], [Double])])
  func normsAtZero(_ expression: String, _ x: [Double], _ expected: [Double]) throws {
    for engine in [EngineKind.reference, .interpreter, .native] {
      for element in [ElementType.float64, .float32] {
        let found = try Self.gradients(
          "objective f(x: vector(2) = 0) = \(expression)", [x], engine, element)[0]
        for (got, right) in zip(found, expected) {
          #expect(abs(got - right) <= 1e-6 * max(1, abs(right)), "\(engine) \(element) \(got)")
        }
      }
    }
  }
}
