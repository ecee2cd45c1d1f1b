import Basics
import IR

/// Proves that two rules make the same steps for ever: the states of one are functions of those of
/// the other at the start, and one step keeps it so.
struct Bisimulation {
  let a: SymbolicRule
  let b: SymbolicRule
  var prover: Prover
  /// What must hold besides.
  private(set) var conditions = Definedness()
  /// Where a's step is defined.
  private var known = Definedness()
  /// Whether there was a state in terms of t.
  private var hasClosed = false
  /// How the states of b are made of those of a, in words.
  private(set) var relations: [String] = []

  init(_ a: SymbolicRule, _ b: SymbolicRule) {
    self.a = a
    self.b = b
    prover = Prover(a.table)
  }

  private var table: TermTable { a.table }

  /// Whether the rules are proved equal, where `conditions` hold. A state that could be written in t need not
  /// be: what is made of it may become longer.
  mutating func proves() throws(SymbolicError) -> Bool {
    if try proves(closing: true) { return true }
    guard hasClosed else { return false }
    (conditions, relations) = (Definedness(), [])
    return try proves(closing: false)
  }

  private mutating func proves(closing: Bool) throws(SymbolicError) -> Bool {
    let later = a.laterStep
    var next = try a.update(step: later, states: a.states.map(\.symbol))
    let closed = closing ? try a.closedStates(next) : [:]
    if !closed.isEmpty {
      hasClosed = true
      next = try a.update(
        step: later,
        states: a.states.indices.map { k in
          closed[k].map { self.before($0, later) } ?? a.states[k].symbol
        })
    }
    let own = try b.update(step: later, states: b.states.map(\.symbol))
    let live = (a: a.liveStates(next), b: b.liveStates(own))
    let x = try a.update(step: table.one, states: a.initial)
    let y = try b.update(step: table.one, states: b.initial)
    let first = (
      a: a.definedness(x, live: live.a, isFirst: true),
      b: b.definedness(y, live: live.b, isFirst: true)
    )
    let atStart = both(first.a, first.b)
    guard proves(outputs: x, y, where: atStart) else { return false }
    guard isFinite(x, live.a), isFinite(next, live.a), isFinite(y, live.b) else { return false }
    known = a.definedness(next, live: live.a, isFirst: false)
    let closedOfB = closing ? try b.closedStates(own) : [:]
    if !closedOfB.isEmpty { hasClosed = true }
    guard let images = try images(next, own, live.b, later, closedOfB) else { return false }
    // The states after the first step.
    for (j, image) in images.enumerated() where live.b[j] {
      let atFirst = table.substitute(image) { id in
        if id == later { return self.table.one }
        if id == self.a.weight { return x.weight }
        return self.a.states.firstIndex { $0.symbol == id }.map { x.states[$0] }
      }
      guard prover.proves(y.states[j], atFirst, where: atStart) else { return false }
      conditions.formUnion(table.definedness(of: image), table)
    }
    let before = images.map { self.before($0, later) }
    let other = try b.update(step: later, states: before)
    let wanted = b.definedness(other, live: live.b, isFirst: false)
    let all = both(known, wanted)
    guard proves(outputs: next, other, where: all) else { return false }
    for (j, image) in images.enumerated() where live.b[j] {
      guard prover.proves(other.states[j], after(image, next), where: all) else { return false }
    }
    // A place where nothing is defined proves nothing.
    if prover.areContradictory(atStart) || prover.areContradictory(all) { return false }
    for (p, q) in [first, (known, wanted)] {
      conditions.formUnion(prover.conditions(p, q), table)
    }
    return true
  }

  private func both(_ p: Definedness, _ q: Definedness) -> Definedness {
    var all = p
    all.formUnion(q, table)
    return all
  }

  /// Whether no state that counts is infinite: terms are of finite numbers.
  private func isFinite(_ step: SymbolicRule.Step, _ live: [Bool]) -> Bool {
    !step.states.indices.contains { k in
      live[k]
        && table.contains(step.states[k]) { self.table.symbol(of: $0)?.isInfinite ?? false }
    }
  }

  private mutating func proves(
    outputs x: SymbolicRule.Step, _ y: SymbolicRule.Step, where conditions: Definedness
  ) -> Bool {
    guard prover.proves(x.weight, y.weight, where: conditions) else { return false }
    for name in Set(x.views.keys).union(y.views.keys).sorted() {
      guard
        prover.proves(
          x.views[name] ?? x.weight, y.views[name] ?? y.weight, where: conditions)
      else { return false }
    }
    return true
  }

  /// An image in the values after a step.
  private func after(_ image: TermID, _ next: SymbolicRule.Step) -> TermID {
    table.substitute(image) { id in
      if id == self.a.weight { return next.weight }
      return self.a.states.firstIndex { $0.symbol == id }.map { next.states[$0] }
    }
  }

  /// An image after step t as one before step t, which is after step t − 1.
  private func before(_ image: TermID, _ later: TermID) -> TermID {
    let previous = table.subtract(later, table.one)
    return table.substitute(image) { $0 == later ? previous : nil }
  }

