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
    r.node.map { nodes[$0].operation.info.givesBoolean } ?? false
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
      guard node.operation.isElementwise else {
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

  /// Without what no step's weights depend on: values, states and numbers.
  package func cleaned() -> Genome {
    var isLive = [Bool](repeating: false, count: nodes.count)
    var keepsState = [Bool](repeating: false, count: states.count)
    var pending = [weights]
    while let r = pending.popLast() {
      if let i = r.node, !isLive[i] {
        isLive[i] = true
        for k in 0..<nodes[i].arity { pending.append(nodes[i][k]) }
      } else if let k = r.state, !keepsState[k] {
        keepsState[k] = true
        pending.append(states[k].next)
      }
    }
    var result = Genome()
    var places = [UInt8](repeating: 0, count: nodes.count)
    var slots = [UInt8](repeating: 0, count: states.count)
    var numberPlaces = [UInt8](repeating: 255, count: numbers.count)
    for k in states.indices where keepsState[k] {
      slots[k] = UInt8(result.states.count)
      result.states.append(states[k])
    }
    func moved(_ r: Reference, _ result: inout Genome) -> Reference {
      if let i = r.node { return .node(Int(places[i])) }
      if let k = r.state { return .state(Int(slots[k])) }
      guard let k = r.number else { return r }
      if numberPlaces[k] == 255 { numberPlaces[k] = result.number(numbers[k])!.code - 160 }
      return .number(Int(numberPlaces[k]))
    }
    result.nodes.reserveCapacity(nodes.count)
    for i in nodes.indices where isLive[i] {
      var node = nodes[i]
      for k in 0..<node.arity { node[k] = moved(node[k], &result) }
      places[i] = UInt8(result.nodes.count)
      result.nodes.append(node)
    }
    for k in result.states.indices {
      result.states[k].next = moved(result.states[k].next, &result)
    }
    result.weights = moved(weights, &result)
    return result
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

  /// Floating-point operations that a step does for an element.
  package var flops: Int {
    let isTensor = tensorNodes()
    return nodes.indices.reduce(0) { sum, i in
      let reads = (0..<nodes[i].arity).contains { self.isTensor(nodes[i][$0], isTensor) }
      return sum + (reads ? nodes[i].operation.info.flops : 0)
    }
  }
}
