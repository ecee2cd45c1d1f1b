import Basics
import Diagnostics
import IR
import Search

/// What a search found, as Markdown: the rule, what it came to and where it loses. Everything in it was measured.
package struct SearchNotes {
  private let journal: SearchJournal
  private let header: SearchJournal.Header
  private let text: RunsText

  /// Throws what reading the journal throws.
  package init(_ journal: SearchJournal) throws(DiagnosticError) {
    self.journal = journal
    header = try journal.header()
    text = try RunsText(journal)
  }

  package func markdown() throws(DiagnosticError) -> String {
    var lines = ["## \(header.name)", ""]
    let restarts = try journal.restarts()
    let counts = restarts.map(\.state.counts).reduce(SearchCounts(), +)
    let programs = restarts.reduce(0) { $0 + $1.programs }
    lines += [
      "\(restarts.count) restart\(restarts.count == 1 ? "" : "s") on \(list(header.tasks)), "
        + "\(programs) programs and \(counts.evaluations) evaluations in all. Of \(counts.mutants) mutants "
        + "\(SearchText.share(counts.duplicates, of: counts.mutants)) were known and "
        + "\(SearchText.share(counts.invalid, of: counts.mutants)) rejected.",
      "",
    ]
    guard let choice = try journal.choice() else {
      return (lines + ["No program was chosen yet.", ""]).joined(separator: "\n")
    }
    var chosen = choice.record
    chosen.best = choice.rate
    lines += [
      "Program \(choice.record.number) of restart \(choice.restart + 1) was chosen: score "
        + "\(NumberText.short(choice.record.score)) there, \(NumberText.short(choice.score)) on "
        + "\(header.validation.isEmpty ? "other seeds" : list(header.validation)) (log of the loss over the "
        + "baseline's at its best, so below 0 is better).", "",
      "```opt", text.source(chosen, isPlain: true) + "```", "",
    ]
    if let said = SearchText.behaviour(choice.record.program) { lines += [said, ""] }
    lines += try table(restarts.map(\.restart))
    for subject in [SearchJournal.Subject.claims, .test] {
      guard let report = try journal.report(of: subject) else { continue }
      lines += [
        subject == .claims ? "On the tasks of validation:" : "On the locked test set:", "",
        "```text", ClaimText(report).text + "```", "",
      ]
    }
    if !header.test.isEmpty, try journal.measurement(of: .test) == nil {
      lines += ["The test set (\(list(header.test))) is locked still.", ""]
    }
    return lines.joined(separator: "\n")
  }

  private func list(_ tasks: [String]) -> String {
    tasks.map { "`\($0)`" }.joined(separator: ", ")
  }

  /// What each restart chose, and the best that it found on the way with half of the start's numbers.
  private func table(_ restarts: [Int]) throws(DiagnosticError) -> [String] {
    var lines = [
      "| restart | search | validation | numbers kept | operations | sign momentum |",
      "|---|---|---|---|---|---|",
    ]
    let half = (Genome(bytes: header.start)?.statesPerElement ?? 0) / 2
    if half > 0 {
      lines[0] += " with \(half) number\(half == 1 ? "" : "s") at most |"
      lines[1] += "---|"
    }
    for restart in restarts {
      guard let outcome = try journal.outcome(of: restart), let choice = outcome.choice else {
        continue
      }
      let program = choice.record.program
      let isSign = SignBehaviour(program)?.isSignMomentum ?? false
      var line =
        "| \(restart + 1) | \(NumberText.short(choice.record.score)) | \(NumberText.short(choice.score)) "
        + "| \(program.statesPerElement) | \(program.flops) | \(isSign ? "yes" : "no") |"
      if half > 0 {
        let small = Set(
          outcome.finalists.filter { $0.program.statesPerElement <= half }.map(\.number))
        let best = outcome.validated.filter { small.contains($0.number) }.map(\.score).min()
        line += " \(best.map { $0.isFinite ? NumberText.short($0) : "none" } ?? "none") |"
      }
      lines.append(line)
    }
    return lines + [""]
  }
}
