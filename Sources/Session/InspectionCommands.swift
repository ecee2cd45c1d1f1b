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

/// Looks at names, rules and expressions: `:type`, `:show`, `:dump`, `:browse`.
struct InspectionCommands: Answering {
  let question: Question

  // MARK: :type

  func type(_ rest: Fragment) throws {
    let name = head(rest)
    let isBare = name.text == rest.text
    if definitions.isRule(name) {
      return write(header(try asking(rest) { try rule(rest) }))
    }
    if isBare, let declaration = definitions.ledger.declaration(name.key),
      declaration.kind != .value
    {
      return write(firstLine(declaration.text) + "\n")
    }
    if isBare, let found = ZooIndex.declaration(name.text) {
      return write(firstLine(found.source) + "\n")
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
    let name = head(rest)
    if definitions.isObjective(name) {
      let objective = try asking(rest) { try compiler.objective(rest.text) }
      return write(ObjectiveDescription(objective).text)
    }
    if let declaration = definitions.ledger.declaration(name.key), declaration.kind != .rule {
      return write(declaration.text + "\n")
    }
    let sheet = try asking(rest) { try RuleDescription(try compiler.rule(rest.text)) }
    write(sheet.text)
  }

  func show(_ rest: Fragment) throws {
    let name = head(rest)
    if name.text == rest.text {
      let own = definitions.ledger.declarations.filter { $0.key == name.key }
      if !own.isEmpty { return own.forEach { write($0.text + "\n") } }
      if let found = ZooIndex.declaration(name.text) { return write(found.text) }
      if let page = BuiltinHelp.entry(name.text) {
        return write("\(page.usage): \(page.meaning)\n")
      }
    }
    if definitions.isRule(name) {
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
    let name = head(what)
    if !definitions.isRule(name), definitions.isObjective(name) {
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
        try BoundRule(instance, parameters: [spec], elementType: output.settings.elementType)
      }
      write("# \(instance.label) on a tensor of 64 × 32\n" + bound.dumpPlan())
    default:
      for variant in instance.module.variants {
        if !variant.path.isEmpty { write("# \(variant.path.joined(separator: ", "))\n") }
        write(variant.initial.dump() + "\n" + variant.update.dump())
      }
    }
  }

  // MARK: :latex

  func latex(_ rest: Fragment) throws {
    if definitions.isRule(head(rest)) {
      let module = try asking(rest) { try rule(rest).module }
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
    case "problems": list(ZooIndex.declarations.filter { $0.kind == .objective }.map(Self.line))
    case "functions":
      list(
        ZooIndex.declarations.filter { $0.kind == .function }.map(Self.line)
          + BuiltinHelp.entries.map { ($0.name, $0.meaning) })
    case "":
      if definitions.ledger.declarations.isEmpty {
        write("nothing is declared yet; `:browse zoo` lists the rules that come with Ravine\n")
      }
      list(
        definitions.ledger.declarations.map { ($0.name, String(firstLine($0.text).prefix(60))) })
    default:
      let word = rest.text.lowercased()
      let found = ZooIndex.declarations.filter { $0.text.lowercased().contains(word) }
      if found.isEmpty { write("nothing in the zoo speaks of `\(rest.text)`\n") }
      list(found.map(Self.line))
    }
  }

  private static func line(_ declaration: Library.Declaration) -> (String, String) {
    (declaration.name, declaration.summary)
  }

  private func list(_ rows: [(name: String, text: String)]) {
    let column = min(28, rows.map(\.name.count).max() ?? 0)
    let room = max(20, output.width - column - 2)
    output.write(
      rows: rows.map { name, text in
        (name, text.count <= room ? text : text.prefix(room - 1) + "…")
      }, column: column)
  }
}
