import Basics
import Diagnostics
import Platform

extension Operation {
  /// The operands by which the operation has a slope that is not zero almost everywhere.
  var differentiableOperands: [Int] {
    switch self {
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent, .argument, .draw, .iota, .identity, .sign, .floor, .ceiling, .round, .bfloat16,
      .float16, .isFinite, .logicalNot, .less, .lessOrEqual, .greater, .greaterOrEqual, .equal,
      .notEqual, .logicalAnd, .logicalOr, .argMaximum, .argMinimum, .argSort, .topKMask:
      []
    case .select: [1, 2]
    case .clip: [0, 1, 2]
    case .copySign, .gather, .takeAlong, .placeAlong, .loop: [0]
    case .scatterAdd: [1]
    // Every operand of all others: a slope that is 0 costs time, one that is left out is wrong.
    default: Array(0..<info.arity)
    }
  }
}

/// The adjoint of each operation: d is that of the value y.
extension Differentiate {
  mutating func propagate(_ id: ValueID, _ d: ValueID) throws(DiagnosticError) {
    let y = forward[id]
    let x = y.a
    let shape = y.type.shape
    let from = x.isSome ? forward.type(x).shape : .scalar
    /// Gives the operand what has `d` as a factor.
    func scale(_ adjoint: ValueID) throws(DiagnosticError) {
      try add(adjoint, to: x, scaling: d, of: id)
    }
    func pass(_ adjoint: ValueID) throws(DiagnosticError) { try add(adjoint, to: x, through: id) }
    switch y.operation {
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent, .argument, .draw, .iota, .identity, .sign, .floor, .ceiling, .round, .bfloat16,
      .float16, .isFinite, .logicalNot, .less, .lessOrEqual, .greater, .greaterOrEqual, .equal,
      .notEqual, .logicalAnd, .logicalOr, .argMaximum, .argMinimum, .argSort, .topKMask:
      break
    case .negate: try scale(make(.negate, d))
    case .absolute: try scale(make(.multiply, d, make(.sign, x)))
    case .squareRoot: try scale(root(id, make(.divide, make(.multiply, d, constant(0.5)), id)))
    case .cubeRoot:
      try scale(make(.divide, d, make(.multiply, constant(3), make(.multiply, id, id))))
    // These overflow where what divides by them is flat.
    case .exponential: try scale(unlessZero(d, make(.multiply, d, id)))
    case .expm1: try scale(unlessZero(d, make(.multiply, d, make(.exponential, x))))
    case .logarithm: try scale(make(.divide, d, x))
    case .log1p: try scale(make(.divide, d, make(.add, constant(1), x)))
    case .tanh: try scale(make(.multiply, d, make(.subtract, constant(1), make(.multiply, id, id))))
    case .sinh: try scale(unlessZero(d, make(.multiply, d, make(.cosh, x))))
    case .cosh: try scale(unlessZero(d, make(.multiply, d, make(.sinh, x))))
    case .sine: try scale(make(.multiply, d, make(.cosine, x)))
    case .cosine: try scale(make(.negate, make(.multiply, d, make(.sine, x))))
    case .tangent: try scale(make(.multiply, d, make(.add, constant(1), make(.multiply, id, id))))
    case .arctangent:
      try scale(make(.divide, d, make(.add, constant(1), make(.multiply, x, x))))
    case .errorFunction:
      let bell = try make(.exponential, make(.negate, make(.multiply, x, x)))
      try scale(make(.multiply, make(.multiply, d, constant(2 / Double.pi.squareRoot())), bell))
    case .exp2:
      try scale(unlessZero(d, make(.multiply, make(.multiply, d, constant(log(2))), id)))
    case .log2: try scale(make(.divide, d, make(.multiply, x, constant(log(2)))))
    case .log10: try scale(make(.divide, d, make(.multiply, x, constant(log(10)))))
    case .arcsinh:
      // The root is at most 1 + |x|, which it is where x² overflows.
      let length = try make(.squareRoot, make(.add, constant(1), make(.multiply, x, x)))
      try scale(
        make(.divide, d, make(.minimum, length, make(.add, constant(1), make(.absolute, x)))))
    case .arccosh:
      // A root of each factor: NaN below 1, where the function is none.
      let roots = try make(
        .multiply, make(.squareRoot, make(.subtract, x, constant(1))),
        make(.squareRoot, make(.add, x, constant(1)))
      )
      try scale(make(.divide, d, roots))
    case .arctanh:
      try scale(
        make(
          .divide, d,
          make(.multiply, make(.subtract, constant(1), x), make(.add, constant(1), x))))
    case .reciprocal:
      if try logistic(id, d, denominator: x, constant(1)) { break }
      try scale(make(.negate, make(.multiply, d, make(.multiply, id, id))))
    case .arcsine, .arccosine:
      // (1 - x)(1 + x) keeps its digits where x is near ±1.
      let product = try make(
        .multiply, make(.subtract, constant(1), x), make(.add, constant(1), x))
      let slope = try make(.divide, d, make(.squareRoot, product))
      try scale(y.operation == .arccosine ? make(.negate, slope) : slope)
    case .add:
      try pass(d)
      try add(d, to: y.b, through: id)
    case .subtract:
      try pass(d)
      if isActive[y.b.index] { try add(make(.negate, d), to: y.b, through: id) }
    case .multiply where x == y.b:
      try scale(make(.multiply, make(.multiply, d, constant(2)), x))
    case .multiply:
      if isActive[x.index] { try scale(make(.multiply, d, y.b)) }
      if isActive[y.b.index] { try add(make(.multiply, d, x), to: y.b, scaling: d, of: id) }
    case .divide:
      let quotient = try make(.divide, d, y.b)
      try scale(quotient)
      if try logistic(id, d, denominator: y.b, x) { break }
      if isActive[y.b.index] {
        try add(make(.negate, make(.multiply, quotient, id)), to: y.b, scaling: d, of: id)
      }
    case .power: try power(id, d)
    case .minimum, .maximum:
      let first = try make(y.operation == .maximum ? .greater : .less, x, y.b)
      try pass(make(.select, first, d, constant(0)))
      try add(make(.select, first, constant(0), d), to: y.b, through: id)
    case .modulo:
      try pass(d)
      if isActive[y.b.index] {
        let turns = try make(.floor, make(.divide, x, y.b))
        try add(make(.negate, make(.multiply, d, turns)), to: y.b, scaling: d, of: id)
      }
    case .arctangent2:
      // (p, q) has a length between 1 and 2, so that its square neither overflows nor vanishes.
      let zero = constant(0)
      let size = try make(.maximum, make(.absolute, x), make(.absolute, y.b))
      let (p, q) = try (make(.divide, x, size), make(.divide, y.b, size))
      let square = try make(.add, make(.multiply, p, p), make(.multiply, q, q))
      let scaled = try make(.divide, make(.divide, d, square), size)
      let isFlat = try make(
        .logicalOr, make(.equal, size, zero), make(.equal, size, constant(.infinity)))
      try pass(make(.select, isFlat, zero, make(.multiply, scaled, q)))
      try add(
        make(.select, isFlat, zero, make(.negate, make(.multiply, scaled, p))), to: y.b, through: id
      )
    case .copySign:
      let sign = try make(.copySign, make(.sign, x), y.b)
      let slope = try make(.multiply, make(.sign, x), sign)
      try pass(make(.multiply, d, slope))
    case .select: try select(id, d)
    case .clip: try clip(id, d)
    case .sum: try pass(d)
    case .maximumOf, .minimumOf:
      let peaks = try make(.equal, x, id)
      let count = try make(.sum, peaks, attribute: y.attribute)
      try pass(make(.select, peaks, make(.divide, d, count), constant(0)))
    case .softmax:
      let weighted = try make(.multiply, d, id)
      let total = try sumRows(full(weighted, shape))
      try pass(
        make(.subtract, weighted, make(.multiply, total, id)))
    case .logSoftmax:
      let total = try sumRows(d, shape)
      let softmax = try make(.exponential, id)
      try pass(make(.subtract, d, make(.multiply, softmax, total)))
    case .matrixProduct:
      let whole = try full(d, shape)
      if isActive[x.index] {
        try pass(sum(product(whole, transpose(y.b)), to: from))
      }
      if isActive[y.b.index] {
        let right = try product(transpose(x), whole)
        try add(sum(right, to: forward.type(y.b).shape), to: y.b, through: id)
      }
    case .transpose:
      try pass(builder.type(d).shape.isScalar ? d : transpose(full(d, shape)))
    case .diagonal:
      try pass(reshape(make(.diagonal, full(d, shape)), from))
    case .solve:
      let right = try make(.solve, transpose(x), full(d, shape))
      try add(right, to: y.b, through: id)
      if isActive[x.index] {
        try pass(make(.negate, product(right, transpose(id))))
      }
    case .cholesky: try cholesky(id, full(d, shape))
    case .reshape:
      try pass(builder.type(d).shape.isScalar ? d : reshape(full(d, shape), from))
    case .broadcast: try pass(d)
    case .slice:
      let slices = forward.slices[Int(y.attribute)]
      try pass(placeSlice(full(d, shape), slices, from))
    case .placeSlice:
      let slices = forward.slices[Int(y.attribute)]
      try pass(slice(full(d, shape), slices))
    case .unfold, .fold:
      try pass(
        patches(
          y.operation == .fold ? .unfold : .fold, full(d, shape),
          forward.windows[Int(y.attribute)], from))
    case .gather:
      try pass(make(.scatterAdd, y.b, full(d, shape), declared: ValueType(.real, from)))
    case .scatterAdd:
      let rows = try make(.gather, full(d, shape), x)
      try add(reshape(rows, forward.type(y.b).shape), to: y.b, through: id)
    case .takeAlong:
      try pass(make(.placeAlong, full(d, shape), y.b, declared: ValueType(.real, from)))
    case .placeAlong:
      try pass(reshape(make(.takeAlong, full(d, shape), y.b), from))
    case .sort:
      let column = try reshape(full(d, shape), try columnShape(shape))
      try pass(unsorted(x, column))
    case .quantile: try quantile(id, d)
    case .project:
      let part = try guarded(d, from: guards[id], to: guards[x])
      partAdjoints[x.index, default: [:]][Int(y.attribute)] = part
    case .globalSum, .globalMaximum, .globalMinimum, .lossAt, .gradientAt, .hessianProduct, .loop,
      .qr, .eigh, .svd, .push:
      throw notYet(id)
    }
  }

