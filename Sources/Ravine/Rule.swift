import Basics
import Diagnostics
import IR
import Laboratory
import Lowering

/// A rule with the values of its hyperparameters: what `Compiler.rule` returns and optimizers take.
public struct Rule: Sendable, CustomStringConvertible {
  /// A hyperparameter, and its value in this rule.
  public struct Hyperparameter: Sendable {
    /// As written: `lr`, and `base.lr` for that of a rule inside.
    public let name: String
    /// At step 1 of 1,000.
    public let value: Double
    /// Whether the value changes from step to step.
    public let isSchedule: Bool
    /// Whether it decides shapes: an optimizer cannot change it once it is made.
    public let isStructural: Bool
    /// What it may be, such as `[0, 1)`; nil for any number.
    public let domain: String?
  }

  let value: IR.Rule
  let sources: SourceMap

  /// As it was written: `AdamW(lr = 1e-3)`.
  public var label: String { value.label }

  /// In the order of the declaration. Throws where a value is out of its domain.
  public func hyperparameters() throws(DiagnosticError) -> [Hyperparameter] {
    try sheet().hypers.map {
      Hyperparameter(
        name: $0.name, value: $0.value, isSchedule: $0.isSchedule,
        isStructural: $0.isStructural, domain: $0.domain?.description)
    }
  }

  /// What `ravine describe` prints: documentation, hyperparameters, states, and the cost of a step in
  /// memory, traffic and operations. Throws where a value is out of its domain.
  public func sheetText() throws(DiagnosticError) -> String { try sheet().text }

  /// The equations that it stands for, rules inside it unfolded: a declaration that compiles again.
  public var source: String { SourcePrinter.rule(value.module) }

  /// The label.
  public var description: String { label }

  private func sheet() throws(DiagnosticError) -> RuleDescription {
    try DiagnosticError.shown(in: { sources }) { () throws(Diagnostics.DiagnosticError) in
      try RuleDescription(value)
    }
  }
}
