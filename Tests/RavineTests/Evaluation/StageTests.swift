import Diagnostics
import Driver
import Experiments
import IR
import Runtime
import Testing

@testable import Training

/// What an objective draws, and what it makes of constants, is worked out once for all candidates: nothing that a run
/// gives shows it.
@Suite struct StageTests {
  private static let tasks = [
    "bigram_easy", "heavy_tails_easy", "noisy_bowl_easy", "dropout_mlp_easy", "mlp_easy",
    "bowl_easy", "rosenbrock_easy", "lasso_easy", "multiplied_noise_easy",
    "rare_gradients_easy", "student_network_easy",
  ]

  private func evaluator(_ name: String) throws -> TaskEvaluator {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    var task = try script.task(named: name)
    task.settings.target = nil
    return try task.evaluator(choosing: true, interrupt: .none)
  }

  private func run(
    _ evaluator: TaskEvaluator, seed: UInt64, rate: Double = 1e-3
  ) throws -> Evaluation {
    var trial = TaskEvaluator.Trial(
      try Compiler().rule("HeavyBall"), settings: [[(0, rate)]], seeds: [seed])
    trial.limit = 40
    return try evaluator.evaluate([trial], threads: 1)[0][0]
  }

  @Test(arguments: tasks) func stagesGiveWhatTheWholeGives(_ name: String) throws {
    let staged = try evaluator(name)
    let plain = try evaluator(name)
    plain.usesPrograms = false
    for seed in [1, 2] as [UInt64] {
      let x = try run(staged, seed: seed)
      let y = try run(plain, seed: seed)
      #expect(x.isCompiled && !y.isCompiled && x.steps == y.steps && x.steps > 30)
      #expect(x.loss.isFinite && abs(x.loss - y.loss) <= 1e-4 * abs(y.loss), "\(x.loss) \(y.loss)")
    }
  }

  /// Kept values are those of their seed and step: whatever ran before, the bits are the same.
  @Test(arguments: tasks) func whatIsKeptIsOfItsSeed(_ name: String) throws {
    let used = try evaluator(name)
    for seed in [3, 1, 2] as [UInt64] { _ = try run(used, seed: seed, rate: 3e-3) }
    for seed in [1, 2, 3] as [UInt64] {
      let again = try run(used, seed: seed)
      let fresh = try run(try evaluator(name), seed: seed)
      #expect(again == fresh)
    }
  }

  /// An arm that nobody takes need not work: what fails when it is worked out early leaves the objective whole.
  @Test(arguments: [("-eye(n)", false), ("eye(n)", true)])
  func whatFailsEarlyIsLeftToItsStep(_ matrix: String, _ hasStages: Bool) throws {
    let compiler = Compiler()
    let found = compiler.add(
      name: "<test>",
      bytes: Array(
        """
        objective guarded(n = 3 in [1, inf)) {
            param x: vector(n) = 1 + 0.1 * normal()
            rare = if sum(x) > 1e6 then sum(cholesky(\(matrix))) else 0
            loss = sum(x^2) + rare + 0.1 * sum(uniform(vector(n)) * x)
        }
        task guarded_task = minimize guarded for 40 steps until loss < 1e-9
        """.utf8))
    #expect(found.allSatisfy { $0.severity != .error }, "\(found)")
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    var task = try script.task(named: "guarded_task")
    task.settings.target = nil
    let evaluator = try task.evaluator(choosing: true, interrupt: .none)
    #expect(evaluator.hasStages == hasStages)
    let plain = try task.evaluator(choosing: true, interrupt: .none)
    plain.usesPrograms = false
    let (x, y) = (try run(evaluator, seed: 1, rate: 0.01), try run(plain, seed: 1, rate: 0.01))
    #expect(x.steps == 40 && x.loss.isFinite && abs(x.loss - y.loss) <= 1e-4 * abs(y.loss))
  }

  @Test func manyTasksHaveStages() throws {
    let names = try Self.tasks.filter { try evaluator($0).hasStages }
    #expect(names.contains("bigram_easy") && names.contains("heavy_tails_easy"), "\(names)")
    #expect(names.contains("dropout_mlp_easy"), "\(names)")
    // Nothing here is made of constants or draws alone.
    #expect(!names.contains("mlp_easy"), "\(names)")
  }

  /// The gradient of a choice among classes is mostly zeros, and is not kept beside the choice: 128 examples by 50 words.
  @Test func emptyTablesAreNotKept() throws {
    let count = try evaluator("bigram_easy").numbersOfAStep
    #expect(count > 0 && count <= 8192, "\(count)")
  }
}
