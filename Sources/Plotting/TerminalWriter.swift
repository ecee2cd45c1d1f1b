import Basics

extension Figure {
  /// The figure for a terminal: each panel `width` columns wide and `height` lines high (axes
  /// included), one below the other, then the legend.
  ///
  /// With `unicode` curves are Braille dots, else ASCII marks; with `colour` they have the colours
  /// of the SVG (256-colour escape codes), else a letter at the end of each tells them apart.
  /// Bands are not drawn. Widths below 24 and heights below 6 are taken as these.
  package func braille(
    width: Int, height: Int, colour: Bool = true, unicode: Bool = true
  ) -> String {
    TerminalWriter(
      figure: self, width: max(24, width), height: max(6, height), hasColour: colour,
      isUnicode: unicode
    ).text()
  }
}

/// Draws a figure in a terminal.
struct TerminalWriter {
  let figure: Figure
  let width: Int
  let height: Int
  let hasColour: Bool
  let isUnicode: Bool

  private struct Strokes {
    var xAxis: Axis
    var yAxis: Axis
    /// Runs of points with the legend index of their curve; -1 is the background.
    var runs: [(owner: Int, points: [PlotPoint])]
  }

  func text() -> String {
    var lines: [String] = []
    if !figure.title.isEmpty { lines.append(shown(figure.title, width)) }
    if figure.panels.isEmpty { lines.append("(no panels)") }
    for panel in figure.panels {
      if !lines.isEmpty, figure.panels.count > 1 { lines.append("") }
      lines += draw(panel)
    }
    lines += legendLines()
    return lines.map { $0 + "\n" }.joined()
  }

  /// Text cut to the width and without control characters; without Unicode, in ASCII.
  private func shown(_ text: String, _ limit: Int) -> String {
    var clean = TextWidth.printable(text)
    if !isUnicode { clean = TextWidth.ascii(clean) }
    return TextWidth.cut(clean, to: limit, ellipsis: isUnicode ? "…" : "~")
  }

  private func paint(_ text: String, _ owner: Int) -> String {
    guard hasColour else { return text }
    let code = owner < 0 ? 240 : Palette.ink(owner).terminal
    return "\u{1B}[38;5;\(code)m\(text)\u{1B}[0m"
  }

  private func letter(_ owner: Int) -> Character {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return letters[owner % letters.count]
  }

  // MARK: Panels

  private func draw(_ panel: Panel) -> [String] {
    var lines: [String] = []
    let (xLabel, yLabel) = labels(panel)
    let heading = [panel.title, yLabel.isEmpty ? "" : "[\(yLabel)]"].filter { !$0.isEmpty }
    if !heading.isEmpty { lines.append(shown(heading.joined(separator: "  "), width)) }
    let plotLines = max(3, height - lines.count - 2 - (xLabel.isEmpty ? 0 : 1))
    guard let strokes = strokes(panel, lines: plotLines) else {
      lines.append("  (\(complaint(panel)))")
      return lines
    }
    let yTicks = ticks(strokes.yAxis, cells: plotLines, spacing: 1)
    let margin = min(width / 3, yTicks.map { TextWidth.cells($0.label) }.max() ?? 1)
    let plotWidth = width - margin - 2
    var canvas = DotCanvas(width: plotWidth, height: plotLines, isUnicode: isUnicode)
    for run in strokes.runs { canvas.stroke(run.points, owner: run.owner) }
    if !hasColour && isUnicode {
      var ends: [Int: PlotPoint] = [:]
      for run in strokes.runs where run.owner >= 0 { ends[run.owner] = run.points.last }
      for (owner, point) in ends.sorted(by: { $0.key < $1.key }) {
        canvas.label(letter(owner), at: point, owner: owner)
      }
    }
    var labelAt: [Int: String] = [:]
    for tick in yTicks { labelAt[plotLines - 1 - tick.cell] = tick.label }
    for row in 0..<plotLines {
      let label = TextWidth.cut(labelAt[row] ?? "", to: margin)
      let filler = String(repeating: " ", count: margin - TextWidth.cells(label))
      let side = labelAt[row] == nil ? (isUnicode ? "│" : "|") : (isUnicode ? "┤" : "+")
      lines.append("\(filler)\(label) \(side)\(canvas.line(row, paint: paint))")
    }
    lines += xAxisLines(strokes.xAxis, margin: margin, plotWidth: plotWidth, label: xLabel)
    return lines
  }

  private func trimmed(_ text: String) -> String {
    var text = text
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }

