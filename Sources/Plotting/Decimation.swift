/// A point of a curve, in any units.
package struct PlotPoint: Equatable {
  package var x: Double
  package var y: Double

  package init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}

/// Thins curves for drawing without losing what the eye would see.
package enum Decimation {
  /// Curves of at most this many points are drawn as they are.
  package static let limit = 2_000

  /// At most about `limit` of the points: the first, the last and the extremes of each bucket, in
  /// order, so that every spike survives.
  package static func thin(_ points: [PlotPoint], limit: Int = limit) -> [PlotPoint] {
    guard points.count > limit, limit >= 8 else { return points }
    let buckets = limit / 4
    var out: [PlotPoint] = []
    out.reserveCapacity(limit)
    for bucket in 0..<buckets {
      let start = bucket * points.count / buckets
      let end = (bucket + 1) * points.count / buckets
      var least = start
      var largest = start
      for i in start..<end {
        if points[i].y < points[least].y { least = i }
        if points[i].y > points[largest].y { largest = i }
      }
      var last = -1
      for i in [start, min(least, largest), max(least, largest), end - 1] where i > last {
        out.append(points[i])
        last = i
      }
    }
    return out
  }

  /// The runs of consecutive points that can be drawn: `nil` marks a gap.
  static func runs(_ points: some Sequence<PlotPoint?>) -> [[PlotPoint]] {
    var runs: [[PlotPoint]] = []
    var run: [PlotPoint] = []
    for point in points {
      if let point {
        run.append(point)
      } else if !run.isEmpty {
        runs.append(run)
        run = []
      }
    }
    if !run.isEmpty { runs.append(run) }
    return runs
  }
}
