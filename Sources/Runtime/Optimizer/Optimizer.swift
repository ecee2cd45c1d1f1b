import CKernels
import Diagnostics
import IR

/// The memory of a bound rule, and its step: states, inputs, values of hyperparameters, the count of
/// steps.
///
/// Memory of parameters and gradients is the host's, in `elementType`, row-major; views are in it too,
/// inputs and all arithmetic in `elementType.compute`. After `bind`, a step
/// of the interpreter allocates nothing. One optimizer is not to be used by several threads at once;
/// several optimizers may, and take turns with the pool of threads. No two tensors may share memory.
package final class Optimizer {
  package let bound: BoundRule
  package private(set) var seed: UInt64
  package var instance: Rule { bound.rule }
  package var parameters: [ParameterSpec] { bound.parameters }
  package var engine: EngineKind { bound.engine }
  package var elementType: ElementType { bound.elementType }
  package var axes: AxisLengths { bound.axes }
  /// The threads that a step may use. Its results do not depend on their number.
  package var threads: Int { team.threads }
  // What a step reads is not watched for overlapping accesses (`@exclusivity(unchecked)`): the checks
  // are a third of the instructions of a step of 64 elements, and one caller at a time is asked for.

  /// Steps done; where tensors go by several clocks, those of the first.
  package var stepCount: Int { hypers.stepCount }
  /// Steps that `guard finite` left out.
  @exclusivity(unchecked) package private(set) var skippedSteps = 0

  /// What one tensor runs.
  struct Tensor {
    let variant: BoundVariant
    let memory: TensorMemory
    let instance: PlanInstance?
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
  /// The hyperparameters and the count of steps that tensors go by, where they do not go by others of `clocks`.
  let hypers: HyperValues
  /// All of them, `hypers` first.
  let clocks: [HyperValues]
  private let hasOneClock: Bool
  /// By tensor, which of `clocks`.
  let clockOf: [Int]
  /// By tensor, what its random draws are made of.
  @exclusivity(unchecked) private(set) var numbers: [UInt32]
  /// Whether states, inputs and views are the host's memory, given at each step.
  let keepsNothing: Bool
  private let planMemory = PlanMemory()
  private let team: Team
  private let guardsFinite: Bool
  private let hasWitness: Bool
  @exclusivity(unchecked) private var lockstep: Lockstep?
  @exclusivity(unchecked) private var backup: StepBackup?
  /// Code that is to take the place of the interpreter, until it has.
  @exclusivity(unchecked) private var awaited: SegmentCode?
  var referenceSite = 0
  /// The host's Hessian, for rules that ask for it by `hvp`.
  @exclusivity(unchecked) package var hessian: HessianOracle?
  /// Numbers that differ between tensors, and those that all share; the numbers made of the latter,
  /// and who else takes them.
  @exclusivity(unchecked) private var loads: [Copy] = []
  @exclusivity(unchecked) private var uniformLoads: [Copy] = []
  @exclusivity(unchecked) private var uniforms: [Uniform] = []
  @exclusivity(unchecked) private var stores: [Copy] = []
  @exclusivity(unchecked) private var hasInputs = false
  let lossValue = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  private var globals: [String: UnsafeMutableRawPointer] = [:]
  @exclusivity(unchecked) package private(set) var parameterPointers: [UnsafeMutableRawPointer] = []
  @exclusivity(unchecked) package private(set) var gradientPointers: [UnsafeRawPointer] = []
  private let gradientCounts: [Int64]

  /// Binds a rule, compiles it where the engine wants a `compiler`, and makes its memory. Throws what
  /// `BoundRule` throws. Without a compiler the engines `native` and `auto` interpret.
  package convenience init(
    _ instance: Rule, parameters: [ParameterSpec], engine: EngineKind = .interpreter,
    elementType: ElementType = .float32, seed: UInt64 = 0, horizon: Int = 0, threads: Int? = nil,
    compiler: (any SegmentCompiler)? = nil, axes: AxisLengths = AxisLengths(),
    cutting: Cutting = .usual
  ) throws(DiagnosticError) {
    var bound = try BoundRule(
      instance, parameters: parameters, engine: engine, elementType: elementType,
      horizon: horizon, axes: axes, cutting: cutting)
    bound.compile(compiler)
    try self.init(bound, seed: seed, threads: threads)
  }

  /// The memory of a bound rule, before its first step. `threads` nil: `Threads.preferred`. Throws
  /// R0507 where a hyperparameter is out of its domain.
  ///
  /// `clockOf`, by tensor, which values of hyperparameters and which count of steps it goes by; all by one
  /// without. `keepsNothing`: states, inputs and views are memory of the host's, as `HostMemory` says.
  package init(
    _ bound: BoundRule, seed: UInt64 = 0, threads: Int? = nil, clockOf: [Int]? = nil,
    keepsNothing: Bool = false
  ) throws(DiagnosticError) {
    self.bound = bound
    self.seed = seed
    self.keepsNothing = keepsNothing
    self.clockOf = clockOf ?? bound.parameters.map { _ in 0 }
    numbers = bound.parameters.indices.map { UInt32($0) }
    gradientCounts = bound.parameters.map { Int64($0.count * bound.axes.workers) }
    team = Team(threads: bound.engine == .reference ? 1 : threads, worth: bound.cutting.worth)
    guardsFinite = bound.rule.module.guardsFinite
    hasWitness = bound.hasWitness
    awaited = bound.code
    lossValue.initialize(to: .nan)
    var clocks: [HyperValues] = []
    for _ in 0...(self.clockOf.max() ?? 0) {
      clocks.append(try HyperValues(bound.hypers, horizon: bound.horizon))
    }
    self.clocks = clocks
    hypers = clocks[0]
    hasOneClock = clocks.count == 1
    for state in bound.variants.flatMap(\.states) where state.isGlobal && globals[state.name] == nil
    {
      globals[state.name] = .allocate(byteCount: 8, alignment: 8)
      globals[state.name]!.storeBytes(of: 0, as: Double.self)
    }
    for variant in bound.variants {
      guard let plan = variant.program?.plan else { continue }
      planMemory.reserve(plan)
      team.reserve(plan)
    }
    tensors = bound.variantOf.map { k in
      let variant = bound.variants[k]
      return Tensor(
        variant: variant,
        memory: TensorMemory(variant, globals: globals, isElsewhere: keepsNothing),
        instance: variant.program.map { PlanInstance($0, memory: planMemory) })
    }
    hasInputs = tensors.contains { !$0.memory.inputs.isEmpty }
    if bound.needsBackup { backup = makeBackup() }
    if bound.engine != .reference { assemble() }
  }

  deinit {
    lossValue.deallocate()
    for pointer in globals.values { pointer.deallocate() }
  }

  // MARK: Making

  private func makeBackup() -> StepBackup {
    StepBackup(
      parameterBytes: parameters.map { $0.count * elementType.byteCount }, states: backedStates)
  }

  private var backedStates: [(pointer: UnsafeMutableRawPointer, bytes: Int)] {
    // Every tensor has the states of the whole optimizer.
    var seen: Set<String> = []
    return tensors.flatMap(\.memory.states).filter {
      !$0.layout.isGlobal || seen.insert($0.name).inserted
    }.map { ($0.pointer, $0.layout.byteCount) }
  }

  private func assemble() {
    team.assemble()
    lockstep = Lockstep(
      tensors.map { $0.instance! },
      sitePhases: hasWitness ? bound.sitePhases.map { $0 + 1 } : bound.sitePhases,
      team: team, element: elementType)
    var groups = clocks.map { _ in [Plan.UniformKey: Int]() }
    for (k, tensor) in tensors.enumerated() {
      let instance = tensor.instance!
      let key = instance.program.plan.uniformKey
      if let group = groups[clockOf[k]][key] {
        uniforms[group].followers.append(instance.scalars)
      } else {
        groups[clockOf[k]][key] = uniforms.count
        uniforms.append(Uniform(leader: instance, followers: []))
      }
      connect(tensor, k, isLeader: uniforms[groups[clockOf[k]][key]!].leader === instance)
    }
    adoptCode()
  }

  /// Points the slots and registers of a tensor's plan at its memory.
  private func connect(_ tensor: Tensor, _ index: Int, isLeader: Bool) {
    let instance = tensor.instance!
    let plan = instance.program.plan
    instance.bind(seed: seed, tensor: numbers[index])
    let hypers = clocks[clockOf[index]]
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

  // MARK: Memory of the host's

  /// What the draws of a tensor are made of from now on.
  func setNumber(_ number: UInt32, of k: Int) {
    if numbers[k] == number { return }
    numbers[k] = number
    tensors[k].instance?.bind(seed: seed, tensor: number)
  }

  /// What a step that fails puts back lies elsewhere now.
  func moveBackup() {
    backup?.states = backedStates
  }

  // MARK: Compiled passes

  /// How many passes there are, and how many of them are compiled.
  package var passCount: (all: Int, compiled: Int) {
    var result = (all: 0, compiled: 0)
    for instance in tensors.flatMap({ $0.instance?.withBodies ?? [] }) {
      result.all += instance.program.plan.segments.count
      result.compiled += instance.compiledCount
    }
    return result
  }

  /// Waits for code that is being compiled, however long, where a measurement wants it.
  package func waitForCode() {
    awaited?.wait()
    adoptCode()
  }

  /// Takes the code of the passes if it is there.
  private func adoptCode() {
    guard let functions = awaited?.take() else { return }
    awaited = nil
    var starts: [Int] = []
    var next = 0
    for variant in bound.variants {
      starts.append(next)
      next += variant.program!.withBodies.reduce(0) { $0 + $1.plan.segments.count }
    }
    for (tensor, k) in zip(tensors, bound.variantOf) {
      var own = functions[starts[k]...]
      tensor.instance!.adopt(&own)
    }
  }

  // MARK: Running

  /// Sets the states to their first values and the step count to 0. `bind` comes first.
  package func initialise() throws(DiagnosticError) {
    skippedSteps = 0
    for clock in clocks {
      clock.stepCount = 0
      clock.openEnd = nil
      try clock.advance(to: 1)
    }
    for k in tensors.indices { fill(k) }
    let left = tensors.indices.filter { !tensors[$0].variant.firstValues.function.outputs.isEmpty }
    let spansAll = left.contains {
      tensors[$0].variant.firstValues.function.instructions.contains {
        $0.operation.isGlobalReduction
      }
    }
    // A reduction over all tensors is made of all of them.
    if spansAll {
      try evaluateFirstValues(of: left)
    } else {
      for k in left { try evaluateFirstValues(of: [k]) }
    }
  }

  /// Goes on where another optimizer of this rule stopped, whose `stepMemory` was copied to this one's.
  ///
  /// Hyperparameters that its host had set are set; the others are what this rule says of the next step.
  /// Throws R0505, R0507 and R0508 for such a value, and changes nothing then.
  package func resume(at clock: StepClock) throws(DiagnosticError) {
    try hypers.resume(clock.hypers, at: clock.stepCount, of: clock.horizon)
    hypers.stepCount = clock.stepCount
    skippedSteps = clock.skippedSteps
    seed = clock.seed
    for k in tensors.indices { tensors[k].instance?.bind(seed: seed, tensor: numbers[k]) }
  }

  package func initialise(parameters: [UnsafeMutableRawPointer]) throws(DiagnosticError) {
    bind(parameters: parameters, gradients: gradientPointers)
    try initialise()
  }

  private func fill(_ k: Int) {
    let memory = tensors[k].memory
    for (state, fill) in tensors[k].variant.firstValues.fills {
      switch fill {
      case .constant(let x): memory.states[state].fill(x)
      case .parameter:
        if k < parameterPointers.count {
          let region = memory.states[state]
          region.fill(elementType, parameterPointers[k], count: region.count)
        }
      }
    }
  }

  /// What is no number and no copy of w, for these tensors together.
  private func evaluateFirstValues(of places: [Int]) throws(DiagnosticError) {
    let firsts = places.map { tensors[$0].variant.firstValues }
    let environments = places.map { k in
      ReferenceEnvironment(
        hypers: clocks[clockOf[k]].all, step: 0, horizon: horizon, parameters: [parameterDense(k)],
        seed: seed, tensor: numbers[k],
        recordedDraws: tensors[k].memory.firstDraws.mapValues {
          Dense(shape: [$0.count], values: $0)
        })
    }
    let functions = firsts.map(\.function)
    let outputs: [[(target: OutputTarget, value: Dense)]]
    if firsts.allSatisfy({ $0.programs == nil }) {
      outputs = try ReferenceProgram(functions).evaluate(environments).outputs
    } else {
      let program = InterpretedProgram(functions, element: elementType.compute)
      if functions.count == 1, let known = firsts[0].programs {
        outputs = try program.evaluate(environments, by: known).outputs
      } else {
        outputs = try program.evaluate(environments).outputs
      }
    }
    for (k, found) in zip(places, outputs) {
      for (target, value) in found {
        guard case .state(let s) = target else { continue }
        let region = tensors[k].memory.states[s]
        let values = value.count == region.count ? value.values : region.filled(value.scalar)
        region.write(values, seed: seed, step: 0, tensor: numbers[k])
      }
    }
  }

  package func step(
    parameters: [UnsafeMutableRawPointer], gradients: [UnsafeRawPointer], loss: Double = .nan,
    oracle: PointOracle? = nil
  ) throws(DiagnosticError) {
    bind(parameters: parameters, gradients: gradients)
    try step(loss: loss, oracle: oracle)
  }

  /// One step with the bound memory. Throws R09xx where a matrix function has no answer or a
  /// hyperparameter leaves its domain; states and parameters are then what they were before the step.
  package func step(loss: Double = .nan, oracle: PointOracle? = nil) throws(DiagnosticError) {
    if awaited != nil { adoptCode() }
    if guardsFinite, !hasWitness, !gradientsAreFinite() {
      skippedSteps += 1
      return
    }
    do throws(DiagnosticError) {
      try hypers.advance(to: hypers.stepCount + 1)
      if !hasOneClock {
        for clock in clocks.dropFirst() { try clock.advance(to: clock.stepCount + 1) }
      }
    } catch {
      for clock in clocks { clock.goBack(to: max(clock.stepCount, 1)) }
      var named = error
      for k in named.diagnostics.indices {
        named.diagnostics[k].notes.append(Note("in `\(instance.label)`"))
      }
      throw named
    }
    lossValue.pointee = loss
    if hasInputs {
      for k in 0..<tensors.count {
        if let name = tensors[k].memory.missingInput {
          throw DiagnosticError(.missingInput(name, of: instance, "nobody gives it"))
        }
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

  private func advance(_ oracle: PointOracle?) throws(DiagnosticError) {
    if let lockstep {
      loadNumbers()
      if hessian != nil { lockstep.hessian = hessian }
      let step = hypers.stepCount + 1
      for k in 0..<lockstep.instances.count {
        lockstep.instances[k].setStep(hasOneClock ? step : clocks[clockOf[k]].stepCount + 1)
      }
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
    hypers.stepCount += 1
    if !hasOneClock { for clock in clocks.dropFirst() { clock.stepCount += 1 } }
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
    get { Int(exactly: hypers.horizon.pointee) ?? .max }
    set { for clock in clocks { clock.horizon.pointee = Double(newValue) } }
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
      let pointer = tensors[k].memory.recordedDraw(name, count)
      for i in 0..<count { pointer[i] = recorded[recorded.count == 1 ? 0 : i] }
      instance.replays[d] = UnsafePointer(pointer)
    }
  }
}
