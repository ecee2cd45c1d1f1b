import Basics
import Diagnostics
import Driver
import IR
import Testing

@testable import Experiments
@testable import Search

/// What `ravine simplify` does, step by step.
@Suite struct SimplifyTests {
  // MARK: Rewrites

  /// The two averages of the raw published program are one: the products are worked out by hand.
  @Test func anAverageOfAnAverageIsOne() throws {
    let nested = try program(
      source: """
        rule Nested(lr = 0.1) {
            state v
            m = 0.101 * g + 0.899 * v
            v' = -0.109 * g + 1.109 * m
            w' = w - lr * sign(m)
        }
        """, "Nested")
    let found = nested.linearRewrites()
    #expect(found.count == 1)
    let folded = try #require(found.first).result.cleaned()
    #expect(folded.numbers.sorted() == [0.003009, 0.101, 0.899, 0.996991])
    #expect(folded.nodes.count == nested.nodes.count)
    #expect(folded.linearRewrites().isEmpty)
    try expectSame(nested, folded)
  }

  @Test func whatCancelsInASumIsGone() throws {
    let long = try program(
      source: """
        rule Long(lr = 0.1) {
            state m
            m' = 0.9 * m + 0.1 * g
            w' = w - lr * sign((g + m') - (g - 2 * (3 * m')))
        }
        """, "Long")
    var short = long
    while let next = short.linearRewrites().first?.result.cleaned() { short = next }
    #expect(short.nodes.count < long.nodes.count)
    #expect(short.numbers.sorted() == [0.1, 0.7, 0.9, 6.3])
    try expectSame(long, short)
  }

  @Test(arguments: [
    ("g / abs(g)", "sign(g)"), ("abs(g) / g", "sign(g)"), ("g * t / t", "g"), ("t * g / t", "g"),
    ("g + g / g", "g + 1"), ("t * g / abs(g)", "t * sign(g)"),
  ])
  func quotientsAreWrittenPlainly(_ long: String, _ short: String) throws {
    func rule(_ text: String) throws -> Genome {
      try program(source: "rule R(lr = 0.1) { w' = w - lr * (\(text)) }", "R")
    }
    let found = try rule(long).quotientRewrites()
    #expect(found.count == 1)
    #expect(found.first?.result.cleaned().digest == (try rule(short).digest))
  }

  /// One rewrite after the other ends where all of them together do, and each leaves the steps as they are.
  @Test func singleRewritesAddUp() throws {
    let starts = try ["SGD", "Adam", "Lion"].map { try program($0) }
    var stream = MutantStream(7, from: starts)
    var (count, linear) = (0, 0)
    for _ in 0..<1_500 {
      let mutant = stream.next().program
      guard mutant.flaw == nil else { continue }
      var current = mutant
      while let step = current.rewrites().first {
        let next = step.result.cleaned()
        #expect(next != current, "\(step.rewrite)")
        if next == current { break }
        count += 1
        current = next
      }
      #expect(current == mutant.rewritten())
      for step in mutant.linearRewrites() {
        linear += 1
        try expectSame(mutant, step.result.cleaned())
      }
    }
    #expect(count > 200 && linear > 20, "\(count), \(linear)")
  }

  /// The same steps on gradients of several sizes, but for rounding, which sums of what cancels make larger.
  private func expectSame(_ a: Genome, _ b: Genome) throws {
    let gradients = PlainRun.heldOut(11, steps: 12)
    let start = [1.0, -0.5, 2, 0.25, -3, 0.125]
    let (x, y) = (
      PlainRun.weights(a, gradients: gradients, start: start, rate: 0.01),
      PlainRun.weights(b, gradients: gradients, start: start, rate: 0.01)
    )
    for (p, q) in zip(x.joined(), y.joined()) where p.isFinite && q.isFinite {
      #expect(abs(p - q) <= 1e-6 * max(1, abs(p)), "\(a) \(b)")
    }
    #expect(x[0].map(\.isFinite) == y[0].map(\.isFinite))
  }

  // MARK: Measuring

  /// Numbers of scipy.stats.ttest_1samp(x, margin, alternative="less").
  @Test(arguments: [(0.02, 0.013652663426961803), (-0.01, 0.8245476419507669)])
  func aMarginIsTestedFromOneSide(_ margin: Double, _ wanted: Double) {
    let test = MarginTest([0.01, -0.03, 0.005, -0.012, 0.02, -0.008], margin: margin)
    #expect(abs(test.probability - wanted) < 1e-6, "\(test.probability)")
    #expect(abs(test.interval.mean + 0.0025) < 1e-12)
  }

