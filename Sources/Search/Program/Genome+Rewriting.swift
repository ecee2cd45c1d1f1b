import IR

extension Genome {
  /// The program after rewrites that leave what it computes as it is but for rounding: numbers folded, what undoes
  /// itself taken out, sign(x)·|x|, √(x·x) and their like written plainly. Passes are made until nothing changes.
  package func rewritten() -> Genome {
    var result = self
    // Each rewrite takes a node away or makes it a cheaper one.
    for _ in 0..<(4 * Self.mostNodes) {
      guard result.rewrite() else { break }
      result = result.cleaned()
    }
    return result
  }

  /// One pass, each node rewritten once at most; false where there is nothing to rewrite.
  private mutating func rewrite() -> Bool {
    // What nodes are worth stays as it is in a pass.
    let isNonNegative = nonNegativeNodes()
    var isChanged = false
    for i in nodes.indices where rewrite(i, isNonNegative) != nil { isChanged = true }
    return isChanged
  }

  /// Rewrites one node where a rewrite applies, which it says.
  private mutating func rewrite(_ i: Int, _ isNonNegative: [Bool]) -> Rewrite? {
    if let (simpler, why) = simpler(i, isNonNegative) {
      replace(.node(i), by: simpler)
      return why
    }
    if let (other, why) = cheaper(i), other != nodes[i] {
      nodes[i] = other
      return why
    }
    if let (result, why) = withZero(i, isNonNegative) {
      self = result
      return why
    }
    return nil
  }

  /// What each rewrite that applies makes of the program, one at a time, with the node that it is made at. What no
  /// step's weights depend on any more is still there.
  package func rewrites() -> [(rewrite: Rewrite, node: Int, result: Genome)] {
    let isNonNegative = nonNegativeNodes()
    return nodes.indices.compactMap { i in
      var result = self
      guard let why = result.rewrite(i, isNonNegative) else { return nil }
      return (why, i, result)
    }
  }

  /// The number that is meant where one was computed of decimal ones: 1 - 0.9 is 0.1.
  static func decimal(_ x: Double) -> Double {
    guard abs(x) < 1, abs(x) > 1e-6 else { return x }
    let short = (x * 1e12).rounded() / 1e12
    return abs(x - short) <= 1.2e-16 ? short : x
  }

  private func operation(_ r: Reference) -> Node? { r.node.map { nodes[$0] } }
  private func constant(_ r: Reference) -> Double? { r.number.map { numbers[$0] } }

  /// What stands for a node without a node of its own.
  private mutating func simpler(_ i: Int, _ isNonNegative: [Bool]) -> (Reference, Rewrite)? {
    func isNotNegative(_ r: Reference) -> Bool {
      r.node.map { isNonNegative[$0] } ?? constant(r).map { $0 >= 0 } ?? false
    }
    let node = nodes[i]
    let (x, y) = (constant(node.a), constant(node.b))
    if node.operation.traits.isElementwise, node.arity < 3, let x, node.arity == 1 || y != nil,
      !node.operation.traits.givesBoolean,
      let folded = Folding.fold(node.operation, node.arity == 1 ? [x] : [x, y!]), folded.isFinite
    {
      return number(Self.decimal(folded)).map { ($0, .numbers) }
    }
    let inner = operation(node.a)
    switch node.operation {
    case .add:
      if x == 0 { return (node.b, .nothingAdded) }
      if y == 0 { return (node.a, .nothingAdded) }
    case .subtract:
      if y == 0 { return (node.a, .nothingAdded) }
    case .multiply:
      if x == 1 { return (node.b, .timesOne) }
      if y == 1 { return (node.a, .timesOne) }
      // √x·√x, where x is not negative.
      if node.a == node.b, let inner, inner.operation == .squareRoot,
        isNotNegative(inner.a)
      {
        return (inner.a, .squareOfRoot)
      }
      if let inner, let other = operation(node.b), inner.a == other.a,
        [inner.operation, other.operation] == [.sign, .absolute]
          || [inner.operation, other.operation] == [.absolute, .sign]
      {
        return (inner.a, .signTimesSize)
      }
      if let root = cubeOf(node), root.operation == .cubeRoot { return (root.a, .cubeOfRoot) }
    case .cubeRoot:
      if let inner, let base = cubed(inner) { return (base, .cubeOfRoot) }
    case .logarithm:
      if let inner, inner.operation == .exponential { return (inner.a, .logarithmOfPower) }
    case .divide:
      if y == 1 { return (node.a, .timesOne) }
    case .negate:
      if let inner, inner.operation == .negate { return (inner.a, .twiceNegated) }
    case .absolute:
      if isNotNegative(node.a) { return (node.a, .absoluteOfNonNegative) }
    case .sign:
      if let inner, inner.operation == .sign { return (node.a, .signOfSign) }
    case .maximum, .minimum:
      if node.a == node.b { return (node.a, .extremeOfOne) }
    case .power:
      if y == 1 { return (node.a, .timesOne) }
      if let root = cubeOf(node), root.operation == .cubeRoot { return (root.a, .cubeOfRoot) }
    case .clip:
      if let inner, inner.operation == .clip, isWithin(inner, node) {
        return (node.a, .clippedAlready)
      }
      if let inner, [.sign, .tanh].contains(inner.operation), constant(node.b) ?? 0 <= -1,
        constant(node.c) ?? 0 >= 1
      {
        return (node.a, .clippedAlready)
      }
    default: break
    }
    return nil
  }

