import Diagnostics
import IR
import Semantics
import Syntax

/// The steps of a rule that is applied in some steps alone.
final class Clock {
  typealias Guard = (condition: Handle, isTaken: Bool)

  /// The conditions under which it is applied, beside those of the rule around it.
  let guards: [Guard]
  let outer: Clock?
  /// Prefix of its states.
  let prefix: String
  /// Found when first asked for.
  var time: Time?

  struct Time {
    /// How many times it was applied, this one included, and how many times it is to be.
    var steps: Handle
    var horizon: Handle
    /// Made of t, T and hyperparameters alone, and not counted in a state.
    var isForeseen: Bool
  }

  init(guards: [Guard], outer: Clock?, prefix: String) {
    self.guards = guards
    self.outer = outer
    self.prefix = prefix
  }

  var allGuards: [Guard] { (outer?.allGuards ?? []) + guards }
}

/// What a rule that is applied under a condition has of its own: its t and T, and states that stay.
struct ClockLowerer: LoweringPart {
  let lowerer: Lowerer

  /// The clock of a rule applied in a frame; nil when a condition is wrong (reported).
  func clock(in frame: Frame, of scope: RuleScope, prefix: String) -> Clock?? {
    var guards: [Clock.Guard] = []
    for (condition, isTaken) in frame.guards {
      guard case .value(let handle) = force(condition) else { return nil }
      guards.append((handle, isTaken))
    }
    return guards.isEmpty ? scope.clock : Clock(guards: guards, outer: scope.clock, prefix: prefix)
  }

  func steps(of clock: Clock?) -> Handle { clock.map { time($0).steps } ?? hostNumber(.step) }

  func horizon(of clock: Clock?) -> Handle {
    clock.map { time($0).horizon } ?? hostNumber(.horizon)
  }

  /// The value where the rule is applied, what was before where it is not.
  func held(_ value: Handle, before: Handle, _ clock: Clock?, at span: Span) -> Handle? {
    var value = value
    for (condition, isTaken) in (clock?.allGuards ?? []).reversed() {
      let arms = isTaken ? [value, before] : [before, value]
      guard case .value(let chosen) = make(.select, [condition] + arms, at: span) else {
        return nil
      }
      value = chosen
    }
    return value
  }

  /// A view of a rule that is not applied is where it was.
  func heldView(_ point: Handle, _ name: Name, _ prefix: String, _ clock: Clock) -> Handle? {
    let before = state(prefix + name.text, .like, .parameter, name.span)
    guard let held = held(point, before: before.handle, clock, at: name.span) else { return nil }
    lowerer.builder.output(.state(before.slot), local(held))
    return held
  }

  /// A state that no rule declares.
  private func state(
    _ name: String, _ shape: Shape, _ first: ModuleState.FirstValue, _ span: Span
  ) -> (handle: Handle, slot: Int) {
    let slot = lowerer.module.states.count
    lowerer.module.states.append(
      StateSlot(
        name: name, shape: shape, isGlobal: false, storage: .compute,
        roundsStochastically: false, origin: span))
    lowerer.module.firstValues.append(first)
    lowerer.draft.levels[0].builder.origin = span
    let source = lowerer.draft.levels[0].builder.source(
      .state, ValueType(.real, shape), attribute: Int32(slot))
    return (Handle(level: 0, id: source), slot)
  }

  // MARK: Counting

  private func time(_ clock: Clock) -> Clock.Time {
    if let known = clock.time { return known }
    // One value wherever it is read, so it stands outside of all loops.
    let inner = lowerer.draft.level
    lowerer.draft.level = 0
    defer { lowerer.draft.level = inner }
    let time = foreseen(clock) ?? counted(clock)
    clock.time = time
    return time
  }

  /// The count of `t mod k == c` and of what is not. What lengths decide is so in every step.
  private func foreseen(_ clock: Clock) -> Clock.Time? {
    let t = steps(of: clock.outer)
    let choices = ChoiceLowerer(lowerer: lowerer)
    let guards = clock.guards.filter { !choices.isKnownAtBinding($0.condition.id) }
    let isForeseen = clock.outer.map { time($0).isForeseen } ?? true
    if guards.isEmpty {
      return Clock.Time(steps: t, horizon: horizon(of: clock.outer), isForeseen: isForeseen)
    }
    guard guards.count == 1, let period = period(guards[0], t) else { return nil }
    func count(_ t: Handle) -> Handle? {
      let shifted = make(.subtract, [.value(t), constant(period.place)], at: .none)
      let whole = make(
        .floor, [make(.divide, [shifted, .value(period.length)], at: .none)], at: .none)
      var count = make(.add, [whole, constant(period.place > 0 ? 1 : 0)], at: .none)
      if !period.isTaken { count = make(.subtract, [.value(t), count], at: .none) }
      return single(count, at: .none)
    }
    guard let steps = count(t), let horizon = count(horizon(of: clock.outer)) else { return nil }
    return Clock.Time(steps: steps, horizon: horizon, isForeseen: isForeseen)
  }

