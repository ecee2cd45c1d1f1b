import Diagnostics
import IR
import Semantics
import Syntax

/// One job of lowering: what all of them need of the function under construction.
protocol LoweringPart {
  var lowerer: Lowerer { get }
}

extension LoweringPart {
  /// Starts a new function; values of the old one are no longer of use.
  func begin(_ name: String, drawShape: Shape, firstSite: UInt32 = 0) {
    lowerer.draft = FunctionDraft(name, drawShape: drawShape, firstSite: firstSite)
  }

  func finish() -> Function {
    lowerer.draft.levels[0].builder.finish().verified(after: "lowering")
  }

  func tree(_ frame: Frame) -> SyntaxTree { lowerer.program[frame.tree] }

  @discardableResult
  func report(_ diagnostic: Diagnostic) -> Value {
    lowerer.bag.report(diagnostic)
    return .failure
  }

  // MARK: Values and lowerer.draft.levels

  func handle(_ id: ValueID) -> Value { .value(Handle(level: lowerer.draft.level, id: id)) }
  func constant(_ x: Double) -> Value { handle(lowerer.builder.constant(x)) }

  /// What the host gives each step; a loop body captures it, so that a program has one form.
  func hostNumber(_ operation: Operation) -> Handle {
    Handle(level: 0, id: lowerer.draft.levels[0].builder.source(operation, .scalar))
  }

  func type(_ handle: Handle) -> ValueType {
    lowerer.draft.levels[handle.level].builder.type(handle.id)
  }
  func shape(_ handle: Handle) -> Shape { type(handle).shape }

  func constantValue(_ value: Value) -> Double? {
    guard case .value(let handle) = value else { return nil }
    return lowerer.draft.levels[handle.level].builder.function.knownNumber(handle.id)
  }

  /// The value in the function of the current lowerer.draft.level, captured into loop bodies on the way.
  func local(_ handle: Handle) -> ValueID { local(handle, at: lowerer.draft.level) }

  func local(_ handle: Handle, at target: Int) -> ValueID {
    if handle.level >= target { return handle.id }
    let outer = local(handle, at: target - 1)
    if let number = lowerer.draft.levels[target - 1].builder.constantValue(outer) {
      return lowerer.draft.levels[target].builder.constant(number)
    }
    // What is the same everywhere is read where it is used, as if it were written there.
    let instruction = lowerer.draft.levels[target - 1].builder.function[outer]
    switch instruction.operation {
    case .step, .horizon:
      return lowerer.draft.levels[target].builder.source(instruction.operation, instruction.type)
    case .extent where instruction.a == .none:
      return lowerer.draft.levels[target].builder.source(
        .extent, instruction.type, attribute: instruction.attribute)
    default: break
    }
    if let known = lowerer.draft.levels[target].arguments[outer] { return known }
    let position =
      lowerer.draft.levels[target].carriedCount + lowerer.draft.levels[target].captured.count
    let type = lowerer.draft.levels[target - 1].builder.type(outer)
    let argument = lowerer.draft.levels[target].builder.source(
      .argument, type, attribute: Int32(position))
    lowerer.draft.levels[target].captured.append(outer)
    lowerer.draft.levels[target].arguments[outer] = argument
    return argument
  }

  // MARK: Making operations

  /// One operation, its shape errors reported at `span`.
  func make(
    _ operation: Operation, _ operands: [Handle], attribute: Int32 = 0,
    declared: ValueType? = nil, at span: Span
  ) -> Value {
    lowerer.budget -= 1
    if lowerer.budget < 0 { return tooLarge(span) }
    let values = operands.map { local($0) }
    lowerer.builder.origin = span
    do {
      let result = try lowerer.builder.make(
        operation, values, attribute: attribute, declared: declared)
      if operation.info.operationClass == .elementwise { warnOfExamples(operands, result, span) }
      return handle(result)
    } catch {
      return report(error.diagnostic(at: span))
    }
  }

  /// Warns where a number an example, as a vector, meets one an example as a column: the result has a
  /// number for each pair of examples. A column that was asked for (`x.T`, `reshape`) is meant so.
  private func warnOfExamples(_ operands: [Handle], _ result: ValueID, _ span: Span) {
    let shape = lowerer.builder.type(result).shape
    guard shape.extents.suffix(2) == [.batch, .batch] else { return }
    let isColumn = operands.contains { operand in
      self.shape(operand).extents.suffix(2) == [.batch, .fixed(1)] && !isRearranged(operand)
    }
    if isColumn, operands.contains(where: { self.shape($0).extents == [.batch] }) {
      report(.examplesInPairs(at: span))
    }
  }

