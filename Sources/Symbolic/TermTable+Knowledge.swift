import Basics
import IR

/// What is known of a term's value from the domains of its symbols.
extension TermTable {
  package func isNonnegative(_ id: TermID) -> Bool { interval(id).isNonnegative }
  package func isPositive(_ id: TermID) -> Bool { interval(id).isPositive }
  package func isNonzero(_ id: TermID) -> Bool { interval(id).isNonzero }

  /// Whether a term takes only the values 0 and 1.
  package func isBoolean(_ id: TermID) -> Bool {
    let term = self[id]
    return term.kind == .apply && detail(of: id).isBoolean
  }

  /// Whether a term is surely a whole number.
  package func isInteger(_ id: TermID) -> Bool {
    let term = self[id]
    switch term.kind {
    case .number: return term.weights[0].isInteger
    case .symbol: return symbol(of: id)!.isInteger
    case .sum:
      return zip(term.weights, term.operands).allSatisfy { $0.isInteger && isInteger($1) }
    case .product:
      return zip(term.operands, term.weights).allSatisfy {
        isInteger($0) && $1.isInteger && !$1.isNegative
      }
    case .apply:
      switch term.operation {
      case .floor, .ceiling, .round, .sign: return true
      case .maximum, .absolute, .modulo: return term.operands.allSatisfy { isInteger($0) }
      default: return isBoolean(id)
      }
    }
  }

  /// Where the value of a term lies.
  package func interval(_ id: TermID) -> Interval {
    if let known = intervals[id] { return known }
    intervals[id] = .all
    let result = computeInterval(id)
    intervals[id] = result
    return result
  }

  private func computeInterval(_ id: TermID) -> Interval {
    let term = self[id]
    switch term.kind {
    case .number: return .point(term.weights[0])
    case .symbol: return symbol(of: id)!.domain
    case .sum: return sumInterval(term)
    case .product:
      var result = Interval.point(.one)
      for (base, exponent) in zip(term.operands, term.weights) {
        result = result * powerInterval(base, exponent)
      }
      return result
    case .apply: return applicationInterval(id, term)
    }
  }

  private func powerInterval(_ base: TermID, _ exponent: Rational) -> Interval {
    let own = interval(base)
    if exponent.isInteger {
      guard let n = exponent.word else { return own.isNonnegative ? .nonnegative : .all }
      if n > 0 { return own.power(n) }
      if n % 2 == 0, !own.isNonzero { return .positive }
      // Where it is defined, it is not divided by 0.
      if own.isNonnegative { return own.power(-n).positivePart.reciprocal }
      return own.power(-n).reciprocal
    }
    // Where it is a number, a root is not negative.
    let root = own.intersection(.nonnegative).root
    return exponent.isPositive ? root : root.reciprocal.intersection(.positive)
  }

  private func applicationInterval(_ id: TermID, _ term: Term) -> Interval {
    if isBoolean(id) { return .unit }
    func operand(_ i: Int) -> Interval { interval(term.operands[i]) }
    switch term.operation {
    case .absolute:
      return operand(0).magnitude
    case .sign:
      let own = operand(0)
      return Interval(
        own.isPositive ? .one : own.isNonnegative ? .zero : Rational(-1),
        own.isNegative ? Rational(-1) : own.isNonpositive ? .zero : .one)
    case .power:
      let base = operand(0)
      let exponent = operand(1)
      if base.isPositive {
        if exponent.isPositive, let high = base.high, high <= .one {
          return Interval(
            .zero, .one, excludesLow: true, excludesHigh: high < .one || base.excludesHigh)
        }
        if exponent.isNonnegative, let high = base.high, high <= .one {
          return Interval(.zero, .one, excludesLow: true)
        }
        if exponent.isNonnegative, let low = base.low, low >= .one {
          return Interval(.one, nil)
        }
        return .positive
      }
      if base.isNonnegative {
        if exponent.isPositive, let high = base.high, high <= .one {
          return Interval(.zero, .one, excludesHigh: high < .one || base.excludesHigh)
        }
        return .nonnegative
      }
      if let n = value(term.operands[1]), n.isInteger, let k = n.word, k % 2 == 0 {
        return .nonnegative
      }
      // A whole positive power of a number is not farther from 0 than a number below 1.
      let size = base.magnitude
      if let high = size.high, high <= .one, isInteger(term.operands[1]), exponent.isPositive {
        let isOpen = high < .one || size.excludesHigh
        return Interval(Rational(-1), .one, excludesLow: isOpen, excludesHigh: isOpen)
      }
      return .all
    case .maximum:
      return term.operands.dropFirst().reduce(operand(0)) { $0.maximum(interval($1)) }
    case .select: return operand(1).hull(operand(2))
    case .sum, .globalSum:
      let own = operand(0)
      // A tensor has an element.
      let isCounted =
        term.operation == .globalSum || operand(1).low.map { $0 >= .one } ?? false
      if isCounted, own.isNonzero { return own.isPositive ? .positive : -Interval.positive }
      return own.isNonnegative ? .nonnegative : own.isNonpositive ? -Interval.nonnegative : .all
    case .maximumOf, .minimumOf, .globalMaximum, .globalMinimum:
      return operand(0)
    case .transpose, .reshape, .slice, .sort, .gather, .takeAlong: return operand(0)
    case .logarithm:
      let own = operand(0)
      if let low = own.low, low == own.high, low > .one { return .positive }
      if let low = own.low, low >= .one { return .nonnegative }
      if let high = own.high, high < .one { return -Interval.positive }
      if let high = own.high, high <= .one { return -Interval.nonnegative }
      return .all
    case .bfloat16, .float16:
      // Rounding keeps signs, but what is tiny becomes 0.
      let largest =
        term.operation == .float16 ? Rational(65_504) : Rational(255) * Rational(2).power(120)
      let bounds = Interval(-largest, largest)
      let own = operand(0)
      return own.isNonnegative
        ? bounds.intersection(.nonnegative)
        : own.isNonpositive ? bounds.intersection(-.nonnegative) : bounds
    default:
      let own = Interval(term.operation.info.values)
      guard term.operation.info.parity == .rising, own == .all else { return own }
      let inner = operand(0)
      return inner.isPositive
        ? .positive : inner.isNonnegative ? .nonnegative : inner.isNonpositive ? -.nonnegative : own
    }
  }

