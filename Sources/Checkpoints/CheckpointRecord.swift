import Basics
import Diagnostics
import Files
import IR
import Runtime

/// What a checkpoint says about its optimizer in words and numbers: the metadata of the file.
struct CheckpointRecord {
  static let runKey = "run"

  var label: String
  var source: String
  /// What the rule computes, whatever its values.
  var structure: String
  /// What it computes, with the values that its hyperparameters are bound to.
  var identity: String
  var element: String
  var axes: AxisLengths
  var parameters: [(name: String, shape: [Int])]
  /// By tensor, in order: the states with their storage.
  var storage: [[String]]
  var clock: StepClock

  init(_ optimizer: Optimizer, source: String) {
    let rule = optimizer.bound.rule
    label = rule.label
    self.source = source
    structure = rule.module.structureDigest.description
    identity = rule.module.identityDigest().description
    element = optimizer.elementType.safetensorsName
    axes = optimizer.axes
    parameters = optimizer.parameters.map { ($0.name, $0.dims) }
    storage = parameters.indices.map { k in
      optimizer.stateNames(of: k).map { "\($0): \(optimizer.stateStorage($0, of: k) ?? "")" }
    }
    clock = optimizer.clock
  }

  // MARK: As text

  func metadata(run: String?) -> KeyValuePairs<String, String> {
    let values = JSONValue.object(
      clock.hypers.map {
        JSONMember($0.name, .record(["value": .number($0.value), "set": .bool($0.isSet)]))
      })
    let tensors = JSONValue.array(
      zip(parameters, storage).map { parameter, states in
        .record([
          "name": .string(parameter.name), "shape": .array(parameter.shape.map { .int($0) }),
          "states": .array(states.map { .string($0) }),
        ])
      })
    return [
      "format": "ravine \(Checkpoint.version)", "rule": label, "source": source,
      "structure": structure, "identity": identity, "element": element,
      "step": String(clock.stepCount), "skipped": String(clock.skippedSteps),
      "seed": String(clock.seed), "horizon": String(clock.horizon),
      "batch": axes.batch.map(String.init) ?? "", "groups": axes.groups.map(String.init) ?? "",
      "workers": String(axes.workers), "hyperparameters": values.line, "parameters": tensors.line,
      Self.runKey: run ?? "",
    ]
  }

  /// Reads them. Throws R0770 where one is missing or is not what it should be, R0772 for a later layout.
  init(_ file: Safetensors, path: String) throws(DiagnosticError) {
    func text(_ key: String) throws(DiagnosticError) -> String {
      guard let text = file[metadata: key] else {
        throw DiagnosticError(.notACheckpoint(path, "its metadata have no `\(key)`"))
      }
      return text
    }
    func wrong(_ key: String) -> DiagnosticError {
      DiagnosticError(.notACheckpoint(path, "its `\(key)` is not what it should be"))
    }
    func number<T: FixedWidthInteger>(_ key: String, _: T.Type = T.self) throws(DiagnosticError)
      -> T
    {
      guard let number = T(try text(key)), number >= 0 else { throw wrong(key) }
      return number
    }
    // Beyond, the t of a schedule could not count them.
    func count(_ key: String) throws(DiagnosticError) -> Int {
      let number = try number(key, Int.self)
      guard number <= 1 << 53 else { throw wrong(key) }
      return number
    }
    func json(_ key: String) throws(DiagnosticError) -> JSONValue {
      let bytes = Array(try text(key).utf8)
      do throws(JSONError) {
        return try JSONReader.parse(bytes)
      } catch {
        throw wrong(key)
      }
    }

    guard let format = file[metadata: "format"], format.hasPrefix("ravine "),
      let version = Int(format.dropFirst(7))
    else {
      throw DiagnosticError(.notACheckpoint(path, "it is a safetensors file of something else"))
    }
    guard version <= Checkpoint.version else {
      throw DiagnosticError(.laterCheckpoint(path, version, known: Checkpoint.version))
    }
    label = try text("rule")
    source = try text("source")
    structure = try text("structure")
    identity = try text("identity")
    element = try text("element")
    axes = AxisLengths(
      batch: file[metadata: "batch"].flatMap { Int($0) },
      groups: file[metadata: "groups"].flatMap { Int($0) }, workers: try number("workers"))
    guard case .object(let values) = try json("hyperparameters") else {
      throw wrong("hyperparameters")
    }
    var hypers: [StepClock.Hyper] = []
    for value in values {
      guard let x = value.value["value"]?.real, case .bool(let isSet) = value.value["set"] else {
        throw wrong("hyperparameters")
      }
      hypers.append(StepClock.Hyper(name: value.key, value: x, isSet: isSet))
    }
    guard let tensors = try json("parameters").items else { throw wrong("parameters") }
    parameters = []
    storage = []
    for tensor in tensors {
      guard let name = tensor["name"]?.text, let lengths = tensor["shape"]?.items,
        let states = tensor["states"]?.items
      else { throw wrong("parameters") }
      let shape = lengths.compactMap { $0.real.flatMap(Int.init(exactly:)) }
      let kept = states.compactMap(\.text)
      guard shape.count == lengths.count, kept.count == states.count else {
        throw wrong("parameters")
      }
      parameters.append((name, shape))
      storage.append(kept)
    }
    clock = StepClock(
      stepCount: try count("step"), skippedSteps: try count("skipped"), seed: try number("seed"),
      horizon: try count("horizon"), hypers: hypers)
  }

  // MARK: Differences

  /// Why an optimizer cannot go on from here, in words; empty where it can.
  func differences(from here: CheckpointRecord) -> [String] {
    var found: [String] = []
    if element != here.element {
      found.append("its parameters are of \(printable(element)), and those here of \(here.element)")
    }
    if axes != here.axes { found.append("its batch, groups or workers are others") }
    let names = Set(parameters.map(\.name))
    let own = Set(here.parameters.map(\.name))
    found += parameters.filter { !own.contains($0.name) }.map {
      "it has a parameter `\(printable($0.name))`, which is not here"
    }
    found += here.parameters.filter { !names.contains($0.name) }.map {
      "it has no parameter `\(printable($0.name))`"
    }
    guard found.isEmpty else { return found }
    guard parameters.map(\.name) == here.parameters.map(\.name) else {
      return ["its parameters stand in another order, which the numbers that are drawn depend on"]
    }
    for (k, parameter) in parameters.enumerated() where parameter.shape != here.parameters[k].shape
    {
      found.append(
        "the parameter `\(printable(parameter.name))` is \(Self.text(parameter.shape)) there and "
          + "\(Self.text(here.parameters[k].shape)) here")
    }
    for (k, states) in storage.enumerated() where states != here.storage[k] {
      found.append(
        "the states of `\(printable(parameters[k].name))` are \(Self.list(states)) there and "
          + "\(Self.list(here.storage[k])) here")
    }
    if found.isEmpty, structure != here.structure {
      found.append(
        "its rule `\(printable(label, limit: 100))` has other equations than "
          + "`\(printable(here.label, limit: 100))`")
    }
    return found
  }

  private static func text(_ shape: [Int]) -> String {
    shape.isEmpty ? "one number" : shape.map(String.init).joined(separator: "×")
  }

  private static func list(_ states: [String]) -> String {
    states.isEmpty ? "none" : states.map { printable($0, limit: 60) }.joined(separator: ", ")
  }
}
