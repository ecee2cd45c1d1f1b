import Basics
import Training

/// What the arena found, as far as `suggest` asks: the steps of each rule to the target of each task.
package struct ArenaEvidence: Sendable {
  package struct Task: Hashable, Sendable {
    package var name: String
    /// As `ProblemMeasures` has them.
    var noise: Double
    var matrixShare: Double
  }

  package let tasks: [Task]
  package let rules: [String]
  /// By rule, then by task; infinite where most seeds missed the target or the rule does not run.
  package let costs: [[Double]]

  /// As `make arena` wrote it last.
  package static let vendored = ArenaEvidence(
    String(decoding: PackageResources.arena_tsv, as: UTF8.self))

  /// Empty for a text that is no such table.
  package init(_ text: String) {
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      $0.split(separator: "\t").map(String.init)
    }
    let width = lines.first?.count ?? 0
    guard lines.count > 3, lines.allSatisfy({ $0.count == width }), lines[0][0] == "task",
      lines[1][0] == "noise", lines[2][0] == "matrices"
    else {
      (tasks, rules, costs) = ([], [], [])
      return
    }
    tasks = (1..<width).map {
      Task(
        name: lines[0][$0], noise: Double(lines[1][$0]) ?? .nan,
        matrixShare: Double(lines[2][$0]) ?? .nan)
    }
    rules = lines.dropFirst(3).map { $0[0] }
    costs = lines.dropFirst(3).map { $0.dropFirst().map { Double($0) ?? .infinity } }
  }

  /// What it says of problems like one that was measured.
  package struct Likeness: Sendable {
    /// In words, what the tasks have in common with the problem.
    package var meaning: String
    package var tasks: [Int]
    /// By rule its place among all, the best first.
    package var places: [(rule: Int, score: MeanInterval, solved: Int)]
  }

  /// Tasks are like a problem that have noise where it has, and most parameters in matrices where it has: what rules
  /// differ by most and a few steps tell.
  package func likeness(to problem: ProblemMeasures) -> Likeness {
    let isNoisy = problem.noise > 0
    let isInMatrices = problem.matrixShare > 0.5
    let alike = tasks.indices.filter {
      (tasks[$0].noise > 0) == isNoisy && (tasks[$0].matrixShare > 0.5) == isInMatrices
    }
    let rows = costs.map { row in alike.map { row[$0] } }
    let profile = PerformanceProfile(costs: rows)
    let places = rows.indices.map { rule in
      (
        rule: rule, score: MeanInterval(profile.contributions(of: rule)),
        solved: rows[rule].count(where: \.isFinite)
      )
    }
    return Likeness(
      meaning: (isNoisy ? "noisy gradients" : "the same gradient at every step")
        + (isInMatrices ? ", most parameters in matrices" : ", few parameters in matrices"),
      tasks: alike,
      places: alike.isEmpty
        ? []
        : places.sorted {
          $0.score.mean != $1.score.mean
            ? $0.score.mean > $1.score.mean : rules[$0.rule] < rules[$1.rule]
        })
  }

  /// Pairs of these rules of which the arena shows on those tasks that the first is the better.
  package func order(of named: [String], on tasks: [Int]) -> [(better: String, worse: String)] {
    let known = named.filter { rules.contains($0) }
    let rows = known.map { name in
      let row = costs[rules.firstIndex(of: name)!]
      return tasks.map { row[$0] }
    }
    guard !tasks.isEmpty else { return [] }
    return Ranking(costs: rows).places.flatMap { place in
      place.betterThan.map { (known[place.solver], known[$0]) }
    }
  }
}
