import Basics
import IR

/// An equation solved for one unknown, over the real numbers.
package struct Equation {
  /// What must hold of a term for an answer to be one.
  package struct Condition: Hashable, Sendable {
    package enum Kind: String, Sendable {
      case nonzero = "!="
      case nonnegative = ">="
      case positive = ">"
      case zero = "=="
    }
    package var term: TermID
    package var kind: Kind
  }

  package struct Solution {
    package var value: TermID
    package var conditions: [Condition]
  }

  package enum Answer {
    /// As long as its conditions hold, each; none is "no real solution".
    case solutions([Solution])
    /// All numbers for which both sides are defined, as long as the conditions hold.
    case identity([Condition])
  }

  private let table: TermTable
  private let x: TermID
  private let difference: TermID
  private let defined: Definedness

  /// `difference` = 0 for the symbol `x`, where both sides are defined.
  package init(
    _ table: TermTable, _ difference: TermID, where defined: Definedness = Definedness(),
    for x: TermID
  ) {
    self.table = table
    self.x = x
    self.difference = difference
    self.defined = defined
  }

  /// Throws where the unknown cannot be brought to one side.
  package func answer() throws(SymbolicError) -> Answer {
    let t = table
    if t.isZero(difference) { return open(asked(of: x)).map { .identity($0) } ?? .solutions([]) }
    guard t.contains(t.reduced(difference), x) else {
      let conditions = [Condition(term: difference, kind: .zero)] + asked(of: x)
      return open(conditions).map { .identity($0) } ?? .solutions([])
    }
    var kept: [Solution] = []
    for found in try solve(difference, depth: 0) {
      var solution = found
      solution.value = t.reduced(solution.value)
      solution.conditions += bounds(of: solution.value) + asked(of: solution.value)
      guard let conditions = open(solution.conditions), isRight(solution.value, conditions),
        !kept.contains(where: { $0.value == solution.value })
      else { continue }
      kept.append(Solution(value: solution.value, conditions: conditions))
    }
    return .solutions(kept)
  }

  // MARK: Bringing x to one side

  private func solve(_ equation: TermID, depth: Int) throws(SymbolicError) -> [Solution] {
    let t = table
    guard depth < 12, !t.isExhausted else {
      throw SymbolicError("the equation is not solved for \(name)")
    }
    let (_, common, rest) = t.content(t.reduced(equation))
    var found: [Solution] = []
    var divisors: [TermID] = []
    for (base, exponent) in t.factors(common) where t.contains(base, x) {
      if exponent.isNegative {
        divisors.append(base)
      } else {
        // A sum has factors of its own; log(x) is its own only factor.
        found +=
          base == x
          ? [Solution(value: t.zero, conditions: [])]
          : t[base].kind == .sum ? try solve(base, depth: depth + 1) : try isolated(base, depth)
      }
    }
    if t.contains(rest, x) {
      if let whole = try polynomial(rest) {
        found += whole
      } else {
        found += try isolated(rest, depth)
      }
    }
    for k in found.indices {
      found[k].conditions += divisors.map {
        Condition(term: t.substitute($0, [x: found[k].value]), kind: .nonzero)
      }
    }
    return found
  }

  private var name: String { TermPrinter(table).text(x) }

  /// Linear and quadratic equations, and c x^n + b = 0.
  private func polynomial(_ equation: TermID) throws(SymbolicError) -> [Solution]? {
    let t = table
    guard let c = Solver(t).coefficients(equation, of: x) else { return nil }
    let n = c.count - 1
    let leads = Condition(term: c[n], kind: .nonzero)
    if c[1..<n].allSatisfy({ $0 == t.zero }) {
      let right = t.negate(t.divide(c[0], c[n]))
      return roots(of: right, Rational(n)).map {
        Solution(value: $0.value, conditions: [leads] + $0.conditions)
      }
    }
    guard n == 2 else {
      throw SymbolicError("the equation is of degree \(n) in \(name)")
    }
    let square = t.reduced(
      t.subtract(t.multiply(c[1], c[1]), t.scale(t.multiply(c[0], c[2]), by: Rational(4))))
    let root = t.power(square, .half)
    return (root == t.zero ? [root] : [t.negate(root), root]).map { part in
      Solution(
        value: t.divide(t.add(t.negate(c[1]), part), t.scale(c[2], by: Rational(2))),
        conditions: [leads, Condition(term: square, kind: .nonnegative)])
    }
  }

  /// The y with y^e = r.
  private func roots(of r: TermID, _ e: Rational) -> [Solution] {
    let t = table
    let inverse = e.reciprocal
    let sign = Condition(term: r, kind: e.isNegative ? .positive : .nonnegative)
    guard e.isInteger, let n = e.word else {
      // A root that is no whole power is of a number that is not negative, and is not negative.
      return [Solution(value: t.power(r, inverse), conditions: [sign])]
    }
    if n.magnitude == 1 {
      let isGiven = n < 0 ? [Condition(term: r, kind: .nonzero)] : []
      return [Solution(value: t.power(r, e), conditions: isGiven)]
    }
    if n % 2 == 0 {
      let root = t.power(r, inverse)
      return (root == t.zero ? [root] : [t.negate(root), root])
        .map { Solution(value: $0, conditions: [sign]) }
    }
    let isNegative = t.interval(r).isNonpositive
    let value: TermID
    if isNegative || t.isNonnegative(r) {
      let root = t.power(isNegative ? t.negate(r) : r, inverse)
      value = isNegative ? t.negate(root) : root
    } else if n == 3 {
      value = t.function(.cubeRoot, [r])
    } else {
      value = t.multiply(t.sign(r), t.power(t.absolute(r), inverse))
    }
    let isGiven = n < 0 ? [Condition(term: r, kind: .nonzero)] : []
    return [Solution(value: value, conditions: isGiven)]
  }

  /// s F(x)^e + c = 0 with the one atom F: undone from outside.
  private func isolated(_ equation: TermID, _ depth: Int) throws(SymbolicError) -> [Solution] {
    let t = table
    var scale: [TermID] = []
    var rest: [TermID] = []
    var atom: Factor?
    for (weight, monomial) in t.monomials(equation) {
      let holding = t.factors(monomial).filter { t.contains($0.base, x) }
      guard let own = holding.first else {
        rest.append(t.scale(monomial, by: weight))
        continue
      }
      guard holding.count == 1, atom.map({ $0 == own }) ?? true else {
        throw SymbolicError("\(name) stands in places that are not brought together")
      }
      atom = own
      let others = t.factors(monomial).filter { $0.base != own.base }
      scale.append(t.scale(t.product(others), by: weight))
    }
    guard let atom else { return [] }
    let slope = t.reduced(t.add(scale))
    let right = t.negate(t.divide(t.add(rest), slope))
    var found: [Solution] = []
    // (b^u)^e = r is e u = log r / log b.
    let base = t[atom.base]
    let isPower =
      base.kind == .apply && base.operation == .power && !t.contains(base.operands[0], x)
    for outer in isPower
      ? [Solution(value: right, conditions: [])] : roots(of: right, atom.exponent)
    {
      for target in try undone(atom.base, outer.value) {
        let value = isPower ? t.scale(target.value, by: atom.exponent.reciprocal) : target.value
        for inner in try solve(t.subtract(target.inside, value), depth: depth + 1) {
          found.append(
            Solution(
              value: inner.value,
              conditions: [Condition(term: slope, kind: .nonzero)] + outer.conditions
                + target.conditions + inner.conditions))
        }
      }
    }
    return found
  }

  /// F(u) = r as u = …: the values that u takes.
  private func undone(
    _ atom: TermID, _ r: TermID
  ) throws(SymbolicError) -> [(inside: TermID, value: TermID, conditions: [Condition])] {
    let t = table
    let term = t[atom]
    if term.kind == .sum || term.kind == .symbol { return [(atom, r, [])] }
    let u = term.operands[0]
    func one(
      _ operation: IR.Operation, _ conditions: [Condition] = []
    ) -> [(inside: TermID, value: TermID, conditions: [Condition])] {
      [(u, t.function(operation, [r]), conditions)]
    }
    func positive(_ term: TermID) -> Condition { Condition(term: term, kind: .positive) }
    func nonnegative(_ term: TermID) -> Condition { Condition(term: term, kind: .nonnegative) }
    func within(_ bound: TermID) -> [Condition] {
      [nonnegative(t.subtract(bound, r)), nonnegative(t.add(bound, r))]
    }
    func inside(_ bound: TermID) -> [Condition] {
      [positive(t.subtract(bound, r)), positive(t.add(bound, r))]
    }
    let quarter = t.scale(
      t.symbol(
        Symbol("pi", .constant, domain: Interval(Rational(314_159, 100_000), Rational(22, 7)))),
      by: .half)
    switch term.operation {
    case .power where !t.contains(u, x):
      let isNatural = u == t.euler
      let value =
        isNatural
        ? t.logarithm(r) : whole(r, of: u) ?? t.divide(t.logarithm(r), t.logarithm(u))
      let other = Condition(term: t.subtract(u, t.one), kind: .nonzero)
      return [(term.operands[1], value, [positive(r), positive(u)] + (isNatural ? [] : [other]))]
    case .logarithm: return [(u, t.exponential(r), [])]
    case .absolute:
      return (r == t.zero ? [r] : [t.negate(r), r]).map { (u, $0, [nonnegative(r)]) }
    case .cubeRoot: return [(u, t.power(r, Rational(3)), [])]
    case .tanh: return one(.arctanh, inside(t.one))
    case .arctanh: return one(.tanh)
    case .sinh: return one(.arcsinh)
    case .arcsinh: return one(.sinh)
    case .cosh:
      let size = t.function(.arccosh, [r])
      return [t.negate(size), size].map { (u, $0, [nonnegative(t.subtract(r, t.one))]) }
    case .arccosh: return one(.cosh, [nonnegative(r)])
    case .arctangent: return one(.tangent, inside(quarter))
    case .arcsine: return one(.sine, within(quarter))
    case .sine, .cosine, .tangent:
      throw SymbolicError(
        "`\(term.operation.info.name)` takes each of its values at infinitely many places")
    case .maximum:
      throw SymbolicError("`max` and `min` take one value at many places: ask for each side apart")
    case .sign, .floor, .ceiling, .round, .bfloat16, .float16, .greater, .modulo, .select:
      throw SymbolicError(
        "`\(term.operation.info.name)` takes one value at many places and has no inverse")
    default:
      throw SymbolicError("`\(term.operation.info.name)` has no inverse here")
    }
  }

  /// The whole n with b^n = r, of numbers.
  private func whole(_ r: TermID, of b: TermID) -> TermID? {
    guard let r = table.value(r), let b = table.value(b), !b.isZero else { return nil }
    return (-64...64).first { b.power($0) == r }.map { table.number($0) }
  }

  // MARK: What an answer takes for granted

  /// What both sides of the equation ask where x has a value.
  private func asked(of value: TermID) -> [Condition] {
    let t = table
    let all = value == x ? defined : defined.substituted(t) { $0 == x ? value : nil }
    return all.clauses.compactMap { clause, condition in
      guard condition == t.one, clause.hasText else { return nil }
      return Condition(
        term: clause.term, kind: clause.kind == .nonzero ? .nonzero : .nonnegative)
    }
  }

  /// The assumptions on x, of its value.
  private func bounds(of value: TermID) -> [Condition] {
    let t = table
    let domain = t.symbol(of: x)!.domain
    var all: [Condition] = []
    if let low = domain.low {
      all.append(
        Condition(
          term: t.subtract(value, t.number(low)),
          kind: domain.excludesLow ? .positive : .nonnegative))
    }
    if let high = domain.high {
      all.append(
        Condition(
          term: t.subtract(t.number(high), value),
          kind: domain.excludesHigh ? .positive : .nonnegative))
    }
    return all
  }

  /// Those that are not sure; nil where one is never met.
  private func open(_ conditions: [Condition]) -> [Condition]? {
    var kept: [Condition] = []
    for condition in conditions {
      let bare = table.reduced(condition.term)
      let known = table.interval(bare)
      let holds: Bool? =
        switch condition.kind {
        case .nonzero:
          table.isZero(bare) ? false : known.isNonzero ? true : number(bare).map { $0 != 0 }
        case .nonnegative:
          known.isNonnegative ? true : known.isNegative ? false : number(bare).map { $0 >= 0 }
        case .positive:
          known.isPositive ? true : known.isNonpositive ? false : number(bare).map { $0 > 0 }
        case .zero:
          table.isZero(bare) ? true : known.isNonzero ? false : number(bare).map { $0 == 0 }
        }
      if holds == false { return nil }
      if holds == nil { kept += simplified(Condition(term: bare, kind: condition.kind)) }
    }
    // x > 0 says x ≥ 0 and x ≠ 0.
    for (k, condition) in kept.enumerated()
    where condition.kind == .nonnegative
      && kept.contains(Condition(term: condition.term, kind: .nonzero))
    { kept[k].kind = .positive }
    return kept.enumerated().filter { k, condition in
      !kept.enumerated().contains { j, other in
        j != k && other.term == condition.term
          && (other.kind == condition.kind ? j < k : other.kind == .positive)
      }
    }.map(\.element)
  }

  /// The value of a term without symbols.
  private func number(_ term: TermID) -> Double? {
    guard table.symbols(in: term).allSatisfy({ table.symbol(of: $0)?.role == .constant }) else {
      return nil
    }
    var evaluator = Evaluator(table)
    return evaluator.number(term)
  }

  /// Without factors whose sign is known: 4 a ≥ 0 is a ≥ 0; a b ≠ 0 is a ≠ 0 and b ≠ 0.
  private func simplified(_ condition: Condition) -> [Condition] {
    let t = table
    if condition.kind == .zero { return [condition] }
    let (weight, common, rest) = t.content(condition.term)
    let sure = t.factors(common).filter { !t.isPositive($0.base) }
    if condition.kind == .nonzero {
      let bases = sure.filter { !t.isNonzero($0.base) }.map(\.base)
      return (rest == t.one || t.isNonzero(rest) ? bases : bases + [rest]).flatMap { base in
        let term = t[base]
        guard term.kind == .apply, term.operation == .logarithm else {
          return [Condition(term: base, kind: .nonzero)]
        }
        // A logarithm is 0 at 1.
        return simplified(
          Condition(term: t.subtract(term.operands[0], t.one), kind: .nonzero))
      }
    }
    // The sign of x^−1 is the sign of x; even powers are not negative.
    var product = weight.isNegative ? t.negate(rest) : rest
    var others: [Condition] = []
    for (base, exponent) in sure {
      let isEven = exponent.isInteger && exponent.word.map { $0 % 2 == 0 } ?? false
      if exponent.isNegative || condition.kind == .positive, isEven || t.isNonnegative(base) {
        others.append(Condition(term: base, kind: .nonzero))
      } else if isEven || t.isNonnegative(base) {
        return [Condition(term: condition.term, kind: condition.kind)]
      } else {
        product = t.multiply(product, base)
        if exponent.isNegative { others.append(Condition(term: base, kind: .nonzero)) }
      }
    }
    return [Condition(term: product, kind: condition.kind)] + others
  }

  // MARK: Put back

  /// Whether an answer fulfils the equation: exactly, or at numbers that fulfil its conditions.
  private func isRight(_ value: TermID, _ conditions: [Condition]) -> Bool {
    let t = table
    let image = t.substitute(difference, [x: value])
    if t.isZero(image) { return true }
    let symbols = t.symbols(in: [image, value] + conditions.map(\.term))
      .filter { t.symbol(of: $0)?.role != .constant }
    var checked = 0
    for k in 0..<(symbols.isEmpty ? 1 : 400) where checked < 12 {
      var evaluator = Evaluator(t)
      for (j, symbol) in symbols.enumerated() {
        // Multiples of irrational numbers lie about evenly.
        let share =
          Double(k + 1) * [0.618_034, 0.414_214, 0.732_051, 0.236_068][j % 4] + Double(j) * 0.27
        evaluator.set(symbol, Self.inside(t.interval(symbol), share - share.rounded(.down)))
      }
      let isMet = conditions.allSatisfy { condition in
        guard let y = evaluator.number(condition.term) else { return false }
        return condition.kind == .nonzero
          ? abs(y) > 1e-6 : y > 1e-6 || y == 0 && condition.kind != .positive
      }
      guard isMet else { continue }
      guard let y = evaluator.number(image), let size = evaluator.number(value),
        abs(y) <= 1e-8 * max(1, abs(size) * abs(size))
      else { return false }
      checked += 1
    }
    return checked > 0
  }

  /// A number of a domain, from one in [0, 1).
  private static func inside(_ domain: Interval, _ share: Double) -> Double {
    switch (domain.low?.approximation, domain.high?.approximation) {
    case (let low?, let high?): low + (high - low) * (0.02 + 0.96 * share)
    case (let low?, nil): low + 0.01 + 3 * share
    case (nil, let high?): high - 0.01 - 3 * share
    case (nil, nil): 6 * share - 3
    }
  }
}
