import Basics
import Diagnostics
import IR
import Laboratory
import Plotting
import Symbolic

/// `:plot` of what no experiment recorded: curves, filters, stable regions.
struct PlotCommand: Answering {
  let question: Question

  func draw(_ rest: Fragment) throws {
    let (word, what) = rest.word
    switch word.text {
    case "stability" where !what.isEmpty:
      try StabilityCommands(question: question).draw(what)
    case "filter" where !what.isEmpty: try plotFilter(what)
    default: try plotCurve(rest)
    }
  }

  private func draw(_ figure: Figure) throws { write(try output.drawn(figure)) }

  /// An expression over t or over one free name, `EXPR` or `EXPR for x in 0..1`.
  private func plotCurve(_ rest: Fragment) throws {
    var what = rest
    var name: Fragment?
    var range: (low: Double, high: Double)?
    if let (expression, clause) = rest.split(on: "for") {
      what = expression
      guard let (variable, bounds) = clause.split(on: "in"),
        let found = NumberText.range(bounds.text), found.low < found.high,
        max(abs(found.low), abs(found.high)) < 1e9
      else {
        throw DiagnosticError(
          .usage("write `for x in 0..1`", of: .plot, at: span(clause)))
      }
      name = variable
      range = found
    }
    let expression = try asking(what) { try compiler.freeExpression(what.text) }
    let isOverTime = expression.isSchedule && expression.symbols.isEmpty
    let own = expression.symbols
    if let name, isOverTime ? name.text != "t" : !own.contains(Setting.shown(name.text)) {
      throw DiagnosticError(
        .usage(
          "`\(name.text)` is not free in this", of: .plot, at: span(name)))
    }
    guard isOverTime || expression.symbols.count == 1 else {
      let message =
        expression.symbols.isEmpty
        ? "this is one number: a curve has one free name, or t"
        : "a curve has one free name, and here are \(own.joined(separator: ", "))"
      throw DiagnosticError(.usage(message, of: .plot, at: span(what)))
    }
    let (low, high) = range ?? (isOverTime ? (1, 100) : (0, 1))
    let horizon = isOverTime ? max(1, Int(high)) : 100
    var series = Series(name: what.text, x: [], y: [])
    let count = isOverTime ? min(1_000, Int(high - low) + 1) : 201
    try asking(what) {
      for k in 0..<max(2, count) where !output.isInterrupted {
        var x = low + (high - low) * Double(k) / Double(max(1, count - 1))
        if isOverTime { x = x.rounded() }
        let value =
          isOverTime
          ? try expression.value(step: max(1, Int(x)), horizon: horizon)
          : try expression.value([x])
        series.x.append(x)
        series.y.append(value.scalar)
      }
    }
    let label = isOverTime ? "t" : own[0]
    try draw(Figure(title: "", xLabel: label, yLabel: "", series: [series]))
  }

  private func plotFilter(_ what: Fragment) throws {
    try asking(what) {
      let response = try compiler.rule(what.text).filterResponse()
      try draw(
        Figure(
          title: "", xLabel: "cycles a step", yLabel: "gain", yScale: .log,
          series: [Series(name: what.text, x: response.frequencies, y: response.gains)]))
    }
  }
}
