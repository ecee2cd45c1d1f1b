import Basics

extension ArenaResult {
  /// Rules with few others beside them have a column each in the table of the tasks; two leave room for the target.
  private static let fewRules = 4

  /// Two tables for a terminal: the rules, best first, and the tasks; then what did not run.
  package var text: String {
    var parts = [heading]
    if !rows.isEmpty { parts += [rulesTable, tasksTable, meaning] }
    parts += remarks
    return parts.joined(separator: "\n")
  }

  private var heading: String {
    "\(Self.count(rules.count, "rule")) on \(Self.count(tasks.count, "task")), "
      + "\(Self.count(settings.trials, "trial")) and \(Self.count(settings.seeds, "seed")) each\n"
  }

  private static func count(_ n: Int, _ noun: String) -> String {
    "\(n) \(noun)\(n == 1 ? "" : "s")"
  }

  /// Levels that tasks have, where they have several.
  private var levels: [String] {
    let found = ["easy", "middle", "hard"].filter { level in tasks.contains { $0.level == level } }
    return found.count > 1 ? found : []
  }

  private var rulesTable: String {
    // All of it has 80 columns.
    let (name, setting) = levels.isEmpty ? (24, 17) : (18, 16)
    var table = TextTable(
      header: ["rule", "score", solvedTitle, "with one setting", "better", "worse"])
    for row in rows {
      let score =
        NumberText.fixed(row.place.score.mean, decimals: 3)
        + (tasks.count > 1 ? " ± " + NumberText.fixed(row.place.score.halfWidth, decimals: 2) : "")
      let solved = levels.map { level in
        "\(tasks.indices.count { tasks[$0].level == level && isSolved(row, $0) })"
      }.joined(separator: "/")
      table.append(
        [
          Self.cut(rules[row.rule], to: name), score,
          levels.isEmpty ? "\(row.solved)" : solved,
          // Of one task nothing is left to choose by.
          tasks.count < 2 ? "" : Self.cut(withOne(row), to: setting),
          "\(row.place.betterThan.count)", "\(row.place.worseThan.count)",
        ])
    }
    return table.render()
  }

  private var solvedTitle: String {
    levels.isEmpty
      ? "solved" : levels.map { $0 == "middle" ? "mid" : $0 }.joined(separator: "/")
  }

  private func withOne(_ row: Row) -> String {
    "\(row.solvedWithOne)" + (row.one.isEmpty ? "" : " (\(row.one))")
  }

  private func isSolved(_ row: Row, _ task: Int) -> Bool {
    cells[row.rule][task]?.isSolved ?? false
  }

  private var tasksTable: String {
    let isFew = rows.count <= Self.fewRules
    let hasTarget = rows.count <= 2
    var table = TextTable(
      header: ["task"] + (hasTarget ? ["target"] : [])
        + (isFew
          ? rows.map { Self.cut(rules[$0.rule], to: 12) } : ["solved by", "steps", "rule"]))
    for (k, task) in tasks.enumerated() {
      if isFew {
        table.append(
          [task.name] + (hasTarget ? [task.target] : [])
            + rows.map { steps(cells[$0.rule][k], isShort: !hasTarget) })
        continue
      }
      let solvers = rows.filter { isSolved($0, k) }
      let cost = { (row: Row) in self.cells[row.rule][k]?.cost ?? .infinity }
      let best = solvers.min { cost($0) < cost($1) }
      let cell = best.flatMap { cells[$0.rule][k] }
      table.append([
        task.name, "\(solvers.count)", steps(cell), best.map { Self.cut(rules[$0.rule]) } ?? "",
      ])
    }
    return table.render()
  }

  /// `120 (110–135)`: the median and, where there is room, the range over the seeds.
  private func steps(_ cell: ArenaCell?, isShort: Bool = false) -> String {
    guard let cell, cell.problem == nil else { return cell == nil ? "" : "does not run" }
    guard cell.isSolved else { return "–" }
    let (low, high) = (cell.steps.min() ?? 0, cell.steps.max() ?? 0)
    let median = "\(Int(cell.cost))"
    if low == high || isShort { return median }
    return "\(median) (\(Int(low))–\(high.isFinite ? "\(Int(high))" : "not"))"
  }

  private var meaning: String {
    let farthest = NumberText.short(PerformanceProfile.farthest)
    return
      """
      score: the area below the performance profile of steps to the target, for 1 to \(farthest)
      times the least steps of any rule, 1 at best; ± its 95 % interval over tasks.
      solved: by most seeds. with one setting: with what is best on all other tasks.
      better, worse: rules that this one is shown to be better or worse than
      (sign test over the tasks, Holm's correction over all pairs, 5 %).

      """
  }

  private var remarks: [String] {
    var lines: [String] = []
    for (rule, count, reason) in problems {
      let place = count == tasks.count ? "" : " on \(Self.count(count, "task"))"
      lines.append("\(rules[rule]) does not run\(place): \(reason)\n")
    }
    if !unfinished.isEmpty {
      lines.append("not finished: \(unfinished.map { rules[$0] }.joined(separator: ", "))\n")
    }
    return lines.isEmpty ? [] : [lines.joined()]
  }

  private static func cut(_ text: String, to most: Int = 24) -> String {
    text.count <= most ? text : text.prefix(most - 1) + "…"
  }
}
