import Diagnostics
import Syntax

/// What an editor asks about a place in a text.
extension CheckedProgram {
  /// A name in a text, and what it stands for.
  package struct Occurrence: Hashable, Sendable {
    package var span: Span
    package var declaration: Declaration
    package var tree: TreeID
  }

  /// The name that stands at an offset, where it is used or where it is declared; nil where there is
  /// none that has a meaning.
  package func occurrence(at offset: UInt32) -> Occurrence? {
    guard let tree = tree(at: offset) else { return nil }
    func holds(_ span: Span) -> Bool { span.start <= offset && offset <= span.end }
    if let use = names.uses(in: tree).first(where: { holds($0.span) }) {
      return Occurrence(span: use.span, declaration: use.declaration, tree: tree)
    }
    return declarations(in: tree).first { holds($0.name.span) }.map {
      Occurrence(span: $0.name.span, declaration: $0.declaration, tree: tree)
    }
  }

  /// Where what stands at an offset is declared; nil for what the language declares.
  package func declaration(at offset: UInt32) -> Span? {
    occurrence(at: offset).flatMap { $0.declaration.span.isNone ? nil : $0.declaration.span }
  }

  /// Every place of every text where a name stands for this, in the order of the texts. Of what the
  /// language declares: nothing.
  package func uses(of declaration: Declaration) -> [Span] {
    if declaration.span.isNone { return [] }
    var found: Set<Span> = []
    for tree in trees.indices {
      for use in names.uses(in: TreeID(tree))
      where use.declaration.span == declaration.span && use.span != declaration.span {
        found.insert(use.span)
      }
    }
    return found.sorted { $0.start < $1.start }
  }

  /// The shape that a declaration writes, as `vector(rows)`; nil where it writes none.
  package func shape(of declaration: Declaration) -> TypeExpr? {
    guard let tree = tree(at: declaration.span.start) else { return nil }
    return declarations(in: tree).first { $0.name.span == declaration.span }?.type
  }

  /// What may stand at an offset, by name: what the item around it declares, then what the script
  /// does and what libraries offer, then words of the language. `text` is one that is still being
  /// written, and so is not checked.
  package func candidates(
    at offset: UInt32, in text: SyntaxTree? = nil
  ) -> [(name: String, declaration: Declaration)] {
    var found: [(name: String, declaration: Declaration)] = []
    var seen: Set<String> = []
    func add(_ name: String, _ declaration: Declaration) {
      if seen.insert(name).inserted { found.append((name, declaration)) }
    }
    let tree = text ?? tree(at: offset).map { self[$0] }
    let item = tree?.items.first { $0.span.start <= offset && offset <= $0.span.end }
    for local in item.map(declarations(in:)) ?? [] {
      switch local.declaration.kind {
      case .rule, .function, .objective, .data, .task, .definition: break
      default: add(local.name.text, local.declaration)
      }
    }
    for (_, definition) in definitions.sorted(by: { $0.key < $1.key }) {
      add(definition.name.text, Declaration(.definition, definition.name.span))
    }
    for (_, function) in functions.sorted(by: { $0.key < $1.key }) {
      add(function.declaration.name.text, Declaration(.function, function.declaration.name.span))
    }
    for (_, rule) in rules.sorted(by: { $0.key < $1.key }) {
      add(rule.declaration.name.text, Declaration(.rule, rule.declaration.name.span))
    }
    for (_, objective) in objectives.sorted(by: { $0.key < $1.key }) {
      add(objective.declaration.name.text, Declaration(.objective, objective.declaration.name.span))
    }
    for (_, examples) in data.sorted(by: { $0.key < $1.key }) {
      add(examples.name.text, Declaration(.data, examples.name.span))
    }
    for function in offered.functions { add(function, Declaration(.function)) }
    for rule in offered.rules { add(rule, Declaration(.rule)) }
    // Problems and their data have a meaning in commands alone.
    if let tree, tree.endsInCommand(before: offset) {
      for objective in offered.objectives { add(objective, Declaration(.objective)) }
      for data in offered.data { add(data, Declaration(.data)) }
    }
    for word in Builtins.words(in: item?.kind).sorted() { add(word, Declaration(.builtin)) }
    for function in Builtins.functions.sorted() { add(function, Declaration(.builtinFunction)) }
    return found
  }

