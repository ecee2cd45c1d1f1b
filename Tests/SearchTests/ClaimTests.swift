import Basics
import Driver
import Platform
import Search
import Testing

@testable import Experiments

/// What is said of losses that are given.
@Suite struct ClaimTests {
  /// SciPy 1.17's `bootstrap` (percentiles of means, 400,000 samples) and `ttest_1samp`.
  private static let differences = [
    -0.31, -0.12, -0.25, 0.05, -0.18, -0.4, -0.07, -0.22, 0.11, -0.15, -0.2, -0.33, -0.02, -0.27,
    -0.09, 0.02, -0.16, -0.24, -0.3, -0.11,
  ]

  @Test func intervalsAreThoseOfSciPy() {
    let found = BootstrapInterval(Self.differences, seed: 1)
    #expect(abs(found.mean + 0.162) < 1e-12)
    #expect(abs(found.low + 0.219) < 0.002 && abs(found.high + 0.1035) < 0.002, "\(found)")
    #expect(BootstrapInterval(Self.differences, seed: 1) == found)
    #expect(BootstrapInterval(Self.differences, seed: 2).low != found.low)
    #expect(BootstrapInterval([1, .infinity], seed: 1).mean.isNaN)
  }

  /// The rule of the speed runs, (target − mean)·√n, and SciPy's one-sided t test of the same losses.
  @Test func evidenceIsThatOfSciPy() throws {
    let losses = [3.275, 3.281, 3.277, 3.272, 3.279, 3.276, 3.280, 3.274]
    let found = try #require(TargetEvidence(losses, target: 3.28, isBelow: true))
    #expect(abs(found.value - 0.009192388155425049) < 1e-12)
    #expect(abs(found.t - 2.9602302212771505) < 1e-9)
    #expect(abs(found.probability - 0.010549081685309224) < 1e-9)
    let other = try #require(TargetEvidence(losses, target: 3.28, isBelow: false))
    #expect(abs(other.probability - (1 - 0.010549081685309224)) < 1e-9)
    #expect(TargetEvidence([1], target: 2, isBelow: true) == nil)
    #expect(TargetEvidence([1, 1, 1], target: 2, isBelow: true) == nil)
    #expect(TargetEvidence([1, .nan], target: 2, isBelow: true) == nil)
  }

  private func cell(_ losses: [Double], lasts: [Double] = []) -> ClaimCell {
    var cell = ClaimCell()
    cell.losses = losses
    cell.lasts = lasts
    cell.setting = "lr = 0.1"
    cell.trials = 12
    return cell
  }

  /// A program that is better on one task, worse on another, no different on a third, and against a rule that breaks.
  private func report() -> ClaimReport {
    let base = Self.differences.indices.map { 1 + 0.01 * Double($0 % 3) }
    let better = zip(base, Self.differences).map { $0 * exp($1) }
    let worse = zip(base, Self.differences).map { $0 * exp(-$1) }
    let level = zip(base, Self.differences.indices).map { $0 * ($1 % 2 == 0 ? 1.01 : 1 / 1.01) }
    var broken = base
    for k in 0..<12 { broken[k] = .infinity }
    return ClaimReport(
      .claims, ClaimReport.Terms(restart: 1, number: 42, rate: 0.1, trials: 12, pairs: 20),
      time: 1_764_440_400, rules: ["Found", "AdamW", "Lion"],
      tasks: ["a", "b", "c"].map {
        ClaimReport.Task(
          name: $0, target: $0 == "a" ? "loss < 1" : "", limit: $0 == "a" ? 1 : 0, isBelow: true)
      },
      cells: [
        [cell(better, lasts: better), cell(worse), cell(level)],
        [cell(base), cell(base), cell(base)],
        [cell(broken), cell(base), cell(level)],
      ])
  }

