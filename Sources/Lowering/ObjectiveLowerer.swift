import Diagnostics
import IR
import Semantics
import Syntax

/// The module of an objective.
struct ObjectiveLowerer: LoweringPart {
  let lowerer: Lowerer

  /// The lowerer.module of an objective; `arguments` are those of its call (`mlp(hidden = 64)`).
  func module(
    of objective: CheckedObjective, _ arguments: [Argument], _ caller: Frame, _ span: Span
  ) -> ObjectiveModule? {
    lowerer.module = ModuleState()
    let declaration = objective.declaration
    let names = objective.hypers.map(\.name)
    guard
      let bound = bind(
        arguments, to: names, of: declaration.name.text,
        hasDefault: objective.hypers.map { $0.initial != nil }, span)
    else { return nil }
    guard let defaults = defaults(objective, bound, caller) else { return nil }
    let domains = objective.hypers.map { domain(of: $0, in: objective.tree) }

    var parameters: [ParameterSlot] = []
    let initial = initial(objective, &parameters)
    begin(declaration.name.text, drawShape: .scalar, firstSite: 0x8000_0000)
    lowerer.module.trainingSlot = names.count
    defer { lowerer.module.trainingSlot = nil }
    var inputs: [InputSlot] = []
    let frame = objectiveFrame(objective)
    let bindings = self.bindings(objective)
    for (slot, binding) in bindings.enumerated() {
      // What has no shape was reported with its first value.
      guard let type = binding.type, parameters.contains(where: { $0.origin == binding.span }),
        let shape = shape(type, frame)
      else {
        frame.entries[binding.name.key] = Entry(binding.name, .failure)
        continue
      }
      let source = lowerer.builder.source(
        .parameter, ValueType(.real, shape), attribute: Int32(slot))
      frame.entries[binding.name.key] = Entry(binding.name, handle(source))
      // The slots' shapes are those of the forward function.
      if slot < parameters.count { parameters[slot].shape = shape }
    }
    for (slot, input) in declaration.inputs.enumerated() {
      var shape = slot == 0 ? Shape([.batch, .features]) : Shape([.batch, .fixed(1)])
      if let type = input.type {
        guard let declared = self.shape(type, frame) else {
          frame.entries[input.name.key] = Entry(input.name, .failure)
          continue
        }
        shape = declared
      }
      inputs.append(InputSlot(name: input.name.text, shape: shape, origin: input.span))
      let source = lowerer.builder.source(.input, ValueType(.real, shape), attribute: Int32(slot))
      frame.entries[input.name.key] = Entry(input.name, handle(source))
    }
    enter(objective.body, into: frame)
    let terms = enterTerms(objective, into: frame)
    guard let loss = frame.entries["loss"] else { return nil }
    let lossSpan = loss.name.span
    if let handle = single(force(loss), at: lossSpan) {
      if shape(handle).isScalar {
        lowerer.builder.output(.loss, local(handle))
      } else {
        report(.lossNotOneNumber(shape(handle), at: lossSpan))
      }
    }
    for term in terms {
      guard let handle = single(force(term), at: term.name.span) else { continue }
      guard shape(handle).isScalar else {
        report(.lossNotOneNumber(shape(handle), at: term.name.span))
        continue
      }
      lowerer.builder.output(ObjectiveModule.term(term.name.text), local(handle))
    }
    var metrics: [String] = []
    for (name, expression) in objective.body.metrics {
      let place = lowerer.program[objective.tree].span(expression)
      guard let handle = single(lower(expression, frame), at: place) else { continue }
      guard shape(handle).isScalar else {
        report(.metricNotOneNumber(name, shape(handle), at: place))
        continue
      }
      lowerer.builder.output(.metric(name.text), local(handle))
      metrics.append(name.text)
    }
    force(all: frame)
    let forward = finish()
    for index in lowerer.module.structural.sorted() {
      let hyper = index < names.count ? objective.hypers[index] : nil
      let value = hyper.flatMap { _ in defaults.output(.hyper(index)) }
      if value.map({ defaults.followsStep($0) }) ?? true {
        report(.lengthFollowsStep(hyper?.name.text ?? "training", at: hyper?.span ?? lossSpan))
      }
    }
    if lowerer.bag.hasErrors { return nil }
    var hypers = objective.hypers.enumerated().map { index, hyper in
      Hyperparameter(
        name: hyper.name.text, key: hyper.name.key, domain: domains[index],
        isStructural: lowerer.module.structural.contains(index), origin: hyper.span)
    }
    if lowerer.module.asksTraining {
      hypers.append(
        Hyperparameter(
          name: "training", key: "training", domain: nil, isStructural: false,
          origin: declaration.name.span))
    }
    return ObjectiveModule(
      name: declaration.name.text, documentation: declaration.documentation, hypers: hypers,
      defaults: defaults, parameters: parameters, inputs: inputs, initial: initial,
      forward: forward, metrics: metrics, terms: terms.map(\.name.text),
      training: lowerer.module.asksTraining ? names.count : nil, origin: declaration.name.span)
  }

