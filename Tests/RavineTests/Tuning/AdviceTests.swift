import Diagnostics
import Driver
import Foundation
import IR
import Testing
@testable import Training

@testable import Experiments

@Suite struct AdviceTests {
  // MARK: Chances

  /// scipy.stats.t.sf(t, n) * 2.
  @Test(arguments: [
    (2.0, 5, 0.10193947882985518), (0.0, 3, 1), (-2.570581835636314, 5, 0.05),
    (12.706204736432095, 1, 0.05), (1.0, 1, 0.5), (40.0, 9, 1.8982998449339822e-11),
    (0.001, 30, 0.9992087357664851),
  ])
  func chancesAreStudents(_ t: Double, _ degrees: Int, _ expected: Double) {
    let found = StudentT.tails(t, degrees: degrees)
    #expect(abs(found - expected) <= 1e-9 * max(expected, 1e-3))
  }

  /// scipy.stats.ttest_1samp([1, 2, 4, 3.5, -0.5], 0).
  @Test func pairsAreTested() throws {
    let found = try #require(StudentT.paired([1, 2, 4, 3.5, -0.5]))
    #expect(abs(found - 0.07164587391725989) < 1e-9)
    #expect(StudentT.paired([1]) == nil && StudentT.paired([2, 2, 2]) == nil)
    #expect(StudentT.paired([1, .nan]) == nil)
    // scipy.stats.ttest_1samp(…, alternative="greater").
    #expect(abs(try #require(StudentT.above([1, 2, 4, 3.5, -0.5])) - found / 2) < 1e-12)
    #expect(abs(try #require(StudentT.above([-1, -2, -4, -3.5, 0.5])) - 1 + found / 2) < 1e-12)
  }

  // MARK: Measures

  private func task(_ text: String) throws -> (TrainingTask, Compiler) {
    let compiler = Compiler()
    let found = compiler.add(name: "t.opt", bytes: Array((text + "\n").utf8))
    #expect(found.filter { $0.severity == .error }.map(\.message) == [])
    let script = Script(compiler, options: .init(), output: { _ in })
    return (try #require(try script.firstTask()).task, compiler)
  }

  private func measures(_ text: String) throws -> ProblemMeasures {
    let (task, compiler) = try task(text)
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float64)
    return try trainer.measures(along: compiler.rule("SGD(lr = 0)"), task.settings, steps: 20)
  }

  @Test func aBowlIsMeasured() throws {
    let found = try measures(
      "objective f(x: vector(4) = 1) = 0.5 * (100 * x[0]^2 + x[1]^2 + x[2]^2 - 2 * x[3]^2)\n"
        + "minimize f with SGD for 20 steps")
    #expect(found.parameters == 4 && found.matrixShare == 0 && found.noise == 0)
    let curvature = try #require(found.curvature)
    #expect(abs(curvature.largest - 100) < 1e-6 && abs(curvature.smallest + 2) < 1e-6)
    // The Hessian is diagonal, so signs cancel exactly.
    #expect(abs(curvature.mean - 25) < 1e-9)
    #expect(abs((found.conditioning ?? 0) - 4) < 1e-8)
  }

  /// The gradient x + σ n, with n drawn once for all k numbers, is off by σ √k / |x|; 16 draws tell that to a fifth.
  @Test func noiseIsMeasured() throws {
    let found = try measures(
      "objective f(x: vector(100) = 2) = sum(0.5 * x^2 + 3 * normal() * x)\n"
        + "minimize f with SGD for 20 steps")
    #expect(abs(found.noise - 1.5) < 0.6, "\(found.noise)")
  }

  /// All rows in another order have the same gradient, which rounding must not call noise.
  @Test func aFullBatchIsNotNoisy() throws {
    let source = Self.logit.replacingOccurrences(of: "batch 16", with: "")
    let found = try measures(source)
    #expect(found.noise == 0 && found.shortlist().contains { $0.rule == "Rprop" })
    #expect(try measures(Self.logit).noise > 0.05)
  }

  @Test func zerosAndMatricesAreCounted() throws {
    let found = try measures(
      """
      objective f(a: matrix(3, 4) = 1, b: vector(4) = 1) = 0.5 * sum(a^2) + 1e-3 * sum(b^2) * 0
      minimize f with SGD for 20 steps
      """)
    #expect(found.matrixShare == 0.75 && found.zeros == 0.25)
  }

