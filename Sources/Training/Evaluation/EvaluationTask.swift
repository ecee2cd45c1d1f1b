import Diagnostics
import IR
import Runtime

/// What evaluations of one task share and nobody changes: the objective bound to its batches, the
/// examples, the lengths.
final class EvaluationTask: Sendable {
  let objective: ObjectiveModule
  nonisolated(unsafe) let train: Examples?
  nonisolated(unsafe) let test: Examples?
  let settings: TrainingSettings
  let elementType: ElementType
  let features: Int?
  /// Rows of a batch; 1 without data.
  let batch: Int
  /// Steps of a whole run, and T.
  let steps: Int
  let stepping: BoundObjective
  /// The same cut by what candidates share in a step of a seed; nil where they share nothing.
  let staged: StagedObjective?
  let measuring: BoundObjective
  let layout: RegionLayout
  /// Whether a rule may run as one program here at all.
  let isPlain: Bool

  var metricNames: [String] { objective.metrics }
  var parameters: [ParameterSpec] { stepping.parameters }

  init(
    _ objective: ObjectiveModule, _ data: DataSplit?, _ settings: TrainingSettings,
    _ elementType: ElementType
  ) throws(DiagnosticError) {
    self.objective = objective
    self.settings = settings
    self.elementType = elementType
    features = data?.train.columns
    train = data.map { Examples($0.train, elementType.compute) }
    test = data.map { Examples($0.test, elementType.compute) }
    let rows = data?.train.rows ?? 1
    batch = settings.batch(rows: rows)
    steps = settings.steps(rows: rows)
    stepping = try BoundObjective(
      objective, batch: data == nil ? nil : batch, features: features, elementType: elementType,
      needsMetrics: false)
    try train?.require(stepping, rows: batch)
    staged = Self.staged(stepping, steps: steps)
    measuring = try BoundObjective(
      objective, batch: data?.test.rows, features: features, elementType: elementType,
      needsGradient: false)
    if let start = settings.start {
      let count = stepping.parameters.reduce(0) { $0 + $1.count }
      guard start.values.count == count else {
        throw DiagnosticError(.startOfOtherSize(start.values.count, count, at: start.span))
      }
    }
    layout = RegionLayout(stepping.parameters.map(\.count), elementType)
    isPlain = settings.workers == 1 && settings.delay == 0 && elementType == elementType.compute
  }

  /// What is worked out early may fail where an arm that nobody takes would not have been worked out at all: then the
  /// objective stays whole.
  private static func staged(_ stepping: BoundObjective, steps: Int) -> StagedObjective? {
    guard let staged = try? stepping.staged() else { return nil }
    let trial = StageMemory(staged, stepping, steps: steps)
    return (try? trial.prepare(Occasion(step: 1, horizon: steps))) == nil ? nil : staged
  }

  /// For a last batch that is short.
  func bound(rows: Int) throws(DiagnosticError) -> BoundObjective {
    try BoundObjective(
      objective, batch: rows, features: features, elementType: elementType, needsMetrics: false)
  }

  /// Where a seed starts.
  func table(seed: UInt64) throws(DiagnosticError) -> SeedTable {
    let runner = ObjectiveRunner(stepping, seed: seed, threads: 1)
    var values = try runner.initialParameters(horizon: steps)
    if let start = settings.start {
      var position = 0
      for k in values.indices {
        values[k] = Array(start.values[position..<position + values[k].count])
        position += values[k].count
      }
    }
    var bytes = [UInt8](repeating: 0, count: layout.regionBytes)
    bytes.withUnsafeMutableBytes { bytes in
      for (k, tensor) in values.enumerated() {
        for (i, x) in tensor.enumerated() {
          elementType.write(x, to: bytes.baseAddress!, layout.starts[k] + i)
        }
      }
    }
    return SeedTable(
      bytes, rows: train?.rows ?? 0, steps: steps, batch: batch, seed: seed)
  }
}
