import Diagnostics
import Driver
import IR
import Lowering
import Native
import Testing

@testable import Runtime

/// Norms of numbers whose squares are none: against exact arithmetic (3, 4, 5 times a power of two).
@Suite struct NormRangeTests {
  private static let engines = [EngineKind.reference, .interpreter, .native]

  private static func scales(_ element: ElementType) -> [Double] {
    element == .float64
      ? [0x1p-1070, 0x1p-700, 0x1p-520, 1, 0x1p500, 0x1p530, 0x1p1020]
      : [0x1p-145, 0x1p-100, 0x1p-66, 0x1p-52, 1, 0x1p60, 0x1p64, 0x1p100, 0x1p124]
  }

  /// The value that `Rule` writes into a vector for gradients `g` of two tensors.
  private func step(
    _ rule: String, _ gradients: [[Double]], dims: [[Int]], _ engine: EngineKind,
    _ element: ElementType
  ) throws -> [[Double]] {
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array("rule R \(rule)".utf8))
    #expect(errors.filter { $0.severity == .error }.map(\.message) == [])
    let specs = dims.enumerated().map { ParameterSpec(name: "w\($0)", dims: $1) }
    let optimizer = try Optimizer(
      compiler.rule("R"), parameters: specs, engine: engine, elementType: element,
      compiler: NativeTesting.isPossible ? NativeTesting.compiler : nil)
    let host = HostTensors(specs, element)
    for (k, values) in gradients.enumerated() {
      host.set(host.gradients[k], values)
      host.set(host.parameters[k], values.map { _ in 0 })
    }
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    try optimizer.step()
    return specs.indices.map { host.get(host.parameters[$0], specs[$0].count).values }
  }

  @Test(
    arguments: [
      ("w' = w + norm(g)", [3, 4], 5), ("w' = w + sqrt(sum(g^2))", [3, 4], 5),
      ("w' = w + rms(g)", [1, 7], 5), ("w' = w + std(g)", [1, 7], 3),
      ("w' = w + global norm(g)", [3, 4], 5),
      ("w' = w + global rms(g)", [1, 7], 5),
    ] as [(String, [Double], Double)])
  func normsOfAllSizes(_ rule: String, _ g: [Double], _ right: Double) throws {
    var compared = 0
    for element in [ElementType.float32, .float64] {
      for engine in Self.engines {
        for scale in Self.scales(element) {
          let found = try step(
            "{ \(rule) }", [g.map { $0 * scale }], dims: [[2]], engine, element)[0]
          #expect(
            found.allSatisfy { abs($0 / scale - right) <= 1e-6 },
            "\(rule) \(engine) \(element) \(scale): \(found)")
          compared += 1
        }
      }
    }
    #expect(compared == 48)
  }

  @Test(arguments: ["row_norm", "col_norm"])
  func normsOfRowsAndColumns(_ name: String) throws {
    for element in [ElementType.float32, .float64] {
      let scales = Self.scales(element)
      let n = scales.count
      var g = [Double](repeating: 0, count: 2 * (n + 1))
      for (i, scale) in scales.enumerated() {
        if name == "row_norm" {
          (g[2 * i], g[2 * i + 1]) = (3 * scale, 4 * scale)
        } else {
          (g[i], g[i + n + 1]) = (3 * scale, 4 * scale)
        }
      }
      let dims = name == "row_norm" ? [n + 1, 2] : [2, n + 1]
      for engine in Self.engines {
        let found = try step(
          "{ w' = w + \(name)(g) }", [g], dims: [dims], engine, element)[0]
        for (i, scale) in scales.enumerated() {
          let got = found[name == "row_norm" ? 2 * i : i]
          #expect(abs(got / scale - 5) <= 1e-6, "\(name) \(engine) \(element) \(scale): \(got)")
        }
        #expect(found.last == 0)
      }
    }
  }

  /// One norm over tensors of unlike sizes, and norms that are none: ∞ and NaN stay.
  @Test func normsOverAllTensors() throws {
    let rule = "{ w' = w + global norm(g) }"
    for engine in Self.engines {
      for (element, scale) in [(ElementType.float32, 0x1p100), (.float64, 0x1p800)] {
        for (scale, tiny) in [(scale, 1.0), (1 / scale, 0)] {
          let found = try step(
            rule, [[3 * scale], [0, tiny, 4 * scale]], dims: [[], [3]], engine, element)
          #expect(found.joined().allSatisfy { abs($0 / scale - 5) <= 1e-6 }, "\(engine) \(found)")
        }
      }
      for (x, y) in [(Double.infinity, Double.infinity), (.nan, .nan), (0, 0)] {
        for text in [rule, "{ w' = w + norm(g) }"] {
          let found = try step(text, [[x, 0]], dims: [[2]], engine, .float64)[0]
          #expect(found.allSatisfy { $0 == y || $0.isNaN && y.isNaN }, "\(engine) \(found)")
        }
      }
    }
  }

  /// Through a gradient: x / ‖x‖ at all sizes.
  @Test func slopesOfNorms() throws {
    for element in [ElementType.float32, .float64] {
      for engine in Self.engines {
        for scale in Self.scales(element)
        where scale > 0x1p-1000 && (element == .float64 || scale > 0x1p-120) {
          let found = try DerivativeTests.gradients(
            "objective f(x: vector(2) = 0) = norm(x)", [[3 * scale, 4 * scale]], engine, element)[0]
          #expect(
            abs(found[0] - 0.6) <= 1e-6 && abs(found[1] - 0.8) <= 1e-6,
            "\(engine) \(element) \(scale): \(found)")
        }
      }
    }
  }
}
