/// How values map to places on an axis.
package enum AxisScale: Sendable, Hashable {
  case linear
  /// Logarithmic, base 10; values that are not positive are not drawn.
  case log

  func shows(_ value: Double) -> Bool { value.isFinite && (self == .linear || value > 0) }
}

/// One curve and, where there are several runs, the band around it.
package struct Series: Sendable, Equatable {
  package var name: String
  package var x: [Double]
  /// As many as `x`; a value that is not finite breaks the curve.
  package var y: [Double]
  /// The lower and upper edges of the band (least and largest, or one deviation), as many as `x`.
  package var low: [Double]?
  package var high: [Double]?

  package init(
    name: String, x: [Double], y: [Double], low: [Double]? = nil, high: [Double]? = nil
  ) {
    self.name = name
    self.x = x
    self.y = y
    self.low = low
    self.high = high
  }

  /// The number of points that have both coordinates.
  var count: Int { min(x.count, y.count) }

  /// The value there, then the edges of the band.
  func values(at index: Int) -> [Double] {
    [y[index]]
      + [low, high].compactMap { edge in
        edge.flatMap { index < $0.count ? $0[index] : nil }
      }
  }
}

/// Curves over a common pair of axes.
package struct CurvePanel: Sendable, Equatable {
  package var title: String
  package var xLabel: String
  package var yLabel: String
  package var xScale: AxisScale
  package var yScale: AxisScale
  package var series: [Series]
  /// Whether every value is inside the axes, also of a curve that goes far beyond the others.
  package var showsAll: Bool
  /// Where the axes end; nil fits the curves.
  package var xLimits: ClosedRange<Double>?
  package var yLimits: ClosedRange<Double>?

  package init(
    title: String = "", xLabel: String = "", yLabel: String = "", xScale: AxisScale = .linear,
    yScale: AxisScale = .linear, series: [Series], showsAll: Bool = false
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.xScale = xScale
    self.yScale = yScale
    self.series = series
    self.showsAll = showsAll
  }
}

/// A function of two variables as filled contours, and the paths that rules took over it.
package struct ContourPanel: Sendable, Equatable {
  /// The points that one rule visited, in order.
  package struct Path: Sendable, Equatable {
    package var name: String
    package var x: [Double]
    package var y: [Double]

    package init(name: String, x: [Double], y: [Double]) {
      self.name = name
      self.x = x
      self.y = y
    }
  }

  package var title: String
  package var xLabel: String
  package var yLabel: String
  /// The window: the grid's first and last column lie on its sides, the rows on bottom and top.
  package var xRange: ClosedRange<Double>
  package var yRange: ClosedRange<Double>
  /// The number of grid columns, at least 2.
  package var columns: Int
  /// `rows × columns` values of the function, row-major, the lowest y first.
  package var values: [Double]
  package var paths: [Path]
  /// A known minimum, marked by a cross.
  package var minimum: (x: Double, y: Double)?

  package init(
    title: String = "", xLabel: String = "", yLabel: String = "", xRange: ClosedRange<Double>,
    yRange: ClosedRange<Double>, columns: Int, values: [Double], paths: [Path] = [],
    minimum: (x: Double, y: Double)? = nil
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.xRange = xRange
    self.yRange = yRange
    self.columns = columns
    self.values = values
    self.paths = paths
    self.minimum = minimum
  }

  /// Whole rows only; a grid that is no grid has none.
  var rows: Int { columns > 0 ? values.count / columns : 0 }

  package static func == (a: ContourPanel, b: ContourPanel) -> Bool {
    a.title == b.title && a.xLabel == b.xLabel && a.yLabel == b.yLabel && a.xRange == b.xRange
      && a.yRange == b.yRange && a.columns == b.columns && a.values == b.values
      && a.paths == b.paths && a.minimum?.x == b.minimum?.x && a.minimum?.y == b.minimum?.y
  }
}

/// One pair of axes of a figure.
package enum Panel: Sendable, Equatable {
  case curves(CurvePanel)
  case contours(ContourPanel)

  var title: String {
    switch self {
    case .curves(let panel): panel.title
    case .contours(let panel): panel.title
    }
  }

  /// The names that the legend explains, in order.
  var names: [String] {
    switch self {
    case .curves(let panel): panel.series.map(\.name)
    case .contours(let panel): panel.paths.map(\.name)
    }
  }
}

/// A titled set of panels that share one legend: a name has the same colour in all of them.
package struct Figure: Sendable, Equatable {
  package var title: String
  package var panels: [Panel]

  package init(title: String = "", panels: [Panel]) {
    self.title = title
    self.panels = panels
  }

  /// A figure of one panel of curves.
  package init(
    title: String, xLabel: String, yLabel: String, xScale: AxisScale = .linear,
    yScale: AxisScale = .linear, series: [Series], showsAll: Bool = false
  ) {
    self.title = title
    panels = [
      .curves(
        CurvePanel(
          xLabel: xLabel, yLabel: yLabel, xScale: xScale, yScale: yScale, series: series,
          showsAll: showsAll))
    ]
  }

  /// Every name once, in the order of first appearance; its index picks the colour.
  var legend: [String] {
    var seen: Set<String> = []
    return panels.flatMap(\.names).filter { seen.insert($0).inserted }
  }

  /// What the legend adds to each name, with a blank before it; nothing to most.
  var legendRemarks: [String] {
    var drawn: Set<String> = []
    var leaving: Set<String> = []
    for panel in panels {
      switch panel {
      case .curves(let panel):
        for series in panel.series
        where (0..<series.count).contains(where: { series.x[$0].isFinite && series.y[$0].isFinite })
        {
          drawn.insert(series.name)
        }
        for curve in CurveGeometry(panel, xTicks: 2, yTicks: 2)?.curves ?? [] where curve.leaves {
          leaving.insert(curve.name)
        }
      case .contours(let panel):
        for path in panel.paths where path.x.contains(where: \.isFinite) { drawn.insert(path.name) }
      }
    }
    return legend.map {
      drawn.contains($0) ? leaving.contains($0) ? " (leaves the plot)" : "" : " (no data)"
    }
  }
}