  /// Several values at once, from the adjoints of those that were used.
  mutating func propagate(_ id: ValueID, parts: [Int: ValueID]) throws(DiagnosticError) {
    guard case .matrix(let matrix) = forward[id].operation.info.operationClass else {
      throw notYet(id)
    }
    switch matrix {
    case .qr: try propagateQR(id, parts)
    case .eigh: try propagateEigh(id, parts)
    case .svd: try propagateSVD(id, parts)
    case .product, .transpose, .solve, .cholesky: throw notYet(id)
    }
  }

  // MARK: Elementwise

  /// Adds a contribution that has `d`, the adjoint of `id`, as a factor.
  private mutating func add(
    _ contribution: ValueID, to value: ValueID, scaling d: ValueID, of id: ValueID
  ) throws(DiagnosticError) {
    guard isActive[value.index] else { return }
    try add(
      maybeUnchosen[id.index] ? unlessZero(d, contribution) : contribution, to: value, through: id)
  }

  /// The slope of the root `id`. A sum of squares is flat where it is 0, and its root has a kink there:
  /// of its slopes, 0.
  private mutating func root(_ id: ValueID, _ slope: ValueID) throws(DiagnosticError) -> ValueID {
    guard forward.isFlatWhereZero(forward[id].a) else { return slope }
    let zero = constant(0)
    return try make(.select, make(.equal, id, zero), zero, slope)
  }

