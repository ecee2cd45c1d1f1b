import Diagnostics
import IR

/// A rule bound to the names and lengths of tensors, an element type and an engine: its variants made
/// concrete, their plans, and compiled passes.
///
/// It holds no memory: states, inputs and the count of steps are an `Optimizer`'s. What takes time is
/// done here, once for optimizers of any seed and number of threads; `rebound` takes other arguments.
package struct BoundRule: Sendable {
  package private(set) var rule: Rule
  package let parameters: [ParameterSpec]
  package let engine: EngineKind
  package let elementType: ElementType
  /// The lengths of named axes. With n workers the gradient of a tensor is n tensors, one after the
  /// other in memory.
  package let axes: AxisLengths
  /// T, the planned number of steps, when the rule was bound.
  package private(set) var horizon: Int
  private(set) var hypers: HyperProgram
  /// Those of the hyperparameters that fix shapes or loop counts.
  private let structural: [Double]
  /// Tensors that take the same variant and have the same lengths share one.
  let variants: [BoundVariant]
  /// By tensor, which of `variants`.
  let variantOf: [Int]
  /// For each site that all tensors meet at, the phase at whose end it is known.
  let sitePhases: [Int]
  /// The first phase says whether the gradients are finite.
  let hasWitness: Bool
  /// Whether a step may stop in its midst, so that what it writes must be kept.
  let needsBackup: Bool
  /// What steps ask of a host, looked up once: hosts ask at each step.
  package let needsGradient: Bool
  package let needsLoss: Bool
  package let needsOracle: Bool
  package let needsHessian: Bool
  let cutting: Cutting
  /// The compiled passes of all variants, in order, if they are to be compiled.
  private(set) var code: SegmentCode?

  /// Binds a rule to tensors. Throws R06xx where the routes do not take each tensor once, R0507 where
  /// a hyperparameter is out of its domain, R0821 where the rule has a named axis whose length is not
  /// given, R0822 where a length is 0, R0823 for workers that never meet, R08xx for what is not
  /// supported yet, R0813 where memory does not suffice, and the errors of shapes that only numbers
  /// reveal. `horizon` is T, the planned number of steps.
  package init(
    _ rule: Rule, parameters: [ParameterSpec], engine: EngineKind = .interpreter,
    elementType: ElementType = .float32, horizon: Int = 0, axes: AxisLengths = AxisLengths(),
    cutting: Cutting = .usual
  ) throws(DiagnosticError) {
    self.rule = rule
    self.parameters = parameters
    self.engine = engine
    self.elementType = elementType
    self.axes = axes
    self.horizon = horizon
    self.cutting = cutting
    for parameter in parameters { try parameter.require(at: rule.module.origin) }
    try rule.module.require(axes)
    hypers = try HyperProgram(rule)
    let values = try HyperValues(hypers, horizon: horizon).all
    structural = Self.structural(rule, values)
    var binder = RuleBinder(
      rule: rule, engine: engine, elementType: elementType, axes: axes, cutting: cutting,
      hypers: values)
    try binder.bind(parameters)
    variants = binder.variants
    variantOf = binder.variantOf
    sitePhases = binder.sitePhases
    hasWitness = binder.hasWitness
    needsBackup = binder.needsBackup
    let read = Set(variants.flatMap { $0.update.instructions.map(\.operation) })
    needsGradient = rule.module.guardsFinite || read.contains(.gradient)
    needsLoss = read.contains(.loss)
    needsOracle = read.contains(.lossAt) || read.contains(.gradientAt)
    needsHessian = read.contains(.hessianProduct)
  }

  /// What a step takes at most, in elements times instructions and what takes as long: all that it may do is counted,
  /// whether this step does it or not. 0 for the reference engine.
  package var work: Double {
    variantOf.reduce(0) { $0 + (variants[$1].program?.plan.work ?? 0) }
  }

  /// Whether this is what binding the rule for so many steps gives.
  package func isBound(to other: Rule, horizon: Int) -> Bool {
    horizon == self.horizon && other.arguments == rule.arguments
      && other.module.hypers == rule.module.hypers && rule.module.updates(as: other.module)
  }

  /// The rule with other arguments and another horizon, on the same plans and code; nil where another
  /// rule, or another value of a structural hyperparameter, wants plans of its own. Throws R0507 and
  /// R0908 where an argument is out of its domain.
  package func rebound(
    _ other: Rule, horizon: Int
  ) throws(DiagnosticError) -> BoundRule? {
    guard rule.module.updates(as: other.module) else { return nil }
    var result = self
    result.rule = other
    result.horizon = horizon
    result.hypers = try HyperProgram(other)
    let values = try HyperValues(result.hypers, horizon: horizon).all
    guard Self.structural(other, values) == structural else { return nil }
    for variant in variants { try RuleBinder.checkShares(variant.update, values) }
    return result
  }

  private static func structural(_ rule: Rule, _ values: [Double]) -> [Double] {
    rule.module.hypers.indices.filter { rule.module.hypers[$0].isStructural }.map { values[$0] }
  }

  /// Has the passes compiled, if the engine is one that wants it.
  package mutating func compile(_ compiler: (any SegmentCompiler)?) {
    guard code == nil, let compiler = engine.compiler(compiler) else { return }
    let count = parameters.reduce(0) { $0 + $1.count }
    code = compiler.compile(segmentSources, effort: engine.effort(count))
  }

  func variant(of tensor: Int) -> BoundVariant { variants[variantOf[tensor]] }

  /// The passes, each variant's once, for a compiler.
  package var segmentSources: [SegmentSource] {
    variants.flatMap { variant -> [SegmentSource] in
      let slots = rule.module.variants[variant.index]
      let names = PlanNames(
        parameters: ["w"], states: slots.states.map(\.name), inputs: slots.inputs.map(\.name),
        hypers: rule.module.hypers.map(\.name))
      return variant.program?.withBodies.flatMap { $0.plan.sources(names) } ?? []
    }
  }

  /// The plan of each way through the rule that some tensor takes, as text.
  package func dumpPlan() -> String {
    var seen: Set<String> = []
    var text = ""
    for (k, parameter) in parameters.enumerated() {
      guard let plan = variant(of: k).program?.plan else { continue }
      let dump = plan.dump()
      if seen.insert(dump).inserted { text += "# \(parameter.name)\n\(dump)" }
    }
    return text
  }
}

extension RuleModule {
  /// Whether two modules do the same with the same hyperparameters, wherever their values come from.
  fileprivate func updates(as other: RuleModule) -> Bool {
    hypers.map(\.name) == other.hypers.map(\.name)
      && hypers.map(\.isStructural) == other.hypers.map(\.isStructural)
      && guardsFinite == other.guardsFinite && globalSites == other.globalSites
      && variants.count == other.variants.count
      && zip(variants, other.variants).allSatisfy { a, b in
        a.predicate == b.predicate && a.states == b.states && a.inputs == b.inputs
          && a.roundsStochastically == b.roundsStochastically && a.update == b.update
          && a.initial == b.initial
      }
  }
}
