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

  /// Expressions over t or over one free name, `EXPR, EXPR` or `EXPR for x in 0..1`.
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
    let curves = try what.listed.map { part in
      (part, try asking(part) { try compiler.freeExpression(part.text) })
    }
    var own: [String] = []
    for symbol in curves.flatMap(\.1.symbols) where !own.contains(symbol) { own.append(symbol) }
    let isOverTime = own.isEmpty && curves.contains { $0.1.isSchedule }
    if let name, isOverTime ? name.text != "t" : !own.contains(Setting.shown(name.text)) {
      throw DiagnosticError(
        .usage(
          "`\(name.text)` is not free in this", of: .plot, at: span(name)))
    }
    guard isOverTime || own.count == 1 && !curves.contains(where: { $0.1.isSchedule }) else {
      let message =
        own.isEmpty
        ? "this is one number: a curve has one free name, or t"
        : "a curve has one free name, or t alone, and here "
          + (own.count == 1 ? "is \(own[0]) beside t" : "are \(own.joined(separator: ", "))")
      throw DiagnosticError(.usage(message, of: .plot, at: span(what)))
    }
    let (low, high) = range ?? (isOverTime ? (1, 100) : (0, 1))
    let horizon = isOverTime ? max(1, Int(high)) : 100
    let count = isOverTime ? min(1_000, Int(high - low) + 1) : 201
    let series = try curves.map { part, expression in
      var series = Series(name: part.text, x: [], y: [])
      try asking(part) {
        for k in 0..<max(2, count) where !output.isInterrupted {
          var x = low + (high - low) * Double(k) / Double(max(1, count - 1))
          if isOverTime { x = x.rounded() }
          let value =
            isOverTime
            ? try expression.value(step: max(1, Int(x)), horizon: horizon)
            : try expression.value(expression.symbols.isEmpty ? [] : [x])
          series.x.append(x)
          series.y.append(value.scalar)
        }
      }
      return series
    }
    try draw(
      Figure(
        title: "", xLabel: isOverTime ? "t" : own[0], yLabel: "", series: series, showsAll: true))
  }

  private func plotFilter(_ what: Fragment) throws {
    try asking(what) {
      let response = try compiler.rule(what.text).filterResponse()
      try draw(
        Figure(
          title: "", xLabel: "cycles a step", yLabel: "gain", yScale: .log,
          series: [Series(name: what.text, x: response.frequencies, y: response.gains)],
          showsAll: true))
    }
  }
}
