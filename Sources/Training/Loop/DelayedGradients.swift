import Checkpoints
import Files
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

  // MARK: Saving

  /// The gradients that are under way, as tensors of a file.
  var parts: [Safetensors.Part] {
    kept.enumerated().flatMap { k, memory in
      memory.counts.indices.map { tensor in
        Safetensors.Part(
          name: Self.name(k, tensor), element: memory.elementType.safetensorsName,
          shape: [memory.counts[tensor]],
          bytes: UnsafeRawBufferPointer(
            start: memory.pointers[tensor],
            count: memory.counts[tensor] * memory.elementType.byteCount))
      }
    }
  }

  /// How many were taken, and their losses.
  var clock: (taken: Int, losses: [Double]) { (taken, losses) }

  /// Goes on where another stood. False where the file lacks a gradient.
  func resume(_ checkpoint: Checkpoint, taken: Int, losses: [Double]) -> Bool {
    guard losses.count == self.losses.count else { return false }
    (self.taken, self.losses) = (taken, losses)
    for (k, memory) in kept.enumerated() {
      for (tensor, count) in memory.counts.enumerated() {
        let isThere: Void? = checkpoint.withExtra(
          Self.name(k, tensor), element: memory.elementType.safetensorsName, shape: [count]
        ) { memory.pointers[tensor].copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        if isThere == nil { return false }
      }
    }
    return true
  }

  private static func name(_ k: Int, _ tensor: Int) -> String { "delayed/\(k)/\(tensor)" }
}
