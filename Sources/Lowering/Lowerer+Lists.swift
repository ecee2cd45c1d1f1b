import Diagnostics
import IR
import Semantics
import Syntax

/// Hyperparameters that are lists: their lengths are fixed with the rule, their entries stay
/// run-time inputs.
extension Lowerer {
  /// Finds which hyperparameters are lists, how long they are, and where their entries begin.
  func findLists(_ all: [FlatHyper]) {
    module.lists = [:]
    var start = 0
    for (index, hyper) in all.enumerated() {
      let count = listCount(index, all, depth: 0)
      if let declared = hyper.parameter.initial,
        list(declared, hyper.rule, all, depth: 0, in: hyper.rule.rule.tree) != nil, count == nil,
        let given = given[index]
      {
        report(.needsList(hyper.name, at: program[given.frame.tree].span(given.value)))
      }
      if count == 0 {
        report(
          .emptyList(
            at: given[index].map { program[$0.frame.tree].span($0.value) }
              ?? hyper.parameter.name.span))
      }
      module.lists[index] = (start, count)
      start += count ?? 1
    }
  }

  private func listCount(_ index: Int, _ all: [FlatHyper], depth: Int) -> Int? {
    let hyper = all[index]
    if let found = given[index] {
      let count = list(
        found.value, found.frame.owner ?? found.owner, all, depth: depth, in: found.frame.tree)
      // A list given where one number is declared is refused with its value.
      guard let initial = hyper.parameter.initial, count != nil else { return count }
      return list(initial, hyper.rule, all, depth: depth, in: hyper.rule.rule.tree) == nil
        ? nil : count
    }
    guard let initial = hyper.parameter.initial else { return nil }
    return list(initial, hyper.rule, all, depth: depth, in: hyper.rule.rule.tree)
  }

  /// The length of the list that an argument is; nil when it is none.
  private func list(
    _ id: ExprID, _ reader: RuleValue, _ all: [FlatHyper], depth: Int, in tree: TreeID
  ) -> Int? {
    guard depth < 64 else { return nil }
    switch program[tree][id] {
    case .list(let items): return items.count
    case .name(let name):
      if let index = reader.hyperIndex[name.key] { return listCount(index, all, depth: depth + 1) }
      if let definition = program.definition(name.key, from: tree) {
        return list(definition.value, reader, all, depth: depth + 1, in: definition.tree)
      }
      return nil
    default: return nil
    }
  }

  /// The values of a list hyperparameter; nil when they are not as many as there must be (reported).
  func items(_ value: Value, _ count: Int, _ name: Name) -> [Value]? {
    switch value {
    case .list(let items) where items.count == count: return items
    case .entries(let items, _) where items.count == count: return items.map { .value($0) }
    case .failure: return nil
    default:
      report(.lengthOfList(name, count))
      return nil
    }
  }

  /// A hyperparameter as the host sees it: the entries of a list are `betas[0]`, `betas[1]`, …
  func entries(of hyper: FlatHyper, _ index: Int, _ domain: Domain?) -> [Hyperparameter] {
    let list = module.lists[index] ?? (index, nil)
    return (0..<(list.count ?? 1)).map { k in
      let suffix = list.count == nil ? "" : "[\(k)]"
      return Hyperparameter(
        name: hyper.name + suffix, key: hyper.key + suffix, domain: domain,
        isStructural: module.structural.contains(list.start + k),
        origin: hyper.parameter.name.span, argument: argumentSpan(hyper, index))
    }
  }
}
