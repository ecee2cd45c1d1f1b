import CKernels
import Diagnostics
import IR

/// The memory of a bound objective: parameters and inputs in, loss, metrics and gradients out.
///
/// Memory is the host's, row-major, parameters and gradients in `elementType`, inputs in
/// `elementType.compute`; after `bind` an evaluation by the interpreter allocates nothing. Not to be
/// used by several threads at once.
package final class ObjectiveRunner {
  package let bound: BoundObjective
  /// What draws are made of, besides the step.
  package var seed: UInt64 {
    didSet { instance?.bind(seed: seed, tensor: CounterTensor.objective) }
  }
  package var module: ObjectiveModule { bound.module }
  package var parameters: [ParameterSpec] { bound.parameters }
  package var inputCounts: [Int] { bound.inputCounts }
  private var elementType: ElementType { bound.elementType }
  private let memory = PlanMemory()
  private let team: Team
  private var instance: PlanInstance?
  /// The plan at the memory that is bound, from the second evaluation there on.
  private var tape: Tape? {
    didSet { track = tape?.track }
  }
  private var track: Tape.Track?
  private var evaluationsAtBinding = 0
  /// Code that is to take the place of the interpreter, until it has.
  private var awaited: SegmentCode?
  private var parameterPointers: [UnsafeRawPointer] = []
  private var gradientPointers: [UnsafeMutableRawPointer] = []
  /// The host's, then the constants.
  private var inputPointers: [UnsafeRawPointer] = []
  private var constants: [UnsafeRawPointer] = []
  private var awaitsConstants: Bool
  private var spare: [UnsafeMutableRawPointer] = []
  private var outputs: [String: Double] = [:]
  private var scalarGradients: [(index: Int, register: Int32)] = []
  /// Numbers that differ between evaluations. A plan is not to be copied in each, and most have none.
  private var presets: [(register: Int32, preset: ScalarPreset)] = []
  private var hasPresets = false
  private var hasScalarGradients = false
  private var lossRegister: Int32 = -1
  private var metricRegisters: [Int32] = []
  /// The steps after which the loss and the metrics are known: the others are for the gradient.
  private var stepsOfLoss = 0
  private var stepCount = 0
  private var lastLoss = Double.nan
  /// The hyperparameters of the last evaluation.
  private var hypers: [Double]

  /// Binds an objective, compiles it where the engine wants a `compiler`, and makes its memory. Throws
  /// what `BoundObjective` throws.
  package convenience init(
    _ module: ObjectiveModule, hypers: [Double]? = nil, batch: Int? = nil, features: Int? = nil,
    engine: EngineKind = .interpreter, elementType: ElementType = .float32,
    needsGradient: Bool = true, needsMetrics: Bool = true, seed: UInt64 = 0, threads: Int? = nil,
    compiler: (any SegmentCompiler)? = nil
  ) throws(DiagnosticError) {
    var bound = try BoundObjective(
      module, hypers: hypers, batch: batch, features: features, engine: engine,
      elementType: elementType, needsGradient: needsGradient, needsMetrics: needsMetrics)
    bound.compile(compiler)
    self.init(bound, seed: seed, threads: threads)
  }

  /// `threads` nil: `Threads.preferred`.
  package init(_ bound: BoundObjective, seed: UInt64 = 0, threads: Int? = nil) {
    self.bound = bound
    self.seed = seed
    hypers = bound.hypers
    awaitsConstants = bound.constants != nil
    team = Team(threads: bound.engine == .reference ? 1 : threads)
    awaited = bound.code
    if let program = bound.program { instance = makeInstance(program) }
    adoptCode()
  }

  deinit { for pointer in spare { pointer.deallocate() } }

  private func makeInstance(_ program: PlanProgram) -> PlanInstance {
    let plan = program.plan
    memory.reserve(plan)
    let instance = PlanInstance(program, memory: memory)
    presets = plan.presets.filter { if case .constant = $0.preset { false } else { true } }
    hasPresets = !presets.isEmpty
    if team.threads > 1, plan.work >= Double(Cutting.usual.worth) {
      team.reserve(plan)
      team.assemble()
      instance.team = team.pointer
    }
    instance.bind(seed: seed, tensor: CounterTensor.objective)
    for (target, register) in plan.scalarOutputs {
      switch target {
      case .loss: lossRegister = register
      case .gradient(let k): scalarGradients.append((k, register))
      default: break
      }
    }
    hasScalarGradients = !scalarGradients.isEmpty
    stepCount = program.stepCount
    metricRegisters = module.metrics.map { name in
      plan.scalarOutputs.first { $0.target == .metric(name) }?.register ?? -1
    }
    stepsOfLoss = plan.stepsUntilKnown([lossRegister] + metricRegisters.filter { $0 >= 0 })
    for k in plan.slots.indices {
      if case .output = plan.slots[k].role {
        let pointer = UnsafeMutableRawPointer.allocate(
          byteCount: max(plan.slots[k].byteCount, 8), alignment: 64)
        spare.append(pointer)
        instance.slots[k] = pointer
      }
    }
    return instance
  }

  /// Takes the code of the passes if it is there.
  private func adoptCode() {
    guard let functions = awaited?.take() else { return }
    awaited = nil
    var own = functions[...]
    instance?.adopt(&own)
    tape = nil
  }

  /// The starting values of the parameters, row-major.
  package func initialParameters(horizon: Int = 0) throws(DiagnosticError) -> [[Double]] {
    let environment = ReferenceEnvironment(
      hypers: bound.hypers, step: 0, horizon: horizon, seed: seed)
    let outputs = try ReferenceProgram(bound.initial).evaluate(environment).outputs[0]
    var values = parameters.map { [Double](repeating: 0, count: $0.count) }
    for (target, value) in outputs {
      guard case .parameter(let k) = target else { continue }
      values[k] =
        value.count == parameters[k].count
        ? value.values : [Double](repeating: value.scalar, count: parameters[k].count)
    }
    return values
  }

  /// Takes memory that must stay where it is until the next `bind`: one entry a parameter, a
  /// gradient (none to drop them), an input.
  package func bind(
    parameters pointers: [UnsafeRawPointer], gradients: [UnsafeMutableRawPointer] = [],
    inputs: [UnsafeRawPointer] = []
  ) {
    precondition(pointers.count == parameters.count, "one pointer for each parameter")
    precondition(inputs.count == inputCounts.count, "one pointer for each input")
    parameterPointers = pointers
    gradientPointers = gradients
    inputPointers = inputs + constants
    tape = nil
    evaluationsAtBinding = 0
    guard let instance else { return }
    for (k, slot) in instance.program.plan.slots.enumerated() {
      switch slot.role {
      case .parameter(let p): instance.slots[k] = UnsafeMutableRawPointer(mutating: pointers[p])
      case .input(let i) where i < inputPointers.count:
        instance.slots[k] = UnsafeMutableRawPointer(mutating: inputPointers[i])
      case .output(.gradient(let p)): if !gradients.isEmpty { instance.slots[k] = gradients[p] }
      default: break
      }
    }
  }

  private func takeConstants() throws(DiagnosticError) {
    constants = try bound.constants!.pointers()
    awaitsConstants = false
    bind(
      parameters: parameterPointers, gradients: gradientPointers,
      inputs: Array(inputPointers.prefix(inputCounts.count)))
  }

  /// The loss at the bound parameters on the bound inputs; gradients are written. Who does not need them
  /// finds anything in their place, and the same loss to the bit.
  package func evaluate(
    _ occasion: Occasion = Occasion(), needsGradient: Bool = true
  ) throws(DiagnosticError) -> Double {
    if bound.followsStep {
      hypers = try module.hypers(at: occasion)
    } else if bound.followsOccasion, let training = module.training {
      hypers[training] = occasion.isTraining ? 1 : 0
    }
    if awaited != nil { adoptCode() }
    if awaitsConstants { try takeConstants() }
    if evaluationsAtBinding == 1, let instance, instance.team == nil { tape = Tape(instance) }
    evaluationsAtBinding += 1
    let steps = needsGradient ? stepCount : stepsOfLoss
    if let track {
      track.frame.pointee.step = UInt32(truncatingIfNeeded: occasion.drawStep)
      if hasPresets { load(occasion, into: track.scalars) }
      // It gives the same as the plan, and where it stops the plan says why.
      if !track.run(steps: steps) { try instance!.run(0, steps) }
      return finish(track.scalars, needsGradient)
    }
    guard let instance else { return try referenceEvaluate(occasion, needsGradient) }
    instance.setStep(occasion.drawStep)
    load(occasion, into: instance.scalars)
    try instance.run(0, steps)
    return finish(instance.scalars, needsGradient)
  }

  private func load(_ occasion: Occasion, into scalars: UnsafeMutablePointer<Double>) {
    for (register, preset) in presets {
      switch preset {
      case .hyper(let k): scalars[Int(register)] = hypers[k]
      case .step: scalars[Int(register)] = Double(occasion.step)
      case .horizon: scalars[Int(register)] = Double(occasion.horizon)
      case .input(let i) where i < bound.dataInputs:
        scalars[Int(register)] = rv_number_at(
          elementType.compute.kernelElement, inputPointers[i], 0)
      case .input(let i): scalars[Int(register)] = inputPointers[i].load(as: Double.self)
      default: break
      }
    }
  }

  private func finish(_ scalars: UnsafeMutablePointer<Double>, _ needsGradient: Bool) -> Double {
    if hasScalarGradients, needsGradient, !gradientPointers.isEmpty {
      for (index, register) in scalarGradients {
        let (place, value) = (gradientPointers[index], scalars[Int(register)])
        if bound.handsOn {
          place.storeBytes(of: value, as: Double.self)
        } else {
          rv_set_number(elementType.kernelElement, place, 0, value)
        }
      }
    }
    lastLoss = lossRegister >= 0 ? scalars[Int(lossRegister)] : .nan
    return lastLoss
  }

  /// What the reference engine reads in place of the bound memory.
  package func environment(_ occasion: Occasion) -> ReferenceEnvironment {
    func dense(_ pointer: UnsafeRawPointer, _ count: Int, _ type: ElementType) -> Dense {
      Dense(shape: [count], values: (0..<count).map { type.read(pointer, $0) })
    }
    var environment = ReferenceEnvironment(
      hypers: hypers, step: occasion.step, horizon: occasion.horizon,
      parameters: parameters.indices.map {
        dense(parameterPointers[$0], parameters[$0].count, elementType)
      },
      inputs: inputCounts.indices.map {
        dense(inputPointers[$0], inputCounts[$0], elementType.compute)
      }, seed: seed,
      tensor: CounterTensor.objective)
    environment.drawStep = occasion.drawStep
    return environment
  }

  private func referenceEvaluate(
    _ occasion: Occasion, _ needsGradient: Bool
  ) throws(DiagnosticError) -> Double {
    let element = elementType.kernelElement
    let result = try ReferenceProgram(bound.function).evaluate(environment(occasion))
    for (target, value) in result.outputs[0] {
      switch target {
      case .loss: lastLoss = value.scalar
      case .metric(let name): outputs[name] = value.scalar
      case .gradient(let k):
        if gradientPointers.isEmpty || !needsGradient { continue }
        for (i, x) in value.values.enumerated() {
          rv_set_number(element, gradientPointers[k], Int64(i), x)
        }
      default: break
      }
    }
    return lastLoss
  }

  package var metricNames: [String] { module.metrics }

  /// A metric of the last evaluation.
  package func metric(_ name: String) -> Double {
    guard let instance else { return outputs[name] ?? .nan }
    guard let k = module.metrics.firstIndex(of: name), metricRegisters[k] >= 0 else { return .nan }
    return instance.scalars[Int(metricRegisters[k])]
  }

  /// The loss, and gradients if asked for, at other points on the bound inputs: what a `PointOracle`
  /// does. The binding stays as it was.
  package func loss(
    at points: UnsafePointer<UnsafeRawPointer>,
    gradients: UnsafePointer<UnsafeMutableRawPointer>?, _ occasion: Occasion = Occasion()
  ) throws(DiagnosticError) -> Double {
    let old = (parameterPointers, gradientPointers)
    let inputs = Array(inputPointers.prefix(inputCounts.count))
    let indices = parameters.indices
    bind(
      parameters: indices.map { points[$0] },
      gradients: gradients.map { g in indices.map { g[$0] } } ?? discarded(), inputs: inputs)
    defer { bind(parameters: old.0, gradients: old.1, inputs: inputs) }
    return try evaluate(occasion)
  }

  /// Memory for gradients that nobody reads.
  private func discarded() -> [UnsafeMutableRawPointer] {
    if unread.isEmpty {
      for parameter in parameters {
        let pointer = UnsafeMutableRawPointer.allocate(
          byteCount: max(parameter.count, 1) * 8, alignment: 64)
        spare.append(pointer)
        unread.append(pointer)
      }
    }
    return unread
  }
  private var unread: [UnsafeMutableRawPointer] = []
}

/// Tensor numbers in the random counter that belong to no parameter tensor.
enum CounterTensor {
  /// The draws of an objective.
  static let objective: UInt32 = 0xFFFF_FFFE
}
