import Basics
import IR

/// Gathers the factors of one product and brings it to normal form.
struct ProductBuilder {
  let table: TermTable
  private var weight = Rational.one
  private var exponents: [TermID: Rational] = [:]
  /// What is multiplied at the end: expanded sums.
  private var rest: [TermID] = []
  private var vanishes = false

  init(table: TermTable) { self.table = table }

  mutating func insert(_ base: TermID, _ exponent: Rational) {
    guard !exponent.isZero, base != table.one else { return }
    if let x = table.value(base), exponent.isInteger, let n = exponent.word, !x.isZero,
      let power = table.power(of: x, n)
    {
      weight = weight * power
      return
    }
    guard let old = exponents[base] else {
      exponents[base] = exponent
      return
    }
    let total = old + exponent
    table.note(.powers)
    if old.isNegative != exponent.isNegative, table.value(base) == nil {
      table.note(.cancel)
    }
    if !old.isInteger || !exponent.isInteger, total.isInteger, table.value(base) == nil {
      table.note(.squareOfRoot)
    }
    exponents[base] = total.isZero ? nil : total
  }

  mutating func finish() -> TermID {
    for base in exponents.keys.sorted(by: { $0.raw < $1.raw }) { simplify(base) }
    for base in exponents.keys.sorted(by: { $0.raw < $1.raw }) { combine(base) }
    if vanishes { return table.zero }
    let parts = exponents.filter { !$0.value.isZero }.sorted { $0.key.raw < $1.key.raw }
    var result: TermID
    if parts.isEmpty {
      result = table.one
    } else if parts.count == 1, parts[0].value.isOne, table[parts[0].key].kind != .number {
      result = parts[0].key
    } else {
      result = table.intern(
        Term(kind: .product, operands: parts.map(\.key), weights: parts.map(\.value)))
    }
    for factor in rest where factor != table.one { result = table.multiply(result, factor) }
    return table.scale(result, by: weight)
  }

  private mutating func take(_ base: TermID) { exponents[base] = nil }

  /// The rules of one factor.
  private mutating func simplify(_ base: TermID) {
    guard let exponent = exponents[base] else { return }
    let term = table[base]
    switch term.kind {
    case .number:
      // A root of a number: what has become whole leaves.
      guard let x = table.value(base) else { return }
      if x.isZero {
        if exponent.isPositive { vanishes = true }
        return
      }
      let whole = exponent.floor
      guard let n = whole.word, n != 0, let power = table.power(of: x, n) else { return }
      weight = weight * power
      let left = exponent - Rational(n)
      exponents[base] = left.isZero ? nil : left
    case .sum:
      if exponent.isInteger, exponent.isPositive {
        take(base)
        rest.append(table.power(base, exponent))
      } else if exponent > .one, let n = exponent.floor.word {
        exponents[base] = exponent - Rational(n)
        rest.append(table.power(base, Rational(n)))
      } else if table[base].operands.count == 1 {
        guard exponent.isInteger else { return }
        take(base)
        rest.append(table.power(base, exponent))
      }
    case .product:
      guard exponent.isInteger || exponent.magnitude > .one else { return }
      let n = exponent.isInteger ? exponent : Rational(exponent.floor, .one)
      let left = exponent - n
      exponents[base] = left.isZero ? nil : left
      rest.append(table.power(base, n))
    case .apply: simplify(application: term, base, exponent)
    case .symbol: break
    }
  }

