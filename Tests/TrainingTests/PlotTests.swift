import Basics
import Testing

@testable import Plotting

private func figure(_ series: [Series], y: AxisScale = .linear) -> Figure {
  Figure(title: "loss", xLabel: "step", yLabel: "loss", yScale: y, series: series)
}

/// Every `attribute="…"` of the elements named so.
private func attributes(_ name: String, of element: String, in svg: String) -> [String] {
  svg.split(separator: "<").filter { $0.hasPrefix(element + " ") }.compactMap { text in
    text.split(separator: " \(name)=\"", maxSplits: 1).dropFirst().first.map {
      String($0.prefix { $0 != "\"" })
    }
  }
}

/// Whether tags nest, attributes are quoted, and no bare markup or forbidden character is left.
private func isWellFormed(_ svg: String) -> Bool {
  var open: [Substring] = []
  var rest = Substring(svg)
  while let start = rest.firstIndex(of: "<") {
    guard !rest[..<start].contains(">"), let end = rest[start...].firstIndex(of: ">") else {
      return false
    }
    let tag = rest[rest.index(after: start)..<end]
    if tag.hasPrefix("/") {
      guard open.popLast() == tag.dropFirst() else { return false }
    } else if !tag.hasSuffix("/") {
      open.append(tag.prefix { $0 != " " })
    }
    guard tag.count(where: { $0 == "\"" }) % 2 == 0, !tag.contains("<") else { return false }
    rest = rest[rest.index(after: end)...]
  }
  let references = svg.split(separator: "&", omittingEmptySubsequences: false).dropFirst()
  let isEscaped = references.allSatisfy { text in
    ["amp;", "lt;", "gt;", "quot;", "#39;"].contains { text.hasPrefix($0) }
  }
  let isClean = svg.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" }
  return open.isEmpty && isEscaped && isClean && !svg.contains("nan") && !svg.contains("inf ")
}

@Suite struct AxisTests {
  @Test(arguments: [
    (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (-3.0, 7.0, ["−2", "0", "2", "4", "6"]),
    (0.0, 1000.0, ["0", "200", "400", "600", "800", "1000"]),
    (0.0, 2.4e6, ["0", "0.5×10⁶", "1.0×10⁶", "1.5×10⁶", "2.0×10⁶"]),
    (0.0, 2e-5, ["0", "0.5×10⁻⁵", "1.0×10⁻⁵", "1.5×10⁻⁵", "2.0×10⁻⁵"]),
    (0.31, 0.32, ["0.310", "0.312", "0.314", "0.316", "0.318", "0.320"]),
  ])
  func linearTicksAreRound(_ low: Double, _ high: Double, _ labels: [String]) {
    let axis = Axis(low: low, high: high, scale: .linear, target: 5)
    #expect(axis.ticks.map(\.label) == labels)
    #expect(axis.ticks.allSatisfy { (low...high).contains($0.value) })
  }

  @Test func logTicksAreDecades() throws {
    let wide = try #require(Axis([1e-4, 1e3], scale: .log, target: 8, padded: false))
    #expect(
      wide.ticks.map(\.label) == ["10⁻⁴", "10⁻³", "0.01", "0.1", "1", "10", "100", "1000"])
    #expect(wide.ticks.map(\.plainLabel).prefix(2) == ["1e-4", "1e-3"])
    let narrow = try #require(Axis([0.1, 2], scale: .log, target: 6, padded: false))
    #expect(narrow.ticks.map(\.label) == ["0.1", "0.2", "0.5", "1", "2"])
    let huge = try #require(Axis([1e-300, 1e300], scale: .log, target: 6, padded: false))
    #expect((4...8).contains(huge.ticks.count))
  }

