import Basics
import Foundation
import Testing

@testable import Experiments

@Suite struct PerformanceProfileTests {
  // MARK: By hand

  /// Three solvers on four problems; nobody solves the last.
  static let costs: [[Double]] = [
    [10, 30, .infinity, .infinity],
    [20, 10, 50, .infinity],
    [.nan, 40, 100, .infinity],
  ]

  @Test func ratiosOfASmallTable() {
    let profile = PerformanceProfile(costs: Self.costs)
    #expect(profile.ratios[0] == [1, 3, .infinity, .infinity])
    #expect(profile.ratios[1] == [2, 1, 1, .infinity])
    #expect(profile.ratios[2] == [.infinity, 4, 2, .infinity])
  }

  /// Between 100 values of τ, which lie 3 / 99 apart: what is solved at τ = 2, the 34th, has half a strip and 66.
  @Test func scoresOfASmallTable() {
    let profile = PerformanceProfile(costs: Self.costs)
    let (second, third) = (66.5 / 99, 33.5 / 99)
    let scores = (0..<3).map { total(profile, $0) }
    for (score, expected) in zip(
      scores, [(1 + third) / 4, (2 + second) / 4, (second + 0.5 / 99) / 4])
    {
      #expect(abs(score - expected) < 1e-12)
    }
  }

  @Test func edges() {
    #expect(PerformanceProfile(costs: []).ratios.isEmpty)
    let none = PerformanceProfile(costs: [[], []])
    #expect(none.ratios == [[], []] && none.contributions(of: 1) == [])
    // Solved before the first step.
    let zero = PerformanceProfile(costs: [[0], [0], [3]])
    #expect(zero.ratios == [[1], [1], [.infinity]])
    #expect(PerformanceProfile(costs: [[4.0001], [1]]).contributions(of: 0) == [0])
  }

  /// Ratios that lie at a place where the profile is looked at, by numpy: trapezoids of `ratio <= linspace(1, 4, 100)`.
  @Test(
    arguments: [
      (7, 3, 55.5 / 99), (5, 3, 77.5 / 99), (41, 33, 91.5 / 99), (4, 3, 88.5 / 99),
      (8, 3, 44.5 / 99),
    ] as [(Double, Double, Double)])
  func ratiosAtAPlace(_ cost: Double, _ least: Double, _ score: Double) {
    let profile = PerformanceProfile(costs: [[cost], [least]])
    #expect(abs(profile.contributions(of: 0)[0] - score) < 1e-12)
  }

  /// As a ranking has it.
  private func total(_ profile: PerformanceProfile, _ solver: Int) -> Double {
    MeanInterval(profile.contributions(of: solver)).mean
  }

  // MARK: AlgoPerf

  struct Published {
    var names: [String]
    var scores: [Double]
    var costs: [[Double]]
  }

  /// The recorded times of one set of rules of the competition.
  static func published(_ ruleset: String) throws -> Published {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("algoperf-v05.tsv")
    var found = Published(names: [], scores: [], costs: [])
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
      let cells = line.split(separator: "\t")
      guard cells[0] == ruleset else { continue }
      found.names.append(String(cells[1]))
      found.scores.append(try #require(Double(cells[2])))
      found.costs.append(try cells.dropFirst(3).map { try #require(Double($0)) })
    }
    return found
  }

  @Test(arguments: [("external_tuning", 11), ("self_tuning", 6)])
  func scoresOfAlgoPerf(_ ruleset: String, _ count: Int) throws {
    let table = try Self.published(ruleset)
    #expect(table.costs.count == count && table.costs.allSatisfy { $0.count == 8 })
    let profile = PerformanceProfile(costs: table.costs)
    for (k, score) in table.scores.enumerated() {
      let own = NumberText.fixed(total(profile, k), decimals: 4)
      #expect(own == NumberText.fixed(score, decimals: 4), "\(table.names[k])")
    }
    let order = Ranking(costs: table.costs).places.map { table.scores[$0.solver] }
    #expect(order == table.scores.sorted(by: >))
  }
}

@Suite struct RankingTests {
  /// scipy.stats.binomtest(wins, wins + losses, 0.5).pvalue of SciPy 1.17.1.
  @Test(arguments: [
    (1, 0, 1.0), (5, 0, 0.0625), (8, 2, 0.109375), (2, 8, 0.109375), (5, 5, 1.0),
    (30, 16, 0.054076031858869555), (46, 0, 2.842170943040401e-14),
    (40, 6, 3.1028037028590916e-07), (101, 1, 4.062633661888211e-29),
    (600, 500, 0.0028195449914364284), (0, 0, 1),
  ])
  func theSignTestIsExact(_ wins: Int, _ losses: Int, _ expected: Double) {
    let p = SignTest.probability(wins: wins, losses: losses)
    #expect(abs(p - expected) <= 1e-11 * expected, "\(p)")
  }

  @Test func longSeriesHaveAnAnswer() {
    #expect(SignTest.probability(wins: 10_000, losses: 9_000) < 1e-10)
    #expect(SignTest.probability(wins: 10_000, losses: 9_999) > 0.9)
  }

  /// multipletests(p, method="holm") of statsmodels 0.15.0.
  @Test(
    arguments: [
      ([0.01, 0.04, 0.03, 0.005, 0.5, 0.03, 0.2], [0.06, 0.15, 0.15, 0.035, 0.5, 0.15, 0.4]),
      ([0.0001, 0.0001, 0.9, 0.6, 0.02], [0.0005, 0.0005, 1, 1, 0.06]), ([], []),
    ] as [([Double], [Double])])
  func holmAdjusts(_ given: [Double], _ expected: [Double]) {
    let adjusted = Holm.adjusted(given)
    #expect(adjusted.count == expected.count)
    for (a, b) in zip(adjusted, expected) { #expect(abs(a - b) < 1e-12) }
  }

  /// Nine wins of nine have p = 0.0039; among three pairs that is below 0.05, among fifteen it is not.
  @Test func betterIsSaidWithHolmOnly() {
    let fast = [Double](repeating: 1, count: 9)
    let slow = [Double](repeating: 2, count: 9)
    let three = Ranking(costs: [slow, fast, slow])
    #expect(three.places.map(\.solver) == [1, 0, 2])
    #expect(three.places[0].betterThan == [0, 2] && three.places[1].worseThan == [1])
    #expect(three.places[1].betterThan.isEmpty)
    let six = Ranking(costs: [slow, fast, slow, slow, slow, slow])
    #expect(six.places[0].solver == 1 && six.places[0].betterThan.isEmpty)
    // What neither solves says nothing.
    let unsolved = [Double](repeating: .infinity, count: 9)
    #expect(Ranking(costs: [unsolved, unsolved]).places.allSatisfy { $0.betterThan.isEmpty })
    #expect(Ranking(costs: [unsolved, slow]).places[0].betterThan == [0])
  }
}
