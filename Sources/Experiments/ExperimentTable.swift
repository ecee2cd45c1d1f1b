import Basics
import Training

/// The table that an experiment prints: a row for each rule, mean ± standard deviation over seeds.
///
/// Everything in it is a function of the script and its seeds, so that two runs print the same.
enum ExperimentTable {
  static func text(_ history: ExperimentHistory) -> String {
    let names = history.series
    let seeds = history.rules.first?.runs.count ?? 0
    // A walk of a few numbers ends somewhere worth reading.
    let showsPoint = history.rules.contains { rule in
      rule.runs.contains { !$0.points.isEmpty && $0.points[0].count <= 3 }
    }
    var table = TextTable(
      header: ["rule"] + names + ["steps"]
        + (showsPoint ? [seeds > 1 ? "the first ends at" : "ends at"] : []))
    for rule in history.rules {
      var row = [rule.label]
      for name in names {
        let values = rule.runs.filter { $0.failure == nil }.compactMap { $0.last(name) }
        row.append(summary(values))
      }
      let failed = rule.runs.filter { $0.failure != nil }.count
      let steps = rule.runs.map(\.steps).max() ?? 0
      let skipped = rule.runs.map(\.skippedSteps).max() ?? 0
      var notes = skipped > 0 ? ["\(skipped) skipped"] : []
      if rule.runs.contains(where: \.reachedTarget) {
        let reached = rule.runs.count(where: \.reachedTarget)
        notes.append(
          rule.runs.count == 1 ? "reached" : "\(reached) of \(rule.runs.count) reached")
      }
      if failed > 0 { notes.append("\(failed) of \(rule.runs.count) failed") }
      row.append("\(steps)" + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"))
      if showsPoint {
        let end = rule.runs.first?.parameters.flatMap { $0 } ?? []
        row.append("[" + end.map { NumberText.significant($0) }.joined(separator: ", ") + "]")
      }
      table.append(row)
    }
    let heading =
      seeds > 1 ? "\(history.title): mean ± deviation over \(seeds) seeds" : history.title
    return heading + "\n" + table.render() + (table.render().hasSuffix("\n") ? "" : "\n")
  }

  private static func summary(_ values: [Double]) -> String {
    guard !values.isEmpty else { return "–" }
    let mean = values.reduce(0, +) / Double(values.count)
    guard values.count > 1 else { return NumberText.significant(mean) }
    let variance =
      values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return
      "\(NumberText.significant(mean)) ± \(NumberText.significant(variance.squareRoot(), digits: 2))"
  }
}
