import Basics
import Diagnostics

/// What binding knows: the parameter tensor, the data, and the values of structural hyperparameters.
package struct BindContext: Sendable {
  package var rank: Int
  package var rows: Int
  package var cols: Int
  package var batch: Int?
  package var features: Int?
  package var groups: Int?
  package var workers = 1
  /// More than there are reductions over all tensors: those in the entries of a named axis are
  /// numbered on from here.
  package var sites = 1 << 10
  /// Whether what a function of numbers is rounded to stays an operation: for whoever bounds what rounding does.
  package var keepsRounded = false
  /// Values of all hyperparameters at bind time; read only where a shape or a loop count needs them.
  package var hypers: [Double]
  /// Shapes of the function's arguments (loop bodies).
  var arguments: [ValueType] = []
  /// Those that are conditions decided already.
  var decided: [Double?] = []
  /// The computed extents of the function around all loops: those of its loop bodies are the same.
  var computed: [Double?]?

  package var numel: Int { Lengths.product([rows, cols]) }

  /// For a parameter tensor of these dimensions.
  package init(dims: [Int], hypers: [Double], axes: AxisLengths = AxisLengths()) {
    batch = axes.batch
    groups = axes.groups
    workers = axes.workers
    rank = dims.count
    rows = dims.first ?? 1
    cols = Lengths.product(dims.dropFirst())
    self.hypers = hypers
  }

  /// For an objective on batches of this many rows.
  package init(batch: Int?, features: Int?, hypers: [Double]) {
    self.init(dims: [], hypers: hypers, axes: AxisLengths(batch: batch))
    self.features = features
  }
}

extension Function {
  /// The function for concrete shapes: every extent a number, arms that cannot be taken gone.
  ///
  /// `like` becomes the matrix [rows, cols]. Throws the shape errors that only numbers reveal, at
  /// the span of the expression.
  package func specialised(_ context: BindContext) throws(DiagnosticError) -> Function {
    WorkCounts.noteSpecialisation()
    var pass = Specialise(source: self, context: context)
    var concrete = try pass.run()
    if context.computed == nil {
      concrete = try concrete.unrollingMeetings(sites: context.sites)
    }
    return concrete.verified(after: "specialise")
  }

  /// The concrete shape of a slot declared with symbols of this function.
  package func concreteShape(
    _ shape: Shape, _ context: BindContext, at span: Span
  ) throws(DiagnosticError) -> Shape {
    try Specialise(source: self, context: context).concrete(shape, at: span)
  }
}

struct Specialise {
  let source: Function
  let context: BindContext
  /// Values of scalars known without reading a hyperparameter.
  var known: [Double?] = []
  /// Which of them are kept as operations: rounded, or made of what is.
  private var isRounded: [Bool] = []
  /// Values of scalars with the hyperparameters at their bind-time values.
  var bound: [Double?] = []
  var builder: FunctionBuilder

  init(source: Function, context: BindContext) {
    self.source = source
    self.context = context
    builder = FunctionBuilder(name: source.name)
    bound.reserveCapacity(source.instructions.count)
    for i in source.instructions.indices { bound.append(boundValue(ValueID(i))) }
  }

  mutating func run() throws(DiagnosticError) -> Function {
    known = source.instructions.indices.map { _ in nil }
    isRounded = source.instructions.indices.map { _ in false }
    for i in source.instructions.indices {
      known[i] = value(ValueID(i))
      isRounded[i] = context.keepsRounded && rounds(ValueID(i))
    }
    let live = liveUnderKnownConditions()
    var map = [ValueID](repeating: .none, count: source.instructions.count)
    for i in source.instructions.indices where live[i] {
      builder.origin = source.origins[i]
      map[i] = try rebuild(ValueID(i), map)
      builder.name(map[i], source.names[ValueID(i)])
      try checkSize(builder.type(map[i]).shape, at: source.origins[i])
    }
    for output in source.outputs { builder.output(output.target, map[output.value.index]) }
    return builder.finish()
  }

  // MARK: Numbers

  func extentValue(_ kind: ExtentKind) -> Double? {
    switch kind {
    case .rank: Double(context.rank)
    case .rows: Double(context.rows)
    case .cols: Double(context.cols)
    case .numel: Double(context.numel)
    case .batch: context.batch.map { Double($0) }
    case .features: context.features.map { Double($0) }
    case .groups: context.groups.map { Double($0) }
    case .workers: Double(context.workers)
    default: nil
    }
  }

