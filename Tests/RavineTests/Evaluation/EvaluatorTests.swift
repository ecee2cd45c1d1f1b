import AllocationCount
import Diagnostics
import Driver
import Experiments
import IR
import Runtime
import Synchronization
import Testing

@testable import Training

/// Evaluations are the runs of `train`, whoever makes them.
@Suite struct EvaluatorTests {
  static let rules = [
    "SGD(lr = 0.1)", "AdamW(lr = 0.05)", "AdamW(lr = cosine(0.05))", "Lion(lr = 0.01)",
    "HeavyBall(lr = 0.05)", "RMSProp(lr = 0.01)", "MuonAdamW(lr = 0.02)", "LAMB(lr = 0.05)",
    "ScheduleFreeAdamW(lr = 0.05)", "Lookahead(SGD(lr = 0.1), k = 3)",
  ]

  @Test(arguments: rules) func anEvaluationIsTheRunOfTrain(_ call: String) throws {
    let task = try SmallTask()
    let rule = try task.rule(call)
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32)
    var settings = task.settings
    settings.seeds = [3]
    let run = try #require(try trainer.train([rule], settings, title: "").rules[0].runs.first)
    let evaluator = try task.evaluator()
    let candidate = evaluator.prepare(rule)
    let found = try evaluator.evaluate(candidate, seed: 3)
    #expect(found.end == .done && found.steps == 25)
    let wanted = [
      (found.trainingLoss, run.last("loss")), (found.metrics[0], run.last("accuracy")),
      (found.loss, run.last("test_loss")),
    ]
    for (x, y) in wanted {
      #expect(abs(x - (y ?? .nan)) <= 2e-5 * abs(x), "\(call): \(x) \(String(describing: y))")
    }
    #expect(found.isCompiled == candidate.isCompiled)
  }

  @Test func someRunAsOneProgram() throws {
    let task = try SmallTask()
    let evaluator = try task.evaluator()
    let compiled = try Self.rules.filter { try evaluator.prepare(task.rule($0)).isCompiled }
    #expect(
      compiled == [
        "SGD(lr = 0.1)", "AdamW(lr = 0.05)", "AdamW(lr = cosine(0.05))", "Lion(lr = 0.01)",
        "HeavyBall(lr = 0.05)", "RMSProp(lr = 0.01)", "Lookahead(SGD(lr = 0.1), k = 3)",
      ])
  }

  /// The whole zoo, by both ways, to rounding: the same kernels in another order of tensors.
  @Test(arguments: [ElementType.float32, .float64])
  func bothWaysAgreeOnTheZoo(_ elementType: ElementType) throws {
    var task = try SmallTask()
    task.settings.steps = 12
    let evaluator = try task.evaluator(elementType)
    let plain = try task.evaluator(elementType)
    plain.usesPrograms = false
    var compared = 0
    for name in ZooRules.all {
      guard let rule = try? task.compiler.rule(name) else { continue }
      let candidate = evaluator.prepare(rule)
      guard candidate.isCompiled else { continue }
      let x = try evaluator.evaluate(candidate, seed: 1)
      let y = try plain.evaluate(plain.prepare(rule), seed: 1)
      #expect(x.isCompiled && !y.isCompiled)
      #expect(x.end == y.end && x.steps == y.steps, "\(name): \(x.end), \(y.end)")
      let near = elementType == .float64 ? 1e-10 : 1e-4
      #expect(
        abs(x.loss - y.loss) <= near * abs(y.loss) || x.loss.isNaN && y.loss.isNaN,
        "\(name): \(x.loss), \(y.loss)")
      compared += 1
    }
    #expect(compared >= 60, "\(compared) rules of the zoo run as one program")
  }

  @Test func problemsWithoutDataAgreeToo() throws {
    let text = """
      objective valley(x: vector(3) = [-1, 2, 0.5], s: scalar = 1) =
          sum((1 - x)^2) + 10 * (x[1] - x[0]^2)^2 + s^2
      """
    let compiler = Compiler()
    try SmallTask.add(text, to: compiler)
    let objective = try compiler.objective("valley")
    var settings = TrainingSettings()
    settings.steps = 40
    for call in ["SGD(lr = 1e-3)", "AdamW(lr = 0.05)", "HeavyBall(lr = cosine(2e-3))"] {
      let rule = try compiler.rule(call)
      let evaluator = try TaskEvaluator(objective, nil, settings, elementType: .float64)
      let found = try evaluator.evaluate(evaluator.prepare(rule), seed: 0)
      let trainer = Trainer(objective: objective, engine: .interpreter, elementType: .float64)
      let run = try #require(try trainer.walks([rule], settings)[0].runs.first)
      #expect(found.isCompiled && found.end == .done)
      #expect(abs(found.loss - (run.last("loss") ?? .nan)) <= 1e-12, "\(call)")
    }
  }

  // MARK: What a result depends on

  @Test func resultsDoNotDependOnThreadsOrOrder() throws {
    let task = try SmallTask()
    let trials = try Self.rules.map { call in
      let rule = try task.rule(call)
      let rate = try rule.position(of: "lr")
      return TaskEvaluator.Trial(
        rule, settings: [[(rate, 0.01)], [(rate, 0.03)]], seeds: [4, 1])
    }
    let one = try task.evaluator().evaluate(trials, threads: 1)
    let two = try task.evaluator().evaluate(trials, threads: 2)
    let back = try task.evaluator().evaluate(trials.reversed(), threads: 1)
    #expect(one == two)
    #expect(one == Array(back.reversed()))
    #expect(one.allSatisfy { $0.count == 4 && Set($0.map(\.loss.bitPattern)).count > 1 })
  }

  @Test(arguments: ["AdamW", "AdamW(lr = cosine(1))", "MuonAdamW", "SGD"])
  func aSettingIsThatOfTheRule(_ call: String) throws {
    let task = try SmallTask()
    let rule = try task.rule(call)
    let evaluator = try task.evaluator()
    let candidate = evaluator.prepare(rule)
    let k = try rule.position(of: "lr")
    let found = try evaluator.evaluate(candidate.setting(k, to: 0.02), seed: 0)
    let wanted = try evaluator.evaluate(
      evaluator.prepare(rule.setting("lr", to: 0.02)), seed: 0)
    #expect(found == wanted)
    // A peak may be anything: the schedule is looked at where it runs.
    if !call.contains("cosine"), rule.module.hypers[k].domain != nil {
      let error = #expect(throws: DiagnosticError.self) { _ = try candidate.setting(k, to: -1) }
      #expect(error?.diagnostics.map(\.code) == [.outsideDomain])
    }
  }

  /// What is made of another hyperparameter follows it.
  @Test func whatIsMadeOfASettingFollowsIt() throws {
    let task = try SmallTask()
    let rule = try task.rule(
      "Twice",
      "rule Twice(lr = 0.1, mu = 2 * lr) {\n state m\n m' = mu * m + g\n w' = w - lr * m'\n}")
    let evaluator = try task.evaluator()
    let candidate = evaluator.prepare(rule)
    #expect(candidate.isCompiled)
    let k = try rule.position(of: "lr")
    let found = try evaluator.evaluate(candidate.setting(k, to: 0.3), seed: 0)
    let wanted = try evaluator.evaluate(
      evaluator.prepare(task.rule("Twice(lr = 0.3, mu = 0.6)")), seed: 0)
    #expect(found == wanted && found.score != nil)
  }

  // MARK: Ends

  @Test func aTargetEndsARun() throws {
    var task = try SmallTask()
    task.settings.steps = 400
    task.settings.target = TrainingSettings.Target(series: "loss", isBelow: true, value: 0.9)
    let rule = try task.rule("AdamW(lr = 0.05)")
    let found = try task.evaluator().evaluate(task.evaluator().prepare(rule), seed: 0)
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32)
    let run = try trainer.train([rule], task.settings, title: "").rules[0].runs[0]
    #expect(found.end == .reachedTarget && found.steps == run.steps && found.steps < 400)
    #expect(found.reachedTarget)
    // The losses since it was last looked at, as the run records them.
    let last = try #require(run.last("loss"))
    #expect(abs(found.trainingLoss - last) <= 2e-5 * last && last < 0.9)
  }

  /// Metrics are measured apart, the loss is that of the step; both are looked at where `minimize` does.
  @Test(arguments: ["loss < 0.4", "far < 1.1", "loss > 9"])
  func targetsOfWalks(_ target: String) throws {
    let text = """
      objective bowl {
          param x: vector(3) = [2, -1, 0.5]
          loss = sum(x^2)
          metric far = sqrt(sum(x^2))
      }
      """
    let compiler = Compiler()
    try SmallTask.add(text, to: compiler)
    let objective = try compiler.objective("bowl")
    var settings = TrainingSettings()
    settings.steps = 60
    let words = target.split(separator: " ")
    settings.target = TrainingSettings.Target(
      series: String(words[0]), isBelow: words[1] == "<", value: Double(words[2])!)
    for call in ["SGD(lr = 0.05)", "AdamW(lr = 0.05)", "ScheduleFreeAdamW(lr = 0.1)"] {
      let rule = try compiler.rule(call)
      let evaluator = try TaskEvaluator(objective, nil, settings, elementType: .float64)
      var trial = TaskEvaluator.Trial(rule)
      trial.keepsCurve = true
      let found = try evaluator.evaluate([trial], threads: 1)[0][0]
      let trainer = Trainer(objective: objective, engine: .interpreter, elementType: .float64)
      let run = try #require(try trainer.walks([rule], settings)[0].runs.first)
      let isReached = !target.contains(">")
      #expect(run.reachedTarget == isReached && found.reachedTarget == isReached)
      #expect(found.steps == run.steps && (found.end == .reachedTarget) == isReached)
      let series = try #require(run.values[String(words[0])])
      #expect(found.curve.count == series.count && series.count > 3, "\(call)")
      for (x, y) in zip(found.curve, series) { #expect(abs(x.value - y) <= 1e-12) }
    }
  }

  /// A limit ends a run where a shorter one would end, but with the schedules of the whole.
  @Test(arguments: [
    ("AdamW(lr = 0.05)", "AdamW(lr = 0.05)"), ("MuonAdamW(lr = 0.02)", "MuonAdamW(lr = 0.02)"),
    ("SGD(lr = 0.2 * t / T)", "SGD(lr = 0.2 * t / 25)"),
  ])
  func aLimitEndsARun(_ call: String, _ short: String) throws {
    let task = try SmallTask()
    let rule = try task.rule(call)
    var trial = TaskEvaluator.Trial(rule, seeds: [3])
    trial.limit = 7
    let found = try task.evaluator().evaluate([trial], threads: 1)[0][0]
    #expect(found.end == .limited && found.steps == 7 && found.score == nil)
    var settings = task.settings
    settings.seeds = [3]
    settings.steps = 7
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: .interpreter, elementType: .float32)
    let run = try trainer.train([task.rule(short)], settings, title: "").rules[0].runs[0]
    let loss = try #require(run.last("test_loss"))
    #expect(run.steps == 7 && abs(found.loss - loss) <= 2e-5 * loss)
  }

  @Test func ctrlCEndsARunBetweenItsSteps() throws {
    for (call, isCompiled) in [("SGD(lr = 0.1)", true), ("MuonAdamW(lr = 0.02)", false)] {
      let task = try SmallTask()
      let evaluator = try task.evaluator()
      let asked = Mutex(0)
      evaluator.interrupt = InterruptSource(
        isRequested: {
          asked.withLock {
            $0 += 1
            return $0 > 9
          }
        }, clear: {})
      let candidate = try evaluator.prepare(task.rule(call))
      let found = try evaluator.evaluate(candidate, seed: 0)
      #expect(found.end == .interrupted && found.steps == 9 && found.score == nil)
      #expect(found.isCompiled == isCompiled)
    }
  }

  /// The states at the end are looked at, and the weights that they leave are measured all the same.
  @Test func brokenStatesTakeTheScoreAndNotTheLoss() throws {
    let found = try SmallTask().evaluate(
      "state n = 1\n n' = n * 1e30\n w' = w - lr * g")
    #expect(found.end == .notFinite(.states) && found.score == nil)
    #expect(found.loss.isFinite && found.isCompiled && found.problem == nil)
  }

  @Test func aRunThatBreaksSaysWhere() throws {
    let found = try SmallTask().evaluate("w' = w - lr * g / (t < 4)")
    #expect(found.steps == 4 && found.problem == "the loss is no number after 4 steps")
  }

  @Test func aStartOfAnotherSizeIsRefused() throws {
    let compiler = Compiler()
    try SmallTask.add(
      "objective bowl(x: vector(3) = 1, y: scalar = 2) = sum(x^2) + y^2", to: compiler)
    let objective = try compiler.objective("bowl")
    for count in [1, 3, 5] {
      var settings = TrainingSettings()
      settings.steps = 3
      settings.start = TrainingSettings.Start([Double](repeating: 1, count: count), at: .none)
      let error = #expect(throws: DiagnosticError.self) {
        _ = try TaskEvaluator(objective, nil, settings, elementType: .float64)
      }
      #expect(error?.diagnostics.map(\.code) == [.startOfOtherSize], "\(count)")
    }
  }

  @Test func hopelessCurvesAndDivergenceEndARun() throws {
    var task = try SmallTask()
    task.settings.steps = 400
    let evaluator = try task.evaluator()
    evaluator.stops = StopRules(divergence: 10, limits: [(20, 5), (40, 0.1), (60, 0)])
    let slow = try evaluator.evaluate(evaluator.prepare(task.rule("SGD(lr = 1e-3)")), seed: 0)
    #expect(slow.end == .hopeless && slow.steps == 39)
    #expect(slow.score == nil)
    let fast = try evaluator.evaluate(evaluator.prepare(task.rule("SGD(lr = 1e4)")), seed: 0)
    #expect(fast.end == .diverged && fast.steps < 20)
    #expect(fast.score == nil)
    // A limit that is no number is met by nobody.
    evaluator.stops = StopRules(limits: [(20, .nan)])
    let none = try evaluator.evaluate(evaluator.prepare(task.rule("SGD(lr = 0.1)")), seed: 0)
    #expect(none.end == .hopeless)
  }

  @Test func whatIsInterruptedHasNoScore() throws {
    let task = try SmallTask()
    let evaluator = try task.evaluator()
    evaluator.interrupt = InterruptSource(isRequested: { true }, clear: {})
    let found = try evaluator.evaluate(
      [TaskEvaluator.Trial(task.rule("SGD"), seeds: [0, 1])], threads: 1)
    #expect(found[0].map(\.end) == [.interrupted, .interrupted])
    #expect(found[0].allSatisfy { $0.score == nil })
  }

  @Test func aRuleThatCannotRunSaysWhy() throws {
    let task = try SmallTask()
    let rule = try task.rule(
      "Own", "rule Own(lr = 0.1) {\n input temperature: scalar\n w' = w - lr * temperature * g\n}")
    let evaluator = try task.evaluator()
    #expect(throws: DiagnosticError.self) {
      try evaluator.evaluate(evaluator.prepare(rule), seed: 0)
    }
    #expect(throws: DiagnosticError.self) {
      try evaluator.evaluate([TaskEvaluator.Trial(rule)], threads: 2)
    }
  }

  // MARK: Memory

  @Test func stepsAllocateNothing() throws {
    func allocations(_ steps: Int) throws -> Int {
      var task = try SmallTask()
      task.settings.steps = steps
      let evaluator = try task.evaluator()
      let candidate = try evaluator.prepare(task.rule("AdamW(lr = 1e-3)"))
      for _ in 0..<3 { _ = try evaluator.evaluate(candidate, seed: 0) }
      let before = rv_allocation_count()
      _ = try evaluator.evaluate(candidate, seed: 0)
      return rv_allocation_count() - before
    }
    let (few, many) = (try allocations(25), try allocations(30))
    #expect(few == many, "\(few), \(many)")
    #expect(few < 200)
  }
}
