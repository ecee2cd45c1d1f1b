import Basics
import Search

/// A report in words: what the program is worth, where it loses, what it does without.
package struct ClaimText {
  private let report: ClaimReport

  package init(_ report: ClaimReport) { self.report = report }

  package var text: String {
    let found = report.comparisons
    var parts = [lead, comparisonTable(found), verdicts(found), cellTable, profileTable]
    if let evidence = evidenceTable { parts.append(evidence) }
    if let ablation = ablationTable { parts.append(ablation) }
    return parts.joined(separator: "\n")
  }

  package var lead: String {
    let terms = report.terms
    let what =
      report.subject == .test
      ? "the locked tasks, opened on \(CalendarTime.text(report.time))" : "the tasks of validation"
    return """
      \(report.rules[0]), program \(terms.number) of restart \(terms.restart + 1), on \(what):
      at most \(terms.trials) settings tried for each rule on each task, then \(terms.pairs) seeds, the same for all, that no search saw.

      """
  }

  /// `mlp_easy against Lion: -0.12 (-0.2 to -0.05), less on 18 of 20 seeds, better`
  package func line(_ found: ClaimComparison) -> String {
    "\(report.tasks[found.task].name) against \(report.rules[found.rule]): \(Self.mean(found)) "
      + "(\(Self.range(found))), less on \(found.wins) of \(found.differences.count) seeds, "
      + found.verdict.rawValue
  }

  static func mean(_ found: ClaimComparison) -> String {
    found.differences.isEmpty ? "none" : NumberText.short(found.interval.mean)
  }

  static func range(_ found: ClaimComparison) -> String {
    "\(NumberText.short(found.interval.low)) to \(NumberText.short(found.interval.high))"
  }

  static func chance(_ found: ClaimComparison) -> String {
    found.adjusted.map { $0 < 1e-4 ? "< 0.0001" : NumberText.significant($0, digits: 2) }
      ?? "all alike"
  }

  private func comparisonTable(_ found: [ClaimComparison]) -> String {
    var table = TextTable(header: [
      "task", "against", "log ratio", "95 % interval", "less on", "p (Holm)", "",
    ])
    for one in found {
      table.append([
        report.tasks[one.task].name, report.rules[one.rule], Self.mean(one), Self.range(one),
        "\(one.wins) of \(one.differences.count)", Self.chance(one), one.verdict.rawValue,
      ])
    }
    return table.render()
      + "log ratio: the mean of log(loss / loss of the other) over the seeds, below 0 is better; intervals by bootstrap.\n"
      + "No seed counts more than a factor of 1000, which is also what a run that broke loses.\n"
      + "all alike: the same on every seed, so that nothing is left to chance.\n"
  }

  /// What was shown and what was not, and where it loses.
  package func verdicts(_ found: [ClaimComparison]) -> String {
    func count(_ verdict: ClaimComparison.Verdict) -> Int { found.count { $0.verdict == verdict } }
    var text =
      "Better in \(count(.better)), worse in \(count(.worse)), not told apart in \(count(.notTold)) of "
      + "\(found.count) comparisons (paired t tests, Holm's correction over all of them, 5 %).\n"
    let losses = found.filter { $0.verdict == .worse }
    if losses.isEmpty {
      text += "There is no task here on which it was shown to lose.\n"
    } else {
      let tasks = report.tasks.indices.filter { task in losses.contains { $0.task == task } }
      text += tasks.map { task in
        let rules = losses.filter { $0.task == task }
          .map { "\(report.rules[$0.rule]) (\(Self.mean($0)))" }
        return "It loses on \(report.tasks[task].name) to \(rules.joined(separator: ", ")).\n"
      }.joined()
    }
    if report.subject == .claims {
      text +=
        "Validation chose the program, so these figures flatter it a little; a locked test set does not.\n"
    }
    return text
  }

  private var cellTable: String {
    var table = TextTable(header: ["task", "rule", "loss", "setting", "tried", "broke"])
    for (task, one) in report.tasks.enumerated() {
      for (rule, name) in report.rules.enumerated() {
        let cell = report.cells[rule][task]
        table.append([
          one.name, name, cell.text,
          cell.problem ?? cell.setting, "\(cell.trials)", cell.broken > 0 ? "\(cell.broken)" : "",
        ])
      }
    }
    return table.render()
  }

  /// Where profiles are shown: times the least mean loss.
  static let factors = [1.0, 1.1, 1.5, 2, 4]

  private var profileTable: String {
    let profile = report.profile
    var table = TextTable(
      header: ["rule", "score"] + Self.factors.map { "≤ \(NumberText.short($0))" })
    for (rule, name) in report.rules.enumerated() {
      let score = profile.contributions(of: rule).reduce(0, +) / Double(report.tasks.count)
      table.append(
        [name, NumberText.fixed(score, decimals: 3)]
          + Self.factors.map { factor in
            "\(profile.ratios[rule].count { $0 <= factor })"
          })
    }
    return table.render()
      + "Performance profile: tasks on which the mean loss is at most so many times the least of these rules.\n"
  }

  private var evidenceTable: String? {
    var table = TextTable(header: ["task", "target", "mean", "(target - mean)·√n", "t", "p"])
    for (task, one) in report.tasks.enumerated() {
      guard let found = report.evidence(0, task) else { continue }
      table.append([
        one.name, one.target, NumberText.short(found.mean), NumberText.short(found.value),
        NumberText.short(found.t), NumberText.significant(found.probability, digits: 2),
      ])
    }
    if table.rows.isEmpty { return nil }
    return table.render()
      + "The evidence that \(report.rules[0]) comes to the target with all steps, for tasks that have one.\n"
  }

  private var ablationTable: String? {
    if report.parts.isEmpty { return nil }
    var table = TextTable(header: ["without", "in its place", "log ratio", "95 % interval"])
    var idle: [String] = []
    for (part, harm) in report.ablation {
      // What rounding makes is no difference.
      if max(abs(harm.low), abs(harm.high)) < 1e-9 {
        idle.append(part.what)
        continue
      }
      table.append([
        part.what, part.by, NumberText.short(harm.mean),
        "\(NumberText.short(harm.low)) to \(NumberText.short(harm.high))",
      ])
    }
    return (table.rows.isEmpty ? "" : table.render())
      + (idle.isEmpty ? "" : "Without any difference: \(idle.joined(separator: "; ")).\n")
      + "Ablation: log(loss without / loss) over all tasks and seeds, each tuned anew, by what does least harm in its place;\n"
      + "what is at 0 or below it the program does without. Intervals are each by itself.\n"
  }
}
