import Basics
import IR

/// The elementwise functions, each in its normal form.
extension TermTable {
  // MARK: Signs

  /// sign(x), with sign(0) = 0.
  package func sign(_ x: TermID) -> TermID {
    let x = reduced(x)
    let known = interval(x)
    if known.isPositive || known.isNegative || x == zero {
      note(.knownSign)
      return known.isPositive ? one : x == zero ? zero : number(-1)
    }
    if isBoolean(x) { return x }
    let (weight, common, rest) = content(x)
    var parts: [TermID] = []
    var isNegative = weight.isNegative
    for (base, exponent) in factors(common) {
      if isPositive(base) {
        note(.signOfScaled)
      } else if isBoolean(base) {
        parts.append(base)
      } else if !exponent.isInteger {
        // A root is 0 or positive.
        parts.append(signAtom(base))
      } else if let n = exponent.word {
        parts.append(
          n % 2 == 0 ? power(signAtom(base), Rational(2)) : signAtom(base))
      }
    }
    if rest != one {
      let known = interval(rest)
      if known.isNegative {
        isNegative.toggle()
      } else if !known.isPositive {
        parts.append(signAtom(rest))
      }
    }
    if parts.count > 1 || !weight.isOne { note(.signOfScaled) }
    let result = multiply(parts)
    return isNegative ? negate(result) : result
  }

  private func signAtom(_ x: TermID) -> TermID {
    let term = self[x]
    if term.kind == .apply {
      switch term.operation {
      case .sign:
        note(.signOfSigned)
        return x
      case .absolute:
        note(.signOfSigned)
        return power(sign(term.operands[0]), Rational(2))
      case .maximum:
        // The sign does not fall where its operand grows.
        note(.signOfMaximum)
        return maximum(term.operands.map { sign($0) })
      default:
        if term.operation.info.parity == .rising {
          note(.signOfSigned)
          return sign(term.operands[0])
        }
      }
    }
    return opaque(.sign, [x])
  }

  /// |x|.
  package func absolute(_ x: TermID) -> TermID {
    let x = reduced(x)
    if isNonnegative(x) {
      note(.knownSign)
      return x
    }
    if interval(x).isNonpositive {
      note(.knownSign)
      return negate(x)
    }
    let (weight, common, rest) = content(x)
    var parts = [number(weight.magnitude)]
    for (base, exponent) in factors(common) {
      if isNonnegative(base) || !exponent.isInteger {
        parts.append(power(base, exponent))
      } else {
        parts.append(power(absoluteAtom(base), exponent))
      }
    }
    if rest != one {
      parts.append(
        isNonnegative(rest)
          ? rest : interval(rest).isNonpositive ? negate(rest) : absoluteAtom(rest))
    }
    if parts.count > 2 { note(.absoluteOfProduct) }
    return multiply(parts)
  }

  private func absoluteAtom(_ x: TermID) -> TermID {
    let term = self[x]
    if term.kind == .apply {
      switch term.operation {
      case .sign: return power(x, Rational(2))
      case .tanh, .cubeRoot:
        note(.absoluteOfProduct)
        return function(term.operation, [absolute(term.operands[0])])
      default: break
      }
    }
    return opaque(.absolute, [x])
  }

  // MARK: Conditions

