/// Every operation of the language, its objectives, its schedules and its terms.
///
/// The one table: what an operation is called, how many operands it has, what class of work it is,
/// and what it costs. Shapes: `ShapeRules.swift`. Derivatives: `Passes/Differentiate.swift`.
/// Meaning: the reference evaluator. Each is an exhaustive switch over this enum.
package enum Operation: UInt8, CaseIterable, Sendable {
  // Sources.
  case constant, hyper, step, horizon, parameter, gradient, state, input, loss
  case extent, argument, draw, iota
  // Elementwise, one operand.
  case negate, absolute, sign, squareRoot, cubeRoot, exponential, expm1, logarithm, log1p
  case tanh, sinh, cosh, sine, cosine, tangent, arcsine, arccosine, arctangent
  case floor, ceiling, round, errorFunction, isFinite, logicalNot
  // Elementwise, two operands.
  case add, subtract, multiply, divide, power, minimum, maximum, modulo, arctangent2, copySign
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual, logicalAnd, logicalOr
  // Elementwise, three operands. `select` is lazy: with a scalar condition only one arm is computed.
  case select, clip
  // Reductions within a tensor; the attribute is a `Scope`.
  case sum, maximumOf, minimumOf, argMaximum, argMinimum
  // Reductions of a scalar over all parameter tensors.
  case globalSum, globalMaximum, globalMinimum
  // Rows as distributions (last axis).
  case softmax, logSoftmax
  // Matrices.
  case matrixProduct, transpose, identity, diagonal, solve, cholesky, qr, eigh, svd
  // Shapes and selection.
  case reshape, broadcast, slice, placeSlice, gather, scatterAdd, takeAlong, placeAlong
  /// A window with a new value in front, the oldest gone. Binding makes slices of it.
  case push
  case sort, argSort, topKMask, quantile
  // The objective at another point, for all tensors together.
  case lossAt, gradientAt
  // Several values.
  case loop, project
  // Elementwise: to the nearest number of sixteen bits.
  case bfloat16, float16
  /// A name that stands for any number: a source, its attribute the place in the list of free names.
  case free
}

/// What part of its operand a reduction folds.
package enum Scope: Int32, Sendable {
  /// The whole tensor, to a scalar.
  case all = 0
  /// Along each row, to [rows, 1] (`row_mean`).
  case perRow = 1
  /// Along each column, to [1, cols] (`col_sum`).
  case perColumn = 2
  /// The first axis of a value with a named extra axis (`mean over batch`).
  case leading = 3
  /// One of the named axes; the others and the tensor stay. Binding makes places of names.
  case overWorkers = 16
  case overBatch = 17
  case overGroups = 18
  case overStack = 19
  case overWindow = 20

  package init(over axis: AxisName) { self = Scope(rawValue: 16 + Int32(axis.rawValue))! }

  /// The named axis that is folded; without one, every entry of the named axes is folded for itself.
  package var axis: AxisName? { rawValue < 16 ? nil : AxisName(rawValue: UInt8(rawValue - 16)) }
}

/// Which of the factors that differ in signs `svd` gives: its attribute.
package enum SingularSigns: Int, Sendable {
  /// The largest entry of each left vector is positive.
  case positivePeak = 0
  /// As LAPACK's gesdd leaves them: `lapack_svd`.
  case lapack = 1
}

/// What the `extent` operation reads.
package enum ExtentKind: Int32, Sendable {
  case rank, rows, cols, numel, batch, features
  /// Elements, rows, columns of operand `a`, of one entry of its named axes.
  case elementsOf, rowsOf, colsOf
  case groups, workers
}

package enum Distribution: UInt8, Sendable {
  case normal, uniform, rademacher, exponential, bernoulli
}

/// The class of work, and so the engine's strategy and the cost sheet's words.
package enum OperationClass: UInt8, Sendable {
  case source, elementwise, reduction, globalReduction, rowwise, matrix, decomposition
  case movement, selection, oracle, region
}

extension Operation {
  package struct Info: Sendable {
    /// The function or operator by which source text calls it; empty if it has none of its own.
    package var name: String
    package var arity: Int
    package var operationClass: OperationClass
    /// Floating-point operations per element of the result (of the operand, for reductions).
    package var flops: Int
    package var isCommutative: Bool
    package var givesBoolean: Bool
    /// How far an elementwise result may lie from the exact one, in units in the last place of the
    /// element type: 0.5 is correctly rounded. No engine may be further away.
    package var ulps: Double
  }

  /// What the table says of the operation.
  package var info: Info { Self.table[Int(rawValue)] }

  private static let table: [Info] = allCases.map { $0.row }

