import Basics
import Diagnostics
import IR
import Lowering
import Plotting
import Search

/// One page of HTML about a search, from its journal: curves, the front, the best program of each restart with its
/// ancestors side by side, what became of the mutants.
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
    var body = "<h1>\(Self.escaped(header.name))</h1>\n"
    body +=
      "<p>From a journal of <code>ravine search</code>. Scores are mean logarithms of the loss over the tuned "
    body += "baseline's: 0 is as good, below it is better.</p>\n"
    body +=
      "<details><summary>The experiment</summary><pre>\(Self.escaped(header.experiment))</pre></details>\n"
    body += try curves()
    body += try front()
    for found in try journal.restarts() { body += try restart(found.restart) }
    body += "<h2>Mutants</h2>\n<pre>\(Self.escaped(try text.summary()))</pre>\n"
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(header.name))</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1f; background: #fff }
      pre, code { font: 13px/1.45 ui-monospace, monospace } pre { background: #f5f5f7; padding: .8rem; overflow-x: auto; border-radius: 6px }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums } td, th { padding: .2rem .9rem .2rem 0; text-align: right }
      th { font-weight: 600; border-bottom: 1px solid #ccc } .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
      .gain { color: #0a6b2d } .loss { color: #a3211b } svg { max-width: 100%; height: auto } h2 { margin-top: 2.5rem }
      @media (max-width: 46rem) { .pair { grid-template-columns: 1fr } }
      </style></head><body>
      \(body)</body></html>

      """
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  /// The best so far by the search's tasks, and what the monitor said of it.
  private func curves() throws(DiagnosticError) -> String {
    var series: [Series] = []
    var judged: [Series] = []
    for found in try journal.restarts() {
      var (x, y): ([Double], [Double]) = ([], [])
      try journal.programs(of: found.restart) { record in
        if record.rung > 0, record.score < y.last ?? .infinity {
          x.append(Double(record.number))
          y.append(record.score)
        }
        return true
      }
      if let last = y.last {
        x.append(Double(found.programs))
        y.append(last)
      }
      series.append(Series(name: "restart \(found.restart + 1)", x: x, y: y))
      let validated = try journal.validated(of: found.restart).filter(\.score.isFinite)
      judged.append(
        Series(
          name: "restart \(found.restart + 1)", x: validated.map { Double($0.number) },
          y: validated.map(\.score)))
    }
    guard series.contains(where: { !$0.x.isEmpty }) else { return "" }
    let figure = Figure(
      title: "",
      panels: [
        .curves(
          CurvePanel(
            title: "best so far", xLabel: "programs", yLabel: "score", series: series)),
        .curves(
          CurvePanel(
            title: header.validation.isEmpty ? "the same on other seeds" : "validation",
            xLabel: "program", yLabel: "score", series: judged)),
      ])
    return "<h2>Curves</h2>\n\(figure.svg())\n"
  }

  private func front() throws(DiagnosticError) -> String {
    let points = try journal.front().points
    if points.isEmpty { return "" }
    var rows = ""
    for point in points {
      rows +=
        "<tr><td>\(point.restart + 1)</td><td>\(point.number)</td><td>\(NumberText.short(point.score))</td>"
        + "<td>\(point.states)</td><td>\(point.flops)</td></tr>\n"
    }
    return """
      <h2>Front</h2>
      <p>No other program beats these in loss, numbers kept and operations at once.</p>
      <table><tr><th>restart</th><th>program</th><th>score</th><th>states an element</th><th>operations an element</th></tr>
      \(rows)</table>

      """
  }

  private func restart(_ restart: Int) throws(DiagnosticError) -> String {
    guard let best = try journal.best(1, of: restart).first else { return "" }
    var html = "<h2>Restart \(restart + 1)</h2>\n<p>Program \(best.number)"
    html += ", score \(NumberText.short(best.score)), after exact rewrites:</p>\n"
    html += "<pre>\(Self.escaped(text.source(best, isPlain: true)))</pre>\n"
    var chain = [best]
    while chain[0].parent >= 0, let parent = try journal.program(chain[0].parent, of: restart) {
      chain.insert(parent, at: 0)
    }
    html += "<details><summary>Its \(chain.count - 1) ancestors, parents left</summary>\n"
    for (parent, child) in zip(chain, chain.dropFirst()) {
      let gain = child.score - parent.score
      let isKnown = parent.rung > 0 && child.rung > 0
      html += "<h3>\(Self.escaped(child.mutation.map(RunsText.text) ?? ""))"
      if isKnown {
        html += " <span class=\"\(gain < 0 ? "gain" : "loss")\">\(NumberText.short(gain))</span>"
      }
      html += "</h3>\n<div class=\"pair\"><pre>\(Self.escaped(text.source(parent)))</pre>"
      html += "<pre>\(Self.escaped(text.source(child)))</pre></div>\n"
    }
    return html + "</details>\n"
  }
}
