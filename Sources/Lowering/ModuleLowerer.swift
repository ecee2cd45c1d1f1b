import Diagnostics
import IR
import Semantics
import Syntax

/// The module of a rule: one variant for each way through its routes.
struct ModuleLowerer: LoweringPart {
  let lowerer: Lowerer

  /// The lowerer.module of a rule with everything given to it; nil when an error was reported.
  ///
  /// Without `needsDefaults` a hyperparameter may lack a value (a rule is being checked, not run).
  func module(of value: RuleValue, needsDefaults: Bool = true) -> RuleModule? {
    lowerer.module = ModuleState()
    let hyper = HyperLowerer(lowerer: lowerer)
    lowerer.module.ruleOrder = hyper.nested(value)
    var hypers: [FlatHyper] = []
    hyper.flatten(value, prefix: "", into: &hypers)
    hyper.checkLabels(value, hypers)
    hyper.resolveGiven(hypers)
    hyper.findLists(hypers)
    lowerer.module.domains = [:]
    let allDomains = hypers.map { hyper.domain(of: $0) }
    for (hyper, domain) in zip(hypers, allDomains) { lowerer.module.domains[hyper.key] = domain }
    var defaults = hyper.defaultsFunction(hypers, name: value.name, needsDefaults: needsDefaults)
    if lowerer.bag.hasErrors { return nil }
    lowerer.module.hypers = hypers
    do {
      lowerer.module.arguments = try defaults.inliningHypers()
    } catch {
      lowerer.bag.report(contentsOf: error.diagnostics)
      return nil
    }
    hyper.checkDomains(hypers)
    if lowerer.bag.hasErrors { return nil }
    lowerer.module.defaults = defaults

    let options = options(of: value)
    let before = lowerer.bag
    var variants = settled(value, options)
    var workerErrors: [Diagnostic] = []
    if lowerer.bag.hasErrors, lowerer.module.usesWorkers, !isErrorOfMeeting {
      // One worker is no axis: on one the rule may be what it cannot be on several.
      let found = lowerer.bag
      workerErrors = found.sorted.filter { $0.severity == .error }
      lowerer.module.isForOneWorker = true
      lowerer.module.usesWorkers = false
      lowerer.module.varying = []
      lowerer.bag = before
      variants = settled(value, options)
      if lowerer.bag.hasErrors { lowerer.bag = found }
    }
    hyper.checkFixed(hypers)
    if lowerer.bag.hasErrors { return nil }
    do {
      defaults = try defaults.timed(by: lowerer.module.clocks)
      lowerer.module.arguments = try defaults.inliningHypers()
    } catch {
      lowerer.bag.report(contentsOf: error.diagnostics)
      return nil
    }
    return RuleModule(
      name: value.name, documentation: value.rule.declaration.documentation,
      hypers: zip(hypers, allDomains).enumerated().flatMap { index, pair in
        hyper.entries(of: pair.0, index, pair.1)
      }, defaults: defaults, variants: variants.spanningAllTensors(),
      globalSites: lowerer.module.globalSites,
      guardsFinite: lowerer.module.guardsFinite, origin: value.rule.declaration.name.span,
      workerErrors: workerErrors)
  }

  /// Whether a rule that reduces over workers is wrong itself.
  private var isErrorOfMeeting: Bool {
    lowerer.bag.all.contains { error in
      lowerer.module.reductionsOverWorkers.contains {
        $0.start <= error.span.start && error.span.end <= $0.end
      }
    }
  }

  /// The variants, lowered until no more is found to differ between workers.
  private func settled(_ value: RuleValue, _ options: [Option]) -> [RuleVariant] {
    let before = lowerer.bag
    var variants = self.variants(of: value, options)
    var known = (false, 0)
    while known != (lowerer.module.usesWorkers, lowerer.module.varying.count) {
      known = (lowerer.module.usesWorkers, lowerer.module.varying.count)
      lowerer.bag = before
      variants = self.variants(of: value, options)
    }
    return variants
  }

  private func variants(of value: RuleValue, _ options: [Option]) -> [RuleVariant] {
    options.compactMap { option in
      lowerer.module.beginVariant(option.choices)
      return variant(value, option)
    }
  }

  // MARK: Variants

  struct Option {
    var predicate: TensorPredicate
    var path: [String]
    var choices: [ObjectIdentifier: Int]
  }

