import Diagnostics
import Syntax

/// What stands in no declaration: objectives and rules of commands, loose expressions.
extension Checker {
  mutating func checkObjective(_ expression: ExprID, _ tree: SyntaxTree, _ id: TreeID) {
    let name: Name
    switch tree[expression] {
    case .name(let n): name = n
    case .call(let n, let arguments):
      name = n
      for argument in arguments { checkLoose(argument.value, tree, id) }
    default:
      bag.report(
        Diagnostic(
          .notAnObjective, "here stands the name of an objective, perhaps with arguments",
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
  mutating func checkLoose(
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

  mutating func hyperNames(in expression: ExprID, _ tree: SyntaxTree) -> Set<String> {
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

  func freeNames(_ expression: ExprID, _ tree: SyntaxTree) -> Set<String> {
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
}
