import Diagnostics
import Driver
import IR
import Testing

@testable import Runtime

/// Tensors of one optimizer in memory of a test's own.
final class HostTensors {
  let specs: [ParameterSpec]
  let element: ElementType
  let parameters: [UnsafeMutableRawPointer]
  let gradients: [UnsafeMutableRawPointer]

  private let offset: Int

  /// `offset`: bytes by which the pointers miss the alignment of a cache line.
  init(_ specs: [ParameterSpec], _ element: ElementType, offset: Int = 0) {
    self.offset = offset
    self.specs = specs
    self.element = element
    func room() -> [UnsafeMutableRawPointer] {
      specs.map {
        UnsafeMutableRawPointer.allocate(byteCount: max($0.count, 1) * 8 + offset, alignment: 64)
          + offset
      }
    }
    parameters = room()
    gradients = room()
    for (k, spec) in specs.enumerated() {
      set(parameters[k], filled([spec.count], UInt64(k) + 1).values)
    }
  }

  deinit { for pointer in parameters + gradients { (pointer - offset).deallocate() } }

  func set(_ pointer: UnsafeMutableRawPointer, _ values: [Double]) {
    for (i, x) in values.enumerated() {
      if element == .float32 {
        pointer.assumingMemoryBound(to: Float.self)[i] = Float(x)
      } else {
        pointer.assumingMemoryBound(to: Double.self)[i] = x
      }
    }
  }

  func get(_ pointer: UnsafeMutableRawPointer, _ count: Int) -> Dense {
    Dense(
      shape: [count],
      values: (0..<count).map {
        element == .float32
          ? Double(pointer.assumingMemoryBound(to: Float.self)[$0])
          : pointer.assumingMemoryBound(to: Double.self)[$0]
      })
  }

  func setGradients(step: Int) {
    for (k, spec) in specs.enumerated() {
      set(gradients[k], filled([spec.count], UInt64(100 * step + k)).values)
    }
  }
}

@Suite struct EnginesAgreeTests {
  static let rules = [
    "SGD", "HeavyBall", "Nesterov", "AdaGrad", "RMSProp", "Adam", "AdamW", "AMSGrad", "Signum",
    "Lion", "Adafactor", "Muon", "LAMB", "Cautious(Lion)", "Cautious(AdamW)",
    "Lookahead(AdamW, k = 2)", "MuonAdamW", "RMSPropMomentum", "RMSPropCentred", "AdamWHat",
    "EMAMomentum",
    "MuonTorch", "SignSGD", "CLion", "CAdamW", "CautiousMean(AdamW)", "Decayed(AdamW, rate = 0.1)",
    "ClipCoordinates(SGD, c = 0.1)", "ClipGlobalNorm(AdamW, c = 0.5)", "ClipGlobalNorm(MuonAdamW)",
  ]

  /// A quadratic bowl around 0.3 of the tensors' common objective, for rules that ask for it.
  static func run(
    _ rule: Rule, _ specs: [ParameterSpec], _ engine: EngineKind, _ element: ElementType,
    steps: Int
  ) throws -> [Dense] {
    let host = HostTensors(specs, element)
    let optimizer = try Optimizer(
      rule, parameters: specs, engine: engine, elementType: element, seed: 7, horizon: 10)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    for step in 1...steps {
      host.setGradients(step: step)
      try optimizer.step(loss: 1 / Double(step))
    }
    var result = specs.indices.map { host.get(host.parameters[$0], specs[$0].count) }
    for k in specs.indices {
      for name in optimizer.stateNames(of: k) {
        let values = optimizer.state(name, of: k)!
        result.append(Dense(shape: [values.count], values: values))
      }
    }
    return result
  }

  @Test(arguments: rules)
  func aRuleOfTheZoo(_ text: String) throws {
    let compiler = Compiler()
    let rule: Rule
    do { rule = try compiler.rule(text) } catch {
      Issue.record("\(text): \(error.diagnostics.map(\.message))")
      return
    }
    let all: [[ParameterSpec]] = [
      [ParameterSpec(name: "w", dims: [5, 7])],
      [
        ParameterSpec(name: "a", dims: [40, 30]), ParameterSpec(name: "b", dims: [9, 4]),
        ParameterSpec(name: "c", dims: [1100]), ParameterSpec(name: "d", dims: []),
        ParameterSpec(name: "e", dims: [2, 3, 4]), ParameterSpec(name: "f", dims: [3, 2, 1, 2, 3]),
      ],
    ]
    for specs in all {
      let usable = specs.filter { spec in
        (try? Optimizer(rule, parameters: [spec], engine: .reference)) != nil
      }
      #expect(!usable.isEmpty)
      let expected = try Self.run(rule, usable, .reference, .float64, steps: 5)
      for (element, tolerance) in [(ElementType.float64, 1e-11), (.float32, 2e-4)] {
        let got = try Self.run(rule, usable, .interpreter, element, steps: 5)
        #expect(got.count == expected.count)
        for (x, y) in zip(got, expected) {
          #expect(difference(x, y) <= tolerance, "\(text) \(element) \(usable.map(\.dims))")
        }
      }
    }
  }
}