  @Test(arguments: [
    [0.0], [.leastNonzeroMagnitude], [1.7e308, -1.7e308], [1, 1.0000000000000002], [1e300, 1e300],
    [-Double.leastNonzeroMagnitude, .leastNonzeroMagnitude],
    [1e15, 1e15 + 1], [123_456_789.0, 123_456_790.0],
  ])
  func anyRangeGivesAFiniteAxis(_ values: [Double]) throws {
    let axis = try #require(Axis(values, scale: .linear, target: 6))
    #expect(axis.low < axis.high && (axis.high - axis.low).isFinite)
    #expect(!axis.ticks.isEmpty && axis.ticks.count <= 12)
    for value in values { #expect((0...1).contains(try #require(axis.fraction(value)))) }
  }

  @Test func nothingDrawableIsNoAxis() {
    #expect(Axis([.nan, .infinity], scale: .linear, target: 5) == nil)
    #expect(Axis([0, -1], scale: .log, target: 5) == nil)
  }

  @Test func numbersAreWrittenPlainly() {
    #expect(NumberText.fixed(-0.04, decimals: 1) == "0.0")
    #expect(NumberText.fixed(-2.5, decimals: 2) == "-2.50")
    #expect(NumberText.fixed(0.007, decimals: 3) == "0.007")
    #expect(NumberText.decade(1000) == 3 && NumberText.decade(999.999) == 2)
    #expect(NumberText.decade(1e-5) == -5 && NumberText.decade(.leastNonzeroMagnitude) == -324)
  }
}

@Suite struct SVGTests {
  @Test func drawsACurveWhereItBelongs() throws {
    let svg = figure([Series(name: "Lion", x: [0, 1, 2], y: [0, 5, 10])]).svg()
    #expect(isWellFormed(svg))
    let path = try #require(attributes("d", of: "path", in: svg).first)
    let numbers = path.split { !"0123456789.".contains($0) }.map { Double($0)! }
    #expect(numbers.count == 6)
    // Equal steps in the data are equal steps on the page, upwards.
    #expect(abs(numbers[2] - numbers[0] - (numbers[4] - numbers[2])) < 0.011)
    #expect(abs(numbers[3] - numbers[1] - (numbers[5] - numbers[3])) < 0.011)
    #expect(numbers[4] > numbers[0] && numbers[5] < numbers[1])
    #expect(svg.contains("viewBox=\"0 0 ") && svg.contains(">Lion</text>"))
  }

  /// A run that ends at 10¹⁵⁰ does not press the others flat: it is cut at the frame, and the legend says so.
  @Test(arguments: [AxisScale.linear, .log])
  func aCurveThatRunsAwayDoesNotSetTheScale(_ scale: AxisScale) throws {
    let x = (0...50).map(Double.init)
    let calm = Series(name: "Adam", x: x, y: x.map { 4 / (1 + $0) })
    let wild = Series(
      name: "SGD", x: x, y: x.map { Double(sign: .plus, exponent: Int($0) * 10, significand: 1) })
    let alone = try #require(
      CurveGeometry(CurvePanel(yScale: scale, series: [calm]), xTicks: 6, yTicks: 6))
    let panel = CurvePanel(yScale: scale, series: [calm, wild])
    let both = try #require(CurveGeometry(panel, xTicks: 6, yTicks: 6))
    #expect(both.yAxis.low == alone.yAxis.low && both.yAxis.high == alone.yAxis.high)
    #expect(both.curves.map(\.leaves) == [false, true])
    #expect(both.curves[0].runs == alone.curves[0].runs)
    let run = try #require(both.curves[1].runs.first)
    #expect(run.first?.y == both.yAxis.fraction(1) && run.last?.y == 1)
    #expect(run.allSatisfy { (0...1).contains($0.y) } && run.last!.x < 0.02)

