/// Which values decide the axis of a panel of curves.
///
/// A run that diverges ends hundreds of decades above the others and would press them flat. So a curve that rises
/// a thousand times as far from zero as any curve of the panel begins (three decades, which a logarithmic axis has room for)
/// does not count beyond its beginning. Where all curves do that, the nine tenths of the values that are smallest count.
struct CurveLimits {
  private let leaves: [Bool]
  private let bound: Double

  private static let rise = 1000.0
  private static let share = 0.9

  init(_ panel: CurvePanel) {
    let sizes = panel.showsAll ? [] : panel.series.map { Self.sizes($0, panel) }
    let start = sizes.lazy.compactMap(\.first).max() ?? 0
    let rising = sizes.map { start > 0 && ($0.max() ?? 0) > start * Self.rise }
    if zip(rising, sizes).contains(where: { !$0 && !$1.isEmpty }) || !rising.contains(true) {
      leaves = rising
      bound = .infinity
    } else {
      let all = sizes.joined().sorted()
      leaves = []
      bound = all[Int(Double(all.count - 1) * Self.share)]
    }
  }

  /// Whether a value of the curve of this number counts.
  func hold(_ value: Double, of curve: Int, isFirst: Bool) -> Bool {
    abs(value) <= bound && (isFirst || !leaves.indices.contains(curve) || !leaves[curve])
  }

  /// How far from zero the values are that a panel can show.
  private static func sizes(_ series: Series, _ panel: CurvePanel) -> [Double] {
    (0..<series.count).flatMap { i in
      panel.xScale.shows(series.x[i])
        ? series.values(at: i).filter(panel.yScale.shows).map { abs($0) } : []
    }
  }
}
