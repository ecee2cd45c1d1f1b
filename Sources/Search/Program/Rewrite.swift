/// A change of a program that leaves what it computes as it is, but for rounding, in words.
package enum Rewrite: Sendable {
  case numbers, nothingAdded, timesOne, squareOfRoot, twiceNegated, absoluteOfNonNegative
  case signOfSign, extremeOfOne, clippedAlready, rootOfSquare, even, signOfMultiple, signOfRising
  case signSquared, signTimesItself, negations, twice, power, timesZero, lessItself
  case signTimesSize, cubeOfRoot, logarithmOfPower
  /// Where what is divided by is not 0.
  case overItsSize, overItself, cancelled
  case averages

  package var text: String {
    switch self {
    case .numbers: "numbers folded"
    case .nothingAdded: "x + 0 is x"
    case .timesOne: "1 * x is x"
    case .squareOfRoot: "sqrt(x) * sqrt(x) is x"
    case .twiceNegated: "-(-x) is x"
    case .absoluteOfNonNegative: "abs of what is not negative"
    case .signOfSign: "sign(sign(x)) is sign(x)"
    case .extremeOfOne: "max(x, x) is x"
    case .clippedAlready: "clip of what is within its ends"
    case .rootOfSquare: "sqrt(x * x) is abs(x)"
    case .even: "an even function of -x is that of x"
    case .signOfMultiple: "sign(c * x) is sign(x) for c > 0"
    case .signOfRising: "sign(f(x)) is sign(x) where f rises through 0"
    case .signSquared: "sign(x) * sign(x) is abs(sign(x))"
    case .signTimesItself: "x * sign(x) is abs(x)"
    case .negations: "-x added is x subtracted"
    case .twice: "x + x is 2 * x"
    case .signTimesSize: "sign(x) * abs(x) is x"
    case .cubeOfRoot: "the cube root of x * x * x, or the cube of its cube root, is x"
    case .logarithmOfPower: "log(exp(x)) is x"
    case .timesZero: "0 * x is 0"
    case .lessItself: "x - x is 0"
    case .power: "x^2 is x * x, x^0.5 is sqrt(x)"
    case .overItsSize: "x / abs(x) is sign(x)"
    case .overItself: "x / x is 1"
    case .cancelled: "x * y / y is x"
    case .averages: "averages of averages folded into one"
    }
  }
}
