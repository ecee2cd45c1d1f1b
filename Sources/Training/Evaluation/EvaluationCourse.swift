import CKernels
import Diagnostics
import IR
import Runtime

/// One run of a rule on a task, step by step, by whatever runs it.
protocol EvaluationCourse: AnyObject {
  /// A step on these rows (none without data), of which the first `counted` are those of the batch; returns the loss
  /// before it, on those, and the end that it brings. Where the watch says so of the loss, nothing moves.
  func step(
    _ t: Int, _ rows: UnsafeBufferPointer<Int32>, counted: Int, _ watch: inout StopWatch
  ) throws(DiagnosticError) -> (loss: Double, end: Evaluation.End?)

  /// The loss and the metrics of the weights as they are, `next` being the step that would follow.
  func measure(next: Int) throws(DiagnosticError) -> (loss: Double, metrics: [Double])

  var weightsAreFinite: Bool { get }
  /// The size of the largest of them.
  var largestWeight: Double { get }
  var statesAreFinite: Bool { get }
  var wantsWholeBatches: Bool { get }
  /// Whether the loss of a step is not that which is measured.
  var measuresApart: Bool { get }
}

/// A rule that runs as one program over all tensors, on memory that it shares with those before and
/// after it.
final class CompiledCourse: EvaluationCourse {
  private let task: EvaluationTask
  private let run: UpdateRun
  private let main: ObjectiveRunner
  private let stages: StageMemory?
  private let inputs: TensorMemory
  /// The columns of the data: where rows of them come from and go, and the bytes of a row.
  private let columns: UnsafeMutablePointer<Column>
  private let columnCount: Int
  private typealias Column = (
    from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer, bytes: Int64
  )
  // Of the task, which threads share: a step is not to count references to it.
  private let horizon: Int
  /// Rows of a batch; nil without data.
  private let batch: Int?
  private var remainder: ObjectiveRunner?
  private var whole: ObjectiveRunner?
  let measuresApart: Bool

  init(_ task: EvaluationTask) throws(DiagnosticError) {
    self.task = task
    measuresApart = task.objective.training != nil
    run = UpdateRun(task.layout)
    main = ObjectiveRunner(task.staged?.whole ?? task.stepping, threads: 1)
    stages = task.staged.map { StageMemory($0, task.stepping, steps: task.steps) }
    inputs = TensorMemory(task.stepping.inputCounts, task.elementType.compute)
    let (inputs, width) = (inputs, task.elementType.compute.byteCount)
    let found: [Column] =
      task.train.map { examples in
        (0..<min(inputs.counts.count, examples.widths.count)).map {
          (
            examples.memory.pointers[$0], inputs.pointers[$0],
            Int64(examples.widths[$0] * width)
          )
        }
      } ?? []
    columns = .allocate(capacity: max(found.count, 1))
    columnCount = found.count
    columns.initialize(from: found, count: found.count)
    horizon = task.steps
    batch = task.train == nil ? nil : task.batch
    bind(main, measures: false)
  }

  deinit { columns.deallocate() }

  private func bind(_ runner: ObjectiveRunner, measures: Bool) {
    let memory = measures ? task.test?.memory ?? inputs : inputs
    runner.bind(
      parameters: run.parameters.map { UnsafeRawPointer($0) },
      gradients: measures ? [] : run.gradients,
      inputs: memory.pointers.prefix(task.stepping.inputCounts.count).map { UnsafeRawPointer($0) }
        + (runner === main ? stages?.pointers ?? [] : []))
  }

  /// Seeds that the runs that follow are of.
  func expect(_ seeds: Set<UInt64>) { stages?.wanted = seeds }

  /// Begins with a candidate at the start that a seed gives; false where a hyperparameter is out of its
  /// domain.
  func begin(_ candidate: Candidate, _ table: SeedTable, seed: UInt64) -> Bool {
    table.start.withUnsafeBytes { run.parameterBytes.copyMemory(from: $0) }
    main.seed = seed
    stages?.begin(seed: seed)
    remainder?.seed = seed
    whole?.seed = seed
    return run.begin(candidate.update!, candidate.arguments!, horizon: task.steps)
  }

