import Diagnostics
import IR
import Semantics
import Syntax

/// The words for shapes.
enum ShapeWords {
  static let all: Set<String> = ["scalar", "vector", "matrix", "tensor"]

  /// The shape of these extents: rows × cols is `like w`, a vector over rows a column, one over
  /// columns a row.
  static func normalised(_ extents: [Extent]) -> Shape {
    if extents == [.rows, .cols] { return .like }
    if extents == [.rows] { return .overRows }
    if extents == [.cols] { return .overCols }
    if extents == [.batch] { return Shape([.batch, .fixed(1)]) }
    return Shape(extents)
  }
}

/// Shapes as they are written: lengths, and axes with names.
struct ShapeLowerer: LoweringPart {
  let lowerer: Lowerer

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
    if axis == .workers {
      if lowerer.module.isForOneWorker { return tensor }
      lowerer.module.usesWorkers = true
    }
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
    let tree = lowerer.program[value.rule.tree]
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
  /// A length: a number, `rows`, or an expression of hyperparameters known at bind time.
  func extent(_ id: ExprID, _ frame: Frame) -> Extent? {
    let span = tree(frame).span(id)
    guard let handle = single(lower(id, frame), at: span) else { return nil }
    guard shape(handle).isScalar else {
      report(.lengthNotOneNumber(at: span))
      return nil
    }
    guard let value = outermost(handle), !dependsOnRunTime(value) else {
      report(.unknownLength(at: span))
      return nil
    }
    if let x = lowerer.draft.levels[0].builder.function.knownNumber(value),
      !(x >= 0 && x == x.rounded() && x <= 2e9)
    {
      report(.badLength(x, at: span))
      return nil
    }
    markStructural(Handle(level: 0, id: value))
    return lowerer.draft.levels[0].builder.extentSymbol(value)
  }

  /// The shape that a declaration names.
  func shape(_ type: TypeExpr, _ frame: Frame) -> Shape? {
    func wanted(_ count: ClosedRange<Int>) -> [Extent]? {
      guard count.contains(type.extents.count) else {
        report(.lengthsOfShape(type, takes: count))
        return nil
      }
      var extents: [Extent] = []
      for id in type.extents {
        guard let extent = extent(id, frame) else { return nil }
        extents.append(extent)
      }
      return extents
    }
    switch type.kind.key {
    case "scalar", "global": return wanted(0...0).map { _ in .scalar }
    case "vector": return wanted(1...1).map { ShapeWords.normalised($0) }
    case "matrix": return wanted(2...2).map { ShapeWords.normalised($0) }
    case "tensor": return wanted(1...Shape.maximumRank).map { ShapeWords.normalised($0) }
    default:
      if let axis = AxisName(word: type.kind.key) { return self.shape(over: axis, type, frame) }
      report(.notAShape(type.kind))
      return nil
    }
  }
}
