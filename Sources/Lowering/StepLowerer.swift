import Diagnostics
import IR
import Semantics
import Syntax

/// One step of a rule: its states, inputs and equations, applied to w and g.
struct StepLowerer: LoweringPart {
  let lowerer: Lowerer

  // MARK: Applying a rule

  /// `base(w, g)`: the parameter after the base rule's step.
  func applyRule(
    _ name: Name, _ rule: RuleValue, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    guard let scope = frame.rule else {
      return report(.notAFunction(rule: name.text, at: span))
    }
    guard lowerer.draft.level == 0 else {
      return report(.ruleInRepeat(at: span))
    }
    guard scope.applied.insert(name.key).inserted else {
      return report(.appliedTwice(name.text, at: span))
    }
    let names = ["w", "g"].map { Name(key: $0, text: $0, span: span) }
    guard
      let bound = bind(arguments, to: names, of: name.text, hasDefault: [false, true], span),
      let w = single(lower(bound[0]!, frame), at: span)
    else { return .failure }
    let g: Handle
    if let argument = bound[1] {
      guard let given = single(lower(argument, frame), at: span) else { return .failure }
      g = given
    } else {
      g = Handle(level: 0, id: lowerer.builder.source(.gradient, gradientType))
    }
    // A gradient may differ between workers; the rule inside then says how they meet.
    let target = shape(g).axes == AxisSet(.workers) ? gradientType.shape : .like
    guard let fittedW = fit(w, to: .like, { "`w`" }, at: span),
      let fittedG = fit(g, to: target, { "the gradient" }, at: span)
    else { return .failure }
    let prefix = scope.prefix + name.text + "."
    guard
      let clock = ClockLowerer(lowerer: lowerer).clock(in: frame, of: scope, prefix: prefix)
    else { return .failure }
    return apply(rule, w: fittedW, g: fittedG, prefix: prefix, clock: clock)
  }

  /// Lowers the equations of a rule, registers its states, and gives w'.
  func apply(
    _ value: RuleValue, w: Handle, g: Handle, prefix: String, clock: Clock? = nil
  ) -> Value {
    if let clock { ClockLowerer(lowerer: lowerer).note(clock, of: value) }
    switch value.body {
    case .descent: return make(.subtract, [w, g], at: value.rule.declaration.span)
    case .alias(let inner): return apply(inner, w: w, g: g, prefix: prefix, clock: clock)
    case .route(let arms):
      let choice = lowerer.module.choices[ObjectIdentifier(value)] ?? 0
      return apply(arms[choice].rule, w: w, g: g, prefix: prefix, clock: clock)
    case .equations(let block):
      return apply(block, of: value, w: w, g: g, prefix: prefix, clock: clock)
    }
  }

