import Basics
import Diagnostics
import IR
import Laboratory
import Symbolic
import Syntax

/// The algebra of rules: `:compare`, `:steady`, `:reduce`.
struct RuleCommands: Answering {
  let question: Question

  func compare(_ a: Fragment, _ b: Fragment) throws {
    let result = try asking(a, b) {
      let first = try rule(a)
      return first.compared(with: try rule(b))
    }
    if output.isInterrupted { return }
    write(ComparisonText.text(result))
    if !result.isEqual { output.note(.finding) }
  }

  func answer(_ command: CommandName, _ rest: Fragment) throws {
    switch command {
    case .sensitivity:
      let (what, by) = try parts(rest, around: "wrt", command)
      try asking(what) {
        let algebra = try self.algebra(of: what, generality: .all)
        let found = try algebra.sensitivity(to: by.text)
        output.present(found.text, keeping: algebra.printer.text(found.derivative))
        if found.isByJumps { write("  almost everywhere: it acts by jumps alone\n") }
        if !found.conditions.isEmpty {
          write("  where \(found.conditions.joined(separator: ", "))\n")
        }
        if algebra.table.isExhausted { output.noteLimit() }
        output.noteFixed(algebra.setting)
      }
    case .unroll: try unroll(rest)
    case .closed: try closed(rest)
    case .lr: try learningRate(rest)
    case .identify: try identify(rest)
    case .units: try units(rest)
    case .reduce: try reduce(rest)
    case .steady: try asking(rest) { try steady(try algebra(of: rest)) }
    case .invariance:
      try asking(rest) {
        try onEachRoute(rest) { try invariance(try RuleAlgebra($0, variant: $1)) }
      }
    case .coupling: try asking(rest) { try coupling(try algebra(of: rest, generality: .all)) }
    default: try asking(rest) { try onEachRoute(rest) { try bounds($0, $1) } }
    }
  }

  /// What holds on one way through the routes need not hold on another.
  private func onEachRoute(_ rest: Fragment, _ body: (Rule, Int) throws -> Void) throws {
    let rule = try self.rule(rest)
    for (k, variant) in rule.module.variants.enumerated() {
      if rule.module.variants.count > 1 {
        write("route \(variant.path.joined(separator: ", then "))\n")
      }
      try body(rule, k)
    }
  }

  /// `Lion.m`, `Lookahead(Adam).base.m`: a rule and the name of a state.
  private func state(
    _ fragment: Fragment, _ command: CommandName
  ) throws -> (algebra: RuleAlgebra, state: String) {
    let (tree, root) = try asking(fragment) { try compiler.parsed(fragment.text) }
    var names: [String] = []
    var rest = root
    while case .member(let inner, let name) = tree[rest] {
      names.insert(name.text, at: 0)
      rest = inner
    }
    let rule = line.fragment(rest, tree, at: fragment.offset)
    let algebra = try asking(rule) { try self.algebra(of: rule) }
    if !names.isEmpty { return (algebra, names.joined(separator: ".")) }
    let states = algebra.stateNames
    guard let only = states.first, states.count == 1 else {
      let text = fragment.text
      throw DiagnosticError(
        .usage(
          states.first.map { "which of \(states.joined(separator: ", "))? write `\(text).\($0)`" }
            ?? "`\(text)` has no states", of: command, at: span(fragment)))
    }
    return (algebra, only)
  }

  private func unroll(_ rest: Fragment) throws {
    var what = rest
    var steps = 4
    if let (before, last) = rest.lastWord, last.text.allSatisfy(\.isNumber) {
      guard let n = Int(last.text), (1...64).contains(n) else {
        throw DiagnosticError(
          .usage("from 1 to 64 steps are written out", of: .unroll, at: span(last)))
      }
      (what, steps) = (before, n)
    }
    let (algebra, state) = try self.state(what, .unroll)
    // The first steps are told while the later ones are made: where terms grow too large, they stand.
    try asking(what) {
      var known = 0
      var goal = min(4, steps)
      while known < steps, !output.isInterrupted {
        for line in try algebra.unrolled(state, steps: goal).dropFirst(known) {
          known += 1
          write("\(state)_\(known) = \(line)\n")
        }
        goal = min(2 * goal, steps)
      }
      output.noteFixed(algebra.setting)
    }
  }