  /// Whether a column was asked for, here or in what arithmetic made this of.
  private func isRearranged(_ handle: Handle) -> Bool {
    let function = lowerer.draft.levels[handle.level].builder.function
    var pending = [handle.id]
    // Longer arithmetic is not looked through.
    for _ in 0..<64 {
      guard let id = pending.popLast() else { return false }
      let instruction = function[id]
      if [.transpose, .reshape].contains(instruction.operation) { return true }
      guard instruction.operation.info.operationClass == .elementwise else { continue }
      pending += function.operands(id).filter {
        function[$0].type.shape.extents.suffix(2) == [.batch, .fixed(1)]
      }
    }
    return false
  }

  /// Reported once; then everything fails at once.
  func tooLarge(_ span: Span) -> Value {
    let isFirst = lowerer.patience >= 0 || lowerer.budget >= 0
    lowerer.patience = -1
    lowerer.budget = -1
    if !isFirst || lowerer.hasGivenUp { return .failure }
    lowerer.hasGivenUp = true
    return report(.programTooLarge(at: span))
  }

  func make(_ operation: Operation, _ operands: [Value], at span: Span) -> Value {
    var handles: [Handle] = []
    for operand in operands {
      guard let handle = single(operand, at: span) else { return .failure }
      handles.append(handle)
    }
    return make(operation, handles, at: span)
  }

  /// The one tensor or number that a value is; anything else is reported.
  func single(_ value: Value, at span: Span) -> Handle? {
    switch value {
    case .value(let handle):
      if type(handle).kind == .tuple {
        report(.severalValues(at: span))
        return nil
      }
      return handle
    case .list(let items):
      guard case .value(let handle) = vector(items, at: span) else { return nil }
      return handle
    case .entries(let items, let axis):
      // One value wherever it is read, so it stands outside of all loops.
      let inner = lowerer.draft.level
      lowerer.draft.level = 0
      defer { lowerer.draft.level = inner }
      guard case .value(let list) = vector(items.map { .value($0) }, at: span) else { return nil }
      return along(axis, list, at: span)
    case .failure: return nil
    case .several:
      report(.severalValuesUnnamed(at: span))
      return nil
    case .rule(let rule):
      report(.notAValue(rule.name, "a rule", at: span))
      return nil
    case .function(let function):
      report(.notAValue(function.name, "a function", at: span))
      return nil
    case .string:
      report(.textForNumber(at: span))
      return nil
    }
  }

  /// `[a, b, c]` as a vector, `[[a, b], [c, d]]` as a matrix.
  func vector(_ items: [Value], at span: Span) -> Value {
    guard items.count <= 1024 else {
      return report(.listTooLong(at: span))
    }
    var handles: [Handle] = []
    for item in items {
      guard let handle = single(item, at: span) else { return .failure }
      handles.append(handle)
    }
    // Numbers make a vector, vectors of one length the rows of a matrix.
    let inner = handles.first.map { shape($0) } ?? .scalar
    guard inner.rank <= 1, inner.isConcrete, handles.allSatisfy({ shape($0) == inner }) else {
      return report(.raggedList(at: span))
    }
    let type = ValueType(.real, Shape([.fixed(items.count)] + inner.extents))
    var result: Value?
    for (position, handle) in handles.enumerated() {
      let slices =
        [AxisSlice(start: position, end: position + 1, isDropped: true)]
        + inner.extents.map { _ in AxisSlice.full }
      let placed: Value
      do {
        let value = local(handle)
        lowerer.builder.origin = span
        placed = self.handle(try lowerer.builder.placeSlice(value, slices, type: type))
      } catch {
        return report(error.diagnostic(at: span))
      }
      result = result.map { make(.add, [$0, placed], at: span) } ?? placed
    }
    return result ?? report(.emptyList(at: span))
  }

