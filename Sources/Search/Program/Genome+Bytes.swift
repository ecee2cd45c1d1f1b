import IR
import Platform

extension Genome {
  /// The program in a few bytes: what a journal keeps of it.
  package var bytes: [UInt8] {
    var result: [UInt8] = [2, UInt8(states.count), UInt8(numbers.count), UInt8(nodes.count)]
    func append(_ x: Double) {
      if let short = ShortDecimal(x) {
        result.append(UInt8(bitPattern: short.exponent))
        withUnsafeBytes(of: short.digits.littleEndian) { result.append(contentsOf: $0) }
        return
      }
      result.append(UInt8(bitPattern: ShortDecimal.isLong))
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
    func word(_ count: Int) -> UInt64? {
      guard position + count <= bytes.count else { return nil }
      var bits: UInt64 = 0
      for k in 0..<count { bits |= UInt64(bytes[position + k]) << UInt64(8 * k) }
      position += count
      return bits
    }
    func double() -> Double? {
      guard let exponent = byte().map({ Int8(bitPattern: $0) }) else { return nil }
      // Each number is written in one way, or programs that are equal would differ in bytes.
      if exponent == ShortDecimal.isLong {
        return word(8).map { Double(bitPattern: $0) }.flatMap {
          ShortDecimal($0) == nil ? $0 : nil
        }
      }
      guard let digits = word(2),
        let short = ShortDecimal(digits: Int16(truncatingIfNeeded: digits), exponent: exponent),
        ShortDecimal(short.value) == short
      else { return nil }
      return short.value
    }
    guard byte() == 2, let stateCount = byte(), let numberCount = byte(), let nodeCount = byte(),
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
        operation.traits.isElementwise || Self.isReduction(operation)
      else { return nil }
      var node = Node(operation, .none)
      for k in 0..<operation.traits.arity {
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

/// A number of few digits, as searches draw them: digits · 10^exponent, in three bytes.
private struct ShortDecimal: Equatable {
  /// In the place of an exponent: all eight bytes of the number follow.
  static let isLong: Int8 = 127
  private static let largest: Int8 = 22

  let digits: Int16
  let exponent: Int8

  /// Nil for an exponent that none has: powers of ten are exact to the 22nd.
  init?(digits: Int16, exponent: Int8) {
    guard (-Self.largest...Self.largest).contains(exponent) else { return nil }
    self.digits = digits
    self.exponent = exponent
  }

  /// Nil for a number that has more digits, and for -0.
  init?(_ x: Double) {
    guard x.isFinite else { return nil }
    if x == 0 {
      if x.sign == .minus { return nil }
      (digits, exponent) = (0, 0)
      return
    }
    // Four digits are enough for what searches draw.
    let first = Int(Platform.floor(log10(abs(x)))) - 3
    for exponent in first..<(first + 5) where abs(exponent) <= 22 {
      let scaled =
        exponent < 0 ? x * Self.power(-exponent) : x / Self.power(exponent)
      guard abs(scaled) < 32_000 else { continue }
      let short = ShortDecimal(digits: Int16(scaled.rounded()), exponent: Int8(exponent))!
      if short.value == x {
        self = short
        return
      }
    }
    return nil
  }

  /// Rounded once: both factors are exact.
  var value: Double {
    let power = Self.power(abs(Int(exponent)))
    return exponent < 0 ? Double(digits) / power : Double(digits) * power
  }

  private static let powers: [Double] = (0...22).reduce(into: []) { powers, _ in
    powers.append(powers.last.map { $0 * 10 } ?? 1)
  }

  private static func power(_ n: Int) -> Double { powers[n] }
}
