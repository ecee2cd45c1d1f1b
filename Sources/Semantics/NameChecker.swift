import Diagnostics
import Syntax

/// Resolves the names of one declaration's expressions and records which are used.
struct NameChecker {
  /// Everything a call or a name may reach outside the declaration.
  struct Outside {
    var hasFunction: (String) -> Bool
    var functionNames: () -> [String]
    var hasRule: (String) -> Bool
    var ruleNames: () -> [String]
    var hasDefinition: (String) -> Bool
    var definitionNames: () -> [String]
    /// Whether a name stands in a part of the text that could not be read.
    var isUnread: (String) -> Bool
  }

  let tree: SyntaxTree
  let owner: BlockOwner?
  let outside: Outside
  /// Header parameters, states and inputs, visible everywhere in the body.
  var declared: Set<String> = []
  var ruleParameters: Set<String> = []
  var functionParameters: Set<String> = []
  var primeable: Set<String> = []
  /// The named axes whose lengths have a word here.
  var axes: Set<String> = []
  /// Names that have no value yet where a first value or a default is read.
  var late: Set<String> = []
  private var isBeforeFirstStep = false
  var used: Set<String> = []
  /// The functions and rules that are called.
  var called: Set<String> = []
  var bag = DiagnosticBag()
  private var scopes: [Scope] = []

  private struct Scope {
    var defined: Set<String> = []
    var primed: Set<String> = []
    /// Defined under a condition only, with the place.
    var partial: [String: Span] = [:]
  }

