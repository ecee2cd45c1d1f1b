import Basics

extension Tuner.Result {
  /// The table: for each rule what was found, and the mean and 95 % interval of each series over the
  /// seeds of the measurement; last, how much worse than the first row, paired by seed.
  package var text: String {
    let names = settings.searched.map(\.name)
    let isRanked = rows.count > 1 && settings.series != nil
    let hasTarget = seriesNames.contains("steps")
    let hasBatch = !settings.batches.isEmpty && !settings.isHalved
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
        let isAtEdge =
          settings.isHalved
          ? row.edges.contains { $0.range.name == names[k] } : k == 0 && row.isAtEdge
        cells.append(NumberText.short(value) + (isAtEdge ? " (edge)" : ""))
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
      rungs.isEmpty
      ? "\(settings.trials) trials of \(length) for each rule" + (hasBatch ? " and batch" : "")
      : "\(halving) of \(length) for each rule"
    let first = settings.searchSeeds
    let seeds =
      settings.seeds == 1 ? "seed \(first)" : "seeds \(first) to \(first + settings.seeds - 1)"
    return
      "\(task): \(trials), by \(criterion); mean and 95 % interval over \(seeds)\n"
      + table.render() + edges + (hasBatch ? grids : "")
  }

  /// `36 points on 1/9, 12 on 1/3 and 4 on the whole`
  private var halving: String {
    let parts = rungs.enumerated().map { k, rung in
      "\(rung.points)" + (k == 0 ? " point\(rung.points == 1 ? "" : "s")" : "") + " on "
        + (rung.part == 1 ? "the whole" : "1/\(rung.part)")
    }
    return parts.count == 1
      ? parts[0] : parts.dropLast().joined(separator: ", ") + " and " + parts.last!
  }

  /// A line for each best value at an end of its range.
  private var edges: String {
    let lines = rows.flatMap { row in
      row.edges.map { edge in
        let rule = row.written + (row.batch.map { " at batch \($0)" } ?? "")
        let are = edge.tried == 1 ? "value was" : "values were"
        return
          "\(rule): the best \(edge.range.name) is at the \(edge.isHigh ? "upper" : "lower") end of its range, "
          + "where \(edge.tried) \(are) tried: widen it\n"
      }
    }
    return lines.isEmpty ? "" : "\n" + lines.joined()
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
      "hyperparameters": .array(settings.searched.map { .string($0.name) }),
      "halving": .array(
        rungs.map { .record(["points": .int($0.points), "part": .int($0.part)]) }),
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
      "edges": .array(
        row.edges.map {
          .record([
            "hyperparameter": .string($0.range.name), "end": .string($0.isHigh ? "upper" : "lower"),
            "tried": .int($0.tried),
          ])
        }),
      "warnings": .array(row.warnings.map { .string($0.message) }),
      "failedSeeds": .int(row.failed), "reachedSeeds": .int(row.reached),
      "problem": row.problem.map { .string($0) } ?? .null,
      "trials": .array(
        row.trials.map { trial in
          .record([
            "values": .array(trial.values.map { .number($0) }),
            "score": trial.score.isFinite ? .number(trial.score) : .null,
            "part": .int(trial.part),
          ])
        }),
      "measured": .object(
        seriesNames.map { name in
          JSONMember(name, .array((row.values[name] ?? []).map { .number($0) }))
        }),
    ])
  }
}
