import Basics
import IR

/// Where a number lies: exact bounds, each attained or not; a missing bound is infinite.
package struct Interval: Hashable, Sendable, CustomStringConvertible {
  package var low: Rational?
  package var high: Rational?
  package var excludesLow: Bool
  package var excludesHigh: Bool

  package init(
    _ low: Rational?, _ high: Rational?, excludesLow: Bool = false, excludesHigh: Bool = false
  ) {
    self.low = low
    self.high = high
    self.excludesLow = excludesLow
    self.excludesHigh = excludesHigh
  }

  package static let all = Interval(nil, nil)
  package static let nonnegative = Interval(.zero, nil)
  package static let positive = Interval(.zero, nil, excludesLow: true)
  package static let unit = Interval(.zero, .one)
  package static let signs = Interval(Rational(-1), .one)

  package init(_ values: ValueBounds) {
    self =
      switch values {
      case .all, .asOperand, .asOperands: .all
      case .nonNegative: .nonnegative
      case .positive: .positive
      case .atLeastOne: Interval(.one, nil)
      case .unit, .truth: .unit
      case .signs: .signs
      case .insideSigns: Interval(Rational(-1), .one, excludesLow: true, excludesHigh: true)
      }
  }

  package static func point(_ x: Rational) -> Interval { Interval(x, x) }

  package var isNonnegative: Bool { low.map { !$0.isNegative } ?? false }
  package var isPositive: Bool {
    low.map { $0.isPositive || ($0.isZero && excludesLow) } ?? false
  }
  package var isNonpositive: Bool { high.map { !$0.isPositive } ?? false }
  package var isNegative: Bool {
    high.map { $0.isNegative || ($0.isZero && excludesHigh) } ?? false
  }
  package var isNonzero: Bool { isPositive || isNegative }
  /// Whether |x| < 1.
  var isInsideSigns: Bool {
    magnitude.high.map { $0 < .one || ($0 == .one && magnitude.excludesHigh) } ?? false
  }
  package var isBounded: Bool { low != nil && high != nil }
  /// Whether there is no number in it.
  package var isEmpty: Bool {
    guard let low, let high else { return false }
    return low > high || (low == high && (excludesLow || excludesHigh))
  }

  package static prefix func - (x: Interval) -> Interval {
    Interval(
      x.high.map { -$0 }, x.low.map { -$0 }, excludesLow: x.excludesHigh,
      excludesHigh: x.excludesLow)
  }

  package static func + (x: Interval, y: Interval) -> Interval {
    var result = Interval.all
    if let a = x.low, let b = y.low {
      result.low = a + b
      result.excludesLow = x.excludesLow || y.excludesLow
    }
    if let a = x.high, let b = y.high {
      result.high = a + b
      result.excludesHigh = x.excludesHigh || y.excludesHigh
    }
    return result
  }

  /// One end of a product: its value (nil is infinite, of the given sign) and whether it is attained.
  private struct End {
    var value: Rational?
    var sign: Int
    var isOpen: Bool
  }

  private var ends: [End] {
    [
      End(
        value: low, sign: low.map { $0.isNegative ? -1 : $0.isZero ? 0 : 1 } ?? -1,
        isOpen: low == nil || excludesLow),
      End(
        value: high, sign: high.map { $0.isNegative ? -1 : $0.isZero ? 0 : 1 } ?? 1,
        isOpen: high == nil || excludesHigh),
    ]
  }

  package static func * (x: Interval, y: Interval) -> Interval {
    var finite: Interval?
    var reachesLow = false
    var reachesHigh = false
    for a in x.ends {
      for b in y.ends {
        let sign = a.sign * b.sign
        if sign != 0, a.value == nil || b.value == nil {
          if sign > 0 { reachesHigh = true } else { reachesLow = true }
          continue
        }
        // 0 times an end at infinity is 0, the numbers themselves being finite; it is attained
        // where either factor attains it.
        let isOpen =
          sign == 0
          ? !((a.sign == 0 && !a.isOpen) || (b.sign == 0 && !b.isOpen)) : a.isOpen || b.isOpen
        let product = sign == 0 ? .zero : a.value! * b.value!
        let end = Interval(product, product, excludesLow: isOpen, excludesHigh: isOpen)
        finite = finite.map { $0.hull(end) } ?? end
      }
    }
    var result = finite ?? .all
    if reachesLow {
      result.low = nil
      result.excludesLow = false
    }
    if reachesHigh {
      result.high = nil
      result.excludesHigh = false
    }
    return result
  }

  /// The smallest interval that holds both.
  package func hull(_ other: Interval) -> Interval {
    var result = self
    if let a = low, let b = other.low {
      if b < a {
        result.low = b
        result.excludesLow = other.excludesLow
      } else if a == b {
        result.excludesLow = excludesLow && other.excludesLow
      }
    } else {
      result.low = nil
      result.excludesLow = false
    }
    if let a = high, let b = other.high {
      if b > a {
        result.high = b
        result.excludesHigh = other.excludesHigh
      } else if a == b {
        result.excludesHigh = excludesHigh && other.excludesHigh
      }
    } else {
      result.high = nil
      result.excludesHigh = false
    }
    return result
  }

  /// What lies in both.
  package func intersection(_ other: Interval) -> Interval {
    var result = self
    if let b = other.low, low.map({ b > $0 || (b == $0 && other.excludesLow) }) ?? true {
      result.low = b
      result.excludesLow = other.excludesLow
    }
    if let b = other.high, high.map({ b < $0 || (b == $0 && other.excludesHigh) }) ?? true {
      result.high = b
      result.excludesHigh = other.excludesHigh
    }
    return result
  }

  /// Where the larger of two numbers lies.
  package func maximum(_ other: Interval) -> Interval {
    var result = Interval.all
    switch (low, other.low) {
    case (nil, _): (result.low, result.excludesLow) = (other.low, other.excludesLow)
    case (_, nil): (result.low, result.excludesLow) = (low, excludesLow)
    case (let a?, let b?):
      result.low = max(a, b)
      result.excludesLow =
        a == b ? excludesLow || other.excludesLow : a > b ? excludesLow : other.excludesLow
    }
    if let a = high, let b = other.high {
      result.high = max(a, b)
      result.excludesHigh =
        a == b ? excludesHigh && other.excludesHigh : a > b ? excludesHigh : other.excludesHigh
    }
    return result
  }

  /// Without 0, of an interval that is not negative.
  var positivePart: Interval { intersection(.positive) }

  /// 1 / x where 0 is not inside.
  package var reciprocal: Interval {
    if let high, high.isZero, isPositive { return .all }
    if isPositive {
      return Interval(
        high.map { $0.reciprocal } ?? .zero, low.flatMap { $0.isZero ? nil : $0.reciprocal },
        excludesLow: excludesHigh || high == nil, excludesHigh: excludesLow)
    }
    if isNegative { return -(-self).reciprocal }
    return .all
  }

  /// Powers above this are known by a bound on one side.
  private static let exactPower = 64

  /// x^n for a whole n ≥ 1.
  package func power(_ n: Int) -> Interval {
    if n == 1 { return self }
    if n > Self.exactPower {
      if isNonnegative {
        let (least, most) = (low!, high)
        // Beyond 1 it grows with n, below 1 it falls.
        let known = power(Self.exactPower)
        return Interval(
          least >= .one ? known.low : .zero, most.map { $0 <= .one } ?? false ? known.high : nil,
          excludesLow: least >= .one ? known.excludesLow : isPositive,
          excludesHigh: known.excludesHigh)
      }
      if isNonpositive { return n % 2 == 0 ? (-self).power(n) : -(-self).power(n) }
      let size = Interval(.zero, isBounded ? max(-low!, high!) : nil).power(n)
      return n % 2 == 0 ? size : Interval(size.high.map { -$0 }, size.high)
    }
    if isNonnegative {
      return Interval(
        low!.power(n), high?.power(n), excludesLow: excludesLow, excludesHigh: excludesHigh)
    }
    if n % 2 == 1 {
      return Interval(
        low?.power(n), high?.power(n), excludesLow: excludesLow, excludesHigh: excludesHigh)
    }
    if isNonpositive { return (-self).power(n) }
    return magnitude.power(n)
  }

  /// Where |x| lies.
  package var magnitude: Interval {
    if isNonnegative { return self }
    if isNonpositive { return -self }
    guard let low, let high else { return .nonnegative }
    let isOpen =
      -low == high ? excludesLow && excludesHigh : -low > high ? excludesLow : excludesHigh
    return Interval(.zero, max(-low, high), excludesHigh: isOpen)
  }

  /// x^p for a p > 0 that is not whole, where it is a number (x ≥ 0).
  package var root: Interval {
    if let low, low >= .one { return Interval(.one, nil, excludesLow: low > .one || excludesLow) }
    let isLow = low.map { $0.isPositive || ($0.isZero && excludesLow) } ?? false
    if let high, high <= .one {
      return Interval(
        .zero, .one, excludesLow: isLow, excludesHigh: high < .one || excludesHigh)
    }
    return Interval(.zero, nil, excludesLow: isLow)
  }

  package func contains(_ x: Rational) -> Bool {
    if let low, x < low || (excludesLow && x == low) { return false }
    if let high, x > high || (excludesHigh && x == high) { return false }
    return true
  }

  package var description: String {
    "\(low == nil || excludesLow ? "(" : "[")\(low?.description ?? "-inf"), "
      + "\(high?.description ?? "inf")\(high == nil || excludesHigh ? ")" : "]")"
  }
}
