import Basics
import Diagnostics
import Experiments
import Laboratory
import Lowering
import Runtime
import Semantics
import Symbolic
import Syntax

// Statements of the language at the prompt.
extension Session {
  /// Checks a text, declares what it declares and runs what it runs.
  ///
  /// Throws what is wrong with it; then nothing has changed but what its commands did.
  func statement(_ text: String) throws {
    let standing = compiler.standing
    let expanded = try self.expanded(text)
    let bytes = Array(expanded.utf8)
    let found = compiler.add(name: name, bytes: bytes)
    let tree = compiler.script!
    line = tree.file
    // Comments alone.
    if tree.items.isEmpty, !found.contains(where: { $0.severity == .error }) { return }
    if let expression = onlyExpression(tree), isAboutRules(expression, tree) {
      compiler.restore(standing)
      return try answerAboutRules(expression, tree)
    }
    if found.contains(where: { $0.severity == .error }) {
      compiler.restore(standing)
      if let expression = onlyExpression(tree), try answer(expression, tree, expanded, found) {
        return
      }
      throw DiagnosticError(found)
    }
    report(found.filter { $0.code != .emptySource })
    accept(tree, from: standing, as: text)
    try run(compiler.commands, expanded)
  }

  /// With `%` and `ans` written out. Throws R0241 for a value that there is not.
  func expanded(_ text: String) throws(DiagnosticError) -> String {
    let ownsAnswer = ledger.declaration("ans") != nil
    do throws(ValueHistory.Missing) {
      return try values.expanded(text, namesAnswer: !ownsAnswer)
    } catch {
      line = compiler.place(name: name, text: text)
      let place = span(Fragment(error.name, at: error.offset))
      throw DiagnosticError(.noValue(error.name, of: error.count, at: place))
    }
  }

  private func onlyExpression(_ tree: SyntaxTree) -> ExprID? {
    guard tree.items.count == 1, case .expression(let id) = tree.items[0].kind else { return nil }
    return id
  }

  /// Runs checked commands; each is part of the saved session once it has run.
  func run(_ commands: [CheckedCommand], _ text: String) throws {
    for command in commands {
      if interrupt.isRequested() { return }
      let source = compiler.sources.text(command.span)
      if case .expression(let expression) = command.kind {
        let (value, isBoolean) = try script.evaluate(expression, command.tree)
        show(value, isBoolean: isBoolean, of: source)
        ran(source)
        continue
      }
      configure(command)
      // What it found before it failed is told as well.
      defer {
        console.progress("")
        showFindings()
      }
      let findings = script.findings.count
      try script.run(command)
      if case .assert = command.kind, script.findings.count == findings { say("it holds\n") }
      if let last = script.experiments.last, isExperiment(command) { report(last.failures) }
      ran(source)
    }
  }

  private func isExperiment(_ command: CheckedCommand) -> Bool {
    switch command.kind {
    case .train, .minimize: true
    default: false
    }
  }

  /// Options as they stand, and the folder of the data that a command names.
  private func configure(_ command: CheckedCommand) {
    script.options.engine = settings.engine
    script.options.elementType = settings.elementType
    script.options.folder = nil
    script.passCompiler = passCompiler
    if case .train(let statement) = command.kind {
      script.options.folder = ledger.declaration(statement.data.key)?.folder
    }
    script.draw = { [unowned self] figure throws(DiagnosticError) in try drawn(figure) }
  }

  var width: Int { settings.width ?? min(console.width, 100) }

  // MARK: Values

  /// Prints a number, a condition or a tensor, and keeps it.
  func show(_ value: Dense, isBoolean: Bool, of source: String) {
    let text = ValueText.text(value, isBoolean: isBoolean)
    let kept: String
    if isBoolean, value.values.count == 1 {
      kept = value.scalar != 0 ? "true" : "false"
    } else if !isBoolean, value.shape.isEmpty {
      kept = NumberText.shortest(value.scalar)
    } else if !isBoolean, value.shape.count == 1, value.values.count <= 500 {
      kept = "[\(value.values.map { NumberText.shortest($0) }.joined(separator: ", "))]"
    } else {
      kept = source
    }
    present(text, keeping: kept)
  }

