import Diagnostics

/// What one tensor's function reads in one step. Slots are those of the instructions' attributes.
package struct ReferenceEnvironment: Sendable {
  package var hypers: [Double]
  /// t = 1, 2, …
  package var step: Int
  /// The step that numbers the draws; nil for `step`.
  package var drawStep: Int?
  /// T, the planned number of steps.
  package var horizon: Int
  package var loss: Double
  package var parameters: [Dense]
  package var gradients: [Dense]
  package var states: [Dense]
  package var inputs: [Dense]
  package var seed: UInt64
  /// The number of the tensor in the optimizer, part of the random counter.
  package var tensor: UInt32
  /// Recorded draws by name, used in place of the generator.
  package var recordedDraws: [String: Dense]
  /// Where it is not nil, every operation rounds to a side of its own, drawn from this seed: how far
  /// two such runs are apart says how much rounding matters (Parker 1997, Monte Carlo arithmetic).
  package var roundingSeed: UInt64?
  /// The arguments of a loop's body.
  var arguments: [Dense] = []

  package init(
    hypers: [Double] = [], step: Int = 1, horizon: Int = 0, loss: Double = .nan,
    parameters: [Dense] = [], gradients: [Dense] = [], states: [Dense] = [], inputs: [Dense] = [],
    seed: UInt64 = 0, tensor: UInt32 = 0, recordedDraws: [String: Dense] = [:]
  ) {
    self.hypers = hypers
    self.step = step
    self.horizon = horizon
    self.loss = loss
    self.parameters = parameters
    self.gradients = gradients
    self.states = states
    self.inputs = inputs
    self.seed = seed
    self.tensor = tensor
    self.recordedDraws = recordedDraws
  }
}

/// The objective at another point, asked for all tensors together.
package struct OracleRequest: Sendable {
  /// Which call of the rule asks (`attribute` of `lossAt`, `gradientAt`).
  package var site: Int
  /// One point a tensor; tensors whose variant does not ask stand at their parameters.
  package var points: [Dense]
  /// Whether the gradients there are asked for, and not the loss.
  package var wantsGradients = true
  /// Whether the points are directions, and what is asked for are the Hessian's products with them.
  package var isHessian = false
}

package struct OracleAnswer: Sendable {
  package var loss: Double
  /// One a tensor, of the tensor's shape.
  package var gradients: [Dense]
  package init(loss: Double, gradients: [Dense]) {
    self.loss = loss
    self.gradients = gradients
  }
}

/// The host's objective.
package typealias Oracle = (OracleRequest) throws(DiagnosticError) -> OracleAnswer
