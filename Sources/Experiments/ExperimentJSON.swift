import Diagnostics
import Training

/// Recorded experiments as JSON: an array of objects with `title`, `axis`, `series` and `rules`,
/// each rule with its `runs` (seed, steps, seconds, failure, x, and one array a series).
package enum ExperimentJSON {
  package static func text(_ experiments: [ExperimentHistory]) -> String {
    "[" + experiments.map(experiment).joined(separator: ",\n") + "]"
  }

  private static func experiment(_ history: ExperimentHistory) -> String {
    let rules = history.rules.map { rule in
      "{\"rule\": \(string(rule.label)), \"runs\": [\(rule.runs.map(run).joined(separator: ", "))]}"
    }
    return "{\"title\": \(string(history.title)), \"axis\": \(string(history.axis)), "
      + "\"series\": [\(history.series.map(string).joined(separator: ", "))], "
      + "\"rules\": [\(rules.joined(separator: ",\n"))]}"
  }

  private static func run(_ run: RunHistory) -> String {
    var fields = [
      "\"seed\": \(run.seed)", "\"steps\": \(run.steps)", "\"seconds\": \(number(run.seconds))",
      "\"interrupted\": \(run.wasInterrupted)",
      "\"failure\": \(run.failure.map { string($0.message) } ?? "null")",
      "\"x\": \(array(run.x))",
    ]
    for (name, values) in run.values.sorted(by: { $0.key < $1.key }) {
      fields.append("\(string(name)): \(array(values))")
    }
    return "{\(fields.joined(separator: ", "))}"
  }

  private static func array(_ values: [Double]) -> String {
    "[\(values.map(number).joined(separator: ", "))]"
  }

  /// JSON has no NaN and no infinities.
  private static func number(_ x: Double) -> String { x.isFinite ? "\(x)" : "null" }

  private static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
