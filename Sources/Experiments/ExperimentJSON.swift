import Basics
import Diagnostics
import Training

/// Recorded experiments as JSON: an array of objects with `ravine` (the version), `title`, `axis`, `settings`, `series`,
/// `loop` (the series of the loop itself), `directions` (down, up or null, by series) and `rules`, each rule with its
/// `runs`: seed, steps, seconds, failure, x, one array a series, `end` (the parameters at the end, one array a tensor)
/// and `path`, the parameters at each x where they are three numbers at most.
package enum ExperimentJSON {
  package static func text(_ experiments: [ExperimentHistory]) -> String {
    "[" + experiments.map { experiment($0).line }.joined(separator: ",\n") + "]"
  }

  private static func experiment(_ history: ExperimentHistory) -> JSONValue {
    .record([
      "ravine": .string("\(Version.text)"), "title": .string(history.title),
      "axis": .string(history.axis), "settings": settings(history),
      "series": .array(history.series.map { .string($0) }),
      "loop": .array(history.loopSeries.map { .string($0) }),
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

  /// What the clauses said, with what they leave to Ravine.
  private static func settings(_ history: ExperimentHistory) -> JSONValue {
    let settings = history.settings
    func count(_ value: Int?) -> JSONValue { value.map { .int($0) } ?? .null }
    return .record([
      "epochs": count(settings.epochs), "steps": .int(history.planned),
      "batch": count(settings.batch), "workers": .int(settings.workers),
      "delay": .int(settings.delay),
      "seeds": .array(settings.seeds.map { .number(Double($0)) }),
      "until": settings.target.map { .string($0.text) } ?? .null,
      "from": settings.start.map {
        $0.file.map { .string($0.path) } ?? .array($0.values.map { .number($0) })
      } ?? .null,
      "save": settings.saving.map { .string($0.path) } ?? .null,
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
        JSONMember("end", .array(run.parameters.map(array))),
        JSONMember("path", run.points.isEmpty ? .null : .array(run.points.map(array))),
        JSONMember("x", array(run.x)),
      ] + series.map { JSONMember($0.key, array($0.value)) })
  }
}
