import Diagnostics
import Driver
import Foundation
import IR
import Testing

@testable import Experiments
@testable import Training

/// The largest eigenvalue of the Hessian, as a series.
@Suite struct SharpnessTests {
  private func script(_ text: String, folder: String? = nil) throws -> Script {
    let compiler = Compiler()
    let found = compiler.add(name: "s.opt", bytes: Array(text.utf8))
    #expect(found.filter { $0.severity == .error }.map(\.message) == [])
    var options = Script.Options()
    options.folder = folder
    return Script(compiler, options: options, output: { _ in })
  }

  private func experiment(_ text: String, folder: String? = nil) throws -> ExperimentHistory {
    let script = try script(text, folder: folder)
    try script.run()
    return try #require(script.experiments.first)
  }

  /// numpy.linalg.eigvalsh of the Hessian at the start; of an indefinite one the largest, not the largest in
  /// magnitude.
  @Test(arguments: [
    ("(x: vector(2) = [-1.2, 1]) = 100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2", 1506.36698065),
    ("(x: vector(3) = [1, 2, 3]) = 0.5 * x[0]^2 - 7 * x[1]^2 + 2 * x[2]^2", 4),
    ("(x: vector(2) = [1, 1]) = -3 * x[0]^2 - 5 * x[1]^2", -6),
    ("(x: vector(2) = [1, 1]) = x[0] + 2 * x[1]", 0), ("(x: scalar = 2) = x^4", 48),
    ("(x: vector(2) = [1, 2]) = 3 * x[0] * x[1]", 3),
    ("(x: vector(50) = 1) = 0.5 * sum((1 + iota(50)) * x^2)", 50),
    // All others are far larger in size.
    (
      "(x: vector(21) = 0.1) = sum((if iota(21) == 0 then 1e-4 else -(1 + iota(21) / 21)) * x^2) / 2",
      1e-4
    ),
    (
      "(x: vector(21) = 0.1) = sum((if iota(21) == 0 then 0 else -(1 + iota(21) / 21)) * x^2) / 2",
      0
    ),
    (
      "(x: vector(60) = 0.1) = sum((if iota(60) == 9 then 1e-3 else -(1 + iota(60) / 60)) * x^2) / 2",
      1e-3
    ),
    (
      "(x: vector(12) = 0.1) = sum((if iota(12) == 0 then 1e-6 else -(1 + iota(12) / 12)) * x^2) / 2",
      1e-6
    ),
  ])
  func itIsTheLargestEigenvalue(_ objective: String, _ expected: Double) throws {
    let found = try experiment(
      "objective f\(objective)\nminimize f with SGD(lr = 0) for 2 steps record sharpness\n")
    let values = try #require(found.rules[0].runs[0].values["sharpness"])
    #expect(values.count == found.rules[0].runs[0].x.count && values.count == 3)
    for value in values {
      #expect(abs(value - expected) <= max(1e-14, 1e-8 * abs(expected)), "\(value)")
    }
  }

  /// A model on data, whose Hessian numpy has made from its formula.
  @Test(arguments: [
    ("[0, 0, 0]", 2.157942609733275), ("[0.5, -0.3, 0.8]", 0.70198879008617),
    ("[2, -3, 1.5]", -0.01013306650761159),
  ])
  func itIsThatOfAllExamples(_ start: String, _ expected: Double) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-sharpness-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var csv = "u,v,w,y\n"
    for i in 0..<20 {
      let u = Double(i % 7 - 3) / 2
      let v = Double(i * i % 11 - 5) / 3
      let w = Double(i * 5 % 13) / 6 - 1
      csv += "\(u),\(v),\(w),\(Double(i * 37 % 13) / 6 - 1)\n"
    }
    try csv.write(toFile: folder + "/d.csv", atomically: true, encoding: .utf8)
    let found = try experiment(
      """
      data d = csv("d.csv", target = "y")
      objective model(; x, y) {
          param a: vector(features) = \(start)
          loss = mean((tanh(x @ a) - y)^2)
      }
      train model on d with SGD(lr = 0) for 2 epochs batch 8 record sharpness
      """, folder: folder)
    let values = try #require(found.rules[0].runs[0].values["sharpness"])
    #expect(values.count == 3)
    // The weights are float32, the products float64.
    for value in values { #expect(abs(value - expected) <= 2e-6) }
  }

