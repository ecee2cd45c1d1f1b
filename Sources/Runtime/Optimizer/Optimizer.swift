import CKernels
import Diagnostics
import IR

/// A rule bound to parameter tensors: their states, and the step.
///
/// Memory of parameters and gradients is the host's, in `elementType`, row-major; views are in it too,
/// inputs and all arithmetic in `elementType.compute`. After `bind`, a step
/// of the interpreter allocates nothing. One optimizer is not to be used by several threads at once;
/// several optimizers may, and take turns with the pool of threads. No two tensors may share memory.
package final class Optimizer {
  package let instance: RuleInstance
  package let parameters: [ParameterSpec]
  package let engine: EngineKind
  package let elementType: ElementType
  package let seed: UInt64
  /// The lengths of named axes. With n workers the gradient of a tensor is n tensors, one after the
  /// other in memory.
  package let axes: AxisLengths
  /// The threads that a step may use. Its results do not depend on their number.
  package var threads: Int { team.threads }
  // What a step reads is not watched for overlapping accesses (`@exclusivity(unchecked)`): the checks
  // are a third of the instructions of a step of 64 elements, and one caller at a time is asked for.

  /// Steps done.
  @exclusivity(unchecked) package private(set) var stepCount = 0
  /// Steps that `guard finite` left out.
  @exclusivity(unchecked) package private(set) var skippedSteps = 0

  /// What one tensor runs.
  struct Tensor {
    var variant: Int
    var update: Function
    var initial: Function
    var memory: TensorMemory
    var instance: PlanInstance?
    /// Elements of each draw by name, in the steps and in the first values of the states.
    var drawCounts: [String: Int]
    var firstDrawCounts: [String: Int]
  }

  /// A register or a state that takes a number from elsewhere at each step.
  private struct Copy {
    var to: UnsafeMutablePointer<Double>
    var from: UnsafeMutablePointer<Double>
  }

  /// Tensors whose plans have the same numbers of hyperparameters and t: the first computes them.
  private struct Uniform {
    var leader: PlanInstance
    var followers: [UnsafeMutablePointer<Double>]
  }

  @exclusivity(unchecked) private(set) var tensors: [Tensor] = []
  let hypers: HyperValues
  private let planMemory = PlanMemory()
  private let cutting: Cutting
  private let team: Team
  @exclusivity(unchecked) private var lockstep: Lockstep?
  @exclusivity(unchecked) private var backup: StepBackup?
  var referenceSite = 0
  private var rounds: [Int] = []
  /// Numbers that differ between tensors, and those that all share; the numbers made of the latter,
  /// and who else wants them.
  @exclusivity(unchecked) private var loads: [Copy] = []
  @exclusivity(unchecked) private var uniformLoads: [Copy] = []
  @exclusivity(unchecked) private var uniforms: [Uniform] = []
  @exclusivity(unchecked) private var stores: [Copy] = []
  /// The first phase says whether the gradients are finite.
  @exclusivity(unchecked) private(set) var hasWitness = false
  @exclusivity(unchecked) private var hasInputs = false
  let lossValue = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  private var nonNegative: [Int: Set<Int>] = [:]
  private var globals: [String: UnsafeMutableRawPointer] = [:]
  /// What the states and inputs take, before it is taken.
  private var reservedBytes = 0.0
  @exclusivity(unchecked) private(set) var parameterPointers: [UnsafeMutableRawPointer] = []
  @exclusivity(unchecked) private(set) var gradientPointers: [UnsafeRawPointer] = []
  private let gradientCounts: [Int64]

  /// Binds a rule to tensors. Throws R06xx where the routes do not take each tensor once, R0507 where
  /// a hyperparameter is out of its domain, R0821 where the rule has a named axis whose length is not
  /// given, R0822 where a length is 0, R0823 for workers that never meet, R08xx for what is not
  /// supported yet, and the errors of shapes that only numbers reveal. The engines `native` and
  /// `auto` want a `compiler`; without one they interpret. `threads` nil: `Threads.preferred`.
  package convenience init(
    _ instance: RuleInstance, parameters: [ParameterSpec], engine: EngineKind = .interpreter,
    elementType: ElementType = .float32, seed: UInt64 = 0, horizon: Int = 0, threads: Int? = nil,
    compiler: (any SegmentCompiler)? = nil, axes: AxisLengths = AxisLengths()
  ) throws(DiagnosticError) {
    try self.init(
      instance, parameters: parameters, engine: engine, elementType: elementType, seed: seed,
      horizon: horizon, threads: threads, compiler: compiler, axes: axes, cutting: .usual)
  }

  init(
    _ instance: RuleInstance, parameters: [ParameterSpec], engine: EngineKind,
    elementType: ElementType, seed: UInt64, horizon: Int, threads: Int?,
    compiler: (any SegmentCompiler)? = nil, axes: AxisLengths = AxisLengths(), cutting: Cutting
  ) throws(DiagnosticError) {
    self.instance = instance
    self.axes = axes
    self.parameters = parameters
    gradientCounts = parameters.map { Int64($0.count * axes.workers) }
    self.engine = engine
    self.elementType = elementType
    self.seed = seed
    self.cutting = cutting
    team = Team(threads: engine == .reference ? 1 : threads, worth: cutting.worth)
    lossValue.initialize(to: .nan)
    try instance.module.require(axes)
    hypers = try HyperValues(instance, horizon: horizon)
    for parameter in parameters { tensors.append(try makeTensor(parameter)) }
    hasInputs = tensors.contains { !$0.memory.inputs.isEmpty }
    rounds = try Rounds.of(tensors.map(\.update))
    // The reference engine stores nothing before it knows everything.
    if engine != .reference, tensors.contains(where: { StepBackup.isNeeded($0.update) }) {
      // Every tensor has the states of the whole optimizer.
      var seen: Set<UnsafeMutableRawPointer> = []
      let states = tensors.flatMap(\.memory.states).filter { seen.insert($0.pointer).inserted }
        .map { ($0.pointer, $0.byteCount) }
      let bytes = parameters.map { $0.count * elementType.byteCount }
      try reserve(
        Double(bytes.reduce(0, +)) + states.reduce(0) { $0 + Double($1.1) },
        "what a step without an answer leaves as it was", at: instance.module.origin, stays: true)
      backup = StepBackup(parameterBytes: bytes, states: states)
    }
    if engine != .reference { try makePlans(engine.compiler(compiler)) }
  }

  deinit {
    lossValue.deallocate()
    for pointer in globals.values { pointer.deallocate() }
  }

  // MARK: Binding

  private func makeTensor(_ parameter: ParameterSpec) throws(DiagnosticError) -> Tensor {
    let index = try instance.module.variantIndex(for: parameter)
    let variant = instance.module.variants[index]
    let bindValues = (0..<hypers.hypers.count).map { hypers.values[$0] }
    let context = BindContext(dims: parameter.dims, hypers: bindValues, axes: axes)
    let update = try variant.update.specialised(context)
    let initial = try variant.initial.specialised(context)
    try checkShares(update, bindValues)
    let memory = TensorMemory()
    let nonNegative = nonNegativeStates(index)
    for (k, slot) in variant.states.enumerated() {
      let shape: [Int]
      if let value = initial.output(.state(k)) {
        shape = initial.type(value).shape.numbers
      } else {
        shape = try variant.initial.concreteShape(slot.shape, context, at: slot.origin).numbers
      }
      let format = try format(slot, k, signed: !nonNegative.contains(k), isOne: shape.isEmpty)
      if slot.isGlobal, !shape.isEmpty {
        throw DiagnosticError(
          Diagnostic(
            .unsupportedStorage, "a global state that is not one number is not supported yet",
            at: slot.origin))
      }
      try reserve(
        Double(format.byteCount(shape.reduce(1, *))), "the state `\(slot.name)`", at: slot.origin,
        stays: true)
      var shared: UnsafeMutableRawPointer?
      if slot.isGlobal {
        shared = globals[slot.name] ?? .allocate(byteCount: 8, alignment: 8)
        globals[slot.name] = shared
        shared!.storeBytes(of: 0, as: Double.self)
      }
      memory.addState(
        slot.name, shape, format, engine == .reference ? .float64 : elementType.compute,
        isGlobal: slot.isGlobal, shared: shared)
    }
    try checkBlocks(variant, memory)
    for function in [initial, update] {
      guard let most = function.mostNumbers() else { continue }
      // The reference engine keeps every value; the other one value at a time.
      let numbers = engine == .reference ? most.total : most.largest
      try reserve(numbers * Double(elementType.compute.byteCount), "this", at: most.origin)
    }
    for slot in variant.inputs {
      let shape = try variant.update.concreteShape(slot.shape, context, at: slot.origin).numbers
      try reserve(
        Double(shape.reduce(1, *) * elementType.compute.byteCount), "the input `\(slot.name)`",
        at: slot.origin, stays: true)
      memory.addInput(slot.name, shape, elementType.compute)
    }
    for output in update.outputs {
      if case .view(let name) = output.target {
        memory.addView(name, update.type(output.value).shape.numbers, elementType)
      }
    }
    return Tensor(
      variant: index, update: update, initial: initial, memory: memory, instance: nil,
      drawCounts: Self.drawCounts(update), firstDrawCounts: Self.drawCounts(initial))
  }

  /// Throws R0908 for a share of `topk_mask` that is known here and is none.
  private func checkShares(_ update: Function, _ hypers: [Double]) throws(DiagnosticError) {
    for (i, instruction) in update.instructions.enumerated()
    where instruction.operation == .topKMask {
      let operand = update[instruction.b]
      let share =
        update.constantValue(instruction.b)
        ?? (operand.operation == .hyper ? hypers[Int(operand.attribute)] : nil)
      guard let share, !(share > 0 && share <= 1) else { continue }
      let error = NumericError.share(share)
      throw DiagnosticError(
        error.diagnostic(.topKMask, at: update.origin(ValueID(i))), cause: error)
    }
  }

  private static func drawCounts(_ function: Function) -> [String: Int] {
    var counts: [String: Int] = [:]
    for instruction in function.instructions where instruction.operation == .draw {
      let name = function.draws[Int(instruction.attribute)].name
      counts[name] = max(counts[name] ?? 0, instruction.type.shape.elementCount)
    }
    return counts
  }

  /// Throws R0813 where `bytes` do not fit beside what is taken already; takes them if they stay.
  private func reserve(
    _ bytes: Double, _ what: String, at span: Span, stays: Bool = false
  ) throws(DiagnosticError) {
    guard bytes <= Budget.bytes - reservedBytes else {
      throw Budget.exceeded(what, bytes: bytes, limit: Budget.bytes - reservedBytes, at: span)
    }
    if stays { reservedBytes += bytes }
  }

  private struct PlanKey: Hashable {
    var variant: Int
    var dims: [Int]
  }

  private func nonNegativeStates(_ variant: Int) -> Set<Int> {
    if let found = nonNegative[variant] { return found }
    let found = instance.module.variants[variant].nonNegativeStates(instance.module.hypers)
    nonNegative[variant] = found
    return found
  }

  private func makePlans(_ compiler: (any SegmentCompiler)?) throws(DiagnosticError) {
    var plans: [PlanKey: Plan] = [:]
    let keys = tensors.indices.map {
      PlanKey(variant: tensors[$0].variant, dims: parameters[$0].dims)
    }
    for (k, tensor) in tensors.enumerated() where plans[keys[k]] == nil {
      var plan = try Planner.plan(
        tensor.update, element: elementType,
        formats: PlanFormats(
          elementType, states: tensor.memory.states.map(\.format),
          roundsByChance: instance.module.variants[tensor.variant].roundsStochastically),
        rounds: rounds,
        firstPhaseAfterOracles: Rounds.firstPhaseAfterOracles(tensors.map(\.update), rounds),
        block: cutting.block)
      plan.separateUniform()
      plans[keys[k]] = plan
    }
    witnesses(&plans)
    var programs: [PlanKey: PlanProgram] = [:]
    var compiled: (programs: [PlanProgram], names: [PlanNames]) = ([], [])
    for (k, tensor) in tensors.enumerated() where programs[keys[k]] == nil {
      let plan = plans[keys[k]]!
      try reserve(
        Double(plan.arenaBytes), "a step of `\(instance.label)`",
        at: tensor.update.mostNumbers()?.origin ?? instance.module.origin)
      planMemory.reserve(plan)
      team.reserve(plan)
      let program = PlanProgram(plan)
      programs[keys[k]] = program
      compiled.programs.append(program)
      compiled.names.append(names(tensor))
    }
    for k in tensors.indices {
      tensors[k].instance = PlanInstance(programs[keys[k]]!, memory: planMemory)
    }
    if let compiler {
      compiled.programs.compile(
        compiler, compiled.names, effort: engine.effort(parameters.reduce(0) { $0 + $1.count }))
    }
    team.assemble()
    lockstep = Lockstep(
      tensors.map { $0.instance! }, rounds: hasWitness ? rounds.map { $0 + 1 } : rounds,
      team: team, element: elementType)
    var groups: [Plan.UniformKey: Int] = [:]
    for (k, tensor) in tensors.enumerated() {
      let instance = tensor.instance!
      let key = instance.program.plan.uniformKey
      if let group = groups[key] {
        uniforms[group].followers.append(instance.scalars)
      } else {
        groups[key] = uniforms.count
        uniforms.append(Uniform(leader: instance, followers: []))
      }
      connect(tensor, k, isLeader: uniforms[groups[key]!].leader === instance)
    }
  }

  /// For `guard finite`: has all plans begin with a phase that knows whether the gradients are finite
  /// and has written nothing, if all can.
  private func witnesses(_ plans: inout [PlanKey: Plan]) {
    guard instance.module.guardsFinite, !plans.isEmpty else { return }
    var cut: [PlanKey: Plan] = [:]
    for (key, plan) in plans {
      guard let position = plan.checkpoint,
        plan.phaseCount > 1 || plan.arenaBytes <= Schedule.keepableBytes
      else { return }
      cut[key] = plan
      cut[key]!.cutFirstPhase(at: position)
    }
    plans = cut
    hasWitness = true
  }

  private func names(_ tensor: Tensor) -> PlanNames {
    let variant = instance.module.variants[tensor.variant]
    return PlanNames(
      parameters: ["w"], states: variant.states.map(\.name), inputs: variant.inputs.map(\.name),
      hypers: hypers.hypers.map(\.name))
  }

  /// The passes of all tensors, each plan's once, for a compiler.
  package var segmentSources: [SegmentSource] {
    var seen: Set<ObjectIdentifier> = []
    return tensors.flatMap { tensor -> [SegmentSource] in
      guard let program = tensor.instance?.program, seen.insert(ObjectIdentifier(program)).inserted
      else { return [] }
      return program.withBodies.flatMap { $0.plan.sources(names(tensor)) }
    }
  }

  /// How many passes there are, and how many of them are compiled.
  package var passCount: (all: Int, compiled: Int) {
    var result = (all: 0, compiled: 0)
    for tensor in tensors {
      for program in tensor.instance?.program.withBodies ?? [] {
        result.all += program.plan.segments.count
        result.compiled += program.plan.segments.indices.count {
          program.segments[$0].compiled != nil
        }
      }
    }
    return result
  }

  /// Points the slots and registers of a tensor's plan at its memory.
  private func connect(_ tensor: Tensor, _ index: Int, isLeader: Bool) {
    let instance = tensor.instance!
    let plan = instance.program.plan
    instance.bind(seed: seed, tensor: UInt32(index))
    for (k, slot) in plan.slots.enumerated() {
      switch slot.role {
      case .state(let s): instance.slots[k] = tensor.memory.states[s].pointer
      case .input(let s): instance.slots[k] = tensor.memory.inputs[s].pointer
      case .output(.view(let name)):
        instance.slots[k] = tensor.memory.views.first { $0.name == name }?.pointer
      case .output: instance.slots[k] = tensor.memory.own(slot.byteCount)
      default: break
      }
    }
    for (register, preset) in plan.presets {
      let source: UnsafeMutablePointer<Double>? =
        switch preset {
        case .constant, .argument: nil
        case .hyper(let h): hypers.values + h
        case .step: hypers.step
        case .horizon: hypers.horizon
        case .loss: lossValue
        case .state(let s): tensor.memory.states[s].pointer.assumingMemoryBound(to: Double.self)
        case .input(let s): tensor.memory.inputs[s].pointer.assumingMemoryBound(to: Double.self)
        }
      guard let source else { continue }
      let copy = Copy(to: instance.scalars + Int(register), from: source)
      if !preset.isUniform {
        loads.append(copy)
      } else if isLeader {
        uniformLoads.append(copy)
      }
    }
    for (target, register) in plan.scalarOutputs {
      guard case .state(let s) = target else { continue }
      let state = tensor.memory.states[s]
      // All tensors compute the same next value of a global state: the first one's counts.
      let to = state.pointer.assumingMemoryBound(to: Double.self)
      if stores.contains(where: { $0.to == to }) { continue }
      stores.append(Copy(to: to, from: instance.scalars + Int(register)))
    }
  }

  /// Takes the memory of the parameters and gradients, which must stay where it is until the next
  /// `bind`. One entry a tensor, in the order of `parameters`; gradients may be missing for
  /// `initialise` and for rules that need none.
  package func bind(
    parameters pointers: [UnsafeMutableRawPointer], gradients: [UnsafeRawPointer] = []
  ) {
    precondition(pointers.count == parameters.count, "one pointer for each parameter tensor")
    precondition(gradients.isEmpty || gradients.count == parameters.count)
    parameterPointers = pointers
    gradientPointers = gradients
    for k in tensors.indices {
      guard let instance = tensors[k].instance else { continue }
      let plan = instance.program.plan
      for (s, slot) in plan.slots.enumerated() {
        switch slot.role {
        case .parameter: instance.slots[s] = pointers[k]
        case .gradient:
          if !gradients.isEmpty {
            instance.slots[s] = UnsafeMutableRawPointer(mutating: gradients[k])
          }
        default: break
        }
      }
    }
  }

  // MARK: Running

  /// Sets the states to their first values and the step count to 0. `bind` comes first.
  package func initialise() throws(DiagnosticError) {
    stepCount = 0
    skippedSteps = 0
    try hypers.advance(to: 1)
    for k in tensors.indices { try initialise(k) }
  }

  package func initialise(parameters: [UnsafeMutableRawPointer]) throws(DiagnosticError) {
    bind(parameters: parameters, gradients: gradientPointers)
    try initialise()
  }

  private func initialise(_ k: Int) throws(DiagnosticError) {
    var tensor = tensors[k]
    tensor.initial.outputs = tensor.initial.outputs.filter { !fills(k, $0) }
    if tensor.initial.outputs.isEmpty { return }
    let environment = ReferenceEnvironment(
      hypers: (0..<hypers.hypers.count).map { hypers.values[$0] }, step: 0, horizon: horizon,
      parameters: [parameterDense(k)], seed: seed, tensor: UInt32(k),
      recordedDraws: tensor.memory.firstDraws.mapValues { Dense(shape: [$0.count], values: $0) })
    let outputs: [(target: OutputTarget, value: Dense)]
    if engine == .reference {
      outputs = try ReferenceProgram(tensor.initial).evaluate(environment).outputs[0]
    } else {
      outputs = try InterpretedProgram([tensor.initial], element: elementType.compute).evaluate(
        [environment]
      ).outputs[0]
    }
    for (target, value) in outputs {
      guard case .state(let s) = target else { continue }
      let region = tensor.memory.states[s]
      let values = value.count == region.count ? value.values : region.filled(value.scalar)
      region.write(values, seed: seed, step: 0, tensor: k)
    }
  }

  package func step(
    parameters: [UnsafeMutableRawPointer], gradients: [UnsafeRawPointer], loss: Double = .nan,
    oracle: PointOracle? = nil
  ) throws(DiagnosticError) {
    bind(parameters: parameters, gradients: gradients)
    try step(loss: loss, oracle: oracle)
  }

  /// One step with the bound memory. Throws R09xx where a matrix function has no answer; states and
  /// parameters are then what they were before the step.
  package func step(loss: Double = .nan, oracle: PointOracle? = nil) throws(DiagnosticError) {
    if instance.module.guardsFinite, !hasWitness, !gradientsAreFinite() {
      skippedSteps += 1
      return
    }
    try hypers.advance(to: stepCount + 1)
    lossValue.pointee = loss
    if hasInputs {
      for k in 0..<tensors.count {
        if let name = tensors[k].memory.missingInput { throw missingInput(name) }
      }
    }
    backup?.save(parameterPointers)
    do throws(DiagnosticError) {
      try advance(oracle)
    } catch {
      backup?.restore(parameterPointers)
      throw named(error)
    }
  }

  /// A numeric error with the rule, the step and, where it is known, the tensor.
  private func named(_ error: DiagnosticError) -> DiagnosticError {
    guard error.cause is NumericError else { return error }
    let failed = tensors.firstIndex { $0.instance?.hasAnyFailed ?? false }
    let tensor = (failed ?? (tensors.count == 1 ? 0 : nil)).map {
      ", tensor `\(parameters[$0].name)`"
    }
    let place = Note("in `\(instance.label)`, step \(stepCount + 1)\(tensor ?? "")")
    var named = error
    for k in named.diagnostics.indices { named.diagnostics[k].notes.append(place) }
    return named
  }

  private func missingInput(_ name: String) -> DiagnosticError {
    let slot = instance.module.variants.flatMap(\.inputs).first { $0.name == name }
    return DiagnosticError(
      Diagnostic(
        .missingInput, "`\(instance.label)` needs the input `\(name)`, and nobody gives it",
        at: slot?.origin ?? instance.module.origin,
        notes: [Note("a program sets it before each step, a recorded run has it recorded")]))
  }

  private func advance(_ oracle: PointOracle?) throws(DiagnosticError) {
    if let lockstep {
      loadNumbers()
      for k in 0..<lockstep.instances.count { lockstep.instances[k].setStep(stepCount + 1) }
      let isDone =
        try hasWitness
        ? lockstep.run(oracle, goesOn: witnessesAreFinite) : lockstep.run(oracle)
      if !isDone {
        skippedSteps += 1
        return
      }
      stores.withUnsafeBufferPointer { stores in
        for copy in stores { copy.to.pointee = copy.from.pointee }
      }
    } else {
      try referenceStep(oracle)
    }
    stepCount += 1
  }

  private func loadNumbers() {
    for k in 0..<uniformLoads.count { uniformLoads[k].to.pointee = uniformLoads[k].from.pointee }
    for k in 0..<uniforms.count {
      let instance = uniforms[k].leader
      let program = instance.program
      if program.uniformCount > 0 {
        rv_run_scalars(
          program.scalars, program.uniformCount, program.scalarPlaces, instance.frame)
      }
      for f in 0..<uniforms[k].followers.count {
        uniforms[k].followers[f].update(from: instance.scalars, count: program.registerCount)
      }
    }
    for k in 0..<loads.count { loads[k].to.pointee = loads[k].from.pointee }
  }

  private func witnessesAreFinite() -> Bool {
    for k in 0..<tensors.count {
      guard let instance = tensors[k].instance else { continue }
      if !instance.scalars[instance.program.witness].isFinite { return gradientsAreFinite() }
    }
    return true
  }

  private func gradientsAreFinite() -> Bool {
    gradientPointers.withUnsafeBytes { pointers in
      gradientCounts.withUnsafeBufferPointer { counts in
        rv_all_finite(
          elementType.kernelElement,
          pointers.baseAddress?.assumingMemoryBound(to: UnsafeRawPointer?.self),
          counts.baseAddress, Int64(gradientPointers.count), team.pointer) != 0
      }
    }
  }

  /// While the oracle is being asked: the name of the equation that asks. Nil before it was.
  package var askingEquation: String? {
    let site = lockstep?.askedSite ?? referenceSite
    let names = instance.module.globalSites
    return names.indices.contains(site) ? names[site] : nil
  }

  /// T, the planned number of steps.
  package var horizon: Int {
    get { Int(hypers.horizon.pointee) }
    set { hypers.horizon.pointee = Double(newValue) }
  }

  /// Tells the plans which recorded draws stand in for the generator.
  func refreshDraws(_ k: Int) {
    guard let instance = tensors[k].instance else { return }
    let plan = instance.program.plan
    for (d, name) in plan.drawNames.enumerated() {
      guard let recorded = tensors[k].memory.draws[name] else {
        instance.replays[d] = nil
        continue
      }
      let count = plan.drawCounts[d]
      let pointer = tensors[k].memory.drawRoom(name, count)
      for i in 0..<count { pointer[i] = recorded[recorded.count == 1 ? 0 : i] }
      instance.replays[d] = UnsafePointer(pointer)
    }
  }
}
