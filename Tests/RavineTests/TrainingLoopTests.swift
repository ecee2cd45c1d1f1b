import Diagnostics
import Driver
import Experiments
import Foundation
import Runtime
import Testing
import Training

/// The training loop against numbers that a script in Python made by hand (Tests/Golden/loop.py).
@Suite(.serialized) struct TrainingLoopTests {
  struct Line: Sendable {
    var script: String
    var rule: Int
    var series: String
    var values: [Double]
  }

  static let lines: [Line] = {
    let file = GoldenTests.folder.appendingPathComponent("loop.tsv")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { line in
      let cells = line.split(separator: "\t").map(String.init)
      return Line(
        script: cells[0].replacingOccurrences(of: "\\n", with: "\n"), rule: Int(cells[1]) ?? 0,
        series: cells[2], values: cells[3].split(separator: " ").map { Double($0) ?? .nan })
    }
  }()

  static let rows = "x,y\n1,2\n2,3\n3,7\n-1,0.5\n"

  /// Runs a script beside `rows.csv`.
  static func run(
    _ source: String, engine: EngineKind = .interpreter, _ use: (Script) throws -> Void
  ) throws {
    Interrupt.clear()
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try rows.write(
      to: folder.appendingPathComponent("rows.csv"), atomically: true, encoding: .utf8)
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array(source.utf8))
    try #require(errors.filter { $0.severity == .error }.map(\.message) == [])
    var options = Script.Options()
    options.folder = folder.path
    options.engine = engine
    options.elementType = .float64
    let script = Script(compiler, options: options, output: { _ in })
    try script.run()
    try use(script)
  }

  @Test(arguments: [EngineKind.interpreter, .reference])
  func theLoopGivesWhatIsComputedByHand(_ engine: EngineKind) throws {
    var compared = 0
    for line in Self.lines {
      try Self.run(line.script, engine: engine) { script in
        let run = try #require(script.experiments.last?.rules[line.rule].runs.first)
        let found =
          line.series == "end" ? run.parameters.flatMap { $0 } : run.values[line.series] ?? []
        #expect(found.count == line.values.count, "\(line.series): \(line.script)")
        for (x, y) in zip(found, line.values) {
          #expect(abs(x - y) <= 1e-12 * max(1, abs(y)), "\(line.series): \(line.script)")
          compared += 1
        }
      }
    }
    #expect(compared == Self.lines.reduce(0) { $0 + $1.values.count } && compared > 100)
  }

  @Test func searchesMeasureTheViewsToo() throws {
    // Zero is the best weight of x², and the shipped point is 0 whatever the rate is.
    let source = """
      rule Zero(lr = 0.1) {
          w' = w - lr * g
          view eval = 0 * w'
      }
      objective f(x: scalar = 1) = x^2
      minimize f with Zero for 3 steps
      """
    try Self.run(source) { script in
      let task = try #require(try script.task())
      var settings = Tuner.Settings(ranges: [try #require(SearchRange("lr = 0.01..0.1"))])
      settings.trials = 3
      let result = try Tuner(task, settings).run(task.rules)
      #expect(result.rows[0].trials.map(\.score) == [0, 0, 0])
      #expect(result.rows[0].values["loss"] == [0, 0, 0, 0, 0])
    }
  }
}