  /// For each state of b a term in the states of a that may be its value after every step.
  private mutating func images(
    _ next: SymbolicRule.Step, _ own: SymbolicRule.Step, _ live: [Bool], _ later: TermID,
    _ closed: [Int: TermID]
  ) throws(SymbolicError) -> [TermID]? {
    var images = [TermID?](repeating: nil, count: b.states.count)
    var isUsed = [Bool](repeating: false, count: a.states.count)
    for (k, value) in closed {
      images[k] = value
      if live[k] {
        relations.append("\(b.states[k].name) = \(TermPrinter(table).text(value)) after step t")
      }
    }
    for k in b.states.indices where !live[k] { images[k] = images[k] ?? b.states[k].symbol }
    var isProgressing = true
    while isProgressing, images.contains(where: { $0 == nil }) {
      isProgressing = false
      for j in b.states.indices where images[j] == nil {
        let known = Dictionary(
          uniqueKeysWithValues: images.enumerated().compactMap { k, image in
            image.map { (b.states[k].symbol, before($0, later)) }
          })
        let target = table.substitute(own.states[j], known)
        let unknown = table.symbols(in: target).contains { id in
          b.states.indices.contains { $0 != j && images[$0] == nil && b.states[$0].symbol == id }
        }
        if unknown { continue }
        if let image = image(of: j, target, next, later, &isUsed) {
          images[j] = image
          isProgressing = true
        }
      }
    }
    // States that need one another: by name.
    for j in b.states.indices where images[j] == nil {
      let name = lastName(b.states[j].name)
      guard
        let i = a.states.indices.first(where: {
          !isUsed[$0] && fits(j, $0) && lastName(a.states[$0].name) == name
        })
      else { return nil }
      isUsed[i] = true
      images[j] = a.states[i].symbol
    }
    return images.map { $0! }
  }

  private func lastName(_ name: String) -> String {
    String(name.split(separator: ".").last ?? Substring(name))
  }

  private func fits(_ j: Int, _ i: Int) -> Bool {
    a.states[i].shape == b.states[j].shape && a.states[i].isGlobal == b.states[j].isGlobal
  }

  /// How many times some parts of one sum are in another: a quotient of signs or conditions is no number.
  private func ratios(_ x: TermID, _ y: TermID) -> [TermID] {
    func parts(_ x: TermID) -> [(data: TermID, scale: TermID)] {
      var order: [TermID] = []
      var scales: [TermID: TermID] = [:]
      for (weight, monomial) in table.monomials(x) {
        let (data, scale) = table.split(monomial) { table.isData($0) }
        if scales[data] == nil { order.append(data) }
        scales[data] = table.add(scales[data] ?? table.zero, table.scale(scale, by: weight))
      }
      return order.map { ($0, scales[$0]!) }
    }
    let own = parts(x)
    return parts(y).prefix(3).compactMap { data, scale in
      guard let other = own.first(where: { $0.data == data }), scale != table.zero else {
        return nil
      }
      return table.reduced(table.divide(other.scale, scale))
    }
  }

  /// A state of a, perhaps scaled, that moves as state j of b does.
  private mutating func image(
    of j: Int, _ target: TermID, _ next: SymbolicRule.Step, _ later: TermID,
    _ isUsed: inout [Bool]
  ) -> TermID? {
    let symbol = b.states[j].symbol
    let name = lastName(b.states[j].name)
    let order = a.states.indices.sorted {
      let x = (isUsed[$0] ? 2 : 0) + (lastName(a.states[$0].name) == name ? 0 : 1)
      let y = (isUsed[$1] ? 2 : 0) + (lastName(a.states[$1].name) == name ? 0 : 1)
      return (x, $0) < (y, $1)
    }
    let driver = table.substitute(target) { $0 == symbol ? self.table.zero : nil }
    if b.initial[j] == b.weight, b.states[j].shape.isLike, !b.states[j].isGlobal {
      // A copy of w.
      let given = table.substitute(target, [symbol: a.weight])
      var attempt = Prover(table)
      if attempt.proves(given, next.weight, where: known) {
        relations.append("\(b.states[j].name) = w")
        return a.weight
      }
    }
    for i in order where fits(j, i) {
      let own = a.states[i].symbol
      var scales = [table.one]
      let source = table.substitute(next.states[i]) { $0 == own ? self.table.zero : nil }
      if source != table.zero, driver != table.zero {
        let ratio = table.reduced(
          table.divide(table.reduced(driver), table.reduced(source)))
        for ratio in [ratio] + ratios(driver, source)
        where !table.isData(ratio) && ratio != table.zero && !scales.contains(ratio) {
          scales.append(ratio)
        }
      }
      var candidates = scales.map { table.reduced(table.multiply($0, own)) }
      if a.states[i].shape.isLike, a.initial[i] == a.weight {
        // A weight that is kept: what moved since.
        let moved = table.subtract(a.weight, own)
        candidates += [moved, table.negate(moved)]
      }
      if table.isNonnegative(symbol), table.isNonnegative(own) {
        // A sum of squares, and its root.
        candidates += [table.power(own, Rational(2)), table.power(own, .half)]
      }
      for image in candidates {
        let given = table.substitute(target, [symbol: before(image, later)])
        var attempt = Prover(table)
        if attempt.proves(given, after(image, next), where: known) {
          isUsed[i] = true
          if image != own || b.states[j].name != a.states[i].name {
            let text = TermPrinter(table)
            relations.append("\(b.states[j].name) = \(text.text(image))")
          }
          return image
        }
      }
    }
    return nil
  }
}