  /// The adjoint of u in y = a / (k + exp(u)), k a number: -d y (1 - k / (k + exp(u))), in which an
  /// exponential that overflows does no harm. False where y is something else.
  private mutating func logistic(
    _ id: ValueID, _ d: ValueID, denominator: ValueID, _ a: ValueID
  ) throws(DiagnosticError) -> Bool {
    let sum = forward[denominator]
    guard isActive[denominator.index], sum.operation == .add else { return false }
    for (k, exponential) in [(sum.a, sum.b), (sum.b, sum.a)] {
      guard let number = builder.constantValue(k), number > 0,
        forward[exponential].operation == .exponential
      else { continue }
      let share = try make(.divide, k, denominator)
      let slope = try make(.multiply, make(.multiply, d, id), make(.subtract, constant(1), share))
      try add(make(.negate, slope), to: forward[exponential].a, scaling: d, of: id)
      return true
    }
    return false
  }

  private mutating func power(_ id: ValueID, _ d: ValueID) throws(DiagnosticError) {
    let (x, n) = (forward[id].a, forward[id].b)
    let zero = constant(0)
    if isActive[x.index] {
      let slope: ValueID
      switch builder.constantValue(n) {
      case 0: slope = zero
      case 0.5: slope = try root(id, make(.divide, constant(0.5), id))
      case 2: slope = try make(.multiply, constant(2), x)
      case -1: slope = try make(.negate, make(.multiply, id, id))
      case .some(let number):
        let general = try make(.multiply, n, make(.power, x, constant(number - 1)))
        slope = number > 0 && number < 1 ? try root(id, general) : general
      case nil:
        let general = try make(.multiply, n, make(.power, x, make(.subtract, n, constant(1))))
        // 0 · 0^-1 would be NaN where x^0 is flat.
        slope = try make(.select, make(.equal, n, zero), zero, general)
      }
      try add(make(.multiply, d, slope), to: x, scaling: d, of: id)
    }
    if isActive[n.index] {
      // 0^n and inf^-n are flat in n, and 0 · log 0 and 0 · log inf would be NaN.
      let isFlat = try make(.logicalOr, make(.equal, x, zero), make(.equal, id, zero))
      let slope = try make(
        .select, isFlat, zero, make(.multiply, id, make(.logarithm, x)))
      try add(unlessZero(d, make(.multiply, d, slope)), to: n, through: id)
    }
  }

