import Diagnostics
import IR
import Semantics
import Syntax

/// `x[0]`, `x[1:n]`: places that are known beforehand, or when a rule is bound.
struct IndexLowerer: LoweringPart {
  let lowerer: Lowerer

  // MARK: Indices

  /// The slices of `h[0]`, of the innermost named axis, or of all axes where all are given.
  func indexedAxes(_ shape: Shape, _ count: Int, at span: Span) -> [Int]? {
    let extents = shape.extents
    if count == 1, shape.axes.names.last != .workers { return [shape.axes.count - 1] }
    if count == extents.count { return Array(extents.indices) }
    report(.indicesOfAxes(count, of: shape, at: span))
    return nil
  }

  // MARK: Indices

  /// Whether the bounds of an index are places already; if not, they must be when the rule is
  /// bound, as negative ones must that count from an end not known yet. Nil when one is wrong (reported).
  func isKnown(_ subscript_: Subscript, _ frame: Frame, counts: Bool = true) -> Bool? {
    let bounds: [ExprID]
    switch subscript_ {
    case .at(let i): bounds = [i]
    case .range(let from, let to): bounds = [from, to].compactMap { $0 }
    }
    var isKnown = true
    for bound in bounds {
      let value = lower(bound, frame)
      if case .failure = value { return nil }
      guard let x = constantValue(value), x >= 0 || counts else {
        isKnown = false
        continue
      }
    }
    return isKnown
  }

