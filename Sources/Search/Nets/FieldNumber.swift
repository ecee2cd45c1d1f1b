import Basics

/// A number of the field of 2^61 − 1 elements. Two rational expressions that are equal have the same value wherever
/// their names stand for; two that are not agree at random names with a chance of their degree in 2^61
/// (Schwartz 1980, Zippel 1979).
struct FieldNumber: Hashable {
  static let prime: UInt64 = (1 << 61) - 1
  private(set) var raw: UInt64

  private init(raw: UInt64) { self.raw = raw }

  /// Any 64 bits as a number of the field.
  init(bits: UInt64) {
    let folded = (bits & Self.prime) &+ (bits >> 61)
    raw = folded >= Self.prime ? folded - Self.prime : folded
  }

  static let zero = FieldNumber(raw: 0)
  static let one = FieldNumber(raw: 1)

  /// The decimal number that is written for a double: 0.1 is a tenth. Nil for what is not finite.
  init?(_ x: Double) {
    guard x.isFinite else { return nil }
    if x == x.rounded(), abs(x) < 1e15 {
      let whole = FieldNumber(raw: UInt64(abs(x)))
      self = x < 0 ? -whole : whole
      return
    }
    var digits: UInt64 = 0
    var exponent = 0
    var written = 0
    var isNegative = false
    var (sawPoint, inExponent, exponentIsNegative) = (false, false, false)
    // As `0.001` or `1.5e-08`: the shortest digits that read back as x.
    var text = x.description
    text.withUTF8 { bytes in
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "-"):
          if inExponent { exponentIsNegative = true } else { isNegative = true }
        case UInt8(ascii: "."): sawPoint = true
        case UInt8(ascii: "e"): inExponent = true
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          let digit = byte - UInt8(ascii: "0")
          if inExponent {
            written = 10 * written + Int(digit)
          } else {
            digits = 10 * digits + UInt64(digit)
            if sawPoint { exponent -= 1 }
          }
        default: break
        }
      }
    }
    exponent += exponentIsNegative ? -written : written
    var value = FieldNumber(bits: digits)
    let ten = FieldNumber(raw: 10).power(UInt64(abs(exponent)))
    value = exponent < 0 ? value * ten.inverse : value * ten
    self = isNegative ? -value : value
  }

  static func + (x: FieldNumber, y: FieldNumber) -> FieldNumber {
    let sum = x.raw + y.raw
    return FieldNumber(raw: sum >= prime ? sum - prime : sum)
  }

  static prefix func - (x: FieldNumber) -> FieldNumber {
    FieldNumber(raw: x.raw == 0 ? 0 : prime - x.raw)
  }

  static func - (x: FieldNumber, y: FieldNumber) -> FieldNumber { x + -y }

  static func * (x: FieldNumber, y: FieldNumber) -> FieldNumber {
    let (high, low) = x.raw.multipliedFullWidth(by: y.raw)
    // 2^64 = 8 in this field.
    let sum = (low & prime) + ((low >> 61) | (high << 3))
    return FieldNumber(raw: sum >= prime ? sum - prime : sum)
  }

  func power(_ n: UInt64) -> FieldNumber {
    var (result, base, n) = (FieldNumber.one, self, n)
    while n > 0 {
      if n & 1 == 1 { result = result * base }
      base = base * base
      n >>= 1
    }
    return result
  }

  /// Of 0 it is 0.
  var inverse: FieldNumber { power(Self.prime - 2) }

  /// The one of x and −x that is less, and whether that is −x: what functions of |x| look at.
  var magnitude: (value: FieldNumber, isNegated: Bool) {
    raw > Self.prime / 2 ? (-self, true) : (self, false)
  }
}

/// Mixing of words into one.
enum Mixing {
  static func mix(_ x: UInt64, _ y: UInt64) -> UInt64 {
    CounterRandom.mix(x &* 0x9E37_79B9_7F4A_7C15 &+ y &+ 0x2545_F491_4F6C_DD1D)
  }
}