  /// 1 where d > 0, else 0.
  package func positive(_ d: TermID) -> TermID {
    let d = reduced(d)
    let known = interval(d)
    if known.isPositive || known.isNonpositive {
      note(.decidedComparison)
      return known.isPositive ? one : zero
    }
    if isBoolean(d) { return d }
    note(.comparison)
    if let whole = wholeBound(d) { return whole }
    let (weight, common, rest) = content(d)
    var inside = rest
    var divisors: [TermID] = []
    var vanishing: [TermID] = []
    for (base, exponent) in factors(common) {
      if isPositive(base) {
        continue
      } else if isNonnegative(base) || !exponent.isInteger {
        vanishing.append(positiveAtom(base))
      } else if let n = exponent.word, n % 2 == 0 {
        vanishing.append(
          subtract(one, isZeroCondition(base)))
      } else if exponent.isNegative {
        divisors.append(base)
      } else {
        inside = multiply(inside, base)
      }
    }
    if weight.isNegative { inside = negate(inside) }
    for divisor in divisors {
      // A quotient is positive where both are, or neither.
      if inside == one || inside == number(-1) {
        inside = inside == one ? divisor : negate(divisor)
      } else if divisors.count == 1 {
        let signs = [(inside, divisor), (negate(inside), negate(divisor))].map {
          multiply(positive($0), positive($1))
        }
        return multiply([add(signs)] + vanishing)
      } else {
        inside = multiply(inside, divisor)
      }
    }
    let own = interval(inside)
    let core: TermID
    if own.isPositive {
      core = one
    } else if own.isNonpositive {
      core = zero
    } else if let parts = bounds(inside) {
      note(.signOfMaximum)
      core =
        parts.isFlipped
        ? multiply(parts.operands.map { positive(negate($0)) })
        : logicalNot(multiply(parts.operands.map { logicalNot(positive($0)) }))
    } else if let (child, isFlipped) = signed(inside) {
      core = positive(isFlipped ? negate(child) : child)
    } else {
      core = positiveAtom(inside)
    }
    return multiply([core] + vanishing)
  }

  private func positiveAtom(_ x: TermID) -> TermID {
    if self[x].kind == .apply, self[x].operation == .maximum {
      // One of them is.
      return logicalNot(multiply(self[x].operands.map { logicalNot(positive($0)) }))
    }
    return isBoolean(x) ? x : opaque(.greater, [x], Detail("", isBoolean: true))
  }

  /// The operands of a maximum, or of its negative.
  private func bounds(_ x: TermID) -> (operands: [TermID], isFlipped: Bool)? {
    let parts = monomials(x)
    guard parts.count == 1, self[parts[0].monomial].kind == .apply,
      self[parts[0].monomial].operation == .maximum
    else { return nil }
    return (self[parts[0].monomial].operands, parts[0].weight.isNegative)
  }

  /// What has the sign of a single odd function.
  private func signed(_ x: TermID) -> (TermID, Bool)? {
    let parts = monomials(x)
    guard parts.count == 1, parts[0].weight.magnitude.isOne else { return nil }
    let term = self[parts[0].monomial]
    guard term.kind == .apply, term.operation.info.parity == .rising else { return nil }
    return (term.operands[0], parts[0].weight.isNegative)
  }

  /// 1 where x = 0, else 0.
  package func isZeroCondition(_ x: TermID) -> TermID {
    if x == zero { return one }
    if isNonzero(x) {
      note(.decidedComparison)
      return zero
    }
    return add([one, negate(positive(x)), negate(positive(negate(x)))])
  }

  func logicalAnd(_ a: TermID, _ b: TermID) -> TermID { multiply(a, b) }
  func logicalOr(_ a: TermID, _ b: TermID) -> TermID {
    add([a, b, negate(multiply(a, b))])
  }
  package func logicalNot(_ a: TermID) -> TermID { subtract(one, a) }

  /// a where the condition holds, else b.
  package func select(_ condition: TermID, _ a: TermID, _ b: TermID) -> TermID {
    if let c = value(condition) {
      note(.knownCondition)
      return c.isZero ? b : a
    }
    if a == b {
      note(.equalArms)
      return a
    }
    // The condition is 1 in the first arm and 0 in the second.
    if a == one, b == zero { return condition }
    if a == zero, b == one { return logicalNot(condition) }
    // `if w >= 1 then a else b` asks what `if w < 1 then b else a` asks.
    if isForProofs, constantPart(condition).isOne {
      note(.comparison)
      return select(logicalNot(condition), b, a)
    }
    return opaque(.select, [condition, a, b])
  }

  // MARK: The larger

  /// The largest of several values.
  package func maximum(_ all: [TermID]) -> TermID { maximum(all, takesFactors: true) }

