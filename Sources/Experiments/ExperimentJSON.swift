import Basics
import Diagnostics
import Training

/// Recorded experiments as JSON: an array of objects with `title`, `axis`, `series`, `directions` (down, up
/// or null, by series) and `rules`,
/// each rule with its `runs` (seed, steps, seconds, failure, x, and one array a series).
package enum ExperimentJSON {
  package static func text(_ experiments: [ExperimentHistory]) -> String {
    "[" + experiments.map { experiment($0).line }.joined(separator: ",\n") + "]"
  }

  private static func experiment(_ history: ExperimentHistory) -> JSONValue {
    .record([
      "title": .string(history.title), "axis": .string(history.axis),
      "series": .array(history.series.map { .string($0) }),
      "directions": .object(
        history.series.map { name in
          let direction =
            history.isMaximised && name == "loss" ? .up : Direction(ofSeries: name)
          return JSONMember(name, direction.map { .string($0.rawValue) } ?? .null)
        }),
      "rules": .array(
        history.rules.map {
          .record(["rule": .string($0.label), "runs": .array($0.runs.map(run))])
        }),
    ])
  }

  private static func run(_ run: RunHistory) -> JSONValue {
    func array(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
    let series = run.values.sorted { $0.key < $1.key }
    return .object(
      [
        JSONMember("seed", .number(Double(run.seed))), JSONMember("steps", .int(run.steps)),
        JSONMember("seconds", .number(run.seconds)),
        JSONMember("skipped", .int(run.skippedSteps)),
        JSONMember("reached", .bool(run.reachedTarget)),
        JSONMember("warnings", .array(run.warnings.map { .string($0.message) })),
        JSONMember("interrupted", .bool(run.wasInterrupted)),
        JSONMember("failure", run.failure.map { .string($0.message) } ?? .null),
        JSONMember("x", array(run.x)),
      ] + series.map { JSONMember($0.key, array($0.value)) })
  }
}
