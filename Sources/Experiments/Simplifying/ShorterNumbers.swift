import Basics

/// Numbers with fewer digits.
enum ShorterNumbers {
  /// The number with one to three digits, the fewest first, as far as that is another number.
  static func of(_ x: Double) -> [Double] {
    guard x != 0, x.isFinite else { return [] }
    var found: [Double] = []
    let digits = NumberText.shortest(abs(x)).filter(\.isNumber).drop { $0 == "0" }.count
    for count in 1..<max(digits, 1) where count < 4 {
      // Of a share near 1 what is missing to 1 is rounded.
      let rounded =
        x > 0.5 && x < 1
        ? 1 - value(1 - x, digits: count) : value(x, digits: count)
      let short = value(rounded, digits: 12)
      if short != x, short != 0, short != 1, !found.contains(short) { found.append(short) }
    }
    return found
  }

  /// What is left of 1, without what rounding adds.
  static func rest(of x: Double) -> Double { value(1 - x, digits: 12) }

  private static func value(_ x: Double, digits: Int) -> Double {
    Double(NumberText.significant(x, digits: digits)) ?? x
  }
}