  @Test func whatMakesNoDifferenceOrBreaksIsNoMatterOfChance() {
    #expect(MarginTest([0, 0, 0], margin: 0).probability == 0)
    #expect(MarginTest([0.1, 0.1, 0.1], margin: 0.02).probability == 1)
    #expect(MarginTest([0.01, 0.01, 0.01], margin: 0.02).probability == 0)
    #expect(MarginTest([0, .infinity, 0], margin: 0.02).probability == 1)
    #expect(!MarginTest([0, .infinity, 0], margin: 0.02).isWithin(0.02))
  }

  private func simplified(
    _ source: String, _ call: String, on tasks: [String] = [], only: [String] = [], pairs: Int = 4,
    margin: Double = 0.02
  ) throws -> Simplification {
    let compiler = Compiler()
    let found = compiler.add(name: "<test>", bytes: Array(source.utf8))
    #expect(!found.contains { $0.severity == .error })
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    script.interrupt = .none
    var plan = SimplifyPlan(
      try compiler.rule(call),
      WrittenRule(call: call, source: source.split(separator: "\n").map(String.init)))
    plan.tasks = tasks
    plan.only = only
    plan.pairs = pairs
    plan.margin = margin
    plan.threads = 2
    return try script.simplified(plan) { _ in }
  }

  /// Clip does nothing; without the minus the loss grows.
  @Test func whatNeitherHelpsNorHurtsIsTakenOutAndTheRestIsNeeded() throws {
    let result = try simplified(
      "rule Padded(lr = 0.1) { w' = w + lr * clip(-g, -1000, 1000) }", "Padded", on: ["bowl_easy"])
    #expect(result.steps.count == 1, "\(result.steps.map(\.what))")
    #expect(result.steps[0].what == "`clip(-g, -1000, 1000)` is `-g`")
    guard case .measured(let tests, let probability) = result.steps[0].ground else {
      Issue.record("\(result.steps[0].ground)")
      return
    }
    #expect(tests.map(\.task) == ["bowl_easy"] && probability < 0.05)
    #expect(tests[0].test.pairs == 4 && tests[0].test.isWithin(0.02))
    #expect(result.needed.map(\.what) == ["`-g` is `g`"] && result.unconfirmed.isEmpty)
    #expect(result.looks > 1)
    #expect(result.needed.allSatisfy { !$0.test.isWithin(0.02) })
  }

  /// A rule of matrices is no program of a search: its equations are edited where they stand.
  @Test func aRuleOfMatricesIsSimplifiedAsItIsWritten() throws {
    let result = try simplified(
      """
      rule Stack(lr = 0.02) {
          state m
          m' = 0.9 * m + g
          w' = w - lr * clip(m', -1e6, 1e6) / (1e-8 + sqrt(row_mean(m' * m')))
      }
      """, "Stack", on: ["factors_easy"], only: ["clip"])
    #expect(result.obstacle != nil)
    #expect(result.steps.contains { $0.what.hasPrefix("`clip(") }, "\(result)")
  }

  @Test func namesThatStandForNothingAreTold() {
    expectCode(.nothingToLeaveOut) {
      _ = try simplified(
        "rule R(lr = 0.1) { w' = w - lr * sign(g) }", "R", on: ["bowl_easy"], only: ["clp"])
    }
  }

  /// Each rewrite is one step with a proof of its own, from the rule as the user has it on.
  @Test func aDeadStateIsNamedAndCertified() throws {
    let result = try simplified(
      """
      rule R(lr = 0.1, β = 0.9) {
          state seen, m
          seen' = seen + g
          m' = β * m + (1 - β) * g
          w' = w - lr * m' / sqrt(m' * m')
      }
      """, "R")
    #expect(
      result.steps.map(\.what) == [
        "β = 0.9 written into its equations",
        "without the state `seen`, which no step's weights depend on",
        "numbers folded: `1 - 0.9`",
        "sqrt(x * x) is abs(x): `sqrt((0.9 * m + 0.1 * g) * (0.9 * m + 0.1 * g))`",
        "x / abs(x) is sign(x): `lr * (0.9 * m + 0.1 * g) / abs(0.9 * m + 0.1 * g)`",
      ])
    for step in result.steps { #expect(step.certificate != nil, "\(step)") }
    #expect(result.rule.module.variants[0].states.map(\.name) == ["m"])
    let text = SimplificationText.text(result, certificates: [0: "01.txt"])
    #expect(text.contains("exact, certified (01.txt)"))
    #expect(text.contains("exact where"))
  }
}
