import Diagnostics
import IR
import Semantics
import Syntax

/// Choices and places that are known when a rule is bound to its tensors, and not before.
extension Lowerer {
  /// `if c then a else b`. Where binding decides, as in `if rows >= cols then x else x.T`, the arms
  /// may have different shapes.
  func choose(_ condition: Value, _ a: Value, _ b: Value, at span: Span) -> Value {
    if case .value(let c) = condition, case .value(let x) = a, case .value(let y) = b,
      type(c).kind == .boolean, shape(c).isScalar, shape(x).rank == shape(y).rank,
      shape(x).broadcast(with: shape(y)) == nil, let outer = outermost(c), isKnownAtBinding(outer)
    {
      let isBoolean = type(x).kind == .boolean && type(y).kind == .boolean
      let axes = zip(shape(x).extents, shape(y).extents).map { extent(outer, $0, $1) }
      let shape = ShapeRules.choice(axes)
      return make(
        .select, [c, x, y], declared: ValueType(isBoolean ? .boolean : .real, shape), at: span)
    }
    return make(.select, [condition, a, b], at: span)
  }

  /// The length of an axis that is one of two.
  private func extent(_ condition: ValueID, _ a: Extent, _ b: Extent) -> Extent {
    if a == b { return a }
    guard let x = length(a), let y = length(b),
      let either = try? levels[0].builder.make(.select, condition, x, y)
    else { return .unknown }
    return levels[0].builder.extentSymbol(either)
  }

  /// An extent as a number of the function around all loops; nil for one that is not known there.
  func length(_ extent: Extent) -> ValueID? {
    if extent.isFixed { return levels[0].builder.constant(Double(extent.value)) }
    if let k = extent.computedIndex { return levels[0].builder.function.extents[k] }
    let kinds: [Extent: ExtentKind] = [
      .rows: .rows, .cols: .cols, .numel: .numel, .batch: .batch, .features: .features,
    ]
    return kinds[extent].map { levels[0].builder.extent($0) }
  }

  /// Whether a value is made of lengths and numbers alone.
  private func isKnownAtBinding(_ value: ValueID) -> Bool {
    let function = levels[0].builder.function
    var pending = [value]
    while let next = pending.popLast() {
      switch function[next].operation {
      case .constant, .extent: break
      case _ where function[next].operation.isElementwise: pending += function.operands(next)
      default: return false
      }
    }
    return true
  }

  // MARK: Indices

  /// Whether the bounds of an index are numbers already; if not, they must be when the rule is
  /// bound. Nil when one is wrong (reported).
  func isKnown(_ subscript_: Subscript, _ frame: Frame) -> Bool? {
    let bounds: [ExprID]
    switch subscript_ {
    case .at(let i): bounds = [i]
    case .range(let from, let to): bounds = [from, to].compactMap { $0 }
    }
    var isKnown = true
    for bound in bounds {
      let value = lower(bound, frame)
      if case .failure = value { return nil }
      isKnown = isKnown && constantValue(value) != nil
    }
    return isKnown
  }

  /// `x[from:to]` or `x[from]` along one axis, where a bound is an expression of hyperparameters and
  /// lengths. A bound written with a minus counts from the end.
  func gathered(
    _ x: Handle, axis: Int, _ subscript_: Subscript, _ frame: Frame, _ span: Span
  ) -> Handle? {
    let extents = shape(x).extents
    guard extents.count <= 2 else {
      report(.indexOfManyAxes(at: span))
      return nil
    }
    let length = length(extents[axis])
    let start: ValueID
    let count: ValueID
    switch subscript_ {
    case .at(let i):
      guard let place = place(i, length, frame) else { return nil }
      (start, count) = (place, levels[0].builder.constant(1))
    case .range(let from, let to):
      guard
        let first = from.map({ place($0, length, frame) }) ?? levels[0].builder.constant(0),
        let last = to.map({ place($0, length, frame) }) ?? length,
        let between = try? levels[0].builder.make(.subtract, last, first)
      else {
        if to == nil, length == nil { report(.indexFromUnknownEnd(at: span)) }
        return nil
      }
      (start, count) = (first, between)
    }
    let extent = levels[0].builder.extentSymbol(count)
    builder.origin = span
    let steps = builder.source(.iota, ValueType(.real, Shape([extent])))
    guard
      case .value(let places) = make(
        .add, [Handle(level: level, id: steps), Handle(level: 0, id: start)], at: span)
    else { return nil }
    return gathered(x, axis: axis, places, extent, span)
  }

  private func gathered(
    _ x: Handle, axis: Int, _ places: Handle, _ count: Extent, _ span: Span
  ) -> Handle? {
    let extents = shape(x).extents
    func value(_ value: Value) -> Handle? {
      if case .value(let handle) = value { return handle }
      return nil
    }
    if extents.count == 1 {
      guard let column = reshaped(x, [extents[0], .fixed(1)], span),
        let rows = value(make(.gather, [column, places], at: span))
      else { return nil }
      return reshaped(rows, [count], span)
    }
    if axis == 0 { return value(make(.gather, [x, places], at: span)) }
    guard let turned = value(make(.transpose, [x], at: span)),
      let rows = value(make(.gather, [turned, places], at: span))
    else { return nil }
    return value(make(.transpose, [rows], at: span))
  }

  /// One bound, as a number of the function around all loops, from the start of the axis.
  private func place(_ id: ExprID, _ length: ValueID?, _ frame: Frame) -> ValueID? {
    let span = tree(frame).span(id)
    if case .unary(.minus, let inner) = tree(frame)[id] {
      guard let back = place(inner, nil, frame) else { return nil }
      guard let length else {
        report(.indexFromUnknownEnd(at: span))
        return nil
      }
      return try? levels[0].builder.make(.subtract, length, back)
    }
    guard let handle = single(lower(id, frame), at: span) else { return nil }
    guard shape(handle).isScalar, let value = outermost(handle), !dependsOnRunTime(value) else {
      report(.unknownIndex(at: span))
      return nil
    }
    markStructural(Handle(level: 0, id: value))
    return value
  }
}
