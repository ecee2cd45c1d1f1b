import Diagnostics
import IR
import Semantics
import Syntax

extension Lowerer {
  /// The module of a rule with everything given to it; nil when an error was reported.
  ///
  /// Without `needsDefaults` a hyperparameter may lack a value (a rule is being checked, not run).
  func module(of value: RuleValue, needsDefaults: Bool = true) -> RuleModule? {
    module = ModuleState()
    ruleOrder = nested(value)
    var hypers: [FlatHyper] = []
    flatten(value, prefix: "", into: &hypers)
    checkLabels(value, hypers)
    resolveGiven(hypers)
    findLists(hypers)
    domains = [:]
    let allDomains = hypers.map { domain(of: $0) }
    for (hyper, domain) in zip(hypers, allDomains) { domains[hyper.key] = domain }
    let defaults = defaultsFunction(
      hypers, name: value.name, needsDefaults: needsDefaults, isInlined: false)
    arguments = defaultsFunction(
      hypers, name: value.name, needsDefaults: needsDefaults, isInlined: true)
    if bag.hasErrors { return nil }

    let options = options(of: value)
    let before = bag
    var variants = self.variants(of: value, options)
    // What differs between workers is found by lowering: each time more of it, or nothing more.
    var known = (false, 0)
    while known != (module.usesWorkers, module.varying.count) {
      known = (module.usesWorkers, module.varying.count)
      bag = before
      variants = self.variants(of: value, options)
    }
    if bag.hasErrors { return nil }
    return RuleModule(
      name: value.name, documentation: value.rule.declaration.documentation,
      hypers: zip(hypers, allDomains).enumerated().flatMap { index, pair in
        entries(of: pair.0, index, pair.1)
      }, defaults: defaults, variants: variants, globalSites: module.globalSites,
      guardsFinite: module.guardsFinite, origin: value.rule.declaration.name.span)
  }

  private func variants(of value: RuleValue, _ options: [Option]) -> [RuleVariant] {
    options.compactMap { option in
      module.beginVariant(option.choices)
      return variant(value, option)
    }
  }

  // MARK: Hyperparameters

  /// Where the value of a hyperparameter is written: the argument, else the default.
  func argumentSpan(_ hyper: FlatHyper, _ index: Int) -> Span? {
    if let found = given[index] { return program[found.frame.tree].span(found.value) }
    return hyper.parameter.initial.map { program[hyper.rule.rule.tree].span($0) }
  }

  struct FlatHyper {
    var name: String
    var key: String
    var parameter: Parameter
    var rule: RuleValue
  }

  /// Every hyperparameter of the tree of rules, those inside a rule prefixed.
  private func flatten(_ value: RuleValue, prefix: String, into all: inout [FlatHyper]) {
    var taken: Set<String> = []
    flatten(value, prefix: prefix, &taken, into: &all)
  }

  private func flatten(
    _ value: RuleValue, prefix: String, _ taken: inout Set<String>, into all: inout [FlatHyper]
  ) {
    // One rule that stands in two places has its knobs once.
    guard value.hyperIndex.isEmpty else { return }
    for hyper in value.rule.hypers {
      var keyPrefix = prefix
      if taken.contains(keyPrefix + hyper.name.key) { keyPrefix += value.name + "." }
      var attempt = 2
      while !taken.insert(keyPrefix + hyper.name.key).inserted {
        keyPrefix = prefix + value.name + "\(attempt)."
        attempt += 1
      }
      value.hyperIndex[hyper.name.key] = all.count
      all.append(
        FlatHyper(
          name: keyPrefix + hyper.name.text, key: keyPrefix + hyper.name.key, parameter: hyper,
          rule: value))
    }
    for parameter in value.rule.ruleParameters {
      if let inner = value.rules[parameter.name.key] {
        flatten(inner, prefix: prefix + parameter.name.text + ".", &taken, into: &all)
      }
    }
    switch value.body {
    case .equations, .descent: break
    case .alias(let inner):
      if !value.rules.values.contains(where: { $0 === inner }) {
        flatten(inner, prefix: prefix, &taken, into: &all)
      }
    case .route(let arms):
      for arm in arms where !value.rules.values.contains(where: { $0 === arm.rule }) {
        flatten(arm.rule, prefix: prefix + arm.rule.name + ".", &taken, into: &all)
      }
    }
  }

  /// The position that a name given to `value` means: its own hyperparameter, or the only one of
  /// that name inside it.
  func hyperPosition(_ key: String, in value: RuleValue, _ all: [FlatHyper]) -> Int? {
    if let own = value.hyperIndex[key] { return own }
    let inside = Set(nested(value).map { ObjectIdentifier($0) })
    let matches = all.indices.filter {
      inside.contains(ObjectIdentifier(all[$0].rule))
        && (all[$0].parameter.name.key == key || all[$0].key == key || all[$0].name == key)
    }
    return matches.count == 1 ? matches[0] : nil
  }

