import Diagnostics
import IR

/// Binds a rule to tensors: picks the variant that takes each, makes it concrete, lays out what it
/// keeps, and plans it.
struct RuleBinder {
  let rule: Rule
  let engine: EngineKind
  let elementType: ElementType
  let axes: AxisLengths
  let cutting: Cutting
  /// The values of the hyperparameters, as bound.
  let hypers: [Double]

  private(set) var variants: [BoundVariant] = []
  private(set) var variantOf: [Int] = []
  private(set) var sitePhases: [Int] = []
  private(set) var hasWitness = false
  private(set) var needsBackup = false
  private var found: [Key: Int] = [:]
  private var nonNegative: [Int: Set<Int>] = [:]
  private var globals: Set<String> = []
  /// What the states and inputs take.
  private var reservedBytes = 0.0

  /// What the plan of a tensor depends on.
  private struct Key: Hashable {
    var variant: Int
    var dims: [Int]
  }

  private var compute: ElementType { elementType.compute }

  init(
    rule: Rule, engine: EngineKind, elementType: ElementType, axes: AxisLengths,
    cutting: Cutting, hypers: [Double]
  ) {
    self.rule = rule
    self.engine = engine
    self.elementType = elementType
    self.axes = axes
    self.cutting = cutting
    self.hypers = hypers
  }

  mutating func bind(_ parameters: [ParameterSpec]) throws(DiagnosticError) {
    for parameter in parameters {
      let key = Key(
        variant: try rule.module.variantIndex(for: parameter), dims: parameter.dims)
      if found[key] == nil {
        variants.append(try bound(key.variant, parameter))
        found[key] = variants.count - 1
      }
      variantOf.append(found[key]!)
      try reserve(variants[found[key]!])
    }
    sitePhases = try BarrierPhases.of(variants.map(\.update))
    // The reference engine stores nothing before it knows everything.
    if engine == .reference { return }
    needsBackup = variants.contains { StepBackup.isNeeded($0.update) }
    if needsBackup {
      let bytes = parameters.reduce(0.0) { $0 + Double($1.count * elementType.byteCount) }
      let states = variantOf.reduce(0.0) { sum, k in
        variants[k].states.reduce(sum) { $1.isGlobal ? $0 : $0 + Double($1.byteCount) }
      }
      try reserve(
        bytes + states + 8 * Double(globals.count),
        "what a step without an answer leaves as it was", at: rule.module.origin, stays: true)
    }
    try plan()
  }

  private mutating func bound(
    _ index: Int, _ parameter: ParameterSpec
  ) throws(DiagnosticError) -> BoundVariant {
    let variant = rule.module.variants[index]
    var context = BindContext(dims: parameter.dims, hypers: hypers, axes: axes)
    // Each has a second one for squares beyond the numbers.
    let sites = rule.module.globalSites.count
    context.sites = max(2 * sites, 1)
    let update = try variant.update.specialised(context).withSafeNorms(
      compute.squares(on: engine), sites: sites)
    let initial = try variant.initial.specialised(context)
    try Self.checkShares(update, hypers)
    if nonNegative[index] == nil {
      nonNegative[index] = variant.nonNegativeStates(rule.module.hypers)
    }
    var states: [TensorLayout] = []
    for (k, slot) in variant.states.enumerated() {
      let shape: [Int]
      if let value = initial.output(.state(k)) {
        shape = initial.type(value).shape.numbers
      } else {
        shape = try variant.initial.concreteShape(slot.shape, context, at: slot.origin).numbers
      }
      // A block was checked when the rule was lowered; one number has none.
      let format =
        shape.isEmpty
        ? .float64
        : try format(
          slot, k, count: Lengths.product(shape), signed: !nonNegative[index]!.contains(k))
      if slot.isGlobal, !shape.isEmpty {
        throw DiagnosticError(.globalStateOfMany(at: slot.origin))
      }
      states.append(
        TensorLayout(
          slot.name, shape, format, engine == .reference ? .float64 : compute,
          isGlobal: slot.isGlobal))
    }
    try checkBlocks(variant, states)
    var inputs: [TensorLayout] = []
    for slot in variant.inputs {
      let shape = try variant.update.concreteShape(slot.shape, context, at: slot.origin).numbers
      inputs.append(TensorLayout(slot.name, shape, compute.format, compute))
    }
    var views: [TensorLayout] = []
    for output in update.outputs {
      if case .view(let name) = output.target {
        let shape = update.type(output.value).shape.numbers
        views.append(TensorLayout(name, shape, elementType.format, compute))
      }
    }
    return BoundVariant(
      index: index, update: update, states: states, inputs: inputs, views: views,
      firstValues: try FirstValues(
        initial, states, elements: parameter.count, engine: engine, compute: compute),
      sizes: [initial, update].compactMap { $0.mostNumbers() },
      drawCounts: BoundVariant.drawCounts(update),
      firstDrawCounts: BoundVariant.drawCounts(initial))
  }

