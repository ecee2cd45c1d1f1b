import Platform

/// Student's t.
enum StudentT {
  /// The chance that |t| is at least so large with so many degrees of freedom, if the mean is 0.
  static func tails(_ t: Double, degrees: Int) -> Double {
    guard degrees > 0, !t.isNaN else { return .nan }
    if t.isInfinite { return 0 }
    let n = Double(degrees)
    return incompleteBeta(n / (n + t * t), n / 2, 0.5)
  }

  /// The t that |t| reaches with this chance if the mean is 0: the inverse of `tails`.
  static func quantile(tails chance: Double, degrees: Int) -> Double {
    var (low, high) = (0.0, 2.0)
    while tails(high, degrees: degrees) > chance { (low, high) = (high, 2 * high) }
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { return middle }
      if tails(middle, degrees: degrees) > chance { low = middle } else { high = middle }
    }
  }

  /// Whether the mean of paired differences is not 0, as a chance to be this far off; nil for fewer than two, or
  /// where all are the same number, which is no sample.
  static func paired(_ differences: [Double]) -> Double? {
    let n = Double(differences.count)
    guard n > 1, differences.allSatisfy(\.isFinite) else { return nil }
    let mean = differences.reduce(0, +) / n
    let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    // What rounding makes is no spread.
    guard variance.squareRoot() > 1e-9 * abs(mean) else { return nil }
    return tails(mean / (variance / n).squareRoot(), degrees: differences.count - 1)
  }

  /// Whether their mean is above 0, as the chance to be this far above it; nil as `paired`.
  static func above(_ differences: [Double]) -> Double? {
    paired(differences).map { chance in
      differences.reduce(0, +) > 0 ? chance / 2 : 1 - chance / 2
    }
  }

  /// I_x(a, b) by its continued fraction (Abramowitz & Stegun 26.5.8; modified Lentz).
  private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let gammas: Double = lgamma(a + b) - lgamma(a) - lgamma(b)
    let powers: Double = a * log(x) + b * log(1 - x)
    let front: Double = exp(gammas + powers) / a
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var value = d
    for k in 1...10_000 {
      let m = Double(k)
      let even: Double = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      let odd: Double = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      for factor in [even, odd] {
        d = 1 + factor * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + factor / c
        if abs(c) < tiny { c = tiny }
        value *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return front * value
  }
}
