import CKernels
import Diagnostics
import IR

/// Concrete functions run by the vectorizing interpreter, with the face of `ReferenceProgram`: for
/// comparing engines and for functions that run once.
package struct InterpretedProgram {
  package let functions: [Function]
  package let element: ElementType
  /// Loops that make more values than this when written out run as loops.
  package let unrollLimit: Int
  /// Compiles the passes, if there is one.
  package let compiler: (any SegmentCompiler)?

  package let threads: Int
  var cutting = Cutting.usual

  /// The functions must be concrete (every extent a number).
  package init(
    _ functions: [Function], element: ElementType = .float64, unrollLimit: Int = 4_000,
    threads: Int = 1, compiler: (any SegmentCompiler)? = nil
  ) {
    self.functions = functions
    self.compiler = compiler
    self.unrollLimit = unrollLimit
    self.element = element
    self.threads = threads
  }

  /// What `evaluate` runs, for callers that evaluate often.
  func programs() throws(DiagnosticError) -> [PlanProgram] {
    let sitePhases = try BarrierPhases.of(functions)
    return try functions.map { function throws(DiagnosticError) in
      PlanProgram(
        try Planner.plan(
          function, element: element, sitePhases: sitePhases,
          firstPhaseAfterOracles: BarrierPhases.firstAfterOracles(functions, sitePhases),
          unrollLimit: unrollLimit, block: cutting.block))
    }
  }

  /// The outputs of each function, in order, as `ReferenceProgram.evaluate` gives them; `programs`
  /// are its own.
  package func evaluate(
    _ environments: [ReferenceEnvironment], oracle: Oracle? = nil
  ) throws(DiagnosticError) -> ReferenceProgram.Result {
    try evaluate(environments, oracle: oracle, by: programs())
  }

  func evaluate(
    _ environments: [ReferenceEnvironment], oracle: Oracle? = nil, by programs: [PlanProgram]
  ) throws(DiagnosticError) -> ReferenceProgram.Result {
    let sitePhases = try BarrierPhases.of(functions)
    let team = Team(threads: threads, worth: cutting.worth)
    let memory = PlanMemory()
    var runs: [Run] = []
    for (k, program) in programs.enumerated() {
      memory.reserve(program.plan)
      team.reserve(program.plan)
      runs.append(Run(functions[k], program, environments[k], memory))
    }
    if let compiler {
      let code = compiler.compile(
        programs.flatMap(\.withBodies).flatMap { $0.plan.sources(PlanNames()) }, effort: .always)
      code.wait()
      var functions = (code.take() ?? [])[...]
      for run in runs { run.instance.adopt(&functions) }
      runs.first?.code = code
    }
    team.assemble()
    let lockstep = Lockstep(
      runs.map(\.instance), sitePhases: sitePhases, team: team, element: element)
    for run in runs { try run.load() }
    if let oracle {
      try lockstep.run { (points, gradients) throws(DiagnosticError) in
        // The reference's oracle tells sites apart; a lone point does not need to.
        let all = runs.enumerated().map { (k, run) in run.dense(points[k], of: .parameter(0)) }
        let answer = try oracle(OracleRequest(site: 0, points: all))
        if let gradients {
          for k in runs.indices { runs[k].write(answer.gradients[k].values, to: gradients[k]) }
        }
        return answer.loss
      }
    } else {
      try lockstep.run(nil)
    }
    return ReferenceProgram.Result(outputs: runs.map { $0.outputs() })
  }
}

/// One function with memory of its own.
private final class Run {
  let function: Function
  let plan: Plan
  let environment: ReferenceEnvironment
  let instance: PlanInstance
  /// Keeps compiled passes loaded.
  var code: SegmentCode?
  private var owned: [UnsafeMutableRawPointer] = []

  init(
    _ function: Function, _ program: PlanProgram, _ environment: ReferenceEnvironment,
    _ memory: PlanMemory
  ) {
    self.function = function
    self.environment = environment
    plan = program.plan
    instance = PlanInstance(program, memory: memory)
  }

  deinit { for pointer in owned { pointer.deallocate() } }

  func load() throws(DiagnosticError) {
    instance.bind(seed: environment.seed, tensor: environment.tensor)
    instance.setStep(environment.step)
    for (k, slot) in plan.slots.enumerated() where !slot.isTemporary {
      let pointer = UnsafeMutableRawPointer.allocate(
        byteCount: max(slot.byteCount, 8), alignment: 64)
      owned.append(pointer)
      instance.slots[k] = pointer
      write(values(slot.role, slot.count), to: pointer)
    }
    for (register, preset) in plan.presets {
      let x: Double? =
        switch preset {
        case .constant: nil
        case .hyper(let k): environment.hypers[k]
        case .step: Double(environment.step)
        case .horizon: Double(environment.horizon)
        case .loss: environment.loss
        case .state(let k): environment.states[k].scalar
        case .input(let k): environment.inputs[k].scalar
        case .argument: nil
        }
      if let x { instance.scalars[Int(register)] = x }
    }
    for (k, name) in plan.drawNames.enumerated() {
      guard let recorded = environment.recordedDraws[name] else { continue }
      let count = plan.drawCounts[k]
      let pointer = UnsafeMutablePointer<Double>.allocate(capacity: max(count, 1))
      owned.append(UnsafeMutableRawPointer(pointer))
      for i in 0..<count { pointer[i] = recorded.values[recorded.count == 1 ? 0 : i] }
      instance.replays[k] = UnsafePointer(pointer)
    }
  }

  private func values(_ role: PlanSlot.Role, _ count: Int) -> [Double] {
    func entry(_ all: [Dense], _ k: Int) -> Dense? { k < all.count ? all[k] : nil }
    let dense: Dense? =
      switch role {
      case .parameter(let k): entry(environment.parameters, k)
      case .gradient(let k): entry(environment.gradients, k)
      case .state(let k): entry(environment.states, k)
      case .input(let k): entry(environment.inputs, k)
      default: nil
      }
    return dense?.values ?? [Double](repeating: 0, count: count)
  }

  func write(_ values: [Double], to pointer: UnsafeMutableRawPointer) {
    for (i, x) in values.enumerated() {
      rv_set_number(plan.element.kernelElement, pointer, Int64(i), x)
    }
  }

  func dense(_ pointer: UnsafeRawPointer, of role: PlanSlot.Role) -> Dense {
    let count = plan.slots.first { $0.role == role }?.count ?? 0
    let values = (0..<count).map { rv_number_at(plan.element.kernelElement, pointer, Int64($0)) }
    return Dense(shape: [count], values: values)
  }

  func outputs() -> [(target: OutputTarget, value: Dense)] {
    function.outputs.map { output in
      let shape = function.type(output.value).shape.numbers
      if let scalar = plan.scalarOutputs.first(where: { $0.target == output.target }) {
        return (output.target, Dense(instance.scalars[Int(scalar.register)]))
      }
      let roles: [PlanSlot.Role] =
        switch output.target {
        case .parameter(let k): [.parameter(k)]
        case .state(let k): [.state(k)]
        default: [.output(output.target)]
        }
      for role in roles {
        guard let slot = plan.slot(role), let pointer = instance.slots[slot] else { continue }
        var result = dense(UnsafeRawPointer(pointer), of: role)
        result.shape = shape
        return (output.target, result)
      }
      return (output.target, Dense(.nan))
    }
  }
}
