import Diagnostics
import Syntax

extension Checker {
  /// Functions that call themselves, directly or through others, called or not.
  mutating func refuseRecursion(_ tree: SyntaxTree, _ id: TreeID) {
    var calls: [String: Set<String>] = [:]
    for item in tree.items {
      guard case .function(let function) = item.kind,
        program.functions[function.name.key]?.tree == id
      else { continue }
      calls[function.name.key] = called(in: function.span, tree, id)
    }
    // Depth first, each function entered once; one that is met while it is open calls itself.
    var isClosed: [String: Bool] = [:]
    for item in tree.items {
      guard case .function(let function) = item.kind, calls[function.name.key] != nil else {
        continue
      }
      var open: [(key: String, next: [String])] = []
      func enter(_ key: String) {
        isClosed[key] = false
        open.append((key, (calls[key] ?? []).sorted()))
      }
      if isClosed[function.name.key] == nil { enter(function.name.key) }
      while let next = open.last?.next.last {
        open[open.count - 1].next.removeLast()
        if isClosed[next] == nil {
          enter(next)
        } else if isClosed[next] == false, let name = program.functions[next]?.declaration.name {
          bag.report(.recursion(name))
          for (key, _) in open { update(function: key, id) { $0.isBroken = true } }
        }
        while let last = open.last, last.next.isEmpty {
          isClosed[last.key] = true
          open.removeLast()
        }
      }
      for (key, _) in open { isClosed[key] = true }
    }
  }

  /// The keys of the functions that are called inside a declaration.
  private func called(in declaration: Span, _ tree: SyntaxTree, _ id: TreeID) -> Set<String> {
    var found: Set<String> = []
    for (k, expression) in tree.expressions.enumerated() {
      guard case .call(let name, _) = expression, tree.spans[k].start >= declaration.start,
        tree.spans[k].end <= declaration.end,
        program.names.meaning(of: ExprID(k), in: id)?.kind == .function
      else { continue }
      found.insert(name.key)
    }
    return found
  }
}