  /// The format of state `k` of a variant. Throws R0504 for a block of no length.
  private func format(
    _ slot: StateSlot, _ k: Int, count: Int, signed: Bool
  ) throws(DiagnosticError) -> SlotFormat {
    guard
      var format = SlotFormat(
        slot.storage, count: count, compute: compute, isSigned: signed, hypers: hypers)
    else {
      throw DiagnosticError(.blockOfNoLength(slot))
    }
    if slot.roundsStochastically, format.element != compute.kernelElement, format.width <= 2 {
      format.site = RoundingSite.state(k)
    }
    return format
  }

  /// Throws R0801 where no stretch of a tensor holds whole blocks of all its states.
  private func checkBlocks(
    _ variant: RuleVariant, _ states: [TensorLayout]
  ) throws(DiagnosticError) {
    var unit = 1
    for (slot, state) in zip(variant.states, states) {
      unit = SlotFormat.leastMultiple(unit, state.format.alignment)
      if unit > BlockLength.limit {
        throw DiagnosticError(.unlikeBlocks(at: slot.origin))
      }
    }
  }

  /// Throws R0908 for a share of `topk_mask` or `quantile` that is known here and is none.
  static func checkShares(_ update: Function, _ hypers: [Double]) throws(DiagnosticError) {
    for (i, instruction) in update.instructions.enumerated()
    where [.topKMask, .quantile].contains(instruction.operation) {
      let isMask = instruction.operation == .topKMask
      let operand = update[instruction.b]
      let share =
        update.constantValue(instruction.b)
        ?? (operand.operation == .hyper ? hypers[Int(operand.attribute)] : nil)
      guard let share, !(share > 0 && share <= 1), isMask || !(share.isNaN || share == 0) else {
        continue
      }
      let error = NumericError.share(share)
      throw DiagnosticError(
        error.diagnostic(instruction.operation, at: update.origin(ValueID(i))), cause: error)
    }
  }

  // MARK: Memory

  /// Takes what a tensor of this variant keeps.
  private mutating func reserve(_ bound: BoundVariant) throws(DiagnosticError) {
    let variant = rule.module.variants[bound.index]
    for (slot, state) in zip(variant.states, bound.states) {
      if state.isGlobal, !globals.insert(state.name).inserted { continue }
      try reserve(
        Double(state.byteCount), "the state `\(slot.name)`", at: slot.origin, stays: true)
    }
    for most in bound.sizes {
      // The reference engine keeps every value; the other one value at a time.
      let numbers = engine == .reference ? most.total : most.largest
      try reserve(numbers * Double(compute.byteCount), "this", at: most.origin)
    }
    for (slot, input) in zip(variant.inputs, bound.inputs) {
      try reserve(
        Double(input.count * compute.byteCount), "the input `\(slot.name)`", at: slot.origin,
        stays: true)
    }
  }

  /// Throws R0813 where `bytes` do not fit beside what is taken already; takes them if they stay.
  private mutating func reserve(
    _ bytes: Double, _ what: String, at span: Span, stays: Bool = false
  ) throws(DiagnosticError) {
    guard bytes <= Budget.bytes - reservedBytes else {
      throw Budget.exceeded(what, bytes: bytes, limit: Budget.bytes - reservedBytes, at: span)
    }
    if stays { reservedBytes += bytes }
  }

  // MARK: Plans

  private mutating func plan() throws(DiagnosticError) {
    let updates = variants.map(\.update)
    var plans: [Plan] = []
    for variant in variants {
      var plan = try Planner.plan(
        variant.update, element: elementType,
        formats: PlanFormats(
          elementType, states: variant.states.map(\.format),
          roundsByChance: rule.module.variants[variant.index].roundsStochastically),
        sitePhases: sitePhases,
        firstPhaseAfterOracles: BarrierPhases.firstAfterOracles(updates, sitePhases),
        block: cutting.block)
      plan.separateUniform()
      plans.append(plan)
    }
    cutAtWitnesses(&plans)
    for (k, plan) in plans.enumerated() {
      try reserve(
        Double(plan.arenaBytes), "a step of `\(rule.label)`",
        at: variants[k].update.mostNumbers()?.origin ?? rule.module.origin)
      variants[k].program = PlanProgram(plan)
    }
  }

  /// For `guard finite`: has all plans begin with a phase that knows whether the gradients are finite
  /// and has written nothing, if all can.
  private mutating func cutAtWitnesses(_ plans: inout [Plan]) {
    guard rule.module.guardsFinite, !plans.isEmpty else { return }
    var cut = plans
    for k in plans.indices {
      guard let position = plans[k].checkpoint,
        plans[k].phaseCount > 1 || plans[k].arenaBytes <= Schedule.keepableBytes
      else { return }
      cut[k].cutFirstPhase(at: position)
    }
    plans = cut
    hasWitness = true
  }
}
