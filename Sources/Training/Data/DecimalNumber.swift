/// Decimal numbers in text, read exactly (correctly rounded) and without regard to the locale.
enum DecimalNumber {
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// The number that starts at `cursor` if it is short enough to be exact in float64 arithmetic:
  /// at most 2⁵³ as an integer, times or divided by at most 10²² (Clinger 1990, "How to read
  /// floating point numbers accurately"). Moves `cursor` behind it; nil leaves `cursor` alone.
  @inline(__always)
  static func fast(_ bytes: UnsafeBufferPointer<UInt8>, _ cursor: inout Int) -> Double? {
    var i = cursor
    let end = bytes.count
    var negative = false
    if i < end, bytes[i] == 0x2D || bytes[i] == 0x2B {
      negative = bytes[i] == 0x2D
      i += 1
    }
    var mantissa: UInt64 = 0
    var digits = 0
    while i < end, case let digit = bytes[i] &- 0x30, digit < 10 {
      mantissa = mantissa &* 10 &+ UInt64(digit)
      digits += 1
      i += 1
    }
    var exponent = 0
    if i < end, bytes[i] == 0x2E {
      i += 1
      while i < end, case let digit = bytes[i] &- 0x30, digit < 10 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        digits += 1
        exponent -= 1
        i += 1
      }
    }
    guard digits > 0, digits <= 18, mantissa <= 1 << 53 else { return nil }
    if i < end, bytes[i] | 0x20 == 0x65 {
      i += 1
      var exponentNegative = false
      if i < end, bytes[i] == 0x2D || bytes[i] == 0x2B {
        exponentNegative = bytes[i] == 0x2D
        i += 1
      }
      var written = 0
      var count = 0
      while i < end, case let digit = bytes[i] &- 0x30, digit < 10 {
        written = written &* 10 &+ Int(digit)
        count += 1
        i += 1
      }
      guard count > 0, count <= 3 else { return nil }
      exponent += exponentNegative ? -written : written
    }
    guard exponent >= -22, exponent <= 22 else { return nil }
    var value = Double(mantissa)
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent]
    cursor = i
    return negative ? -value : value
  }

  /// The number that the whole text states; nil when it is not a decimal number (hexadecimal, "inf"
  /// and "nan" are not). An overflow gives an infinity.
  static func exact(_ text: String) -> Double? {
    var digits = 0
    var sawPoint = false
    var rest = Substring(text)
    if let first = rest.utf8.first, first == 0x2D || first == 0x2B { rest = rest.dropFirst() }
    while let byte = rest.utf8.first, byte != 0x65, byte != 0x45 {
      if byte == 0x2E {
        if sawPoint { return nil }
        sawPoint = true
      } else if (0x30...0x39).contains(byte) {
        digits += 1
      } else {
        return nil
      }
      rest = rest.dropFirst()
    }
    guard digits > 0 else { return nil }
    if !rest.isEmpty {
      rest = rest.dropFirst()
      if let sign = rest.utf8.first, sign == 0x2D || sign == 0x2B { rest = rest.dropFirst() }
      guard !rest.isEmpty, rest.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    }
    return Double(normalised(text))
  }

  /// The standard library reads neither ".5" nor "5." nor a leading "+" in every version.
  private static func normalised(_ text: String) -> String {
    var out = ""
    var beforeIsDigit = false
    let scalars = Array(text.unicodeScalars)
    for (i, scalar) in scalars.enumerated() {
      let isDigit = ("0"..."9").contains(scalar)
      if scalar == "+", i == 0 { continue }
      if scalar == ".", !beforeIsDigit { out += "0" }
      out.unicodeScalars.append(scalar)
      let next = i + 1 < scalars.count ? scalars[i + 1] : " "
      if scalar == ".", !("0"..."9").contains(next) { out += "0" }
      beforeIsDigit = isDigit
    }
    return out
  }
}
