import Basics
import IR

/// Derivatives, equations and rearrangements of terms.
package struct Solver {
  package let table: TermTable

  package init(_ table: TermTable) { self.table = table }

  /// The term as one quotient, common divisors cancelled.
  package func simplified(_ x: TermID) -> TermID { table.reduced(x) }

  /// The x with a x + b = 0, where `equation` is that; nil for others.
  package func solve(_ equation: TermID, for x: TermID) -> TermID? {
    // Over one denominator: only the numerator counts.
    let numerator = table.content(equation).rest
    let rest = table.substitute(numerator, [x: table.zero])
    let slope = table.reduced(
      table.subtract(table.substitute(numerator, [x: table.one]), rest))
    guard slope != table.zero, !table.contains(slope, x), !table.contains(rest, x),
      table.isEqual(numerator, table.add(table.multiply(slope, x), rest))
    else { return nil }
    return table.divide(table.negate(rest), slope)
  }

  private static let mostDegree = 1_000

  /// The coefficients of a polynomial in x, the constant first; nil where it is none or of a higher degree.
  package func coefficients(_ term: TermID, of x: TermID) -> [TermID]? {
    var parts: [Int: [TermID]] = [:]
    for (weight, monomial) in table.monomials(term) {
      var degree = 0
      var rest: [Factor] = []
      for (base, exponent) in table.factors(monomial) {
        if base == x {
          guard exponent.isInteger, let n = exponent.word, n >= 0 else { return nil }
          degree = n
        } else {
          if table.contains(base, x) { return nil }
          rest.append((base, exponent))
        }
      }
      parts[degree, default: []].append(table.scale(table.product(rest), by: weight))
    }
    let degree = parts.keys.max() ?? 0
    // Nobody solves or reads more; a power of one term alone is undone as it stands.
    guard degree <= Self.mostDegree else { return nil }
    return (0...degree).map { table.add(parts[$0] ?? []) }
  }

  /// Both solutions of a quadratic equation in x, the smaller root of the formula first.
  package func quadratic(_ equation: TermID, _ x: TermID) -> [TermID]? {
    guard let c = coefficients(table.content(equation).rest, of: x), c.count == 3 else {
      return nil
    }
    let four = table.scale(table.multiply(c[0], c[2]), by: Rational(4))
    let root = table.power(
      table.reduced(table.subtract(table.multiply(c[1], c[1]), four)), .half)
    return [table.negate(root), root].map { part in
      table.divide(
        table.add(table.negate(c[1]), part), table.scale(c[2], by: Rational(2)))
    }
  }

  /// The term as a polynomial in x: Σ coefficient · x^k.
  package func collected(_ term: TermID, by x: TermID) -> [(coefficient: TermID, degree: Int)]? {
    coefficients(table.reduced(term), of: x)?.enumerated().compactMap { k, c in
      c == table.zero ? nil : (c, k)
    }
  }

  /// ∂ term / ∂ x. Functions without a derivative everywhere have it almost everywhere. `known` are symbols
  /// that depend on x, with their derivatives.
  package func derivative(
    _ term: TermID, by x: TermID, known: [TermID: TermID] = [:]
  ) throws(SymbolicError) -> TermID {
    var memo = known
    return table.reduced(try derivative(term, x, &memo))
  }

  /// Where the rules of `derivative` hold: at a kink of |u|, a jump of sign(u) or the border of a choice they say nothing.
  package func smoothness(of term: TermID, by x: TermID) -> Definedness {
    var result = Definedness()
    var seen: Set<TermID> = []
    var pending = [term]
    while let next = pending.popLast() {
      guard table.contains(next, x), seen.insert(next).inserted else { continue }
      let part = table[next]
      pending += part.operands
      guard part.kind == .apply else { continue }
      switch part.operation {
      case .absolute, .sign:
        result.insert(Clause(kind: .nonzero, term: part.operands[0]), where: table.one, table)
      case .maximum, .minimum:
        for (k, first) in part.operands.enumerated() {
          for second in part.operands.dropFirst(k + 1) {
            result.insert(
              Clause(kind: .nonzero, term: table.subtract(first, second)), where: table.one, table)
          }
        }
      case .greater:
        let border =
          part.operands.count == 2
          ? table.subtract(part.operands[0], part.operands[1]) : part.operands[0]
        result.insert(Clause(kind: .nonzero, term: border), where: table.one, table)
      default: break
      }
    }
    return result
  }

  private func derivative(
    _ id: TermID, _ x: TermID, _ memo: inout [TermID: TermID]
  ) throws(SymbolicError) -> TermID {
    if id == x { return table.one }
    if let known = memo[id] { return known }
    guard table.contains(id, where: { $0 == x || memo[$0] != nil }) else { return table.zero }
    let term = table[id]
    var result = table.zero
    switch term.kind {
    case .number, .symbol: break
    case .sum:
      var parts: [TermID] = []
      for (weight, operand) in zip(term.weights, term.operands) {
        parts.append(table.scale(try derivative(operand, x, &memo), by: weight))
      }
      result = table.add(parts)
    case .product:
      for (k, (base, exponent)) in zip(term.operands, term.weights).enumerated() {
        let inner = try derivative(base, x, &memo)
        if inner == table.zero { continue }
        var others: [Factor] = []
        for j in term.operands.indices {
          others.append(
            (term.operands[j], j == k ? exponent - .one : term.weights[j]))
        }
        result = table.add(
          result, table.scale(table.multiply(table.product(others), inner), by: exponent))
      }
    case .apply: result = try application(id, term, x, &memo)
    }
    memo[id] = result
    return result
  }

  private func application(
    _ id: TermID, _ term: Term, _ x: TermID, _ memo: inout [TermID: TermID]
  ) throws(SymbolicError) -> TermID {
    let t = table
    func inner(_ k: Int) throws(SymbolicError) -> TermID {
      try derivative(term.operands[k], x, &memo)
    }
    let u = term.operands[0]
    switch term.operation {
    case .absolute: return t.multiply(t.sign(u), try inner(0))
    case .sign, .greater, .floor, .ceiling, .round, .bfloat16, .float16, .divide, .topKMask:
      return t.zero
    case .tanh:
      return t.multiply(t.subtract(t.one, t.power(id, Rational(2))), try inner(0))
    case .sinh: return t.multiply(t.function(.cosh, [u]), try inner(0))
    case .cosh: return t.multiply(t.function(.sinh, [u]), try inner(0))
    case .sine: return t.multiply(t.function(.cosine, [u]), try inner(0))
    case .cosine: return t.negate(t.multiply(t.function(.sine, [u]), try inner(0)))
    case .tangent:
      return t.multiply(t.add(t.one, t.power(id, Rational(2))), try inner(0))
    case .arcsine, .arccosine:
      let size = t.power(t.subtract(t.one, t.multiply(u, u)), Rational(-1, 2))
      return t.multiply(term.operation == .arcsine ? size : t.negate(size), try inner(0))
    case .arctangent:
      return t.divide(try inner(0), t.add(t.one, t.multiply(u, u)))
    case .arcsinh:
      return t.multiply(t.power(t.add(t.one, t.multiply(u, u)), Rational(-1, 2)), try inner(0))
    case .arccosh:
      return t.multiply([
        t.power(t.subtract(u, t.one), Rational(-1, 2)),
        t.power(t.add(u, t.one), Rational(-1, 2)), try inner(0),
      ])
    case .arctanh:
      return t.divide(try inner(0), t.subtract(t.one, t.multiply(u, u)))
    case .logarithm: return t.divide(try inner(0), u)
    case .cubeRoot:
      return t.scale(
        t.multiply(t.power(id, Rational(-2)), try inner(0)), by: Rational(1, 3))
    case .errorFunction:
      let pi = t.symbol(
        Symbol("pi", .constant, domain: Interval(Rational(314_159, 100_000), Rational(22, 7))))
      return t.multiply([
        t.number(2), t.power(pi, Rational(-1, 2)),
        t.exponential(t.negate(t.multiply(u, u))), try inner(0),
      ])
    case .power:
      // d u^v = u^v (v' log u + v u' / u)
      let v = term.operands[1]
      let first = t.multiply(try inner(1), t.logarithm(u))
      let second = t.multiply([v, try inner(0), t.power(u, Rational(-1))])
      if try inner(0) == t.zero { return t.multiply(id, first) }
      return t.multiply(id, t.add(first, second))
    case .select:
      return t.select(u, try inner(1), try inner(2))
    case .maximum:
      var result = try inner(term.operands.count - 1)
      for k in term.operands.indices.dropLast().reversed() {
        var isLargest = t.one
        for j in term.operands.indices where j != k {
          isLargest = t.multiply(
            isLargest, t.logicalNot(t.positive(t.subtract(term.operands[j], term.operands[k]))))
        }
        result = t.select(isLargest, try inner(k), result)
      }
      return result
    case .multiply:
      var parts: [TermID] = []
      for k in term.operands.indices {
        var all = term.operands
        all[k] = try inner(k)
        parts.append(t.multiply(all))
      }
      return t.add(parts)
    case .sum where t.spread(x).isEmpty:
      return t.reduce(.sum, try inner(0), t.detail(of: id), count: term.operands[1])
    // These become other terms.
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent, .argument, .negate, .squareRoot, .exponential, .expm1, .log1p, .exp2, .log2, .log10,
      .reciprocal, .isFinite, .logicalNot, .add, .subtract, .minimum, .clip, .less, .lessOrEqual,
      .greaterOrEqual, .equal, .notEqual, .logicalAnd, .logicalOr,
      // These have no derivative here.
      .draw, .iota, .identity, .modulo, .arctangent2, .copySign, .sum, .maximumOf, .minimumOf,
      .argMaximum, .argMinimum, .globalSum, .globalMaximum, .globalMinimum, .softmax, .logSoftmax,
      .matrixProduct, .transpose, .diagonal, .solve, .cholesky, .qr, .eigh, .svd, .reshape,
      .broadcast, .slice, .placeSlice, .gather, .scatterAdd, .takeAlong, .placeAlong, .push, .sort,
      .argSort, .quantile, .lossAt, .gradientAt, .hessianProduct, .loop, .project, .unfold, .fold:
      throw SymbolicError(
        "the derivative through `\(term.operation.info.name)` is not known here")
    }
  }
}
