import Basics
import Diagnostics
import Laboratory
import Runtime

/// `:trace`: one step of a rule, value by value.
struct TraceCommand: Answering {
  let question: Question

  func trace(_ rest: Fragment) throws {
    var what = rest
    var step = 1
    var weights: Dense?
    var gradient: Dense?
    if let (rule, given) = what.split(on: "with") {
      what = rule
      for part in given.listed {
        guard let (name, value) = part.sides, ["w", "g"].contains(name.text) else {
          throw DiagnosticError(
            .usage("write `with g = 0`, or `w = 1, g = [1, 2]`", of: .trace, at: span(part)))
        }
        let dense = try asking(value) { try compiler.freeExpression(value.text).value() }
        guard dense.count > 0, dense.count <= 100_000 else {
          throw DiagnosticError(
            .usage("a tensor of 1 to 100,000 numbers is traced", of: .trace, at: span(value)))
        }
        if name.text == "w" { weights = dense } else { gradient = dense }
      }
    }
    if let (rule, at) = what.split(on: "at") {
      what = rule
      guard let n = Int(at.text), (1...10_000).contains(n) else {
        throw DiagnosticError(
          .usage("steps count from 1 to 10,000: `at 10`", of: .trace, at: span(at)))
      }
      step = n
    }
    if let a = weights, let b = gradient, a.count != 1, b.count != 1, a.count != b.count {
      throw DiagnosticError(.usage("w and g have one shape", of: .trace, at: span(rest)))
    }
    let trace = try asking(what) {
      try compiler.trace(compiler.rule(what.text), step: step, weights: weights, gradient: gradient)
    }
    var table = TextTable(header: ["value", "shape", "norm", "min", "max", "zeros"])
    for row in trace.rows {
      func number(_ x: Double) -> String { NumberText.significant(x) }
      let shape = row.shape.map(String.init).joined(separator: "×")
      table.append([
        row.name, shape.isEmpty ? "1" : shape, number(row.norm), number(row.low),
        number(row.high) + (row.broken > 0 ? " (\(row.broken) not finite)" : ""),
        "\(Int((row.zeros * 100).rounded()))%",
      ])
    }
    write("step \(trace.step)\n" + table.render())
    write("‖w' - w‖ / ‖w‖ = \(NumberText.significant(trace.ratio))\n")
    if let (value, place) = trace.firstBroken {
      report([.firstNotFinite(value, at: place)])
    }
  }
}
