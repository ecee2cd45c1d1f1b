import Basics
import Diagnostics
import Driver
import IR
import Runtime
import Syntax
import Training

/// Searches hyperparameters with the same budget for each rule, then measures the best on fresh
/// seeds that are the same for all rules.
package struct Tuner {
  package struct Settings: Sendable {
    /// One or two: the first is searched twice, over its range, then around the best. More: points in all of them
    /// together, by successive halving.
    package var ranges: [SearchRange]
    /// Each with a search of its own, beside one or two ranges; none: as the task says. With more ranges one of these.
    package var batches: [Int] = []
    /// Values or pairs of values tried for each rule, and each batch.
    package var trials = 12
    /// Seeds of each trial: 0, 1, ….
    package var searchSeeds = 1
    /// Seeds of the measurement, which come after those of the search.
    package var seeds = 5
    /// The series that is made small or large: its last value. Nil: by the steps to the task's target.
    package var series: String? = "loss"
    /// Which way it is made to go; nil where neither its name nor anybody says.
    package var direction: Direction? = .down
    package var isMadeLarge: Bool { direction == .up }

    package init(ranges: [SearchRange]) { self.ranges = ranges }

    /// What is searched together.
    package var searched: [SearchRange] {
      guard isHalved, !batches.isEmpty else { return ranges }
      return ranges + [
        SearchRange(name: SearchRange.batch, values: .listed(batches.map { Double($0) }))
      ]
    }

    /// Whether it is done by successive halving.
    package var isHalved: Bool { ranges.count > 2 }
    package static let mostRanges = ScrambledPoints.mostSides - 1

    /// `loss`, `accuracy`, `min error`, `max score`: where nothing is said, its name tells the direction.
    package mutating func take(series text: String) {
      let words = text.split(separator: " ").map(String.init)
      if words.count == 2, ["min", "max"].contains(words[0]) {
        series = words[1]
        direction = words[0] == "max" ? .up : .down
      } else {
        series = text
        direction = Direction(ofSeries: text)
      }
    }

    func cost(_ score: Double) -> Double { isMadeLarge ? -score : score }
  }

  package struct Trial: Sendable {
    package var values: [Double]
    /// The mean over the seeds of the search; infinite where a run failed.
    package var score: Double
    /// What is made small: the score, or what it lacks to be large.
    package var cost: Double
    /// One part of so many of the whole run: where it was looked at.
    package var part = 1
  }

  /// A hyperparameter whose best value is at an end of its range.
  package struct Edge: Sendable, Equatable {
    package var range: SearchRange
    /// Whether that is the upper end.
    package var isHigh: Bool
    /// How many of the values that were tried are at that end.
    package var tried: Int
  }

  package struct Row: Sendable {
    /// As written, with what was found.
    package var rule: String
    package var written: String
    package var batch: Int?
    package var trials: [Trial] = []
    package var best: [Double] = []
    /// Whether the best value of the first hyperparameter is an end of its range.
    package var isAtEdge = false
    /// Where wider ranges may hold better values.
    package var edges: [Edge] = []
    /// By series, one value for each seed that came to its end.
    package var values: [String: [Double]] = [:]
    /// Seeds whose run failed.
    package var failed = 0
    /// Seeds whose run came to the task's target.
    package var reached = 0
    package var warnings: [Diagnostic] = []
    /// What each measured run is ranked by, the less the better; NaN where one failed.
    package var costs: [Double] = []
    /// The median of the measured runs; nil where nobody measures it.
    package var secondsPerStep: Double?
    /// The mean of what the measured runs are ranked by.
    package var cost = Double.infinity
    /// Why nothing was found, if so.
    package var problem: String?
  }

  package struct Result: Sendable {
    package var task: String
    package var length: String
    package var settings: Settings
    /// The series on validation rows that the search looked at, where it is another than the one of the
    /// ranking.
    package var chosenBy: String?
    package var seriesNames: [String] = []
    /// How many points were tried on which part of a run, where that is how they were searched.
    package var rungs: [Halving.Rung] = []
    /// What a run should come to, as written: `loss < 0.1`.
    package var target: String?
    /// The best first.
    package var rows: [Row] = []
    package var wasInterrupted = false
    /// What the target says of all runs, where that is nothing of the rules.
    package var remark: Diagnostic?
    /// What the measured runs did although it may not be meant.
    package var warnings: [Diagnostic] { (remark.map { [$0] } ?? []) + rows.flatMap(\.warnings) }
  }

  package let task: any RuleTask
  /// Reads the objective with other hyperparameters, where these are searched.
  package var compiler: Compiler?
  package var settings: Settings
  package var engine = TrialEngine()
  /// What a run of a rule may take, as `TaskEvaluator.mostWork`.
  package var mostWork = Double.infinity
  package var progress: (String) -> Void = { _ in }

  package init(_ task: any RuleTask, _ settings: Settings) {
    self.task = task
    self.settings = settings
    guard let target = task.target else { return }
    if settings.series == "steps" { self.settings.series = nil }
    // What a target asks for is where its series is to go.
    if settings.direction == nil, settings.series == target.series {
      self.settings.direction = target.isBelow ? .down : .up
    }
  }

  /// Throws what setting and binding a rule at the first values tried throws; a run that fails is a
  /// bad trial. After Ctrl-C the rules that were done so far are there.
  package func run(_ rules: [Rule]) throws(DiagnosticError) -> Result {
    for (name, count) in [
      ("trials", settings.trials), ("search seeds", settings.searchSeeds),
      ("seeds", settings.seeds),
    ] where count < 1 {
      throw DiagnosticError(.nothingToRun(name, in: "a search"))
    }
    try task.requireScore(by: settings.series ?? task.target?.series)
    // One that stands there twice is one rule.
    var known: Set<String> = []
    let rules = rules.filter { known.insert($0.label).inserted }
    var result = Result(task: task.title, length: task.length, settings: settings)
    result.seriesNames = task.seriesNames
    result.target = task.target.map(\.text)
    if let series = settings.series, !task.seriesNames.contains(series) {
      throw DiagnosticError(.unknownSeries(series, among: task.seriesNames))
    }
    if settings.direction == nil, let series = settings.series {
      throw DiagnosticError(.noDirection(series))
    }
    result.chosenBy = (settings.series ?? task.target?.series).flatMap(task.choosing)
    if !settings.batches.isEmpty, !task.hasBatches {
      throw DiagnosticError(.noBatches(task.title))
    }
    let kinds = kinds(rules)
    let stages = TrialStages(self, kinds)
    // What cannot be set is told before the first rule runs for long.
    for rule in rules {
      try stages.point(rule, settings.searched.map { $0.first(2)[0] }, nil).rule.requireNumbers()
    }
    let halving = Halving(
      runs: settings.trials, steps: task.steps(batch: nil), isCut: stages.areCut)
    if settings.isHalved { result.rungs = halving.rungs }
    let batches: [Int?] =
      settings.batches.isEmpty || settings.isHalved ? [nil] : settings.batches
    let candidates = rules.flatMap { rule in batches.map { (rule, $0) } }
    for (k, (rule, batch)) in candidates.enumerated() {
      if engine.interrupt.isRequested() { break }
      let name = rule.label + (batch.map { " at batch \($0)" } ?? "")
      let row = try tune(
        rule, batch, stages, halving, "\(name) (\(k + 1) of \(candidates.count))")
      // What was interrupted in its search has had another budget than the others.
      if row.values.isEmpty, row.problem == nil { break }
      result.rows.append(row)
    }
    progress("")
    result.wasInterrupted = engine.interrupt.isRequested()
    result.rows.sort { score($0) < score($1) }
    if !result.wasInterrupted {
      result.remark = Self.remark(on: task, result.rows, settings)?.said
    }
    return result
  }

  /// What a target says of measured runs, where that is nothing of the rules: it holds at the start, or nobody comes there.
  static func remark(
    on task: any RuleTask, _ rows: [Row], _ settings: Settings
  ) -> (said: Diagnostic, holdsAtStart: Bool)? {
    let ran = rows.filter { $0.problem == nil }
    guard settings.series == nil, let target = task.target, !ran.isEmpty else { return nil }
    if ran.allSatisfy({ $0.reached == 0 }) {
      let runs = ran.count * settings.seeds
      let meaning = "what is ranked is how far they were from it"
      return (.targetUnreached(target.text, runs, meaning, at: task.span), false)
    }
    let isAtStart = ran.allSatisfy { row in
      row.reached == settings.seeds && row.values["steps"]?.allSatisfy { $0 == 0 } ?? false
    }
    return isAtStart ? (.targetHolds(target.text, at: task.span), true) : nil
  }

  private func score(_ row: Row) -> Double {
    guard let series = settings.series else { return row.cost }
    let values = row.values[series] ?? []
    return row.failed > 0 || values.isEmpty ? .infinity : settings.cost(MeanInterval(values).mean)
  }

  /// The target of runs of the search, or of the measurement.
  func target(choosing isChoosing: Bool) -> TrainingSettings.Target? {
    guard var target = task.target else { return nil }
    if isChoosing { target.series = task.choosing(target.series) ?? target.series }
    return target
  }

  /// What a run is chosen or ranked by, the less the better; NaN for one that failed.
  func score(_ run: RunHistory, _ batch: Int?, choosing isChoosing: Bool) -> Double {
    if run.failure != nil { return .nan }
    return score(reached: run.reachedTarget, steps: run.steps, batch, choosing: isChoosing) {
      run.last($0) ?? .nan
    }
  }

  /// The same of a run with these last values.
  func score(
    reached: Bool, steps: Int, _ batch: Int?, choosing isChoosing: Bool, last: (String) -> Double
  ) -> Double {
    if let series = settings.series {
      return last(isChoosing ? task.choosing(series) ?? series : series)
    }
    guard let target = target(choosing: isChoosing) else { return .nan }
    return target.cost(
      reached: reached, steps: steps, of: task.steps(batch: batch), last: last(target.series))
  }

  /// What each range is of: the rules that have it, else the objective, whose own come first where its name is said.
  private func kinds(_ rules: [Rule]) -> [TrialStages.Kind] {
    settings.searched.map { range in
      if range.name == SearchRange.batch { return .batch }
      guard let task = task as? TrainingTask, compiler != nil else { return .rule(range.name) }
      let key = Name(range.name).key
      let own = task.objective.name + "."
      if range.name.hasPrefix(own) { return .objective(String(range.name.dropFirst(own.count))) }
      let isOfRule = rules.contains { (try? $0.position(of: key)) != nil }
      return !isOfRule && task.objective.hypers.contains { $0.key == key }
        ? .objective(range.name) : .rule(range.name)
    }
  }

  private func tune(
    _ rule: Rule, _ batch: Int?, _ stages: TrialStages, _ halving: Halving, _ place: String
  ) throws(DiagnosticError) -> Row {
    var row = Row(rule: rule.label, written: rule.label, batch: batch)
    var problem: Diagnostic?
    guard
      try settings.isHalved
        ? halve(rule, stages, halving, &row, &problem, place)
        : search(rule, batch, stages, &row, &problem, place)
    else { return row }
    let best = row.trials.filter { $0.part == 1 }.min { $0.cost < $1.cost }
    guard let best, best.cost.isFinite else {
      // A score does not say why there is none.
      if problem == nil, let first = row.trials.first {
        problem = try stages.runs(
          rule, first.values, batch, seeds: 0..<1, choosing: true, first: false
        ).lazy.compactMap(\.failure).first
      }
      row.problem = "no trial came to its end" + (problem.map { ": \($0.message)" } ?? "")
      return row
    }
    row.best = best.values
    row.edges = edges(row)
    row.rule = try stages.point(rule, best.values, batch).rule.label
    progress("\(place): measuring")
    let start = UInt64(settings.searchSeeds)
    let measured = try stages.runs(
      rule, best.values, batch, seeds: start..<start + UInt64(settings.seeds), choosing: false,
      first: false)
    if engine.interrupt.isRequested() { return row }
    row.warnings = RunHistory.warnings(measured)
    row.failed = measured.count { $0.failure != nil }
    row.reached = measured.count(where: \.reachedTarget)
    let taken = stages.batch(best.values) ?? batch
    let costs = measured.map { settings.cost(score($0, taken, choosing: false)) }
    row.costs = costs
    let seconds = measured.filter { $0.steps > 0 && $0.seconds > 0 }
      .map { $0.seconds / Double($0.steps) }.sorted()
    row.secondsPerStep = seconds.isEmpty ? nil : seconds[seconds.count / 2]
    row.cost = costs.contains(where: \.isNaN) ? .infinity : MeanInterval(costs).mean
    for name in task.seriesNames {
      row.values[name] = measured.filter { $0.failure == nil }.compactMap {
        name == "steps" ? ($0.reachedTarget ? Double($0.steps) : nil) : $0.last(name)
      }
    }
    return row
  }

  /// Trials by the grid; false after Ctrl-C.
  private func search(
    _ rule: Rule, _ batch: Int?, _ stages: TrialStages, _ row: inout Row,
    _ problem: inout Diagnostic?, _ place: String
  ) throws(DiagnosticError) -> Bool {
    var search = Search(settings)
    while case let side = search.nextBatch(), !side.isEmpty {
      if engine.interrupt.isRequested() { return false }
      progress("\(place): trial \(row.trials.count + 1) of \(settings.trials)")
      guard
        let scores = try stages.scores(
          rule, side, batch, part: 1, first: row.trials.isEmpty, &problem),
        !engine.interrupt.isRequested()
      else { return false }
      for (values, score) in zip(side, scores) {
        let trial = trial(values, score, part: 1)
        row.trials.append(trial)
        search.add(trial)
      }
    }
    row.isAtEdge = search.isAtEdge
    return true
  }

  /// Trials by successive halving; false after Ctrl-C.
  private func halve(
    _ rule: Rule, _ stages: TrialStages, _ halving: Halving, _ row: inout Row,
    _ problem: inout Diagnostic?, _ place: String
  ) throws(DiagnosticError) -> Bool {
    let ranges = settings.searched
    let isWhole = stages.isWhole(rule)
    let points = ScrambledPoints(sides: ranges.count, seed: 0)
    var side = (0..<halving.rungs[0].points).map { n in
      zip(zip(ranges, isWhole), points[n]).map { $0.0.value(at: $1, isWhole: $0.1) }
    }
    for (k, rung) in halving.rungs.enumerated() {
      if engine.interrupt.isRequested() { return false }
      progress("\(place): \(side.count) points on one part of \(rung.part)")
      guard
        let scores = try stages.scores(
          rule, side, nil, part: rung.part, first: row.trials.isEmpty, &problem),
        !engine.interrupt.isRequested()
      else { return false }
      let trials = zip(side, scores).map { trial($0, $1, part: rung.part) }
      row.trials += trials
      guard k + 1 < halving.rungs.count else { break }
      side = Halving.best(halving.rungs[k + 1].points, of: trials.map(\.cost)).map { side[$0] }
      if side.isEmpty { break }
    }
    return true
  }

  private func trial(_ values: [Double], _ score: Double, part: Int) -> Trial {
    Trial(
      values: values, score: score.isFinite ? score : .infinity,
      cost: score.isFinite ? settings.cost(score) : .infinity, part: part)
  }

  /// Where the best of a search is at an end of a range that was gone through.
  private func edges(_ row: Row) -> [Edge] {
    settings.searched.enumerated().compactMap { k, range in
      // Each once: the best are tried again on longer parts.
      let tried = Set(row.trials.map { $0.values[k] })
      guard tried.count > 1, Set(row.trials.map(\.cost)).count > 1,
        case let end = range.end(of: row.best[k]), end != 0
      else { return nil }
      return Edge(range: range, isHigh: end > 0, tried: tried.count { range.end(of: $0) == end })
    }
  }
}