  /// The program with 0 in place of a node that is 0 whatever it is made of. Nil where a part of it may have no number,
  /// and where something would have one number in place of the tensor that it reads.
  private func withZero(_ i: Int, _ isNonNegative: [Bool]) -> (Genome, Rewrite)? {
    let node = nodes[i]
    let (part, why): (Reference, Rewrite)
    switch node.operation {
    case .multiply where constant(node.a) == 0: (part, why) = (node.b, .timesZero)
    case .multiply where constant(node.b) == 0: (part, why) = (node.a, .timesZero)
    case .subtract where node.a == node.b: (part, why) = (node.a, .lessItself)
    default: return nil
    }
    var result = self
    guard isDefined(part, isNonNegative), let zero = result.number(0) else { return nil }
    result.replace(.node(i), by: zero)
    return result != self && result.hasTensors(of: self) ? (result, why) : nil
  }

  /// Whether the weights and what reductions read are tensors where they are in another program of the same nodes.
  private func hasTensors(of other: Genome) -> Bool {
    let (own, theirs) = (tensorNodes(), other.tensorNodes())
    return isTensor(weights, own) == other.isTensor(other.weights, theirs)
      && nodes.indices.allSatisfy { i in
        !Self.isReduction(nodes[i].operation)
          || isTensor(nodes[i].a, own) == other.isTensor(other.nodes[i].a, theirs)
      }
  }

  /// Whether a value has a number whatever weights and gradients are: what it is made of in this step, and by way of
  /// states in those before.
  private func isDefined(_ root: Reference, _ isNonNegative: [Bool]) -> Bool {
    var isSeen = [Bool](repeating: false, count: 256)
    var pending = [root]
    while let r = pending.popLast() {
      if isSeen[Int(r.code)] { continue }
      isSeen[Int(r.code)] = true
      if let k = r.state { pending.append(states[k].next) }
      guard let i = r.node else { continue }
      guard isTotal(nodes[i], isNonNegative) else { return false }
      for k in 0..<nodes[i].arity { pending.append(nodes[i][k]) }
    }
    return true
  }

  /// Whether an operation gives a number for all numbers.
  private func isTotal(_ node: Node, _ isNonNegative: [Bool]) -> Bool {
    switch node.operation {
    case .add, .subtract, .multiply, .negate, .minimum, .maximum, .clip, .absolute, .sign,
      .copySign, .cubeRoot, .exponential, .exp2, .expm1, .tanh, .sinh, .cosh, .sine, .cosine,
      .arctangent, .arcsinh, .errorFunction, .sum, .maximumOf, .minimumOf:
      true
    case .squareRoot:
      node.a.node.map { isNonNegative[$0] } ?? constant(node.a).map { $0 >= 0 } ?? false
    case .divide: constant(node.b).map { $0 != 0 } ?? false
    case .power: constant(node.b).map { $0 >= 0 && $0 == $0.rounded() } ?? false
    default: false
    }
  }

  /// Whether the ends of a clip are within those of another one.
  private func isWithin(_ inner: Node, _ outer: Node) -> Bool {
    if inner.b == outer.b, inner.c == outer.c { return true }
    guard let low = constant(inner.b), let high = constant(inner.c), low <= high,
      let lowest = constant(outer.b), let highest = constant(outer.c)
    else { return false }
    return lowest <= low && high <= highest
  }

