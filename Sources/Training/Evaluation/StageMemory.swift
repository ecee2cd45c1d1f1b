import Diagnostics
import IR
import Runtime

/// What an objective makes of a step and its draws, for one thread: worked out once a step of a seed, and kept for the
/// candidates that follow.
final class StageMemory {
  private let current: TensorMemory
  private let step: ObjectiveRunner
  private let steps: Int
  private let rowBytes: Int
  /// By seed, the rows of all steps.
  private var kept: [UInt64: Rows] = [:]
  private var rows: Rows?
  /// Seeds that will be asked for again and again; all others may be forgotten for them.
  var wanted: Set<UInt64> = []

  /// Bytes that are kept for all seeds together.
  private static let mostBytes = 48 << 20

  private final class Rows {
    let bytes: UnsafeMutableRawPointer
    var isFilled: [Bool]

    init(_ steps: Int, _ rowBytes: Int) {
      bytes = .allocate(byteCount: steps * rowBytes, alignment: 64)
      isFilled = Array(repeating: false, count: steps)
    }

    deinit { bytes.deallocate() }
  }

  init(_ staged: StagedObjective, _ task: BoundObjective, steps: Int) {
    let element = task.elementType.compute
    current = TensorMemory(staged.counts, element)
    self.steps = steps
    rowBytes = staged.counts.reduce(0, +) * element.byteCount
    step = ObjectiveRunner(staged.step, threads: 1)
    // The data are not read: anything stands for them.
    step.bind(
      parameters: [], gradients: current.pointers,
      inputs: task.inputCounts.map { _ in UnsafeRawPointer(bitPattern: 64)! })
  }

  /// What the last stage reads after the objective's own inputs; it stays where it is.
  var pointers: [UnsafeRawPointer] { current.pointers.map { UnsafeRawPointer($0) } }

  func begin(seed: UInt64) {
    step.seed = seed
    rows = nil
    let bytes = steps * rowBytes
    guard rowBytes > 0, bytes <= Self.mostBytes / 2 else { return }
    if let known = kept[seed] {
      rows = known
      return
    }
    if (kept.count + 1) * bytes > Self.mostBytes {
      // Seeds come round and round: where the oldest made room for the next, none would be found again.
      kept = kept.filter { wanted.contains($0.key) }
      guard (kept.count + 1) * bytes <= Self.mostBytes else { return }
    }
    rows = Rows(steps, rowBytes)
    kept[seed] = rows
  }

  /// Puts the values of a step in their place. Throws what working them out throws.
  func prepare(_ occasion: Occasion) throws(DiagnosticError) {
    guard let rows, occasion.step >= 1, occasion.step <= steps else {
      _ = try step.evaluate(occasion)
      return
    }
    let row = rows.bytes + (occasion.step - 1) * rowBytes
    if rows.isFilled[occasion.step - 1] {
      current.read(from: row)
      return
    }
    _ = try step.evaluate(occasion)
    current.write(to: row)
    rows.isFilled[occasion.step - 1] = true
  }
}
