import CKernels
import IR

extension Operation {
  /// The kernel of an elementwise operation; of those that fold or select, what they are on one number.
  package var kernel: rv_op {
    switch self {
    case .negate: RV_NEGATE
    case .absolute: RV_ABSOLUTE
    case .sign: RV_SIGN
    case .squareRoot: RV_SQUARE_ROOT
    case .cubeRoot: RV_CUBE_ROOT
    case .exponential: RV_EXPONENTIAL
    case .expm1: RV_EXPM1
    case .logarithm: RV_LOGARITHM
    case .log1p: RV_LOG1P
    case .tanh: RV_TANH
    case .sinh: RV_SINH
    case .cosh: RV_COSH
    case .sine: RV_SINE
    case .cosine: RV_COSINE
    case .tangent: RV_TANGENT
    case .arcsine: RV_ARCSINE
    case .arccosine: RV_ARCCOSINE
    case .arctangent: RV_ARCTANGENT
    case .floor: RV_FLOOR
    case .ceiling: RV_CEILING
    case .round: RV_ROUND
    case .bfloat16: RV_ROUND_BF16
    case .float16: RV_ROUND_F16
    case .errorFunction: RV_ERROR_FUNCTION
    case .exp2: RV_EXP2
    case .log2: RV_LOG2
    case .log10: RV_LOG10
    case .arcsinh: RV_ARCSINH
    case .arccosh: RV_ARCCOSH
    case .arctanh: RV_ARCTANH
    case .reciprocal: RV_RECIPROCAL
    case .isFinite: RV_IS_FINITE
    case .logicalNot: RV_LOGICAL_NOT
    case .add: RV_ADD
    case .subtract: RV_SUBTRACT
    case .multiply: RV_MULTIPLY
    case .divide: RV_DIVIDE
    case .power: RV_POWER
    case .minimum: RV_MINIMUM
    case .maximum: RV_MAXIMUM
    case .modulo: RV_MODULO
    case .arctangent2: RV_ARCTANGENT2
    case .copySign: RV_COPY_SIGN
    case .less: RV_LESS
    case .lessOrEqual: RV_LESS_OR_EQUAL
    case .greater: RV_GREATER
    case .greaterOrEqual: RV_GREATER_OR_EQUAL
    case .equal: RV_EQUAL
    case .notEqual: RV_NOT_EQUAL
    case .logicalAnd: RV_LOGICAL_AND
    case .logicalOr: RV_LOGICAL_OR
    case .select: RV_SELECT
    case .clip: RV_CLIP
    case .softmax: RV_EXPONENTIAL
    case .logSoftmax: RV_SUBTRACT
    case .argMaximum, .argMinimum, .argSort: RV_LESS
    case .topKMask: RV_GREATER
    case .sum, .maximumOf, .minimumOf, .sort, .quantile: RV_COPY
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent, .argument, .draw, .iota, .identity, .globalSum, .globalMaximum, .globalMinimum,
      .matrixProduct, .transpose, .diagonal, .solve, .cholesky, .qr, .eigh, .svd, .reshape,
      .broadcast, .slice, .placeSlice, .gather, .scatterAdd, .takeAlong, .placeAlong, .push,
      .lossAt, .gradientAt, .hessianProduct, .loop, .project, .unfold, .fold:
      preconditionFailure("a step of its own, or none")
    }
  }
}

extension OperationClass.Fold {
  /// What it begins with, how passes fold a tensor, and rows or columns of one.
  var kernels: (first: Double, whole: rv_op, part: Int32) {
    switch self {
    case .sum: (0, RV_SUM, Int32(RV_FOLD_SUM.rawValue))
    case .maximum: (-.infinity, RV_MAX, Int32(RV_FOLD_MAX.rawValue))
    case .minimum: (.infinity, RV_MIN, Int32(RV_FOLD_MIN.rawValue))
    }
  }
}
