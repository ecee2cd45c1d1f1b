import Basics
import Diagnostics
import Experiments
import Laboratory
import Symbolic
import Syntax

/// The algebra of expressions: `:simplify`, `:solve`, `:assume`.
struct ExpressionCommands: Answering {
  let question: Question

  func answer(_ command: CommandName, _ rest: Fragment) throws {
    let algebra = algebra
    let table = algebra.table
    switch command {
    case .simplify, .factor:
      let (term, defined) = try value(rest, algebra)
      show(table.reduced(term), where: defined, of: algebra) {
        command == .factor ? $0.factored($1) : $0.text($1)
      }
    case .expand:
      let (term, defined) = try value(rest, algebra)
      show(term, where: defined, of: algebra)
    case .collect:
      let (what, by) = try parts(rest, around: "by", command)
      let symbol = try name(by, command)
      let text = try asking(what) { try algebra.collected(what.text, by: symbol) }
      output.present(text, keeping: text)
    case .subst:
      let (change, what) = try parts(rest, around: "in", command)
      guard let (old, new) = change.sides else {
        throw DiagnosticError(
          .usage("which name is replaced by what?", of: command, at: span(change)))
      }
      let symbol = algebra.symbol(try name(old, command))
      let (value, ofValue) = try value(new, algebra)
      let (term, defined) = try self.value(what, algebra)
      var all = defined.substituted(table) { $0 == symbol ? value : nil }
      if table.contains(term, symbol) { all.formUnion(ofValue, table) }
      let result = table.substitute(term, [symbol: value])
      try asking(rest) {
        if table.isNowhere(all) || table.isNowhere(table.definedness(of: result)) {
          throw SymbolicError("with that it is a number nowhere")
        }
        show(table.reduced(result), where: all, of: algebra)
      }
    case .solve:
      let (equation, unknown) = rest.split(on: "for") ?? (rest, nil)
      guard let (left, right) = equation.sides else {
        throw DiagnosticError(.usage("an equation has an `=`", of: command, at: span(equation)))
      }
      let (a, b) = (try value(left, algebra), try value(right, algebra))
      let symbol = try name(unknown, of: [a.term, b.term], rest, around: "for", command, algebra)
      try asking(left, right) {
        switch try algebra.equation(a, b, for: symbol).answer() {
        case .identity(let conditions):
          output.present("any \(symbol)", keeping: nil)
          tell(algebra.texts(conditions))
        case .solutions(let found):
          if found.isEmpty { write("no real solution\n") }
          for solution in found { show(solution, of: algebra) }
        }
      }
    default:
      let (what, by) = rest.split(on: "wrt") ?? (rest, nil)
      let (term, defined) = try value(what, algebra)
      let symbol = algebra.symbol(
        try name(by, of: [term], rest, around: "wrt", command, algebra))
      var smooth = defined
      smooth.formUnion(Solver(table).smoothness(of: table.reduced(term), by: symbol), table)
      show(
        table.reduced(try asking(what) { try Solver(table).derivative(term, by: symbol) }),
        where: smooth, of: algebra)
    }
  }

  private func value(
    _ fragment: Fragment, _ algebra: ExpressionAlgebra
  ) throws -> (term: TermID, defined: Definedness) {
    try asking(fragment) { try algebra.value(fragment.text) }
  }

  /// The name behind `mark`; where none is written, the only free one of the terms.
  private func name(
    _ written: Fragment?, of terms: [TermID], _ rest: Fragment, around mark: String,
    _ command: CommandName, _ algebra: ExpressionAlgebra
  ) throws(DiagnosticError) -> String {
    if let written { return try name(written, command) }
    let table = algebra.table
    let found = Set(
      table.symbols(in: terms).compactMap { table.symbol(of: $0) }
        .filter { $0.role != .constant }.map(\.name))
    if let only = found.first, found.count == 1 { return only }
    let choice = found.sorted().map { "`\(mark) \($0)`" }.joined(separator: ", ")
    throw DiagnosticError(
      .usage(
        found.isEmpty
          ? "there is no free name here"
          : "`:\(command.rawValue)` needs one of \(choice)", of: command, at: span(rest)))
  }

  /// One name, as it is written.
  private func name(
    _ fragment: Fragment, _ command: CommandName
  ) throws(DiagnosticError) -> String {
    let text = fragment.text
    guard Self.isName(text) else {
      throw DiagnosticError(
        .usage("here stands one name, such as `x`", of: command, at: span(fragment)))
    }
    return text
  }

  /// Prints a term with what it takes for granted, and keeps it.
  func show(
    _ term: TermID, where defined: Definedness = Definedness(), of algebra: ExpressionAlgebra,
    as text: (TermPrinter, TermID) -> String = { $0.text($1) }
  ) {
    if output.isInterrupted { return }
    let table = algebra.table
    let conditions = algebra.conditions(of: term, from: defined).prefix(8)
    let printer = TermPrinter(table)
    var shown = text(printer, term)
    if printer.isCut { shown = shown.prefix { $0 != "…" }.prefix(1_500) + "…" }
    output.present(shown, keeping: printer.isCut ? nil : shown)
    tell(conditions)
    if printer.isCut {
      say("a term of more than \(TermPrinter.longest) parts is not written out whole\n")
    } else if table.isExhausted {
      output.noteLimit()
    }
  }

