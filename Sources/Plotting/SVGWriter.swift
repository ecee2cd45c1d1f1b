import Basics

extension Figure {
  /// The figure as an SVG document: panels side by side, one legend above all of them.
  package func svg() -> String {
    var writer = SVGWriter(self)
    return writer.document()
  }
}

/// Draws a figure as SVG.
struct SVGWriter {
  private let figure: Figure
  private let legend: [String]
  private var out = SVGText()

  private let gridColumns: Int
  private let cellWidth: Double
  private let cellHeight: Double

  private static let ink = "#333333"
  private static let pale = "#666666"
  private static let frame = "#8a8a8a"
  private static let grid = "#e6e6e6"
  private static let faintGrid = "#f3f3f3"
  private static let edge = 14.0

  init(_ figure: Figure) {
    self.figure = figure
    legend = figure.legend
    switch figure.panels.count {
    case 0, 1: (gridColumns, cellWidth, cellHeight) = (1, 680, 400)
    case 2, 4: (gridColumns, cellWidth, cellHeight) = (2, 460, 320)
    default: (gridColumns, cellWidth, cellHeight) = (3, 420, 300)
    }
  }

  private struct Box {
    var left: Double
    var top: Double
    var width: Double
    var height: Double

    func point(_ unit: PlotPoint) -> PlotPoint {
      PlotPoint(x: x(unit.x), y: y(unit.y))
    }

    func x(_ fraction: Double) -> Double { left + width * min(1, max(0, fraction)) }
    func y(_ fraction: Double) -> Double { top + height * (1 - min(1, max(0, fraction))) }
  }