  private func labels(_ panel: Panel) -> (x: String, y: String) {
    switch panel {
    case .curves(let panel): (panel.xLabel, panel.yLabel)
    case .contours(let panel): (panel.xLabel, panel.yLabel)
    }
  }

  private func complaint(_ panel: Panel) -> String {
    switch panel {
    case .curves(let panel): CurveGeometry.complaint(panel)
    case .contours: "no grid of finite values"
    }
  }

  private func strokes(_ panel: Panel, lines: Int) -> Strokes? {
    let legend = figure.legend
    let (xTicks, yTicks) = (max(2, width / 16), max(2, lines / 3))
    switch panel {
    case .curves(let panel):
      guard let plot = CurveGeometry(panel, xTicks: xTicks, yTicks: yTicks) else { return nil }
      return Strokes(
        xAxis: plot.xAxis, yAxis: plot.yAxis,
        runs: plot.curves.flatMap { curve in
          let owner = legend.firstIndex(of: curve.name) ?? 0
          return curve.runs.map { (owner, $0) }
        })
    case .contours(let panel):
      guard let plot = ContourGeometry(panel, levels: 5, xTicks: xTicks, yTicks: yTicks)
      else { return nil }
      // The heights' loops run along the frame too, where they say nothing.
      let inside = plot.levels.flatMap { $0 }.flatMap { loop in
        Decimation.runs(
          (loop + loop.prefix(1)).map { point in
            let isFrame = [point.x, point.y].contains { $0 <= 0 || $0 >= 1 }
            return isFrame ? nil : point
          })
      }
      return Strokes(
        xAxis: plot.xAxis, yAxis: plot.yAxis,
        runs: inside.map { (-1, $0) }
          + plot.paths.flatMap { path in
            let owner = legend.firstIndex(of: path.name) ?? 0
            return path.pieces.map { (owner, $0) }
          })
    }
  }

  // MARK: Axes

  private struct PlacedTick {
    var cell: Int
    var label: String
  }

  /// The ticks that fit, each in its cell counted from the low end.
  private func ticks(_ axis: Axis, cells: Int, spacing: Int) -> [PlacedTick] {
    var last = Int.min / 2
    return axis.ticks.compactMap { tick in
      guard let place = axis.fraction(tick.value) else { return nil }
      let cell = Int((place * Double(cells - 1)).rounded())
      guard cell >= 0, cell < cells, cell - last > spacing else { return nil }
      last = cell
      return PlacedTick(cell: cell, label: isUnicode ? tick.label : tick.plainLabel)
    }
  }

  private func xAxisLines(
    _ axis: Axis, margin: Int, plotWidth: Int, label: String
  ) -> [String] {
    let blank = String(repeating: " ", count: margin + 1)
    var rule = [Character](repeating: isUnicode ? "─" : "-", count: plotWidth)
    var labels = [Character](repeating: " ", count: margin + 2 + plotWidth)
    var free = 0
    for tick in ticks(axis, cells: plotWidth, spacing: 0) {
      let text = Array(tick.label)
      let start = min(
        labels.count - text.count, max(0, margin + 2 + tick.cell - text.count / 2))
      guard start >= free, start + text.count <= labels.count else { continue }
      rule[tick.cell] = isUnicode ? "┬" : "+"
      labels.replaceSubrange(start..<start + text.count, with: text)
      free = start + text.count + 1
    }
    var lines = [blank + (isUnicode ? "└" : "+") + String(rule), trimmed(String(labels))]
    if !label.isEmpty {
      let text = shown(label, plotWidth)
      let indent = margin + 2 + (plotWidth - TextWidth.cells(text)) / 2
      lines.append(String(repeating: " ", count: indent) + text)
    }
    return lines
  }

  // MARK: Legend

  private func legendLines() -> [String] {
    let legend = figure.legend
    guard legend.contains(where: { !$0.isEmpty }) else { return [] }
    var lines: [String] = []
    var line = ""
    var used = 0
    for (owner, (name, remark)) in zip(legend, figure.legendRemarks).enumerated() {
      let mark: String =
        if !isUnicode {
          String(DotCanvas.mark(owner))
        } else if hasColour {
          "━━"
        } else {
          String(letter(owner))
        }
      let room = width - 6 - remark.count
      let text = room >= 4 ? shown(name, room) + remark : shown(name, max(4, width - 6))
      let needed = 2 + TextWidth.cells(mark) + 1 + TextWidth.cells(text)
      if used > 0, used + needed > width {
        lines.append(line)
        line = ""
        used = 0
      }
      line += "  " + paint(mark, owner) + " " + text
      used += needed
    }
    return lines + [line]
  }
}