  func apply(
    _ block: Block, of value: RuleValue, w: Handle, g: Handle, prefix: String, clock: Clock?
  ) -> Value {
    if let span = block.matricesOverTrailing {
      return report(.unsupportedMatrices(at: span))
    }
    let savedStack = lowerer.callStack
    lowerer.callStack = []
    defer { lowerer.callStack = savedStack }
    let frame = ruleFrame(value, w: w, g: g, prefix: prefix, clock: clock)
    let clocks = ClockLowerer(lowerer: lowerer)
    // What a rule inside another returns is not stored.
    if StorageLowerer(lowerer: lowerer).rounding(of: block), prefix.isEmpty {
      lowerer.module.roundsStochastically = true
    }
    var slots: [(binding: Binding, slot: Int)] = []
    var shapeless: [Name] = []
    for binding in block.states {
      guard let slot = register(binding, value, frame, prefix) else {
        frame.entries[binding.name.key] = Entry(binding.name, .failure)
        shapeless.append(binding.name)
        continue
      }
      lowerer.builder.origin = lowerer.module.states[slot].origin
      let source = lowerer.builder.source(
        .state, ValueType(.real, lowerer.module.states[slot].shape), attribute: Int32(slot))
      frame.entries[binding.name.key] = Entry(binding.name, handle(source))
      if lowerer.module.states[slot].shape.axes.contains(.window) {
        frame.rule?.windows[binding.name.key] = Handle(level: 0, id: source)
      }
      slots.append((binding, slot))
    }
    for binding in block.inputs {
      guard let slot = registerInput(binding, frame) else {
        frame.entries[binding.name.key] = Entry(binding.name, .failure)
        continue
      }
      lowerer.builder.origin = lowerer.module.inputs[slot].origin
      let source = lowerer.builder.source(
        .input, ValueType(.real, lowerer.module.inputs[slot].shape), attribute: Int32(slot))
      frame.entries[binding.name.key] = Entry(binding.name, handle(source))
    }
    enter(block, into: frame)
    for name in shapeless { frame.entries[name.key + "'"] = Entry(name, .failure) }
    guard let update = frame.entries["w'"] else { return .failure }
    let next = force(update)
    var axesLeft = AxisSet()
    let tree = value.rule.tree
    for (binding, slot) in slots {
      guard let entry = frame.entries[binding.name.key + "'"],
        let value = single(force(entry), at: entry.name.span)
      else { continue }
      let shape = lowerer.module.states[slot].shape
      if self.shape(value).axes.contains(.workers), !shape.axes.contains(.workers),
        !lowerer.module.states[slot].isGlobal, shape.rank < Shape.maximumRank
      {
        // Found now, lowered again.
        lowerer.module.varying.insert(lowerer.module.states[slot].name)
        continue
      }
      if !self.shape(value).axes.isSubset(of: shape.axes) {
        axesLeft = axesLeft.union(self.shape(value).axes)
      }
      guard
        let fitted = fit(
          value, to: shape, { "the state `\(binding.name.text)`" },
          at: onlyValue(of: binding.name, block, tree) ?? entry.name.span,
          declared: binding.span)
      else { continue }
      guard case .value(let before) = frame.entries[binding.name.key].map({ force($0) }),
        let next = clocks.held(fitted, before: before, clock, at: entry.name.span)
      else { continue }
      if lowerer.module.states[slot].isGlobal, !isGlobal(next) {
        report(.globalFromTensor(binding.name.text, at: entry.name.span))
      }
      lowerer.builder.output(.state(slot), local(next))
    }
    for (name, expression) in block.views {
      let span = lowerer.program[value.rule.tree].span(expression)
      guard let point = single(lower(expression, frame), at: span),
        var fitted = fit(point, to: .like, { "a view" }, at: span)
      else { continue }
      if let clock {
        guard let held = clocks.heldView(fitted, name, prefix, clock) else { continue }
        fitted = held
      }
      lowerer.module.views.append((name.key, fitted, span))
    }
    if block.guardsFinite { lowerer.module.guardsFinite = true }
    force(all: frame)
    guard let result = single(next, at: update.name.span) else { return .failure }
    // What a state should not have had is not said again of what is made of it.
    let left = shape(result).axes
    if !left.isEmpty, left.isSubset(of: axesLeft) { return .failure }
    guard
      let fitted = fit(result, to: .like, { "`w'`" }, at: update.name.span)
    else { return .failure }
    return .value(fitted)
  }

  /// The right side of the one equation of a state; nil where several paths have one each.
  private func onlyValue(of state: Name, _ block: Block, _ tree: TreeID) -> Span? {
    let all = block.allDefinitions().filter { $0.isPrimed && $0.name.key == state.key }
    return all.count == 1 ? lowerer.program[tree].span(all[0].value) : nil
  }

  /// The frame of a rule's equations: w, g and its hyperparameters.
  func ruleFrame(
    _ value: RuleValue, w: Handle, g: Handle?, prefix: String, clock: Clock? = nil
  ) -> Frame {
    let frame = lowerer.frame(tree: value.rule.tree, parent: nil)
    frame.rule = RuleScope(value: value, prefix: prefix, clock: clock)
    frame.isOfRule = true
    frame.rules = value.rules
    frame.functions = value.functions
    func given(_ key: String, _ handle: Handle) {
      let name = Name(key: key, text: key, span: value.rule.declaration.name.span)
      frame.entries[key] = Entry(name, .value(handle))
    }
    given("w", w)
    if let g { given("g", g) }
    enterHypers(of: value, into: frame)
    return frame
  }

