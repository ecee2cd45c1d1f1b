import IR
import Symbolic

/// One rule under the algebra: what the session's commands ask.
package struct RuleAlgebra {
  package let source: Rule
  package let setting: Setting
  package let rule: SymbolicRule
  /// Which way through the routes.
  package let variant: Int

  /// Hyperparameters that are not given are symbols; with `withoutSwitches` those that are 0 by
  /// default stay 0. Routes: the variant asked for.
  ///
  /// Throws what is too large to be a term.
  package init(
    _ source: Rule, variant: Int = 0, generality: Generality = .withoutSwitches,
    in table: TermTable = TermTable()
  ) throws(SymbolicError) {
    self.source = source
    self.variant = variant
    setting = try Setting(table, [source], generality)
    guard variant < source.module.variants.count else {
      throw SymbolicError("it has no variant \(variant)")
    }
    rule = try SymbolicRule(
      table, name: source.label, variant: source.module.variants[variant],
      hypers: setting.hypers[0], hyperNames: source.module.hypers.map(\.name),
      free: setting.free[0], hypersDefined: setting.defined[0])
  }

  package var table: TermTable { setting.table }
  package var printer: TermPrinter { TermPrinter(setting.table) }

  package var stateNames: [String] { rule.states.map(\.name) }

  /// The position of a state by its name, `m` or `base.m`.
  package func state(_ name: String) throws(SymbolicError) -> Int {
    if let k = rule.states.firstIndex(where: { $0.name == name }) { return k }
    let names = stateNames
    throw SymbolicError(
      names.isEmpty
        ? "`\(rule.name)` has no states"
        : "`\(rule.name)` has no state `\(name)`; it has \(names.joined(separator: ", "))")
  }

  /// s_t = Σ …; throws where the state keeps no fixed share of itself.
  package func history(of state: String) throws(SymbolicError) -> StateHistory {
    try StateHistory(rule, state: self.state(state))
  }

  /// The state after steps 1 to n, as text.
  package func unrolled(_ state: String, steps: Int) throws(SymbolicError) -> [String] {
    try StateHistory.unrolled(rule, state: self.state(state), steps: steps)
      .map { printer.collected($0) }
  }

  /// Where a term is a number.
  package func conditions(of term: TermID) -> [String] {
    var prover = Prover(table)
    return printer.texts(prover.weakest(table.definedness(of: term)).filter { $0.clause.hasText })
  }

  package func stability() throws(SymbolicError) -> Stability { try Stability(rule) }
  package func steadyState() throws(SymbolicError) -> SteadyState { try SteadyState(rule) }
  package func noise() throws(SymbolicError) -> NoiseResponse { try NoiseResponse(rule) }
  package func bounds() throws(SymbolicError) -> RuleBounds { try RuleBounds(rule) }

  /// What its hyperparameters do only together, and what of it is lost.
  package func coupling(onlyFaults: Bool = false) throws(SymbolicError) -> Coupling {
    var evaluator = Evaluator(table)
    for (symbol, _, typical) in setting.symbols {
      if let typical { evaluator.set(symbol, typical) }
    }
    return try Coupling(rule, module: source.module, onlyFaults: onlyFaults) { term in
      var own = evaluator
      return own.number(term).flatMap { $0.isFinite ? $0 : nil }
    }
  }

  package func units(variant: Int = 0) -> Units { Units(source.module, variant: variant) }

  /// A shorter equal rule; with `assuming` also steps that need an assumption.
  package func reduction(assuming: Bool = false) throws(SymbolicError) -> Reduction {
    try Reduction(rule, module: source.module, assuming: assuming)
  }

  /// ∂ w' / ∂ hyperparameter of one step.
  package func sensitivity(to hyper: String) throws(SymbolicError) -> Sensitivity {
    guard
      let k = source.module.hypers.firstIndex(where: {
        $0.name == hyper || $0.key == hyper
      })
    else { throw SymbolicError("`\(rule.name)` has no hyperparameter `\(hyper)`") }
    let symbol = rule.hypers[k]
    guard table.symbol(of: symbol) != nil else {
      throw SymbolicError("`\(hyper)` was given a value")
    }
    return try Sensitivity(rule, to: symbol)
  }

  /// The rule in LaTeX, for amsmath.
  package func latex(variant: Int = 0) -> String {
    LatexPrinter.rule(source.module, variant: variant)
  }
}