  private func maximum(_ all: [TermID], takesFactors: Bool) -> TermID {
    let all = all.map { reduced($0) }
    // The operands of one that is a maximum need not be compared with one another again.
    let chain = all.filter { isMaximum($0) }.max {
      self[$0].operands.count < self[$1].operands.count
    }
    var kept = chain.map { self[$0].operands } ?? []
    let parts = all.filter { $0 != chain }.flatMap { isMaximum($0) ? self[$0].operands : [$0] }
    // What is surely not the largest leaves.
    for x in Set(parts).subtracting(kept).sorted(by: { $0.raw < $1.raw }) {
      if kept.contains(where: { isAtLeast($0, x) }) {
        note(.maximumOfOrdered)
        continue
      }
      kept.removeAll { isAtLeast(x, $0) }
      kept.append(x)
    }
    if kept.count == 1 { return kept[0] }
    if kept.count == 2, add(kept[0], kept[1]) == zero {
      note(.maximumOfShifted)
      return absolute(kept[0])
    }
    // A common positive factor leaves, once.
    guard takesFactors else { return opaque(.maximum, kept.sorted { $0.raw < $1.raw }) }
    let nonzero = kept.filter { $0 != zero }
    let first = content(nonzero[0])
    var scale = first.weight.magnitude
    var shared = factors(first.common).filter {
      isNonnegative($0.base) && ($0.exponent.isPositive || isPositive($0.base))
    }
    for x in nonzero.dropFirst() where !scale.isOne || !shared.isEmpty {
      let own = content(x)
      if own.weight.magnitude != scale { scale = .one }
      shared = shared.filter { factor in
        factors(own.common).contains { $0.base == factor.base && $0.exponent == factor.exponent }
      }
    }
    if !scale.isOne || !shared.isEmpty {
      note(.maximumOfScaled)
      let outside = product(shared)
      let inverse = product(shared.map { ($0.base, -$0.exponent) })
      let inner = kept.map { self.scale(multiply($0, inverse), by: scale.reciprocal) }
      return self.scale(multiply(outside, maximum(inner, takesFactors: false)), by: scale)
    }
    return opaque(.maximum, kept.sorted { $0.raw < $1.raw })
  }

  private func isMaximum(_ id: TermID) -> Bool {
    self[id].kind == .apply && self[id].operation == .maximum
  }

  /// Whether a term is a number or a multiple of one atom.
  private func isAtomic(_ id: TermID) -> Bool {
    let parts = monomials(id)
    return parts.isEmpty || parts.count == 1 && self[parts[0].monomial].kind != .product
  }

  /// Whether a ≥ b is known.
  private func isAtLeast(_ a: TermID, _ b: TermID) -> Bool {
    // Of two atoms the difference knows no more than their bounds say.
    if a != b, isAtomic(a), isAtomic(b) {
      return (interval(a) + -interval(b)).isNonnegative
    }
    return spend(1) && isNonnegative(subtract(a, b))
  }

  package func minimum(_ all: [TermID]) -> TermID {
    note(.minimumAsMaximum)
    return negate(maximum(all.map { negate($0) }))
  }

  /// x moved into [low, high].
  package func clip(_ x: TermID, _ low: TermID, _ high: TermID) -> TermID {
    note(.clipAsBounds)
    return minimum([maximum([x, low]), high])
  }

  // MARK: All others

