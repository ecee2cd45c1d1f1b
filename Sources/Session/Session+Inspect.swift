import Basics
import Diagnostics
import Experiments
import IR
import Laboratory
import Lowering
import Runtime
import Semantics
import Symbolic
import Syntax
import Zoo

// Commands that look at names, rules and expressions.
extension Session {
  /// The name that a rule or function text begins with: `Lion` of `Lion(lr = 1)`.
  static func head(_ fragment: Fragment) -> Name {
    Name(String(fragment.text.prefix { $0 != "(" && $0 != " " && $0 != "." }))
  }

  func isRule(_ fragment: Fragment) -> Bool { isRule(Self.head(fragment)) }

  // MARK: :type

  func type(_ rest: Fragment) throws {
    let name = Self.head(rest)
    let isBare = name.text == rest.text
    if isRule(rest) {
      return write(
        header(try asking(rest) { try compiler.rule(rest.text, allowsFreeNames: true) }))
    }
    if isBare, let declaration = ledger.declaration(name.key), declaration.kind != .value {
      return write(firstLine(declaration.text) + "\n")
    }
    if isBare, let found = ZooIndex.declaration(name.text) {
      return write(firstLine(ZooIndex.source(found)) + "\n")
    }
    if isBare, let page = BuiltinHelp.entry(name.text) { return write("\(page.usage)\n") }
    let expression = try asking(rest) { try compiler.freeExpression(rest.text) }
    let types = expression.types.map { type in
      type.kind == .boolean
        ? "a condition\(type.shape.isScalar ? "" : ", \(type.shape)")"
        : type.shape.isScalar ? "a number" : "\(type.shape)"
    }
    var text = types.joined(separator: ", ")
    if !expression.symbols.isEmpty {
      text += " (\(expression.symbols.joined(separator: ", ")) free)"
    }
    if expression.isSchedule { text += ", changes with t" }
    write(text + "\n")
  }

  /// The first line of a declaration that is no comment, without an opening brace.
  private func firstLine(_ text: String) -> String {
    let line = text.split(separator: "\n").first { !$0.hasPrefix("#") } ?? ""
    return String(line.hasSuffix(" {") ? line.dropLast(2) : line)
  }

  private func header(_ rule: Rule) -> String {
    let module = rule.module
    // Free names in arguments have no value.
    let values =
      rule.freeNames.isEmpty
      ? try? ReferenceProgram.evaluateScalars(rule.arguments, horizon: 1000) : nil
    var text = "rule \(module.name)\n"
    for (k, hyper) in module.hypers.enumerated() {
      let value = values?.first { $0.target == .hyper(k) }?.value
      text += "  \(hyper.name)"
      if let value { text += " = \(NumberText.shortest(value))" }
      if let domain = hyper.domain { text += " in \(domain)" }
      text += "\n"
    }
    for variant in module.variants {
      if !variant.path.isEmpty { text += "  where \(variant.path.joined(separator: ", "))\n" }
      for state in variant.states {
        text += "  state \(state.name): \(state.isGlobal ? "global" : "\(state.shape)")\n"
      }
      for input in variant.inputs { text += "  input \(input.name): \(input.shape)\n" }
    }
    return text
  }

  // MARK: :describe, :show, :dump

  func describe(_ rest: Fragment) throws {
    let name = Self.head(rest)
    if compiler.declaresObjective(name.text) {
      let objective = try asking(rest) { try compiler.objective(rest.text) }
      return write(ObjectiveDescription(objective).text)
    }
    if let declaration = ledger.declaration(name.key), declaration.kind != .rule {
      return write(declaration.text + "\n")
    }
    let sheet = try asking(rest) { try RuleDescription(try compiler.rule(rest.text)) }
    write(sheet.text)
  }

  func show(_ rest: Fragment) throws {
    let name = Self.head(rest)
    if name.text == rest.text {
      let own = ledger.declarations.filter { $0.key == name.key }
      if !own.isEmpty { return own.forEach { write($0.text + "\n") } }
      if let found = ZooIndex.declaration(name.text) { return write(found.text) }
      if let page = BuiltinHelp.entry(name.text) {
        return write("\(page.usage): \(page.meaning)\n")
      }
    }
    if isRule(rest) {
      // A rule of rules, or with arguments: as the equations that it stands for.
      let instance = try asking(rest) { try compiler.rule(rest.text) }
      return write(SourcePrinter.rule(instance.module))
    }
    try type(rest)
  }

