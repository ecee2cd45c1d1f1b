import Basics
import Diagnostics
import Platform

extension Operation {
  /// The operands by which the operation has a slope that is not zero almost everywhere.
  var differentiableOperands: [Int] {
    switch self {
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent, .argument, .draw, .iota, .identity:
      []
    case .sign, .floor, .ceiling, .round, .bfloat16, .float16, .isFinite, .logicalNot, .less,
      .lessOrEqual, .greater,
      .greaterOrEqual, .equal, .notEqual, .logicalAnd, .logicalOr, .argMaximum, .argMinimum,
      .argSort, .topKMask:
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
    switch y.operation {
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent, .argument, .draw, .iota, .identity:
      break
    case .sign, .floor, .ceiling, .round, .bfloat16, .float16, .isFinite, .logicalNot, .less,
      .lessOrEqual, .greater,
      .greaterOrEqual, .equal, .notEqual, .logicalAnd, .logicalOr, .argMaximum, .argMinimum,
      .argSort, .topKMask:
      break
    case .negate, .absolute, .squareRoot, .cubeRoot, .exponential, .expm1, .logarithm, .log1p,
      .tanh, .sinh, .cosh, .sine, .cosine, .tangent, .arcsine, .arccosine, .arctangent,
      .errorFunction, .exp2, .log2, .log10, .arcsinh, .arccosh, .arctanh, .reciprocal:
      if y.operation == .reciprocal, try logistic(id, d, denominator: y.a, constant(1)) { break }
      try add(unary(id, d), to: y.a, scaling: d, of: id)
    case .add:
      try add(d, to: y.a, through: id)
      try add(d, to: y.b, through: id)
    case .subtract:
      try add(d, to: y.a, through: id)
      if isActive[y.b.index] { try add(make(.negate, d), to: y.b, through: id) }
    case .multiply where y.a == y.b:
      try add(make(.multiply, make(.multiply, d, constant(2)), y.a), to: y.a, scaling: d, of: id)
    case .multiply:
      if isActive[y.a.index] { try add(make(.multiply, d, y.b), to: y.a, scaling: d, of: id) }
      if isActive[y.b.index] { try add(make(.multiply, d, y.a), to: y.b, scaling: d, of: id) }
    case .divide:
      let quotient = try make(.divide, d, y.b)
      try add(quotient, to: y.a, scaling: d, of: id)
      if try logistic(id, d, denominator: y.b, y.a) { break }
      if isActive[y.b.index] {
        try add(make(.negate, make(.multiply, quotient, id)), to: y.b, scaling: d, of: id)
      }
    case .power: try power(id, d)
    case .minimum, .maximum:
      let first = try make(y.operation == .maximum ? .greater : .less, y.a, y.b)
      try add(make(.select, first, d, constant(0)), to: y.a, through: id)
      try add(make(.select, first, constant(0), d), to: y.b, through: id)
    case .modulo:
      try add(d, to: y.a, through: id)
      if isActive[y.b.index] {
        let turns = try make(.floor, make(.divide, y.a, y.b))
        try add(make(.negate, make(.multiply, d, turns)), to: y.b, scaling: d, of: id)
      }
    case .arctangent2:
      // (p, q) has a length between 1 and 2, so that its square neither overflows nor vanishes.
      let zero = constant(0)
      let size = try make(.maximum, make(.absolute, y.a), make(.absolute, y.b))
      let (p, q) = try (make(.divide, y.a, size), make(.divide, y.b, size))
      let square = try make(.add, make(.multiply, p, p), make(.multiply, q, q))
      let scaled = try make(.divide, make(.divide, d, square), size)
      let isFlat = try make(
        .logicalOr, make(.equal, size, zero), make(.equal, size, constant(.infinity)))
      try add(make(.select, isFlat, zero, make(.multiply, scaled, q)), to: y.a, through: id)
      try add(
        make(.select, isFlat, zero, make(.negate, make(.multiply, scaled, p))), to: y.b, through: id
      )
    case .copySign:
      let sign = try make(.copySign, make(.sign, y.a), y.b)
      let slope = try make(.multiply, make(.sign, y.a), sign)
      try add(make(.multiply, d, slope), to: y.a, through: id)
    case .select: try select(id, d)
    case .clip: try clip(id, d)
    case .sum: try add(d, to: y.a, through: id)
    case .maximumOf, .minimumOf:
      let peaks = try make(.equal, y.a, id)
      let count = try make(.sum, peaks, attribute: y.attribute)
      try add(make(.select, peaks, make(.divide, d, count), constant(0)), to: y.a, through: id)
    case .softmax:
      let weighted = try make(.multiply, d, id)
      let total = try sumRows(full(weighted, y.type.shape))
      try add(
        make(.subtract, weighted, make(.multiply, total, id)), to: y.a, through: id)
    case .logSoftmax:
      let total = try sumRows(d, y.type.shape)
      let softmax = try make(.exponential, id)
      try add(make(.subtract, d, make(.multiply, softmax, total)), to: y.a, through: id)
    case .matrixProduct, .transpose, .diagonal, .solve, .cholesky:
      try propagateMatrix(id, d)
    case .reshape, .broadcast, .slice, .placeSlice, .gather, .scatterAdd, .takeAlong, .placeAlong,
      .sort, .quantile:
      try propagateMovement(id, d)
    case .project:
      let part = try guarded(d, from: guards[id], to: guards[y.a])
      partAdjoints[y.a.index, default: [:]][Int(y.attribute)] = part
    case .globalSum, .globalMaximum, .globalMinimum, .lossAt, .gradientAt, .hessianProduct, .loop,
      .qr, .eigh, .svd,
      .push:
      throw notYet(id)
    }
  }

  /// Several values at once, from the adjoints of those that were used.
  mutating func propagate(_ id: ValueID, parts: [Int: ValueID]) throws(DiagnosticError) {
    switch forward[id].operation {
    case .qr: try propagateQR(id, parts)
    case .eigh: try propagateEigh(id, parts)
    case .svd: try propagateSVD(id, parts)
    default: throw notYet(id)
    }
  }

  // MARK: Elementwise

  private mutating func unary(_ id: ValueID, _ d: ValueID) throws(DiagnosticError) -> ValueID {
    let x = forward[id].a
    let one = constant(1)
    switch forward[id].operation {
    case .negate: return try make(.negate, d)
    case .absolute: return try make(.multiply, d, make(.sign, x))
    case .squareRoot: return try root(id, make(.divide, make(.multiply, d, constant(0.5)), id))
    case .cubeRoot:
      return try make(.divide, d, make(.multiply, constant(3), make(.multiply, id, id)))
    // These overflow where what divides by them is flat.
    case .exponential: return try unlessZero(d, make(.multiply, d, id))
    case .expm1: return try unlessZero(d, make(.multiply, d, make(.exponential, x)))
    case .logarithm: return try make(.divide, d, x)
    case .log1p: return try make(.divide, d, make(.add, one, x))
    case .tanh: return try make(.multiply, d, make(.subtract, one, make(.multiply, id, id)))
    case .sinh: return try unlessZero(d, make(.multiply, d, make(.cosh, x)))
    case .cosh: return try unlessZero(d, make(.multiply, d, make(.sinh, x)))
    case .sine: return try make(.multiply, d, make(.cosine, x))
    case .cosine: return try make(.negate, make(.multiply, d, make(.sine, x)))
    case .tangent: return try make(.multiply, d, make(.add, one, make(.multiply, id, id)))
    case .arctangent: return try make(.divide, d, make(.add, one, make(.multiply, x, x)))
    case .errorFunction:
      let bell = try make(.exponential, make(.negate, make(.multiply, x, x)))
      return try make(.multiply, make(.multiply, d, constant(2 / Double.pi.squareRoot())), bell)
    case .exp2:
      return try unlessZero(d, make(.multiply, make(.multiply, d, constant(log(2))), id))
    case .log2: return try make(.divide, d, make(.multiply, x, constant(log(2))))
    case .log10: return try make(.divide, d, make(.multiply, x, constant(log(10))))
    case .arcsinh:
      // The root is at most 1 + |x|, which it is where x² overflows.
      let length = try make(.squareRoot, make(.add, one, make(.multiply, x, x)))
      return try make(.divide, d, make(.minimum, length, make(.add, one, make(.absolute, x))))
    case .arccosh:
      // A root of each factor: NaN below 1, where the function is none.
      let roots = try make(
        .multiply, make(.squareRoot, make(.subtract, x, one)), make(.squareRoot, make(.add, x, one))
      )
      return try make(.divide, d, roots)
    case .arctanh:
      return try make(.divide, d, make(.multiply, make(.subtract, one, x), make(.add, one, x)))
    case .reciprocal: return try make(.negate, make(.multiply, d, make(.multiply, id, id)))
    case .arcsine, .arccosine:
      // (1 - x)(1 + x) keeps its digits where x is near ±1.
      let product = try make(.multiply, make(.subtract, one, x), make(.add, one, x))
      let slope = try make(.divide, d, make(.squareRoot, product))
      return forward[id].operation == .arccosine ? try make(.negate, slope) : slope
    // `propagate`, which is exhaustive, sends no other here.
    default: throw notYet(id)
    }
  }

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
