import Basics
import Diagnostics
import Experiments
import Laboratory
import Symbolic

// Commands of the algebra.
extension Session {
  // MARK: Expressions

  /// The algebra with what `:assume` has said.
  var algebra: ExpressionAlgebra {
    var algebra = ExpressionAlgebra(compiler)
    for (name, domain) in assumptions { algebra.domains[Setting.shown(name)] = domain }
    return algebra
  }

  func expression(_ command: CommandName, _ rest: Fragment) throws {
    let algebra = algebra
    let table = algebra.table
    switch command {
    case .simplify: show(table.reduced(try term(rest, algebra)), of: algebra)
    case .expand: show(try term(rest, algebra), of: algebra)
    case .factor:
      show(table.reduced(try term(rest, algebra)), of: algebra) { $0.factored($1) }
    case .collect:
      let (what, by) = try parts(rest, around: "by", command)
      let symbol = try name(by, command)
      let text = try asking(what) { try algebra.collected(what.text, by: symbol) }
      present(text, keeping: text)
    case .subst:
      let (change, what) = try parts(rest, around: "in", command)
      guard let (old, new) = change.sides else {
        throw DiagnosticError(
          .usage("which name is replaced by what?", of: command, at: span(change)))
      }
      let symbol = algebra.symbol(try name(old, command))
      let map = [symbol: try term(new, algebra)]
      show(table.reduced(table.substitute(try term(what, algebra), map)), of: algebra)
    case .solve:
      let (equation, unknown) = try parts(rest, around: "for", command)
      guard let (left, right) = equation.sides else {
        throw DiagnosticError(.usage("an equation has an `=`", of: command, at: span(equation)))
      }
      let symbol = try name(unknown, command)
      let (a, b) = (try term(left, algebra), try term(right, algebra))
      try asking(left, right) {
        let equation = table.subtract(a, b)
        let solver = Solver(table)
        let unknown = algebra.symbol(symbol)
        // A factor x is a solution of its own.
        let common = table.factors(table.content(equation).common)
        if common.contains(where: { $0.base == unknown && $0.exponent.isPositive }) {
          show(table.zero, of: algebra)
        }
        if let x = solver.solve(equation, for: unknown) {
          return show(x, of: algebra) { $0.factored($1) }
        }
        guard let both = solver.quadratic(equation, unknown) else {
          throw SymbolicError("the equation is neither linear nor quadratic in \(symbol)")
        }
        for x in both { show(table.reduced(x), of: algebra) }
      }
    default:
      let (what, by) = try parts(rest, around: "wrt", command)
      let symbol = algebra.symbol(try name(by, command))
      let term = try term(what, algebra)
      show(
        table.reduced(try asking(what) { try Solver(table).derivative(term, by: symbol) }),
        of: algebra)
    }
  }

  private func term(_ fragment: Fragment, _ algebra: ExpressionAlgebra) throws -> TermID {
    try asking(fragment) { try algebra.term(fragment.text) }
  }

