import Platform

/// Contours of a function on a grid, by marching squares (Lorensen and Cline 1987 in two
/// dimensions).
///
/// The grid is framed by values below every level, so that each contour is a closed loop around
/// the heights: one even-odd path per level can be filled as it is.
package struct Contours {
  /// Columns and rows of the grid, at least 2 × 2.
  private let columns: Int
  private let rows: Int
  private let values: [Double]

  /// Nil when the values are no grid of at least 2 × 2 or none is finite.
  package init?(_ panel: ContourPanel) {
    columns = panel.columns
    rows = panel.rows
    values = panel.values
    guard columns >= 2, rows >= 2, columns * rows == values.count,
      values.contains(where: \.isFinite)
    else { return nil }
  }

  /// About `count` increasing levels: evenly spaced, or by powers when the heights would otherwise
  /// swallow the valley.
  package func levels(_ count: Int) -> [Double] {
    let finite = values.filter(\.isFinite).sorted()
    guard let low = finite.first, let high = finite.last, high > low, (high - low).isFinite else {
      return []
    }
    let median = finite[finite.count / 2] - low
    let spread = high - low
    guard median > 0, median < spread / 4 else {
      return (0..<count).map { low + spread * (Double($0) + 0.5) / Double(count) }
    }
    // The fifth percentile keeps a lone lowest point from stretching the scale.
    let floor = max(finite[finite.count / 50] - low, spread * 1e-9)
    let ratio = log(spread / floor)
    return (0..<count).map { low + floor * exp(ratio * Double($0) / Double(count)) }
  }

  private func value(_ column: Int, _ row: Int) -> Double {
    guard column >= 0, row >= 0, column < columns, row < rows else { return -.infinity }
    let value = values[row * columns + column]
    return value.isNaN ? -.infinity : value
  }

  /// A side of a cell: where a contour can cross, named by its lower left end.
  private struct Crossing: Hashable {
    var column: Int
    var row: Int
    var isVertical: Bool
  }

  /// The closed loops around the places at or above `level`; coordinates run from 0 to 1 over the
  /// window, y upwards.
  package func loops(at level: Double) -> [[PlotPoint]] {
    var next: [Crossing: Crossing] = [:]
    for row in -1..<rows {
      for column in -1..<columns { join(column, row, level, &next) }
    }
    var loops: [[PlotPoint]] = []
    // The order of a dictionary changes from run to run; that of the starts must not.
    let starts = next.keys.sorted {
      ($0.row, $0.column, $0.isVertical ? 1 : 0) < ($1.row, $1.column, $1.isVertical ? 1 : 0)
    }
    for start in starts {
      guard var crossing = next.removeValue(forKey: start) else { continue }
      var loop = [place(start, level)]
      while crossing != start, let after = next.removeValue(forKey: crossing) {
        let point = place(crossing, level)
        if point != loop.last { loop.append(point) }
        crossing = after
      }
      if loop.count >= 3 { loops.append(loop) }
    }
    return loops
  }

  /// Adds the directed pieces of contour in one cell, the heights on their left.
  private func join(
    _ column: Int, _ row: Int, _ level: Double, _ next: inout [Crossing: Crossing]
  ) {
    let corners = [
      value(column, row), value(column + 1, row), value(column + 1, row + 1),
      value(column, row + 1),
    ]
    let above = corners.map { $0 >= level }
    guard above.contains(true), above.contains(false) else { return }
    // Sides in the order of the corners: bottom, right, top, left.
    let sides = [
      Crossing(column: column, row: row, isVertical: false),
      Crossing(column: column + 1, row: row, isVertical: true),
      Crossing(column: column, row: row + 1, isVertical: false),
      Crossing(column: column, row: row, isVertical: true),
    ]
    let middle = corners.reduce(0, +) / 4
    let isSaddle = above[0] == above[2] && above[1] == above[3]
    for side in 0..<4 where above[side] && !above[(side + 1) % 4] {
      // Going round the cell, the heights end on this side; the contour enters here and leaves
      // where the same heights began, unless a saddle's middle joins the two heights.
      var other = side
      if isSaddle && middle >= level {
        other = (side + 1) % 4
      } else {
        other = (side + 3) % 4
        while above[other] { other = (other + 3) % 4 }
      }
      next[sides[side]] = sides[other]
    }
  }

  private func place(_ crossing: Crossing, _ level: Double) -> PlotPoint {
    let (c0, r0) = (crossing.column, crossing.row)
    let (c1, r1) = crossing.isVertical ? (c0, r0 + 1) : (c0 + 1, r0)
    let (a, b) = (value(c0, r0), value(c1, r1))
    var t = 0.5
    if a.isFinite, b.isFinite, a != b {
      t = min(1, max(0, (level - a) / (b - a)))
    } else if a == -.infinity {
      // The frame, or a hole: the contour runs along the grid points themselves.
      t = 1
    } else if b == -.infinity {
      t = 0
    }
    let column = min(Double(columns - 1), max(0, Double(c0) + t * Double(c1 - c0)))
    let row = min(Double(rows - 1), max(0, Double(r0) + t * Double(r1 - r0)))
    return PlotPoint(x: column / Double(columns - 1), y: row / Double(rows - 1))
  }
}

/// Cutting lines at the edges of the unit square (Liang and Barsky 1984).
package enum Clipping {
  /// The part of the line from `a` to `b` inside the unit square, if any.
  static func line(_ a: PlotPoint, _ b: PlotPoint) -> (PlotPoint, PlotPoint)? {
    let dx = b.x - a.x
    let dy = b.y - a.y
    guard dx.isFinite, dy.isFinite else { return nil }
    var enter = 0.0
    var leave = 1.0
    for (p, q) in [(-dx, a.x), (dx, 1 - a.x), (-dy, a.y), (dy, 1 - a.y)] {
      if p == 0 {
        if q < 0 { return nil }
      } else if p < 0 {
        enter = max(enter, q / p)
      } else {
        leave = min(leave, q / p)
      }
    }
    guard enter <= leave else { return nil }
    // An end that is inside is itself, or the next line would not begin where this one ends.
    return (
      enter == 0 ? a : PlotPoint(x: a.x + enter * dx, y: a.y + enter * dy),
      leave == 1 ? b : PlotPoint(x: a.x + leave * dx, y: a.y + leave * dy)
    )
  }

  /// A path cut into the pieces inside the unit square; a nil point is a gap.
  package static func pieces(_ points: [PlotPoint?]) -> [[PlotPoint]] {
    var pieces: [[PlotPoint]] = []
    for run in Decimation.runs(points) {
      var piece: [PlotPoint] = []
      if run.count == 1, let (only, _) = line(run[0], run[0]) { piece = [only] }
      for (a, b) in zip(run, run.dropFirst()) {
        guard let (start, end) = line(a, b) else {
          if !piece.isEmpty { pieces.append(piece) }
          piece = []
          continue
        }
        if piece.last != start {
          if !piece.isEmpty { pieces.append(piece) }
          piece = [start]
        }
        piece.append(end)
      }
      if !piece.isEmpty { pieces.append(piece) }
    }
    return pieces
  }
}
