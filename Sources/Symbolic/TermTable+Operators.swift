import Basics
import IR

/// Reductions and matrix operations: operators that know where they are linear.
extension TermTable {
  /// The part of a monomial that a reduction over `scope` may draw out, and the rest.
  private func split(_ monomial: TermID, over scope: Scope) -> (outside: TermID, inside: TermID) {
    let varying: Spread =
      switch scope {
      case .all, .leading: [.rows, .cols, .other]
      case .perRow: [.cols, .other]
      case .perColumn: [.rows, .other]
      case .overWorkers, .overBatch, .overGroups, .overStack, .overWindow: []
      }
    return split(monomial) { spread($0).isDisjoint(with: varying) }
  }

  /// The factors that satisfy a predicate, and the others.
  package func split(_ monomial: TermID, _ isOutside: (TermID) -> Bool) -> (
    outside: TermID, inside: TermID
  ) {
    let all = factors(monomial)
    let outside = product(all.filter { isOutside($0.base) })
    return (outside, product(all.filter { !isOutside($0.base) }))
  }

  /// A reduction of a tensor whose shape the detail names; `extent` is how many elements it folds.
  package func reduce(
    _ operation: Operation, _ x: TermID, _ detail: Detail, count: TermID
  ) -> TermID {
    let scope = detail.scope ?? .all
    if scope == .all, let (inner, whole) = sliced(operation, reduced(x), count) {
      return reduce(operation, inner, whole, count: multiply(extent("rows"), extent("cols")))
    }
    switch operation {
    case .sum:
      var parts: [TermID] = []
      for (weight, monomial) in monomials(reduced(x)) {
        let (outside, inside) = split(monomial, over: scope)
        if inside == one {
          note(.reductionOfConstant)
          parts.append(scale(multiply(outside, count), by: weight))
        } else {
          if outside != one || !weight.isOne { note(.linearReduction) }
          parts.append(
            scale(multiply(outside, opaque(.sum, [inside, count], detail)), by: weight))
        }
      }
      return add(parts)
    case .maximumOf, .minimumOf:
      let x = reduced(x)
      if spread(x).isDisjoint(with: [.rows, .cols, .other]) {
        note(.reductionOfConstant)
        return x
      }
      if operation == .maximumOf, let found = largest(condition: x, detail, count) { return found }
      let (weight, common, rest) = content(x)
      let (outside, inside) = split(common, over: scope)
      if operation == .minimumOf {
        note(.minimumAsMaximum)
        return negate(reduce(.maximumOf, negate(x), detail, count: count))
      }
      let scaleOutside =
        outside != one && factors(outside).allSatisfy { isNonnegative($0.base) }
      let size = weight.magnitude
      if !size.isOne || scaleOutside {
        note(.maximumOfScaledTensor)
        let inner = scale(
          multiply(scaleOutside ? inside : common, rest),
          by: weight.isNegative ? Rational(-1) : .one)
        return scale(
          multiply(
            scaleOutside ? outside : one, opaque(.maximumOf, [inner, count], detail)), by: size)
      }
      return opaque(.maximumOf, [x, count], detail)
    default: return opaque(operation, [reduced(x), count], detail)
    }
  }

  /// The largest of c + k [d > 0], which holds somewhere where the largest d is above 0, and of
  /// c + k [d ≠ 0].
  private func largest(condition x: TermID, _ detail: Detail, _ count: TermID) -> TermID? {
    let parts = monomials(x).filter { $0.monomial != one }
    guard
      parts.allSatisfy({
        self[$0.monomial].kind == .apply && self[$0.monomial].operation == .greater
          && $0.weight == parts[0].weight
      }), let first = parts.first
    else { return nil }
    var decisive = self[first.monomial].operands[0]
    if parts.count == 2 {
      guard self[parts[1].monomial].operands[0] == negate(decisive) else { return nil }
      decisive = absolute(decisive)
    } else if parts.count > 2 {
      return nil
    }
    note(.maximumOfCondition)
    let extreme = reduce(
      first.weight.isPositive ? .maximumOf : .minimumOf, decisive, detail, count: count)
    return add(number(constantPart(x)), scale(positive(extreme), by: first.weight))
  }

