import Diagnostics
import IR
import Runtime

/// A rule to be evaluated, prepared for the parameters of a task: rates and seeds share what takes time.
package struct Candidate: Sendable {
  private let base: Base
  /// What was set since, where a rule is made of it only if the ordinary engines ask for one.
  private var changes: [(hyper: Int, value: Double)] = []
  /// Nil where only the ordinary engines run it.
  let update: CompiledUpdate?
  private(set) var arguments: ArgumentProgram?

  /// A rule holds dozens of references; a setting is to count one.
  private final class Base: Sendable {
    let rule: Rule
    init(_ rule: Rule) { self.rule = rule }
  }

  init(_ rule: Rule, _ parameters: [ParameterSpec], _ elementType: ElementType) {
    base = Base(rule)
    arguments = ArgumentProgram(rule)
    update =
      arguments == nil
      ? nil : CompiledUpdate(rule, parameters, elementType: elementType)
  }

  private init(_ rule: Rule, _ update: CompiledUpdate?) {
    base = Base(rule)
    self.update = update
    arguments = ArgumentProgram(rule)
  }

  package var rule: Rule { changes.reduce(base.rule) { $0.with($1.hyper, at: $1.value) } }

  /// Whether it runs as one program over all tensors.
  package var isCompiled: Bool { update != nil && arguments != nil }

  /// Whether another hyperparameter is made of it, as in `mu = 2 * lr`.
  private func isReadByOthers(_ k: Int) -> Bool {
    base.rule.module.defaults.instructions.contains { $0.operation == .hyper && $0.attribute == k }
  }

  /// The same with hyperparameter k at a number; of a schedule, with this peak.
  ///
  /// Throws R0502 for a number outside of its domain.
  package func setting(_ k: Int, to x: Double) throws(DiagnosticError) -> Candidate {
    let hyper = base.rule.module.hypers[k]
    if update != nil, !hyper.isStructural, hyper.domain?.contains(x) ?? true,
      !isReadByOthers(k), let changed = arguments?.setting(k, to: x)
    {
      var result = self
      result.arguments = changed
      result.changes.append((k, x))
      return result
    }
    return Candidate(try rule.setting(k, to: x), hyper.isStructural ? nil : update)
  }
}
