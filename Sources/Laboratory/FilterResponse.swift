import Diagnostics
import IR
import Platform
import Runtime
import Symbolic

/// What a linear rule does to gradients that change with a fixed frequency: it is a filter, and this
/// is its gain.
package struct FilterResponse: Sendable {
  /// Cycles a step, from 0 to ½.
  package var frequencies: [Double]
  /// The size of the update over lr and the size of the gradient.
  package var gains: [Double]
}

extension Rule {
  /// The frequency response of a linear rule at its own hyperparameters, from its answer to one
  /// gradient.
  ///
  /// Throws `SymbolicError` for rules that are not linear in g alone.
  package func filterResponse(points: Int = 200) throws -> FilterResponse {
    let algebra = try RuleAlgebra(self)
    guard try LinearRule(algebra.rule) != nil else {
      throw SymbolicError("`\(label)` is not linear in w, g and its states, so it is no filter")
    }
    let steps = 2_000
    let hypers = try hypers(steps: steps)
    var gradients = [[Double]](repeating: [0], count: steps)
    gradients[0] = [1]
    // From 0, so that decay of w plays no part in the first answer.
    let walk = try ReferenceProbe.walk(
      self, values: hypers, dims: [1], horizon: steps, from: [0], gradients)
    let rate = module.hypers.firstIndex { $0.key == "lr" }.map { hypers[0][$0] } ?? 1
    var answer: [Double] = []
    var last = 0.0
    for row in walk.weights {
      answer.append((row[0] - last) / (rate == 0 ? 1 : rate))
      last = row[0]
    }
    while let end = answer.last, abs(end) < 1e-12, answer.count > 1 { answer.removeLast() }
    var response = FilterResponse(frequencies: [], gains: [])
    for k in 0...points {
      let frequency = 0.5 * Double(k) / Double(points)
      var re = 0.0
      var im = 0.0
      for (j, x) in answer.enumerated() {
        let angle = 2 * Double.pi * frequency * Double(j)
        re += x * cos(angle)
        im -= x * sin(angle)
      }
      response.frequencies.append(frequency)
      response.gains.append((re * re + im * im).squareRoot())
    }
    return response
  }
}
