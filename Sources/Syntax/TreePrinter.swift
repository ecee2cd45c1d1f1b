import Basics
import Diagnostics

/// The tree as S-expressions, one item or statement on a line: `ravine dump --stage ast`.
///
/// Names are printed by their keys and spans are left out, so that two spellings of one program
/// print alike; `‖x‖` prints as `norm(x)`, which it means.
package func dump(_ tree: SyntaxTree) -> String {
  var printer = TreePrinter(tree: tree)
  for item in tree.items { printer.print(item) }
  return printer.output
}

/// One expression as an S-expression.
package func dump(_ tree: SyntaxTree, _ expression: ExprID) -> String {
  var printer = TreePrinter(tree: tree)
  printer.print(expression)
  return printer.output
}

/// A string as source writes it.
package func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

private struct TreePrinter {
  let tree: SyntaxTree
  var output = ""
  var depth = 0

  init(tree: SyntaxTree) { self.tree = tree }

  mutating func line(_ head: String, _ body: (inout TreePrinter) -> Void = { _ in }) {
    output += String(repeating: "  ", count: depth) + "(" + head
    body(&self)
    output += ")\n"
  }

  /// A line whose children stand on lines of their own.
  mutating func block(_ head: (inout TreePrinter) -> Void, _ body: (inout TreePrinter) -> Void) {
    output += String(repeating: "  ", count: depth) + "("
    head(&self)
    output += "\n"
    depth += 1
    body(&self)
    depth -= 1
    output += String(repeating: "  ", count: depth) + ")\n"
  }

  // MARK: Expressions

  mutating func print(_ id: ExprID) {
    switch tree[id] {
    case .number(let value, _): output += NumberText.shortest(value)
    case .string(let text): output += quoted(text)
    case .name(let name): output += name.key
    case .primed(let name): output += name.key + "'"
    case .unary(let operation, let operand): list(operation.rawValue, [operand])
    case .binary(let operation, let left, let right): list(operation.rawValue, [left, right])
    case .conditional(let condition, let then, let otherwise):
      list("if", [condition, then, otherwise])
    case .call(let name, let arguments):
      output += "(call " + name.key
      print(arguments)
      output += ")"
    case .global(let inner): list("global", [inner])
    case .over(let reduction, let axis, let inner):
      list("over " + reduction.key + " " + axis.key, [inner])
    case .index(let base, let positions):
      output += "(index "
      print(base)
      for position in positions {
        output += " "
        switch position {
        case .at(let value): print(value)
        case .range(let from, let to):
          output += "(slice "
          if let from { print(from) } else { output += "_" }
          output += " "
          if let to { print(to) } else { output += "_" }
          output += ")"
        }
      }
      output += ")"
    case .transpose(let inner): list("transpose", [inner])
    case .member(let base, let name):
      output += "(member "
      print(base)
      output += " " + name.key + ")"
    case .list(let elements): list("list", elements)
    case .norm(let inner): list("call norm", [inner])
    case .error: output += "(error)"
    }
  }

  private mutating func list(_ head: String, _ elements: [ExprID]) {
    output += "(" + head
    for element in elements {
      output += " "
      print(element)
    }
    output += ")"
  }

  private mutating func print(_ arguments: [Argument]) {
    for argument in arguments {
      output += " "
      if let label = argument.label { output += label.key + ": " }
      print(argument.value)
    }
  }

  // MARK: Parts

  private mutating func print(_ type: TypeExpr?) {
    guard let type else { return }
    output += " : " + type.kind.key
    for (i, extent) in type.extents.enumerated() {
      output += i == 0 ? "(" : " "
      print(extent)
    }
    if !type.extents.isEmpty { output += ")" }
  }

  private mutating func print(_ name: Name, _ type: TypeExpr?, _ initial: ExprID?) {
    output += " (" + name.key
    print(type)
    guard let initial else { return }
    output += " = "
    print(initial)
  }

  private mutating func print(_ binding: Binding) {
    print(binding.name, binding.type, binding.initial)
    if let storage = binding.storage {
      output += " as " + storage.format.key
      print(storage.arguments)
      if let rounding = storage.rounding { output += " round " + rounding.key }
    }
    output += ")"
  }

  private mutating func print(_ parameter: Parameter) {
    print(parameter.name, parameter.type, parameter.initial)
    if parameter.ascend != nil { output += " ascend" }
    if let domain = parameter.domain {
      output += " in " + (domain.includesLow ? "[" : "(")
      print(domain.low)
      output += " "
      print(domain.high)
      output += domain.includesHigh ? "]" : ")"
    }
    output += ")"
  }

  // MARK: Statements

