/// Steps that two rules disagree on, with everything needed to see it.
package struct Witness: Sendable {
  package var hypers: [(name: String, value: Double)]
  /// The hyperparameters of each rule at each step, in the order of its module.
  package var values: [[[Double]]]
  package var seed: UInt64
  package var dims: [Int]
  package var horizon: Int
  package var weights: [Double]
  package var gradients: [[Double]]
  /// From 1.
  package var step: Int
  /// Position in row order, from 0.
  package var element: Int
  package var left: Double
  package var right: Double

  package init(
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
