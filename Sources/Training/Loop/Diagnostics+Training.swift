import Diagnostics
import IR

// What training finds.
extension Diagnostic {
  static func moreInputsThanData(_ objective: ObjectiveModule) -> Diagnostic {
    Diagnostic(
      .moreInputsThanData,
      "`\(objective.name)` has \(objective.inputs.count) inputs, and data has features and one "
        + "target", at: objective.inputs[2].origin)
  }

  static func termsOfLoss(
    _ input: InputSlot, _ count: Int, _ objective: ObjectiveModule
  ) -> Diagnostic {
    Diagnostic(
      .missingInput,
      "`\(input.name)` has \(count) entries, and the loss of `\(objective.name)` has "
        + "\(objective.terms.count) terms", at: input.origin)
  }

  static func startOfOtherSize(_ count: Int, _ expected: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .startOfOtherSize,
      "the starting point has \(count) numbers, and the objective \(expected)", at: span)
  }

  /// `run` is the rule and its seed.
  static func lossNotFinite(_ loss: Double, _ run: String, _ step: Int) -> Diagnostic {
    Diagnostic(
      .lossNotFinite, "\(run): the loss is \(loss.isNaN ? "NaN" : "infinite") at step \(step)",
      at: .none)
  }

  static func parameterNotFinite(
    _ name: String, _ run: String, _ step: Int, _ advice: Note
  ) -> Diagnostic {
    Diagnostic(
      .lossNotFinite, "\(run): `\(name)` is not finite after step \(step)", at: .none,
      notes: [advice])
  }
}
