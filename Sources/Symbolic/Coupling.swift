import Basics
import IR

/// What the hyperparameters of a rule do only together, where its ε stands, which averages begin at 0
/// and are not corrected, and which changes rounding takes away.
package struct Coupling {
  package struct Finding: Sendable {
    package enum Kind: Sendable {
      case together, throughRate, insideRoot, besideRoot, uncorrected, lostInState, lostInWeight
    }
    package var kind: Kind
    /// The hyperparameters or the state that it speaks of.
    package var subject: String
    package var text: String
    /// Hardly ever meant: a warning.
    package var isFault: Bool
    /// What would mend it, as the language has it.
    package var repair: String?
  }

  package private(set) var findings: [Finding] = []
  private let rule: SymbolicRule
  private let step: SymbolicRule.Step
  private let live: [Bool]
  private let hypers: [(name: String, symbol: TermID)]
  /// A term at the defaults.
  private let value: (TermID) -> Double?

  private var table: TermTable { rule.table }
  private var printer: TermPrinter { TermPrinter(table) }

  /// All that is proved of one step, or faults alone; `value` gives a term at the defaults.
  package init(
    _ rule: SymbolicRule, module: RuleModule, onlyFaults: Bool = false,
    value: @escaping (TermID) -> Double?
  ) throws(SymbolicError) {
    self.rule = rule
    self.value = value
    step = try rule.general()
    live = rule.liveStates(step)
    // What a rule inside hands on is one with what it was given.
    var known: Set<TermID> = []
    hypers = zip(module.hypers, rule.hypers).compactMap { hyper, term in
      guard !hyper.isStructural, rule.table.symbol(of: term) != nil, known.insert(term).inserted
      else { return nil }
      return (hyper.name, term)
    }
    pairs()
    if !onlyFaults {
      scaledPairs()
      epsilons()
    }
    try averages()
    if !onlyFaults { try weights() }
    // What is left undone for want of room proves nothing.
    if onlyFaults { findings.removeAll { !$0.isFault || rule.table.isExhausted } }
  }

  private mutating func add(
    _ kind: Finding.Kind, _ subject: String, _ text: String, isFault: Bool = false
  ) {
    findings.append(Finding(kind: kind, subject: subject, text: text, isFault: isFault))
  }

  // MARK: Hyperparameters

  /// The slopes of the update and of the states by one hyperparameter; nil where one is not known.
  private func slopes(by symbol: TermID) -> [TermID]? {
    let outputs =
      [table.subtract(step.weight, rule.weight)]
      + step.states.indices.filter { live[$0] }
      .map { step.states[$0] }
    let solver = Solver(table)
    return try? outputs.map { try solver.derivative($0, by: symbol) }
  }

  private mutating func pairs() {
    let known = hypers.compactMap { hyper in
      slopes(by: hyper.symbol).map { (hyper.name, hyper.symbol, $0) }
    }
    for (i, (first, p, a)) in known.enumerated() where a.contains(where: { $0 != table.zero }) {
      for (second, q, b) in known.dropFirst(i + 1) {
        // f(p q) has p ∂f/∂p = q ∂f/∂q, and f(p / q) the negative.
        let x = a.map { table.multiply(p, $0) }
        let y = b.map { table.multiply(q, $0) }
        if zip(x, y).allSatisfy({ table.isEqual($0, $1) }) {
          // A second factor of the step size doubles a search; others may be there to be compared.
          add(
            .together, "\(first), \(second)",
            "act only as \(first) * \(second): one of them is enough",
            isFault: [first, second].contains("lr"))
        } else if zip(x, y).allSatisfy({ table.isZero(table.add($0, $1)) }) {
          add(
            .together, "\(first), \(second)",
            "act only as \(first) / \(second): one of them is enough",
            isFault: [first, second].contains("lr"))
        }
      }
    }
    guard let rate = known.first(where: { $0.0 == "lr" })?.1 else { return }
    let paired = Set(findings.flatMap { $0.subject.split(separator: ", ").map(String.init) })
    for (name, symbol, slopes) in known where symbol != rate && !paired.contains(name) {
      let own = slopes[0]
      let once = table.substitute(own, [rate: table.one])
      guard own != table.zero, slopes.dropFirst().allSatisfy({ $0 == table.zero }),
        !table.contains(own, symbol), table.isEqual(own, table.multiply(rate, once))
      else { continue }
      add(
        .throughRate, name,
        "acts only as lr * \(name): what changes lr changes it too, schedules included")
    }
  }

  /// Hyperparameters that act only together once states have another scale: lr and b of m' = a m + b g, w' = w − lr m'.
  ///
  /// With p → p s, q → q / s (or q s) and each state m_k → s^c_k m_k the rule stays as it is: the sum of the slopes
  /// of each output, by what is scaled, is what scales the output itself.
  private mutating func scaledPairs() {
    let states = step.states.indices.filter { live[$0] }
    let all = hypers.map(\.symbol) + states.map { rule.states[$0].symbol }
    guard (1...2).contains(states.count), hypers.count <= 12 else { return }
    // What is told of the states outside must stay as it is too.
    let seen = [table.subtract(step.weight, rule.weight)] + step.views.values
    let outputs = states.map { step.states[$0] } + states.map { rule.initial[$0] } + seen
    let solver = Solver(table)
    /// By symbol, by output: the symbol times the slope.
    var slopes: [TermID: [TermID]] = [:]
    for symbol in all {
      slopes[symbol] = try? outputs.map {
        table.multiply(symbol, try solver.derivative($0, by: symbol))
      }
    }
    let exponents = [-1, 1, -2, 2, 0]
    let choices = states.reduce([[]]) { known, _ in
      known.flatMap { one in exponents.map { one + [$0] } }
    }
    func isKept(_ p: [TermID], _ q: [TermID], _ sign: Int, _ choice: [Int]) -> Bool {
      outputs.indices.allSatisfy { k in
        let own = k < 2 * states.count ? choice[k % states.count] : 0
        var total = [p[k], table.scale(q[k], by: Rational(sign))]
        for (state, c) in zip(states, choice) where c != 0 {
          guard let slope = slopes[rule.states[state].symbol] else { return false }
          total.append(table.scale(slope[k], by: Rational(c)))
        }
        total.append(table.scale(outputs[k], by: Rational(-own)))
        return table.isZero(total.reduce(table.zero) { table.add($0, $1) })
      }
    }
    let paired = Set(findings.map(\.subject))
    for (i, first) in hypers.enumerated() {
      for second in hypers.dropFirst(i + 1) where !paired.contains("\(first.name), \(second.name)")
      {
        guard let p = slopes[first.symbol], let q = slopes[second.symbol],
          p.contains(where: { $0 != table.zero }), q.contains(where: { $0 != table.zero })
        else { continue }
        for (sign, operation) in [(-1, "*"), (1, "/")] {
          guard
            let choice = choices.first(where: { $0.contains { $0 != 0 } && isKept(p, q, sign, $0) })
          else { continue }
          let scaled = zip(states, choice).filter { $1 != 0 }.map { rule.states[$0.0].name }
          add(
            .together, "\(first.name), \(second.name)",
            "act only as \(first.name) \(operation) \(second.name), but for the scale of "
              + "\(scaled.joined(separator: " and ")): one of them is enough")
          break
        }
      }
    }
  }

  // MARK: ε

  private mutating func epsilons() {
    for (name, symbol) in hypers where isEpsilon(name) {
      var places: Set<Bool> = []
      var seen: Set<TermID> = []
      var pending = [step.weight] + step.states.indices.filter { live[$0] }.map { step.states[$0] }
      while let next = pending.popLast() {
        guard seen.insert(next).inserted else { continue }
        let term = table[next]
        pending += term.operands
        guard term.kind == .product else { continue }
        for (base, exponent) in zip(term.operands, term.weights) {
          let holds = table.monomials(base).contains { monomial in
            table.factors(monomial.monomial).contains { $0.base == symbol }
          }
          guard holds else { continue }
          if !exponent.isInteger {
            places.insert(true)
          } else if exponent.isNegative, hasRoot(base) {
            places.insert(false)
          }
        }
      }
      if places.contains(true) {
        let size = value(table.power(symbol, .half)).map { ", \(short($0)) at the default" } ?? ""
        add(
          .insideRoot, name,
          "stands inside of the root: beside 0 it gives sqrt(\(name))\(size)")
      }
      if places.contains(false) {
        add(.besideRoot, name, "is added to the root: it has the unit of what the root gives")
      }
    }
  }

  private func hasRoot(_ id: TermID) -> Bool {
    table.monomials(id).contains { _, monomial in
      table.factors(monomial).contains { !$0.exponent.isInteger && table.isData($0.base) }
    }
  }

  // MARK: Averages

  private mutating func averages() throws(SymbolicError) {
    var isOneCorrected = false
    var open: [(state: Int, share: TermID)] = []
    for (k, state) in rule.states.enumerated() where live[k] {
      guard let (share, rest) = rule.linear(step.states[k], state.symbol),
        !table.isData(share), !table.contains(share, rule.step)
      else { continue }
      stored(state.name, share, k)
      guard rule.initial[k] == table.zero, table.contains(rest, rule.gradient),
        isAverage(share, rest)
      else { continue }
      if isCorrected(share) {
        isOneCorrected = true
        continue
      }
      if isScaleFree(state, share, rest) { continue }
      open.append((k, share))
      let power = printer.text(table.power(share, rule.step))
      add(
        .uncorrected, state.name,
        "begins at 0: after t steps its weights add up to 1 - \(power), and nothing divides by that"
      )
    }
    guard isOneCorrected else { return }
    for (k, share) in open where divides(rule.states[k].symbol) {
      let i = findings.firstIndex {
        $0.kind == .uncorrected && $0.subject == rule.states[k].name
      }!
      findings[i].isFault = true
      findings[i].repair = "debias(\(rule.states[k].name)', \(printer.text(share)))"
    }
  }

  /// Whether a root or a power of a state stands under the line of the step.
  private func divides(_ state: TermID) -> Bool {
    table.contains(step.weight) { id in
      let term = table[id]
      return term.kind == .product
        && zip(term.operands, term.weights).contains {
          $1.isNegative && table.contains($0, state)
        }
    }
  }

  /// Whether what enters has the weight that the state does not keep.
  private func isAverage(_ share: TermID, _ rest: TermID) -> Bool {
    let left = table.subtract(table.one, share)
    guard table.symbol(of: share) != nil else {
      return share != table.zero && StateHistory.splitWeight(table, rest).weight == left
    }
    let source = table.substitute(rest, [share: table.zero])
    return table.isEqual(rest, table.multiply(left, source))
  }

  /// Whether the step, or a state that counts, has the power of the share that a correction needs.
  private func isCorrected(_ share: TermID) -> Bool {
    let counts = rule.states.indices.contains { k in
      live[k] && table.isEqual(step.states[k], table.multiply(share, rule.states[k].symbol))
    }
    return counts
      || table.contains(step.weight) { id in
        let term = table[id]
        return term.kind == .apply && term.operation == .power && term.operands[0] == share
          && table.contains(term.operands[1], rule.step)
      }
  }

  /// Whether the step asks for no more than the direction of the new value.
  private func isScaleFree(
    _ state: SymbolicRule.State, _ share: TermID, _ rest: TermID
  ) -> Bool {
    let new = table.symbol(Symbol("new", .state, variant: 77, spread: .like))
    let scale = table.symbol(Symbol("scale", .hyper, variant: 77, domain: .positive))
    let old = table.divide(table.subtract(new, rest), share)
    let byNew = table.reduced(table.substitute(step.weight, [state.symbol: old]))
    let scaled = table.substitute(byNew, [new: table.multiply(scale, new)])
    return !table.contains(byNew, state.symbol) && table.isEqual(byNew, scaled)
  }

  // MARK: Rounding

  /// The smallest part of a number that half a unit in its last place may be.
  private static func halfUnit(_ storage: Storage) -> Double? {
    switch storage {
    case .bfloat16: 0x1p-9
    case .float16: 0x1p-12
    default: nil
    }
  }

  private mutating func stored(_ name: String, _ share: TermID, _ k: Int) {
    let slot = rule.variant.states[k]
    guard !slot.roundsStochastically, let unit = Self.halfUnit(slot.storage),
      let kept = value(share), kept < 1, kept > 0, unit / (1 - kept) >= 0.25
    else { return }
    let part = (unit / (1 - kept) * 100).rounded() / 100
    add(
      .lostInState, name,
      "is stored as \(slot.storage) and keeps \(kept) of itself: what differs from it by less than "
        + "\(part) times its size is rounded away; `round stochastic` keeps it in the mean",
      isFault: true)
  }

  private mutating func weights() throws(SymbolicError) {
    let bounds = try RuleBounds(rule)
    guard bounds.conditions.isEmpty, let bound = bounds.update, let size = value(bound), size > 0
    else { return }
    let limit = size * 512
    add(
      .lostInWeight, "w",
      "moves by at most \(short(size)): kept in bf16, weights beyond \(short(limit)) never move")
  }

  private func short(_ x: Double) -> String { NumberText.short(x) }
}
