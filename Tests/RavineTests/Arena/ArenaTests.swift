import Basics
import Diagnostics
import Driver
import Foundation
import IR
import Platform
import Runtime
import Testing
import Training

@testable import Experiments

@Suite struct ArenaTests {
  /// Of an even number of seeds the mean of the two in the middle; infinite where half do not get there.
  @Test func medians() {
    func cost(_ steps: [Double]) -> Double {
      var cell = ArenaCell(rule: 0, task: 0)
      cell.runs = steps.enumerated().map { seed, steps in
        ArenaRun(
          seed: seed, steps: Int(steps.isFinite ? steps : 100), reached: steps.isFinite, last: 0)
      }
      return cell.cost
    }
    #expect(cost([30, 10]) == 20 && cost([40, 10, 20]) == 20 && cost([4, 1, 3, 2]) == 2.5)
    #expect(cost([10, .infinity]) == .infinity && cost([]) == .infinity)
  }

  // MARK: Arenas of a few cells

  static func rule(_ text: String) throws -> ArenaRule {
    ArenaRule(try Compiler().rule(text, allowsMissing: true))
  }

  static func tasks(_ names: [String], _ text: String = "") throws -> [TrainingTask] {
    let compiler = Compiler()
    let found = compiler.add(name: "tasks.opt", bytes: Array(text.utf8))
    #expect(found.filter { $0.severity == .error }.isEmpty)
    let script = Script(compiler, options: .init(), output: { _ in })
    return try names.map { try script.task(named: $0) }
  }

  /// Short enough to be run again and again.
  static let text = """
    objective bowl2(x: vector(2) = [3, 1]) = x[0]^2 + 0.2 * x[1]^2
    task near = minimize bowl2 for 40 steps until loss < 1e-2
    task far = minimize bowl2 for 4 steps until loss < 1e-9
    """

  static func small(_ rules: [String] = ["SGD", "HeavyBall", "Adam"]) throws -> Arena {
    var settings = Arena.Settings()
    settings.trials = 6
    settings.seeds = 2
    return try Arena(try rules.map(rule), try tasks(["near", "far"], text), settings)
  }

  @Test func targetsThatTellNothingOfTheRules() throws {
    let text = """
      objective f(x: vector(2) = [3, 1]) = x[0]^2 + x[1]^2
      task near = minimize f for 40 steps until loss < 1e-2
      task never = minimize f for 10 steps until loss < -1
      task there = minimize f for 10 steps until loss < 100
      """
    var settings = Arena.Settings()
    settings.trials = 4
    settings.seeds = 2
    let tasks = try Self.tasks(["near", "never", "there"], text)
    let result = try Arena([Self.rule("SGD"), Self.rule("Adam")], tasks, settings).run()
    #expect(result.warnings.map(\.code.number) == [231, 231])
    #expect(result.warnings[0].message.contains("no rule came to `loss < -1`, in 12 runs"))
    #expect(result.warnings[1].message.contains("`until loss < 100` holds at the start"))
  }

  // MARK: What is measured

  @Test func everyRuleHasTheSameBudget() throws {
    let result = try Self.small().run()
    for row in result.cells {
      for cell in row.compactMap({ $0 }) {
        #expect(cell.problem == nil)
        // Descent has a rate alone, and nothing left to try between narrow gaps.
        #expect((5...6).contains(cell.trials.count))
        #expect(cell.runs.map(\.seed) == [1, 2])
        #expect(cell.trials.prefix(4).map { $0.values[0] } == [0.01, 0.1, 1e-3, 1])
        let least = try #require(cell.trials.map(\.cost).min())
        #expect(cell.best == cell.trials.first { $0.cost == least }?.values)
      }
    }
    // 40 steps to 1e-2 are enough at the best rate, four to 1e-9 are not.
    #expect(result.cells.allSatisfy { $0[0]?.isSolved == true && $0[1]?.isSolved == false })
    #expect(result.rows.allSatisfy { $0.solved == 1 })
    #expect(result.profile.ratios[0].map(\.isFinite) == [true, false])
  }

