import Diagnostics
import IR
import Semantics
import Syntax

/// Equations, `when`, `every` and `repeat`: what a block enters into its frame.
struct BlockLowerer: LoweringPart {
  let lowerer: Lowerer

  /// Enters the equations of a block into a frame, guarded and repeated ones included.
  func enter(_ block: Block, into frame: Frame) {
    for definition in block.definitions {
      let key = definition.name.key + (definition.isPrimed ? "'" : "")
      var name = definition.name
      if definition.isPrimed { name.text += "'" }
      frame.entries[key] = Entry(name, level: lowerer.draft.level) { [unowned lowerer] in
        let value = Self(lowerer: lowerer).value(of: definition, in: frame)
        if !definition.isPrimed { lowerer.name(value, definition.name) }
        return value
      }
    }
    for guarded in block.guards { enter(guarded, into: frame) }
    for repeated in block.repeats { enter(repeated, into: frame) }
  }

  func value(of definition: Definition, in frame: Frame) -> Value {
    let value = lower(definition.value, frame)
    guard let position = definition.position else { return pushed(value, definition, frame) }
    switch value {
    case .several(let handles) where handles.count == definition.valueCount:
      return .value(handles[position])
    case .list(let items) where items.count == definition.valueCount: return items[position]
    case .failure: return .failure
    case .several(let handles):
      return report(.valuesForNames(handles.count, definition))
    default:
      return report(.valuesForNames(1, definition))
    }
  }

  /// An equation of a window pushes what is not a window itself.
  private func pushed(_ value: Value, _ definition: Definition, _ frame: Frame) -> Value {
    guard definition.isPrimed, frame.isOfRule,
      let window = frame.rule?.windows[definition.name.key],
      let handle = single(value, at: definition.span), !shape(handle).axes.contains(.window)
    else { return value }
    guard
      let fitted = fit(
        handle, to: shape(window).without(.window),
        { "an entry of the window `\(definition.name.text)`" }, at: definition.span)
    else { return .failure }
    return make(.push, [window, fitted], at: definition.span)
  }

  // MARK: when and every

  func enter(_ guarded: Guarded, into frame: Frame) {
    let then = lowerer.frame(tree: frame.tree, parent: frame)
    let otherwise = guarded.otherwise.map { _ in lowerer.frame(tree: frame.tree, parent: frame) }
    enter(guarded.then, into: then)
    if let otherwise, let block = guarded.otherwise { enter(block, into: otherwise) }

    let span: Span
    switch guarded.condition {
    case .when(let e), .every(let e): span = tree(frame).span(e)
    }
    let conditionName = Name(key: "when", text: "when", span: span)
    let condition = Entry(conditionName, level: lowerer.draft.level) { [unowned lowerer] in
      Self(lowerer: lowerer).condition(guarded, frame)
    }
    then.guarded = (condition, true)
    otherwise?.guarded = (condition, false)
    let keys = Set(then.entries.keys).union(otherwise?.entries.keys ?? [:].keys)
    for key in keys.sorted() {
      let isPrimed = key.hasSuffix("'")
      let first = then.entries[key]
      let second = otherwise?.entries[key]
      if !isPrimed, first == nil || second == nil { continue }
      let name = (first ?? second)!.name
      let old = isPrimed ? String(key.dropLast()) : key
      frame.entries[key] = Entry(name, level: lowerer.draft.level) { [unowned lowerer] in
        let part = Self(lowerer: lowerer)
        let keep = { () -> Value in
          part.lookup(Name(key: old, text: old, span: name.span), frame)
        }
        let c = part.force(condition)
        let a = first.map { part.force($0) } ?? keep()
        let b = second.map { part.force($0) } ?? keep()
        let value = part.choose(c, a, b, at: name.span)
        if !isPrimed { lowerer.name(value, name) }
        return value
      }
    }
    frame.branches.append(then)
    if let otherwise { frame.branches.append(otherwise) }
  }

  private func condition(_ guarded: Guarded, _ frame: Frame) -> Value {
    switch guarded.condition {
    case .when(let expression):
      let value = lower(expression, frame)
      let span = tree(frame).span(expression)
      guard let handle = single(value, at: span) else { return .failure }
      if type(handle).kind != .boolean {
        return report(.needsCondition("when", for: "t > 10", at: span))
      }
      if !shape(handle).axes.isEmpty {
        return report(.axisLeft(shape(handle), in: .scalar, "the condition of `when`", at: span))
      }
      if !shape(handle).isScalar {
        return report(.differsInWhen(at: span))
      }
      return value
    case .every(let expression):
      let span = tree(frame).span(expression)
      guard let period = single(lower(expression, frame), at: span) else { return .failure }
      guard shape(period).isScalar else {
        return report(.needsOneNumber("every", of: "steps", at: span))
      }
      let t = ClockLowerer(lowerer: lowerer).steps(of: frame.rule?.clock)
      let remainder = make(.modulo, [.value(t), .value(period)], at: span)
      return make(.equal, [remainder, constant(0)], at: span)
    }
  }

