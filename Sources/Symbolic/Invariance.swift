import Basics
import IR

/// How the update of a rule answers to changes of the gradient, the weights, the signs and the axes.
package struct Invariance {
  /// A change of what a rule reads, and how w' − w should answer.
  package enum Change: Sendable {
    /// g → c g, w → c w with g → g / c: the update becomes c^d times as large.
    case gradient, weight
    /// w → −w, g → −g: w' → −w'.
    case sign
    /// w → w + c: the update stays.
    case shift
    /// Elements exchanged, and turned into one another.
    case permutation, rotation
  }

  /// One property, and why it holds or what is missing.
  package struct Finding: Sendable {
    package var property: String
    package var change: Change
    /// nil: not proved, which is no refutation.
    package var holds: Bool?
    package var reason: String
  }
  package internal(set) var findings: [Finding] = []
  /// The degree of homogeneity in g: 0 for Adam without ε, 1 for SGD; nil where there is none.
  package private(set) var gradientDegree: Rational?
  /// The degree in w and g together (the update grows as the weights do).
  package private(set) var weightDegree: Rational?

  let rule: SymbolicRule
  let table: TermTable
  let next: SymbolicRule.Step

  package init(_ rule: SymbolicRule) throws(SymbolicError) {
    self.rule = rule
    table = rule.table
    next = try rule.general()
    homogeneity()
    weightHomogeneity()
    signs()
    shift()
    axes()
  }

  /// By normal forms and by cases.
  private func isEqual(_ a: TermID, _ b: TermID) -> Bool {
    var prover = Prover(table)
    return prover.proves(a, b)
  }

  // MARK: Scales

  /// The degrees of the states and of the update under w → c^p w, g → c^q g; nil where there are
  /// none. `without` is put to 0 first.
  private func degrees(
    weight p: Rational, gradient q: Rational, without: Set<TermID>
  ) -> (states: [Rational], update: Rational)? {
    let t = table
    let c = t.symbol(Symbol("c", .hyper, variant: 7, domain: .positive))
    func plain(_ x: TermID) -> TermID {
      without.isEmpty
        ? x : t.substitute(x) { without.contains($0) ? t.zero : nil }
    }
    let step = rule.states.indices.map { plain(next.states[$0]) }
    let move = plain(t.subtract(next.weight, rule.weight))
    var known: [Int: Rational] = [:]
    func scaled(_ x: TermID, trying k: Int?, _ d: Rational) -> TermID {
      t.substitute(x) { id in
        if id == rule.weight { return t.multiply(t.power(c, p), id) }
        if id == rule.gradient { return t.multiply(t.power(c, q), id) }
        guard let i = rule.states.firstIndex(where: { $0.symbol == id }) else { return nil }
        let degree = i == k ? d : known[i] ?? .zero
        return t.multiply(t.power(c, degree), id)
      }
    }
    let live = rule.liveStates(next)
    let candidates =
      [0, 1, 2, -1, 3, -2].map { Rational($0) } + [q, p, q * Rational(2), .half]
      + [q * Rational(3), q * .half, q * Rational(4), q * Rational(5)]
    var open = rule.states.indices.filter { live[$0] }
    while !open.isEmpty {
      var isProgressing = false
      for k in open {
        let needs = t.symbols(in: step[k]).contains { id in
          open.contains { $0 != k && rule.states[$0].symbol == id }
        }
        if needs { continue }
        let initial = plain(rule.initial[k])
        for d in candidates {
          let after = scaled(step[k], trying: k, d)
          let start = t.substitute(initial) { id in
            id == rule.weight ? t.multiply(t.power(c, p), id) : nil
          }
          guard isEqual(start, t.multiply(t.power(c, d), initial)),
            isEqual(after, t.multiply(t.power(c, d), step[k]))
          else { continue }
          known[k] = d
          break
        }
        guard known[k] != nil else { return nil }
        open.removeAll { $0 == k }
        isProgressing = true
        break
      }
      if !isProgressing { return nil }
    }
    let after = scaled(move, trying: nil, .zero)
    guard let d = candidates.first(where: { isEqual(after, t.multiply(t.power(c, $0), move)) })
    else { return nil }
    // The next weights are c^p as large only if the move is: else what reads them is answered otherwise.
    let other = t.symbol(Symbol("w", .weight, variant: 8, spread: .like))
    func readsWeight(_ x: TermID) -> Bool {
      t.contains(x, rule.weight) && !isEqual(x, t.substitute(x, [rule.weight: other]))
    }
    if d != p,
      readsWeight(move)
        || rule.states.indices.contains(where: { live[$0] && readsWeight(step[$0]) })
    {
      return nil
    }
    return (rule.states.indices.map { known[$0] ?? .zero }, d)
  }

  private var small: [(name: String, term: TermID)] {
    zip(rule.hyperNames, rule.hypers).filter { isEpsilon($0.0) && table[$0.1].kind == .symbol }
      .map { ($0.0, $0.1) }
  }

  private var decays: [(name: String, term: TermID)] {
    zip(rule.hyperNames, rule.hypers).filter {
      ["λ", "lambda", "weight_decay"].contains(Rule.shortKey($0.0))
        && table[$0.1].kind == .symbol
    }.map { ($0.0, $0.1) }
  }

  private mutating func homogeneity() {
    let property = "homogeneous in g"
    for (dropped, names) in optionalZeros() {
      guard let (states, degree) = degrees(weight: .zero, gradient: .one, without: dropped)
      else { continue }
      if names.isEmpty { gradientDegree = degree }
      var reason = "g → c g makes the update c^\(degree) times as large"
      let moved = zip(rule.states, states).filter { !$0.1.isZero }
        .map { "\($0.0.name) → c^\($0.1) \($0.0.name)" }
      if !moved.isEmpty { reason += ", with \(moved.joined(separator: ", "))" }
      if !names.isEmpty { reason = "with \(names.joined(separator: ", ")): " + reason }
      findings.append(
        Finding(
          property: "\(property), degree \(degree)", change: .gradient,
          holds: names.isEmpty ? true : nil, reason: reason))
      if degree.isZero {
        findings.append(
          Finding(
            property: "invariant to the scale of the loss", change: .gradient,
            holds: names.isEmpty ? true : nil,
            reason: names.isEmpty ? "degree 0 in g" : "with \(names.joined(separator: ", "))"))
      }
      return
    }
    findings.append(
      Finding(
        property: property, change: .gradient, holds: nil,
        reason: "no power of c is found that scales all states alike"))
  }

  /// Nothing, then ε = 0, then also λ = 0.
  private func optionalZeros() -> [(Set<TermID>, [String])] {
    var result: [(Set<TermID>, [String])] = [([], [])]
    if !small.isEmpty {
      result.append((Set(small.map(\.term)), small.map { "\($0.name) = 0" }))
    }
    if !decays.isEmpty {
      result.append((Set(decays.map(\.term)), decays.map { "\($0.name) = 0" }))
      if !small.isEmpty {
        let both = small + decays
        result.append((Set(both.map(\.term)), both.map { "\($0.name) = 0" }))
      }
    }
    return result
  }

  private mutating func weightHomogeneity() {
    // w → c w with g → g / c, as a loss that does not see the scale of w has it.
    for (dropped, names) in optionalZeros() {
      guard
        let (_, degree) = degrees(weight: .one, gradient: Rational(-1), without: dropped)
      else { continue }
      if names.isEmpty { weightDegree = degree }
      let with = names.isEmpty ? "" : "with \(names.joined(separator: ", ")): "
      findings.append(
        Finding(
          property: "homogeneous in w, degree \(degree)", change: .weight,
          holds: names.isEmpty ? true : nil,
          reason: with + "w → c w and g → g / c make the update c^\(degree) times as large"
            + (degree.isOne ? ": the walk scales with w" : "")))
      return
    }
    findings.append(
      Finding(
        property: "homogeneous in w", change: .weight, holds: nil,
        reason: "no power of c is found by which w → c w with g → g / c scales the update"))
  }

  // MARK: Signs and shifts

  private mutating func signs() {
    let t = table
    var parity: [TermID: Int] = [rule.weight: -1, rule.gradient: -1]
    func flipped(_ x: TermID, _ parity: [TermID: Int]) -> TermID {
      t.substitute(x) { id in parity[id].map { t.scale(id, by: Rational($0)) } }
    }
    /// Whether f(±x) = ± f(x), by normal forms or by what f is made of.
    func has(_ x: TermID, _ sign: Int, _ parity: [TermID: Int]) -> Bool {
      Parity(t, parity).holds(x, sign)
        || isEqual(flipped(x, parity), t.scale(x, by: Rational(sign)))
    }
    var isFound = true
    for (k, state) in rule.states.enumerated() {
      let own = [-1, 1].first { sign in
        if sign < 0, t.symbol(of: state.symbol)!.domain != .all { return false }
        return has(rule.initial[k], sign, parity)
          && has(next.states[k], sign, parity.merging([state.symbol: sign]) { $1 })
      }
      parity[state.symbol] = own
      isFound = isFound && own != nil
    }
    // States may depend on later ones: what was found is held against all of them.
    let holds =
      isFound && has(next.weight, -1, parity)
      && rule.states.indices.allSatisfy {
        has(next.states[$0], parity[rule.states[$0].symbol]!, parity)
      }
    findings.append(
      Finding(
        property: "sign equivariant", change: .sign, holds: holds ? true : nil,
        reason: holds
          ? "w → −w, g → −g turns w' into −w'"
          : "it is not found that turning the signs of w and g turns the sign of w'"))
  }

  private mutating func shift() {
    let t = table
    let c = t.symbol(Symbol("c", .weight, variant: 7, spread: .like))
    var moves: [Int: Bool] = [:]
    for k in rule.states.indices { moves[k] = t.contains(rule.initial[k], rule.weight) }
    func shifted(_ x: TermID) -> TermID {
      t.substitute(x) { id in
        if id == rule.weight { return t.add(id, c) }
        guard let i = rule.states.firstIndex(where: { $0.symbol == id }), moves[i]! else {
          return nil
        }
        return t.add(id, c)
      }
    }
    func holds(_ x: TermID, _ isMoved: Bool) -> Bool {
      isEqual(shifted(x), isMoved ? t.add(x, c) : x)
    }
    let all =
      holds(next.weight, true)
      && rule.states.indices.allSatisfy {
        holds(rule.initial[$0], moves[$0]!) && holds(next.states[$0], moves[$0]!)
      }
    findings.append(
      Finding(
        property: "invariant to shifts of w", change: .shift, holds: all ? true : nil,
        reason: all
          ? "w → w + c moves w' by c and leaves the rest"
          : "the update may depend on where w is"
            + (decays.isEmpty ? "" : " (through \(decays.map(\.name).joined(separator: ", ")))")))
  }
}

