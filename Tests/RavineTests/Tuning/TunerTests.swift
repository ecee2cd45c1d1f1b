import Diagnostics
import Driver
import IR
import Testing
import Training

@testable import Experiments

@Suite struct TunerTests {
  // MARK: Calls

  @Test(arguments: [
    ("AdamW", "AdamW(lr = 0.5)"), ("AdamW(λ = 0.1)", "AdamW(λ = 0.1, lr = 0.5)"),
    ("AdamW(lr = 1e-3, λ = 0.1)", "AdamW(lr = 0.5, λ = 0.1)"),
    ("Lion(lr = cosine(1e-3, final = 0))", "Lion(lr = cosine(0.5, final = 0))"),
    ("Lookahead(SGD(lr = 0.1), k = 3)", "Lookahead(SGD(lr = 0.1), k = 3, lr = 0.5)"),
    ("AggMo(betas = [0, 0.9])", "AggMo(betas = [0, 0.9], lr = 0.5)"),
  ])
  func aRateIsSetInACall(_ before: String, _ after: String) throws {
    let compiler = Compiler()
    let rule = try compiler.rule(before).setting("lr", to: 0.5)
    #expect(rule.label == after)
    let written = try compiler.rule(after)
    #expect(rule.arguments == written.arguments)
    #expect(rule.bindings == written.bindings)
  }

  @Test func aGreekNameIsItsSpelledOne() throws {
    let rule = try Compiler().rule("AdamW(lambda = 0.1)")
    #expect(try rule.setting("lambda", to: 0).label == "AdamW(lambda = 0)")
    #expect(try rule.setting("λ", to: 0).label == "AdamW(lambda = 0)")
  }

  // MARK: Ranges

  @Test func rangesAreRead() throws {
    #expect(SearchRange("lr = 1e-4..1")?.values == .powers(low: 1e-4, high: 1))
    #expect(SearchRange("λ = 0, 0.1")?.values == .listed([0, 0.1]))
    for text in [
      "lr", "lr = ", "= 1", "lr = 1..0", "lr = 0..1", "lr = a", "lr = 1..inf", "lr=1,,2",
    ] {
      #expect(SearchRange(text) == nil, "\(text)")
    }
  }

  @Test func powersAreEvenAndKeepTheirEnds() {
    let range = SearchRange(name: "lr", values: .powers(low: 1e-4, high: 1))
    #expect(range.first(5) == [1e-4, 1e-3, 0.01, 0.1, 1])
    let near = range.around(0.01, 4, tried: range.first(5))
    #expect(near.count == 4)
    #expect(near.allSatisfy { $0 > 1e-3 && $0 < 0.1 && $0 != 0.01 })
  }

  // MARK: Intervals

  /// Of 1, 2, 3, 4: deviation 1.290994, standard error 0.645497, t 3.182 (NIST handbook 1.3.6.7.2).
  @Test func intervalsAreStudents() {
    let found = MeanInterval([1, 2, 3, 4])
    #expect(found.mean == 2.5)
    #expect(abs(found.halfWidth - 3.182446305284263 * 0.6454972243679028) < 1e-12)
    #expect(MeanInterval([7]).halfWidth == 0)
    // scipy.stats.t.ppf(0.975, n).
    for (degrees, t) in [
      (1, 12.706204736174694), (4, 2.7764451051977987), (40, 2.021075390306273),
      (46, 2.012895598919429), (1000, 1.9623390808264078),
    ] {
      #expect(abs(MeanInterval.quantile(degrees: degrees) - t) < 1e-10 * t)
    }
    #expect(abs(MeanInterval.quantile(degrees: 120) - 1.980) < 1e-3)
  }

  // MARK: The search

  static let bowl = """
    objective bowl(x: vector(2) = [3, 1]) = 50 * x[0]^2 + x[1]^2
    minimize bowl with SGD, HeavyBall(μ = 0.5), Adam for 60 steps
    """

  private func tuner(
    _ text: String, _ change: (inout Tuner.Settings) -> Void = { _ in }
  ) throws -> (Tuner, [Rule]) {
    let compiler = Compiler()
    let found = compiler.add(name: "task.opt", bytes: Array(text.utf8))
    #expect(found.filter { $0.severity == .error }.isEmpty)
    let script = Script(compiler, options: .init(), output: { _ in })
    let (task, rules) = try #require(try script.firstTask())
    var settings = Tuner.Settings(
      ranges: [SearchRange(name: "lr", values: .powers(low: 1e-5, high: 10))])
    settings.seeds = 2
    change(&settings)
    return (Tuner(task, settings), rules)
  }

