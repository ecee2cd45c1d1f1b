import Diagnostics
import IR
import Semantics
import Syntax

/// Turns checked declarations into functions of the IR.
///
/// Names are evaluated when first needed, so equations may stand in any order; what is needed while
/// it is being evaluated is a cycle.
final class Lowerer {
  struct Level {
    var builder: FunctionBuilder
    /// Values of the level outside that this loop body uses, in order of first use.
    var captured: [ValueID] = []
    var arguments: [ValueID: ValueID] = [:]
    var carriedCount = 0
  }

  let program: CheckedProgram
  var bag = DiagnosticBag()
  var levels: [Level]
  var level = 0
  /// Names being evaluated, for the text of a cycle.
  var evaluating: [Name] = []
  /// Where functions are being called from; its depth bounds recursion.
  var callStack: [String] = []
  /// Named values of the script in the function under construction; nil while one is evaluated.
  var definitions: [String: Value?] = [:]
  /// The places of those calls.
  var sites: [UInt32] = []
  /// The equation whose draws are being lowered, and the shape a draw has by default.
  var equationName = ""
  var drawShape = Shape.scalar
  var nextSite: UInt32 = 0
  /// What the module under construction knows of its rules.
  var module = ModuleState()
  /// The rules of the module under construction, outer ones first.
  var ruleOrder: [RuleValue] = []
  /// What each of its hyperparameters was given, and their domains.
  var given: [Int: (value: ExprID, frame: Frame, owner: RuleValue)] = [:]
  var domains: [String: Domain] = [:]
  /// Its hyperparameters as functions of t and T.
  var arguments = Function(name: "arguments")
  /// The tree that loose expressions of the rule under construction live in.
  var currentTree = TreeID(0)
  /// Work left: a small text must not become a giant program.
  var budget = 400_000
  /// Expressions still to be read, calls unfolded: bounds the time, as `budget` bounds the program.
  var patience = 1_000_000
  /// Expressions and functions inside one another, which the stack of the machine bounds.
  var depth = 0
  #if DEBUG
    // Unoptimised frames are several times larger.
    static let depthLimit = 540
  #else
    static let depthLimit = 1_600
  #endif
  /// Names without a meaning stand for any number in the text of this tree; nil where they are errors.
  var symbolicTree: TreeID?
  /// Those names, in order of first use.
  var symbolicNames: [String] = []
  private var hasGivenUp = false
  /// Rules that a rule is made of.
  var ruleCount = 0

  init(program: CheckedProgram, name: String) {
    self.program = program
    levels = [Level(builder: FunctionBuilder(name: name))]
  }

  /// Starts a new function; values of the old one are no longer of use.
  func begin(_ name: String, drawShape: Shape, firstSite: UInt32 = 0) {
    levels = [Level(builder: FunctionBuilder(name: name))]
    level = 0
    self.drawShape = drawShape
    nextSite = firstSite
    evaluating = []
    definitions = [:]
  }

  func finish() -> Function {
    levels[0].builder.finish().verified(after: "lowering")
  }

  var builder: FunctionBuilder {
    _read { yield levels[level].builder }
    _modify { yield &levels[level].builder }
  }

  func tree(_ frame: Frame) -> SyntaxTree { program[frame.tree] }

  @discardableResult
  func report(_ diagnostic: Diagnostic) -> Value {
    bag.report(diagnostic)
    return .failure
  }

  // MARK: Values and levels

  func handle(_ id: ValueID) -> Value { .value(Handle(level: level, id: id)) }
  func constant(_ x: Double) -> Value { handle(builder.constant(x)) }

  func type(_ handle: Handle) -> ValueType { levels[handle.level].builder.type(handle.id) }
  func shape(_ handle: Handle) -> Shape { type(handle).shape }

  func constantValue(_ value: Value) -> Double? {
    guard case .value(let handle) = value else { return nil }
    return levels[handle.level].builder.constantValue(handle.id)
  }

  /// The value in the function of the current level, captured into loop bodies on the way.
  func local(_ handle: Handle) -> ValueID { local(handle, at: level) }

  private func local(_ handle: Handle, at target: Int) -> ValueID {
    if handle.level >= target { return handle.id }
    let outer = local(handle, at: target - 1)
    if let number = levels[target - 1].builder.constantValue(outer) {
      return levels[target].builder.constant(number)
    }
    // What is the same everywhere is read where it is used, as if it were written there.
    let instruction = levels[target - 1].builder.function[outer]
    switch instruction.operation {
    case .step, .horizon:
      return levels[target].builder.source(instruction.operation, instruction.type)
    case .extent where instruction.a == .none:
      return levels[target].builder.source(
        .extent, instruction.type, attribute: instruction.attribute)
    default: break
    }
    if let known = levels[target].arguments[outer] { return known }
    let position = levels[target].carriedCount + levels[target].captured.count
    let type = levels[target - 1].builder.type(outer)
    let argument = levels[target].builder.source(.argument, type, attribute: Int32(position))
    levels[target].captured.append(outer)
    levels[target].arguments[outer] = argument
    return argument
  }

  // MARK: Making operations

  /// One operation, its shape errors reported at `span`.
  func make(
    _ operation: Operation, _ operands: [Handle], attribute: Int32 = 0,
    declared: ValueType? = nil, at span: Span
  ) -> Value {
    budget -= 1
    if budget < 0 { return tooLarge(span) }
    let values = operands.map { local($0) }
    builder.origin = span
    do {
      return handle(
        try builder.make(operation, values, attribute: attribute, declared: declared))
    } catch {
      return report(error.diagnostic(at: span))
    }
  }

  /// Reported once; then everything fails at once.
  func tooLarge(_ span: Span) -> Value {
    let isFirst = patience >= 0 || budget >= 0
    patience = -1
    budget = -1
    if !isFirst || hasGivenUp { return .failure }
    hasGivenUp = true
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
      let inner = level
      level = 0
      defer { level = inner }
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
        builder.origin = span
        placed = self.handle(try builder.placeSlice(value, slices, type: type))
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
      let start = evaluating.firstIndex { $0.key == entry.name.key && $0.span == entry.name.span }
      let names = evaluating[(start ?? 0)...].map(\.text) + [entry.name.text]
      let path = names.map { "`\($0)`" }.joined(separator: " → ")
      return report(.circularEquations(entry.name, path))
    case .pending(let thunk):
      entry.state = .busy
      evaluating.append(entry.name)
      let savedLevel = level
      let savedName = equationName
      level = entry.level
      equationName = entry.name.key
      let value = thunk()
      level = savedLevel
      equationName = savedName
      evaluating.removeLast()
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
    let function = levels[handle.level].builder.function
    var pending = [handle.id]
    var seen: Set<ValueID> = []
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let instruction = function[next]
      if instruction.operation == .hyper { module.structural.insert(Int(instruction.attribute)) }
      pending += function.operands(next)
    }
  }
}
