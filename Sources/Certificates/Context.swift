import Basics

/// What is known at a place of a proof: equations, as rewrites, and facts, with how far each reaches.
package struct Context {
  struct Rewrite {
    var from: Monomial
    var to: Polynomial
    var reach: Reach
    /// The step that gave it.
    var step: Int
  }
  struct Fact {
    var polynomial: Polynomial
    var stretch: Stretch
    var isNonzero = false
    var reach: Reach
  }

  package let algebra: Algebra
  private(set) var rewrites: [Rewrite] = []
  private var facts: [Fact] = []
  /// Where both rules are defined under conditions.
  private var pending: [Clause] = []
  private var memo = Memo()

  /// Normal forms and bounds so far, by all that is known.
  private final class Memo {
    var normal: [Place: Polynomial] = [:]
    var busy: Set<Place> = []
    var depth = 0
    var steps = 0
    var bounds: [Place: Stretch] = [:]
    var facts: [Reach: [(fact: Fact, normal: Polynomial)]] = [:]
  }
  private struct Place: Hashable {
    var atom: AtomID
    var reach: Reach
    var depth = 0
  }

  /// Rewriting that goes on for longer than this is refused.
  static let budget = 40_000
  /// Polynomials of more terms are refused.
  static let largest = 6_000

  package init(_ algebra: Algebra) { self.algebra = algebra }

  // MARK: What is known

  mutating func learn(
    _ p: Polynomial, in stretch: Stretch = .all, isNonzero: Bool = false, _ reach: Reach
  ) {
    facts.append(Fact(polynomial: p, stretch: stretch, isNonzero: isNonzero, reach: reach))
    memo = Memo()
  }

  /// Learns the sign of x · y from those of x and y, where a square has one whatever they are; or that of
  /// x from those of x · y and y.
  mutating func learnSign(
    _ x: Polynomial, _ y: Polynomial, ofQuotient isQuotient: Bool
  ) throws(Refusal) {
    for reach in [Reach.everywhere, .tensor, .element] {
      let (p, q) = (try normal(x, reach), try normal(y, reach))
      let product = try algebra.product(p, q)
      let known = isQuotient ? try normal(product, reach) : p
      let isDivisor = try isNonzero(q, reach)
      if isQuotient, !isDivisor { continue }
      let avoidsZero = isDivisor ? try isNonzero(known, reach) : false
      let other = try stretch(q, reach)
      let own =
        p == q && !isQuotient
        ? Stretch.nonnegative : try stretch(known, reach) * (isQuotient ? other.inverse : other)
      guard avoidsZero || own.isNonnegative || own.isNonpositive else { continue }
      return learn(isQuotient ? p : product, in: own, isNonzero: avoidsZero, reach)
    }
    throw Refusal("the signs are not known")
  }

  /// Adds the equation p = 0, to be used from left to right where `from` is a monomial of it.
  mutating func equate(
    _ p: Polynomial, from: Monomial?, _ reach: Reach, step: Int
  ) throws(Refusal) {
    guard let from = from ?? algebra.leading(p), let weight = p.terms[from] else {
      throw Refusal("the equation has no such term")
    }
    if from == .one { throw Refusal("the equation says that a number is 0") }
    let rest = p - Polynomial(from, weight)
    memo = Memo()
    rewrites.append(
      Rewrite(
        from: from, to: rest.scaled(by: -weight.reciprocal), reach: reach, step: step))
  }

  /// Assumes that a polynomial that is 0 or 1 is 1 (or 0).
  mutating func assume(_ condition: Polynomial, is truth: Bool, step: Int) throws(Refusal) {
    let c = try normal(condition)
    let reach = algebra.reach(c)
    if algebra.carried(c) != 0 { throw Refusal("the case is about what a loop carries") }
    // Where it cannot be, nothing is left to be shown.
    if c.number?.isOne == !truth { learn(.zero, in: .positive, .everywhere) }
    if c.number != nil { return try learnSign(condition.atom, truth, .element, step: step) }
    if let monomial = Self.conjunction(c), truth || monomial.powers.count == 1 {
      for power in monomial.powers {
        try equate(Polynomial(power.atom) - Polynomial(truth ? 1 : 0), from: nil, reach, step: step)
        try learnSign(power.atom, truth, reach, step: step)
      }
    } else if let monomial = Self.conjunction(.one - c) {
      try assume(Polynomial(monomial), is: !truth, step: step)
    } else {
      try equate(c - Polynomial(truth ? 1 : 0), from: nil, reach, step: step)
    }
    try release()
  }

  /// The product of quantities that are 0 or 1, where a polynomial is one.
  static func conjunction(_ p: Polynomial) -> Monomial? {
    guard let (monomial, weight) = p.single, weight.isOne else { return nil }
    return monomial.powers.allSatisfy(\.atom.isBoolean) ? monomial : nil
  }

  private mutating func learnSign(
    _ atom: AtomID?, _ truth: Bool, _ reach: Reach, step: Int
  ) throws(Refusal) {
    guard let atom, algebra[atom].carried == 0, let p = algebra[atom].operands.first else { return }
    switch (algebra[atom].name, truth) {
    case ("positive", true): learn(p, in: .positive, reach)
    case ("positive", false): learn(p, in: .nonpositive, reach)
    case ("zero", true):
      if !(try normal(p)).isZero { try equate(try normal(p), from: nil, reach, step: step) }
    case ("zero", false): learn(p, isNonzero: true, reach)
    default: break
    }
  }

  /// Assumes that a rule is defined.
  mutating func assume(_ clause: Clause) throws(Refusal) {
    pending.append(clause)
    try release()
  }

  /// Takes the clauses whose guards are known to hold.
  private mutating func release() throws(Refusal) {
    let all = pending
    pending = []
    search: for clause in all {
      var reach = Reach.everywhere
      for guardian in clause.guards {
        guard
          let own = try self.reach({ (r) throws(Refusal) in try self.normal(guardian, r) == .one })
        else {
          pending.append(clause)
          continue search
        }
        reach = max(reach, own)
      }
      switch clause.kind {
      case .nonzero: learn(clause.term, isNonzero: true, reach)
      case .nonnegative: learn(clause.term, in: .nonnegative, reach)
      case .positive: learn(clause.term, in: .positive, reach)
      case .opaque: learn(clause.term, in: Stretch(.one, .one), reach)
      case .whole: break
      }
    }
  }

  // MARK: Normal forms

  /// A polynomial rewritten as far as it goes by what is known up to this reach.
  package func normal(_ p: Polynomial, _ reach: Reach = .element) throws(Refusal) -> Polynomial {
    if memo.depth == 0 { memo.steps = 0 }
    memo.depth += 1
    defer { memo.depth -= 1 }
    if memo.depth > 500 { throw Refusal("rewriting does not end") }
    var work = try algebra.mapped(p) { (id) throws(Refusal) in try normal(id, reach) }
    var result = Polynomial()
    while let (monomial, weight) = work.terms.first {
      work.add(monomial, -weight)
      memo.steps += 1
      try algebra.spend(1 + rewrites.count)
      if memo.steps > Self.budget { throw Refusal("rewriting does not end") }
      guard let (rewrite, rest) = match(monomial, reach) else {
        result.add(monomial, weight)
        continue
      }
      algebra.used.insert(rewrite.step)
      let product = try algebra.product(rewrite.to, Polynomial(rest, weight))
      var isKnown = true
      for atom in product.atoms where try normal(atom, reach) != Polynomial(atom) {
        isKnown = false
      }
      work.add(isKnown ? product : try normal(product, reach))
      if work.terms.count > Self.largest { throw Refusal("a polynomial becomes too large") }
    }
    return result
  }

  private func match(_ monomial: Monomial, _ reach: Reach) -> (Rewrite, Monomial)? {
    for rewrite in rewrites where rewrite.reach <= reach {
      if let rest = monomial.without(rewrite.from) { return (rewrite, rest) }
    }
    return nil
  }

  /// An atom over normal operands.
  private func normal(_ id: AtomID, _ reach: Reach) throws(Refusal) -> Polynomial {
    let atom = algebra[id]
    if atom.operands.isEmpty { return Polynomial(id) }
    let place = Place(atom: id, reach: reach)
    if let known = memo.normal[place] { return known }
    guard memo.busy.insert(place).inserted else { return Polynomial(id) }
    defer { memo.busy.remove(place) }
    memo.steps += 1
    let inside = min(reach, algebra.reach(into: atom))
    let operands = try atom.operands.map { (p) throws(Refusal) in try normal(p, inside) }
    var result = Polynomial(id)
    if operands != atom.operands {
      result = algebra.apply(atom.name, atom.detail, operands)
      if result != Polynomial(id) { result = try normal(result, reach) }
    }
    memo.normal[place] = result
    return result
  }

  // MARK: Where numbers lie

  /// Where a polynomial lies by what is known up to this reach.
  package func stretch(
    _ p: Polynomial, _ reach: Reach = .element, depth: Int = 0
  ) throws(Refusal) -> Stretch {
    if let number = p.number { return Stretch(number, number) }
    if depth > 12 { return .all }
    var result = Stretch(.zero, .zero)
    for (monomial, weight) in p.terms {
      result = result + (try stretch(monomial, reach, depth)).scaled(by: weight)
    }
    result = try told(p, result, reach)
    if result.isNonzero { return result }
    // With what is one number for all tensors taken together: (1 − β)·g² and not g² − β·g².
    var groups: [Monomial: Polynomial] = [:]
    for (monomial, weight) in p.terms {
      let (scalar, data) = monomial.split { algebra[$0].reach == .everywhere }
      groups[data, default: .zero].add(scalar, weight)
    }
    if groups.count > 1, groups.count < p.terms.count {
      var sum = Stretch(.zero, .zero)
      for (data, scalar) in groups {
        sum = sum + (try stretch(data, reach, depth) * stretch(scalar, reach, depth: depth + 1))
      }
      result = result.intersection(sum)
    }
    let (common, rest) = p.content
    if common != .one, rest.terms.count > 1 {
      result = result.intersection(
        try stretch(common, reach, depth) * stretch(rest, reach, depth: depth + 1))
    }
    return result
  }

  private func stretch(_ monomial: Monomial, _ reach: Reach, _ depth: Int) throws(Refusal)
    -> Stretch
  {
    var result = Stretch(.one, .one)
    for power in monomial.powers {
      let own = try told(Polynomial(power.atom), stretch(power.atom, reach, depth), reach)
      result = result * own.power(power.exponent)
    }
    // x² > 0 where x ≠ 0.
    guard result.low == Stretch.End(value: .zero, isOpen: false) else { return result }
    for power in monomial.powers
    where try !isNonzero(Polynomial(power.atom), reach, depth + 1) { return result }
    result.low?.isOpen = true
    return result
  }

  /// The facts that reach so far, over normal polynomials.
  private func facts(_ reach: Reach) throws(Refusal) -> [(fact: Fact, normal: Polynomial)] {
    if let known = memo.facts[reach] { return known }
    var result: [(fact: Fact, normal: Polynomial)] = []
    for fact in facts where fact.reach <= reach {
      result.append((fact, try normal(fact.polynomial, reach)))
    }
    memo.facts[reach] = result
    return result
  }

  /// What facts say of a polynomial: each of a multiple of it, but for a number.
  private func told(_ p: Polynomial, _ known: Stretch, _ reach: Reach) throws(Refusal) -> Stretch {
    var result = known
    try algebra.spend(1 + facts.count)
    let moving = p - Polynomial(p.constant)
    var isNonzero = false
    for (fact, q) in try facts(reach) {
      guard let ratio = moving.ratio(to: q - Polynomial(q.constant)) else { continue }
      let shift = p.constant - q.constant * ratio
      result = result.intersection(
        fact.stretch.scaled(by: ratio) + Stretch(shift, shift))
      if fact.isNonzero, shift.isZero { isNonzero = true }
    }
    if isNonzero, result.isNonnegative { result = result.intersection(.positive) }
    if isNonzero, result.isNonpositive { result = result.intersection(.negative) }
    return result
  }

  /// Whether a polynomial is nowhere 0.
  package func isNonzero(
    _ p: Polynomial, _ reach: Reach = .element, _ depth: Int = 0
  ) throws(Refusal) -> Bool {
    if depth > 12 { return false }
    if try stretch(p, reach, depth: depth).isNonzero { return true }
    // What is not 0 has no factor that is.
    for (fact, q) in try facts(reach) where fact.isNonzero || fact.stretch.isNonzero {
      let (common, rest) = q.content
      if p.ratio(to: rest * Polynomial(common)) != nil || p.ratio(to: rest) != nil
        || (p.atom.map { common.exponent($0) > 0 } ?? false)
      {
        return true
      }
    }
    let (common, rest) = p.content
    if common == .one
      || (rest.number != nil && common.powers.count == 1 && common.powers[0].exponent == 1)
    {
      guard let id = p.single.flatMap({ $0.monomial.powers.first?.atom }) else { return false }
      let atom = algebra[id]
      switch atom.operation {
      case "inv", "abs", "sign": return try isNonzero(atom.operands[0], reach, depth + 1)
      case "sqrt": return try stretch(atom.operands[0], reach, depth: depth + 1).isPositive
      default: return false
      }
    }
    for power in common.powers where try !isNonzero(Polynomial(power.atom), reach, depth + 1) {
      return false
    }
    return try isNonzero(rest, reach, depth + 1)
  }

  private func stretch(_ id: AtomID, _ reach: Reach, _ depth: Int) throws(Refusal) -> Stretch {
    let place = Place(atom: id, reach: reach, depth: depth)
    if let known = memo.bounds[place] { return known }
    let result = try computed(id, reach, depth)
    memo.bounds[place] = result
    return result
  }

  private func computed(_ id: AtomID, _ reach: Reach, _ depth: Int) throws(Refusal) -> Stretch {
    let atom = algebra[id]
    if atom.isSymbol { return atom.domain }
    if id.isBoolean { return .unit }
    func operand(_ i: Int = 0) throws(Refusal) -> Stretch {
      try stretch(atom.operands[i], min(reach, algebra.reach(into: atom)), depth: depth + 1)
    }
    switch atom.name {
    case "inv": return try operand().inverse
    case "abs":
      return try isNonzero(atom.operands[0], reach, depth + 1) ? .positive : .nonnegative
    case "sign":
      let x = try operand()
      if x.isPositive { return Stretch(.one, .one) }
      if x.isNegative { return Stretch(Rational(-1), Rational(-1)) }
      return x.isNonnegative ? .unit : .signs
    case "max": return try operand(0).larger(operand(1))
    case "sqrt", "pow":
      let isRoot = atom.operands.count == 1
      let (x, y) = (try operand(0), isRoot ? Stretch(.half, .half) : try operand(1))
      guard isRoot || x.isNonnegative else { return .all }
      // 0^y is 0 or 1.
      var result = x.isPositive ? Stretch.positive : .nonnegative
      if y.isNonnegative, let high = x.high, high.value <= .one {
        let isBelow = y.isPositive && (high.value < .one || high.isOpen)
        result.high = Stretch.End(value: .one, isOpen: isBelow)
      }
      if y.isNonnegative, let low = x.low, low.value >= .one {
        let isAbove = y.isPositive && (low.value > .one || low.isOpen)
        result.low = Stretch.End(value: .one, isOpen: isAbove)
      }
      return result
    case "exp": return .positive
    case "cosh": return Stretch(.one, nil)
    case "tanh", "erf": return try operand().ofSign.intersection(.openSigns)
    // A sum is of at least one element.
    case "cbrt", "sum", "global_sum": return try operand().ofSign
    case "sin", "cos": return .signs
    case "max_of", "min_of": return try operand()
    default: return .all
    }
  }

  // MARK: What closes a goal

  /// Whether what is assumed cannot be.
  package func isAbsurd() throws(Refusal) -> Bool {
    for (fact, p) in try facts(.element) {
      let isImpossible = try stretch(p).intersection(fact.stretch).isEmpty
      if isImpossible || p.isZero && fact.isNonzero { return true }
    }
    return false
  }

  /// The least reach at which something holds.
  func reach(_ holds: (Reach) throws(Refusal) -> Bool) throws(Refusal) -> Reach? {
    for reach in [Reach.everywhere, .tensor, .element] where try holds(reach) { return reach }
    return nil
  }

  /// Whether this holds of a term by what is known up to this reach.
  package func holds(
    _ kind: Clause.Kind, _ term: Polynomial, _ reach: Reach = .element
  ) throws(Refusal) -> Bool {
    let p = try normal(term, reach)
    switch kind {
    case .nonzero: return try isNonzero(p, reach)
    case .nonnegative: return try stretch(p, reach).isNonnegative
    case .positive:
      let own = try stretch(p, reach)
      return own.isNonnegative && !own.isPositive ? try isNonzero(p, reach) : own.isPositive
    case .opaque: return try stretch(p, reach) == Stretch(.one, .one)
    case .whole: return algebra.isInteger(p)
    }
  }
}
