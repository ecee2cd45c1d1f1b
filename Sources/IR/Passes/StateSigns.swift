import Basics

extension RuleVariant {
  /// The states that are never negative whatever the gradients are, so long as every number is one:
  /// an average of squares that starts at 0, say.
  ///
  /// Found by intervals: all states are taken for non-negative, those whose first or next value may
  /// then be below 0 are given up, and so on until none is. `hypers` gives the domains.
  package func nonNegativeStates(_ hypers: [Hyperparameter]) -> Set<Int> {
    var kept = Set(states.indices)
    while true {
      let ranges = Ranges(hypers: hypers, nonNegative: kept)
      var lost: Set<Int> = []
      for function in [initial, update] {
        let found = ranges.of(function)
        for output in function.outputs {
          guard case .state(let k) = output.target, kept.contains(k) else { continue }
          if !(found[output.value.index].low >= 0) { lost.insert(k) }
        }
      }
      if lost.isEmpty { return kept }
      kept.subtract(lost)
    }
  }
}

/// Bounds of values from those of hyperparameters and states. NaN is outside of every statement.
private struct Ranges {
  struct Range {
    var low = -Double.infinity
    var high = Double.infinity
    static let all = Range()
    static let nonNegative = Range(low: 0)
    static let unit = Range(low: 0, high: 1)
    var isNonNegative: Bool { low >= 0 }
    func union(_ other: Range) -> Range {
      Range(low: min(low, other.low), high: max(high, other.high))
    }
  }

  let hypers: [Hyperparameter]
  let nonNegative: Set<Int>

  func of(_ function: Function) -> [Range] {
    var found: [Range] = []
    found.reserveCapacity(function.instructions.count)
    for i in function.instructions.indices { found.append(range(ValueID(i), function, found)) }
    return found
  }

  private func range(_ v: ValueID, _ f: Function, _ found: [Range]) -> Range {
    let instruction = f[v]
    func operand(_ k: Int) -> Range {
      let id = instruction.operand(k)
      return id.isSome ? found[id.index] : .all
    }
    let (a, b) = (operand(0), operand(1))
    switch instruction.operation {
    case .constant:
      let x = f.constants[Int(instruction.attribute)]
      return x.isNaN ? .all : Range(low: x, high: x)
    case .hyper:
      let k = Int(instruction.attribute)
      guard hypers.indices.contains(k), let domain = hypers[k].domain else { return .all }
      return Range(low: domain.low, high: domain.high)
    case .state:
      return nonNegative.contains(Int(instruction.attribute)) ? .nonNegative : .all
    case .add: return Range(low: a.low + b.low, high: a.high + b.high)
    case .subtract: return Range(low: a.low - b.high, high: a.high - b.low)
    case .negate: return Range(low: -a.high, high: -a.low)
    case .multiply:
      // Two instructions of the same text are one.
      if instruction.a == instruction.b { return .nonNegative }
      return product(a, b)
    case .power:
      if a.low >= 0, a.high <= 1, b.low >= 0 { return .unit }
      if a.isNonNegative { return .nonNegative }
      let exponent = f.constantValue(instruction.b) ?? .nan
      return exponent.remainder(dividingBy: 2) == 0 ? .nonNegative : .all
    case .minimum: return Range(low: min(a.low, b.low), high: min(a.high, b.high))
    case .maximum: return Range(low: max(a.low, b.low), high: max(a.high, b.high))
    case .clip:
      let high = operand(2)
      return Range(low: min(max(a.low, b.low), high.low), high: min(max(a.high, b.high), high.high))
    case .select: return b.union(operand(2))
    case .draw:
      switch f.draws[Int(instruction.attribute)].distribution {
      case .uniform, .bernoulli: return .unit
      case .exponential: return .nonNegative
      case .normal, .rademacher: return .all
      }
    default:
      // What the table says.
      let info = instruction.operation.info
      switch info.values {
      case .nonNegative, .positive: return .nonNegative
      case .atLeastOne: return Range(low: 1)
      case .unit, .truth: return .unit
      case .asOperands: return a.isNonNegative && b.isNonNegative ? .nonNegative : .all
      case .asOperand: return a.isNonNegative ? .nonNegative : .all
      case .all, .signs, .insideSigns:
        return info.parity == .rising && a.isNonNegative ? .nonNegative : .all
      }
    }
  }

  private func product(_ a: Range, _ b: Range) -> Range {
    let corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
      // 0 times an infinite bound: the bound is not reached.
      .map { $0.isNaN ? 0 : $0 }
    return Range(low: corners.min()!, high: corners.max()!)
  }
}
