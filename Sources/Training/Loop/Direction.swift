/// Which way a series goes as training gets better: losses down, accuracies up.
package enum Direction: String, Hashable, Sendable {
  case down, up

  /// What the name of a series tells by the last of its words that says something: `test_loss` goes down,
  /// `top5_accuracy` up. Nil where none does.
  package init?(ofSeries name: String) {
    for word in name.lowercased().split(separator: "_").reversed() {
      if Self.growing.contains(word) {
        self = .up
        return
      }
      if Self.falling.contains(word) {
        self = .down
        return
      }
    }
    return nil
  }

  private static let falling: Set<Substring> = [
    "loss", "error", "errors", "mse", "rmse", "mae", "mape", "nll", "perplexity", "distance", "gap",
    "regret", "residual", "penalty", "violation", "risk", "cost", "divergence", "kl", "wrong",
    "misses", "steps", "seconds",
  ]
  private static let growing: Set<Substring> = [
    "accuracy", "acc", "score", "f1", "auc", "precision", "recall", "reward", "r2", "likelihood",
    "iou", "dice", "psnr", "correct", "right", "hits", "success", "similarity",
  ]
}