  /// What a product or a power is the third power of.
  private func cubed(_ node: Node) -> Reference? {
    if node.operation == .power, constant(node.b) == 3 { return node.a }
    guard node.operation == .multiply else { return nil }
    for (square, factor) in [(node.a, node.b), (node.b, node.a)] {
      if let square = operation(square), square.operation == .multiply, square.a == factor,
        square.b == factor
      {
        return factor
      }
    }
    return nil
  }

  private func cubeOf(_ node: Node) -> Node? { cubed(node).flatMap(operation) }

  /// The states that stay as they are before the first step, with the number that each is: where one has it before a step,
  /// it has it after the step. What is dead is left in, as by `rewrites`.
  package func constantStates() -> [(state: Int, value: Double, result: Genome)] {
    states.indices.compactMap { k in
      let first = states[k].first
      var result = self
      guard let number = result.number(first), nodes.count + 2 <= Self.mostNodes else { return nil }
      // The weights and what the state's next value is more than the first: the weights alone, if it is no more.
      var grown = self
      grown.nodes += [
        Node(.subtract, states[k].next, number), Node(.add, .weights, .node(nodes.count)),
      ]
      grown.weights = .node(nodes.count + 1)
      grown.numbers = result.numbers
      grown.replace(.state(k), by: number)
      grown.states[k].next = number
      guard grown.cleaned().rewritten().weights == .weights else { return nil }
      result.replace(.state(k), by: number)
      guard result.hasTensors(of: self) else { return nil }
      return (k, first, result)
    }
  }

  /// A node that stands for this one with less work or less inside.
  private mutating func cheaper(_ i: Int) -> (Node, Rewrite)? {
    let node = nodes[i]
    let (inner, other) = (operation(node.a), operation(node.b))
    switch node.operation {
    case .squareRoot:
      // √(x·x) = |x|.
      if let inner, inner.operation == .multiply, inner.a == inner.b {
        return (Node(.absolute, inner.a), .rootOfSquare)
      }
    case .absolute, .cosine, .cosh:
      if let inner, inner.operation == .negate { return (Node(node.operation, inner.a), .even) }
      if node.operation == .absolute, let inner, inner.operation == .absolute {
        return (Node(.absolute, inner.a), .absoluteOfNonNegative)
      }
    case .sign:
      guard let inner else { break }
      switch inner.operation {
      case .multiply:
        if let x = constant(inner.a), x > 0 { return (Node(.sign, inner.b), .signOfMultiple) }
        if let x = constant(inner.b), x > 0 { return (Node(.sign, inner.a), .signOfMultiple) }
      case .divide:
        if let x = constant(inner.b), x > 0 { return (Node(.sign, inner.a), .signOfMultiple) }
      // Functions that rise through 0 where all numbers go in.
      case .tanh, .arctangent, .sinh, .arcsinh, .cubeRoot, .errorFunction:
        return (Node(.sign, inner.a), .signOfRising)
      case .clip:
        if let low = constant(inner.b), let high = constant(inner.c), low < 0, high > 0 {
          return (Node(.sign, inner.a), .signOfRising)
        }
      default: break
      }
    case .multiply:
      if node.a == node.b {
        if let inner, inner.operation == .absolute || inner.operation == .negate {
          return (Node(.multiply, inner.a, inner.a), .even)
        }
        if let inner, inner.operation == .sign {
          return (Node(.absolute, node.a), .signSquared)
        }
      }
      // sign(x)·|x| = x has no node; sign(x)·x = |x|.
      if let inner, inner.operation == .sign, inner.a == node.b {
        return (Node(.absolute, node.b), .signTimesItself)
      }
      if let other, other.operation == .sign, other.a == node.a {
        return (Node(.absolute, node.a), .signTimesItself)
      }
      if let inner, let other, inner.operation == .negate, other.operation == .negate {
        return (Node(.multiply, inner.a, other.a), .negations)
      }
    case .add:
      if let other, other.operation == .negate {
        return (Node(.subtract, node.a, other.a), .negations)
      }
      if let inner, inner.operation == .negate {
        return (Node(.subtract, node.b, inner.a), .negations)
      }
      if node.a == node.b, let two = number(2) { return (Node(.multiply, node.a, two), .twice) }
    case .subtract:
      if let other, other.operation == .negate { return (Node(.add, node.a, other.a), .negations) }
      if constant(node.a) == 0 { return (Node(.negate, node.b), .negations) }
    case .power:
      if constant(node.b) == 2 { return (Node(.multiply, node.a, node.a), .power) }
      if constant(node.b) == 0.5 { return (Node(.squareRoot, node.a), .power) }
    default: break
    }
    return nil
  }
}
