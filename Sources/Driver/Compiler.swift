import Basics
import Diagnostics
import IR
import Lowering
import Semantics
import Syntax
import Zoo

/// The one driver of the phases: text → tree → checked program → IR.
///
/// The command line, the REPL and embedders all compile through it. A compiler is a session: texts
/// added later see the declarations of earlier ones and replace those of the same name.
package final class Compiler {
  /// The texts of the session, for rendering diagnostics.
  package private(set) var sources = SourceMap()
  private var checker: Checker!
  /// The tree of the last script added.
  package private(set) var script: SyntaxTree?
  /// Numbers in the place of values that the next script names.
  package var settings: [(name: String, value: Double)] = []
  private var lowered = LoweredUnits()

  package init() {
    checker = Checker(offered: Self.offered) { [unowned self] in self.libraryTree($0) }
  }

  package var program: CheckedProgram { checker.program }

  private static let offered: Offer = {
    var offered = Offer()
    offered.rules = Library.shared.names(.rule)
    offered.functions = Library.shared.names(.function)
    offered.objectives = Library.shared.names(.objective)
    offered.data = Library.shared.names(.data)
    offered.tasks = Library.shared.names(.task)
    return offered
  }()

  private static let libraryPlaces: [LibraryName: Int] = {
    var places: [LibraryName: Int] = [:]
    for (k, declaration) in Library.shared.declarations.enumerated() {
      let key = Name(declaration.name).key
      let name: LibraryName =
        switch declaration.kind {
        case .rule, .function: .callable(key)
        case .objective: .objective(key)
        case .data: .data(key)
        case .task: .task(key)
        }
      places[name] = k
    }
    return places
  }()

  private func libraryTree(_ name: LibraryName) -> SyntaxTree? {
    guard let declaration = Self.libraryPlaces[name].map({ Library.shared.declarations[$0] })
    else { return nil }
    let file = sources.add(name: declaration.file, text: declaration.text)
    var bag = DiagnosticBag()
    return parse(file, into: &bag)
  }

  /// Parses a text without checking it.
  package func tree(name: String, bytes: [UInt8]) -> (tree: SyntaxTree, bag: DiagnosticBag) {
    let file = sources.add(name: name, bytes: bytes)
    var bag = DiagnosticBag()
    let tree = parse(file, into: &bag)
    return (tree, bag)
  }

  /// Adds a script: parses it and checks names, roles, cycles, kinds and shapes of all that it
  /// declares and runs. Returns its diagnostics in source order; `commands` holds what it would run.
  package func add(name: String, bytes: [UInt8]) -> [Diagnostic] {
    checker.beginStatement()
    lowered = LoweredUnits()
    var (tree, parsed) = tree(name: name, bytes: bytes)
    for (name, value) in settings {
      if !tree.define(Name(name), as: value) { parsed.report(.nothingToSet(name, in: tree)) }
    }
    script = tree
    var bag = parsed
    if tree.items.isEmpty, parsed.all.isEmpty {
      bag.report(.emptySource(at: Span(tree.file.base, tree.file.base)))
    }
    checker.add(
      tree, unreadable: parsed.all.filter { $0.severity == .error }.map(\.span))
    bag.report(contentsOf: checker.bag)
    let hadErrors = bag.hasErrors
    for diagnostic in checkLowering(tree, isReadable: !parsed.hasErrors).all {
      // What fails because of an error that is already reported is not news.
      if hadErrors, diagnostic.code == .brokenDeclaration { continue }
      bag.report(diagnostic)
    }
    return bag.sorted
  }

  /// What the texts so far have declared, to be gone back to.
  package var standing: CheckedProgram.Standing { program.standing }

  /// Takes back what was declared since `standing` was asked for.
  package func restore(_ standing: CheckedProgram.Standing) { checker.restore(standing) }

  /// The names that arguments of a call of this rule, function or objective may have, of the session
  /// or the zoo.
  package func labels(of callee: String) -> [String] {
    let key = Name(callee).key
    if !checker.require(.objective(key)) { _ = checker.require(key) }
    return program.labels(of: key).map(\.text)
  }

  /// Whether a call of this rule, of the session or the zoo, begins with another rule, which it goes around.
  package func wrapsRule(_ name: String) -> Bool {
    let key = Name(name).key
    _ = checker.require(key)
    guard let first = program.rules[key]?.declaration.parameters.first else { return false }
    return first.type?.kind.key == "rule" && first.initial == nil
  }

  /// Gives a text that is no program (a command of a session) its place among the sources.
  package func place(name: String, text: String) -> SourceFile {
    sources.add(name: name, text: text)
  }

  /// The commands of the last script added, in order.
  package var commands: [CheckedCommand] { checker.program.commands }

  private func checkLowering(_ tree: SyntaxTree, isReadable: Bool) -> DiagnosticBag {
    var bag = DiagnosticBag()
    let program = checker.program
    let definitions = tree.items.compactMap { item -> String? in
      if case .definition(let name, _) = item.kind { name.key } else { nil }
    }
    bag.report(contentsOf: Lowering.check(definitionsNamed: definitions, of: program))
    for item in tree.items {
      // Each that unfolds too far takes its second; one such finding is enough.
      if bag.all.contains(where: { $0.code == .programTooLarge }) { return bag }
      switch item.kind {
      case .rule(let rule):
        bag.report(
          contentsOf: lowered.check(ruleNamed: rule.name.key, of: program).map {
            told($0, at: rule.name.span)
          })
      case .objective(let objective):
        bag.report(
          contentsOf: lowered.check(objectiveNamed: objective.name.key, of: program).map {
            told($0, at: objective.name.span)
          })
      case .data(let name, _) where isReadable:
        guard let data = program.data[name.key], tree.file.base == program[data.tree].file.base
        else { continue }
        for diagnostic in DataLoader(compiler: self, folder: nil).problems(data) {
          bag.report(diagnostic)
        }
      default: break
      }
    }
    for command in program.commands {
      switch command.kind {
      case .minimize(let statement):
        check(statement.objective, statement.rules, command.tree, &bag)
      case .train(let statement):
        check(statement.objective, statement.rules, command.tree, &bag)
      default: break
      }
    }
    return bag
  }

  private func check(
    _ objective: ExprID, _ rules: [ExprID], _ tree: TreeID, _ bag: inout DiagnosticBag
  ) {
    do {
      _ = try self.objective(objective, in: tree)
    } catch {
      bag.report(contentsOf: error.diagnostics)
    }
    for rule in rules {
      do {
        _ = try self.rule(rule, in: tree)
      } catch {
        bag.report(contentsOf: error.diagnostics)
      }
    }
  }

  /// How often a rule or an objective was lowered since the last script was added.
  package var loweredCount: Int { lowered.count }

  /// The rule that an expression of a checked script stands for. Throws every error found in it.
  package func rule(
    _ expression: ExprID, in tree: TreeID
  ) throws(DiagnosticError) -> Rule {
    do throws(DiagnosticError) {
      return try lowered.rule(expression, in: tree, of: program)
    } catch {
      throw told(error, at: program[tree].span(expression))
    }
  }

  /// An error in a text of the libraries, told first at `use`, where the user names what it is a part of.
  package func told(_ error: DiagnosticError, at use: Span) -> DiagnosticError {
    DiagnosticError(error.diagnostics.map { told($0, at: use) })
  }

  private func told(_ diagnostic: Diagnostic, at use: Span) -> Diagnostic {
    guard program.isInLibrary(diagnostic.span), !program.isInLibrary(use) else { return diagnostic }
    var result = diagnostic
    result.span = use
    // Nobody mends the library for one script.
    result.fixIts = []
    result.notes.insert(Note("this is where, in the library", at: diagnostic.span), at: 0)
    return result
  }

  /// The objective that an expression of a checked script stands for. Throws every error found in it.
  package func objective(
    _ expression: ExprID, in tree: TreeID
  ) throws(DiagnosticError) -> ObjectiveModule {
    do throws(DiagnosticError) {
      return try lowered.objective(expression, in: tree, of: program)
    } catch {
      throw told(error, at: program[tree].span(expression))
    }
  }

  /// The rule that a text such as `Lion(lr = 1e-4)` names, from this session or the zoo. With
  /// `allowsFreeNames`, names in its arguments that have no meaning stand for any number; with
  /// `allowsMissing`, a hyperparameter that has no default may be given later.
  ///
  /// Throws every diagnostic found, with spans in `sources`.
  package func rule(
    _ text: String, name: String = "<rule>", allowsFreeNames: Bool = false,
    allowsMissing: Bool = false
  ) throws(DiagnosticError) -> Rule {
    checker.freeNames = allowsFreeNames ? .inRules : .none
    defer { checker.freeNames = .none }
    let (expression, tree) = try expression(text, name: name)
    return try Lowering.rule(
      expression, in: tree, of: checker.program, allowsMissing: allowsMissing)
  }

  /// The task of a name, of this session or the library. Throws R0210 where there is none.
  package func task(_ text: String) throws(DiagnosticError) -> CheckedTask {
    let name = Name(text)
    guard checker.require(.task(name.key)), let task = checker.program.tasks[name.key] else {
      let known = program.tasks.values.map(\.declaration.name.text).sorted() + program.offered.tasks
      throw DiagnosticError(.unknownTask(text, near: Suggestion.nearest(to: text, among: known)))
    }
    if task.isBroken { throw DiagnosticError(.brokenTask(task.declaration.name)) }
    return task
  }

  /// The objective that a text such as `mlp(hidden = 64)` names, from this session.
  package func objective(
    _ text: String, name: String = "<objective>"
  ) throws(DiagnosticError) -> ObjectiveModule {
    let (expression, tree) = try expression(text, name: name) {
      .minimize(MinimizeStatement(objective: $0, rules: [], clauses: []))
    }
    return try Lowering.objective(expression, in: tree, of: checker.program)
  }

  /// An expression in which names without a meaning stand for any number.
  package func looseExpression(
    _ text: String, name: String
  ) throws(DiagnosticError) -> (ExprID, TreeID) {
    checker.freeNames = .everywhere
    defer { checker.freeNames = .none }
    return try expression(text, name: name)
  }

  /// A text that is one expression, not checked.
  package func parsed(
    _ text: String, name: String = "<expression>"
  ) throws(DiagnosticError) -> (tree: SyntaxTree, root: ExprID) {
    let file = sources.add(name: name, text: text)
    var bag = DiagnosticBag()
    let parsed = parseExpression(file, into: &bag)
    if bag.hasErrors { throw DiagnosticError(bag.sorted) }
    return parsed
  }

  /// A loose expression, parsed and checked as part of an item.
  private func expression(
    _ text: String, name: String, as kind: (ExprID) -> Item.Kind = { .expression($0) }
  ) throws(DiagnosticError) -> (ExprID, TreeID) {
    let (tree, expression) = try parsed(text, name: name)
    var loose = tree
    loose.items = [Item(kind(expression), tree.span(expression))]
    checker.beginStatement()
    checker.add(loose)
    if checker.bag.hasErrors { throw DiagnosticError(checker.bag.sorted) }
    return (expression, TreeID(checker.program.commands[0].tree.index))
  }
}

extension SyntaxTree {
  /// Puts a number in the place of a value that the text names; false where it names none.
  fileprivate mutating func define(_ name: Name, as value: Double) -> Bool {
    var isThere = false
    for k in items.indices {
      guard case .definition(let known, let old) = items[k].kind, known == name else { continue }
      let number = add(.number(abs(value), text: NumberText.shortest(abs(value))), span(old))
      let id = value.sign == .minus ? add(.unary(.minus, number), span(old)) : number
      items[k].kind = .definition(known, id)
      isThere = true
    }
    return isThere
  }
}
