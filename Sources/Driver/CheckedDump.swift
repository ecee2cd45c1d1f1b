import Semantics
import Syntax

extension Compiler {
  /// The roles that the checker has given to every name: `ravine dump --stage checked`.
  ///
  /// Declarations in alphabetical order, one role a line, expressions as S-expressions. `only`
  /// limits the text to some declarations, by key.
  package func checkedText(only: Set<String>? = nil) -> String { text(of: program, only: only) }
}

private func text(of program: CheckedProgram, only: Set<String>?) -> String {
  var printer = CheckedPrinter(program: program)
  func wanted(_ key: String) -> Bool { only?.contains(key) ?? true }
  for (key, rule) in program.rules.sorted(by: { $0.key < $1.key }) where wanted(key) {
    printer.print(rule)
  }
  for (key, function) in program.functions.sorted(by: { $0.key < $1.key }) where wanted(key) {
    printer.print(function)
  }
  for (key, objective) in program.objectives.sorted(by: { $0.key < $1.key }) where wanted(key) {
    printer.print(objective)
  }
  for (key, data) in program.data.sorted(by: { $0.key < $1.key }) where wanted(key) {
    printer.tree = data.tree
    printer.line("data \(key) = \(printer.text(data.source))")
  }
  for (key, definition) in program.definitions.sorted(by: { $0.key < $1.key }) where wanted(key) {
    printer.tree = definition.tree
    printer.line("definition \(key) = \(printer.text(definition.value))")
  }
  return printer.output
}

private struct CheckedPrinter {
  let program: CheckedProgram
  var tree = TreeID(0)
  var output = ""
  var depth = 0

  mutating func line(_ text: String) {
    output += String(repeating: "  ", count: depth) + text + "\n"
  }

  mutating func inner(_ body: (inout CheckedPrinter) -> Void) {
    depth += 1
    body(&self)
    depth -= 1
  }

  func text(_ expression: ExprID) -> String { dump(program[tree], expression) }

  mutating func print(_ rule: CheckedRule) {
    tree = rule.tree
    line("rule \(rule.declaration.name.key)")
    inner { printer in
      printer.print(rule.hypers, "hyper")
      printer.print(rule.ruleParameters, "rule parameter")
      printer.print(rule.functionParameters, "function parameter")
      switch rule.body {
      case .equations(let block): printer.print(block)
      case .alias(let expression): printer.line("alias " + printer.text(expression))
      case .route(let arms):
        for arm in arms {
          let target = printer.text(arm.target)
          var condition = "otherwise"
          if let stated = arm.condition { condition = printer.text(stated) }
          printer.line("route \(condition) -> \(target)")
        }
      }
    }
  }

  mutating func print(_ function: CheckedFunction) {
    tree = function.tree
    line("function \(function.declaration.name.key)")
    inner {
      $0.print(function.declaration.parameters, "parameter")
      $0.print(function.body)
    }
  }

  mutating func print(_ objective: CheckedObjective) {
    tree = objective.tree
    line("objective \(objective.declaration.name.key)")
    inner {
      $0.print(objective.hypers, "hyper")
      $0.print(objective.headerParameters, "param")
      $0.print(objective.declaration.inputs, "input")
      $0.print(objective.body)
    }
  }

  mutating func print(_ parameters: [Parameter], _ role: String) {
    for parameter in parameters {
      var words = "\(role) \(parameter.name.key)"
      if let type = parameter.type { words += ": " + text(type) }
      if let initial = parameter.initial { words += " = " + text(initial) }
      if let domain = parameter.domain {
        words += " in " + (domain.includesLow ? "[" : "(") + text(domain.low) + ", "
        words += text(domain.high) + (domain.includesHigh ? "]" : ")")
      }
      line(words)
    }
  }

  func text(_ type: TypeExpr) -> String {
    type.extents.isEmpty
      ? type.kind.key
      : type.kind.key + "(" + type.extents.map { text($0) }.joined(separator: ", ") + ")"
  }

  mutating func print(_ bindings: [Binding], _ role: String) {
    for binding in bindings {
      var words = "\(role) \(binding.name.key)"
      if let type = binding.type { words += ": " + text(type) }
      if let initial = binding.initial { words += " = " + text(initial) }
      if let storage = binding.storage { words += " as " + storage.format.key }
      line(words)
    }
  }

  mutating func print(_ block: Block) {
    print(block.states, "state")
    print(block.inputs, "input")
    print(block.parameters, "param")
    if block.guardsFinite { line("guard finite") }
    for definition in block.definitions {
      let role = definition.isPrimed ? "after the step" : "local"
      let part = definition.position.map { " (value \($0 + 1) of \(definition.valueCount))" } ?? ""
      line(
        "\(role) \(definition.name.key)\(definition.isPrimed ? "'" : "")\(part) = "
          + text(definition.value))
    }
    for guarded in block.guards {
      switch guarded.condition {
      case .when(let condition): line("when " + text(condition))
      case .every(let period): line("every " + text(period))
      }
      inner { $0.print(guarded.then) }
      if let otherwise = guarded.otherwise {
        line("else")
        inner { $0.print(otherwise) }
      }
    }
    for repeated in block.repeats {
      line("repeat " + text(repeated.count))
      inner { $0.print(repeated.body) }
    }
    for view in block.views { line("view \(view.name.key) = " + text(view.value)) }
    for metric in block.metrics { line("metric \(metric.name.key) = " + text(metric.value)) }
    for result in block.results { line("value " + text(result)) }
  }
}
