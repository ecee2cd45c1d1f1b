import Diagnostics
import Search

extension Diagnostic {
  static func testSetIsOpen(
    _ path: String, _ known: SearchJournal.Measurement, _ report: ClaimReport
  ) -> Diagnostic {
    Diagnostic(
      .testSetIsOpen,
      "\(path): the test set was opened on \(CalendarTime.text(known.time)), on program "
        + "\(report.terms.number) of restart \(report.terms.restart + 1)",
      at: .none,
      notes: report.comparisons.map { Note(ClaimText(report).line($0)) } + [
        Note("`ravine runs \(path) test` shows all of what came of it")
      ])
  }

  static func testSetStaysShut(_ reason: String) -> Diagnostic {
    Diagnostic(.testSetStaysShut, "nothing is measured: \(reason)", at: .none)
  }

  package static func nothingClaimed(
    _ path: String, _ subject: SearchJournal.Subject
  ) -> Diagnostic {
    let flag = subject == .test ? "--open" : "--claims"
    return Diagnostic(
      .nothingClaimed,
      subject == .test
        ? "\(path): the test set was not opened" : "\(path): nothing was measured for claims",
      at: .none,
      notes: [Note("the command of the search with `--journal \(path) \(flag)` measures it")])
  }

  static func nothingToMeasure(_ search: String) -> Diagnostic {
    Diagnostic(
      .nothingClaimed,
      "`\(search)`: no program came to the end of all tasks, so there is none to measure",
      at: .none, notes: [Note("let more programs run, or look at the tasks with `ravine tune`")])
  }

  static func notAReport(_ path: String) -> Diagnostic {
    .damagedJournal(path, "what was measured cannot be read")
  }
}