  func dump(_ rest: Fragment) throws {
    var stage = "ir"
    var what = rest
    let (first, second) = rest.word
    if ["ast", "checked", "ir", "plan"].contains(first.text), !second.isEmpty {
      stage = first.text
      what = second
    }
    if second.isEmpty, ["ast", "checked", "ir", "plan"].contains(first.text) {
      throw DiagnosticError(.usage("`\(first.text)` of which rule?", of: .dump, at: span(rest)))
    }
    let name = Self.head(what)
    if !isRule(what), compiler.declaresObjective(name.text) {
      let objective = try asking(what) { try compiler.objective(what.text) }
      return write(objective.initial.dump() + "\n" + objective.forward.dump())
    }
    let instance = try asking(what) { try compiler.rule(what.text) }
    switch stage {
    case "ast":
      guard let rule = compiler.program.rules[name.key] else { return }
      write(Syntax.dump(compiler.program[rule.tree]))
    case "checked": write(compiler.checkedText(only: [name.key]))
    case "plan":
      let spec = ParameterSpec(name: "w", dims: [64, 32])
      let bound = try asking(what) {
        try BoundRule(instance, parameters: [spec], elementType: settings.elementType)
      }
      write("# \(instance.label) on a tensor of 64 × 32\n" + bound.dumpPlan())
    default:
      for variant in instance.module.variants {
        if !variant.path.isEmpty { write("# \(variant.path.joined(separator: ", "))\n") }
        write(variant.initial.dump() + "\n" + variant.update.dump())
      }
    }
  }

  // MARK: :time

  func time(_ rest: Fragment) throws {
    guard depth < 8 else {
      throw DiagnosticError(.usage("this times itself", of: .time, at: span(rest)))
    }
    depth += 1
    defer { depth -= 1 }
    let start = ContinuousClock.now
    answer(rest.text)
    let taken = ContinuousClock.now - start
    let seconds =
      Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18
    write("took \(NumberText.significant(seconds < 1 ? seconds * 1e3 : seconds, digits: 3)) ")
    write(seconds < 1 ? "ms\n" : "s\n")
  }

  // MARK: :trace

  func trace(_ rest: Fragment) throws {
    var what = rest
    var step = 1
    var weights: Dense?
    var gradient: Dense?
    if let (rule, given) = what.split(on: "with") {
      what = rule
      for part in Self.list(given) {
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

  /// The parts between commas that lie in no bracket.
  private static func list(_ fragment: Fragment) -> [Fragment] {
    var parts: [Fragment] = []
    var rest = fragment
    while let (left, last) = rest.split(on: ",") {
      parts.insert(last, at: 0)
      rest = left
    }
    return [rest] + parts
  }

  // MARK: :latex

  func latex(_ rest: Fragment) throws {
    if isRule(rest) {
      let module = try asking(rest) {
        try compiler.rule(rest.text, allowsFreeNames: true).module
      }
      for k in module.variants.indices {
        write(LatexPrinter.rule(module, variant: k))
        if k + 1 < module.variants.count { write("\n") }
      }
      return
    }
    let algebra = ExpressionAlgebra(compiler)
    write(try asking(rest) { try algebra.latex(rest.text) } + "\n")
  }

  // MARK: :browse

  func browse(_ rest: Fragment) {
    switch rest.text {
    case "zoo": list(ZooIndex.declarations.filter { $0.kind == .rule }.map(Self.line))
    case "functions":
      list(
        ZooIndex.declarations.filter { $0.kind == .function }.map(Self.line)
          + BuiltinHelp.entries.map { ($0.name, $0.meaning) })
    case "":
      if ledger.declarations.isEmpty {
        write("nothing is declared yet; `:browse zoo` lists the rules that come with Ravine\n")
      }
      list(
        ledger.declarations.map { ($0.name, String(firstLine($0.text).prefix(60))) })
    default:
      let word = rest.text.lowercased()
      let found = ZooIndex.declarations.filter { $0.text.lowercased().contains(word) }
      if found.isEmpty { write("nothing in the zoo speaks of `\(rest.text)`\n") }
      list(found.map(Self.line))
    }
  }

  private static func line(_ declaration: Library.Declaration) -> (String, String) {
    (declaration.name, ZooIndex.summary(declaration))
  }

  private func list(_ rows: [(name: String, text: String)]) {
    let column = min(28, rows.map(\.name.count).max() ?? 0)
    for row in rows {
      let pad = String(repeating: " ", count: max(0, column - row.name.count))
      let room = max(20, width - column - 2)
      let text = row.text.count <= room ? row.text : row.text.prefix(room - 1) + "…"
      write("\(row.name)\(pad)  \(text)\n")
    }
  }
}