  /// The names that arguments of a call may have: of a rule, a function or an objective.
  package func labels(of callee: String) -> [Name] {
    let found =
      rules[callee]?.declaration.parameters ?? functions[callee]?.declaration.parameters
      ?? objectives[callee]?.declaration.parameters ?? []
    return found.map(\.name)
  }

  private func tree(at offset: UInt32) -> TreeID? {
    trees.lastIndex { tree in
      tree.file.base <= offset && Int(offset) <= Int(tree.file.base) + tree.file.bytes.count
    }.map { TreeID($0) }
  }

  private typealias Declared = (name: Name, declaration: Declaration, type: TypeExpr?)

  private func declarations(in tree: TreeID) -> [Declared] {
    self[tree].items.flatMap { declarations(in: $0) }
  }

  /// Every name that an item declares, its own first.
  private func declarations(in item: Item) -> [Declared] {
    func own(_ name: Name, _ kind: Declaration.Kind, _ type: TypeExpr? = nil) -> Declared {
      (name, Declaration(kind, name.span), type)
    }
    func parameters(_ all: [Parameter], _ kind: Declaration.Kind) -> [Declared] {
      all.map { parameter in
        switch parameter.type?.kind.key {
        case "rule": own(parameter.name, .ruleParameter)
        case "fn": own(parameter.name, .functionParameter)
        default: own(parameter.name, kind, parameter.type)
        }
      }
    }
    switch item.kind {
    case .rule(let rule):
      var found = [own(rule.name, .rule)] + parameters(rule.parameters, .hyperparameter)
      if case .equations(let body) = rule.body { found += declarations(in: body) }
      return found
    case .function(let function):
      return [own(function.name, .function)] + parameters(function.parameters, .parameter)
        + declarations(in: function.body)
    case .objective(let objective):
      return [own(objective.name, .objective)]
        + objective.parameters.map {
          own($0.name, $0.type == nil ? .hyperparameter : .weight, $0.type)
        } + parameters(objective.inputs, .parameter)
        + declarations(in: objective.body)
    case .data(let name, _): return [own(name, .data)]
    case .task(let task): return [own(task.name, .task)]
    case .definition(let name, _): return [own(name, .definition)]
    default: return []
    }
  }

  private func declarations(in body: [Statement]) -> [Declared] {
    var found: [Declared] = []
    func add(_ bindings: [Binding], _ kind: Declaration.Kind) {
      for binding in bindings {
        found.append((binding.name, Declaration(kind, binding.name.span), binding.type))
      }
    }
    for statement in body {
      switch statement.kind {
      case .state(let bindings): add(bindings, .state)
      case .input(let bindings): add(bindings, .input)
      case .param(let bindings): add(bindings, .weight)
      case .equation(let targets, _):
        for target in targets where !target.isPrimed {
          found.append((target.name, Declaration(.local, target.name.span), nil))
        }
      case .when(_, let then, let otherwise):
        found += declarations(in: then)
        found += declarations(in: otherwise ?? [])
      case .every(_, let inner), .repeats(_, let inner):
        found += declarations(in: inner)
      default: break
      }
    }
    return found
  }
}

extension SyntaxTree {
  /// Whether the last line before a place, which may still be unfinished, is one that names objectives.
  fileprivate func endsInCommand(before offset: UInt32) -> Bool {
    let text = file.bytes.prefix(max(0, Int(offset) - Int(file.base)))
    let line = text.reversed().prefix { $0 != UInt8(ascii: "\n") }.reversed()
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    return words.count > 1
      && ["minimize", "maximize", "train", "task", "search"].contains(words[0])
  }
}
