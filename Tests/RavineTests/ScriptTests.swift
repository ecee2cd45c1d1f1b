import Diagnostics
import Driver
import Experiments
import Foundation
import Runtime
import Synchronization
import Testing
import Training

/// Scripts from their text to what they print.
@Suite(.serialized) struct ScriptTests {
  private struct Outcome {
    var text = ""
    var script: Script?
    var errors: [Diagnostic] = []
    var sources = SourceMap()

    /// The text under the caret of the first error with this code.
    func marked(_ code: Int) -> String? {
      (errors + (script?.failures ?? []) + (script?.findings ?? []))
        .first { $0.code.number == code }.map { sources.text($0.span) }
    }
  }

  private func run(
    _ source: String, folder: String? = nil, _ change: (inout Script.Options) -> Void = { _ in }
  ) -> Outcome {
    let compiler = Compiler()
    var outcome = Outcome()
    outcome.errors = compiler.add(name: "test.opt", bytes: Array(source.utf8))
      .filter { $0.severity == .error }
    if outcome.errors.isEmpty {
      var options = Script.Options()
      options.folder = folder
      change(&options)
      var text = ""
      let script = Script(compiler, options: options, output: { text += $0 })
      do throws(DiagnosticError) { try script.run() } catch { outcome.errors = error.diagnostics }
      outcome.text = text
      outcome.script = script
    }
    outcome.sources = compiler.sources
    return outcome
  }