  /// All ways through the routes of a rule.
  private func options(of value: RuleValue) -> [Option] {
    var result = [Option(predicate: .always, path: [], choices: [:])]
    func combine(_ more: [Option]) {
      guard result.count * more.count <= 256 else {
        report(.tooManyRoutes(at: value.rule.declaration.name.span))
        return
      }
      result = result.flatMap { a in
        more.map { b in
          Option(
            predicate: b.predicate == .always
              ? a.predicate
              : a.predicate == .always ? b.predicate : .and(a.predicate, b.predicate),
            path: a.path + b.path, choices: a.choices.merging(b.choices) { x, _ in x })
        }
      }
    }
    switch value.body {
    case .descent: break
    case .equations:
      for parameter in value.rule.ruleParameters {
        if let inner = value.rules[parameter.name.key] { combine(options(of: inner)) }
      }
    case .alias(let inner): combine(options(of: inner))
    case .route(let arms):
      let predicates = RouteLowerer(lowerer: lowerer).routePredicates(value, arms)
      var all: [Option] = []
      for (index, arm) in arms.enumerated() {
        for inner in options(of: arm.rule) {
          var option = inner
          option.choices[ObjectIdentifier(value)] = index
          option.predicate =
            inner.predicate == .always
            ? predicates[index] : .and(predicates[index], inner.predicate)
          option.path = ["\(arm.text) -> \(arm.rule.name)"] + inner.path
          all.append(option)
        }
      }
      combine(all)
    }
    return result
  }

  private func variant(_ value: RuleValue, _ option: Option) -> RuleVariant? {
    begin(value.name, drawShape: .like)
    let w = Handle(level: 0, id: lowerer.builder.source(.parameter, .like))
    let g = Handle(
      level: 0, id: lowerer.builder.source(.gradient, StepLowerer(lowerer: lowerer).gradientType))
    guard case .value(let next) = StepLowerer(lowerer: lowerer).apply(value, w: w, g: g, prefix: "")
    else { return nil }
    lowerer.builder.output(.parameter(0), local(next))
    for (name, handle, span) in lowerer.module.views {
      if lowerer.builder.function.output(.view(name)) != nil {
        report(.viewTwice(name, at: span))
      } else {
        lowerer.builder.output(.view(name), local(handle))
      }
    }
    let update = finish()
    let states = lowerer.module.states
    let inputs = lowerer.module.inputs
    let rounds = lowerer.module.roundsStochastically
    guard let initial = initialFunction(value) else { return nil }
    return RuleVariant(
      predicate: option.predicate, path: option.path, states: states, inputs: inputs,
      update: update, initial: initial, roundsStochastically: rounds)
  }

  /// The states before the first step.
  private func initialFunction(_ value: RuleValue) -> Function? {
    let firstValues = lowerer.module.firstValues
    begin(value.name + ".initial", drawShape: .like, firstSite: 0x4000_0000)
    let w = Handle(level: 0, id: lowerer.builder.source(.parameter, .like))
    var frames: [String: Frame] = [:]
    for (slot, first) in firstValues.enumerated() {
      let origin: ModuleState.StateOrigin
      switch first {
      case .zero:
        lowerer.builder.output(.state(slot), lowerer.builder.constant(0))
        continue
      case .parameter:
        lowerer.builder.output(.state(slot), w.id)
        continue
      case .declared(let declared): origin = declared
      }
      let key = "\(ObjectIdentifier(origin.rule)) \(origin.prefix)"
      let frame =
        frames[key]
        ?? StepLowerer(lowerer: lowerer).ruleFrame(origin.rule, w: w, g: nil, prefix: origin.prefix)
      frames[key] = frame
      let declared = origin.binding.span
      let span =
        origin.binding.initial.map { lowerer.program[origin.rule.rule.tree].span($0) } ?? declared
      var shape = Shape.like
      if let type = origin.binding.type {
        guard let given = self.shape(type, frame) else { return nil }
        shape = given
      }
      shape = StepLowerer(lowerer: lowerer).varying(shape, origin.prefix + origin.binding.name.text)
      lowerer.draft.equationName = origin.binding.name.key
      lowerer.draft.drawShape = shape
      let first = origin.binding.initial.map { lower($0, frame) } ?? constant(0)
      guard let handle = single(first, at: span),
        let fitted = fit(
          handle, to: shape, { "the state `\(origin.binding.name.text)`" }, at: span,
          declared: declared)
      else { continue }
      if readsStep(handle) {
        report(.readBeforeFirstGradient(at: span))
        continue
      }
      if lowerer.module.states[slot].isGlobal, !StepLowerer(lowerer: lowerer).isGlobal(fitted) {
        report(.globalFromTensor(first: origin.binding.name.text, at: span))
      }
      lowerer.builder.output(.state(slot), local(fitted))
    }
    return finish()
  }

  private func readsStep(_ handle: Handle) -> Bool {
    !lowerer.builder.function.operations(under: local(handle)).isDisjoint(with: [
      .gradient, .state, .loss, .input, .lossAt, .gradientAt, .hessianProduct,
    ])
  }
}
