import Diagnostics
import IR
import Runtime

/// A rule to be evaluated, prepared for the parameters of a task: rates and seeds share what takes time.
package struct Candidate: Sendable {
  package let rule: Rule
  /// Nil where only the ordinary engines run it.
  let update: CompiledUpdate?
  let arguments: ArgumentProgram?

  init(_ rule: Rule, _ parameters: [ParameterSpec], _ elementType: ElementType) {
    self.rule = rule
    arguments = ArgumentProgram(rule)
    update =
      arguments == nil
      ? nil : CompiledUpdate(rule, parameters, elementType: elementType)
  }

  private init(_ rule: Rule, _ update: CompiledUpdate?, _ arguments: ArgumentProgram?) {
    self.rule = rule
    self.update = update
    self.arguments = arguments
  }

  /// Whether it runs as one program over all tensors.
  package var isCompiled: Bool { update != nil }

  /// The same with hyperparameter k at a number; of a schedule, with this peak.
  ///
  /// Throws R0502 for a number outside of its domain.
  package func setting(_ k: Int, to x: Double) throws(DiagnosticError) -> Candidate {
    let hyper = rule.module.hypers[k]
    if let arguments, update != nil, !hyper.isStructural, hyper.domain?.contains(x) ?? true,
      let changed = arguments.setting(k, to: x)
    {
      return Candidate(rule.with(k, at: x), update, changed)
    }
    let changed = try rule.setting(k, to: x)
    return Candidate(changed, hyper.isStructural ? nil : update, ArgumentProgram(changed))
  }
}
