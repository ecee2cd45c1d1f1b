import Basics
import Diagnostics
import Syntax

/// What stands in no declaration: objectives and rules of commands, loose expressions.
extension Checker {
  mutating func check(_ statement: MinimizeStatement, _ tree: SyntaxTree, _ id: TreeID) {
    checkObjective(statement.objective, tree, id)
    check(statement.rules, statement.clauses, tree, id)
  }

  mutating func check(_ statement: TrainStatement, _ tree: SyntaxTree, _ id: TreeID) {
    checkObjective(statement.objective, tree, id)
    let name = statement.data
    if require(.data(name.key), isLibrary: program.isLibrary(id)),
      let data = program.data(name.key, from: id)
    {
      note(name, Declaration(.data, data.name.span), tree, id)
    } else {
      bag.report(
        .unknownObjective(
          name, "data",
          suggestion: Suggestion.nearest(
            to: name.text, among: program.data.keys.sorted() + program.offered.data)))
    }
    check(statement.rules, statement.clauses, tree, id)
  }

  /// A task needs an end and a target, without which nothing can be said of a rule's work on it.
  mutating func check(_ task: TaskDeclaration, _ tree: SyntaxTree, _ id: TreeID) {
    switch task.work {
    case .minimize(let statement): check(statement, tree, id)
    case .train(let statement): check(statement, tree, id)
    case .command(let statement):
      do throws(CommandWords.Problem) {
        _ = try CommandWords.split(statement.text)
      } catch {
        bag.report(.badCommand(error, at: statement.place))
      }
      check([], statement.clauses, tree, id)
    }
    let keywords = Set(task.clauses.map(\.keyword.key))
    for (keyword, example) in [("for", "for 2000 steps"), ("until", "until loss < 0.01")]
    where !keywords.contains(keyword) && !bag.hasErrors {
      bag.report(.taskWithout(task.name, example))
    }
  }

  mutating func check(_ search: SearchStatement, _ tree: SyntaxTree, _ id: TreeID) {
    for rule in [search.start] + [search.baseline].compactMap({ $0 }) {
      checkLoose(rule, tree, id, isRule: true)
    }
    for name in search.tasks + search.validation + search.test {
      if require(.task(name.key), isLibrary: program.isLibrary(id)) { continue }
      bag.report(
        .unknownObjective(
          name, "task",
          suggestion: Suggestion.nearest(
            to: name.text, among: program.tasks.keys.sorted() + program.offered.tasks)))
    }
    var given: Set<String> = []
    for keyword in search.keywords where !given.insert(keyword.key).inserted {
      bag.report(.clauseTwice(keyword))
    }
    let seen = Set((search.tasks + search.validation).map(\.key))
    for name in search.test where seen.contains(name.key) {
      bag.report(.testTaskIsSeen(name))
    }
    for clause in search.clauses { checkLoose(clause.value, tree, id) }
  }

  private mutating func check(
    _ rules: [ExprID], _ clauses: [Clause], _ tree: SyntaxTree, _ id: TreeID
  ) {
    for rule in rules { checkLoose(rule, tree, id, isRule: true) }
    for clause in clauses {
      // What may be recorded is not declared; who runs it knows.
      if clause.keyword.key == "record" { continue }
      // The name of a file is no value.
      if clause.keyword.key == "from", case .string = tree[clause.value] { continue }
      guard clause.keyword.key == "until" else {
        checkLoose(clause.value, tree, id)
        continue
      }
      if let target = TargetParts(clause.value, tree) {
        checkLoose(target.value, tree, id)
      } else {
        bag.report(.notATarget(at: tree.span(clause.value)))
      }
    }
  }

  private mutating func checkObjective(_ expression: ExprID, _ tree: SyntaxTree, _ id: TreeID) {
    let name: Name
    switch tree[expression] {
    case .name(let n): name = n
    case .call(let n, let arguments):
      name = n
      for argument in arguments { checkLoose(argument.value, tree, id) }
    default:
      bag.report(.notAnObjective(at: tree.span(expression)))
      return
    }
    if require(.objective(name.key), isLibrary: program.isLibrary(id)),
      let objective = program.objective(name.key, from: id)
    {
      note(name, Declaration(.objective, objective.declaration.name.span), tree, id, expression)
    } else {
      bag.report(
        .unknownObjective(
          name, "objective",
          suggestion: Suggestion.nearest(
            to: name.text, among: program.objectives.keys.sorted() + program.offered.objectives)))
    }
  }

  /// Names of an expression that stands in no declaration.
  mutating func checkLoose(
    _ expression: ExprID, _ tree: SyntaxTree, _ id: TreeID, isRule: Bool = false
  ) {
    var names = checker(tree, id, nil)
    preload(names: expression, tree, id)
    switch freeNames {
    case .none:
      // `assert Lion(β1 = β, β2 = β) == Signum(μ = β)`: free names stand for any value.
      switch tree[expression] {
      case .binary(.equal, let a, let b), .binary(.notEqual, let a, let b):
        names.free = argumentNames(a, tree).union(argumentNames(b, tree))
      default: break
      }
    case .everywhere: names.free = names.names(in: expression)
    case .inRules: names.free = argumentNames(expression, tree)
    }
    if isRule { names.check(rule: expression) } else { names.check(expression) }
    keep(names, id)
  }

  /// What the arguments of a `data` statement name; its reader says what is wrong with them.
  mutating func resolveArguments(of source: ExprID, _ tree: SyntaxTree, _ id: TreeID) {
    guard case .call(_, let arguments) = tree[source] else { return }
    var names = checker(tree, id, nil)
    for argument in arguments { names.check(argument.value) }
    names.bag = DiagnosticBag()
    keep(names, id)
  }

  /// The names in the arguments of a rule.
  func argumentNames(_ expression: ExprID, _ tree: SyntaxTree) -> Set<String> {
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
      case .list(let items): pending += items
      case .call(_, let arguments): pending += arguments.map(\.value)
      default: break
      }
    }
    return found
  }

  /// Keeps what names were found to stand for, and what was wrong with them.
  mutating func keep(_ names: NameChecker, _ id: TreeID) {
    bag.report(contentsOf: names.bag)
    shared.program.names.add(names.found, in: id, expressions: names.tree.expressions.count)
  }

  mutating func note(
    _ name: Name, _ declaration: Declaration, _ tree: SyntaxTree, _ id: TreeID,
    _ expression: ExprID = .none
  ) {
    shared.program.names.add(
      [NameChecker.Found(expression: expression, span: name.span, declaration: declaration)],
      in: id, expressions: tree.expressions.count)
  }
}
