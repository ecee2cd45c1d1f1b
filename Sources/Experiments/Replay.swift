import Diagnostics
import IR
import Laboratory
import Runtime
import Semantics

/// Feeds a recorded run through a rule and compares what comes out: how a port is checked.
package struct Replay: Sendable {
  /// One number of the recorded parameters that the rule does not reproduce.
  package struct Difference: Hashable, Sendable {
    /// From 1.
    package var step: Int
    /// Position in row order, from 0.
    package var element: Int
    package var computed: Double
    package var recorded: Double
  }

  package struct State: Sendable {
    package var name: String
    package var shape: [Int]
    package var values: [Double]
  }

  package var rule: String
  package var trajectory: String
  package var dims: [Int]
  package var steps: Int
  package var tolerance: Trajectory.Tolerance
  /// Over all steps and elements.
  package var largestAbsolute: Double
  /// Of |computed - recorded| / |recorded|, where the recorded number is not 0.
  package var largestRelative: Double
  package var firstOutside: Difference?
  /// How many numbers of how many lie outside of the tolerance.
  package var outsideCount: Int
  /// After the last step.
  package var states: [State]
  package var parameters: [Double]
  /// The parameters after each step.
  var walk: [[Double]] = []
  /// Recorded inputs that the rule never asked for.
  package var unused: [String]
  package var skippedSteps = 0
  /// What went on and may not be meant.
  package var warnings: [Diagnostic] = []

  package var holds: Bool { firstOutside == nil }

  /// Runs `rule` on the recorded start, gradients, inputs, losses and draws.
  ///
  /// Inputs and random draws are matched by name, a draw by the name of the equation that draws. An
  /// input with a named axis may be recorded entry by entry (`G0`, `G1`, …), and the gradients of
  /// several workers are `gradients_worker0`, `gradients_worker1`, ….
  /// `tolerance` nil: the record's own in float64; 1e-4 relative in float32, with 1e-6 of the largest
  /// recorded number for those near 0. Throws R0763 for an input that the record lacks, R0810 for
  /// the objective at another point where it lacks that, R0762 for one
  /// of another length, and what binding and stepping throw.
  package static func run(
    _ rule: Rule, on trajectory: Trajectory, engine: EngineKind = .interpreter,
    elementType: ElementType = .float64, tolerance: Trajectory.Tolerance? = nil,
    compiler: (any SegmentCompiler)? = nil
  ) throws(DiagnosticError) -> Replay {
    let axes = trajectory.axes(of: rule.module)
    let optimizer = try Optimizer(
      rule, parameters: [ParameterSpec(name: "w", dims: trajectory.dims)], engine: engine,
      elementType: elementType, horizon: trajectory.steps, compiler: compiler, axes: axes)
    let feed = try ReplayFeed(trajectory, optimizer)
    try feed.giveFirst(to: optimizer)
    let parameters = NumberBuffer(trajectory.start, elementType)
    let gradients = NumberBuffer(
      try trajectory.gradients(0, workers: axes.workers), elementType)
    optimizer.bind(
      parameters: [parameters.bytes], gradients: [UnsafeRawPointer(gradients.bytes)])
    try optimizer.initialise()
    let watch = RunWatch(optimizer)

    let wanted = tolerance ?? Self.defaultTolerance(trajectory, elementType)
    var result = Replay(
      rule: rule.label, trajectory: trajectory.name, dims: trajectory.dims,
      steps: trajectory.steps, tolerance: wanted, largestAbsolute: 0, largestRelative: 0,
      firstOutside: nil, outsideCount: 0, states: [], parameters: [], unused: feed.unused)
    for step in 0..<trajectory.steps {
      gradients.store(try trajectory.gradients(step, workers: axes.workers))
      try feed.give(step, to: optimizer)
      try optimizer.step(
        loss: feed.loss(step),
        oracle: { [unowned optimizer] (_, gradients) throws(DiagnosticError) -> Double in
          let recorded = try feed.answer(step, optimizer, isGradient: gradients != nil)
          if let gradients { NumberBuffer.store(recorded, elementType, gradients[0]) }
          return recorded.first ?? .nan
        })
      watch.look()
      let now = parameters.load()
      result.walk.append(now)
      result.compare(now, trajectory.parameters[step], step: step + 1)
    }
    result.parameters = parameters.load()
    result.skippedSteps = optimizer.skippedSteps
    result.warnings = watch.findings()
    for name in optimizer.stateNames(of: 0) {
      result.states.append(
        State(
          name: name, shape: optimizer.stateShape(name, of: 0) ?? [],
          values: optimizer.state(name, of: 0) ?? []))
    }
    return result
  }

  private static func defaultTolerance(
    _ trajectory: Trajectory, _ elementType: ElementType
  ) -> Trajectory.Tolerance {
    if elementType == .float64 {
      return trajectory.tolerance ?? Trajectory.Tolerance(relative: 1e-11, absolute: 1e-14)
    }
    let all = [trajectory.start] + trajectory.parameters
    let largest = all.joined().filter(\.isFinite).map(abs).max() ?? 0
    // Sixteen bits: some roundings of the numbers themselves.
    switch elementType {
    case .bfloat16: return Trajectory.Tolerance(relative: 0.05, absolute: 0.02 * largest)
    case .float16: return Trajectory.Tolerance(relative: 0.01, absolute: 2e-3 * largest)
    default: return Trajectory.Tolerance(relative: 1e-4, absolute: 1e-6 * largest)
    }
  }

  private mutating func compare(_ computed: [Double], _ recorded: [Double], step: Int) {
    for (element, (x, y)) in zip(computed, recorded).enumerated() {
      if x == y || x.isNaN && y.isNaN { continue }
      let difference = abs(x - y)
      // A NaN on one side is as far as can be.
      largestAbsolute = max(largestAbsolute, difference.isNaN ? .infinity : difference)
      if y != 0 {
        let relative = difference / abs(y)
        largestRelative = max(largestRelative, relative.isNaN ? .infinity : relative)
      }
      if tolerance.accepts(x, y) { continue }
      outsideCount += 1
      if firstOutside == nil {
        firstOutside = Difference(step: step, element: element, computed: x, recorded: y)
      }
    }
  }
}

