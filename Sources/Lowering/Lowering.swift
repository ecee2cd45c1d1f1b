import Diagnostics
import IR
import Semantics
import Syntax

/// The phase from checked declarations to the IR. Each entry throws every error it found.
package enum Lowering {
  /// The rule that an expression such as `Lion(lr = 1e-4)` stands for, with its arguments.
  package static func rule(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> RuleInstance {
    let lowerer = Lowerer(program: program, name: "rule")
    let frame = Frame(tree: tree, parent: nil)
    let span = program[tree].span(expression)
    let value = lowerer.lower(expression, frame)
    guard case .rule(let rule) = value else {
      if !lowerer.bag.hasErrors {
        lowerer.bag.report(
          .notARule(at: span))
      }
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return try instance(of: rule, label: program[tree].sourceText(expression), lowerer)
  }

  /// A rule whose arguments may hold free symbols: what the algebra compares.
  package struct SymbolicRule: Sendable {
    /// Its defaults read free symbols as hyperparameters numbered from `firstSymbol` on.
    package var module: RuleModule
    /// Whether a hyperparameter was given a value, by the text or by a rule around the one that has it.
    package var isGiven: [Bool]
    /// The keys of the free symbols.
    package var symbols: [String]
    /// As written.
    package var label: String
  }

  /// Where the numbers of free symbols begin.
  package static let firstSymbol = 1_000_000

  /// The rule that an expression such as `Lion(β1 = β, β2 = β)` stands for, where names without a
  /// meaning stand for any number.
  package static func symbolicRule(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> SymbolicRule {
    let lowerer = Lowerer(program: program, name: "rule")
    lowerer.symbolicTree = tree
    let frame = Frame(tree: tree, parent: nil)
    let span = program[tree].span(expression)
    guard case .rule(let rule) = lowerer.lower(expression, frame) else {
      if !lowerer.bag.hasErrors {
        lowerer.bag.report(
          .notARule(at: span))
      }
      throw DiagnosticError(lowerer.bag.sorted)
    }
    guard let module = lowerer.module(of: rule), !lowerer.bag.hasErrors else {
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return SymbolicRule(
      module: module, isGiven: module.hypers.indices.map { lowerer.given[$0] != nil },
      symbols: lowerer.symbolicNames, label: program[tree].sourceText(expression))
  }

  /// A declared rule with its defaults.
  package static func rule(
    named key: String, of program: CheckedProgram
  ) throws(DiagnosticError) -> RuleInstance {
    let lowerer = Lowerer(program: program, name: key)
    guard let rule = program.rules[key] else {
      throw DiagnosticError(.unknownRule(key, at: .none))
    }
    let name = rule.declaration.name
    let frame = Frame(tree: rule.tree, parent: nil)
    guard let value = lowerer.ruleValue(name, [], frame, name.span) else {
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return try instance(of: value, label: name.text, lowerer)
  }

  private static func instance(
    of value: RuleValue, label: String, _ lowerer: Lowerer
  ) throws(DiagnosticError) -> RuleInstance {
    guard let module = lowerer.module(of: value), !lowerer.bag.hasErrors else {
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return RuleInstance(module: module, arguments: lowerer.arguments, label: label)
  }

  /// Checks what only lowering sees (cycles, kinds, shapes) in a rule whose rule parameters are
  /// not known: each stands for plain gradient descent.
  package static func check(
    ruleNamed key: String, of program: CheckedProgram
  ) -> [Diagnostic] {
    guard let rule = program.rules[key], !rule.isBroken else { return [] }
    let lowerer = Lowerer(program: program, name: key)
    let name = rule.declaration.name
    let frame = Frame(tree: rule.tree, parent: nil)
    if rule.ruleParameters.contains(where: { $0.initial == nil })
      || rule.functionParameters.contains(where: { $0.initial == nil })
    {
      lowerer.checkTemplate(rule)
    } else if let value = lowerer.ruleValue(name, [], frame, name.span) {
      _ = lowerer.module(of: value, needsDefaults: false)
    }
    return lowerer.bag.sorted
  }

  /// The objective that an expression such as `mlp(hidden = 64)` stands for.
  package static func objective(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> ObjectiveModule {
    let lowerer = Lowerer(program: program, name: "objective")
    let frame = Frame(tree: tree, parent: nil)
    let span = program[tree].span(expression)
    var arguments: [Argument] = []
    var key = ""
    switch program[tree][expression] {
    case .name(let name): key = name.key
    case .call(let name, let given):
      key = name.key
      arguments = given
    default: break
    }
    guard let objective = program.objectives[key] else {
      throw DiagnosticError(.unknownObjective(at: span))
    }
    if objective.isBroken {
      throw DiagnosticError(.broken(objective.declaration.name.text, at: span))
    }
    guard let module = lowerer.module(of: objective, arguments, frame, span) else {
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return module
  }

  /// Checks a declared objective with its defaults.
  package static func check(
    objectiveNamed key: String, of program: CheckedProgram
  ) -> [Diagnostic] {
    guard let objective = program.objectives[key], !objective.isBroken else { return [] }
    let lowerer = Lowerer(program: program, name: key)
    let frame = Frame(tree: objective.tree, parent: nil)
    let needs = objective.hypers.contains { $0.initial == nil }
    if !needs {
      _ = lowerer.module(of: objective, [], frame, objective.declaration.name.span)
    }
    return lowerer.bag.sorted
  }

  /// Checks the named values of a script.
  package static func check(
    definitionsNamed keys: [String], of program: CheckedProgram
  ) -> [Diagnostic] {
    let lowerer = Lowerer(program: program, name: "definitions")
    for key in keys {
      guard let definition = program.definitions[key], !definition.isBroken else { continue }
      _ = lowerer.lowerDefinition(definition, definition.name)
    }
    return lowerer.bag.sorted
  }

  /// A loose expression as a function with the one output `.result(0)` (several for several values).
  package static func expression(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> Function {
    var symbols: [String] = []
    return try self.expression(
      expression, in: tree, of: program, allowsSymbols: false, symbols: &symbols)
  }

  /// As `expression`, where names without a meaning are free symbols: hyperparameters numbered from
  /// `firstSymbol` on, their keys in `symbols`.
  package static func symbolicExpression(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> (function: Function, symbols: [String]) {
    var symbols: [String] = []
    let function = try self.expression(
      expression, in: tree, of: program, allowsSymbols: true, symbols: &symbols)
    return (function, symbols)
  }

  private static func expression(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram, allowsSymbols: Bool,
    symbols: inout [String]
  ) throws(DiagnosticError) -> Function {
    let lowerer = Lowerer(program: program, name: "expression")
    if allowsSymbols { lowerer.symbolicTree = tree }
    let frame = Frame(tree: tree, parent: nil)
    let span = program[tree].span(expression)
    let value = lowerer.lower(expression, frame)
    var handles: [Handle] = []
    if case .several(let several) = value {
      handles = several
    } else if let handle = lowerer.single(value, at: span) {
      handles = [handle]
    }
    if lowerer.bag.hasErrors { throw DiagnosticError(lowerer.bag.sorted) }
    symbols = lowerer.symbolicNames
    for (position, handle) in handles.enumerated() {
      lowerer.builder.output(.result(position), lowerer.local(handle))
    }
    return lowerer.finish()
  }
}

extension Lowerer {
  /// Lowers a rule around other rules with `w - g` in their place.
  func checkTemplate(_ rule: CheckedRule) {
    let value = RuleValue(rule: rule, body: .descent)
    for parameter in rule.ruleParameters { value.rules[parameter.name.key] = descent(parameter) }
    for parameter in rule.functionParameters {
      value.functions[parameter.name.key] = .builtin("sign")
    }
    callStack.append("rule \(rule.declaration.name.key)")
    let isFilled = fill(value)
    callStack.removeLast()
    guard isFilled else { return }
    _ = module(of: value, needsDefaults: false)
  }

  /// `w' = w - g`, a rule for checking what stands around a rule.
  private func descent(_ parameter: Parameter) -> RuleValue {
    let declaration = RuleDeclaration(
      documentation: [], name: parameter.name, parameters: [], body: .equations([]),
      span: parameter.span)
    let rule = CheckedRule.plain(declaration)
    return RuleValue(rule: rule, body: .descent)
  }
}

extension SyntaxTree {
  /// The text of an expression as written.
  func sourceText(_ id: ExprID) -> String {
    let span = span(id)
    let low = Int(span.start - file.base)
    let high = Int(span.end - file.base)
    guard low >= 0, high <= file.bytes.count, low <= high else { return "" }
    return String(decoding: file.bytes[low..<high], as: UTF8.self)
  }
}
