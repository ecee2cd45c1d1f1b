import Diagnostics
import Driver
import Experiments
import Foundation
import IR
import Runtime
import Testing

@testable import Training

/// What a run records of its loop: rates that follow a schedule, gradients, changes and time.
@Suite struct LoopSeriesTests {
  private static func run(
    _ text: String, _ change: (inout Script.Options) -> Void = { _ in }
  ) throws -> (experiments: [ExperimentHistory], output: String) {
    let compiler = Compiler()
    let found = compiler.add(name: "s.opt", bytes: Array(text.utf8))
    try #require(found.filter { $0.severity == .error }.map(\.message) == [])
    var options = Script.Options()
    change(&options)
    var output = ""
    let script = Script(compiler, options: options, output: { output += $0 })
    try script.run()
    return (script.experiments, output)
  }

  private static func close(_ found: [Double]?, _ expected: [Double]) -> Bool {
    guard let found, found.count == expected.count else { return false }
    return zip(found, expected).allSatisfy { a, b in
      a.isNaN && b.isNaN || abs(a - b) <= 1e-12 * max(1, abs(b))
    }
  }

  /// w' = w - (0.4 / t) 2 w from 3: worked out by hand.
  @Test func ofAWalk() throws {
    let text = """
      objective f(x: vector(2) = [3, 4]) = sum(x^2)
      minimize f with SGD(lr = 0.4 / t) for 3 steps
      plot lr, grad_norm, update_ratio, time
      """
    let (experiments, output) = try Self.run(text)
    let run = experiments[0].rules[0].runs[0]
    #expect(experiments[0].loopSeries == ["lr", "grad_norm", "update_ratio", "time"])
    #expect(Self.close(run.values["lr"], [0.4, 0.2, 0.4 / 3, .nan]))
    let lengths = [5.0, 1.0, 0.6]
    #expect(Self.close(run.values["grad_norm"], lengths.map { 2 * $0 } + [.nan]))
    #expect(Self.close(run.values["update_ratio"], [0.8, 0.4, 0.8 / 3, .nan]))
    let time = try #require(run.values["time"])
    #expect(time.count == 4 && zip(time, time.dropFirst()).allSatisfy { $0 <= $1 })
    for name in ["lr", "grad_norm", "update_ratio", "time"] {
      #expect(output.contains("[\(name)]"), "\(output)")
    }
  }

