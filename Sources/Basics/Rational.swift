import Platform

/// A quotient of whole numbers in lowest terms, the denominator positive.
package struct Rational: Hashable, Sendable {
  package let numerator: BigInteger
  package let denominator: BigInteger

  /// Precondition: the denominator is not 0.
  package init(_ numerator: BigInteger, _ denominator: BigInteger) {
    precondition(!denominator.isZero, "a quotient by zero")
    if denominator == .one {
      self.numerator = numerator
      self.denominator = .one
      return
    }
    let g = BigInteger.gcd(numerator, denominator)
    let sign: BigInteger = denominator.isNegative ? -1 : 1
    self.numerator = numerator / g * sign
    self.denominator = denominator / g * sign
  }

  package init(_ x: Int) {
    numerator = BigInteger(x)
    denominator = .one
  }

  package init(_ p: Int, _ q: Int) { self.init(BigInteger(p), BigInteger(q)) }

  package static let zero = Rational(0)
  package static let one = Rational(1)
  package static let half = Rational(1, 2)

  package var isZero: Bool { numerator.isZero }
  package var isOne: Bool { numerator == .one && denominator == .one }
  package var isNegative: Bool { numerator.isNegative }
  package var isPositive: Bool { !isZero && !isNegative }
  package var isInteger: Bool { denominator == .one }
  /// The number as a machine word, nil where it is none.
  package var word: Int? { isInteger ? numerator.word : nil }
  package var magnitude: Rational { isNegative ? -self : self }
  /// The bits of the longer of numerator and denominator.
  package var bits: Int { max(numerator.bits, denominator.bits) }
  /// Precondition: not 0.
  package var reciprocal: Rational { Rational(denominator, numerator) }

  /// The nearest number in floating point.
  package var approximation: Double {
    if let p = numerator.word, let q = denominator.word { return Double(p) / Double(q) }
    // Long numerators and denominators may overflow while their quotient does not.
    let whole = numerator / denominator
    if !whole.isZero && whole.word == nil { return whole.approximation }
    var rest = numerator
    var scale = 0
    while rest.magnitude < denominator * BigInteger(1 << 53) && scale < 1100 {
      rest = rest * BigInteger(1 << 30)
      scale += 30
      if rest.isZero { return 0 }
    }
    return scalbn((rest / denominator).approximation, Int32(-scale))
  }

  package static prefix func - (x: Rational) -> Rational {
    Rational(unchecked: -x.numerator, x.denominator)
  }

  private init(unchecked numerator: BigInteger, _ denominator: BigInteger) {
    self.numerator = numerator
    self.denominator = denominator
  }

  package static func + (x: Rational, y: Rational) -> Rational {
    if x.denominator == .one, y.denominator == .one {
      return Rational(unchecked: x.numerator + y.numerator, .one)
    }
    return Rational(
      x.numerator * y.denominator + y.numerator * x.denominator, x.denominator * y.denominator)
  }

  package static func - (x: Rational, y: Rational) -> Rational { x + -y }

  package static func * (x: Rational, y: Rational) -> Rational {
    if x.denominator == .one, y.denominator == .one {
      return Rational(unchecked: x.numerator * y.numerator, .one)
    }
    return Rational(x.numerator * y.numerator, x.denominator * y.denominator)
  }

  /// Precondition: y is not 0.
  package static func / (x: Rational, y: Rational) -> Rational { x * y.reciprocal }

  /// self^exponent. Precondition: self is not 0 where the exponent is negative.
  package func power(_ exponent: Int) -> Rational {
    if exponent < 0 { return reciprocal.power(-exponent) }
    return Rational(
      unchecked: numerator.power(exponent), denominator.power(exponent))
  }

  /// The largest whole number that is not above.
  package var floor: BigInteger {
    let (q, r) = numerator.dividing(by: denominator)
    return r.isNegative ? q - 1 : q
  }

  /// The number that a literal means: the shortest decimal that reads back as `x`, or a decimal of
  /// at most 12 digits within a unit of rounding of 1, or a simple fraction within two units of
  /// rounding of `x` (the compiler has folded `1 - 0.9` and `1 / 3`).
  ///
  /// Nil for infinite numbers and NaN.
  package init?(literal x: Double) {
    guard x.isFinite else { return nil }
    if x == x.rounded(), abs(x) < 9e15 {
      self.init(Int(x))
      return
    }
    let shortest = Self.decimal("\(x)")
    if shortest.digits <= 12 {
      self = shortest.value
      return
    }
    if let near = Self.decimal(nearest: x, digits: 12) ?? Self.fraction(nearest: x) {
      self = near
      return
    }
    self = shortest.value
  }

  /// The number that a decimal text such as "1.5e-7" means, and its significant digits.
  private static func decimal(_ text: String) -> (value: Rational, digits: Int) {
    var mantissa = BigInteger.zero
    var digits = 0
    var exponent = 0
    var isNegative = false
    var isFraction = false
    var rest = Substring(text)
    if rest.hasPrefix("-") {
      isNegative = true
      rest = rest.dropFirst()
    }
    while let character = rest.popFirst() {
      if character == "." {
        isFraction = true
      } else if character == "e" || character == "E" {
        exponent += Int(rest) ?? 0
        break
      } else if let digit = character.wholeNumberValue {
        mantissa = mantissa * 10 + BigInteger(digit)
        if digits > 0 || digit != 0 { digits += 1 }
        if isFraction { exponent -= 1 }
      }
    }
    if isNegative { mantissa = -mantissa }
    let scale = BigInteger(10).power(abs(exponent))
    let value =
      exponent >= 0 ? Rational(mantissa * scale, .one) : Rational(mantissa, scale)
    return (value, digits)
  }

  private static func decimal(nearest x: Double, digits: Int) -> Rational? {
    let scale = digits - 1 - Int(log10(abs(x)).rounded(.down))
    guard abs(scale) < 300 else { return nil }
    let scaled = x * pow(10, Double(scale))
    guard abs(scaled) < 9e15 else { return nil }
    let whole = BigInteger(Int(scaled.rounded()))
    let power = BigInteger(10).power(abs(scale))
    let candidate = scale >= 0 ? Rational(whole, power) : Rational(whole * power, .one)
    let tolerance = abs(x) > 1e-5 ? max(2 * x.ulp, 1.0.ulp) : 2 * x.ulp
    return abs(candidate.approximation - x) <= tolerance ? candidate : nil
  }

  private static func fraction(nearest x: Double) -> Rational? {
    var (p0, q0, p1, q1) = (0.0, 1.0, 1.0, 0.0)
    var rest = abs(x)
    for _ in 0..<12 {
      let whole = rest.rounded(.down)
      (p0, q0, p1, q1) = (p1, q1, whole * p1 + p0, whole * q1 + q0)
      if q1 > 1000 || p1 > 1e12 { return nil }
      if abs(p1 / q1 - abs(x)) <= 2 * x.ulp {
        return Rational(x < 0 ? -Int(p1) : Int(p1), Int(q1))
      }
      if rest == whole { return nil }
      rest = 1 / (rest - whole)
    }
    return nil
  }
}

