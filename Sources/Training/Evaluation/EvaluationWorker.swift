import Diagnostics
import IR
import Runtime

/// The memory in which one thread evaluates, one rule after the other.
final class EvaluationWorker {
  private let task: EvaluationTask
  private let data: DataSplit?
  var usesPrograms = true
  /// Those of the runs that follow.
  var seeds: Set<UInt64> = [] { didSet { compiled?.expect(seeds) } }
  private var compiled: CompiledCourse?
  private var bindings: Bindings?

  init(_ task: EvaluationTask, _ data: DataSplit?) {
    self.task = task
    self.data = data
  }

  func prepare(_ rule: Rule) -> Candidate {
    Candidate(rule, task.parameters, task.elementType)
  }

  func evaluate(
    _ candidate: Candidate, _ table: SeedTable, seed: UInt64, _ order: Order
  ) throws(DiagnosticError) -> Evaluation {
    if usesPrograms, task.isPlain, candidate.isCompiled {
      if compiled == nil {
        compiled = try CompiledCourse(task)
        compiled!.expect(seeds)
      }
      // What cannot begin is for the ordinary engines to explain.
      if compiled!.begin(candidate, table, seed: seed) {
        var result = try run(compiled!, table, order)
        result.isCompiled = true
        return result
      }
    }
    return try run(ordinary(candidate.rule, seed: seed), table, order)
  }

  private var ordinaryBindings: Bindings {
    if let bindings { return bindings }
    let made = Bindings(
      task.objective, data, engine: .interpreter, elementType: task.elementType, compiler: nil,
      threads: 1)
    bindings = made
    return made
  }

  private func ordinary(_ rule: Rule, seed: UInt64) throws(DiagnosticError) -> OrdinaryCourse {
    try OrdinaryCourse(task, ordinaryBindings, rule, seed: seed)
  }

  /// Of a whole run, as `BoundRule.work`; 0 for a rule that runs as one program.
  func work(of rule: Rule) throws(DiagnosticError) -> Double {
    if usesPrograms, task.isPlain, prepare(rule).isCompiled { return 0 }
    // Bound, and not made: what takes too long may take too much memory as well.
    let bindings = ordinaryBindings
    let axes = AxisInputs(
      bindings, batch: task.batch, workers: task.settings.workers, seed: 0, isCompiled: true)
    let bound = try bindings.rule(
      rule, task.parameters, horizon: task.steps, axes: axes.lengths, isCompiled: true)
    return bound.work * Double(task.steps)
  }

  /// When a run ends before all its steps, and what is kept of it.
  struct Order: Sendable {
    var stops = StopRules.never
    var interrupt = InterruptSource.none
    var limit: Int?
    var keepsCurve = false
  }

  private func run(
    _ course: some EvaluationCourse, _ table: SeedTable, _ order: Order
  ) throws(DiagnosticError) -> Evaluation {
    var progress = Progress(order, steps: min(task.steps, order.limit ?? task.steps))
    do throws(DiagnosticError) {
      if task.train == nil {
        try walk(course, &progress)
      } else {
        try train(course, table, &progress)
      }
      return progress.result
    } catch {
      guard error.diagnostics.contains(where: { $0.code.isNumeric || $0.code == .domainLeft })
      else { throw error }
      progress.result.end = .failed
      progress.result.failure = error.diagnostics.first
      return progress.result
    }
  }

  // MARK: Courses

  /// What a run has come to so far.
  private struct Progress {
    let order: Order
    /// Those that it may take.
    let steps: Int
    var watch: StopWatch
    var result = Evaluation(end: .done, steps: 0)
    /// Since the target was last looked at, and in this epoch.
    var recent = (sum: 0.0, count: 0)
    var epoch = (sum: 0.0, count: 0)

    init(_ order: Order, steps: Int) {
      self.order = order
      self.steps = steps
      watch = StopWatch(order.stops)
    }

    /// Looks at a value of the target's series after so many steps; true where it is reached.
    mutating func looks(_ target: TrainingSettings.Target, at value: Double, step: Int) -> Bool {
      if order.keepsCurve { result.curve.append((step, value)) }
      guard target.isReached(value) else { return false }
      result.end = .reachedTarget
      return true
    }
  }

  private func train(
    _ course: some EvaluationCourse, _ table: SeedTable, _ progress: inout Progress
  ) throws(DiagnosticError) {
    var epoch = 0
    var goesOn = true
    while goesOn, progress.result.steps < progress.steps {
      epoch += 1
      goesOn = try table.order(epoch: epoch).withUnsafeBufferPointer {
        (order) throws(DiagnosticError) in try train(course, order, &progress)
      }
    }
    try finish(course, &progress.result)
    let (sum, count) = progress.result.reachedTarget ? progress.recent : progress.epoch
    progress.result.trainingLoss = count > 0 ? sum / Double(count) : .nan
  }