/// What a rule is given at each step besides the gradient.
private struct ReplayFeed {
  private struct Input {
    var name: String
    var count: Int
    var recorded: Trajectory.Recorded
  }

  private let losses: Trajectory.Recorded?
  private var inputs: [Input] = []
  private var draws: [(name: String, recorded: Trajectory.Recorded)] = []
  private var firstDraws: [(name: String, values: [Double])] = []
  private let trajectory: Trajectory
  private(set) var unused: [String] = []

  init(_ trajectory: Trajectory, _ optimizer: Optimizer) throws(DiagnosticError) {
    self.trajectory = trajectory
    let module = optimizer.instance.module
    let variant = module.variants[optimizer.variant(of: 0).index]
    let hypers = optimizer.hyperNames.map { optimizer.hyper($0) ?? .nan }
    let context = BindContext(dims: trajectory.dims, hypers: hypers, axes: optimizer.axes)
    for slot in variant.inputs {
      let shape = try variant.update.concreteShape(slot.shape, context, at: slot.origin)
      guard let recorded = trajectory.entries(slot.name, slot.shape) else {
        throw DiagnosticError(
          .unrecordedInput(slot.name, among: trajectory.inputs.keys.sorted(), at: slot.origin))
      }
      guard Trajectory.values(recorded, step: 0, count: shape.elementCount) != nil else {
        throw DiagnosticError(
          .recordedLength("the recorded input `\(slot.name)`", shape.elementCount, at: slot.origin))
      }
      inputs.append(Input(name: slot.name, count: shape.elementCount, recorded: recorded))
    }
    for name in optimizer.drawNames(of: 0) {
      if let recorded = trajectory.input(name) { draws.append((name, recorded)) }
    }
    for name in optimizer.firstDrawNames(of: 0) {
      switch trajectory.input(name) {
      case .once(let values)?: firstDraws.append((name, values))
      // As many numbers as there are steps look like one for each step.
      case .eachStep(let steps)? where !optimizer.drawNames(of: 0).contains(name):
        firstDraws.append((name, steps.flatMap { $0 ?? [] }))
      default: break
      }
    }
    losses = optimizer.needsLoss ? trajectory.input("loss") : nil
    if optimizer.needsLoss, losses == nil {
      throw DiagnosticError(.unrecordedLoss(at: module.origin))
    }
    var taken = Set(inputs.map(\.name) + draws.map(\.name) + firstDraws.map(\.name))
    if losses != nil { taken.insert("loss") }
    if optimizer.needsOracle { taken.formUnion(module.globalSites) }
    for name in inputs.map(\.name) + [Trajectory.workerGradients] {
      taken.formUnion(trajectory.entryNames(name))
    }
    unused = trajectory.inputs.keys.filter { !taken.contains($0) }.sorted()
  }