extension Rational: Comparable, CustomStringConvertible {
  package static func < (x: Rational, y: Rational) -> Bool {
    x.numerator * y.denominator < y.numerator * x.denominator
  }

  /// Decimal where that is exact and short, else `p / q`.
  package var description: String { decimalText ?? "\(numerator) / \(denominator)" }

  /// The decimal text of a number that has one of at most 17 digits, `1e-7` below 0.0001.
  package var decimalText: String? {
    if isInteger { return numerator.description }
    var rest = denominator
    var twos = 0
    var fives = 0
    while rest.isEven {
      rest = rest / 2
      twos += 1
    }
    while (rest % 5).isZero {
      rest = rest / 5
      fives += 1
    }
    let places = max(twos, fives)
    guard rest == .one, places <= 40 else { return nil }
    let scaled = (numerator * BigInteger(10).power(places) / denominator).magnitude
    var digits = scaled.description
    guard digits.count <= 17 else { return nil }
    let sign = isNegative ? "-" : ""
    if places - digits.count >= 4 {
      let tail = digits.dropFirst()
      return sign + String(digits.prefix(1)) + (tail.isEmpty ? "" : "." + tail)
        + "e-\(places - digits.count + 1)"
    }
    if digits.count <= places {
      digits = String(repeating: "0", count: places - digits.count + 1) + digits
    }
    return sign + digits.dropLast(places) + "." + digits.suffix(places)
  }
}
