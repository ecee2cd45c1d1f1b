import Diagnostics
import Syntax

/// Checks names, roles and equations of a script; loads what it uses from libraries on demand.
public struct Checker {
  public private(set) var program = CheckedProgram()
  public private(set) var bag = DiagnosticBag()
  /// The library text that declares a name (a zoo rule, a prelude function), or nil.
  private let library: (String) -> SyntaxTree?
  private var missing: Set<String> = []
  private let offeredFunctions: [String]

  /// `offered`: the names that `library` can load, for suggestions.
  public init(
    offeredRules: [String] = [], offeredFunctions: [String] = [],
    library: @escaping (String) -> SyntaxTree? = { _ in nil }
  ) {
    self.library = library
    self.offeredFunctions = offeredFunctions
    program.offeredRules = offeredRules
  }

  /// Forgets the commands and diagnostics of earlier texts; declarations stay (a REPL session).
  public mutating func beginStatement() {
    program.commands = []
    bag = DiagnosticBag()
  }

  /// Adds a text of the user: later declarations replace those of earlier texts.
  public mutating func add(_ tree: SyntaxTree) {
    add(tree, isLibrary: false)
  }

  /// Makes sure that a rule or function of the libraries is loaded; false when there is none.
  public mutating func require(_ key: String) -> Bool {
    if program.rules[key] != nil || program.functions[key] != nil { return true }
    return load(key)
  }

  private mutating func load(_ key: String) -> Bool {
    if missing.contains(key) { return false }
    guard let tree = library(key) else {
      missing.insert(key)
      return false
    }
    add(tree, isLibrary: true)
    return program.rules[key] != nil || program.functions[key] != nil
  }

  private mutating func add(_ tree: SyntaxTree, isLibrary: Bool) {
    let id = program.add(tree)
    let accepted = declare(tree, id, isLibrary: isLibrary)
    for (item, isAccepted) in zip(tree.items, accepted) where isAccepted {
      check(item, tree, id)
    }
  }

  // MARK: Declaring

  private mutating func declare(
    _ tree: SyntaxTree, _ id: TreeID, isLibrary: Bool
  ) -> [Bool] {
    var first: [String: Span] = [:]
    var accepted: [Bool] = []
    for item in tree.items {
      guard let name = Self.declaredName(item) else {
        accepted.append(true)
        continue
      }
      if let earlier = first[name.key] {
        bag.report(.duplicateDeclaration(name, first: earlier))
        accepted.append(false)
        continue
      }
      first[name.key] = name.span
      if isLibrary, program.rules[name.key] != nil || program.functions[name.key] != nil {
        accepted.append(false)
        continue
      }
      accepted.append(true)
      enter(item, tree, id)
    }
    return accepted
  }

  static func declaredName(_ item: Item) -> Name? {
    switch item.kind {
    case .rule(let rule): rule.name
    case .function(let function): function.name
    case .objective(let objective): objective.name
    case .data(let name, _), .definition(let name, _): name
    default: nil
    }
  }

  private mutating func enter(_ item: Item, _ tree: SyntaxTree, _ id: TreeID) {
    switch item.kind {
    case .rule(let rule):
      let (hypers, rules, functions) = sort(rule.parameters, tree)
      program.rules[rule.name.key] = CheckedRule(
        declaration: rule, tree: id, hypers: hypers, ruleParameters: rules,
        functionParameters: functions, body: .route([]))
    case .function(let function):
      program.functions[function.name.key] = CheckedFunction(
        declaration: function, tree: id, body: Block())
    case .objective(let objective):
      program.objectives[objective.name.key] = CheckedObjective(
        declaration: objective, tree: id,
        hypers: objective.parameters.filter { $0.type == nil },
        headerParameters: objective.parameters.filter { $0.type != nil }, body: Block())
    case .data(let name, let source):
      program.data[name.key] = CheckedData(name: name, source: source, tree: id, span: item.span)
    case .definition(let name, let value):
      program.definitions[name.key] = CheckedDefinition(name: name, value: value, tree: id)
    default: break
    }
  }

  private func sort(
    _ parameters: [Parameter], _ tree: SyntaxTree
  ) -> (hypers: [Parameter], rules: [Parameter], functions: [Parameter]) {
    (
      parameters.filter { $0.type?.kind.key != "rule" && $0.type?.kind.key != "fn" },
      parameters.filter { $0.type?.kind.key == "rule" },
      parameters.filter { $0.type?.kind.key == "fn" }
    )
  }

