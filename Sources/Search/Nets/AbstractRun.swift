import IR
import Platform

extension Genome {
  /// Why a program need not run, by its operations alone.
  package enum Flaw: UInt8, CaseIterable, Sendable {
    /// The weights do not depend on the gradient.
    case noGradient
    /// What becomes of the weights, or of a state that is a tensor, is one number.
    case shape
    /// A value is no number whatever the gradients are.
    case neverFinite
    /// The weights are set to what does not depend on them: they would jump, not step.
    case forgets
    /// No step is longer at a larger rate.
    case noRate
  }

  package var flaw: Flaw? {
    let isTensor = tensorNodes()
    guard self.isTensor(weights, isTensor) else { return .shape }
    for state in states where state.isNumber && self.isTensor(state.next, isTensor) {
      return .shape
    }
    for node in nodes where Self.isReduction(node.operation) && !self.isTensor(node.a, isTensor) {
      return .shape
    }
    if !reaches(.gradient) { return .noGradient }
    if !reaches(.rate) { return .noRate }
    if !readsWeights { return .forgets }
    return isNeverFinite ? .neverFinite : nil
  }

  /// Whether the new weights are made of the old ones.
  private var readsWeights: Bool {
    var isSeen = [Bool](repeating: false, count: nodes.count)
    var pending = [weights]
    while let r = pending.popLast() {
      if r == .weights { return true }
      guard let i = r.node, !isSeen[i] else { continue }
      isSeen[i] = true
      for k in 0..<nodes[i].arity { pending.append(nodes[i][k]) }
    }
    return false
  }

  /// By intervals: each value lies between two numbers, whatever weights, gradients and states are.
  private var isNeverFinite: Bool {
    var low = [Double](repeating: 0, count: nodes.count)
    var high = low
    func interval(_ r: Reference) -> (Double, Double) {
      if let i = r.node { return (low[i], high[i]) }
      if let k = r.number { return (numbers[k], numbers[k]) }
      switch r {
      case .step, .horizon: return (1, .infinity)
      case .rate: return (0, .infinity)
      default: return (-.infinity, .infinity)
      }
    }
    for i in nodes.indices {
      let node = nodes[i]
      let x = interval(node.a)
      let y = node.b == .none ? (0, 0) : interval(node.b)
      var result = (-Double.infinity, Double.infinity)
      switch node.operation {
      case .squareRoot:
        if x.1 < 0 { return true }
        result = (max(x.0, 0).squareRoot(), x.1.squareRoot())
      case .logarithm, .log2, .log10:
        if x.1 <= 0 { return true }
      case .log1p:
        if x.1 <= -1 { return true }
      case .arcsine, .arccosine, .arctanh:
        if x.1 < -1 || x.0 > 1 { return true }
      case .divide:
        if y == (0, 0) { return true }
        if x.0 >= 0, y.0 >= 0 { result = (0, .infinity) }
      case .reciprocal:
        if x == (0, 0) { return true }
        if x.0 >= 0 { result = (0, .infinity) }
      case .exponential:
        if x.0 > 710 { return true }
        result = (0, .infinity)
      case .add: result = (x.0 + y.0, x.1 + y.1)
      case .subtract: result = (x.0 - y.1, x.1 - y.0)
      case .negate: result = (-x.1, -x.0)
      case .multiply:
        if node.a == node.b {
          result = (0, .infinity)
        } else if x.0 >= 0, y.0 >= 0 {
          result = (x.0 * y.0, x.1 * y.1)
        } else if x.0 >= 0, y.1 <= 0 || x.1 <= 0, y.0 >= 0 {
          result = (-.infinity, 0)
        }
      case .maximum: result = (max(x.0, y.0), max(x.1, y.1))
      case .minimum: result = (min(x.0, y.0), min(x.1, y.1))
      default:
        switch node.operation.traits.values {
        case .nonNegative, .positive: result = (0, .infinity)
        case .atLeastOne: result = (1, .infinity)
        case .unit, .truth: result = (0, 1)
        case .signs, .insideSigns: result = (-1, 1)
        case .asOperand where x.0 >= 0: result = (0, .infinity)
        default: break
        }
      }
      if result.0.isNaN { result.0 = -.infinity }
      if result.1.isNaN { result.1 = .infinity }
      (low[i], high[i]) = result
    }
    return false
  }
}
