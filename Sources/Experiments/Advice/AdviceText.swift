import Basics
import Training

extension Advice {
  package var text: String {
    var text = "\(task): \(problem)\n\n"
    let isBySteps = settings.series == nil
    let series = settings.series ?? "steps"
    var table = TextTable(
      header: ["rule", "lr", isBySteps ? "reached" : series]
        + (isBySteps ? ["steps"] : [])
        + ["beside the first", "state", "a step", "in the arena", "tried because"])
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
          + (isBySteps ? ["\(row.found.reached) of \(settings.seeds)"] : [])
          + [
            MeanInterval.text(of: values), said(row), bytes(row.stateBytes), time(row.seconds),
            inArena(row), row.candidate.reason,
          ])
    }
    text += table.render()
    text += "\n" + arenaText + conclusion
    return text
  }

  private func inArena(_ row: Row) -> String {
    guard let (score, solved) = row.arena else { return "–" }
    let mean = "\(solved) of \(arena.tasks), \(NumberText.fixed(score.mean, decimals: 2))"
    return Self.halfWidth(score, tasks: arena.tasks).map {
      mean + " ± " + NumberText.fixed($0, decimals: 2)
    } ?? mean
  }

  /// Of a score between 0 and 1; nil for so few tasks that an interval says nothing.
  private static func halfWidth(_ score: MeanInterval, tasks: Int) -> Double? {
    tasks < 5 ? nil : min(score.halfWidth, max(score.mean, 1 - score.mean))
  }

  /// What the arena says of these rules, and that it was on other problems.
  private var arenaText: String {
    if arena.tasks == 0 { return "" }
    var text =
      "in the arena: solved and score (1 at best, ± 95 %) on its \(Self.count(arena.tasks, "task")) with "
      + arena.meaning + "\n"
    if arena.order.isEmpty {
      text += "on these it tells none of these rules apart\n"
    } else {
      var worse: [(better: String, worse: [String])] = []
      for (better, other) in arena.order {
        if worse.last?.better == better {
          worse[worse.count - 1].worse.append(other)
        } else {
          worse.append((better, [other]))
        }
      }
      for (better, others) in worse {
        text += "on these it tells \(better) from \(others.joined(separator: ", "))\n"
      }
    }
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
    "\(row.found.failed) of \(settings.seeds) runs failed"
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
    let seeds = Self.count(settings.seeds, "seed")
    let budget =
      "each rule: \(Self.count(settings.trials, "trial")) of \(length), then \(seeds) that the search has not "
      + "seen\n"
    if wasInterrupted {
      return budget
        + "\(rows.count) of \(Self.count(planned, "rule")) done, which says nothing yet\n"
    }
    if holdsAtStart {
      return budget + "the target holds at the start, which says nothing of the rules\n"
    }
    guard let first = rows.first(where: { $0.verdict == .first }), let taken = suggested else {
      return budget + "no rule came through: try a longer task\n"
    }
    func named(_ verdict: Verdict) -> String? {
      let names = rows.filter { $0.verdict == verdict }.map(\.candidate.rule)
      return names.isEmpty ? nil : names.joined(separator: ", ")
    }
    let name = first.candidate.rule
    var lines: [String] = []
    if isOneWalk {
      lines.append("all seeds are one walk here: \(name) ends best, and by how much is no sample")
    }
    if let worse = named(.worse) {
      lines.append(
        "\(name) is told apart from \(worse) at 5 % (corrected for all comparisons with the best)")
    }
    if let tied = named(.tied) {
      lines.append("\(name) is not told apart from \(tied) by \(seeds)")
    }
    if let rarer = named(.rarer) {
      lines.append("\(rarer): to the target on fewer seeds than \(name)")
    }
    if let behind = named(.behind) {
      lines.append("\(behind): behind \(name) by the same on each seed, which is no sample")
    }
    if settings.seeds < 2 {
      lines.append("\(name) is the best of one seed, of whose spread nothing is known")
    }
    lines.append("take \(taken.found.rule)" + reason(taken, first: name))
    return budget + lines.map { $0 + "\n" }.joined()
  }

  /// Why a rule is taken, where others are not told apart from the best.
  private func reason(_ taken: Row, first: String) -> String {
    guard rows.contains(where: { $0.verdict == .tied }) else { return "" }
    if taken.verdict == .first {
      return rows.contains(where: { $0.isAsGood && $0.verdict != .first })
        ? ": the best mean, and nothing as good keeps less"
        : ": the best mean; of nothing else it is shown that it is as good"
    }
    let good =
      taken.chance == nil
      ? "the same on each seed as \(first)"
      : "at most \(NumberText.short(Self.margin)) times \(first)'s \(settings.series ?? "steps") at 95 %"
    return ": \(good), and of what is as good it keeps the least state, then takes the least time"
  }

  private static func count(_ n: Int, _ noun: String) -> String {
    "\(n) \(noun)\(n == 1 ? "" : "s")"
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
      "trials": .int(settings.trials), "seeds": .int(settings.seeds),
      "series": settings.series.map { .string($0) } ?? .null,
      "suggested": suggested.map { .string($0.found.rule) } ?? .null,
      "interrupted": .bool(wasInterrupted), "planned": .int(planned),
      "arena": .record([
        "tasks": .int(arena.tasks), "alike": .string(arena.meaning),
        "order": .array(arena.order.map { .array([.string($0.better), .string($0.worse)]) }),
      ]),
      "rules": .array(
        rows.map { row in
          .record([
            "rule": .string(row.candidate.rule), "found": .string(row.found.rule),
            "reason": .string(row.candidate.reason), "verdict": .string(row.verdict.rawValue),
            "chance": number(row.chance), "asGood": .bool(row.isAsGood),
            "stateBytes": number(row.stateBytes),
            "secondsPerStep": number(row.seconds),
            "arenaScore": number(row.arena?.score.mean),
            "arenaHalfWidth": number(
              row.arena.flatMap { Self.halfWidth($0.score, tasks: arena.tasks) }),
            "arenaSolved": row.arena.map { .int($0.solved) } ?? .null,
            "costs": .array(row.found.costs.map { .number($0) }),
            "problem": row.found.problem.map { .string($0) } ?? .null,
          ])
        }),
    ])
  }
}
