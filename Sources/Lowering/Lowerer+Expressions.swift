import Diagnostics
import IR
import Semantics
import Syntax

extension Lowerer {
  /// The meaning of an expression in a frame.
  func lower(_ id: ExprID, _ frame: Frame) -> Value {
    let tree = tree(frame)
    let span = tree.span(id)
    patience -= 1
    if patience < 0 { return tooLarge(span) }
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthLimit {
      return report(.tooDeep(limit: Self.depthLimit, at: span))
    }
    switch tree[id] {
    case .number(let x, _): return constant(x)
    case .string(let text): return .string(text)
    case .name(let name): return lookup(name, frame)
    case .primed(let name): return primed(name, frame)
    case .unary(let op, let a):
      return make(op == .minus ? .negate : .logicalNot, [operand(a, frame)], at: span)
    case .binary(let op, let a, let b): return binary(op, a, b, frame, span)
    case .conditional(let c, let then, let otherwise):
      let condition = operand(c, frame)
      if case .value(let handle) = condition, type(handle).kind != .boolean {
        return report(.needsCondition("if", for: "x > 0", at: tree.span(c)))
      }
      return choose(condition, operand(then, frame), operand(otherwise, frame), at: span)
    case .call(let name, let arguments): return call(name, arguments, frame, span)
    case .global(let inner): return global(inner, frame, span)
    case .over(let reduction, let axis, let inner):
      return over(reduction, axis, inner, frame, span)
    case .index(let a, let subscripts): return index(a, subscripts, frame, span)
    case .transpose(let a): return transpose(lower(a, frame), at: span)
    case .member(_, let name):
      return report(.unknownMember(name))
    case .list(let items): return .list(items.map { lower($0, frame) })
    case .norm(let a): return reduce("norm", operand(a, frame), .all, at: span)
    case .error: return .failure
    }
  }

  /// One tensor or number that an operation takes; what is none is reported where it stands.
  func operand(_ id: ExprID, _ frame: Frame) -> Value {
    let value = lower(id, frame)
    if case .failure = value { return value }
    return single(value, at: tree(frame).span(id)).map { .value($0) } ?? .failure
  }

  // MARK: Names

  func lookup(_ name: Name, _ frame: Frame) -> Value {
    if let entry = frame.entry(name.key, at: name.span) { return force(entry) }
    if let rule = frame.ruleParameter(name.key) { return .rule(rule) }
    if let function = frame.functionParameter(name.key) { return .function(function) }
    if let definition = program.definition(name.key, from: frame.tree) {
      return lowerDefinition(definition, name)
    }
    if let value = builtinName(name, frame) { return value }
    if program.rule(name.key, from: frame.tree) != nil {
      return ruleValue(name, [], frame, name.span).map { .rule($0) } ?? .failure
    }
    if let function = program.function(name.key, from: frame.tree) {
      return .function(.checked(function))
    }
    if Builtins.functions.contains(name.key) { return .function(.builtin(name.key)) }
    if frame.tree == symbolicTree { return symbolic(name) }
    return report(.unknownName(name, suggestion: nil))
  }

  /// A free symbol: a hyperparameter numbered from `Lowering.firstSymbol` on.
  private func symbolic(_ name: Name) -> Value {
    let index = symbolicNames.firstIndex(of: name.key) ?? symbolicNames.count
    if index == symbolicNames.count { symbolicNames.append(name.key) }
    return handle(
      builder.source(
        .hyper, .scalar, attribute: Int32(Lowering.firstSymbol + index)))
  }

  func lowerDefinition(_ definition: CheckedDefinition, _ name: Name) -> Value {
    if definition.isBroken { return report(.broken(name.text, at: name.span)) }
    if let known = definitions[definition.name.key] {
      return known
        ?? report(.dependsOnItself(definition.name.text, at: name.span))
    }
    definitions.updateValue(nil, forKey: definition.name.key)
    // One value wherever it is named, so it stands outside of all loops.
    let inner = level
    level = 0
    let value = lower(definition.value, Frame(tree: definition.tree, parent: nil))
    level = inner
    definitions.updateValue(value, forKey: definition.name.key)
    return value
  }

  private func builtinName(_ name: Name, _ frame: Frame) -> Value? {
    switch name.key {
    case "t": return given(.step)
    case "T": return given(.horizon)
    case "pi": return constant(.pi)
    case "inf": return constant(.infinity)
    case "e": return constant(2.718281828459045)
    case "nan": return constant(.nan)
    case "true": return handle(builder.boolean(true))
    case "false": return handle(builder.boolean(false))
    case "loss": return given(.loss)
    case "rank": return handle(builder.extent(.rank))
    case "rows": return handle(builder.extent(.rows))
    case "cols": return handle(builder.extent(.cols))
    case "numel": return handle(builder.extent(.numel))
    case "batch": return handle(builder.extent(.batch))
    case "groups": return handle(builder.extent(.groups))
    case "workers": return handle(builder.extent(.workers))
    case "features": return handle(builder.extent(.features))
    default: return nil
    }
  }