  private func sumInterval(_ term: Term) -> Interval {
    var plain = Interval.point(.zero)
    for (weight, monomial) in zip(term.weights, term.operands) {
      plain = plain + Interval.point(weight) * interval(monomial)
    }
    if plain.isNonzero || term.operands.count < 2 { return plain }
    // Like data together: g² − β g² is (1 − β) g².
    var groups: [TermID: [TermID: Rational]] = [:]
    for (weight, monomial) in zip(term.weights, term.operands) {
      let (data, scale) = split(monomial) { isData($0) }
      groups[data, default: [:]][scale, default: .zero] =
        (groups[data]?[scale] ?? .zero) + weight
    }
    var grouped = Interval.point(.zero)
    for (data, coefficients) in groups.sorted(by: { $0.key.raw < $1.key.raw }) {
      grouped = grouped + interval(data) * multilinearInterval(coefficients)
    }
    let result = plain.intersection(grouped)
    if result.isNonnegative || result.isNonpositive { return result }
    let whole = sum(of: term)
    return result.intersection(squareInterval(whole))
      .intersection(-squareInterval(scale(whole, by: Rational(-1))))
  }

  private func sum(of term: Term) -> TermID {
    sum(Dictionary(uniqueKeysWithValues: zip(term.operands, term.weights)))
  }

  /// Where a sum lies that is the square of a polynomial; everywhere if it is none. Of numbers alone the polynomial may
  /// have roots: with symbols to look for those takes most of a comparison.
  private func squareInterval(_ id: TermID) -> Interval {
    let division = PolynomialDivision(table: self)
    let root = symbols(in: id).isEmpty ? division.squareRoot(id) : division.plainRoot(id)
    guard let root else { return .all }
    return Interval(.zero, nil, excludesLow: isNonzero(root))
  }

  /// Where a polynomial in hyperparameters lies. One that is linear in each of at most five
  /// quantities takes its extreme values at the corners of their box.
  private func multilinearInterval(_ coefficients: [TermID: Rational]) -> Interval {
    var plain = Interval.point(.zero)
    var atoms: [TermID] = []
    var isMultilinear = true
    for (monomial, weight) in coefficients.sorted(by: { $0.key.raw < $1.key.raw }) {
      plain = plain + Interval.point(weight) * interval(monomial)
      for (base, exponent) in factors(monomial) {
        if !exponent.isOne { isMultilinear = false }
        if !atoms.contains(base) { atoms.append(base) }
      }
    }
    if 2...6 ~= coefficients.count {
      // ε − β ε is ε (1 − β), whatever ε is.
      let (weight, common, rest) = content(sum(coefficients))
      if common != one {
        return plain.intersection(.point(weight) * interval(common) * interval(rest))
      }
    }
    guard isMultilinear, atoms.count <= 5, atoms.count > 0, coefficients.count > 1 else {
      return isMultilinear ? plain : plain.intersection(squareInterval(sum(coefficients)))
    }
    let boxes = atoms.map { interval($0) }
    guard boxes.allSatisfy({ $0.isBounded }) else { return plain }
    func corner(_ bits: Int) -> Rational {
      var total = Rational.zero
      for (monomial, weight) in coefficients {
        var product = weight
        for (base, _) in factors(monomial) {
          let i = atoms.firstIndex(of: base)!
          product = product * (bits >> i & 1 == 1 ? boxes[i].high! : boxes[i].low!)
        }
        total = total + product
      }
      return total
    }
    let corners = (0..<(1 << atoms.count)).map { corner($0) }
    guard let low = corners.min(), let high = corners.max() else { return plain }
    let powers = [1, 3, 9, 27, 81, 243]
    // A bound is attained on some face made of attained ends, or inside along the other axes.
    func isAttained(_ bound: Rational) -> Bool {
      (0..<powers[atoms.count]).contains { face in
        // 0: low end, 1: high end, 2: inside.
        func state(_ i: Int) -> Int { face / powers[i] % 3 }
        return atoms.indices.allSatisfy {
          state($0) == 2 || (state($0) == 0 ? !boxes[$0].excludesLow : !boxes[$0].excludesHigh)
        }
          && corners.indices.allSatisfy { bits in
            corners[bits] == bound
              || !atoms.indices.allSatisfy { state($0) == 2 || state($0) == (bits >> $0 & 1) }
          }
      }
    }
    return Interval(
      low, high, excludesLow: !isAttained(low), excludesHigh: !isAttained(high))
  }
}
