import Diagnostics
import IR

/// The values of a rule's hyperparameters: schedules evaluated at each step, values set by hand in
/// their place.
final class HyperValues {
  /// Steps done.
  @exclusivity(unchecked) var stepCount = 0
  let program: HyperProgram
  let values: UnsafeMutablePointer<Double>
  /// t and T, where the scalar programs of all tensors read them.
  let step: UnsafeMutablePointer<Double>
  let horizon: UnsafeMutablePointer<Double>
  private let instance: PlanInstance?
  private var isOverridden: [Bool]
  /// What `take` was given last.
  private var taken: [Double]
  private let isConstant: Bool
  /// The domains that a schedule may leave.
  private var watched: [(hyper: Int, domain: Domain)] = []
  /// Where a schedule first stood exactly at an open end of its domain.
  var openEnd: (hyper: Int, value: Double, step: Int)?

  var hypers: [Hyperparameter] { program.hypers }
  var all: [Double] { hypers.indices.map { values[$0] } }

  /// The values at the first of `horizon` steps. Throws R0507 where one is out of its domain.
  init(_ program: HyperProgram, horizon: Int) throws(DiagnosticError) {
    self.program = program
    let count = program.hypers.count
    values = .allocate(capacity: max(count, 1))
    values.initialize(repeating: 0, count: max(count, 1))
    step = .allocate(capacity: 1)
    step.initialize(to: 1)
    self.horizon = .allocate(capacity: 1)
    self.horizon.initialize(to: Double(horizon))
    isOverridden = program.hypers.map { _ in false }
    taken = program.hypers.map { _ in .nan }
    isConstant = program.isConstant
    if let scalars = program.program {
      let memory = PlanMemory()
      memory.reserve(scalars.plan)
      let made = PlanInstance(scalars, memory: memory)
      made.bind(seed: 0, tensor: 0)
      instance = made
      // Twice, so that arguments that read other hyperparameters read their values.
      try evaluate()
      try evaluate()
    } else {
      instance = nil
      for (k, x) in (program.constants ?? []).enumerated() { values[k] = x }
    }
    watchDomains()
    for k in hypers.indices {
      guard let domain = hypers[k].domain else { continue }
      if isConstant || !values[k].isFinite || !isOpenEnd(k, domain) {
        try check(k, values[k], isGiven: false)
      }
    }
  }

  deinit {
    values.deallocate()
    step.deallocate()
    horizon.deallocate()
  }

  /// Sets the values for step t. Throws R0915 where one leaves its domain.
  func advance(to t: Int) throws(DiagnosticError) {
    step.pointee = Double(t)
    if isConstant { return }
    try evaluate()
    for (k, domain) in watched where !domain.contains(values[k]) && !isOpenEnd(k, domain) {
      throw DiagnosticError(.domainLeft(hypers[k], domain, values[k], step: t))
    }
  }

  /// Whether a value stands exactly at an open end, which is noted and goes on.
  private func isOpenEnd(_ k: Int, _ domain: Domain) -> Bool {
    guard domain.hasOpenEnd(at: values[k]) else { return false }
    if openEnd == nil { openEnd = (k, values[k], Int(step.pointee)) }
    return true
  }

  private func evaluate() throws(DiagnosticError) {
    guard let instance else { return }
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
      throw DiagnosticError(.unknownHyper(name, suggestion: near))
    }
    if hypers[k].isStructural, value != values[k] {
      throw DiagnosticError(.fixedHyper(hypers[k]))
    }
    try check(k, value, isGiven: true)
    values[k] = value
    isOverridden[k] = true
    watched.removeAll { $0.hyper == k }
  }

  /// From now on these values, one for each hyperparameter; NaN for what the rule says.
  func take(_ row: UnsafePointer<Double>) throws(DiagnosticError) {
    var isChanged = false
    for k in 0..<taken.count where row[k] != taken[k] && !(row[k].isNaN && taken[k].isNaN) {
      isChanged = true
      if row[k].isNaN {
        isOverridden[k] = false
        watchDomains()
        if let constants = program.constants { values[k] = constants[k] }
      } else {
        try check(k, row[k], isGiven: true)
        if hypers[k].isStructural, row[k] != values[k] {
          throw DiagnosticError(.fixedHyper(hypers[k]))
        }
        values[k] = row[k]
        isOverridden[k] = true
        watched.removeAll { $0.hyper == k }
      }
      taken[k] = row[k]
    }
    // An argument that reads another one reads what that one was.
    if isChanged, !isConstant { for _ in hypers { try evaluate() } }
  }

  /// The values as they are, and which of them the host has set.
  var clock: [StepClock.Hyper] {
    hypers.indices.map {
      StepClock.Hyper(name: hypers[$0].name, value: values[$0], isSet: isOverridden[$0])
    }
  }

  /// Goes to the end of step t of `horizon`, with what a host had set in `clock` and nothing else.
  ///
  /// Throws R0508, R0507 and R0915 for values that this rule cannot have; nothing is changed then.
  func resume(_ clock: [StepClock.Hyper], at t: Int, of newHorizon: Int) throws(DiagnosticError) {
    let before = (all, isOverridden, watched, step.pointee, horizon.pointee, openEnd)
    do throws(DiagnosticError) {
      isOverridden = hypers.map { _ in false }
      watchDomains()
      openEnd = nil
      for (k, x) in (program.constants ?? []).enumerated() where instance == nil { values[k] = x }
      horizon.pointee = Double(newHorizon)
      for hyper in clock where hyper.isSet { try set(hyper.name, hyper.value) }
      try advance(to: max(t, 1))
    } catch {
      for (k, x) in before.0.enumerated() { values[k] = x }
      (isOverridden, watched) = (before.1, before.2)
      (step.pointee, horizon.pointee, openEnd) = (before.3, before.4, before.5)
      throw error
    }
  }

  /// Goes back to the values of step t, which were in their domains.
  func goBack(to t: Int) {
    step.pointee = Double(t)
    try? evaluate()
  }

  /// The domains that a schedule may leave.
  private func watchDomains() {
    watched = []
    for k in hypers.indices where !isConstant {
      if let domain = hypers[k].domain { watched.append((k, domain)) }
    }
  }

  /// `isGiven`: by the host, not by the source; the message then shows the declaration.
  private func check(_ k: Int, _ value: Double, isGiven: Bool) throws(DiagnosticError) {
    guard let domain = hypers[k].domain, !domain.contains(value) else { return }
    throw DiagnosticError(
      .scheduleLeavesDomain(
        hypers[k], domain, value, step: isGiven || isConstant ? nil : Int(step.pointee),
        isGiven: isGiven))
  }

  /// The first hyperparameter that is NaN or infinite in the present step.
  var notFinite: (hyper: Hyperparameter, value: Double)? {
    hypers.indices.first { !values[$0].isFinite }.map { (hypers[$0], values[$0]) }
  }
}
