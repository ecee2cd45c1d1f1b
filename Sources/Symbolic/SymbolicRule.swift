import Basics
import IR

/// A rule whose hyperparameters are terms: one step maps states, w and g to the next.
package struct SymbolicRule {
  package struct State {
    package var name: String
    package var shape: Shape
    package var isGlobal: Bool
    /// The symbol of its value before a step.
    package var symbol: TermID
  }

  /// What one step gives.
  package struct Step {
    package var weight: TermID
    package var states: [TermID]
    /// Views by name.
    package var views: [String: TermID]
    /// Where each is defined, by output.
    var defined: [OutputTarget: Definedness] = [:]
  }

  package let table: TermTable
  package let name: String
  package let variant: RuleVariant
  /// The hyperparameters as terms, in the order of the module.
  package let hypers: [TermID]
  package let hyperNames: [String]
  package let free: [TermID]
  package var states: [State]
  /// The states before the first step.
  package let initial: [TermID]
  private var initialDefined: [Definedness]
  /// Where the hyperparameters are.
  private let hypersDefined: [Definedness]
  /// States that may be infinite: what writes them is not defined everywhere.
  private var unsure: Set<Int> = []
  package let inputs: [TermID]

  /// w before a step.
  package let weight: TermID
  /// g of a step.
  package let gradient: TermID
  /// t ≥ 1.
  package let step: TermID
  /// t ≥ 2.
  package let laterStep: TermID

  /// `side` tells the states of two rules in one table apart. Entries of stacks and windows of known length become
  /// states of their own.
  package init(
    _ table: TermTable, name: String, variant: RuleVariant, hypers: [TermID],
    hyperNames: [String], free: [TermID] = [], side: Int = 0,
    hypersDefined: [Definedness] = []
  ) throws(SymbolicError) {
    let variant =
      variant.withSeparateEntries(hypers: hypers.map { table.value($0)?.approximation }) ?? variant
    self.table = table
    self.name = name
    self.variant = variant
    self.hypers = hypers
    self.hyperNames = hyperNames
    self.free = free
    self.hypersDefined = hypersDefined
    weight = Self.weight(table)
    gradient = Self.gradient(table)
    step = Self.step(table, from: 1)
    laterStep = Self.step(table, from: 2)
    inputs = variant.inputs.map {
      table.symbol(
        Symbol($0.name, .input, spread: Importer.spread($0.shape), isGlobal: false))
    }
    var context = ImportContext(
      weight: weight, gradient: gradient, step: step, hypers: hypers,
      hypersDefined: hypersDefined, free: free)
    context.inputs = inputs
    var first = Importer(table, variant.initial, context)
    var initial = [TermID](repeating: table.zero, count: variant.states.count)
    initialDefined = initial.map { _ in Definedness() }
    for (target, term, defined, _) in try first.run() {
      guard case .state(let k) = target else { continue }
      initial[k] = table.reduced(term)
      initialDefined[k] = defined
    }
    self.initial = initial
    var signs = [Bool](repeating: false, count: variant.states.count)
    if !variant.states.isEmpty {
      signs = try Self.nonnegative(
        table, variant, context, initial: initial, side: side)
    }
    states = Self.states(table, variant, signs, side)
    context.states = states.map(\.symbol)
    unsure = try unsureStates(context)
  }

  private func unsureStates(_ context: ImportContext) throws(SymbolicError) -> Set<Int> {
    var result = Set(initialDefined.indices.filter { !initialDefined[$0].isEverywhere })
    var update = variant.update
    update.outputs = update.outputs.filter { if case .state = $0.target { true } else { false } }
    if update.outputs.isEmpty { return result }
    var importer = Importer(table, update, context)
    var reads: [Int: Set<Int>] = [:]
    for ((target, _, defined, _), output) in zip(try importer.run(), update.outputs) {
      guard case .state(let k) = target else { continue }
      if !defined.isEverywhere { result.insert(k) }
      reads[k] = Self.statesRead(update, [output])
    }
    while let k = reads.keys.first(where: {
      !result.contains($0) && !result.isDisjoint(with: reads[$0]!)
    }) {
      result.insert(k)
    }
    return result
  }

  /// The states that outputs are made of, by their text.
  private static func statesRead(_ function: Function, _ outputs: [Output]) -> Set<Int> {
    var own = function
    own.outputs = outputs
    let live = own.liveValues()
    let reads = own.instructions.indices.filter {
      live[$0] && own.instructions[$0].operation == .state
    }
    return Set(reads.map { Int(own.instructions[$0].attribute) })
  }

  package static func weight(_ table: TermTable) -> TermID {
    table.symbol(
      Symbol("w", .weight, spread: .like, domain: table.dataDomains[.weight] ?? .all))
  }

  package static func gradient(_ table: TermTable) -> TermID {
    table.symbol(
      Symbol("g", .gradient, spread: .like, domain: table.dataDomains[.gradient] ?? .all))
  }

  package static func step(_ table: TermTable, from first: Int) -> TermID {
    table.symbol(
      Symbol(
        "t", .step, variant: first, domain: Interval(Rational(first), nil), isInteger: true))
  }

  private static func states(
    _ table: TermTable, _ variant: RuleVariant, _ signs: [Bool], _ side: Int
  ) -> [State] {
    zip(variant.states, signs).map { slot, isNonnegative in
      State(
        name: slot.name, shape: slot.shape, isGlobal: slot.isGlobal,
        symbol: table.symbol(
          Symbol(
            slot.name, .state, variant: side, spread: Importer.spread(slot.shape),
            domain: isNonnegative ? .nonnegative : .all, isGlobal: slot.isGlobal)))
    }
  }

  /// Which states never become negative: the largest set that one step keeps so.
  private static func nonnegative(
    _ table: TermTable, _ variant: RuleVariant, _ context: ImportContext, initial: [TermID],
    side: Int
  ) throws(SymbolicError) -> [Bool] {
    var signs = initial.map { table.isNonnegative($0) }
    for _ in 0..<4 {
      if !signs.contains(true) { return signs }
      var here = context
      here.states = states(table, variant, signs, side + 1_000).map(\.symbol)
      // What the weights become says nothing of states, and is most of the work.
      var update = variant.update
      update.outputs = update.outputs.filter {
        if case .state(let k) = $0.target { signs[k] } else { false }
      }
      var importer = Importer(table, update, here)
      var isStable = true
      for (target, term, _, range) in try importer.run() {
        guard case .state(let k) = target, signs[k] else { continue }
        if !range.isNonnegative, !table.isNonnegative(table.reduced(term)) {
          signs[k] = false
          isStable = false
        }
      }
      if isStable { return signs }
    }
    return initial.map { _ in false }
  }

  /// One step from the given values; `after` names the states after it.
  package func update(
    step: TermID, states: [TermID], weight: TermID? = nil, gradient: TermID? = nil,
    after: [TermID]? = nil
  ) throws(SymbolicError) -> Step {
    // A schedule is a hyperparameter that depends on t.
    let hypers = self.hypers.map { hyper in
      step == self.step ? hyper : table.substitute(hyper, [self.step: step])
    }
    let hypersDefined = self.hypersDefined.map { defined in
      step == self.step || defined.isEverywhere
        ? defined : defined.substituted(table) { $0 == self.step ? step : nil }
    }
    var context = ImportContext(
      weight: weight ?? self.weight, gradient: gradient ?? self.gradient, step: step,
      hypers: hypers, hypersDefined: hypersDefined, states: states, free: free)
    context.inputs = inputs
    context.unsure = unsure
    context.after = after
    var importer = Importer(table, variant.update, context)
    var result = Step(weight: context.weight, states: states, views: [:])
    for (target, term, defined, _) in try importer.run() {
      result.defined[target] = defined
      switch target {
      case .parameter: result.weight = table.reduced(term)
      case .state(let k): result.states[k] = table.reduced(term)
      case .view(let name): result.views[name] = table.reduced(term)
      default: break
      }
    }
    return result
  }

  /// Where a step is defined, as far as w', the views and the states that count go.
  package func definedness(_ step: Step, live: [Bool], isFirst: Bool) -> Definedness {
    var all = Definedness()
    for (k, isLive) in live.enumerated() where isLive {
      if isFirst {
        all.formUnion(
          initialDefined[k].substituted(table) { $0 == self.step ? self.table.one : nil }, table)
      }
      all.formUnion(step.defined[.state(k)] ?? Definedness(), table)
    }
    for (target, defined) in step.defined.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      switch target {
      case .parameter, .view: all.formUnion(defined, table)
      default: break
      }
    }
    return all.closed(table)
  }

  /// The states that w' or a view depends on, sooner or later. What is read of a state that may be
  /// infinite counts, whatever is made of it: 0 · ∞ is no number.
  package func liveStates(_ step: Step) -> [Bool] {
    var live = [Bool](repeating: false, count: states.count)
    func mark(_ roots: [TermID]) -> Bool {
      var isNew = false
      let found = Set(table.symbols(in: roots))
      for (k, state) in states.enumerated() where !live[k] && found.contains(state.symbol) {
        live[k] = true
        isNew = true
      }
      return isNew
    }
    func markUnsure() -> Bool {
      if unsure.isEmpty { return false }
      let outputs = variant.update.outputs.filter {
        if case .state(let k) = $0.target { live[k] } else { true }
      }
      let found = Self.statesRead(variant.update, outputs).intersection(unsure).filter { !live[$0] }
      for k in found { live[k] = true }
      return !found.isEmpty
    }
    _ = mark([step.weight] + step.views.values)
    while mark(states.indices.filter { live[$0] }.map { step.states[$0] }) || markUnsure() {}
    return live
  }

  /// The values after step t of states that depend on nothing but t and hyperparameters, where they
  /// have a closed form; proved by induction.
  package func closedStates(_ next: Step) throws(SymbolicError) -> [Int: TermID] {
    var closed: [Int: TermID] = [:]
    var first: Step?
    for (k, state) in states.enumerated() where !table.isData(initial[k]) {
      let others = table.symbols(in: next.states[k]).contains {
        $0 != state.symbol && table.isData($0)
      }
      if others { continue }
      guard let (slope, rest) = linear(next.states[k], state.symbol),
        !table.contains(slope, laterStep)
      else { continue }
      let t = laterStep
      let value: TermID
      if slope == table.one {
        guard let total = sum(rest, upTo: t) else { continue }
        value = table.add(initial[k], total)
      } else {
        if table.contains(rest, t) { continue }
        // s0 a^t + b (1 − a^t) / (1 − a)
        let power = table.power(slope, t)
        let sum = table.divide(
          table.subtract(table.one, power), table.subtract(table.one, slope))
        value = table.reduced(
          table.add(table.multiply(initial[k], power), table.multiply(rest, sum)))
      }
      if first == nil { first = try update(step: table.one, states: initial) }
      var prover = Prover(table)
      let atFirst = table.substitute(value, [t: table.one])
      let previous = table.substitute(value, [t: table.subtract(t, table.one)])
      let after = table.substitute(next.states[k], [state.symbol: previous])
      if table.isTotal(value), prover.proves(atFirst, first!.states[k]),
        prover.proves(after, value)
      {
        closed[k] = value
        table.note(slope == table.one ? .closedSum : .closedState)
      }
    }
    return closed
  }

  /// The sum of a polynomial in t over the steps 1 to t, nil for what is none of degree 3 at most.
  private func sum(_ term: TermID, upTo t: TermID) -> TermID? {
    guard let coefficients = Solver(table).coefficients(term, of: t), coefficients.count <= 4
    else { return nil }
    let next = table.add(t, table.one)
    let triangle = table.scale(table.multiply(t, next), by: .half)
    let sums = [
      t, triangle,
      table.scale(
        table.multiply(triangle, table.add(table.scale(t, by: Rational(2)), table.one)),
        by: Rational(3).reciprocal), table.multiply(triangle, triangle),
    ]
    return table.add(zip(coefficients, sums).map { table.multiply($0, $1) })
  }

  /// slope · x + rest, if a term is that with both free of x.
  func linear(_ term: TermID, _ x: TermID) -> (slope: TermID, rest: TermID)? {
    let rest = table.substitute(term, [x: table.zero])
    let slope = table.reduced(
      table.subtract(table.substitute(term, [x: table.one]), rest))
    guard !table.contains(slope, x), !table.contains(rest, x),
      table.isEqual(term, table.add(table.multiply(slope, x), rest))
    else { return nil }
    return (slope, rest)
  }

  /// One step at t ≥ 1 from the states' symbols.
  package func general() throws(SymbolicError) -> Step {
    try update(step: step, states: states.map(\.symbol))
  }
}
