import Diagnostics
import Driver
import IR
import Testing
import Training

@testable import Experiments

/// Rates against batches.
@Suite struct BatchAxisTests {
  private func tuned(
    _ batches: [Int], _ rules: [String] = ["SGD"]
  ) throws -> (Tuner.Result, TrainingTask, Compiler) {
    let compiler = Compiler()
    let text = """
      objective logit(; x, y) {
          param a: vector(features) = normal()
          loss = binary_cross_entropy(x @ a, y)
      }
      task t = train logit on cells for 30 steps batch 7 until test_loss < 1e-6
      """
    let found = compiler.add(name: "t.opt", bytes: Array((text + "\n").utf8))
    #expect(found.filter { $0.severity == .error }.map(\.message) == [])
    let script = Script(compiler, options: .init(), output: { _ in })
    let task = try script.task(named: "t")
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.trials = 6
    settings.seeds = 2
    settings.batches = batches
    let given = try rules.map { try compiler.rule($0) }
    return (try Tuner(task, settings).run(given), task, compiler)
  }

  @Test func everyBatchHasASearchOfItsOwn() throws {
    let (result, task, compiler) = try tuned([4, 32], ["SGD", "Adam"])
    #expect(result.rows.count == 4)
    #expect(Set(result.rows.map { "\($0.written) \($0.batch ?? 0)" }).count == 4)
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32)
    for row in result.rows {
      #expect(row.trials.count == 6)
      var wanted = task.settings
      wanted.batch = row.batch
      wanted.seeds = [0]
      wanted.target = nil
      let rule = try compiler.rule(row.written).setting("lr", to: row.trials[3].values[0])
      let run = try trainer.train([rule], wanted, title: "").rules[0].runs[0]
      #expect(run.last("loss") == row.trials[3].score)
    }
    let text = result.text
    #expect(text.contains("6 trials of 30 steps for each rule and batch"))
    #expect(
      text.contains("Adam: each trial") && text.contains("batch 4") && text.contains("batch 32"))
  }

  /// Where a task counts epochs, a run on small batches has more steps, and the share of them is what it is ranked by.
  @Test func whoGetsThereIsRankedByTheShareOfItsOwnSteps() throws {
    let compiler = Compiler()
    let text = """
      objective logit(; x, y) {
          param a: vector(features) = normal()
          loss = binary_cross_entropy(x @ a, y)
      }
      task t = train logit on cells for 4 epochs batch 64 until loss < 0.6
      """
    _ = compiler.add(name: "t.opt", bytes: Array((text + "\n").utf8))
    let task = try Script(compiler, options: .init(), output: { _ in }).task(named: "t")
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.trials = 6
    settings.seeds = 1
    settings.series = nil
    settings.batches = [4, 64]
    let result = try Tuner(task, settings).run([compiler.rule("Adam")])
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32)
    var compared = 0
    for row in result.rows {
      for trial in row.trials where trial.score <= 1 {
        var wanted = task.settings
        wanted.batch = row.batch
        let rule = try compiler.rule("Adam").setting("lr", to: trial.values[0])
        let history = try trainer.train([rule], wanted, title: "")
        let run = history.rules[0].runs[0]
        #expect(run.reachedTarget)
        #expect(trial.score == Double(run.steps) / Double(history.planned))
        compared += 1
      }
    }
    #expect(compared >= 4)
    #expect(task.steps(batch: 4) > 10 * task.steps)
  }

  @Test func withoutBatchesNothingChanges() throws {
    let (result, _, _) = try tuned([])
    #expect(result.rows.count == 1 && result.rows[0].batch == nil)
    #expect(!result.text.contains("each trial"))
  }

  @Test func sizesAreRead() {
    #expect(SearchRange("batch = 16, 64")?.batches == [16, 64])
    #expect(SearchRange("batch = 16..100")?.batches == [16, 32, 64])
    for text in ["batch = 0, 4", "batch = 1.5, 2", "batch = -4", "batch = 2, 2", "batch = 0.5..8"] {
      #expect(SearchRange(text)?.batches == nil, "\(text)")
    }
  }

  @Test func whereThereAreNoneIsTold() throws {
    let compiler = Compiler()
    let text = "objective f(x: scalar = 1) = x^2\nminimize f with SGD for 3 steps\n"
    _ = compiler.add(name: "t.opt", bytes: Array(text.utf8))
    let script = Script(compiler, options: .init(), output: { _ in })
    let (task, rules) = try #require(try script.firstTask())
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.batches = [2]
    #expect {
      try Tuner(task, settings).run(rules)
    } throws: {
      ($0 as? DiagnosticError)?.diagnostics.map(\.code) == [.noBatches]
    }
  }
}
