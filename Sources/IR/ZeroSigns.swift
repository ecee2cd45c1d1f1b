/// Which values of a function are never −0: 1 / 0 is ∞ of those, of others it may be −∞.
package struct ZeroSigns {
  /// By instruction: a 0 is +0.
  package private(set) var isPositive: [Bool] = []
  /// No number has the sign −.
  private var isUnsigned: [Bool] = []

  package init(_ function: Function) {
    for i in function.instructions.indices {
      let own = unsigned(function, ValueID(i))
      isUnsigned.append(own)
      isPositive.append(own || positive(function[ValueID(i)]))
    }
  }

  private func unsigned(_ function: Function, _ id: ValueID) -> Bool {
    let i = function[id]
    func both(_ x: ValueID, _ y: ValueID) -> Bool { isUnsigned[x.index] && isUnsigned[y.index] }
    switch i.operation {
    case .constant: return function.constants[Int(i.attribute)].sign == .plus
    case .squareRoot: return isPositive[i.a.index]
    case .multiply: return i.a == i.b || both(i.a, i.b)
    case .add, .minimum, .maximum: return both(i.a, i.b)
    case .select: return both(i.b, i.c)
    case .power:
      let exponent = function.constantValue(i.b) ?? .nan
      return isUnsigned[i.a.index] || exponent.remainder(dividingBy: 2) == 0
    default: break
    }
    switch i.operation.info.values {
    case .truth, .unit, .atLeastOne, .positive, .nonNegative: return true
    case .asOperand: return isUnsigned[i.a.index]
    case .asOperands: return function.operands(id).allSatisfy { isUnsigned[$0.index] }
    case .all, .signs, .insideSigns: return false
    }
  }

  private func positive(_ i: Instruction) -> Bool {
    switch i.operation {
    // x − x is +0.
    case .add: isPositive[i.a.index] || isPositive[i.b.index]
    case .subtract: isPositive[i.a.index]
    case .minimum, .maximum: isPositive[i.a.index] && isPositive[i.b.index]
    case .select: isPositive[i.b.index] && isPositive[i.c.index]
    default: i.operation.info.values == .asOperand && isPositive[i.a.index]
    }
  }
}
