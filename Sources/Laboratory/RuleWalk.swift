import Diagnostics
import IR
import Lowering
import Runtime

/// A rule on one tensor, stepped by the reference evaluator: the walk of traces, of measured stability
/// and of comparisons.
struct RuleWalk {
  let variant: RuleVariant
  let horizon: Int
  /// The update on tensors of these lengths.
  let update: Function
  /// What gives the states before the first step.
  let start: Function
  private(set) var weights: Dense
  /// Where the next gradient is taken, and what is shipped.
  private(set) var trainPoint: Dense
  private(set) var evalPoint: Dense
  private(set) var states: [Dense]
  private let axes: AxisLengths
  private let context: BindContext
  private let program: ReferenceProgram
  /// What the steps so far have computed.
  private(set) var work = 0

  /// Before the first step, from `weights`. Lengths are made of `hypers`, those of step 1.
  ///
  /// With `keepsRounded` functions of numbers are computed in each step, where what they are rounded to can be
  /// bounded. Named axes are short: 3 examples, 2 terms of the loss, 2 workers, where the rule has them.
  /// Throws R0813 where an evaluation would take too much memory or work, and what initial values throw.
  init(
    _ module: RuleModule, variant: Int, from weights: Dense, hypers: [Double], horizon: Int,
    numbers: Double = Budget.values, keepsRounded: Bool = false, known: PreparedRules? = nil
  ) throws(DiagnosticError) {
    let named = module.axes
    axes = AxisLengths(
      batch: named.contains(.batch) ? 3 : nil, groups: named.contains(.groups) ? 2 : nil,
      workers: named.contains(.workers) ? 2 : 1)
    self.variant = module.variants[variant]
    self.weights = weights
    trainPoint = weights
    evalPoint = weights
    self.horizon = horizon
    var context = BindContext(dims: weights.shape, hypers: hypers, axes: axes)
    context.keepsRounded = keepsRounded
    self.context = context
    let lengths = module.hypers.indices.filter { module.hypers[$0].isStructural }.map { hypers[$0] }
    func get(_ function: Function) throws(DiagnosticError) -> PreparedRules.Prepared {
      func make() throws(DiagnosticError) -> PreparedRules.Prepared {
        let made = try function.specialised(context).checkedForEvaluation(limit: numbers)
        return PreparedRules.Prepared(function: made, program: ReferenceProgram(made))
      }
      guard let known else { return try make() }
      return try known.function(
        PreparedRules.FunctionKey(
          function: function, dims: weights.shape, lengths: lengths, limit: numbers,
          keepsRounded: keepsRounded), make)
    }
    let stepping = try get(self.variant.update)
    update = stepping.function
    program = stepping.program
    let starting = try get(self.variant.initial)
    start = starting.function
    let first = try starting.program.evaluate(
      ReferenceEnvironment(hypers: hypers, horizon: horizon, parameters: [weights]))
    states = self.variant.states.indices.map { first.value(.state($0)) ?? Dense(0) }
  }

  /// What step `step` reads: every worker has the same gradient, and `input` fills the further inputs,
  /// by slot and lengths.
  func environment(
    step: Int, hypers: [Double], loss: Double, gradient: Dense,
    input: (InputSlot, [Int]) -> Dense
  ) throws(DiagnosticError) -> ReferenceEnvironment {
    var inputs: [Dense] = []
    for slot in variant.inputs {
      let shape = try variant.update.concreteShape(slot.shape, context, at: slot.origin)
      inputs.append(input(slot, shape.extents.map(\.value)))
    }
    var given = gradient
    if axes.workers > 1 {
      let spec = ParameterSpec(name: "w", dims: weights.shape)
      given = Dense(
        shape: [axes.workers * spec.rows, spec.cols],
        values: (0..<axes.workers).flatMap { _ in gradient.values })
    }
    return ReferenceEnvironment(
      hypers: hypers, step: step, horizon: horizon, loss: loss, parameters: [weights],
      gradients: [given], states: states, inputs: inputs)
  }

  /// Steps; `oracle` is the objective elsewhere, for rules that ask. Returns all outputs of the update.
  /// Throws where that would take more than the work allowed.
  @discardableResult
  mutating func step(
    _ environment: ReferenceEnvironment, workLimit: Int = .max, oracle: @escaping Oracle
  ) throws(DiagnosticError) -> ReferenceProgram.Result {
    let next = try program.evaluate([environment], oracle: oracle, workLimit: workLimit)
    adopt(next)
    return next
  }

  /// What an evaluation gave for tensor `tensor` holds from now on.
  mutating func adopt(_ next: ReferenceProgram.Result, of tensor: Int = 0) {
    weights = next.value(.parameter(0), of: tensor) ?? weights
    trainPoint = next.value(.view("train"), of: tensor) ?? weights
    evalPoint = next.value(.view("eval"), of: tensor) ?? weights
    for k in states.indices { states[k] = next.value(.state(k), of: tensor) ?? states[k] }
    work += next.work
  }
}

extension Rule {
  /// The hyperparameters at step `step` of `horizon`, one a slot. Throws for names without a number.
  func hypers(step: Int, horizon: Int) throws(DiagnosticError) -> [Double] {
    try requireNumbers()
    var row = [Double](repeating: 0, count: module.hypers.count)
    for (target, x) in try ReferenceProgram.evaluateScalars(
      arguments, step: step, horizon: horizon)
    {
      if case .hyper(let k) = target { row[k] = x }
    }
    return row
  }

  /// The hyperparameters at each of the steps 1 to `steps`.
  func hypers(steps: Int) throws(DiagnosticError) -> [[Double]] {
    var rows: [[Double]] = []
    for step in 1...steps { rows.append(try hypers(step: step, horizon: steps)) }
    return rows
  }
}
