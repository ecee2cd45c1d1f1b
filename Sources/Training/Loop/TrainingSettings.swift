import Basics
import Diagnostics

/// How long, on what batches, from which seeds.
package struct TrainingSettings: Sendable {
  package var epochs: Int?
  package var steps: Int?
  /// Examples in a minibatch; nil takes all of them.
  package var batch: Int?
  /// How many workers the rows of each batch are dealt to.
  package var workers = 1
  /// A step gets the gradient of so many steps before.
  package var delay = 0
  package var seeds: [UInt64] = [0]
  /// Whether the largest eigenvalue of the Hessian is recorded as well.
  package var recordsSharpness = false
  /// A run ends where this is reached.
  package var target: Target?
  /// Where runs start instead of the declared values.
  package var start: Start?
  /// Where the runs are kept, so that they can go on.
  package var saving: RunSaving?
  /// Whether the objective is the negative of the one that is told of.
  package var isMaximised = false

  package init() {}

  /// Examples in a minibatch of so many rows.
  package func batch(rows: Int) -> Int { min(batch ?? rows, rows) }

  /// Minibatches in an epoch of so many rows; the last one may be short.
  package func stepsOfEpoch(rows: Int) -> Int {
    let batch = batch(rows: rows)
    return (rows + batch - 1) / batch
  }

  /// Steps of a whole run on so many rows; of `minimize`, which has none, on one.
  package func steps(rows: Int) -> Int {
    steps ?? (epochs ?? 1) * stepsOfEpoch(rows: rows)
  }

  /// `from [2, 2]`, `from "w.npz"`: the numbers of all parameters, one tensor behind the other.
  package struct Start: Sendable {
    package var values: [Double]
    package var span: Span
    /// The file that they are read from, once the lengths of the parameters are known.
    package var file: ParameterFile?

    package init(_ values: [Double], at span: Span, file: ParameterFile? = nil) {
      self.values = values
      self.span = span
      self.file = file
    }

    /// In few letters: a digest of more than a few numbers.
    var text: String {
      values.count <= 16
        ? values.map { NumberText.shortest($0) }.joined(separator: ", ")
        : SHA256.hexadecimal(values.withUnsafeBytes(Array.init))
    }
  }

  /// `until test_loss < 0.1`
  package struct Target: Sendable {
    package var series: String
    package var isBelow: Bool
    package var value: Double

    package init(series: String, isBelow: Bool, value: Double) {
      self.series = series
      self.isBelow = isBelow
      self.value = value
    }

    /// The same of the negative of an objective.
    package var ofNegative: Target {
      series == "loss" ? Target(series: series, isBelow: !isBelow, value: -value) : self
    }

    /// As written.
    package var text: String { "\(series) \(isBelow ? "<" : ">") \(NumberText.short(value))" }

    /// By no infinity: a run that broke has reached nothing.
    package func isReached(_ x: Double) -> Bool { x.isFinite && (isBelow ? x < value : x > value) }

    /// By how far a run is behind the target, the less the better: of one that reached it the share that its steps
    /// are of `total`; of others from 1 to 2, by what the last value of the series lacks. NaN where that is NaN.
    package func cost(reached: Bool, steps: Int, of total: Int, last: Double) -> Double {
      if reached { return Double(steps) / Double(total) }
      return last.isNaN ? .nan : 2 - 1 / (1 + abs(last - value) / max(abs(value), 1e-12))
    }

    /// Whether one of the values recorded together reaches it.
    func isReached(in row: [(String, Double)]) -> Bool {
      row.contains { $0.0 == series && isReached($0.1) }
    }
  }
}