  private func value(_ id: ValueID) -> Double? {
    let instruction = source[id]
    guard instruction.type.shape.isScalar else { return nil }
    switch instruction.operation {
    case .constant: return source.constants[Int(instruction.attribute)]
    case .argument where instruction.type.kind == .boolean:
      let k = Int(instruction.attribute)
      return k < context.decided.count ? context.decided[k] : nil
    case .extent:
      guard let kind = ExtentKind(rawValue: instruction.attribute) else { return nil }
      return instruction.a == .none ? extentValue(kind) : count(kind, instruction.a)
    case .select:
      guard let condition = known[instruction.a.index] else { return nil }
      return known[(condition != 0 ? instruction.b : instruction.c).index]
    case .logicalAnd:
      let (x, y) = (known[instruction.a.index], known[instruction.b.index])
      if x == 0 || y == 0 { return 0 }
      return x != nil && y != nil ? 1 : nil
    case .logicalOr:
      let (x, y) = (known[instruction.a.index], known[instruction.b.index])
      if let x, x != 0 { return 1 }
      if let y, y != 0 { return 1 }
      return x != nil && y != nil ? 0 : nil
    default: return source.folded(id) { known[$0.index] }
    }
  }

  /// Whether a known number is rounded, or made of what is.
  private func rounds(_ id: ValueID) -> Bool {
    let instruction = source[id]
    guard let result = known[id.index], instruction.type.kind == .real,
      instruction.operation.isElementwise
    else { return false }
    let operands = source.operands(id)
    let numbers = operands.compactMap { known[$0.index] }
    return operands.contains { isRounded[$0.index] }
      || numbers.count == operands.count
        && !Folding.isExact(instruction.operation, numbers, result)
  }

  func bindValue(_ id: ValueID) -> Double? { bound[id.index] }

  /// The value of a scalar with the hyperparameters at their bind-time values, from those before it.
  private func boundValue(_ id: ValueID) -> Double? {
    let instruction = source[id]
    switch instruction.operation {
    case .constant: return source.constants[Int(instruction.attribute)]
    case .hyper:
      let k = Int(instruction.attribute)
      return k < context.hypers.count ? context.hypers[k] : nil
    case .extent:
      guard let kind = ExtentKind(rawValue: instruction.attribute) else { return nil }
      return instruction.a == .none ? extentValue(kind) : count(kind, instruction.a)
    default:
      return instruction.type.shape.isScalar ? source.folded(id) { bound[$0.index] } : nil
    }
  }

  /// The rows, columns or elements of a value whose shape is known beforehand.
  private func count(_ kind: ExtentKind, _ value: ValueID) -> Double? {
    guard source[value].operation != .argument,
      let shape = try? concrete(source.type(value).shape.tensor, at: .none),
      shape.extents.allSatisfy(\.isFixed)
    else { return nil }
    let extents = shape.extents.map { Double($0.value) }
    switch kind {
    case .rowsOf: return extents.first ?? 1
    case .colsOf: return extents.dropFirst().reduce(1, *)
    default: return extents.reduce(1, *)
    }
  }

  func concrete(_ extent: Extent, at span: Span) throws(DiagnosticError) -> Extent {
    if extent.isFixed || extent == .unknown { return extent }
    let number: Double?
    if let k = extent.computedIndex {
      if let computed = context.computed {
        number = k < computed.count ? computed[k] : nil
      } else {
        number = bindValue(source.extents[k])
      }
    } else {
      let kinds: [Extent: ExtentKind] = [
        .rows: .rows, .cols: .cols, .numel: .numel, .batch: .batch, .features: .features,
        .groups: .groups, .workers: .workers,
      ]
      number = kinds[extent].flatMap { extentValue($0) }
    }
    guard let number else {
      throw DiagnosticError(
        .unknownExtent(extent, at: span)
      )
    }
    guard number >= 0, number == number.rounded(), number < 2_000_000_000 else {
      throw DiagnosticError(.badExtent(number, at: span))
    }
    return .fixed(Int(number))
  }

