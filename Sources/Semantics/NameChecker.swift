import Diagnostics
import Syntax

/// Resolves the names of one declaration's expressions: what each stands for, and which are used.
struct NameChecker {
  /// A name with what it stands for.
  struct Found {
    /// None where the name is no expression: a label, the left side of an equation.
    var expression: ExprID
    var span: Span
    var declaration: Declaration
  }

  let tree: SyntaxTree
  let owner: BlockOwner?
  let outside: Surroundings
  /// Header parameters, states and inputs, visible everywhere in the body.
  var declared: [String: Declaration] = [:]
  var ruleParameters: [String: Declaration] = [:]
  var functionParameters: [String: Declaration] = [:]
  var primeable: Set<String> = []
  /// Names that stand for any number where they mean nothing else.
  var free: Set<String> = []
  /// Outside of declarations: the hyperparameters of the rule whose argument is read.
  private var readable: [String: Declaration] = [:]
  /// The named axes whose lengths have a word here.
  var axes: Set<String> = []
  /// Names that have no value yet where a first value or a default is read.
  var late: Set<String> = []
  private var isBeforeFirstStep = false
  var used: Set<String> = []
  var bag = DiagnosticBag()
  private(set) var found: [Found] = []
  private var scopes: [Scope] = []

  private struct Scope {
    /// Where each name is first defined.
    var defined: [String: Span] = [:]
    var primed: [String: Span] = [:]
    /// Defined under a condition only, with the place.
    var partial: [String: Span] = [:]
  }

  init(tree: SyntaxTree, owner: BlockOwner?, outside: Surroundings) {
    self.tree = tree
    self.owner = owner
    self.outside = outside
  }

  /// Makes names visible everywhere in the declaration.
  mutating func enter(_ names: some Sequence<Name>, as kind: Declaration.Kind) {
    for name in names { declared[name.key] = Declaration(kind, name.span) }
  }

  /// The parameters of a header; rules and functions among them are no values.
  mutating func enter(_ parameters: [Parameter], as kind: Declaration.Kind) {
    for parameter in parameters {
      let name = parameter.name
      switch parameter.type?.kind.key {
      case "rule": ruleParameters[name.key] = Declaration(.ruleParameter, name.span)
      case "fn": functionParameters[name.key] = Declaration(.functionParameter, name.span)
      default: declared[name.key] = Declaration(kind, name.span)
      }
    }
  }

  // MARK: Blocks

  mutating func check(_ block: Block) {
    scopes.append(scope(of: block))
    for definition in block.definitions { check(definition.value) }
    for guarded in block.guards {
      switch guarded.condition {
      case .when(let condition): check(condition)
      case .every(let period): check(period)
      }
      check(guarded.then)
      if let otherwise = guarded.otherwise { check(otherwise) }
    }
    for repeated in block.repeats {
      check(repeated.count)
      check(repeated.body)
      for definition in repeated.body.definitions where definition.isPrimed {
        // A loop that carries a name reads it.
        if !isVisible(definition.name.key) {
          bag.report(.unknownName(definition.name, suggestion: nil))
        }
      }
    }
    for (_, value) in block.views { check(value) }
    for (_, value) in block.metrics + block.terms { check(value) }
    for binding in block.states + block.inputs + block.parameters {
      isBeforeFirstStep = true
      if let initial = binding.initial { check(initial) }
      if let type = binding.type { check(type.extents, of: type.kind.key) }
      for argument in binding.storage?.arguments ?? [] { check(argument.value) }
      isBeforeFirstStep = false
    }
    for result in block.results { check(result) }
    scopes.removeLast()
  }

  private mutating func scope(of block: Block) -> Scope {
    var scope = Scope()
    for definition in block.definitions {
      define(definition)
      if definition.isPrimed {
        scope.primed[definition.name.key] = definition.name.span
      } else {
        scope.defined[definition.name.key] = definition.name.span
      }
    }
    for guarded in block.guards {
      let then = self.scope(of: guarded.then)
      let otherwise = guarded.otherwise.map { self.scope(of: $0) } ?? Scope()
      for (key, place) in then.defined where otherwise.defined[key] != nil {
        scope.defined[key] = place
      }
      scope.primed.merge(then.primed) { first, _ in first }
      scope.primed.merge(otherwise.primed) { first, _ in first }
      let all =
        guarded.then.allDefinitions() + (guarded.otherwise?.allDefinitions() ?? [])
      for definition in all where !definition.isPrimed {
        if scope.defined[definition.name.key] == nil {
          scope.partial[definition.name.key] = definition.name.span
        }
      }
    }
    for repeated in block.repeats {
      for definition in repeated.body.definitions where !definition.isPrimed {
        if scope.defined[definition.name.key] == nil {
          scope.partial[definition.name.key] = definition.name.span
        }
      }
    }
    return scope
  }

  /// The left side of an equation: a state, w, or a name of its own.
  private mutating func define(_ definition: Definition) {
    let name = definition.name
    let declaration =
      definition.isPrimed
      ? declared[name.key] ?? builtin(name.key) ?? Declaration(.local, name.span)
      : Declaration(.local, name.span)
    found.append(Found(expression: .none, span: name.span, declaration: declaration))
  }

