import Basics
import Runtime

/// What `Rounds` found, as a table of at most 80 columns and as JSON.
package struct BenchReport {
  package let subjects: [Subject]

  private let hasTimes: Bool

  /// Subjects that have been measured at least once; `firstStepsOnly`: what the first step tells.
  package init(_ subjects: [Subject], firstStepsOnly: Bool = false) {
    hasTimes = !firstStepsOnly
    self.subjects = subjects.filter { firstStepsOnly || !$0.seconds.isEmpty }
  }

  // MARK: Text

  package var text: String {
    var rules: [String] = []
    for subject in subjects where !rules.contains(subject.label.rule) {
      rules.append(subject.label.rule)
    }
    return rules.map { rule in
      let own = subjects.filter { $0.label.rule == rule }
      let times = hasTimes ? [Self.times(own)] : []
      return rule + "\n" + (times + [Self.amounts(own)]).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private static func name(_ subject: Subject) -> [String] {
    let label = subject.label
    return [label.size, "\(label.threads)", label.engine, label.type]
  }

  private static func times(_ subjects: [Subject]) -> String {
    var table = TextTable(
      header: ["size", "thr", "engine", "type", "ns/elem", "spread", "step", "GB/s", "stream"])
    for subject in subjects {
      let time = Spread(subject.seconds)
      let each = time.scaled(by: 1e9 / Double(max(subject.elements, 1)))
      let spread = (each.high - each.low) / (2 * each.median)
      table.append(
        name(subject) + [
          NumberText.fixed(each.median, decimals: 3), "\(Int((100 * spread).rounded())) %",
          duration(time.median),
          subject.rate.map { NumberText.fixed($0 / 1e9, decimals: 1) } ?? "-",
          subject.streamShare.map { "\(Int((100 * $0).rounded())) %" } ?? "-",
        ])
    }
    return table.render()
  }

  private static func amounts(_ subjects: [Subject]) -> String {
    let shown = subjects.filter { $0.memory != nil }
    if shown.isEmpty { return "" }
    var table = TextTable(
      header: [
        "size", "thr", "engine", "type", "B/elem", "stated", "peak MiB", "declared", "first",
      ])
    for subject in shown {
      let count = Double(max(subject.elements, 1))
      table.append(
        name(subject) + [
          subject.traffic.map { number($0.bytes / count) + ($0.isComplete ? "" : "+") } ?? "-",
          subject.predictedBytes.map { number($0 / count) } ?? "-",
          subject.memory?.peak.map(size) ?? "-", subject.memory.map { size($0.declared) } ?? "-",
          subject.first.map { duration($0.seconds) + ($0.isCold ? " cold" : "") } ?? "-",
        ])
    }
    return table.render()
  }

  private static func number(_ x: Double) -> String { NumberText.significant(x, digits: 3) }

  private static func duration(_ seconds: Double) -> String {
    for (unit, factor) in [("s", 1.0), ("ms", 1e3), ("us", 1e6)] where seconds * factor >= 1 {
      return "\(number(seconds * factor)) \(unit)"
    }
    return "\(number(seconds * 1e9)) ns"
  }

  private static func size(_ bytes: Int) -> String {
    NumberText.fixed(Double(bytes) / 1_048_576, decimals: 1)
  }

  // MARK: JSON

  package var json: JSONValue { .record(["cases": .array(subjects.map(Self.json))]) }

  private static func json(_ subject: Subject) -> JSONValue {
    let time = Spread(subject.seconds)
    let count = Double(max(subject.elements, 1))
    func optional(_ x: Double?) -> JSONValue { x.map { .number($0) } ?? .null }
    return .record([
      "rule": .string(subject.label.rule), "size": .string(subject.label.size),
      "elements": .int(subject.elements), "tensors": .int(subject.tensorCount),
      "threads": .int(subject.label.threads), "engine": .string(subject.label.engine),
      "type": .string(subject.label.type), "rounds": .int(subject.seconds.count),
      "ns_per_element": spread(time.scaled(by: 1e9 / count)),
      "ns_per_step": spread(time.scaled(by: 1e9)),
      "gb_per_s": optional(subject.rate.map { $0 / 1e9 }),
      "stream_gb_per_s": optional(subject.streamRate.map { $0 / 1e9 }),
      "stream_share": optional(subject.streamShare),
      "bytes_moved": optional(subject.traffic?.bytes),
      "bytes_moved_is_all": subject.traffic.map { .bool($0.isComplete) } ?? .null,
      "bytes_stated": optional(subject.predictedBytes),
      "memory": subject.memory.map(memory) ?? .null,
      "first_step": subject.first.map(first) ?? .null,
      "passes": .int(subject.passCount.all), "compiled_passes": .int(subject.passCount.compiled),
      "seconds": .array(subject.seconds.map { .number($0) }),
      "stream_seconds": .array(subject.streamSeconds.map { .number($0) }),
    ])
  }

  private static func spread(_ x: Spread) -> JSONValue {
    .record(["low": .number(x.low), "median": .number(x.median), "high": .number(x.high)])
  }

  private static func memory(_ memory: Subject.Memory) -> JSONValue {
    .record([
      "peak": memory.peak.map { .int($0) } ?? .null, "parameters": .int(memory.parameters),
      "gradients": .int(memory.gradients), "states": .int(memory.states),
    ])
  }

  private static func first(_ first: Subject.FirstStep) -> JSONValue {
    .record([
      "seconds": .number(first.seconds), "binding": .number(first.binding),
      "computing": .number(first.computing), "cold": .bool(first.isCold),
    ])
  }
}

extension Subject {
  /// Bytes a second that the passes move.
  package var rate: Double? {
    guard let traffic, traffic.isComplete, traffic.bytes > 0 else { return nil }
    return traffic.bytes / Spread(seconds).median
  }

  /// Bytes a second of a stream of the same shape.
  package var streamRate: Double? {
    guard let traffic, !streamSeconds.isEmpty else { return nil }
    return traffic.bytes / Spread(streamSeconds).median
  }

  /// The stream's time over the step's.
  package var streamShare: Double? {
    streamSeconds.isEmpty ? nil : Spread.ratio(streamSeconds, to: seconds).median
  }
}
