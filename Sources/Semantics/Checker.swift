import Diagnostics
import Syntax

/// Checks names, roles and equations of a script; loads what it uses from libraries on demand.
public struct Checker {
  /// Shared with the checkers of single declarations, which see what is loaded meanwhile.
  private let shared = Shared()
  /// Names without a meaning in loose expressions stand for any number.
  public var allowsSymbols = false
  public private(set) var program: CheckedProgram {
    get { shared.program }
    _modify { yield &shared.program }
  }
  public private(set) var bag = DiagnosticBag()
  /// The library text that declares a name (a zoo rule, a prelude function), or nil.
  private let library: (String) -> SyntaxTree?
  private var missing: Set<String> = []
  private let offeredFunctions: [String]
  /// The text of what could not be read: names in it are not called unknown.
  private var unread: [String] = []

  private final class Shared {
    var program = CheckedProgram()
  }

  /// `offered`: the names that `library` can load, for suggestions.
  public init(
    offeredRules: [String] = [], offeredFunctions: [String] = [],
    library: @escaping (String) -> SyntaxTree? = { _ in nil }
  ) {
    self.library = library
    self.offeredFunctions = offeredFunctions
    program.offeredRules = offeredRules
  }

  /// What the user's texts have declared so far.
  public struct Standing: Sendable {
    fileprivate var rules: [String: CheckedRule]
    fileprivate var functions: [String: CheckedFunction]
    fileprivate var objectives: [String: CheckedObjective]
    fileprivate var data: [String: CheckedData]
    fileprivate var definitions: [String: CheckedDefinition]
  }

  public var standing: Standing {
    Standing(
      rules: program.rules, functions: program.functions, objectives: program.objectives,
      data: program.data, definitions: program.definitions)
  }

  /// Takes back what was declared since; what libraries gave meanwhile stays.
  public mutating func restore(_ standing: Standing) {
    var rules = standing.rules
    for (key, rule) in program.libraryRules where rules[key] == nil { rules[key] = rule }
    var functions = standing.functions
    for (key, function) in program.libraryFunctions where functions[key] == nil {
      functions[key] = function
    }
    program.rules = rules
    program.functions = functions
    program.objectives = standing.objectives
    program.data = standing.data
    program.definitions = standing.definitions
    program.commands = []
  }

  /// Forgets the commands and diagnostics of earlier texts; declarations stay (a REPL session).
  public mutating func beginStatement() {
    program.commands = []
    bag = DiagnosticBag()
  }

  /// Adds a text of the user: later declarations replace those of earlier texts.
  ///
  /// `unreadable` are the places where the parser found an error: a declaration with one inside is
  /// known by its name, and not checked further.
  public mutating func add(_ tree: SyntaxTree, unreadable: [Span] = []) {
    unread = []
    if !unreadable.isEmpty {
      for case let item in tree.items {
        if case .error = item.kind { unread.append(Self.text(item.span, of: tree.file)) }
      }
    }
    add(tree, isLibrary: false, unreadable: unreadable)
    unread = []
  }

  /// Makes sure that a rule or function of the libraries is loaded; false when there is none.
  public mutating func require(_ key: String) -> Bool {
    require(key, isLibrary: false)
  }

  private mutating func require(_ key: String, isLibrary: Bool) -> Bool {
    if isLibrary {
      if shared.program.libraryRules.keys.contains(key) { return true }
      if shared.program.libraryFunctions.keys.contains(key) { return true }
    } else {
      if shared.program.rules.keys.contains(key) { return true }
      if shared.program.functions.keys.contains(key) { return true }
    }
    return load(key)
  }

  private mutating func load(_ key: String) -> Bool {
    if missing.contains(key) { return false }
    guard let tree = library(key) else {
      missing.insert(key)
      return false
    }
    missing.insert(key)
    add(tree, isLibrary: true, unreadable: [])
    return program.libraryRules[key] != nil || program.libraryFunctions[key] != nil
  }

  private mutating func add(_ tree: SyntaxTree, isLibrary: Bool, unreadable: [Span]) {
    let id = program.add(tree, isLibrary: isLibrary)
    defer { if !isLibrary { refuseRecursion(tree, id) } }
    let accepted = declare(tree, id, isLibrary: isLibrary)
    for (item, isAccepted) in zip(tree.items, accepted) where isAccepted {
      // Nobody reads more errors than are kept.
      if bag.isFullOfErrors {
        markBroken(item, id)
        continue
      }
      let isUnreadable = unreadable.contains {
        $0.start >= item.span.start && $0.start <= item.span.end
      }
      if isUnreadable {
        markBroken(item, id)
        continue
      }
      let before = bag
      bag = DiagnosticBag()
      check(item, tree, id)
      let own = bag
      bag = before
      bag.report(contentsOf: own)
      // A knob that does nothing is wrong, and hides nothing of the rest.
      if own.all.contains(where: { $0.severity == .error && $0.code.number != 501 }) {
        markBroken(item, id)
      }
    }
  }