  // MARK: Meanings

  /// What a name means as a value where it stands: a parameter, a state, an equation, a word of the
  /// language.
  private func value(_ key: String) -> Declaration? {
    if let found = declared[key] ?? readable[key] { return found }
    for scope in scopes.reversed() {
      if let place = scope.defined[key] { return Declaration(.local, place) }
    }
    return nil
  }

  private func isVisible(_ key: String) -> Bool { value(key) != nil || builtin(key) != nil }

  private func builtin(_ key: String) -> Declaration? {
    let isKnown =
      if Builtins.everywhere.contains(key) { true } else {
        switch owner {
        case .rule:
          Builtins.ruleNames.contains(key) || Builtins.tensorNames.contains(key)
            || axes.contains(key)
        case .function: Builtins.functionNames.contains(key)
        case .objective: Builtins.objectiveNames.contains(key)
        case .header, nil: false
        }
      }
    return isKnown ? Declaration(.builtin) : nil
  }

  private mutating func note(_ declaration: Declaration, _ name: Name, _ id: ExprID) {
    found.append(Found(expression: id, span: name.span, declaration: declaration))
  }

  // MARK: Expressions

  /// All names that an expression reads, functions that it calls aside.
  func names(in root: ExprID) -> Set<String> {
    var found: Set<String> = []
    var pending = [root]
    while let next = pending.popLast() {
      switch tree[next] {
      case .name(let name): found.insert(name.key)
      case .index(let a, _): pending.append(a)
      case let other: pending += other.parts
      }
    }
    return found
  }

  mutating func check(_ id: ExprID) {
    switch tree[id] {
    case .name(let name): checkName(name, id)
    case .primed(let name): checkPrimed(name, id)
    case .call(let name, let arguments): checkCall(name, arguments, id)
    case let other:
      if case .over(_, let axis, _) = other { used.insert(axis.key) }
      for part in other.parts { check(part) }
    }
  }

  private mutating func checkName(_ name: Name, _ id: ExprID) {
    used.insert(name.key)
    if isBeforeFirstStep, comesLater(name.key) {
      bag.report(.readBeforeFirstStep(name))
      return
    }
    if owner == .header, comesLater(name.key) || Builtins.tensorNames.contains(name.key) {
      bag.report(.readByHyper(name))
      return
    }
    if let meaning = value(name.key) ?? ruleParameters[name.key] ?? functionParameters[name.key]
      ?? outside.definition(name.key) ?? builtin(name.key)
    {
      note(meaning, name, id)
      return
    }
    if owner == .rule, Builtins.axisLengths.contains(name.key) {
      bag.report(.noSuchAxis(name))
      return
    }
    for scope in scopes.reversed() {
      if let place = scope.partial[name.key] {
        bag.report(.onlyInBranch(name, definedAt: place))
        return
      }
    }
    if let meaning = outside.rule(name.key) ?? outside.function(name.key) {
      note(meaning, name, id)
      return
    }
    if free.contains(name.key) {
      let isWord =
        Builtins.tensorNames.contains(name.key) || Builtins.objectiveNames.contains(name.key)
        || Builtins.axisLengths.contains(name.key) || name.key == "loss"
      note(Declaration(isWord ? .builtin : .free), name, id)
      return
    }
    if Builtins.ruleNames.contains(name.key) || Builtins.tensorNames.contains(name.key)
      || Builtins.objectiveNames.contains(name.key)
    {
      let place =
        switch owner {
        case .objective: "an objective"
        case .function: "a function: pass it as an argument"
        case .rule: "a rule"
        case .header: "a hyperparameter"
        case nil: "a script outside of a rule"
        }
      bag.report(.notAvailable(name, in: place))
      return
    }
    if outside.isUnread(name.text) { return }
    let nearest = nearestValue(name.text)
    bag.report(
      owner == .objective
        ? .unknownInObjective(name, suggestion: nearest) : .unknownName(name, suggestion: nearest))
  }

  private func comesLater(_ key: String) -> Bool {
    if declared[key] != nil, !late.contains(key) { return false }
    if late.contains(key) || scopes.contains(where: { $0.defined[key] != nil }) { return true }
    switch owner {
    case .rule: return key == "g" || key == "loss"
    case .header: return Builtins.ruleNames.contains(key)
    default: return false
    }
  }

  private mutating func checkPrimed(_ name: Name, _ id: ExprID) {
    used.insert(name.key + "'")
    if isBeforeFirstStep {
      bag.report(.readBeforeFirstStep(name))
      return
    }
    let place = scopes.reversed().lazy.compactMap { $0.primed[name.key] }.first
    if place != nil || primeable.contains(name.key) {
      note(
        declared[name.key] ?? builtin(name.key) ?? Declaration(.local, place ?? .none), name, id)
      return
    }
    if owner != .rule {
      bag.report(.primeOutsideRule(name, in: owner?.noun ?? "a script"))
    } else if isVisible(name.key) {
      bag.report(.primeOnLocal(name, states: primeable.sorted()))
    } else {
      bag.report(
        .unknownName(name, suggestion: Suggestion.nearest(to: name.text, among: primeable.sorted()))
      )
    }
  }

