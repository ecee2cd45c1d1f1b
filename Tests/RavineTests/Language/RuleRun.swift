import Diagnostics
import Driver
import Runtime

/// A rule on one tensor in float64, for tests.
struct RuleRun {
  var parameters: [Double]
  var states: [String: [Double]] = [:]

  /// The last rule of a text, after some steps with one gradient.
  init(
    _ text: String, name: String, dims: [Int], w: [Double], g: [Double], steps: Int = 2,
    engine: EngineKind
  ) throws {
    let compiler = Compiler()
    let found = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    if let error = found.first(where: { $0.severity == .error }) { throw DiagnosticError(error) }
    let optimizer = try Optimizer(
      compiler.rule(name), parameters: [ParameterSpec(name: "w", dims: dims)], engine: engine,
      elementType: .float64, horizon: steps)
    var values = w
    try values.withUnsafeMutableBytes { weights in
      try g.withUnsafeBytes { gradient in
        optimizer.bind(parameters: [weights.baseAddress!], gradients: [gradient.baseAddress!])
        try optimizer.initialise()
        for _ in 0..<steps { try optimizer.step() }
      }
    }
    parameters = values
    for name in optimizer.stateNames(of: 0) { states[name] = optimizer.state(name, of: 0) }
  }

  static let engines: [EngineKind] = [.reference, .interpreter]
}
