import Basics
import Certificates

/// Guesses how the states of one rule are made of those of the other.
struct Relations {
  let claim: Claim
  private let t: Polynomial
  private let writer: ExpressionWriter

  init(_ claim: Claim) {
    self.claim = claim
    t = claim.algebra.symbol("t")
    writer = ExpressionWriter(claim.algebra)
  }

  /// Lists of equations: what is known of states of a, and what each state of b that matters is, likelier
  /// ones first. What is known may be needed, and makes terms longer: after one with it some without are next.
  func choices() throws(Refusal) -> [[String]] {
    let known = try values()
    let plain = try choices([:])
    if known.isEmpty { return Array(plain.prefix(100)) }
    let all = try choices(known).prefix(100).map { (choice) throws(Refusal) in
      known.keys.sorted().map { i in
        "a.\(claim.a.variant.states[i].name) = \(writer.text(known[i]!))"
      } + choice
    }
    return Array(all.prefix(1)) + plain.prefix(6) + all.dropFirst() + plain.dropFirst(6).prefix(14)
  }

  private func choices(_ known: [Int: Polynomial]) throws(Refusal) -> [[String]] {
    let (a, b) = (claim.a, claim.b)
    let live = claim.live.indices.filter { claim.live[$0] }
    if live.isEmpty { return [[]] }
    let nextOfA = try settled(a.step(at: t, a.symbols, isLive: a.symbols.map { _ in true }))
    let nextOfB = try settled(b.step(at: t, b.symbols, isLive: claim.live))
    let (plainOfA, plainOfB) = (try positive(nextOfA), try positive(nextOfB))
    var options: [[String]] = []
    for j in live {
      let name = lastName(b.variant.states[j].name)
      var own: [(rank: Int, text: String)] = []
      for i in a.symbols.indices where fits(i, j) {
        let isNamesake = lastName(a.variant.states[i].name) == name
        let weights = plainOfA.weight + plainOfB.weight
        let read = read(plainOfA, a.symbols[i], plainOfB, b.symbols[j])
        let driven = try self.scales(
          plainOfA.states[i], a.symbols[i], plainOfB.states[j], b.symbols[j], weights)
        var scales: [Polynomial] = []
        for scale in read.prefix(3) + driven.prefix(3) + read.dropFirst(3) + driven.dropFirst(3)
        where !scales.contains(scale) {
          scales.append(scale)
        }
        for (k, scale) in scales.enumerated() {
          own.append((k + (isNamesake ? 0 : 3), writer.text(scale * (known[i] ?? a.symbols[i]))))
        }
        if known[i] != nil { continue }
        let root = claim.algebra.apply("sqrt", [a.symbols[i]])
        own.append((isNamesake ? 5 : 8, writer.text(a.symbols[i] * a.symbols[i])))
        own.append((isNamesake ? 6 : 9, writer.text(root)))
      }
      if let value = try value(b, j, nextOfB.states[j]) { own.append((-1, writer.text(value))) }
      if let solved = try solved(nextOfA.weight, nextOfB.weight, b.symbols[j]) {
        own.append((own.isEmpty ? 0 : 3, writer.text(solved)))
      }
      own.sort { $0.rank < $1.rank }
      options.append(own.map { "b.\(b.variant.states[j].name) = \($0.text)" })
    }
    // Those of which all parts are likely come first.
    var result: [(rank: Int, texts: [String])] = [(0, [])]
    for own in options {
      let all = result.flatMap { chosen in
        own.prefix(12).enumerated().map { (chosen.rank + $0, chosen.texts + [$1]) }
      }
      let ordered = all.enumerated().sorted {
        ($0.element.0, $0.offset) < ($1.element.0, $1.offset)
      }
      result = ordered.prefix(200).map(\.element)
    }
    return result.map(\.texts)
  }

  /// A step with 0 for whole numbers mod 1.
  private func settled(_ step: RuleStep) throws(Refusal) -> RuleStep {
    var result = step
    let moduli = ([step.weight] + step.states).reduce(into: Set<AtomID>()) {
      $0.formUnion(atoms($1))
    }
    .filter {
      let atom = claim.algebra[$0]
      return atom.name == "mod" && atom.operands.last == .one
        && claim.algebra.isInteger(atom.operands[0])
    }
    let zeros = Dictionary(uniqueKeysWithValues: moduli.map { ($0, Polynomial.zero) })
    result.weight = try claim.algebra.substitute(step.weight, zeros)
    result.states = try step.states.map { (p) throws(Refusal) in
      try claim.algebra.substitute(p, zeros)
    }
    return result
  }

  private static let longest = 60

