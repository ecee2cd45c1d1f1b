import Diagnostics
import IR
import Semantics
import Syntax

/// Expressions, names and operators.
struct ExpressionLowerer: LoweringPart {
  let lowerer: Lowerer

  /// The meaning of an expression in a frame.
  func lower(_ id: ExprID, _ frame: Frame) -> Value {
    let tree = tree(frame)
    let span = tree.span(id)
    lowerer.patience -= 1
    if lowerer.patience < 0 { return tooLarge(span) }
    lowerer.depth += 1
    defer { lowerer.depth -= 1 }
    if lowerer.depth > Lowerer.depthLimit {
      return report(.tooDeep(limit: Lowerer.depthLimit, at: span))
    }
    switch tree[id] {
    case .number(let x, _): return constant(x)
    case .string(let text): return .string(text)
    case .name(let name): return value(of: name, meaning(id, frame), frame)
    case .primed(let name): return primed(name, frame)
    case .unary(let op, let a):
      return make(op == .minus ? .negate : .logicalNot, [operand(a, frame)], at: span)
    case .binary(let op, let a, let b): return binary(op, a, b, frame, span)
    case .conditional(let c, let then, let otherwise):
      let condition = operand(c, frame)
      if case .value(let handle) = condition, type(handle).kind != .boolean {
        return report(.needsCondition("if", for: "x > 0", at: tree.span(c)))
      }
      let name = Name(key: "if", text: "if", span: tree.span(c))
      func arm(_ isTaken: Bool) -> Frame {
        let inside = lowerer.frame(tree: frame.tree, parent: frame)
        inside.guarded = (Entry(name, condition), isTaken)
        return inside
      }
      guard let scope = frame.rule, !scope.value.rules.isEmpty, case .value(let handle) = condition,
        shape(handle).isScalar
      else { return choose(condition, operand(then, frame), operand(otherwise, frame), at: span) }
      return choose(condition, operand(then, arm(true)), operand(otherwise, arm(false)), at: span)
    case .call(let name, let arguments):
      return CallLowerer(lowerer: lowerer).call(name, meaning(id, frame), arguments, frame, span)
    case .global(let inner): return ReductionLowerer(lowerer: lowerer).global(inner, frame, span)
    case .over(let reduction, let axis, let inner):
      return ReductionLowerer(lowerer: lowerer).over(reduction, axis, inner, frame, span)
    case .index(let a, let subscripts):
      return IndexLowerer(lowerer: lowerer).index(a, subscripts, frame, span)
    case .transpose(let a): return transpose(lower(a, frame), at: span)
    case .member(let inner, let name):
      return report(.unknownMember(name, length(named: name, of: inner, tree), at: span))
    case .list(let items): return .list(items.map { lower($0, frame) })
    case .norm(let a): return reduce("norm", operand(a, frame), .all, at: span)
    case .error: return .failure
    }
  }

  /// How a length is asked for that other libraries have as a part of a tensor: `x.size`, `x.shape[0]`.
  func length(
    named name: Name, of value: ExprID, at place: ExprID? = nil, _ tree: SyntaxTree
  ) -> String? {
    let text = tree.sourceText(value)
    switch (name.text, place.map { tree.sourceText($0) }) {
    case ("size", nil), ("shape", nil): return "numel(\(text))"
    case ("ndim", nil): return text == "w" || text == "g" ? "rank" : nil
    case ("shape", "0"): return "rows(\(text))"
    case ("shape", "1"), ("shape", "-1"): return "cols(\(text))"
    default: return nil
    }
  }

  /// One tensor or number that an operation takes; what is none is reported where it stands.
  func operand(_ id: ExprID, _ frame: Frame) -> Value {
    let value = lower(id, frame)
    if case .failure = value { return value }
    return single(value, at: tree(frame).span(id)).map { .value($0) } ?? .failure
  }