  private func bindings(_ objective: CheckedObjective) -> [Binding] {
    objective.headerParameters.map {
      Binding(name: $0.name, type: $0.type, initial: $0.initial, storage: nil, span: $0.span)
    } + objective.body.parameters
  }

  /// The terms of the loss, and the loss that is their sum.
  private func enterTerms(_ objective: CheckedObjective, into frame: Frame) -> [Entry] {
    let terms = objective.body.terms.map { name, value in
      Entry(name, level: 0) { [unowned lowerer] in Self(lowerer: lowerer).lower(value, frame) }
    }
    guard let first = terms.first else { return [] }
    let name = Name(key: "loss", text: "loss", span: first.name.span)
    frame.entries["loss"] = Entry(name, level: 0) { [unowned lowerer] in
      let part = Self(lowerer: lowerer)
      return terms.dropFirst().reduce(part.force(first)) {
        part.make(.add, [$0, part.force($1)], at: $1.name.span)
      }
    }
    return terms
  }

  private func objectiveFrame(_ objective: CheckedObjective) -> Frame {
    let frame = lowerer.frame(tree: objective.tree, parent: nil)
    for (index, hyper) in objective.hypers.enumerated() {
      frame.entries[hyper.name.key] = Entry(hyper.name, level: 0) { [unowned lowerer] in
        Self(lowerer: lowerer).handle(
          lowerer.builder.source(.hyper, .scalar, attribute: Int32(index)))
      }
    }
    return frame
  }

  private func defaults(
    _ objective: CheckedObjective, _ bound: [ExprID?], _ caller: Frame
  ) -> Function? {
    begin(objective.declaration.name.text + ".defaults", drawShape: .scalar)
    let inside = lowerer.frame(tree: objective.tree, parent: nil)
    for (index, hyper) in objective.hypers.enumerated() {
      inside.entries[hyper.name.key] = Entry(hyper.name, level: 0) { [unowned lowerer] in
        if let given = bound[index] { return Self(lowerer: lowerer).lower(given, caller) }
        return hyper.initial.map { Self(lowerer: lowerer).lower($0, inside) } ?? .failure
      }
    }
    for (index, hyper) in objective.hypers.enumerated() {
      guard let handle = single(force(inside.entries[hyper.name.key]!), at: hyper.span) else {
        return nil
      }
      guard shape(handle).isScalar else {
        report(.hyperNotOneNumber(hyper.name.text, at: hyper.span))
        return nil
      }
      lowerer.builder.output(.hyper(index), local(handle))
    }
    return finish()
  }

  /// The function of the starting values; declares the parameters on the way.
  private func initial(
    _ objective: CheckedObjective, _ parameters: inout [ParameterSlot]
  ) -> Function {
    begin(objective.declaration.name.text + ".initial", drawShape: .scalar)
    let frame = objectiveFrame(objective)
    for (slot, binding) in bindings(objective).enumerated() {
      guard let type = binding.type else {
        report(.parameterWithoutShape(binding))
        continue
      }
      guard let shape = shape(type, frame) else { continue }
      let header = objective.headerParameters
      parameters.append(
        ParameterSlot(
          name: binding.name.text, shape: shape,
          isAscended: slot < header.count && header[slot].ascend != nil, origin: binding.span))
      lowerer.draft.drawShape = shape
      lowerer.draft.equationName = binding.name.key
      let value = binding.initial.map { lower($0, frame) } ?? constant(0)
      guard let handle = single(value, at: binding.span),
        let fitted = fit(
          handle, to: shape, { "the parameter `\(binding.name.text)`" }, at: binding.span)
      else { continue }
      lowerer.builder.output(.parameter(slot), local(fitted))
    }
    return finish()
  }
}
