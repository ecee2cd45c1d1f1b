import Diagnostics
import Driver
import IR
import Symbolic
import Zoo

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
    _ source: Rule, variant: Int = 0, generality: Generality = .withoutSwitches
  ) throws(SymbolicError) {
    self.source = source
    self.variant = variant
    let table = TermTable()
    setting = try Setting(table, [source], generality)
    guard variant < source.module.variants.count else {
      throw SymbolicError("it has no variant \(variant)")
    }
    rule = try SymbolicRule(
      table, name: source.label, variant: source.module.variants[variant],
      hypers: setting.hypers[0], hyperNames: source.module.hypers.map(\.name),
      free: setting.free[0])
  }

  package var table: TermTable { setting.table }
  package var printer: TermPrinter { TermPrinter(setting.table) }

  /// The position of a state by its name, `m` or `base.m`.
  package func state(_ name: String) throws(SymbolicError) -> Int {
    if let k = rule.states.firstIndex(where: { $0.name == name }) { return k }
    let names = rule.states.map(\.name)
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

  package func stability() throws(SymbolicError) -> Stability { try Stability(rule) }
  package func steadyState() throws(SymbolicError) -> SteadyState { try SteadyState(rule) }
  package func noise() throws(SymbolicError) -> NoiseResponse { try NoiseResponse(rule) }
  package func bounds() throws(SymbolicError) -> RuleBounds { try RuleBounds(rule) }

  /// What its hyperparameters do only together, and what of it is lost.
  package func coupling() throws(SymbolicError) -> Coupling {
    var evaluator = Evaluator(table)
    for (symbol, _, typical) in setting.symbols {
      if let typical { evaluator.set(symbol, typical) }
    }
    return try Coupling(rule, module: source.module) { term in
      var own = evaluator
      return own.number(term).flatMap { $0.isFinite ? $0 : nil }
    }
  }

  package func units(variant: Int = 0) -> Units { Units(source.module, variant: variant) }

  /// A shorter equal rule; with `assuming` also steps that need an assumption.
  package func reduction(assuming: Bool = false) throws(SymbolicError) -> Reduction {
    try Reduction(rule, module: source.module, assuming: assuming)
  }

  /// Why a reduced rule is not to be shown: longer than what it was made of, or not proved equal to it.
  package func refusal(of text: String?, assuming: Bool) -> String? {
    guard let text else { return nil }
    let compiler = Compiler()
    let found = compiler.add(name: "reduced.opt", bytes: Array(text.utf8))
    guard !found.contains(where: { $0.severity == .error }),
      let reduced = try? compiler.rule("Reduced")
    else { return "what is found has no source form" }
    func length(_ rule: Rule) -> Int {
      rule.module.variants.map { variant in
        variant.states.count * 4 + variant.update.liveValues().filter { $0 }.count
      }.reduce(0, +)
    }
    if length(reduced) > length(source) { return "what is found is longer" }
    if assuming { return nil }
    // What was fixed has that value on both sides.
    let result = source.compared(with: reduced)
    return result.isEqual ? nil : "what is found is not proved equal to it"
  }

  /// ∂ w' / ∂ hyperparameter of one step.
  package func sensitivity(to hyper: String) throws(SymbolicError) -> TermID {
    guard
      let k = source.module.hypers.firstIndex(where: {
        $0.name == hyper || $0.key == hyper
      })
    else { throw SymbolicError("`\(rule.name)` has no hyperparameter `\(hyper)`") }
    let symbol = rule.hypers[k]
    guard table.symbol(of: symbol) != nil else {
      throw SymbolicError("`\(hyper)` was given a value")
    }
    return try Solver(table).derivative(try rule.general().weight, by: symbol)
  }

  /// The rule in LaTeX, for amsmath.
  package func latex(variant: Int = 0) -> String {
    LatexPrinter.rule(source.module, variant: variant)
  }
}

/// One rule of the zoo that a rule is, or becomes.
package struct Likeness: Sendable {
  package var zooRule: String
  /// What must be done to the rule first, as `β1 = 0`; empty where nothing.
  package var change: String
  package var comparison: Comparison
}

extension Compiler {
  /// The rules of the zoo that can stand alone and have one way.
  package func zooRules() -> [Rule] {
    Library.shared.declarations.compactMap { declaration in
      guard declaration.kind == .rule, let found = try? rule(declaration.name),
        found.module.variants.count == 1
      else { return nil }
      return found
    }
  }
}

extension Rule {
  /// The rules among `others` that this one equals, and those that it becomes when one
  /// hyperparameter takes an end of its domain, nearest first.
  package func likenesses(among others: [Rule]) -> [Likeness] {
    var variants = [("", self)]
    for (k, hyper) in module.hypers.enumerated()
    where !origins[k].isGiven && !hyper.isStructural && !hyper.name.contains(".") {
      guard let domain = hyper.domain else { continue }
      for (end, isIncluded) in [
        (domain.low, domain.includesLow), (domain.high, domain.includesHigh),
      ] where isIncluded && end.isFinite && abs(end) <= 1 && hyper.key != "lr" {
        if let changed = try? setting(k, to: end.rounded(.towardZero)) {
          variants.append(("\(hyper.name) = \(Int(end))", changed))
        }
      }
    }
    var result: [Likeness] = []
    var found: Set<String> = []
    let limits = TermLimits.current
    for (change, left) in variants where !limits.areReached {
      for right in others
      where right.label != label && !found.contains(right.label) && !limits.areReached {
        guard left.needs == right.needs else { continue }
        var sieve = Comparer(left, right, probe: ReferenceProbe.rough)
        sieve.probes = 1
        guard sieve.agreesOnProbes() else { continue }
        var comparer = Comparer(left, right, probe: ReferenceProbe())
        comparer.probes = 2
        guard comparer.agreesOnProbes() else { continue }
        let comparison = comparer.compare()
        if comparison.isEqual {
          found.insert(right.label)
          result.append(Likeness(zooRule: right.label, change: change, comparison: comparison))
        }
      }
    }
    return result
  }
}

extension Rule {
  /// What a rule asks for besides w and g, and whether it looks at matrices, orders and loops: two
  /// rules that differ in this are not the same.
  fileprivate var needs: Set<String> {
    var found: Set<String> = []
    for variant in module.variants {
      for input in variant.inputs { found.insert(input.name) }
      for instruction in variant.update.instructions {
        let operation = instruction.operation
        switch operation.info.operationClass {
        case .matrix, .selection, .oracle: found.insert("\(operation)")
        default: if [.loss, .draw, .loop].contains(operation) { found.insert("\(operation)") }
        }
      }
    }
    return found
  }
}
