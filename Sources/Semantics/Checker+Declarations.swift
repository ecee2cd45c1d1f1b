import Diagnostics
import Syntax

/// Rules, functions and objectives.
extension Checker {
  mutating func check(_ rule: RuleDeclaration, _ tree: SyntaxTree, _ id: TreeID) {
    checkParameters(rule.parameters, .rule)
    var names = checker(tree, id, .rule)
    names.enter(rule.parameters, as: .hyperparameter)
    preloadParameters(rule.parameters, tree, id)
    switch rule.body {
    case .equations(let statements):
      var header: [String: (role: String, span: Span)] = [:]
      for parameter in rule.parameters {
        let role =
          names.ruleParameters[parameter.name.key] != nil
          ? "a rule" : "a hyperparameter"
        header[parameter.name.key] = (role, parameter.name.span)
      }
      var builder = BlockBuilder(owner: .rule, header: header)
      let block = builder.build(statements)
      bag.report(contentsOf: builder.bag)
      names.enter(builder.stateNames.values, as: .state)
      names.enter(builder.inputNames.values, as: .input)
      names.primeable = Set(builder.stateNames.keys).union(["w"])
      names.late = Set(builder.stateNames.keys).union(builder.inputNames.keys)
      names.axes = axisLengths(block, tree)
      preload(block, tree, id)
      names.check(block)
      checkRoles(block, rule, names, tree, unprimed: builder.unprimed)
      update(rule: rule.name.key, id) { $0.body = .equations(block) }
    case .route(let arms):
      for arm in arms { preload(names: arm.target, tree, id) }
      names.declared["name"] = Declaration(.builtin)
      for arm in arms {
        if let condition = arm.condition { names.check(condition) }
        names.check(rule: arm.target)
      }
      update(rule: rule.name.key, id) { $0.body = .route(arms) }
    case .alias(let target):
      preload(names: target, tree, id)
      names.check(rule: target)
      update(rule: rule.name.key, id) { $0.body = .alias(target) }
    }
    let read = checkHeader(rule.parameters, tree, id, late: Set(names.declared.keys))
    keep(names, id)
    if !bag.hasErrors {
      for parameter in rule.parameters
      where !names.used.contains(parameter.name.key) && !read.contains(parameter.name.key) {
        bag.report(.unusedHyper(parameter))
      }
    }
  }

  /// The words for the lengths of named axes that a rule may read: of those that an input or a state
  /// of it has. Every rule has workers.
  func axisLengths(_ block: Block, _ tree: SyntaxTree) -> Set<String> {
    var found: Set<String> = ["workers"]
    for binding in block.inputs + block.states {
      guard let type = binding.type else { continue }
      found.insert(type.kind.key)
      var pending = type.extents
      while let next = pending.popLast() {
        switch tree[next] {
        case .name(let name): found.insert(name.key)
        case .call(let name, let arguments):
          found.insert(name.key)
          pending += arguments.map(\.value)
        default: break
        }
      }
    }
    return found.intersection(Builtins.axisLengths)
  }

  /// Checks the defaults and domains of a rule's header; the names they read.
  mutating func checkHeader(
    _ parameters: [Parameter], _ tree: SyntaxTree, _ id: TreeID, late: Set<String>
  ) -> Set<String> {
    var names = checker(tree, id, .header)
    names.enter(parameters.lazy.map(\.name), as: .hyperparameter)
    names.late = late.subtracting(names.declared.keys)
    for parameter in parameters {
      if let type = parameter.type, !["rule", "fn", "scalar"].contains(type.kind.key) {
        bag.report(.hyperWithShape(parameter))
      }
      if let initial = parameter.initial { names.check(initial) }
      if let domain = parameter.domain {
        names.check(domain.low)
        names.check(domain.high)
      }
    }
    keep(names, id)
    return names.used
  }

  mutating func checkRoles(
    _ block: Block, _ rule: RuleDeclaration, _ names: NameChecker, _ tree: SyntaxTree,
    unprimed: Set<String>
  ) {
    let all = block.allDefinitions()
    let primed = Set(all.filter(\.isPrimed).map(\.name.key))
    if !primed.contains("w"), !bag.hasErrors { bag.report(.noUpdate(rule.name)) }
    let given = Set(rule.parameters.map(\.name.key) + ["w"])
    for state in block.states
    where !primed.contains(state.name.key) && !unprimed.contains(state.name.key) {
      // What keeps the first weights, or a draw, keeps them on purpose.
      if let initial = state.initial, reads(given, initial, tree) { continue }
      bag.report(.frozenState(state.name))
    }
    for definition in all where !definition.isPrimed && definition.position == nil {
      if !names.used.contains(definition.name.key) { bag.report(.unusedLocal(definition.name)) }
    }
  }

