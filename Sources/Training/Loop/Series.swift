import IR

/// Names of what is recorded.
extension ObjectiveModule {
  package static let testLoss = "test_loss"

  /// The largest eigenvalue of the Hessian of the loss, where `record sharpness` asks for it.
  package static let sharpness = "sharpness"
  /// The curvature up to which a linear rule is stable.
  package static let stableBelow = "stable_below"

  /// The name that a series has on validation rows.
  package static func onValidation(_ name: String) -> String { "validation_" + name }

  /// Whether a series is the loss, on whatever rows.
  package static func isLoss(_ name: String) -> Bool {
    ["loss", testLoss, onValidation("loss")].contains(name)
  }

  /// Whether some parameters make the loss large: then its size says nothing of how good they are.
  package var isGame: Bool { parameters.contains(where: \.isAscended) }

  /// What `minimize` records.
  package var series: [String] { ["loss"] + metrics }

  /// What `train` records: the training loss, then metrics and loss on the test rows and, where there are
  /// any, on the validation rows.
  package func series(validates: Bool) -> [String] {
    series + [Self.testLoss] + (validates ? (metrics + ["loss"]).map(Self.onValidation) : [])
  }

  /// The series on validation rows in place of one on test rows; nil for the others.
  package func choosing(_ name: String) -> String? {
    if name == Self.testLoss { return Self.onValidation("loss") }
    return metrics.contains(name) ? Self.onValidation(name) : nil
  }

  package func isOnValidation(_ name: String) -> Bool { onTest(name) != name }

  /// The series on test rows of one on validation rows; others as they are.
  package func onTest(_ name: String) -> String {
    if name == Self.onValidation("loss") { return Self.testLoss }
    return metrics.first { Self.onValidation($0) == name } ?? name
  }
}
