import Basics
import Diagnostics
import IR
import Semantics
import Syntax

/// A recorded run of an optimizer: what it was given and what it made of it, in float64.
///
/// A JSON object with `shape`, `p0`, `gradients[steps][…]`, `parameters[steps][…]` (after each step)
/// and, where the rule needs more, `inputs` (by name; one entry a step, or one for all steps).
package struct Trajectory: Sendable {
  /// Numbers recorded under a name.
  package enum Recorded: Sendable {
    /// One array for each step; nil where nothing was recorded.
    case eachStep([[Double]?])
    case once([Double])
  }

  package struct Tolerance: Hashable, Sendable {
    package var relative: Double
    package var absolute: Double
    package init(relative: Double, absolute: Double) {
      self.relative = relative
      self.absolute = absolute
    }

    /// Whether `value` may stand for the recorded `expected`.
    package func accepts(_ value: Double, _ expected: Double) -> Bool {
      if value == expected || value.isNaN && expected.isNaN { return true }
      // Infinity times the relative tolerance would accept everything.
      return expected.isFinite && abs(value - expected) <= absolute + relative * abs(expected)
    }
  }

  package var name: String
  package var dims: [Int]
  package var start: [Double]
  package var gradients: [[Double]]
  /// After each step.
  package var parameters: [[Double]]
  package var inputs: [String: Recorded]
  /// What the recorder advises for float64.
  package var tolerance: Tolerance?

  package var steps: Int { gradients.count }
  package var count: Int { Lengths.product(dims) }

  /// What a rule is to be run on; the parameters after the steps come with the run.
  init(
    name: String, dims: [Int], start: [Double], gradients: [[Double]],
    inputs: [String: Recorded]
  ) {
    self.name = name
    self.dims = dims
    self.start = start
    self.gradients = gradients
    parameters = gradients
    self.inputs = inputs
  }

  /// Reads a trajectory. Throws R0760 (not JSON), R0761 (a member is missing or of another kind) and
  /// R0762 (an array of another length); `path` names the file in messages.
  package init(bytes: [UInt8], path: String) throws(DiagnosticError) {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONReader.parse(bytes)
    } catch {
      throw DiagnosticError(.notJSON(path, error))
    }
    try self.init(json, path: path)
  }

  private init(_ json: JSONValue, path: String) throws(DiagnosticError) {
    let reader = TrajectoryReader(path: path)
    guard case .object = json else { throw reader.wrongKind("the file", "an object") }
    name = json["name"]?.text ?? path
    let extents = try reader.numbers(json, "shape")
    guard extents.count <= 8, extents.allSatisfy({ $0 >= 0 && $0 <= 1e9 && $0 == $0.rounded() })
    else { throw reader.wrongKind("`shape`", "a list of up to 8 lengths") }
    dims = extents.map { Int($0) }
    let size = extents.reduce(1, *)
    guard size <= 1e8 else { throw reader.wrongKind("`shape`", "a tensor of at most 10⁸ numbers") }
    let count = Int(size)
    start = try reader.numbers(json, "p0")
    try reader.require(start.count, count, "`p0`")
    gradients = try reader.steps(json, "gradients", count)
    if gradients.isEmpty { throw reader.wrongKind("`gradients`", "an array of at least one step") }
    parameters = try reader.steps(json, "parameters", count)
    try reader.require(parameters.count, gradients.count, "`parameters`", "steps")
    var inputs: [String: Recorded] = [:]
    if case .object(let members)? = json["inputs"] {
      for member in members {
        if let recorded = Self.recorded(member.value, steps: gradients.count) {
          inputs[member.key] = recorded
        }
      }
    }
    self.inputs = inputs
    if let relative = json["recommended_tolerance"]?["rel"]?.real,
      let absolute = json["recommended_tolerance"]?["abs"]?.real
    {
      tolerance = Tolerance(relative: relative, absolute: absolute)
    }
  }

  /// Anything that is not numbers is kept out: a rule that needs it is told so.
  private static func recorded(_ value: JSONValue, steps: Int) -> Recorded? {
    guard let items = value.items else { return value.real.map { .once([$0]) } }
    if items.count == steps {
      let each = items.map { $0 == .null ? [] : TrajectoryReader.flat($0) }
      if each.allSatisfy({ $0 != nil }) {
        return .eachStep(zip(each, items).map { $1 == .null ? nil : $0 })
      }
    }
    return TrajectoryReader.flat(value).map { .once($0) }
  }

  /// What is recorded under a name or another spelling of it.
  func input(_ name: String) -> Recorded? {
    if let exact = inputs[name] { return exact }
    let key = Name(name).key
    return inputs.filter { Name($0.key).key == key }.min { $0.key < $1.key }?.value
  }

  /// The `count` numbers recorded for a step (from 0); nil where they do not fit.
  static func values(_ recorded: Recorded, step: Int, count: Int) -> [Double]? {
    switch recorded {
    case .once(let values): return values.count == count ? values : nil
    case .eachStep(let steps):
      guard step < steps.count else { return nil }
      // Nothing recorded: the rule was given nothing, and zeros say that.
      guard let values = steps[step] else { return [Double](repeating: 0, count: count) }
      if values.count == count { return values }
      let all = steps.compactMap { $0 }
      return all.allSatisfy({ $0.count == 1 }) && all.count == count ? all.map { $0[0] } : nil
    }
  }
}

/// Takes members out of a trajectory's JSON.
private struct TrajectoryReader {
  let path: String

  func wrongKind(_ what: String, _ wanted: String) -> DiagnosticError {
    DiagnosticError(.wrongMember(path, what, wanted))
  }

  func require(
    _ count: Int, _ wanted: Int, _ what: String, _ unit: String = "numbers"
  ) throws(DiagnosticError) {
    guard count != wanted else { return }
    throw DiagnosticError(.recordedLength(path, what, count, unit, wanted))
  }

  func member(_ json: JSONValue, _ name: String) throws(DiagnosticError) -> JSONValue {
    guard let value = json[name] else {
      throw DiagnosticError(.missingMember(path, name))
    }
    return value
  }

  func numbers(_ json: JSONValue, _ name: String) throws(DiagnosticError) -> [Double] {
    guard let numbers = Self.flat(try member(json, name)) else {
      throw wrongKind("`\(name)`", "an array of numbers")
    }
    return numbers
  }

  func steps(
    _ json: JSONValue, _ name: String, _ count: Int
  ) throws(DiagnosticError) -> [[Double]] {
    guard let items = try member(json, name).items else {
      throw wrongKind("`\(name)`", "an array with one entry a step")
    }
    var result: [[Double]] = []
    for (step, item) in items.enumerated() {
      guard let numbers = Self.flat(item) else {
        throw wrongKind("`\(name)` of step \(step + 1)", "an array of numbers")
      }
      try require(numbers.count, count, "`\(name)` of step \(step + 1)")
      result.append(numbers)
    }
    return result
  }

  /// All numbers of nested arrays in row order; nil where something is no number.
  static func flat(_ value: JSONValue) -> [Double]? {
    if let x = value.real { return [x] }
    guard let items = value.items else { return nil }
    var result: [Double] = []
    for item in items {
      guard let inner = flat(item) else { return nil }
      result += inner
    }
    return result
  }
}
