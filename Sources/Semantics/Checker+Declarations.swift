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
      let roles = Roles(rule: rule, block: block, tree: tree)
      names.axes = roles.axisLengths
      preload(block, tree, id)
      names.check(block)
      bag.report(
        contentsOf: roles.problems(
          used: names.used, unprimed: builder.unprimed, isSound: !bag.hasErrors))
      program.update(rule: rule.name.key, in: id) { $0.body = .equations(block) }
    case .route(let arms):
      for arm in arms { preload(names: arm.target, tree, id) }
      names.declared["name"] = Declaration(.builtin)
      for arm in arms {
        if let condition = arm.condition { names.check(condition) }
        names.check(rule: arm.target)
      }
      program.update(rule: rule.name.key, in: id) { $0.body = .route(arms) }
    case .alias(let target):
      preload(names: target, tree, id)
      names.check(rule: target)
      program.update(rule: rule.name.key, in: id) { $0.body = .alias(target) }
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
    program.update(function: function.name.key, in: id) { $0.body = block }
  }

  mutating func check(
    _ objective: ObjectiveDeclaration, _ tree: SyntaxTree, _ id: TreeID
  ) {
    checkParameters(objective.parameters + objective.inputs, .objective)
    for input in objective.inputs where input.type != nil {
      if let ascend = input.ascend {
        bag.report(.nothingToAscend(input.name, .objective, at: ascend))
      }
    }
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
    program.update(objective: objective.name.key, in: id) { $0.body = block }
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
      if let ascend = parameter.ascend, owner != .objective || parameter.type == nil {
        bag.report(.nothingToAscend(parameter.name, owner, at: ascend))
      }
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