  private func temporaryFolder() throws -> String {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  private static let quadratic = """
    objective q(x: vector(2) = [3, -4]) = 0.5 * sum(x^2)

    """

  @Test func descentOnAQuadraticIsExact() throws {
    // x ← (1 - lr) x: after 3 steps of lr = 0.5 the loss is 12.5 / 64.
    let outcome = run(Self.quadratic + "minimize q with SGD(lr = 0.5) for 3 steps")
    let history = try #require(outcome.script?.experiments.first?.rules.first?.runs.first)
    #expect(history.values["loss"] == [12.5, 3.125, 0.78125, 0.1953125])
    #expect(history.parameters == [[0.375, -0.5]])
  }

  @Test func startingPointAndSeedsAreClauses() throws {
    let outcome = run(
      Self.quadratic + "minimize q with SGD(lr = 0.5) for 1 steps from [2, 0] seeds 2")
    let runs = try #require(outcome.script?.experiments.first?.rules.first?.runs)
    #expect(runs.map(\.seed) == [0, 1])
    #expect(runs.allSatisfy { $0.parameters == [[1, 0]] })
  }

  @Test func expressionsPrintTheirValues() {
    #expect(run("1 + 2").text == "3\n")
    #expect(run("[1, 2] * 2").text == "[2, 4]\n")
    #expect(run("lr0 = 0.25\nlr0 * 4 == 1").text == "true\n")
    #expect(run("fn twice(x) = 2 * x\ntwice(4)").text == "8\n")
  }

  @Test func assertionsAreFindings() {
    #expect(run("assert 1 + 1 == 2").script?.findings.isEmpty == true)
    #expect(run("assert SGD == Nesterov(μ = 0)").script?.findings.isEmpty == true)
    #expect(run("assert SGD == SignSGD").script?.findings.count == 1)
    let outcome = run("assert 1 + 1 == 3")
    #expect(outcome.marked(920) == "1 + 1 == 3")
  }

  @Test func aBrokenRunStopsAloneAndNamesTheTensor() throws {
    let outcome = run(
      "objective h(x: vector(2) = [1, 2]) = sum(sqrt(x - 1))\n"
        + "minimize h with SGD(lr = 0.1), Lion(lr = 1e-3) for 4 steps")
    let rules = try #require(outcome.script?.experiments.first?.rules)
    #expect(rules[0].runs[0].failure?.notes.first?.message.contains("`x`") == true)
    // Lion's parameters stay finite: the first broken value is in the text.
    let failure = try #require(rules[1].runs[0].failure)
    #expect(outcome.sources.text(failure.span) == "sqrt(x - 1)")
    #expect(failure.message.contains("step 2"))
    #expect(outcome.script?.failures.count == 2)
  }

  /// One of the examples has no logarithm, on whatever worker.
  @Test(arguments: [1, 2, 3]) func aBrokenRunOnWorkersNamesTheValue(_ workers: Int) throws {
    let folder = try temporaryFolder()
    try Data("x,y\n1,0\n4,0\n9,0\n".utf8).write(to: URL(fileURLWithPath: folder + "/c.csv"))
    let outcome = run(
      """
      data d = csv("c.csv", target = "y")
      objective o(; x, y) {
          param b: scalar = 2
          loss = mean(log(x - b))
      }
      train o on d with DataParallel(SGD) for 3 epochs batch 3 workers \(workers)
      """, folder: folder)
    let failure = try #require(outcome.script?.failures.first)
    #expect(failure.message.contains("NaN at step 1"))
    #expect(outcome.sources.text(failure.span) == "log(x - b)")
  }

  @Test func everyRuleIsBoundBeforeAnyRuns() {
    let outcome = run(
      "rule R = route { rank == 2 -> SGD }\n" + Self.quadratic
        + "minimize q with SGD(lr = 0.1), R for 5 steps")
    #expect(outcome.errors.map(\.code.number) == [601])
    #expect(outcome.text.isEmpty)
  }

  @Test func trainingIsTheSameFromRunToRun() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var csv = "a,b,y\n"
    for i in 0..<50 { csv += "\(Double(i % 7) - 3),\(Double(i % 5) - 2),\(i % 2)\n" }
    try csv.write(toFile: folder + "/d.csv", atomically: true, encoding: .utf8)
    let source = """
      data d = csv("d.csv", target = "y", test = 0.2, standardise = 1)
      objective net(hidden = 4; x, y) {
          param A: matrix(features, hidden) = normal()
          param B: vector(hidden) = normal()
          z = tanh(x @ A) @ B
          loss = binary_cross_entropy(z, y)
          metric accuracy = mean((z > 0) == (y > 0.5))
      }
      train net on d with AdamW(lr = 0.01), Muon(lr = 0) for 3 epochs batch 16 seeds 2
      plot loss, accuracy to "\(folder)/d.svg"
      """
    let first = run(source, folder: folder)
    #expect(first.errors.count == 1, "a vector is no matrix for Muon")
    let good = source.replacingOccurrences(of: ", Muon(lr = 0)", with: ", Lion(lr = 1e-3)")
    let a = run(good, folder: folder)
    let b = run(good, folder: folder)
    #expect(a.errors.isEmpty)
    #expect(!a.text.isEmpty && a.text == b.text)
    let runs = try #require(a.script?.experiments.first?.rules.first?.runs)
    #expect(runs[0].parameters != runs[1].parameters)
    // 40 examples in batches of 16: two whole ones and a smaller one an epoch.
    #expect(runs[0].steps == 9)
    #expect(try String(contentsOfFile: folder + "/d.svg", encoding: .utf8).hasPrefix("<svg"))
  }

  @Test func enginesTrainAlike() throws {
    let source =
      "objective r(x: vector(2) = [-1.2, 1]) = 100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2\n"
      + "minimize r with AdamW(lr = 1e-2), Lookahead(HeavyBall(lr = 1e-4)) for 40 steps"
    let a = try #require(run(source).script?.experiments.first)
    let b = try #require(run(source) { $0.engine = .reference }.script?.experiments.first)
    for (x, y) in zip(a.rules, b.rules) {
      for (p, q) in zip(x.runs[0].values["loss"]!, y.runs[0].values["loss"]!) {
        #expect(abs(p - q) <= 1e-9 * abs(q))
      }
    }
  }

