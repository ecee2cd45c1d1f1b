import Diagnostics
import IR

/// How the hyperparameters of a rule with its arguments are computed from t and T.
struct HyperProgram: Sendable {
  let hypers: [Hyperparameter]
  /// Nothing depends on the step.
  let isConstant: Bool
  /// The values, where they are written as numbers.
  let constants: [Double]?
  /// Computes them where they are not.
  let program: PlanProgram?

  init(_ rule: Rule) throws(DiagnosticError) {
    hypers = rule.module.hypers
    let function = try rule.arguments.specialised(BindContext(dims: [], hypers: []))
    isConstant = !function.instructions.contains {
      [.step, .horizon, .hyper].contains($0.operation)
    }
    let isWritten = function.outputs.allSatisfy { function.constantValue($0.value) != nil }
    program = isWritten ? nil : PlanProgram(try Planner.plan(function, element: .float64))
    guard isWritten else {
      constants = nil
      return
    }
    var values = hypers.map { _ in 0.0 }
    for output in function.outputs {
      if case .hyper(let k) = output.target { values[k] = function.constantValue(output.value)! }
    }
    constants = values
  }
}
