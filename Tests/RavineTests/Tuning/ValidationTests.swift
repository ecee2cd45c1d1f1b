import Diagnostics
import Driver
import Foundation
import IR
import Testing
import Training

@testable import Experiments

/// Rows kept for choosing.
@Suite final class ValidationTests {
  private static func source(_ data: String, _ more: String) -> String {
    """
    data d = csv("d.csv", target = "y", \(data), seed = 3)
    objective line(; x, y) {
        param a: vector(features) = 0
        loss = mean((x @ a - y)^2)
        metric error = mean(abs(x @ a - y))
        metric accuracy = mean(abs(x @ a - y) < 0.5)
    }
    \(more)
    """
  }

  private let folder: String

  init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-validation-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var csv = "u,v,y\n"
    for i in 0..<40 {
      let (u, v) = (Double(i % 7) - 3, Double(i * i % 11) - 5)
      csv += "\(u),\(v),\(0.5 * u - 0.2 * v + Double(i * 37 % 13) / 6 - 1)\n"
    }
    try csv.write(toFile: folder + "/d.csv", atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func script(_ text: String) throws -> Script {
    let compiler = Compiler()
    let found = compiler.add(name: "task.opt", bytes: Array(text.utf8))
    #expect(found.filter { $0.severity == .error }.isEmpty)
    var options = Script.Options()
    options.folder = folder
    options.elementType = .float64
    return Script(compiler, options: options, output: { _ in })
  }

  /// The loss, error and accuracy of these weights on a part, in plain loops.
  private func measured(_ a: [Double], _ part: Dataset) -> [String: Double] {
    let residuals = (0..<part.rows).map { row in
      zip(part.row(row), a).reduce(-part.targets[row]) { $0 + $1.0 * $1.1 }
    }
    let n = Double(part.rows)
    return [
      "loss": residuals.reduce(0) { $0 + $1 * $1 } / n,
      "error": residuals.reduce(0) { $0 + abs($1) } / n,
      "accuracy": Double(residuals.count { abs($0) < 0.5 }) / n,
    ]
  }

  @Test func trainingRecordsWhatTheRowsGive() throws {
    let script = try script(
      Self.source(
        "test = 0.2, validate = 0.3", "train line on d with SGD(lr = 0.01) for 7 epochs batch 8"))
    try script.run()
    let experiment = try #require(script.experiments.first)
    #expect(
      experiment.series == [
        "loss", "error", "accuracy", "test_loss", "validation_error", "validation_accuracy",
        "validation_loss",
      ])
    let task = try #require(try script.firstTask()).task
    let data = try #require(task.data)
    let validation = try #require(data.validation)
    let rows: [Int] = [data.train.rows, data.test.rows, validation.rows]
    #expect(rows == [20, 8, 12])
    let run = experiment.rules[0].runs[0]
    let onTest = measured(run.parameters[0], data.test)
    let onValidation = measured(run.parameters[0], validation)
    for (series, expected) in [
      ("test_loss", onTest["loss"]!), ("error", onTest["error"]!),
      ("accuracy", onTest["accuracy"]!),
      ("validation_loss", onValidation["loss"]!), ("validation_error", onValidation["error"]!),
      ("validation_accuracy", onValidation["accuracy"]!),
    ] {
      let got = try #require(run.last(series))
      #expect(abs(got - expected) <= 1e-12, "\(series)")
    }
    #expect(onTest["loss"]! != onValidation["loss"]!)
  }

  @Test(arguments: [
    ("test_loss", "validation_loss"), ("error", "validation_error"),
    ("accuracy", "validation_accuracy"), ("validation_loss", nil), ("loss", nil),
  ])
  func choosingLooksAtValidationRowsAlone(_ by: String, _ chosenBy: String?) throws {
    let script = try script(
      Self.source(
        "test = 0.2, validate = 0.3", "train line on d with SGD, Adam for 4 epochs batch 8"))
    let (task, rules) = try #require(try script.firstTask())
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.seeds = 2
    settings.take(series: by)
    let result = try Tuner(task, settings).run(rules)
    #expect(result.chosenBy == chosenBy)
    #expect(result.text.contains(chosenBy.map { ", chosen by \($0);" } ?? "by \(by);"))
    for row in result.rows {
      // What was chosen is the best of the trials by the rows for choosing, run again here.
      let trainer = Trainer(
        objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32)
      var scores: [(rate: Double, choosing: Double)] = []
      for trial in row.trials where trial.score.isFinite {
        let rule = try rules.first { $0.label == row.written }!.setting("lr", to: trial.values[0])
        var wanted = task.settings
        wanted.seeds = [0]
        let run = try trainer.train([rule], wanted, title: "").rules[0].runs[0]
        let last = try #require(run.last(chosenBy ?? by))
        #expect(last == trial.score)
        scores.append((trial.values[0], last))
      }
      #expect(scores.count > 3)
      let sorted = scores.sorted {
        by == "accuracy" ? $0.choosing > $1.choosing : $0.choosing < $1.choosing
      }
      #expect(scores.first { $0.rate == row.best[0] }?.choosing == sorted[0].choosing)
    }
    // The ranking is by what was asked for.
    let means = result.rows.map { MeanInterval($0.values[by] ?? []).mean }
    #expect(means == (by == "accuracy" ? means.sorted(by: >) : means.sorted()))
  }

  @Test func stepsToATargetAreCountedOnValidationRowsWhileChoosing() throws {
    let script = try script(
      Self.source(
        "test = 0.2, validate = 0.3",
        "task t = train line on d for 40 steps batch 8 until test_loss < 1"))
    let task = try script.task(named: "t")
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.series = nil
    settings.seeds = 2
    let rule = try script.compiler.rule("SGD")
    let result = try Tuner(task, settings).run([rule])
    #expect(result.chosenBy == "validation_loss")
    let row = try #require(result.rows.first)
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32)
    var wanted = task.settings
    wanted.seeds = [0]
    wanted.target?.series = "validation_loss"
    var reached = 0
    for trial in row.trials {
      let run = try trainer.train([rule.setting("lr", to: trial.values[0])], wanted, title: "")
        .rules[0].runs[0]
      guard run.reachedTarget else { continue }
      reached += 1
      #expect(trial.score == Double(run.steps) / 40)
    }
    #expect(reached > 1)
  }

  @Test(arguments: [
    ("validate = 0", 740), ("validate = 1", 740), ("validate = -0.1", 740),
    ("validate = 0.001", 741),
    ("test = 0.6, validate = 0.5", 741), ("test = 0.5, validate = 0.5", 741),
    ("test = 0.2, validate = [1, 2]", 405), ("test = 0.2, validte = 0.1", 204),
  ])
  func sharesThatCannotBe(_ arguments: String, _ code: Int) throws {
    let compiler = Compiler()
    let text = Self.source(arguments, "train line on d with SGD for 1 steps")
    var found = compiler.add(name: "task.opt", bytes: Array(text.utf8))
    if !found.contains(where: { $0.severity == .error }) {
      var options = Script.Options()
      options.folder = folder
      do throws(DiagnosticError) {
        try Script(compiler, options: options, output: { _ in }).run()
      } catch {
        found += error.diagnostics
      }
    }
    #expect(found.map(\.code.number) == [code])
  }

  @Test func aTargetOfValidationRowsNeedsThem() throws {
    let text = "train line on d with SGD for 1 steps until validation_loss < 1"
    try script(Self.source("test = 0.2, validate = 0.3", text)).run()
    let without = try script(Self.source("test = 0.2", text))
    #expect(throws: DiagnosticError.self) { try without.run() }
  }
}
