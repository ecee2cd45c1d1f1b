import Basics

/// Where a number lies: between two bounds, each of which is attained or not; a missing bound is
/// infinite.
package struct Stretch: Hashable, Sendable {
  package struct End: Hashable, Sendable {
    package var value: Rational
    package var isOpen: Bool
  }
  package var low: End?
  package var high: End?

  init(low: End?, high: End?) { (self.low, self.high) = (low, high) }

  package init(_ low: Rational?, _ high: Rational?, open: Bool = false) {
    self.low = low.map { End(value: $0, isOpen: open) }
    self.high = high.map { End(value: $0, isOpen: open) }
  }

  package static let all = Stretch(nil, nil)
  package static let nonnegative = Stretch(.zero, nil)
  package static let positive = Stretch(.zero, nil, open: true)
  package static let negative = Stretch(nil, .zero, open: true)
  package static let nonpositive = Stretch(nil, .zero)
  package static let unit = Stretch(.zero, .one)
  package static let signs = Stretch(Rational(-1), .one)
  package static let openSigns = Stretch(Rational(-1), .one, open: true)

  package var isNonnegative: Bool { low.map { !$0.value.isNegative } ?? false }
  package var isPositive: Bool {
    low.map { $0.value.isPositive || ($0.value.isZero && $0.isOpen) } ?? false
  }
  package var isNonpositive: Bool { (-self).isNonnegative }
  package var isNegative: Bool { (-self).isPositive }
  package var isNonzero: Bool { isPositive || isNegative }
  /// What its sign says.
  package var ofSign: Stretch {
    if isPositive || isNegative { return isPositive ? .positive : .negative }
    return isNonnegative ? .nonnegative : isNonpositive ? .nonpositive : .all
  }
  package var isEmpty: Bool {
    guard let low, let high else { return false }
    return low.value > high.value || (low.value == high.value && (low.isOpen || high.isOpen))
  }

  package static prefix func - (x: Stretch) -> Stretch {
    func turned(_ end: End?) -> End? { end.map { End(value: -$0.value, isOpen: $0.isOpen) } }
    return Stretch(low: turned(x.high), high: turned(x.low))
  }

  package static func + (x: Stretch, y: Stretch) -> Stretch {
    func sum(_ a: End?, _ b: End?) -> End? {
      guard let a, let b else { return nil }
      return End(value: a.value + b.value, isOpen: a.isOpen || b.isOpen)
    }
    return Stretch(low: sum(x.low, y.low), high: sum(x.high, y.high))
  }

  package func scaled(by factor: Rational) -> Stretch {
    if factor.isZero { return Stretch(.zero, .zero) }
    if factor.isNegative { return (-self).scaled(by: -factor) }
    func times(_ end: End?) -> End? { end.map { End(value: $0.value * factor, isOpen: $0.isOpen) } }
    return Stretch(low: times(low), high: times(high))
  }

  /// Of a product. Where signs are mixed only bounds on both sides bound it.
  package static func * (x: Stretch, y: Stretch) -> Stretch {
    if x.isNonpositive, !x.isNonnegative { return -((-x) * y) }
    if y.isNonpositive, !y.isNonnegative { return -(x * (-y)) }
    if x.isNonnegative, y.isNonnegative {
      let low = End(
        value: x.low!.value * y.low!.value,
        isOpen: x.isPositive && y.isPositive && (x.low!.isOpen || y.low!.isOpen))
      guard let a = x.high, let b = y.high else { return Stretch(low: low, high: nil) }
      let product = a.value * b.value
      return Stretch(
        low: low, high: End(value: product, isOpen: product.isPositive && (a.isOpen || b.isOpen)))
    }
    guard let a = x.low?.value, let b = x.high?.value, let c = y.low?.value, let d = y.high?.value
    else { return .all }
    let ends = [a * c, a * d, b * c, b * d]
    return Stretch(ends.min()!, ends.max()!)
  }

  /// x^n for a whole n ≥ 1.
  package func power(_ n: Int) -> Stretch {
    let isLong = [low, high].contains { ($0?.value.bits ?? 0) * n > 20_000 }
    func raised(_ end: End?) -> End? {
      end.map { End(value: $0.value.power(n), isOpen: $0.isOpen) }
    }
    if n % 2 == 0, !isNonnegative {
      if isNonpositive { return (-self).power(n) }
      if isLong { return .nonnegative }
      return Stretch(low: End(value: .zero, isOpen: false), high: raised(larger(-self).high))
    }
    if isLong { return isPositive ? .positive : isNonnegative ? .nonnegative : .all }
    return Stretch(low: raised(low), high: raised(high))
  }

  /// 1 / x, where 1 / 0 is 0.
  package var inverse: Stretch {
    if isPositive {
      let least = high.map { End(value: $0.value.reciprocal, isOpen: $0.isOpen) }
      let most = low!.value.isZero ? nil : End(value: low!.value.reciprocal, isOpen: low!.isOpen)
      return Stretch(low: least ?? End(value: .zero, isOpen: true), high: most)
    }
    if isNegative { return -(-self).inverse }
    return isNonnegative ? .nonnegative : isNonpositive ? .nonpositive : .all
  }

  package func intersection(_ other: Stretch) -> Stretch {
    func tighter(_ a: End?, _ b: End?, _ isTighter: (Rational, Rational) -> Bool) -> End? {
      guard let a, let b else { return a ?? b }
      if a.value == b.value { return End(value: a.value, isOpen: a.isOpen || b.isOpen) }
      return isTighter(a.value, b.value) ? a : b
    }
    return Stretch(low: tighter(low, other.low, >), high: tighter(high, other.high, <))
  }

  /// Where the larger of two numbers lies.
  package func larger(_ other: Stretch) -> Stretch {
    let a = intersection(Stretch(low: other.low, high: nil)).low
    guard let x = high, let y = other.high else { return Stretch(low: a, high: nil) }
    return Stretch(
      low: a,
      high: x.value == y.value
        ? End(value: x.value, isOpen: x.isOpen && y.isOpen) : x.value > y.value ? x : y)
  }
}
