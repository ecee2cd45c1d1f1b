import Syntax

/// What a text may name beyond itself, loaded when it does.
extension Checker {
  func checker(_ tree: SyntaxTree, _ id: TreeID, _ owner: BlockOwner?) -> NameChecker {
    NameChecker(
      tree: tree, owner: owner,
      outside: Surroundings(shared: shared, isLibrary: program.isLibrary(id), unread: unread))
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
      case .name(let name)
      where isLibrary || !shared.program.definitions.keys.contains(name.key):
        _ = require(name.key, isLibrary: isLibrary)
      case .call(let name, _) where !Builtins.functions.contains(name.key):
        _ = require(name.key, isLibrary: isLibrary)
      default: break
      }
      pending += tree[next].parts
    }
  }
}
