import Basics
import Platform

/// The meaning of the elementwise operations on numbers, for constants known while building.
///
/// The reference evaluator uses the same function, so folding cannot change a result.
package enum Folding {
  /// What may stand for an operation of known numbers; nil where the result of finite ones is too large or
  /// too small for a double, and would be another number than is meant.
  static func constant(_ operation: Operation, _ x: [Double]) -> Double? {
    guard let result = fold(operation, x) else { return nil }
    let isNormal = result.isFinite && result.magnitude >= .leastNormalMagnitude
    guard !isNormal, !result.isNaN, x.allSatisfy(\.isFinite) else { return result }
    let leavesRange =
      switch operation {
      case .multiply, .divide: x[0] != 0 && x[1] != 0
      case .power: x[0] != 0
      case .exponential, .exp2: true
      case .add, .subtract, .sinh, .cosh: result.isInfinite
      default: false
      }
    return leavesRange ? nil : result
  }

  /// Whether the result is the number that is meant: √0.25 is 0.5, and √2 is no double. Sums, products and whole powers
  /// count as what they give.
  static func isExact(_ operation: Operation, _ x: [Double], _ result: Double) -> Bool {
    switch operation {
    case _ where !result.isFinite: return true
    case .squareRoot: return isPower(result, x[0], .half)
    case .cubeRoot: return isPower(result, x[0], Rational(1, 3))
    case .power: return Rational(literal: x[1]).map { isPower(result, x[0], $0) } ?? true
    case .exp2: return x[0] == x[0].rounded()
    case .log2: return isPower(x[0], 2, Rational(literal: result) ?? .half)
    case .log10: return isPower(x[0], 10, Rational(literal: result) ?? .half)
    case .exponential, .expm1, .logarithm, .log1p, .tanh, .sinh, .cosh, .sine, .cosine, .tangent,
      .arcsine, .arccosine, .arctangent, .arctangent2, .errorFunction, .arcsinh, .arccosh,
      .arctanh:
      // Of other rational numbers they are irrational.
      return x.allSatisfy { $0 == 0 || $0 == 1 } && result == result.rounded()
    default: return true
    }
  }

  /// Whether a number is x to a power; of whole powers as far as doubles go.
  private static func isPower(_ number: Double, _ x: Double, _ exponent: Rational) -> Bool {
    guard let base = Rational(literal: x), let root = Rational(literal: number) else { return true }
    if exponent.isInteger { return fold(.power, [x, exponent.approximation]) == number }
    if base.isZero || base.isOne { return true }
    guard let p = exponent.numerator.word, let q = exponent.denominator.word, abs(p) <= 64, q <= 64
    else { return false }
    return root.power(q) == base.power(p)
  }

  /// The value of an elementwise operation, booleans as 0 and 1; nil where it is not elementwise.
  @inline(never) package static func fold(_ operation: Operation, _ x: [Double]) -> Double? {
    func truth(_ b: Bool) -> Double { b ? 1 : 0 }
    switch operation {
    case .negate: return -x[0]
    case .absolute: return abs(x[0])
    case .sign: return x[0] > 0 ? 1 : x[0] < 0 ? -1 : x[0]
    case .squareRoot: return x[0].squareRoot()
    case .cubeRoot: return cbrt(x[0])
    case .exponential: return exp(x[0])
    case .expm1: return expm1(x[0])
    case .logarithm: return log(x[0])
    case .log1p: return log1p(x[0])
    case .tanh: return tanh(x[0])
    case .sinh: return sinh(x[0])
    case .cosh: return cosh(x[0])
    case .sine: return sin(x[0])
    case .cosine: return cos(x[0])
    case .tangent: return tan(x[0])
    case .arcsine: return asin(x[0])
    case .arccosine: return acos(x[0])
    case .arctangent: return atan(x[0])
    case .floor: return x[0].rounded(.down)
    case .ceiling: return x[0].rounded(.up)
    case .round: return x[0].rounded(.toNearestOrEven)
    case .errorFunction: return erf(x[0])
    case .bfloat16: return rounded(x[0], digits: 7, least: -126, largest: 0x1.FEp127)
    case .float16: return rounded(x[0], digits: 10, least: -14, largest: 65_504)
    case .exp2: return exp2(x[0])
    case .log2: return log2(x[0])
    case .log10: return log10(x[0])
    case .arcsinh: return asinh(x[0])
    case .arccosh: return acosh(x[0])
    case .arctanh: return atanh(x[0])
    case .reciprocal: return 1 / x[0]
    case .isFinite: return truth(x[0].isFinite)
    case .logicalNot: return truth(x[0] == 0)
    case .add: return x[0] + x[1]
    case .subtract: return x[0] - x[1]
    case .multiply: return x[0] * x[1]
    case .divide: return x[0] / x[1]
    case .power: return power(x[0], x[1])
    // A NaN on either side stays a NaN, as in NumPy and PyTorch.
    case .minimum: return x[0].isNaN || x[1].isNaN ? .nan : x[0] < x[1] ? x[0] : x[1]
    case .maximum: return x[0].isNaN || x[1].isNaN ? .nan : x[0] > x[1] ? x[0] : x[1]
    case .modulo: return modulo(x[0], x[1])
    case .arctangent2: return atan2(x[0], x[1])
    case .copySign: return Double(signOf: x[1], magnitudeOf: x[0])
    case .less: return truth(x[0] < x[1])
    case .lessOrEqual: return truth(x[0] <= x[1])
    case .greater: return truth(x[0] > x[1])
    case .greaterOrEqual: return truth(x[0] >= x[1])
    case .equal: return truth(x[0] == x[1])
    case .notEqual: return truth(x[0] != x[1])
    case .logicalAnd: return truth(x[0] != 0 && x[1] != 0)
    case .logicalOr: return truth(x[0] != 0 || x[1] != 0)
    case .select: return x[0] != 0 ? x[1] : x[2]
    case .clip:
      if x.contains(where: \.isNaN) { return .nan }
      let low = x[0] < x[1] ? x[1] : x[0]
      return low > x[2] ? x[2] : low
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .loss,
      .extent,
      .argument, .draw, .iota, .identity, .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum,
      .globalSum, .globalMaximum, .globalMinimum, .softmax, .logSoftmax, .matrixProduct,
      .transpose, .diagonal, .solve, .cholesky, .qr, .eigh, .svd, .reshape, .broadcast, .slice,
      .placeSlice, .gather, .scatterAdd, .takeAlong, .placeAlong, .push, .sort, .argSort, .topKMask,
      .quantile, .lossAt, .gradientAt, .hessianProduct, .loop, .project, .unfold, .fold:
      return nil
    }
  }

  /// x^y. Whole exponents up to 4 are products, so that `x^2` is `x * x` in every engine.
  package static func power(_ x: Double, _ y: Double) -> Double {
    switch y {
    case 0: 1
    case 1: x
    case 2: x * x
    case 3: x * x * x
    case 4: (x * x) * (x * x)
    case -1: 1 / x
    case 0.5: x.squareRoot()
    default: pow(x, y)
    }
  }

  /// The remainder with the sign of the divisor, as a schedule's `t mod k` expects: rounded once,
  /// however large the quotient.
  package static func modulo(_ x: Double, _ y: Double) -> Double {
    let rest = fmod(x, y)
    if rest == 0 { return Double(signOf: y, magnitudeOf: 0) }
    return (rest < 0) != (y < 0) ? rest + y : rest
  }

  /// The nearest number of so many binary digits behind the first, ties to even; below the exponent
  /// `least` digits are lost, above `largest` it is infinite.
  static func rounded(_ x: Double, digits: Int, least: Int, largest: Double) -> Double {
    guard x.isFinite, x != 0 else { return x }
    let unit = scalbn(1, max(Int(x.exponent), least) - digits)
    let result = (x / unit).rounded(.toNearestOrEven) * unit
    return abs(result) <= largest ? result : x < 0 ? -.infinity : .infinity
  }
}