  /// An expression that stands where only a rule can: its name is that of a rule.
  mutating func check(rule id: ExprID) {
    let name: Name
    var arguments: [Argument] = []
    switch tree[id] {
    case .name(let found): name = found
    case .call(let found, let given): (name, arguments) = (found, given)
    default: return check(id)
    }
    used.insert(name.key)
    let meaning =
      ruleParameters[name.key] ?? outside.rule(name.key) ?? outside.definition(name.key)
      ?? functionParameters[name.key] ?? outside.function(name.key) ?? value(name.key)
      ?? builtin(name.key)
    if let meaning {
      note(meaning, name, id)
    } else if !outside.isUnread(name.text) {
      bag.report(
        .unknownRule(
          name, suggestion: Suggestion.nearest(to: name.text, among: outside.ruleNames)))
    }
    checkArguments(of: name, arguments)
  }

  private mutating func checkArguments(of name: Name, _ arguments: [Argument]) {
    let takesRules = outside.rule(name.key) != nil && outside.function(name.key) == nil
    for argument in arguments where !isShape(argument.value, of: name) {
      if let label = argument.label, let parameter = outside.parameter(label.key, of: name.key) {
        note(parameter, label, .none)
      }
      // By position a rule takes rules (and functions), by name numbers as well.
      if argument.label == nil, takesRules {
        check(rule: argument.value)
      } else if takesRules, owner == nil, let label = argument.label {
        // It may name the rule's other hyperparameters.
        let outer = readable
        readable = outside.hyperparameters(of: name.key)
        readable[label.key] = nil
        check(argument.value)
        readable = outer
      } else {
        check(argument.value)
      }
    }
  }

  private mutating func checkCall(_ name: Name, _ arguments: [Argument], _ id: ExprID) {
    used.insert(name.key)
    checkArguments(of: name, arguments)
    if let meaning = ruleParameters[name.key] ?? functionParameters[name.key]
      ?? outside.function(name.key) ?? outside.rule(name.key)
    {
      note(meaning, name, id)
      return
    }
    if isVisible(name.key) || free.contains(name.key) {
      bag.report(.notAFunction(name))
      return
    }
    if outside.isUnread(name.text) { return }
    let base = tree.file.base
    let written = arguments.map { argument in
      let span = tree.span(argument.value)
      return String(
        decoding: tree.file.bytes[Int(span.start - base)..<Int(span.end - base)], as: UTF8.self)
    }
    if arguments.allSatisfy({ $0.label == nil }),
      let own = ForeignNames.call(name.text, written)
    {
      let call = tree.span(id)
      bag.report(
        .foreignFunction(name, ForeignNames.placed(own, at: call, in: tree.file), at: call))
      return
    }
    let known =
      outside.functionNames + outside.ruleNames + ruleParameters.keys + functionParameters.keys
    bag.report(
      .unknownFunction(name, suggestion: Suggestion.nearest(to: name.text, among: known)))
  }

  /// Whether an argument is a shape in words (`normal(vector(rows))`, `zeros(scalar)`); the lengths
  /// in it are checked here.
  private mutating func isShape(_ argument: ExprID, of callee: Name) -> Bool {
    guard Builtins.takingShapes.contains(callee.key) else { return false }
    switch tree[argument] {
    case .name(let name): return name.key == "scalar" && !isVisible(name.key)
    case .call(let name, let lengths) where Self.isShapeWord(name.key):
      check(lengths.map(\.value), of: name.key)
      return true
    default: return false
    }
  }

  private static func isShapeWord(_ key: String) -> Bool {
    ["vector", "matrix", "tensor"].contains(key) || Builtins.axisTypes.contains(key)
  }

  /// The lengths of a shape, the last of which may be a shape where the shape is of a named axis.
  private mutating func check(_ lengths: [ExprID], of kind: String) {
    for (position, length) in lengths.enumerated() {
      guard Builtins.axisTypes.contains(kind), position == lengths.count - 1 else {
        check(length)
        continue
      }
      switch tree[length] {
      case .name(let name)
      where (name.key == "scalar" || Builtins.axisTypes.contains(name.key))
        && declared[name.key] == nil:
        break
      case .call(let name, let inner) where Self.isShapeWord(name.key):
        check(inner.map(\.value), of: name.key)
      default: check(length)
      }
    }
  }

  private func nearestValue(_ text: String) -> String? {
    var known = Builtins.everywhere.subtracting(["nan", "true", "false"]).union(declared.keys)
    for scope in scopes { known.formUnion(scope.defined.keys) }
    if owner == .rule { known.formUnion(Builtins.ruleNames.union(Builtins.tensorNames)) }
    known.formUnion(outside.definitionNames)
    return Suggestion.nearest(to: text, among: known.sorted())
      ?? Suggestion.nearest(to: text, among: outside.ruleNames)
  }
}
