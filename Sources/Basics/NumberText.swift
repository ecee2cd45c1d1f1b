import Platform

/// Numbers as text for axes and tables, without locale.
package enum NumberText {
  /// `value` with exactly `decimals` digits (0 to 17) after the point; "-0.0" loses its sign.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let decimals = min(17, max(0, decimals))
    let scaled = (abs(value) * power(decimals)).rounded(.toNearestOrEven)
    guard scaled < 9e15 else { return "\(value)" }
    var digits = String(Int(scaled))
    if digits.count <= decimals {
      digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits
    }
    var text = String(digits.dropLast(decimals))
    if decimals > 0 { text += "." + digits.suffix(decimals) }
    return value < 0 && scaled > 0 ? "-" + text : text
  }

  /// The shortest text that reads back as the same number, without a needless `.0`; "nan", "inf" and
  /// "-inf". Zero has its sign only where it is asked for.
  package static func shortest(_ x: Double, signedZero: Bool = false) -> String {
    // A NaN's sign means nothing.
    if x.isNaN { return "nan" }
    let isWhole = x == x.rounded() && abs(x) < 1e15
    return isWhole && !(signedZero && x == 0 && x.sign == .minus) ? "\(Int64(x))" : "\(x)"
  }

  /// A number to a few significant digits.
  package static func significant(_ x: Double, digits: Int = 4) -> String {
    guard x.isFinite, x != 0 else { return x == 0 ? "0" : x.isNaN ? "nan" : "\(x)" }
    var exponent = 0
    var scaled = abs(x)
    while scaled >= 10 {
      scaled /= 10
      exponent += 1
    }
    while scaled < 1 {
      scaled *= 10
      exponent -= 1
    }
    var power = 1.0
    for _ in 1..<digits { power *= 10 }
    var mantissa = (scaled * power).rounded()
    if mantissa >= power * 10 {
      mantissa /= 10
      exponent += 1
    }
    let sign = x < 0 ? "-" : ""
    let text = String(Int64(mantissa))
    if exponent < -4 || exponent >= 7 {
      return "\(sign)\(text.prefix(1)).\(text.dropFirst())e\(exponent)"
    }
    if exponent < 0 {
      return sign + "0." + String(repeating: "0", count: -exponent - 1) + text
    }
    if exponent + 1 >= digits {
      return sign + text + String(repeating: "0", count: exponent + 1 - digits)
    }
    return "\(sign)\(text.prefix(exponent + 1)).\(text.dropFirst(exponent + 1))"
  }

  /// Four significant digits, without zeros at the end.
  package static func short(_ x: Double) -> String {
    let text = significant(x)
    let parts = text.split(separator: "e", maxSplits: 1)
    guard x.isFinite, parts[0].contains(".") else { return text }
    var mantissa = parts[0]
    while mantissa.last == "0" { mantissa.removeLast() }
    if mantissa.last == "." { mantissa.removeLast() }
    return mantissa + (parts.count > 1 ? "e" + parts[1] : "")
  }

  /// Ten to an integer power, correctly rounded where float64 can hold it.
  package static func power(_ exponent: Int) -> Double {
    Double("1e\(exponent)") ?? (exponent < 0 ? 0 : .infinity)
  }

  /// Reads `1e-4..1`: the numbers before and after the first two dots; nil for anything else.
  package static func range(_ text: String) -> (low: Double, high: Double)? {
    guard let dots = text.indices.first(where: { text[$0...].hasPrefix("..") }),
      let low = Double(text[..<dots].filter { $0 != " " }),
      let high = Double(text[dots...].dropFirst(2).filter { $0 != " " })
    else { return nil }
    return (low, high)
  }

  /// The largest integer e with 10ᵉ ≤ value, for positive finite values.
  package static func decade(_ value: Double) -> Int {
    var exponent = Int(log10(value).rounded(.down))
    if power(exponent) > value { exponent -= 1 }
    if power(exponent + 1) <= value { exponent += 1 }
    return exponent
  }

  private static let superscripts: [Character: Character] = [
    "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
    "8": "⁸", "9": "⁹",
  ]

  /// `mantissa × 10^exponent`: "2×10⁻³", or "2e-3" in ASCII; a mantissa of 1 is left out.
  package static func scientific(_ mantissa: String, _ exponent: Int, unicode: Bool) -> String {
    guard unicode else { return "\(mantissa)e\(exponent)" }
    let power = "10" + String("\(exponent)".map { superscripts[$0] ?? $0 })
    return mantissa == "1" ? power : "\(mantissa)×\(power)"
  }
}
