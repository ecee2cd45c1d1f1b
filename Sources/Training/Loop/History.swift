import Diagnostics
import Runtime

/// What one run of one rule with one seed recorded.
package struct RunHistory: Sendable {
  package var seed: UInt64
  /// Epochs or steps, from 0 (before training) on.
  package var x: [Double] = []
  /// By name (`loss`, the metrics), one value for each entry of `x`; NaN where it is not defined.
  package var values: [String: [Double]] = [:]
  /// The parameters at each entry of `x`, kept for objectives of at most three numbers.
  package var points: [[Double]] = []
  /// The parameters at the end, one array a tensor.
  package var parameters: [[Double]] = []
  package var steps = 0
  /// Whether the target that was set was reached, after `steps`.
  package var reachedTarget = false
  package var seconds = 0.0
  /// Steps that `guard finite` left out.
  package var skippedSteps = 0
  /// What went on and may not be meant.
  package var warnings: [Diagnostic] = []
  /// Why the run stopped before its end.
  package var failure: Diagnostic?
  package var wasInterrupted = false

  package init(seed: UInt64) { self.seed = seed }

  package mutating func record(_ x: Double, _ row: [(String, Double)]) {
    self.x.append(x)
    for (name, value) in row { values[name, default: []].append(value) }
  }

  /// Of each kind of warning in some runs the first, and how many others there are.
  package static func warnings(_ runs: [RunHistory]) -> [Diagnostic] {
    let all = runs.flatMap(\.warnings)
    var found: [Diagnostic] = []
    for warning in all where !found.contains(where: { $0.code == warning.code }) {
      var first = warning
      let others = all.count { $0.code == warning.code } - 1
      if others > 0 {
        first.notes.append(Note("\(others) other seed\(others == 1 ? "" : "s") likewise"))
      }
      found.append(first)
    }
    return found
  }

  /// The last recorded value of a series.
  package func last(_ name: String) -> Double? { values[name]?.last }
}

/// All runs of one rule.
package struct RuleHistory: Sendable {
  /// The rule as written, for tables and legends.
  package var label: String
  package var runs: [RunHistory] = []

  /// Of each kind of warning the first seed's, and how many others have one.
  package var warnings: [Diagnostic] { RunHistory.warnings(runs) }
}

/// The result of one `train` or `minimize`.
package struct ExperimentHistory {
  /// The objective as written.
  package var title: String
  /// `epoch` or `step`.
  package var axis: String
  package var rules: [RuleHistory] = []
  /// T, the planned number of steps.
  package var planned = 1
  /// Names of the series, `loss` first.
  package var series: [String] = ["loss"]
  /// Names of what the loops recorded of themselves, for plots.
  package var loopSeries: [String] = []
  package var settings = TrainingSettings()
  /// The parameters whose ends the runs keep, and whether these are of float64.
  package var tensors: [ParameterSpec] = []
  package var isDouble = true
  /// Makes the values of an objective of two variables, for the plot of the path.
  package var landscape: (() throws(DiagnosticError) -> Landscape)?
  /// Why the file of `save` does not hold the end.
  package var unsaved: Diagnostic?
  /// Whether the loss was to become large.
  package private(set) var isMaximised = false

  package var warnings: [Diagnostic] { rules.flatMap(\.warnings) }
  package var failures: [Diagnostic] { rules.flatMap { $0.runs.compactMap(\.failure) } }
  package var wasInterrupted: Bool { rules.contains { $0.runs.contains(where: \.wasInterrupted) } }
}

extension ExperimentHistory {
  /// What was recorded of the negative of an objective, told of the objective.
  package var ofMaximum: ExperimentHistory {
    var result = self
    result.isMaximised = true
    result.settings.target = settings.target?.ofNegative
    for rule in rules.indices {
      for run in rules[rule].runs.indices {
        result.rules[rule].runs[run].values["loss"]?.negate()
      }
    }
    if let landscape {
      result.landscape = { () throws(DiagnosticError) in
        var found = try landscape()
        found.values.negate()
        return found
      }
    }
    return result
  }
}

extension [Double] {
  fileprivate mutating func negate() { for k in indices { self[k] = -self[k] } }
}

/// An objective of two variables on a grid.
package struct Landscape: Sendable {
  package var xRange: ClosedRange<Double>
  package var yRange: ClosedRange<Double>
  package var columns: Int
  /// Row-major, y upwards from the first row.
  package var values: [Double]
  package var names: (String, String)
}
