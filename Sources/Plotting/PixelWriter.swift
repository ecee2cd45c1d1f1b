import Basics

extension Figure {
  /// The figure as sixel graphics, for terminals that know them (xterm, foot, WezTerm).
  package func sixel(width: Int = 720) -> String {
    PixelWriter(figure: self, width: width).image().sixel + "\n"
  }

  /// The figure in the graphics protocol of kitty (kitty, Ghostty, Konsole).
  package func kitty(width: Int = 720) -> String {
    PixelWriter(figure: self, width: width).image().kitty + "\n"
  }
}

/// Draws a figure as pixels.
package struct PixelWriter {
  let figure: Figure
  let width: Int
  /// Pixels of a dot: letters and lines are made of dots, curves go through pixels.
  let unit: Int

  package init(figure: Figure, width: Int, unit: Int = 1) {
    self.figure = figure
    self.width = max(200, min(width, 4_000))
    self.unit = unit
  }

  private var panelHeight: Int { 280 * unit }
  private var line: Int { (PixelFont.height + 5) * unit }
  private var letter: Int { PixelImage.letterWidth * unit }
  private static let ink: UInt8 = 1
  private static let faint: UInt8 = 2
  private static let firstCurve = 3

  /// White, black, grey, and the colours of the SVG.
  private static let colours: [[UInt8]] =
    [[255, 255, 255], [0, 0, 0], [190, 196, 204]]
    + (0..<7).map { index in
      let digits = Array(Palette.ink(index).colour.dropFirst())
      return stride(from: 0, to: 6, by: 2).map { UInt8(String(digits[$0..<$0 + 2]), radix: 16)! }
    }

  private func colour(_ owner: Int) -> UInt8 { UInt8(Self.firstCurve + owner % 7) }

  package func image() -> PixelImage {
    let titleHeight = figure.title.isEmpty ? 4 * unit : line + 4 * unit
    let legend = zip(figure.legend, figure.legendRemarks).filter { !$0.0.isEmpty }
    let legendHeight = legend.count * line + 6 * unit
    let height = titleHeight + figure.panels.count * panelHeight + legendHeight
    var image = PixelImage(width: width, height: height, colours: Self.colours)
    write(shown(figure.title, width - 8 * unit), at: (4 * unit, 4 * unit), on: &image)
    for (k, panel) in figure.panels.enumerated() {
      draw(panel, top: titleHeight + k * panelHeight, on: &image)
    }
    for (k, (name, remark)) in legend.enumerated() {
      let y = height - legendHeight + k * line
      let owner = figure.legend.firstIndex(of: name) ?? 0
      image.line(
        from: (8 * unit, y + 4 * unit), to: (28 * unit, y + 4 * unit), colour(owner),
        weight: 2 * unit)
      let room = width - 44 * unit - remark.count * letter
      write(shown(name, room) + remark, at: (36 * unit, y), on: &image)
    }
    return image
  }

  private func write(_ text: String, at place: (x: Int, y: Int), on image: inout PixelImage) {
    image.text(text, at: place, Self.ink, unit: unit)
  }

  /// Text in ASCII, as much as fits in so many pixels.
  private func shown(_ text: String, _ room: Int) -> String {
    String(TextWidth.ascii(TextWidth.printable(text)).prefix(max(0, room / letter)))
  }

  private func draw(_ panel: Panel, top: Int, on image: inout PixelImage) {
    let (left, right) = (64 * unit, width - 12 * unit)
    let (high, low) = (top + line + 4 * unit, top + panelHeight - 3 * line)
    func place(_ point: PlotPoint) -> (x: Int, y: Int) {
      (
        left + Int((point.x * Double(right - left)).rounded()),
        low - Int((point.y * Double(low - high)).rounded())
      )
    }
    func stroke(_ points: [PlotPoint], _ colour: UInt8, _ weight: Int) {
      for (a, b) in zip(points, points.dropFirst()) {
        image.line(from: place(a), to: place(b), colour, weight: weight)
      }
      // One alone is a dot.
      if points.count == 1 {
        let at = place(points[0])
        image.line(
          from: (at.x - unit, at.y), to: (at.x + unit, at.y), colour, weight: weight + unit)
      }
    }
    let heading: [String]
    let axes: (x: Axis, y: Axis)
    var curves: [(owner: Int, points: [PlotPoint])] = []
    let legend = figure.legend
    switch panel {
    case .curves(let panel):
      heading = [panel.title, panel.yLabel, panel.xLabel]
      guard let plot = CurveGeometry(panel, xTicks: 6, yTicks: 5) else {
        write("(\(CurveGeometry.complaint(panel)))", at: (left, high + 20 * unit), on: &image)
        return
      }
      axes = (plot.xAxis, plot.yAxis)
      for curve in plot.curves {
        curves += curve.runs.map { (legend.firstIndex(of: curve.name) ?? 0, $0) }
      }
    case .contours(let panel):
      heading = [panel.title, panel.yLabel, panel.xLabel]
      guard let plot = ContourGeometry(panel, levels: 9, xTicks: 6, yTicks: 5) else {
        write("(no grid of finite values)", at: (left, high + 20 * unit), on: &image)
        return
      }
      axes = (plot.xAxis, plot.yAxis)
      for loop in plot.levels.flatMap({ $0 }) { stroke(loop + loop.prefix(1), Self.faint, unit) }
      for path in plot.paths {
        curves += path.pieces.map { (legend.firstIndex(of: path.name) ?? 0, $0) }
      }
    }
    let title = [heading[0], heading[1].isEmpty ? "" : "[\(heading[1])]"].filter { !$0.isEmpty }
    write(
      shown(title.joined(separator: "  "), right - left), at: (left, top + 2 * unit), on: &image)
    for tick in axes.y.ticks {
      guard let fraction = axes.y.fraction(tick.value), (0...1).contains(fraction) else { continue }
      let y = place(PlotPoint(x: 0, y: fraction)).y
      image.line(from: (left - 4 * unit, y), to: (left, y), Self.ink, weight: unit)
      let label = shown(tick.plainLabel, left - 8 * unit)
      write(label, at: (left - 8 * unit - label.count * letter, y - 3 * unit), on: &image)
    }
    for tick in axes.x.ticks {
      guard let fraction = axes.x.fraction(tick.value), (0...1).contains(fraction) else { continue }
      let x = place(PlotPoint(x: fraction, y: 0)).x
      image.line(from: (x, low), to: (x, low + 4 * unit), Self.ink, weight: unit)
      let label = shown(tick.plainLabel, 100 * unit)
      write(label, at: (x - label.count * letter / 2, low + 8 * unit), on: &image)
    }
    let label = shown(heading[2], right - left)
    write(
      label, at: ((left + right - label.count * letter) / 2, low + 8 * unit + line), on: &image)
    for curve in curves { stroke(curve.points, colour(curve.owner), 2 * unit) }
    image.line(from: (left, high), to: (left, low), Self.ink, weight: unit)
    image.line(from: (left, low), to: (right, low), Self.ink, weight: unit)
  }
}
