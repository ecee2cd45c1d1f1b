import Basics
import IR

/// What a rule does under the same gradient for ever, as t → ∞, and under independent noise.
package struct SteadyState {
  package let table: TermTable
  /// w' − w in the limit, in terms of g and w.
  package let update: TermID
  /// The states in the limit.
  package let states: [(name: String, value: TermID)]
  /// The update with every ε at 0; nil where that changes nothing.
  package let withoutEpsilon: TermID?
  /// What was used: `β^t → 0`.
  package let limits: [String]
  /// What must hold for the states to have limits: `abs(β) < 1`.
  package let conditions: [String]

  /// Throws where a state has no limit that can be found.
  package init(_ rule: SymbolicRule) throws(SymbolicError) {
    let t = rule.table
    table = t
    let later = rule.laterStep
    let next = try rule.update(step: later, states: rule.states.map(\.symbol))
    var limits: [String] = []
    var conditions: [String] = []
    let printer = TermPrinter(t)
    func limit(_ x: TermID) -> TermID {
      t.reduced(
        t.substitute(x) { id in
          let term = t[id]
          guard term.kind == .apply, term.operation == .power,
            t.contains(term.operands[1], later)
          else { return nil }
          guard t.interval(term.operands[0]).isInsideSigns else { return nil }
          let text = "\(printer.text(id)) → 0"
          if !limits.contains(text) { limits.append(text) }
          return t.zero
        })
    }
    let live = rule.liveStates(next)
    let closed = try rule.closedStates(next)
    var known: [TermID: TermID] = [:]
    for (k, value) in closed {
      let last = limit(value)
      if t.contains(last, later) {
        throw SymbolicError("`\(rule.states[k].name)` grows without end")
      }
      known[rule.states[k].symbol] = last
    }
    // Fixed points, those that depend on known ones first.
    var open = rule.states.indices.filter { live[$0] && closed[$0] == nil }
    let solver = Solver(t)
    while !open.isEmpty {
      var isProgressing = false
      for k in open {
        let symbol = rule.states[k].symbol
        let image = limit(t.substitute(next.states[k], known))
        let unknown = open.contains { $0 != k && t.contains(image, rule.states[$0].symbol) }
        if unknown { continue }
        let value: TermID
        if !t.contains(image, symbol) {
          value = image
        } else if let found = solver.solve(t.subtract(image, symbol), for: symbol) {
          let slope = rule.linear(image, symbol)?.slope ?? t.one
          let size = t.interval(slope)
          if !size.isInsideSigns {
            // What is farther from 0 than 1 goes nowhere; of other shares it depends.
            let isOutside = [size, -size].contains { $0.low.map { $0 >= .one } ?? false }
            if isOutside {
              throw SymbolicError(
                "`\(rule.states[k].name)` keeps \(printer.text(slope)) of itself and has no limit")
            }
            conditions.append("abs(\(printer.text(slope))) < 1")
          }
          value = found
        } else {
          throw SymbolicError("`\(rule.states[k].name)` has no limit that can be solved for")
        }
        if t.contains(value, later) {
          throw SymbolicError("`\(rule.states[k].name)` grows without end")
        }
        known[symbol] = value
        open.removeAll { $0 == k }
        isProgressing = true
        break
      }
      if !isProgressing {
        throw SymbolicError("the states depend on one another in a way that is not solved")
      }
    }
    update = limit(
      t.subtract(limit(t.substitute(next.weight, known)), rule.weight))
    states = rule.states.compactMap { state in known[state.symbol].map { (state.name, $0) } }
    let small = Set(
      zip(rule.hyperNames, rule.hypers).filter { isEpsilon($0.0) }.map(\.1))
    let rest = t.reduced(
      t.substitute(update) { id in
        small.contains(id) && t[id].kind == .symbol ? t.zero : nil
      })
    withoutEpsilon = rest == update ? nil : rest
    self.limits = limits
    self.conditions = conditions
  }
}

/// Whether a hyperparameter is there to keep a divisor from 0.
func isEpsilon(_ name: String) -> Bool {
  let short = Rule.shortKey(name)
  return short.hasPrefix("ε") || short.hasPrefix("eps")
}

/// The update of a linear rule under gradients that are independent, of mean μ and variance σ².
package struct NoiseResponse {
  /// E(w' − w) / μ without decay: minus the step size that the rule amounts to.
  package let mean: TermID
  /// Var(w' − w) / σ².
  package let variance: TermID
  /// What must hold for the states not to grow without end (Jury 1962).
  package let conditions: [String]
  package let table: TermTable

  /// Throws for rules that are not linear, or that feed w back.
  package init(_ rule: SymbolicRule) throws(SymbolicError) {
    guard let linear = try LinearRule(rule) else { throw LinearRule.refusal(rule) }
    let t = rule.table
    table = t
    let n = linear.basis.count - 1
    guard
      (0..<linear.basis.count).allSatisfy({
        linear.matrix[$0][0] == ($0 == 0 ? t.one : t.zero)
      })
    else { throw SymbolicError("the update depends on w itself") }
    guard n <= 3 else { throw SymbolicError("it has more than three states") }
    // s' = A s + b g, update = c s + d g.
    let a = (0..<n).map { i in (0..<n).map { linear.matrix[i + 1][$0 + 1] } }
    let b = (0..<n).map { linear.input[$0 + 1] }
    let c = (0..<n).map { linear.matrix[0][$0 + 1] }
    let d = linear.input[0]
    let system = (0..<n).map { i in
      (0..<n).map { j in t.subtract(i == j ? t.one : t.zero, a[i][j]) }
    }
    let asked =
      n == 0
      ? [] : Stability.jury(t, TermMatrix.characteristic(t, a)).filter { !t.isPositive($0) }
    if asked.contains(where: { t.interval($0).isNonpositive }) {
      throw SymbolicError("its states grow without end")
    }
    conditions = asked.map {
      TermPrinter(t).condition(Equation.Condition(term: $0, kind: .positive))
    }
    if n == 0 {
      mean = d
      variance = t.multiply(d, d)
      return
    }
    guard let still = TermMatrix.solve(t, system, b) else {
      throw SymbolicError("its states grow without end")
    }
    mean = t.reduced(
      t.add([d] + (0..<n).map { t.multiply(c[$0], still[$0]) }))
    // P = A P Aᵀ + b bᵀ, for the symmetric P.
    var unknowns: [(Int, Int)] = []
    for i in 0..<n { for j in i..<n { unknowns.append((i, j)) } }
    func place(_ i: Int, _ j: Int) -> Int {
      unknowns.firstIndex { $0 == (min(i, j), max(i, j)) }!
    }
    var rows: [[TermID]] = []
    var right: [TermID] = []
    for (i, j) in unknowns {
      var row = [TermID](repeating: t.zero, count: unknowns.count)
      row[place(i, j)] = t.one
      for k in 0..<n {
        for l in 0..<n {
          let q = place(k, l)
          row[q] = t.subtract(row[q], t.multiply(a[i][k], a[j][l]))
        }
      }
      rows.append(row)
      right.append(t.multiply(b[i], b[j]))
    }
    guard let p = TermMatrix.solve(t, rows, right) else {
      throw SymbolicError("its states grow without end")
    }
    var total = [t.multiply(d, d)]
    for i in 0..<n { for j in 0..<n { total.append(t.multiply([c[i], c[j], p[place(i, j)]])) } }
    variance = t.reduced(t.reduced(t.add(total)))
  }
}
