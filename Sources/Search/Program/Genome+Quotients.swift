import IR

extension Genome {
  /// What the program becomes where a quotient or the square of a root is written plainly: equal where what is divided by
  /// is not 0 and what the root is taken of not negative, where the program has no number before and may have one after. So a search, which compares programs on all inputs, leaves
  /// them as they are. What is dead is left in, as by `rewrites`.
  package func quotientRewrites() -> [(rewrite: Rewrite, node: Int, result: Genome)] {
    nodes.indices.compactMap { i in
      var result = self
      if nodes[i].operation == .multiply, nodes[i].a == nodes[i].b, let root = nodes[i].a.node,
        nodes[root].operation == .squareRoot
      {
        result.replace(.node(i), by: nodes[root].a)
        return (.squareOfRoot, i, result)
      }
      guard nodes[i].operation == .divide else { return nil }
      guard let why = result.cancel(i) else { return nil }
      return (why, i, result)
    }
  }

  private mutating func cancel(_ i: Int) -> Rewrite? {
    let (x, y) = (nodes[i].a, nodes[i].b)
    let (over, under) = (x.node.map { nodes[$0] }, y.node.map { nodes[$0] })
    if under?.operation == .absolute, under?.a == x {
      nodes[i] = Node(.sign, x)
      return .overItsSize
    }
    if over?.operation == .absolute, over?.a == y {
      nodes[i] = Node(.sign, y)
      return .overItsSize
    }
    // c·x / |x|, as products are read from the left.
    if under?.operation == .absolute, let z = under?.a, let over, over.operation == .multiply,
      over.a == z || over.b == z, nodes.count < Self.mostNodes
    {
      insert([Node(.sign, z)], before: i)
      nodes[i + 1] = Node(.multiply, over.a == z ? over.b : over.a, .node(i))
      return .overItsSize
    }
    if x == y, let one = number(1) {
      replace(.node(i), by: one)
      return .overItself
    }
    if let over, over.operation == .multiply, over.a == y || over.b == y {
      replace(.node(i), by: over.a == y ? over.b : over.a)
      return .cancelled
    }
    return nil
  }
}
