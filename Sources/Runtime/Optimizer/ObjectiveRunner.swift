import CKernels
import Diagnostics
import IR

/// An objective bound to a batch size: parameters and inputs in, loss, metrics and gradients out.
///
/// Memory is the host's, row-major, parameters and gradients in `elementType`, inputs in
/// `elementType.compute`; after `bind` an evaluation by the interpreter allocates nothing. Not to be used by several threads at once.
package final class ObjectiveRunner {
  package let module: ObjectiveModule
  package let parameters: [ParameterSpec]
  package let engine: EngineKind
  package let elementType: ElementType
  package let seed: UInt64
  /// The values of the objective's hyperparameters.
  package let hypers: [Double]
  package let inputNames: [String]
  /// Elements of each input in one batch.
  package let inputCounts: [Int]
  private let function: Function
  private let initial: Function
  private let memory = PlanMemory()
  private let team: Team
  private var instance: PlanInstance?
  private var parameterPointers: [UnsafeRawPointer] = []
  private var gradientPointers: [UnsafeMutableRawPointer] = []
  private var inputPointers: [UnsafeRawPointer] = []
  private var spare: [UnsafeMutableRawPointer] = []
  private var outputs: [String: Double] = [:]
  private var scalarGradients: [(index: Int, register: Int32)] = []
  private var lossRegister: Int32 = -1
  private var metricRegisters: [Int32] = []
  private var lastLoss = Double.nan

  /// `hypers` nil takes the defaults. Without metrics, what only they need is not computed, and they
  /// are NaN. Throws shape errors that only numbers reveal, and R0806 where an
  /// operation has no derivative yet. `threads` nil: `Threads.preferred`.
  package init(
    _ module: ObjectiveModule, hypers: [Double]? = nil, batch: Int? = nil, features: Int? = nil,
    engine: EngineKind = .interpreter, elementType: ElementType = .float32,
    needsGradient: Bool = true, needsMetrics: Bool = true, seed: UInt64 = 0, threads: Int? = nil,
    compiler: (any SegmentCompiler)? = nil
  ) throws(DiagnosticError) {
    team = Team(threads: engine == .reference ? 1 : threads)
    self.module = module
    self.engine = engine
    self.elementType = elementType
    self.seed = seed
    var values = hypers ?? module.hypers.map { _ in 0 }
    if hypers == nil {
      for (target, value) in try ReferenceProgram.evaluateScalars(module.defaults) {
        if case .hyper(let k) = target { values[k] = value }
      }
    }
    self.hypers = values
    let context = BindContext(batch: batch, features: features, hypers: values)
    // Their shapes first: an error of theirs is shown where they are declared.
    var specs: [ParameterSpec] = []
    var shapes: [Shape] = []
    var numbers = 0.0
    for slot in module.parameters {
      let shape = try module.forward.concreteShape(slot.shape, context, at: slot.origin)
      specs.append(ParameterSpec(name: slot.name, dims: shape.numbers))
      shapes.append(shape)
      if specs.last!.count == 0 {
        throw DiagnosticError(
          Diagnostic(
            .badLength, "the parameter `\(slot.name)` has no elements: it is \(shape)",
            at: slot.origin))
      }
      numbers += Double(specs.last!.count)
      if numbers > Budget.values {
        throw Budget.exceeded(
          "the parameter `\(slot.name)`, with those before it,", bytes: numbers * 8,
          limit: Budget.values * 8, at: slot.origin)
      }
    }
    var forward = try module.forward.specialised(context)
    if !needsMetrics {
      forward.outputs.removeAll { if case .metric = $0.target { true } else { false } }
    }
    parameters = specs
    inputNames = module.inputs.map(\.name)
    var counts: [Int] = []
    for slot in module.inputs {
      counts.append(
        try module.forward.concreteShape(slot.shape, context, at: slot.origin).elementCount)
    }
    inputCounts = counts
    initial = try module.initial.specialised(context).checkedForEvaluation()
    function = needsGradient ? try forward.differentiated(parameters: shapes) : forward
    if engine != .reference { try makePlan(engine.compiler(compiler)) }
  }

  deinit { for pointer in spare { pointer.deallocate() } }

  private func makePlan(_ compiler: (any SegmentCompiler)?) throws(DiagnosticError) {
    let plan = try Planner.plan(function, element: elementType)
    if Double(plan.arenaBytes) > Budget.bytes {
      throw Budget.exceeded(
        "`\(module.name)`, evaluated on one batch,", bytes: Double(plan.arenaBytes),
        limit: Budget.bytes, at: function.mostNumbers()?.origin ?? module.origin)
    }
    memory.reserve(plan)
    let program = PlanProgram(plan)
    if let compiler {
      let names = PlanNames(
        parameters: module.parameters.map(\.name), inputs: inputNames,
        hypers: module.hypers.map(\.name))
      let count = plan.segments.reduce(0) { $0 + $1.count }
      [program].compile(compiler, [names], effort: engine.effort(count))
    }
    let instance = PlanInstance(program, memory: memory)
    if team.threads > 1, plan.work >= Double(Cutting.usual.worth) {
      team.reserve(plan)
      team.assemble()
      instance.team = team.pointer
    }
    instance.bind(seed: seed, tensor: CounterTensor.objective)
    for (register, preset) in plan.presets {
      if case .hyper(let k) = preset { instance.scalars[Int(register)] = hypers[k] }
    }
    for (target, register) in plan.scalarOutputs {
      switch target {
      case .loss: lossRegister = register
      case .gradient(let k): scalarGradients.append((k, register))
      default: break
      }
    }
    metricRegisters = module.metrics.map { name in
      plan.scalarOutputs.first { $0.target == .metric(name) }?.register ?? -1
    }
    for k in plan.slots.indices {
      if case .output = plan.slots[k].role {
        let pointer = UnsafeMutableRawPointer.allocate(
          byteCount: max(plan.slots[k].byteCount, 8), alignment: 64)
        spare.append(pointer)
        instance.slots[k] = pointer
      }
    }
    self.instance = instance
  }

  /// The starting values of the parameters, row-major.
  package func initialParameters() throws(DiagnosticError) -> [[Double]] {
    let environment = ReferenceEnvironment(hypers: hypers, step: 0, seed: seed)
    let outputs = try ReferenceProgram(initial).evaluate(environment).outputs[0]
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
    precondition(inputs.count == inputNames.count, "one pointer for each input")
    parameterPointers = pointers
    gradientPointers = gradients
    inputPointers = inputs
    guard let instance else { return }
    for (k, slot) in instance.program.plan.slots.enumerated() {
      switch slot.role {
      case .parameter(let p): instance.slots[k] = UnsafeMutableRawPointer(mutating: pointers[p])
      case .input(let i): instance.slots[k] = UnsafeMutableRawPointer(mutating: inputs[i])
      case .output(.gradient(let p)): if !gradients.isEmpty { instance.slots[k] = gradients[p] }
      default: break
      }
    }
  }

  /// The loss at the bound parameters on the bound inputs; gradients are written. `step` numbers the
  /// draws of the objective, if it draws.
  package func evaluate(step: Int = 1) throws(DiagnosticError) -> Double {
    guard let instance else { return try referenceEvaluate(step) }
    instance.setStep(step)
    let plan = instance.program.plan
    for k in 0..<plan.presets.count {
      let (register, preset) = plan.presets[k]
      switch preset {
      case .step: instance.scalars[Int(register)] = Double(step)
      case .input(let i):
        instance.scalars[Int(register)] = rv_number_at(
          elementType.compute.kernelElement, inputPointers[i], 0)
      default: break
      }
    }
    try instance.run(phase: 0)
    if !gradientPointers.isEmpty {
      for k in 0..<scalarGradients.count {
        let (index, register) = scalarGradients[k]
        rv_set_number(
          elementType.kernelElement, gradientPointers[index], 0, instance.scalars[Int(register)])
      }
    }
    lastLoss = lossRegister >= 0 ? instance.scalars[Int(lossRegister)] : .nan
    return lastLoss
  }

  private func referenceEvaluate(_ step: Int) throws(DiagnosticError) -> Double {
    let element = elementType.kernelElement
    func dense(_ pointer: UnsafeRawPointer, _ count: Int, _ type: ElementType) -> Dense {
      Dense(shape: [count], values: (0..<count).map { type.read(pointer, $0) })
    }
    let environment = ReferenceEnvironment(
      hypers: hypers, step: step,
      parameters: parameters.indices.map {
        dense(parameterPointers[$0], parameters[$0].count, elementType)
      },
      inputs: inputPointers.indices.map {
        dense(inputPointers[$0], inputCounts[$0], elementType.compute)
      }, seed: seed,
      tensor: CounterTensor.objective)
    let result = try ReferenceProgram(function).evaluate(environment)
    for (target, value) in result.outputs[0] {
      switch target {
      case .loss: lastLoss = value.scalar
      case .metric(let name): outputs[name] = value.scalar
      case .gradient(let k):
        if gradientPointers.isEmpty { continue }
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

  /// The loss, and gradients if wanted, at other points on the bound inputs: what a `PointOracle`
  /// does. The binding stays as it was.
  package func loss(
    at points: UnsafePointer<UnsafeRawPointer>,
    gradients: UnsafePointer<UnsafeMutableRawPointer>?, step: Int = 1
  ) throws(DiagnosticError) -> Double {
    let old = (parameterPointers, gradientPointers)
    let indices = parameters.indices
    bind(
      parameters: indices.map { points[$0] },
      gradients: gradients.map { g in indices.map { g[$0] } } ?? discarded(), inputs: inputPointers)
    defer { bind(parameters: old.0, gradients: old.1, inputs: inputPointers) }
    return try evaluate(step: step)
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

  /// The objective as text: its plan.
  package func dumpPlan() -> String { instance?.program.plan.dump() ?? "" }
}

/// Tensor numbers in the random counter that belong to no parameter tensor.
enum CounterTensor {
  /// The draws of an objective.
  static let objective: UInt32 = 0xFFFF_FFFE
}
