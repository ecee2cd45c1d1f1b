import Diagnostics

/// What one tensor's function reads in one step. Slots are those of the instructions' attributes.
public struct ReferenceEnvironment: Sendable {
  public var hypers: [Double]
  /// t = 1, 2, …
  public var step: Int
  /// T, the planned number of steps.
  public var horizon: Int
  public var loss: Double
  public var parameters: [Dense]
  public var gradients: [Dense]
  public var states: [Dense]
  public var inputs: [Dense]
  public var seed: UInt64
  /// The number of the tensor in the optimizer, part of the random counter.
  public var tensor: UInt32
  /// Recorded draws by name, used in place of the generator.
  public var recordedDraws: [String: Dense]
  /// Where it is not nil, every operation rounds to a side of its own, drawn from this seed: how far
  /// two such runs are apart says how much rounding matters (Parker 1997, Monte Carlo arithmetic).
  public var roundingSeed: UInt64?
  /// The arguments of a loop's body.
  var arguments: [Dense] = []

  public init(
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
public struct OracleRequest: Sendable {
  /// Which call of the rule asks (`attribute` of `lossAt`, `gradientAt`).
  public var site: Int
  /// One point a tensor; tensors whose variant does not ask stand at their parameters.
  public var points: [Dense]
  /// Whether the gradients there are asked for, and not the loss.
  public var wantsGradients = true
}

public struct OracleAnswer: Sendable {
  public var loss: Double
  /// One a tensor, of the tensor's shape.
  public var gradients: [Dense]
  public init(loss: Double, gradients: [Dense]) {
    self.loss = loss
    self.gradients = gradients
  }
}

/// The host's objective.
public typealias Oracle = (OracleRequest) throws(DiagnosticError) -> OracleAnswer
