/// A whole number of any size, exact.
///
/// Those that fit a machine word are kept in one; the others are a sign and a magnitude in base 2^32,
/// least digit first.
package enum BigInteger: Hashable, Sendable {
  case small(Int)
  /// Never one that fits `small`; the magnitude has no leading zeros.
  case large(isNegative: Bool, [UInt32])

  package init(_ x: Int) { self = .small(x) }

  package static let zero = BigInteger(0)
  package static let one = BigInteger(1)

  package var isZero: Bool { self == .small(0) }
  package var isNegative: Bool {
    switch self {
    case .small(let x): x < 0
    case .large(let isNegative, _): isNegative
    }
  }
  package var isEven: Bool {
    switch self {
    case .small(let x): x & 1 == 0
    case .large(_, let digits): digits[0] & 1 == 0
    }
  }

  /// The number as a machine word, nil where it does not fit.
  package var word: Int? {
    if case .small(let x) = self { x } else { nil }
  }

  /// How many bits the magnitude takes, to a multiple of 32 where it is long.
  package var bits: Int {
    switch self {
    case .small(let x): Int.bitWidth - x.magnitude.leadingZeroBitCount
    case .large(_, let digits): digits.count * 32
    }
  }

  private var digits: [UInt32] {
    switch self {
    case .small(let x): Self.digits(x.magnitude)
    case .large(_, let digits): digits
    }
  }

  private static func digits(_ x: UInt) -> [UInt32] {
    let low = UInt32(truncatingIfNeeded: x)
    let high = UInt32(truncatingIfNeeded: x >> 32)
    return high != 0 ? [low, high] : low != 0 ? [low] : []
  }

  private init(isNegative: Bool, _ magnitude: [UInt32]) {
    var magnitude = magnitude
    while magnitude.last == 0 { magnitude.removeLast() }
    if magnitude.count <= 2 {
      var x: UInt = 0
      for digit in magnitude.reversed() { x = x << 32 | UInt(digit) }
      if x <= UInt(Int.max) {
        self = .small(isNegative ? -Int(x) : Int(x))
        return
      }
      if isNegative, x == UInt(Int.max) + 1 {
        self = .small(Int.min)
        return
      }
    }
    self = .large(isNegative: isNegative, magnitude)
  }

  /// The nearest number in floating point, infinite beyond its range.
  package var approximation: Double {
    switch self {
    case .small(let x): return Double(x)
    case .large(let isNegative, let digits):
      var x = 0.0
      for digit in digits.reversed() { x = x * 4294967296 + Double(digit) }
      return isNegative ? -x : x
    }
  }

  // MARK: Arithmetic

  package static prefix func - (x: BigInteger) -> BigInteger {
    switch x {
    case .small(let a) where a != Int.min: .small(-a)
    default: BigInteger(isNegative: !x.isNegative, x.digits)
    }
  }

  package static func + (x: BigInteger, y: BigInteger) -> BigInteger {
    if case .small(let a) = x, case .small(let b) = y {
      let (sum, overflow) = a.addingReportingOverflow(b)
      if !overflow { return .small(sum) }
    }
    let (p, q) = (x.digits, y.digits)
    if x.isNegative == y.isNegative {
      return BigInteger(isNegative: x.isNegative, added(p, q))
    }
    switch order(p, q) {
    case 0: return .zero
    case 1: return BigInteger(isNegative: x.isNegative, subtracted(p, q))
    default: return BigInteger(isNegative: y.isNegative, subtracted(q, p))
    }
  }

  package static func - (x: BigInteger, y: BigInteger) -> BigInteger { x + -y }

  package static func * (x: BigInteger, y: BigInteger) -> BigInteger {
    if case .small(let a) = x, case .small(let b) = y {
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      if !overflow { return .small(product) }
    }
    let (p, q) = (x.digits, y.digits)
    var result = [UInt32](repeating: 0, count: p.count + q.count)
    for i in p.indices {
      var carry: UInt64 = 0
      for j in q.indices {
        let sum = UInt64(p[i]) * UInt64(q[j]) + UInt64(result[i + j]) + carry
        result[i + j] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      result[i + q.count] = UInt32(carry)
    }
    return BigInteger(isNegative: x.isNegative != y.isNegative, result)
  }

  /// Quotient and remainder, rounded towards zero; the remainder has the sign of `self`.
  ///
  /// Precondition: the divisor is not 0.
  package func dividing(
    by divisor: BigInteger
  ) -> (quotient: BigInteger, remainder: BigInteger) {
    precondition(!divisor.isZero, "division by zero")
    if case .small(let a) = self, case .small(let b) = divisor, !(a == Int.min && b == -1) {
      let (q, r) = a.quotientAndRemainder(dividingBy: b)
      return (.small(q), .small(r))
    }
    let (q, r) = Self.divided(digits, divisor.digits)
    return (
      BigInteger(isNegative: isNegative != divisor.isNegative, q),
      BigInteger(isNegative: isNegative, r)
    )
  }

  package static func / (x: BigInteger, y: BigInteger) -> BigInteger { x.dividing(by: y).quotient }
  package static func % (x: BigInteger, y: BigInteger) -> BigInteger { x.dividing(by: y).remainder }

  package var magnitude: BigInteger { isNegative ? -self : self }

  /// The greatest common divisor, never negative.
  package static func gcd(_ x: BigInteger, _ y: BigInteger) -> BigInteger {
    var (a, b) = (x.magnitude, y.magnitude)
    while !b.isZero {
      if case .small(var p) = a, case .small(var q) = b {
        while q != 0 { (p, q) = (q, p % q) }
        return .small(p)
      }
      (a, b) = (b, a % b)
    }
    return a
  }

  /// self^exponent. Precondition: exponent ≥ 0.
  package func power(_ exponent: Int) -> BigInteger {
    var result = BigInteger.one
    var base = self
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result = result * base }
      rest >>= 1
      if rest > 0 { base = base * base }
    }
    return result
  }

  // MARK: Magnitudes

  private static func order(_ p: [UInt32], _ q: [UInt32]) -> Int {
    if p.count != q.count { return p.count < q.count ? -1 : 1 }
    for i in p.indices.reversed() where p[i] != q[i] { return p[i] < q[i] ? -1 : 1 }
    return 0
  }

  private static func added(_ p: [UInt32], _ q: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(max(p.count, q.count) + 1)
    var carry: UInt64 = 0
    for i in 0..<max(p.count, q.count) {
      let sum =
        (i < p.count ? UInt64(p[i]) : 0) + (i < q.count ? UInt64(q[i]) : 0) + carry
      result.append(UInt32(truncatingIfNeeded: sum))
      carry = sum >> 32
    }
    if carry != 0 { result.append(UInt32(carry)) }
    return result
  }

  /// p − q where p ≥ q.
  private static func subtracted(_ p: [UInt32], _ q: [UInt32]) -> [UInt32] {
    var result = p
    var borrow: Int64 = 0
    for i in p.indices {
      var difference = Int64(p[i]) - borrow - (i < q.count ? Int64(q[i]) : 0)
      borrow = difference < 0 ? 1 : 0
      if difference < 0 { difference += 1 << 32 }
      result[i] = UInt32(difference)
    }
    return result
  }

  /// Knuth's algorithm D.
  private static func divided(_ p: [UInt32], _ q: [UInt32]) -> ([UInt32], [UInt32]) {
    if order(p, q) < 0 { return ([], p) }
    if q.count == 1 {
      var quotient = [UInt32](repeating: 0, count: p.count)
      var rest: UInt64 = 0
      for i in p.indices.reversed() {
        let current = rest << 32 | UInt64(p[i])
        quotient[i] = UInt32(current / UInt64(q[0]))
        rest = current % UInt64(q[0])
      }
      return (quotient, [UInt32(rest)])
    }
    let shift = q.last!.leadingZeroBitCount
    let v = shifted(q, shift)
    var u = shifted(p, shift)
    if u.count == p.count { u.append(0) }
    let n = v.count
    let m = u.count - n - 1
    var quotient = [UInt32](repeating: 0, count: m + 1)
    for j in stride(from: m, through: 0, by: -1) {
      let top = UInt64(u[j + n]) << 32 | UInt64(u[j + n - 1])
      var guess = top / UInt64(v[n - 1])
      var rest = top % UInt64(v[n - 1])
      while guess >= 1 << 32 || guess * UInt64(v[n - 2]) > (rest << 32 | UInt64(u[j + n - 2])) {
        guess -= 1
        rest += UInt64(v[n - 1])
        if rest >= 1 << 32 { break }
      }
      var borrow: Int64 = 0
      var carry: UInt64 = 0
      for i in 0..<n {
        let product = guess * UInt64(v[i]) + carry
        carry = product >> 32
        let difference = Int64(u[i + j]) - borrow - Int64(product & 0xFFFF_FFFF)
        u[i + j] = UInt32(truncatingIfNeeded: difference)
        borrow = difference < 0 ? 1 : 0
      }
      let difference = Int64(u[j + n]) - borrow - Int64(carry)
      u[j + n] = UInt32(truncatingIfNeeded: difference)
      if difference < 0 {
        guess -= 1
        var carry: UInt64 = 0
        for i in 0..<n {
          let sum = UInt64(u[i + j]) + UInt64(v[i]) + carry
          u[i + j] = UInt32(truncatingIfNeeded: sum)
          carry = sum >> 32
        }
        u[j + n] = u[j + n] &+ UInt32(truncatingIfNeeded: carry)
      }
      quotient[j] = UInt32(truncatingIfNeeded: guess)
    }
    var rest = Array(u[0..<n])
    if shift > 0 {
      for i in 0..<n {
        rest[i] = rest[i] >> shift | (i + 1 < n ? rest[i + 1] << (32 - shift) : 0)
      }
    }
    return (quotient, rest)
  }

  private static func shifted(_ p: [UInt32], _ shift: Int) -> [UInt32] {
    if shift == 0 { return p }
    var result: [UInt32] = []
    var carry: UInt32 = 0
    for digit in p {
      result.append(digit << shift | carry)
      carry = digit >> (32 - shift)
    }
    if carry != 0 { result.append(carry) }
    return result
  }
}

extension BigInteger: Comparable {
  package static func < (x: BigInteger, y: BigInteger) -> Bool {
    if case .small(let a) = x, case .small(let b) = y { return a < b }
    if x.isNegative != y.isNegative { return x.isNegative }
    let c = order(x.digits, y.digits)
    return x.isNegative ? c > 0 : c < 0
  }
}

extension BigInteger: CustomStringConvertible, ExpressibleByIntegerLiteral {
  package init(integerLiteral value: Int) { self = .small(value) }

  package var description: String {
    if case .small(let x) = self { return String(x) }
    var groups: [String] = []
    var rest = magnitude
    let base = BigInteger(1_000_000_000)
    while !rest.isZero {
      let (q, r) = rest.dividing(by: base)
      groups.append(String(r.word!))
      rest = q
    }
    var text = isNegative ? "-" : ""
    for (i, group) in groups.reversed().enumerated() {
      text += i == 0 ? group : String(repeating: "0", count: 9 - group.count) + group
    }
    return text
  }
}