/// Whether a term keeps or turns its sign as its symbols do, by what it is made of.
private struct Parity {
  let table: TermTable
  let signs: [TermID: Int]
  /// What was found outside of loops: terms share their parts.
  private final class Memo { var known: [TermID: Int?] = [:] }
  private let memo = Memo()

  init(_ table: TermTable, _ signs: [TermID: Int]) {
    self.table = table
    self.signs = signs
  }

  func holds(_ id: TermID, _ sign: Int) -> Bool {
    id == table.zero || parity(id, [:]) == sign
  }

  /// 1 or −1; nil for neither, or unknown. `carried`: of what a loop carries.
  private func parity(_ id: TermID, _ carried: [TermID: Int]) -> Int? {
    guard carried.isEmpty else { return find(id, carried) }
    if let known = memo.known[id] { return known }
    let found = find(id, carried)
    memo.known[id] = .some(found)
    return found
  }

  private func find(_ id: TermID, _ carried: [TermID: Int]) -> Int? {
    let t = table
    let term = t[id]
    func common(_ all: some Sequence<TermID>) -> Int? {
      var found: Int?
      for x in all where x != t.zero {
        guard let own = parity(x, carried), found == nil || found == own else { return nil }
        found = own
      }
      return found ?? 1
    }
    func all(_ ids: [TermID], are sign: Int) -> Bool {
      ids.allSatisfy { parity($0, carried) == sign }
    }
    switch term.kind {
    case .number: return 1
    case .symbol:
      if let own = signs[id] ?? carried[id] { return own }
      return t.isData(id) && t.symbol(of: id)!.role != .loss ? nil : 1
    case .sum: return common(term.operands)
    case .product:
      var result = 1
      for (base, exponent) in zip(term.operands, term.weights) {
        guard let own = parity(base, carried), own == 1 || exponent.isInteger else { return nil }
        if own < 0, exponent.word.map({ $0 % 2 != 0 }) ?? true { result = -result }
      }
      return result
    case .apply: break
    }
    switch term.operation {
    case .matrixProduct, .multiply:
      var result = 1
      for x in term.operands {
        guard let own = parity(x, carried) else { return nil }
        result *= own
      }
      return result
    case .sum, .globalSum, .transpose, .reshape, .slice, .placeSlice, .broadcast, .diagonal:
      return parity(term.operands[0], carried)
    case .select:
      guard parity(term.operands[0], carried) == 1 else { return nil }
      return common(term.operands.dropFirst())
    case .project:
      let loop = t[term.operands[0]]
      let words = t.detail(of: id).text.split(separator: " ")
      guard loop.kind == .apply, loop.operation == .loop,
        let slot = words.first.flatMap({ Int($0) })
      else { return all(term.operands, are: 1) ? 1 : nil }
      return parities(of: loop, t.detail(of: term.operands[0]).text, carried)?[slot]
    case .loop: return nil
    default:
      if all(term.operands, are: 1) { return 1 }
      guard term.operands.count == 1, parity(term.operands[0], carried) == -1 else { return nil }
      switch term.operation.info.parity {
      case .even: return 1
      case .odd, .rising: return -1
      default: return term.operation == .absolute ? 1 : term.operation == .sign ? -1 : nil
      }
    }
  }

  /// Of each value that a loop carries, where one round keeps it.
  private func parities(of loop: Term, _ detail: String, _ outer: [TermID: Int]) -> [Int]? {
    let t = table
    let words = detail.split(separator: " ").compactMap { Int($0) }
    guard words.count == 2, parity(loop.operands[0], outer) == 1 else { return nil }
    let (depth, count) = (words[0], words[1])
    let initial = Array(loop.operands[1..<(count + 1)])
    let next = Array(loop.operands[(count + 1)...])
    var carried = outer
    var result: [Int] = []
    for k in initial.indices {
      let own = initial[k] == t.zero ? 1 : parity(initial[k], outer)
      guard let own else { return nil }
      result.append(own)
      for id in t.symbols(in: next) {
        let symbol = t.symbol(of: id)!
        if symbol.role == .carried, symbol.name == "carried\(k)", symbol.variant == depth {
          carried[id] = own
        }
      }
    }
    for k in next.indices {
      guard next[k] == t.zero || parity(next[k], carried) == result[k] else { return nil }
    }
    return result
  }
}
