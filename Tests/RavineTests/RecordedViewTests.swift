import Driver
import Experiments
import Foundation
import IR
import Native
import Runtime
import Testing

/// The views of rules against the weights that packages evaluate or take gradients at (Tests/Golden):
/// `views` of a record, and the predicted weights of XGrad's authors.
@Suite struct RecordedViewTests {
  struct Recorded: Sendable, CustomStringConvertible {
    var rule: String
    var trajectory: Trajectory
    var view: String
    /// One array a step, from the first on; the last may be missing.
    var values: [[Double]]
    var description: String { "\(view) of \(rule)" }
  }

  static let cases: [Recorded] = GoldenTests.cases.flatMap { file, rule, _ -> [Recorded] in
    let url = GoldenTests.folder.appendingPathComponent(file + ".json")
    guard let bytes = try? Data(contentsOf: url),
      let trajectory = try? Trajectory(bytes: Array(bytes), path: file)
    else { return [] }
    var found: [Recorded] = []
    if case .eachStep(let steps)? = trajectory.inputs["predicted_parameters_before_each_step"] {
      found.append(
        Recorded(
          rule: rule, trajectory: trajectory, view: "train",
          values: steps.dropFirst().compactMap { $0 }))
    }
    let json = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]
    for (view, steps) in json?["views"] as? [String: [Any]] ?? [:] {
      found.append(
        Recorded(rule: rule, trajectory: trajectory, view: view, values: steps.map(flat)))
    }
    return found
  }

  private static func flat(_ value: Any) -> [Double] {
    (value as? [Any])?.flatMap(flat) ?? [(value as? Double) ?? .nan]
  }

  /// The eight rules of the zoo with views, `Predicting` and `ScheduleFreeAdamW` twice.
  @Test func everyRuleWithViewsIsRecorded() {
    let rules = Set(Self.cases.map { String($0.rule.prefix { $0 != "(" }) })
    #expect(
      rules == [
        "ASGD", "Averaging", "Predicting", "ScheduleFree", "ScheduleFreeAdamW", "ScheduleFreeSGD",
        "XGradAdam", "XGradSGDM",
      ])
    #expect(Self.cases.count == 10)
  }

  @Test(arguments: cases, [EngineKind.reference, .interpreter, .native])
  func viewsAreThoseOfThePackages(_ recorded: Recorded, _ engine: EngineKind) throws {
    let trajectory = recorded.trajectory
    let optimizer = try Optimizer(
      try Compiler().rule(recorded.rule),
      parameters: [ParameterSpec(name: "w", dims: trajectory.dims)], engine: engine,
      elementType: .float64, horizon: trajectory.steps,
      compiler: engine == .native ? NativeCompiler() : nil)
    #expect(optimizer.viewNames == [recorded.view])
    let tolerance = try #require(trajectory.tolerance)
    var w = trajectory.start
    var compared = 0
    try w.withUnsafeMutableBytes { w in
      for step in 0..<trajectory.steps {
        try trajectory.gradients[step].withUnsafeBytes { g in
          optimizer.bind(parameters: [w.baseAddress!], gradients: [g.baseAddress!])
          if step == 0 { try optimizer.initialise() }
          try optimizer.step()
        }
        guard step < recorded.values.count else { continue }
        let found = optimizer.view(recorded.view, of: 0)
        #expect(found.count == recorded.values[step].count)
        for (x, y) in zip(found, recorded.values[step]) {
          #expect(tolerance.accepts(x, y), "step \(step + 1): \(x), not \(y)")
          compared += 1
        }
      }
    }
    #expect(compared >= (trajectory.steps - 1) * trajectory.count)
  }
}
