import Diagnostics
import IR
import Semantics
import Syntax

/// What is made from a shape, drawn, or asked of the objective.
struct SourceLowerer: LoweringPart {
  let lowerer: Lowerer

  // MARK: Made from shapes

  /// `eye(n)`, `zeros(…)`, `ones(…)`, `full(x, …)`, `iota(n)`, `reshape(x, …)`: nil for other names.
  func shaped(
    _ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value? {
    guard ["eye", "zeros", "ones", "full", "iota", "reshape", "broadcast"].contains(name) else {
      return nil
    }
    var rest = arguments.map(\.value)
    var first: Value?
    if ["full", "reshape", "broadcast"].contains(name) {
      guard !rest.isEmpty else {
        return report(.needs(name, "a value and a shape", at: span))
      }
      first = lower(rest.removeFirst(), frame)
      if case .failure? = first { return .failure }
    }
    guard let shape = shape(of: rest, name, frame, span) else { return .failure }
    let type = ValueType(.real, shape)
    lowerer.builder.origin = span
    switch name {
    case "eye":
      // One length makes a square: `rows` alone is the column that a vector over rows is.
      let e = shape.extents
      let isOneLength = rest.count == 1 && e.count == 2 && e.contains(where: \.isOne)
      let length = e.count == 2 && e[0].isOne ? e[1] : e.first ?? .fixed(1)
      let square = e.count < 2 || isOneLength ? Shape([length, length]) : shape
      return handle(lowerer.builder.source(.identity, ValueType(.real, square)))
    case "iota":
      let isColumn = shape.rank == 2 && shape.extents[1].isOne
      return handle(
        lowerer.builder.source(
          .iota, type, attribute: Int32(isColumn ? 0 : max(0, shape.rank - 1))))
    case "zeros", "ones":
      let number = Handle(
        level: lowerer.draft.level, id: lowerer.builder.constant(name == "zeros" ? 0 : 1))
      return make(.broadcast, [number], declared: type, at: span)
    default:
      guard let x = single(first!, at: span) else { return .failure }
      if name == "reshape" {
        guard let target = around(x, shape, span) else { return .failure }
        return make(.reshape, [x], declared: ValueType(self.type(x).kind, target), at: span)
      }
      return make(.broadcast, [x], declared: type, at: span)
    }
  }

  /// A shape given as arguments: `like w`-shaped names, `scalar`, `vector(n)`, or lengths.
  func shape(
    of arguments: [ExprID], _ name: String, _ frame: Frame, _ span: Span
  ) -> Shape? {
    if arguments.isEmpty { return lowerer.draft.drawShape }
    let known = lowerer.bag.all.count
    if arguments.count == 1, let shape = shapeWord(arguments[0], frame) { return shape }
    // A shape in words that is none was reported as such.
    if lowerer.bag.all.count > known { return nil }
    var extents: [Extent] = []
    for argument in arguments {
      guard let extent = extent(argument, frame) else { return nil }
      extents.append(extent)
    }
    guard extents.count <= Shape.maximumRank else {
      report(.rankTooHigh(at: span))
      return nil
    }
    return ShapeWords.normalised(extents)
  }

  /// `scalar`, `vector(rows)`, `matrix(a, b)` as an argument; nil when it is something else.
  private func shapeWord(_ id: ExprID, _ frame: Frame) -> Shape? {
    switch tree(frame)[id] {
    case .name(let name) where frame.entry(name.key, at: name.span) == nil:
      if name.key == "scalar" { return .scalar }
      if name.key == "w" { return .like }
      return nil
    case .name(let name)
    where (name.key == "w" || name.key == "g") && frame.rule != nil
      && isParameterShaped(name, frame):
      return .like
    case .call(let name, let arguments) where ShapeWords.all.contains(name.key):
      let type = TypeExpr(
        kind: name, extents: arguments.map(\.value), span: tree(frame).span(id))
      return shape(type, frame)
    default:
      // A name like `batch` alone may be the length.
      guard case .call = tree(frame)[id] else { return nil }
      return typeExpression(id, frame).flatMap { shape($0, frame) }
    }
  }

  /// `stack([0, 0.9])`: a list along an axis of its own.
  func listAlong(
    _ axis: AxisName, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    guard frame.rule != nil, axis == .stack || axis == .groups, arguments.count == 1,
      arguments[0].label == nil
    else {
      return report(.needsList(at: span))
    }
    let value = lower(arguments[0].value, frame)
    if case .entries(let items, _) = value { return .entries(items, axis) }
    guard let list = single(value, at: tree(frame).span(arguments[0].value)) else {
      return .failure
    }
    return along(axis, list, at: span).map { .value($0) } ?? .failure
  }

  private func isParameterShaped(_ name: Name, _ frame: Frame) -> Bool {
    guard case .value(let handle) = lookup(name, frame) else { return false }
    return shape(handle).isLike
  }

  // MARK: Randomness and oracles

  func draw(
    _ name: String, _ arguments: [Argument], _ frame: Frame, isGlobal: Bool, _ span: Span
  ) -> Value {
    guard lowerer.draft.level == 0 else {
      return report(.drawInRepeat(at: span))
    }
    let distribution: Distribution =
      switch name {
      case "normal": .normal
      case "uniform": .uniform
      case "rademacher": .rademacher
      case "exponential": .exponential
      default: .bernoulli
      }
    var rest = arguments
    var probability = ValueID.none
    if distribution == .bernoulli {
      guard !rest.isEmpty,
        let p = single(lower(rest.removeFirst().value, frame), at: span), shape(p).isScalar
      else { return report(.needs("bernoulli", "its probability", at: span)) }
      probability = local(p)
    }
    var shape = isGlobal ? Shape.scalar : lowerer.draft.drawShape
    if let wanted = rest.first {
      let known = lowerer.bag.all.count
      guard !isGlobal, rest.count == 1, let given = shapeWord(wanted.value, frame) else {
        if lowerer.bag.all.count > known { return .failure }
        return report(.drawArguments(name, at: span))
      }
      shape = given
    }
    let draw = Draw(
      distribution: distribution, name: lowerer.draft.equationName, isGlobal: isGlobal,
      site: lowerer.draft.nextSite)
    lowerer.draft.nextSite += 1
    lowerer.builder.origin = span
    let kind: ElementKind = distribution == .bernoulli ? .boolean : .real
    return handle(lowerer.builder.draw(draw, ValueType(kind, shape), probability))
  }

  func oracle(
    _ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    guard frame.rule != nil else {
      return report(.noObjectiveHere(name, at: span))
    }
    guard arguments.count == 1, arguments[0].label == nil,
      let point = single(lower(arguments[0].value, frame), at: span)
    else {
      return report(
        .needs(name, name == "hvp" ? "the direction" : "the point to look at", at: span))
    }
    let what = name == "hvp" ? "the direction" : "the point"
    guard let fitted = fit(point, to: .like, { what }, at: span) else { return .failure }
    let operation: Operation =
      name == "loss" ? .lossAt : name == "grad" ? .gradientAt : .hessianProduct
    // The first question of each line of a route is one question, and so on: one point for all
    // tensors.
    lowerer.module.questions[operation, default: 0] += 1
    let site = lowerer.module.site(
      "\(operation) \(lowerer.module.questions[operation]!)", name: lowerer.draft.equationName)
    return make(operation, [fitted], attribute: Int32(site), at: span)
  }
}
