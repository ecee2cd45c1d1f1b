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
      let course = compiled!
      var result: Evaluation
      if course.begin(candidate, table, seed: seed) {
        result = try run(course, table, stops)
      } else {
        result = Evaluation(end: .failed, steps: 0)
      }
      result.isCompiled = true
      return result
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

  private func train(
    _ course: some EvaluationCourse, _ table: SeedTable, _ stops: StopRules
  ) throws(DiagnosticError) -> Evaluation {
    var watch = StopWatch(stops)
    let target = task.settings.target
    // As `Trainer` looks at targets.
    let stride = max(1, task.steps / 100)
    let rows = task.train!.rows
    var result = Evaluation(end: .done, steps: 0)
    var recent = (sum: 0.0, count: 0)
    var epoch = 0
    var sum = 0.0
    var seen = 0
    epochs: while result.steps < task.steps {
      epoch += 1
      let order = table.order(epoch: epoch)
      sum = 0
      seen = 0
      var position = 0
      while position < rows, result.steps < task.steps {
        let end = min(position + task.batch, rows)
        let t = result.steps + 1
        var batch = order[position..<end]
        if batch.count < task.batch, course.wantsWholeBatches {
          batch = (Array(batch) + order[..<(task.batch - batch.count)])[...]
        }
        let (loss, stop) = try course.step(t, batch) { watch.look($0, step: t) }
        if let stop {
          result.end = stop
          break epochs
        }
        result.steps = t
        sum += loss * Double(end - position)
        seen += end - position
        position = end
        guard let target else { continue }
        recent.sum += loss * Double(batch.count)
        recent.count += batch.count
        guard t % stride == 0 || t == task.steps else { continue }
        let mean = recent.sum / Double(recent.count)
        recent = (0, 0)
        if try reaches(target, course, training: mean, steps: t) {
          result.end = .reachedTarget
          break epochs
        }
      }
    }
    try finish(course, &result)
    result.trainingLoss = seen > 0 ? sum / Double(seen) : .nan
    return result
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
      let (_, stop) = try course.step(t, []) { watch.look($0, step: t) }
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