  /// Whether an expression reads one of these names or draws a random number.
  func reads(_ names: Set<String>, _ root: ExprID, _ tree: SyntaxTree) -> Bool {
    let whole = tree.span(root)
    return tree.expressions.indices.contains { i in
      guard tree.spans[i].start >= whole.start, tree.spans[i].end <= whole.end else { return false }
      switch tree.expressions[i] {
      case .name(let name): return names.contains(name.key)
      case .call(let name, _): return Builtins.draws.contains(name.key)
      default: return false
      }
    }
  }

  mutating func check(
    _ function: FunctionDeclaration, _ tree: SyntaxTree, _ id: TreeID
  ) {
    checkParameters(function.parameters, .function)
    refuseRules(function.parameters, in: .function)
    var header: [String: (role: String, span: Span)] = [:]
    for parameter in function.parameters {
      header[parameter.name.key] = ("a parameter", parameter.name.span)
    }
    var builder = BlockBuilder(owner: .function, header: [:])
    let block = builder.build(function.body)
    bag.report(contentsOf: builder.bag)
    if block.results.isEmpty, !builder.bag.hasErrors { bag.report(.noResult(function.name)) }
    for definition in block.definitions {
      if let (role, span) = header[definition.name.key] {
        bag.report(.equationForHeader(definition.name, role: role, declared: span))
      }
    }
    preload(block, tree, id)
    preloadParameters(function.parameters, tree, id)
    var names = checker(tree, id, .function)
    names.enter(function.parameters, as: .parameter)
    names.check(block)
    for parameter in function.parameters {
      if let initial = parameter.initial { names.check(initial) }
    }
    keep(names, id)
    update(function: function.name.key, id) { $0.body = block }
  }

  mutating func check(
    _ objective: ObjectiveDeclaration, _ tree: SyntaxTree, _ id: TreeID
  ) {
    checkParameters(objective.parameters + objective.inputs, .objective)
    refuseRules(objective.parameters + objective.inputs, in: .objective)
    var header: [String: (role: String, span: Span)] = [:]
    for parameter in objective.parameters + objective.inputs {
      header[parameter.name.key] = ("a parameter of the objective", parameter.name.span)
    }
    var builder = BlockBuilder(owner: .objective, header: header)
    let block = builder.build(normalised(objective))
    bag.report(contentsOf: builder.bag)
    if let term = block.terms.first,
      let whole = block.allDefinitions().first(where: { $0.name.key == "loss" })
    {
      bag.report(.duplicateName(whole.name, first: term.name.span))
    }
    if block.terms.isEmpty, !block.alwaysDefines("loss"), !builder.bag.hasErrors {
      bag.report(.noLoss(objective.name))
    }
    preload(block, tree, id)
    preloadParameters(objective.parameters, tree, id)
    var names = checker(tree, id, .objective)
    for parameter in objective.parameters {
      names.enter(
        CollectionOfOne(parameter.name), as: parameter.type == nil ? .hyperparameter : .weight)
    }
    names.enter(objective.inputs.lazy.map(\.name), as: .parameter)
    names.enter(builder.inputNames.values, as: .weight)
    names.late = Set(builder.inputNames.keys).union(objective.inputs.map(\.name.key))
    names.check(block)
    for parameter in objective.parameters + objective.inputs {
      if let initial = parameter.initial { names.check(initial) }
      for extent in parameter.type?.extents ?? [] { names.check(extent) }
      if let domain = parameter.domain {
        names.check(domain.low)
        names.check(domain.high)
      }
    }
    keep(names, id)
    if !names.bag.hasErrors, !bag.hasErrors {
      for parameter in objective.parameters where !names.used.contains(parameter.name.key) {
        bag.report(.unusedHyper(parameter))
      }
      for definition in block.definitions
      where !names.used.contains(definition.name.key) && definition.name.key != "loss" {
        bag.report(.unusedLocal(definition.name))
      }
    }
    program.objectives[objective.name.key]?.body = block
  }

  /// `objective f(x) = e` means `{ loss = e }`.
  func normalised(_ objective: ObjectiveDeclaration) -> [Statement] {
    guard objective.body.count == 1, case .result(let values) = objective.body[0].kind,
      values.count == 1
    else { return objective.body }
    let span = objective.body[0].span
    let target = EquationTarget(
      name: Name(key: "loss", text: "loss", span: span), isPrimed: false)
    return [Statement(.equation([target], values[0]), span)]
  }

  /// Rules are given to rules only.
  mutating func refuseRules(_ parameters: [Parameter], in owner: BlockOwner) {
    for parameter in parameters {
      guard let type = parameter.type, type.kind.key == "rule" else { continue }
      bag.report(.notHere("rule", in: owner.noun, nil, at: type.span))
    }
  }

  mutating func checkParameters(_ parameters: [Parameter], _ owner: BlockOwner) {
    var first: [String: Span] = [:]
    for parameter in parameters {
      if let earlier = first[parameter.name.key] {
        bag.report(.duplicateName(parameter.name, first: earlier))
      }
      first[parameter.name.key] = parameter.name.span
      if BlockBuilder.isReserved(parameter.name.key, in: owner) {
        bag.report(.reservedName(parameter.name))
      }
    }
  }
}