  private func nested(_ value: RuleValue) -> [RuleValue] {
    var result = [value]
    for (_, rule) in value.rules.sorted(by: { $0.key < $1.key }) { result += nested(rule) }
    switch value.body {
    case .equations, .descent: break
    case .alias(let inner): result += nested(inner)
    case .route(let arms): for arm in arms { result += nested(arm.rule) }
    }
    return result
  }

  private func checkLabels(_ value: RuleValue, _ all: [FlatHyper]) {
    for rule in nested(value) {
      for (key, argument) in rule.arguments.sorted(by: { $0.key < $1.key })
      where hyperPosition(key, in: rule, all) == nil {
        let known = Set(nested(rule).flatMap { $0.rule.hypers.map(\.name.text) }).sorted()
        let tree = program[argument.frame.tree]
        let label = self.label(key, of: argument.value, tree)
        let near =
          Suggestion.nearest(to: label.text, among: known)
          ?? Suggestion.nearest(
            to: label.text,
            among: Set(nested(rule).flatMap { $0.rule.hypers.map(\.name.key) }).sorted())
        report(
          .unknownHyper(
            label, of: rule.name, among: known, suggestion: near))
      }
    }
  }

  /// What each hyperparameter was given, by the outermost rule that gives it something.
  private func resolveGiven(_ all: [FlatHyper]) {
    given = [:]
    for rule in ruleOrder {
      for (key, argument) in rule.arguments.sorted(by: { $0.key < $1.key }) {
        guard let index = hyperPosition(key, in: rule, all), given[index] == nil else { continue }
        given[index] = (argument.value, argument.frame, rule)
      }
    }
  }

  private func label(_ key: String, of value: ExprID, _ tree: SyntaxTree) -> Name {
    for expression in tree.expressions {
      if case .call(_, let arguments) = expression,
        let found = arguments.first(where: { $0.value == value && $0.label?.key == key })
      {
        return found.label!
      }
    }
    return Name(key: key, text: key, span: tree.span(value))
  }

  /// The function that gives every hyperparameter its value, from t and T and the others; inlined,
  /// from t and T alone.
  private func defaultsFunction(
    _ hypers: [FlatHyper], name: String, needsDefaults: Bool, isInlined: Bool
  ) -> Function {
    begin(name + ".defaults", drawShape: .scalar)
    var entries: [Entry] = []
    for hyper in hypers {
      let index = entries.count
      let text = Name(
        key: hyper.key, text: hyper.parameter.name.text, span: hyper.parameter.name.span)
      entries.append(
        Entry(text, level: 0) { [unowned self] in
          self.defaultValue(hyper, index, hypers, needsDefaults) { other in
            isInlined ? entries[other] : self.reference(hypers[other], other, entries)
          }
        })
    }
    for (index, entry) in entries.enumerated() {
      let value = force(entry)
      if let list = module.lists[index], let count = list.count {
        guard let items = items(value, count, entry.name) else { continue }
        for (position, item) in items.enumerated() {
          output(item, list.start + position, hypers[index], entry.name)
        }
      } else {
        output(value, module.lists[index]?.start ?? index, hypers[index], entry.name)
      }
    }
    return finish()
  }

  private func output(_ value: Value, _ slot: Int, _ hyper: FlatHyper, _ name: Name) {
    guard let handle = single(value, at: name.span) else { return }
    guard shape(handle).isScalar else {
      report(.hyperNotOneNumber(name.text, at: name.span))
      return
    }
    if readsTensors(handle) {
      report(.hyperReadsTensor(at: name.span))
      return
    }
    builder.output(.hyper(slot), local(handle))
    checkDomain(of: hyper, handle)
  }

  /// A number that is given and can never be right is an error now, not at bind time.
  private func checkDomain(of hyper: FlatHyper, _ handle: Handle) {
    guard let x = constantValue(.value(handle)), let domain = domains[hyper.key],
      !domain.contains(x)
    else { return }
    let span: Span
    if let found = hyper.rule.hyperIndex[hyper.parameter.name.key].flatMap({ given[$0] }) {
      span = program[found.frame.tree].span(found.value)
    } else if let initial = hyper.parameter.initial {
      span = program[hyper.rule.rule.tree].span(initial)
    } else {
      return
    }
    report(.outsideDomain(hyper.name, domain, x, at: span))
  }

  /// Another hyperparameter, by reference; forced as well, so that a cycle is found.
  private func reference(_ hyper: FlatHyper, _ index: Int, _ entries: [Entry]) -> Entry {
    let name = entries[index].name
    return Entry(name, level: 0) { [unowned self] in
      if case .failure = self.force(entries[index]) { return .failure }
      return self.hyperSource(index) { .stack }
    }
  }

