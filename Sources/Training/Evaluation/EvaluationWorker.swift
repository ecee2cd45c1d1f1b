import Diagnostics
import IR
import Runtime

/// The memory in which one thread evaluates, one rule after the other.
final class EvaluationWorker {
  private let task: EvaluationTask
  private let data: DataSplit?
  var usesPrograms = true
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
    _ candidate: Candidate, _ table: SeedTable, seed: UInt64, _ stops: StopRules
  ) throws(DiagnosticError) -> Evaluation {
    if usesPrograms, task.isPlain, candidate.isCompiled {
      if compiled == nil { compiled = try CompiledCourse(task) }
      // What cannot begin is for the ordinary engines to explain.
      if compiled!.begin(candidate, table, seed: seed) {
        var result = try run(compiled!, table, stops)
        result.isCompiled = true
        return result
      }
    }
    if bindings == nil {
      bindings = Bindings(
        task.objective, data, engine: .interpreter, elementType: task.elementType, compiler: nil)
    }
    let course = try OrdinaryCourse(task, bindings!, candidate.rule, seed: seed)
    return try run(course, table, stops)
  }

  private func run(
    _ course: some EvaluationCourse, _ table: SeedTable, _ stops: StopRules
  ) throws(DiagnosticError) -> Evaluation {
    do throws(DiagnosticError) {
      return try task.train == nil
        ? walk(course, stops) : train(course, table, stops)
    } catch {
      guard error.diagnostics.contains(where: { $0.code.isNumeric || $0.code == .domainLeft })
      else { throw error }
      var result = Evaluation(end: .failed, steps: 0)
      result.failure = error.diagnostics.first
      return result
    }
  }

  // MARK: Courses

  /// What a run has come to so far.
  private struct Progress {
    var watch: StopWatch
    var result = Evaluation(end: .done, steps: 0)
    /// Since the target was last looked at, and in this epoch.
    var recent = (sum: 0.0, count: 0)
    var epoch = (sum: 0.0, count: 0)
  }

  private func train(
    _ course: some EvaluationCourse, _ table: SeedTable, _ stops: StopRules
  ) throws(DiagnosticError) -> Evaluation {
    var progress = Progress(watch: StopWatch(stops))
    var epoch = 0
    var goesOn = true
    while goesOn, progress.result.steps < task.steps {
      epoch += 1
      goesOn = try table.order(epoch: epoch).withUnsafeBufferPointer {
        (order) throws(DiagnosticError) in try train(course, order, &progress)
      }
    }
    try finish(course, &progress.result)
    let (sum, count) = progress.epoch
    progress.result.trainingLoss = count > 0 ? sum / Double(count) : .nan
    return progress.result
  }

  /// One epoch; false where the run ends in it.
  private func train(
    _ course: some EvaluationCourse, _ order: UnsafeBufferPointer<Int32>,
    _ progress: inout Progress
  ) throws(DiagnosticError) -> Bool {
    let (batch, steps) = (task.batch, task.steps)
    // As `Trainer` looks at targets.
    let stride = max(1, steps / 100)
    progress.epoch = (0, 0)
    var position = 0
    while position < order.count, progress.result.steps < steps {
      let end = min(position + batch, order.count)
      let t = progress.result.steps + 1
      let rows = UnsafeBufferPointer(rebasing: order[position..<end])
      let (loss, stop) =
        rows.count < batch && course.wantsWholeBatches
        // A last batch that is short is filled up with the first rows of the epoch.
        ? try (Array(rows) + order[..<(batch - rows.count)]).withUnsafeBufferPointer {
          (rows) throws(DiagnosticError) in try course.step(t, rows, &progress.watch)
        } : try course.step(t, rows, &progress.watch)
      if let stop {
        progress.result.end = stop
        return false
      }
      progress.result.steps = t
      progress.epoch.sum += loss * Double(end - position)
      progress.epoch.count += end - position
      position = end
      guard let target = task.settings.target else { continue }
      progress.recent.sum += loss * Double(rows.count)
      progress.recent.count += rows.count
      guard t % stride == 0 || t == steps else { continue }
      let mean = progress.recent.sum / Double(progress.recent.count)
      progress.recent = (0, 0)
      if try reaches(target, course, training: mean, steps: t) {
        progress.result.end = .reachedTarget
        return false
      }
    }
    return true
  }

  private func walk(
    _ course: some EvaluationCourse, _ stops: StopRules
  ) throws(DiagnosticError) -> Evaluation {
    var watch = StopWatch(stops)
    let target = task.settings.target
    let stride = max(1, task.steps / 4_000)
    var result = Evaluation(end: .done, steps: 0)
    while result.steps < task.steps {
      let t = result.steps + 1
      if let target, (t - 1) % stride == 0,
        try reaches(target, course, training: nil, steps: t)
      {
        result.end = .reachedTarget
        break
      }
      let (_, stop) = try course.step(t, UnsafeBufferPointer(start: nil, count: 0), &watch)
      if let stop {
        result.end = stop
        break
      }
      result.steps = t
    }
    try finish(course, &result)
    result.trainingLoss = result.loss
    if result.end == .done, let target, isReached(target, result) { result.end = .reachedTarget }
    return result
  }

  private func reaches(
    _ target: TrainingSettings.Target, _ course: some EvaluationCourse, training: Double?,
    steps: Int
  ) throws(DiagnosticError) -> Bool {
    if let training, target.series == "loss" { return target.isReached(training) }
    let (loss, metrics) = try course.measure(next: steps)
    if target.series == (training == nil ? "loss" : "test_loss") { return target.isReached(loss) }
    return task.metricNames.firstIndex(of: target.series).map { target.isReached(metrics[$0]) }
      ?? false
  }

  private func isReached(_ target: TrainingSettings.Target, _ result: Evaluation) -> Bool {
    if target.series == "loss" { return target.isReached(result.loss) }
    return task.metricNames.firstIndex(of: target.series).map {
      target.isReached(result.metrics[$0])
    } ?? false
  }

  /// The score is of the weights at the end, and counts only if they, the states and their loss are
  /// numbers: the last step may have broken what no loss has shown yet.
  private func finish(
    _ course: some EvaluationCourse, _ result: inout Evaluation
  ) throws(DiagnosticError) {
    guard result.end == .done || result.end == .reachedTarget else { return }
    if !course.weightsAreFinite {
      result.end = .notFinite(.weights)
    } else if !course.statesAreFinite {
      result.end = .notFinite(.states)
    } else {
      (result.loss, result.metrics) = try course.measure(next: result.steps)
      if !result.loss.isFinite { result.end = .notFinite(.loss) }
    }
  }
}
