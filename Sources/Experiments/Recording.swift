import Basics
import Diagnostics
import IR
import Runtime

/// A run of a rule on numbers that are made up, for other people's implementations to be held to: `replay`
/// reads what it writes.
package struct Recording: Sendable {
  /// The lengths of named axes, of which the host decides.
  private static let axes = AxisLengths(batch: 4, groups: 2)

  package var trajectory: Trajectory
  package var rule: String
  package var hyperparameters: [(name: String, value: Double)]

  /// Runs a rule for so many steps, in float64 on the reference engine.
  ///
  /// The start, gradients, inputs, losses and draws are a function of `seed`. Gradients are normal numbers, of
  /// which some are 0 and some fifty times as large; they do not depend on the parameters. Throws what binding and
  /// stepping throw.
  package static func run(
    _ rule: Rule, dims: [Int], steps: Int, seed: UInt64
  ) throws(DiagnosticError) -> Recording {
    let optimizer = try Optimizer(
      rule, parameters: [ParameterSpec(name: "w", dims: dims)], engine: .reference,
      elementType: .float64, horizon: steps, axes: axes)
    var source = NumberSource(seed: seed)
    let count = Lengths.product(dims)
    let start = source.normals(count).map { 0.6 * $0 }
    let gradients = (0..<steps).map { _ in source.gradient(count) }
    var trajectory = Trajectory(
      name: rule.label, dims: dims, start: start, gradients: gradients,
      inputs: try inputs(of: optimizer, steps: steps, &source))
    if optimizer.needsLoss {
      trajectory.inputs["loss"] = .eachStep(
        (0..<steps).map { _ in [1 + abs(source.normals(1)[0])] })
    }
    for name in try oracles(of: optimizer) {
      trajectory.inputs[name.name] = .eachStep(
        (0..<steps).map { _ in source.normals(name.isGradient ? count : 1) })
    }
    let replay = try Replay.run(rule, on: trajectory, engine: .reference)
    trajectory.parameters = replay.walk
    let hypers = optimizer.hyperNames.map { ($0, optimizer.hyper($0) ?? .nan) }
    return Recording(trajectory: trajectory, rule: rule.label, hyperparameters: hypers)
  }

  /// What a rule is given beside gradients, and what it draws, by name.
  private static func inputs(
    of optimizer: Optimizer, steps: Int, _ source: inout NumberSource
  ) throws(DiagnosticError) -> [String: Trajectory.Recorded] {
    var result: [String: Trajectory.Recorded] = [:]
    let variant = optimizer.instance.module.variants[optimizer.variant(of: 0).index]
    for name in optimizer.inputNames(of: 0) {
      let size = Lengths.product(optimizer.inputShape(name, of: 0) ?? [])
      result[name] = .eachStep((0..<steps).map { _ in source.normals(size) })
    }
    let hypers = optimizer.hyperNames.map { optimizer.hyper($0) ?? .nan }
    let dims = optimizer.parameters[0].dims
    let context = BindContext(dims: dims, hypers: hypers, axes: axes)
    for (function, isFirst) in [(variant.initial, true), (variant.update, false)] {
      for instruction in function.instructions where instruction.operation == .draw {
        let draw = function.draws[Int(instruction.attribute)]
        let shape = try function.concreteShape(
          instruction.type.shape, context, at: .none)
        let size = draw.isGlobal ? 1 : shape.elementCount
        if isFirst {
          result[draw.name] = .once(source.draws(draw.distribution, size))
        } else {
          result[draw.name] = .eachStep(
            (0..<steps).map { _ in source.draws(draw.distribution, size) })
        }
      }
    }
    return result
  }

  /// The equations that ask the objective at another point.
  private static func oracles(
    of optimizer: Optimizer
  ) throws(DiagnosticError) -> [(name: String, isGradient: Bool)] {
    let module = optimizer.instance.module
    let variant = module.variants[optimizer.variant(of: 0).index]
    var found: [(name: String, isGradient: Bool)] = []
    for instruction in variant.update.instructions
    where instruction.operation == .lossAt || instruction.operation == .gradientAt {
      let name = module.globalSites[Int(instruction.attribute)]
      found.append((name, instruction.operation == .gradientAt))
    }
    return found
  }

  /// The record as JSON, in the form of the files that `replay` reads.
  package var json: JSONValue {
    var inputs: [JSONMember] = []
    for (name, recorded) in trajectory.inputs.sorted(by: { $0.key < $1.key }) {
      switch recorded {
      case .once(let values): inputs.append(JSONMember(name, Self.array(values)))
      case .eachStep(let steps):
        inputs.append(JSONMember(name, .array(steps.map { $0.map(Self.array) ?? .null })))
      }
    }
    return .record([
      "name": .string(rule), "source": .string("ravine record"),
      "hyperparameters": .object(hyperparameters.map { JSONMember($0.name, .number($0.value)) }),
      "dtype": .string("float64"), "shape": .array(trajectory.dims.map { .int($0) }),
      "steps": .int(trajectory.steps), "p0": Self.array(trajectory.start),
      "gradients": .array(trajectory.gradients.map(Self.array)), "inputs": .object(inputs),
      "parameters": .array(trajectory.parameters.map(Self.array)),
    ])
  }

  private static func array(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
}

/// Numbers one after the other, of a seed.
private struct NumberSource {
  private let random: CounterRandom
  private var next: UInt64 = 0

  init(seed: UInt64) {
    random = CounterRandom(
      seed: seed, step: 0, tensor: CounterRandom.globalTensor, site: CounterRandom.hostSites + 2)
  }

  private mutating func place() -> UInt64 {
    next += 1
    return next
  }

  mutating func normals(_ count: Int) -> [Double] {
    (0..<count).map { _ in random.normal(place()) }
  }

  /// Normal numbers, one of twenty 0 and one of fifty far larger.
  mutating func gradient(_ count: Int) -> [Double] {
    (0..<count).map { _ in
      let x = random.normal(place())
      let kind = random.uniform(place())
      return kind < 0.05 ? 0 : kind < 0.07 ? 50 * x : x
    }
  }

  mutating func draws(_ distribution: Distribution, _ count: Int) -> [Double] {
    (0..<count).map { _ in
      switch distribution {
      case .normal: random.normal(place())
      case .uniform: random.uniform(place())
      case .rademacher: random.rademacher(place())
      case .exponential: random.exponential(place())
      case .bernoulli: random.bernoulli(place(), 0.5)
      }
    }
  }
}
