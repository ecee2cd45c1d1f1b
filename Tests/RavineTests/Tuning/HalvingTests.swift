import Diagnostics
import Driver
import IR
import Runtime
import Testing
import Training

@testable import Experiments

/// More than two hyperparameters together, those of the objective and the batch among them.
@Suite(.serialized) struct HalvingTests {
  // MARK: Points

  /// Of the first bᵏ points one lies in each of the bᵏ equal parts of a side of base b.
  @Test(arguments: [0, 1, 77] as [UInt64])
  func pointsFillEachSideEvenly(_ seed: UInt64) {
    let points = ScrambledPoints(sides: 4, seed: seed)
    for (side, count) in [(0, 64), (1, 81), (2, 125), (3, 49)] {
      let parts = (0..<count).map { Int(points[$0][side] * Double(count)) }
      #expect(Set(parts) == Set(0..<count))
    }
    let all = (0..<500).map { points[$0] }
    #expect(all.allSatisfy { $0.allSatisfy { (0..<1).contains($0) } })
    #expect(all.map { $0[2] } != (0..<500).map { ScrambledPoints(sides: 4, seed: seed + 1)[$0][2] })
    // Two sides together are filled as well: each of 36 parts has some of 360 points, none has many.
    var counts = [Int: Int]()
    for point in all.prefix(360) {
      counts[Int(point[0] * 6) * 6 + Int(point[1] * 6), default: 0] += 1
    }
    #expect(counts.count == 36 && counts.values.allSatisfy { (5...15).contains($0) })
  }

  @Test(
    arguments: [
      (12, 300, true, [[36, 9], [12, 3], [4, 1]]), (12, 60, true, [[18, 3], [6, 1]]),
      (12, 20, true, [[12, 1]]), (12, 300, false, [[12, 1]]), (1, 300, true, [[1, 1]]),
      (2, 300, true, [[3, 3], [1, 1]]),
    ] as [(Int, Int, Bool, [[Int]])])
  func aBudgetIsPartedEvenly(_ runs: Int, _ steps: Int, _ isCut: Bool, _ rungs: [[Int]]) {
    let found = Halving(runs: runs, steps: steps, isCut: isCut).rungs
    #expect(found.map { [$0.points, $0.part] } == rungs)
    #expect(found.reduce(0.0) { $0 + Double($1.points) / Double($1.part) } <= Double(runs))
  }

  @Test func theBestGoOnAndWhatFailedDoesNot() {
    #expect(Halving.best(2, of: [3, .infinity, 1, 2, 1]) == [2, 4])
    #expect(Halving.best(3, of: [.infinity, 5]) == [1])
    #expect(Halving.best(1, of: [2, 2, 2]) == [0])
  }