    let figure = figure([calm, wild], y: scale)
    #expect(isWellFormed(figure.svg()))
    #expect(
      figure.svg().contains(">SGD (leaves the plot)</text>")
        && figure.svg().contains(">Adam</text>"))
    let text = figure.braille(width: 60, height: 12, colour: false)
    #expect(text.contains("A Adam") && text.contains("B SGD (leaves the plot)"))
    #expect(
      figure.braille(width: 24, height: 12, colour: false).split(separator: "\n").allSatisfy {
        TextWidth.cells(String($0)) <= 24
      })
  }

  @Test func whereAllRunAwayTheMostOfThemIsShown() throws {
    let x = (0..<100).map(Double.init)
    let wild = Series(name: "SGD", x: x, y: x.map { $0 < 90 ? 1 + $0 / 90 : 1e200 })
    let plot = try #require(CurveGeometry(CurvePanel(series: [wild]), xTicks: 6, yTicks: 6))
    #expect(plot.yAxis.high < 3 && plot.curves[0].leaves)
    let all = try #require(
      CurveGeometry(CurvePanel(series: [wild], showsAll: true), xTicks: 6, yTicks: 6))
    #expect(all.yAxis.high > 1e200 && !all.curves[0].leaves)
  }

  /// Curves that part by three decades, begin at zero or end early are shown whole.
  @Test(
    arguments: [
      [[1, 1e-9], [1, 999]], [[0, 1e9], [0, 1]], [[1e6, 1], [1, 1e6]], [[1, .nan], [1, 2]],
      [[-1, -900], [1, 2]],
    ] as [[[Double]]])
  func whatDoesNotRunAwayIsShownWhole(_ ends: [[Double]]) throws {
    let series = ends.enumerated().map { Series(name: "s\($0)", x: [0, 1], y: $1) }
    let plot = try #require(CurveGeometry(CurvePanel(series: series), xTicks: 6, yTicks: 6))
    #expect(plot.curves.allSatisfy { !$0.leaves })
  }

  /// Limits that are asked for are those of the axes; what lies outside is cut at the frame.
  @Test func axesAreAsTheyAreAskedFor() throws {
    let x = (0...50).map(Double.init)
    let falling = Series(
      name: "a", x: x, y: x.map { 100 / (1 + $0) }, low: x.map { _ in 0.1 }, high: x.map { _ in 90 }
    )
    var panel = CurvePanel(yScale: .log, series: [falling])
    (panel.xLimits, panel.yLimits) = (10...20, 1...10)
    let plot = try #require(CurveGeometry(panel, xTicks: 6, yTicks: 6))
    #expect(plot.xAxis.low == 10 && plot.xAxis.high == 20)
    #expect(plot.yAxis.low == 0 && plot.yAxis.high == 1)
    let points = plot.curves[0].runs.flatMap { $0 }
    #expect(points.first?.x == 0 && points.last?.x == 1 && plot.curves[0].leaves)
    #expect(
      (points + plot.curves[0].bands.flatMap { $0 }).allSatisfy {
        (-1e-9...1 + 1e-9).contains($0.x) && (-1e-9...1 + 1e-9).contains($0.y)
      })
    // The other axis fits what these show.
    panel.yLimits = nil
    let fitted = try #require(CurveGeometry(panel, xTicks: 6, yTicks: 6))
    #expect(fitted.yAxis.high < 3)
    panel.series = [Series(name: "a", x: x, y: x)]
    #expect(try #require(CurveGeometry(panel, xTicks: 6, yTicks: 6)).yAxis.high < 1.5)
  }

  @Test func escapesWhatPeopleCallThings() {
    let name = "a<b> & \"c\" 'd'\u{0}\u{1B}\n"
    let svg = Figure(
      title: name, xLabel: name, yLabel: name, series: [Series(name: name, x: [1, 2], y: [1, 2])]
    ).svg()
    #expect(isWellFormed(svg))
    #expect(svg.contains("a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{FFFD}\u{FFFD} "))
  }

  @Test func gapsSinglePointsAndBands() {
    let x: [Double] = [0, 1, 2, 3, 4, 5]
    let y: [Double] = [1, 2, .nan, 4, .infinity, 3]
    let svg = figure([
      Series(name: "s", x: x, y: y, low: x.map { $0 - 1 }, high: x.map { $0 + 6 })
    ]).svg()
    #expect(isWellFormed(svg))
    let paths = attributes("d", of: "path", in: svg)
    #expect(paths.count == 2)
    #expect(paths[0].hasSuffix("Z") && attributes("fill-opacity", of: "path", in: svg) == ["0.14"])
    #expect(paths[1].filter { $0 == "M" }.count == 1)
    // 4 and 3 stand alone between gaps.
    #expect(attributes("r", of: "circle", in: svg).count == 2)
  }

  @Test func emptyPanelsSayWhy() {
    #expect(figure([]).svg().contains("no data"))
    #expect(figure([Series(name: "a", x: [1], y: [.nan])]).svg().contains("no finite values"))
    let log = figure([Series(name: "a", x: [1], y: [-1])], y: .log).svg()
    #expect(log.contains("no positive values for a logarithmic axis"))
    #expect(Figure(panels: []).svg().contains("no panels"))
    let half = figure([
      Series(name: "full", x: [1, 2], y: [1, 2]), Series(name: "bare", x: [], y: []),
    ]).svg()
    #expect(half.contains("bare (no data)") && !half.contains("full (no data)"))
  }

  @Test func aNameKeepsItsColourInEveryPanel() {
    let a = Series(name: "A", x: [0, 1], y: [0, 1])
    let b = Series(name: "B", x: [0, 1], y: [1, 0])
    let svg = Figure(panels: [
      .curves(CurvePanel(series: [a, b])), .curves(CurvePanel(series: [b])),
    ]).svg()
    let strokes = attributes("stroke", of: "path", in: svg)
    #expect(strokes.count == 3 && strokes[0] != strokes[1] && strokes[1] == strokes[2])
  }

  @Test func moreNamesThanColoursAreDashed() {
    let inks = (0..<28).map { Palette.ink($0) }
    #expect(Set(inks.map { "\($0.colour) \($0.dash ?? "")" }).count == 28)
  }

  @Test func anyNumbersGiveWellFormedText() {
    var random = Sequence64(seed: 6)
    let odd: [Double] = [
      0, -0.0, 1, -1, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, 1.7e308, -1.7e308, 1e-9,
      1e9, 3.5,
    ]
    for round in 0..<300 {
      func values(_ count: Int) -> [Double] {
        (0..<count).map { _ in odd[random.below(odd.count)] }
      }
      let series = (0..<random.below(4)).map { i in
        let n = random.below(9)
        return Series(
          name: "s\(i)", x: values(n), y: values(random.below(9)),
          low: random.below(2) == 0 ? nil : values(n), high: random.below(2) == 0 ? nil : values(n))
      }
      let panel = CurvePanel(
        xScale: round % 2 == 0 ? .linear : .log, yScale: round % 3 == 0 ? .log : .linear,
        series: series)
      let contours = ContourPanel(
        xRange: -1...1, yRange: -1...1, columns: random.below(5), values: values(random.below(20)),
        paths: [.init(name: "p", x: values(5), y: values(5))])
      let figure = Figure(title: "t", panels: [.curves(panel), .contours(contours)])
      #expect(isWellFormed(figure.svg()))
      #expect(!figure.braille(width: random.below(90), height: random.below(30)).isEmpty)
      #expect(
        figure.braille(width: random.below(90), height: 9, colour: false, unicode: false)
          .allSatisfy { $0.isASCII })
    }
  }
}

