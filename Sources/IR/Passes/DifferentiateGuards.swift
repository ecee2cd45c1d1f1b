import Basics

/// Under which conditions each value of a function is needed, as far as lazy selects decide it.
///
/// A guard is a path of conditions from the outputs (0: always). A value that is used under several
/// guards has their common beginning.
struct Guards {
  struct Step {
    var condition: ValueID
    var whenTrue: Bool
  }

  private struct Node: Hashable {
    var parent: Int
    var condition: ValueID
    var whenTrue: Bool
    var depth: Int
  }

  private var nodes = [Node(parent: 0, condition: .none, whenTrue: true, depth: 0)]
  private var known: [Node: Int] = [:]
  private var guardOf: [Int]
  private var arms: [Int: (Int, Int)] = [:]

  init(of function: Function) {
    guardOf = [Int](repeating: -1, count: function.instructions.count)
    for output in function.outputs { guardOf[output.value.index] = 0 }
    for i in stride(from: guardOf.count - 1, through: 0, by: -1) where guardOf[i] >= 0 {
      let instruction = function.instructions[i]
      if instruction.operation == .parameter {
        guardOf[i] = 0
      } else if instruction.operation == .select, function.type(instruction.a).shape.isScalar {
        let yes = child(guardOf[i], instruction.a, true)
        let no = child(guardOf[i], instruction.a, false)
        arms[i] = (yes, no)
        use(instruction.a, guardOf[i])
        use(instruction.b, yes)
        use(instruction.c, no)
      } else {
        for operand in function.operands(ValueID(i)) { use(operand, guardOf[i]) }
      }
    }
  }

  subscript(_ value: ValueID) -> Int { max(guardOf[value.index], 0) }

  /// The guards of the arms of a lazy select, nil for an elementwise one.
  func arms(of select: ValueID) -> (yes: Int, no: Int)? { arms[select.index] }

  /// The conditions that `inner` adds to `outer`, its beginning; innermost first.
  func path(from inner: Int, to outer: Int) -> [Step] {
    var steps: [Step] = []
    var node = inner
    while node != outer, node != 0 {
      steps.append(Step(condition: nodes[node].condition, whenTrue: nodes[node].whenTrue))
      node = nodes[node].parent
    }
    return steps
  }

  private mutating func child(_ parent: Int, _ condition: ValueID, _ whenTrue: Bool) -> Int {
    let node = Node(
      parent: parent, condition: condition, whenTrue: whenTrue, depth: nodes[parent].depth + 1)
    if let found = known[node] { return found }
    nodes.append(node)
    known[node] = nodes.count - 1
    return nodes.count - 1
  }

  private mutating func use(_ value: ValueID, _ scope: Int) {
    let old = guardOf[value.index]
    guardOf[value.index] = old < 0 ? scope : common(old, scope)
  }

  private func common(_ x: Int, _ y: Int) -> Int {
    var (x, y) = (x, y)
    while x != y {
      if nodes[x].depth >= nodes[y].depth { x = nodes[x].parent } else { y = nodes[y].parent }
    }
    return x
  }
}
