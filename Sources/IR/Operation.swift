/// Every operation of the language, its objectives, its schedules and its terms.
///
/// The one table: what an operation is called, how many operands it has, which of its class of work
/// it is, what it costs, where its values lie, what its attribute says, its name in libm; of a function
/// of one number its parity and the line that helps.
/// Shapes: `ShapeRules.swift`. Derivatives: `Passes/DifferentiateRules.swift`. Meaning: `Folding`
/// and the reference evaluator. Kernels: `OperationKernels.swift`, steps: `PlannerSteps.swift`.
/// Terms: `TermTable+Functions.swift`. Units: `Units.swift`. Each is a switch without `default` over
/// this enum or over a class of it.
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
  /// The patches of images, the attribute a `PatchWindow`; and its adjoint, which adds them up.
  case unfold, fold
}

/// What f(−x) is.
package enum Parity: Sendable {
  case none, even
  /// f(−x) = −f(x); `rising` where f(x) has the sign of x as well.
  case odd, rising
}

/// Where values lie, wherever there is one.
package enum ValueBounds: Sendable {
  case all, nonNegative, positive, atLeastOne
  /// [0, 1], and a condition: 0 or 1.
  case unit, truth
  /// Not negative where the first operand, or every operand, is not.
  case asOperand, asOperands
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

/// What the attribute of an instruction says.
package enum AttributeMeaning: UInt8, Sendable {
  case none
  /// A place in a list of the rule: its states, hyperparameters, free names; the values of a tuple.
  case slot
  /// A place in a table of the function.
  case constant, draw, slices, window, loop
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
    package var values: ValueBounds
    /// The function of libm that an elementwise operation is; nil where `Native` writes it otherwise.
    package var libm: String?
    package var isCommutative = false
    /// How far an elementwise result may lie from the exact one, in units in the last place of the
    /// element type: 0.5 is correctly rounded. No engine may be further away.
    package var ulps = 0.5
    package var parity = Parity.none
    /// What a function of one number gives, in words. `BuiltinHelp` has those of all others.
    package var meaning = ""

    package var givesBoolean: Bool { values == .truth }
  }

  /// What the table says of the operation.
  package var info: Info { Self.table[Int(rawValue)] }

  private static let table: [Info] = allCases.map { $0.row }

  /// What it works on: asked of every instruction, and so kept apart from the names.
  package var operationClass: OperationClass { Self.classes[Int(rawValue)] }

  private static let classes: [OperationClass] = table.map(\.operationClass)

  // What analyses, printing and compiled passes ask of a row has no default.
  @inline(never) private var row: Info {
    func source(
      _ name: String, _ kind: OperationClass.Source, _ values: ValueBounds,
      _ attribute: AttributeMeaning, flops: Int = 0
    ) -> Info {
      whole(name, 0, .source(kind), flops, values, attribute)
    }
    func whole(
      _ name: String, _ arity: Int, _ group: OperationClass, _ flops: Int, _ values: ValueBounds,
      _ attribute: AttributeMeaning
    ) -> Info {
      Info(
        name: name, arity: arity, operationClass: group, attribute: attribute, flops: flops,
        values: values)
    }
    func elementwise(
      _ name: String, _ libm: String?, _ arity: Int, _ flops: Int, _ values: ValueBounds,
      commutative: Bool = false, ulps: Double = 0.5
    ) -> Info {
      var info = whole(name, arity, .elementwise, flops, values, .none)
      info.libm = libm
      info.isCommutative = commutative
      info.ulps = ulps
      return info
    }
    /// A function of one number.
    func function(
      _ name: String, _ libm: String?, _ flops: Int, _ parity: Parity, _ values: ValueBounds,
      _ meaning: String, ulps: Double = 0.5
    ) -> Info {
      var info = elementwise(name, libm, 1, flops, values, ulps: ulps)
      info.parity = parity
      info.meaning = meaning
      return info
    }
    return switch self {
    case .constant: source("", .constant, .all, .constant)
    case .hyper: source("", .hyper, .all, .slot)
    case .free: source("", .free, .all, .slot)
    case .step: source("t", .step, .atLeastOne, .none)
    case .horizon: source("T", .horizon, .nonNegative, .none)
    case .parameter: source("w", .parameter, .all, .slot)
    case .gradient: source("g", .gradient, .all, .slot)
    case .state: source("", .state, .all, .slot)
    case .input: source("", .input, .all, .slot)
    case .loss: source("loss", .loss, .all, .none)
    case .extent: source("", .extent, .nonNegative, .extent)
    case .argument: source("", .argument, .all, .slot)
    case .draw: source("", .draw, .all, .draw, flops: 10)
    case .iota: source("iota", .iota, .nonNegative, .axis)
    case .identity: source("eye", .identity, .unit, .none)
    case .negate: elementwise("-", nil, 1, 1, .all)
    case .absolute: function("abs", "fabs", 1, .even, .nonNegative, "the size of x")
    case .sign: function("sign", nil, 1, .rising, .signs, "1, -1, or 0 where x is 0")
    case .squareRoot: function("sqrt", "sqrt", 1, .none, .nonNegative, "the square root")
    case .cubeRoot:
      function(
        "cbrt", "cbrt", 10, .rising, .all, "the cube root, of negative numbers too", ulps: 1.5)
    case .exponential: function("exp", "exp", 10, .none, .positive, "e^x", ulps: 1.5)
    case .expm1: function("expm1", "expm1", 10, .none, .all, "e^x - 1, exact near 0", ulps: 1.5)
    case .logarithm: function("log", "log", 10, .none, .all, "the natural logarithm", ulps: 1.5)
    case .log1p: function("log1p", "log1p", 10, .none, .all, "log(1 + x), exact near 0", ulps: 1.5)
    case .tanh:
      function("tanh", "tanh", 12, .rising, .insideSigns, "the hyperbolic tangent", ulps: 2.5)
    case .sinh: function("sinh", "sinh", 12, .rising, .all, "the hyperbolic sine", ulps: 2.5)
    case .cosh: function("cosh", "cosh", 12, .even, .atLeastOne, "the hyperbolic cosine", ulps: 2.5)
    case .sine:
      function("sin", "sin", 10, .odd, .signs, "the sine of an angle in radians", ulps: 1.5)
    case .cosine:
      function("cos", "cos", 10, .even, .signs, "the cosine of an angle in radians", ulps: 1.5)
    case .tangent:
      function("tan", "tan", 12, .odd, .all, "the tangent of an angle in radians", ulps: 1.5)
    case .arcsine:
      function("arcsin", "asin", 12, .rising, .all, "the angle whose sine is x", ulps: 1.5)
    case .arccosine:
      function("arccos", "acos", 12, .none, .nonNegative, "the angle whose cosine is x", ulps: 1.5)
    case .arctangent:
      function("arctan", "atan", 12, .rising, .all, "the angle whose tangent is x", ulps: 1.5)
    case .floor: function("floor", "floor", 1, .none, .all, "the whole number below")
    case .ceiling: function("ceil", "ceil", 1, .none, .all, "the whole number above")
    case .round:
      function("round", "rint", 1, .odd, .all, "the nearest whole number, halves to even")
    case .bfloat16:
      function(
        "bf16", nil, 1, .odd, .all,
        "the nearest number with 8 significant bits, as bfloat16 keeps it")
    case .float16:
      function(
        "f16", nil, 1, .odd, .all,
        "the nearest number with 11 significant bits, as float16 keeps it")
    case .errorFunction:
      function("erf", "erf", 15, .rising, .insideSigns, "the error function", ulps: 1.5)
    case .isFinite:
      function("isfinite", nil, 1, .even, .truth, "whether x is neither infinite nor NaN")
    case .exp2: function("exp2", "exp2", 10, .none, .positive, "2^x", ulps: 1.5)
    case .log2: function("log2", "log2", 10, .none, .all, "the logarithm to base 2", ulps: 1.5)
    case .log10: function("log10", "log10", 10, .none, .all, "the logarithm to base 10", ulps: 2.5)
    case .arcsinh:
      function(
        "arcsinh", "asinh", 12, .rising, .all, "the number whose hyperbolic sine is x", ulps: 2.5)
    case .arccosh:
      function(
        "arccosh", "acosh", 12, .none, .nonNegative, "the number whose hyperbolic cosine is x",
        ulps: 2.5)
    case .arctanh:
      function(
        "arctanh", "atanh", 12, .rising, .all, "the number whose hyperbolic tangent is x", ulps: 2.5
      )
    case .reciprocal: function("reciprocal", nil, 1, .rising, .all, "1 / x")
    case .logicalNot: elementwise("not", nil, 1, 1, .truth)
    case .add: elementwise("+", nil, 2, 1, .all, commutative: true)
    case .subtract: elementwise("-", nil, 2, 1, .all)
    case .multiply: elementwise("*", nil, 2, 1, .all, commutative: true)
    case .divide: elementwise("/", nil, 2, 1, .asOperands)
    case .power: elementwise("^", nil, 2, 20, .all, ulps: 2.5)
    case .minimum: elementwise("min", nil, 2, 1, .all)
    case .maximum: elementwise("max", nil, 2, 1, .all)
    case .modulo: elementwise("mod", nil, 2, 3, .all)
    case .arctangent2: elementwise("arctan2", "atan2", 2, 15, .all, ulps: 1.5)
    case .copySign: elementwise("copysign", "copysign", 2, 1, .all)
    case .less: elementwise("<", nil, 2, 1, .truth)
    case .lessOrEqual: elementwise("<=", nil, 2, 1, .truth)
    case .greater: elementwise(">", nil, 2, 1, .truth)
    case .greaterOrEqual: elementwise(">=", nil, 2, 1, .truth)
    case .equal: elementwise("==", nil, 2, 1, .truth, commutative: true)
    case .notEqual: elementwise("!=", nil, 2, 1, .truth, commutative: true)
    case .logicalAnd: elementwise("and", nil, 2, 1, .truth, commutative: true)
    case .logicalOr: elementwise("or", nil, 2, 1, .truth, commutative: true)
    case .select: elementwise("if", nil, 3, 1, .all)
    case .clip: elementwise("clip", nil, 3, 2, .all)
    case .sum: whole("sum", 1, .reduction(.fold(.sum)), 1, .asOperand, .scope)
    case .maximumOf: whole("max", 1, .reduction(.fold(.maximum)), 1, .asOperand, .scope)
    case .minimumOf: whole("min", 1, .reduction(.fold(.minimum)), 1, .asOperand, .scope)
    case .argMaximum: whole("argmax", 1, .reduction(.argMaximum), 1, .nonNegative, .scope)
    case .argMinimum: whole("argmin", 1, .reduction(.argMinimum), 1, .nonNegative, .scope)
    case .globalSum: whole("sum", 1, .globalReduction(.sum), 1, .asOperand, .site)
    case .globalMaximum: whole("max", 1, .globalReduction(.maximum), 1, .asOperand, .site)
    case .globalMinimum: whole("min", 1, .globalReduction(.minimum), 1, .asOperand, .site)
    case .softmax: whole("softmax", 1, .rowwise(.softmax), 13, .unit, .none)
    case .logSoftmax: whole("log_softmax", 1, .rowwise(.logSoftmax), 13, .all, .none)
    case .matrixProduct: whole("@", 2, .matrix(.product), 0, .asOperands, .none)
    case .transpose: whole("transpose", 1, .matrix(.transpose), 0, .asOperand, .none)
    case .diagonal: whole("diag", 1, .movement(.diagonal), 0, .asOperand, .none)
    case .solve: whole("solve", 2, .matrix(.solve), 0, .all, .none)
    case .cholesky: whole("cholesky", 1, .matrix(.cholesky), 0, .all, .none)
    case .qr: whole("qr", 1, .matrix(.qr), 0, .all, .none)
    case .eigh: whole("eigh", 1, .matrix(.eigh), 0, .all, .none)
    case .svd: whole("svd", 1, .matrix(.svd), 0, .all, .signs)
    case .reshape: whole("reshape", 1, .movement(.reshape), 0, .asOperand, .none)
    case .broadcast: whole("broadcast", 1, .movement(.broadcast), 0, .asOperand, .none)
    case .slice: whole("", 1, .movement(.slice), 0, .asOperand, .slices)
    case .placeSlice: whole("", 1, .movement(.placeSlice), 0, .asOperand, .slices)
    case .gather: whole("gather", 2, .movement(.gather), 0, .asOperand, .none)
    case .scatterAdd: whole("scatter_add", 2, .movement(.scatterAdd), 1, .asOperands, .none)
    case .takeAlong: whole("take_along", 2, .movement(.takeAlong), 0, .asOperand, .none)
    case .placeAlong: whole("place_along", 2, .movement(.placeAlong), 0, .asOperand, .none)
    case .push: whole("push", 2, .movement(.push), 0, .asOperands, .none)
    case .unfold: whole("unfold", 1, .movement(.unfold), 0, .asOperand, .window)
    case .fold: whole("fold", 1, .movement(.fold), 1, .asOperand, .window)
    case .sort: whole("sort", 1, .selection(.sort), 0, .asOperand, .none)
    case .argSort: whole("argsort", 1, .selection(.argSort), 0, .nonNegative, .none)
    case .topKMask: whole("topk_mask", 2, .selection(.topKMask), 0, .truth, .none)
    case .quantile: whole("quantile", 2, .selection(.quantile), 0, .asOperand, .scope)
    case .lossAt: whole("loss", 1, .oracle, 0, .all, .site)
    case .gradientAt: whole("grad", 1, .oracle, 0, .all, .site)
    case .hessianProduct: whole("hvp", 1, .oracle, 0, .all, .site)
    case .loop: whole("repeat", 1, .region, 0, .all, .loop)
    case .project: whole("", 1, .region, 0, .all, .slot)
    }
  }
}