  /// An elementwise operation of the language.
  package func function(_ operation: Operation, _ x: [TermID]) -> TermID {
    switch operation {
    case .negate: return negate(x[0])
    case .absolute: return absolute(x[0])
    case .sign: return sign(x[0])
    case .squareRoot: return power(x[0], .half)
    case .add: return add(x[0], x[1])
    case .subtract: return subtract(x[0], x[1])
    case .multiply: return multiply(x[0], x[1])
    case .divide: return divide(x[0], x[1])
    case .power: return power(x[0], x[1])
    case .maximum: return maximum(x)
    case .minimum: return minimum(x)
    case .clip: return clip(x[0], x[1], x[2])
    case .less: return positive(subtract(x[1], x[0]))
    case .greater: return positive(subtract(x[0], x[1]))
    case .lessOrEqual: return logicalNot(positive(subtract(x[0], x[1])))
    case .greaterOrEqual: return logicalNot(positive(subtract(x[1], x[0])))
    case .equal: return isZeroCondition(subtract(x[0], x[1]))
    case .notEqual: return logicalNot(isZeroCondition(subtract(x[0], x[1])))
    case .logicalAnd: return logicalAnd(x[0], x[1])
    case .logicalOr: return logicalOr(x[0], x[1])
    case .logicalNot: return logicalNot(x[0])
    case .select: return select(x[0], x[1], x[2])
    case .isFinite: return one
    case .exponential: return exponential(x[0])
    case .expm1: return subtract(exponential(x[0]), one)
    case .logarithm: return logarithm(x[0])
    case .log1p: return logarithm(add(one, x[0]))
    case .cubeRoot: return cubeRoot(x[0])
    case .floor, .ceiling, .round: return rounded(operation, x[0])
    case .modulo: return modulo(x[0], x[1])
    case .exp2: return power(number(2), x[0])
    case .log2: return logarithm(x[0], base: 2)
    case .log10: return logarithm(x[0], base: 10)
    case .reciprocal: return power(x[0], Rational(-1))
    case .tanh, .sinh, .cosh, .sine, .cosine, .tangent, .arcsine, .arccosine, .arctangent,
      .errorFunction, .arcsinh, .arccosh, .arctanh:
      return opaque(function: operation, reduced(x[0]))
    case .bfloat16, .float16:
      // What is rounded stays.
      let inner = monomials(x[0])
      if inner.count == 1, inner[0].weight.magnitude.isOne, self[inner[0].monomial].kind == .apply,
        self[inner[0].monomial].operation == operation
      {
        return x[0]
      }
      return opaque(function: operation, reduced(x[0]))
    case .arctangent2, .copySign: return opaque(operation, x.map { reduced($0) })
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent,
      .argument, .draw, .iota, .identity, .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum,
      .globalSum, .globalMaximum, .globalMinimum, .softmax, .logSoftmax, .matrixProduct,
      .transpose, .diagonal, .solve, .cholesky, .qr, .eigh, .svd, .reshape, .broadcast, .slice,
      .placeSlice, .gather, .scatterAdd, .takeAlong, .placeAlong, .push, .sort, .argSort, .topKMask,
      .quantile, .lossAt, .gradientAt, .hessianProduct, .loop, .project, .unfold, .fold:
      return opaque(operation, x.map { reduced($0) })
    }
  }

  /// What they undo, wherever it is defined.
  private static let inverses: [Operation: Operation] = [
    .sine: .arcsine, .cosine: .arccosine, .tangent: .arctangent, .sinh: .arcsinh,
    .cosh: .arccosh, .tanh: .arctanh,
  ]

  /// A function that is known by its parity alone, the sign of its operand drawn out.
  private func opaque(function operation: Operation, _ x: TermID) -> TermID {
    let parity = operation.info.parity
    if x == zero, parity == .odd || parity == .rising { return zero }
    if x == zero, operation == .cosh || operation == .cosine { return one }
    if self[x].kind == .apply, Self.inverses[operation] == self[x].operation {
      note(.inverseFunction)
      return self[x].operands[0]
    }
    guard parity != .none, content(x).weight.isNegative else { return opaque(operation, [x]) }
    note(parity == .even ? .evenFunction : .oddFunction)
    let positive = opaque(operation, [negate(x)])
    return parity == .even ? positive : negate(positive)
  }

  /// log x / log b; of a power of b its exponent.
  private func logarithm(_ x: TermID, base: Int) -> TermID {
    if let r = value(x), r.isPositive {
      let size = r < .one ? r.reciprocal : r
      var (power, exponent) = (Rational.one, 0)
      while power < size, exponent < 1_100 {
        power = power * Rational(base)
        exponent += 1
      }
      if power == size { return number(r < .one ? -exponent : exponent) }
    }
    return divide(logarithm(x), logarithm(number(base)))
  }

  /// e, the base of the natural logarithm.
  package var euler: TermID {
    symbol(
      Symbol(
        "e", .constant, domain: Interval(Rational(271_828, 100_000), Rational(271_829, 100_000))))
  }

