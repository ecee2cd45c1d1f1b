import Diagnostics
import Driver
import Foundation
import IR
import Native
import Runtime
import Testing

/// Every rule of the zoo away from its defaults: engines agree, long runs stay finite.
@Suite struct ZooTests {
  static let shapes: [ParameterSpec] = [
    ParameterSpec(name: "tall", dims: [6, 4]), ParameterSpec(name: "wide", dims: [4, 6]),
    ParameterSpec(name: "vector", dims: [8]), ParameterSpec(name: "cube", dims: [2, 3, 4]),
    ParameterSpec(name: "embed", dims: [12, 4]), ParameterSpec(name: "number", dims: []),
  ]

  /// Those tensors of `shapes` that a rule takes, and with which it can make a step.
  static func taken(_ rule: Rule) -> [ParameterSpec] {
    shapes.filter { spec in
      guard let walk = try? ZooWalk(rule, [spec], engine: .reference, horizon: 1) else {
        return false
      }
      defer { walk.release() }
      return (try? walk.steps(1)) != nil
    }
  }

  static var native: NativeCompiler {
    let settings = NativeCompiler.Settings(
      compiler: NativeCompiler.Settings.usual.compiler,
      cache: #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
        + "/.build/native-test-cache")
    return NativeCompiler(settings) { Issue.record("\($0)") }
  }

  /// All tensors that the rule takes at once, at other hyperparameters, with zeros among the
  /// gradients and a gradient of zeros.
  @Test(arguments: ZooRules.all.indices)
  func enginesAgreeAwayFromTheDefaults(_ index: Int) throws {
    let call = ZooRules.all[index]
    for seed in [UInt64(1), 2] {
      let compiler = Compiler()
      let text = try ZooRules.moved(call, compiler, seed: seed)
      let rule = try compiler.rule(text)
      var specs = Self.taken(rule)
      try #require(!specs.isEmpty, "\(text) takes none of the tensors")
      var expected = try Self.walked(rule, specs)
      defer { expected.release() }
      var tolerance = try Self.tolerance(rule, specs, expected)
      if tolerance > 1e-4 {
        // The gradients of a tall matrix leave a space in which its eigenvectors are any.
        specs = [ParameterSpec(name: "square", dims: [4, 4])]
        expected.release()
        expected = try Self.walked(rule, specs)
        tolerance = try Self.tolerance(rule, specs, expected)
        try #require(tolerance <= 1e-4, "\(text) follows the last bits of its gradients")
      }
      for engine in [EngineKind.interpreter, .native] {
        let walk = try Self.walked(rule, specs, engine)
        defer { walk.release() }
        let found = ZooWalk.difference(walk, expected, tolerance: tolerance)
        #expect(found == nil, "\(text) \(engine) \(specs.map(\.name))")
        #expect(walk.count >= specs.reduce(0) { $0 + $1.count } && walk.count > 0, "\(text)")
      }
    }
  }

  /// No engine is held to more than the reference walk keeps when the last bits of gradients change.
  private static func tolerance(
    _ rule: Rule, _ specs: [ParameterSpec], _ exact: ZooWalk
  ) throws -> Double {
    let nudged = try walked(rule, specs, nudge: 0x1p-50)
    defer { nudged.release() }
    return max(1e-9, 100 * ZooWalk.distance(nudged, exact))
  }

  private static func walked(
    _ rule: Rule, _ specs: [ParameterSpec], _ engine: EngineKind = .reference,
    nudge: Double = 0
  ) throws -> ZooWalk {
    let walk = try ZooWalk(
      rule, specs, engine: engine, horizon: shortRun, compiler: engine == .native ? native : nil,
      nudge: nudge)
    try walk.steps(shortRun)
    return walk
  }

  /// Matrix functions amplify rounding from step to step.
  private static let shortRun = 8

  /// 10,000 where RAVINE_CAMPAIGN asks for all cases: rules of large matrices take minutes.
  private static let longRun =
    ProcessInfo.processInfo.environment["RAVINE_CAMPAIGN"] == nil ? 500 : 10_000

  /// Steps at the defaults on the noisy gradients of a bowl.
  @Test(arguments: ZooRules.all.indices)
  func aLongRunStaysFinite(_ index: Int) throws {
    let call = ZooRules.all[index]
    let rule = try Compiler().rule(call)
    let small = try #require(
      Self.taken(rule).filter { $0.count > 1 }.min { $0.count < $1.count },
      "\(call) takes none of the tensors")
    let walk = try ZooWalk(rule, [small], engine: .interpreter, horizon: 10_000)
    defer { walk.release() }
    try walk.steps(Self.longRun, .noisy)
    #expect(walk.broken == nil, "\(call)")
    #expect(walk.optimizer.stepCount == Self.longRun && walk.count >= small.count, "\(call)")
  }
}
