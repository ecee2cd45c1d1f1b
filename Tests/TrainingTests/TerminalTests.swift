import Basics
import Testing

@testable import Plotting

@Suite struct TerminalPlotTests {
  private let rising = Series(name: "β-rule", x: [0, 1, 2, 3, 4], y: [0, 1, 2, 3, 4])

  private func plot(_ series: [Series], colour: Bool = false, unicode: Bool = true) -> [String] {
    Figure(title: "T", xLabel: "step", yLabel: "loss", series: series)
      .braille(width: 40, height: 12, colour: colour, unicode: unicode)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  @Test func drawsAxesTicksAndLegend() {
    let lines = plot([rising])
    #expect(lines[0] == "T" && lines[1] == "[loss]")
    #expect(lines.last == "  A β-rule")
    #expect(lines[lines.count - 2].contains("step"))
    #expect(lines.contains { $0.hasPrefix("4 ┤") } && lines.contains { $0.hasPrefix("0 ┤") })
    #expect(lines.contains { $0.hasPrefix("  └") })
    #expect(lines.allSatisfy { TextWidth.cells($0) <= 40 })
  }

  @Test func aRisingCurveRises() {
    // The column of the first drawn cell of each line falls from bottom to top.
    let starts = plot([rising]).filter { $0.contains("│") || $0.contains("┤") }.compactMap { line in
      Array(line).firstIndex { ("⠁"..."⣿").contains($0) || $0 == "A" }
    }
    #expect(starts.count >= 6 && zip(starts, starts.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test func coloursAndLettersTellCurvesApart() {
    let other = Series(name: "B", x: [0, 4], y: [4, 0])
    let coloured = plot([rising, other], colour: true).joined()
    #expect(coloured.contains("\u{1B}[38;5;32m") && coloured.contains("\u{1B}[38;5;166m"))
    let plain = plot([rising, other]).joined()
    #expect(!plain.contains("\u{1B}") && plain.contains("A") && plain.contains("B"))
  }

  @Test func fallsBackToASCII() {
    let lines = plot([rising], unicode: false)
    #expect(lines.allSatisfy { $0.allSatisfy { $0.isASCII } })
    #expect(lines.last == "  * beta-rule")
    #expect(lines.joined().filter { $0 == "*" }.count > 10)
  }

  @Test func saysWhyThereIsNothing() {
    #expect(plot([]).contains("  (no data)"))
  }

  @Test func sizesAreBounded() {
    let text = Figure(title: "t", panels: [.curves(CurvePanel(series: [rising]))])
      .braille(width: -5, height: 0, colour: false)
    #expect(text.split(separator: "\n").allSatisfy { TextWidth.cells(String($0)) <= 24 })
  }

  @Test func controlCharactersNeverReachTheTerminal() {
    let text = plot([Series(name: "\u{1B}[2J\u{07}x", x: [1, 2], y: [1, 2])]).joined()
    #expect(!text.contains("\u{1B}") && !text.contains("\u{07}"))
  }

  @Test func bresenhamJoinsEveryDot() {
    var canvas = DotCanvas(width: 4, height: 1, isUnicode: true)
    canvas.stroke([PlotPoint(x: 0, y: 0), PlotPoint(x: 1, y: 0)], owner: 0)
    #expect(canvas.line(0) { text, _ in text } == "⣀⣀⣀⣀")
    var dot = DotCanvas(width: 2, height: 1, isUnicode: true)
    dot.stroke([PlotPoint(x: 1, y: 1)], owner: 0)
    #expect(dot.line(0) { text, _ in text } == " ⠈")
  }
}

@Suite struct TextTableTests {
  @Test func alignsNumbersAtTheirPoints() {
    let table = TextTable(
      header: ["rule", "loss", "accuracy", "steps"],
      rows: [
        ["Lion(lr = 1e-4)", "0.25", "95.2 %", "1200"],
        ["AdamW", "12.5", "100 %", "7"],
        ["λ-rule", "nan", "-", ""],
      ])
    #expect(
      table.render() == """
        rule              loss  accuracy  steps
        ---------------  -----  --------  -----
        Lion(lr = 1e-4)   0.25    95.2 %   1200
        AdamW            12.5    100 %        7
        λ-rule             nan         -

        """)
  }

  @Test func alignsNumbersWithSpreads() {
    let table = TextTable(header: ["x"], rows: [["0.31 +/- 0.02"], ["-10.5 +/- 3.25"], ["1e-3"]])
    #expect(
      table.render() == """
                      x
        ---------------
          0.31 +/- 0.02
        -10.5 +/- 3.25
          1e-3

        """)
  }

  @Test func copesWithShortLongAndRudeRows() {
    var table = TextTable(header: ["a", "b"])
    table.append(["x"])
    table.append(["y\n\u{1B}", "z", "surplus"])
    #expect(table.render() == "a    b\n---  -\nx\ny    z\n")
    #expect(TextTable(header: []).render() == "\n\n")
  }
}
