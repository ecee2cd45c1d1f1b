import Basics
import IR

/// The derivative of one step by a hyperparameter, in the rule's own names: what a state is after the step
/// is `m'`, what is divided by 1 − β^t is `debias(m', β)`, and the author's locals keep their names.
package struct Sensitivity {
  /// In terms of w, g, t and the states before the step.
  package private(set) var derivative: TermID
  /// The shortest way to write it.
  package private(set) var text: String

  /// The other ways to write it, and what the names in them stand for, later ones in terms of earlier ones.
  package private(set) var named: [(term: TermID, values: [(name: TermID, value: TermID)])] = []

  /// Where the rule has a step: what must hold for the derivative to be a number, as conditions of the language.
  package private(set) var conditions: [String] = []
  /// Whether a step depends on the hyperparameter by jumps alone, as that of a sign does: the derivative is 0 beside
  /// them.
  package private(set) var isByJumps = false

  private let rule: SymbolicRule
  private let symbol: TermID
  private var table: TermTable { rule.table }

  package init(_ rule: SymbolicRule, to symbol: TermID) throws(SymbolicError) {
    self.rule = rule
    self.symbol = symbol
    let step = try rule.general()
    derivative = try Solver(rule.table).derivative(step.weight, by: symbol)
    text = ""
    isByJumps =
      derivative == rule.table.zero && rule.table.contains(step.weight) { $0 == symbol }
    let states = nextStates
    for names in [states, states.merging(locals) { state, _ in state }]
    where !names.isEmpty {
      if let found = try? derivative(by: names) { named.append(found) }
    }
    let printer = TermPrinter(rule.table)
    let ways: [(term: TermID, values: [(name: TermID, value: TermID)])] =
      [(derivative, [])] + named
    let texts = ways.map { way in
      [printer.text(way.term), printer.factored(way.term)].min { $0.count < $1.count }!
    }
    let shortest = texts.indices.min { texts[$0].count < texts[$1].count }!
    text = texts[shortest]
    conditions = printer.texts(missing(ways[shortest].term, ways[shortest].values, step))
  }

  /// What a way of writing asks for and the step does not. Its roots are roots of the step.
  private func missing(
    _ term: TermID, _ values: [(name: TermID, value: TermID)], _ step: SymbolicRule.Step
  ) -> [(clause: Clause, guard: TermID)] {
    let known = rule.definedness(step, live: rule.liveStates(step), isFirst: false)
    var prover = Prover(table)
    return table.definedness(of: term).closed(table).clauses.filter { clause, condition in
      if !clause.hasText || clause.kind == .nonnegative { return false }
      var plain = Definedness()
      plain.insert(clause, where: condition, table)
      for (name, value) in values.reversed() {
        plain = plain.substituted(table) { $0 == name ? value : nil }
      }
      return !prover.missing(plain.closed(table), from: known).isEverywhere
    }
  }

  /// The values that states have after the step, by their names.
  private var nextStates: [ValueID: String] {
    let update = rule.variant.update
    var names: [ValueID: String] = [:]
    for output in update.outputs {
      guard case .state(let k) = output.target, !update[output.value].operation.isSource else {
        continue
      }
      names[output.value] = rule.states[k].name + "'"
    }
    return names
  }

  /// The author's names of values, where each means one thing.
  private var locals: [ValueID: String] {
    let names = rule.variant.update.names
    let taken = rule.hyperNames + rule.states.map(\.name) + ["w", "g", "t", "T"]
    return names.filter { _, name in
      !taken.contains(name) && names.values.count { $0 == name } == 1
    }
  }

  /// The derivative by way of the named values: each is a symbol of known derivative in what follows it.
  private func derivative(
    by names: [ValueID: String]
  ) throws(SymbolicError) -> (term: TermID, values: [(name: TermID, value: TermID)]) {
    var update = rule.variant.update
    let live = update.liveValues()
    guard let weight = update.output(.parameter(0)) else { return (table.zero, []) }
    var context = ImportContext(
      weight: rule.weight, gradient: rule.gradient, step: rule.step, hypers: rule.hypers,
      states: rule.states.map(\.symbol), free: rule.free)
    context.inputs = rule.inputs
    var texts: [ValueID: String] = [:]
    var slopes: [TermID: TermID] = [:]
    var values: [(name: TermID, value: TermID)] = []
    for i in update.instructions.indices where live[i] && ValueID(i) != weight {
      let id = ValueID(i)
      guard let name = names[id] ?? debiased(id, update, texts),
        update.type(id).kind == .real
      else { continue }
      let (term, range) = try value(id, update, context)
      let slope = try Solver(table).derivative(term, by: symbol, known: slopes)
      texts[id] = name
      let own = table.symbol(
        Symbol(
          name, .state, variant: 90 + i, spread: Importer.spread(update.type(id).shape),
          domain: range, isGlobal: false))
      if slope != table.zero { slopes[own] = slope }
      update.instructions[i] = Instruction(
        .input, update.type(id), attribute: Int32(context.inputs.count))
      context.inputs.append(own)
      values.append((own, term))
    }
    let (term, _) = try value(weight, update, context)
    return (try Solver(table).derivative(term, by: symbol, known: slopes), values)
  }

  private func value(
    _ id: ValueID, _ function: Function, _ context: ImportContext
  ) throws(SymbolicError) -> (TermID, Interval) {
    var part = function
    part.outputs = [Output(.result(0), id)]
    var importer = Importer(table, part, context)
    let result = try importer.run()[0]
    return (table.reduced(result.term), result.range)
  }

  /// `debias(m', β)`, of a value that has a name.
  private func debiased(
    _ id: ValueID, _ function: Function, _ texts: [ValueID: String]
  ) -> String? {
    guard let (average, share) = function.debiased(id), let name = texts[average],
      function[share].operation == .hyper
    else { return nil }
    let term = rule.hypers[Int(function[share].attribute)]
    return "debias(\(name), \(TermPrinter(table).text(term)))"
  }
}