  /// A step as it is where all is positive: what is written in other words is mostly the same there.
  private func positive(_ step: RuleStep) throws(Refusal) -> RuleStep {
    let algebra = claim.algebra
    var result = step
    // Guesses from long sums would take longer than the proofs.
    let isShort = ([step.weight] + step.states).allSatisfy { $0.terms.count <= Self.longest }
    for _ in 0..<(isShort ? 3 : 0) {
      var known: [AtomID: Polynomial] = [:]
      for id in ([result.weight] + result.states).reduce(into: Set(), { $0.formUnion(atoms($1)) }) {
        guard let x = algebra[id].operands.first, let (monomial, weight) = x.single else {
          continue
        }
        switch algebra[id].operation {
        case "abs": known[id] = x
        case "sign": known[id] = .one
        case "sqrt" where monomial.powers.allSatisfy { $0.exponent % 2 == 0 }:
          let root = monomial.powers.map { Power(atom: $0.atom, exponent: $0.exponent / 2) }
          known[id] =
            algebra.apply("sqrt", [Polynomial(weight)]) * Polynomial(Monomial(powers: root))
        default: break
        }
      }
      known = known.filter { $1 != Polynomial($0) }
      if known.isEmpty { break }
      result.weight = try algebra.substitute(result.weight, known)
      result.states = try result.states.map { (p) throws(Refusal) in
        try algebra.substitute(p, known)
      }
    }
    return result
  }

  /// The states of a that are the same at each step, or powers of one number.
  private func values() throws(Refusal) -> [Int: Polynomial] {
    let next = try settled(claim.a.step(at: t, claim.a.symbols, isLive: claim.liveOfA))
    var result: [Int: Polynomial] = [:]
    for i in claim.a.symbols.indices where claim.liveOfA[i] {
      result[i] = try value(claim.a, i, next.states[i])
    }
    return result
  }

  /// What a state is after step t, where that is a number that stays, a count, or powers.
  private func value(
    _ side: RuleReading, _ k: Int, _ next: Polynomial
  ) throws(Refusal) -> Polynomial? {
    guard let start = try? side.initial().states[k] else { return nil }
    let algebra = claim.algebra
    let state = side.symbols[k]
    let isPlain = atoms(start).allSatisfy { id in
      !algebra[id].isSymbol
        || (algebra[id].reach == .everywhere && algebra[id].name != "t"
          && !algebra[id].name.hasPrefix("a.") && !algebra[id].name.hasPrefix("b."))
    }
    guard isPlain else { return nil }
    if try algebra.substitute(next, [state.atom!: start]) == start { return start }
    if start.number != nil, let apart = (next - state).number { return start + t.scaled(by: apart) }
    // s' = factor * s + rest
    let rest = try algebra.substitute(next, [state.atom!: .zero])
    guard let factor = algebra.quotient(next - rest, state),
      atoms(factor + rest).allSatisfy({ isConstant($0) })
    else { return nil }
    let power = algebra.apply("pow", [factor, t])
    if rest.isZero { return start * power }
    return start * power + rest * (.one - power) * algebra.apply("inv", [.one - factor])
  }

  /// Whether it is the same at each step.
  private func isConstant(_ id: AtomID) -> Bool {
    let atom = claim.algebra[id]
    if !atom.isSymbol { return atom.detail.isEmpty }
    return atom.reach == .everywhere && id != t.atom && !claim.a.symbols.contains(Polynomial(id))
      && !claim.b.symbols.contains(Polynomial(id))
  }

  private func lastName(_ name: String) -> String {
    String(name.split(separator: ".").last ?? Substring(name))
  }

  private func fits(_ i: Int, _ j: Int) -> Bool {
    let (x, y) = (claim.a.variant.states[i], claim.b.variant.states[j])
    return x.shape == y.shape && x.isGlobal == y.isGlobal
  }

  /// By what a state of a may be multiplied to give one of b: what drives them, divided.
  private func scales(
    _ x: Polynomial, _ a: Polynomial, _ y: Polynomial, _ b: Polynomial, _ weights: Polynomial
  ) throws(Refusal) -> [Polynomial] {
    let algebra = claim.algebra
    var result = [Polynomial.one]
    let source = try algebra.substitute(x, [a.atom!: .zero])
    let driver = try algebra.substitute(y, [b.atom!: .zero])
    // Powers of what the states themselves are made of first.
    let near = atoms(x + y)
    let powers = atoms(x + y + weights).filter {
      algebra[$0].operation == "pow" && algebra[$0].operands.last == t
    }
    func isNear(_ id: AtomID) -> Bool { atoms(algebra[id].operands[0]).isSubset(of: near) }
    let inOrder = claim.algebra.ordered(powers)
    for id in inOrder.filter(isNear) + inOrder.filter({ !isNear($0) }) {
      let debias = .one - Polynomial(id)
      for scale in [algebra.apply("inv", [debias]), debias] where !result.contains(scale) {
        result.append(scale)
      }
    }
    // Of a monomial of data its weights on both sides.
    func weight(_ p: Polynomial, _ data: Monomial) -> Polynomial {
      p.terms.reduce(into: Polynomial()) { sum, term in
        if parts(term.key).data == data { sum.add(parts(term.key).scalar, term.value) }
      }
    }
    for data in Set(driver.terms.keys.map { parts($0).data }).sorted(by: algebra.isAbove)
    where data != .one {
      let (p, q) = (weight(driver, data), weight(source, data))
      guard !p.isZero, !q.isZero, p != q else { continue }
      let scale = quotient(p, q)
      if !result.contains(scale) { result.append(scale) }
    }
    // What one has as another expression: all that numbers may be before them.
    for (p, q) in pairs(scalars(driver), scalars(source)).prefix(12) {
      let scale = quotient(p, q)
      for turned in [scale, -scale] where !turned.isZero && !result.contains(turned) {
        result.append(turned)
      }
    }
    return result
  }

