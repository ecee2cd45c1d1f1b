import Basics
import IR
import Platform

/// A state as a function of all gradients: s_t = a^t s_0 + Σ a^(t−k) b_k u_k, checked against the
/// state's first values.
package struct StateHistory {
  package let table: TermTable
  package let name: String
  /// a: the share of itself that the state keeps.
  package let share: TermID
  /// b, where what enters each step is b times something without hyperparameters.
  package let weight: TermID
  /// u: a term in g, w, other states and the step, which is k there.
  package let source: TermID
  package let initial: TermID
  /// s_1, where the first step is not as all others are: the sum begins with the second then.
  package let first: TermID?
  /// Other states that u holds, after step k or (`isBefore`) before it.
  private var inner: [(symbol: TermID, isBefore: Bool, history: [StateHistory])] = []
  private let step: TermID

  /// Steps whose sums are held against the state itself.
  static let checked = 6

  /// Throws where the state does not keep a constant share of itself, or where the sum is not found
  /// to give the first values.
  package init(_ rule: SymbolicRule, state k: Int) throws(SymbolicError) {
    try self.init(rule, state: k, within: [])
    let all = try Self.unrolled(rule, state: k, steps: Self.checked)
    let own = values(Self.checked)
    guard zip(own, all).allSatisfy({ table.isEqual($0, $1) }), !table.isExhausted else {
      throw SymbolicError("`\(name)` has no closed form that gives its first values")
    }
  }

  private init(_ rule: SymbolicRule, state k: Int, within: [Int]) throws(SymbolicError) {
    let t = rule.table
    table = t
    step = rule.laterStep
    let state = rule.states[k]
    name = state.name
    initial = rule.initial[k]
    let next = try rule.update(step: step, states: rule.states.map(\.symbol))
    let previous = t.subtract(step, t.one)
    var known: [TermID: TermID] = [:]
    for (j, value) in try rule.closedStates(next) where j != k {
      known[rule.states[j].symbol] = t.substitute(value, [step: previous])
    }
    let image = t.substitute(next.states[k], known)
    func refusal(_ why: String) -> SymbolicError {
      SymbolicError("`\(state.name)` has no closed form: \(why)")
    }
    if Self.asks(t, image) { throw refusal("it asks for numbers that are others at each step") }
    guard let (slope, driver) = rule.linear(image, state.symbol), !t.isData(slope) else {
      throw refusal("it does not keep a fixed share of itself")
    }
    if t.contains(slope, step) {
      throw refusal("the share that it keeps changes from step to step")
    }
    share = slope
    let start = try rule.update(step: t.one, states: rule.initial).states[k]
    var origin = [step: t.one]
    for (j, other) in rule.states.enumerated() { origin[other.symbol] = rule.initial[j] }
    let regular = t.add(t.multiply(slope, initial), t.substitute(driver, origin))
    first = t.isEqual(start, regular) ? nil : start
    // Other states as they are after the step where that leaves less to say.
    var rest = driver
    for (j, other) in rule.states.enumerated() where t.contains(rest, other.symbol) {
      if j == k || within.contains(j) {
        throw refusal("it depends on `\(other.name)`, which depends on it")
      }
      let history = try StateHistory(rule, state: j, within: within + [k])
      let after = t.symbol(
        Symbol(other.name, .state, variant: 5_000 + j, spread: t.spread(other.symbol)))
      if let own = rule.linear(rest, other.symbol), !t.isData(own.slope),
        let its = rule.linear(t.substitute(next.states[j], known), other.symbol),
        its.slope != t.zero, !t.isData(its.slope)
      {
        let ratio = t.divide(own.slope, its.slope)
        let left = t.reduced(t.subtract(own.rest, t.multiply(ratio, its.rest)))
        if t.size(left) <= t.size(own.rest) {
          rest = t.add(left, t.multiply(ratio, after))
          inner.append((after, false, [history]))
          continue
        }
      }
      inner.append((other.symbol, true, [history]))
    }
    (weight, source) = Self.splitWeight(t, rest)
  }

  /// Whether a term holds what is drawn or asked anew at each step without a name of its own.
  private static func asks(_ t: TermTable, _ id: TermID) -> Bool {
    t.contains(id) {
      t[$0].kind == .apply
        && [.draw, .lossAt, .gradientAt, .hessianProduct].contains(t[$0].operation)
    }
  }

  /// What is read at a step, by the number of the step: g_3.
  private static func indexed(_ t: TermTable, _ id: TermID, _ n: Int) -> TermID? {
    guard var symbol = t.symbol(of: id), symbol.variant == 0,
      [.weight, .gradient, .input, .loss, .draw].contains(symbol.role)
    else { return nil }
    symbol.name += "_\(n)"
    symbol.variant = n
    return t.symbol(symbol)
  }

  /// The state after steps 1 to n, by the sum.
  private func values(_ n: Int) -> [TermID] {
    let t = table
    let start = t.substitute(initial) { Self.indexed(t, $0, 1) }
    let inside = inner.map { part in
      let own = part.history[0]
      let values = own.values(n)
      let start = t.substitute(own.initial) { Self.indexed(t, $0, 1) }
      return part.isBefore ? [start] + values : values
    }
    func entering(_ k: Int) -> TermID {
      t.substitute(t.multiply(weight, source)) { id in
        if id == step { return t.number(k) }
        if let j = inner.firstIndex(where: { $0.symbol == id }) { return inside[j][k - 1] }
        return Self.indexed(t, id, k)
      }
    }
    return (1...n).map { last in
      var parts: [TermID] = []
      if let first {
        let value = t.substitute(first) { Self.indexed(t, $0, 1) }
        parts.append(t.multiply(t.power(share, Rational(last - 1)), value))
      } else {
        parts.append(t.multiply(t.power(share, Rational(last)), start))
      }
      for k in (first == nil ? 1 : 2)..<(last + 1) {
        parts.append(t.multiply(t.power(share, Rational(last - k)), entering(k)))
      }
      return t.add(parts)
    }
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

  /// `m = sum((1 - β) * β^(t - k) * g_k for k in 1..t)`, and a line for each state inside of it.
  package var text: String {
    var lines: [String] = []
    describe(name, "t", ["k", "j", "i", "h"], &lines)
    return lines.joined(separator: "\n")
  }

  private func describe(
    _ name: String, _ last: String, _ letters: [String], _ lines: inout [String]
  ) {
    let printer = TermPrinter(table)
    let k = share == table.zero ? last : letters[0]
    let named = self.printer(k)
    var factors: [String] = []
    if weight != table.one { factors.append(named.factor(weight)) }
    func power(_ exponent: String) -> String { "\(printer.atom(share))^\(exponent)" }
    if share != table.one, share != table.zero { factors.append(power("(\(last) - \(k))")) }
    if source != table.one || factors.isEmpty { factors.append(named.factor(source)) }
    let entering = factors.joined(separator: " * ")
    let from = first == nil ? 1 : 2
    var parts: [String] = []
    let start = first ?? initial
    if start != table.zero, share != table.zero {
      let exponent = first == nil ? last : "(\(last) - 1)"
      let factors =
        (share == table.one ? [] : [power(exponent)])
        + (start == table.one && share != table.one ? [] : [self.printer("1").factor(start)])
      parts.append(factors.joined(separator: " * "))
    }
    let added = table.multiply(weight, source)
    if share == table.one, let number = table.value(added), !number.isZero {
      let count = first == nil ? last : "(\(last) - 1)"
      parts.append(number.isOne ? count : "\(entering) * \(count)")
    } else if added != table.zero {
      parts.append(
        share == table.zero ? entering : "sum(\(entering) for \(k) in \(from)..\(last))")
    }
    lines.append("\(name) = " + (parts.isEmpty ? "0" : parts.joined(separator: " + ")))
    if share == table.zero, let first {
      lines.append("  but at the first step \(self.printer("1").factor(first))")
    }
    for part in inner {
      let own = part.history[0]
      own.describe("  where \(own.name)_\(k)", k, Array(letters.dropFirst()), &lines)
      if part.isBefore, own.first != nil || own.share == table.zero {
        lines.append("  and \(own.name)_0 = \(printer.factor(own.initial))")
      }
    }
  }

  /// What is read at step k, by that letter.
  private func printer(_ k: String) -> TermPrinter {
    var printer = TermPrinter(table)
    for symbol in table.symbols(in: [source, weight, initial, first ?? table.zero]) {
      let own = table.symbol(of: symbol)!
      if symbol == step {
        printer.names[symbol] = .name(k)
      } else if let part = inner.first(where: { $0.symbol == symbol }) {
        let index = part.isBefore ? "(\(k) - 1)" : k
        printer.names[symbol] = .name("\(own.name)_\(index)")
      } else if table.isData(symbol) {
        printer.names[symbol] = .name("\(own.shown)_\(k)")
      }
    }
    return printer
  }

  /// Whether it is Σ a^(t−k) b u_k for all steps with one weight b: what sums of weights and spans of
  /// memory are told of.
  package var isRegular: Bool {
    first == nil && inner.isEmpty && !table.contains(weight, step) && table.isData(source)
      && table.interval(share).isNonnegative
      && !table.isPositive(table.subtract(share, table.one))
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
    if n > 1, try Self.asks(t, rule.general().states[k]) {
      throw SymbolicError(
        "`\(rule.states[k].name)` asks for numbers that are others at each step")
    }
    var states = rule.initial.map { t.substitute($0) { indexed(t, $0, 1) } }
    var result: [TermID] = []
    for step in 1...max(n, 1) {
      states = try rule.update(step: t.number(step), states: states).states
        .map { t.substitute($0) { indexed(t, $0, step) } }
      result.append(states[k])
      if t.isExhausted || t.size(states[k]) > 20_000 {
        throw SymbolicError("after \(step) steps the term has more than 20,000 parts")
      }
    }
    return result
  }
}