  @Test func theShortlistFollowsTheMeasures() {
    var problem = ProblemMeasures()
    problem.parameters = 1000
    problem.matrixShare = 0.9
    problem.noise = 1.4
    func names() -> [String] { problem.shortlist().map(\.rule) }
    #expect(names().contains("MuonAdamW") && names().contains("Lion") && !names().contains("Rprop"))
    problem.matrixShare = 0
    problem.noise = 0
    #expect(!names().contains("MuonAdamW") && names().contains("Rprop"))
    problem.zeros = 0.9
    #expect(names().contains("AdaGrad"))
    for zeros in [0.0, 0.9] {
      for noise in [0.0, 0.5, 2] {
        for share in [0.0, 1] {
          (problem.zeros, problem.noise, problem.matrixShare) = (zeros, noise, share)
          #expect((3...8).contains(names().count) && names().last == "SGD")
          #expect(Set(names()).count == names().count)
          // Decay has a reason only where rows are kept that are not seen.
          #expect(names().contains("Adam") && !names().contains("AdamW"))
          let seen = problem.shortlist(hasExamples: true).map(\.rule)
          #expect(seen.contains("Adam") && seen.contains("AdamW") && seen.count <= 8)
        }
      }
    }
  }

  // MARK: Advice

  private func advice(_ text: String, _ rules: [String] = []) throws -> Advice {
    let (task, compiler) = try task(text)
    var advisor = Advisor()
    advisor.trials = 4
    advisor.seeds = 4
    advisor.engine.interrupt = .none
    return try advisor.advise(
      on: task, compiler, rules: rules.map { try compiler.rule($0, allowsMissing: true) })
  }

  private static let logit = """
    objective logit(; x, y) {
        param a: vector(features) = normal()
        loss = binary_cross_entropy(x @ a, y)
    }
    train logit on cells with SGD for 40 steps batch 16
    """

