import Driver
import IR
import Runtime
import Testing

@testable import Training

/// Rules that would have a good score without a good network. Each once did in some search, or could.
@Suite struct CheatTests {
  @Test func weightsThatBreakAfterTheLastLoss() throws {
    let task = try SmallTask()
    let found = try task.evaluate("w' = if t == T then w * (1 / 0 - 1 / 0) else w - lr * g")
    #expect(found.end == .notFinite(.weights) && found.score == nil && found.loss.isNaN)
    #expect(found.steps == 25)
    let whole = try task.evaluate("w' = w - lr * g")
    #expect(whole.score != nil)
  }

  @Test func aStateThatOverflows() throws {
    let task = try SmallTask()
    for state in ["s", "s: scalar"] {
      let found = try task.evaluate(
        "state \(state) = 1\n s' = s * 1e30 * 1e30\n w' = w - lr * g + 0 * min(1, 1 / s')")
      #expect(found.end == .notFinite(.states), "\(state): \(found.end)")
      #expect(found.score == nil)
    }
    // One that begins infinite, as the least loss so far does, may stay so.
    let found = try task.evaluate("state best = inf\n best' = best + 0 * g\n w' = w - lr * g")
    #expect(found.score != nil)
  }

  @Test func aLossThatIsNoNumberOnTheWay() throws {
    let task = try SmallTask()
    // Weights that are none for one step, and come back.
    let found = try task.evaluate(
      """
      state kept = w
      kept' = if t == 5 then w else kept
      w' = if t == 5 then w / 0 else if t == 6 then kept else w - lr * g
      """)
    #expect(found.end == .notFinite(.loss) && found.steps == 5)
    #expect(found.score == nil)
  }

  @Test func aLossThatIsGoodBeforeTheEndOnly() throws {
    let task = try SmallTask()
    let whole = try task.evaluate("w' = w - lr * g")
    let found = try task.evaluate("w' = if t == T then -30 * w else w - lr * g")
    #expect(found.end == .done && found.trainingLoss == whole.trainingLoss)
    // The score is that of the weights at the end.
    #expect(try #require(found.score) > 2 * #require(whole.score))
  }

  @Test func noNumberNeverComesFirst() {
    func evaluation(_ loss: Double, _ end: Evaluation.End = .done) -> Evaluation {
      var result = Evaluation(end: end, steps: 10)
      result.loss = loss
      return result
    }
    let good = evaluation(0.5)
    let others = [
      evaluation(.nan), evaluation(-.infinity), evaluation(.infinity), evaluation(0.1, .diverged),
      evaluation(0.1, .hopeless), evaluation(0.1, .interrupted), evaluation(0.1, .failed),
      evaluation(0.1, .notFinite(.states)),
    ]
    for other in others {
      #expect(other.score == nil)
      for list in [[good, other], [other, good]] {
        #expect(
          Evaluation.best(list.map { [$0] })
            == list.firstIndex { $0.end == good.end && $0.loss == 0.5 })
        // One seed that failed is enough.
        #expect(Evaluation.score(list) == nil)
      }
    }
    #expect(Evaluation.best(others.map { [$0] }) == nil)
    #expect(Evaluation.best([[], [good]]) == 1)
    #expect(Evaluation.best([[good], [evaluation(0.4)], [evaluation(0.4)]]) == 1)
  }

  @Test func whatOneRuleLeavesNoOtherReads() throws {
    let task = try SmallTask()
    let evaluator = try task.evaluator()
    let leaves = try evaluator.prepare(
      task.rule(
        "Leaves",
        "rule Leaves(lr = 0.1) {\n state a = 7, b = 9\n a' = w\n b' = g\n w' = w - lr * g\n}"))
    let reads = try evaluator.prepare(
      task.rule(
        "Reads",
        "rule Reads(lr = 0.1) {\n state m, n: scalar\n m' = m + g\n n' = n + 1\n w' = w - lr * m' / n'\n}"
      ))
    #expect(leaves.isCompiled && reads.isCompiled)
    let alone = try task.evaluator().evaluate(reads, seed: 2)
    _ = try evaluator.evaluate(leaves, seed: 2)
    #expect(try evaluator.evaluate(reads, seed: 2) == alone)
    #expect(try evaluator.evaluate(reads, seed: 2) == alone)
  }

  /// What a compiled rule can read: its parameters, gradients and states, its hyperparameters, t, T and
  /// the loss. There is no operation that reads a row, a seed or the task.
  @Test func nothingOfTheTaskIsInReach() throws {
    var names: Set<Operation> = []
    for operation in Operation.allCases where operation.isSource { names.insert(operation) }
    #expect(
      names == [
        .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
        .extent, .argument, .draw, .iota, .identity,
      ])
    let task = try SmallTask()
    let evaluator = try task.evaluator()
    // Draws are made of the seed: of the run that is measured, and never those of the objective.
    let draws = try task.rule("Draws", "rule Draws(lr = 0.1) {\n w' = w - lr * g * normal()\n}")
    #expect(!evaluator.prepare(draws).isCompiled)
    // Inputs that a task does not give are refused.
    let input = try task.rule(
      "Input", "rule Input(lr = 0.1) {\n input sample: scalar\n w' = w - lr * sample * g\n}")
    #expect(throws: (any Error).self) {
      try evaluator.evaluate(evaluator.prepare(input), seed: 0)
    }
    // Rows kept for measuring do not move a step.
    let swapped = DataSplit(
      train: task.data.train, test: task.data.test.selecting([0, 1, 2]))
    let rule = try task.rule("AdamW(lr = 0.05)")
    let x = try evaluator.evaluate(evaluator.prepare(rule), seed: 0)
    let second = try TaskEvaluator(task.objective, swapped, task.settings)
    let y = try second.evaluate(second.prepare(rule), seed: 0)
    #expect(x.trainingLoss == y.trainingLoss && x.loss != y.loss)
  }

  @Test func seedsOfTheEndAreDrawnLater() {
    let searched: [UInt64] = [0, 1, 2, 41]
    let first = TaskEvaluator.laterSeeds(6, after: searched, of: "AdamW(lr = 0.1)")
    #expect(Set(first).count == 6 && Set(first).isDisjoint(with: searched))
    // They follow from what was found, so nobody knows them before it is.
    #expect(first == TaskEvaluator.laterSeeds(6, after: searched, of: "AdamW(lr = 0.1)"))
    #expect(first != TaskEvaluator.laterSeeds(6, after: searched, of: "AdamW(lr = 0.2)"))
    #expect(first != TaskEvaluator.laterSeeds(6, after: [0, 1, 2], of: "AdamW(lr = 0.1)"))
  }
}
