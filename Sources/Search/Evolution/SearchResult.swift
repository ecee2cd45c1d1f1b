import Basics
import IR

/// What a restart came to.
package struct RestartOutcome: Sendable {
  package let restart: Int
  package var programs = 0
  package var counts = SearchCounts()
  /// The best by the search's own tasks, best first.
  package var best: [ProgramRecord] = []
  /// By the validation tasks.
  package var validated: [Judgement] = []
  /// Loss against numbers kept and operations, of all that ran on all tasks.
  package private(set) var front = ParetoFront()
  /// The programs of the front.
  private var onFront: [ProgramRecord] = []
  /// What was chosen with parts left out that validation does not miss, the latest last.
  package private(set) var pruned: [ProgramRecord] = []
  /// The first program of which an evaluation failed, and at what.
  package var problem: (number: Int, text: String)?
  package var isDone = false
  package var isExhausted = false

  init(restart: Int) { self.restart = restart }

  mutating func take(_ records: [ProgramRecord]) {
    pruned += records.filter { $0.mutation == .prune }
    if problem == nil {
      problem =
        records.lazy.compactMap { record in record.problem.map { (record.number, $0) } }
        .first
    }
    for record in records where record.rung > 0 && front.add(record.point(of: restart)) {
      onFront.append(record)
    }
    let numbers = Set(front.points.map(\.number))
    onFront.removeAll { !numbers.contains($0.number) }
  }

  /// The programs that validation chooses among, in the order in which they were found: those that did best on the search's
  /// tasks, those that no other beats in loss, states and operations, and what is left of the one that was chosen.
  package var finalists: [ProgramRecord] {
    var numbers: Set<Int> = []
    return (best + onFront + pruned).filter { numbers.insert($0.number).inserted }
      .sorted { $0.number < $1.number }
  }

  /// What the finalist came to that did best on validation.
  package var bestJudgement: Judgement? {
    let numbers = Set(finalists.map(\.number))
    return validated.filter { $0.score.isFinite && numbers.contains($0.number) }
      .min { $0.score < $1.score }
  }

  /// The shortest of the finalists that validation does not tell from the best of them: the rule of one standard error
  /// (Breiman et al. 1984, Classification and Regression Trees, 3.4.3).
  package var choice: (record: ProgramRecord, rate: Double, score: Double)? {
    guard let best = bestJudgement else { return nil }
    let judged = finalists.compactMap { record in
      validated.first { $0.number == record.number && $0.score.isFinite }.map { (record, $0) }
    }
    let alike = judged.filter { $0.1.number == best.number || $0.1.isWithinNoise(of: best) }
      .map { (record: $0.0, judgement: $0.1, length: $0.0.program.rewritten().length) }
    return alike.min {
      ($0.length, $0.judgement.score) < ($1.length, $1.judgement.score)
    }.map { ($0.record, $0.judgement.rate, $0.judgement.score) }
  }
}

/// What a search came to.
package struct SearchResult: Sendable {
  package let name: String
  package let settings: SearchSettings
  package let frame: RateFrame
  /// The start whose schedule the rates of what is found follow; nil where rates are constant.
  package let schedule: String?
  package let tasks: [String]
  package let validation: [String]
  package let test: [String]
  package var restarts: [RestartOutcome] = []
  package var wasInterrupted = false
  /// The restart whose choice did best on validation.
  package private(set) var winner: Int?

  init(_ search: Search) {
    name = search.name
    settings = search.settings
    frame = search.frame
    schedule = search.frame.rate.isNaN ? search.startLabel : nil
    tasks = search.tasks.map(\.title)
    validation = search.validation.map(\.title)
    test = search.test.map(\.title)
  }

  mutating func choose() {
    winner = restarts.indices.filter { restarts[$0].choice != nil }
      .min { restarts[$0].choice!.score < restarts[$1].choice!.score }
  }

  /// The rule that was found, at the rate that did best; nil where no program came to all tasks.
  package func rule(_ restart: Int) -> Rule? {
    guard let choice = restarts[restart].choice else { return nil }
    return choice.record.program.rewritten().rule(name, frame)?.with(0, at: choice.rate)
  }
}

/// Where a search is.
package enum SearchProgress: Sendable {
  case preparing(String, Int, Int)
  case running(RestartOutcome, ProgramRecord?, SearchSettings)
}