  // MARK: repeat

  func enter(_ repeated: Repeated, into frame: Frame) {
    let carried = repeated.body.definitions.filter(\.isPrimed).map(\.name)
    let whole = Entry(
      Name(key: "repeat", text: "repeat", span: repeated.span), level: lowerer.draft.level
    ) { [unowned lowerer] in
      Self(lowerer: lowerer).loop(repeated, carried, frame)
    }
    for (position, name) in carried.enumerated() {
      let entry = Entry(name, level: lowerer.draft.level) { [unowned lowerer] in
        guard case .several(let results) = Self(lowerer: lowerer).force(whole) else {
          return .failure
        }
        lowerer.name(.value(results[position]), name)
        return .value(results[position])
      }
      frame.afterLoops[name.key, default: []].append((repeated.span.end, entry))
    }
    for (key, _) in frame.afterLoops { frame.afterLoops[key]?.sort { $0.end < $1.end } }
  }

  private func loop(_ repeated: Repeated, _ carried: [Name], _ frame: Frame) -> Value {
    let count = lower(repeated.count, frame)
    let countSpan = tree(frame).span(repeated.count)
    guard let countHandle = single(count, at: countSpan) else { return .failure }
    guard shape(countHandle).isScalar else {
      return report(.needsOneNumber("repeat", of: "iterations", at: countSpan))
    }
    if let count = constantValue(.value(countHandle)),
      !(count >= 0 && count == count.rounded() && count <= 1e6)
    {
      return report(.badRepeatCount(count, at: countSpan))
    }
    markStructural(countHandle)
    var initial: [ValueID] = []
    for name in carried {
      var before = name
      before.span = Span(repeated.span.start, repeated.span.start)
      guard let handle = single(lookup(before, frame), at: name.span) else { return .failure }
      initial.append(local(handle))
    }
    let outer = lowerer.draft.level
    // A loop body may be what asked for this value: it waits while the loop here is made.
    let waiting = Array(lowerer.draft.levels[(outer + 1)...])
    lowerer.draft.levels.removeSubrange((outer + 1)...)
    lowerer.draft.levels.append(
      FunctionDraft.Level(builder: FunctionBuilder(name: "repeat"), carriedCount: carried.count))
    lowerer.draft.level = outer + 1
    defer {
      lowerer.draft.levels.removeSubrange((outer + 1)...)
      lowerer.draft.levels += waiting
      lowerer.draft.level = outer
    }

    let inside = lowerer.frame(tree: frame.tree, parent: frame)
    for (position, name) in carried.enumerated() {
      let type = lowerer.draft.levels[outer].builder.type(initial[position])
      let argument = lowerer.builder.source(.argument, type, attribute: Int32(position))
      inside.entries[name.key] = Entry(name, handle(argument))
    }
    enter(repeated.body, into: inside)
    for (position, name) in carried.enumerated() {
      guard let entry = inside.entries[name.key + "'"],
        let next = single(force(entry), at: name.span)
      else { return .failure }
      let before = lowerer.draft.levels[outer].builder.type(initial[position])
      let shape = before.shape
      if before.kind != type(next).kind {
        report(.kindChanges(name, from: before.kind))
        return .failure
      }
      guard
        let fitted = fit(next, to: shape, { "`\(name.text)` before the loop" }, at: name.span)
      else { return .failure }
      let value = local(fitted)
      lowerer.builder.output(.result(position), value)
    }
    force(all: inside)
    let finished = lowerer.draft.levels[lowerer.draft.level]
    let loop = Loop(
      initial: initial, captured: finished.captured, body: finished.builder.finish())
    if let count = constantValue(.value(countHandle)), count > Double(Function.barrierLimit),
      loop.body.letsTensorsMeet
    {
      return report(.meetsTooOften(at: repeated.span))
    }
    lowerer.draft.levels[outer].builder.origin = repeated.span
    let countID = local(countHandle, atLevel: outer)
    let tuple = lowerer.draft.levels[outer].builder.loop(countID, loop)
    let results = initial.indices.map { position in
      Handle(
        level: outer,
        id: lowerer.draft.levels[outer].builder.project(
          tuple, position, type: lowerer.draft.levels[outer].builder.type(initial[position])))
    }
    return .several(results)
  }

  private func local(_ handle: Handle, atLevel target: Int) -> ValueID {
    let saved = lowerer.draft.level
    lowerer.draft.level = target
    defer { lowerer.draft.level = saved }
    return local(handle)
  }
}