  func loss(_ step: Int) -> Double {
    losses.flatMap { Trajectory.values($0, step: step, count: 1) }?[0] ?? .nan
  }

  func giveFirst(to optimizer: Optimizer) throws(DiagnosticError) {
    for draw in firstDraws { try optimizer.setFirstDraw(draw.name, of: 0, draw.values) }
  }

  /// What was recorded of the objective at the point that an equation asks for: its loss, or the
  /// gradient there.
  func answer(
    _ step: Int, _ optimizer: Optimizer, isGradient: Bool
  ) throws(DiagnosticError) -> [Double] {
    let name = optimizer.askingEquation ?? ""
    let count = isGradient ? trajectory.count : 1
    guard let recorded = trajectory.input(name) else {
      throw DiagnosticError(
        .noObjectivePoint(
          isGradient ? "gradient" : "loss", name, at: optimizer.instance.module.origin))
    }
    guard let values = Trajectory.values(recorded, step: step, count: count) else {
      throw DiagnosticError(
        .recordedLength(
          "the recorded input `\(name)`", count, at: optimizer.instance.module.origin))
    }
    return values
  }

  func give(_ step: Int, to optimizer: Optimizer) throws(DiagnosticError) {
    for input in inputs {
      guard let values = Trajectory.values(input.recorded, step: step, count: input.count) else {
        throw DiagnosticError(
          .recordedLength("the recorded input `\(input.name)`", input.count, step: step))
      }
      try optimizer.setInput(input.name, of: 0, values)
    }
    for draw in draws {
      switch draw.recorded {
      case .once(let values): try optimizer.setDraw(draw.name, of: 0, values)
      case .eachStep(let steps): try optimizer.setDraw(draw.name, of: 0, steps[step])
      }
    }
  }
}

/// Numbers in memory of an element type.
private final class NumberBuffer {
  let bytes: UnsafeMutableRawPointer
  private let count: Int
  private let elementType: ElementType

  init(_ values: [Double], _ elementType: ElementType) {
    count = values.count
    self.elementType = elementType
    bytes = .allocate(byteCount: max(1, count) * elementType.byteCount, alignment: 64)
    store(values)
  }

  deinit { bytes.deallocate() }

  func store(_ values: [Double]) { Self.store(values, elementType, bytes) }

  static func store(
    _ values: [Double], _ elementType: ElementType, _ bytes: UnsafeMutableRawPointer
  ) {
    for (i, x) in values.enumerated() { elementType.write(x, to: bytes, i) }
  }

  func load() -> [Double] { (0..<count).map { elementType.read(bytes, $0) } }
}