  @Test func interruptionKeepsWhatWasDone() throws {
    let compiler = Compiler()
    let source =
      Self.quadratic + "minimize q with SGD(lr = 1e-9) for 1000000000 steps\nplot loss\n"
      + "minimize q with SGD(lr = 0.1) for 10 steps"
    #expect(compiler.add(name: "t", bytes: Array(source.utf8)).isEmpty)
    var text = ""
    // The flag of the process would end what other tests run.
    let isRequested = Mutex(false)
    let script = Script(
      compiler, options: Script.Options(), output: { text += $0 },
      progress: { if $0.contains("step") { isRequested.withLock { $0 = true } } })
    script.interrupt = InterruptSource(
      isRequested: { isRequested.withLock { $0 } }, clear: {})
    try script.run()
    #expect(script.experiments.count == 1)
    #expect(script.experiments[0].wasInterrupted)
    #expect(text.contains("loss"))
  }

  @Test(arguments: [
    ("minimize q with SGD", 226, "minimize q with SGD"),
    ("minimize q with SGD for 0 steps", 227, "0"),
    ("minimize q with SGD for 5 steps workers 2", 220, "workers"),
    ("minimize q with SGD for 5 steps from [1]", 229, "[1]"),
    ("minimize q with SGD for 5 steps delay 0.5", 227, "0.5"),
    ("minimize q with SGD for 5 steps until lss < 1", 223, "lss"),
    ("plot loss", 222, "plot loss"),
    ("minimize q with SGD(lr = 0.1) for 5 steps\nplot lss", 223, "lss"),
    ("minimize q with SGD(lr = -1) for 5 steps", 502, "-1"),
    ("assert SGD == Missing", 201, "Missing"),
    ("minimize q with SGD(lr = 0.1) for 5 steps\nplot loss to \"a.pdf\"", 225, "\"a.pdf\""),
  ])
  func mistakesHaveTheirCodes(_ source: String, _ code: Int, _ text: String) {
    let outcome = run(Self.quadratic + source)
    #expect(outcome.errors.map(\.code.number) == [code])
    #expect(outcome.marked(code) == text)
  }

  // MARK: Budgets

  @Test(arguments: [
    ("sum(ones(100000, 100000))", "ones(100000, 100000)"), ("zeros(1e9)", "zeros(1e9)"),
    ("eye(1e6)", "eye(1e6)"), ("normal(vector(1e9))[0]", "normal(vector(1e9))"),
    ("x = ones(100000, 1)\nsum(x @ x.T)", "x @ x.T"),
    ("x = ones(vector(1e5))\nsum(outer(x, x))", "outer(x, x)"),
  ])
  func valuesBeyondTheBudgetAreRefused(_ source: String, _ place: String) {
    let outcome = run(source)
    #expect(outcome.errors.map(\.code.number) == [813])
    #expect(outcome.marked(813) == place)
  }

  @Test func lengthsThatNoTensorHasAreRefusedBeforeTheyAreMultiplied() {
    for source in ["zeros(0, 2e9, 2e9, 2e9, 2e9)", "iota(1e12)", "zeros(2e9, 2e9)"] {
      #expect(run(source).errors.map(\.code.number) == [411], "\(source)")
    }
  }

  @Test(arguments: [
    ("1e9", 813), ("0", 411), ("-3", 411), ("2.5", 411), ("1e12", 411),
  ])
  func parametersBeyondTheBudgetAreShownWhereTheyAreDeclared(_ length: String, _ code: Int) {
    let outcome = run(
      """
      objective f(hidden = \(length)) {
          param W: vector(hidden) = 1
          loss = sum(W^2)
      }
      minimize f with SGD for 1 steps
      """)
    #expect(outcome.errors.map(\.code.number) == [code])
    #expect(outcome.marked(code)?.hasPrefix("W: vector(hidden)") == true)
  }