  // MARK: Checking

  private mutating func check(_ item: Item, _ tree: SyntaxTree, _ id: TreeID) {
    switch item.kind {
    case .rule(let rule): check(rule, tree, id)
    case .function(let function): check(function, tree)
    case .objective(let objective): check(objective, tree)
    case .data: break
    case .definition(_, let value): checkLoose(value, tree)
    case .minimize(let statement):
      checkObjective(statement.objective, tree)
      for rule in statement.rules { checkLoose(rule, tree) }
      for clause in statement.clauses { checkLoose(clause.value, tree) }
      command(item, id)
    case .train(let statement):
      checkObjective(statement.objective, tree)
      if program.data[statement.data.key] == nil {
        bag.report(
          .unknownObjective(
            statement.data, "data",
            suggestion: Suggestion.nearest(
              to: statement.data.text, among: program.data.keys.sorted())))
      }
      for rule in statement.rules { checkLoose(rule, tree) }
      for clause in statement.clauses { checkLoose(clause.value, tree) }
      command(item, id)
    case .plot: command(item, id)
    case .assert(let value), .expression(let value):
      checkLoose(value, tree)
      command(item, id)
    case .error: break
    }
  }

  private mutating func command(_ item: Item, _ id: TreeID) {
    program.commands.append(CheckedCommand(kind: item.kind, tree: id, span: item.span))
  }

  private mutating func checkObjective(_ expression: ExprID, _ tree: SyntaxTree) {
    let name: Name
    switch tree[expression] {
    case .name(let n): name = n
    case .call(let n, let arguments):
      name = n
      for argument in arguments { checkLoose(argument.value, tree) }
    default:
      bag.report(
        Diagnostic(
          215, "here stands the name of an objective, perhaps with arguments",
          at: tree.span(expression)))
      return
    }
    if program.objectives[name.key] == nil {
      bag.report(
        .unknownObjective(
          name, "objective",
          suggestion: Suggestion.nearest(
            to: name.text, among: program.objectives.keys.sorted())))
    }
  }

  /// Names of an expression that stands in no declaration.
  private mutating func checkLoose(_ expression: ExprID, _ tree: SyntaxTree) {
    var names = checker(tree, nil)
    // Arguments of a rule may name its other hyperparameters; lowering knows which those are.
    names.declared = hyperNames(in: expression, tree)
    preload(names: expression, tree)
    names = refreshed(names)
    names.check(expression)
    bag.report(contentsOf: names.bag)
  }

  private mutating func hyperNames(in expression: ExprID, _ tree: SyntaxTree) -> Set<String> {
    var found: Set<String> = []
    var pending = [expression]
    while let next = pending.popLast() {
      switch tree[next] {
      case .call(let name, let arguments):
        _ = require(name.key)
        if let rule = program.rules[name.key] {
          found.formUnion(rule.hypers.map(\.name.key))
        }
        pending += arguments.map(\.value)
      case .name(let name):
        if program.rules[name.key] == nil { _ = load(name.key) }
      case .binary(.equal, let a, let b), .binary(.notEqual, let a, let b):
        pending += [a, b]
        // `assert Lion(β1 = β, β2 = β) == Signum(μ = β)`: free symbols stand for any value.
        found.formUnion(freeNames(a, tree).union(freeNames(b, tree)))
      default: break
      }
    }
    return found
  }

  private func freeNames(_ expression: ExprID, _ tree: SyntaxTree) -> Set<String> {
    guard case .call(let callee, let arguments) = tree[expression],
      program.rules[callee.key] != nil || !Builtins.functions.contains(callee.key)
    else { return [] }
    var found: Set<String> = []
    var pending = arguments.map(\.value)
    while let next = pending.popLast() {
      switch tree[next] {
      case .name(let name): found.insert(name.key)
      case .binary(_, let a, let b): pending += [a, b]
      case .unary(_, let a): pending.append(a)
      case .call(_, let arguments): pending += arguments.map(\.value)
      default: break
      }
    }
    return found
  }

