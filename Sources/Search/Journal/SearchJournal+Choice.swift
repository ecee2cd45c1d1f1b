import Diagnostics

extension SearchJournal {
  /// The program of a restart that did best on validation, among those that did best on the search's tasks; nil before
  /// they were judged.
  package func choice(
    of restart: Int
  ) throws(DiagnosticError) -> (record: ProgramRecord, rate: Double, score: Double)? {
    var outcome = RestartOutcome(restart: restart)
    outcome.best = try best(Search.judged, of: restart)
    outcome.validated = try validated(of: restart)
    return outcome.choice
  }

  /// The one of all restarts.
  package func choice() throws(DiagnosticError) -> (
    restart: Int, record: ProgramRecord, rate: Double, score: Double
  )? {
    var found: (restart: Int, record: ProgramRecord, rate: Double, score: Double)?
    for restart in try restarts().map(\.restart) {
      guard let choice = try choice(of: restart), choice.score < found?.score ?? .infinity else {
        continue
      }
      found = (restart, choice.record, choice.rate, choice.score)
    }
    return found
  }

  /// A program and its ancestors, the start first. Some are missing where a journal was pruned.
  package func lineage(
    of record: ProgramRecord, in restart: Int
  ) throws(DiagnosticError) -> [ProgramRecord] {
    var chain = [record]
    while chain[0].parent >= 0, let parent = try program(chain[0].parent, of: restart) {
      chain.insert(parent, at: 0)
    }
    return chain
  }
}