  private func closed(_ rest: Fragment) throws {
    let (algebra, state) = try self.state(rest, .closed)
    try asking(rest) {
      let history = try algebra.history(of: state)
      let printer = algebra.printer
      let table = algebra.table
      write(history.text + "\n")
      let own = algebra.rule.variant.states[try algebra.state(state)]
      if ![.compute, .float32, .float64].contains(own.storage) {
        write("  with `\(state)` stored exactly\n")
      }
      defer { output.noteFixed(algebra.setting) }
      guard history.isRegular else { return }
      let t = SymbolicRule.step(table, from: 1)
      let total = history.totalWeight(after: t)
      let asked = algebra.conditions(of: total)
      write(
        "  the weights add up to \(printer.factored(total)) after t steps"
          + (asked.isEmpty ? "" : " where \(asked.joined(separator: ", "))") + "\n")
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
      if output.isInterrupted { return }
      for (name, size) in [(a.text, first), (b.text, second)] {
        let term = size.symbolic.map { " = \($0)" } ?? ""
        write("\(name) moves by \(Self.text(size)) (root mean square)\(term)\n")
      }
      let factor = first.value / second.value
      let share = [first, second].reduce(0) { $0 + ($1.error ?? 0) / $1.value }
      let error = share > 0 ? " ± \(Presentation.short(Self.rounded(factor * share)))" : ""
      write(
        "\(b.text) moves as far with its lr multiplied by \(Presentation.short(factor))\(error)\n")
      write("a decay that is multiplied by lr is divided by that number to stay what it was\n")
    }
  }

  /// `0.0002177 ± 0.000001 (20 runs)`, or the number alone where it is computed.
  private static func text(_ size: UpdateSize) -> String {
    let value = Presentation.short(size.value)
    guard let error = size.error else { return value }
    guard size.value.isFinite, error.isFinite else { return "without bound" }
    return "\(value) ± \(Presentation.short(rounded(error))) (\(size.runs) runs)"
      + (size.isSettled == true ? "" : ", of steps \(size.steps / 2 + 1) to \(size.steps)")
      + (size.isSettled == false ? ": it has not settled by then" : "")
  }

  /// Up, to two digits.
  private static func rounded(_ error: Double) -> Double {
    guard error > 0, error.isFinite else { return error }
    var scale = 1.0
    while error * scale < 10, scale < 1e300 { scale *= 10 }
    return (error * scale).rounded(.up) / scale
  }

  private func identify(_ rest: Fragment) throws {
    let found = try asking(rest) {
      try rule(rest).likenesses(among: Likeness.zooRules)
    }
    if output.isInterrupted { return }
    let isCut = TermLimits.current.areReached
    if found.isEmpty, !isCut { write(Likeness.none + "\n") }
    for likeness in found { write(likeness.text + "\n") }
    if isCut { say("stopped at the limit of time: not all of the zoo was looked at\n") }
  }

