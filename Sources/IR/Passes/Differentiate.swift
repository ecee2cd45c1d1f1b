import Basics
import Diagnostics

extension Function {
  /// The function with the gradients of its `.loss` added: outputs `.gradient(k)` for each k, of the
  /// shape `parameters[k]` (zeros where the loss does not depend on it).
  ///
  /// Reverse mode on a concrete function; loops are unrolled. What stands in an arm of a lazy
  /// `select` is differentiated only where that arm is taken.
  ///
  /// Conventions where there is no derivative: max(a, b) goes to a where a > b, else to b (min
  /// likewise); |x|' = sign(x); the largest entry shares among equals; clip passes on its borders; the
  /// root of a sum of squares has slope 0 at 0. What was not chosen adds exactly 0, whatever its slope.
  /// The gradients of the parameters `ascended` are negated.
  /// Throws R0806 at an operation that has no derivative yet, R0414 if the loss is not one number.
  package func differentiated(
    parameters: [Shape], ascended: [Int] = []
  ) throws(DiagnosticError) -> Function {
    WorkCounts.noteDifferentiation()
    let flat = try unrolled()
    var (builder, map) = try flat.copied(flat.liveValues())
    for output in flat.outputs { builder.output(output.target, map[output.value.index]) }
    var pass = Differentiate(builder, parameters, ascended: ascended)
    return try pass.run().withoutDeadValues().verified(after: "differentiate")
  }
}

/// Reverse-mode differentiation: adjoints are appended behind the forward values they use.
///
/// An adjoint may be smaller than its value: it stretches to it by broadcasting. `full` stretches it
/// where an operation needs it whole.
struct Differentiate {
  var builder: FunctionBuilder
  let parameters: [Shape]
  let ascended: [Int]
  /// The forward part.
  let forward: Function
  /// Whether a value depends on a parameter through operations that have a slope.
  var isActive: [Bool]
  var adjoints: [ValueID]
  /// Adjoints of the parts of operations that give several values.
  var partAdjoints: [Int: [Int: ValueID]] = [:]
  var guards: Guards
  /// Whether the adjoint of a value may be 0 because something else was chosen.
  var maybeUnchosen: [Bool]

  init(_ builder: FunctionBuilder, _ parameters: [Shape], ascended: [Int]) {
    self.builder = builder
    self.parameters = parameters
    self.ascended = ascended
    forward = builder.function
    isActive = []
    adjoints = [ValueID](repeating: .none, count: forward.instructions.count)
    guards = Guards(of: forward)
    maybeUnchosen = forward.unchosenValues()
    for instruction in forward.instructions {
      isActive.append(
        instruction.operation == .parameter
          || instruction.type.kind != .boolean
            && instruction.operation.differentiableOperands.contains {
              isActive[instruction.operand($0).index]
            }
      )
    }
  }

  mutating func run() throws(DiagnosticError) -> Function {
    if let loss = forward.output(.loss) {
      guard forward.type(loss).shape.isConcrete, forward.type(loss).shape.elementCount == 1 else {
        throw DiagnosticError(.lossNotScalar(at: forward.origin(loss)))
      }
      adjoints[loss.index] = builder.constant(1)
      for i in stride(from: loss.index, through: 0, by: -1) where isActive[i] {
        builder.origin = forward.origins[i]
        if let parts = partAdjoints[i] {
          try propagate(ValueID(i), parts: parts)
        } else if adjoints[i].isSome {
          try propagate(ValueID(i), adjoints[i])
        }
      }
    }
    for (k, shape) in parameters.enumerated() {
      let source = forward.instructions.firstIndex {
        $0.operation == .parameter && $0.attribute == Int32(k)
      }
      let adjoint = source.map { adjoints[$0] } ?? .none
      var gradient = try full(adjoint.isSome ? adjoint : builder.constant(0), shape)
      if ascended.contains(k) { gradient = try make(.negate, gradient) }
      builder.output(.gradient(k), gradient)
    }
    return builder.function
  }

  // MARK: Contributions

  /// Adds `adjoint`, which came through `user`, to that of `value`.
  ///
  /// Where `value` was stretched to the shape of `user`, the adjoint is summed back.
  mutating func add(
    _ adjoint: ValueID, to value: ValueID, through user: ValueID, under scope: Int? = nil
  ) throws(DiagnosticError) {
    guard isActive[value.index] else { return }
    var contribution = adjoint
    let shape = forward.type(value).shape
    let whole = forward.type(user).shape
    if shape != whole,
      forward[user].operation.isElementwise || forward[user].operation == .broadcast
    {
      contribution = try sum(full(contribution, whole), to: shape)
    }
    contribution = try guarded(contribution, from: scope ?? guards[user], to: guards[value])
    let old = adjoints[value.index]
    adjoints[value.index] = old.isSome ? try make(.add, old, contribution) : contribution
  }

