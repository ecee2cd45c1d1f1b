import Basics
import IR

/// Whether a program is a momentum of signs, by what it does: its step has one length whatever the gradients' size is,
/// and the sign of an exponential average of them.
package struct SignBehaviour: Sendable {
  /// The largest part of its length by which a step changes when all gradients are multiplied by a number.
  package var scaleError: Double
  /// The spread of the lengths over elements and steps, as a part of their mean.
  package var spread: Double
  /// The share of steps with the sign of the average, for the share β of what was before that fits best.
  package var agreement: Double
  package var decay: Double

  /// As the protocol defines it: no change with the gradients' size, one length, 99 % of the signs.
  package var isSignMomentum: Bool { scaleError < 0.01 && spread < 0.01 && agreement >= 0.99 }

  /// Shares of what was before that are tried; 0 is the sign of the gradient itself. So near one another that every share
  /// agrees with one of them in more than 99 % of its signs.
  private static let decays: [Double] =
    (0..<75).map { Double($0) / 100 }
    + (0..<92).map { 1 - 0.25 * (0..<$0).reduce(1.0) { x, _ in x * 0.94 } }

  /// Looks at a program on gradients that no search saw, at weights of 0. Nil where a step is no number.
  package init?(_ program: Genome) {
    let steps = 200
    let elements = 16
    var random = SplitMix64(0xBEEF)
    // Each element has a mean of its own, so that averages have a sign that lasts.
    let means = (0..<elements).map { _ in random.normal() * 0.3 }
    let gradients = (0..<steps).map { _ in (0..<elements).map { means[$0] + random.normal() } }
    guard let plain = Self.steps(program, gradients),
      let small = Self.steps(program, gradients.map { $0.map { $0 * 0x1p-6 } }),
      let large = Self.steps(program, gradients.map { $0.map { $0 * 0x1p6 } })
    else { return nil }
    // The first steps are those of states that fill.
    let late = 50
    var (sum, squares, count) = (0.0, 0.0, 0.0)
    scaleError = 0
    for t in late..<steps {
      for i in 0..<elements {
        let length = abs(plain[t][i])
        sum += length
        squares += length * length
        count += 1
        for other in [small, large] {
          scaleError = max(scaleError, abs(other[t][i] - plain[t][i]) / max(length, 1e-300))
        }
      }
    }
    let mean = sum / count
    spread = mean > 0 ? max(squares / count - mean * mean, 0).squareRoot() / mean : .infinity
    var best = (agreement: 0.0, decay: 0.0)
    for decay in Self.decays {
      var average = [Double](repeating: 0, count: elements)
      var agrees = 0.0
      for t in 0..<steps {
        for i in 0..<elements {
          average[i] = decay * average[i] + (1 - decay) * gradients[t][i]
          if t >= late, average[i] * plain[t][i] < 0 { agrees += 1 }
        }
      }
      if agrees / count > best.agreement { best = (agrees / count, decay) }
    }
    (agreement, decay) = best
  }

  /// What each step adds to weights of 0.
  private static func steps(_ program: Genome, _ gradients: [[Double]]) -> [[Double]]? {
    let count = gradients[0].count
    var states = program.states.map { [Double](repeating: $0.first, count: count) }
    var found: [[Double]] = []
    for (t, gradient) in gradients.enumerated() {
      var made: [[Double]] = []
      func value(_ r: Genome.Reference) -> [Double] {
        if let i = r.node { return made[i] }
        if let k = r.state { return states[k] }
        let x: Double
        if let k = r.number {
          x = program.numbers[k]
        } else {
          switch r {
          case .gradient: return gradient
          case .weights: x = 0
          case .rate: x = 0.01
          case .step: x = Double(t + 1)
          default: x = Double(gradients.count)
          }
        }
        return [Double](repeating: x, count: count)
      }
      for node in program.nodes {
        let operands = (0..<node.arity).map { value(node[$0]) }
        if Genome.isReduction(node.operation) {
          let all = operands[0]
          let x =
            switch node.operation {
            case .sum: all.reduce(0, +)
            case .maximumOf: all.max()!
            default: all.min()!
            }
          made.append([Double](repeating: x, count: count))
        } else {
          made.append(
            (0..<count).map { i in Folding.fold(node.operation, operands.map { $0[i] })! })
        }
      }
      let step = value(program.weights)
      guard step.allSatisfy(\.isFinite) else { return nil }
      states = program.states.map { value($0.next) }
      found.append(step)
    }
    return found
  }
}