  /// One epoch; false where the run ends in it.
  private func train(
    _ course: some EvaluationCourse, _ order: UnsafeBufferPointer<Int32>,
    _ progress: inout Progress
  ) throws(DiagnosticError) -> Bool {
    let (batch, steps) = (task.batch, progress.steps)
    // As `Trainer` looks at targets.
    let stride = max(1, task.steps / 100)
    // Threads share the task: a step is not to count references to it.
    let target = task.settings.target
    let hasTarget = target != nil
    let isFilledUp = course.wantsWholeBatches
    let isInterrupted = progress.order.interrupt.isRequested
    progress.epoch = (0, 0)
    var position = 0
    while position < order.count, progress.result.steps < steps {
      if isInterrupted() {
        progress.result.end = .interrupted
        return false
      }
      let end = min(position + batch, order.count)
      let t = progress.result.steps + 1
      let rows = UnsafeBufferPointer(rebasing: order[position..<end])
      let (loss, stop) =
        isFilledUp && rows.count < batch
        // A last batch that is short is filled up with the first rows of the epoch.
        ? try (Array(rows) + order[..<(batch - rows.count)]).withUnsafeBufferPointer {
          (rows) throws(DiagnosticError) in
          try course.step(t, rows, counted: end - position, &progress.watch)
        } : try course.step(t, rows, counted: rows.count, &progress.watch)
      if let stop {
        progress.result.end = stop
        return false
      }
      progress.result.steps = t
      progress.epoch.sum += loss * Double(end - position)
      progress.epoch.count += end - position
      position = end
      guard hasTarget, let target else { continue }
      progress.recent.sum += loss * Double(rows.count)
      progress.recent.count += rows.count
      guard t % stride == 0 || t == steps else { continue }
      let value = try value(target, course, recent: progress.recent, steps: t)
      if progress.looks(target, at: value, step: t) { return false }
      progress.recent = (0, 0)
    }
    return true
  }

  private func walk(
    _ course: some EvaluationCourse, _ progress: inout Progress
  ) throws(DiagnosticError) {
    let target = task.settings.target
    let stride = max(1, task.steps / 4_000)
    let isOfAnother = target.map { $0.series != "loss" } ?? false
    let isInterrupted = progress.order.interrupt.isRequested
    while progress.result.steps < progress.steps, progress.result.end == .done {
      if isInterrupted() {
        progress.result.end = .interrupted
        break
      }
      let t = progress.result.steps + 1
      let isLookedAt = (t - 1) % stride == 0
      // A step knows the loss that it starts from: only what is shown elsewhere takes another evaluation.
      let isApart = isOfAnother || course.measuresApart
      progress.watch.target = isApart ? nil : target.map { ($0, stride) }
      if let target, isApart, isLookedAt {
        let value = try value(target, course, recent: nil, steps: t)
        if progress.looks(target, at: value, step: t - 1) { break }
      }
      let (loss, stop) = try course.step(
        t, UnsafeBufferPointer(start: nil, count: 0), counted: 0, &progress.watch)
      if let target, !isApart, isLookedAt { _ = progress.looks(target, at: loss, step: t - 1) }
      if let stop {
        progress.result.end = stop
      } else {
        progress.result.steps = t
      }
    }
    try finish(course, &progress.result)
    progress.result.trainingLoss = progress.result.loss
    guard let target, !progress.result.reachedTarget, progress.result.loss.isFinite else { return }
    let result = progress.result
    let value = target.series == "loss" ? result.loss : metric(target.series, result.metrics)
    let (steps, end) = (progress.result.steps, progress.result.end)
    progress.result.reachedTarget = progress.looks(target, at: value, step: steps)
    if end == .notFinite(.states) { progress.result.end = end }
  }

  /// The series of a target after so many steps, `recent` being the losses of examples since it was last looked at.
  private func value(
    _ target: TrainingSettings.Target, _ course: some EvaluationCourse,
    recent: (sum: Double, count: Int)?, steps: Int
  ) throws(DiagnosticError) -> Double {
    if let recent, target.series == "loss" { return recent.sum / Double(recent.count) }
    let (loss, metrics) = try course.measure(next: steps)
    let own = recent == nil ? "loss" : ObjectiveModule.testLoss
    return target.series == own ? loss : metric(target.series, metrics)
  }

  private func metric(_ series: String, _ metrics: [Double]) -> Double {
    task.metricNames.firstIndex(of: series).map { metrics[$0] } ?? .nan
  }

  /// The score is of the weights at the end, and counts only if they, the states and their loss are
  /// numbers: the last step may have broken what no loss has shown yet.
  private func finish(
    _ course: some EvaluationCourse, _ result: inout Evaluation
  ) throws(DiagnosticError) {
    guard result.end == .done || result.end == .reachedTarget else { return }
    guard course.weightsAreFinite else {
      result.end = .notFinite(.weights)
      return
    }
    guard course.largestWeight <= Evaluation.largestWeight else {
      result.end = .ranAway
      return
    }
    result.reachedTarget = result.end == .reachedTarget
    (result.loss, result.metrics) = try course.measure(next: result.steps)
    if !result.loss.isFinite {
      result.end = .notFinite(.loss)
    } else if !course.statesAreFinite {
      result.end = .notFinite(.states)
    } else if result.end == .done, result.steps < task.steps {
      result.end = .limited
    }
  }
}