  /// The value stretched to a declared type, or an error in the user's terms.
  func fit(
    _ handle: Handle, to shape: Shape, _ what: () -> String, at span: Span,
    declared: Span? = nil
  ) -> Handle? {
    let own = self.shape(handle)
    if own == shape { return handle }
    guard own.axes.isSubset(of: shape.axes) else {
      report(.axisLeft(own, in: shape, what(), at: span))
      return nil
    }
    guard own.fits(shape) else {
      report(.doesNotFit(what(), shape, own, declared: declared, at: span))
      return nil
    }
    guard
      case .value(let result) = make(
        .broadcast, [handle], declared: ValueType(type(handle).kind, shape), at: span)
    else { return nil }
    return result
  }

  // MARK: Entries

  func force(_ entry: Entry) -> Value {
    switch entry.state {
    case .done(let value): return value
    case .busy:
      let start = lowerer.draft.evaluating.firstIndex {
        $0.key == entry.name.key && $0.span == entry.name.span
      }
      let names = lowerer.draft.evaluating[(start ?? 0)...].map(\.text) + [entry.name.text]
      let path = names.map { "`\($0)`" }.joined(separator: " → ")
      return report(.circularEquations(entry.name, path))
    case .pending(let thunk):
      entry.state = .busy
      lowerer.draft.evaluating.append(entry.name)
      let savedLevel = lowerer.draft.level
      let savedName = lowerer.draft.equationName
      lowerer.draft.level = entry.level
      lowerer.draft.equationName = entry.name.key
      let value = thunk()
      lowerer.draft.level = savedLevel
      lowerer.draft.equationName = savedName
      lowerer.draft.evaluating.removeLast()
      entry.state = .done(value)
      return value
    }
  }

  /// Lowers every equation of a frame, so that what nothing uses is checked as well.
  func force(all frame: Frame) {
    for (_, entry) in frame.entries.sorted(by: { $0.key < $1.key }) { _ = force(entry) }
    for branch in frame.branches { force(all: branch) }
  }

  /// Marks the hyperparameters that a value is made of as fixed at bind time.
  func markStructural(_ handle: Handle) {
    let function = lowerer.draft.levels[handle.level].builder.function
    for value in function.values(under: handle.id) where function[value].operation == .hyper {
      lowerer.module.structural.insert(Int(function[value].attribute))
    }
  }

  func knownExtent(_ handle: Handle, _ kind: ExtentKind) -> Double? {
    let extents = entry(handle).extents
    guard extents.allSatisfy(\.isFixed) else { return nil }
    switch kind {
    case .rowsOf: return Double(extents.first?.value ?? 1)
    case .colsOf: return extents.dropFirst().reduce(1) { $0 * Double($1.value) }
    default: return extents.reduce(1) { $0 * Double($1.value) }
    }
  }

  /// An extent as a number of the function around all loops; nil for one that is not known there.
  func length(_ extent: Extent) -> ValueID? {
    if extent.isFixed { return lowerer.draft.levels[0].builder.constant(Double(extent.value)) }
    if let k = extent.computedIndex { return lowerer.draft.levels[0].builder.function.extents[k] }
    let kinds: [Extent: ExtentKind] = [
      .rows: .rows, .cols: .cols, .numel: .numel, .batch: .batch, .features: .features,
    ]
    return kinds[extent].map { lowerer.draft.levels[0].builder.extent($0) }
  }

  // MARK: Names