  @Test func statesBeyondTheBudgetAreShownWhereTheyAreDeclared() {
    let outcome = run(
      Self.quadratic + """
        rule Wide(n = 1e12) {
            state L: vector(1e6)
            state M: matrix(1e6, 1e6)
            L' = L + 1
            M' = M + n
            w' = w - g * sum(L) * sum(M)
        }
        minimize q with Wide for 1 steps
        """)
    #expect(outcome.errors.map(\.code.number) == [813])
    #expect(outcome.marked(813)?.hasPrefix("M: matrix") == true)
    #expect(outcome.errors.first?.message.hasPrefix("the state `M` takes 8 TB") == true)
  }

  @Test func loopsOfAValueAreBounded() {
    let outcome = run(
      """
      fn inner(x) {
          y = x
          repeat 1e5 { y' = y + 1 }
          y
      }
      fn outer_loop(x) {
          y = x
          repeat 1e5 { y' = inner(y) }
          y
      }
      outer_loop(0)
      """)
    #expect(outcome.errors.map(\.code.number) == [814])
  }

  @Test(arguments: [
    ("for 5 steps seeds 1e9", "seeds", "10,000"),
    ("for 1e10 steps", "for … steps", "1,000,000,000"),
    ("for 0 steps", "for … steps", "1,000,000,000"), ("for 2.5 steps", "for … steps", ""),
  ])
  func clausesSayHowFarTheyGo(_ clauses: String, _ name: String, _ limit: String) {
    let outcome = run(Self.quadratic + "minimize q with SGD \(clauses)")
    #expect(outcome.errors.map(\.code.number) == [227])
    #expect(
      outcome.errors.first?.message.hasPrefix("`\(name)` takes a whole number from 1 to \(limit)")
        == true)
  }

  // MARK: Messages

  /// Whoever evaluates the objective: whole batches, single examples, workers, the Hessian.
  @Test(arguments: [
    "SGD for 1 epochs", "DPSGD for 1 epochs batch 2",
    "DataParallel(SAM(SGD)) for 1 epochs workers 2",
    "OneBitAdam(freeze = 2) for 1 epochs batch 2 workers 3", "Curved for 1 epochs",
  ])
  func aClassWithoutAScoreNamesItsColumn(_ training: String) throws {
    let folder = try temporaryFolder()
    try Data("a,b,label\n1,2,0\n3,4,1\n5,6,7\n".utf8)
      .write(to: URL(fileURLWithPath: folder + "/c.csv"))
    let outcome = run(
      """
      data d = csv("c.csv", target = "label")
      objective l(; x, y) {
          param W: matrix(2, 3) = 0
          loss = cross_entropy(x @ W, y)
      }
      rule Curved(lr = 0.1) { w' = w - lr * hvp(g) }
      train l on d with \(training)
      """, folder: folder)
    let message = try #require(outcome.errors.first { $0.code.number == 904 }?.message)
    #expect(
      message.hasSuffix(
        "column \"label\" holds class 7, and there are 3 scores, for classes 0 to 2"))
  }

  @Test func theArgumentThatBreaksARunIsShown() throws {
    let outcome = run(
      Self.quadratic + "minimize q with SGD(lr = 0.1 / (3 - t)), SGD for 10 steps")
    let failure = try #require(outcome.script?.failures.first)
    let note = try #require(failure.notes.last)
    #expect(note.message == "the hyperparameter `lr` is infinite at step 3")
    #expect(outcome.sources.text(note.span) == "0.1 / (3 - t)")
    let bound = run(
      Self.quadratic + """
        rule S(lr = 0.1 in (0, 1)) { w' = w - lr * g }
        minimize q with S(lr = 0.1 / (t - 1)) for 3 steps
        """)
    #expect(bound.marked(507) == "0.1 / (t - 1)")
    #expect(bound.errors.first?.message.hasSuffix("infinite at step 1") == true)
  }
}
