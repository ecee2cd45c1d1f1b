import IR
import Testing

@testable import Search

/// What is preferred of programs that do about as well.
@Suite struct ChoiceTests {
  private static let short = "w' = w - lr * sign(g)"
  private static let long = "w' = w - lr * sign(g * (1 + abs(g))) - lr * 0.001 * tanh(w)"

  private func record(_ number: Int, _ body: String, score: Double) throws -> ProgramRecord {
    ProgramRecord(
      number: number, parent: 0, mutation: .insert,
      program: try program(source: "rule R(lr = 0.1) { \(body) }", "R"), rate: 1, size: 1,
      digests: [], rung: 1, score: score, best: 1, losses: [])
  }

  /// A long and a short program, by what they came to on four seeds.
  private func choice(_ long: [Double], _ short: [Double]) throws -> Int? {
    var outcome = RestartOutcome(restart: 0)
    outcome.best = [
      try record(1, Self.long, score: -2), try record(2, Self.short, score: -1),
    ]
    outcome.validated = [(1, long), (2, short)].map { number, cells in
      Judgement(
        number: number, rate: 1, score: cells.reduce(0, +) / Double(cells.count), cells: cells)
    }
    return outcome.choice?.record.number
  }

  @Test func theShortestIsChosenOfWhatIsNotToldApart() throws {
    // Differences of 0.3, -0.2, 0.3 and -0.2: a mean of 0.05 with a standard error of 0.144.
    #expect(try choice([0, 0, 0, 0], [0.3, -0.2, 0.3, -0.2]) == 2)
    // Of 0.3, 0.2, 0.3 and 0.2: 0.25 with one of 0.029.
    #expect(try choice([0, 0, 0, 0], [0.3, 0.2, 0.3, 0.2]) == 1)
    // One that is better is chosen whatever its length.
    #expect(try choice([0.3, 0.2, 0.3, 0.2], [0, 0, 0, 0]) == 2)
    #expect(try choice([0, 0, 0, 0], [.infinity, -9, -9, -9]) == 1)
  }

  @Test func whatWasNotJudgedIsNotChosen() throws {
    var outcome = RestartOutcome(restart: 0)
    outcome.best = [try record(1, Self.long, score: -2)]
    #expect(outcome.choice == nil)
    outcome.validated = [Judgement(number: 1, rate: 1, score: .infinity, cells: [.infinity])]
    #expect(outcome.choice == nil)
  }

  /// A program of the front need not be among those that did best.
  @Test func theFrontIsJudgedToo() throws {
    var outcome = RestartOutcome(restart: 0)
    outcome.best = [try record(1, Self.long, score: -2)]
    outcome.take([
      try record(1, Self.long, score: -2), try record(2, Self.short, score: -1),
      try record(3, Self.long, score: -1.5),
    ])
    #expect(outcome.finalists.map(\.number) == [1, 2])
    outcome.validated = [
      Judgement(number: 1, rate: 1, score: 0, cells: [0.1, -0.1]),
      Judgement(number: 2, rate: 1, score: 0.01, cells: [-0.1, 0.12]),
    ]
    #expect(outcome.choice?.record.number == 2)
  }

  @Test func ofAlikeParentsTheShorterHasTheChild() throws {
    func best(_ scores: [(String, Double)]) throws -> Int {
      try Evolution.best(
        of: scores.enumerated().map { Evolution.Member(try record($0, $1.0, score: $1.1)) }
      ).number
    }
    #expect(try best([(Self.long, 0), (Self.short, 0.009)]) == 1)
    #expect(try best([(Self.long, 0), (Self.short, 0.011)]) == 0)
    #expect(try best([(Self.short, 0.011), (Self.long, 0)]) == 1)
    // Alike are those that are near the best, not near one another.
    #expect(try best([(Self.short, 0.018), (Self.long, 0.009), (Self.long, 0)]) == 2)
  }
}