  private func show(_ solution: Equation.Solution, of algebra: ExpressionAlgebra) {
    if output.isInterrupted { return }
    let text = TermPrinter(algebra.table).factored(solution.value)
    output.present(text, keeping: text)
    tell(algebra.texts(solution.conditions))
  }

  private func tell(_ conditions: some Collection<String>) {
    if !conditions.isEmpty { write("  where \(conditions.joined(separator: ", "))\n") }
  }

  // MARK: Statements that are expressions

  /// Whether an expression is a rule, an objective, or an equality of rules.
  func isAboutRules(_ expression: ExprID, _ tree: SyntaxTree) -> Bool {
    switch tree[expression] {
    case .binary(.equal, let a, let b), .binary(.notEqual, let a, let b):
      isRule(a, tree) && isRule(b, tree)
    case .name(let name), .call(let name, _):
      definitions.ledger.declaration(name.key)?.kind != .value
        && definitions.ledger.declaration(name.key)?.kind != .function
        && (definitions.isRule(name) || definitions.isObjective(name))
    default: false
    }
  }

  func describe(_ expression: ExprID, _ tree: SyntaxTree) throws {
    switch tree[expression] {
    case .binary(_, let a, let b):
      try RuleCommands(question: question)
        .compare(line.fragment(a, tree), line.fragment(b, tree))
    default:
      try InspectionCommands(question: question).describe(line.fragment(expression, tree))
    }
  }

  /// Answers an expression that the checker refused for its free names: a term. False for others.
  func answer(_ text: String, name: String, _ found: [Diagnostic]) -> Bool {
    let algebra = algebra
    guard
      found.allSatisfy({
        $0.severity == .warning || [.unknownName, .notAvailable].contains($0.code)
      }), let (term, defined) = try? algebra.value(text, name: name)
    else { return false }
    noteSymbols(of: found)
    show(algebra.table.reduced(term), where: defined, of: algebra)
    return true
  }

  /// A name that may have been meant is said, as it is with any unknown name.
  private func noteSymbols(of found: [Diagnostic]) {
    for diagnostic in found where !diagnostic.fixIts.isEmpty {
      let name = compiler.sources.text(diagnostic.span)
      guard name.count > 2 else { continue }
      say("`\(name)` stands for any number; \(diagnostic.fixIts[0].message)\n")
    }
  }

  private func isRule(_ id: ExprID, _ tree: SyntaxTree) -> Bool {
    switch tree[id] {
    case .name(let name), .call(let name, _): definitions.isRule(name)
    default: false
    }
  }

  // MARK: :assume

  func assume(_ rest: Fragment) throws {
    if rest.isEmpty {
      if definitions.assumptions.isEmpty { say("a free name may be any number\n") }
      for (name, domain) in definitions.assumptions {
        write("\(Setting.shown(name)) in \(domain)\n")
      }
      return
    }
    let (name, domain) = try assumption(rest)
    // Of no number everything holds.
    if domain.isEmpty {
      throw DiagnosticError(
        .usage("no number lies in \(domain)", of: .assume, at: span(rest)))
    }
    let key = Name(name).key
    definitions.assumptions.removeAll { $0.name == key }
    if domain.low != nil || domain.high != nil { definitions.assumptions.append((key, domain)) }
  }

  /// `β in [0, 1)`, `x > 0`.
  private func assumption(_ rest: Fragment) throws -> (String, Interval) {
    if let (name, bounds) = rest.split(on: "in") {
      guard Self.isName(name.text), let domain = try interval(bounds) else { throw wrong(rest) }
      return (name.text, domain)
    }
    for (mark, twin) in [(">=", "≥"), ("<=", "≤"), (">", ">"), ("<", "<")] {
      guard let (name, bound) = rest.split(on: mark) ?? rest.split(on: twin) else { continue }
      guard Self.isName(name.text), let x = Rational(literal: try number(bound)) else {
        throw wrong(rest)
      }
      return (
        name.text,
        mark.hasPrefix(">")
          ? Interval(x, nil, excludesLow: mark == ">")
          : Interval(nil, x, excludesHigh: mark == "<")
      )
    }
    throw wrong(rest)
  }

  private func wrong(_ place: Fragment) -> DiagnosticError {
    DiagnosticError(
      .usage("write `x in [0, 1)`, `x > 0` or `x <= 1`", of: .assume, at: span(place)))
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.first, first.isLetter || first == "_" else { return false }
    return text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
  }

  private func number(_ fragment: Fragment) throws -> Double {
    try asking(fragment) { try compiler.freeExpression(fragment.text).value().scalar }
  }

  /// `[0, 1)`; nil for what is no interval.
  private func interval(_ fragment: Fragment) throws -> Interval? {
    let text = fragment.text
    guard let open = text.first, let close = text.last, "[(".contains(open), "])".contains(close)
    else { return nil }
    let inner = Fragment(String(text.dropFirst().dropLast()), at: fragment.offset + 1)
    guard let (low, high) = inner.split(on: ","), !low.isEmpty, !high.isEmpty else { return nil }
    let (a, b) = (try number(low), try number(high))
    guard a <= b else { return nil }
    return Interval(
      Rational(literal: a), Rational(literal: b), excludesLow: open == "(",
      excludesHigh: close == ")")
  }
}
