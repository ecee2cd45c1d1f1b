import Diagnostics
import IR
import Semantics
import Syntax

/// Reductions: of a tensor, over named axes, over all tensors.
struct ReductionLowerer: LoweringPart {
  let lowerer: Lowerer

  // MARK: Reductions

  func over(
    _ reduction: Name, _ axis: Name, _ inner: ExprID, _ frame: Frame, _ span: Span
  ) -> Value {
    guard let name = AxisName(word: axis.key) else {
      return report(.unknownAxis(axis))
    }
    if name == .workers { meet(frame) }
    let reductions = [
      "sum", "mean", "norm", "max", "min", "count", "any", "all", "rms", "median", "quantile",
    ]
    guard reductions.contains(reduction.key) else {
      return report(.notAxisReduction(reduction, over: axis, among: reductions))
    }
    if reduction.key == "quantile" { return quantile(reduction, name, axis, inner, frame, span) }
    guard let value = single(operand(inner, frame), at: tree(frame).span(inner)) else {
      return .failure
    }
    guard shape(value).axes.contains(name) else {
      if name == .workers { return overSame(reduction, value, span) }
      return report(.noSuchAxis(name, in: shape(value), at: axis.span))
    }
    return reduce(reduction.key, .value(value), Scope(over: name), at: span)
  }

  /// A rule whose workers meet here: each has its own gradient, but one worker is no axis.
  private func meet(_ frame: Frame) {
    if let rule = frame.rule?.value.rule {
      lowerer.module.reductionsOverWorkers.append(rule.declaration.span)
    }
    if !lowerer.module.isForOneWorker { lowerer.module.usesWorkers = true }
  }

  /// `quantile over batch (x, q)`.
  private func quantile(
    _ reduction: Name, _ name: AxisName, _ axis: Name, _ inner: ExprID, _ frame: Frame, _ span: Span
  ) -> Value {
    guard case .list(let operands) = tree(frame)[inner], operands.count == 2 else {
      return report(.needs("quantile over \(axis.text)", "a value and a share, `(x, q)`", at: span))
    }
    guard let value = single(operand(operands[0], frame), at: tree(frame).span(operands[0])),
      let share = single(operand(operands[1], frame), at: tree(frame).span(operands[1]))
    else { return .failure }
    guard shape(value).axes.contains(name) else {
      if name == .workers { return .value(value) }
      return report(.noSuchAxis(name, in: shape(value), at: axis.span))
    }
    return make(.quantile, [value, share], attribute: Scope(over: name).rawValue, at: span)
  }

  /// The reduction over workers of what is the same on all of them.
  private func overSame(_ reduction: Name, _ value: Handle, _ span: Span) -> Value {
    let workers = handle(lowerer.builder.extent(.workers))
    switch reduction.key {
    case "mean", "max", "min", "any", "all", "median": return .value(value)
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
    case .batch: return handle(lowerer.builder.extent(.batch))
    case .groups: return handle(lowerer.builder.extent(.groups))
    case .workers: return handle(lowerer.builder.extent(.workers))
    default:
      guard let k = extent.computedIndex else {
        return report(.lengthOfAxis(axis, at: span))
      }
      return .value(Handle(level: 0, id: lowerer.draft.levels[0].builder.function.extents[k]))
    }
  }

  func argScope(_ value: Value) -> Scope {
    guard case .value(let handle) = value else { return .all }
    return entry(handle).rank == 2 ? .perRow : .all
  }

