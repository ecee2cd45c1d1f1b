import Basics
import Training

extension Advice {
  package var text: String {
    var text = "\(task): \(problem)\n\n"
    let isBySteps = result.settings.series == nil
    let series = result.settings.series ?? "steps"
    var table = TextTable(
      header: ["rule", "lr", isBySteps ? "reached" : series]
        + (isBySteps ? ["steps"] : []) + ["beside the first", "state", "a step", "tried because"])
    for row in rows {
      guard row.verdict != .failed else {
        table.append([row.candidate.rule, row.found.problem ?? failed(row)])
        continue
      }
      let rate =
        (row.found.best.first.map { NumberText.short($0) } ?? "")
        + (row.found.isAtEdge ? " (edge)" : "")
      let values = row.found.values[series] ?? []
      table.append(
        [row.candidate.rule, rate]
          + (isBySteps ? ["\(row.found.reached) of \(result.settings.seeds)"] : [])
          + [
            Self.interval(values), said(row), bytes(row.stateBytes), time(row.seconds),
            row.candidate.reason,
          ])
    }
    text += table.render()
    text += "\n" + conclusion
    return text
  }

  /// What was measured of the problem.
  private var problem: String {
    let m = measures
    var parts = ["\(m.parameters) parameter\(m.parameters == 1 ? "" : "s")"]
    if m.matrixShare > 0 {
      parts.append("\(Int((100 * m.matrixShare).rounded())) % of them in matrices")
    }
    parts.append(
      m.noise == 0
        ? "the same gradient at every step"
        : "a gradient is off by \(NumberText.significant(m.noise, digits: 2)) of its length")
    if m.zeros > 0.05 { parts.append("\(Int((100 * m.zeros).rounded())) % of its entries are 0") }
    if let c = m.curvature, c.largest.isFinite {
      var said = "curvature up to \(NumberText.significant(c.largest, digits: 2))"
      if let ratio = m.conditioning, m.parameters > 1 {
        said += ", \(NumberText.significant(ratio, digits: 2)) times the mean"
      }
      if c.smallest < -1e-3 * abs(c.largest) {
        said += ", down to \(NumberText.significant(c.smallest, digits: 2))"
      }
      parts.append(said)
    }
    return parts.joined(separator: "; ")
  }

  private func failed(_ row: Row) -> String {
    "\(row.found.failed) of \(result.settings.seeds) runs failed"
  }

  private func said(_ row: Row) -> String {
    guard let chance = row.chance else { return row.verdict.rawValue }
    return row.verdict.rawValue + " (p = \(NumberText.significant(chance, digits: 2)))"
  }

  private func bytes(_ bytes: Double?) -> String {
    bytes.map { "\(NumberText.significant($0, digits: 2)) B" } ?? "–"
  }

  private func time(_ seconds: Double?) -> String {
    seconds.map { "\(NumberText.significant($0 * 1e6, digits: 2)) µs" } ?? "–"
  }

  private var conclusion: String {
    let s = result.settings
    let budget =
      "each rule: \(s.trials) trials of \(length), then \(s.seeds) seeds that the search has not seen\n"
    guard let first = rows.first(where: { $0.verdict == .first }), let taken = suggested else {
      return budget + "no rule came through: try a longer task\n"
    }
    let tied = rows.filter { $0.verdict == .tied }.map(\.candidate.rule)
    var text = budget
    if tied.isEmpty {
      text += "\(first.found.rule) is the best of these, told apart from each at 5 % (Holm)\n"
      if rows.contains(where: { $0.verdict == .behind }) {
        text =
          budget
          + "\(first.found.rule) is the best of these in one walk: seeds do not differ here\n"
      }
    } else {
      text +=
        "\(first.candidate.rule) is not told apart from \(tied.joined(separator: ", ")) by \(s.seeds) seeds\n"
    }
    text += "take \(taken.found.rule)"
    if !tied.isEmpty { text += ": of these it keeps the least state, then takes the least time" }
    return text + "\n"
  }

  private static func interval(_ values: [Double]) -> String {
    guard !values.isEmpty else { return "–" }
    let found = MeanInterval(values)
    let mean = NumberText.significant(found.mean)
    return values.count > 1
      ? "\(mean) ± \(NumberText.significant(found.halfWidth, digits: 2))" : mean
  }

  package var json: JSONValue {
    let m = measures
    func number(_ x: Double?) -> JSONValue { x.map { .number($0) } ?? .null }
    return .record([
      "task": .string(task), "length": .string(length),
      "problem": .record([
        "parameters": .int(m.parameters), "matrixShare": .number(m.matrixShare),
        "noise": .number(m.noise), "zeros": .number(m.zeros), "scales": .number(m.scales),
        "largestCurvature": number(m.curvature?.largest),
        "smallestCurvature": number(m.curvature?.smallest),
        "meanCurvature": number(m.curvature?.mean),
      ]),
      "trials": .int(result.settings.trials), "seeds": .int(result.settings.seeds),
      "series": result.settings.series.map { .string($0) } ?? .null,
      "suggested": suggested.map { .string($0.found.rule) } ?? .null,
      "interrupted": .bool(wasInterrupted),
      "rules": .array(
        rows.map { row in
          .record([
            "rule": .string(row.candidate.rule), "found": .string(row.found.rule),
            "reason": .string(row.candidate.reason), "verdict": .string(row.verdict.rawValue),
            "chance": number(row.chance), "stateBytes": number(row.stateBytes),
            "secondsPerStep": number(row.seconds),
            "costs": .array(row.found.costs.map { .number($0) }),
            "problem": row.found.problem.map { .string($0) } ?? .null,
          ])
        }),
    ])
  }
}
