import Diagnostics
import IR
import Semantics
import Syntax

/// The phase from checked declarations to the IR. Each entry throws every error it found.
package enum Lowering {
  /// The rule that an expression such as `Lion(lr = 1e-4)` stands for, with its arguments. With
  /// `allowsMissing`, a hyperparameter may have no value yet.
  package static func rule(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram,
    allowsMissing: Bool = false
  ) throws(DiagnosticError) -> Rule {
    let lowerer = Lowerer(program: program, name: "rule")
    defer { lowerer.release() }
    let frame = lowerer.frame(tree: tree, parent: nil)
    guard case .rule(let rule) = lowerer.lower(expression, frame) else {
      if !lowerer.bag.hasErrors {
        lowerer.bag.report(.notARule(at: program[tree].span(expression)))
      }
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return try value(
      of: rule, call: program[tree].callText(expression),
      label: program[tree].sourceText(expression), lowerer, needsDefaults: !allowsMissing)
  }

  /// A declared rule with its defaults.
  package static func rule(
    named key: String, of program: CheckedProgram
  ) throws(DiagnosticError) -> Rule {
    let lowerer = Lowerer(program: program, name: key)
    defer { lowerer.release() }
    guard let rule = program.rules[key] else {
      throw DiagnosticError(.unknownRule(key, at: .none))
    }
    let name = rule.declaration.name
    let frame = lowerer.frame(tree: rule.tree, parent: nil)
    guard let found = lowerer.ruleValue(name, [], frame, name.span) else {
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return try value(of: found, call: CallText(name.text), label: name.text, lowerer)
  }

  private static func value(
    of rule: RuleValue, call: CallText, label: String, _ lowerer: Lowerer,
    needsDefaults: Bool = true
  ) throws(DiagnosticError) -> Rule {
    guard
      let module = ModuleLowerer(lowerer: lowerer).module(of: rule, needsDefaults: needsDefaults),
      !lowerer.bag.hasErrors
    else {
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return Rule(
      module: module, arguments: lowerer.module.arguments,
      origins: HyperLowerer(lowerer: lowerer).origins(of: rule),
      freeNames: lowerer.freeNames, call: call, label: label)
  }

  /// Checks what only lowering sees (cycles, kinds, shapes) in a rule whose rule parameters are
  /// not known: each stands for plain gradient descent. Gives the rule with its defaults, where it
  /// has all of them and no errors.
  package static func check(
    ruleNamed key: String, of program: CheckedProgram
  ) -> (rule: Rule?, diagnostics: [Diagnostic]) {
    guard let rule = program.rules[key], !rule.isBroken else { return (nil, []) }
    let lowerer = Lowerer(program: program, name: key)
    defer { lowerer.release() }
    let name = rule.declaration.name
    let frame = lowerer.frame(tree: rule.tree, parent: nil)
    if rule.ruleParameters.contains(where: { $0.initial == nil })
      || rule.functionParameters.contains(where: { $0.initial == nil })
    {
      RuleLowerer(lowerer: lowerer).checkTemplate(rule)
    } else if let found = lowerer.ruleValue(name, [], frame, name.span) {
      let whole = try? value(
        of: found, call: CallText(name.text), label: name.text, lowerer, needsDefaults: false)
      return (whole?.isMissingValues == false ? whole : nil, lowerer.bag.sorted)
    }
    return (nil, lowerer.bag.sorted)
  }

  /// The objective that an expression such as `mlp(hidden = 64)` stands for.
  package static func objective(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> ObjectiveModule {
    let lowerer = Lowerer(program: program, name: "objective")
    defer { lowerer.release() }
    let frame = lowerer.frame(tree: tree, parent: nil)
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
    guard let objective = program.objective(key, from: tree) else {
      throw DiagnosticError(.unknownObjective(at: span))
    }
    if objective.isBroken {
      throw DiagnosticError(.broken(objective.declaration.name.text, at: span))
    }
    guard
      let module = ObjectiveLowerer(lowerer: lowerer).module(of: objective, arguments, frame, span)
    else {
      throw DiagnosticError(lowerer.bag.sorted)
    }
    return module
  }

  /// Checks a declared objective with its defaults, and gives it where it has all of them and no
  /// errors.
  package static func check(
    objectiveNamed key: String, of program: CheckedProgram
  ) -> (objective: ObjectiveModule?, diagnostics: [Diagnostic]) {
    guard let objective = program.objectives[key], !objective.isBroken,
      objective.hypers.allSatisfy({ $0.initial != nil })
    else { return (nil, []) }
    let lowerer = Lowerer(program: program, name: key)
    defer { lowerer.release() }
    let frame = lowerer.frame(tree: objective.tree, parent: nil)
    let module = ObjectiveLowerer(lowerer: lowerer).module(
      of: objective, [], frame, objective.declaration.name.span)
    return (module, lowerer.bag.sorted)
  }

  /// Checks the named values of a script.
  package static func check(
    definitionsNamed keys: [String], of program: CheckedProgram
  ) -> [Diagnostic] {
    let lowerer = Lowerer(program: program, name: "definitions")
    defer { lowerer.release() }
    for key in keys {
      guard let definition = program.definitions[key], !definition.isBroken else { continue }
      _ = ExpressionLowerer(lowerer: lowerer).lowerDefinition(definition, definition.name)
    }
    return lowerer.bag.sorted
  }

  /// A loose expression as a function with the one output `.result(0)` (several for several values),
  /// and the names in it that stand for any number: `.free` by their place. Its own draws are numbered on from
  /// `firstSite`; those of a named value follow from the name.
  package static func expression(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram, firstSite: UInt32 = 0
  ) throws(DiagnosticError) -> (function: Function, freeNames: [String]) {
    let lowerer = Lowerer(program: program, name: "expression")
    lowerer.draft.nextSite = firstSite
    defer { lowerer.release() }
    let frame = lowerer.frame(tree: tree, parent: nil)
    let span = program[tree].span(expression)
    let value = lowerer.lower(expression, frame)
    var handles: [Handle] = []
    if case .several(let several) = value {
      handles = several
    } else if let handle = lowerer.single(value, at: span) {
      handles = [handle]
    }
    if lowerer.bag.hasErrors { throw DiagnosticError(lowerer.bag.sorted) }
    for (position, handle) in handles.enumerated() {
      lowerer.builder.output(.result(position), lowerer.local(handle))
    }
    return (lowerer.finish(), lowerer.freeNames)
  }
}

extension RuleLowerer {
  /// Lowers a rule around other rules with `w - g` in their place.
  func checkTemplate(_ rule: CheckedRule) {
    let value = RuleValue(rule: rule, body: .descent)
    for parameter in rule.ruleParameters { value.rules[parameter.name.key] = descent(parameter) }
    for parameter in rule.functionParameters {
      value.functions[parameter.name.key] = .builtin("sign")
    }
    lowerer.callStack.append("rule \(rule.declaration.name.key)")
    let isFilled = fill(value)
    lowerer.callStack.removeLast()
    guard isFilled else { return }
    _ = ModuleLowerer(lowerer: lowerer).module(of: value, needsDefaults: false)
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

  /// An expression as a call in parts.
  func callText(_ id: ExprID) -> CallText {
    guard case .call(let callee, let arguments) = self[id] else { return CallText(sourceText(id)) }
    return CallText(
      callee.text,
      arguments.map { argument in
        var value = CallText.Value.plain(sourceText(argument.value))
        if case .call(_, let inner) = self[argument.value], let first = inner.first,
          first.label == nil
        {
          value = .call(callText(argument.value))
        }
        return CallText.Argument(label: argument.label?.text, key: argument.label?.key, value)
      })
  }
}
