import Diagnostics
import Driver
import IR
import Lowering
import Symbolic

/// Expressions under the algebra: what `:simplify`, `:solve` and `:diff` ask.
package struct ExpressionAlgebra {
  package let table = TermTable()
  package let compiler: Compiler
  /// What is assumed of symbols, by their names.
  package var domains: [String: Interval] = [:]

  package init(_ compiler: Compiler) { self.compiler = compiler }

  /// The term of an expression; names that mean nothing else are symbols, each one number.
  ///
  /// Throws the diagnostics of the text, or `SymbolicError` for what has no term.
  package func term(_ text: String, name: String = "<expression>") throws -> TermID {
    try value(text, name: name).term
  }

  /// The term of an expression, and where it is defined.
  package func value(
    _ text: String, name: String = "<expression>"
  ) throws -> (term: TermID, defined: Definedness) {
    let (expression, tree) = try compiler.looseExpression(text, name: name)
    let (function, symbols) = try Lowering.expression(
      expression, in: tree, of: compiler.program)
    let context = ImportContext(
      weight: symbol("w"), gradient: symbol("g"), step: SymbolicRule.step(table, from: 1),
      hypers: [], free: symbols.map { symbol($0) })
    var importer = Importer(table, function, context)
    guard let first = try importer.run().first else {
      throw SymbolicError("this has no value")
    }
    return (first.term, first.defined)
  }

  /// The symbol of a name; `t` and `T` are whole numbers from 1 on.
  package func symbol(_ name: String) -> TermID {
    if name == "t" { return SymbolicRule.step(table, from: 1) }
    if name == "T" {
      return table.symbol(
        Symbol("T", .horizon, domain: Interval(.one, nil), isInteger: true))
    }
    let shown = Setting.shown(name)
    return table.symbol(Symbol(shown, .hyper, domain: domains[shown] ?? domains[name] ?? .all))
  }

  package func text(_ term: TermID) -> String { TermPrinter(table).text(term) }

  /// What an expression asks and a term that is printed for it does not, as conditions.
  package func conditions(of term: TermID, from defined: Definedness) -> [String] {
    var prover = Prover(table)
    let visible = table.definedness(of: term)
    let missing = prover.missing(defined, from: visible)
    return TermPrinter(table).texts(prover.weakest(missing).filter { $0.clause.hasText })
  }

  /// Over one denominator, with what cancels cancelled.
  package func simplified(_ text: String) throws -> String {
    self.text(table.reduced(try term(text)))
  }

  /// Multiplied out.
  package func expanded(_ text: String) throws -> String { self.text(try term(text)) }

  /// Common factors in front.
  package func factored(_ text: String) throws -> String {
    TermPrinter(table).factored(table.reduced(try term(text)))
  }

  /// By powers of a symbol: `c2 * x^2 + c1 * x + c0`.
  package func collected(_ text: String, by name: String) throws -> String {
    let x = symbol(name)
    guard let parts = Solver(table).collected(try term(text), by: x) else {
      throw SymbolicError("this is no polynomial in \(name)")
    }
    let printer = TermPrinter(table)
    return parts.reversed().map { coefficient, degree in
      let power = degree == 0 ? "" : degree == 1 ? printer.text(x) : "\(printer.text(x))^\(degree)"
      if degree == 0 { return printer.text(coefficient) }
      return coefficient == table.one ? power : "\(printer.factor(coefficient)) * \(power)"
    }.joined(separator: " + ")
  }

  /// The expression with a symbol replaced.
  package func substituted(_ text: String, _ name: String, by value: String) throws -> String {
    self.text(
      table.reduced(table.substitute(try term(text), [symbol(name): try term(value)])))
  }

  /// The real solutions of an equation, each with its conditions: `b / a where a != 0`.
  package func solved(
    _ left: String, equals right: String, for name: String
  ) throws -> [String] {
    let (first, second) = (try value(left), try value(right))
    func with(_ conditions: [Equation.Condition]) -> String {
      conditions.isEmpty ? "" : " where \(texts(conditions).joined(separator: ", "))"
    }
    switch try equation(first, second, for: name).answer() {
    case .identity(let conditions): return ["any \(name)" + with(conditions)]
    case .solutions(let found):
      return found.map { TermPrinter(table).factored($0.value) + with($0.conditions) }
    }
  }

  /// Two sides that are to be one number.
  package func equation(
    _ left: (term: TermID, defined: Definedness), _ right: (term: TermID, defined: Definedness),
    for name: String
  ) -> Equation {
    var defined = left.defined
    defined.formUnion(right.defined, table)
    return Equation(
      table, table.subtract(table.reduced(left.term), table.reduced(right.term)), where: defined,
      for: symbol(name))
  }

  /// `a != 0`, `b >= 0`.
  package func texts(_ conditions: [Equation.Condition]) -> [String] {
    let printer = TermPrinter(table)
    return conditions.map { printer.condition($0) }
  }

  /// The derivative by a symbol.
  package func derivative(_ text: String, by name: String) throws -> String {
    self.text(try Solver(table).derivative(try term(text), by: symbol(name)))
  }

  /// The expression in LaTeX, as it is written.
  package func latex(_ text: String) throws -> String {
    let (expression, tree) = try compiler.looseExpression(text, name: "<expression>")
    let (function, symbols) = try Lowering.expression(
      expression, in: tree, of: compiler.program)
    guard let output = function.outputs.first else { throw SymbolicError("this has no value") }
    return LatexPrinter.expression(
      function, output.value, symbols: symbols.map { Setting.shown($0) })
  }
}
