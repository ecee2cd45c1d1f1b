import Basics
import Plotting

/// Means with their intervals, a line each, about a line at 0: as SVG.
struct IntervalPlot {
  struct Row {
    var label: String
    var interval: BootstrapInterval
    /// `better`, `worse` or none of both.
    var kind: String
  }

  var rows: [Row]
  /// What the left and the right of 0 mean.
  var sides: (left: String, right: String)

  private static let height = 24.0
  private static let (left, right, width) = (330.0, 860.0, 880.0)
  private static let colours = ["better": "#0a6b2d", "worse": "#a3211b"]

  var svg: String {
    let drawn: [Row] = rows.filter { $0.interval.mean.isFinite }
    let ends: [Double] = [0] + drawn.flatMap { [$0.interval.low, $0.interval.high] }
    guard !drawn.isEmpty,
      let axis = Axis(ends, scale: .linear, target: 6)
    else { return "" }
    let bottom = 34 + Double(drawn.count) * Self.height
    func x(_ value: Double) -> String {
      NumberText.fixed(
        Self.left + (Self.right - Self.left) * (axis.fraction(value) ?? 0), decimals: 1)
    }
    func text(_ words: String, _ x: String, _ y: Double, _ anchor: String) -> String {
      "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\">\(PageText.escaped(words))</text>\n"
    }
    var parts = ""
    for tick in axis.ticks {
      parts += "<path d=\"M\(x(tick.value)) 26V\(bottom)\" stroke=\"#e6e6e6\"/>\n"
      parts += text(tick.label, x(tick.value), bottom + 16, "middle")
    }
    parts += "<path d=\"M\(x(0)) 26V\(bottom)\" stroke=\"#666\"/>\n"
    // A side without room says nothing.
    let zero = Self.left + (Self.right - Self.left) * (axis.fraction(0) ?? 0)
    if zero > Self.left { parts += text("← " + sides.left, "\(zero - 8)", 16, "end") }
    if Self.right - zero > 60 { parts += text(sides.right + " →", "\(zero + 8)", 16, "start") }
    for (k, row) in drawn.enumerated() {
      let y = 42 + Double(k) * Self.height
      let colour = Self.colours[row.kind] ?? "#5d6d7e"
      parts += text(row.label, "\(Self.left - 12)", y + 4, "end")
      parts +=
        "<path d=\"M\(x(row.interval.low)) \(y)H\(x(row.interval.high))\" stroke=\"\(colour)\" stroke-width=\"2\"/>\n"
      parts += "<circle cx=\"\(x(row.interval.mean))\" cy=\"\(y)\" r=\"4\" fill=\"\(colour)\"/>\n"
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(bottom + 26))" role="img" \
      font-family="system-ui, sans-serif" font-size="12" fill="#333">
      \(parts)</svg>

      """
  }
}
