/// The middle of some measurements, and how far they lie apart.
package struct Spread: Sendable {
  /// The quartiles: a quarter of the values lies below `low`, a quarter above `high`.
  package var low: Double
  package var median: Double
  package var high: Double

  /// NaN of no values.
  package init(_ values: [Double]) {
    let sorted = values.sorted()
    func quantile(_ q: Double) -> Double {
      guard let last = sorted.indices.last else { return .nan }
      let position = q * Double(last)
      let below = Int(position)
      let above = min(below + 1, last)
      return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
    }
    (low, median, high) = (quantile(0.25), quantile(0.5), quantile(0.75))
  }

  package init(low: Double, median: Double, high: Double) {
    (self.low, self.median, self.high) = (low, median, high)
  }

  package func scaled(by factor: Double) -> Spread {
    Spread(low: low * factor, median: median * factor, high: high * factor)
  }

  /// The middle of what `ours` takes over what `theirs` takes, round by round: what slows the machine
  /// down for a while slows both.
  package static func ratio(_ ours: [Double], to theirs: [Double]) -> Spread {
    Spread(zip(ours, theirs).map { $0 / $1 })
  }
}