  mutating func document() -> String {
    let width = Double(gridColumns) * cellWidth + 2 * Self.edge
    let titleHeight = figure.title.isEmpty ? 6.0 : 34.0
    let legendRows = legendLayout(width: width - 2 * Self.edge - 20)
    let legendHeight = legendRows.isEmpty ? 0 : Double(legendRows.count) * 20 + 8
    let gridRows = max(1, (figure.panels.count + gridColumns - 1) / gridColumns)
    let top = Self.edge + titleHeight + legendHeight
    let height = top + Double(gridRows) * cellHeight + Self.edge / 2

    let size = (SVGText.coordinate(width), SVGText.coordinate(height))
    out.open(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(size.0) \(size.1)",
        "width": size.0, "height": size.1, "role": "img",
        "font-family": "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif",
        "font-size": "12", "fill": Self.ink,
      ])
    if !figure.title.isEmpty { out.element("title", [:], content: figure.title) }
    out.element("rect", ["width": size.0, "height": size.1, "fill": "#ffffff"])
    if !figure.title.isEmpty {
      text(
        figure.title, Self.edge + 10, Self.edge + 18, size: 17, weight: "600", anchor: "start")
    }
    drawLegend(legendRows, top: Self.edge + titleHeight)
    if figure.panels.isEmpty {
      note("no panels", Box(left: 0, top: top, width: width, height: cellHeight))
    }
    for (i, panel) in figure.panels.enumerated() {
      draw(
        panel,
        in: Box(
          left: Self.edge + Double(i % gridColumns) * cellWidth,
          top: top + Double(i / gridColumns) * cellHeight, width: cellWidth, height: cellHeight))
    }
    out.close("svg")
    return out.text
  }

  private func text(
    _ content: String, _ x: Double, _ y: Double, size: Double, weight: String? = nil,
    anchor: String, colour: String? = nil, turned: Bool = false, into out: inout SVGText
  ) {
    let (x, y) = (SVGText.coordinate(x), SVGText.coordinate(y))
    out.element(
      "text",
      [
        "x": x, "y": y, "font-size": SVGText.coordinate(size), "font-weight": weight,
        "text-anchor": anchor == "start" ? nil : anchor, "fill": colour,
        "transform": turned ? "rotate(-90 \(x) \(y))" : nil,
      ], content: content)
  }

  private mutating func text(
    _ content: String, _ x: Double, _ y: Double, size: Double, weight: String? = nil,
    anchor: String, colour: String? = nil, turned: Bool = false
  ) {
    text(
      content, x, y, size: size, weight: weight, anchor: anchor, colour: colour, turned: turned,
      into: &out)
  }

  private mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, width: Double = 1,
    dash: String? = nil
  ) {
    out.element(
      "line",
      [
        "x1": SVGText.coordinate(x1), "y1": SVGText.coordinate(y1), "x2": SVGText.coordinate(x2),
        "y2": SVGText.coordinate(y2), "stroke": colour, "stroke-width": SVGText.coordinate(width),
        "stroke-dasharray": dash,
      ])
  }

  private mutating func dot(
    _ point: PlotPoint, radius: Double, fill: String, stroke: String
  ) {
    out.element(
      "circle",
      [
        "cx": SVGText.coordinate(point.x), "cy": SVGText.coordinate(point.y),
        "r": SVGText.coordinate(radius), "fill": fill, "stroke": stroke, "stroke-width": "1.2",
      ])
  }

  // MARK: Legend

  private struct LegendEntry {
    var index: Int
    var label: String
    var left: Double
  }

  private func legendLayout(width: Double) -> [[LegendEntry]] {
    guard legend.count > 1 || legend.first.map({ !$0.isEmpty }) == true else { return [] }
    var rows: [[LegendEntry]] = [[]]
    var left = 0.0
    for (index, (name, remark)) in zip(legend, figure.legendRemarks).enumerated() {
      let label = TextWidth.cut(name, to: 60 - remark.count) + remark
      let needed = 28 + TextWidth.ems(label) * 12 + 20
      if left + needed > width, !rows[rows.count - 1].isEmpty {
        rows.append([])
        left = 0
      }
      rows[rows.count - 1].append(LegendEntry(index: index, label: label, left: left))
      left += needed
    }
    return rows
  }

  private mutating func drawLegend(_ rows: [[LegendEntry]], top: Double) {
    for (row, entries) in rows.enumerated() {
      let y = top + Double(row) * 20 + 10
      for entry in entries {
        let ink = Palette.ink(entry.index)
        let x = Self.edge + 10 + entry.left
        line(x, y, x + 22, y, ink.colour, width: 2.4, dash: ink.dash)
        text(entry.label, x + 28, y + 4.2, size: 12, anchor: "start")
      }
    }
  }

  private func ink(_ name: String) -> Palette.Ink {
    Palette.ink(legend.firstIndex(of: name) ?? 0)
  }

  // MARK: Panels

  private mutating func draw(_ panel: Panel, in cell: Box) {
    if !panel.title.isEmpty {
      text(panel.title, cell.left + 10, cell.top + 17, size: 13, weight: "600", anchor: "start")
    }
    switch panel {
    case .curves(let panel): drawCurves(panel, cell)
    case .contours(let panel): drawContours(panel, cell)
    }
  }

  /// The plot area that leaves room for title, labels and the widest tick label.
  private func area(
    _ cell: Box, title: String, xLabel: String, yLabel: String, yTicks: [Axis.Tick]
  ) -> Box {
    let widest = yTicks.map { TextWidth.ems($0.label) }.max() ?? 2
    let left = 10 + widest * 11 + 9 + (yLabel.isEmpty ? 0 : 20)
    let top = title.isEmpty ? 10.0 : 28.0
    let bottom = xLabel.isEmpty ? 28.0 : 48.0
    return Box(
      left: cell.left + left, top: cell.top + top, width: cell.width - left - 22,
      height: cell.height - top - bottom)
  }

  private mutating func drawAxes(
    _ box: Box, _ cell: Box, _ xAxis: Axis, _ yAxis: Axis, xLabel: String, yLabel: String,
    hasGrid: Bool
  ) {
    if hasGrid {
      for y in yAxis.minor.compactMap(yAxis.fraction) {
        line(box.left, box.y(y), box.left + box.width, box.y(y), Self.faintGrid)
      }
      for x in xAxis.minor.compactMap(xAxis.fraction) {
        line(box.x(x), box.top, box.x(x), box.top + box.height, Self.faintGrid)
      }
    }
    let bottom = box.top + box.height
    for tick in yAxis.ticks {
      guard let y = yAxis.fraction(tick.value).map(box.y) else { continue }
      line(
        hasGrid ? box.left : box.left - 4, y, hasGrid ? box.left + box.width : box.left, y,
        hasGrid ? Self.grid : Self.frame)
      text(tick.label, box.left - 7, y + 3.9, size: 11, anchor: "end", colour: Self.pale)
    }
    for tick in visible(xAxis, box) {
      guard let x = xAxis.fraction(tick.value).map(box.x) else { continue }
      line(
        x, hasGrid ? box.top : bottom, x, hasGrid ? bottom : bottom + 4,
        hasGrid ? Self.grid : Self.frame)
      text(tick.label, x, bottom + 16, size: 11, anchor: "middle", colour: Self.pale)
    }
    if !xLabel.isEmpty {
      text(xLabel, box.left + box.width / 2, bottom + 36, size: 12, anchor: "middle")
    }
    if !yLabel.isEmpty {
      text(
        yLabel, cell.left + 16, box.top + box.height / 2, size: 12, anchor: "middle", turned: true)
    }
  }

  /// The ticks whose labels do not run into each other.
  private func visible(_ axis: Axis, _ box: Box) -> [Axis.Tick] {
    var right = -Double.infinity
    return axis.ticks.filter { tick in
      guard let x = axis.fraction(tick.value).map(box.x) else { return false }
      let half = TextWidth.ems(tick.label) * 5.5
      guard x - half > right + 6 else { return false }
      right = x + half
      return true
    }
  }

  private mutating func drawFrame(_ box: Box) {
    out.element(
      "rect",
      [
        "x": SVGText.coordinate(box.left), "y": SVGText.coordinate(box.top),
        "width": SVGText.coordinate(box.width), "height": SVGText.coordinate(box.height),
        "fill": "none", "stroke": Self.frame, "stroke-width": "1",
      ])
  }

  private mutating func note(_ message: String, _ box: Box) {
    text(
      message, box.left + box.width / 2, box.top + box.height / 2, size: 13, anchor: "middle",
      colour: Self.pale)
  }

  private mutating func drawCurves(_ panel: CurvePanel, _ cell: Box) {
    guard let plot = CurveGeometry(panel, xTicks: 6, yTicks: 6) else {
      let box = area(
        cell, title: panel.title, xLabel: panel.xLabel, yLabel: panel.yLabel, yTicks: [])
      drawFrame(box)
      note(CurveGeometry.complaint(panel), box)
      return
    }
    let box = area(
      cell, title: panel.title, xLabel: panel.xLabel, yLabel: panel.yLabel,
      yTicks: plot.yAxis.ticks)
    drawAxes(
      box, cell, plot.xAxis, plot.yAxis, xLabel: panel.xLabel, yLabel: panel.yLabel, hasGrid: true)
    for curve in plot.curves {
      for band in curve.bands {
        out.element(
          "path",
          [
            "d": SVGText.path(band.map(box.point), closed: true), "fill": ink(curve.name).colour,
            "fill-opacity": "0.14",
          ])
      }
    }
    for curve in plot.curves { stroke(curve.runs, ink(curve.name), box, width: 1.7) }
    drawFrame(box)
  }

  private mutating func stroke(
    _ runs: [[PlotPoint]], _ ink: Palette.Ink, _ box: Box, width: Double
  ) {
    let lines = runs.filter { $0.count > 1 }.map { SVGText.path($0.map(box.point)) }
    if !lines.isEmpty {
      out.element(
        "path",
        [
          "d": lines.joined(), "fill": "none", "stroke": ink.colour,
          "stroke-width": SVGText.coordinate(width), "stroke-linejoin": "round",
          "stroke-linecap": ink.dash == nil ? "round" : nil, "stroke-dasharray": ink.dash,
        ])
    }
    for run in runs where run.count == 1 {
      dot(box.point(run[0]), radius: 2.8, fill: ink.colour, stroke: ink.colour)
    }
  }

  private mutating func drawContours(_ panel: ContourPanel, _ cell: Box) {
    guard let plot = ContourGeometry(panel, levels: 14, xTicks: 6, yTicks: 6) else {
      let box = area(
        cell, title: panel.title, xLabel: panel.xLabel, yLabel: panel.yLabel, yTicks: [])
      drawFrame(box)
      note("no grid of finite values", box)
      return
    }
    let box = area(
      cell, title: panel.title, xLabel: panel.xLabel, yLabel: panel.yLabel,
      yTicks: plot.yAxis.ticks)
    out.element(
      "rect",
      [
        "x": SVGText.coordinate(box.left), "y": SVGText.coordinate(box.top),
        "width": SVGText.coordinate(box.width), "height": SVGText.coordinate(box.height),
        "fill": Palette.height(0),
      ])
    for (i, loops) in plot.levels.enumerated() where !loops.isEmpty {
      let shade = Palette.height(Double(i + 1) / Double(plot.levels.count))
      let edge = Palette.height(min(1, Double(i + 4) / Double(plot.levels.count)))
      out.element(
        "path",
        [
          "d": loops.map { SVGText.path($0.map(box.point), closed: true) }.joined(),
          "fill": shade, "fill-rule": "evenodd", "stroke": edge, "stroke-width": "0.6",
        ])
    }
    drawAxes(
      box, cell, plot.xAxis, plot.yAxis, xLabel: panel.xLabel, yLabel: panel.yLabel, hasGrid: false)
    for path in plot.paths { stroke(path.pieces, ink(path.name), box, width: 1.8) }
    for path in plot.paths {
      let colour = ink(path.name).colour
      if let first = path.pieces.first?.first {
        dot(box.point(first), radius: 3.4, fill: "#ffffff", stroke: colour)
      }
      if let last = path.pieces.last?.last {
        dot(box.point(last), radius: 3.4, fill: colour, stroke: "#ffffff")
      }
    }
    if let minimum = plot.minimum.map(box.point) {
      line(minimum.x - 5, minimum.y, minimum.x + 5, minimum.y, "#111111", width: 1.4)
      line(minimum.x, minimum.y - 5, minimum.x, minimum.y + 5, "#111111", width: 1.4)
    }
    drawFrame(box)
  }
}
