import Basics
import IR

/// How the update of a rule answers to changes of the gradient, the weights, the signs and the axes.
package struct Invariance {
  /// One property, why it holds, or why not.
  package struct Finding: Sendable {
    package var property: String
    /// nil: neither proved nor refuted.
    package var holds: Bool?
    package var reason: String
  }
  package private(set) var findings: [Finding] = []
  /// The degree of homogeneity in g: 0 for Adam without ε, 1 for SGD; nil where there is none.
  package private(set) var gradientDegree: Rational?
  /// The degree in w and g together (the update grows as the weights do).
  package private(set) var weightDegree: Rational?

  private let rule: SymbolicRule
  private let table: TermTable
  private let next: SymbolicRule.Step

  package init(_ rule: SymbolicRule) throws(SymbolicError) {
    self.rule = rule
    table = rule.table
    next = try rule.update(step: rule.laterStep, states: rule.states.map(\.symbol))
    homogeneity()
    weightHomogeneity()
    signs()
    shift()
    axes()
  }

  /// By normal forms and by cases.
  private func isEqual(_ a: TermID, _ b: TermID) -> Bool {
    var prover = Prover(table)
    return prover.proves(a, b) && prover.conditions.isEmpty
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
        ? x : t.withoutMarks(t.substitute(x) { without.contains($0) ? t.zero : nil })
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
    let candidates = [0, 1, 2, -1, 3, -2].map { Rational($0) } + [q, p, q * Rational(2), .half]
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
    for d in candidates where isEqual(after, t.multiply(t.power(c, d), move)) {
      return (rule.states.indices.map { known[$0] ?? .zero }, d)
    }
    return nil
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
          property: "\(property), degree \(degree)", holds: names.isEmpty, reason: reason))
      if degree.isZero {
        findings.append(
          Finding(
            property: "invariant to the scale of the loss", holds: names.isEmpty,
            reason: names.isEmpty ? "degree 0 in g" : "with \(names.joined(separator: ", "))"))
      }
      return
    }
    findings.append(
      Finding(property: property, holds: false, reason: "no power of c scales all states alike"))
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
          property: "homogeneous in w, degree \(degree)", holds: names.isEmpty,
          reason: with + "w → c w and g → g / c make the update c^\(degree) times as large"
            + (degree.isOne ? ": the walk scales with w" : "")))
      return
    }
    findings.append(
      Finding(
        property: "homogeneous in w", holds: false,
        reason: "w → c w with g → g / c does not scale the update"))
  }

  // MARK: Signs and shifts

  private mutating func signs() {
    let t = table
    var parity: [Int: Int] = [:]
    func flipped(_ x: TermID, _ k: Int?, _ sign: Int) -> TermID {
      t.substitute(x) { id in
        if id == rule.weight || id == rule.gradient { return t.negate(id) }
        guard let i = rule.states.firstIndex(where: { $0.symbol == id }) else { return nil }
        return t.scale(id, by: Rational(i == k ? sign : parity[i] ?? 1))
      }
    }
    var isEquivariant = true
    for k in rule.states.indices {
      var found = false
      for sign in [-1, 1] {
        let start = t.substitute(rule.initial[k]) { $0 == rule.weight ? t.negate($0) : nil }
        let domain = t.symbol(of: rule.states[k].symbol)!.domain
        if sign < 0, domain != .all { continue }
        if isEqual(flipped(next.states[k], k, sign), t.scale(next.states[k], by: Rational(sign))),
          isEqual(start, t.scale(rule.initial[k], by: Rational(sign)))
        {
          parity[k] = sign
          found = true
          break
        }
      }
      isEquivariant = isEquivariant && found
    }
    let holds = isEquivariant && isEqual(flipped(next.weight, nil, 1), t.negate(next.weight))
    findings.append(
      Finding(
        property: "sign equivariant", holds: holds,
        reason: holds
          ? "w → −w, g → −g turns w' into −w'"
          : "turning the signs of w and g does not turn the sign of w'"))
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
      && rule.states.indices.allSatisfy { holds(next.states[$0], moves[$0]!) }
    findings.append(
      Finding(
        property: "invariant to shifts of w", holds: all,
        reason: all
          ? "w → w + c moves w' by c and leaves the rest"
          : "the update depends on where w is"
            + (decays.isEmpty ? "" : " (through \(decays.map(\.name).joined(separator: ", ")))")))
  }

  // MARK: Axes

  private mutating func axes() {
    var usesElements = false
    var usesAxes = false
    var isRotatable = true
    var seen: Set<TermID> = []
    var pending = [next.weight] + next.states
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      let term = table[id]
      let isTensor = !table.spread(id).isEmpty
      switch term.kind {
      case .apply:
        switch term.operation {
        case .sum:
          if table.detail(of: id).scope != .all { usesAxes = true }
          // The length of a vector, and products of two, do not see a rotation.
          let factors = table.factors(term.operands[0])
          let degree = factors.reduce(Rational.zero) { $0 + $1.exponent }
          let isBilinear =
            factors.allSatisfy { isVector($0.base) && $0.exponent.isPositive }
            && degree == Rational(2)
          if !isBilinear { isRotatable = false }
          if isBilinear { seen.formUnion(factors.map(\.base)) }
          pending += factors.map(\.base)
          continue
        case .maximumOf:
          isRotatable = false
          if table.detail(of: id).scope != .all { usesAxes = true }
        case .globalSum, .globalMaximum: break
        default:
          if term.operation.isElementwise {
            if isTensor {
              usesElements = true
              isRotatable = false
            }
          } else {
            usesAxes = true
            isRotatable = false
          }
        }
      case .product:
        // Two tensors multiplied element by element, or a tensor in a power.
        let tensors = zip(term.operands, term.weights).filter {
          !table.spread($0.0).isEmpty
        }
        if tensors.count > 1 || tensors.contains(where: { !$0.1.isOne }) { isRotatable = false }
      default: break
      }
      pending += term.operands
    }
    _ = usesElements
    findings.append(
      Finding(
        property: "permutation equivariant", holds: usesAxes ? nil : true,
        reason: usesAxes
          ? "rows, columns or matrices enter: only rows and columns as wholes may be exchanged"
          : "every operation is elementwise or folds the whole tensor"))
    findings.append(
      Finding(
        property: "rotation equivariant", holds: isRotatable,
        reason: isRotatable
          ? "w and g enter through sums, scalings and lengths only"
          : "elements are treated one by one"))
  }

  private func isVector(_ id: TermID) -> Bool {
    table[id].kind == .symbol && table.spread(id) == .like
  }
}
