import IR

/// Writes terms as `.opt` expressions.
package struct TermPrinter {
  let table: TermTable
  /// Names for symbols, where they are not their own.
  package var names: [TermID: String] = [:]

  /// Parts that are written out before the rest is `…`: a term shares its parts, and a text does not.
  package static let longest = 4_000

  /// How many more parts of the text that is being written there may be.
  private final class Room {
    var left = TermPrinter.longest
    var depth = 0
    var isCut = false
  }
  private let room = Room()

  package init(_ table: TermTable) { self.table = table }

  /// Whether something was too long to be written out.
  package var isCut: Bool { room.isCut }

  package func text(_ id: TermID) -> String { text(id, 0) }

  /// As one factor of a product.
  package func factor(_ id: TermID) -> String { text(id, 6) }

  /// As the base of a power.
  package func atom(_ id: TermID) -> String { text(id, 9) }

  /// With the common factors of numerator and denominator in front.
  package func factored(_ id: TermID) -> String {
    var (weight, common, rest) = table.content(id)
    if rest == table.one { return text(id) }
    if weight.isNegative, table.monomials(rest).contains(where: { $0.weight.isNegative }) {
      weight = -weight
      rest = table.negate(rest)
    }
    var above: [String] = []
    var below: [String] = []
    let size = weight.magnitude
    if size.numerator != .one { above.append(size.numerator.description) }
    if size.denominator != .one { below.append(size.denominator.description) }
    for (base, exponent) in sortedFactors(common) {
      if exponent.isNegative {
        below.append(power(base, -exponent))
      } else {
        above.append(power(base, exponent))
      }
    }
    above.append(above.isEmpty && below.isEmpty && !weight.isNegative ? text(rest) : text(rest, 6))
    var result = above.joined(separator: " * ")
    if below.count == 1 {
      result += " / " + below[0]
    } else if below.count > 1 {
      result += " / (" + below.joined(separator: " * ") + ")"
    }
    return weight.isNegative ? "-" + result : result
  }

  /// A sum by its data: `β * m + (1 - β) * g`, and `ema(m, g, β)` where it is one.
  package func collected(_ id: TermID) -> String {
    var groups: [TermID: [TermID]] = [:]
    var order: [TermID] = []
    for (weight, monomial) in table.monomials(id) {
      var data: [Factor] = []
      var scale: [Factor] = []
      for factor in table.factors(monomial) {
        if table.isData(factor.base) { data.append(factor) } else { scale.append(factor) }
      }
      let key = table.product(data)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(table.scale(table.product(scale), by: weight))
    }
    let parts = order.map { (key: $0, weight: table.reduced(table.add(groups[$0]!))) }
      .sorted { size($0.weight) < size($1.weight) }
    if parts.count == 2, parts[0].key != table.one, parts[1].key != table.one,
      table.add(parts[0].weight, parts[1].weight) == table.one
    {
      let (x, y) = (parts[0], parts[1])
      return "ema(\(text(x.key)), \(text(y.key)), \(text(x.weight)))"
    }
    var result = ""
    for (key, weight) in parts {
      let isNegative = table.content(weight).weight.isNegative
      let size = isNegative ? table.negate(weight) : weight
      let part =
        key == table.one
        ? text(size, 6) : size == table.one ? text(key, 6) : "\(factor(size)) * \(text(key, 7))"
      result +=
        result.isEmpty ? (isNegative ? "-" : "") + part : (isNegative ? " - " : " + ") + part
    }
    return result.isEmpty ? "0" : result
  }

  /// `w - lr * (…)`: a next value by what is subtracted, its common factors in front.
  package func move(_ next: TermID, from weight: TermID) -> String {
    let difference = table.reduced(table.subtract(weight, next))
    if difference == table.zero { return text(weight) }
    let (size, common, rest) = table.content(difference)
    if table.contains(common, weight) || rest == table.one {
      return "\(text(weight)) - \(factored(difference, 6))"
    }
    let outside = table.scale(common, by: size)
    let inner = collected(rest)
    let sign = size.isNegative ? "+" : "-"
    let factor = table.scale(outside, by: size.isNegative ? Rational(-1) : .one)
    return factor == table.one
      ? "\(text(weight)) \(sign) (\(inner))"
      : "\(text(weight)) \(sign) \(text(factor, 6)) * (\(inner))"
  }

  private func factored(_ id: TermID, _ outer: Int) -> String { text(id, outer) }

  private func size(_ id: TermID) -> Int { table.size(id) * 1_000_000 + Int(id.raw) }

  /// Precedence: 4 comparison, 5 + −, 6 * /, 7 unary −, 8 ^, 9 atoms.
  private func text(_ id: TermID, _ outer: Int) -> String {
    if let name = names[id] { return name }
    if room.depth == 0 { room.left = Self.longest }
    room.left -= 1
    if room.left <= 0 {
      room.isCut = true
      return "…"
    }
    room.depth += 1
    defer { room.depth -= 1 }
    func wrap(_ level: Int, _ text: String) -> String { level < outer ? "(\(text))" : text }
    let term = table[id]
    switch term.kind {
    case .number:
      let x = term.weights[0]
      let text = x.description
      if text.contains("/") { return wrap(6, text) }
      return x.isNegative ? wrap(7, text) : text
    case .symbol: return table.symbol(of: id)!.name
    case .sum: return sum(id, outer)
    case .product: return sum(id, outer)
    case .apply: return application(id, term, outer)
    }
  }

  /// Positive monomials first, the constant before or after them as it reads best.
  private func sum(_ id: TermID, _ outer: Int) -> String {
    let (found, turned) = turned(table.monomials(id))
    if let turned { return turned.sum(found, outer) }
    return sum(found, outer)
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
  private func minimum(_ id: TermID) -> String? {
    let term = table[id]
    guard term.kind == .apply, term.operation == .maximum,
      term.operands.allSatisfy({ isNegated($0) })
    else { return nil }
    return "min(\(term.operands.map { text(table.negate($0), 0) }.joined(separator: ", ")))"
  }

  private func sum(_ all: [Monomial], _ outer: Int) -> String {
    var parts = all
    if parts.count == 1 { return product(parts[0].weight, parts[0].monomial, outer) }
    // 1 / 2 (a − b) rather than a / 2 − b / 2 where all share a divisor.
    parts.sort { x, y in
      let xFirst = x.weight.isNegative ? 1 : 0
      let yFirst = y.weight.isNegative ? 1 : 0
      return (xFirst, degree(x.monomial), x.monomial.raw)
        < (yFirst, degree(y.monomial), y.monomial.raw)
    }
    var result = ""
    for (i, (weight, monomial)) in parts.enumerated() {
      if i == 0 {
        result = product(weight, monomial, 5)
      } else {
        result +=
          (weight.isNegative ? " - " : " + ") + product(weight.magnitude, monomial, 6)
      }
    }
    return 5 < outer ? "(\(result))" : result
  }

  private func degree(_ id: TermID) -> Int { id == table.one ? 0 : 1 }

  private func product(_ weight: Rational, _ monomial: TermID, _ outer: Int) -> String {
    if monomial == table.one { return text(table.number(weight), outer) }
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
        copy.names[base] = powerText(table[base].operands[0], exponent)
      }
      let parts = factors.map { copy.power($0.base, $0.exponent) }
      if parts.count == 1, weight.isOne { return 8 < outer ? "(\(parts[0]))" : parts[0] }
      let number = size.isOne ? [] : [text(table.number(size), 7)]
      let result = (weight.isNegative ? "-" : "") + (number + parts).joined(separator: " * ")
      return outer > 5 ? "(\(result))" : result
    }
    if size.isOne, factors.count == 1, !factors[0].exponent.isNegative {
      let level = weight.isNegative ? 7 : outer
      let single =
        factors[0].exponent.isOne
        ? text(factors[0].base, level) : power(factors[0].base, factors[0].exponent, level)
      if !weight.isNegative { return single }
      return 7 <= outer ? "(-\(single))" : "-\(single)"
    }
    var above: [String] = []
    var below: [String] = []
    for (base, exponent) in factors {
      if exponent.isNegative {
        below.append(power(base, -exponent))
      } else {
        above.append(power(base, exponent))
      }
    }
    if !size.isOne {
      if let decimal = size.decimalText {
        above.insert(decimal, at: 0)
      } else {
        if size.numerator != .one { above.insert(size.numerator.description, at: 0) }
        below.insert(size.denominator.description, at: 0)
      }
    }
    if above.isEmpty { above = ["1"] }
    var result = above.joined(separator: " * ")
    if below.count == 1 {
      result += " / " + below[0]
    } else if below.count > 1 {
      result += " / (" + below.joined(separator: " * ") + ")"
    }
    if weight.isNegative { return outer > 5 ? "(-\(result))" : "-\(result)" }
    return 6 < outer ? "(\(result))" : result
  }

  /// Hyperparameters first, then t, then data.
  private func sortedFactors(_ monomial: TermID) -> [Factor] {
    table.factors(monomial).sorted { x, y in
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

  private func power(_ base: TermID, _ exponent: Rational, _ outer: Int = 7) -> String {
    if exponent.isOne { return text(base, 7) }
    if exponent == .half { return "sqrt(\(text(base, 0)))" }
    let result =
      exponent.isInteger
      ? "\(text(base, 9))^\(exponent.numerator)"
      : "\(text(base, 9))^(\(exponent.numerator) / \(exponent.denominator))"
    return outer > 8 ? "(\(result))" : result
  }

  private func powerText(_ base: TermID, _ exponent: TermID) -> String {
    let isAtom = table[exponent].kind == .symbol
    let text = text(exponent, 0)
    return "\(self.text(base, 9))^\(isAtom ? text : "(\(text))")"
  }

  private func application(_ id: TermID, _ term: Term, _ outer: Int) -> String {
    func wrap(_ level: Int, _ text: String) -> String { level < outer ? "(\(text))" : text }
    func operand(_ i: Int) -> String { text(term.operands[i], 0) }
    let detail = table.detail(of: id)
    switch term.operation {
    case .greater:
      let (left, right) = comparison(term.operands[0])
      return wrap(4, "\(left) > \(right)")
    case .divide:
      // The mark of a quotient that is 1 where it is defined.
      let inside = text(term.operands[0], 7)
      let above = detail.text == "unit" ? inside : "sqrt(\(operand(0)))^2"
      return outer > 5 ? "(\(above) / \(inside))" : "\(above) / \(inside)"
    case .power:
      let base = text(term.operands[0], 9)
      let exponent = text(term.operands[1], 0)
      let isAtom = table[term.operands[1]].kind == .symbol
      if term.operands[0] == table.euler, table.symbol(of: term.operands[0]) != nil {
        return "exp(\(exponent))"
      }
      return wrap(8, "\(base)^\(isAtom ? exponent : "(\(exponent))")")
    case .multiply: return wrap(6, term.operands.map { text($0, 6) }.joined(separator: " * "))
    case .maximum:
      if let minimum = minimum(id) { return wrap(7, "-\(minimum)") }
      return "max(\(term.operands.map { text($0, 0) }.joined(separator: ", ")))"
    case .select:
      return wrap(
        1, "if \(operand(0)) then \(text(term.operands[1], 1)) else \(text(term.operands[2], 1))")
    case .modulo: return wrap(6, "\(text(term.operands[0], 6)) mod \(text(term.operands[1], 7))")
    case .sum: return "\(scopePrefix(detail))sum(\(operand(0)))"
    case .maximumOf: return "\(scopePrefix(detail))max(\(operand(0)))"
    case .globalSum, .globalMaximum:
      let inner = table[term.operands[0]]
      if inner.kind == .apply, inner.operation == .sum || inner.operation == .maximumOf {
        return "global \(operand(0))"
      }
      return "global \(term.operation == .globalSum ? "sum" : "max")(\(operand(0)))"
    case .matrixProduct:
      return wrap(6, term.operands.map { text($0, 7) }.joined(separator: " @ "))
    case .transpose: return "\(text(term.operands[0], 9)).T"
    case .identity: return "eye(\(detail.text.split(separator: "×").first ?? "rows"))"
    case .broadcast: return operand(0)
    case .draw: return "bernoulli(\(operand(0)))"
    case .project:
      return "\(operand(0))[\(detail.text.split(separator: " ").first ?? "0")]"
    case .loop:
      let count = Int(detail.text.split(separator: " ").last ?? "1") ?? 1
      let initial = term.operands.dropFirst().prefix(count).map { text($0, 0) }
      return "repeat(\(operand(0)), \(initial.joined(separator: ", ")))"
    default:
      let inner = term.operands.map { text($0, 0) }.joined(separator: ", ")
      return "\(term.operation.info.name)(\(inner))"
    }
  }

  private func isNegated(_ id: TermID) -> Bool {
    let parts = table.monomials(id)
    return !parts.isEmpty && parts.allSatisfy { $0.weight.isNegative }
  }

  /// d > 0 with the negative parts on the other side.
  private func comparison(_ d: TermID) -> (String, String) {
    let parts = table.monomials(d)
    let left = table.add(
      parts.filter { !$0.weight.isNegative }.map { table.scale($0.monomial, by: $0.weight) })
    let right = table.add(
      parts.filter { $0.weight.isNegative }.map { table.scale($0.monomial, by: -$0.weight) })
    return (text(left, 5), text(right, 5))
  }

  private func scopePrefix(_ detail: Detail) -> String {
    switch detail.scope {
    case .perRow: "row_"
    case .perColumn: "col_"
    default: ""
    }
  }
}
