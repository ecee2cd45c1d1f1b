import Diagnostics

extension SearchJournal {
  /// The program of a restart that validation chose; nil before any was judged.
  package func choice(
    of restart: Int
  ) throws(DiagnosticError) -> (record: ProgramRecord, rate: Double, score: Double)? {
    try outcome(of: restart)?.choice
  }

  /// The finalists of a restart and what came of them; nil where it did not begin.
  package func outcome(of restart: Int) throws(DiagnosticError) -> RestartOutcome? {
    guard let known = try restarts().first(where: { $0.restart == restart }) else { return nil }
    var outcome = RestartOutcome(restart: restart)
    outcome.best = try best(Search.judged, of: restart)
    var ran: [ProgramRecord] = []
    try programs(of: restart) { record in
      if record.rung > 0 { ran.append(record) }
      return true
    }
    outcome.take(ran)
    outcome.validated = try validated(of: restart)
    (outcome.programs, outcome.counts) = (known.programs, known.state.counts)
    outcome.isDone = known.isDone || known.isClosed
    return outcome
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
  ///
  /// Throws R0284 for a program that came before the one it was made of.
  package func lineage(
    of record: ProgramRecord, in restart: Int
  ) throws(DiagnosticError) -> [ProgramRecord] {
    var chain = [record]
    while chain[0].parent >= 0, let parent = try program(chain[0].parent, of: restart) {
      guard parent.number < chain[0].number else {
        throw DiagnosticError(
          .damagedJournal(
            path, "program \(chain[0].number) is said to be made of \(parent.number), a later one"))
      }
      chain.insert(parent, at: 0)
    }
    return chain
  }
}
