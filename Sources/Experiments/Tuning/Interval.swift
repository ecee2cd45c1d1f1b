import Basics

/// The mean of a few numbers and the half-width of its 95 % interval by Student's t.
package struct MeanInterval: Hashable, Sendable {
  package var mean: Double
  /// 0 for one number: nothing is known of the spread.
  package var halfWidth: Double

  package init(_ values: [Double]) {
    let n = Double(values.count)
    // Of equal numbers it is that number, which a sum of them would round.
    if let first = values.first, values.allSatisfy({ $0 == first }) {
      (mean, halfWidth) = (first, 0)
      return
    }
    mean = values.isEmpty ? .nan : values.reduce(0, +) / n
    guard values.count > 1 else {
      halfWidth = 0
      return
    }
    let m = mean
    let variance = values.reduce(0) { $0 + ($1 - m) * ($1 - m) } / (n - 1)
    halfWidth = Self.quantile(degrees: values.count - 1) * (variance / n).squareRoot()
  }

  /// `0.31 ± 0.02`, of one number the number, of none a dash.
  static func text(of values: [Double]) -> String {
    guard !values.isEmpty else { return "–" }
    let found = MeanInterval(values)
    let mean = NumberText.significant(found.mean)
    return values.count > 1
      ? "\(mean) ± \(NumberText.significant(found.halfWidth, digits: 2))" : mean
  }

  /// The 97.5 % quantile of Student's t.
  static func quantile(degrees: Int) -> Double {
    StudentT.quantile(tails: 0.05, degrees: degrees)
  }
}