  /// Functions that call themselves, directly or through others, called or not.
  private mutating func refuseRecursion(_ tree: SyntaxTree, _ id: TreeID) {
    var calls: [String: Set<String>] = [:]
    for item in tree.items {
      guard case .function(let function) = item.kind,
        program.functions[function.name.key]?.tree == id
      else { continue }
      calls[function.name.key] = called(by: program.functions[function.name.key]!.body, tree)
    }
    // Depth first, each function entered once; one that is met while it is open calls itself.
    var isClosed: [String: Bool] = [:]
    for item in tree.items {
      guard case .function(let function) = item.kind, calls[function.name.key] != nil else {
        continue
      }
      var open: [(key: String, next: [String])] = []
      func enter(_ key: String) {
        isClosed[key] = false
        open.append((key, (calls[key] ?? []).sorted()))
      }
      if isClosed[function.name.key] == nil { enter(function.name.key) }
      while let next = open.last?.next.last {
        open[open.count - 1].next.removeLast()
        if isClosed[next] == nil {
          enter(next)
        } else if isClosed[next] == false, let name = program.functions[next]?.declaration.name {
          bag.report(.recursion(name))
          for (key, _) in open { update(function: key, id) { $0.isBroken = true } }
        }
        while let last = open.last, last.next.isEmpty {
          isClosed[last.key] = true
          open.removeLast()
        }
      }
      for (key, _) in open { isClosed[key] = true }
    }
  }

  private func called(by block: Block, _ tree: SyntaxTree) -> Set<String> {
    var names = NameChecker(tree: tree, owner: .function, outside: outside(TreeID(0)))
    names.check(block)
    return names.called
  }

  private mutating func markBroken(_ item: Item, _ id: TreeID) {
    guard let key = Self.declaredName(item)?.key else { return }
    switch item.kind {
    case .rule: update(rule: key, id) { $0.isBroken = true }
    case .function: update(function: key, id) { $0.isBroken = true }
    case .objective: program.objectives[key]?.isBroken = true
    case .definition: program.definitions[key]?.isBroken = true
    default: break
    }
  }

  private mutating func update(
    rule key: String, _ id: TreeID, _ change: (inout CheckedRule) -> Void
  ) {
    if program.isLibrary(id), program.libraryRules[key] != nil {
      change(&program.libraryRules[key]!)
    }
    if program.rules[key]?.tree == id { change(&program.rules[key]!) }
  }