  @Test func ofTraining() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("x,y\n1,2\n2,3\n3,5\n4,4\n5,7\n".utf8).write(
      to: folder.appendingPathComponent("d.csv"))
    let text = """
      data d = csv("d.csv", target = "y")
      objective line(; x, y) {
          param a: scalar = 0
          loss = mean((a * x - y)^2)
      }
      train line on d with SGD(lr = 0.01 / t), Lion(lr = 0.001) for 3 epochs
      plot lr
      """
    let (experiments, _) = try Self.run(text) {
      $0.folder = folder.path
      $0.elementType = .float64
    }
    let runs = experiments[0].rules.map { $0.runs[0] }
    #expect(Self.close(runs[0].values["lr"], [.nan, 0.01, 0.005, 0.01 / 3]))
    #expect(Self.close(runs[1].values["lr"], [.nan, 0.001, 0.001, 0.001]))
    // The mean over rows of 2 x (a x - y) is 22 a - 29.6, whatever their order.
    var a = 0.0
    var norms = [Double.nan]
    var ratios = [Double.nan]
    for t in 1...3 {
      let slope = 22 * a - 29.6
      let change = -0.01 / Double(t) * slope
      norms.append(abs(slope))
      ratios.append(a == 0 ? .nan : abs(change / a))
      a += change
    }
    #expect(Self.close(runs[0].values["grad_norm"], norms))
    #expect(Self.close(runs[0].values["update_ratio"], ratios))
    for run in runs {
      #expect(run.values["time"]?.count == run.x.count)
      #expect(run.values["time"]?.first == 0)
    }
  }

  /// Each list is as long as the others, where a run breaks and where it reaches its target.
  @Test(arguments: [
    "minimize f with SGD(lr = 1e200) for 9 steps",
    "minimize f with SGD(lr = 0.1 / t) for 9 steps until loss < 10",
    "minimize f with ScheduleFree(SGD(lr = 0.1)) for 9 steps until loss < 10",
  ])
  func listsAreOfOneLength(_ command: String) throws {
    let text = "objective f(x: vector(2) = [3, 4]) = sum(x^4) / 100\n\(command)\n"
    let experiments = try Self.run(text).experiments
    let run = experiments[0].rules[0].runs[0]
    #expect(run.values.count >= 4)
    for (name, values) in run.values { #expect(values.count == run.x.count, "\(name)") }
  }

  /// The sums run in fours; every length and every type of numbers.
  @Test(arguments: [ElementType.float64, .float32, .bfloat16, .float16], 0...9)
  func normsAreOfAllNumbers(_ element: ElementType, _ count: Int) {
    let (a, b) = (TensorMemory([count, 1], element), TensorMemory([count, 1], element))
    let (x, y) = ((0..<count).map { Double($0 + 1) }, (0..<count).map { Double(3 * $0 - 5) })
    a.write(x, to: 0)
    a.write([7], to: 1)
    b.write(y, to: 0)
    b.write([9], to: 1)
    let norm = (x.reduce(49) { $0 + $1 * $1 }).squareRoot()
    #expect(a.norm() == norm)
    let change = zip(x, y).reduce(4) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    #expect(abs(b.change(since: a) - change / norm) < 1e-15 * change)
  }

  /// Blocks of two workers: the norm of their mean.
  @Test func normsAreOfTheMeanOverWorkers() {
    let memory = TensorMemory([4], .float64)
    memory.write([1, 2, 5, 6], to: 0)
    #expect(memory.norm(workers: 2) == 5)
  }

  /// A name that the objective has is the objective's.
  @Test func aMetricKeepsItsName() throws {
    let text = """
      objective f(x: scalar = 1) {
          loss = x^2
          metric time = 7 * x
      }
      minimize f with SGD(lr = 0.5) for 2 steps
      """
    let experiments = try Self.run(text).experiments
    #expect(experiments[0].loopSeries == ["grad_norm", "update_ratio"])
    #expect(experiments[0].rules[0].runs[0].values["time"] == [7, 0, 0])
  }

  @Test func seedsAndSettingsOfTheCommandLine() throws {
    let text = """
      rate = 0.1
      objective f(x: scalar = 1) = rate * x^2
      minimize f with SGD(lr = 0.5) for 2 steps seeds 3
      """
    let compiler = Compiler()
    compiler.settings = [("rate", -0.25)]
    #expect(compiler.add(name: "s.opt", bytes: Array(text.utf8)).isEmpty)
    var options = Script.Options()
    options.seeds = [4, 9]
    let script = Script(compiler, options: options, output: { _ in })
    try script.run()
    #expect(script.experiments[0].rules[0].runs.map(\.seed) == [4, 9])
    #expect(script.experiments[0].rules[0].runs[0].parameters == [[1.5625]])
    compiler.settings = [("rata", 1)]
    let found = compiler.add(name: "s.opt", bytes: Array(text.utf8))
    #expect(found.map(\.code) == [.unknownName])
    #expect(found[0].notes.map(\.message) == ["it names rate", "did you mean `rate`?"])
  }

  @Test func jsonTellsOfSettingsAndEnds() throws {
    let text = """
      objective f(x: vector(2) = [3, 4]) = sum(x^2)
      minimize f with SGD(lr = 0.5) for 2 steps seed 7
      """
    let json = ExperimentJSON.text(try Self.run(text).experiments)
    for part in [
      "\"settings\": {", "\"steps\": 2", "\"seeds\": [7]", "\"end\": [[0, 0]]",
      "\"path\": [[3, 4], [0, 0], [0, 0]]", "\"loop\": [\"grad_norm\", \"update_ratio\", \"time\"]",
      "\"ravine\": \"",
    ] {
      #expect(json.contains(part), "\(part) in \(json)")
    }
  }
}
