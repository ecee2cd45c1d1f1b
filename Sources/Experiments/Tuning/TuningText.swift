import Basics

extension Tuner.Result {
  /// The table: for each rule what was found, and the mean and 95 % interval of each series over the
  /// seeds of the measurement; last, how much worse than the first row, paired by seed.
  package var text: String {
    let names = settings.ranges.map(\.name)
    let isRanked = rows.count > 1 && settings.series != nil
    let hasTarget = seriesNames.contains("steps")
    let hasBatch = !settings.batches.isEmpty
    var table = TextTable(
      header: ["rule"] + (hasBatch ? ["batch"] : []) + names + (hasTarget ? ["reached"] : [])
        + seriesNames
        + (isRanked ? ["behind the first"] : []))
    for row in rows {
      guard row.problem == nil else {
        table.append([row.written] + (row.batch.map { ["\($0)"] } ?? []) + [row.problem ?? ""])
        continue
      }
      var cells = [row.written] + (row.batch.map { ["\($0)"] } ?? [])
      for (k, value) in row.best.enumerated() {
        cells.append(NumberText.short(value) + (k == 0 && row.isAtEdge ? " (edge)" : ""))
      }
      if hasTarget { cells.append("\(row.reached) of \(settings.seeds)") }
      for name in seriesNames { cells.append(MeanInterval.text(of: row.values[name] ?? [])) }
      if row.failed > 0 {
        cells.append("\(row.failed) of \(settings.seeds) failed")
      } else if isRanked, let behind = behind(row) {
        cells.append(MeanInterval.text(of: behind))
      }
      table.append(cells)
    }
    let trials =
      "\(settings.trials) trials of \(length) for each rule" + (hasBatch ? " and batch" : "")
    let first = settings.searchSeeds
    let seeds =
      settings.seeds == 1 ? "seed \(first)" : "seeds \(first) to \(first + settings.seeds - 1)"
    return
      "\(task): \(trials), by \(criterion); mean and 95 % interval over \(seeds)\n"
      + table.render() + (hasBatch ? grids : "")
  }

  /// For each rule what its trials came to: the values of the first hyperparameter downwards, batches across.
  private var grids: String {
    guard let name = settings.ranges.first?.name else { return "" }
    var text = ""
    for rule in Set(rows.map(\.written)).sorted() {
      let own = rows.filter { $0.written == rule }.sorted { ($0.batch ?? 0) < ($1.batch ?? 0) }
      let values = Set(own.flatMap { $0.trials.map { $0.values[0] } }).sorted()
      var table = TextTable(header: [name] + own.map { "batch \($0.batch ?? 0)" })
      for value in values {
        table.append(
          [NumberText.short(value)]
            + own.map { row in
              let tried = row.trials.filter { $0.values[0] == value }
              guard let best = tried.min(by: { $0.cost < $1.cost }) else { return "" }
              let mark = row.best.first == value ? " *" : ""
              return (best.score.isFinite ? NumberText.significant(best.score) : "failed") + mark
            })
      }
      text += "\n\(rule): each trial, the best with *\n" + table.render()
    }
    return text
  }

  private var criterion: String {
    let ranked =
      settings.series.map { (settings.isMadeLarge ? "the largest " : "") + $0 }
      ?? "steps to \(target ?? "the target")"
    return ranked + (chosenBy.map { ", chosen by \($0)" } ?? "")
  }

  /// The differences to the best row, seed by seed; nil for the best itself and where seeds failed.
  func behind(_ row: Tuner.Row) -> [Double]? {
    guard let best = rows.first, (best.written, best.batch) != (row.written, row.batch),
      let series = settings.series,
      let base = best.values[series], let own = row.values[series],
      base.count == own.count, !own.isEmpty
    else { return nil }
    return zip(own, base).map { settings.cost($0) - settings.cost($1) }
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
      "batch": row.batch.map { .int($0) } ?? .null,
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