  @Test func whereNothingCameToItsEndTheReasonIsTold() throws {
    let (tuner, rules) = try tuner(
      """
      rule Away(lr = 0.1) { w' = w - lr * g / (t < 3) }
      minimize f with Away for 20 steps
      objective f(x: vector(2) = [3, 1]) = sum(x^2)
      """)
    let row = try tuner.run(rules).rows[0]
    let problem = try #require(row.problem)
    #expect(
      problem.contains("no trial came to its end: ") && problem.contains("step 4"), "\(problem)")
  }

  /// A state that breaks is said by `train`; what it came to counts there, and in a search too.
  @Test func aStateThatBreaksIsNoFailure() throws {
    let (tuner, rules) = try tuner(
      """
      rule Grows(lr = 0.1) { state n = 1  n' = n * 1e300  w' = w - lr * g }
      minimize f with Grows for 20 steps
      objective f(x: vector(2) = [3, 1]) = sum(x^2)
      """)
    let row = try tuner.run(rules).rows[0]
    #expect(row.problem == nil && row.trials.count == 12)
    #expect(row.trials.filter { $0.score.isFinite }.count >= 8)
    #expect(row.warnings.contains { $0.code == .stateNotFinite })
  }

  @Test func everyRuleHasTheSameBudgetAndTheBestComesFirst() throws {
    let (tuner, rules) = try tuner(Self.bowl)
    let result = try tuner.run(rules)
    #expect(result.rows.count == 3)
    for row in result.rows {
      #expect(row.trials.count == 12)
      #expect(row.values["loss"]?.count == 2)
      let least = row.trials.map(\.score).min()
      #expect(row.trials.first { $0.values == row.best }?.score == least)
    }
    let means = result.rows.map { MeanInterval($0.values["loss"] ?? []).mean }
    #expect(means == means.sorted())
    // Gradient descent on curvature 100 runs away above lr = 0.02.
    let descent = try #require(result.rows.first { $0.written == "SGD" })
    #expect(descent.best[0] < 0.02)
    #expect(descent.trials.contains { $0.values[0] > 0.5 && $0.score == .infinity })
  }

  @Test func twoHyperparametersShareTheBudget() throws {
    let (tuner, _) = try tuner(Self.bowl) { settings in
      settings.ranges.append(SearchRange(name: "μ", values: .listed([0, 0.5, 0.9])))
      settings.trials = 10
    }
    let result = try tuner.run([Compiler().rule("HeavyBall")])
    let row = try #require(result.rows.first)
    #expect(row.trials.count == 10)
    #expect(Set(row.trials.map { $0.values[1] }) == [0, 0.5, 0.9])
    #expect(row.rule.contains("μ = "))
  }

  @Test func aRuleThatRunsAwayEverywhereSaysSo() throws {
    let (tuner, _) = try tuner(Self.bowl) { settings in
      settings.ranges = [SearchRange(name: "lr", values: .listed([1e30, 1e40]))]
      settings.trials = 2
    }
    let row = try #require(try tuner.run([Compiler().rule("SGD")]).rows.first)
    #expect(row.problem != nil)
    #expect(row.values.isEmpty)
  }

  // MARK: Directions

  /// A series that grows as the walk gets better, and the same series turned round.
  private static func hill(_ metric: String, _ sign: String) -> String {
    """
    objective bowl(x: vector(2) = [3, 1]) {
        loss = 50 * x[0]^2 + x[1]^2
        metric \(metric) = \(sign)1 / (1 + sum(x^2))
    }
    minimize bowl with SGD, Adam for 60 steps
    """
  }

  @Test(arguments: [
    ("accuracy", "", "accuracy", Direction?.none), ("error", "-", "error", nil),
    ("margin", "", "max margin", nil), ("margin", "-", "min margin", nil),
    ("margin", "", "margin", .up), ("error", "", "error", .up),
  ])
  func everySeriesGoesItsWay(
    _ metric: String, _ sign: String, _ by: String, _ given: Direction?
  ) throws {
    let (tuner, rules) = try tuner(Self.hill(metric, sign)) {
      $0.take(series: by)
      if let given { $0.direction = given }
    }
    let result = try tuner.run(rules)
    let (plain, _) = try self.tuner(Self.hill(metric, sign)) { _ in }
    let byLoss = try plain.run(rules)
    #expect(result.settings.isMadeLarge == (sign == ""))
    for row in result.rows {
      // 1 / (1 + |x|²) is largest where |x| is smallest: not far from where the loss is.
      let best =
        sign == ""
        ? row.trials.map(\.score).filter(\.isFinite).max() : row.trials.map(\.score).min()
      #expect(row.trials.first { $0.values == row.best }?.score == best)
      let other = try #require(byLoss.rows.first { $0.written == row.written })
      #expect(row.values["loss"]![0] < 20 * other.values["loss"]![0] + 1)
    }
    let means = result.rows.map { MeanInterval($0.values[metric] ?? []).mean }
    #expect(means == (sign == "" ? means.sorted(by: >) : means.sorted()))
  }

  @Test func aSeriesWithoutDirectionIsNotGuessed() throws {
    let (tuner, rules) = try tuner(Self.hill("margin", "")) { $0.take(series: "margin") }
    #expect { try tuner.run(rules) } throws: {
      ($0 as? DiagnosticError)?.diagnostics.map(\.code) == [.noDirection]
    }
  }

  @Test(arguments: [
    ("loss", Direction.down), ("test_loss", .down), ("validation_loss", .down), ("rmse", .down),
    ("steps", .down), ("accuracy", .up), ("top5_accuracy", .up), ("validation_accuracy", .up),
    ("f1", .up), ("accuracy_loss", .down), ("Error", .down),
  ])
  func namesTellTheDirection(_ name: String, _ direction: Direction) {
    #expect(Direction(ofSeries: name) == direction)
  }

  @Test(arguments: ["", "_", "margin", "lossy", "w", "σ"])
  func otherNamesTellNone(_ name: String) { #expect(Direction(ofSeries: name) == nil) }

  @Test func mistakesAreToldBeforeAnythingRuns() throws {
    let (tuner, _) = try tuner(Self.bowl)
    let missing = try Compiler().rule("SPSMax", allowsMissing: true)
    #expect(throws: DiagnosticError.self) { try tuner.run([missing]) }
    let (other, rules) = try self.tuner(Self.bowl) { $0.series = "accuracy" }
    #expect(throws: DiagnosticError.self) { try other.run(rules) }
  }
}