  func concrete(_ shape: Shape, at span: Span) throws(DiagnosticError) -> Shape {
    var extents: [Extent] = []
    for extent in shape.extents.dropFirst(shape.axes.count - axes(shape).count) {
      extents.append(try concrete(extent, at: span))
    }
    let shape = Shape(extents)
    try checkSize(shape, at: span)
    return shape
  }

  /// Operations make shapes too (`x @ x.T`, `outer`): each is within what an Int can count.
  private func checkSize(_ shape: Shape, at span: Span) throws(DiagnosticError) {
    var elements = 1.0
    for axis in 0..<shape.rank where shape[axis].isFixed {
      elements *= Double(max(1, shape[axis].value))
    }
    guard elements <= Budget.tensorElements else {
      throw Budget.exceeded(
        "this tensor", bytes: elements * 8, limit: min(Budget.bytes, Budget.tensorElements * 8),
        at: span)
    }
  }

  // MARK: Rebuilding

  private func liveUnderKnownConditions() -> [Bool] {
    var live = [Bool](repeating: false, count: source.instructions.count)
    for output in source.outputs { live[output.value.index] = true }
    for i in stride(from: live.count - 1, through: 0, by: -1) where live[i] {
      let instruction = source.instructions[i]
      if known[i] != nil, !isRounded[i] { continue }
      if instruction.operation == .select, let condition = known[instruction.a.index] {
        live[(condition != 0 ? instruction.b : instruction.c).index] = true
        continue
      }
      for operand in source.operands(ValueID(i)) { live[operand.index] = true }
    }
    return live
  }

  private mutating func rebuild(_ id: ValueID, _ map: [ValueID]) throws(DiagnosticError) -> ValueID
  {
    let instruction = source[id]
    let span = source.origin(id)
    if let number = known[id.index], !isRounded[id.index] {
      return instruction.type.kind == .boolean
        ? builder.boolean(number != 0) : builder.constant(number)
    }
    if instruction.operation == .select, let condition = known[instruction.a.index] {
      let arm = condition != 0 ? instruction.b : instruction.c
      return try stretched(
        try aligned(map[arm.index], axes(arm), to: instruction.type.shape, span),
        to: instruction.type, span)
    }
    let operation = instruction.operation
    if context.rank < 2, needsMatrixParameter(instruction) {
      throw DiagnosticError(.matrixRuleOnVector(operation, rank: context.rank, at: span))
    }
    if context.rank == 1, goesRowByRow(instruction) {
      throw DiagnosticError(.rowsOfVector(operation, at: span))
    }
    switch operation {
    case .free: throw DiagnosticError(.freeName(at: span))
    case .argument:
      return builder.source(
        .argument, context.arguments[Int(instruction.attribute)], attribute: instruction.attribute)
    case .draw:
      let type = ValueType(instruction.type.kind, try concrete(instruction.type.shape, at: span))
      let argument = instruction.a.isSome ? map[instruction.a.index] : .none
      return builder.draw(source.draws[Int(instruction.attribute)], type, argument)
    case .extent:
      let whole = builder.type(map[instruction.a.index]).shape
      let shape = Shape(Array(whole.extents.dropFirst(axes(instruction.a).count)))
      switch ExtentKind(rawValue: instruction.attribute) {
      case .rowsOf: return builder.constant(Double(shape.rank > 0 ? shape[0].value : 1))
      case .colsOf:
        return builder.constant(Double(Lengths.product(shape.extents.dropFirst().map(\.value))))
      default: return builder.constant(Double(shape.elementCount))
      }
    case .loop: return try rebuildLoop(instruction, map, span)
    case .project:
      return builder.project(
        map[instruction.a.index], Int(instruction.attribute),
        type: projectedType(map[instruction.a.index], Int(instruction.attribute)))
    default: break
    }
    if operation.isSource {
      let type = ValueType(instruction.type.kind, try concrete(instruction.type.shape, at: span))
      return builder.source(operation, type, attribute: instruction.attribute)
    }
    try requirePlaces(id, map)
    var operands: [ValueID] = []
    for i in 0..<operation.info.arity { operands.append(map[instruction.operand(i).index]) }
    if let value = try rebuildOverAxes(instruction, operands, span) { return value }
    do {
      let declared = try declaredType(instruction, operands, span)
      switch operation {
      case .slice: return try builder.slice(operands[0], source.slices[Int(instruction.attribute)])
      case .matrixProduct: return try product(operands[0], operands[1], span)
      case .unfold, .fold:
        let window = try source.windows[Int(instruction.attribute)].mapped {
          (extent) throws(DiagnosticError) in try concrete(extent, at: span)
        }
        return try builder.patches(operation, operands[0], window, declared: declared)
      case _ where operation.isReduction && numbers(operands[0]).count > 2:
        return try fold(operation, operands[0], instruction.attribute, span)
      case .placeSlice:
        return try builder.placeSlice(
          operands[0], source.slices[Int(instruction.attribute)], type: declared)
      default:
        return try builder.make(
          operation, operands, attribute: instruction.attribute, declared: declared)
      }
    } catch let error as ShapeError {
      throw DiagnosticError(error.diagnostic(at: span))
    } catch let error as DiagnosticError {
      throw error
    } catch {
      throw DiagnosticError(.shapeMismatch(error, at: span))
    }
  }