  /// `h[k]`, `h[-1]` along the last named axis, the place known when the rule is bound.
  private func entry(_ x: Handle, at id: ExprID, _ frame: Frame, _ span: Span) -> Value {
    guard let axis = shape(x).axes.names.last, let extent = shape(x).length(of: axis),
      let place = place(id, length(extent), frame),
      let ages = Shape.over(AxisSet(axis), [extent], .scalar)
    else { return .failure }
    guard isWhole(place, at: tree(frame).span(id)) else { return .failure }
    if extent.isFixed, let k = given(place),
      k < -Double(extent.value) || k >= Double(extent.value)
    {
      return report(.indexOutside(k, of: extent.value, at: tree(frame).span(id)))
    }
    let places = handle(lowerer.builder.source(.iota, ValueType(.real, ages)))
    var here = Value.value(Handle(level: 0, id: place))
    if constantValue(here) == nil, let end = length(extent) {
      // A negative number counts from the end, however it is made.
      let back = make(.add, [here, .value(Handle(level: 0, id: end))], at: span)
      here = choose(make(.less, [here, constant(0)], at: span), back, here, at: span)
    }
    let isHere = make(.equal, [places, here], at: span)
    let only = make(.select, [isHere, .value(x), constant(0)], at: span)
    return reduce("sum", only, Scope(over: axis), at: span)
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
      guard let place = place(i, length, frame), isWhole(place, at: tree(frame).span(i)) else {
        return nil
      }
      start = length.flatMap { fromStart(place, $0) } ?? place
      count = lowerer.draft.levels[0].builder.constant(1)
    case .range(let from, let to):
      guard
        let first = from.map({ place($0, length, frame) })
          ?? lowerer.draft.levels[0].builder.constant(0),
        let last = to.map({ place($0, length, frame) }) ?? length,
        let between = try? lowerer.draft.levels[0].builder.make(.subtract, last, first)
      else {
        if to == nil, length == nil { report(.indexFromUnknownEnd(at: span)) }
        return nil
      }
      (start, count) = (first, between)
    }
    let extent = lowerer.draft.levels[0].builder.extentSymbol(count)
    lowerer.builder.origin = span
    let steps = lowerer.builder.source(.iota, ValueType(.real, Shape([extent])))
    guard
      case .value(let places) = make(
        .add, [Handle(level: lowerer.draft.level, id: steps), Handle(level: 0, id: start)], at: span
      )
    else { return nil }
    return gathered(x, axis: axis, places, extent, span)
  }

  /// A place that is known later: a negative number counts from the end, however it is made.
  private func fromStart(_ place: ValueID, _ length: ValueID) -> ValueID? {
    if lowerer.draft.levels[0].builder.constantValue(place) != nil { return nil }
    let zero = lowerer.draft.levels[0].builder.constant(0)
    guard let isBehind = try? lowerer.draft.levels[0].builder.make(.less, place, zero),
      let back = try? lowerer.draft.levels[0].builder.make(.add, place, length)
    else { return nil }
    return try? lowerer.draft.levels[0].builder.make(.select, isBehind, back, place)
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

  /// The number that an index made of hyperparameters is for what they are given; nil where that is not known.
  private func given(_ value: ValueID) -> Double? {
    let function = lowerer.draft.levels[0].builder.function
    if function[value].operation == .hyper {
      let arguments = lowerer.module.arguments
      return arguments.output(.hyper(Int(function[value].attribute))).flatMap {
        arguments.knownNumber($0)
      }
    }
    return function.constantValue(value) ?? function.folded(value, given)
  }

  /// False (reported) for the place of an element that is known not to be a whole number.
  private func isWhole(_ place: ValueID, at span: Span) -> Bool {
    guard let x = given(place), x != x.rounded() else { return true }
    report(.fractionalIndex(at: span))
    return false
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
      return try? lowerer.draft.levels[0].builder.make(.subtract, length, back)
    }
    guard let handle = single(lower(id, frame), at: span) else { return nil }
    guard shape(handle).isScalar, let value = outermost(handle), !dependsOnRunTime(value) else {
      report(.unknownIndex(at: span))
      return nil
    }
    markStructural(Handle(level: 0, id: value))
    guard let x = lowerer.draft.levels[0].builder.constantValue(value), x < 0, let length else {
      return value
    }
    return try? lowerer.draft.levels[0].builder.make(.add, length, value)
  }

  // MARK: Indexing

  func index(
    _ a: ExprID, _ subscripts: [Subscript], _ frame: Frame, _ span: Span
  ) -> Value {
    if case .member(let inner, let name) = tree(frame)[a], name.text == "shape",
      subscripts.count == 1, case .at(let place) = subscripts[0]
    {
      let own = ExpressionLowerer(lowerer: lowerer).length(
        named: name, of: inner, at: place, tree(frame))
      return report(.unknownMember(name, own, at: span))
    }
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
      let counts = count != nil || !(isNamed || extents[axis].computedIndex != nil)
      guard let isKnown = isKnown(s, frame, counts: counts) else { return .failure }
      if !isKnown, isNamed, subscripts.count == 1, case .at(let place) = s {
        return entry(handle, at: place, frame, span)
      }
      if !isKnown, !isNamed {
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
          guard let x = wholeNumber(from, frame, count: count, isBound: true) else {
            return .failure
          }
          slice.start = x
        }
        if let to {
          guard let x = wholeNumber(to, frame, count: count, isBound: true) else { return .failure }
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
      lowerer.builder.origin = span
      do {
        result = Handle(
          level: lowerer.draft.level, id: try lowerer.builder.slice(local(handle), slices))
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

  /// A number known while checking; negative ones count from the end. A bound of a range may be the end itself.
  private func wholeNumber(
    _ id: ExprID, _ frame: Frame, count: Int?, isBound: Bool = false
  ) -> Int? {
    let span = tree(frame).span(id)
    let value = lower(id, frame)
    if case .failure = value { return nil }
    guard var x = constantValue(value), x == x.rounded(), abs(x) < 1e9 else {
      report(.fractionalIndex(at: span))
      return nil
    }
    let written = x
    if x < 0, let count { x += Double(count) }
    if x < 0, count == nil {
      report(.indexFromUnknownEnd(at: span))
      return nil
    }
    if x < 0 || count.map({ isBound ? x > Double($0) : x >= Double($0) }) ?? false {
      report(.indexOutside(written, of: count ?? 0, at: span))
      return nil
    }
    return Int(x)
  }
}