  private mutating func select(_ id: ValueID, _ d: ValueID) throws(DiagnosticError) {
    let y = forward[id]
    if let (yes, no) = guards.arms(of: id) {
      try add(d, to: y.b, through: id, under: yes)
      try add(d, to: y.c, through: id, under: no)
    } else {
      try add(make(.select, y.a, d, constant(0)), to: y.b, through: id)
      try add(make(.select, y.a, constant(0), d), to: y.c, through: id)
    }
  }

  private mutating func clip(_ id: ValueID, _ d: ValueID) throws(DiagnosticError) {
    let (x, low, high) = (forward[id].a, forward[id].b, forward[id].c)
    let zero = constant(0)
    if isActive[x.index] {
      let inside = try make(
        .logicalAnd, make(.greaterOrEqual, x, low), make(.lessOrEqual, x, high))
      try add(make(.select, inside, d, zero), to: x, through: id)
    }
    if isActive[low.index] {
      let below = try make(.logicalAnd, make(.less, x, low), make(.lessOrEqual, low, high))
      try add(make(.select, below, d, zero), to: low, through: id)
    }
    if isActive[high.index] {
      let above = try make(.greater, make(.maximum, x, low), high)
      try add(make(.select, above, d, zero), to: high, through: id)
    }
  }

  // MARK: Rows

  /// The sums over the last axis, which stays with length 1.
  private mutating func sumRows(_ value: ValueID) throws(DiagnosticError) -> ValueID {
    let extents = builder.type(value).shape.extents
    if extents.isEmpty { return value }
    var kept = extents
    kept[kept.count - 1] = .fixed(1)
    return try sum(value, to: Shape(kept))
  }

  /// The sums over the last axis of an adjoint that stretches to `shape`, without stretching it where
  /// it has one entry a row that is not zero.
  private mutating func sumRows(
    _ adjoint: ValueID, _ shape: Shape
  ) throws(DiagnosticError) -> ValueID {
    let instruction = builder.function[adjoint]
    if instruction.operation == .placeAlong, instruction.type.shape == shape {
      let values = builder.function[instruction.a]
      // One number for all rows needs no column of copies.
      if values.operation == .broadcast, builder.type(values.a).shape.isScalar { return values.a }
      return instruction.a
    }
    return try sumRows(full(adjoint, shape))
  }
}