  private func steady(_ algebra: RuleAlgebra) throws {
    let printer = algebra.printer
    defer { output.noteFixed(algebra.setting) }
    do {
      let steady = try algebra.steadyState()
      write("under a constant gradient w' - w → \(printer.text(steady.update))\n")
      for (name, value) in steady.states { write("  \(name) → \(printer.text(value))\n") }
      if let limit = steady.withoutEpsilon {
        write("  with ε → 0 the update is \(printer.text(limit))\n")
      }
      for limit in steady.limits { write("  by \(limit)\n") }
      if !steady.conditions.isEmpty {
        write("  where \(steady.conditions.joined(separator: ", "))\n")
      }
    } catch {
      write("under a constant gradient: \(error)\n")
    }
    if let noise = try? algebra.noise() {
      write("under independent gradients\n")
      write("  the mean of w' - w → \(printer.factor(noise.mean)) * mean(g)\n")
      let variance =
        algebra.table[noise.variance].kind == .sum
        ? printer.factored(noise.variance) : printer.factor(noise.variance)
      write("  its variance → \(variance) * var(g)\n")
      if !noise.conditions.isEmpty {
        write("  where \(noise.conditions.joined(separator: ", "))\n")
      }
    } else {
      let size = try algebra.source.updateSize()
      write(
        "under independent gradients of variance 1 the update has root mean square "
          + Self.text(size) + "\n")
    }
  }

  private func invariance(_ algebra: RuleAlgebra) throws {
    let findings = try algebra.invariance()
    output.write(
      rows: findings.map { finding in
        let verdict = finding.holds.map { $0 ? "yes" : "no " } ?? "not proved"
        return (finding.property, "\(verdict)  \(finding.reason)")
      })
    output.noteFixed(algebra.setting)
  }

  private func coupling(_ algebra: RuleAlgebra) throws {
    let findings = try algebra.coupling().findings
    if findings.isEmpty {
      write("no hyperparameters were found that act only together, and nothing that is lost\n")
    }
    output.write(rows: findings.map { ($0.subject, $0.text) })
    output.noteFixed(algebra.setting)
  }

  private func units(_ rest: Fragment) throws {
    let algebra = try asking(rest) { try self.algebra(of: rest) }
    let units = algebra.units()
    output.write(
      rows: (units.hypers.map { ($0.name, $0.dimension) }
        + units.states.map { ($0.name, $0.dimension) })
        .map { name, dimension in (name, dimension.map { "\($0)" } ?? "any") })
    for constant in units.constants {
      write("the constant \(NumberText.shortest(constant.value)) has \(constant.dimension)\n")
    }
    if let conflict = units.conflict {
      throw DiagnosticError(
        .unlikeUnits(conflict.message, at: conflict.at.isNone ? span(rest) : conflict.at))
    }
  }

  private func bounds(_ rule: Rule, _ variant: Int) throws {
    var algebra = try RuleAlgebra(rule, variant: variant, generality: .all)
    var bounds = try algebra.bounds()
    if bounds.update == nil, bounds.norm == nil {
      // What is switched off by default may be what has no bound.
      let plain = try RuleAlgebra(rule, variant: variant)
      let own = try plain.bounds()
      if own.update != nil || own.norm != nil { (algebra, bounds) = (plain, own) }
    }
    defer { output.noteFixed(algebra.setting) }
    let printer = algebra.printer
    let conditions = bounds.conditions.map { printer.condition($0) }.joined(separator: ", ")
    let given = conditions.isEmpty ? "" : " where \(conditions)"
    if let update = bounds.update { write("|w' - w| <= \(printer.text(update))\(given)\n") }
    if let norm = bounds.norm { write("norm(w' - w) <= \(printer.text(norm))\(given)\n") }
    if bounds.update == nil, bounds.norm == nil { write("no bound of the update is known\n") }
    if let radius = bounds.radius {
      let condition = bounds.condition.map { " where \(printer.text($0)) <= 1" } ?? ""
      write("|w| <= \(printer.text(radius)) is kept once it holds\(condition)\n")
    }
  }

  private func reduce(_ rest: Fragment) throws {
    var what = rest
    let last = rest.lastWord
    let assumes = last?.last.text == "assuming"
    if let last, assumes { what = last.before }
    try asking(what) {
      let algebra = try self.algebra(of: what, generality: .all)
      write(try Shortening(algebra, assuming: assumes).text)
      output.noteFixed(algebra.setting)
    }
  }
}
