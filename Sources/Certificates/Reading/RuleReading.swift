import Basics
import IR

/// One step of a rule as polynomials.
package struct RuleStep {
  package var weight: Polynomial
  package var states: [Polynomial]
  package var views: [String: Polynomial] = [:]
  /// Where the step is defined.
  var clauses: [Clause]
}

/// A rule of a certificate, its hyperparameters free or at their defaults.
package struct RuleReading {
  let algebra: Algebra
  package let rule: Rule
  package let variant: RuleVariant
  /// `a` or `b`.
  let side: String
  /// The names that stand for any number, by key.
  let freeNames: Set<String>
  /// The values of the states before a step.
  package let symbols: [Polynomial]
  /// The states that are numbers whatever was not defined before: what writes them is, everywhere.
  private var totals: [Bool] = []

  init(
    _ algebra: Algebra, _ rule: Rule, variant: Int, side: String, free: Set<String>,
    later: Polynomial
  ) throws(Refusal) {
    self.algebra = algebra
    self.rule = rule
    // A name stands for no number: what is made of it has no known length.
    let numbers = rule.module.hypers.indices.map { k in
      Self.name(rule, k, free) == nil
        ? rule.module.defaults.output(.hyper(k)).flatMap { rule.module.defaults.knownNumber($0) }
        : nil
    }
    let given = rule.module.variants[variant]
    self.variant = given.withSeparateEntries(hypers: numbers) ?? given
    self.side = side
    freeNames = free
    var symbols: [Polynomial] = []
    for state in self.variant.states {
      if state.storage != .compute || state.roundsStochastically {
        throw Refusal("the state \(state.name) is stored rounded")
      }
      let axes = Axes(shape: Substring(try FunctionReading.text(state.shape)))
      symbols.append(
        algebra.symbol(
          "\(side).\(state.name)", axes: axes,
          reach: state.isGlobal ? .everywhere : axes.isEmpty ? .tensor : .element))
    }
    self.symbols = symbols
    totals = try totalStates(later: later)
  }

  /// Which states are numbers at every step, whatever the numbers before it were: at the first and at later ones, for
  /// which conditions on t may be decided otherwise.
  private func totalStates(later: Polynomial) throws(Refusal) -> [Bool] {
    func known(
      _ function: Function, _ totals: [Bool], at t: Polynomial, _ target: (OutputTarget) -> Bool
    ) throws(Refusal) -> [Bool] {
      let hypers = Hypers(self, t)
      var reading = FunctionReading(
        algebra, function,
        Sources(
          step: t, states: symbols, totals: totals, free: free,
          hyper: { k throws(Refusal) in try hypers.value(k) }))
      _ = try reading.run(target)
      var result = totals
      for output in function.outputs where target(output.target) {
        guard case .state(let k) = output.target else { continue }
        result[k] = result[k] && reading.isTotal[output.value.index]
      }
      return result
    }
    var totals = try known(variant.initial, symbols.map { _ in true }, at: .one) { _ in true }
    while true {
      var next = totals
      for t in [.one, later] {
        next = try known(variant.update, next, at: t) {
          if case .state = $0 { true } else { false }
        }
      }
      if next == totals { return totals }
      totals = next
    }
  }

  func state(named name: String) -> Int? {
    variant.states.firstIndex { "\(side).\($0.name)" == name }
  }

  /// The free names of the rule's text.
  private var free: [Polynomial] { rule.freeNames.map { algebra.symbol($0) } }

  // MARK: Hyperparameters

  /// The name that a hyperparameter shares with others: its own, without the rules around it where
  /// that is the only one that was not given.
  package static func key(_ rule: Rule, _ k: Int) -> String {
    func short(_ key: String) -> String {
      String(key.split(separator: ".").last ?? Substring(key))
    }
    let own = rule.module.hypers[k].key
    let isOnly =
      rule.module.hypers.indices.filter {
        plain(rule, $0) != nil && short(rule.module.hypers[$0].key) == short(own)
      }.count == 1
    return isOnly ? short(own) : own
  }

  /// The number by default of a hyperparameter that was not given.
  package static func plain(_ rule: Rule, _ k: Int) -> Double? {
    guard !rule.origins[k].isGiven, let value = rule.module.defaults.output(.hyper(k)) else {
      return nil
    }
    return rule.module.defaults.knownNumber(value)
  }

  /// The name that a hyperparameter is, where it is one.
  static func name(_ rule: Rule, _ k: Int, _ free: Set<String>) -> String? {
    if plain(rule, k) != nil {
      return rule.module.hypers[k].isStructural || !free.contains(key(rule, k))
        ? nil : key(rule, k)
    }
    guard let value = rule.module.defaults.output(.hyper(k)) else { return nil }
    let instruction = rule.module.defaults[value]
    return instruction.operation == .free ? rule.freeNames[Int(instruction.attribute)] : nil
  }

  /// The hyperparameters at a step, each with where it is defined.
  private final class Hypers {
    let reading: RuleReading
    let step: Polynomial
    var known: [(value: Polynomial, clauses: [Clause])?]
    var isOpen: [Bool]

    init(_ reading: RuleReading, _ step: Polynomial) {
      self.reading = reading
      self.step = step
      known = reading.rule.module.hypers.map { _ in nil }
      isOpen = reading.rule.module.hypers.map { _ in false }
    }

    func value(_ k: Int) throws(Refusal) -> (value: Polynomial, clauses: [Clause]) {
      if let value = known[k] { return value }
      if isOpen[k] { throw Refusal("hyperparameters depend on one another") }
      isOpen[k] = true
      let (rule, algebra) = (reading.rule, reading.algebra)
      if let name = RuleReading.name(rule, k, reading.freeNames) {
        known[k] = (algebra.symbol(name), [])
        return known[k]!
      }
      let sources = Sources(
        step: step, free: reading.free,
        hyper: { k throws(Refusal) in try self.value(k) })
      var function = FunctionReading(algebra, rule.module.defaults, sources)
      let (outputs, demands) = try function.run { $0 == .hyper(k) }
      guard let value = outputs.first?.value else {
        throw Refusal("\(rule.module.hypers[k].name) has no value")
      }
      known[k] = (value, demands)
      return (value, demands)
    }
  }

  // MARK: Steps

  /// The states before the first step, and where each is defined.
  package func initial() throws(Refusal) -> (states: [Polynomial], clauses: [[Clause]]) {
    let hypers = Hypers(self, .one)
    var states: [Polynomial] = []
    var clauses: [[Clause]] = []
    for k in variant.states.indices {
      var function = FunctionReading(
        algebra, variant.initial,
        Sources(
          step: .one, free: free, drawsAt: "@start",
          hyper: { k throws(Refusal) in try hypers.value(k) }))
      let (outputs, demands) = try function.run { $0 == .state(k) }
      states.append(outputs.first?.value ?? .zero)
      clauses.append(demands)
    }
    return (states, clauses)
  }

  /// A step from these states; `isLive` says which of them matter, `start` where they are defined.
  package func step(
    at t: Polynomial, _ states: [Polynomial], isLive: [Bool], start: [[Clause]] = []
  ) throws(Refusal) -> RuleStep {
    let hypers = Hypers(self, t)
    var function = FunctionReading(
      algebra, variant.update,
      Sources(
        step: t, states: states, start: start, totals: totals, free: free,
        hyper: { k throws(Refusal) in try hypers.value(k) }))
    let (outputs, clauses) = try function.run { target in
      if case .state(let k) = target { isLive[k] } else { true }
    }
    var result = RuleStep(
      weight: algebra.symbol("w", axes: [.rows, .columns], reach: .element), states: states,
      clauses: clauses)
    var isWritten = variant.states.map { _ in false }
    for (target, value) in outputs {
      switch target {
      case .parameter: result.weight = value
      case .state(let k): (result.states[k], isWritten[k]) = (value, true)
      case .view(let name): result.views[name] = value
      default: throw Refusal("an output has no certificates")
      }
    }
    for k in result.states.indices where isLive[k] {
      // Later steps take a state for a number.
      try algebra.refuseInfinity(result.states[k])
      if !isWritten[k], !start.isEmpty { result.clauses += start[k] }
    }
    return result
  }

  /// The states that w', a view or where they are defined depends on, sooner or later. What is read of a
  /// state that may be no number matters, whatever is made of it: 0 · ∞ is no number.
  func liveStates(at t: Polynomial) throws(Refusal) -> [Bool] {
    var live = variant.states.map { _ in false }
    while true {
      let step = try step(at: t, symbols, isLive: live)
      var found: Set<AtomID> = []
      for p in [step.weight] + step.views.values + step.clauses.flatMap({ $0.guards + [$0.term] }) {
        algebra.collectSymbols(p, &found)
      }
      for k in live.indices where live[k] { algebra.collectSymbols(step.states[k], &found) }
      let read = statesRead(live)
      let next = symbols.indices.map {
        live[$0] || found.contains(symbols[$0].atom!) || !totals[$0] && read.contains($0)
      }
      if next == live { return live }
      live = next
    }
  }

  /// The states that a step is made of, by its text.
  private func statesRead(_ live: [Bool]) -> Set<Int> {
    var update = variant.update
    update.outputs = update.outputs.filter {
      if case .state(let k) = $0.target { live[k] } else { true }
    }
    let isLive = update.liveValues()
    let reads = update.instructions.indices.filter {
      isLive[$0] && update.instructions[$0].operation == .state
    }
    return Set(reads.map { Int(update.instructions[$0].attribute) })
  }

  /// Whether it reads all tensors at once, or keeps what is one for all of them.
  var isGlobal: Bool {
    [variant.update, variant.initial].contains { Self.isGlobal($0) }
      || variant.states.contains(where: \.isGlobal)
  }

  private static func isGlobal(_ function: Function) -> Bool {
    function.instructions.contains { $0.operation.isBarrier }
      || function.loops.contains { isGlobal($0.body) }
  }
}
