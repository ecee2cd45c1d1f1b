import Diagnostics
import Driver
import IR
import Experiments
import Runtime
import Testing
import Training

/// What binding makes is made once, whatever the seeds, the rules beside it and the rates.
@Suite struct WorkOnceTests {
  static let bowl = "objective bowl(x: vector(2) = [5, 3]) = sum(x^2)\n"

  private func run(_ text: String) throws -> WorkCounts {
    let compiler = Compiler()
    let found = compiler.add(name: "once.opt", bytes: Array((Self.bowl + text).utf8))
    #expect(!found.contains { $0.severity == .error })
    return try WorkCounts.counting {
      try Script(compiler, options: Script.Options(), output: { _ in }).run()
    }
  }

  /// One plan for each rule and one for the objective, which the landscape shares; the update and the
  /// first values of each rule and its arguments are made concrete, the objective's two functions, and
  /// the two numbers of the statement.
  @Test(arguments: [1, 5])
  func seedsShareWhatIsBound(_ seeds: Int) throws {
    let counts = try run(
      "minimize bowl with Lion(lr = 0.1), AdamW(lr = 0.1) for 100 steps seeds \(seeds)\nplot path")
    #expect(counts.differentiations == 1)
    #expect(counts.plans.sorted() == ["AdamW", "Lion", "bowl"])
    #expect(counts.specialisations == 2 * 3 + 2 + 2)
  }

  /// The values around the walks, which are those at the last step, are made for the plot alone. This walk
  /// breaks before the steps at which its objective is not defined.
  @Test func landscapesAreMadeWhereTheyArePlotted() throws {
    let text = "objective f(c = 1 - t / 4 in [0.4, 1], x: vector(2) = [1, 2]) = c * sum(x^2)\n"
    let walk = "minimize f with SGD(lr = 1e200) for 5 steps\n"
    let compiler = Compiler()
    _ = compiler.add(name: "f.opt", bytes: Array((text + walk).utf8))
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    try script.run()
    #expect(script.failures.map(\.code.number) == [910])
    #expect(script.experiments[0].rules[0].runs[0].points.count == 2)
    let landscape = try #require(script.experiments[0].landscape)
    #expect(throws: DiagnosticError.self) { _ = try landscape() }
    _ = compiler.add(
      name: "g.opt", bytes: Array((Self.bowl + "minimize bowl with SGD for 5 steps").utf8))
    try script.run()
    let bowl = try #require(try script.experiments[1].landscape?())
    #expect(bowl.values.count == 6912 && bowl.columns == 96)
    #expect(
      abs(
        bowl.values[0] - bowl.xRange.lowerBound * bowl.xRange.lowerBound
          - bowl.yRange.lowerBound * bowl.yRange.lowerBound) < 1e-12)
  }

  /// A schedule is a plan of its own, whatever the seeds.
  @Test func schedulesArePlannedOnce() throws {
    let counts = try run("minimize bowl with Lion(lr = 0.1 / t) for 10 steps seeds 3")
    #expect(counts.plans.count == 3)
  }

  @Test func candidatesShareThePlanOfTheirRule() throws {
    let compiler = Compiler()
    _ = compiler.add(
      name: "once.opt",
      bytes: Array((Self.bowl + "minimize bowl with Lion for 20 steps").utf8))
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    let task = try #require(try script.firstTask()).task
    var settings = Tuner.Settings(ranges: [try #require(SearchRange("lr=1e-4..1"))])
    settings.trials = 6
    let tuner = Tuner(task, settings)
    var result: Tuner.Result?
    let counts = try WorkCounts.counting {
      result = try tuner.run([compiler.rule("Lion"), compiler.rule("AdamW")])
    }
    #expect(result?.rows.map(\.trials.count) == [6, 6])
    // Trials have an objective with a gradient and one to measure by, the runs that count have theirs. A rule
    // is planned for the runs that count alone.
    #expect(counts.differentiations == 2)
    #expect(counts.plans.sorted() == ["AdamW", "Lion", "bowl", "bowl", "bowl"])
  }

  /// What fixes a loop has another plan for each value.
  @Test func structuralHyperparametersHavePlansOfTheirOwn() throws {
    let compiler = Compiler()
    let tensors = [
      ParameterSpec(name: "w", dims: [4, 4]), ParameterSpec(name: "u", dims: [4, 4]),
    ]
    var bound: BoundRule?
    let first = try WorkCounts.counting {
      bound = try BoundRule(compiler.rule("Muon"), parameters: tensors)
    }
    #expect(first.plans.count == 1)
    #expect(try bound?.rebound(compiler.rule("Muon(lr = 0.5)"), horizon: 0) != nil)
    #expect(try bound?.rebound(compiler.rule("Muon(steps = 7)"), horizon: 0) == nil)
    #expect(try bound?.rebound(compiler.rule("Lion"), horizon: 0) == nil)
  }

  /// Optimizers of one bound rule have memory of their own.
  @Test func optimizersOfOneBoundRuleAreApart() throws {
    let rule = try Compiler().rule("AdamW(lr = 0.1)")
    let bound = try BoundRule(rule, parameters: [ParameterSpec(name: "w", dims: [3])])
    let gradients: [[Float]] = [[1, 2, 3], [-3, 1, 0]]
    func walk(_ optimizer: Optimizer, _ gradient: [Float]) throws -> [Float] {
      var w: [Float] = [1, 1, 1]
      try w.withUnsafeMutableBytes { w in
        try gradient.withUnsafeBytes { g in
          optimizer.bind(parameters: [w.baseAddress!], gradients: [g.baseAddress!])
          try optimizer.initialise()
          for _ in 0..<4 { try optimizer.step() }
        }
      }
      return w
    }
    let shared = [try Optimizer(bound, seed: 1), try Optimizer(bound, seed: 2)]
    for k in 0..<2 {
      let alone = try Optimizer(rule, parameters: bound.parameters)
      #expect(try walk(shared[k], gradients[k]) == walk(alone, gradients[k]))
    }
  }
}