  /// The tensor whose rows (or columns) x is folded from, if x has one number for each of them: their
  /// sum is that of all.
  private func sliced(
    _ operation: Operation, _ x: TermID, _ count: TermID
  ) -> (TermID, Detail)? {
    let parts = monomials(x)
    guard operation == .sum || operation == .maximumOf, parts.count == 1 else { return nil }
    let (outside, inside) = split(parts[0].monomial) { spread($0).isEmpty }
    let term = self[inside]
    guard term.kind == .apply, term.operation == operation,
      operation == .sum || (outside == one && parts[0].weight.isOne)
    else { return nil }
    let own = detail(of: inside)
    guard own.text.hasSuffix(" like"), own.scope == .perRow || own.scope == .perColumn,
      count == extent(own.scope == .perRow ? "rows" : "cols")
    else { return nil }
    note(.reductionOfReductions)
    return (
      scale(multiply(outside, term.operands[0]), by: parts[0].weight),
      Detail("\(Scope.all) like", spread: [], scope: .all, operand: .like)
    )
  }

  /// A length of the parameter tensor.
  func extent(_ name: String) -> TermID {
    symbol(Symbol(name, .extent, domain: Interval(.one, nil), isInteger: true, isGlobal: false))
  }

  /// A reduction over all tensors; `isGlobal` factors leave a sum.
  package func globalReduce(_ operation: Operation, _ x: TermID) -> TermID {
    guard operation == .globalSum else {
      if operation == .globalMinimum {
        return negate(globalReduce(.globalMaximum, negate(x)))
      }
      let (weight, common, rest) = content(reduced(x))
      let outside = factors(common).filter { isGlobal($0.base) && isNonnegative($0.base) }
      guard !outside.isEmpty || !weight.magnitude.isOne else {
        return opaque(.globalMaximum, [reduced(x)], Detail(spread: []))
      }
      let inside = factors(common).filter { !(isGlobal($0.base) && isNonnegative($0.base)) }
      let inner = scale(
        multiply(product(inside), rest), by: weight.isNegative ? Rational(-1) : .one)
      if inner == one { return x }
      return scale(
        multiply(product(outside), opaque(.globalMaximum, [inner], Detail(spread: []))),
        by: weight.magnitude)
    }
    var parts: [TermID] = []
    for (weight, monomial) in monomials(reduced(x)) {
      let (outside, inside) = split(monomial) { isGlobal($0) }
      note(.linearReduction)
      parts.append(
        scale(multiply(outside, opaque(.globalSum, [inside], Detail(spread: []))), by: weight))
    }
    return add(parts)
  }

  // MARK: Matrices

  /// The number that a monomial carries before its matrix part.
  private func scalarPart(_ monomial: TermID) -> (outside: TermID, inside: TermID) {
    split(monomial) { spread($0).isEmpty }
  }

  /// A product of matrices. The detail names the shapes of operands and result.
  package func matrixProduct(_ a: TermID, _ b: TermID, _ detail: Detail) -> TermID {
    let p = monomials(reduced(a))
    let q = monomials(reduced(b))
    guard p.count * q.count <= 64, spend(p.count * q.count) else {
      return opaque(.matrixProduct, [a, b], detail)
    }
    var parts: [TermID] = []
    for (x, m) in p {
      for (y, n) in q {
        let (mo, mi) = scalarPart(m)
        let (no, ni) = scalarPart(n)
        if p.count > 1 || q.count > 1 || mo != one || no != one { note(.productOfMatrices) }
        let core: TermID
        if isIdentity(mi) {
          core = ni
          note(.identityMatrix)
        } else if isIdentity(ni) {
          core = mi
          note(.identityMatrix)
        } else {
          // (A B) C and A (B C) are one chain; only the shape of the whole is kept.
          let left = chain(mi)
          let right = chain(ni)
          core = opaque(.matrixProduct, left + right, detail)
        }
        parts.append(scale(multiply([mo, no, core]), by: x * y))
      }
    }
    return add(parts)
  }

  private func chain(_ id: TermID) -> [TermID] {
    let term = self[id]
    return term.kind == .apply && term.operation == .matrixProduct ? term.operands : [id]
  }

  func isTranspose(_ id: TermID) -> Bool {
    self[id].kind == .apply && self[id].operation == .transpose
  }