  private mutating func update(
    function key: String, _ id: TreeID, _ change: (inout CheckedFunction) -> Void
  ) {
    if program.isLibrary(id), program.libraryFunctions[key] != nil {
      change(&program.libraryFunctions[key]!)
    }
    if program.functions[key]?.tree == id { change(&program.functions[key]!) }
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
      if case .definition = item.kind, BlockBuilder.isReserved(name.key, in: .header) {
        bag.report(.reservedName(name))
        accepted.append(false)
        continue
      }
      accepted.append(true)
      enter(item, tree, id)
    }
    return accepted
  }

  private static func text(_ span: Span, of file: SourceFile) -> String {
    let low = min(max(0, Int(span.start) - Int(file.base)), file.bytes.count)
    let high = min(max(low, Int(span.end) - Int(file.base)), file.bytes.count)
    return String(decoding: file.bytes[low..<high], as: UTF8.self)
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
      let entered = CheckedRule(
        declaration: rule, tree: id, hypers: hypers, ruleParameters: rules,
        functionParameters: functions, body: .route([]))
      let known = program.rules[rule.name.key]
      if program.isLibrary(id) { program.libraryRules[rule.name.key] = entered }
      if !program.isLibrary(id) || known.map({ program.isLibrary($0.tree) }) ?? true {
        program.rules[rule.name.key] = entered
      }
    case .function(let function):
      let entered = CheckedFunction(declaration: function, tree: id, body: Block())
      let known = program.functions[function.name.key]
      if program.isLibrary(id) { program.libraryFunctions[function.name.key] = entered }
      if !program.isLibrary(id) || known.map({ program.isLibrary($0.tree) }) ?? true {
        program.functions[function.name.key] = entered
      }
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
    case .function(let function): check(function, tree, id)
    case .objective(let objective): check(objective, tree, id)
    case .data: break
    case .definition(_, let value): checkLoose(value, tree, id)
    case .minimize(let statement):
      checkObjective(statement.objective, tree, id)
      for rule in statement.rules { checkLoose(rule, tree, id, isRule: true) }
      for clause in statement.clauses { checkLoose(clause.value, tree, id) }
      command(item, id)
    case .train(let statement):
      checkObjective(statement.objective, tree, id)
      if program.data[statement.data.key] == nil {
        bag.report(
          .unknownObjective(
            statement.data, "data",
            suggestion: Suggestion.nearest(
              to: statement.data.text, among: program.data.keys.sorted())))
      }
      for rule in statement.rules { checkLoose(rule, tree, id, isRule: true) }
      for clause in statement.clauses { checkLoose(clause.value, tree, id) }
      command(item, id)
    case .plot: command(item, id)
    case .assert(let value), .expression(let value):
      checkLoose(value, tree, id)
      command(item, id)
    case .error: break
    }
  }

  private mutating func command(_ item: Item, _ id: TreeID) {
    // One with errors of its own cannot run.
    if bag.hasErrors { return }
    program.commands.append(CheckedCommand(kind: item.kind, tree: id, span: item.span))
  }

  private mutating func checkObjective(_ expression: ExprID, _ tree: SyntaxTree, _ id: TreeID) {
    let name: Name
    switch tree[expression] {
    case .name(let n): name = n
    case .call(let n, let arguments):
      name = n
      for argument in arguments { checkLoose(argument.value, tree, id) }
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
  private mutating func checkLoose(
    _ expression: ExprID, _ tree: SyntaxTree, _ id: TreeID, isRule: Bool = false
  ) {
    var names = checker(tree, id, nil)
    // Arguments of a rule may name its other hyperparameters; lowering knows which those are.
    names.declared = hyperNames(in: expression, tree)
    if allowsSymbols { names.declared.formUnion(names.names(in: expression)) }
    preload(names: expression, tree, id)
    if isRule { names.check(rule: expression) } else { names.check(expression) }
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
    checkParameters(rule.parameters, .rule)
    var names = checker(tree, id, .rule)
    names.declared = Set(
      rule.parameters.filter { $0.type?.kind.key != "rule" && $0.type?.kind.key != "fn" }
        .map(\.name.key))
    names.ruleParameters = Set(
      rule.parameters.filter { $0.type?.kind.key == "rule" }.map(\.name.key))
    names.functionParameters = Set(
      rule.parameters.filter { $0.type?.kind.key == "fn" }.map(\.name.key))
    preloadParameters(rule.parameters, tree, id)
    for parameter in rule.parameters {
      if let initial = parameter.initial { preload(names: initial, tree, id) }
    }
    switch rule.body {
    case .equations(let statements):
      var header: [String: (role: String, span: Span)] = [:]
      for parameter in rule.parameters {
        let role =
          names.ruleParameters.contains(parameter.name.key)
          ? "a rule" : "a hyperparameter"
        header[parameter.name.key] = (role, parameter.name.span)
      }
      var builder = BlockBuilder(owner: .rule, header: header)
      let block = builder.build(statements)
      bag.report(contentsOf: builder.bag)
      names.declared.formUnion(builder.stateNames.keys)
      names.declared.formUnion(builder.inputNames.keys)
      names.primeable = Set(builder.stateNames.keys).union(["w"])
      names.late = Set(builder.stateNames.keys).union(builder.inputNames.keys)
      names.axes = axisLengths(block, tree)
      preload(block, tree, id)
      names.check(block)
      checkRoles(block, rule, names, tree, unprimed: builder.unprimed)
      update(rule: rule.name.key, id) { $0.body = .equations(block) }
    case .route(let arms):
      for arm in arms { preload(names: arm.target, tree, id) }
      names.declared.insert("name")
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
    let read = checkHeader(rule.parameters, tree, id, late: names.declared)
    bag.report(contentsOf: names.bag)
    if !bag.hasErrors {
      for parameter in rule.parameters
      where !names.used.contains(parameter.name.key) && !read.contains(parameter.name.key) {
        bag.report(.unusedHyper(parameter))
      }
    }
  }

  /// The words for the lengths of named axes that a rule may read: of those that an input or a state
  /// of it has. Every rule has workers.
  private func axisLengths(_ block: Block, _ tree: SyntaxTree) -> Set<String> {
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
  private mutating func checkHeader(
    _ parameters: [Parameter], _ tree: SyntaxTree, _ id: TreeID, late: Set<String>
  ) -> Set<String> {
    var names = checker(tree, id, .header)
    names.declared = Set(parameters.map(\.name.key))
    names.late = late.subtracting(names.declared)
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
    bag.report(contentsOf: names.bag)
    return names.used
  }

  private mutating func checkRoles(
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
  private func reads(_ names: Set<String>, _ root: ExprID, _ tree: SyntaxTree) -> Bool {
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

  private mutating func check(
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
    names.declared = Set(function.parameters.map(\.name.key))
    names.functionParameters = Set(
      function.parameters.filter { $0.type?.kind.key == "fn" }.map(\.name.key))
    names.ruleParameters = Set(
      function.parameters.filter { $0.type?.kind.key == "rule" }.map(\.name.key))
    names.check(block)
    for parameter in function.parameters {
      if let initial = parameter.initial { names.check(initial) }
    }
    bag.report(contentsOf: names.bag)
    update(function: function.name.key, id) { $0.body = block }
  }

  private mutating func check(
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
    if !block.alwaysDefines("loss"), !builder.bag.hasErrors {
      bag.report(.noLoss(objective.name))
    }
    preload(block, tree, id)
    preloadParameters(objective.parameters, tree, id)
    var names = checker(tree, id, .objective)
    names.declared = Set((objective.parameters + objective.inputs).map(\.name.key))
    names.declared.formUnion(builder.inputNames.keys)
    names.late = Set(builder.inputNames.keys).union(objective.inputs.map(\.name.key))
    names.check(block)
    for parameter in objective.parameters + objective.inputs {
      if let initial = parameter.initial { names.check(initial) }
      for extent in parameter.type?.extents ?? [] { names.check(extent) }
    }
    bag.report(contentsOf: names.bag)
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
  private func normalised(_ objective: ObjectiveDeclaration) -> [Statement] {
    guard objective.body.count == 1, case .result(let values) = objective.body[0].kind,
      values.count == 1
    else { return objective.body }
    let span = objective.body[0].span
    let target = EquationTarget(
      name: Name(key: "loss", text: "loss", span: span), isPrimed: false)
    return [Statement(.equation([target], values[0]), span)]
  }

  /// Rules are given to rules only.
  private mutating func refuseRules(_ parameters: [Parameter], in owner: BlockOwner) {
    for parameter in parameters {
      guard let type = parameter.type, type.kind.key == "rule" else { continue }
      bag.report(.notHere("rule", in: owner.noun, nil, at: type.span))
    }
  }

  private mutating func checkParameters(_ parameters: [Parameter], _ owner: BlockOwner) {
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

  // MARK: Libraries

  private func checker(_ tree: SyntaxTree, _ id: TreeID, _ owner: BlockOwner?) -> NameChecker {
    NameChecker(tree: tree, owner: owner, outside: outside(id))
  }

  private func outside(_ id: TreeID) -> NameChecker.Outside {
    let shared = self.shared
    let offered = offeredFunctions
    let unread = self.unread
    let isLibrary = program.isLibrary(id)
    return NameChecker.Outside(
      hasFunction: {
        Builtins.functions.contains($0)
          || (isLibrary
            ? shared.program.libraryFunctions.keys : shared.program.functions.keys).contains($0)
      },
      functionNames: {
        Array(Builtins.functions) + shared.program.functions.keys + offered
      },
      hasRule: {
        (isLibrary ? shared.program.libraryRules.keys : shared.program.rules.keys).contains($0)
      },
      ruleNames: {
        shared.program.rules.values.map(\.declaration.name.text) + shared.program.offeredRules
      },
      hasDefinition: { !isLibrary && shared.program.definitions.keys.contains($0) },
      definitionNames: { shared.program.definitions.keys.sorted() },
      isUnread: { name in unread.contains { $0.contains(name) } })
  }

  private mutating func preloadParameters(
    _ parameters: [Parameter], _ tree: SyntaxTree, _ id: TreeID
  ) {
    for parameter in parameters {
      if let initial = parameter.initial { preload(names: initial, tree, id) }
    }
  }

  private mutating func preload(_ block: Block, _ tree: SyntaxTree, _ id: TreeID) {
    for definition in block.definitions { preload(names: definition.value, tree, id) }
    for guarded in block.guards {
      switch guarded.condition {
      case .when(let e), .every(let e): preload(names: e, tree, id)
      }
      preload(guarded.then, tree, id)
      if let otherwise = guarded.otherwise { preload(otherwise, tree, id) }
    }
    for repeated in block.repeats { preload(repeated.body, tree, id) }
    for (_, value) in block.views + block.metrics { preload(names: value, tree, id) }
    for binding in block.states + block.inputs + block.parameters {
      if let initial = binding.initial { preload(names: initial, tree, id) }
    }
    for result in block.results { preload(names: result, tree, id) }
  }

  /// Loads the library functions and rules that an expression calls or names.
  private mutating func preload(
    names expression: ExprID, _ tree: SyntaxTree, _ id: TreeID
  ) {
    let isLibrary = program.isLibrary(id)
    var pending = [expression]
    while let next = pending.popLast() {
      switch tree[next] {
      case .number, .string, .primed, .error: break
      case .name(let name):
        if isLibrary || !shared.program.definitions.keys.contains(name.key) {
          _ = require(name.key, isLibrary: isLibrary)
        }
      case .call(let name, let arguments):
        if !Builtins.functions.contains(name.key) {
          _ = require(name.key, isLibrary: isLibrary)
        }
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
