import IR
import Platform

/// A state as a function of all gradients: s_t = a^t s_0 + Σ a^(t−k) b u_k.
package struct StateHistory {
  package let table: TermTable
  package let name: String
  /// a: the share of itself that the state keeps.
  package let share: TermID
  /// What enters each step: a term in g, w and t.
  package let driver: TermID
  /// b, where the driver is b times something without hyperparameters.
  package let weight: TermID
  /// u.
  package let source: TermID
  package let initial: TermID

  /// Throws where the state does not keep a constant share of itself.
  package init(_ rule: SymbolicRule, state k: Int) throws(SymbolicError) {
    let t = rule.table
    table = t
    let state = rule.states[k]
    name = state.name
    let next = try rule.update(step: rule.laterStep, states: rule.states.map(\.symbol))
    guard let (slope, rest) = rule.linear(next.states[k], state.symbol), !t.isData(slope),
      !t.contains(slope, rule.laterStep)
    else {
      throw SymbolicError("`\(state.name)` has no closed form: it does not keep a fixed share")
    }
    share = slope
    driver = rest
    initial = rule.initial[k]
    let parts = Self.splitWeight(t, rest)
    weight = parts.weight
    source = parts.source
  }

  /// rest = weight · source with the hyperparameters in the weight, where that is possible.
  static func splitWeight(
    _ t: TermTable, _ rest: TermID
  ) -> (weight: TermID, source: TermID) {
    var byData: [TermID: [TermID]] = [:]
    var order: [TermID] = []
    for (weight, monomial) in t.monomials(rest) {
      var data: [Factor] = []
      var scale: [Factor] = []
      for factor in t.factors(monomial) {
        if t.isData(factor.base) { data.append(factor) } else { scale.append(factor) }
      }
      let key = t.product(data)
      if byData[key] == nil { order.append(key) }
      byData[key, default: []].append(t.scale(t.product(scale), by: weight))
    }
    guard let first = order.first else { return (t.one, t.zero) }
    let weight = t.reduced(t.add(byData[first]!))
    var source = t.zero
    for key in order {
      let ratio = t.divide(t.add(byData[key]!), weight)
      source = t.add(source, t.multiply(ratio, key))
    }
    if !t.symbols(in: source).contains(where: { t.symbol(of: $0)?.role == .hyper }) {
      return (weight, source)
    }
    return (t.one, rest)
  }

  /// `m = sum((1 - β) * β^(t - k) * g_k for k in 1..t)`.
  package var text: String {
    let printer = TermPrinter(table)
    var named = printer
    named.names = indexed
    let k = table.symbol(Symbol("k", .step, variant: 99, isInteger: true))
    let t = table.symbol(Symbol("t", .step, variant: 98, isInteger: true))
    var factors: [String] = []
    if weight != table.one { factors.append(printer.factor(weight)) }
    if share != table.one {
      factors.append(
        "\(printer.atom(share))^(\(printer.text(table.subtract(t, k))))")
    }
    factors.append(named.factor(source))
    var result = "\(name) = sum(\(factors.joined(separator: " * ")) for k in 1..t)"
    if initial != table.zero {
      let start = share == table.one ? "" : "\(printer.atom(share))^t * "
      result = result.replacingPrefix(
        "\(name) = ", with: "\(name) = \(start)\(printer.factor(initial)) + ")
    }
    return result
  }

  private var indexed: [TermID: Notation] {
    var names: [TermID: Notation] = [:]
    for symbol in table.symbols(in: source) where table.isData(symbol) {
      names[symbol] = .name(table.symbol(of: symbol)!.name + "_k")
    }
    return names
  }

  /// The sum of the weights after t steps: (1 − β^t) for an average, hence why its bias is
  /// corrected by that.
  package func totalWeight(after t: TermID) -> TermID {
    if share == table.one { return table.multiply(weight, t) }
    return table.reduced(
      table.divide(
        table.multiply(weight, table.subtract(table.one, table.power(share, t))),
        table.subtract(table.one, share)))
  }

  /// 1 / (1 − a): how many steps the state remembers; nil for a sum over all.
  package var window: TermID? {
    share == table.one
      ? nil
      : table.reduced(
        table.divide(table.one, table.subtract(table.one, share)))
  }

  /// Steps after which a gradient counts half: log ½ / log a.
  package var halfLife: TermID? {
    share == table.one || share == table.zero
      ? nil
      : table.divide(
        table.negate(table.logarithm(table.number(2))), table.logarithm(share))
  }

  /// The values after steps 1 to n from the start, as terms in g_1 … g_n and w_1 … w_n.
  package static func unrolled(
    _ rule: SymbolicRule, state k: Int, steps n: Int
  ) throws(SymbolicError) -> [TermID] {
    let t = rule.table
    var states = rule.initial
    var result: [TermID] = []
    for step in 1...max(n, 1) {
      let g = t.symbol(Symbol("g_\(step)", .gradient, variant: step, spread: .like))
      let w = t.symbol(Symbol("w_\(step)", .weight, variant: step, spread: .like))
      states = try rule.update(
        step: t.number(step), states: states, weight: w, gradient: g
      ).states
      result.append(states[k])
      if t.isExhausted || t.size(states[k]) > 20_000 {
        throw SymbolicError("after \(step) steps the term has more than 20,000 parts")
      }
    }
    return result
  }
}

extension String {
  func replacingPrefix(_ prefix: String, with replacement: String) -> String {
    hasPrefix(prefix) ? replacement + dropFirst(prefix.count) : self
  }
}
