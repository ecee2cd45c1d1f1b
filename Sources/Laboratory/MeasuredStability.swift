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

  /// The largest measured h up to which no walk ends farther away than it began; nil where the
  /// first one does.
  package var limit: Double? {
    let firstBad = ratios.firstIndex { !($0 <= 1) } ?? ratios.count
    return firstBad == 0 ? nil : curvatures[firstBad - 1]
  }
}

extension Rule {
  /// Walks of `steps` steps from w = 1 on ½ h w², with h from 10⁻² to 10⁶, as many as the time of
  /// `TermLimits.current` allows.
  ///
  /// Throws the diagnostics of a rule that cannot be run.
  package func measuredStability(
    steps: Int = 200, points: Int = 33
  ) throws(DiagnosticError) -> MeasuredStability {
    let hypers = try hyperparameters(steps)
    let spec = ParameterSpec(name: "w", dims: [1])
    let variant = module.variants[try module.variantIndex(for: spec)]
    let context = BindContext(dims: [1], hypers: hypers[0])
    let first = ReferenceProgram(try variant.initial.specialised(context))
    let update = ReferenceProgram(try variant.update.specialised(context))
    var result = MeasuredStability(curvatures: [], ratios: [], steps: steps)
    let limits = TermLimits.current
    for k in 0..<points where !limits.areReached {
      // Ten to the power of −2 to 6.
      var h = 0.01
      for _ in 0..<k { h *= 1.778_279_410_038_922_8 }
      var w = Dense(shape: [1], values: [1])
      let start = try first.evaluate(
        ReferenceEnvironment(hypers: hypers[0], horizon: steps, parameters: [w]))
      var states = variant.states.indices.map { start.value(.state($0)) ?? Dense(0) }
      for t in 1...steps {
        let environment = ReferenceEnvironment(
          hypers: hypers[t - 1], step: t, horizon: steps, loss: 0.5 * h * w.scalar * w.scalar,
          parameters: [w], gradients: [Dense(shape: [1], values: [h * w.scalar])],
          states: states, inputs: variant.inputs.map { _ in Dense(shape: [1], values: [h]) })
        let next = try update.evaluate([environment]) { request throws(DiagnosticError) in
          OracleAnswer(
            loss: request.points.reduce(0) { $0 + 0.5 * h * $1.scalar * $1.scalar },
            gradients: request.points.map { point in
              Dense(shape: point.shape, values: point.values.map { h * $0 })
            })
        }
        w = next.value(.parameter(0)) ?? w
        for j in states.indices { states[j] = next.value(.state(j)) ?? states[j] }
        if !(abs(w.scalar) < 1e30) { break }
      }
      result.curvatures.append(h)
      result.ratios.append(abs(w.scalar))
    }
    return result
  }
}