  /// Makes the hyperparameters of a rule readable: each is a run-time input.
  func enterHypers(of value: RuleValue, into frame: Frame) {
    for hyper in value.rule.hypers {
      guard let index = value.hyperIndex[hyper.name.key] else { continue }
      frame.entries[hyper.name.key] = Entry(hyper.name, level: 0) { [unowned lowerer] in
        let part = Self(lowerer: lowerer)
        return part.hyperSource(index, frame.rule?.clock) {
          part.listAxis(hyper.name.key, of: value)
        }
      }
    }
  }

  /// A hyperparameter as the run-time inputs that it is: one, or one for each entry of a list.
  func hyperSource(_ index: Int, _ clock: Clock? = nil, axis: () -> AxisName) -> Value {
    let list = lowerer.module.lists[index] ?? (index, nil)
    let sources = (list.start..<list.start + (list.count ?? 1)).map { slot in
      clock.flatMap { ClockLowerer(lowerer: lowerer).countedHyper(slot, $0) }
        ?? Handle(
          level: 0,
          id: lowerer.draft.levels[0].builder.source(.hyper, .scalar, attribute: Int32(slot)))
    }
    return list.count == nil ? .value(sources[0]) : .entries(sources, axis())
  }

  /// The type of the host's gradient.
  var gradientType: ValueType {
    lowerer.module.usesWorkers
      ? ValueType(.real, Shape.over(AxisSet(.workers), [.workers], .like)!) : .like
  }

  private func register(
    _ binding: Binding, _ value: RuleValue, _ frame: Frame, _ prefix: String
  ) -> Int? {
    var shape = Shape.like
    var isGlobal = false
    if let type = binding.type {
      guard let declared = self.shape(type, frame) else { return nil }
      shape = declared
      isGlobal = type.kind.key == "global"
    }
    shape = varying(shape, prefix + binding.name.text)
    guard let storage = StorageLowerer(lowerer: lowerer).storage(binding.storage, frame, of: shape)
    else { return nil }
    lowerer.module.states.append(
      StateSlot(
        name: prefix + binding.name.text, shape: shape, isGlobal: isGlobal, storage: storage,
        roundsStochastically: binding.storage?.rounding?.key == "stochastic",
        origin: binding.span))
    lowerer.module.firstValues.append(
      .declared(ModuleState.StateOrigin(binding: binding, rule: value, prefix: prefix)))
    return lowerer.module.states.count - 1
  }

  /// The shape of a state, one for each worker where it was found to differ between them.
  func varying(_ shape: Shape, _ name: String) -> Shape {
    guard lowerer.module.varying.contains(name), !shape.axes.contains(.workers) else {
      return shape
    }
    return Shape.over(
      shape.axes.union(AxisSet(.workers)), [.workers] + shape.lengths, shape.tensor) ?? shape
  }

  private func registerInput(_ binding: Binding, _ frame: Frame) -> Int? {
    var shape = Shape.like
    if let type = binding.type {
      guard let declared = self.shape(type, frame) else { return nil }
      shape = declared
    }
    if let known = lowerer.module.inputs.firstIndex(where: { $0.name == binding.name.text }) {
      if lowerer.module.inputs[known].shape == shape { return known }
      report(.inputOfTwoShapes(binding))
      return nil
    }
    lowerer.module.inputs.append(
      InputSlot(name: binding.name.text, shape: shape, origin: binding.span))
    return lowerer.module.inputs.count - 1
  }

  /// Whether a value is the same for all parameter tensors.
  func isGlobal(_ handle: Handle) -> Bool {
    let function = lowerer.draft.levels[handle.level].builder.function
    return !function.dependsOnTensor(handle.id, states: lowerer.module.states)
  }
}