  /// By what a state of a may be multiplied: what stands before it where it is read, divided by what
  /// stands before the state of b; beside the same data first, then what occurs most.
  private func read(
    _ x: RuleStep, _ a: Polynomial, _ y: RuleStep, _ b: Polynomial
  ) -> [Polynomial] {
    func readings(_ step: RuleStep, _ state: Polynomial) -> [(data: Monomial, scale: Polynomial)] {
      let one = Monomial(powers: [Power(atom: state.atom!, exponent: 1)])
      var all = [step.weight] + step.states
      for id in claim.algebra.ordered(all.reduce(into: []) { $0.formUnion(atoms($1)) }) {
        all += claim.algebra[id].operands
      }
      var result: [(data: Monomial, scale: Polynomial)] = []
      for p in all where result.count < 24 && p.terms.count <= Self.longest {
        for monomial in p.terms.keys.sorted(by: claim.algebra.isAbove) {
          let (data, scalar) = parts(monomial)
          guard let rest = data.without(one) else { continue }
          result.append((rest, Polynomial(scalar, p.terms[monomial]!)))
        }
      }
      return result
    }
    var counts: [Polynomial: Int] = [:]
    let mine = readings(x, a).prefix(24)
    for (data, q) in readings(y, b).prefix(24) {
      for (other, p) in mine {
        let scale = quotient(p, q)
        counts[scale, default: 0] += data == other && data != .one ? 100 : 1
      }
    }
    let ordered = counts.sorted {
      ($1.value, claim.algebra.size($0.key), writer.text($0.key))
        < ($0.value, claim.algebra.size($1.key), writer.text($1.key))
    }
    // That they are the same is looked at anyway.
    return [.one] + ordered.map(\.key).filter { $0 != .one }.prefix(4)
  }

  private func quotient(_ p: Polynomial, _ q: Polynomial) -> Polynomial {
    claim.algebra.quotient(p, q) ?? p * claim.algebra.apply("inv", [q])
  }

  /// What stands before the data of a polynomial; all of it where it has none.
  private func scalars(_ p: Polynomial) -> [Polynomial] {
    var groups: [Monomial: Polynomial] = [:]
    for (monomial, weight) in p.terms {
      groups[parts(monomial).data, default: .zero].add(parts(monomial).scalar, weight)
    }
    return groups.keys.sorted(by: claim.algebra.isAbove).map { groups[$0]! }
  }

  private func pairs(_ x: [Polynomial], _ y: [Polynomial]) -> [(Polynomial, Polynomial)] {
    x.flatMap { p in y.map { (p, $0) } }
  }

  private func atoms(_ p: Polynomial) -> Set<AtomID> {
    var found: Set<AtomID> = []
    var pending = [p]
    while let next = pending.popLast() {
      for id in next.atoms where found.insert(id).inserted {
        pending += claim.algebra[id].operands
      }
    }
    return found
  }

  /// The factors of a monomial that are data, and those that are one number for all elements.
  private func parts(_ monomial: Monomial) -> (data: Monomial, scalar: Monomial) {
    let (scalar, data) = monomial.split { claim.algebra[$0].reach == .everywhere }
    return (data, scalar)
  }

  /// The state of b before a step with which it gives the weights that a gives, as it is after one.
  private func solved(
    _ x: Polynomial, _ y: Polynomial, _ state: Polynomial
  ) throws(Refusal) -> Polynomial? {
    let algebra = claim.algebra
    let rest = try algebra.substitute(y, [state.atom!: .zero])
    let slope = try algebra.substitute(y, [state.atom!: .one]) - rest
    guard !slope.isZero, y == slope * state + rest,
      let quotient = algebra.quotient(x - rest, slope)
    else { return nil }
    let found = atoms(quotient)
    let isForeign = found.contains { id in
      let atom = algebra[id]
      return atom.isSymbol && (atom.name == "g" || atom.name.hasPrefix("b."))
    }
    return isForeign ? nil : try algebra.substitute(quotient, [t.atom!: t + .one])
  }
}