  private func counted(_ clock: Clock) -> Clock.Time {
    let before = state(clock.prefix + "t", .scalar, .zero, .none)
    let one = lowerer.builder.constant(1)
    guard
      case .value(let steps) = make(
        .add, [before.handle, Handle(level: 0, id: one)], at: .none),
      let next = held(steps, before: before.handle, clock, at: .none)
    else { return Clock.Time(steps: before.handle, horizon: before.handle, isForeseen: false) }
    lowerer.builder.output(.state(before.slot), local(next))
    return Clock.Time(steps: steps, horizon: horizon(of: clock.outer), isForeseen: false)
  }

  /// The k and c of a condition `t mod k == c`, where they are known before the run.
  private func period(
    _ given: Clock.Guard, _ t: Handle
  ) -> (length: Handle, place: Double, isTaken: Bool)? {
    let function = lowerer.builder.function
    var (condition, isTaken) = (given.condition.id, given.isTaken)
    while function[condition].operation == .logicalNot {
      condition = function[condition].a
      isTaken.toggle()
    }
    let comparison = function[condition]
    guard [.equal, .notEqual].contains(comparison.operation) else { return nil }
    if comparison.operation == .notEqual { isTaken.toggle() }
    for (x, y) in [(comparison.a, comparison.b), (comparison.b, comparison.a)] {
      let remainder = function[x]
      guard remainder.operation == .modulo, remainder.a == t.id,
        isFixed(remainder.b, function), let place = number(y, function)
      else { continue }
      let length = number(remainder.b, function)
      if let length, !(length >= 1 && length == length.rounded() && place < length) { return nil }
      guard place >= 0, place == place.rounded(), length != nil || place == 0 else { return nil }
      return (Handle(level: 0, id: remainder.b), place, isTaken)
    }
    return nil
  }

  /// Whether a value is made of numbers and of hyperparameters that no schedule moves.
  private func isFixed(_ value: ValueID, _ function: Function) -> Bool {
    let instruction = function[value]
    switch instruction.operation {
    case .constant, .free: return true
    case .hyper:
      let arguments = lowerer.module.arguments
      guard let given = arguments.output(.hyper(Int(instruction.attribute))) else { return true }
      return arguments.operations(under: given).isDisjoint(with: [.step, .horizon])
    case _ where instruction.operation.isElementwise:
      return function.operands(value).allSatisfy { isFixed($0, function) }
    default: return false
    }
  }

  /// The number that a value is with the arguments given; nil where they are no numbers.
  private func number(_ value: ValueID, _ function: Function) -> Double? {
    let instruction = function[value]
    switch instruction.operation {
    case .constant: return function.constantValue(value)
    case .hyper:
      let arguments = lowerer.module.arguments
      return arguments.output(.hyper(Int(instruction.attribute))).flatMap {
        arguments.constantValue($0)
      }
    case _ where instruction.operation.isElementwise:
      var operands: [Double] = []
      for operand in function.operands(value) {
        guard let x = number(operand, function) else { return nil }
        operands.append(x)
      }
      return Folding.fold(instruction.operation, operands)
    default: return nil
    }
  }

  // MARK: Schedules

  /// The hyperparameters of a rule that are read at its own t, where it has one.
  func note(_ clock: Clock, of value: RuleValue) {
    let slots = value.hyperIndex.values.flatMap(slots(of:)).filter(isScheduled)
    guard !slots.isEmpty else { return }
    let time = time(clock)
    guard time.isForeseen else {
      lowerer.module.counted.formUnion(slots)
      return
    }
    let own = Function.Clock(
      function: lowerer.draft.levels[0].builder.function, steps: time.steps.id,
      horizon: time.horizon.id)
    for slot in slots { lowerer.module.clocks[slot] = own }
  }

  private func slots(of index: Int) -> Range<Int> {
    let list = lowerer.module.lists[index] ?? (index, nil)
    return list.start..<list.start + (list.count ?? 1)
  }

  private func isScheduled(_ slot: Int) -> Bool {
    let defaults = lowerer.module.defaults
    return defaults.output(.hyper(slot)).map {
      !defaults.operations(under: $0).isDisjoint(with: [.step, .horizon])
    } ?? false
  }

  /// A schedule as a part of the step: its t is counted in a state, which only the step sees.
  func countedHyper(_ slot: Int, _ clock: Clock) -> Handle? {
    guard lowerer.module.counted.contains(slot) else { return nil }
    let time = time(clock)
    let defaults = lowerer.module.defaults
    lowerer.module.structural.insert(slot)
    let value = try? lowerer.draft.levels[0].builder.copy(
      defaults, .hyper(slot), at: (time.steps.id, time.horizon.id))
    return value.map { Handle(level: 0, id: $0) }
  }
}
