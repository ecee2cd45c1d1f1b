import Basics
import Diagnostics
import IR
import Platform
import Runtime

/// Trains an objective with several rules and seeds and records what happens.
///
/// A run depends on the script and its seed alone: the seed gives the starting values, the order of
/// the examples and the rule's draws.
package struct Trainer {
  package let objective: ObjectiveModule
  package let data: DataSplit?
  private let bindings: Bindings
  /// Told how far the work is, at most ten times a second.
  package let progress: (String) -> Void
  /// Asked between steps.
  package let interrupt: InterruptSource
  /// Whether runs record what their loops do.
  package var observesLoop = false
  /// What is said of an error of the rule at a position.
  package var told: (Int, DiagnosticError) -> DiagnosticError = { $1 }

  /// `data` for `train`; `compiler` compiles passes for the engines `native` and `auto`.
  package init(
    objective: ObjectiveModule, data: DataSplit? = nil, engine: EngineKind,
    elementType: ElementType, compiler: (any SegmentCompiler)? = nil,
    interrupt: InterruptSource = .signals,
    progress: @escaping (String) -> Void = { _ in }
  ) {
    self.objective = objective
    self.data = data
    self.interrupt = interrupt
    self.progress = progress
    bindings = Bindings(
      objective, data, engine: engine, elementType: elementType, compiler: compiler)
  }

  // MARK: train

  /// Minibatch training on a data set; metrics are measured on its test part, and on its validation part
  /// where it has one, after every epoch.
  package func train(
    _ rules: [Rule], _ settings: TrainingSettings, title: String
  ) throws(DiagnosticError) -> ExperimentHistory {
    guard let rows = data?.train.rows else { preconditionFailure("training wants data") }
    var history = ExperimentHistory(title: title, axis: "epoch")
    history.series =
      objective.series(validates: data?.validation != nil) + recorded(settings)
    history.loopSeries = observed(rules, besides: history.series)
    let observed = history.loopSeries
    history.settings = settings
    let batch = settings.batch(rows: rows)
    let total = settings.steps(rows: rows)
    history.planned = total
    try bind(rules, settings, batch: batch, horizon: total)
    let precise = precise(settings)
    let file = try file(of: rules, settings)
    history.rules = try runs(of: rules, settings, file) {
      (rule, run, place) throws(DiagnosticError) in
      try self.run(rule, run, rows, settings, batch, total, file, precise, observed, place)
    }
    history.unsaved = file?.failure
    try name(&history, batch: batch)
    progress("")
    return history
  }

  /// Notes what the parameters of the runs are called.
  private func name(_ history: inout ExperimentHistory, batch: Int) throws(DiagnosticError) {
    history.tensors = try bindings.objective(
      rows: batch, needsGradient: true, isCompiled: false
    ).parameters
    history.isDouble = bindings.elementType == .float64
  }

  private func file(
    of rules: [Rule], _ settings: TrainingSettings
  ) throws(DiagnosticError) -> RunFile? {
    // Digests of large data take time.
    if settings.saving == nil { return nil }
    return try RunFile(
      settings, rules, RunIdentity(objective, data, settings, rules, bindings.elementType))
  }

  /// Every rule from every seed, but for the runs that a file has; run k is given its place among all.
  private func runs(
    of rules: [Rule], _ settings: TrainingSettings, _ file: RunFile?,
    _ make: (Rule, (k: Int, seed: UInt64), String) throws(DiagnosticError) -> RunHistory
  ) throws(DiagnosticError) -> [RuleHistory] {
    var histories: [RuleHistory] = []
    for (position, rule) in rules.enumerated() {
      var all = RuleHistory(label: rule.label)
      for (k, seed) in settings.seeds.enumerated() {
        let run = position * settings.seeds.count + k
        if let known = file?.finished(run) {
          all.runs.append(known)
          continue
        }
        if interrupt.isRequested() { break }
        let place = "\(rule.label) (\(position + 1) of \(rules.count)), seed \(seed)"
        do throws(DiagnosticError) {
          all.runs.append(try make(rule, (run, seed), place))
        } catch {
          throw told(position, error)
        }
      }
      histories.append(all)
    }
    return histories
  }

  private func observed(_ rules: [Rule], besides taken: [String]) -> [String] {
    observesLoop ? LoopSeries.names(of: rules, besides: taken) : []
  }

  /// What is recorded besides.
  private func recorded(_ settings: TrainingSettings) -> [String] {
    settings.recordsSharpness ? [ObjectiveModule.sharpness] : []
  }

  /// What the sharpness of all runs is measured by; nil where nobody asks.
  private func precise(_ settings: TrainingSettings) -> Bindings? {
    guard settings.recordsSharpness else { return nil }
    return Bindings(
      objective, data, engine: .interpreter, elementType: .float64, compiler: nil,
      threads: bindings.threads)
  }

  /// Binds all rules before the first of them runs, so that their errors are told together. One alone tells its own
  /// when it runs.
  private func bind(
    _ rules: [Rule], _ settings: TrainingSettings, batch: Int = 1, horizon: Int
  ) throws(DiagnosticError) {
    guard rules.count > 1 else { return }
    var found: [Diagnostic] = []
    for (position, rule) in rules.enumerated() {
      do throws(DiagnosticError) {
        _ = try Learner(
          bindings, rule, batch: batch, seed: 0, horizon: horizon, workers: settings.workers,
          delay: settings.delay, isCompiled: false)
      } catch {
        found += told(position, error).diagnostics
      }
    }
    if !found.isEmpty { throw DiagnosticError(found) }
  }

  /// Binds all rules and looks at the numbers that they begin with, without a step. Throws what a run would come upon at
  /// its beginning, of all rules together.
  package func rehearse(_ rules: [Rule], _ settings: TrainingSettings) throws(DiagnosticError) {
    let rows = data?.train.rows ?? 1
    let batch = settings.batch(rows: rows)
    var found: [Diagnostic] = []
    for (position, rule) in rules.enumerated() {
      do throws(DiagnosticError) {
        let learner = try Learner(
          bindings, rule, batch: batch, seed: settings.seeds.first ?? 0,
          horizon: settings.steps(rows: rows), workers: settings.workers, delay: settings.delay,
          isCompiled: false)
        guard position == 0 else { continue }
        if let start = settings.start { try learner.begin(at: start.values, start.span) }
        try learner.requireClasses()
      } catch {
        found += told(position, error).diagnostics
      }
    }
    if !found.isEmpty { throw DiagnosticError(found) }
  }

  private func run(
    _ rule: Rule, _ run: (k: Int, seed: UInt64), _ rows: Int, _ settings: TrainingSettings,
    _ batch: Int, _ total: Int, _ file: RunFile?, _ precise: Bindings?, _ observed: [String],
    _ place: String
  ) throws(DiagnosticError) -> RunHistory {
    let seed = run.seed
    let learner = try Learner(
      bindings, rule, batch: batch, seed: seed, horizon: total, workers: settings.workers,
      delay: settings.delay)
    if let start = settings.start { try learner.begin(at: start.values, start.span) }
    let sharpness = try Sharpness(precise, seed: seed, horizon: total)
    var clock = Stopwatch()
    var state = RunState(seed: seed)
    if let known = try file?.takeUp(run.k, learner, sharpness, rows: rows, total: total) {
      state = known
      progress("\(place): goes on after step \(state.step) of \(total)\n")
    } else {
      let start = try learner.measure()
      state.history.record(0, [("loss", try learner.trainingLoss())] + start)
      try state.history.record(sharpness, learner, step: 0)
      if observed.contains(LoopSeries.time) { state.history.observe(LoopSeries.time, 0) }
    }
    let before = state.history.seconds
    func observe() {
      state.history.observe(learner, observed, seconds: before + clock.seconds)
    }
    func save() {
      state.history.seconds = before + clock.seconds
      file?.save(state, learner, sharpness)
    }

    // What is measured on test rows costs more than a step; a hundredth of the run is near enough.
    let stride = max(1, total / 100)
    training: while state.step < total {
      let order = RandomOrder.permutation(rows, seed: seed, epoch: state.epoch + 1)
      while state.position < order.count, state.step < total {
        if interrupt.isRequested() {
          save()
          state.history.wasInterrupted = true
          break training
        }
        let end = min(state.position + batch, order.count)
        let step = state.step + 1
        var rows = order[state.position..<end]
        if rows.count < batch, learner.wantsWholeBatches {
          // A last batch that is short is filled up with the first rows of the epoch.
          rows = (rows + order[..<(batch - rows.count)])[...]
        }
        let (loss, shown): (Double, Double)
        do throws(DiagnosticError) {
          // Of the step before a place that is recorded.
          let looks =
            !observed.isEmpty
            && (end == order.count || step == total
              || settings.target != nil && step % stride == 0)
          (loss, shown) = try learner.step(
            rows, showsLoss: true, looks: looks, counted: end - state.position)
        } catch {
          state.history.failure = Learner.failure(error, rule.label, seed)
          if state.history.failure == nil { throw error }
          break training
        }
        state.history.steps = step
        guard loss.isFinite else {
          state.history.failure = learner.failure(loss, step, rule.label, seed)
          break training
        }
        // The mean is over rows: those that fill up a batch count where they stand.
        let counted = end - state.position
        state.sum += shown * Double(counted)
        state.position = end
        if clock.isTimeToReport {
          progress("\(place): step \(step) of \(total), loss \(NumberText.short(loss))")
        }
        if let target = settings.target {
          state.recent.sum += shown * Double(counted)
          state.recent.count += counted
          if step % stride == 0 || step == total {
            let loss = state.recent.sum / Double(state.recent.count)
            let row = [("loss", loss)] + (try learner.measure())
            state.recent = (0, 0)
            if target.isReached(in: row) {
              state.history.reachedTarget = true
              state.history.record(
                Double(step) / Double((order.count + batch - 1) / batch), row)
              try state.history.record(sharpness, learner, step: step)
              observe()
              break training
            }
          }
        }
        if let file, file.isDue(afterStep: step), step < total { save() }
      }
      let measured = try learner.measure()
      let loss = state.sum / Double(max(1, state.position))
      state.epoch += 1
      state.history.record(Double(state.epoch), [("loss", loss)] + measured)
      try state.history.record(sharpness, learner, step: state.step)
      observe()
      (state.sum, state.position) = (0, 0)
      if let file, file.isDue(afterEpoch: state.epoch), state.step < total { save() }
    }
    var history = state.history
    if history.failure == nil, !history.wasInterrupted {
      history.failure = learner.endFailure(history.steps, rule.label, seed)
    }
    history.seconds = before + clock.seconds
    history.fillUp(observed)
    learner.conclude(&history)
    if !history.wasInterrupted { file?.finish(history, learner) }
    return history
  }

  // MARK: minimize

  /// Steps on an objective without data from its declared point.
  package func minimize(
    _ rules: [Rule], _ settings: TrainingSettings, title: String
  ) throws(DiagnosticError) -> ExperimentHistory {
    var history = ExperimentHistory(title: title, axis: "step")
    history.series = objective.series + recorded(settings)
    history.loopSeries = observed(rules, besides: history.series)
    history.settings = settings
    history.planned = settings.steps ?? 1
    let file = try file(of: rules, settings)
    history.rules = try walks(rules, settings, file, history.loopSeries)
    history.unsaved = file?.failure
    try name(&history, batch: 1)
    history.landscape = landscape(history, steps: settings.steps ?? 1)
    progress("")
    return history
  }

  /// The walks of `minimize` without the values around them.
  package func walks(
    _ rules: [Rule], _ settings: TrainingSettings
  ) throws(DiagnosticError) -> [RuleHistory] {
    try walks(rules, settings, nil, [])
  }

  private func walks(
    _ rules: [Rule], _ settings: TrainingSettings, _ file: RunFile?, _ observed: [String]
  ) throws(DiagnosticError) -> [RuleHistory] {
    try bind(rules, settings, horizon: settings.steps ?? 1)
    let precise = precise(settings)
    return try runs(of: rules, settings, file) {
      (rule, run, place) throws(DiagnosticError) in
      try walk(rule, run, settings, file, precise, observed, place)
    }
  }

  private func walk(
    _ rule: Rule, _ run: (k: Int, seed: UInt64), _ settings: TrainingSettings, _ file: RunFile?,
    _ precise: Bindings?, _ observed: [String], _ place: String
  ) throws(DiagnosticError) -> RunHistory {
    let total = settings.steps ?? 1
    let seed = run.seed
    let learner = try Learner(
      bindings, rule, seed: seed, horizon: total, delay: settings.delay)
    if let start = settings.start { try learner.begin(at: start.values, start.span) }
    let sharpness = try Sharpness(precise, seed: seed, horizon: total)
    // One measurement takes many evaluations.
    let sharpStride = max(1, total / 200)
    let known = try file?.takeUp(run.k, learner, sharpness, rows: 0, total: total)
    var history = known?.history ?? RunHistory(seed: seed)
    if known != nil {
      progress("\(place): goes on after step \(history.steps) of \(total)\n")
    }
    let before = history.seconds
    var clock = Stopwatch()
    func save() {
      var state = RunState(seed: seed)
      state.history = history
      state.history.seconds = before + clock.seconds
      file?.save(state, learner, sharpness)
    }
    let keepsPoints = learner.numberCount <= 3
    // A long walk is recorded at no more than about 4,000 places.
    let stride = max(1, total / 4_000)
    func isReached(_ row: [(String, Double)]) -> Bool {
      settings.target?.isReached(in: row) ?? false
    }
    for step in (history.steps + 1)..<(max(1, total) + 1) {
      if interrupt.isRequested() {
        save()
        history.wasInterrupted = true
        break
      }
      let isRecorded = (step - 1) % stride == 0
      if isRecorded, keepsPoints { history.points.append(learner.result.flatMap { $0 }) }
      let isApart = learner.measuresApart
      let isMeasured = (step - 1) % sharpStride == 0
      if isRecorded, isApart {
        let row = try record(learner, step - 1, next: step, &history)
        try history.record(sharpness, learner, step: step - 1, isMeasured: isMeasured)
        history.reachedTarget = isReached(row)
        if history.reachedTarget { break }
      }
      // Before the step moves the weights.
      let curvature =
        isRecorded && !isApart && isMeasured
        ? try sharpness?.measure(at: learner.result, step: step - 1) : nil
      let loss: Double
      do throws(DiagnosticError) {
        loss = try learner.step([], looks: isRecorded && isMeasured && !observed.isEmpty) {
          !isApart && isRecorded && isReached([("loss", $0)] + learner.metrics)
        }.loss
      } catch {
        history.failure = Learner.failure(error, rule.label, seed)
        if history.failure == nil { throw error }
        break
      }
      if isRecorded {
        if !isApart {
          let row = [("loss", loss)] + learner.metrics
          history.record(Double(step - 1), row)
          if sharpness != nil { history.record(sharpness: curvature ?? .nan) }
          history.reachedTarget = isReached(row)
        }
        // A look takes as long as a cheap step.
        if isMeasured {
          history.observe(learner, observed, seconds: before + clock.seconds)
        }
        if history.reachedTarget { break }
      }
      guard loss.isFinite else {
        history.failure = learner.failure(loss, step, rule.label, seed)
        break
      }
      history.steps = step
      if clock.isTimeToReport {
        let shown = settings.isMaximised ? -loss : loss
        progress("\(place): step \(step) of \(total), loss \(NumberText.short(shown))")
      }
      if let file, file.isDue(afterStep: step), step < total { save() }
    }
    if history.failure == nil, !history.reachedTarget {
      let row = try record(learner, history.steps, &history)
      try history.record(sharpness, learner, step: history.steps)
      if observed.contains(LoopSeries.time) {
        history.observe(LoopSeries.time, before + clock.seconds)
      }
      if keepsPoints { history.points.append(learner.result.flatMap { $0 }) }
      history.reachedTarget = isReached(row)
      if !row[0].1.isFinite {
        history.failure = learner.failure(row[0].1, history.steps, rule.label, seed)
      }
    }
    history.seconds = before + clock.seconds
    history.fillUp(observed)
    learner.conclude(&history)
    if !history.wasInterrupted { file?.finish(history, learner) }
    return history
  }

  /// Records the loss and metrics of the present point, and returns them, the loss first.
  private func record(
    _ learner: Learner, _ steps: Int, next: Int? = nil, _ history: inout RunHistory
  ) throws(DiagnosticError) -> [(String, Double)] {
    let row = [("loss", try learner.evaluate(next: next))] + learner.metrics
    history.record(Double(steps), row)
    return row
  }

  /// The objective on a grid around the walks, where it is a function of two numbers. It takes more
  /// evaluations than most walks, so it is made when it is asked for.
  private func landscape(
    _ history: ExperimentHistory, steps: Int
  ) -> (() throws(DiagnosticError) -> Landscape)? {
    let points = history.rules.flatMap { $0.runs.flatMap(\.points) }
      .filter { $0.count == 2 && $0.allSatisfy { $0.isFinite && abs($0) < 1e6 } }
    guard let first = points.first else { return nil }
    func range(_ axis: Int) -> ClosedRange<Double> {
      let values = points.map { $0[axis] }
      let low = values.min() ?? first[axis]
      let high = values.max() ?? first[axis]
      let margin = max((high - low) * 0.15, 0.1)
      return (low - margin)...(high + margin)
    }
    let (xs, ys) = (range(0), range(1))
    return { () throws(DiagnosticError) in try landscape(xs, ys, steps: steps) }
  }

  private func landscape(
    _ xs: ClosedRange<Double>, _ ys: ClosedRange<Double>, steps: Int
  ) throws(DiagnosticError) -> Landscape {
    let evaluator = try Learner(bindings.inFloat64, nil, seed: 0, horizon: steps)
    let columns = 96
    let rows = 72
    var values: [Double] = []
    for row in 0..<rows {
      let y = ys.lowerBound + (ys.upperBound - ys.lowerBound) * Double(row) / Double(rows - 1)
      for column in 0..<columns {
        let x =
          xs.lowerBound + (xs.upperBound - xs.lowerBound) * Double(column) / Double(columns - 1)
        try evaluator.begin(at: [x, y], .none)
        values.append(try evaluator.evaluate(next: steps))
      }
    }
    let names =
      objective.parameters.count == 2
      ? (objective.parameters[0].name, objective.parameters[1].name)
      : ("\(objective.parameters[0].name)[0]", "\(objective.parameters[0].name)[1]")
    return Landscape(xRange: xs, yRange: ys, columns: columns, values: values, names: names)
  }
}

