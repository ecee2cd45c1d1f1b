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

  /// statsmodels.stats.multitest.multipletests(method = "holm").
  @Test func severalTestsAreHolms() {
    let found = StudentT.holm([0.01, 0.04, 0.03, 0.005])
    let expected = [0.03, 0.06, 0.06, 0.02]
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(StudentT.holm([]) == [])
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
    let best = found.rows[0].found
    var tests: [Double] = []
    for row in found.rows.dropFirst() {
      #expect(row.found.costs.count == 4)
      #expect(row.found.cost >= best.cost)
      tests.append(
        StudentT.paired(zip(row.found.costs, best.costs).map { $0 - $1 }) ?? .nan)
    }
    let chances = StudentT.holm(tests)
    for (row, chance) in zip(found.rows.dropFirst(), chances) {
      #expect(row.chance == chance)
      #expect(row.verdict == (chance < 0.05 ? .worse : .tied))
    }
    let taken = try #require(found.suggested)
    #expect(taken.verdict != .worse)
    for row in found.rows where row.verdict != .worse && row.verdict != .failed {
      #expect(taken.stateBytes! <= row.stateBytes!)
    }
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
      #expect([.behind, .tied, .failed].contains(row.verdict))
    }
    #expect(found.text.contains("in one walk"))
  }

  @Test func aRuleThatCannotRunSaysWhy() throws {
    let (task, compiler) = try task(Self.logit)
    var advisor = Advisor()
    advisor.trials = 2
    advisor.seeds = 2
    #expect(throws: DiagnosticError.self) {
      try advisor.advise(on: task, compiler, rules: ["Muon"])
    }
    let found = try advice(Self.logit, ["Signum"])
    #expect(found.rows.contains { $0.candidate.rule == "Signum" && $0.found.problem == nil })
  }
}
