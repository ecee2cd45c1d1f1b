import Syntax

/// Which functions the functions of a text call.
struct CallGraph {
  private var calls: [String: Set<String>] = [:]
  /// The functions as they are declared.
  private var order: [String] = []

  init(of tree: SyntaxTree, _ id: TreeID, in program: CheckedProgram) {
    for item in tree.items {
      guard case .function(let function) = item.kind else { continue }
      let key = function.name.key
      guard program.functions[key]?.tree == id else { continue }
      order.append(key)
      calls[key] = []
      for (k, expression) in tree.expressions.enumerated() {
        guard case .call(let name, _) = expression, tree.spans[k].start >= function.span.start,
          tree.spans[k].end <= function.span.end,
          program.names.meaning(of: ExprID(k), in: id)?.kind == .function
        else { continue }
        calls[key]!.insert(name.key)
      }
    }
  }

  /// The functions that call themselves, directly or through those of the path that leads to the call.
  func cycles() -> [(entry: String, path: [String])] {
    var found: [(entry: String, path: [String])] = []
    // Depth first, each function entered once; one that is met while it is open calls itself.
    var isClosed: [String: Bool] = [:]
    for key in order {
      var open: [(key: String, next: [String])] = []
      func enter(_ key: String) {
        isClosed[key] = false
        open.append((key, (calls[key] ?? []).sorted()))
      }
      if isClosed[key] == nil { enter(key) }
      while let next = open.last?.next.last {
        open[open.count - 1].next.removeLast()
        if isClosed[next] == nil {
          enter(next)
        } else if isClosed[next] == false {
          found.append((next, open.map(\.key)))
        }
        while let last = open.last, last.next.isEmpty {
          isClosed[last.key] = true
          open.removeLast()
        }
      }
      for (key, _) in open { isClosed[key] = true }
    }
    return found
  }
}
