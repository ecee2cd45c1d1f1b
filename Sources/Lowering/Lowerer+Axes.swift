import Diagnostics
import IR
import Semantics
import Syntax

/// Named axes: their types, reductions over them, and what must not have any.
extension Lowerer {
  // MARK: Types

  /// `stack(betas)`, `window(10)`, `batch`, `groups(weights)`: like w for each entry, or of the shape
  /// that the last argument names.
  func shape(over axis: AxisName, _ type: TypeExpr, _ frame: Frame) -> Shape? {
    guard frame.rule != nil else {
      report(.axisOutsideRule(axis, at: type.span))
      return nil
    }
    var arguments = type.extents
    var tensor = Shape.like
    if let last = arguments.last, let inner = typeExpression(last, frame) {
      guard let shape = shape(inner, frame) else { return nil }
      tensor = shape
      arguments.removeLast()
    }
    let length: Extent
    switch (axis, arguments.count) {
    case (.batch, 0): length = .batch
    case (.groups, 0): length = .groups
    case (.workers, 0): length = .workers
    case (.stack, 1), (.groups, 1), (.window, 1):
      guard let extent = entryCount(arguments[0], of: axis, frame) else { return nil }
      length = extent
    default:
      report(.argumentsOfAxis(axis, at: type.span))
      return nil
    }
    if axis == .workers { module.usesWorkers = true }
    guard !tensor.axes.contains(axis) else {
      report(.axisTwice(axis, at: type.span))
      return nil
    }
    var lengths = tensor.lengths
    var axes = tensor.axes
    axes.insert(axis)
    lengths.insert(length, at: axes.position(of: axis))
    guard let shape = Shape.over(axes, lengths, tensor.tensor) else {
      report(.tooManyAxes(at: type.span))
      return nil
    }
    return shape
  }

  /// The length of a list, or a number.
  private func entryCount(_ id: ExprID, of axis: AxisName, _ frame: Frame) -> Extent? {
    if axis != .window {
      switch lower(id, frame) {
      case .entries(let items, _): return .fixed(items.count)
      case .list(let items): return .fixed(items.count)
      case .failure: return nil
      default: break
      }
    }
    guard let extent = extent(id, frame) else { return nil }
    if extent == .fixed(0) {
      report(.axisWithoutEntries(axis, at: tree(frame).span(id)))
      return nil
    }
    return extent
  }

  /// An argument that names a shape: `scalar`, `vector(rows)`, `batch`; nil for anything else.
  func typeExpression(_ id: ExprID, _ frame: Frame) -> TypeExpr? {
    let span = tree(frame).span(id)
    func isShape(_ key: String) -> Bool {
      ShapeWords.all.contains(key) || AxisName(word: key) != nil
    }
    switch tree(frame)[id] {
    case .name(let name) where isShape(name.key) && frame.entry(name.key, at: name.span) == nil:
      return TypeExpr(kind: name, extents: [], span: span)
    case .call(let name, let arguments) where isShape(name.key):
      return TypeExpr(kind: name, extents: arguments.map(\.value), span: span)
    default: return nil
    }
  }

  /// Which axis the lists of a rule lie along: that of the declaration that names them.
  func listAxis(_ key: String, of value: RuleValue) -> AxisName {
    guard case .equations(let block) = value.rule.body else { return .stack }
    let tree = program[value.rule.tree]
    func axis(_ kind: String, _ extents: [ExprID]) -> AxisName? {
      if kind == AxisName.groups.word, let first = extents.first,
        case .name(let name) = tree[first], name.key == key
      {
        return .groups
      }
      for extent in extents {
        guard case .call(let inner, let arguments) = tree[extent] else { continue }
        if let found = axis(inner.key, arguments.map(\.value)) { return found }
      }
      return nil
    }
    for binding in block.states + block.inputs {
      if let type = binding.type, let found = axis(type.kind.key, type.extents) { return found }
    }
    return .stack
  }

  /// A list of numbers along a named axis.
  func along(_ axis: AxisName, _ list: Handle, at span: Span) -> Handle? {
    let extents = shape(list).extents
    guard shape(list).axes.isEmpty, extents.count == 1,
      let shape = Shape.over(AxisSet(axis), extents, .scalar)
    else {
      report(.listForAxis(axis, at: span))
      return nil
    }
    guard
      case .value(let value) = make(
        .reshape, [list], declared: ValueType(type(list).kind, shape), at: span)
    else { return nil }
    return value
  }

  // MARK: Reductions

  func over(
    _ reduction: Name, _ axis: Name, _ inner: ExprID, _ frame: Frame, _ span: Span
  ) -> Value {
    guard let name = AxisName(word: axis.key) else {
      return report(.unknownAxis(axis))
    }
    if name == .workers { module.usesWorkers = true }
    let reductions = ["sum", "mean", "norm", "max", "min", "count", "any", "all", "rms"]
    guard reductions.contains(reduction.key) else {
      return report(.notAxisReduction(reduction, over: axis, among: reductions))
    }
    guard let value = single(operand(inner, frame), at: tree(frame).span(inner)) else {
      return .failure
    }
    guard shape(value).axes.contains(name) else {
      if name == .workers { return overSame(reduction, value, span) }
      return report(.noSuchAxis(name, in: shape(value), at: axis.span))
    }
    return reduce(reduction.key, .value(value), Scope(over: name), at: span)
  }

  /// The reduction over workers of what is the same on all of them.
  private func overSame(_ reduction: Name, _ value: Handle, _ span: Span) -> Value {
    let workers = handle(builder.extent(.workers))
    switch reduction.key {
    case "mean", "max", "min", "any", "all": return .value(value)
    case "rms": return make(.absolute, [value], at: span)
    case "norm":
      return make(
        .multiply,
        [make(.absolute, [value], at: span), make(.squareRoot, [workers], at: span)], at: span)
    default: return make(.multiply, [.value(value), workers], at: span)
    }
  }

  /// The length of a named axis of a value, as a number.
  func entryCount(_ axis: AxisName, of value: Handle, at span: Span) -> Value {
    guard let extent = shape(value).length(of: axis) else { return constant(1) }
    if extent.isFixed { return constant(Double(extent.value)) }
    switch extent {
    case .batch: return handle(builder.extent(.batch))
    case .groups: return handle(builder.extent(.groups))
    case .workers: return handle(builder.extent(.workers))
    default:
      guard let k = extent.computedIndex else {
        return report(.lengthOfAxis(axis, at: span))
      }
      return .value(Handle(level: 0, id: levels[0].builder.function.extents[k]))
    }
  }

  // MARK: Indices

  /// The slices of `h[0]`, of the innermost named axis, or of all axes where all are given.
  func indexedAxes(_ shape: Shape, _ count: Int, at span: Span) -> [Int]? {
    let extents = shape.extents
    if count == 1, shape.axes.names.last != .workers { return [shape.axes.count - 1] }
    if count == extents.count { return Array(extents.indices) }
    report(.indicesOfAxes(count, of: shape, at: span))
    return nil
  }
}
