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

  package init() {
    checker = Checker(
      offeredRules: Library.shared.declarations.filter { $0.kind == .rule }.map(\.name),
      offeredFunctions: Library.shared.declarations.filter { $0.kind == .function }.map(\.name)
    ) { [unowned self] key in self.libraryTree(key) }
  }

  package var program: CheckedProgram { checker.program }

  private static let libraryNames: [String: String] = {
    var names: [String: String] = [:]
    for declaration in Library.shared.declarations {
      names[Name(declaration.name).key] = declaration.name
    }
    return names
  }()

  private func libraryTree(_ key: String) -> SyntaxTree? {
    guard let name = Self.libraryNames[key],
      let declaration = Library.shared.declaration(name)
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
    let (tree, parsed) = tree(name: name, bytes: bytes)
    script = tree
    var bag = parsed
    if tree.items.isEmpty, parsed.all.isEmpty {
      bag.report(
        Diagnostic(
          .emptySource, .warning, "this text declares nothing and runs nothing",
          at: Span(tree.file.base, tree.file.base)))
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
  package var standing: Checker.Standing { checker.standing }

  /// Takes back what was declared since `standing` was asked for.
  package func restore(_ standing: Checker.Standing) { checker.restore(standing) }

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
    for diagnostic in Lowering.check(definitionsNamed: definitions, of: program) {
      bag.report(diagnostic)
    }
    for item in tree.items {
      // Each that unfolds too far takes its second; one such finding is enough.
      if bag.all.contains(where: { $0.code == .programTooLarge }) { return bag }
      switch item.kind {
      case .rule(let rule):
        for diagnostic in Lowering.check(ruleNamed: rule.name.key, of: program) {
          bag.report(diagnostic)
        }
      case .objective(let objective):
        for diagnostic in Lowering.check(objectiveNamed: objective.name.key, of: program) {
          bag.report(diagnostic)
        }
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
        check(statement.objective, statement.rules, command.tree, program, &bag)
      case .train(let statement):
        check(statement.objective, statement.rules, command.tree, program, &bag)
      default: break
      }
    }
    return bag
  }

  private func check(
    _ objective: ExprID, _ rules: [ExprID], _ tree: TreeID, _ program: CheckedProgram,
    _ bag: inout DiagnosticBag
  ) {
    do {
      _ = try Lowering.objective(objective, in: tree, of: program)
    } catch {
      for diagnostic in error.diagnostics { bag.report(diagnostic) }
    }
    for rule in rules {
      do {
        _ = try Lowering.rule(rule, in: tree, of: program)
      } catch {
        for diagnostic in error.diagnostics { bag.report(diagnostic) }
      }
    }
  }

  /// The rule that a text such as `Lion(lr = 1e-4)` names, from this session or the zoo.
  ///
  /// Throws every diagnostic found, with spans in `sources`.
  package func rule(_ text: String, name: String = "<rule>") throws(DiagnosticError) -> RuleInstance
  {
    let (expression, tree) = try expression(text, name: name)
    return try Lowering.rule(expression, in: tree, of: checker.program)
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

  /// An expression in which names without a meaning are free symbols.
  package func looseExpression(
    _ text: String, name: String
  ) throws(DiagnosticError) -> (ExprID, TreeID) {
    checker.allowsSymbols = true
    defer { checker.allowsSymbols = false }
    return try expression(text, name: name)
  }

  /// The expression of a rule whose arguments may hold free symbols.
  package func looseRule(
    _ text: String, name: String
  ) throws(DiagnosticError) -> (ExprID, TreeID) {
    // The two sides of an equality between rules are where names may be free.
    let (expression, tree) = try expression("\(text) == \(text)", name: name) { .assert($0) }
    guard case .binary(.equal, let side, _) = program[tree][expression] else {
      throw DiagnosticError(
        Diagnostic(
          .notARule, "here stands a rule, such as `AdamW` or `Lion(lr = 1e-4)`",
          at: program[tree].span(expression)))
    }
    return (side, tree)
  }

  /// A loose expression, parsed and checked as part of an item.
  private func expression(
    _ text: String, name: String, as kind: (ExprID) -> Item.Kind = { .expression($0) }
  ) throws(DiagnosticError) -> (ExprID, TreeID) {
    let file = sources.add(name: name, text: text)
    var bag = DiagnosticBag()
    let (tree, expression) = parseExpression(file, into: &bag)
    if bag.hasErrors { throw DiagnosticError(bag.sorted) }
    var loose = tree
    loose.items = [Item(kind(expression), tree.span(expression))]
    checker.beginStatement()
    checker.add(loose)
    if checker.bag.hasErrors { throw DiagnosticError(checker.bag.sorted) }
    return (expression, TreeID(checker.program.commands[0].tree.index))
  }
}
