import Basics
import IR

/// A shorter rule that does the same, with the reason for each step.
package struct Reduction {
  package struct Step: Sendable {
    package enum Certainty: Sendable {
      /// For all finite numbers.
      case exact
      /// Where the named term is not 0.
      case exactWhere(String)
      /// Only as far as the statement holds.
      case assuming(String)
    }
    /// As `dead state`.
    package var name: String
    /// What was done.
    package var text: String
    package var certainty: Certainty
  }

  package let table: TermTable
  package private(set) var steps: [Step] = []
  /// The states that are left, with their first value and their next.
  package private(set) var states: [(name: String, symbol: TermID, initial: TermID, next: TermID)] =
    []
  /// w'.
  package private(set) var weight: TermID
  private let rule: SymbolicRule
  private let module: RuleModule
  private let printer: TermPrinter

  /// With `assuming`, functions that hardly change small gradients are dropped as well, each step
  /// saying so.
  package init(
    _ rule: SymbolicRule, module: RuleModule, assuming: Bool
  ) throws(SymbolicError) {
    self.rule = rule
    self.module = module
    table = rule.table
    printer = TermPrinter(rule.table)
    let t = rule.table
    let plain = try rule.general()
    weight = plain.weight
    var nexts = plain.states
    let later = try rule.update(step: rule.laterStep, states: rule.states.map(\.symbol))
    let live = rule.liveStates(plain)
    for (k, state) in rule.states.enumerated() where !live[k] {
      steps.append(
        Step(
          name: "dead state", text: "`\(state.name)` is written and never read by what moves w",
          certainty: .exact))
    }
    var map: [TermID: TermID] = [:]
    for (k, value) in try rule.closedStates(later) where live[k] {
      let before = t.substitute(
        value, [rule.laterStep: t.subtract(rule.step, t.one)])
      map[rule.states[k].symbol] = before
      steps.append(
        Step(
          name: "closed form",
          text: "`\(rule.states[k].name)` is \(printer.text(value)) after step t",
          certainty: .exact))
    }
    if !map.isEmpty {
      weight = t.reduced(t.substitute(weight, map))
      nexts = nexts.map { t.reduced(t.substitute($0, map)) }
    }
    var kept = rule.states.indices.filter { live[$0] && map[rule.states[$0].symbol] == nil }
    merge(&kept, &nexts)
    if assuming { assume(&nexts, kept) }
    for k in kept {
      states.append((rule.states[k].name, rule.states[k].symbol, rule.initial[k], nexts[k]))
      noteAverage(k, nexts[k])
    }
    tellConditions(plain, live)
  }

  // MARK: Steps

  /// States that are multiples of others.
  private mutating func merge(_ kept: inout [Int], _ nexts: inout [TermID]) {
    let t = table
    for k in kept {
      for j in kept where j != k && kept.contains(k) && kept.contains(j) && j < k {
        guard rule.states[j].shape == rule.states[k].shape else { continue }
        let (x, y) = (rule.states[j].symbol, rule.states[k].symbol)
        let drivers = (
          t.substitute(nexts[j]) { $0 == x ? t.zero : nil },
          t.substitute(nexts[k]) { $0 == y ? t.zero : nil }
        )
        var scales = [t.one]
        if drivers.0 != t.zero, drivers.1 != t.zero {
          let ratio = t.divide(drivers.1, drivers.0)
          if !t.isData(ratio), ratio != t.zero, ratio != t.one { scales.append(ratio) }
        }
        for scale in scales where !t.contains(scale, rule.step) {
          let image = t.multiply(scale, x)
          guard t.isEqual(rule.initial[k], t.multiply(scale, rule.initial[j])),
            t.isEqual(
              t.substitute(nexts[k], [y: image]),
              t.multiply(scale, t.substitute(nexts[j], [y: image])))
          else { continue }
          weight = t.reduced(t.substitute(weight, [y: image]))
          nexts = nexts.map { t.reduced(t.substitute($0, [y: image])) }
          kept.removeAll { $0 == k }
          steps.append(
            Step(
              name: "equal states",
              text: "`\(rule.states[k].name)` is always \(printer.text(image))",
              certainty: .exact))
          break
        }
      }
    }
  }

  /// What the rule divides by and the shorter one does not.
  private mutating func tellConditions(_ step: SymbolicRule.Step, _ live: [Bool]) {
    let t = table
    let needed = rule.definedness(step, live: live, isFirst: false)
    var left = Definedness()
    for root in [weight] + states.map(\.next) {
      left.formUnion(t.definedness(of: root).closed(t), t)
    }
    var prover = Prover(t)
    for (clause, condition) in prover.weakest(prover.missing(needed, from: left)) {
      for text in printer.texts([(clause, condition)]) where clause.hasText {
        steps.append(
          Step(
            name: "quotient", text: "what it divides by is not 0: \(text)",
            certainty: .exactWhere(text)))
      }
    }
  }

  /// Functions of the gradient alone that are nearly the gradient where it is small.
  private mutating func assume(_ nexts: inout [TermID], _ kept: [Int]) {
    let t = table
    for _ in 0..<8 {
      var found: (TermID, TermID, Step)?
      for root in [weight] + kept.map({ nexts[$0] }) where found == nil {
        _ = t.contains(
          root,
          where: { id in
            found = found ?? shortcut(id)
            return found != nil
          })
      }
      guard let (id, replacement, step) = found else { return }
      steps.append(step)
      weight = t.reduced(t.substitute(weight, [id: replacement]))
      nexts = nexts.map { t.reduced(t.substitute($0, [id: replacement])) }
    }
  }

  private func shortcut(_ id: TermID) -> (TermID, TermID, Step)? {
    let t = table
    let term = t[id]
    guard term.kind == .apply, t.contains(id, rule.gradient),
      !t.symbols(in: id).contains(where: { $0 != rule.gradient && t.isData($0) })
    else { return nil }
    switch term.operation {
    case .arcsine, .arctangent, .tanh, .sinh, .sine, .tangent, .arcsinh, .arctanh:
      let x = term.operands[0]
      let name = term.operation.info.name
      return (
        id, x,
        Step(
          name: "small argument", text: "\(name)(x) is replaced by x, for x = \(printer.text(x))",
          certainty: .assuming("|x| is small: \(name)(x) = x + O(x³)"))
      )
    case .maximum:
      // A bound that never acts.
      let data = term.operands.filter { t.isData($0) }
      guard data.count == 1 else { return nil }
      return (
        id, data[0],
        Step(
          name: "bound", text: "\(printer.text(id)) is replaced by \(printer.text(data[0]))",
          certainty: .assuming("the bound never acts"))
      )
    default: return nil
    }
  }

  private mutating func noteAverage(_ k: Int, _ next: TermID) {
    let t = table
    guard let (share, rest) = rule.linear(next, rule.states[k].symbol), !t.isData(share) else {
      return
    }
    let (weight, source) = StateHistory.splitWeight(t, rest)
    guard t.isEqual(t.add(share, weight), t.one), !t.isData(weight), source != t.zero,
      share != t.zero
    else { return }
    steps.append(
      Step(
        name: "one average",
        text:
          "`\(rule.states[k].name)` is ema(\(rule.states[k].name), \(printer.text(source)), "
          + "\(printer.text(share)))", certainty: .exact))
  }

  // MARK: Source

  /// w', by what states are before the step or, where that is shorter, after it.
  private func move(_ printer: TermPrinter) -> String {
    let t = table
    var shortest = printer.move(weight, from: rule.weight)
    for state in states {
      let after = t.symbol(
        Symbol(state.name + "'", .state, variant: 6_000, spread: t.spread(state.symbol)))
      guard let (share, rest) = rule.linear(state.next, state.symbol), share != t.zero,
        !t.isData(share)
      else { continue }
      let before = t.divide(t.subtract(after, rest), share)
      let own = t.reduced(t.substitute(weight, [state.symbol: before]))
      var printer = printer
      printer.names[after] = .name(printer.text(state.symbol) + "'")
      let text = printer.move(own, from: rule.weight)
      if text.count < shortest.count, !printer.isCut { shortest = text }
    }
    return shortest
  }

  /// The rule as `.opt` source; nil where it holds what is not printed (loops, slices).
  package func source(name: String) -> String? {
    let t = table
    let roots = [weight] + states.map(\.next) + states.map(\.initial)
    let unprinted: Set<Operation> = [
      .loop, .project, .slice, .placeSlice, .reshape, .iota, .gather, .scatterAdd, .takeAlong,
      .placeAlong, .draw, .diagonal, .broadcast, .unfold, .fold,
    ]
    for root in roots
    where t.contains(root, where: { t[$0].kind == .apply && unprinted.contains(t[$0].operation) }) {
      return nil
    }
    var text = printer
    for state in states {
      text.names[state.symbol] = .name(String(state.name.map { $0 == "." ? "_" : $0 }))
    }
    let used = Set(t.symbols(in: roots))
    var header: [String] = []
    for (k, hyper) in module.hypers.enumerated() where used.contains(rule.hypers[k]) {
      var part = t.symbol(of: rule.hypers[k])!.name
      if let value = module.defaults.output(.hyper(k)),
        let x = module.defaults.knownNumber(value), let r = Rational(literal: x)
      {
        part += " = \(r)"
      }
      if let domain = hyper.domain { part += " in \(domain)" }
      header.append(part)
    }
    var lines: [String] = []
    for state in states {
      let name = text.text(state.symbol)
      lines.append(
        "    state \(name)" + (state.initial == t.zero ? "" : " = \(text.text(state.initial))"))
    }
    for state in states {
      lines.append("    \(text.text(state.symbol))' = \(text.collected(state.next))")
    }
    lines.append("    w' = \(move(text))")
    return "rule \(name)(\(header.joined(separator: ", "))) {\n"
      + lines.joined(separator: "\n") + "\n}\n"
  }
}
