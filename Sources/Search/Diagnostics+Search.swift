import Diagnostics

extension Diagnostic {
  static func noStartOfSearch(_ rule: String, _ reason: String) -> Diagnostic {
    Diagnostic(
      .noStartOfSearch, "`\(rule)` cannot be the start of a search: \(reason)", at: .none,
      notes: [Note("start from a rule element by element, such as SGD, Adam or AdamW")])
  }

  package static func unknownFunctionOfSearch(_ name: String, at span: Span) -> Diagnostic {
    var diagnostic = Diagnostic(
      .unknownFunctionOfSearch, "`\(name)` is no function that a search can use", at: span,
      notes: [Note("there are \(FunctionSet.names.joined(separator: ", "))")])
    if let near = Suggestion.nearest(to: name, among: FunctionSet.names) {
      diagnostic.notes.insert(Note("did you mean `\(near)`?"), at: 0)
    }
    return diagnostic
  }

  package static func baselineDiverges(_ rule: String, _ task: String) -> Diagnostic {
    Diagnostic(
      .baselineDiverges,
      "\(rule) breaks on `\(task)` at every rate, so nothing can be compared to it",
      at: .none,
      notes: [
        Note(
          "rates from a 300th to 300 times of its own were tried; look at the task with `ravine tune`"
        )
      ])
  }

  static func journalOfOtherSearch(_ path: String, _ difference: String) -> Diagnostic {
    Diagnostic(
      .journalOfOtherSearch, "\(path): this journal is of another search: \(difference)", at: .none,
      notes: [Note("go on with the same start, tasks and settings, or name another file")])
  }

  static func notASearchJournal(_ path: String, _ reason: String) -> Diagnostic {
    Diagnostic(
      .notASearchJournal, "\(path): no journal of a search: \(reason)", at: .none,
      notes: [Note("nothing was written; name another file")])
  }

  package static func noSuchProgram(_ number: Int, restart: Int, _ path: String) -> Diagnostic {
    Diagnostic(
      .noSuchProgram, "\(path): restart \(restart) has no program \(number)", at: .none,
      notes: [Note("`ravine runs \(path)` tells the best of each restart")])
  }
}
