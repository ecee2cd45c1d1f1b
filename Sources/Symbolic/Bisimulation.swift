import IR

/// Proves that two rules make the same steps for ever: the states of one are functions of those of
/// the other at the start, and one step keeps it so.
struct Bisimulation {
  let a: SymbolicRule
  let b: SymbolicRule
  var prover: Prover
  /// How the states of b are made of those of a, in words.
  private(set) var relations: [String] = []

  init(_ a: SymbolicRule, _ b: SymbolicRule) {
    self.a = a
    self.b = b
    prover = Prover(a.table)
  }

  private var table: TermTable { a.table }

  /// Whether the rules are proved equal.
  mutating func proves() throws(SymbolicError) -> Bool {
    let first = try firstStep()
    guard let first else { return false }
    let later = a.laterStep
    var next = try a.update(step: later, states: a.states.map(\.symbol))
    let closed = try a.closedStates(next)
    if !closed.isEmpty {
      next = try a.update(
        step: later,
        states: a.states.indices.map { k in
          closed[k].map { self.before($0, later) } ?? a.states[k].symbol
        })
    }
    let own = try b.update(step: later, states: b.states.map(\.symbol))
    let live = b.liveStates(own)
    guard let images = try images(next, own, live, later) else { return false }
    // The states after the first step.
    for (j, image) in images.enumerated() where live[j] {
      let atFirst = table.substitute(image) { id in
        if id == later { return self.table.one }
        return self.a.states.firstIndex { $0.symbol == id }.map { first.a.states[$0] }
      }
      guard prover.proves(first.b.states[j], atFirst) else { return false }
    }
    let before = images.map { self.before($0, later) }
    let other = try b.update(step: later, states: before)
    guard proves(outputs: next, other) else { return false }
    for (j, image) in images.enumerated() where live[j] {
      let after = table.substitute(image) { id in
        self.a.states.firstIndex { $0.symbol == id }.map { next.states[$0] }
      }
      guard prover.proves(other.states[j], after) else { return false }
    }
    return true
  }

  /// Both rules' first steps, if they give the same.
  mutating func firstStep() throws(SymbolicError) -> (a: SymbolicRule.Step, b: SymbolicRule.Step)? {
    let x = try a.update(step: table.one, states: a.initial)
    let y = try b.update(step: table.one, states: b.initial)
    return proves(outputs: x, y) ? (x, y) : nil
  }

  private mutating func proves(outputs x: SymbolicRule.Step, _ y: SymbolicRule.Step) -> Bool {
    guard prover.proves(x.weight, y.weight) else { return false }
    for name in Set(x.views.keys).union(y.views.keys).sorted() {
      guard prover.proves(x.views[name] ?? x.weight, y.views[name] ?? y.weight) else {
        return false
      }
    }
    return true
  }

  /// An image after step t as one before step t, which is after step t − 1.
  private func before(_ image: TermID, _ later: TermID) -> TermID {
    let previous = table.subtract(later, table.one)
    return table.substitute(image) { $0 == later ? previous : nil }
  }

  /// For each state of b a term in the states of a that may be its value after every step.
  private mutating func images(
    _ next: SymbolicRule.Step, _ own: SymbolicRule.Step, _ live: [Bool], _ later: TermID
  ) throws(SymbolicError) -> [TermID]? {
    var images = [TermID?](repeating: nil, count: b.states.count)
    var isUsed = [Bool](repeating: false, count: a.states.count)
    for (k, value) in try b.closedStates(own) {
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
    for i in order where fits(j, i) {
      let own = a.states[i].symbol
      var scales = [table.one]
      let source = table.substitute(next.states[i]) { $0 == own ? self.table.zero : nil }
      if source != table.zero, driver != table.zero {
        let ratio = table.reduced(
          table.withoutMarks(table.divide(table.reduced(driver), table.reduced(source))))
        if !table.isData(ratio), ratio != table.one, ratio != table.zero { scales.append(ratio) }
      }
      for scale in scales {
        let image = table.reduced(table.multiply(scale, own))
        let after = table.multiply(scale, next.states[i])
        let given = table.substitute(target, [symbol: before(image, later)])
        var attempt = Prover(table)
        if attempt.proves(given, after) {
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
