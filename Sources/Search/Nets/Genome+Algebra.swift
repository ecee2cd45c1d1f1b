import Basics
import IR

extension Genome {
  /// What names a program by the algebra of rational expressions: sums, products, quotients and whole powers are
  /// worked out at one random point of a prime field, and functions of equal values are equal. So order, brackets,
  /// common factors, folded numbers and states that are the same under two names make no difference. Divisors and
  /// what roots and logarithms are taken of count too: where a program is not defined is a part of it.
  ///
  /// Nil for a program that divides by what is 0 everywhere or has a number that is not finite.
  package var algebraicDigest: UInt64? {
    var point = AlgebraicPoint(self)
    return point.digest()
  }
}

/// The values of a program at one point of the field.
private struct AlgebraicPoint {
  private let program: Genome
  private var numbers: [FieldNumber] = []
  private var colours: [FieldNumber]
  private var made: [FieldNumber]
  /// Of what is divided by and the like, by the round's last pass.
  private var domain: [UInt64] = []
  private var isBroken = false
  private let isPositive: [Bool]

  init(_ program: Genome) {
    self.program = program
    colours = program.states.map { state in
      FieldNumber(bits: Mixing.mix(state.first.bitPattern, state.isNumber ? 1 : 0))
    }
    made = Array(repeating: .zero, count: program.nodes.count)
    isPositive = program.nonNegativeNodes()
    numbers.reserveCapacity(program.numbers.count)
    for x in program.numbers {
      guard let number = FieldNumber(x) else {
        isBroken = true
        numbers.append(.zero)
        continue
      }
      numbers.append(number)
    }
  }

  mutating func digest() -> UInt64? {
    if isBroken { return nil }
    for round in 0...Genome.mostStates {
      domain.removeAll(keepingCapacity: true)
      for i in program.nodes.indices { made[i] = node(program.nodes[i]) }
      if isBroken { return nil }
      guard round < Genome.mostStates else { break }
      // Not mixed with the colour before: states that are the same become one.
      colours = program.states.map { state in
        opaque(
          1, Mixing.mix(state.first.bitPattern, state.isNumber ? 1 : 0), value(state.next).raw)
      }
    }
    domain.sort()
    var result = value(program.weights).raw
    var last: UInt64 = 0
    for part in domain where part != last {
      result = Mixing.mix(result, part)
      last = part
    }
    return result
  }

  private func value(_ r: Genome.Reference) -> FieldNumber {
    if let i = r.node { return made[i] }
    if let k = r.state { return colours[k] }
    if let k = r.number { return numbers[k] }
    return FieldNumber(bits: Mixing.mix(0xA5A5, UInt64(r.code)))
  }

  private func opaque(_ tag: UInt64, _ x: UInt64, _ y: UInt64 = 0, _ z: UInt64 = 0) -> FieldNumber {
    FieldNumber(bits: Mixing.mix(Mixing.mix(Mixing.mix(tag, x), y), z))
  }

  private mutating func needs(_ tag: UInt64, _ x: FieldNumber) {
    domain.append(Mixing.mix(tag, x.raw))
  }

  private mutating func node(_ node: Genome.Node) -> FieldNumber {
    let tag = UInt64(node.operation.rawValue) + 16
    let x = value(node.a)
    let y = node.b == .none ? .zero : value(node.b)
    switch node.operation {
    case .add: return x + y
    case .subtract: return x - y
    case .multiply: return x * y
    case .negate: return -x
    case .divide, .reciprocal:
      let divisor = node.operation == .divide ? y : x
      if divisor == .zero {
        isBroken = true
        return .zero
      }
      let source = node.operation == .divide ? node.b : node.a
      if source.number == nil { needs(1, divisor.magnitude.value) }
      return (node.operation == .divide ? x : .one) * divisor.inverse
    case .power:
      if let k = node.b.number, case let n = program.numbers[k], n == n.rounded(), n >= 0, n <= 16 {
        return x.power(UInt64(n))
      }
      return opaque(tag, x.raw, y.raw)
    case .maximum: return opaque(tag, min(x.raw, y.raw), max(x.raw, y.raw))
    case .minimum:
      // min(x, y) = -max(-x, -y).
      let (p, q) = (-x, -y)
      return
        -opaque(
          UInt64(Operation.maximum.rawValue) + 16, min(p.raw, q.raw), max(p.raw, q.raw))
    case .squareRoot, .logarithm, .log1p, .log2, .log10:
      if !isNonNegative(node.a) { needs(tag, x) }
      return opaque(tag, x.raw)
    default: break
    }
    if node.arity == 1 {
      switch node.operation.traits.parity {
      case .even: return opaque(tag, x.magnitude.value.raw)
      case .odd, .rising:
        // Every such function is 0 at 0.
        if x == .zero { return .zero }
        let (magnitude, isNegated) = x.magnitude
        let value = opaque(tag, magnitude.raw)
        return isNegated ? -value : value
      case .none: return opaque(tag, x.raw)
      }
    }
    let z = node.c == .none ? .zero : value(node.c)
    if node.operation.traits.isCommutative {
      return opaque(tag, min(x.raw, y.raw), max(x.raw, y.raw))
    }
    return opaque(tag, x.raw, y.raw, z.raw)
  }

  private func isNonNegative(_ r: Genome.Reference) -> Bool {
    if let i = r.node { return isPositive[i] }
    return false
  }
}

extension Genome {
  /// Nodes that are nowhere negative, whatever the states are.
  func nonNegativeNodes() -> [Bool] {
    var result = [Bool](repeating: false, count: nodes.count)
    func isNonNegative(_ r: Reference) -> Bool {
      if let i = r.node { return result[i] }
      if let k = r.number { return numbers[k] >= 0 }
      return r == .step || r == .horizon
    }
    for i in nodes.indices {
      let node = nodes[i]
      switch node.operation {
      case .multiply where node.a == node.b: result[i] = true
      case .add, .multiply, .minimum:
        result[i] = isNonNegative(node.a) && isNonNegative(node.b)
      case .maximum: result[i] = isNonNegative(node.a) || isNonNegative(node.b)
      default:
        switch node.operation.traits.values {
        case .nonNegative, .positive, .atLeastOne, .unit, .truth: result[i] = true
        case .asOperand: result[i] = isNonNegative(node.a)
        case .asOperands: result[i] = isNonNegative(node.a) && isNonNegative(node.b)
        case .all, .signs, .insideSigns: break
        }
      }
    }
    return result
  }
}
