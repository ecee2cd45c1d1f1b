import Runtime

/// Gradients that arrive some steps after they were taken, as from workers that are behind. Until the
/// first of them is there, every step gets the first.
final class DelayedGradients {
  private let gradients: TensorMemory
  private let kept: [TensorMemory]
  private var losses: [Double]
  /// Gradients taken so far.
  private var taken = 0

  /// `delay` in steps, from 1 up; `gradients` is where the objective writes and the rule reads.
  init(_ gradients: TensorMemory, delay: Int) {
    self.gradients = gradients
    kept = (0...delay).map { _ in TensorMemory(gradients.counts, gradients.elementType) }
    losses = Array(repeating: 0, count: delay + 1)
  }

  /// Keeps the gradients just taken, and puts those in their place that arrive now. Returns the loss
  /// where those were taken.
  func exchange(_ loss: Double) -> Double {
    kept[taken % kept.count].copy(gradients)
    losses[taken % kept.count] = loss
    let arriving = max(0, taken - (kept.count - 1)) % kept.count
    taken += 1
    gradients.copy(kept[arriving])
    return losses[arriving]
  }

  func forget() { taken = 0 }
}
