import IR

extension Genome {
  /// The program in a few bytes: what a journal keeps of it.
  package var bytes: [UInt8] {
    var result: [UInt8] = [1, UInt8(states.count), UInt8(numbers.count), UInt8(nodes.count)]
    func append(_ x: Double) {
      withUnsafeBytes(of: x.bitPattern.littleEndian) { result.append(contentsOf: $0) }
    }
    for state in states {
      result.append(state.isNumber ? 1 : 0)
      result.append(state.next.code)
      append(state.first)
    }
    for number in numbers { append(number) }
    for node in nodes {
      result.append(node.operation.rawValue)
      for k in 0..<node.arity { result.append(node[k].code) }
    }
    result.append(weights.code)
    return result
  }

  /// Nil for bytes that are no program.
  package init?(bytes: [UInt8]) {
    var position = 0
    func byte() -> UInt8? {
      guard position < bytes.count else { return nil }
      position += 1
      return bytes[position - 1]
    }
    func double() -> Double? {
      guard position + 8 <= bytes.count else { return nil }
      var bits: UInt64 = 0
      for k in 0..<8 { bits |= UInt64(bytes[position + k]) << UInt64(8 * k) }
      position += 8
      return Double(bitPattern: bits)
    }
    guard byte() == 1, let stateCount = byte(), let numberCount = byte(), let nodeCount = byte(),
      stateCount <= Self.mostStates, numberCount <= Self.mostNumbers, nodeCount <= Self.mostNodes
    else { return nil }
    func reference(before place: UInt8) -> Reference? {
      guard let code = byte() else { return nil }
      let r = Reference(code: code)
      if code < 128 { return code < place ? r : nil }
      if let k = r.state { return k < Int(stateCount) ? r : nil }
      if let k = r.number { return k < Int(numberCount) ? r : nil }
      return code <= Reference.horizon.code ? r : nil
    }
    self.init()
    for _ in 0..<stateCount {
      guard let isNumber = byte(), isNumber < 2, let next = reference(before: nodeCount),
        let first = double()
      else { return nil }
      states.append(State(first: first, isNumber: isNumber == 1, next: next))
    }
    for _ in 0..<numberCount {
      guard let x = double() else { return nil }
      numbers.append(x)
    }
    for place in 0..<nodeCount {
      guard let raw = byte(), let operation = Operation(rawValue: raw),
        operation.isElementwise || Self.isReduction(operation)
      else { return nil }
      var node = Node(operation, .none)
      for k in 0..<operation.info.arity {
        guard let r = reference(before: place) else { return nil }
        node[k] = r
      }
      nodes.append(node)
    }
    guard let last = reference(before: nodeCount), position == bytes.count else { return nil }
    weights = last
  }

  /// Whether an operation makes one number of a tensor.
  package static func isReduction(_ operation: Operation) -> Bool {
    operation == .sum || operation == .maximumOf || operation == .minimumOf
  }
}
