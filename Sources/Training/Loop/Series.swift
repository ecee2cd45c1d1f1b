import IR

/// Names of what is recorded.
extension ObjectiveModule {
  package static let testLoss = "test_loss"

  /// The name that a series has on validation rows.
  package static func onValidation(_ name: String) -> String { "validation_" + name }

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
}
