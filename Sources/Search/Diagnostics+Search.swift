import Diagnostics

extension Diagnostic {
  static func noStartOfSearch(_ rule: String, _ reason: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .noStartOfSearch, "`\(rule)` cannot be the start of a search: \(reason)", at: span,
      notes: [Note("start from a rule element by element, such as SGD, Adam or AdamW")])
  }

  static func startTooLong(_ rule: String, _ count: Int, longest: Int, at span: Span) -> Diagnostic
  {
    Diagnostic(
      .noStartOfSearch,
      "`\(rule)` cannot be the start of a search: it has \(count) operations, and no program may have more than \(longest)",
      at: span, notes: [Note("`longest` says how many, 40 without it")])
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

  package static func baselineDiverges(
    _ rule: String, _ task: String, at span: Span = .none
  ) -> Diagnostic {
    Diagnostic(
      .baselineDiverges,
      "\(rule) breaks on `\(task)` at every rate, so nothing can be compared to it",
      at: span,
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

  /// A file of something else.
  static func notASearchJournal(_ path: String, _ reason: String) -> Diagnostic {
    Diagnostic(
      .notASearchJournal, "\(path): no journal of a search: \(reason)", at: .none,
      notes: [Note("nothing was written; name another file")])
  }

  static func journalOfOtherVersion(_ path: String, _ theirs: Int, _ ours: Int) -> Diagnostic {
    Diagnostic(
      .notASearchJournal,
      "\(path): the journal is of version \(theirs), and this program reads and writes version \(ours)",
      at: .none,
      notes: [
        Note(
          "nothing was written; the build that made it reads it, and a new search needs another file"
        )
      ])
  }

  static func journalInUse(_ path: String) -> Diagnostic {
    Diagnostic(
      .notASearchJournal, "\(path): another search writes to this journal at this moment",
      at: .none,
      notes: [
        Note("let it end, or name another file; `ravine runs \(path)` shows how far it is")
      ])
  }

  package static func damagedJournal(_ path: String, _ reason: String) -> Diagnostic {
    Diagnostic(
      .notASearchJournal, "\(path): the journal is damaged: \(reason)", at: .none,
      notes: [
        Note("nothing was written; go on from a copy that was made before, if there is one"),
        Note("`ravine runs \(path) show N` and `export N` may still read programs one by one"),
      ])
  }

  package static func noSuchProgram(_ number: Int, restart: Int, _ path: String) -> Diagnostic {
    Diagnostic(
      .noSuchProgram, "\(path): restart \(restart) has no program \(number)", at: .none,
      notes: [Note("`ravine runs \(path)` tells the best of each restart")])
  }
}