  private mutating func check(_ rule: RuleDeclaration, _ tree: SyntaxTree, _ id: TreeID) {
    checkParameters(rule.parameters)
    var names = checker(tree, .rule)
    names.declared = Set(
      rule.parameters.filter { $0.type?.kind.key != "rule" && $0.type?.kind.key != "fn" }
        .map(\.name.key))
    names.ruleParameters = Set(
      rule.parameters.filter { $0.type?.kind.key == "rule" }.map(\.name.key))
    names.functionParameters = Set(
      rule.parameters.filter { $0.type?.kind.key == "fn" }.map(\.name.key))
    preloadParameters(rule.parameters, tree)
    for parameter in rule.parameters {
      if let initial = parameter.initial { preload(names: initial, tree) }
    }
    switch rule.body {
    case .equations(let statements):
      var header: [String: (role: String, span: Span)] = [:]
      for parameter in rule.parameters {
        let role = names.ruleParameters.contains(parameter.name.key)
          ? "a rule" : "a hyperparameter"
        header[parameter.name.key] = (role, parameter.name.span)
      }
      var builder = BlockBuilder(owner: .rule, header: header)
      let block = builder.build(statements)
      bag.report(contentsOf: builder.bag)
      names.declared.formUnion(builder.stateNames.keys)
      names.declared.formUnion(builder.inputNames.keys)
      names.primeable = Set(builder.stateNames.keys).union(["w"])
      preload(block, tree)
      names = refreshed(names)
      names.check(block)
      checkRoles(block, rule, names)
      program.rules[rule.name.key]?.body = .equations(block)
    case .route(let arms):
      for arm in arms { preload(names: arm.target, tree) }
      names = refreshed(names)
      names.declared.insert("name")
      for arm in arms {
        if let condition = arm.condition { names.check(condition) }
        names.check(arm.target)
      }
      program.rules[rule.name.key]?.body = .route(arms)
    case .alias(let target):
      preload(names: target, tree)
      names = refreshed(names)
      names.check(target)
      program.rules[rule.name.key]?.body = .alias(target)
    }
    for parameter in rule.parameters {
      if let initial = parameter.initial { names.check(initial) }
      if let domain = parameter.domain {
        names.check(domain.low)
        names.check(domain.high)
      }
    }
    bag.report(contentsOf: names.bag)
    if !names.bag.hasErrors {
      for parameter in rule.parameters where !names.used.contains(parameter.name.key) {
        bag.report(.unusedHyper(parameter.name))
      }
    }
  }

  private mutating func checkRoles(
    _ block: Block, _ rule: RuleDeclaration, _ names: NameChecker
  ) {
    let all = block.allDefinitions()
    let primed = Set(all.filter(\.isPrimed).map(\.name.key))
    if !primed.contains("w"), !bag.hasErrors { bag.report(.noUpdate(rule.name)) }
    for state in block.states where !primed.contains(state.name.key) {
      bag.report(.frozenState(state.name))
    }
    for definition in all where !definition.isPrimed && definition.position == nil {
      if !names.used.contains(definition.name.key) { bag.report(.unusedLocal(definition.name)) }
    }
  }

  private mutating func check(_ function: FunctionDeclaration, _ tree: SyntaxTree) {
    checkParameters(function.parameters)
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
    preload(block, tree)
    preloadParameters(function.parameters, tree)
    var names = checker(tree, .function)
    names.declared = Set(function.parameters.map(\.name.key))
    names.functionParameters = Set(
      function.parameters.filter { $0.type?.kind.key == "fn" }.map(\.name.key))
    names.check(block)
    for parameter in function.parameters {
      if let initial = parameter.initial { names.check(initial) }
    }
    bag.report(contentsOf: names.bag)
    program.functions[function.name.key]?.body = block
  }

  private mutating func check(_ objective: ObjectiveDeclaration, _ tree: SyntaxTree) {
    checkParameters(objective.parameters + objective.inputs)
    var header: [String: (role: String, span: Span)] = [:]
    for parameter in objective.parameters + objective.inputs {
      header[parameter.name.key] = ("a parameter of the objective", parameter.name.span)
    }
    var builder = BlockBuilder(owner: .objective, header: header)
    let block = builder.build(normalised(objective))
    bag.report(contentsOf: builder.bag)
    if block.definition("loss", isPrimed: false) == nil, !builder.bag.hasErrors {
      bag.report(.noLoss(objective.name))
    }
    preload(block, tree)
    preloadParameters(objective.parameters, tree)
    var names = checker(tree, .objective)
    names.declared = Set((objective.parameters + objective.inputs).map(\.name.key))
    names.declared.formUnion(builder.inputNames.keys)
    names.check(block)
    for parameter in objective.parameters + objective.inputs {
      if let initial = parameter.initial { names.check(initial) }
      for extent in parameter.type?.extents ?? [] { names.check(extent) }
    }
    bag.report(contentsOf: names.bag)
    if !names.bag.hasErrors, !bag.hasErrors {
      for parameter in objective.parameters where !names.used.contains(parameter.name.key) {
        bag.report(.unusedHyper(parameter.name))
      }
      for definition in block.definitions
      where !names.used.contains(definition.name.key) && definition.name.key != "loss" {
        bag.report(.unusedLocal(definition.name))
      }
    }
    program.objectives[objective.name.key]?.body = block
  }

