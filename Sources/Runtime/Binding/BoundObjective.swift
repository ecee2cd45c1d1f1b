import Diagnostics
import IR

/// An objective bound to a batch size, an element type and an engine: its function with gradients,
/// their plan, and compiled passes. It holds no memory but its constants; runners of any seed and thread share it.
package struct BoundObjective: Sendable {
  package let module: ObjectiveModule
  package let parameters: [ParameterSpec]
  package let engine: EngineKind
  package let elementType: ElementType
  /// Rows of a batch; nil for an objective without data.
  package let batch: Int?
  /// The values of the objective's hyperparameters, at the first step where they follow it.
  package let hypers: [Double]
  /// Whether the hyperparameters differ from one evaluation to the next.
  let followsOccasion: Bool
  /// Whether one of them is made of t or T.
  let followsStep: Bool
  /// Elements of each input in one batch.
  package let inputCounts: [Int]
  /// Inputs that are data. Those that follow come from a part that hands on, its numbers as doubles.
  let dataInputs: Int
  /// Whether its gradients are what another part reads.
  let handsOn: Bool
  let function: Function
  let initial: Function
  /// Of the function, or of what is left of it without its constants, which follow its inputs. Nil for the reference engine.
  private(set) var program: PlanProgram?
  /// Nil where it has none worth keeping.
  private(set) var constants: ObjectiveConstants?
  private(set) var code: SegmentCode?

  /// `isHessian`: it has inputs more, one direction a parameter, and its gradients are the Hessian's
  /// products with them. `hypers` nil takes the defaults. Without metrics, what only they need is not computed, and they
  /// are NaN. Throws shape errors that only numbers reveal, R0411 for a parameter without elements,
  /// R0813 where memory does not suffice, and R0806 where an operation has no derivative yet.
  package init(
    _ module: ObjectiveModule, hypers: [Double]? = nil, batch: Int? = nil, features: Int? = nil,
    engine: EngineKind = .interpreter, elementType: ElementType = .float32,
    needsGradient: Bool = true, needsMetrics: Bool = true, isHessian: Bool = false
  ) throws(DiagnosticError) {
    self.module = module
    self.engine = engine
    self.elementType = elementType
    self.batch = batch
    var values = hypers ?? []
    if hypers == nil { values = try module.hypers(at: Occasion()) }
    self.hypers = values
    followsStep = hypers == nil && module.followsStep
    followsOccasion = followsStep || hypers == nil && module.training != nil
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
        throw DiagnosticError(.emptyParameter(slot.name, shape, at: slot.origin))
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
    var counts: [Int] = []
    for slot in module.inputs {
      counts.append(
        try module.forward.concreteShape(slot.shape, context, at: slot.origin).elementCount)
    }
    inputCounts = isHessian ? counts + specs.map(\.count) : counts
    dataInputs = inputCounts.count
    handsOn = false
    initial = try module.initial.specialised(context).checkedForEvaluation()
    let whole =
      isHessian
      ? try forward.hessianProduct(parameters: shapes, directionsFrom: module.inputs.count)
      : needsGradient
        ? try forward.differentiated(
          parameters: shapes,
          ascended: shapes.indices.filter { module.parameters[$0].isAscended }) : forward
    function = try whole.withSafeNorms(elementType.compute.squares(on: engine))
    if engine == .reference { return }
    try plan(hasConstants: true)
  }

  /// A part of another objective, with inputs of these sizes. Without parameters it hands its gradients on: numbers as
  /// doubles, the others as `elementType` has them. `hasConstants`: what it makes of constants is worked out once.
  init(
    _ base: BoundObjective, _ function: Function, parameters: [ParameterSpec],
    inputCounts: [Int], elementType: ElementType, hasConstants: Bool = true
  ) throws(DiagnosticError) {
    module = base.module
    self.parameters = parameters
    engine = base.engine
    self.elementType = elementType
    batch = base.batch
    hypers = base.hypers
    followsOccasion = base.followsOccasion
    followsStep = base.followsStep
    self.inputCounts = inputCounts
    dataInputs = base.dataInputs
    handsOn = parameters.isEmpty
    self.function = function
    initial = base.initial
    try plan(hasConstants: hasConstants)
  }

  private mutating func plan(hasConstants: Bool) throws(DiagnosticError) {
    let cut = hasConstants ? try cut(after: .constants) : nil
    let kept = cut.flatMap { ObjectiveConstants.areKept($0, elementType) ? $0 : nil }
    let plan = try Planner.plan(kept?.late ?? function, element: elementType)
    let keptBytes = kept.map { ObjectiveConstants.bytes($0, elementType) } ?? 0
    let bytes = Double(plan.arenaBytes) + keptBytes
    if bytes > Budget.bytes {
      throw Budget.exceeded(
        "`\(module.name)`, evaluated on one batch,", bytes: bytes,
        limit: Budget.bytes, at: function.mostNumbers()?.origin ?? module.origin)
    }
    program = PlanProgram(plan)
    guard let kept else { return }
    constants = ObjectiveConstants(
      try BoundObjective(
        self, kept.early, parameters: [], inputCounts: [], elementType: elementType.compute,
        hasConstants: false), counts: kept.counts)
  }

  func cut(after stage: Function.Stage) throws(DiagnosticError) -> FunctionCut? {
    try function.cut(
      after: stage, inputs: inputCounts.count,
      followsOccasion: module.hypers.indices.map { followsOccasion && module.followsOccasion($0) })
  }

  /// Has the passes compiled, if the engine is one that wants it.
  package mutating func compile(_ compiler: (any SegmentCompiler)?) {
    guard code == nil, let program, let compiler = engine.compiler(compiler) else { return }
    let names = PlanNames(
      parameters: module.parameters.map(\.name),
      inputs: module.inputs.map(\.name)
        + (inputCounts.count > module.inputs.count ? parameters.map { "v_" + $0.name } : []),
      hypers: module.hypers.map(\.name))
    let count = program.plan.segments.reduce(0) { $0 + $1.count }
    code = compiler.compile(
      program.withBodies.flatMap { $0.plan.sources(names) }, effort: engine.effort(count))
  }

  /// Whether no pass cuts a sum into chunks: the values are then the same, to the bit, in whatever
  /// plan they are computed.
  package var hasShortSums: Bool {
    (function.mostNumbers()?.largest ?? 0) <= Double(SegmentBuilder.leastChunk)
  }

  /// The objective as text: its plan, after that of its constants.
  package func dumpPlan() -> String {
    (constants.map { "# once\n" + $0.objective.dumpPlan() + "# each time\n" } ?? "")
      + (program?.plan.dump() ?? "")
  }
}