  /// Prints a value with its number.
  func present(_ text: String, keeping expression: String?) {
    let number = values.add(expression)
    let mark = "%\(number) ="
    write(text.contains("\n") ? "\(mark)\n\(text)\n" : "\(mark) \(text)\n")
  }

  // MARK: Expressions that have no number

  /// Whether an expression is a rule, an objective, or an equality of rules.
  private func isAboutRules(_ expression: ExprID, _ tree: SyntaxTree) -> Bool {
    switch tree[expression] {
    case .binary(.equal, let a, let b), .binary(.notEqual, let a, let b):
      isRule(a, tree) && isRule(b, tree)
    case .name(let name), .call(let name, _):
      ledger.declaration(name.key)?.kind != .value
        && ledger.declaration(name.key)?.kind != .function
        && (isRule(name) || compiler.declaresObjective(name.text))
    default: false
    }
  }

  private func answerAboutRules(_ expression: ExprID, _ tree: SyntaxTree) throws {
    switch tree[expression] {
    case .binary(_, let a, let b): try compare(fragment(a, tree), fragment(b, tree))
    default: try describe(fragment(expression, tree))
    }
  }

  /// Answers an expression that the checker refused for its free names: a term. False for others.
  private func answer(
    _ expression: ExprID, _ tree: SyntaxTree, _ text: String, _ found: [Diagnostic]
  ) throws -> Bool {
    guard
      found.allSatisfy({
        $0.severity == .warning || [.unknownName, .notAvailable].contains($0.code)
      })
    else { return false }
    let algebra = algebra
    let term: TermID
    do {
      term = try algebra.term(text, name: name)
    } catch {
      return false
    }
    noteSymbols(of: found)
    show(algebra.table.reduced(term), of: algebra)
    return true
  }

  private func fragment(_ id: ExprID, _ tree: SyntaxTree) -> Fragment {
    let span = tree.span(id)
    return Fragment(
      compiler.sources.text(span), at: Int(span.start) - Int(tree.file.base))
  }

  /// A name that may have been meant is said, as it is with any unknown name.
  private func noteSymbols(of found: [Diagnostic]) {
    for diagnostic in found where !diagnostic.fixIts.isEmpty {
      let name = compiler.sources.text(diagnostic.span)
      guard name.count > 2 else { continue }
      say("`\(name)` stands for any number; \(diagnostic.fixIts[0].message)\n")
    }
  }

  /// Prints a term with what it takes for granted, and keeps it.
  func show(
    _ term: TermID, of algebra: ExpressionAlgebra,
    as text: (TermPrinter, TermID) -> String = { $0.text($1) }
  ) {
    if interrupt.isRequested() { return }
    let table = algebra.table
    let plain = table.withoutMarks(term)
    let conditions = table.divisors(of: term).prefix(8).map { "\(algebra.text($0)) != 0" }
    let printer = TermPrinter(table)
    var shown = text(printer, plain == term ? term : table.reduced(plain))
    if printer.isCut { shown = shown.prefix { $0 != "…" }.prefix(1_500) + "…" }
    present(shown, keeping: printer.isCut ? nil : shown)
    if !conditions.isEmpty { write("  where \(conditions.joined(separator: ", "))\n") }
    if printer.isCut {
      say("a term of more than \(TermPrinter.longest) parts is not written out whole\n")
    } else if table.isExhausted {
      noteLimit()
    }
  }

  func noteLimit() {
    if interrupt.isRequested() { return }
    say(
      "stopped at the limit of \(settings.nodes) nodes or \(NumberText.shortest(settings.seconds)) s: "
        + "this is equal, and not as simple as it could be\n")
  }

  func isRule(_ id: ExprID, _ tree: SyntaxTree) -> Bool {
    switch tree[id] {
    case .name(let name), .call(let name, _): isRule(name)
    default: false
    }
  }

  func isRule(_ name: Name) -> Bool {
    compiler.program.rules[name.key] != nil || ZooIndex.rule(name.text) != nil
  }
}