extension RunHistory {
  /// Of the place that was recorded last, what the step at it did.
  fileprivate mutating func observe(_ learner: Learner, _ names: [String], seconds: Double) {
    for name in names {
      switch name {
      case LoopSeries.gradientNorm: observe(name, learner.look.gradientNorm)
      case LoopSeries.updateRatio: observe(name, learner.look.updateRatio)
      case LoopSeries.time: observe(name, seconds)
      default: observe(name, learner.hyper(name))
      }
    }
  }

  fileprivate mutating func record(sharpness: Double) {
    values[ObjectiveModule.sharpness, default: []].append(sharpness)
  }

  /// The sharpness where the learner stands; NaN where it is not measured.
  fileprivate mutating func record(
    _ sharpness: Sharpness?, _ learner: Learner, step: Int, isMeasured: Bool = true
  ) throws(DiagnosticError) {
    guard let sharpness else { return }
    record(
      sharpness: isMeasured
        ? try sharpness.measure(at: learner.result, step: step) : .nan)
  }
}

/// Wall-clock time, and when to speak again.
private struct Stopwatch {
  private let start = Stopwatch.now
  private var last = Stopwatch.now

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  var seconds: Double { Self.now - start }

  var isTimeToReport: Bool {
    mutating get {
      let now = Self.now
      if now - last < 0.1 { return false }
      last = now
      return true
    }
  }
}