  package func exponential(_ x: TermID) -> TermID {
    // e^(log y) is y.
    let parts = monomials(x)
    func inside(_ monomial: TermID) -> TermID? {
      let term = self[monomial]
      return term.kind == .apply && term.operation == .logarithm ? term.operands[0] : nil
    }
    if parts.contains(where: { inside($0.monomial) != nil }) {
      return multiply(
        parts.map { weight, monomial in
          inside(monomial).map { power($0, weight) } ?? power(euler, scale(monomial, by: weight))
        })
    }
    return power(euler, x)
  }

  package func logarithm(_ x: TermID) -> TermID {
    let x = reduced(x)
    if x == one { return zero }
    let content = content(x)
    var weight = content.weight
    let rest = content.rest
    // What is nowhere positive is taken by its size.
    let all = factors(content.common).map { (base, exponent) -> Factor in
      guard interval(base).isNonpositive, exponent.isInteger, !isEven(exponent) else {
        return (base, exponent)
      }
      weight = -weight
      return (negate(base), exponent)
    }
    guard weight.isPositive else { return opaque(.logarithm, [x]) }
    var parts: [TermID] = []
    var inside = rest
    // Where the whole is positive, so is a factor that is the only one without a known sign.
    let unknown = all.filter { !isNonnegative($0.base) && !isEven($0.exponent) }
    let isOnly = rest == one && unknown.count == 1
    for (base, exponent) in all {
      if !isPositive(base), isEven(exponent) || isNonnegative(base) || isOnly {
        note(.logarithmOfPower)
        let size = isEven(exponent) ? absolute(base) : base
        parts.append(scale(opaque(.logarithm, [size]), by: exponent))
      } else if isPositive(base) {
        note(.logarithmOfProduct)
        let term = self[base]
        if base == euler {
          parts.append(number(exponent))
        } else if term.kind == .apply, term.operation == .power {
          note(.logarithmOfPower)
          parts.append(
            scale(multiply(term.operands[1], logarithm(term.operands[0])), by: exponent))
        } else {
          parts.append(scale(opaque(.logarithm, [base]), by: exponent))
        }
      } else {
        inside = multiply(inside, power(base, exponent))
      }
    }
    if !weight.isOne {
      if isForProofs {
        for (prime, count) in primes(of: weight) {
          parts.append(scale(opaque(.logarithm, [prime]), by: count))
        }
      } else if inside == one || !parts.isEmpty {
        parts.append(opaque(.logarithm, [number(weight)]))
      } else {
        inside = scale(inside, by: weight)
      }
    }
    if let root = PolynomialDivision(table: self).squareRoot(inside) {
      note(.logarithmOfPower)
      parts.append(scale(logarithm(absolute(root)), by: Rational(2)))
    } else if inside != one {
      parts.append(opaque(.logarithm, [inside]))
    }
    return add(parts)
  }

  private func isEven(_ exponent: Rational) -> Bool {
    exponent.isInteger && exponent.word.map { $0 % 2 == 0 } ?? false
  }

  /// The cube root of a product is that of its factors; of numbers it is a power, as `2^(1/3)` is.
  private func cubeRoot(_ x: TermID) -> TermID {
    let x = reduced(x)
    if x == zero { return zero }
    let (weight, common, rest) = content(x)
    if weight.isNegative {
      note(.oddFunction)
      return negate(cubeRoot(negate(x)))
    }
    if !weight.isOne || common != one { note(.cubeRootOfScaled) }
    let third = Rational(1, 3)
    var outside = [power(number(weight), third)]
    var inside = rest
    for (base, exponent) in factors(common) {
      if value(base) != nil {
        outside.append(power(base, exponent * third))
      } else if exponent.isInteger {
        outside.append(product([(opaque(.cubeRoot, [base]), exponent)]))
      } else {
        inside = multiply(inside, power(base, exponent))
      }
    }
    if inside != one { outside.append(opaque(.cubeRoot, [inside])) }
    return multiply(outside)
  }
}
