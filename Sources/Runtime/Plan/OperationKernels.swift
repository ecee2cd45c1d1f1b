import CKernels
import IR

extension Operation {
  /// What the operation is on one number.
  var kernelOfNumbers: rv_op {
    switch self {
    case .softmax: RV_EXPONENTIAL
    case .logSoftmax: RV_SUBTRACT
    case .argMaximum, .argMinimum, .argSort: RV_LESS
    case .topKMask: RV_GREATER
    case .sum, .maximumOf, .minimumOf, .sort, .quantile: RV_COPY
    // Elementwise: `kernel` is exhaustive.
    default: kernel
    }
  }

  /// The kernel of an elementwise operation.
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
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent,
      .argument, .draw, .iota, .identity, .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum,
      .globalSum, .globalMaximum, .globalMinimum, .softmax, .logSoftmax, .matrixProduct,
      .transpose, .diagonal, .solve, .cholesky, .qr, .eigh, .svd, .reshape, .broadcast, .slice,
      .placeSlice, .gather, .scatterAdd, .takeAlong, .placeAlong, .push, .sort, .argSort, .topKMask,
      .quantile, .lossAt, .gradientAt, .hessianProduct, .loop, .project:
      preconditionFailure("not elementwise")
    }
  }
}