  init(tree: SyntaxTree, owner: BlockOwner?, outside: Outside) {
    self.tree = tree
    self.owner = owner
    self.outside = outside
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
    for (_, value) in block.metrics { check(value) }
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

  private func scope(of block: Block) -> Scope {
    var scope = Scope()
    for definition in block.definitions {
      if definition.isPrimed {
        scope.primed.insert(definition.name.key)
      } else {
        scope.defined.insert(definition.name.key)
      }
    }
    for guarded in block.guards {
      let then = self.scope(of: guarded.then)
      let otherwise = guarded.otherwise.map { self.scope(of: $0) } ?? Scope()
      scope.defined.formUnion(then.defined.intersection(otherwise.defined))
      scope.primed.formUnion(then.primed.union(otherwise.primed))
      let all =
        guarded.then.allDefinitions() + (guarded.otherwise?.allDefinitions() ?? [])
      for definition in all where !definition.isPrimed {
        if !scope.defined.contains(definition.name.key) {
          scope.partial[definition.name.key] = definition.name.span
        }
      }
    }
    for repeated in block.repeats {
      for definition in repeated.body.definitions where !definition.isPrimed {
        if !scope.defined.contains(definition.name.key) {
          scope.partial[definition.name.key] = definition.name.span
        }
      }
    }
    return scope
  }

  private func isVisible(_ key: String) -> Bool {
    declared.contains(key) || scopes.contains { $0.defined.contains(key) }
      || builtinMeaning(key)
  }

  private func builtinMeaning(_ key: String) -> Bool {
    if Builtins.everywhere.contains(key) { return true }
    switch owner {
    case .rule:
      return Builtins.ruleNames.contains(key) || Builtins.tensorNames.contains(key)
        || axes.contains(key)
    case .function: return Builtins.tensorNames.contains(key)
    case .objective: return Builtins.objectiveNames.contains(key)
    case .header, nil: return false
    }
  }

  // MARK: Expressions

  /// All names that an expression reads, functions that it calls aside.
  func names(in root: ExprID) -> Set<String> {
    var found: Set<String> = []
    var pending = [root]
    while let next = pending.popLast() {
      switch tree[next] {
      case .number, .string, .error: break
      case .name(let name): found.insert(name.key)
      case .primed: break
      case .unary(_, let a), .global(let a), .transpose(let a), .norm(let a), .over(_, _, let a):
        pending.append(a)
      case .binary(_, let a, let b): pending += [a, b]
      case .conditional(let a, let b, let c): pending += [a, b, c]
      case .call(_, let arguments): pending += arguments.map(\.value)
      case .index(let a, _), .member(let a, _): pending.append(a)
      case .list(let items): pending += items
      }
    }
    return found
  }

  mutating func check(_ id: ExprID) {
    switch tree[id] {
    case .number, .string, .error: break
    case .name(let name): checkName(name)
    case .primed(let name): checkPrimed(name)
    case .unary(_, let a), .global(let a), .transpose(let a), .norm(let a): check(a)
    case .over(_, let axis, let a):
      used.insert(axis.key)
      check(a)
    case .binary(_, let a, let b):
      check(a)
      check(b)
    case .conditional(let c, let then, let otherwise):
      check(c)
      check(then)
      check(otherwise)
    case .call(let name, let arguments): checkCall(name, arguments)
    case .index(let a, let subscripts):
      check(a)
      for s in subscripts {
        switch s {
        case .at(let i): check(i)
        case .range(let from, let to):
          if let from { check(from) }
          if let to { check(to) }
        }
      }
    case .member(let a, _): check(a)
    case .list(let items): for item in items { check(item) }
    }
  }

  private mutating func checkName(_ name: Name) {
    used.insert(name.key)
    if isBeforeFirstStep, comesLater(name.key) {
      bag.report(.readBeforeFirstStep(name))
      return
    }
    if owner == .header, comesLater(name.key) || Builtins.tensorNames.contains(name.key) {
      bag.report(.readByHyper(name))
      return
    }
    if isVisible(name.key) || outside.hasDefinition(name.key) { return }
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
    if ruleParameters.contains(name.key) || outside.hasRule(name.key) { return }
    if functionParameters.contains(name.key) || outside.hasFunction(name.key) { return }
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
    bag.report(.unknownName(name, suggestion: nearestValue(name.text)))
  }

  private func comesLater(_ key: String) -> Bool {
    if declared.contains(key), !late.contains(key) { return false }
    if late.contains(key) || scopes.contains(where: { $0.defined.contains(key) }) { return true }
    switch owner {
    case .rule: return key == "g" || key == "loss"
    case .header: return Builtins.ruleNames.contains(key)
    default: return false
    }
  }

  private mutating func checkPrimed(_ name: Name) {
    used.insert(name.key + "'")
    if isBeforeFirstStep {
      bag.report(.readBeforeFirstStep(name))
      return
    }
    if scopes.contains(where: { $0.primed.contains(name.key) }) { return }
    if primeable.contains(name.key) { return }
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
    let isKnown =
      outside.hasRule(name.key) || ruleParameters.contains(name.key)
      || functionParameters.contains(name.key) || outside.hasDefinition(name.key)
      || outside.hasFunction(name.key) || isVisible(name.key) || outside.isUnread(name.text)
    if !isKnown {
      bag.report(
        .unknownRule(
          name, suggestion: Suggestion.nearest(to: name.text, among: outside.ruleNames())))
    }
    checkArguments(of: name, arguments)
  }

  private mutating func checkArguments(of name: Name, _ arguments: [Argument]) {
    for argument in arguments where !isShape(argument.value, of: name) {
      // By position a rule takes rules (and functions), by name numbers as well.
      if argument.label == nil, outside.hasRule(name.key), !outside.hasFunction(name.key) {
        check(rule: argument.value)
      } else {
        check(argument.value)
      }
    }
  }

  private mutating func checkCall(_ name: Name, _ arguments: [Argument]) {
    used.insert(name.key)
    called.insert(name.key)
    checkArguments(of: name, arguments)
    if ruleParameters.contains(name.key) || functionParameters.contains(name.key) { return }
    if outside.hasFunction(name.key) || outside.hasRule(name.key) { return }
    if isVisible(name.key) {
      bag.report(.notAFunction(name))
      return
    }
    if outside.isUnread(name.text) { return }
    let known = outside.functionNames() + outside.ruleNames() + ruleParameters + functionParameters
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
        && !declared.contains(name.key):
        break
      case .call(let name, let inner) where Self.isShapeWord(name.key):
        check(inner.map(\.value), of: name.key)
      default: check(length)
      }
    }
  }

  private func nearestValue(_ text: String) -> String? {
    var known = declared.union(Builtins.everywhere.subtracting(["nan", "true", "false"]))
    for scope in scopes { known.formUnion(scope.defined) }
    if owner == .rule { known.formUnion(Builtins.ruleNames.union(Builtins.tensorNames)) }
    known.formUnion(outside.definitionNames())
    return Suggestion.nearest(to: text, among: known.sorted())
      ?? Suggestion.nearest(to: text, among: outside.ruleNames())
  }
}