  @Test func verdictsHoldForAllComparisonsTogether() throws {
    let report = report()
    let found = report.comparisons
    #expect(found.map(\.task) == [0, 0, 1, 1, 2, 2])
    #expect(
      found.map(\.verdict) == [.better, .better, .worse, .worse, .notTold, .notTold])
    // By hand from SciPy's t test, times the six that it is one of.
    let p = try #require(found[0].probability)
    #expect(abs(p - 3.5681018655599166e-05) < 1e-9)
    #expect(abs(try #require(found[0].adjusted) - 6 * p) < 1e-9)
    // A rule that broke on 12 of 20 seeds, and was better on one of the others: signs, 2·(1 + 20)/2²⁰.
    #expect(found[1].wins == 19 && found[1].losses == 1 && found[1].isBySigns)
    #expect(abs(try #require(found[1].probability) - 42 / 0x1p20) < 1e-12)
    let text = ClaimText(report).text
    #expect(text.contains("It loses on b to AdamW (0.162), Lion (0.162)."), "\(text)")
    #expect(text.contains("Better in 2, worse in 2, not told apart in 2 of 6 comparisons"))
    #expect(!text.contains("It loses on a") && !text.contains("It loses on c"))
  }

  @Test func whatIsTheSameOnAllSeedsIsNoTest() {
    let half = ClaimComparison(cell([1, 1, 1]), cell([2, 2, 2]), task: 0, rule: 1)
    #expect(half.probability == nil && half.verdict == .better)
    let same = ClaimComparison(cell([1, 1]), cell([1, 1]), task: 0, rule: 1)
    #expect(same.probability == 1 && same.ties == 2 && same.verdict == .notTold)
    // What solves a task to any number of digits is better by a thousand at most.
    let solved = ClaimComparison(cell([0, 0]), cell([1, 1]), task: 0, rule: 1)
    #expect(abs(solved.interval.mean + log(1_000)) < 1e-9)
    // At that limit nothing is known of the spread: 20 of 20 by signs.
    let far = ClaimComparison(
      cell((1...20).map { 1e-20 * Double($0) }), cell([Double](repeating: 1, count: 20)), task: 0,
      rule: 1)
    #expect(far.isBySigns && far.wins == 20)
    #expect(abs((far.probability ?? 1) - 2 / 0x1p20) < 1e-12)
    let lost = ClaimComparison(cell([1, 1]), cell([0, 0]), task: 0, rule: 1)
    #expect(abs(lost.interval.mean - log(1_000)) < 1e-9)
  }

  /// One rule under two names, with rates of its own, is tried at the same rates.
  @Test func allRulesAreTriedAtTheSameRates() throws {
    let rule = ArenaRule(try Compiler().rule("SGD"))
    let found = [0.00552, 0.01, 0.0221].map {
      ClaimMeasurement.Entry(rule, rate: $0).knobs[0].first
    }
    #expect(found[0] == [0.01, 0.1, 1e-3, 1])
    #expect(Set(found).count == 1)
    #expect(ClaimMeasurement.Entry(rule, rate: 0.4).knobs[0].first == [1, 10, 0.1, 100])
  }

  @Test func profilesAreRatiosToTheLeast() {
    let profile = report().profile
    #expect(profile.ratios[0][0] == 1 && abs(profile.ratios[1][0] - exp(0.162)) < 1e-9)
    // A rule that broke solves nothing.
    #expect(profile.ratios[2][0] == .infinity)
    #expect(abs(profile.ratios[0][1] - exp(0.162)) < 1e-9)
  }

  @Test func reportsReadBackAsTheyWere() throws {
    var report = report()
    report.parts = [
      ClaimReport.Part(statement: 3, what: "sign(m')", by: "m'", cells: report.cells[1])
    ]
    #expect(try #require(ClaimReport(text: report.json.line)) == report)
    #expect(ClaimText(report).text.contains("sign(m')"))
    for text in ["", "{}", "[1]", report.json.line.replacing("\"rules\"", with: "\"rulse\"")] {
      #expect(ClaimReport(text: text) == nil)
    }
  }

  /// Of two ways to leave a statement out the one that does less harm counts.
  @Test func partsAreOrderedByTheirHarm() {
    var report = report()
    func part(_ statement: Int, _ what: String, _ factor: Double) -> ClaimReport.Part {
      ClaimReport.Part(
        statement: statement, what: what, by: "g",
        cells: report.cells[0].map { cell($0.losses.map { $0 * factor }) })
    }
    report.parts = [part(0, "much", 4), part(0, "much", 2), part(1, "nothing", 1)]
    let found = report.ablation
    #expect(found.map(\.part.what) == ["nothing", "much"])
    #expect(abs(found[1].harm.mean - log(2)) < 1e-9)
    let text = ClaimText(report).text
    #expect(text.contains("Without any difference: nothing."), "\(text)")
  }

  /// `date -u -d @SECONDS`.
  @Test(arguments: [
    (0, "1970-01-01 00:00 UTC"), (951_782_400, "2000-02-29 00:00 UTC"),
    (1_709_164_799, "2024-02-28 23:59 UTC"), (1_764_440_400, "2025-11-29 18:20 UTC"),
    (-1, "1969-12-31 23:59 UTC"),
  ])
  func daysAreThoseOfTheCalendar(_ seconds: Int, _ text: String) {
    #expect(CalendarTime.text(seconds) == text)
  }

  @Test func valuesAreWrittenWithTheParenthesesTheyNeed() throws {
    for text in [
      "w - lr * (g - (w - g))", "w - lr * g * 2 / (g + 3)", "w - (lr - g) / (g / w)",
      "max(w - lr, g) * (w + 1)", "w - lr * 0.9^t / (3 - 0.9^t) * g",
    ] {
      let found = try program(source: "rule R(lr = 0.1) {\n    w' = \(text)\n}\n", "R")
      #expect(ExpressionText(found, Genome.stateNames).text(found.weights) == text)
    }
  }

  @Test func ablationLeavesOutEachPart() throws {
    let whole = try program(
      source:
        "rule R(lr = 0.1) {\n    state m\n    m' = 0.9 * m + g\n    w' = w - lr * sign(m')\n}\n",
      "R")
    let found = Ablation(whole).variants
    let texts = found.map { "\($0.what) -> \($0.by)" }
    #expect(texts.contains("sign(0.9 * m + g) -> 0.9 * m + g"), "\(texts)")
    #expect(texts.contains("m -> g"), "\(texts)")
    #expect(!found.contains { $0.program.digest == whole.digest || $0.program.flaw != nil })
    #expect(Set(found.map(\.program.digest)).count == found.count)
  }
}