/// Which values to try next: the first hyperparameter over its range, the second at the best of the
/// first, then the first again around its best.
private struct Search {
  private let settings: Tuner.Settings
  private var queue: [[Double]] = []
  private var done: [Tuner.Trial] = []
  private var stage = 0

  init(_ settings: Tuner.Settings) {
    self.settings = settings
    let share = settings.ranges.count > 1 ? settings.trials / 2 : settings.trials * 2 / 3
    let start = settings.ranges.dropFirst().map { $0.first(3)[0] }
    queue = settings.ranges[0].first(max(1, share)).map { [$0] + start }
  }

  var best: Tuner.Trial? { done.min { $0.cost < $1.cost } }

  var isAtEdge: Bool {
    // Where all come to the same, wider ranges would too.
    guard let best, done.count > 1, done.contains(where: { $0.cost != best.cost }) else {
      return false
    }
    let tried = done.map { $0.values[0] }
    return best.values[0] == tried.min() || best.values[0] == tried.max()
  }

  mutating func add(_ trial: Tuner.Trial) { done.append(trial) }

  /// What may be tried side by side: nothing of it depends on what another of it gives.
  mutating func nextBatch() -> [[Double]] {
    guard let first = next() else { return [] }
    var batch = [first]
    while !queue.isEmpty, done.count + batch.count < settings.trials {
      batch.append(queue.removeFirst())
    }
    return batch
  }

  private mutating func next() -> [Double]? {
    // Again and again around the best, until nothing new is left between its neighbours.
    var isRefined = false
    while queue.isEmpty, done.count < settings.trials, !isRefined {
      stage += 1
      refill()
      isRefined = stage >= settings.ranges.count && queue.isEmpty
    }
    guard done.count < settings.trials, !queue.isEmpty else { return nil }
    return queue.removeFirst()
  }

  private mutating func refill() {
    guard let best = best?.values else { return }
    let left = settings.trials - done.count
    if stage < settings.ranges.count {
      let tried = Set(done.map { $0.values[stage] })
      var count = max(2, left / 2)
      if case .listed = settings.ranges[stage].values { count = left + 1 }
      queue = settings.ranges[stage].first(count).filter { !tried.contains($0) }.map {
        var values = best
        values[stage] = $0
        return values
      }
    } else {
      let tried = done.map { $0.values[0] }
      queue = settings.ranges[0].around(best[0], min(left, 4), tried: tried).map {
        var values = best
        values[0] = $0
        return values
      }
    }
  }
}
