import Diagnostics
import IR
import Runtime
import Symbolic

/// For which curvatures a rule at its own hyperparameters goes down ½ h w², measured: for rules that
/// are not linear.
package struct MeasuredStability: Sendable {
  /// h, growing by the same factor.
  package var curvatures: [Double]
  /// The distance from the minimum at the end over that at the start.
  package var ratios: [Double]
  package var steps: Int

  /// The largest measured h up to which no walk ends farther away than it began, to a thousandth; nil where
  /// the first one does.
  package var limit: Double?
}

extension Rule {
  /// Walks of `steps` steps from w = 1 on ½ h w², with h from 10⁻² to 10⁶, as many as the time of
  /// `TermLimits.current` allows.
  ///
  /// Throws the diagnostics of a rule that cannot be run.
  package func measuredStability(
    steps: Int = 200, points: Int = 33
  ) throws(DiagnosticError) -> MeasuredStability {
    let hypers = try hypers(steps: steps)
    let variant = try module.variantIndex(for: ParameterSpec(name: "w", dims: [1]))
    let start = try RuleWalk(
      module, variant: variant, from: Dense(shape: [1], values: [1]), hypers: hypers[0],
      horizon: steps)
    /// The distance at the end; nil once the time is over.
    func ratio(_ h: Double, isFirst: Bool) throws(DiagnosticError) -> Double? {
      var walk = start
      for t in 1...steps {
        let w = walk.trainPoint.scalar
        let environment = try walk.environment(
          step: t, hypers: hypers[t - 1], loss: 0.5 * h * w * w,
          gradient: Dense(shape: [1], values: [h * w])
        ) { slot, lengths in
          // What has a row for each example or each term of the loss holds gradients, all else
          // curvatures.
          let isEach = [.batch, .groups].contains { slot.shape.axes.contains($0) }
          return .filled(lengths, isEach ? h * w : h)
        }
        do throws(DiagnosticError) {
          try walk.step(environment) { request throws(DiagnosticError) in
            OracleAnswer(
              loss: request.points.reduce(0) { $0 + 0.5 * h * $1.scalar * $1.scalar },
              gradients: request.points.map { point in
                Dense(shape: point.shape, values: point.values.map { h * $0 })
              })
          }
        } catch  where error.cause as? NumericError == .stopped && !isFirst {
          // What was measured before stands.
          return nil
        }
        if !(abs(walk.weights.scalar) < 1e30) { break }
      }
      return abs(walk.evalPoint.scalar)
    }
    var result = MeasuredStability(curvatures: [], ratios: [], steps: steps)
    let limits = TermLimits.current
    for k in 0..<points where !limits.areReached {
      // Ten to the power of −2 to 6.
      var h = 0.01
      for _ in 0..<k { h *= 1.778_279_410_038_922_8 }
      guard let found = try ratio(h, isFirst: k == 0) else { break }
      result.curvatures.append(h)
      result.ratios.append(found)
    }
    let firstBad = result.ratios.firstIndex { !($0 <= 1) } ?? result.ratios.count
    guard firstBad > 0 else { return result }
    var low = result.curvatures[firstBad - 1]
    var high = firstBad < result.ratios.count ? result.curvatures[firstBad] : low
    while high > 1.001 * low, !limits.areReached {
      let middle = (low * high).squareRoot()
      guard let found = try ratio(middle, isFirst: false) else { break }
      if found <= 1 { low = middle } else { high = middle }
    }
    result.limit = low
    return result
  }
}
