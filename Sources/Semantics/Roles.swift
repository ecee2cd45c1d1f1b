import Diagnostics
import Syntax

/// What the parts of a rule with equations are for.
struct Roles {
  let rule: RuleDeclaration
  let block: Block
  let tree: SyntaxTree

  /// The words for the lengths of named axes that a rule may read: of those that an input or a state
  /// of it has. Every rule has workers.
  var axisLengths: Set<String> {
    var found: Set<String> = ["workers"]
    for binding in block.inputs + block.states {
      guard let type = binding.type else { continue }
      found.insert(type.kind.key)
      var pending = type.extents
      while let next = pending.popLast() {
        switch tree[next] {
        case .name(let name): found.insert(name.key)
        case .call(let name, let arguments):
          found.insert(name.key)
          pending += arguments.map(\.value)
        default: break
        }
      }
    }
    return found.intersection(Builtins.axisLengths)
  }

  /// What has no use and no change. A rule that is not sound may have lost its update.
  func problems(used: Set<String>, unprimed: Set<String>, isSound: Bool) -> DiagnosticBag {
    var bag = DiagnosticBag()
    let all = block.allDefinitions()
    let primed = Set(all.filter(\.isPrimed).map(\.name.key))
    if !primed.contains("w"), isSound { bag.report(.noUpdate(rule.name)) }
    let given = Set(rule.parameters.map(\.name.key) + ["w"])
    for state in block.states
    where !primed.contains(state.name.key) && !unprimed.contains(state.name.key) {
      // What keeps the first weights, or a draw, keeps them on purpose.
      if let initial = state.initial, reads(given, initial) { continue }
      bag.report(.frozenState(state.name))
    }
    for definition in all where !definition.isPrimed && definition.position == nil {
      if !used.contains(definition.name.key) { bag.report(.unusedLocal(definition.name)) }
    }
    return bag
  }

  /// Whether an expression reads one of these names or draws a random number.
  private func reads(_ names: Set<String>, _ root: ExprID) -> Bool {
    let whole = tree.span(root)
    return tree.expressions.indices.contains { i in
      guard tree.spans[i].start >= whole.start, tree.spans[i].end <= whole.end else { return false }
      switch tree.expressions[i] {
      case .name(let name): return names.contains(name.key)
      case .call(let name, _): return Builtins.draws.contains(name.key)
      default: return false
      }
    }
  }
}
