import Basics
import IR

/// Whole numbers next to others.
extension TermTable {
  /// The whole number below x, above it, or whichever is nearer. Whole parts leave, even ones where halves
  /// go to the even number, and so does the sign.
  func rounded(_ operation: Operation, _ x: TermID) -> TermID {
    if isInteger(x) { return x }
    if let r = value(x) {
      let low = r.floor
      let rest = r - Rational(low, .one)
      let isUp =
        operation == .ceiling
        ? !rest.isZero
        : operation == .round && (rest > .half || (rest == .half && !low.isEven))
      return number(Rational(isUp ? low + 1 : low, .one))
    }
    let x = reduced(x)
    var (inside, outside): ([TermID], [TermID]) = ([], [])
    for (weight, monomial) in monomials(x) {
      let isWhole =
        isInteger(monomial) && weight.isInteger && (operation != .round || weight.numerator.isEven)
      let part = scale(monomial, by: weight)
      if isWhole { outside.append(part) } else { inside.append(part) }
    }
    if !outside.isEmpty { return add(outside + [rounded(operation, add(inside))]) }
    guard content(x).weight.isNegative else { return opaque(operation, [x]) }
    note(.oddFunction)
    let mirrored: [Operation: Operation] = [.floor: .ceiling, .ceiling: .floor]
    return negate(opaque(mirrored[operation] ?? operation, [negate(x)]))
  }

  /// a mod b. Multiples of a number b leave.
  func modulo(_ a: TermID, _ b: TermID) -> TermID {
    guard let divisor = value(b), !divisor.isZero else {
      return opaque(.modulo, [reduced(a), reduced(b)])
    }
    if let a = value(a) { return number(a - divisor * Rational((a / divisor).floor, .one)) }
    let parts = monomials(reduced(a)).map { scale($0.monomial, by: $0.weight) }
    let rest = parts.filter { !isInteger(scale($0, by: divisor.reciprocal)) }
    return rest.count < parts.count
      ? modulo(add(rest), b) : opaque(.modulo, [add(rest), b])
  }

  /// n + r > 0 for a whole n and an r that is none: n is above the next smaller whole number.
  func wholeBound(_ d: TermID) -> TermID? {
    let r = constantPart(d)
    let n = subtract(d, number(r))
    if r.isInteger || n == zero || !isInteger(n) { return nil }
    let below = number(Rational((-r).floor, .one))
    guard monomials(n).allSatisfy({ $0.weight.isNegative }) else {
      return positive(subtract(n, below))
    }
    return logicalNot(positive(add([negate(n), below, one])))
  }
}
