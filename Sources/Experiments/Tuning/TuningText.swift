import Basics

extension Tuner.Result {
  /// The table: for each rule what was found, and the mean and 95 % interval of each series over the
  /// seeds of the measurement; last, how much worse than the first row, paired by seed.
  package var text: String {
    let names = settings.ranges.map(\.name)
    let isRanked = rows.count > 1 && settings.series != nil
    let hasTarget = seriesNames.contains("steps")
    var table = TextTable(
      header: ["rule"] + names + (hasTarget ? ["reached"] : []) + seriesNames
        + (isRanked ? ["behind the first"] : []))
    for row in rows {
      guard row.problem == nil else {
        table.append([row.written, row.problem ?? ""])
        continue
      }
      var cells = [row.written]
      for (k, value) in row.best.enumerated() {
        cells.append(NumberText.short(value) + (k == 0 && row.isAtEdge ? " (edge)" : ""))
      }
      if hasTarget { cells.append("\(row.reached) of \(settings.seeds)") }
      for name in seriesNames { cells.append(Self.interval(row.values[name] ?? [])) }
      if row.failed > 0 {
        cells.append("\(row.failed) of \(settings.seeds) failed")
      } else if isRanked, let behind = behind(row) {
        cells.append(Self.interval(behind))
      }
      table.append(cells)
    }
    let trials = "\(settings.trials) trials of \(length) for each rule"
    let first = settings.searchSeeds
    let seeds =
      settings.seeds == 1 ? "seed \(first)" : "seeds \(first) to \(first + settings.seeds - 1)"
    return
      "\(task): \(trials), by \(criterion); mean and 95 % interval over \(seeds)\n"
      + table.render()
  }

  private var criterion: String {
    let ranked =
      settings.series.map { (settings.isMadeLarge ? "the largest " : "") + $0 }
      ?? "steps to \(target ?? "the target")"
    return ranked + (chosenBy.map { ", chosen by \($0)" } ?? "")
  }

  /// The differences to the best row, seed by seed; nil for the best itself and where seeds failed.
  func behind(_ row: Tuner.Row) -> [Double]? {
    guard let best = rows.first, best.written != row.written, let series = settings.series,
      let base = best.values[series], let own = row.values[series],
      base.count == own.count, !own.isEmpty
    else { return nil }
    return zip(own, base).map { settings.cost($0) - settings.cost($1) }
  }

  private static func interval(_ values: [Double]) -> String {
    guard !values.isEmpty else { return "–" }
    let found = MeanInterval(values)
    let mean = NumberText.significant(found.mean)
    return values.count > 1
      ? "\(mean) ± \(NumberText.significant(found.halfWidth, digits: 2))" : mean
  }

  /// Everything, each trial included.
  package var json: JSONValue {
    .record([
      "task": .string(task), "length": .string(length),
      "series": settings.series.map { .string($0) } ?? .null,
      "target": target.map { .string($0) } ?? .null,
      "largest": .bool(settings.isMadeLarge),
      "chosenBy": chosenBy.map { .string($0) } ?? .null,
      "hyperparameters": .array(settings.ranges.map { .string($0.name) }),
      "trials": .int(settings.trials), "searchSeeds": .int(settings.searchSeeds),
      "seeds": .int(settings.seeds), "interrupted": .bool(wasInterrupted),
      "rules": .array(rows.map(json)),
    ])
  }

  private func json(_ row: Tuner.Row) -> JSONValue {
    .record([
      "rule": .string(row.written), "found": .string(row.rule),
      "best": .array(row.best.map { .number($0) }), "edge": .bool(row.isAtEdge),
      "warnings": .array(row.warnings.map { .string($0.message) }),
      "failedSeeds": .int(row.failed), "reachedSeeds": .int(row.reached),
      "problem": row.problem.map { .string($0) } ?? .null,
      "trials": .array(
        row.trials.map { trial in
          .record([
            "values": .array(trial.values.map { .number($0) }),
            "score": trial.score.isFinite ? .number(trial.score) : .null,
          ])
        }),
      "measured": .object(
        seriesNames.map { name in
          JSONMember(name, .array((row.values[name] ?? []).map { .number($0) }))
        }),
    ])
  }
}