  @Test func endsOfRanges() throws {
    let powers = try #require(SearchRange("lr = 1e-4..1"))
    #expect([1e-4, 1.4e-4, 1e-3, 0.6, 0.7, 1].map(powers.end(of:)) == [-1, -1, 0, 0, 1, 1])
    let listed = try #require(SearchRange("λ = 0.1, 0, 1"))
    #expect([0, 0.1, 1].map(listed.end(of:)) == [-1, 0, 1])
    #expect(try #require(SearchRange("λ = 2")).end(of: 2) == 0)
    #expect(
      powers.value(at: 0.5, isWhole: false) == 0.01 && powers.value(at: 0, isWhole: false) == 1e-4)
    #expect(try #require(SearchRange("n = 1..9")).value(at: 0.5, isWhole: true) == 3)
    #expect([0, 0.34, 0.99].map { listed.value(at: $0, isWhole: false) } == [0.1, 0, 1])
  }

  // MARK: Searches

  private static let text = """
    objective net(hidden = 4; x, y) {
        param W: matrix(features, hidden) = normal() / 3
        param V: matrix(hidden, 1) = normal() / 3
        loss = binary_cross_entropy(sigmoid(tanh(x @ W) @ V), y)
    }
    task t = train net(hidden = 3) on cells for 60 steps batch 16 until test_loss < 1e-9

    """

  private static func tuned(
    _ ranges: [String], rule: String = "AdamW", _ change: (inout Tuner) -> Void = { _ in }
  ) throws -> Tuner.Result {
    let compiler = Compiler()
    let found = compiler.add(name: "t.opt", bytes: Array(text.utf8))
    try #require(found.filter { $0.severity == .error }.map(\.message) == [])
    let task = try Script(compiler, options: .init(), output: { _ in }).task(named: "t")
    let all = try ranges.map { try #require(SearchRange($0)) }
    var settings = Tuner.Settings(ranges: all.filter { $0.name != "batch" })
    settings.batches = all.first { $0.name == "batch" }?.batches ?? []
    settings.take(series: "test_loss")
    settings.trials = 6
    settings.seeds = 2
    var tuner = Tuner(task, settings)
    tuner.compiler = compiler
    change(&tuner)
    return try tuner.run([compiler.rule(rule)])
  }

  @Test func ruleObjectiveAndBatchAreSearchedTogether() throws {
    let ranges = ["lr = 1e-4..1", "λ = 1e-4..1", "hidden = 2..40", "batch = 8, 32"]
    let result = try Self.tuned(ranges)
    #expect(result.rungs.map { [$0.points, $0.part] } == [[9, 3], [3, 1]])
    let row = result.rows[0]
    #expect(row.trials.count == 12 && row.problem == nil && row.best.count == 4)
    let (short, whole) = (row.trials.prefix(9), row.trials.suffix(3))
    #expect(short.allSatisfy { $0.part == 3 } && whole.allSatisfy { $0.part == 1 })
    for trial in row.trials {
      #expect(trial.values[2] == trial.values[2].rounded() && (2...40).contains(trial.values[2]))
      #expect([8, 32].contains(trial.values[3]))
    }
    #expect(Set(short.map { $0.values[2] }).count > 4 && Set(short.map { $0.values[3] }).count == 2)
    // Who goes on was among the best.
    let costs = short.map(\.cost).sorted()
    for trial in whole {
      let before = try #require(short.first { $0.values == trial.values })
      #expect(before.cost <= costs[2])
    }
    #expect(row.best == whole.min { $0.cost < $1.cost }?.values)
    #expect(result.text.contains("9 points on 1/3 and 3 on the whole of 60 steps for each rule"))
    // A run at these values by itself comes to the same.
    let compiler = Compiler()
    _ = compiler.add(name: "t.opt", bytes: Array(Self.text.utf8))
    var task = try Script(compiler, options: .init(), output: { _ in }).task(named: "t")
    task.objective = try compiler.objective("net(hidden = \(Int(row.best[2])))")
    task.settings.target = nil
    task.settings.batch = Int(row.best[3])
    task.settings.seeds = [1, 2]
    let rule = try compiler.rule("AdamW").setting("lr", to: row.best[0]).setting(
      "λ", to: row.best[1])
    let runs = try Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32
    ).train([rule], task.settings, title: "").rules[0].runs
    #expect(row.values["test_loss"] == runs.map { $0.last("test_loss") })
    // Another run gives the same.
    let again = try Self.tuned(ranges)
    #expect(again.json.rendered() == result.json.rendered())
  }

  /// One alone, or two, are gone through by the grid, be they of the objective.
  @Test func oneOfTheObjectiveIsSearchedByTheGrid() throws {
    let result = try Self.tuned(["hidden = 2, 5, 9"])
    #expect(result.rungs.isEmpty && Set(result.rows[0].trials.map(\.values)) == [[2], [5], [9]])
    let named = try Self.tuned(["net.hidden = 2, 5, 9"])
    #expect(named.rows[0].trials.map(\.score) == result.rows[0].trials.map(\.score))
    #expect(Set(result.rows[0].trials.map(\.score)).count == 3)
  }

  @Test func theBestAtAnEdgeIsTold() throws {
    let result = try Self.tuned(["lr = 1e-4, 1e-2", "λ = 0, 0.1", "hidden = 4, 5"])
    let edge = try #require(result.rows[0].edges.first { $0.range.name == "lr" })
    #expect(edge.isHigh && edge.tried >= 1)
    #expect(
      result.text.contains(
        "AdamW: the best lr is at the upper end of its range, where \(edge.tried) value"))
    let grid = try Self.tuned(["lr = 1e-4..1e-3"])
    #expect(grid.rows[0].edges.map(\.isHigh) == [true])
    #expect(try Self.tuned(["lr = 1e-5..100"]).rows[0].edges.isEmpty)
  }

  @Test func aNameOfNobodyIsTold() throws {
    #expect(
      RunSavingTests.codes { _ = try Self.tuned(["lr = 1..2", "λ = 0, 1", "hiden = 3, 4"]) }
        == [.unknownHyper])
    #expect(
      RunSavingTests.codes { _ = try Self.tuned(["lr = 1..2", "λ = 0, 1", "β1 = 3, 4"]) }
        == [.outsideDomain])
  }
}
