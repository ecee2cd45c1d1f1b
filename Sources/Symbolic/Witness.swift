/// Steps that two rules disagree on, with everything needed to see it.
public struct Witness: Sendable {
  public var hypers: [(name: String, value: Double)]
  /// The hyperparameters of each rule at each step, in the order of its module.
  public var values: [[[Double]]]
  public var seed: UInt64
  public var dims: [Int]
  public var horizon: Int
  public var weights: [Double]
  public var gradients: [[Double]]
  /// From 1.
  public var step: Int
  /// Position in row order, from 0.
  public var element: Int
  public var left: Double
  public var right: Double

  public init(
    hypers: [(name: String, value: Double)], values: [[[Double]]], seed: UInt64, dims: [Int],
    horizon: Int, weights: [Double], gradients: [[Double]], step: Int, element: Int,
    left: Double, right: Double
  ) {
    self.hypers = hypers
    self.values = values
    self.seed = seed
    self.dims = dims
    self.horizon = horizon
    self.weights = weights
    self.gradients = gradients
    self.step = step
    self.element = element
    self.left = left
    self.right = right
  }
}
