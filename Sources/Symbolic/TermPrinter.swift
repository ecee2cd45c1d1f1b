import Basics
import IR

/// Writes terms as `.opt` expressions that read back as the same terms.
package struct TermPrinter {
  let table: TermTable
  /// How parts are written that have a name of their own.
  var names: [TermID: Notation] = [:]

  /// Parts that are written out before the rest is `…`: a term shares its parts, and a text does not.
  package static let longest = 1_200

  /// How many more parts of the text that is being written there may be.
  private final class Room {
    var left = TermPrinter.longest
    var depth = 0
    var isCut = false
  }
  private let room = Room()

  package init(_ table: TermTable) { self.table = table }

  /// Whether a `…` stands for all that is still to come.
  private var isFull: Bool { room.depth > 0 && room.left <= 0 }

  /// Whether something was too long to be written out.
  package var isCut: Bool { room.isCut }

  package func text(_ id: TermID) -> String { text(condition(id) ?? notation(id)) }

  /// As one factor of a product.
  package func factor(_ id: TermID) -> String { text(notation(id), in: .product) }

  /// As the base of a power.
  package func atom(_ id: TermID) -> String { text(notation(id), in: .postfix) }

  private func text(_ notation: Notation, in outer: Precedence = .conditional) -> String {
    OptDialect().text(notation, in: outer)
  }

  /// With the common factors of numerator and denominator in front.
  package func factored(_ id: TermID) -> String { text(factoring(id)) }

  private func factoring(_ id: TermID) -> Notation {
    var (weight, common, rest) = table.content(id)
    if rest == table.one { return notation(id) }
    if weight.isNegative, table.monomials(rest).contains(where: { $0.weight.isNegative }) {
      weight = -weight
      rest = table.negate(rest)
    }
    var (above, below) = quotient(weight.magnitude, sortedFactors(common))
    above.append(notation(rest))
    let result = quotient(above, below)
    return weight.isNegative ? minus(result) : result
  }

  /// A sum by its data: `β * m + (1 - β) * g`, and `ema(m, g, β)` where it is one.
  package func collected(_ id: TermID) -> String { text(collection(id)) }

  /// A sum as weights of its data.
  private func weighted(_ id: TermID) -> [(key: TermID, weight: TermID)] {
    var groups: [TermID: [TermID]] = [:]
    var order: [TermID] = []
    for (weight, monomial) in table.monomials(id) {
      let (key, scale) = table.split(monomial) { table.isData($0) }
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(table.scale(scale, by: weight))
    }
    return order.map { (key: $0, weight: table.reduced(table.add(groups[$0]!))) }
      .sorted { size($0.weight) < size($1.weight) }
  }

  /// `ema(m, g, β)` for two parts whose weights add up to 1; nil for others.
  private func average(_ parts: [(key: TermID, weight: TermID)]) -> Notation? {
    guard parts.count == 2, parts[0].key != table.one, parts[1].key != table.one,
      table.add(parts[0].weight, parts[1].weight) == table.one
    else { return nil }
    let (x, y) = (parts[0], parts[1])
    return .call("ema", [notation(x.key), notation(y.key), notation(x.weight)])
  }

  private func collection(_ id: TermID) -> Notation {
    let parts = weighted(id)
    if let average = average(parts) { return average }
    var result: Notation?
    for (key, weight) in parts {
      let isNegative = table.content(weight).weight.isNegative
      let size = isNegative ? table.negate(weight) : weight
      let part =
        key == table.one
        ? notation(size)
        : size == table.one ? notation(key) : .apply(.multiply, [notation(size), notation(key)])
      if let sum = result {
        result = .apply(isNegative ? .subtract : .add, [sum, part])
      } else {
        let first = bracketed(part, below: .product)
        result = isNegative ? minus(first) : first
      }
    }
    return result ?? .number(0)
  }

  /// `w - lr * (…)`: a next value by what is subtracted, its common factors in front.
  package func move(_ next: TermID, from weight: TermID) -> String {
    let difference = table.reduced(table.subtract(weight, next))
    if difference == table.zero { return text(weight) }
    let (size, common, rest) = table.content(difference)
    if table.contains(common, weight) || rest == table.one {
      return text(.apply(.subtract, [notation(weight), factoring(difference)]))
    }
    let outside = table.scale(common, by: size)
    let inner = Notation.group(collection(rest))
    let factor = table.scale(outside, by: size.isNegative ? Rational(-1) : .one)
    let step = factor == table.one ? inner : .apply(.multiply, [notation(factor), inner])
    return text(.apply(size.isNegative ? .add : .subtract, [notation(weight), step]))
  }

  private func size(_ id: TermID) -> Int { table.size(id) * 1_000_000 + Int(id.raw) }

  // MARK: Terms

  func notation(_ id: TermID) -> Notation {
    if let name = names[id] { return name }
    if room.depth == 0 { room.left = Self.longest }
    room.left -= 1
    if room.left <= 0 {
      room.isCut = true
      return .verbatim("…")
    }
    room.depth += 1
    defer { room.depth -= 1 }
    let term = table[id]
    switch term.kind {
    case .number: return number(term.weights[0])
    case .symbol: return .name(table.symbol(of: id)!.shown)
    case .sum, .product: return sum(id)
    case .apply: return application(id, term)
    }
  }

  private func number(_ x: Rational) -> Notation {
    x.decimalText.map { .digits($0) }
      ?? .apply(.divide, [digits(x.numerator), digits(x.denominator)])
  }

  private func digits(_ x: BigInteger) -> Notation { .digits(x.description) }

  /// With a sign in front: `-a * b`.
  private func minus(_ notation: Notation) -> Notation {
    func inside(_ notation: Notation) -> Notation {
      guard case .apply(let operation, let operands) = notation,
        operation == .multiply || operation == .divide
      else { return .apply(.negate, [notation]) }
      return .apply(operation, [inside(operands[0]), operands[1]])
    }
    let result = inside(notation)
    if case .apply(.negate, _) = result { return result }
    return .loose(result)
  }

  /// In brackets if it binds more loosely: reads better where precedence alone would do without.
  private func bracketed(_ notation: Notation, below precedence: Precedence) -> Notation {
    let own: Precedence =
      switch notation {
      case .apply(let operation, _): operation.layout?.own ?? .postfix
      case .conditional: .conditional
      case .loose: .sum
      default: .postfix
      }
    return own < precedence ? .group(notation) : notation
  }

  /// Positive monomials first, the constant before or after them as it reads best.
  private func sum(_ id: TermID) -> Notation {
    let (found, turned) = turned(table.monomials(id))
    return (turned ?? self).sum(found)
  }

  /// With every max(−a, −b) that is a factor written as −min(a, b), its sign among the others; no
  /// printer where there is none.
  private func turned(_ parts: [Monomial]) -> ([Monomial], TermPrinter?) {
    var parts = parts
    var copy = self
    for k in parts.indices {
      for (base, exponent) in table.factors(parts[k].monomial) {
        guard let minimum = minimum(base), names[base] == nil, exponent.isInteger,
          !parts.contains(where: { part in
            table.factors(part.monomial).contains {
              $0.base != base && table.contains($0.base, base)
                || $0.base == base && !$0.exponent.isInteger
            }
          })
        else { continue }
        copy.names[base] = minimum
        if exponent.word.map({ $0 % 2 != 0 }) ?? false { parts[k].weight = -parts[k].weight }
      }
    }
    return (parts, copy.names.count > names.count ? copy : nil)
  }

  /// `min(a, b)` for max(−a, −b).
  private func minimum(_ id: TermID) -> Notation? {
    let term = table[id]
    guard term.kind == .apply, term.operation == .maximum,
      term.operands.allSatisfy({ isNegated($0) })
    else { return nil }
    return .apply(.minimum, term.operands.map { notation(table.negate($0)) })
  }

  private func sum(_ all: [Monomial]) -> Notation {
    var parts = all
    if parts.count == 1 { return product(parts[0].weight, parts[0].monomial) }
    // 1 / 2 (a − b) rather than a / 2 − b / 2 where all share a divisor.
    parts.sort { x, y in
      let xFirst = x.weight.isNegative ? 1 : 0
      let yFirst = y.weight.isNegative ? 1 : 0
      return (xFirst, degree(x.monomial), x.monomial.raw)
        < (yFirst, degree(y.monomial), y.monomial.raw)
    }
    var result = product(parts[0].weight, parts[0].monomial)
    for part in parts.dropFirst() where !isFull {
      let next = product(part.weight.magnitude, part.monomial)
      result = .apply(part.weight.isNegative ? .subtract : .add, [result, next])
    }
    return result
  }

  private func degree(_ id: TermID) -> Int { id == table.one ? 0 : 1 }

  private func product(_ weight: Rational, _ monomial: TermID) -> Notation {
    if monomial == table.one { return number(weight) }
    var factors = sortedFactors(monomial)
    let size = weight.magnitude
    // b b^(t − 1) reads b^t.
    var joined: [TermID: TermID] = [:]
    for (base, exponent) in factors where exponent.isOne {
      let term = table[base]
      guard term.kind == .apply, term.operation == .power,
        let own = factors.firstIndex(where: {
          $0.base == term.operands[0] && $0.exponent.isInteger && $0.exponent.isPositive
        })
      else { continue }
      joined[base] = table.add(term.operands[1], table.number(factors[own].exponent))
      factors.remove(at: own)
    }
    if !joined.isEmpty {
      var copy = self
      for (base, exponent) in joined {
        copy.names[base] = power(table[base].operands[0], exponent)
      }
      let parts = factors.map { copy.power($0.base, $0.exponent) }
      if parts.count == 1, weight.isOne { return parts[0] }
      let factor = bracketed(number(size), below: .prefix)
      let result = Notation.chain(.multiply, (size.isOne ? [] : [factor]) + parts)
      return weight.isNegative ? minus(result) : .loose(result)
    }
    if size.isOne, factors.count == 1, !factors[0].exponent.isNegative {
      let single = power(factors[0].base, factors[0].exponent)
      return weight.isNegative ? .apply(.negate, [single]) : single
    }
    var (above, below) = quotient(.one, factors)
    if let decimal = size.decimalText {
      if !size.isOne { above.insert(.digits(decimal), at: 0) }
    } else {
      let number = quotient(size, [])
      above = number.above + above
      below = number.below + below
    }
    let result = quotient(above, below)
    return weight.isNegative ? minus(result) : result
  }

  /// What stands above and below the line: a number, and powers.
  private func quotient(
    _ size: Rational, _ factors: [Factor]
  ) -> (above: [Notation], below: [Notation]) {
    var above: [Notation] = []
    var below: [Notation] = []
    if size.numerator != .one { above.append(digits(size.numerator)) }
    if size.denominator != .one { below.append(digits(size.denominator)) }
    for (base, exponent) in factors {
      if isFull { break }
      if exponent.isNegative {
        below.append(bracketed(power(base, -exponent), below: .prefix))
      } else {
        above.append(bracketed(power(base, exponent), below: .prefix))
      }
    }
    return (above, below)
  }

  private func quotient(_ above: [Notation], _ below: [Notation]) -> Notation {
    let top = above.isEmpty ? .number(1) : Notation.chain(.multiply, above)
    return below.isEmpty ? top : .apply(.divide, [top, .chain(.multiply, below)])
  }

  /// Hyperparameters first, then t, then data.
  private func sortedFactors(_ monomial: TermID) -> [Factor] {
    // √2 √5 reads √10.
    var roots: [Rational: Rational] = [:]
    var factors: [Factor] = []
    for factor in table.factors(monomial) {
      if let x = table.value(factor.base), !factor.exponent.isInteger {
        roots[factor.exponent] = (roots[factor.exponent] ?? .one) * x
      } else {
        factors.append(factor)
      }
    }
    factors += roots.map { (table.number($1), $0) }
    return factors.sorted { x, y in
      let p = rank(x.base)
      let q = rank(y.base)
      return (p, x.base.raw) < (q, y.base.raw)
    }
  }

  private func rank(_ id: TermID) -> Int {
    if table.value(id) != nil { return 0 }
    if table.isData(id) { return 4 }
    guard let symbol = table.symbol(of: id) else { return 3 }
    return symbol.name == "lr" ? 1 : 2
  }

  private func power(_ base: TermID, _ exponent: Rational) -> Notation {
    if base == table.euler { return .apply(.exponential, [number(exponent)]) }
    if exponent.isOne { return notation(base) }
    if exponent == .half { return .apply(.squareRoot, [notation(base)]) }
    // Thirds and quarters read as they are, tenths as decimals.
    if exponent.isPositive, !(exponent * Rational(64)).isInteger,
      let decimal = exponent.decimalText
    {
      return .apply(.power, [notation(base), .digits(decimal)])
    }
    let numerator = exponent.numerator.description
    // An exponent may carry a sign.
    let whole = exponent.isNegative ? Notation.verbatim(numerator) : .digits(numerator)
    let quotient = Notation.apply(.divide, [.digits(numerator), digits(exponent.denominator)])
    return .apply(.power, [notation(base), exponent.isInteger ? whole : quotient])
  }

  private func power(_ base: TermID, _ exponent: TermID) -> Notation {
    if let number = table.value(exponent) { return power(base, number) }
    let isAtom = table[exponent].kind == .symbol
    let text = notation(exponent)
    return .apply(.power, [notation(base), isAtom ? text : .group(text)])
  }

  private func application(_ id: TermID, _ term: Term) -> Notation {
    func operand(_ i: Int) -> Notation {
      let own = term.operands[i]
      guard table[own].kind == .sum, names[own] == nil else { return notation(own) }
      let parts = weighted(own)
      // With a hyperparameter for the weight it is an average.
      guard let first = parts.first, table.symbol(of: first.weight) != nil else {
        return notation(own)
      }
      return average(parts) ?? notation(own)
    }
    let detail = table.detail(of: id)
    let scope = Scope.prefix(detail.scope?.rawValue ?? 0)
    let words = detail.text.split(separator: " ")
    switch term.operation {
    case .greater: return comparison(.greater, term.operands[0])
    case .power:
      if term.operands[0] == table.euler { return .apply(.exponential, [operand(1)]) }
      return power(term.operands[0], term.operands[1])
    case .multiply: return .chain(.multiply, term.operands.map { notation($0) })
    case .maximum:
      if let minimum = minimum(id) { return .apply(.negate, [minimum]) }
      return .apply(.maximum, term.operands.map { notation($0) })
    case .select:
      let test = condition(term.operands[0]) ?? .apply(.greater, [operand(0), .number(0)])
      return .conditional(test, operand(1), operand(2))
    case .sum: return .call(scope + "sum", [operand(0)])
    case .maximumOf: return .call(scope + "max", [operand(0)])
    case .globalSum, .globalMaximum:
      let inner = table[term.operands[0]]
      let isOne =
        inner.kind == .apply && (inner.operation == .sum || inner.operation == .maximumOf)
      return isOne ? .global(operand(0)) : .apply(term.operation, [operand(0)])
    case .matrixProduct:
      return .chain(
        .matrixProduct, term.operands.map { bracketed(notation($0), below: .prefix) })
    case .identity:
      return .call("eye", [.verbatim("\(detail.text.split(separator: "×").first ?? "rows")")])
    case .broadcast: return operand(0)
    case .draw: return .call("bernoulli", [operand(0)])
    case .project: return .index(operand(0), "\(words.first ?? "0")")
    case .loop:
      let count = words.last.flatMap { Int($0) } ?? 1
      return .call("repeat", term.operands.prefix(count + 1).map { notation($0) })
    default: return .apply(term.operation, term.operands.indices.map { operand($0) })
    }
  }

  private func isNegated(_ id: TermID) -> Bool {
    let parts = table.monomials(id)
    return !parts.isEmpty && parts.allSatisfy { $0.weight.isNegative }
  }

  /// d > 0, or another comparison of d with 0, with the negative parts on the other side.
  func comparison(_ operation: Operation, _ d: TermID) -> Notation {
    func side(_ sign: Rational) -> Notation {
      notation(
        table.add(
          table.monomials(d).filter { $0.weight.isNegative == sign.isNegative }
            .map { table.scale($0.monomial, by: $0.weight * sign) }))
    }
    if table.monomials(d).allSatisfy({ $0.weight.isNegative }) {
      return .apply(operation.turned, [side(Rational(-1)), .number(0)])
    }
    return .apply(operation, [side(.one), side(Rational(-1))])
  }
}
