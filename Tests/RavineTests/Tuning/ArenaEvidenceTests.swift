import Foundation
import Testing

@testable import Experiments
@testable import Training

/// What `suggest` takes from the arena.
@Suite struct ArenaEvidenceTests {
  /// Three tasks with noise and two without; one rule is always the fastest with noise.
  private static let table = ArenaEvidence(
    """
    # a remark
    task\tp\tq\tr\ts\tu
    noise\t0.5\t0\t2\t0.1\t0
    matrices\t0\t0\t0\t0\t0.9
    Fast\t10\t-\t20\t5\t-
    Sure\t30\t100\t70\t20\t50
    Never\t-\t-\t-\t-\t-

    """)

  private func problem(noise: Double, matrices: Double = 0) -> ProblemMeasures {
    var problem = ProblemMeasures()
    problem.parameters = 100
    problem.noise = noise
    problem.matrixShare = matrices
    return problem
  }

  @Test func aProblemFindsTasksThatAreLikeIt() {
    let noisy = Self.table.likeness(to: problem(noise: 1))
    #expect(noisy.tasks == [0, 2, 3] && noisy.meaning.contains("noisy"))
    #expect(noisy.places.map(\.rule) == [0, 1, 2] && noisy.places.map(\.solved) == [3, 3, 0])
    #expect(noisy.places[0].score.mean == 1 && noisy.places[2].score.mean == 0)
    let exact = Self.table.likeness(to: problem(noise: 0))
    #expect(exact.tasks == [1] && exact.places.first?.rule == 1)
    #expect(Self.table.likeness(to: problem(noise: 0, matrices: 0.6)).tasks == [4])
    let other = Self.table.likeness(to: problem(noise: 1, matrices: 0.6))
    #expect(other.tasks.isEmpty && other.places.isEmpty)
  }

  /// Three tasks tell nothing apart; a dozen on which one is always faster do.
  @Test func itSaysNoMoreThanItsTasksDo() {
    #expect(Self.table.order(of: ["Fast", "Sure", "Other"], on: [0, 2, 3]).isEmpty)
    let names = (0..<12).map { "t\($0)" }.joined(separator: "\t")
    func row(_ name: String, _ value: String) -> String {
      name + String(repeating: "\t" + value, count: 12) + "\n"
    }
    let many = ArenaEvidence(
      "task\t\(names)\n" + row("noise", "0") + row("matrices", "0") + row("A", "3") + row("B", "9"))
    let order = many.order(of: ["B", "A"], on: Array(0..<12))
    #expect(order.map(\.better) == ["A"] && order.map(\.worse) == ["B"])
  }

  @Test(arguments: ["", "task\ta\n", "task\ta\nnoise\t0\nmatrices\t0\nA\t1\t2\n", "nothing"])
  func whatIsNoTableIsEmpty(_ text: String) {
    let table = ArenaEvidence(text)
    #expect(table.tasks.isEmpty && table.rules.isEmpty)
    #expect(table.likeness(to: problem(noise: 0)).places.isEmpty)
  }

  /// The table is made from the page, cell by cell.
  @Test func theTableIsThatOfThePage() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../..")
    let page = try String(
      contentsOf: root.appendingPathComponent("docs/arena.html"), encoding: .utf8)
    let start = try #require(page.range(of: "const data = "))
    let line = page[start.upperBound...].prefix { $0 != "\n" }
    let json = try #require(
      try JSONSerialization.jsonObject(
        with: Data(line.trimmingCharacters(in: [";", " "]).utf8)) as? [String: Any])
    let table = ArenaEvidence.vendored
    let tasks = try #require(json["tasks"] as? [[String: Any]])
    #expect(table.tasks.map(\.name) == tasks.compactMap { $0["name"] as? String })
    let rules = try #require(json["rules"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    #expect(table.rules.sorted() == rules.sorted() && rules.count > 190)
    let cells = try #require(json["cells"] as? [[Any]])
    for (rule, row) in zip(rules, cells) {
      let costs = table.costs[try #require(table.rules.firstIndex(of: rule))]
      for (cost, cell) in zip(costs, row) {
        let seeds = (cell as? [Any])?.first as? [Int] ?? []
        let steps = seeds.map { $0 < 0 ? Double.infinity : Double($0) }.sorted()
        #expect(cost == (steps.isEmpty ? .infinity : steps[steps.count / 2]), "\(rule)")
      }
    }
    for task in table.tasks { #expect(task.noise >= 0 && (0...1).contains(task.matrixShare)) }
  }
}