  /// What checking found that the name or the callee of an expression stands for.
  func meaning(_ id: ExprID, _ frame: Frame) -> Declaration? {
    lowerer.program.names.meaning(of: id, in: frame.tree)
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

  func elements(of handle: Handle) -> Value {
    if entry(handle).isLike { return self.handle(lowerer.builder.extent(.numel)) }
    if let known = knownExtent(handle, .elementsOf) { return constant(known) }
    return self.handle(lowerer.builder.extent(.elementsOf, of: local(handle)))
  }

  /// A scalar of a loop body as a value of the function around all loops: lengths are known there.
  /// Nil when it is made of what a loop carries.
  func outermost(_ handle: Handle) -> ValueID? {
    if handle.level == 0 { return handle.id }
    let body = lowerer.draft.levels[handle.level].builder.function
    var moved: [ValueID: ValueID] = [:]
    var pending = [handle.id]
    while let next = pending.last {
      if moved[next] != nil {
        pending.removeLast()
        continue
      }
      let instruction = body[next]
      let result: ValueID?
      switch instruction.operation {
      case .constant: result = lowerer.draft.levels[0].builder.constant(body.constantValue(next)!)
      case .argument:
        let position = Int(instruction.attribute) - lowerer.draft.levels[handle.level].carriedCount
        guard position >= 0 else { return nil }
        result = outermost(
          Handle(level: handle.level - 1, id: lowerer.draft.levels[handle.level].captured[position])
        )
      case .hyper, .free,
        .extent where instruction.a == .none:
        result = lowerer.draft.levels[0].builder.source(
          instruction.operation, .scalar, attribute: instruction.attribute)
      case _ where instruction.operation.isElementwise:
        let operands = body.operands(next)
        let missing = operands.filter { moved[$0] == nil }
        if !missing.isEmpty {
          pending += missing
          continue
        }
        result = try? lowerer.draft.levels[0].builder.make(
          instruction.operation, operands.map { moved[$0]! })
      default: return nil
      }
      guard let result else { return nil }
      moved[next] = result
      pending.removeLast()
    }
    return moved[handle.id]
  }

  func dependsOnRunTime(_ value: ValueID) -> Bool {
    let function = lowerer.draft.levels[0].builder.function
    return function.reaches(value) { value -> Bool? in
      switch function[value].operation {
      case .constant, .hyper, .free, .extent: false
      case let operation: operation.isElementwise ? nil : true
      }
    }
  }
}

/// What one job asks of another.
extension LoweringPart {
  func lower(_ id: ExprID, _ frame: Frame) -> Value {
    ExpressionLowerer(lowerer: lowerer).lower(id, frame)
  }

  func operand(_ id: ExprID, _ frame: Frame) -> Value {
    ExpressionLowerer(lowerer: lowerer).operand(id, frame)
  }

  func lookup(_ name: Name, _ frame: Frame) -> Value {
    ExpressionLowerer(lowerer: lowerer).lookup(name, frame)
  }

  func transpose(_ value: Value, at span: Span) -> Value {
    ExpressionLowerer(lowerer: lowerer).transpose(value, at: span)
  }

  func shape(_ type: TypeExpr, _ frame: Frame) -> Shape? {
    ShapeLowerer(lowerer: lowerer).shape(type, frame)
  }

  func extent(_ id: ExprID, _ frame: Frame) -> Extent? {
    ShapeLowerer(lowerer: lowerer).extent(id, frame)
  }

  func typeExpression(_ id: ExprID, _ frame: Frame) -> TypeExpr? {
    ShapeLowerer(lowerer: lowerer).typeExpression(id, frame)
  }

  func listAxis(_ key: String, of value: RuleValue) -> AxisName {
    ShapeLowerer(lowerer: lowerer).listAxis(key, of: value)
  }

  func along(_ axis: AxisName, _ list: Handle, at span: Span) -> Handle? {
    ShapeLowerer(lowerer: lowerer).along(axis, list, at: span)
  }

  func reduce(_ name: String, _ value: Value, _ scope: Scope, at span: Span) -> Value {
    ReductionLowerer(lowerer: lowerer).reduce(name, value, scope, at: span)
  }

  func choose(_ condition: Value, _ a: Value, _ b: Value, at span: Span) -> Value {
    ChoiceLowerer(lowerer: lowerer).choose(condition, a, b, at: span)
  }

  func bind(
    _ arguments: [Argument], to names: [Name], of callee: String, hasDefault: [Bool], _ span: Span
  ) -> [ExprID?]? {
    CallLowerer(lowerer: lowerer).bind(
      arguments, to: names, of: callee, hasDefault: hasDefault, span)
  }

  func enter(_ block: Block, into frame: Frame) {
    BlockLowerer(lowerer: lowerer).enter(block, into: frame)
  }

  func ruleValue(
    _ name: Name, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> RuleValue? {
    RuleLowerer(lowerer: lowerer).ruleValue(name, arguments, frame, span)
  }

  func hyperSource(_ index: Int, axis: () -> AxisName) -> Value {
    StepLowerer(lowerer: lowerer).hyperSource(index, axis: axis)
  }

  func domain(of parameter: Parameter, in tree: TreeID) -> Domain? {
    HyperLowerer(lowerer: lowerer).domain(of: parameter, in: tree)
  }
}
