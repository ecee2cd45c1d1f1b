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
  package var validated: [(number: Int, rate: Double, score: Double)] = []
  /// Loss against numbers kept and operations, of all that ran on all tasks.
  package var front = ParetoFront()
  package var isDone = false
  package var isExhausted = false

  init(restart: Int) { self.restart = restart }

  mutating func addToFront(_ records: [ProgramRecord]) {
    for record in records where record.rung > 0 { front.add(record.point(of: restart)) }
  }

  /// The program that did best on validation among those that did best on the search's tasks.
  package var choice: (record: ProgramRecord, rate: Double, score: Double)? {
    var found: (record: ProgramRecord, rate: Double, score: Double)?
    for record in best {
      guard let judged = validated.first(where: { $0.number == record.number }),
        judged.score < found?.score ?? .infinity
      else { continue }
      found = (record, judged.rate, judged.score)
    }
    return found
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
