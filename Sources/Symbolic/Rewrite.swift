/// The conditional rewrites of the normal form, as data.
///
/// Terms are finite real numbers: a rewrite that is only exact for those says what happens to NaN,
/// infinities and −0. The engine applies a rewrite only where its condition follows from domains; where
/// a quotient or a root is a number stands beside the term (`Definedness`).
package struct Rewrite: Sendable {
  package enum Name: String, CaseIterable, Sendable {
    case polynomial = "polynomial"
    case cancel = "cancel"
    case powers = "powers"
    case rootOfProduct = "root-of-product"
    case rootOfSquare = "root-of-square"
    case squareOfRoot = "square-of-root"
    case signOfScaled = "sign-of-scaled"
    case signOfSigned = "sign-of-signed"
    case signOfMaximum = "sign-of-max"
    case signCubed = "sign-cubed"
    case signTimesAbsolute = "sign-times-abs"
    case overAbsolute = "over-abs"
    case absoluteSquared = "abs-squared"
    case absoluteOfProduct = "abs-of-product"
    case knownSign = "known-sign"
    case oddFunction = "odd"
    case evenFunction = "even"
    case logarithmOfProduct = "log-of-product"
    case logarithmOfPower = "log-of-power"
    case exponentialOfSum = "exp-of-sum"
    case cubeOfCubeRoot = "cube-of-cbrt"
    case cubeRootOfScaled = "cbrt-of-scaled"
    case maximumOfScaled = "max-of-scaled"
    case maximumOfShifted = "max-of-shifted"
    case maximumOfOrdered = "max-of-ordered"
    case minimumAsMaximum = "min-as-max"
    case clipAsBounds = "clip-as-bounds"
    case comparison = "comparison"
    case decidedComparison = "decided-comparison"
    case idempotentCondition = "idempotent-condition"
    case equalArms = "equal-arms"
    case knownCondition = "known-condition"
    case linearReduction = "linear-reduction"
    case reductionOfConstant = "reduction-of-constant"
    case reductionOfReductions = "reduction-of-reductions"
    case reductionOfTranspose = "reduction-of-transpose"
    case traceOfProduct = "trace-of-product"
    case maximumOfScaledTensor = "max-of-scaled-tensor"
    case productOfMatrices = "matrix-product-linear"
    case transposeOfProduct = "transpose-of-product"
    case transposeTwice = "transpose-twice"
    case identityMatrix = "identity-matrix"
    case caseSplit = "case-split"
    case closedState = "closed-state"
    case closedSum = "closed-sum"
    case remainder = "remainder"
    case inverseFunction = "inverse-function"
    case foldOfZeros = "fold-of-zeros"
    case hyperbolic = "hyperbolic"
    case tangent = "tangent"
    case maximumOfCondition = "max-of-condition"
    case commonDenominator = "common-denominator"
    case divisionOfPolynomials = "exact-division"
  }

  package var name: Name
  /// Left side, right side.
  package var statement: String
  /// When it may be used; empty where always.
  package var condition: String
  /// What differs for numbers that are not finite, and for −0; empty where nothing does.
  package var exceptions: String

  init(
    _ name: Name, _ statement: String, if condition: String = "", exceptions: String = ""
  ) {
    self.name = name
    self.statement = statement
    self.condition = condition
    self.exceptions = exceptions
  }
}
