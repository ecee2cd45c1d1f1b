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

  package init(figure: Figure, width: Int) {
    self.figure = figure
    self.width = max(200, min(width, 4_000))
  }

  private static let panelHeight = 280
  private static let line = PixelFont.height + 5
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
    let titleHeight = figure.title.isEmpty ? 4 : Self.line + 4
    let legend = zip(figure.legend, figure.legendRemarks).filter { !$0.0.isEmpty }
    let legendHeight = legend.count * Self.line + 6
    let height = titleHeight + figure.panels.count * Self.panelHeight + legendHeight
    var image = PixelImage(width: width, height: height, colours: Self.colours)
    image.text(shown(figure.title, width - 8), at: (4, 4), Self.ink)
    for (k, panel) in figure.panels.enumerated() {
      draw(panel, top: titleHeight + k * Self.panelHeight, on: &image)
    }
    for (k, (name, remark)) in legend.enumerated() {
      let y = height - legendHeight + k * Self.line
      let owner = figure.legend.firstIndex(of: name) ?? 0
      image.line(from: (8, y + 4), to: (28, y + 4), colour(owner), weight: 2)
      let room = width - 44 - remark.count * PixelImage.letterWidth
      image.text(shown(name, room) + remark, at: (36, y), Self.ink)
    }
    return image
  }

  /// Text in ASCII, as much as fits in so many pixels.
  private func shown(_ text: String, _ room: Int) -> String {
    String(
      TextWidth.ascii(TextWidth.printable(text)).prefix(max(0, room / PixelImage.letterWidth)))
  }

  private func draw(_ panel: Panel, top: Int, on image: inout PixelImage) {
    let (left, right) = (64, width - 12)
    let (high, low) = (top + Self.line + 4, top + Self.panelHeight - 3 * Self.line)
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
    }
    let heading: [String]
    let axes: (x: Axis, y: Axis)
    var curves: [(owner: Int, points: [PlotPoint])] = []
    let legend = figure.legend
    switch panel {
    case .curves(let panel):
      heading = [panel.title, panel.yLabel, panel.xLabel]
      guard let plot = CurveGeometry(panel, xTicks: 6, yTicks: 5) else {
        image.text("(\(CurveGeometry.complaint(panel)))", at: (left, high + 20), Self.ink)
        return
      }
      axes = (plot.xAxis, plot.yAxis)
      for curve in plot.curves {
        curves += curve.runs.map { (legend.firstIndex(of: curve.name) ?? 0, $0) }
      }
    case .contours(let panel):
      heading = [panel.title, panel.yLabel, panel.xLabel]
      guard let plot = ContourGeometry(panel, levels: 9, xTicks: 6, yTicks: 5) else {
        image.text("(no grid of finite values)", at: (left, high + 20), Self.ink)
        return
      }
      axes = (plot.xAxis, plot.yAxis)
      for loop in plot.levels.flatMap({ $0 }) { stroke(loop + loop.prefix(1), Self.faint, 1) }
      for path in plot.paths {
        curves += path.pieces.map { (legend.firstIndex(of: path.name) ?? 0, $0) }
      }
    }
    let title = [heading[0], heading[1].isEmpty ? "" : "[\(heading[1])]"].filter { !$0.isEmpty }
    image.text(
      shown(title.joined(separator: "  "), right - left), at: (left, top + 2), Self.ink)
    for tick in axes.y.ticks {
      guard let fraction = axes.y.fraction(tick.value), (0...1).contains(fraction) else { continue }
      let y = place(PlotPoint(x: 0, y: fraction)).y
      image.line(from: (left - 4, y), to: (left, y), Self.ink)
      let label = shown(tick.plainLabel, left - 8)
      image.text(
        label, at: (left - 8 - label.count * PixelImage.letterWidth, y - 3), Self.ink)
    }
    for tick in axes.x.ticks {
      guard let fraction = axes.x.fraction(tick.value), (0...1).contains(fraction) else { continue }
      let x = place(PlotPoint(x: fraction, y: 0)).x
      image.line(from: (x, low), to: (x, low + 4), Self.ink)
      let label = shown(tick.plainLabel, 100)
      image.text(label, at: (x - label.count * PixelImage.letterWidth / 2, low + 8), Self.ink)
    }
    let label = shown(heading[2], right - left)
    image.text(
      label, at: ((left + right - label.count * PixelImage.letterWidth) / 2, low + 8 + Self.line),
      Self.ink)
    for curve in curves { stroke(curve.points, colour(curve.owner), 2) }
    image.line(from: (left, high), to: (left, low), Self.ink)
    image.line(from: (left, low), to: (right, low), Self.ink)
  }
}
