import Diagnostics

/// What one run of one rule with one seed recorded.
public struct RunHistory: Sendable {
  public var seed: UInt64
  /// Epochs or steps, from 0 (before training) on.
  public var x: [Double] = []
  /// By name (`loss`, the metrics), one value for each entry of `x`; NaN where it is not defined.
  public var values: [String: [Double]] = [:]
  /// The parameters at each entry of `x`, kept for objectives of at most three numbers.
  public var points: [[Double]] = []
  /// The parameters at the end, one array a tensor.
  public var parameters: [[Double]] = []
  public var steps = 0
  public var seconds = 0.0
  /// Why the run stopped before its end.
  public var failure: Diagnostic?
  public var wasInterrupted = false

  public init(seed: UInt64) { self.seed = seed }

  mutating func record(_ x: Double, _ row: [(String, Double)]) {
    self.x.append(x)
    for (name, value) in row { values[name, default: []].append(value) }
  }

  /// The last recorded value of a series.
  public func last(_ name: String) -> Double? { values[name]?.last }
}

/// All runs of one rule.
public struct RuleHistory: Sendable {
  /// The rule as written, for tables and legends.
  public var label: String
  public var runs: [RunHistory] = []
  public init(label: String) { self.label = label }
}

/// The result of one `train` or `minimize`.
public struct ExperimentHistory: Sendable {
  /// The objective as written.
  public var title: String
  /// `epoch` or `step`.
  public var axis: String
  public var rules: [RuleHistory] = []
  /// Names of the series, `loss` first.
  public var series: [String] = ["loss"]
  /// Values of an objective of two variables, for the plot of the path.
  public var landscape: Landscape?

  public init(title: String, axis: String) {
    self.title = title
    self.axis = axis
  }

  public var failures: [Diagnostic] { rules.flatMap { $0.runs.compactMap(\.failure) } }
  public var wasInterrupted: Bool { rules.contains { $0.runs.contains(where: \.wasInterrupted) } }
}

/// An objective of two variables on a grid.
public struct Landscape: Sendable {
  public var xRange: ClosedRange<Double>
  public var yRange: ClosedRange<Double>
  public var columns: Int
  /// Row-major, y upwards from the first row.
  public var values: [Double]
  public var names: (String, String)
}