  mutating func print(_ statement: Statement) {
    switch statement.kind {
    case .state(let bindings): line("state") { p in bindings.forEach { p.print($0) } }
    case .input(let bindings): line("input") { p in bindings.forEach { p.print($0) } }
    case .param(let bindings): line("param") { p in bindings.forEach { p.print($0) } }
    case .equation(let targets, let value):
      line("equation") { p in
        for target in targets {
          p.output += " " + target.name.key + (target.isPrimed ? "'" : "")
        }
        p.output += " = "
        p.print(value)
        if let rounding = targets.last?.rounding { p.output += " round " + rounding.key }
      }
    case .when(let condition, let body, let otherwise):
      block({ p in
        p.output += "when "
        p.print(condition)
      }) { p in
        body.forEach { p.print($0) }
        guard let otherwise else { return }
        p.block({ $0.output += "else" }) { p in otherwise.forEach { p.print($0) } }
      }
    case .every(let count, let body): loop("every", count, body)
    case .repeats(let count, let body): loop("repeat", count, body)
    case .view(let name, let value):
      line("view " + name.key + " = ") { $0.print(value) }
    case .metric(let name, let value):
      line("metric " + name.key + " = ") { $0.print(value) }
    case .term(let name, let value):
      line("loss " + name.key + " = ") { $0.print(value) }
    case .guardFinite: line("guard finite")
    case .matricesOverTrailing: line("matrices over trailing")
    case .result(let values): line("result") { p in p.printSpaced(values) }
    case .error: line("error")
    }
  }

  private mutating func loop(_ word: String, _ count: ExprID, _ body: [Statement]) {
    block({ p in
      p.output += word + " "
      p.print(count)
    }) { p in body.forEach { p.print($0) } }
  }

  private mutating func printSpaced(_ values: [ExprID]) {
    for value in values {
      output += " "
      print(value)
    }
  }

  // MARK: Items

  mutating func print(_ item: Item) {
    switch item.kind {
    case .rule(let rule): print(rule)
    case .function(let function):
      block({ p in
        p.output += "fn " + function.name.key
        function.parameters.forEach { p.print($0) }
      }) { p in
        p.print(documentation: function.documentation)
        function.body.forEach { p.print($0) }
      }
    case .objective(let objective):
      block({ p in
        p.output += "objective " + objective.name.key
        objective.parameters.forEach { p.print($0) }
        if !objective.inputs.isEmpty { p.output += " ;" }
        objective.inputs.forEach { p.print($0) }
      }) { p in
        p.print(documentation: objective.documentation)
        objective.body.forEach { p.print($0) }
      }
    case .data(let name, let value): line("data " + name.key + " ") { $0.print(value) }
    case .task(let task):
      block({ $0.output += "task " + task.name.key }) { p in
        p.print(documentation: task.documentation)
        switch task.work {
        case .minimize(let statement): p.print(Item(.minimize(statement), item.span))
        case .train(let statement): p.print(Item(.train(statement), item.span))
        case .command(let statement):
          p.line("command " + quoted(statement.text)) { $0.print(rules: [], statement.clauses) }
        }
      }
    case .definition(let name, let value):
      line("definition " + name.key + " ") { $0.print(value) }
    case .minimize(let command):
      line(command.isMaximised ? "maximize " : "minimize ") { p in
        p.print(command.objective)
        p.print(rules: command.rules, command.clauses)
      }
    case .train(let command):
      line("train ") { p in
        p.print(command.objective)
        p.output += " on " + command.data.key
        p.print(rules: command.rules, command.clauses)
      }
    case .plot(let command):
      line("plot") { p in
        p.printSpaced(command.series)
        for axis in command.axes {
          p.output += " (" + axis.name.key
          if let (low, high) = axis.limits {
            p.output += " "
            p.list("in", [low, high])
          }
          if let scale = axis.scale { p.output += " " + scale.key }
          p.output += ")"
        }
        guard let path = command.path else { return }
        p.output += " to "
        p.print(path)
      }
    case .save(let command):
      line("save") { p in
        for name in command.names { p.output += " " + name.key }
        p.output += " to "
        p.print(command.path)
      }
    case .search(let search):
      line("search " + search.name.key + " ") { p in
        p.print(search.start)
        if let baseline = search.baseline {
          p.output += " against "
          p.print(baseline)
        }
        for (word, names) in [
          ("on", search.tasks), ("using", search.functions), ("validate", search.validation),
          ("test", search.test),
        ] where !names.isEmpty {
          p.output += " " + word + " " + names.map(\.key).joined(separator: " ")
        }
        p.print(rules: [], search.clauses)
      }
    case .assert(let condition): line("assert ") { $0.print(condition) }
    case .expression(let value): line("expression ") { $0.print(value) }
    case .error: line("error")
    }
  }

  private mutating func print(documentation: [String]) {
    for text in documentation { line("doc " + quoted(text)) }
  }

  private mutating func print(_ rule: RuleDeclaration) {
    block({ p in
      p.output += "rule " + rule.name.key
      rule.parameters.forEach { p.print($0) }
    }) { p in
      p.print(documentation: rule.documentation)
      switch rule.body {
      case .equations(let statements): statements.forEach { p.print($0) }
      case .alias(let value): p.line("alias ") { $0.print(value) }
      case .route(let arms):
        for arm in arms {
          p.line("arm ") { p in
            if let condition = arm.condition { p.print(condition) } else { p.output += "otherwise" }
            p.output += " -> "
            p.print(arm.target)
          }
        }
      }
    }
  }

  private mutating func print(rules: [ExprID], _ clauses: [Clause]) {
    if !rules.isEmpty { output += " with" }
    printSpaced(rules)
    for clause in clauses {
      output += " (" + clause.keyword.key + " "
      print(clause.value)
      if let unit = clause.unit { output += " " + unit.key }
      if let path = clause.path {
        output += " "
        print(path)
      }
      output += ")"
    }
  }
}