@Suite struct DecimationTests {
  @Test func keepsEverySpikeAndTheEnds() {
    var points = (0..<100_000).map { PlotPoint(x: Double($0), y: 0) }
    points[31_415].y = 9
    points[27_182].y = -9
    let thin = Decimation.thin(points)
    #expect(thin.count <= Decimation.limit)
    #expect(thin.contains(points[31_415]) && thin.contains(points[27_182]))
    #expect(thin.first == points.first && thin.last == points.last)
    #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.x < $1.x })
  }

  @Test func leavesShortCurvesAlone() {
    let points = (0..<2000).map { PlotPoint(x: Double($0), y: Double($0 % 7)) }
    #expect(Decimation.thin(points) == points)
  }

  @Test func longCurvesMakeSmallDocuments() {
    let x = (0..<1_000_000).map(Double.init)
    let svg = figure([Series(name: "s", x: x, y: x.map { ($0 * 0.37).remainder(dividingBy: 5) })])
      .svg()
    #expect(svg.utf8.count < 60_000)
  }
}

@Suite struct ContourTests {
  private func panel(_ n: Int, _ f: (Double, Double) -> Double) -> ContourPanel {
    var values: [Double] = []
    for row in 0..<n {
      for column in 0..<n {
        values.append(
          f(-1 + 2 * Double(column) / Double(n - 1), -1 + 2 * Double(row) / Double(n - 1)))
      }
    }
    return ContourPanel(xRange: -1...1, yRange: -1...1, columns: n, values: values)
  }

