/// Why an operation cannot take its operands, in the user's terms.
package struct ShapeError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// Elementwise operands that do not fit each other.
    case mismatch
    /// Rows of one against columns of the other.
    case innerExtents
    case needsMatrix, needsSquare, needsScalar, needsBoolean, needsReal, badSlice, badReshape
    /// A named axis that the value lacks, or has and should not.
    case noAxis, axisLeft
    /// A window that cuts no patches out of this.
    case badWindow
  }
  package var reason: Reason
  package var message: String
  init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }
}

/// The type that each operation gives: one set of rules for checking (symbolic extents), binding
/// (numbers) and generated programs.
package enum ShapeRules {
  /// The result type, for the operations whose type follows from their operands.
  ///
  /// Sources, `reshape`, `broadcast`, `scatterAdd`, `placeSlice`, `placeAlong`, `project` carry
  /// their own type; pass it as `declared`.
  package static func infer(
    _ operation: Operation, _ operands: [ValueType], attribute: Int32 = 0,
    slices: [AxisSlice] = [], window: PatchWindow? = nil, declared: ValueType? = nil
  ) throws(ShapeError) -> ValueType {
    for operand in operands where operand.kind == .tuple && operation != .project {
      throw ShapeError(.needsReal, "several values stand where one is needed")
    }
    let info = operation.info
    switch info.operationClass {
    case .source: return declared ?? .scalar
    case .elementwise:
      if operation == .select, let declared, isChoice(operands, declared.shape) { return declared }
      return try elementwise(operation, operands)
    case .globalReduction:
      guard operands[0].shape.tensor.isScalar else {
        throw ShapeError(.needsScalar, "a reduction over all tensors folds one number of each")
      }
      return ValueType(.real, operands[0].shape)
    case .reduction: return try reduction(operation, operands[0], attribute)
    case .rowwise: return ValueType(.real, operands[0].shape)
    case .oracle:
      return operation == .lossAt ? .scalar : ValueType(.real, operands[0].shape)
    case .matrix(let kind): return try matrix(kind, operation, operands)
    case .movement(.unfold):
      let own = operands[0].shape
      let patches = try window!.patches(of: own.tensor, declared?.shape.tensor)
      return ValueType(.real, try around(own, patches))
    case .movement(.fold):
      let own = (declared ?? operands[0]).shape
      let patches = try window!.patches(of: own.tensor, operands[0].shape.tensor)
      guard operands[0].shape.tensor.broadcast(with: patches) == patches else {
        throw ShapeError(.badWindow, "\(describe(operands[0].shape)) are not patches of it")
      }
      return ValueType(.real, own)
    case .movement(let kind): return try movement(kind, operands, slices, declared)
    case .selection(let kind): return try selection(kind, operation, operands, attribute)
    case .region: return operation == .loop ? .tuple : (declared ?? .scalar)
    }
  }

  static func elementwise(
    _ operation: Operation, _ operands: [ValueType]
  ) throws(ShapeError) -> ValueType {
    switch operation {
    case .logicalNot, .logicalAnd, .logicalOr:
      for operand in operands where operand.kind != .boolean {
        throw ShapeError(
          .needsBoolean,
          "`\(operation.info.name)` combines conditions, and one side is a number")
      }
    case .select where operands[0].kind != .boolean:
      throw ShapeError(.needsBoolean, "`if` needs a condition such as `x > 0`, not a number")
    default: break
    }
    var shape = operands[0].shape
    for operand in operands.dropFirst() {
      guard let both = shape.broadcast(with: operand.shape) else {
        if let axis = shape.differingAxis(from: operand.shape) {
          throw ShapeError(
            .mismatch,
            "the axis `\(axis.word)` has \(shape.length(of: axis)!) entries on one side and "
              + "\(operand.shape.length(of: axis)!) on the other")
        }
        throw ShapeError(
          .mismatch,
          "\(describe(shape)) and \(describe(operand.shape)) do not fit each other in "
            + "`\(operation.info.name)`")
      }
      shape = both
    }
    let isBoolean =
      operation == .select
      ? operands[1].kind == .boolean && operands[2].kind == .boolean : operation.info.givesBoolean
    return ValueType(isBoolean ? .boolean : .real, shape)
  }

  /// The shape of these axes, `like` if they are those of the parameter.
  package static func choice(_ extents: [Extent]) -> Shape {
    extents == [.rows, .cols] ? .like : Shape(extents)
  }

  /// Whether a choice is between arms that do not fit each other, but each the shape declared:
  /// binding will leave one of them.
  private static func isChoice(_ operands: [ValueType], _ shape: Shape) -> Bool {
    operands[0] == ValueType(.boolean, .scalar)
      && operands[1].shape.broadcast(with: operands[2].shape) == nil
      && operands.dropFirst().allSatisfy { arm in
        arm.shape.rank == shape.rank
          && zip(arm.shape.extents, shape.extents).allSatisfy { $0.unified(with: $1) != nil }
      }
  }

  static func reduction(
    _ operation: Operation, _ operand: ValueType, _ attribute: Int32
  ) throws(ShapeError) -> ValueType {
    let scope = Scope(rawValue: attribute) ?? .all
    if let axis = scope.axis {
      guard operand.shape.axes.contains(axis) else {
        throw ShapeError(
          .noAxis, "`\(axis.word)` is no axis of this value, which is \(describe(operand.shape))")
      }
      return ValueType(.real, operand.shape.without(axis))
    }
    if !operand.shape.axes.isEmpty, scope != .leading {
      let inner = try reduction(operation, ValueType(operand.kind, operand.shape.tensor), attribute)
      return ValueType(.real, try around(operand.shape, inner.shape))
    }
    let extents = operand.shape.extents
    let shape: Shape
    switch scope {
    case .all: shape = .scalar
    case .perRow:
      if extents.isEmpty { return ValueType(.real, .scalar) }
      shape = Shape(extents.dropLast() + [.fixed(1)])
    case .perColumn:
      shape =
        extents.count < 2
        ? operand.shape : Shape(extents.dropLast(2) + [.fixed(1), extents[extents.count - 1]])
    case .leading:
      guard extents.count > 0 else {
        throw ShapeError(.needsMatrix, "a scalar has no axis to fold")
      }
      shape = Shape(Array(extents.dropFirst()))
    default: shape = operand.shape
    }
    return ValueType(.real, shape)
  }

  private static func around(_ shape: Shape, _ tensor: Shape) throws(ShapeError) -> Shape {
    guard let result = shape.around(tensor) else {
      throw ShapeError(
        .mismatch, "a tensor has at most \(Shape.maximumRank) axes, the named ones included")
    }
    return result
  }

  /// The named axes of several operands together, around a scalar.
  private static func commonAxes(_ operands: [ValueType]) throws(ShapeError) -> Shape {
    var result = Shape.scalar
    for operand in operands where !operand.shape.axes.isEmpty {
      guard let own = operand.shape.around(.scalar), let both = result.broadcast(with: own) else {
        throw ShapeError(
          .mismatch, "the lengths of `\(operand.shape.axes.description)` differ here")
      }
      result = both
    }
    return result
  }

  private static func isOverAxes(_ operands: [ValueType]) -> Bool {
    operands.contains { !$0.shape.axes.isEmpty }
  }

  /// What stands for the operands in each entry of the named axes.
  private static func entries(_ operands: [ValueType]) -> [ValueType] {
    operands.map { ValueType($0.kind, $0.shape.tensor) }
  }

  private static func matrix(
    _ kind: OperationClass.Matrix, _ operation: Operation, _ operands: [ValueType]
  ) throws(ShapeError) -> ValueType {
    if isOverAxes(operands) {
      let inner = try matrix(kind, operation, entries(operands))
      guard inner.kind != .tuple else {
        throw ShapeError(
          .axisLeft,
          "`\(operation.info.name)` gives several values, which is not done for each entry of "
            + "`\(try commonAxes(operands).axes.description)`")
      }
      return ValueType(inner.kind, try around(try commonAxes(operands), inner.shape))
    }
    let takesStacks = kind == .product || kind == .transpose
    for operand in operands {
      if operand.shape.rank < 2 || operand.shape.rank > 2 && !takesStacks {
        throw ShapeError(
          .needsMatrix,
          "`\(operation.info.name)` needs a matrix, and this is \(describe(operand.shape))")
      }
    }
    let a = operands[0].shape.extents
    switch kind {
    case .product: return ValueType(.real, try product(operands[0].shape, operands[1].shape))
    case .transpose:
      return ValueType(.real, stack(a.dropLast(2), a[a.count - 1], a[a.count - 2]))
    case .solve:
      let b = operands[1].shape.extents
      try square(operation, operands[0].shape)
      guard a[0].unified(with: b[0]) != nil else {
        throw ShapeError(
          .innerExtents, "solve(A, b): A has \(a[0]) rows and b has \(b[0])")
      }
      return ValueType(.real, operands[1].shape)
    case .cholesky:
      try square(operation, operands[0].shape)
      return ValueType(.real, operands[0].shape)
    case .eigh:
      try square(operation, operands[0].shape)
      return .tuple
    case .qr, .svd: return .tuple
    }
  }

  /// Matrices, or stacks of them whose axes in front stretch to each other.
  private static func product(_ left: Shape, _ right: Shape) throws(ShapeError) -> Shape {
    let (a, b) = (left.extents, right.extents)
    let (columns, rows) = (a[a.count - 1], b[b.count - 2])
    guard columns.unified(with: rows) != nil else {
      throw ShapeError(
        .innerExtents,
        "\(describe(left)) @ \(describe(right)): the columns of the left (\(columns)) are not the "
          + "rows of the right (\(rows))")
    }
    guard let front = Shape(a.dropLast(2)).broadcast(with: Shape(b.dropLast(2))) else {
      throw ShapeError(
        .mismatch,
        "\(describe(left)) @ \(describe(right)): the axes in front of rows and columns do not fit "
          + "each other")
    }
    return stack(front.extents[...], a[a.count - 2], b[b.count - 1])
  }

  private static func stack(_ front: ArraySlice<Extent>, _ rows: Extent, _ cols: Extent) -> Shape {
    front.isEmpty ? normalised(rows, cols) : Shape(front + [rows, cols])
  }

  /// The types of the values of an operation that gives several.
  package static func results(of operation: Operation, _ operand: ValueType) -> [ValueType] {
    let e = operand.shape.extents
    guard e.count == 2, case .matrix(let matrix) = operation.info.operationClass else { return [] }
    func real(_ rows: Extent, _ cols: Extent) -> ValueType {
      ValueType(.real, normalised(rows, cols))
    }
    let inner: Extent = e[0] == e[1] ? e[0] : smaller(e[0], e[1])
    switch matrix {
    case .qr: return [real(e[0], inner), real(inner, e[1])]
    case .eigh: return [ValueType(.real, Shape([.fixed(1), e[0]])), real(e[0], e[0])]
    case .svd:
      return [real(e[0], inner), ValueType(.real, Shape([.fixed(1), inner])), real(e[1], inner)]
    case .product, .transpose, .solve, .cholesky: return []
    }
  }

  private static func smaller(_ a: Extent, _ b: Extent) -> Extent {
    a.isFixed && b.isFixed ? .fixed(min(a.value, b.value)) : .unknown
  }

  static func normalised(_ rows: Extent, _ cols: Extent) -> Shape {
    rows == .rows && cols == .cols ? .like : Shape([rows, cols])
  }

  private static func square(_ operation: Operation, _ shape: Shape) throws(ShapeError) {
    let e = shape.extents
    guard e[0].unified(with: e[1]) != nil else {
      throw ShapeError(
        .needsSquare,
        "`\(operation.info.name)` needs a square matrix, and this is \(describe(shape))")
    }
  }

  private static func movement(
    _ kind: OperationClass.Movement, _ operands: [ValueType], _ slices: [AxisSlice],
    _ declared: ValueType?
  ) throws(ShapeError) -> ValueType {
    let operand = operands[0]
    switch kind {
    case .diagonal, .gather, .takeAlong:
      guard isOverAxes(operands) else { break }
      let inner = try movement(kind, entries(operands), slices, declared)
      return ValueType(inner.kind, try around(try commonAxes(operands), inner.shape))
    case .reshape, .broadcast, .slice, .placeSlice, .scatterAdd, .placeAlong, .push, .unfold, .fold:
      break
    }
    switch kind {
    case .push:
      guard operand.shape.axes.contains(.window) else {
        throw ShapeError(.noAxis, "`push` needs a window, and this is \(describe(operand.shape))")
      }
      let entry = operand.shape.without(.window)
      guard operands[1].shape.fits(entry) else {
        throw ShapeError(
          .mismatch,
          "one entry of the window is \(describe(entry)), and this is "
            + "\(describe(operands[1].shape))")
      }
      return ValueType(.real, operand.shape)
    case .diagonal:
      let e = operand.shape.extents
      if e.count == 1 { return ValueType(.real, Shape([e[0], e[0]])) }
      guard e.count == 2 else {
        throw ShapeError(.needsMatrix, "`diag` needs a vector or a matrix")
      }
      if e[1].isOne { return ValueType(.real, Shape([e[0], e[0]])) }
      if e[0].isOne { return ValueType(.real, Shape([e[1], e[1]])) }
      try square(.diagonal, operand.shape)
      return ValueType(.real, e[0] == .rows ? .overRows : Shape([.fixed(1), e[0]]))
    case .slice: return ValueType(operand.kind, try sliced(operand.shape, slices))
    case .reshape:
      let target = (declared ?? operand).shape
      if operand.shape.isConcrete && target.isConcrete,
        operand.shape.elementCount != target.elementCount
      {
        throw ShapeError(
          .badReshape,
          "\(describe(operand.shape)) has \(operand.shape.elementCount) elements and "
            + "\(describe(target)) needs \(target.elementCount)")
      }
      return ValueType(operand.kind, target)
    case .broadcast:
      let target = (declared ?? operand).shape
      guard operand.shape.fits(target) else {
        throw ShapeError(
          .mismatch, "\(describe(operand.shape)) does not stretch to \(describe(target))")
      }
      return ValueType(operand.kind, target)
    case .gather:
      guard operand.shape.rank == 2 else {
        throw ShapeError(.needsMatrix, "`gather` takes rows of a matrix")
      }
      let index = operands[1].shape.extents
      // A row of places is as good as a column of them.
      guard let count = index.count == 2 && index[0].isOne ? index[1] : index.first else {
        return ValueType(.real, Shape([.fixed(1), operand.shape.extents[1]]))
      }
      return ValueType(.real, normalised(count, operand.shape.extents[1]))
    case .takeAlong:
      let e = operand.shape.extents
      guard e.count == 2 else {
        throw ShapeError(.needsMatrix, "`take_along` takes one entry of each row of a matrix")
      }
      let index = operands[1].shape
      if e[0].isFixed, index.isConcrete, index.elementCount != 1, index.elementCount != e[0].value {
        throw ShapeError(
          .mismatch,
          "`take_along` takes one place for each row: "
            + "\(index.elementCount) places for \(e[0].value) rows")
      }
      return ValueType(.real, Shape([e[0], .fixed(1)]))
    case .placeSlice, .scatterAdd, .placeAlong, .unfold, .fold: return declared ?? operand
    }
  }

  static func sliced(_ shape: Shape, _ slices: [AxisSlice]) throws(ShapeError) -> Shape {
    var result: [Extent] = []
    var named: [Extent] = []
    var axes = shape.axes
    if !axes.isEmpty {
      for (position, name) in shape.axes.names.enumerated() {
        let slice = position < slices.count ? slices[position] : .full
        let one = try sliced(Shape([shape[position]]), [slice])
        if one.isScalar { axes = axes.removing(name) } else { named.append(one[0]) }
      }
      let tensor = try sliced(shape.tensor, Array(slices.dropFirst(shape.axes.count)))
      guard let whole = Shape.over(axes, named, tensor) else { return shape }
      return whole
    }
    for (axis, extent) in shape.extents.enumerated() {
      let slice = axis < slices.count ? slices[axis] : .full
      if slice == .full {
        result.append(extent)
        continue
      }
      guard slice.start >= 0, slice.start <= slice.end ?? slice.start else {
        throw ShapeError(
          .badSlice, "a range from \(slice.start) to \(slice.end ?? 0) holds nothing")
      }
      if extent.isFixed {
        let end = slice.end ?? extent.value
        guard slice.start <= end, end <= extent.value else {
          let outside = slice.start >= extent.value ? slice.start : end
          throw ShapeError(
            .badSlice, "index \(outside) is outside an axis of length \(extent.value)")
        }
        if !slice.isDropped { result.append(.fixed(end - slice.start)) }
      } else if !slice.isDropped {
        result.append(slice.end.map { .fixed($0 - slice.start) } ?? .unknown)
      }
    }
    return shape.isLike && result == [.rows, .cols] ? .like : Shape(result)
  }

  private static func selection(
    _ kind: OperationClass.Selection, _ operation: Operation, _ operands: [ValueType],
    _ attribute: Int32
  ) throws(ShapeError) -> ValueType {
    if operands.count > 1, !operands[1].shape.isScalar {
      throw ShapeError(.needsScalar, "the fraction of `\(operation.info.name)` is one number")
    }
    switch kind {
    case .sort, .argSort: return ValueType(.real, operands[0].shape)
    case .topKMask: return ValueType(.boolean, operands[0].shape)
    case .quantile where Scope(rawValue: attribute)?.axis != nil:
      return try reduction(operation, operands[0], attribute)
    case .quantile: return ValueType(.real, try around(operands[0].shape, .scalar))
    }
  }

  /// Whether a reduction gives what it is given: one number is its own sum, maximum and minimum.
  package static func isIdentity(
    _ operation: Operation, of shape: Shape, attribute: Int32
  ) -> Bool {
    [.sum, .maximumOf, .minimumOf].contains(operation) && shape.tensor.isScalar
      && Scope(rawValue: attribute)?.axis == nil
  }

  static func describe(_ shape: Shape) -> String {
    let text = shape.description
    return text.hasPrefix("like") ? "a tensor \(text)" : "a \(text)"
  }
}