  private func isIdentity(_ id: TermID) -> Bool {
    let term = self[id]
    return term.kind == .apply && term.operation == .identity
  }

  package func transpose(_ x: TermID, _ detail: Detail) -> TermID {
    var parts: [TermID] = []
    for (weight, monomial) in monomials(reduced(x)) {
      let (outside, inside) = scalarPart(monomial)
      var all = [outside]
      for (base, exponent) in factors(inside) {
        all.append(power(transposed(atom: base, detail), exponent))
      }
      parts.append(scale(multiply(all), by: weight))
    }
    return add(parts)
  }

  private func transposed(atom x: TermID, _ detail: Detail) -> TermID {
    let term = self[x]
    if term.kind == .apply {
      switch term.operation {
      case .transpose:
        note(.transposeTwice)
        return term.operands[0]
      case .matrixProduct:
        note(.transposeOfProduct)
        return opaque(
          .matrixProduct, term.operands.reversed().map { transpose($0, detail) }, detail)
      case .identity: return x
      default: break
      }
    }
    if spread(x).isEmpty { return x }
    return opaque(.transpose, [x], Detail(spread: .other))
  }

  /// An operation that is linear in its first operand: numbers leave, sums split.
  package func linear(_ operation: Operation, _ x: TermID, _ detail: Detail) -> TermID {
    var parts: [TermID] = []
    for (weight, monomial) in monomials(reduced(x)) {
      let (outside, inside) = scalarPart(monomial)
      if inside == one, outside != one || !weight.isOne {
        parts.append(scale(multiply(outside, opaque(operation, [one], detail)), by: weight))
      } else {
        parts.append(
          scale(multiply(outside, opaque(operation, [inside], detail)), by: weight))
      }
    }
    return add(parts)
  }

  // MARK: Rebuilding

  /// The operation of a node applied to other operands.
  func rebuild(_ term: Term, _ operands: [TermID]) -> TermID {
    switch term.kind {
    case .number, .symbol: return intern(term)
    case .sum:
      return add(zip(term.weights, operands).map { scale($1, by: $0) })
    case .product:
      return multiply(zip(operands, term.weights).map { power($0, $1) })
    case .apply:
      let detail = details[Int(term.payload)]
      switch term.operation {
      case .greater: return positive(operands[0])
      case .maximum: return maximum(operands)
      case .power: return power(operands[0], operands[1])
      case .multiply: return multiply(operands)
      case .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum:
        return reduce(term.operation, operands[0], detail, count: operands[1])
      case .globalSum, .globalMaximum, .globalMinimum:
        return globalReduce(term.operation, operands[0])
      case .matrixProduct:
        return operands.dropFirst().reduce(operands[0]) { matrixProduct($0, $1, detail) }
      case .transpose: return transpose(operands[0], detail)
      case .reshape where operands.count == 1: return linear(term.operation, operands[0], detail)
      default:
        if term.operation.isElementwise, !detail.isBoolean, detail.text.isEmpty {
          return function(term.operation, operands)
        }
        return opaque(term.operation, operands.map { reduced($0) }, detail)
      }
    }
  }

  /// The term with some of its parts replaced, everything around them simplified again.
  package func substitute(_ root: TermID, _ replacement: (TermID) -> TermID?) -> TermID {
    var memo: [TermID: TermID] = [:]
    return substitute(root, &memo, replacement)
  }

  package func substitute(_ roots: [TermID], _ replacement: (TermID) -> TermID?) -> [TermID] {
    var memo: [TermID: TermID] = [:]
    return roots.map { substitute($0, &memo, replacement) }
  }

  package func substitute(_ root: TermID, _ map: [TermID: TermID]) -> TermID {
    if map.isEmpty { return root }
    return substitute(root) { map[$0] }
  }

  func substitute(
    _ root: TermID, _ memo: inout [TermID: TermID], _ replacement: (TermID) -> TermID?
  ) -> TermID {
    if let known = memo[root] { return known }
    let result: TermID
    if let found = replacement(root) {
      result = found
    } else {
      let term = self[root]
      guard spend(1 + term.operands.count / 4) else { return unwritten() }
      let operands = term.operands.map { substitute($0, &memo, replacement) }
      result = operands == term.operands ? root : rebuild(term, operands)
    }
    memo[root] = result
    return result
  }
}