  /// `objective f(x) = e` means `{ loss = e }`.
  private func normalised(_ objective: ObjectiveDeclaration) -> [Statement] {
    guard objective.body.count == 1, case .result(let values) = objective.body[0].kind,
      values.count == 1
    else { return objective.body }
    let span = objective.body[0].span
    let target = EquationTarget(
      name: Name(key: "loss", text: "loss", span: span), isPrimed: false)
    return [Statement(.equation([target], values[0]), span)]
  }

  private mutating func checkParameters(_ parameters: [Parameter]) {
    var first: [String: Span] = [:]
    for parameter in parameters {
      if let earlier = first[parameter.name.key] {
        bag.report(.duplicateName(parameter.name, first: earlier))
      }
      first[parameter.name.key] = parameter.name.span
      if BlockBuilder.isReserved(parameter.name.key), parameter.type == nil {
        bag.report(.reservedName(parameter.name))
      }
    }
  }

  // MARK: Libraries

  private func checker(_ tree: SyntaxTree, _ owner: BlockOwner?) -> NameChecker {
    NameChecker(tree: tree, owner: owner, outside: outside())
  }

  private func outside() -> NameChecker.Outside {
    let program = self.program
    let offered = offeredFunctions
    return NameChecker.Outside(
      hasFunction: { Builtins.functions.contains($0) || program.functions[$0] != nil },
      functionNames: {
        (Array(Builtins.functions) + program.functions.keys + offered).sorted()
      },
      hasRule: { program.rules[$0] != nil },
      ruleNames: {
        (program.rules.values.map(\.declaration.name.text) + program.offeredRules).sorted()
      },
      hasDefinition: { program.definitions[$0] != nil },
      definitionNames: { program.definitions.keys.sorted() })
  }

  private func refreshed(_ names: NameChecker) -> NameChecker {
    var result = NameChecker(tree: names.tree, owner: names.owner, outside: outside())
    result.declared = names.declared
    result.ruleParameters = names.ruleParameters
    result.functionParameters = names.functionParameters
    result.primeable = names.primeable
    return result
  }

  private mutating func preloadParameters(_ parameters: [Parameter], _ tree: SyntaxTree) {
    for parameter in parameters {
      if let initial = parameter.initial { preload(names: initial, tree) }
    }
  }

  private mutating func preload(_ block: Block, _ tree: SyntaxTree) {
    for definition in block.definitions { preload(names: definition.value, tree) }
    for guarded in block.guards {
      switch guarded.condition {
      case .when(let e), .every(let e): preload(names: e, tree)
      }
      preload(guarded.then, tree)
      if let otherwise = guarded.otherwise { preload(otherwise, tree) }
    }
    for repeated in block.repeats { preload(repeated.body, tree) }
    for (_, value) in block.views + block.metrics { preload(names: value, tree) }
    for binding in block.states + block.inputs + block.parameters {
      if let initial = binding.initial { preload(names: initial, tree) }
    }
    for result in block.results { preload(names: result, tree) }
  }

  /// Loads the library functions and rules that an expression calls or names.
  private mutating func preload(names expression: ExprID, _ tree: SyntaxTree) {
    var pending = [expression]
    while let next = pending.popLast() {
      switch tree[next] {
      case .number, .string, .primed, .error: break
      case .name(let name):
        if program.definitions[name.key] == nil { _ = require(name.key) }
      case .call(let name, let arguments):
        if !Builtins.functions.contains(name.key) { _ = require(name.key) }
        pending += arguments.map(\.value)
      case .unary(_, let a), .global(let a), .transpose(let a), .norm(let a), .over(_, _, let a),
        .member(let a, _):
        pending.append(a)
      case .binary(_, let a, let b): pending += [a, b]
      case .conditional(let c, let then, let otherwise): pending += [c, then, otherwise]
      case .index(let a, let subscripts):
        pending.append(a)
        for s in subscripts {
          switch s {
          case .at(let i): pending.append(i)
          case .range(let from, let to): pending += [from, to].compactMap { $0 }
          }
        }
      case .list(let items): pending += items
      }
    }
  }
}
