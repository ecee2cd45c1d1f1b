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
          #expect((3...7).contains(names().count) && names().last == "SGD")
          #expect(Set(names()).count == names().count)
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
    return try advisor.advise(on: task, compiler, rules: rules)
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
    // All pairs are corrected for, not those of the first alone.
    let all = found.rows.map(\.found).filter { $0.cost.isFinite }
    var tests: [Double] = []
    for (k, a) in all.enumerated() {
      for b in all[(k + 1)...] {
        tests.append(StudentT.paired(zip(b.costs, a.costs).map { $0 - $1 }) ?? .nan)
      }
    }
    #expect(tests.count == all.count * (all.count - 1) / 2 && tests.allSatisfy { !$0.isNaN })
    let chances = Holm.adjusted(tests)
    for (row, chance) in zip(found.rows.dropFirst(), chances) where row.verdict != .failed {
      #expect(row.found.costs.count == 4 && row.found.cost >= all[0].cost)
      #expect(row.chance == chance)
      #expect(row.verdict == (chance < 0.05 ? .worse : .tied))
    }
    let taken = try #require(found.suggested)
    #expect(taken.verdict != .worse)
    for row in found.rows where row.verdict != .worse && row.verdict != .failed {
      #expect(taken.stateBytes! <= row.stateBytes!)
    }
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

  /// scipy.stats.ttest_rel has 0.0198248, 0.1540309 and 0.5620057 for the three pairs. With two tests of the
  /// first alone, Holm's correction would call the second worse.
  @Test func theFirstIsChosenByLooking() {
    let found = Advisor.judgements([
      row("a", [1, 2, 3, 4]), row("b", [1.1, 2.32, 3.2, 4.2]), row("c", [1.2, 2.5, 2.9, 4.6]),
    ])
    #expect(found.map(\.verdict) == [.first, .tied, .tied])
    let chances = found.map { $0.chance ?? .nan }
    #expect(abs(chances[1] - 0.0594745189) < 1e-9 && abs(chances[2] - 0.3080618060) < 1e-9)
    #expect(
      Advisor.judgements([row("a", [1, 2, 3, 4]), row("b", [1.1, 2.32, 3.2, 4.2])])[1].verdict
        == .worse)
  }

  @Test func whatIsNoSampleIsNotTested() {
    func verdicts(_ rows: [Tuner.Row]) -> [Advice.Verdict] {
      Advisor.judgements(rows).map(\.verdict)
    }
    // Seeds differ, and differences do not.
    #expect(
      verdicts([row("a", [0.25, 0.5]), row("b", [0.5, 0.75]), row("c", [0.25, 0.5])])
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

  @Test func aNameThatIsNoneIsToldBeforeAnythingRuns() throws {
    let (task, compiler) = try task(Self.logit)
    var advisor = Advisor()
    advisor.progress = { Issue.record("\($0)") }
    do throws(DiagnosticError) {
      _ = try advisor.advise(on: task, compiler, rules: ["AdmW"])
      Issue.record("there is no such rule")
    } catch {
      #expect(error.diagnostics.map(\.code.number) == [201])
    }
  }
}
