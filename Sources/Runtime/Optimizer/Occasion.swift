/// When an objective is evaluated: what `t`, `T` and `training` mean there, and which draws it makes.
package struct Occasion: Hashable, Sendable {
  /// t, the number of the step.
  package var step: Int
  /// T, the planned number of steps.
  package var horizon: Int
  /// Whether a step is made, or something is measured.
  package var isTraining: Bool
  /// Which example or worker it is, where they are evaluated one by one: each draws its own.
  package var part = 0

  package init(step: Int = 1, horizon: Int = 0, isTraining: Bool = true) {
    self.step = step
    self.horizon = horizon
    self.isTraining = isTraining
  }

  /// Every step draws anew. What is measured draws what no step has seen, and the same each time, so
  /// that values of two rules or of two epochs differ by their weights alone.
  var drawStep: Int { isTraining ? step : 0 }
}