  private func fill(_ rows: UnsafeBufferPointer<Int32>) {
    for k in 0..<columnCount {
      rv_gather_rows(
        columns[k].to, columns[k].from, rows.baseAddress, Int64(rows.count), columns[k].bytes)
    }
  }

  func step(
    _ t: Int, _ rows: UnsafeBufferPointer<Int32>, counted: Int, _ watch: inout StopWatch
  ) throws(DiagnosticError) -> (loss: Double, end: Evaluation.End?) {
    fill(rows)
    let occasion = Occasion(step: t, horizon: horizon)
    let isWhole = batch == nil || rows.count == batch
    if isWhole { try stages?.prepare(occasion) }
    let loss =
      isWhole ? try main.evaluate(occasion) : try remainder(rows.count).evaluate(occasion)
    if let end = watch.look(loss, step: t) { return (loss, end) }
    return (loss, run.step(t, loss: loss) ? nil : .failed)
  }

  private func remainder(_ rows: Int) throws(DiagnosticError) -> ObjectiveRunner {
    if let remainder, remainder.bound.batch == rows { return remainder }
    let made = ObjectiveRunner(try task.bound(rows: rows), seed: main.seed, threads: 1)
    bind(made, measures: false)
    remainder = made
    return made
  }

  func measure(next: Int) throws(DiagnosticError) -> (loss: Double, metrics: [Double]) {
    if whole == nil {
      whole = ObjectiveRunner(task.measuring, seed: main.seed, threads: 1)
      bind(whole!, measures: true)
    }
    let loss = try whole!.evaluate(
      Occasion(step: max(1, next), horizon: task.steps, isTraining: false), needsGradient: false)
    return (loss, task.metricNames.map { whole!.metric($0) })
  }

  var weightsAreFinite: Bool { run.parametersAreFinite }
  var largestWeight: Double { run.largestParameter }
  var statesAreFinite: Bool { run.statesAreFinite }
  var wantsWholeBatches: Bool { false }
}

/// A rule that needs the ordinary engines.
final class OrdinaryCourse: EvaluationCourse {
  private let learner: Learner
  private let task: EvaluationTask

  init(
    _ task: EvaluationTask, _ bindings: Bindings, _ rule: Rule, seed: UInt64
  ) throws(DiagnosticError) {
    self.task = task
    learner = try Learner(
      bindings, rule, batch: task.batch, seed: seed, horizon: task.steps,
      workers: task.settings.workers, delay: task.settings.delay)
    if let start = task.settings.start { try learner.begin(at: start.values, start.span) }
  }

  func step(
    _ t: Int, _ rows: UnsafeBufferPointer<Int32>, counted: Int, _ watch: inout StopWatch
  ) throws(DiagnosticError) -> (loss: Double, end: Evaluation.End?) {
    var end: Evaluation.End?
    let taken = try learner.step(
      rows.map { Int($0) }[...], showsLoss: task.train != nil, counted: counted
    ) { loss in
      end = watch.look(loss, step: t)
      return end != nil
    }
    if end == nil, !taken.loss.isFinite { end = .notFinite(.loss) }
    return (taken.shown, end)
  }

  func measure(next: Int) throws(DiagnosticError) -> (loss: Double, metrics: [Double]) {
    if task.test == nil {
      let loss = try learner.evaluate(next: next)
      return (loss, learner.metrics.map(\.1))
    }
    let row = try learner.measure()
    func value(_ name: String) -> Double { row.first { $0.0 == name }?.1 ?? .nan }
    return (value("test_loss"), task.metricNames.map(value))
  }

  var weightsAreFinite: Bool { learner.weightsAreFinite }
  var largestWeight: Double {
    learner.result.reduce(0) { $1.reduce($0) { max($0, abs($1)) } }
  }
  var statesAreFinite: Bool { learner.statesAreFinite }
  var wantsWholeBatches: Bool { learner.wantsWholeBatches }
  var measuresApart: Bool { learner.measuresApart }
}