  /// The adjoint as seen from outside the arms in which it arises: nothing where they are not taken,
  /// and not computed there.
  mutating func guarded(
    _ adjoint: ValueID, from inner: Int, to outer: Int
  ) throws(DiagnosticError) -> ValueID {
    var result = adjoint
    for step in guards.path(from: inner, to: outer) {
      let zero = builder.constant(0)
      result = try make(
        .select, step.condition, step.whenTrue ? result : zero, step.whenTrue ? zero : result)
    }
    return result
  }

  /// The adjoint stretched to `shape`.
  mutating func full(_ value: ValueID, _ shape: Shape) throws(DiagnosticError) -> ValueID {
    try make(.broadcast, value, declared: ValueType(.real, shape))
  }

  /// The sum over the axes along which `target` was stretched to the shape of `value`.
  mutating func sum(_ value: ValueID, to target: Shape) throws(DiagnosticError) -> ValueID {
    let extents = builder.type(value).shape.extents.map(\.value)
    let kept = target.extents.map(\.value)
    let offset = extents.count - kept.count
    let isSummed = extents.indices.map { axis in
      extents[axis] != 1 && (axis < offset || kept[axis - offset] == 1)
    }
    var result = value
    var current = extents
    var axis = 0
    while axis < current.count {
      guard isSummed[axis] else {
        axis += 1
        continue
      }
      var end = axis
      while end < current.count, isSummed[end] || current[end] == 1 { end += 1 }
      let before = Lengths.product(current[..<axis])
      let length = Lengths.product(current[axis..<end])
      let after = Lengths.product(current[end...])
      result = try sum(result, before, length, after)
      for i in axis..<end { current[i] = 1 }
      axis = end
    }
    return try reshape(result, target)
  }

  /// The sum over the middle of [before, length, after].
  private mutating func sum(
    _ value: ValueID, _ before: Int, _ length: Int, _ after: Int
  ) throws(DiagnosticError) -> ValueID {
    if before == 1, after == 1 { return try make(.sum, value, attribute: Scope.all.rawValue) }
    if after == 1 {
      return try make(
        .sum, reshape(value, matrix(before, length)), attribute: Scope.perRow.rawValue)
    }
    if before == 1 {
      return try make(
        .sum, reshape(value, matrix(length, after)), attribute: Scope.perColumn.rawValue)
    }
    let columns = try make(.transpose, reshape(value, matrix(before, length * after)))
    let sums = try make(
      .sum, reshape(columns, matrix(length, after * before)), attribute: Scope.perColumn.rawValue)
    return try make(.transpose, reshape(sums, matrix(after, before)))
  }

  func matrix(_ rows: Int, _ cols: Int) throws(DiagnosticError) -> Shape {
    Shape([try .length(rows, at: builder.origin), try .length(cols, at: builder.origin)])
  }

  /// A contribution that has `d` as a factor: exactly 0 where d is, also where the other factor is not
  /// finite.
  mutating func unlessZero(_ d: ValueID, _ contribution: ValueID) throws(DiagnosticError) -> ValueID
  {
    if let known = builder.constantValue(d), known != 0 { return contribution }
    let zero = constant(0)
    return try make(.select, make(.equal, d, zero), zero, contribution)
  }

  // MARK: Making values

  mutating func make(
    _ operation: Operation, _ operands: ValueID..., attribute: Int32 = 0,
    declared: ValueType? = nil
  ) throws(DiagnosticError) -> ValueID {
    do throws(ShapeError) {
      return try builder.make(operation, operands, attribute: attribute, declared: declared)
    } catch { throw DiagnosticError(error.diagnostic(at: builder.origin)) }
  }

  mutating func constant(_ x: Double) -> ValueID { builder.constant(x) }

  mutating func reshape(_ value: ValueID, _ shape: Shape) throws(DiagnosticError) -> ValueID {
    try make(.reshape, value, declared: ValueType(.real, shape))
  }

  /// The transpose; that of a transpose is its operand, that of a product the product of transposes,
  /// so that matrix products can read their operands as they lie in memory.
  mutating func transpose(_ value: ValueID) throws(DiagnosticError) -> ValueID {
    let instruction = builder.function[value]
    switch instruction.operation {
    case .transpose: return instruction.a
    case .matrixProduct where value.index >= forward.instructions.count:
      return try make(.matrixProduct, transpose(instruction.b), transpose(instruction.a))
    default: return try make(.transpose, value)
    }
  }

  func notYet(_ id: ValueID) -> DiagnosticError {
    DiagnosticError(.notDifferentiable(forward[id].operation, at: forward.origin(id)))
  }
}