extension ObjectiveModule {
  /// Whether a hyperparameter is made of t or T.
  fileprivate var followsStep: Bool {
    defaults.instructions.contains { $0.operation == .step || $0.operation == .horizon }
  }

  /// Whether this hyperparameter is another number in other evaluations.
  fileprivate func followsOccasion(_ hyper: Int) -> Bool {
    hyper == training || defaults.output(.hyper(hyper)).map { defaults.followsStep($0) } ?? true
  }

  /// What it trains, on batches of so many rows and columns. Throws shape errors that only numbers reveal.
  package func tensors(batch: Int?, features: Int?) throws(DiagnosticError) -> [ParameterSpec] {
    let context = BindContext(batch: batch, features: features, hypers: try hypers(at: Occasion()))
    var tensors: [ParameterSpec] = []
    for slot in parameters {
      let shape = try forward.concreteShape(slot.shape, context, at: slot.origin)
      tensors.append(ParameterSpec(name: slot.name, dims: shape.numbers))
    }
    return tensors
  }

  /// The values of the hyperparameters at an evaluation. Throws R0507 where one is out of its domain.
  func hypers(at occasion: Occasion) throws(DiagnosticError) -> [Double] {
    var values = hypers.map { _ in 0.0 }
    if let training { values[training] = occasion.isTraining ? 1 : 0 }
    for (target, value) in try ReferenceProgram.evaluateScalars(
      defaults, step: occasion.step, horizon: occasion.horizon)
    {
      guard case .hyper(let k) = target else { continue }
      values[k] = value
      if let domain = hypers[k].domain, !domain.contains(value) {
        throw DiagnosticError(
          .scheduleLeavesDomain(
            hypers[k], domain, value, step: followsStep ? occasion.step : nil, isGiven: false))
      }
    }
    return values
  }
}
