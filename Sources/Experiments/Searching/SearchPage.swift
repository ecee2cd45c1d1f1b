import Basics
import Diagnostics
import IR
import Lowering
import Plotting
import Search

/// One page of HTML about a search, from its journal: the rule that was chosen and what it is worth, curves, the front,
/// its ancestors side by side, what became of the mutants.
package struct SearchPage {
  private let journal: SearchJournal
  private let text: RunsText
  private let header: SearchJournal.Header

  /// Throws what reading the journal throws.
  package init(_ journal: SearchJournal) throws(DiagnosticError) {
    self.journal = journal
    text = try RunsText(journal)
    header = try journal.header()
  }

  package func html() throws(DiagnosticError) -> String {
    let choice = try journal.choice()
    var body = "<h1>\(PageText.escaped(header.name))</h1>\n"
    body +=
      "<p>From a journal of <code>ravine search</code>. Scores are mean logarithms of the loss over the tuned "
    body += "baseline's: 0 is as good, below it is better.</p>\n"
    if let choice { body += chosen(choice.record, choice.restart, choice.rate, choice.score) }
    for subject in [SearchJournal.Subject.test, .claims] {
      if let report = try journal.report(of: subject) { body += ClaimPage(report).html }
    }
    body += try curves() + (try front())
    if let choice { body += try LineagePage(journal).html(of: choice.record, in: choice.restart) }
    body += try restarts()
    body += "<h2>Mutants</h2>\n<pre>\(PageText.escaped(try text.mutants()))</pre>\n"
    body +=
      "<h2>The experiment</h2>\n<pre>\(PageText.escaped(header.experiment))</pre>\n"
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(PageText.escaped(header.name))</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1f; background: #fff }
      pre, code { font: 13px/1.45 ui-monospace, monospace } pre { background: #f5f5f7; padding: .8rem; border-radius: 6px; margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
      mark { background: #fdf0b8; color: inherit }
      .wide { overflow-x: auto } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
      td, th { padding: .2rem .7rem .2rem 0; text-align: right; white-space: nowrap } .left { text-align: left }
      th { font-weight: 600; border-bottom: 1px solid #ccc } tr.own td { font-weight: 600 }
      .pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem } small { color: #666 }
      .gain, tr.gain td:last-child { color: #0a6b2d } .loss, tr.loss td:last-child { color: #a3211b } .loud { border-left: 3px solid #0072b2; padding-left: .8rem }
      svg { max-width: 100%; height: auto; display: block; margin: .6rem 0 } h2 { margin-top: 2.5rem } h3 { margin: 1.4rem 0 .3rem; font-size: 1rem }
      @media (max-width: 46rem) { .pair { grid-template-columns: minmax(0, 1fr) } }
      </style></head><body>
      \(body)</body></html>

      """
  }

  private func chosen(
    _ record: ProgramRecord, _ restart: Int, _ rate: Double, _ score: Double
  ) -> String {
    var chosen = record
    chosen.best = rate
    return """
      <p>Validation chose program \(record.number) of restart \(restart + 1): score \(NumberText.short(record.score)) on \
      the search's tasks (\(PageText.escaped(header.tasks.joined(separator: ", ")))), \(NumberText.short(score)) on \
      \(PageText.escaped(header.validation.isEmpty ? "the same with other seeds" : header.validation.joined(separator: ", "))), \
      \(record.program.statesPerElement) numbers kept and \(record.program.flops) operations an element.</p>
      <pre>\(PageText.escaped(text.source(chosen, isPlain: true)))</pre>

      """
  }

  /// The best so far by the search's tasks, and what the monitor said of it; then the one against the other.
  private func curves() throws(DiagnosticError) -> String {
    var (series, judged, pairs): ([Series], [Series], [Series]) = ([], [], [])
    for found in try journal.restarts() {
      let name = "restart \(found.restart + 1)"
      var (x, y): ([Double], [Double]) = ([], [])
      var scores: [Int: Double] = [:]
      try journal.programs(of: found.restart) { record in
        guard record.rung > 0, record.score.isFinite else { return true }
        scores[record.number] = record.score
        if record.score < y.last ?? .infinity {
          x.append(Double(record.number))
          y.append(record.score)
        }
        return true
      }
      if let last = y.last {
        x.append(Double(found.programs))
        y.append(last)
      }
      series.append(Series(name: name, x: x, y: y))
      let validated = try journal.validated(of: found.restart).filter(\.score.isFinite)
      judged.append(
        Series(
          name: name, x: validated.map { Double($0.number) }, y: validated.map(\.score)))
      let both = validated.filter { scores[$0.number] != nil }
      pairs.append(
        // A gap after each, so that they are points.
        Series(
          name: name, x: both.flatMap { [scores[$0.number]!, .nan] },
          y: both.flatMap { [$0.score, .nan] }))
    }
    guard series.contains(where: { !$0.x.isEmpty }) else { return "" }
    let judge = header.validation.isEmpty ? "other seeds" : "validation"
    let figure = Figure(
      title: "",
      panels: [
        .curves(
          CurvePanel(
            title: "best so far", xLabel: "programs", yLabel: "score", series: series)),
        .curves(
          CurvePanel(title: judge, xLabel: "program", yLabel: "score", series: judged)),
        .curves(
          CurvePanel(
            title: "\(judge) against search", xLabel: "score on the search's tasks", yLabel: judge,
            series: pairs)),
      ])
    return """
      <h2>Curves</h2>
      \(figure.svg())
      <p>Where programs go on to the left in the third panel and not down, the search fits its own tasks.</p>

      """
  }

  private func front() throws(DiagnosticError) -> String {
    let points = try journal.front().points
    if points.isEmpty { return "" }
    return """
      <h2>Front</h2>
      <p>No other program beats these in loss, numbers kept and operations at once.</p>

      """
        + PageText.table(
          [
            "restart", "program", "score", "numbers an element", "bytes in float32",
            "operations an element",
          ], left: 0,
          points.map { point in
            (
              [
                "\(point.restart + 1)", "\(point.number)", NumberText.short(point.score),
                "\(point.states)", "\(4 * point.states)", "\(point.flops)",
              ], ""
            )
          })
  }

  /// What each restart chose.
  private func restarts() throws(DiagnosticError) -> String {
    var html = "<h2>Restarts</h2>\n"
    for found in try journal.restarts() {
      html += "<h3>Restart \(found.restart + 1), \(found.programs) programs</h3>\n"
      guard let choice = try journal.choice(of: found.restart) else {
        html += "<p>No program was chosen yet.</p>\n"
        continue
      }
      html +=
        "<p>Program \(choice.record.number): search \(NumberText.short(choice.record.score)), validation "
        + "\(NumberText.short(choice.score)).</p>\n"
        + PageText.pre(EquationText.lines(choice.record, .plain)) + "\n"
    }
    return html
  }
}