  /// What another trial has reached in fewer steps is given up, and that changes nothing of what is found.
  @Test func givingUpIsFair() throws {
    let cell = try #require(try Self.small(["Adam"]).run().cells[0][0])
    let best = try #require(cell.trials.map(\.cost).min())
    for trial in cell.trials.dropFirst(4) {
      #expect(
        trial.reached
          ? trial.cost <= cell.trials.prefix(4).map(\.cost).min()! : trial.cost == .infinity)
    }
    // Run on its own, to the end, the setting takes as long.
    let task = try Self.tasks(["near"], Self.text)[0]
    let values = try #require(cell.best)
    var rule = try Compiler().rule("Adam")
    for (name, value) in zip(cell.knobs, values) { rule = try rule.setting(name, to: value) }
    let trainer = Trainer(
      objective: task.objective, engine: .interpreter, elementType: .float64)
    let run = try #require(try trainer.walks([rule], task.settings).first?.runs.first)
    #expect(run.reachedTarget && Double(run.steps) / Double(task.steps) == best)
  }

  @Test func aRuleThatCannotRunSaysWhy() throws {
    let rules = [
      try Self.rule("SGD"), try Self.rule("FrugalGiven"),
      ArenaRule(named: "LookAheadTwice", Compiler()),
    ]
    let result = try Arena(rules, Self.tasks(["near"], Self.text)).run()
    #expect(result.rows.map { result.rules[$0.rule] } == ["SGD"])
    #expect(result.problems.count == 2)
    #expect(result.problems.allSatisfy { $0.reason.hasPrefix("R0") && $0.tasks == 1 })
    #expect(result.text.contains("FrugalGiven does not run: R0825"))
  }

  /// What would take days is told from the plan, before it begins.
  @Test func aRuleWhoseStepsTakeTooMuchSaysWhy() throws {
    let text = """
      rule Whole(lr = 0.1) {
          L = outer(g, g)
          w' = w - lr * reshape(inv_root(L, 4) @ flatten(g), w)
      }
      objective wide(x: vector(1500) = 1) = sum(x^2)
      objective narrow(x: vector(3) = 1) = sum(x^2)
      task broad = minimize wide for 400 steps until loss < 1e-3
      task slim = minimize narrow for 400 steps until loss < 1e-3
      """
    let compiler = Compiler()
    #expect(compiler.add(name: "heavy.opt", bytes: Array(text.utf8)).isEmpty)
    let script = Script(compiler, options: .init(), output: { _ in })
    let tasks = try ["broad", "slim"].map { try script.task(named: $0) }
    let rules = [ArenaRule(named: "Whole", compiler), ArenaRule(named: "SGD", compiler)]
    var settings = Arena.Settings()
    settings.trials = 2
    let cells = try Arena(rules, tasks, settings).run().cells
    let problem = try #require(cells[0][0]?.problem)
    // 20 n³ for the eigenvalues, 400 times.
    #expect(
      problem.hasPrefix("a run takes too much: 2.7") && problem.hasSuffix("gives 2e10"),
      "\(problem)")
    #expect(cells[0][1]?.problem == nil && cells[1].allSatisfy { $0?.problem == nil })
  }

  /// What a loop takes is what its turns take, and a solve of n equations n³ / 3 multiplications and additions.
  @Test func workIsCountedByTurnsAndEquations() throws {
    let text = """
      rule Turning(lr = 0.1, n = 100 in [1, inf)) {
          x = g
          repeat n { x' = x * 0.5 + w }
          w' = w - lr * x
      }
      rule Solving(lr = 0.1, n = 100 in [1, inf)) {
          H = eye(n) + outer(flatten(g)[:n], flatten(g)[:n])
          w' = w - lr * sum(solve(H, flatten(w)[:n]))
      }
      """
    let compiler = Compiler()
    #expect(compiler.add(name: "work.opt", bytes: Array(text.utf8)).map(\.message) == [])
    func work(_ call: String) throws -> Double {
      try BoundRule(
        compiler.rule(call), parameters: [ParameterSpec(name: "w", dims: [1000])]
      ).work
    }
    let turns = try [500, 1000, 1500].map { try work("Turning(n = \($0))") }
    #expect(turns[1] - turns[0] == turns[2] - turns[1] && turns[1] > 1.9 * turns[0])
    let solves = try [400, 800].map { try work("Solving(n = \($0))") }
    #expect((0.95...1.3).contains(solves[0] / (pow(400, 3) / 6)), "\(solves)")
    #expect((0.95...1.2).contains(solves[1] / (pow(800, 3) / 6)), "\(solves)")
  }

  @Test func withOneSettingForAll() throws {
    // At the rate that one task needs the other runs away.
    let text = """
      objective flat(x: vector(1) = [3]) = 0.01 * x[0]^2
      objective steep(x: vector(1) = [3]) = 100 * x[0]^2
      task a = minimize flat for 300 steps until loss < 1e-3
      task b = minimize steep for 300 steps until loss < 1e-3
      task c = minimize steep for 200 steps until loss < 1e-3
      """
    var settings = Arena.Settings()
    settings.trials = 4
    settings.seeds = 1
    let result = try Arena([Self.rule("SGD")], Self.tasks(["a", "b", "c"], text), settings).run()
    let row = try #require(result.rows.first)
    #expect(row.solved == 3 && row.solvedWithOne == 2 && row.one == "lr = 0.001")
  }

  @Test func mistakesHaveCodes() throws {
    let rules = [try Self.rule("SGD")]
    let tasks = try Self.tasks(["near"], Self.text)
    func code(_ body: () throws(DiagnosticError) -> Void) -> Int? {
      do throws(DiagnosticError) { try body() } catch {
        return error.diagnostics.first?.code.number
      }
      return nil
    }
    for change in [
      { (s: inout Arena.Settings) in s.trials = 0 }, { $0.seeds = 0 }, { $0.seeds = -1 },
    ] as [(inout Arena.Settings) -> Void] {
      var settings = Arena.Settings()
      change(&settings)
      #expect(code { () throws(DiagnosticError) in _ = try Arena(rules, tasks, settings) } == 233)
    }
    #expect(code { () throws(DiagnosticError) in _ = try Arena([], tasks) } == 233)
    #expect(code { () throws(DiagnosticError) in _ = try Arena(rules, []) } == 233)
    var endless = tasks
    endless[0].settings.target = nil
    #expect(code { () throws(DiagnosticError) in _ = try Arena(rules, endless) } == 232)
  }

  // MARK: Workers

  @Test func theResultIsTheSameForAnyNumberOfWorkers() throws {
    let tasks = try Self.tasks(["saddle_easy", "flat_floor_easy", "logistic_easy"])
    let rules = try ["SGD", "Adam", "Lion", "Muon", "Shampoo"].map(Self.rule)
    // As text: what is no number is equal to none.
    var results: [String] = []
    for workers in [1, 2, 5] {
      var settings = Arena.Settings()
      settings.trials = 5
      settings.seeds = 2
      var arena = try Arena(rules, tasks, settings)
      arena.workers = workers
      results.append(try arena.run().json.line)
    }
    #expect(try JSONReader.parse(Array(results[0].utf8))["cells"]?.items?.count == 15)
    #expect(results[1] == results[0] && results[2] == results[0])
  }

  @Test func anInterruptLeavesWhatIsDone() throws {
    let count = Counter()
    var arena = try Self.small()
    arena.interrupt = InterruptSource(isRequested: { count.next() > 300 }, clear: {})
    let result = try arena.run()
    #expect(result.wasInterrupted && !result.unfinished.isEmpty)
    #expect(result.text.contains("not finished: "))
    let whole = try Self.small().run()
    var compared = 0
    for (row, other) in zip(result.cells, whole.cells) {
      for (cell, other) in zip(row, other) where cell != nil {
        #expect(cell?.json.line == other?.json.line)
        compared += 1
      }
    }
    #expect((1...5).contains(compared))
  }

  private final class Counter: @unchecked Sendable {
    private var count = 0
    func next() -> Int {
      count += 1
      return count
    }
  }

  // MARK: Reports

  @Test(arguments: [
    ["SGD", "Accumulate(HeavyBall)"],
    ["SGD", "Accumulate(HeavyBall)", "ScheduleFreeAdamW", "NAdamOptax"],
    ["SGD", "Accumulate(HeavyBall)", "Lion", "AdamW(lr = 0.01, β1 = 0.8)", "RMSProp"],
  ])
  func tablesFitATerminal(_ rules: [String]) throws {
    try fits(rules, ["noisy_rotated_bowl", "multiplied_noise", "bowl"])
    let levels = try fits(
      rules, ["noisy_rotated_bowl_easy", "noisy_rotated_bowl", "noisy_rotated_bowl_hard"])
    #expect(levels.contains("  easy/mid/hard  "))
  }

  @discardableResult
  private func fits(_ rules: [String], _ names: [String]) throws -> String {
    var settings = Arena.Settings()
    settings.trials = 2
    settings.seeds = 2
    let result = try Arena(rules.map(Self.rule), Self.tasks(names), settings).run()
    #expect(result.rows.count == rules.count)
    for line in result.text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    for name in names { #expect(result.text.contains("\n\(name) ")) }
    #expect(result.text.contains("loss < ") == (rules.count == 2))
    return result.text
  }

  /// The largest numbers have a curve: their span is larger than any number.
  @Test func thePageHasRoomForAnyLoss() throws {
    let text = """
      objective huge(x: vector(1) = [0.5]) = 1.5e308 * cos(x[0])
      task t = minimize huge for 40 steps until loss < -1.7e308
      """
    let result = try Arena([Self.rule("SignSGD")], Self.tasks(["t"], text)).run()
    let curve = try #require(result.cells[0][0]?.curve)
    let finite = curve.values.filter(\.isFinite)
    #expect(finite.max()! - finite.min()! == .infinity)
    #expect(!result.page.contains("/*DATA*/null"))
  }

  @Test func thePageHoldsEverything() throws {
    let result = try Self.small().run()
    let page = result.page
    #expect(!page.contains("/*DATA*/null"))
    for word in ["http://", "https://", "src=", "@import", "url("] {
      #expect(!page.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "").contains(word))
    }
    let start = try #require(page.range(of: "const data = "))
    let end = try #require(page.range(of: ";\n", range: start.upperBound..<page.endIndex))
    let json = try JSONReader.parse(Array(page[start.upperBound..<end.lowerBound].utf8))
    #expect(json["rules"]?.items?.count == 3 && json["cells"]?.items?.count == 3)
    #expect(json["rules"]?.items?.first?["name"]?.text == result.rules[result.rows[0].rule])
  }
}
