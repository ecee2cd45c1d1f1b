import Diagnostics
import Driver
import Experiments
import Foundation
import IR
import Runtime
import Testing
import Zoo

@testable import Training

/// The problems of the library and their tasks.
@Suite struct ProblemTests {
  static let problems = Library.shared.names(.objective)
  static let tasks = Library.shared.names(.task)

  @Test func everyProblemHasThreeTasks() {
    #expect(Self.problems.count >= 40)
    for problem in Self.problems {
      #expect(Library.shared.tasks(of: problem).count == 3, "\(problem)")
    }
    #expect(Self.tasks.count == 3 * Self.problems.count)
  }

  /// Rules, functions, problems and data are found by one name, as `:help` does.
  @Test func namesAreNotShared() {
    let names = Library.shared.declarations.filter { $0.kind != .task }.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.count > 200)
  }

  @Test func everyDeclarationSaysWhatItIs() {
    for declaration in Library.shared.declarations
    where declaration.kind == .objective || declaration.kind == .data {
      #expect(declaration.summary.count > 15, "\(declaration.name)")
    }
  }

  /// What `ravine problems` prints of one is a script of the user's.
  @Test(arguments: problems) func aSourceIsAScript(_ name: String) throws {
    let problem = try #require(Library.shared.declaration(name, [.objective]))
    let tasks = Library.shared.tasks(of: name)
    #expect(tasks.count == 3)
    let compiler = Compiler()
    let found = compiler.add(
      name: "mine.opt", bytes: Array((problem.text + tasks.map(\.text).joined()).utf8))
    #expect(found.map(\.message) == [])
    // The task is the file's own, of its own objective.
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    #expect(try script.task(named: name).objective.name == name)
  }

  /// Nothing is solved where it begins, and a step can be made.
  @Test(arguments: tasks)
  func aTaskBeginsAwayFromItsTarget(_ name: String) throws {
    let compiler = Compiler()
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    var task = try script.task(named: name)
    let target = try #require(task.settings.target)
    task.settings.epochs = nil
    task.settings.steps = 2
    task.settings.seeds = [0, 1, 2]
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter,
      elementType: task.data == nil ? .float64 : .float32)
    let rule = try compiler.rule("SGD(lr = 1e-9)")
    let runs =
      task.data == nil
      ? try trainer.walks([rule], task.settings).flatMap(\.runs)
      : try trainer.train([rule], task.settings, title: name).rules.flatMap(\.runs)
    #expect(runs.count == 3)
    for run in runs {
      #expect(run.failure == nil && run.steps == 2 && !run.reachedTarget)
      let values = try #require(run.values[target.series])
      #expect(!values.isEmpty && values.allSatisfy { $0.isFinite && !target.isReached($0) })
    }
  }

  /// A rule that sets weights to zero is at no target by that alone. Powell's function is as he wrote it.
  @Test(arguments: tasks.filter { !$0.hasPrefix("powell") })
  func nothingIsSolvedAtZero(_ name: String) throws {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    let task = try script.task(named: name)
    if task.data != nil { return }
    let target = try #require(task.settings.target)
    let runner = try ObjectiveRunner(
      task.objective, elementType: .float64, needsGradient: false, threads: 1)
    let zeros = TensorMemory(runner.parameters.map(\.count), .float64)
    runner.bind(parameters: zeros.pointers.map { UnsafeRawPointer($0) })
    let loss = try runner.evaluate(
      Occasion(step: 1, horizon: task.steps, isTraining: false), needsGradient: false)
    let value = target.series == "loss" ? loss : runner.metric(target.series)
    #expect(value.isFinite && !target.isReached(value), "\(name): \(value)")
  }

  /// `least_point` of the library.
  private static func leastPoint(_ n: Int) -> [Double] {
    (0..<n).map { (1.5 + cos(Double($0))) * ($0 % 2 == 0 ? 1 : -1) }
  }

  /// Where the doc comments say that a problem is least, it is 0, and flat where it is smooth.
  @Test(
    arguments: [
      ("rosenbrock", [1, 1]), ("rosenbrock_chain(n = 4)", [1, 1, 1, 1]),
      ("river", [3 * Double.pi, 0]), ("helix", [1, 0, 0]), ("powell", [0, 0, 0, 0]),
      ("beale", [3, 0.5]), ("saddle", [0, 1]), ("saddle", [0, -1]), ("plateau", [1, -2]),
      ("terraces", [2, -1]), ("flat_floor(n = 2)", leastPoint(2)),
      ("bowl(n = 3)", leastPoint(3)),
      ("rotated_bowl(n = 3)", leastPoint(3)), ("hilbert(n = 3)", leastPoint(3)),
      ("multiplied_noise(n = 2)", leastPoint(2)), ("rare_gradients(n = 2)", leastPoint(2)),
      ("noisy_bowl(n = 2)", leastPoint(2)), ("noisy_rotated_bowl(n = 2)", leastPoint(2)),
      ("heavy_tails(n = 2)", leastPoint(2)), ("late_bowl(n = 4)", leastPoint(4)),
      ("product(depth = 2)", [-2, -0.5]), ("kinks(n = 2)", [0.5, 0.5]),
      ("corners(n = 2)", leastPoint(2)), ("facets(n = 2)", leastPoint(2)),
      ("chebyshev(n = 3)", [1, 1, 1]), ("jumps(n = 2)", leastPoint(2)), ("bilinear", [1, 2]),
    ] as [(String, [Double])])
  func theLeastIsWhereItIsSaid(_ call: String, _ point: [Double]) throws {
    let compiler = Compiler()
    let text =
      "minimize \(call) with SGD(lr = 0.001) for 1 steps from [\(point.map { "\($0)" }.joined(separator: ", "))]"
    let found = compiler.add(name: "least.opt", bytes: Array(text.utf8))
    #expect(found.map(\.message) == [])
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    try script.run()
    let run = try #require(script.experiments.first?.rules.first?.runs.first)
    let loss = try #require(run.values["loss"]?.first)
    #expect(abs(loss) < 1e-12, "\(call): \(loss)")
  }

  /// Steps of one length do not lead to the least point of the chain, from which no two of its numbers are equally far.
  @Test(
    arguments: ["_easy", "", "_hard"].flatMap { level in
      ["SignSGD", "Signum", "Lion", "Tiger"].map { (level, $0) }
    })
  func signsAloneDoNotSolveTheChain(_ level: String, _ rule: String) throws {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    let task = try script.task(named: "rosenbrock_chain\(level)")
    let evaluator = try task.evaluator(choosing: false, interrupt: .none)
    let base = try Compiler().rule(rule)
    let hyper = try base.position(of: "lr")
    var trial = TaskEvaluator.Trial(
      base, settings: [1, 0.1, 0.01].map { [(hyper, $0)] }, seeds: [1])
    trial.limit = 300
    for run in try evaluator.evaluate([trial])[0] { #expect(!run.reachedTarget, "\(run)") }
  }
}