  private func readsTensors(_ handle: Handle) -> Bool {
    let function = builder.function
    var pending = [local(handle)]
    var seen: Set<ValueID> = []
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      switch function[next].operation {
      case .parameter, .gradient, .state, .input, .loss, .draw, .extent, .lossAt, .gradientAt:
        return true
      default: pending += function.operands(next)
      }
    }
    return false
  }

  private func defaultValue(
    _ hyper: FlatHyper, _ index: Int, _ all: [FlatHyper], _ needsDefaults: Bool,
    _ entry: @escaping (Int) -> Entry
  ) -> Value {
    // Given to the rule itself or to one around it (`CLion(lr = …)` gives Lion's): outer ones win.
    let found = given[index]
    let frame: Frame
    let expression: ExprID
    if let found {
      expression = found.value
      frame = Frame(tree: found.frame.tree, parent: nil)
      // Written at the top of a script, an argument may name the rule's other hyperparameters;
      // inside a rule it names those of that rule.
      let reader = found.frame.owner ?? found.owner
      enter(hypersOf: reader, into: frame, all, entry, except: reader === found.owner ? index : nil)
    } else if let initial = hyper.parameter.initial {
      expression = initial
      frame = Frame(tree: hyper.rule.rule.tree, parent: nil)
      enter(hypersOf: hyper.rule, into: frame, all, entry, except: nil)
    } else if !needsDefaults {
      return constant(0.5)
    } else {
      return report(.missingHyper(hyper.parameter.name, of: hyper.rule.name))
    }
    return lower(expression, frame)
  }

  private func enter(
    hypersOf rule: RuleValue, into frame: Frame, _ all: [FlatHyper],
    _ entry: @escaping (Int) -> Entry, except: Int?
  ) {
    frame.resolve = { key in
      guard let index = rule.hyperIndex[key], index != except else { return nil }
      return entry(index)
    }
  }

  private func domain(of hyper: FlatHyper) -> Domain? {
    domain(of: hyper.parameter, in: hyper.rule.rule.tree)
  }

  func domain(of parameter: Parameter, in tree: TreeID) -> Domain? {
    guard let expression = parameter.domain else { return nil }
    begin("domain", drawShape: .scalar)
    let frame = Frame(tree: tree, parent: nil)
    guard let low = constantValue(lower(expression.low, frame)),
      let high = constantValue(lower(expression.high, frame))
    else {
      if !bag.hasErrors {
        report(.boundsOfDomain(at: expression.span))
      }
      return nil
    }
    guard low <= high else {
      report(.emptyDomain(at: expression.span))
      return nil
    }
    return Domain(
      low: low, high: high, includesLow: expression.includesLow,
      includesHigh: expression.includesHigh)
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
      let predicates = routePredicates(value, arms)
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
    currentTree = value.rule.tree
    let w = Handle(level: 0, id: builder.source(.parameter, .like))
    let g = Handle(level: 0, id: builder.source(.gradient, gradientType))
    guard case .value(let next) = apply(value, w: w, g: g, prefix: "") else { return nil }
    builder.output(.parameter(0), local(next))
    for (name, handle, span) in module.views {
      if builder.function.output(.view(name)) != nil {
        report(.viewTwice(name, at: span))
      } else {
        builder.output(.view(name), local(handle))
      }
    }
    let update = finish()
    let states = module.states
    let inputs = module.inputs
    let rounds = module.roundsStochastically
    guard let initial = initialFunction(value) else { return nil }
    return RuleVariant(
      predicate: option.predicate, path: option.path, states: states, inputs: inputs,
      update: update, initial: initial, roundsStochastically: rounds)
  }

  /// The states before the first step.
  private func initialFunction(_ value: RuleValue) -> Function? {
    let origins = module.stateOrigins
    begin(value.name + ".initial", drawShape: .like, firstSite: 0x4000_0000)
    let w = Handle(level: 0, id: builder.source(.parameter, .like))
    var frames: [String: Frame] = [:]
    for (slot, origin) in origins.enumerated() {
      let key = "\(ObjectIdentifier(origin.rule)) \(origin.prefix)"
      let frame = frames[key] ?? ruleFrame(origin.rule, w: w, g: nil, prefix: origin.prefix)
      frames[key] = frame
      let declared = origin.binding.span
      let span =
        origin.binding.initial.map { program[origin.rule.rule.tree].span($0) } ?? declared
      var shape = Shape.like
      if let type = origin.binding.type {
        guard let given = self.shape(type, frame) else { return nil }
        shape = given
      }
      shape = varying(shape, origin.prefix + origin.binding.name.text)
      equationName = origin.binding.name.key
      drawShape = shape
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
      if module.states[slot].isGlobal, !isGlobal(fitted) {
        report(.globalFromTensor(first: origin.binding.name.text, at: span))
      }
      builder.output(.state(slot), local(fitted))
    }
    return finish()
  }

  private func readsStep(_ handle: Handle) -> Bool {
    let function = builder.function
    var pending = [local(handle)]
    var seen: Set<ValueID> = []
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      switch function[next].operation {
      case .gradient, .state, .loss, .input, .lossAt, .gradientAt: return true
      default: pending += function.operands(next)
      }
    }
    return false
  }
}