  @Test func rulesAreToldApartByTheirSeedsAlone() throws {
    let found = try advice(Self.logit)
    #expect(found.rows.count >= 3 && found.rows[0].verdict == .first)
    let all = found.rows.map(\.found).filter { $0.cost.isFinite }
    let others = Double(all.count - 1)
    for row in found.rows.dropFirst() where row.verdict != .failed {
      #expect(row.found.costs.count == 4 && row.found.cost >= all[0].cost)
      // Losses are positive, so their logarithms are paired.
      let ratios = zip(row.found.costs, all[0].costs).map { log($0 / $1) }
      let chance = min(1, try #require(StudentT.above(ratios)) * others)
      #expect(row.chance == chance)
      #expect(row.verdict == (chance < 0.05 ? .worse : .tied))
    }
    let taken = try #require(found.suggested)
    #expect(taken.isAsGood && taken.verdict != .worse)
    for row in found.rows where row.isAsGood { #expect(taken.stateBytes! <= row.stateBytes!) }
  }

  /// A row with these costs by seed, each of a run with its own last loss.
  private func row(_ name: String, _ costs: [Double], reached: Int = 0) -> Tuner.Row {
    var row = Tuner.Row(rule: name, written: name)
    row.costs = costs
    row.cost = MeanInterval(costs).mean
    row.reached = reached
    row.values["loss"] = costs.indices.map { Double($0) + row.cost }
    return row
  }

  /// scipy.stats.ttest_1samp(log(b / a), 0, alternative="greater") and the same of c, twice: there are two comparisons.
  @Test func eachIsComparedWithTheFirst() {
    let found = Advisor.judgements([
      row("a", [1, 2, 3, 4]), row("b", [1.1, 2.32, 3.2, 4.2]), row("c", [1.2, 2.5, 2.9, 4.6]),
    ])
    #expect(found.map(\.verdict) == [.first, .worse, .tied])
    let chances = found.map { $0.chance ?? .nan }
    #expect(
      abs(chances[1] - 2 * 0.01342126307066715) < 1e-9
        && abs(chances[2] - 2 * 0.05440609891785022) < 1e-9)
    #expect(found.map(\.isAsGood) == [true, false, false])
  }

  /// What `suggest` found of a network with layers of different scale: the seeds of SGD spread so far that differences
  /// of losses tell it from nothing, and it keeps the least state.
  @Test func aNoisyRuleThatLosesOnEverySeedIsNotSuggested() {
    let shampoo = [0.118, 0.131, 0.109, 0.127, 0.115, 0.126]
    let sgd = [0.21, 0.33, 0.19, 0.27, 0.38, 2.45]
    #expect((StudentT.paired(zip(sgd, shampoo).map { $0 - $1 }) ?? 0) > 0.15)
    let found = Advisor.judgements([row("Shampoo", shampoo), row("SGD", sgd)])
    #expect(found[1].verdict == .worse && !found[1].isAsGood)
    // Where its seeds spread even further it is not told apart, which is not as good.
    let wild = Advisor.judgements([
      row("Shampoo", shampoo), row("SGD", [0.05, 9, 0.04, 3, 0.06, 30]),
    ])
    #expect(wild[1].verdict == .tied && !wild[1].isAsGood)
  }

  /// The margin is one of the multiple that the cheaper rule comes to, with the confidence that is stated.
  @Test func asGoodIsShownAndNotAssumed() {
    func isAsGood(_ first: [Double], _ other: [Double]) -> Bool {
      let found = Advisor.judgements([row("a", first), row("b", other)])
      return found[1].verdict == .tied && found[1].isAsGood
    }
    let first = [1.0, 2, 3, 4, 5, 6]
    #expect(isAsGood(first, [1.01, 1.99, 3.02, 4.01, 5.03, 5.98]))
    #expect(isAsGood(first, first))
    #expect(!isAsGood(first, [1.2, 1.8, 3.4, 4.1, 5.5, 5.7]))
    // Zeros have no logarithm, but a multiple; negative losses have none.
    #expect(isAsGood([0, 2, 3, 4, 5, 6], [0, 2.01, 2.99, 4.02, 5.01, 6.03]))
    #expect(!isAsGood(first.map { -$0 - 1 }, [-2.01, -2.99, -4.02, -4.98, -5.97, -7.01]))
    #expect(isAsGood(first.map { -$0 }, first.map { -$0 }))
  }

  @Test func whatIsNoSampleIsNotTested() {
    func verdicts(_ rows: [Tuner.Row]) -> [Advice.Verdict] {
      Advisor.judgements(rows).map(\.verdict)
    }
    // Seeds differ, and their ratios do not.
    #expect(
      verdicts([row("a", [0.25, 0.5]), row("b", [0.5, 1]), row("c", [0.25, 0.5])])
        == [.first, .behind, .tied])
    // One walk.
    var walks = [row("a", [0.25, 0.25]), row("b", [0.5, 0.5])]
    for k in walks.indices { walks[k].values["loss"] = [Double(k), Double(k)] }
    #expect(verdicts(walks) == [.first, .behindInOneWalk])
    #expect(verdicts([row("a", [0.25]), row("b", [0.5])]) == [.first, .unjudged])
    // Whoever gets there less often is not as good, however wide the spread.
    #expect(
      verdicts([
        row("a", [0.2, 0.3, 0.4], reached: 3), row("b", [0.2, 0.3, 1.9], reached: 2),
        row("c", [0.2, 0.5, 0.4], reached: 3),
      ]) == [.first, .rarer, .tied])
    var failed = row("d", [.nan, 1])
    failed.cost = .infinity
    #expect(verdicts([failed, failed]) == [.failed, .failed])
    #expect(verdicts([row("a", [1, 2]), failed]) == [.first, .failed])
  }

  @Test func anInterruptSaysHowFarItCame() throws {
    let (task, compiler) = try task(Self.logit)
    var advisor = Advisor()
    advisor.trials = 2
    advisor.seeds = 2
    let rules = Counter()
    // Ctrl-C as the third rule begins.
    advisor.progress = { text in if text.hasPrefix("rule 3 ") { rules.count = 3 } }
    advisor.engine.interrupt = InterruptSource(isRequested: { rules.count == 3 }, clear: {})
    let found = try advisor.advise(on: task, compiler)
    #expect(found.wasInterrupted && found.rows.count == 2 && found.suggested == nil)
    #expect(found.text.contains("\n2 of \(found.planned) rules done, which says nothing yet\n"))
    #expect(!found.text.contains("take ") && !found.text.contains("told apart from"))
  }

  private final class Counter: @unchecked Sendable {
    var count = 0
  }

  @Test func statesAreCounted() throws {
    let found = try advice(Self.logit)
    func bytes(_ name: String) -> Double? {
      found.rows.first { $0.candidate.rule == name }?.stateBytes
    }
    #expect(bytes("SGD") == 0 && bytes("HeavyBall") == 4 && bytes("AdamW") == 8)
  }

  /// One start and no draws: all seeds are one walk.
  @Test func oneWalkIsNotCalledASample() throws {
    let found = try advice(
      "objective f(x: vector(2) = [3, 1]) = 50 * x[0]^2 + x[1]^2\nminimize f with SGD for 40 steps")
    for row in found.rows.dropFirst() {
      #expect(row.chance == nil)
      #expect([.behindInOneWalk, .tied, .failed].contains(row.verdict))
    }
    #expect(found.text.contains("all seeds are one walk here: "))
    #expect(
      found.text.contains("behind, in one walk") && !found.text.contains("told apart from each"))
  }

  @Test func aRuleThatCannotRunSaysWhy() throws {
    let found = try advice(Self.logit, ["FrugalGiven", "Signum", "AdamW"])
    let unfit = try #require(found.rows.first { $0.candidate.rule == "FrugalGiven" })
    #expect(unfit.verdict == .failed && unfit.found.problem?.isEmpty == false)
    #expect(found.text.contains("FrugalGiven"))
    #expect(found.rows.contains { $0.candidate.rule == "Signum" && $0.found.problem == nil })
    // The shortlist has it already.
    #expect(found.rows.count { $0.candidate.rule == "AdamW" } == 1)
    #expect(found.rows.count == found.planned)
  }

  // MARK: What is no score

  private func codes(_ body: () throws -> Void) -> [Int] {
    do {
      try body()
      return []
    } catch let error as DiagnosticError {
      return error.diagnostics.map(\.code.number)
    } catch { return [-1] }
  }

  private static let duel =
    "objective duel(x: scalar = 1, ascend y: scalar = 1) {\n"
    + "    loss = x * y + 0.05 * (x^2 - y^2)\n    metric distance = sqrt(x^2 + y^2)\n}\n"

  @Test func theLossOfAGameIsNoScore() throws {
    #expect(codes { _ = try advice(Self.duel + "minimize duel with SGD for 30 steps") } == [239])
    let byLoss = Self.duel + "minimize duel with SGD for 30 steps until loss < -1"
    #expect(codes { _ = try advice(byLoss) } == [239])
    let (task, compiler) = try task(byLoss)
    #expect(codes { _ = try Arena([ArenaRule(named: "SGD", compiler)], [task]) } == [239])
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.take(series: "loss")
    #expect(codes { _ = try Tuner(task, settings).run([compiler.rule("SGD")]) } == [239])
    settings.take(series: "distance")
    #expect(codes { _ = try Tuner(task, settings).run([compiler.rule("SGD")]) } == [])
    #expect(
      codes {
        _ = try advice(Self.duel + "minimize duel with SGD for 30 steps until distance < 0.9")
      } == [])
  }

  /// A loss without a lower end falls fastest where the weights run away.
  @Test func whoRunsAwayHasNotWon() throws {
    let (task, compiler) = try task(
      "objective f(x: scalar = 1) = -x^2\nminimize f with SGD for 200 steps")
    var tuner = Tuner(task, Tuner.Settings(ranges: [.learningRate]))
    tuner.engine.interrupt = .none
    let found = try tuner.run([compiler.rule("SGD")]).rows[0]
    #expect(found.problem == nil && (found.best.first ?? 1) < 0.1)
    #expect(found.costs.allSatisfy { $0 > -1e16 })
    tuner.settings.ranges = [SearchRange(name: "lr", values: .listed([1]))]
    let away = try tuner.run([compiler.rule("SGD")]).rows[0]
    #expect(away.problem?.contains("ran away") == true, "\(away)")
  }

  @Test func aStartWithoutANumberIsToldAtItsPlace() throws {
    #expect(
      codes {
        _ = try advice(
          "objective f(x: vector(3) = 1) = sum(log(x - 2))\nminimize f with SGD for 40 steps")
      } == [910])
  }

  @Test func aTargetThatSaysNothingIsTold() throws {
    let text =
      "objective f(x: vector(2) = [3, 1]) = 50 * x[0]^2 + x[1]^2\nminimize f with SGD for 20 steps"
    let held = try advice(text + " until loss < 1e6")
    #expect(held.holdsAtStart && held.suggested == nil && held.warnings.map(\.code.number) == [231])
    #expect(held.text.contains("the target holds at the start"))
    let never = try advice(text + " until loss < -1")
    #expect(!never.holdsAtStart && never.warnings.map(\.code.number) == [231])
    let (task, compiler) = try task(text + " until loss < 1e6")
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.series = nil
    var tuner = Tuner(task, settings)
    tuner.engine.interrupt = .none
    let found = try tuner.run([compiler.rule("SGD"), compiler.rule("SGD")])
    // Named twice, it runs once; all rates are alike, so none is at an edge.
    #expect(found.rows.count == 1 && !found.rows[0].isAtEdge && found.rows[0].edges.isEmpty)
    #expect(found.warnings.map(\.code.number) == [231])
    #expect(try advice(text).warnings.isEmpty)
  }

  @Test func nothingToRunIsSaid() throws {
    let (task, compiler) = try task(Self.logit)
    for change: (inout Advisor) -> Void in [
      { $0.trials = 0 }, { $0.seeds = 0 }, { $0.mostSteps = 0 },
    ] {
      var advisor = Advisor()
      change(&advisor)
      #expect(codes { _ = try advisor.advise(on: task, compiler) } == [233])
    }
    for change: (inout Tuner.Settings) -> Void in [
      { $0.trials = 0 }, { $0.seeds = 0 }, { $0.searchSeeds = 0 },
    ] {
      var settings = Tuner.Settings(ranges: [.learningRate])
      change(&settings)
      #expect(codes { _ = try Tuner(task, settings).run([compiler.rule("SGD")]) } == [233])
    }
  }

  /// A sum of equal numbers rounds, and the distance of each from their mean is then rounding.
  @Test func equalNumbersHaveThatMeanAndNoInterval() {
    for x in [0.1, 1.7e-32, 3e300] {
      let found = MeanInterval([x, x, x, x, x, x])
      #expect(found.mean == x && found.halfWidth == 0)
    }
    #expect(MeanInterval.text(of: [0.1, 0.1, 0.1]) == "0.1000 ± 0")
    #expect(MeanInterval([1, 3]).mean == 2 && MeanInterval([1, 3]).halfWidth > 2)
  }

  /// Two tasks give a score of 0.5 ± 6.35, which is no number between 0 and 1.
  @Test func intervalsOfScoresStayBetweenZeroAndOne() throws {
    let found = try advice(
      "objective f(x: vector(2) = [3, 1]) = 50 * x[0]^2 + x[1]^2\nminimize f with SGD for 20 steps")
    var few = found
    for k in few.rows.indices { few.rows[k].arena = (MeanInterval([0, 1]), 1) }
    few.arena.tasks = 2
    #expect(few.text.contains("1 of 2, 0.50 ") && !few.text.contains("0.50 ± "))
    for k in few.rows.indices { few.rows[k].arena = (MeanInterval([0, 0, 0, 0, 1]), 1) }
    few.arena.tasks = 5
    #expect(few.text.contains("1 of 5, 0.20 ± 0.56"))
    for k in few.rows.indices { few.rows[k].arena?.score.halfWidth = 6.35 }
    #expect(few.text.contains("1 of 5, 0.20 ± 0.80"))
  }

  @Test func aRuleThatTakesTooLongIsARowThatSaysSo() throws {
    let (task, compiler) = try task(
      "rule Slow(lr = 0.1) {\n    x = g\n    repeat 1000000 { x' = sin(x) + norm(g) }\n    w' = w - lr * x\n}\n"
        + Self.logit.replacingOccurrences(of: "40 steps", with: "1000 steps"))
    var advisor = Advisor()
    (advisor.trials, advisor.seeds, advisor.fromArena) = (2, 2, 0)
    advisor.engine.interrupt = .none
    let found = try advisor.advise(on: task, compiler, rules: [compiler.rule("Slow")])
    let slow = try #require(found.rows.first { $0.candidate.rule == "Slow" })
    #expect(slow.verdict == .failed && slow.found.problem?.contains("takes too much") == true)
    #expect(found.suggested != nil)
  }
}