  /// What the host gives each step; a loop body captures it, so that a program has one form.
  private func given(_ operation: Operation) -> Value {
    .value(Handle(level: 0, id: levels[0].builder.source(operation, .scalar)))
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
    let inner = entry(a).rank == 2 ? entry(a).extents[1] : .unknown
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

  /// The shape of one entry of the named axes.
  func entry(_ handle: Handle) -> Shape { shape(handle).tensor }

  /// The value, in each entry of its named axes, under another shape.
  func reshaped(_ handle: Handle, _ extents: [Extent], _ span: Span) -> Handle? {
    guard let target = around(handle, Shape(extents), span),
      case .value(let result) = make(
        .reshape, [handle], declared: ValueType(type(handle).kind, target), at: span)
    else { return nil }
    return result
  }

  /// The named axes of a value around another tensor.
  func around(_ handle: Handle, _ tensor: Shape, _ span: Span) -> Shape? {
    if let target = shape(handle).around(tensor) { return target }
    report(.tooManyAxes(at: span))
    return nil
  }

  func transpose(_ value: Value, at span: Span) -> Value {
    guard let handle = single(value, at: span) else { return .failure }
    if entry(handle).rank == 1 {
      return reshaped(handle, [entry(handle)[0], .fixed(1)], span).map { .value($0) } ?? .failure
    }
    return make(.transpose, [handle], at: span)
  }

  // MARK: Indexing

  private func index(
    _ a: ExprID, _ subscripts: [Subscript], _ frame: Frame, _ span: Span
  ) -> Value {
    let base = lower(a, frame)
    if case .list(let items) = base, subscripts.count == 1, case .at(let i) = subscripts[0],
      isKnown(subscripts[0], frame) == true,
      let position = wholeNumber(i, frame, count: items.count)
    {
      return items[position]
    }
    if case .entries(let items, _) = base, subscripts.count == 1, case .at(let i) = subscripts[0] {
      guard let position = wholeNumber(i, frame, count: items.count) else { return .failure }
      return .value(items[position])
    }
    guard let handle = single(base, at: tree(frame).span(a)) else { return .failure }
    let extents = shape(handle).extents
    var slices = [AxisSlice](repeating: .full, count: extents.count)
    // A vector over rows or columns has one axis that counts.
    var axes = Array(extents.indices)
    if !shape(handle).axes.isEmpty {
      guard let named = indexedAxes(shape(handle), subscripts.count, at: span) else {
        return .failure
      }
      axes = named
    } else if subscripts.count == 1, extents.count == 2, extents[0].isOne != extents[1].isOne {
      axes = [extents[0].isOne ? 1 : 0]
      slices[1 - axes[0]].isDropped = true
      slices[1 - axes[0]].end = 1
    }
    let isNamed = !shape(handle).axes.isEmpty
    let isVector = !isNamed && axes.count < extents.count
    var later: [(axis: Int, subscript_: Subscript)] = []
    guard subscripts.count <= axes.count else {
      return report(.indices(subscripts.count, of: shape(handle), at: span))
    }
    for (axis, s) in zip(axes, subscripts) {
      let count = extents[axis].isFixed ? extents[axis].value : nil
      // Entries of named axes are taken by numbers known beforehand.
      guard let isKnown = isNamed ? true : isKnown(s, frame) else { return .failure }
      if !isKnown {
        // Of the axes before it, those with one place are gone by then.
        let kept = (0..<axis).count { !slices[$0].isDropped || isVector }
        later.append((kept, s))
        continue
      }
      switch s {
      case .at(let i):
        guard let position = wholeNumber(i, frame, count: count) else { return .failure }
        slices[axis] = AxisSlice(start: position, end: position + 1, isDropped: true)
      case .range(let from, let to):
        var slice = AxisSlice.full
        if let from {
          guard let x = wholeNumber(from, frame, count: count.map { $0 + 1 }) else {
            return .failure
          }
          slice.start = x
        }
        if let to {
          guard let x = wholeNumber(to, frame, count: count.map { $0 + 1 }) else { return .failure }
          slice.end = x
        }
        if let end = slice.end, end < slice.start {
          return report(.backwardRange(slice.start, end, at: span))
        }
        slices[axis] = slice
      }
    }
    if shape(handle).axes.contains(.workers), slices[0] != .full {
      return report(.indexOfWorker(at: span))
    }
    if isVector, !slices[axes[0]].isDropped {
      slices[1 - axes[0]] = .full
    }
    var result = handle
    if later.isEmpty || slices.contains(where: { $0 != .full }) {
      builder.origin = span
      do {
        result = Handle(level: level, id: try builder.slice(local(handle), slices))
      } catch {
        return report(error.diagnostic(at: span))
      }
    }
    for (axis, s) in later.reversed() {
      guard let next = gathered(result, axis: axis, s, frame, span) else { return .failure }
      result = next
      guard case .at = s else { continue }
      var rest = shape(result).extents
      rest.remove(at: axis)
      guard let one = reshaped(result, isVector ? [] : rest, span) else { return .failure }
      result = one
    }
    return .value(result)
  }

  /// A number known while checking; negative ones count from the end.
  private func wholeNumber(_ id: ExprID, _ frame: Frame, count: Int?) -> Int? {
    let span = tree(frame).span(id)
    let value = lower(id, frame)
    if case .failure = value { return nil }
    guard var x = constantValue(value), x == x.rounded(), abs(x) < 1e9 else {
      report(.fractionalIndex(at: span))
      return nil
    }
    if x < 0, let count { x += Double(count) }
    if x < 0, count == nil {
      report(.indexFromUnknownEnd(at: span))
      return nil
    }
    if x < 0 || count.map({ x >= Double($0) }) ?? false {
      report(.indexOutside(Int(x), of: count ?? 0, at: span))
      return nil
    }
    return Int(x)
  }

  // MARK: Axes and scopes

  private func global(_ inner: ExprID, _ frame: Frame, _ span: Span) -> Value {
    guard case .call(let name, let arguments) = tree(frame)[inner] else {
      if case .norm(let x) = tree(frame)[inner] {
        return globalReduce("norm", [lower(x, frame)], frame, span)
      }
      return report(.globalAlone(at: span))
    }
    if Builtins.draws.contains(name.key) {
      return draw(name.key, arguments, frame, isGlobal: true, span)
    }
    guard
      ["sum", "mean", "max", "min", "norm", "rms", "count", "dot", "any", "all"].contains(
        name.key)
    else {
      return report(.globalBefore(name, at: span))
    }
    return globalReduce(name.key, arguments.map { operand($0.value, frame) }, frame, span)
  }

  /// The meeting point of a reduction over all tensors: the same text of the same rule is the same
  /// place in every variant of a route.
  ///
  /// `part` tells several meetings of one reduction apart, as the sum and the count of a mean.
  func site(
    _ name: String, _ operation: Operation, _ frame: Frame, _ span: Span, part: String = ""
  ) -> Int {
    let owner = frame.rule.map { "\(ObjectIdentifier($0.value))" } ?? ""
    let place = "\(span.start) \(operation) \(part)"
    let key = "\(owner) \(place) \(callStack.joined(separator: "/")) \(sites)"
    return module.site(key, name: name)
  }

  private func globalReduce(
    _ name: String, _ operands: [Value], _ frame: Frame, _ span: Span
  ) -> Value {
    guard let first = operands.first else {
      return report(.needs(name, "something to reduce", at: span))
    }
    func total(
      _ value: Value, _ operation: Operation = .globalSum, part: String = ""
    ) -> Value {
      guard let handle = single(value, at: span) else { return .failure }
      guard level == 0 else {
        return report(.globalInRepeat(at: span))
      }
      return make(
        operation, [handle],
        attribute: Int32(site(name, operation, frame, span, part: part)), at: span)
    }
    func elements() -> Value {
      guard let handle = single(first, at: span) else { return .failure }
      return total(self.elements(of: handle), part: "count")
    }
    switch name {
    case "sum", "count":
      return total(reduce(name, first, .all, at: span))
    case "mean":
      return make(.divide, [total(reduce("sum", first, .all, at: span)), elements()], at: span)
    case "max": return total(reduce("max", first, .all, at: span), .globalMaximum)
    case "any": return total(reduce("any", first, .all, at: span), .globalMaximum)
    case "min": return total(reduce("min", first, .all, at: span), .globalMinimum)
    case "all": return total(reduce("all", first, .all, at: span), .globalMinimum)
    case "dot":
      guard operands.count == 2 else {
        return report(.needs("dot", "two tensors", at: span))
      }
      return total(
        reduce("sum", make(.multiply, [operands[0], operands[1]], at: span), .all, at: span))
    default:
      let squares = reduce("sum", make(.multiply, [first, first], at: span), .all, at: span)
      let sum = total(squares)
      if name == "norm" { return make(.squareRoot, [sum], at: span) }
      return make(.squareRoot, [make(.divide, [sum, elements()], at: span)], at: span)
    }
  }

  func elements(of handle: Handle) -> Value {
    if entry(handle).isLike { return self.handle(builder.extent(.numel)) }
    if let known = knownExtent(handle, .elementsOf) { return constant(known) }
    return self.handle(builder.extent(.elementsOf, of: local(handle)))
  }
}
