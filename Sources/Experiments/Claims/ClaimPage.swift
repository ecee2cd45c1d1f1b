import Basics
import Plotting
import Search

/// The part of a search's page about what the program is worth.
struct ClaimPage {
  private let report: ClaimReport
  private let text: ClaimText

  init(_ report: ClaimReport) {
    self.report = report
    text = ClaimText(report)
  }

  var html: String {
    let found = report.comparisons
    var html = "<h2>\(report.subject == .test ? "The locked test set" : "What it is worth")</h2>\n"
    html += paragraph(text.lead)
    html += "<p class=\"loud\">\(lines(text.verdicts(found)))</p>\n"
    html += plot(found) + comparisons(found)
    html += "<h3>Performance profile</h3>\n" + profile
    html += "<h3>What each came to</h3>\n" + cells
    if !report.parts.isEmpty { html += "<h3>Without each of its parts</h3>\n" + ablation }
    return html
  }

  private func lines(_ text: String) -> String {
    text.split(separator: "\n").map(PageText.escaped).joined(separator: "<br>\n")
  }

  private func paragraph(_ text: String) -> String {
    "<p>\(PageText.escaped(text.split(separator: "\n").joined(separator: " ")))</p>\n"
  }

  private func plot(_ found: [ClaimComparison]) -> String {
    IntervalPlot(
      rows: found.map {
        IntervalPlot.Row(
          label: "\(report.tasks[$0.task].name), \(report.rules[$0.rule])", interval: $0.interval,
          kind: $0.verdict.rawValue)
      }, sides: ("less loss than the other", "more")
    ).svg
  }

  private func comparisons(_ found: [ClaimComparison]) -> String {
    PageText.table(
      ["task", "against", "log ratio", "95 % interval", "less on", "p (Holm)", ""], left: 2,
      found.map { one in
        (
          [
            report.tasks[one.task].name, report.rules[one.rule], ClaimText.mean(one),
            ClaimText.range(one), "\(one.wins) of \(one.differences.count)", ClaimText.chance(one),
            one.verdict.rawValue,
          ], one.verdict == .better ? "gain" : one.verdict == .worse ? "loss" : ""
        )
      })
  }

  /// Steps at each ratio, from 1 to the farthest that the score looks at.
  private var profile: String {
    let profile = report.profile
    let far = PerformanceProfile.farthest
    let series = report.rules.indices.map { rule -> Series in
      var (x, y): ([Double], [Double]) = ([1], [0])
      let count = Double(report.tasks.count)
      for (k, ratio) in profile.ratios[rule].filter({ $0 <= far }).sorted().enumerated() {
        x += [ratio, ratio]
        y += [Double(k) / count, Double(k + 1) / count]
      }
      return Series(name: report.rules[rule], x: x + [far], y: y + [y.last ?? 0])
    }
    let figure = Figure(
      title: "", xLabel: "times the least mean loss of these rules", yLabel: "share of the tasks",
      xScale: .log, series: series)
    return figure.svg() + "\n"
  }

  private var cells: String {
    var rows: [(cells: [String], kind: String)] = []
    for (task, one) in report.tasks.enumerated() {
      for (rule, name) in report.rules.enumerated() {
        let cell = report.cells[rule][task]
        let evidence = report.evidence(rule, task)
        rows.append(
          (
            [
              one.name, name, cell.problem ?? cell.setting,
              cell.text,
              cell.broken > 0 ? "\(cell.broken)" : "", one.target,
              evidence.map { NumberText.short($0.value) } ?? "",
              evidence.map { NumberText.significant($0.probability, digits: 2) } ?? "",
            ], rule == 0 ? "own" : ""
          ))
      }
    }
    return PageText.table(
      [
        "task", "rule", "setting", "loss", "broke", "target", "(target − mean)·√n", "p",
      ], left: 3, rows)
  }

  private var ablation: String {
    let plot = IntervalPlot(
      rows: report.ablation.map { part, harm in
        IntervalPlot.Row(
          label: part.what, interval: harm,
          kind: harm.low > 0 ? "worse" : harm.high < 0 ? "better" : "")
      }, sides: ("less loss without it", "more"))
    return
      "<p>The mean of log(loss without it / loss) over all tasks and seeds, each tuned anew, by what does least harm in its "
      + "place. What is about 0 the program does without. Each interval is by itself, without correction.</p>\n"
      + plot.svg
  }
}