  /// Gradient descent on ½ h w²: 2 / lr, and what heavy balls and decay make of it.
  @Test(arguments: [
    ("SGD(lr = 0.1)", 20), ("HeavyBall(lr = 0.1, μ = 0.5)", 30),
    ("HeavyBall(lr = 0.1, μ = 0.9)", 38), ("Nesterov(lr = 0.1, μ = 0.5)", 15),
  ])
  func theLimitOfLinearRulesStandsBeside(_ rule: String, _ expected: Double) throws {
    let found = try experiment(
      "objective f(x: vector(2) = [1, 1]) = x[0]^2 + 4 * x[1]^2\n"
        + "minimize f with \(rule), Adam for 6 steps record sharpness\n")
    #expect(found.series == ["loss", "sharpness", "stable_below"])
    let values = try #require(found.rules[0].runs[0].values["stable_below"])
    #expect(values.count == 7)
    for value in values { #expect(abs(value - expected) <= 1e-6 * expected) }
    #expect(found.rules[1].runs[0].values["stable_below"] == nil)
  }

  @Test func theLimitIsWhereWalksRunAway() throws {
    // Curvature 8: stable below lr = 0.25.
    let found = try experiment(
      "objective f(x: vector(2) = [1, 1]) = x[0]^2 + 4 * x[1]^2\n"
        + "minimize f with SGD(lr = 0.249), SGD(lr = 0.251) for 60 steps record sharpness\n")
    let ends = found.rules.map { $0.runs[0].last("loss")! / $0.runs[0].values["loss"]![0] }
    let limits = found.rules.map { $0.runs[0].last("stable_below")! }
    #expect(ends[0] < 1 && limits[0] > 8)
    #expect(ends[1] > 1 && limits[1] < 8)
  }

  /// Gradients of k steps before: gradient descent is stable below 2 sin(π / (2 (2 k + 1))) / lr.
  @Test(arguments: [1, 2, 8, 100]) func lateGradientsLowerTheLimit(_ delay: Int) throws {
    let found = try experiment(
      "objective f(x: scalar = 1) = x^2\nminimize f with SGD(lr = 0.1) for 2 steps delay \(delay) record sharpness\n"
    )
    let limit = try #require(found.rules[0].runs[0].last("stable_below"))
    let expected = 2 * sin(Double.pi / (2 * (2 * Double(delay) + 1))) / 0.1
    #expect(abs(limit - expected) < 1e-9 * expected, "\(limit), not \(expected)")
  }

  /// One step that is allowed and one that is not, of momentum with gradients of three steps before.
  @Test func aLateMomentumRunsAwayAboveItsLimit() throws {
    func walk(_ rate: Double) throws -> (limit: Double, loss: Double) {
      let found = try experiment(
        "objective f(x: scalar = 1) = x^2\nminimize f with HeavyBall(lr = \(rate), μ = 0.5) for 4000 steps delay 3 record sharpness\n"
      )
      let run = found.rules[0].runs[0]
      return (try #require(run.last("stable_below")), try #require(run.last("loss")))
    }
    let limit = try walk(0.01).limit * 0.01 / 2
    #expect(try walk(limit * 0.98).loss < 1e-6)
    let above = try walk(limit * 1.02).loss
    #expect(above > 1e3 || above.isNaN)
  }

  @Test func aScheduleMovesTheLimit() throws {
    let found = try experiment(
      "objective f(x: vector(2) = [1, 1]) = x[0]^2 + 4 * x[1]^2\n"
        + "minimize f with SGD(lr = 0.1 * t) for 4 steps record sharpness\n")
    let values = try #require(found.rules[0].runs[0].values["stable_below"])
    let expected = [1.0, 2, 3, 4, 4].map { 2 / (0.1 * $0) }
    #expect(zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-6 * $1 })
  }

  @Test func longWalksAreMeasuredAtSomePlaces() throws {
    let found = try experiment(
      "objective f(x: vector(2) = [1, 1]) = x[0]^4 + 4 * x[1]^2\n"
        + "minimize f with SGD(lr = 0.01) for 1000 steps record sharpness\n")
    let run = found.rules[0].runs[0]
    let values = try #require(run.values["sharpness"])
    #expect(values.count == run.x.count)
    #expect((200...202).contains(values.count { $0.isFinite }))
    #expect(!values[0].isNaN && !values.last!.isNaN)
    guard case .curves(let panel) = found.figure(["sharpness"]).panels[0] else {
      Issue.record("sharpness is drawn as curves")
      return
    }
    #expect(panel.series.map(\.name) == ["SGD(lr = 0.01)", "SGD(lr = 0.01): stable below"])
    #expect(panel.series[0].y.allSatisfy(\.isFinite) && panel.series[0].y.count >= 200)
  }

  /// What the largest of 2,000 even eigenvalues is cannot be told from products with a few vectors.
  @Test func aResidualThatStaysLargeIsNoValue() throws {
    let script = try script(
      "objective f(x: vector(2000) = 1) = 0.5 * sum((1 + iota(2000)) * x^2)\n"
        + "minimize f with SGD for 2 steps\n")
    let task = try #require(try script.firstTask()).task
    let sharpness = try Sharpness(
      Bindings(task.objective, nil, engine: .interpreter, elementType: .float64, compiler: nil),
      seed: 0, horizon: 1)
    let point = [[Double](repeating: 1, count: 2000)]
    sharpness.most = (vectors: 8, restarts: 2)
    #expect(try sharpness.measure(at: point, step: 0).isNaN)
    sharpness.most = (vectors: 200, restarts: 20)
    #expect(abs(try sharpness.measure(at: point, step: 0) - 2000) < 1e-3)
  }

  @Test func itIsNotMeasuredUnasked() throws {
    let found = try experiment(
      "objective f(x: vector(2) = [1, 1]) = x[0]^2\nminimize f with SGD(lr = 0.1) for 4 steps\n")
    #expect(found.series == ["loss"] && found.rules[0].runs[0].values["sharpness"] == nil)
  }

  @Test(arguments: [
    ("record loss", 223), ("record sharpnes", 223), ("record 3", 223), ("record", 120),
    ("record sharpness record sharpness", 216), ("until sharpness < 3", 223),
  ])
  func whatCannotBeRecorded(_ clause: String, _ expected: Int) throws {
    let compiler = Compiler()
    let text =
      "objective f(x: vector(2) = [1, 1]) = x[0]^2\nminimize f with SGD for 4 steps \(clause)\n"
    var found = compiler.add(name: "s.opt", bytes: Array(text.utf8))
    if !found.contains(where: { $0.severity == .error }) {
      found = Script(compiler, options: Script.Options(), output: { _ in }).problems()
    }
    #expect(found.map(\.code.number) == [expected])
  }
}