  /// The arm that is left of a choice, in the shape that both arms had together.
  mutating func stretched(
    _ value: ValueID, to type: ValueType, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    guard let shape = try? concrete(type.shape, at: span), shape.isConcrete,
      shape != builder.type(value).shape, builder.type(value).shape.fits(shape),
      let wide = try? builder.make(
        .broadcast, [value], declared: ValueType(builder.type(value).kind, shape))
    else { return value }
    return wide
  }

  func needsMatrixParameter(_ instruction: Instruction) -> Bool {
    guard instruction.operation.isOfMatrices else {
      return false
    }
    return (0..<instruction.operation.info.arity).contains { i in
      let extents = source.type(instruction.operand(i)).shape.extents
      return extents.contains(.rows) && extents.contains(.cols)
    }
  }

  /// Whether an operation looks at each row of a parameter: those of a vector have one element each.
  private func goesRowByRow(_ instruction: Instruction) -> Bool {
    switch instruction.operation {
    case .argMaximum, .argMinimum:
      guard instruction.attribute == Scope.perRow.rawValue else { return false }
    case .softmax, .logSoftmax: break
    default: return false
    }
    let extents = source.type(instruction.a).shape.tensor.extents
    return extents.contains(.rows) && extents.contains(.cols)
  }

  /// The declared type of a reshape and its like, its one unknown extent solved.
  func declaredType(
    _ instruction: Instruction, _ operands: [ValueID], _ span: Span
  ) throws(DiagnosticError) -> ValueType {
    var shape = try concrete(instruction.type.shape, at: span)
    if instruction.operation == .reshape, let first = operands.first {
      let unknown = shape.extents.indices.filter { shape[$0] == .unknown }
      if unknown.count == 1 {
        let others = Lengths.product(shape.extents.filter(\.isFixed).map(\.value))
        let total = builder.type(first).shape.elementCount
        shape[unknown[0]] = try .length(others == 0 ? 0 : total / others, at: span)
      }
    }
    return ValueType(instruction.type.kind, shape)
  }

  private func projectedType(_ tuple: ValueID, _ index: Int) -> ValueType {
    let instruction = builder.function[tuple]
    if instruction.operation == .loop {
      let loop = builder.function.loops[Int(instruction.attribute)]
      return builder.type(loop.initial[index])
    }
    return ShapeRules.results(of: instruction.operation, builder.type(instruction.a))[index]
  }

  private mutating func rebuildLoop(
    _ instruction: Instruction, _ map: [ValueID], _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    let loop = source.loops[Int(instruction.attribute)]
    guard let count = bindValue(instruction.a), count >= 0, count == count.rounded(), count <= 1e6
    else {
      if let count = bindValue(instruction.a), count > 1e6 {
        throw DiagnosticError(.tooManyIterations(count, at: span))
      }
      throw DiagnosticError(.unknownCount(at: span))
    }
    let initial = loop.initial.map { map[$0.index] }
    let captured = loop.captured.map { map[$0.index] }
    var inner = context
    inner.arguments = (initial + captured).map { builder.type($0) }
    inner.decided = initial.map { _ in nil } + loop.captured.map { known[$0.index] }
    if inner.computed == nil { inner.computed = source.extents.map { bindValue($0) } }
    let body = try loop.body.specialised(inner)
    return builder.loop(
      builder.constant(count), Loop(initial: initial, captured: captured, body: body))
  }
}
