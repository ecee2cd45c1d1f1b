import Diagnostics
import IR

/// The hyperparameters of one rule instance: schedules evaluated at each step, values set by hand
/// in their place.
final class HyperValues {
  let hypers: [Hyperparameter]
  let values: UnsafeMutablePointer<Double>
  /// t and T, where the scalar programs of all tensors read them.
  let step: UnsafeMutablePointer<Double>
  let horizon: UnsafeMutablePointer<Double>
  private let instance: PlanInstance
  private let memory = PlanMemory()
  private var isOverridden: [Bool]
  /// Nothing depends on the step.
  private let isConstant: Bool

  init(_ rule: RuleInstance, horizon: Int) throws(DiagnosticError) {
    hypers = rule.module.hypers
    values = .allocate(capacity: max(hypers.count, 1))
    values.initialize(repeating: 0, count: max(hypers.count, 1))
    step = .allocate(capacity: 1)
    step.initialize(to: 1)
    self.horizon = .allocate(capacity: 1)
    self.horizon.initialize(to: Double(horizon))
    isOverridden = hypers.map { _ in false }
    let function = try rule.arguments.specialised(BindContext(dims: [], hypers: []))
    let plan = try Planner.plan(function, element: .float64)
    memory.reserve(plan)
    instance = PlanInstance(PlanProgram(plan), memory: memory)
    instance.bind(seed: 0, tensor: 0)
    isConstant = !function.instructions.contains {
      [.step, .horizon, .hyper].contains($0.operation)
    }
    // Twice, so that arguments that read other hyperparameters read their values.
    try evaluate(isFirst: true)
    try evaluate(isFirst: true)
    for k in hypers.indices { try check(k, values[k], isGiven: false) }
  }

  deinit {
    values.deallocate()
    step.deallocate()
    horizon.deallocate()
  }

  /// Sets the values for step t.
  func advance(to t: Int) throws(DiagnosticError) {
    step.pointee = Double(t)
    if !isConstant { try evaluate(isFirst: false) }
  }

  private func evaluate(isFirst: Bool) throws(DiagnosticError) {
    let plan = instance.program.plan
    for k in 0..<plan.presets.count {
      let (register, preset) = plan.presets[k]
      switch preset {
      case .hyper(let other): instance.scalars[Int(register)] = values[other]
      case .step: instance.scalars[Int(register)] = step.pointee
      case .horizon: instance.scalars[Int(register)] = horizon.pointee
      default: break
      }
    }
    try instance.run(phase: 0)
    for k in 0..<plan.scalarOutputs.count {
      if case .hyper(let index) = plan.scalarOutputs[k].target, !isOverridden[index] {
        values[index] = instance.scalars[Int(plan.scalarOutputs[k].register)]
      }
    }
  }

  func index(_ name: String) -> Int? {
    hypers.firstIndex { $0.name == name } ?? hypers.firstIndex { $0.key == name }
  }

  func set(_ name: String, _ value: Double) throws(DiagnosticError) {
    guard let k = index(name) else {
      let near = Suggestion.nearest(to: name, among: hypers.map(\.name))
      throw DiagnosticError(
        Diagnostic(
          .unknownHyper, "there is no hyperparameter `\(name)`", at: .none,
          notes: near.map { [Note("did you mean `\($0)`?")] } ?? []))
    }
    if hypers[k].isStructural, value != values[k] {
      throw DiagnosticError(
        Diagnostic(
          .fixedHyper,
          "`\(hypers[k].name)` fixes shapes or iteration counts: it cannot change after binding",
          at: hypers[k].origin))
    }
    try check(k, value, isGiven: true)
    values[k] = value
    isOverridden[k] = true
  }

  /// `isGiven`: by the host, not by the source; the message then shows the declaration.
  private func check(_ k: Int, _ value: Double, isGiven: Bool) throws(DiagnosticError) {
    guard let domain = hypers[k].domain, !domain.contains(value) else { return }
    let when = isGiven || isConstant ? "" : " at step \(Int(step.pointee))"
    let text = value.isNaN ? "NaN" : value.isInfinite ? "infinite" : "\(value)"
    throw DiagnosticError(
      Diagnostic(
        .scheduleLeavesDomain, "`\(hypers[k].name)` must be in \(domain), and is \(text)\(when)",
        at: isGiven ? hypers[k].origin : hypers[k].argument,
        notes: isGiven || hypers[k].argument == hypers[k].origin
          ? [] : [Note("declared here", at: hypers[k].origin)]))
  }

  /// The first hyperparameter that is NaN or infinite in the present step.
  var notFinite: (hyper: Hyperparameter, value: Double)? {
    hypers.indices.first { !values[$0].isFinite }.map { (hypers[$0], values[$0]) }
  }
}