  /// The value of a name that stands for `meaning`.
  func value(of name: Name, _ meaning: Declaration?, _ frame: Frame) -> Value {
    switch meaning?.kind {
    case .definition:
      return lowerer.program.definition(name.key, from: frame.tree).map {
        lowerDefinition($0, name)
      }
        ?? unknown(name)
    case .ruleParameter: return frame.ruleParameter(name.key).map { .rule($0) } ?? unknown(name)
    case .functionParameter:
      return frame.functionParameter(name.key).map { .function($0) } ?? unknown(name)
    case .rule: return ruleValue(name, [], frame, name.span).map { .rule($0) } ?? .failure
    case .function:
      return lowerer.program.function(name.key, from: frame.tree).map { .function(.checked($0)) }
        ?? unknown(name)
    case .builtinFunction: return .function(.builtin(name.key))
    case .free: return free(name)
    default: return lookup(name, frame)
    }
  }

  /// The value that a frame has for a name: an equation's, a state's, w; or a word of the language.
  func lookup(_ name: Name, _ frame: Frame) -> Value {
    if let entry = frame.entry(name.key, at: name.span) { return force(entry) }
    return builtinName(name, frame) ?? unknown(name)
  }

  private func unknown(_ name: Name) -> Value { report(.unknownName(name, suggestion: nil)) }

  /// A name that stands for any number.
  private func free(_ name: Name) -> Value {
    let index = lowerer.freeNames.firstIndex(of: name.key) ?? lowerer.freeNames.count
    if index == lowerer.freeNames.count { lowerer.freeNames.append(name.key) }
    lowerer.builder.origin = name.span
    return handle(lowerer.builder.source(.free, .scalar, attribute: Int32(index)))
  }

  func lowerDefinition(_ definition: CheckedDefinition, _ name: Name) -> Value {
    if definition.isBroken { return report(.broken(name.text, at: name.span)) }
    if let known = lowerer.draft.definitions[definition.name.key] {
      return known
        ?? report(.dependsOnItself(definition.name.text, at: name.span))
    }
    lowerer.draft.definitions.updateValue(nil, forKey: definition.name.key)
    // One value wherever it is named, so it stands outside of all loops.
    let (inner, site) = (lowerer.draft.level, lowerer.draft.nextSite)
    lowerer.draft.level = 0
    // One number, too, in all statements that name it.
    lowerer.draft.nextSite = Draw.firstSite(ofValue: definition.name.key)
    let value = lower(definition.value, lowerer.frame(tree: definition.tree, parent: nil))
    (lowerer.draft.level, lowerer.draft.nextSite) = (inner, site)
    lowerer.draft.definitions.updateValue(value, forKey: definition.name.key)
    return value
  }

  private func builtinName(_ name: Name, _ frame: Frame) -> Value? {
    switch name.key {
    case "t": return .value(ClockLowerer(lowerer: lowerer).steps(of: frame.rule?.clock))
    case "T": return .value(ClockLowerer(lowerer: lowerer).horizon(of: frame.rule?.clock))
    case "pi": return constant(.pi)
    case "inf": return constant(.infinity)
    case "e": return constant(2.718281828459045)
    case "nan": return constant(.nan)
    case "true": return handle(lowerer.builder.boolean(true))
    case "false": return handle(lowerer.builder.boolean(false))
    case "loss": return .value(hostNumber(.loss))
    case "training": return training(name)
    case "rank": return handle(lowerer.builder.extent(.rank))
    case "rows": return handle(lowerer.builder.extent(.rows))
    case "cols": return handle(lowerer.builder.extent(.cols))
    case "numel": return handle(lowerer.builder.extent(.numel))
    case "batch": return handle(lowerer.builder.extent(.batch))
    case "groups": return handle(lowerer.builder.extent(.groups))
    case "workers": return handle(lowerer.builder.extent(.workers))
    case "features": return handle(lowerer.builder.extent(.features))
    default: return nil
    }
  }