  private mutating func simplify(application term: Term, _ base: TermID, _ exponent: Rational) {
    guard exponent.isInteger, let n = exponent.word else { return }
    if table.isBoolean(base) {
      if n > 1 {
        table.note(.idempotentCondition)
        exponents[base] = .one
      }
      return
    }
    let child = term.operands.first ?? table.one
    switch term.operation {
    case .absolute:
      if n % 2 == 0 {
        table.note(.absoluteSquared)
        take(base)
        rest.append(table.power(child, exponent))
      } else if abs(n) > 1 {
        table.note(.absoluteSquared)
        exponents[base] = Rational(n > 0 ? 1 : -1)
        rest.append(table.power(child, Rational(n > 0 ? n - 1 : n + 1)))
      }
    case .sign:
      if n > 2 {
        table.note(.signCubed)
        exponents[base] = Rational(n % 2 == 0 ? 2 : 1)
      } else if n < 0 {
        table.note(.signCubed)
        exponents[base] = Rational(n % 2 == 0 ? 2 : 1)
      }
    case .cubeRoot:
      if abs(n) >= 3 {
        table.note(.cubeOfCubeRoot)
        let left = n % 3
        exponents[base] = left == 0 ? nil : Rational(left)
        rest.append(table.power(child, Rational(n / 3)))
      }
    case .power:
      // An unexpanded whole power of a sum.
      if n > 0, let r = table.value(term.operands[1]), r.isInteger, n > 1 {
        take(base)
        rest.append(table.opaque(.power, [child, table.number(r * exponent)]))
      } else if let r = table.value(term.operands[1]), !r.isInteger, (r * exponent).isInteger {
        // √(−x)² is −x.
        table.note(.squareOfRoot)
        take(base)
        rest.append(table.power(child, r * exponent))
      }
    default: break
    }
  }

  /// The rules of two factors.
  private mutating func combine(_ base: TermID) {
    guard let exponent = exponents[base] else { return }
    let term = table[base]
    guard term.kind == .apply else { return }
    let child = term.operands.first ?? table.one
    switch term.operation {
    case .greater:
      let opposite = table.positive(table.negate(child))
      if exponents[opposite] != nil {
        table.note(.comparison)
        vanishes = true
      }
    case .power where exponent.isOne:
      // b^(t − 2) b: one power where the first alone could not be split.
      guard let own = exponents[child], own.isInteger, own.isPositive,
        (table.constantPart(term.operands[1]) + table.slack(term.operands[1])).isNegative
      else { return }
      table.note(.powers)
      take(base)
      exponents[child] = nil
      rest.append(table.power(child, table.add(term.operands[1], table.number(own))))
    case .sign where exponent.isInteger && exponent.isPositive:
      combine(sign: base, exponent, of: child)
    case .cubeRoot where exponent.isInteger:
      // g / ∛g is ∛g².
      guard let own = exponents[child], own.isInteger,
        let whole = (own * Rational(3) + exponent).word
      else { return }
      table.note(.cubeOfCubeRoot)
      exponents[base] = whole % 3 == 0 ? nil : Rational(whole % 3)
      exponents[child] = whole / 3 == 0 ? nil : Rational(whole / 3)
    case .absolute where exponent == Rational(-1):
      guard let own = exponents[child], own.isInteger, own.isPositive else { return }
      table.note(.overAbsolute)
      take(base)
      exponents[child] = own.isOne ? nil : own - .one
      rest.append(table.sign(child))
    default: break
    }
  }

  private mutating func combine(sign base: TermID, _ exponent: Rational, of child: TermID) {
    let size = table.opaque(.absolute, [child])
    let own = exponents[child] ?? .zero
    let other = exponents[size] ?? .zero
    // Where x is 0, so is the product, or it is no number.
    let root = exponents[table.opaque(.cubeRoot, [child])] ?? .zero
    let isGoneAtZero = !own.isZero || !other.isZero || !root.isZero
    if exponent == Rational(2) || table.isNonnegative(child) {
      if isGoneAtZero {
        table.note(.signTimesAbsolute)
        take(base)
      }
      return
    }
    guard exponent.isOne else { return }
    if other.isOne {
      table.note(.signTimesAbsolute)
      take(base)
      exponents[size] = nil
      rest.append(child)
    } else if other == Rational(-1) {
      table.note(.signTimesAbsolute)
      take(base)
      exponents[size] = nil
      rest.append(table.power(child, Rational(-1)))
    } else if own.isInteger, own.isPositive {
      table.note(.signTimesAbsolute)
      take(base)
      exponents[child] = own.isOne ? nil : own - .one
      rest.append(size)
    }
  }
}
