import Syntax

/// What a text may name beyond itself, loaded when it does.
extension Checker {
  func checker(_ tree: SyntaxTree, _ id: TreeID, _ owner: BlockOwner?) -> NameChecker {
    NameChecker(tree: tree, owner: owner, outside: outside(id))
  }

  func outside(_ id: TreeID) -> NameChecker.Outside {
    let shared = self.shared
    let offered = offeredFunctions
    let unread = self.unread
    let isLibrary = program.isLibrary(id)
    return NameChecker.Outside(
      function: { key in
        // A script's own `count` is meant before the language's.
        let known = isLibrary ? shared.program.libraryFunctions : shared.program.functions
        if let own = known[key] { return Declaration(.function, own.declaration.name.span) }
        return Builtins.functions.contains(key) ? Declaration(.builtinFunction) : nil
      },
      functionNames: {
        Array(Builtins.functions) + shared.program.functions.keys + offered
      },
      rule: { key in
        let known = isLibrary ? shared.program.libraryRules : shared.program.rules
        return known[key].map { Declaration(.rule, $0.declaration.name.span) }
      },
      parameter: { callee, label in
        shared.program.parameter(label, of: callee, isLibrary: isLibrary)
      },
      hyperparameters: { rule in
        let known = isLibrary ? shared.program.libraryRules : shared.program.rules
        var found: [String: Declaration] = [:]
        for hyper in known[rule]?.hypers ?? [] {
          found[hyper.name.key] = Declaration(.hyperparameter, hyper.name.span)
        }
        return found
      },
      ruleNames: {
        shared.program.rules.values.map(\.declaration.name.text) + shared.program.offeredRules
      },
      definition: { key in
        isLibrary
          ? nil : shared.program.definitions[key].map { Declaration(.definition, $0.name.span) }
      },
      definitionNames: { shared.program.definitions.keys.sorted() },
      isUnread: { name in unread.contains { $0.contains(name) } })
  }

  mutating func preloadParameters(
    _ parameters: [Parameter], _ tree: SyntaxTree, _ id: TreeID
  ) {
    for parameter in parameters {
      if let initial = parameter.initial { preload(names: initial, tree, id) }
    }
  }

  mutating func preload(_ block: Block, _ tree: SyntaxTree, _ id: TreeID) {
    for definition in block.definitions { preload(names: definition.value, tree, id) }
    for guarded in block.guards {
      switch guarded.condition {
      case .when(let e), .every(let e): preload(names: e, tree, id)
      }
      preload(guarded.then, tree, id)
      if let otherwise = guarded.otherwise { preload(otherwise, tree, id) }
    }
    for repeated in block.repeats { preload(repeated.body, tree, id) }
    for (_, value) in block.views + block.metrics + block.terms { preload(names: value, tree, id) }
    for binding in block.states + block.inputs + block.parameters {
      if let initial = binding.initial { preload(names: initial, tree, id) }
    }
    for result in block.results { preload(names: result, tree, id) }
  }

  /// Loads the library functions and rules that an expression calls or names.
  mutating func preload(
    names expression: ExprID, _ tree: SyntaxTree, _ id: TreeID
  ) {
    let isLibrary = program.isLibrary(id)
    var pending = [expression]
    while let next = pending.popLast() {
      switch tree[next] {
      case .number, .string, .primed, .error: break
      case .name(let name):
        if isLibrary || !shared.program.definitions.keys.contains(name.key) {
          _ = require(name.key, isLibrary: isLibrary)
        }
      case .call(let name, let arguments):
        if !Builtins.functions.contains(name.key) {
          _ = require(name.key, isLibrary: isLibrary)
        }
        pending += arguments.map(\.value)
      case .unary(_, let a), .global(let a), .transpose(let a), .norm(let a), .over(_, _, let a),
        .member(let a, _):
        pending.append(a)
      case .binary(_, let a, let b): pending += [a, b]
      case .conditional(let c, let then, let otherwise): pending += [c, then, otherwise]
      case .index(let a, let subscripts):
        pending.append(a)
        for s in subscripts {
          switch s {
          case .at(let i): pending.append(i)
          case .range(let from, let to): pending += [from, to].compactMap { $0 }
          }
        }
      case .list(let items): pending += items
      }
    }
  }
}
