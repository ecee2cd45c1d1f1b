import Diagnostics
import IR
import Laboratory
import Plotting
import Symbolic

/// Where a rule is stable, as text and as a figure: `:stability`, `:plot stability`.
struct StabilityCommands: Answering {
  let question: Question

  /// `:stability`.
  func tell(_ rest: Fragment) throws {
    try asking(rest) { try tell(try algebra(of: rest)) }
  }

  private func tell(_ algebra: RuleAlgebra) throws {
    defer { output.noteFixed(algebra.setting) }
    let stability: Stability
    do {
      stability = try algebra.stability()
    } catch {
      write("\(error): measured at the defaults\n")
      try measuredStability(algebra.source)
      return
    }
    let printer = algebra.printer
    write(
      stability.isNever
        ? "stable on h * w^2 / 2 for no value of \(stability.isProduct ? "lr * h" : "h")\n"
        : "stable on h * w^2 / 2 where \(stability.text)\n")
    write(
      "  iteration matrix of (\((["w"] + stateNames(stability, algebra)).joined(separator: ", ")))\n"
    )
    for row in stability.matrix {
      write("    [\(row.map { printer.text($0) }.joined(separator: ", "))]\n")
    }
    var polynomial = ""
    for (k, c) in stability.characteristic.enumerated().reversed() where c != algebra.table.zero {
      let power = k == 0 ? "" : k == 1 ? "z" : "z^\(k)"
      let isNegative = algebra.table.value(c)?.isNegative ?? false
      let factor = printer.factor(isNegative ? algebra.table.negate(c) : c)
      if !polynomial.isEmpty { polynomial += isNegative ? " - " : " + " }
      polynomial += k == 0 ? factor : c == algebra.table.one ? power : "\(factor) * \(power)"
    }
    write(
      "  characteristic polynomial \(polynomial)"
        + (stability.isProduct ? ", x = lr * h" : "") + "\n")
    let values = defaults(algebra, stability)
    // A root that the defaults have not is of other signs than anybody takes.
    let evaluator = values.reduce(into: Evaluator(algebra.table)) { $0.set($1.key, $1.value) }
    func isReal(_ x: TermID) -> Bool {
      var own = evaluator
      return own.number(x)?.isFinite ?? true
    }
    if let (points, rate) = stability.critical, points.count == 2, points.allSatisfy(isReal) {
      let name = stability.isProduct ? "lr * h" : "h"
      write(
        "  both eigenvalues meet at \(name) = \(printer.factored(points[0]))\n"
          + "  and at \(printer.factored(points[1])); between them their size is "
          + "\(printer.text(rate))\n")
    }
    if let limit = stability.limit(values) {
      write("  at the defaults up to \(Presentation.short(limit))\n")
      if let best = stability.best(values) {
        write(
          "  fastest there at \(Presentation.short(best.x)), where a step multiplies the distance by "
            + "\(Presentation.short(best.rate))\n")
      }
    }
  }

  /// What symbols are by default, but for the one that stability is asked of.
  private func defaults(_ algebra: RuleAlgebra, _ stability: Stability) -> [TermID: Double] {
    var values: [TermID: Double] = [:]
    for (symbol, _, typical) in algebra.setting.symbols where symbol != stability.variable {
      values[symbol] = typical
    }
    return values
  }

  /// The states that the iteration matrix has, in its order.
  private func stateNames(_ stability: Stability, _ algebra: RuleAlgebra) -> [String] {
    guard let linear = try? LinearRule(algebra.rule) else { return [] }
    return linear.basis.dropFirst().map { algebra.printer.text($0) }
  }

  /// Linear rules: the factor by which the distance changes a step, over lr·h, and, where there is a
  /// momentum, the border of the stable region. Others: where the walk ends, over h.
  func draw(_ what: Fragment) throws {
    try asking(what) {
      let algebra = try self.algebra(of: what)
      guard let stability = try? algebra.stability() else {
        return try measuredStability(algebra.source, draws: true)
      }
      let values = defaults(algebra, stability)
      let momentum = algebra.setting.symbols.first { symbol, name, _ in
        symbol != stability.variable && (name.hasPrefix("β") || name.hasPrefix("μ"))
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
            yLabel: "factor", series: [rate], showsAll: true))
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
                series: [border], showsAll: true)))
        }
      }
      write(try output.drawn(Figure(title: "", panels: panels)))
    }
  }

  /// What a rule that is not linear does, from its own runs.
  private func measuredStability(_ rule: Rule, draws: Bool = false) throws {
    let measured = try rule.measuredStability()
    if let limit = measured.limit {
      let isLast = limit == measured.curvatures.last
      write(
        "from w = 1, no farther away after \(measured.steps) steps for h up to "
          + "\(Presentation.short(limit))\(isLast ? " and perhaps beyond" : "")\n")
    } else {
      write("from w = 1, farther away after \(measured.steps) steps even for h = 0.01\n")
    }
    if TermLimits.current.areReached {
      say("stopped at the limit of time: larger h were not run\n")
    }
    if draws {
      let figure = Figure(
        title: "", xLabel: "h", yLabel: "|w| at the end", xScale: .log, yScale: .log,
        series: [Series(name: rule.label, x: measured.curvatures, y: measured.ratios)],
        showsAll: true)
      write(try output.drawn(figure))
    }
  }
}
