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
    _ source: String, engine: EngineKind = .interpreter, type: ElementType = .float64,
    _ use: (Script) throws -> Void
  ) throws {
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
    options.elementType = type
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
      let (task, rules) = try #require(try script.firstTask())
      var settings = Tuner.Settings(ranges: [try #require(SearchRange("lr = 0.01..0.1"))])
      settings.trials = 3
      let result = try Tuner(task, settings).run(rules)
      #expect(result.rows[0].trials.map(\.score) == [0, 0, 0])
      #expect(result.rows[0].values["loss"] == [0, 0, 0, 0, 0])
    }
  }

  // MARK: Draws

  @Test(arguments: [EngineKind.interpreter, .reference])
  func everyStepDrawsAnew(_ engine: EngineKind) throws {
    // x goes down by the draw of each step.
    let source = """
      objective f(x: scalar = 0) = x * uniform()
      minimize f with SGD(lr = 1) for 400 steps seeds 2
      """
    try Self.run(source, engine: engine) { script in
      let runs = try #require(script.experiments.first?.rules.first?.runs)
      for run in runs {
        let x = run.points.map { $0[0] }
        let draws = zip(x, x.dropFirst()).map { $0 - $1 }
        #expect(Set(draws.map { ($0 * 1e9).rounded() }).count == 400)
        #expect(draws.allSatisfy { $0 > -1e-9 && $0 < 1 })
        // The mean of 400 has a deviation of 0.0144.
        #expect(abs(draws.reduce(0, +) / 400 - 0.5) < 0.06)
      }
      #expect(runs[0].parameters != runs[1].parameters)
    }
  }

  @Test func enginesDrawTheSame() throws {
    let source = """
      objective f(x: vector(3) = [1, 2, 3]) = sum((x * bernoulli(0.7, vector(3)) - normal(vector(3)))^2)
      minimize f with SGD(lr = 0.05) for 30 steps
      """
    var ends: [[Double]] = []
    for engine in [EngineKind.interpreter, .reference] {
      try Self.run(source, engine: engine) { script in
        ends += try #require(script.experiments.first?.rules.first?.runs.first).parameters
      }
    }
    #expect(ends.count == 2 && ends[0].count == 3)
    #expect(zip(ends[0], ends[1]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func aStepSeesItsDrawsWhereverItLooks() throws {
    // f(w + 1) − f(w) is the draw, and so is the gradient: they cancel where the draws are the same.
    let source = """
      rule Difference(lr = 1) {
          w' = w - lr * (g - (loss(w + 1) - loss(w)))
      }
      objective f(x: scalar = 0) = x * normal()
      minimize f with Difference, SGD(lr = 1) for 20 steps
      """
    try Self.run(source) { script in
      let rules = try #require(script.experiments.first?.rules)
      #expect(abs(rules[0].runs[0].parameters[0][0]) < 1e-12)
      #expect(abs(rules[1].runs[0].parameters[0][0]) > 0.1)
    }
  }

  @Test func whatIsMeasuredDrawsTheSameEachTime() throws {
    let source = """
      data d = csv("rows.csv", target = "y")
      objective line(; x, y) {
          param W: matrix(features, 1) = 0
          loss = mean_squared_error(x @ W + normal(), y)
          metric seen = uniform()
      }
      train line on d with SGD(lr = 0), SGD(lr = 0.01) for 5 epochs
      """
    try Self.run(source) { script in
      let rules = try #require(script.experiments.first?.rules)
      let seen = rules.flatMap { $0.runs[0].values["seen"] ?? [] }
      #expect(seen.count == 12 && Set(seen).count == 1)
      let still = rules[0].runs[0]
      #expect(Set(still.values["test_loss"] ?? []).count == 1)
      // The steps draw anew: five epochs of one batch, and the row before them.
      #expect(Set(still.values["loss"] ?? []).count == 6)
    }
  }

  @Test func aVariationalObjectiveFindsItsPosterior() throws {
    // The evidence bound of a normal posterior with mean 3 and precision 4: m = 3, s = −log 2.
    let source = """
      objective elbo(m: scalar = 0, s: scalar = 0) {
          z = m + exp(s) * normal()
          loss = 2 * (z - 3)^2 - s
      }
      minimize elbo with Adam(lr = cosine(0.05)) for 4000 steps seeds 3
      """
    try Self.run(source) { script in
      for run in try #require(script.experiments.first?.rules.first?.runs) {
        let end = run.parameters.flatMap { $0 }
        #expect(abs(end[0] - 3) < 0.05 && abs(end[1] + 0.6931471805599453) < 0.05)
      }
    }
  }

  @Test func trainingIsAConditionOfObjectivesAlone() {
    func codes(_ source: String) -> [Int] {
      Compiler().add(name: "test.opt", bytes: Array(source.utf8)).filter { $0.severity == .error }
        .map(\.code.number)
    }
    let drop = "fn drop(x) = if training then 2 * x else x\n"
    #expect(codes(drop + "objective f(x: scalar = 1) = drop(x)^2") == [])
    #expect(codes(drop + "rule R { w' = w - drop(g) }") == [214])
    #expect(codes("rule R { w' = if training then w - g else w }") == [214])
    #expect(codes("training") == [214])
    #expect(codes("objective f(x: scalar = if training then 1 else 2) = x^2") == [214])
    #expect(codes("objective f(x: scalar = 1) {\ntraining = 2\nloss = x^2 + training\n}") == [305])
    // A length cannot differ from step to step.
    #expect(
      codes("objective f(x: scalar = 1) = x * sum(ones(if training then 2 else 3))") == [410])
    #expect(codes("objective f(n = t, x: scalar = 1) = x * sum(ones(n))") == [410])
  }

  // MARK: Domains

  @Test(arguments: [EngineKind.interpreter, .reference])
  func aScheduleThatLeavesItsDomainStopsItsRunAlone(_ engine: EngineKind) throws {
    // 0.5 − 0.2 t: 0.3, 0.1, −0.1.
    let source = """
      objective f(x: scalar = 0) = -x
      minimize f with SGD(lr = 0.5 - 0.2 * t), SGD(lr = 0.1) for 5 steps seeds 2
      """
    try Self.run(source, engine: engine) { script in
      let rules = try #require(script.experiments.first?.rules)
      for run in rules[0].runs {
        #expect(run.failure?.code.number == 915)
        #expect(
          run.failure?.message.hasSuffix("`lr` must be in [0, inf), and is -0.1 at step 3") == true)
        #expect(run.failure?.message.hasPrefix("SGD(lr = 0.5 - 0.2 * t), seed") == true)
        #expect(run.steps == 2)
        #expect(abs(run.parameters[0][0] - 0.4) < 1e-12)
      }
      #expect(rules[1].runs.allSatisfy { $0.failure == nil && $0.steps == 5 })
    }
    let train = """
      data d = csv("rows.csv", target = "y")
      objective line(; x, y) {
          param W: matrix(features, 1) = 0
          loss = mean_squared_error(x @ W, y)
      }
      train line on d with Lion(lr = 0.01, β1 = t / 4) for 6 steps batch 2
      """
    try Self.run(train, engine: engine) { script in
      let run = try #require(script.experiments.first?.rules[0].runs[0])
      #expect(
        run.failure?.message.contains("`β1` must be in [0, 1), and is 1.25 at step 5") == true)
      // At step 4 it is 1, the open end: a warning.
      #expect(run.warnings.map(\.code.number) == [830])
      #expect(run.warnings.first?.message.contains("`β1` is 1 at step 4") == true)
    }
  }

  @Test func domainsAreLookedAtWithTheHorizonOfTheRun() throws {
    let source = """
      fn torch_linear(peak) = peak * (T - t) / (T - 1)
      objective f(x: scalar = 0) = -x
      minimize f with SGD(lr = torch_linear(1)), LaProp(lr = cosine(0.1)) for 5 steps seeds 3
      """
    try Self.run(source) { script in
      let rules = try #require(script.experiments.first?.rules)
      // 1 + 0.75 + 0.5 + 0.25 + 0.
      #expect(rules[0].runs[0].parameters == [[2.5]])
      #expect(script.failures.isEmpty)
      // One warning for the three runs.
      #expect(script.warnings.map(\.code.number) == [830])
      #expect(script.warnings[0].message.contains("step 5"))
      #expect(script.warnings[0].notes.contains { $0.message == "2 other seeds likewise" })
    }
  }

  /// The mean over the examples is what the batch has, the sum over the terms what the loss has; and so where
  /// no rule reads the gradient of the batch.
  @Test(arguments: [EngineKind.interpreter, .reference], ElementType.allCases)
  func examplesAndTermsMakeTheWhole(_ engine: EngineKind, _ type: ElementType) throws {
    func rule(_ name: String, _ input: String, _ step: String) -> String {
      "rule \(name)(lr = 0.1) {\n \(input)\n w' = w - lr * \(step)\n}\n"
    }
    let source =
      "data d = csv(\"rows.csv\", target = \"y\")\n" + rule("Slope", "", "g")
      + rule("Slopes", "input G: batch, L: batch(scalar)", "mean over batch (G * L / L)")
      + rule("Parts", "input G: groups", "sum over groups G") + rule("Loss", "", "loss")
      + rule("Losses", "input L: batch(scalar)", "mean over batch L")
      + rule("Terms", "input L: groups(scalar)", "sum over groups L") + """
        objective line(; x, y) {
            param W: matrix(features, 1) = 0.125
            param b: scalar = 0
            loss fit = mean((x @ W + b - y)^2)
            loss small = 0.01 * sum(W^2)
        }
        train line on d with Slope(lr = 0.01), Slopes(lr = 0.01), Parts(lr = 0.01), Loss(lr = 0.01),
            Losses(lr = 0.01), Terms(lr = 0.01) for 4 steps batch 2
        """
    try Self.run(source, engine: engine, type: type) { script in
      let runs = try #require(script.experiments.first?.rules).map { $0.runs[0] }
      #expect(runs.count == 6 && runs.allSatisfy { $0.failure == nil && $0.steps == 4 })
      let ends = runs.map { $0.parameters.flatMap { $0 } }
      let tolerance =
        switch type {
        case .float64: 1e-13
        case .float32: 1e-6
        case .bfloat16: 0.02
        case .float16: 2e-3
        }
      for (one, other) in [(0, 1), (0, 2), (3, 4), (3, 5)] {
        #expect(ends[one].contains { abs($0 - 0.125) > 0.05 })
        for (x, y) in zip(ends[one], ends[other]) {
          #expect(abs(x - y) <= tolerance, "\(engine) \(type) \(one), \(other): \(x), \(y)")
        }
      }
    }
  }

  @Test func hyperparametersOfObjectivesHaveDomainsToo() throws {
    #expect(throws: DiagnosticError.self) {
      try Self.run(
        "objective f(c = 2 in [0, 1], x: scalar = 1) = c * x^2\nminimize f with SGD for 1 steps"
      ) { _ in }
    }
    try Self.run(
      "objective f(c = 1 - t / 4 in [0.5, 1], x: scalar = 1) = c * x^2\n"
        + "minimize f with SGD(lr = 0.1) for 2 steps"
    ) { script in #expect(script.failures.isEmpty) }
  }

  // MARK: What would be silent

  @Test(arguments: [EngineKind.interpreter, .reference])
  func skippedStepsAndBrokenStatesAreSaid(_ engine: EngineKind) throws {
    let source = """
      rule Guarded(lr = 0.1) {
          guard finite
          w' = w - lr * g
      }
      objective f(x: vector(2) = [0, 1]) = sqrt(x[0]) + x[1]^2
      objective steep(x: vector(2) = [1, 1]) = 1e200 * sum(x^2)
      minimize f with Guarded for 10 steps
      minimize steep with Adam(lr = 0.1), Lion(lr = 0.1) for 20 steps
      """
    try Self.run(source, engine: engine) { script in
      #expect(script.experiments[0].rules[0].runs[0].skippedSteps == 10)
      #expect(script.warnings.map(\.code.number) == [831, 832])
      // (2e200)² is beyond float64 in the first step.
      #expect(
        script.warnings[1].message
          == "Adam(lr = 0.1): the state `v` of `x` is infinite after step 1")
      #expect(ExperimentJSON.text(script.experiments).contains("\"skipped\": 10"))
    }
  }

  @Test func whatBeginsInfiniteIsNoFinding() throws {
    let source = """
      rule Least(lr = 0.1) {
          state least: global = inf
          least' = min(least, loss)
          w' = w - lr * g
      }
      objective f(x: scalar = 1) = x^2
      minimize f with Least for 3 steps
      """
    try Self.run(source) { script in #expect(script.warnings.isEmpty) }
  }

  // MARK: Before it runs

  /// The codes with which a script is refused, and what it put out before.
  private func refused(_ source: String) -> (codes: [Int], output: String) {
    let compiler = Compiler()
    var found = compiler.add(name: "test.opt", bytes: Array(source.utf8)).filter {
      $0.severity == .error
    }
    var text = ""
    let script = Script(compiler, options: Script.Options(), output: { text += $0 })
    if found.isEmpty {
      do throws(DiagnosticError) { try script.run() } catch { found = error.diagnostics }
    }
    return (found.map(\.code.number), text)
  }

  @Test func whatCanBeSeenBeforeIsSaidBefore() {
    let f = "objective f(x: vector(2) = [1, 1]) = sum(x^2)\nminimize f with SGD "
    let cases: [(String, Int)] = [
      (f + "for 10 steps batch 3", 220),
      (f + "for 10 steps seed 1 seeds 2", 216),
      (f + "for 10 * t steps", 214),
      (f + "for 5 steps from [T, 1]", 214),
      (f + "for 5 steps\nplot loss, gain to \"p.svg\"", 223),
      (f + "for 5 steps\nplot loss to \"p.pdf\"", 225),
      (f + "for 5 steps\nplot loss to \"nowhere/p.svg\"", 750),
      ("objective g(x: scalar = 1) = x^2\nminimize g with SGD for 5 steps\nplot path", 224),
      ("data d = csv(\"nowhere.csv\", target = \"y\")\n" + f + "for 5 steps", 701),
    ]
    for (source, code) in cases {
      let (codes, output) = refused(source)
      #expect(codes == [code], "\(source)")
      #expect(output.isEmpty, "\(source)")
    }
    #expect(refused(f + "for 5 steps").codes == [])
    // All of them at once.
    #expect(refused(f + "for t steps\nplot loss to \"p.pdf\"").codes == [214, 225])
  }

  @Test func aMetricIsMadeLargeWhereNothingElseIsSaid() throws {
    // The metric is largest at x = 0, which the rate 0.5 reaches in one step, and the loss is least there.
    let source = """
      objective f(x: scalar = 1) {
          loss = x^2
          metric score = -abs(x)
      }
      minimize f with SGD(lr = 0.1) for 1 steps
      """
    try Self.run(source) { script in
      let (task, rules) = try #require(try script.firstTask())
      var settings = Tuner.Settings(ranges: [try #require(SearchRange("lr = 0.1, 0.5, 0.7"))])
      for (series, best) in [("score", 0.5), ("min score", 0.1), ("max loss", 0.1), ("loss", 0.5)] {
        settings.take(series: series)
        let row = try Tuner(task, settings).run(rules).rows[0]
        #expect(row.best == [best], "\(series)")
      }
    }
  }

  /// The loss of an epoch is the mean over its rows, also where rows of the beginning fill up the last batch.
  @Test(arguments: [1, 2, 3, 4]) func theLossIsTheMeanOverRows(_ batch: Int) throws {
    let script = """
      data d = csv("rows.csv", target = "y")
      objective line(; x, y) {
          param a: scalar = 0.5
          loss = mean((a * x - y)^2)
      }
      rule Still(lr = 0) { input G: batch  w' = w - lr * mean over batch G }
      train line on d with Still, SGD(lr = 0) for 2 epochs batch \(batch)
      """
    try Self.run(script) { script in
      for rule in try #require(script.experiments.last).rules {
        let run = try #require(rule.runs.first)
        for (loss, whole) in zip(run.values["loss"] ?? [], run.values["test_loss"] ?? []) {
          #expect(abs(loss - whole) < 1e-14, "\(rule.label): \(loss) for \(whole)")
        }
      }
    }
  }
}