  /// The condition that holds in a step, of an objective alone.
  private func training(_ name: Name) -> Value {
    guard let slot = lowerer.module.trainingSlot else {
      return report(.trainingOutsideObjective(at: name.span))
    }
    lowerer.module.asksTraining = true
    let number = Handle(
      level: 0,
      id: lowerer.draft.levels[0].builder.source(.hyper, .scalar, attribute: Int32(slot)))
    return make(.notEqual, [.value(number), constant(0)], at: name.span)
  }

  private func primed(_ name: Name, _ frame: Frame) -> Value {
    if let entry = frame.entry(name.key + "'", at: name.span) { return force(entry) }
    // A state that no equation changes keeps its value.
    return lookup(name, frame)
  }

  // MARK: Operators

  private func binary(
    _ op: BinaryOperator, _ a: ExprID, _ b: ExprID, _ frame: Frame, _ span: Span
  ) -> Value {
    let tree = tree(frame)
    if op == .matches || op == .matchesNot {
      return report(.patternOutsideRoute(op, at: span))
    }
    let x = operand(a, frame)
    let y = operand(b, frame)
    let operation: Operation
    switch op {
    case .add: operation = .add
    case .subtract: operation = .subtract
    case .multiply: operation = .multiply
    case .divide: operation = .divide
    case .modulo: operation = .modulo
    case .less: operation = .less
    case .lessOrEqual: operation = .lessOrEqual
    case .greater: operation = .greater
    case .greaterOrEqual: operation = .greaterOrEqual
    case .equal: operation = .equal
    case .notEqual: operation = .notEqual
    case .and: operation = .logicalAnd
    case .or: operation = .logicalOr
    case .power: operation = .power
    case .matrixProduct: return matrixProduct(x, y, at: span)
    case .matches, .matchesNot: return .failure
    }
    if operation == .logicalAnd || operation == .logicalOr {
      for (value, side) in [(x, a), (y, b)] {
        if case .value(let handle) = value, type(handle).kind != .boolean {
          return report(.combinesConditions(op, at: tree.span(side)))
        }
      }
    }
    return make(operation, [x, y], at: span)
  }

  /// `A @ B`, where a vector on the right is a column and one on the left a row.
  func matrixProduct(_ x: Value, _ y: Value, at span: Span) -> Value {
    guard var a = single(x, at: span), var b = single(y, at: span) else { return .failure }
    if entry(a).isScalar || entry(b).isScalar {
      return report(.productOfNumber(at: span))
    }
    var resultIsRow = false
    if entry(a).rank == 1 {
      guard let row = reshaped(a, [.fixed(1), entry(a)[0]], span) else { return .failure }
      a = row
    }
    let inner = entry(a).rank > 1 ? entry(a).extents.last! : .unknown
    if entry(b).rank == 1 {
      guard let column = reshaped(b, [entry(b)[0], .fixed(1)], span) else { return .failure }
      b = column
    } else if entry(b).rank == 2, entry(b).extents[0].isOne, !entry(b).extents[1].isOne,
      !inner.isOne
    {
      guard let column = reshaped(b, [entry(b).extents[1], .fixed(1)], span) else {
        return .failure
      }
      b = column
      resultIsRow =
        entry(a).rank == 2 && entry(a).extents[0] != .rows
        && entry(a).extents[0] != .batch
    }
    let product = make(.matrixProduct, [a, b], at: span)
    guard resultIsRow, case .value(let handle) = product else { return product }
    return reshaped(handle, [.fixed(1), entry(handle).extents[0]], span).map { .value($0) }
      ?? .failure
  }

  func transpose(_ value: Value, at span: Span) -> Value {
    guard let handle = single(value, at: span) else { return .failure }
    if entry(handle).rank == 1 {
      return reshaped(handle, [entry(handle)[0], .fixed(1)], span).map { .value($0) } ?? .failure
    }
    return make(.transpose, [handle], at: span)
  }
}