  /// The area inside a loop in the unit square, positive when anticlockwise.
  private func area(_ loop: [PlotPoint]) -> Double {
    zip(loop, Array(loop.dropFirst()) + [loop[0]]).reduce(0) { sum, pair in
      sum + (pair.0.x * pair.1.y - pair.1.x * pair.0.y) / 2
    }
  }

  @Test func aHillHasOneRoundContour() throws {
    let contours = try #require(Contours(panel(81) { 1 - $0 * $0 - $1 * $1 }))
    let loops = contours.loops(at: 0.75)
    #expect(loops.count == 1)
    // Radius 1/2 of a window 2 wide: a quarter in the unit square.
    for point in loops[0] {
      let radius = ((point.x - 0.5) * (point.x - 0.5) + (point.y - 0.5) * (point.y - 0.5))
        .squareRoot()
      #expect(abs(radius - 0.25) < 3e-4)
    }
    #expect(abs(abs(area(loops[0])) - 0.0625 * Double.pi) < 1e-3)
  }

  @Test func aBowlIsFilledOutsideItsContour() throws {
    let contours = try #require(Contours(panel(81) { $0 * $0 + $1 * $1 }))
    let loops = contours.loops(at: 0.25)
    #expect(loops.count == 2)
    // The frame less the round hole: the even-odd rule fills the heights.
    #expect(abs(abs(loops.map(area).reduce(0, +)) - (1 - 0.0625 * Double.pi)) < 1e-3)
  }

  @Test func saddlesAndHolesCloseTheirLoops() throws {
    let saddle = try #require(Contours(panel(2) { $0 * $1 }))
    #expect(saddle.loops(at: 0.5).count == 2)
    #expect(saddle.loops(at: -0.5).count == 1)
    let holes = try #require(Contours(panel(9) { $0 > 0 && $1 > 0 ? .nan : 1 }))
    let area = holes.loops(at: 0.5).map(area).reduce(0, +)
    #expect(abs(abs(area) - 0.75) < 0.15)
  }

  @Test func levelsFollowTheValley() throws {
    let steep = try #require(Contours(panel(41) { 100 * ($1 - $0 * $0) * ($1 - $0 * $0) + 1e-3 }))
    let levels = steep.levels(10)
    #expect(levels.count == 10 && zip(levels, levels.dropFirst()).allSatisfy { $0 < $1 })
    #expect(levels[4] < 0.2 * levels[9])
    let flat = try #require(Contours(panel(5) { _, _ in 3 }))
    #expect(flat.levels(10).isEmpty)
  }

  @Test func pathsAreCutAtTheWindow() {
    let inside = PlotPoint(x: 0.5, y: 0.5)
    let pieces = Clipping.pieces([
      inside, PlotPoint(x: 1.5, y: 0.5), PlotPoint(x: 1.5, y: 2), nil, PlotPoint(x: -1, y: 0.25),
      PlotPoint(x: 3, y: 0.25),
    ])
    #expect(
      pieces == [
        [inside, PlotPoint(x: 1, y: 0.5)], [PlotPoint(x: 0, y: 0.25), PlotPoint(x: 1, y: 0.25)],
      ])
  }

  /// 0.1 + (0.3 - 0.1) is not 0.3: a path inside stays in one piece.
  @Test func aPathInsideIsOnePiece() {
    var random = Sequence64(seed: 4)
    func place() -> Double { Double(random.below(97)) / 97 }
    let points = (0..<200).map { _ in PlotPoint(x: place(), y: place()) }
    #expect(Clipping.pieces(points) == [points])
  }

  @Test func drawsHeightsPathsAndTheMinimum() {
    var bowl = panel(20) { $0 * $0 + $1 * $1 }
    bowl.paths = [.init(name: "Lion", x: [-0.5, 0.2, 5, .nan], y: [0.5, 0.1, 0, 0])]
    bowl.minimum = (0, 0)
    let svg = Figure(title: "bowl", panels: [.contours(bowl)]).svg()
    #expect(isWellFormed(svg))
    #expect(attributes("fill-rule", of: "path", in: svg).count >= 10)
    #expect(attributes("r", of: "circle", in: svg).count == 2)
    #expect(svg.contains(">Lion</text>"))
  }
}
