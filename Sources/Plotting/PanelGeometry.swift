/// What both writers, SVG and terminal, draw of a panel of curves: axes fitted to the data, and
/// curves and bands as runs of points in the unit square (y upwards).
struct CurveGeometry {
  struct Curve {
    var name: String
    var runs: [[PlotPoint]]
    /// Closed outlines.
    var bands: [[PlotPoint]]
    /// Whether it goes on outside the axes.
    var leaves: Bool
  }

  let xAxis: Axis
  let yAxis: Axis
  let curves: [Curve]

  /// Nil when nothing can be drawn; `CurveGeometry.complaint` then says why.
  init?(_ panel: CurvePanel, xTicks: Int, yTicks: Int) {
    let limits = CurveLimits(panel)
    let shown = panel.xLimits
    // A value counts for an axis only where its partner can be drawn too.
    var xs: [Double] = []
    var ys: [Double] = []
    for (k, series) in panel.series.enumerated() {
      var isFirst = true
      for i in 0..<series.count
      where panel.xScale.shows(series.x[i]) && shown?.contains(series.x[i]) ?? true {
        let values = series.values(at: i).filter(panel.yScale.shows)
        if values.isEmpty { continue }
        xs.append(series.x[i])
        ys += values.filter { limits.hold($0, of: k, isFirst: isFirst) }
        isFirst = false
      }
    }
    guard
      let xAxis = panel.xLimits.map({ Axis($0, scale: panel.xScale, target: xTicks) })
        ?? Axis(xs, scale: panel.xScale, target: xTicks, padded: false),
      let yAxis = panel.yLimits.map({ Axis($0, scale: panel.yScale, target: yTicks) })
        ?? Axis(ys, scale: panel.yScale, target: yTicks)
    else { return nil }
    self.xAxis = xAxis
    self.yAxis = yAxis
    curves = panel.series.map { Self.curve($0, xAxis, yAxis) }
  }

  /// Why a panel has nothing to draw.
  static func complaint(_ panel: CurvePanel) -> String {
    let points = panel.series.lazy.flatMap { series in
      (0..<series.count).lazy.map { (series.x[$0], series.y[$0]) }
    }
    if points.isEmpty { return "no data" }
    if points.contains(where: { $0.0.isFinite && $0.1.isFinite }) {
      return "no positive values for a logarithmic axis"
    }
    return "no finite values"
  }

  private static func at(_ values: [Double]?, _ index: Int) -> Double {
    guard let values, index < values.count else { return .nan }
    return values[index]
  }

  private static func curve(_ series: Series, _ xAxis: Axis, _ yAxis: Axis) -> Curve {
    let points = (0..<series.count).lazy.map { i -> PlotPoint? in
      guard let x = xAxis.fraction(series.x[i]), let y = yAxis.fraction(series.y[i]) else {
        return nil
      }
      // Far outside a line is steep enough, and no difference of places overflows.
      return PlotPoint(x: min(1e6, max(-1e6, x)), y: min(1e6, max(-1e6, y)))
    }
    let isInside = -1e-9...1 + 1e-9
    let leaves = points.contains {
      $0.map { !isInside.contains($0.x) || !isInside.contains($0.y) } ?? false
    }
    let runs = leaves ? Clipping.pieces(Array(points)) : Decimation.runs(points)
    let total = runs.reduce(0) { $0 + $1.count }
    return Curve(
      name: series.name,
      runs: runs.map { Decimation.thin($0, limit: share($0.count, of: total)) },
      bands: bands(series, xAxis, yAxis), leaves: leaves)
  }

  /// The points that one run may keep when a curve of `total` points keeps `Decimation.limit`.
  private static func share(_ count: Int, of total: Int) -> Int {
    total <= Decimation.limit
      ? Decimation.limit : max(8, Decimation.limit * count / max(1, total))
  }

  private static func bands(_ series: Series, _ xAxis: Axis, _ yAxis: Axis) -> [[PlotPoint]] {
    guard series.low != nil, series.high != nil else { return [] }
    let edges = (0..<series.count).map { i -> (PlotPoint, PlotPoint)? in
      guard let x = xAxis.fraction(series.x[i]), (-1e-9...1 + 1e-9).contains(x),
        let top = yAxis.fraction(at(series.high, i))
      else { return nil }
      // On a logarithmic axis a band that reaches zero or below runs off the bottom.
      let low = at(series.low, i)
      guard let bottom = yAxis.fraction(low) ?? (low.isFinite ? 0 : nil) else { return nil }
      return (PlotPoint(x: x, y: min(1, max(0, bottom))), PlotPoint(x: x, y: min(1, max(0, top))))
    }
    var outlines: [[PlotPoint]] = []
    for run in edges.split(whereSeparator: { $0 == nil }) where run.count > 1 {
      let limit = share(run.count, of: series.count)
      let low = Decimation.thin(run.map { $0!.0 }, limit: limit)
      let high = Decimation.thin(run.map { $0!.1 }, limit: limit)
      outlines.append(high + low.reversed())
    }
    return outlines
  }
}

/// The same for a panel of contours.
struct ContourGeometry {
  let xAxis: Axis
  let yAxis: Axis
  /// For each level, lowest first, its closed loops in the unit square.
  let levels: [[[PlotPoint]]]
  /// For each path its pieces inside the window.
  let paths: [(name: String, pieces: [[PlotPoint]])]
  let minimum: PlotPoint?

  /// Nil when the grid is none or the window has no area.
  init?(_ panel: ContourPanel, levels count: Int, xTicks: Int, yTicks: Int) {
    guard let contours = Contours(panel) else { return nil }
    let (x, y) = (panel.xRange, panel.yRange)
    guard (x.upperBound - x.lowerBound).isFinite, x.lowerBound < x.upperBound,
      (y.upperBound - y.lowerBound).isFinite, y.lowerBound < y.upperBound
    else { return nil }
    let xAxis = Axis(low: x.lowerBound, high: x.upperBound, scale: .linear, target: xTicks)
    let yAxis = Axis(low: y.lowerBound, high: y.upperBound, scale: .linear, target: yTicks)
    self.xAxis = xAxis
    self.yAxis = yAxis
    levels = contours.levels(count).map { contours.loops(at: $0) }
    paths = panel.paths.map { path in
      let points = (0..<min(path.x.count, path.y.count)).map { i -> PlotPoint? in
        guard let x = xAxis.fraction(path.x[i]), let y = yAxis.fraction(path.y[i]) else {
          return nil
        }
        return PlotPoint(x: x, y: y)
      }
      return (path.name, Clipping.pieces(points).map { Decimation.thin($0) })
    }
    if let least = panel.minimum, let x = xAxis.fraction(least.x), let y = yAxis.fraction(least.y),
      (0...1).contains(x), (0...1).contains(y)
    {
      minimum = PlotPoint(x: x, y: y)
    } else {
      minimum = nil
    }
  }
}