  /// A reduction by its name in the language, made of sums, maxima and minima.
  func reduce(_ name: String, _ value: Value, _ scope: Scope, at span: Span) -> Value {
    guard let x = single(value, at: span) else { return .failure }
    func fold(_ operation: Operation, _ operand: Value) -> Value {
      guard let handle = single(operand, at: span) else { return .failure }
      if ShapeRules.isIdentity(operation, of: shape(handle), attribute: scope.rawValue) {
        return .value(handle)
      }
      return make(operation, [handle], attribute: scope.rawValue, at: span)
    }
    func count() -> Value {
      switch scope {
      case .all: return elements(of: x)
      case .perRow:
        let e = entry(x).extents
        if entry(x).isLike { return handle(lowerer.builder.extent(.cols)) }
        if e.count < 2 { return e.first.map { known($0, x, .elementsOf) } ?? constant(1) }
        return e.count > 2 ? count(along: e[e.count - 1]) : known(e[1], x, .colsOf)
      case .perColumn:
        if entry(x).isLike { return handle(lowerer.builder.extent(.rows)) }
        let e = entry(x).extents
        if e.count > 2 { return count(along: e[e.count - 2]) }
        return entry(x).extents.first.map { known($0, x, .rowsOf) } ?? constant(1)
      case .leading:
        return entry(x).extents.first.map { known($0, x, .rowsOf) } ?? constant(1)
      default: return scope.axis.map { entryCount($0, of: x, at: span) } ?? constant(1)
      }
    }
    /// The length of an axis of a stack: all elements over those that are left of them.
    func count(along extent: Extent) -> Value {
      if extent.isFixed { return constant(Double(extent.value)) }
      if let length = length(extent) { return .value(Handle(level: 0, id: length)) }
      guard let folded = single(fold(.sum, .value(x)), at: span) else { return .failure }
      return make(.divide, [elements(of: x), elements(of: folded)], at: span)
    }
    func known(_ extent: Extent, _ x: Handle, _ kind: ExtentKind) -> Value {
      extent.isFixed
        ? constant(Double(extent.value)) : handle(lowerer.builder.extent(kind, of: local(x)))
    }
    func squares(_ operand: Value) -> Value {
      fold(.sum, make(.multiply, [operand, operand], at: span))
    }
    let isCondition = type(x).kind == .boolean
    switch name {
    case "sum": return fold(.sum, .value(x))
    case "mean": return make(.divide, [fold(.sum, .value(x)), count()], at: span)
    case "count":
      guard isCondition else {
        return report(.countOfNumbers(at: span))
      }
      return fold(.sum, .value(x))
    case "any", "all":
      guard isCondition else {
        return report(.needsCondition(reduction: name, at: span))
      }
      return make(
        .greater, [fold(name == "any" ? .maximumOf : .minimumOf, .value(x)), constant(0)], at: span)
    case "max": return fold(.maximumOf, .value(x))
    case "min": return fold(.minimumOf, .value(x))
    case "median":
      let half = Handle(level: lowerer.draft.level, id: lowerer.builder.constant(0.5))
      return make(.quantile, [x, half], attribute: scope.rawValue, at: span)
    case "argmax": return fold(.argMaximum, .value(x))
    case "argmin": return fold(.argMinimum, .value(x))
    case "norm": return make(.squareRoot, [squares(.value(x))], at: span)
    case "rms":
      return make(.squareRoot, [make(.divide, [squares(.value(x)), count()], at: span)], at: span)
    case "var", "std":
      let mean = make(.divide, [fold(.sum, .value(x)), count()], at: span)
      let centred = make(.subtract, [.value(x), mean], at: span)
      let variance = make(.divide, [squares(centred), count()], at: span)
      return name == "var" ? variance : make(.squareRoot, [variance], at: span)
    default:
      return report(.notAReduction(name, at: span))
    }
  }

  // MARK: Axes and scopes

  func global(_ inner: ExprID, _ frame: Frame, _ span: Span) -> Value {
    guard case .call(let name, let arguments) = tree(frame)[inner] else {
      if case .norm(let x) = tree(frame)[inner] {
        return globalReduce("norm", [lower(x, frame)], frame, span)
      }
      return report(.globalAlone(at: span))
    }
    if Builtins.draws.contains(name.key) {
      return SourceLowerer(lowerer: lowerer).draw(name.key, arguments, frame, isGlobal: true, span)
    }
    guard
      ["sum", "mean", "max", "min", "norm", "rms", "count", "dot", "any", "all"].contains(
        name.key)
    else {
      return report(.globalBefore(name, at: span))
    }
    return globalReduce(name.key, arguments.map { operand($0.value, frame) }, frame, span)
  }

  /// The site of a reduction over all tensors: the same text of the same rule is the same
  /// place in every variant of a route, whichever line brings the rule.
  ///
  /// `part` tells several sites of one reduction apart, as the sum and the count of a mean.
  func site(
    _ name: String, _ operation: Operation, _ frame: Frame, _ span: Span, part: String = ""
  ) -> Int {
    let owner = frame.rule.map { "\($0.value.rule.tree) \($0.prefix)" } ?? ""
    let place = "\(span.start) \(operation) \(part)"
    let key = "\(owner) \(place) \(lowerer.callStack.joined(separator: "/")) \(lowerer.draft.sites)"
    return lowerer.module.site(key, name: name)
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
}
