/// What differentiation asks about places where slopes are not numbers.
extension Function {
  /// The values of which an element may have the adjoint 0 because another was chosen: an arm of an
  /// `if`, a `max`, an entry of a row. Products and decompositions of matrices mix the elements again.
  func unchosenValues() -> [Bool] {
    var result = [Bool](repeating: false, count: instructions.count)
    for i in instructions.indices.reversed() {
      let instruction = instructions[i]
      let chooses =
        switch instruction.operation {
        case .select, .minimum, .maximum, .clip, .maximumOf, .minimumOf, .slice, .gather,
          .takeAlong,
          .quantile, .scatterAdd:
          true
        default: result[i]
        }
      guard chooses, !instruction.operation.isOfMatrices else { continue }
      for operand in operands(ValueID(i)) { result[operand.index] = true }
    }
    return result
  }

  /// Whether a value that is never negative has no slope where it is 0: sums, means and parts of
  /// squares and of sizes.
  func isFlatWhereZero(_ value: ValueID) -> Bool {
    let x = self[value]
    switch x.operation {
    case .absolute: return true
    case .multiply where x.a == x.b: return true
    case .multiply, .divide:
      for (factor, other) in [(x.b, x.a), (x.a, x.b)] {
        if let k = constantValue(factor), k > 0, x.operation == .multiply || factor == x.b {
          return isFlatWhereZero(other)
        }
      }
      return false
    case .power:
      guard let n = constantValue(x.b), n > 0 else { return false }
      return n.truncatingRemainder(dividingBy: 2) == 0 || isFlatWhereZero(x.a)
    case .add: return isFlatWhereZero(x.a) && isFlatWhereZero(x.b)
    case .sum, .reshape, .broadcast, .slice, .transpose, .gather, .diagonal, .takeAlong, .maximumOf:
      return isFlatWhereZero(x.a)
    default: return false
    }
  }
}
