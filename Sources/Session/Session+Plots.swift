import Diagnostics
import IR
import Laboratory
import Plotting
import Symbolic

// `:plot`.
extension Session {
  func plot(_ rest: Fragment) throws {
    let (word, what) = rest.word
    switch word.text {
    case "stability" where !what.isEmpty: try plotStability(what)
    case "filter" where !what.isEmpty: try plotFilter(what)
    default:
      let series = (script.experiments.last?.series ?? []) + ["path", "loss"]
      let isSeries =
        rest.text.split(whereSeparator: { $0 == "," || $0 == " " }).first
        .map { series.contains(String($0)) } ?? false
      if isSeries {
        try statement("plot \(rest.text)")
      } else {
        try plotCurve(rest)
      }
    }
  }

  private func draw(_ figure: Figure) throws { write(try drawn(figure)) }

  /// An expression over t or over one free name, `EXPR` or `EXPR for x in 0..1`.
  private func plotCurve(_ rest: Fragment) throws {
    var what = rest
    var name: Fragment?
    var range: (low: Double, high: Double)?
    if let (expression, clause) = rest.split(on: "for") {
      what = expression
      guard let (variable, bounds) = clause.split(on: "in"), let found = Self.range(bounds.text)
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
      for k in 0..<max(2, count) where !interrupt.isRequested() {
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

  private static func range(_ text: String) -> (low: Double, high: Double)? {
    let bytes = Array(text)
    guard
      let dots = bytes.indices.dropLast().first(where: { bytes[$0] == "." && bytes[$0 + 1] == "." }
      ),
      let low = Double(String(bytes[..<dots]).filter { $0 != " " }),
      let high = Double(String(bytes[(dots + 2)...]).filter { $0 != " " }), low < high,
      low.isFinite, high.isFinite, abs(low) < 1e9, abs(high) < 1e9
    else { return nil }
    return (low, high)
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

  /// Linear rules: the factor by which the distance changes a step, over lr·h, and, where there is a
  /// momentum, the border of the stable region. Others: where the walk ends, over h.
  private func plotStability(_ what: Fragment) throws {
    try asking(what) {
      let algebra = try self.algebra(of: what)
      guard let stability = try? algebra.stability() else {
        return try measuredStability(algebra.source, draws: true)
      }
      var values: [TermID: Double] = [:]
      var momentum: (term: TermID, name: String)?
      for (symbol, name, typical) in algebra.setting.symbols where symbol != stability.variable {
        values[symbol] = typical
        if momentum == nil, name.hasPrefix("β") || name.hasPrefix("μ") { momentum = (symbol, name) }
      }
      let label = stability.isProduct ? "lr * h" : "h"
      let limit = stability.limit(values) ?? 4
      var rate = Series(name: what.text, x: [], y: [])
      for k in 1...200 {
        let x = 1.25 * limit * Double(k) / 200
        var here = values
        here[stability.variable] = x
        rate.x.append(x)
        rate.y.append(stability.spectralRadius(here) ?? .nan)
      }
      var panels: [Panel] = [
        .curves(
          CurvePanel(
            title: "how the distance grows a step, stable below 1", xLabel: label,
            yLabel: "factor", series: [rate]))
      ]
      if let momentum {
        var border = Series(name: "stable below", x: [], y: [])
        for k in 0..<100 {
          let value = Double(k) / 100
          var here = values
          here[momentum.term] = value
          guard let limit = stability.limit(here), limit < 1e3 else { continue }
          border.x.append(value)
          border.y.append(limit)
        }
        if border.x.count > 1 {
          panels.append(
            .curves(
              CurvePanel(
                title: "the stable region", xLabel: momentum.name, yLabel: label,
                series: [border])))
        }
      }
      try draw(Figure(title: "", panels: panels))
    }
  }

  /// What a rule that is not linear does, from its own runs.
  func measuredStability(_ rule: Rule, draws: Bool = false) throws {
    let measured = try rule.measuredStability()
    if let limit = measured.limit {
      let isLast = limit == measured.curvatures.last
      write(
        "from w = 1, no farther away after \(measured.steps) steps for h up to "
          + "\(Self.short(limit))\(isLast ? " and perhaps beyond" : "")\n")
    } else {
      write("from w = 1, farther away after \(measured.steps) steps even for h = 0.01\n")
    }
    if TermLimits.current.areReached {
      say("stopped at the limit of time: larger h were not run\n")
    }
    if draws {
      try draw(
        Figure(
          title: "", xLabel: "h", yLabel: "|w| at the end", xScale: .log, yScale: .log,
          series: [Series(name: rule.label, x: measured.curvatures, y: measured.ratios)]))
    }
  }
}
