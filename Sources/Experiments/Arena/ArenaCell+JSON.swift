import Basics

/// A line of the journal and back, each number as it was.
extension ArenaCell {
  package var json: JSONValue {
    .record([
      "rule": .int(rule), "task": .int(task), "knobs": .array(knobs.map { .string($0) }),
      "trials": .array(
        trials.map {
          .record([
            "values": Self.array($0.values), "reached": .bool($0.reached), "cost": .number($0.cost),
          ])
        }),
      "best": best.map(Self.array) ?? .null,
      "runs": .array(
        runs.map {
          .record([
            "seed": .int($0.seed), "steps": .int($0.steps), "reached": .bool($0.reached),
            "last": .number($0.last), "failure": Self.text($0.failure),
          ])
        }),
      "curve": curve.map {
        .record(["steps": Self.array($0.steps.map(Double.init)), "values": Self.array($0.values)])
      } ?? .null,
      "problem": Self.text(problem),
    ])
  }

  /// Nil for what is no such line.
  init?(_ json: JSONValue) {
    guard let rule = Self.count(json["rule"]), let task = Self.count(json["task"]),
      let knobs = json["knobs"]?.items, let trials = json["trials"]?.items,
      let runs = json["runs"]?.items
    else { return nil }
    self.init(rule: rule, task: task)
    for knob in knobs {
      guard let name = knob.text else { return nil }
      self.knobs.append(name)
    }
    for trial in trials {
      guard let values = Self.numbers(trial["values"]), case .bool(let reached)? = trial["reached"],
        let cost = trial["cost"]?.real
      else { return nil }
      self.trials.append(ArenaTrial(values: values, reached: reached, cost: cost))
    }
    if json["best"] != .null {
      guard let values = Self.numbers(json["best"]) else { return nil }
      best = values
    }
    for run in runs {
      guard let seed = Self.count(run["seed"]), let steps = Self.count(run["steps"]),
        case .bool(let reached)? = run["reached"], let last = run["last"]?.real
      else { return nil }
      self.runs.append(
        ArenaRun(
          seed: seed, steps: steps, reached: reached, last: last, failure: run["failure"]?.text))
    }
    if let curve = json["curve"], curve != .null {
      guard let steps = Self.numbers(curve["steps"]), let values = Self.numbers(curve["values"]),
        steps.count == values.count, steps.allSatisfy({ 0...1e12 ~= $0 })
      else { return nil }
      self.curve = ArenaCurve(steps: steps.map { Int($0) }, values: values)
    }
    problem = json["problem"]?.text
  }

  private static func array(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }

  private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

  private static func count(_ value: JSONValue?) -> Int? {
    value?.real.flatMap { 0...1e12 ~= $0 && $0 == $0.rounded() ? Int($0) : nil }
  }

  private static func numbers(_ value: JSONValue?) -> [Double]? {
    guard let items = value?.items else { return nil }
    let numbers = items.compactMap(\.real)
    return numbers.count == items.count ? numbers : nil
  }
}
