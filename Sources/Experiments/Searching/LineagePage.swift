import Basics
import Diagnostics
import Plotting
import Search

/// The part of a search's page about where a program came from: the tree of the best, and parents and children side by
/// side.
struct LineagePage {
  private let journal: SearchJournal
  private let frame = RateFrame.plain

  init(_ journal: SearchJournal) { self.journal = journal }

  func html(of record: ProgramRecord, in restart: Int) throws(DiagnosticError) -> String {
    let chain = try journal.lineage(of: record, in: restart)
    guard chain.count > 1 else { return "" }
    var html = "<h2>Where it came from</h2>\n" + (try tree(chain, restart))
    for (k, (parent, child)) in zip(chain, chain.dropFirst()).enumerated() {
      html += step(k + 1, parent, child)
    }
    return html
  }

  /// Ancestors of the best by number and score: what they have in common is one line.
  private func tree(
    _ chain: [ProgramRecord], _ restart: Int
  ) throws(DiagnosticError) -> String {
    var series: [Series] = []
    for other in try journal.best(Search.judged, of: restart)
    where other.number != chain.last?.number {
      series.append(Self.line("others of the best", try journal.lineage(of: other, in: restart)))
    }
    series.append(Self.line("program \(chain.last?.number ?? 0)", chain))
    let figure = Figure(
      title: "", xLabel: "program", yLabel: "score", series: series)
    return figure.svg() + "\n"
  }

  /// Those of them that ran on all tasks: other scores are on another scale.
  private static func line(_ name: String, _ chain: [ProgramRecord]) -> Series {
    let known = chain.filter { $0.rung > 0 && $0.score.isFinite }
    return Series(name: name, x: known.map { Double($0.number) }, y: known.map(\.score))
  }

  private func step(_ k: Int, _ parent: ProgramRecord, _ child: ProgramRecord) -> String {
    var html = "<h3>\(k). \(PageText.escaped(child.mutation.map(RunsText.text) ?? ""))"
    if parent.rung > 0, child.rung > 0 {
      let gain = child.score - parent.score
      html +=
        " <span class=\"\(gain < 0 ? "gain" : "loss")\">\(gain < 0 ? "" : "+")\(NumberText.short(gain))</span>"
    }
    let (before, after) = (EquationText.lines(parent, frame), EquationText.lines(child, frame))
    return html + "</h3>\n<div class=\"pair\">"
      + "<div><small>program \(parent.number)</small>\(marked(before, against: after))</div>"
      + "<div><small>program \(child.number)</small>\(marked(after, against: before))</div></div>\n"
  }

  /// Lines that the other has not stand out.
  private func marked(_ lines: [String], against other: [String]) -> String {
    "<pre>"
      + lines.map { line in
        other.contains(line)
          ? PageText.escaped(line) : "<mark>\(PageText.escaped(line))</mark>"
      }.joined(separator: "\n") + "</pre>"
  }
}