  /// One name, as it is written.
  private func name(
    _ fragment: Fragment, _ command: CommandName
  ) throws(DiagnosticError) -> String {
    let text = fragment.text
    let isName = text.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || $0 == "_" || $0.properties.numericType != nil
    }
    guard isName, let first = text.first, !first.isNumber else {
      throw DiagnosticError(
        .usage("here stands one name, such as `x`", of: command, at: span(fragment)))
    }
    return text
  }

  // MARK: Rules

  /// A rule under the algebra; free names in its arguments stand for any number.
  func algebra(
    of rule: Fragment, generality: Generality = .withoutSwitches
  ) throws -> RuleAlgebra {
    try RuleAlgebra(
      compiler.rule(rule.text, allowsFreeNames: true), generality: generality)
  }

  func compare(_ a: Fragment, _ b: Fragment) throws {
    let result = try asking(a, b) {
      let first = try compiler.rule(a.text, allowsFreeNames: true)
      return first.compared(with: try compiler.rule(b.text, allowsFreeNames: true))
    }
    if interrupt.isRequested() { return }
    write(ComparisonText.text(result))
    if !result.isEqual { note(.finding) }
  }

  func rule(_ command: CommandName, _ rest: Fragment) throws {
    switch command {
    case .sensitivity:
      let (what, by) = try parts(rest, around: "wrt", command)
      try asking(what) {
        let algebra = try self.algebra(of: what, generality: .all)
        let text = algebra.printer.text(try algebra.sensitivity(to: by.text))
        present(text, keeping: text)
        if algebra.table.isExhausted { noteLimit() }
        noteFixed(algebra)
      }
    case .unroll: try unroll(rest)
    case .closed: try closed(rest)
    case .lr: try learningRate(rest)
    case .identify: try identify(rest)
    case .units: try units(rest)
    case .reduce: try reduce(rest)
    case .steady: try asking(rest) { try steady(try algebra(of: rest)) }
    case .stability: try asking(rest) { try stability(try algebra(of: rest)) }
    case .invariance: try asking(rest) { try invariance(try algebra(of: rest)) }
    default: try asking(rest) { try bounds(try algebra(of: rest, generality: .all)) }
    }
  }

  /// Hyperparameters that were not symbols.
  private func noteFixed(_ algebra: RuleAlgebra) {
    let fixed = algebra.setting.fixed.map { "\($0.name) = \(NumberText.shortest($0.value))" }
    if !fixed.isEmpty { write("  at \(fixed.joined(separator: ", "))\n") }
  }

  /// `Lion.m`, `Lookahead(Adam).base.m`: a rule and the name of a state.
  private func state(
    _ fragment: Fragment, _ command: CommandName
  ) throws -> (algebra: RuleAlgebra, rule: Fragment, state: String) {
    let bytes = Array(fragment.text.utf8)
    var depth = 0
    var dot: Int?
    for (i, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "(") { depth += 1 }
      if byte == UInt8(ascii: ")") { depth -= 1 }
      if byte == UInt8(ascii: "."), depth == 0 {
        dot = i
        break
      }
    }
    guard let dot else {
      throw DiagnosticError(
        .usage("which state? write `\(fragment.text).m`", of: command, at: span(fragment)))
    }
    let rule = Fragment(String(decoding: bytes[..<dot], as: UTF8.self), at: fragment.offset)
    let state = String(decoding: bytes[(dot + 1)...], as: UTF8.self)
    let algebra = try asking(rule) { try self.algebra(of: rule) }
    return (algebra, rule, state)
  }

  private func unroll(_ rest: Fragment) throws {
    var what = rest
    var steps = 4
    if let last = rest.words.last, last.text.allSatisfy(\.isNumber), rest.words.count > 1 {
      guard let n = Int(last.text), (1...64).contains(n) else {
        throw DiagnosticError(
          .usage("from 1 to 64 steps are written out", of: .unroll, at: span(last)))
      }
      steps = n
      let kept = Array(rest.text.utf8).prefix(last.offset - rest.offset)
      what = Fragment(String(decoding: kept, as: UTF8.self), at: rest.offset).trimmed
    }
    let (algebra, _, state) = try self.state(what, .unroll)
    // The first steps are told while the later ones are made: where terms grow too large, they stand.
    try asking(what) {
      var known = 0
      var goal = min(4, steps)
      while known < steps, !interrupt.isRequested() {
        for line in try algebra.unrolled(state, steps: goal).dropFirst(known) {
          known += 1
          write("\(state)_\(known) = \(line)\n")
        }
        goal = min(2 * goal, steps)
      }
    }
  }

  private func closed(_ rest: Fragment) throws {
    let (algebra, _, state) = try self.state(rest, .closed)
    try asking(rest) {
      let history = try algebra.history(of: state)
      let printer = algebra.printer
      let table = algebra.table
      write(history.text + "\n")
      let t = SymbolicRule.step(table, from: 1)
      let total = history.totalWeight(after: t)
      write("  the weights add up to \(printer.factored(total)) after t steps\n")
      if let correction = correction(total, algebra) { write("  \(correction)\n") }
      if let window = history.window {
        write("  it remembers about \(printer.text(window)) steps\(number(window, algebra))\n")
      }
      if let half = history.halfLife {
        write(
          "  a gradient counts half after \(printer.text(half)) steps\(number(half, algebra))\n")
      }
    }
  }

  /// Why averages are divided by 1 − β^t.
  private func correction(_ total: TermID, _ algebra: RuleAlgebra) -> String? {
    let table = algebra.table
    if total == table.one || table.value(total) != nil { return nil }
    let t = SymbolicRule.step(table, from: 1)
    guard table.contains(total, t), table.symbols(in: total).count == 2 else { return nil }
    let rest = table.reduced(table.subtract(table.one, total))
    guard table[rest].kind != .sum else { return nil }
    return
      "so dividing by \(algebra.printer.text(total)) makes it an average from the first step on"
  }

  /// The value at the rule's defaults, in parentheses.
  private func number(_ term: TermID, _ algebra: RuleAlgebra) -> String {
    var evaluator = Evaluator(algebra.table)
    for (symbol, _, typical) in algebra.setting.symbols {
      if let typical { evaluator.set(symbol, typical) }
    }
    guard algebra.table.value(term) == nil, let x = evaluator.number(term), x.isFinite else {
      return ""
    }
    return " (\(NumberText.shortest((x * 1000).rounded() / 1000)) at the defaults)"
  }

  private func learningRate(_ rest: Fragment) throws {
    let (a, b) = try pair(rest, .lr)
    try asking(a, b) {
      let first = try compiler.rule(a.text).updateSize()
      let second = try compiler.rule(b.text).updateSize()
      if interrupt.isRequested() { return }
      for (name, size) in [(a.text, first), (b.text, second)] {
        let term = size.symbolic.map { " = \($0)" } ?? ""
        write("\(name) moves by \(Self.short(size.measured)) (root mean square)\(term)\n")
      }
      let factor = first.measured / second.measured
      write("\(b.text) moves as far with its lr multiplied by \(Self.short(factor))\n")
      write("a decay that is multiplied by lr is divided by that number to stay what it was\n")
    }
  }

  static func short(_ x: Double) -> String {
    guard x.isFinite, x != 0 else { return NumberText.shortest(x) }
    var scale = 1.0
    while abs(x) * scale < 1e3, scale < 1e15 { scale *= 10 }
    while abs(x) * scale >= 1e4, scale > 1e-15 { scale /= 10 }
    return NumberText.shortest((x * scale).rounded() / scale)
  }

  private func identify(_ rest: Fragment) throws {
    let found = try asking(rest) {
      try compiler.rule(rest.text, allowsFreeNames: true).likenesses(among: compiler.zooRules())
    }
    if interrupt.isRequested() { return }
    let isCut = TermLimits.current.areReached
    if found.isEmpty, !isCut {
      write("no rule of the zoo equals it, nor what it becomes at an end of a domain\n")
    }
    for likeness in found {
      let change = likeness.change.isEmpty ? "" : " with \(likeness.change)"
      write("\(likeness.zooRule)\(change): \(ComparisonText.headline(likeness.comparison))\n")
    }
    if isCut { say("stopped at the limit of time: not all of the zoo was looked at\n") }
  }

  private func steady(_ algebra: RuleAlgebra) throws {
    let printer = algebra.printer
    defer { noteFixed(algebra) }
    do {
      let steady = try algebra.steadyState()
      write("under a constant gradient w' - w → \(printer.text(steady.update))\n")
      for (name, value) in steady.states { write("  \(name) → \(printer.text(value))\n") }
      if let limit = steady.withoutEpsilon {
        write("  with ε → 0 the update is \(printer.text(limit))\n")
      }
      for limit in steady.limits { write("  by \(limit)\n") }
    } catch {
      write("under a constant gradient: \(error)\n")
    }
    if let noise = try? algebra.noise() {
      write("under independent gradients\n")
      write("  the mean of w' - w → \(printer.factor(noise.mean)) * mean(g)\n")
      write("  its variance → \(printer.factor(noise.variance)) * var(g)\n")
    } else {
      let size = try algebra.source.updateSize()
      write(
        "under independent gradients of variance 1 the update has root mean square "
          + "\(Self.short(size.measured)), measured\n")
    }
  }

  private func stability(_ algebra: RuleAlgebra) throws {
    defer { noteFixed(algebra) }
    let stability: Stability
    do {
      stability = try algebra.stability()
    } catch {
      write("\(error): measured at the defaults\n")
      try measuredStability(algebra.source)
      return
    }
    let printer = algebra.printer
    write("stable on h * w^2 / 2 where \(stability.text)\n")
    write(
      "  iteration matrix of (\((["w"] + stateNames(stability, algebra)).joined(separator: ", ")))\n"
    )
    for row in stability.matrix {
      write("    [\(row.map { printer.text($0) }.joined(separator: ", "))]\n")
    }
    var polynomial: [String] = []
    for (k, c) in stability.characteristic.enumerated().reversed() where c != algebra.table.zero {
      let power = k == 0 ? "" : k == 1 ? "z" : "z^\(k)"
      let factor = printer.factor(c)
      polynomial.append(k == 0 ? factor : c == algebra.table.one ? power : "\(factor) * \(power)")
    }
    write(
      "  characteristic polynomial \(polynomial.joined(separator: " + "))"
        + (stability.isProduct ? ", x = lr * h" : "") + "\n")
    if let (points, rate) = stability.critical, points.count == 2 {
      let name = stability.isProduct ? "lr * h" : "h"
      write(
        "  both eigenvalues meet at \(name) = \(printer.factored(points[0]))\n"
          + "  and at \(printer.factored(points[1])); between them their size is "
          + "\(printer.text(rate))\n")
    }
    var values: [TermID: Double] = [:]
    for (symbol, _, typical) in algebra.setting.symbols where symbol != stability.variable {
      values[symbol] = typical
    }
    if let limit = stability.limit(values) {
      write("  at the defaults up to \(Self.short(limit))\n")
      if let best = stability.best(values) {
        write(
          "  fastest there at \(Self.short(best.x)), where a step multiplies the distance by "
            + "\(Self.short(best.rate))\n")
      }
    }
  }

  /// The states that the iteration matrix has, in its order.
  private func stateNames(_ stability: Stability, _ algebra: RuleAlgebra) -> [String] {
    guard let linear = try? LinearRule(algebra.rule) else { return [] }
    return linear.basis.dropFirst().map { algebra.printer.text($0) }
  }

  private func invariance(_ algebra: RuleAlgebra) throws {
    let findings = try algebra.invariance().findings
    let width = findings.map(\.property.count).max() ?? 0
    for finding in findings {
      let pad = String(repeating: " ", count: width - finding.property.count)
      let verdict = finding.holds.map { $0 ? "yes" : "no " } ?? "?  "
      write("\(finding.property)\(pad)  \(verdict)  \(finding.reason)\n")
    }
    noteFixed(algebra)
  }

  private func units(_ rest: Fragment) throws {
    let algebra = try asking(rest) { try self.algebra(of: rest) }
    let units = algebra.units()
    let rows =
      units.hypers.map { ($0.name, $0.dimension) } + units.states.map { ($0.name, $0.dimension) }
    let width = rows.map(\.0.count).max() ?? 0
    for (name, dimension) in rows {
      let pad = String(repeating: " ", count: width - name.count)
      write("\(name)\(pad)  \(dimension.map { "\($0)" } ?? "any")\n")
    }
    for constant in units.constants {
      write("the constant \(NumberText.shortest(constant.value)) has \(constant.dimension)\n")
    }
    if let conflict = units.conflict {
      throw DiagnosticError(
        .unlikeUnits(conflict.message, at: conflict.at.isNone ? span(rest) : conflict.at))
    }
  }

  private func bounds(_ algebra: RuleAlgebra) throws {
    let bounds = try algebra.bounds()
    let printer = algebra.printer
    if let update = bounds.update {
      write("|w' - w| <= \(printer.text(update))\n")
    } else {
      write("no bound of the update is known\n")
    }
    if let radius = bounds.radius {
      let condition = bounds.condition.map { " where \(printer.text($0)) <= 1" } ?? ""
      write("|w| <= \(printer.text(radius)) is kept once it holds\(condition)\n")
    }
  }

  private func reduce(_ rest: Fragment) throws {
    var what = rest
    var assumes = false
    if let last = rest.words.last, last.text == "assuming", rest.words.count > 1 {
      assumes = true
      let kept = Array(rest.text.utf8).prefix(last.offset - rest.offset)
      what = Fragment(String(decoding: kept, as: UTF8.self), at: rest.offset).trimmed
    }
    try asking(what) {
      let algebra = try self.algebra(of: what)
      let reduction = try algebra.reduction(assuming: assumes)
      if reduction.steps.isEmpty { write("nothing to shorten\n") }
      for step in reduction.steps {
        let certainty =
          switch step.certainty {
          case .exact: "exact"
          case .exactWhere(let condition): "exact where \(condition)"
          case .assuming(let statement): "assuming \(statement)"
          }
        write("\(step.name): \(step.text) (\(certainty))\n")
      }
      if reduction.steps.isEmpty { return }
      if let source = reduction.source(name: "Reduced") {
        write("\n" + source)
      } else {
        write("the rest has no source form\n")
      }
    }
  }
}
