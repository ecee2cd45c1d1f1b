import Diagnostics
import Driver
import Experiments
import Foundation
import Testing
import Training
import Zoo

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

  /// Where the doc comments say that a problem is least, it is 0, and flat where it is smooth.
  @Test(
    arguments: [
      ("rosenbrock", [1, 1]), ("rosenbrock_chain(n = 4)", [1, 1, 1, 1]),
      ("river", [3 * Double.pi, 0]), ("helix", [1, 0, 0]), ("powell", [0, 0, 0, 0]),
      ("beale", [3, 0.5]), ("saddle", [0, 1]), ("saddle", [0, -1]), ("plateau", [0, 0]),
      ("terraces", [0, 0]), ("flat_floor(n = 2)", [0, 0]), ("bowl(n = 3)", [0, 0, 0]),
      ("rotated_bowl(n = 3)", [0, 0, 0]), ("hilbert(n = 3)", [0, 0, 0]),
      ("multiplied_noise(n = 2)", [0, 0]), ("rare_gradients(n = 2)", [0, 0]),
      ("noisy_bowl(n = 2)", [0, 0]), ("heavy_tails(n = 2)", [0, 0]),
      ("product(depth = 2)", [-2, -0.5]), ("kinks(n = 2)", [0.5, 0.5]),
      ("corners(n = 2)", [0, 0]), ("facets(n = 2)", [0, 0]), ("chebyshev(n = 3)", [1, 1, 1]),
      ("jumps(n = 2)", [0, 0]), ("bilinear", [0, 0]),
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
}
