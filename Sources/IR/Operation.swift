/// Every operation of the language, its objectives, its schedules and its terms.
///
/// The one table: what an operation is called, how many operands it has, what class of work it is,
/// what it costs, and of a function of one number its parity, its values and the line that helps.
/// Shapes: `ShapeRules.swift`. Derivatives: `Passes/DifferentiateRules.swift`. Meaning: `Folding`
/// and the reference evaluator. Kernels: `OperationKernels.swift`. Terms: `TermTable+Functions.swift`.
/// Units: `Units.swift`. Each is an exhaustive switch over this enum.
///
/// New cases stand at the end: the canonical order of a function reads the numbers.
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
  // Elementwise, one operand.
  case exp2, log2, log10, arcsinh, arccosh, arctanh, reciprocal
  // The Hessian of the objective where the gradient was taken, times a direction of all tensors.
  case hessianProduct
}

/// What f(−x) is.
package enum Parity: Sendable {
  case none, even
  /// f(−x) = −f(x); `rising` where f(x) has the sign of x as well.
  case odd, rising
}

/// Where the values of a function of one number lie, wherever it has one.
package enum ValueBounds: Sendable {
  case all, nonNegative, positive, atLeastOne
  /// [−1, 1] and (−1, 1).
  case signs, insideSigns
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

/// What the attribute of an instruction says.
package enum AttributeMeaning: UInt8, Sendable {
  case none
  /// A place in a list of the rule: its states, hyperparameters, free names; the values of a tuple.
  case slot
  /// A place in a table of the function.
  case constant, draw, slices, loop
  /// A place in the module's `globalSites`.
  case site
  /// An `ExtentKind`, a `Scope`, a `SingularSigns`; of `iota`, the axis counted along.
  case extent, scope, signs, axis
}

extension Operation {
  package struct Info: Sendable {
    /// The function or operator by which source text calls it; empty if it has none of its own.
    package var name: String
    package var arity: Int
    package var operationClass: OperationClass
    package var attribute: AttributeMeaning
    /// Floating-point operations per element of the result (of the operand, for reductions).
    package var flops: Int
    package var isCommutative: Bool
    package var givesBoolean: Bool
    /// How far an elementwise result may lie from the exact one, in units in the last place of the
    /// element type: 0.5 is correctly rounded. No engine may be further away.
    package var ulps: Double
    package var parity = Parity.none
    package var values = ValueBounds.all
    /// How a call is written and what it gives: of a function of one number.
    package var words: (usage: String, meaning: String)?
  }

  /// What the table says of the operation.
  package var info: Info { Self.table[Int(rawValue)] }

  private static let table: [Info] = allCases.map { $0.row }

  @inline(never) private var row: Info {
    func make(
      _ name: String, _ arity: Int, _ group: OperationClass, _ flops: Int = 0,
      commutative: Bool = false, boolean: Bool = false, ulps: Double = 0.5,
      attribute: AttributeMeaning = .none
    ) -> Info {
      Info(
        name: name, arity: arity, operationClass: group, attribute: attribute, flops: flops,
        isCommutative: commutative, givesBoolean: boolean, ulps: ulps)
    }
    /// A function of one number. Nothing but the roundings has a default.
    func function(
      _ name: String, _ flops: Int, _ parity: Parity, _ values: ValueBounds, _ meaning: String,
      boolean: Bool = false, ulps: Double = 0.5
    ) -> Info {
      var info = make(name, 1, .elementwise, flops, boolean: boolean, ulps: ulps)
      info.parity = parity
      info.values = values
      info.words = ("\(name)(x)", meaning)
      return info
    }
    return switch self {
    case .constant: make("", 0, .source, attribute: .constant)
    case .hyper: make("", 0, .source, attribute: .slot)
    case .free: make("", 0, .source, attribute: .slot)
    case .step: make("t", 0, .source)
    case .horizon: make("T", 0, .source)
    case .parameter: make("w", 0, .source, attribute: .slot)
    case .gradient: make("g", 0, .source, attribute: .slot)
    case .state: make("", 0, .source, attribute: .slot)
    case .input: make("", 0, .source, attribute: .slot)
    case .loss: make("loss", 0, .source)
    case .extent: make("", 0, .source, attribute: .extent)
    case .argument: make("", 0, .source, attribute: .slot)
    case .draw: make("", 0, .source, 10, attribute: .draw)
    case .iota: make("iota", 0, .source, attribute: .axis)
    case .negate: make("-", 1, .elementwise, 1)
    case .absolute: function("abs", 1, .even, .nonNegative, "the size of x")
    case .sign: function("sign", 1, .rising, .signs, "1, -1, or 0 where x is 0")
    case .squareRoot: function("sqrt", 1, .none, .nonNegative, "the square root")
    case .cubeRoot:
      function("cbrt", 10, .rising, .all, "the cube root, of negative numbers too", ulps: 1.5)
    case .exponential: function("exp", 10, .none, .positive, "e^x", ulps: 1.5)
    case .expm1: function("expm1", 10, .none, .all, "e^x - 1, exact near 0", ulps: 1.5)
    case .logarithm: function("log", 10, .none, .all, "the natural logarithm", ulps: 1.5)
    case .log1p: function("log1p", 10, .none, .all, "log(1 + x), exact near 0", ulps: 1.5)
    case .tanh: function("tanh", 12, .rising, .insideSigns, "the hyperbolic tangent", ulps: 2.5)
    case .sinh: function("sinh", 12, .rising, .all, "the hyperbolic sine", ulps: 2.5)
    case .cosh: function("cosh", 12, .even, .atLeastOne, "the hyperbolic cosine", ulps: 2.5)
    case .sine: function("sin", 10, .odd, .signs, "the sine of an angle in radians", ulps: 1.5)
    case .cosine: function("cos", 10, .even, .signs, "the cosine of an angle in radians", ulps: 1.5)
    case .tangent: function("tan", 12, .odd, .all, "the tangent of an angle in radians", ulps: 1.5)
    case .arcsine: function("arcsin", 12, .rising, .all, "the angle whose sine is x", ulps: 1.5)
    case .arccosine:
      function("arccos", 12, .none, .nonNegative, "the angle whose cosine is x", ulps: 1.5)
    case .arctangent:
      function("arctan", 12, .rising, .all, "the angle whose tangent is x", ulps: 1.5)
    case .floor: function("floor", 1, .none, .all, "the whole number below")
    case .ceiling: function("ceil", 1, .none, .all, "the whole number above")
    case .round: function("round", 1, .odd, .all, "the nearest whole number, halves to even")
    case .bfloat16:
      function(
        "bf16", 1, .odd, .all, "the nearest number with 8 significant bits, as bfloat16 keeps it")
    case .float16:
      function(
        "f16", 1, .odd, .all, "the nearest number with 11 significant bits, as float16 keeps it")
    case .errorFunction: function("erf", 15, .rising, .insideSigns, "the error function", ulps: 1.5)
    case .isFinite:
      function(
        "isfinite", 1, .even, .nonNegative, "whether x is neither infinite nor NaN", boolean: true)
    case .exp2: function("exp2", 10, .none, .positive, "2^x", ulps: 1.5)
    case .log2: function("log2", 10, .none, .all, "the logarithm to base 2", ulps: 1.5)
    case .log10: function("log10", 10, .none, .all, "the logarithm to base 10", ulps: 2.5)
    case .arcsinh:
      function("arcsinh", 12, .rising, .all, "the number whose hyperbolic sine is x", ulps: 2.5)
    case .arccosh:
      function(
        "arccosh", 12, .none, .nonNegative, "the number whose hyperbolic cosine is x", ulps: 2.5)
    case .arctanh:
      function("arctanh", 12, .rising, .all, "the number whose hyperbolic tangent is x", ulps: 2.5)
    case .reciprocal: function("reciprocal", 1, .rising, .all, "1 / x")
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
    case .sum: make("sum", 1, .reduction, 1, attribute: .scope)
    case .maximumOf: make("max", 1, .reduction, 1, attribute: .scope)
    case .minimumOf: make("min", 1, .reduction, 1, attribute: .scope)
    case .argMaximum: make("argmax", 1, .reduction, 1, attribute: .scope)
    case .argMinimum: make("argmin", 1, .reduction, 1, attribute: .scope)
    case .globalSum: make("sum", 1, .globalReduction, 1, attribute: .site)
    case .globalMaximum: make("max", 1, .globalReduction, 1, attribute: .site)
    case .globalMinimum: make("min", 1, .globalReduction, 1, attribute: .site)
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
    case .svd: make("svd", 1, .decomposition, attribute: .signs)
    case .reshape: make("reshape", 1, .movement)
    case .broadcast: make("broadcast", 1, .movement)
    case .slice: make("", 1, .movement, attribute: .slices)
    case .placeSlice: make("", 1, .movement, attribute: .slices)
    case .gather: make("gather", 2, .movement)
    case .scatterAdd: make("scatter_add", 2, .movement, 1)
    case .takeAlong: make("take_along", 2, .movement)
    case .placeAlong: make("place_along", 2, .movement)
    case .push: make("push", 2, .movement)
    case .sort: make("sort", 1, .selection)
    case .argSort: make("argsort", 1, .selection)
    case .topKMask: make("topk_mask", 2, .selection, boolean: true)
    case .quantile: make("quantile", 2, .selection)
    case .lossAt: make("loss", 1, .oracle, attribute: .site)
    case .gradientAt: make("grad", 1, .oracle, attribute: .site)
    case .hessianProduct: make("hvp", 1, .oracle, attribute: .site)
    case .loop: make("repeat", 1, .region, attribute: .loop)
    case .project: make("", 1, .region, attribute: .slot)
    }
  }

  package var isElementwise: Bool { info.operationClass == .elementwise }
  package var isSource: Bool { info.operationClass == .source }
}
