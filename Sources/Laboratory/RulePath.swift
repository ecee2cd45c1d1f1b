import Basics
import Diagnostics
import IR
import Runtime

extension Rule {
  /// The weights before the first step and after each, by the reference evaluator: of one tensor, under
  /// the given gradients. Further inputs are `input`, as many numbers as it has; the loss is 1.
  ///
  /// Throws the diagnostics of a rule that cannot be run, or that asks for the objective elsewhere.
  package func path(
    from start: [Double], dims: [Int], _ gradients: [[Double]], variant: Int = 0,
    values: [[Double]]? = nil, input: Double = 1
  ) throws(DiagnosticError) -> [[Double]] {
    var work = Int.max
    return try path(
      from: start, dims: dims, gradients, variant: variant, values: values, input: input,
      work: &work)
  }

  /// As above, with what is left of the work allowed.
  func path(
    from start: [Double], dims: [Int], _ gradients: [[Double]], variant: Int,
    values: [[Double]]? = nil, input: Double = 1, work: inout Int, known: PreparedRules? = nil
  ) throws(DiagnosticError) -> [[Double]] {
    let steps = gradients.count
    var rows = values ?? []
    if values == nil { rows = try hypers(steps: steps) }
    var walk = try RuleWalk(
      module, variant: variant, from: Dense(shape: dims, values: start), hypers: rows[0],
      horizon: steps, known: known)
    defer { work -= walk.work }
    var result = [start]
    for (k, gradient) in gradients.enumerated() {
      let environment = try walk.environment(
        step: k + 1, hypers: rows[k], loss: 1, gradient: Dense(shape: dims, values: gradient)
      ) { _, lengths in Dense.filled(lengths, input) }
      do throws(DiagnosticError) {
        try walk.step(environment, workLimit: work - walk.work) { request throws(DiagnosticError) in
          OracleAnswer(
            loss: 1,
            gradients: request.points.map { point in
              Dense(shape: point.shape, values: point.values.map { _ in 1 })
            })
        }
      } catch {
        // A step that was given up has taken all that was left.
        if case .work? = error.cause as? NumericError { work = walk.work }
        throw error
      }
      result.append(walk.weights.values)
    }
    return result
  }
}
