import IR

/// A program of a search: operations in order on the weights, the gradient, states and numbers, what becomes of each
/// state, and the new weights. Small and flat, since a search makes thousands a second; `rule` makes a rule of it.
///
/// Every value is one number or a tensor shaped like the parameter, and a number meets a tensor element by element.
package struct Genome: Hashable, Sendable {
  /// A value that an operation reads: what a node makes, or one of the sources.
  package struct Reference: Hashable, Sendable {
    package let code: UInt8
    package init(code: UInt8) { self.code = code }

    package static let weights = Reference(code: 128)
    package static let gradient = Reference(code: 129)
    package static let rate = Reference(code: 130)
    package static let step = Reference(code: 131)
    package static let horizon = Reference(code: 132)
    static let none = Reference(code: 135)
    package static func node(_ i: Int) -> Reference { Reference(code: UInt8(i)) }
    package static func state(_ k: Int) -> Reference { Reference(code: UInt8(136 + k)) }
    package static func number(_ k: Int) -> Reference { Reference(code: UInt8(160 + k)) }

    package var node: Int? { code < 128 ? Int(code) : nil }
    package var state: Int? { (136..<144).contains(code) ? Int(code) - 136 : nil }
    package var number: Int? { code >= 160 ? Int(code) - 160 : nil }
  }

  package struct Node: Hashable, Sendable {
    package var operation: Operation
    package var a: Reference
    package var b = Reference.none
    package var c = Reference.none

    package init(
      _ operation: Operation, _ a: Reference, _ b: Reference = .none, _ c: Reference = .none
    ) {
      self.operation = operation
      self.a = a
      self.b = b
      self.c = c
    }

    package var arity: Int { c != .none ? 3 : b != .none ? 2 : 1 }

    package subscript(_ k: Int) -> Reference {
      get { k == 0 ? a : k == 1 ? b : c }
      set {
        if k == 0 { a = newValue } else if k == 1 { b = newValue } else { c = newValue }
      }
    }
  }

  package struct State: Hashable, Sendable {
    /// Before the first step, in every element.
    package var first: Double
    package var isNumber: Bool
    /// What becomes of it in a step.
    package var next: Reference
  }

  /// Where a value is read.
  package enum Site: Hashable, Sendable {
    case operand(node: Int, Int)
    case state(Int)
    case weights
  }

  package static let mostNodes = 96
  package static let mostStates = 4
  package static let mostNumbers = 64

  package var nodes: [Node] = []
  package var numbers: [Double] = []
  package var states: [State] = []
  /// The new weights.
  package var weights = Reference.weights

  package init() {}

  package subscript(_ site: Site) -> Reference {
    get {
      switch site {
      case .operand(let i, let k): nodes[i][k]
      case .state(let k): states[k].next
      case .weights: weights
      }
    }
    set {
      switch site {
      case .operand(let i, let k): nodes[i][k] = newValue
      case .state(let k): states[k].next = newValue
      case .weights: weights = newValue
      }
    }
  }

  /// Nodes that stand before a site and may be read there.
  package func nodesBefore(_ site: Site) -> Int {
    if case .operand(let i, _) = site { return i }
    return nodes.count
  }

  package func isTruth(_ r: Reference) -> Bool {
    r.node.map { nodes[$0].operation.traits.givesBoolean } ?? false
  }

  /// Whether a site is for a condition.
  package func wantsTruth(_ site: Site) -> Bool {
    guard case .operand(let i, let k) = site else { return false }
    switch nodes[i].operation {
    case .select: return k == 0
    case .logicalAnd, .logicalOr, .logicalNot: return true
    default: return false
    }
  }

  /// Whether each node makes a tensor.
  package func tensorNodes() -> [Bool] {
    var result: [Bool] = []
    result.reserveCapacity(nodes.count)
    for node in nodes {
      guard node.operation.traits.isElementwise else {
        result.append(false)
        continue
      }
      result.append((0..<node.arity).contains { isTensor(node[$0], result) })
    }
    return result
  }

  package func isTensor(_ r: Reference, _ nodes: [Bool]) -> Bool {
    if let node = r.node { return nodes[node] }
    if let state = r.state { return !states[state].isNumber }
    return r == .weights || r == .gradient
  }

  /// A place for a number, one that holds it already if there is one; nil where there is no room.
  package mutating func number(_ x: Double) -> Reference? {
    if let k = numbers.firstIndex(where: { $0.bitPattern == x.bitPattern }) { return .number(k) }
    guard numbers.count < Self.mostNumbers else { return nil }
    numbers.append(x)
    return .number(numbers.count - 1)
  }

  /// Puts nodes in before a node, which may read sources, nodes before it and one another by the places that they
  /// get; what stood there moves up.
  package mutating func insert(_ new: [Node], before place: Int) {
    let shift = UInt8(new.count)
    func moved(_ r: Reference) -> Reference {
      r.code < 128 && r.code >= UInt8(place) ? Reference(code: r.code + shift) : r
    }
    for i in nodes.indices {
      nodes[i].a = moved(nodes[i].a)
      nodes[i].b = moved(nodes[i].b)
      nodes[i].c = moved(nodes[i].c)
    }
    for k in states.indices { states[k].next = moved(states[k].next) }
    weights = moved(weights)
    nodes.insert(contentsOf: new, at: place)
  }

  /// Makes all that reads one value read another.
  package mutating func replace(_ old: Reference, by new: Reference) {
    for i in nodes.indices {
      for k in 0..<nodes[i].arity where nodes[i][k] == old { nodes[i][k] = new }
    }
    for k in states.indices where states[k].next == old { states[k].next = new }
    if weights == old { weights = new }
  }

  /// Without what no step's weights depend on: values, states and numbers. Numbers stand in the order in which they are
  /// read, each once.
  package func cleaned() -> Genome {
    let (isLive, keepsState) = live()
    if isLive == .first(nodes.count), keepsState == 1 << states.count - 1, numbersAreInOrder {
      return self
    }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { places in
      // By the code of a reference, what it is called now.
      for code in places.indices { places[code] = UInt8(code) }
      var result = Genome()
      for k in states.indices where keepsState & 1 << k != 0 {
        places[Int(Reference.state(k).code)] = Reference.state(result.states.count).code
        result.states.append(states[k])
      }
      var isNumbered: UInt64 = 0
      func moved(_ r: Reference) -> Reference {
        if let k = r.number, isNumbered & 1 << k == 0 {
          isNumbered |= 1 << k
          places[Int(r.code)] = result.number(numbers[k])!.code
        }
        return Reference(code: places[Int(r.code)])
      }
      result.nodes.reserveCapacity(nodes.count)
      for i in nodes.indices where isLive.contains(i) {
        var node = nodes[i]
        for k in 0..<node.arity { node[k] = moved(node[k]) }
        places[i] = UInt8(result.nodes.count)
        result.nodes.append(node)
      }
      for k in result.states.indices { result.states[k].next = moved(result.states[k].next) }
      result.weights = moved(weights)
      return result
    }
  }

  /// Nodes, one bit each.
  private struct NodeSet: Equatable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    static func first(_ count: Int) -> NodeSet {
      NodeSet(
        low: count >= 64 ? .max : 1 << count - 1,
        high: count <= 64 ? 0 : count >= 128 ? .max : 1 << (count - 64) - 1)
    }

    func contains(_ i: Int) -> Bool {
      (i < 64 ? low >> i : high >> (i - 64)) & 1 != 0
    }

    mutating func insert(_ i: Int) {
      if i < 64 { low |= 1 << i } else { high |= 1 << (i - 64) }
    }
  }

  /// What some step's weights depend on; states one bit each.
  private func live() -> (nodes: NodeSet, states: UInt8) {
    var isLive = NodeSet()
    var keeps: UInt8 = 0
    func mark(_ r: Reference) {
      if let i = r.node { isLive.insert(i) }
      if let k = r.state { keeps |= 1 << k }
    }
    mark(weights)
    while true {
      let before = (isLive, keeps)
      for k in states.indices where keeps & 1 << k != 0 { mark(states[k].next) }
      // Operands stand before what reads them.
      for i in nodes.indices.reversed() where isLive.contains(i) {
        for k in 0..<nodes[i].arity { mark(nodes[i][k]) }
      }
      if before == (isLive, keeps) { return (isLive, keeps) }
    }
  }

  /// The states that `cleaned` keeps, in order.
  package var liveStates: [Int] {
    let keeps = live().states
    return states.indices.filter { keeps & 1 << $0 != 0 }
  }

  private var numbersAreInOrder: Bool {
    var count = 0
    func isNext(_ r: Reference) -> Bool {
      guard let k = r.number, k >= count else { return true }
      count += 1
      return k == count - 1
    }
    for node in nodes {
      for k in 0..<node.arity where !isNext(node[k]) { return false }
    }
    for state in states where !isNext(state.next) { return false }
    guard isNext(weights), count == numbers.count else { return false }
    for k in numbers.indices.dropFirst() {
      let bits = numbers[k].bitPattern
      for earlier in numbers[..<k] where earlier.bitPattern == bits { return false }
    }
    return true
  }

  /// All places where a value is read, in order.
  package var sites: [Site] {
    var result: [Site] = []
    for i in nodes.indices {
      for k in 0..<nodes[i].arity { result.append(.operand(node: i, k)) }
    }
    for k in states.indices { result.append(.state(k)) }
    result.append(.weights)
    return result
  }

  /// Whether the new weights depend on a source, in this step or by way of states in later ones.
  package func reaches(_ source: Reference) -> Bool {
    var isSeen = [Bool](repeating: false, count: 256)
    var pending = [weights]
    while let r = pending.popLast() {
      if isSeen[Int(r.code)] { continue }
      isSeen[Int(r.code)] = true
      if r == source { return true }
      if let i = r.node {
        for k in 0..<nodes[i].arity { pending.append(nodes[i][k]) }
      } else if let k = r.state {
        pending.append(states[k].next)
      }
    }
    return false
  }

  /// Numbers of states that a parameter's element needs.
  package var statesPerElement: Int { states.count { !$0.isNumber } }

  /// How much there is to read: operations and states.
  package var length: Int { nodes.count + states.count }

  /// Floating-point operations that a step does for an element.
  package var flops: Int {
    let isTensor = tensorNodes()
    return nodes.indices.reduce(0) { sum, i in
      let reads = (0..<nodes[i].arity).contains { self.isTensor(nodes[i][$0], isTensor) }
      return sum + (reads ? nodes[i].operation.traits.flops : 0)
    }
  }
}
