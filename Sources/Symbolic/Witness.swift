/// Steps that two rules disagree on, with everything needed to see it.
package struct Witness: Sendable {
  /// A tensor with its start and its gradient at each step.
  package struct Tensor: Hashable, Sendable {
    package var name: String
    package var dims: [Int]
    package var weights: [Double]
    package var gradients: [[Double]]

    package init(name: String, dims: [Int], weights: [Double], gradients: [[Double]]) {
      self.name = name
      self.dims = dims
      self.weights = weights
      self.gradients = gradients
    }
  }

  package var hypers: [(name: String, value: Double)]
  /// The hyperparameters of each rule at each step, in the order of its module.
  package var values: [[[Double]]]
  /// The way of each rule.
  package var variants: [Int]
  package var horizon: Int
  package var tensors: [Tensor]
  /// Where the difference is: tensor and step (from 1), and the element in row order, from 0.
  package var tensor = 0
  package var step = 1
  package var element = 0
  /// Which result: w', or the view of that name.
  package var view: String?
  /// States of 16 bits are rounded where they are stored; else they are kept exactly.
  package var roundsStates = false
  package var left = 0.0
  package var right = 0.0
  /// How far the steps are apart, as a share of the larger step.
  package var size = 0.0
  /// Only one of the rules has a result here, as its equations are: they may be equal elsewhere.
  package var isOfDefinition = false

  package init(
    hypers: [(name: String, value: Double)], values: [[[Double]]], variants: [Int], horizon: Int,
    tensors: [Tensor]
  ) {
    self.hypers = hypers
    self.values = values
    self.variants = variants
    self.horizon = horizon
    self.tensors = tensors
  }

  /// The tensor where the difference is.
  package var dims: [Int] { tensors[tensor].dims }
  package var weights: [Double] { tensors[tensor].weights }
  package var gradients: [[Double]] { tensors[tensor].gradients }

  /// Whether it shows a larger difference than another; one of values is plainer than one of where there are any.
  package func isPlainer(than other: Witness?) -> Bool {
    guard let other else { return true }
    if other.isOfDefinition != isOfDefinition { return other.isOfDefinition }
    return size > 1.01 * other.size
  }
}
