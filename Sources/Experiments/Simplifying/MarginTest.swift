import Basics

/// Whether something got worse by less than a margin that was fixed before, over pairs of seeds.
package struct MarginTest: Sendable {
  /// The mean of the differences, with its 95 % interval: below 0 is better.
  package let interval: MeanInterval
  package let pairs: Int
  /// The chance of a mean so far below the margin if in truth the margin is lost.
  package let probability: Double

  init(_ differences: [Double], margin: Double) {
    interval = MeanInterval(differences)
    pairs = differences.count
    let error = interval.halfWidth / MeanInterval.quantile(degrees: differences.count - 1)
    if !interval.mean.isFinite || pairs < 2 {
      probability = 1
    } else if error <= 1e-9 * abs(interval.mean) {
      // The same in all pairs: nothing varies, as where two rules make the same steps.
      probability = interval.mean <= 0 || interval.mean < margin ? 0 : 1
    } else {
      let t = (interval.mean - margin) / error
      let tails = StudentT.tails(t, degrees: pairs - 1)
      probability = t < 0 ? tails / 2 : 1 - tails / 2
    }
  }

  /// The upper end of the interval is within the margin.
  func isWithin(_ margin: Double) -> Bool {
    interval.mean.isFinite && interval.mean + interval.halfWidth <= margin
  }

  /// `-0.01 ± 0.005`
  var text: String {
    interval.mean.isFinite
      ? "\(NumberText.short(interval.mean)) ± \(NumberText.short(interval.halfWidth))" : "it breaks"
  }
}