  @inline(never) private var row: Info {
    func make(
      _ name: String, _ arity: Int, _ group: OperationClass, _ flops: Int = 0,
      commutative: Bool = false, boolean: Bool = false, ulps: Double = 0.5
    ) -> Info {
      Info(
        name: name, arity: arity, operationClass: group, flops: flops, isCommutative: commutative,
        givesBoolean: boolean, ulps: ulps)
    }
    return switch self {
    case .constant: make("", 0, .source)
    case .hyper: make("", 0, .source)
    case .free: make("", 0, .source)
    case .step: make("t", 0, .source)
    case .horizon: make("T", 0, .source)
    case .parameter: make("w", 0, .source)
    case .gradient: make("g", 0, .source)
    case .state: make("", 0, .source)
    case .input: make("", 0, .source)
    case .loss: make("loss", 0, .source)
    case .extent: make("", 0, .source)
    case .argument: make("", 0, .source)
    case .draw: make("", 0, .source, 10)
    case .iota: make("iota", 0, .source)
    case .negate: make("-", 1, .elementwise, 1)
    case .absolute: make("abs", 1, .elementwise, 1)
    case .sign: make("sign", 1, .elementwise, 1)
    case .squareRoot: make("sqrt", 1, .elementwise, 1)
    case .cubeRoot: make("cbrt", 1, .elementwise, 10, ulps: 1.5)
    case .exponential: make("exp", 1, .elementwise, 10, ulps: 1.5)
    case .expm1: make("expm1", 1, .elementwise, 10, ulps: 1.5)
    case .logarithm: make("log", 1, .elementwise, 10, ulps: 1.5)
    case .log1p: make("log1p", 1, .elementwise, 10, ulps: 1.5)
    case .tanh: make("tanh", 1, .elementwise, 12, ulps: 2.5)
    case .sinh: make("sinh", 1, .elementwise, 12, ulps: 2.5)
    case .cosh: make("cosh", 1, .elementwise, 12, ulps: 2.5)
    case .sine: make("sin", 1, .elementwise, 10, ulps: 1.5)
    case .cosine: make("cos", 1, .elementwise, 10, ulps: 1.5)
    case .tangent: make("tan", 1, .elementwise, 12, ulps: 1.5)
    case .arcsine: make("arcsin", 1, .elementwise, 12, ulps: 1.5)
    case .arccosine: make("arccos", 1, .elementwise, 12, ulps: 1.5)
    case .arctangent: make("arctan", 1, .elementwise, 12, ulps: 1.5)
    case .floor: make("floor", 1, .elementwise, 1)
    case .ceiling: make("ceil", 1, .elementwise, 1)
    case .round: make("round", 1, .elementwise, 1)
    case .bfloat16: make("bf16", 1, .elementwise, 1)
    case .float16: make("f16", 1, .elementwise, 1)
    case .errorFunction: make("erf", 1, .elementwise, 15, ulps: 1.5)
    case .isFinite: make("isfinite", 1, .elementwise, 1, boolean: true)
    case .logicalNot: make("not", 1, .elementwise, 1, boolean: true)
    case .add: make("+", 2, .elementwise, 1, commutative: true)
    case .subtract: make("-", 2, .elementwise, 1)
    case .multiply: make("*", 2, .elementwise, 1, commutative: true)
    case .divide: make("/", 2, .elementwise, 1)
    case .power: make("^", 2, .elementwise, 20, ulps: 2.5)
    case .minimum: make("min", 2, .elementwise, 1)
    case .maximum: make("max", 2, .elementwise, 1)
    case .modulo: make("mod", 2, .elementwise, 3)
    case .arctangent2: make("arctan2", 2, .elementwise, 15, ulps: 1.5)
    case .copySign: make("copysign", 2, .elementwise, 1)
    case .less: make("<", 2, .elementwise, 1, boolean: true)
    case .lessOrEqual: make("<=", 2, .elementwise, 1, boolean: true)
    case .greater: make(">", 2, .elementwise, 1, boolean: true)
    case .greaterOrEqual: make(">=", 2, .elementwise, 1, boolean: true)
    case .equal: make("==", 2, .elementwise, 1, commutative: true, boolean: true)
    case .notEqual: make("!=", 2, .elementwise, 1, commutative: true, boolean: true)
    case .logicalAnd: make("and", 2, .elementwise, 1, commutative: true, boolean: true)
    case .logicalOr: make("or", 2, .elementwise, 1, commutative: true, boolean: true)
    case .select: make("if", 3, .elementwise, 1)
    case .clip: make("clip", 3, .elementwise, 2)
    case .sum: make("sum", 1, .reduction, 1)
    case .maximumOf: make("max", 1, .reduction, 1)
    case .minimumOf: make("min", 1, .reduction, 1)
    case .argMaximum: make("argmax", 1, .reduction, 1)
    case .argMinimum: make("argmin", 1, .reduction, 1)
    case .globalSum: make("sum", 1, .globalReduction, 1)
    case .globalMaximum: make("max", 1, .globalReduction, 1)
    case .globalMinimum: make("min", 1, .globalReduction, 1)
    case .softmax: make("softmax", 1, .rowwise, 13)
    case .logSoftmax: make("log_softmax", 1, .rowwise, 13)
    case .matrixProduct: make("@", 2, .matrix)
    case .transpose: make("transpose", 1, .matrix)
    case .identity: make("eye", 0, .source)
    case .diagonal: make("diag", 1, .movement)
    case .solve: make("solve", 2, .decomposition)
    case .cholesky: make("cholesky", 1, .decomposition)
    case .qr: make("qr", 1, .decomposition)
    case .eigh: make("eigh", 1, .decomposition)
    case .svd: make("svd", 1, .decomposition)
    case .reshape: make("reshape", 1, .movement)
    case .broadcast: make("broadcast", 1, .movement)
    case .slice: make("", 1, .movement)
    case .placeSlice: make("", 1, .movement)
    case .gather: make("gather", 2, .movement)
    case .scatterAdd: make("scatter_add", 2, .movement, 1)
    case .takeAlong: make("take_along", 2, .movement)
    case .placeAlong: make("place_along", 2, .movement)
    case .push: make("push", 2, .movement)
    case .sort: make("sort", 1, .selection)
    case .argSort: make("argsort", 1, .selection)
    case .topKMask: make("topk_mask", 2, .selection, boolean: true)
    case .quantile: make("quantile", 2, .selection)
    case .lossAt: make("loss", 1, .oracle)
    case .gradientAt: make("grad", 1, .oracle)
    case .loop: make("repeat", 1, .region)
    case .project: make("", 1, .region)
    }
  }

  package var isElementwise: Bool { info.operationClass == .elementwise }
  package var isSource: Bool { info.operationClass == .source }
}
