import Basics
import Checkpoints
import Diagnostics
import Files

/// What was recorded, in a file: counts and texts as JSON, curves as arrays. What was said of a run stands there without
/// its places in the source, which another process may have elsewhere.
extension RunHistory {
  /// `name` is that of the run in the file.
  func kept(as name: String, _ numbers: KeptNumbers) -> JSONValue {
    numbers.add("\(name)/x", x)
    var series: [JSONMember] = []
    for (key, values) in values.sorted(by: { $0.key < $1.key }) {
      numbers.add("\(name)/series/\(key)", values)
      series.append(JSONMember(key, .int(values.count)))
    }
    numbers.add("\(name)/points", points.flatMap { $0 })
    for (k, values) in parameters.enumerated() { numbers.add("\(name)/end/\(k)", values) }
    return .record([
      "seed": .string(String(seed)), "steps": .int(steps), "reached": .bool(reachedTarget),
      "seconds": .number(seconds), "skipped": .int(skippedSteps), "x": .int(x.count),
      "series": .object(series), "points": .array(points.map { .int($0.count) }),
      "end": .array(parameters.map { .int($0.count) }),
      "warnings": .array(warnings.map(\.kept)), "failure": failure?.kept ?? .null,
    ])
  }

  /// Nil where a part is missing or is not what it should be.
  init?(_ json: JSONValue, _ name: String, of checkpoint: Checkpoint) {
    func array(_ key: String, _ count: Int?) -> [Double]? {
      count.flatMap { KeptNumbers.read("\(name)/\(key)", $0, of: checkpoint) }
    }
    guard let seed = json["seed"]?.text.flatMap({ UInt64($0) }), let steps = json.count("steps"),
      let skipped = json.count("skipped"), let seconds = json["seconds"]?.real,
      case .bool(let reached) = json["reached"], let x = array("x", json.count("x")),
      case .object(let series) = json["series"],
      let widths = json["points"]?.items?.map(\.count), let ends = json["end"]?.items?.map(\.count),
      let warnings = json["warnings"]?.items?.map(Diagnostic.init(kept:))
    else { return nil }
    self.init(seed: seed)
    (self.steps, skippedSteps, self.seconds, reachedTarget) = (steps, skipped, seconds, reached)
    self.x = x
    for member in series {
      guard let values = array("series/\(member.key)", member.value.count) else { return nil }
      self.values[member.key] = values
    }
    var sum = 0
    for width in widths {
      guard let width, width <= 3 else { return nil }
      sum += width
    }
    guard var rest = array("points", sum)?[...] else { return nil }
    for width in widths {
      points.append(Array(rest.prefix(width!)))
      rest = rest.dropFirst(width!)
    }
    for (k, count) in ends.enumerated() {
      guard let values = array("end/\(k)", count) else { return nil }
      parameters.append(values)
    }
    for warning in warnings {
      guard let warning else { return nil }
      self.warnings.append(warning)
    }
    if let said = json["failure"], said != .null {
      guard let failure = Diagnostic(kept: said) else { return nil }
      self.failure = failure
    }
  }
}

extension Diagnostic {
  var kept: JSONValue {
    .record([
      "code": .int(code.rawValue), "severity": .int(severity.rawValue),
      "message": .string(message), "notes": .array(notes.map { .string($0.message) }),
    ])
  }

  init?(kept json: JSONValue) {
    guard let code = json.count("code").flatMap(DiagnosticCode.init(rawValue:)),
      let severity = json.count("severity").flatMap(Severity.init(rawValue:)),
      let message = json["message"]?.text, let notes = json["notes"]?.items
    else { return nil }
    self.init(
      code, severity, printable(message, limit: 2_000), at: .none,
      notes: notes.map { Note(printable($0.text ?? "", limit: 2_000)) })
  }
}

extension JSONValue {
  /// A whole number from 0 up that is a number of steps, entries or the like.
  var count: Int? {
    guard case .number(let x) = self, x >= 0, x <= 0x1p53 else { return nil }
    return Int(exactly: x)
  }

  func count(_ key: String) -> Int? { self[key]?.count }
}
