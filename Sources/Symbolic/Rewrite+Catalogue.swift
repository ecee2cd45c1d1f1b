import Platform

extension Rewrite {
  /// Every rewrite, with its condition and what it does beyond finite numbers.
  package static let all: [Rewrite] = [
    rule(.polynomial, "(a + b) c = a c + b c", "", "∞ − ∞ and 0 · ∞ may appear or vanish") {
      (($0 + $1) * 3, $0 * 3 + $1 * 3)
    },
    rule(
      .cancel, "x / x = 1", "x ≠ 0, or with a mark that the quotient needs it",
      "NaN for 0 and ∞ becomes 1", nonzero
    ) { x, _ in (x / x, 1) },
    rule(.powers, "x^a x^b = x^(a + b)", "x > 0, or a and b whole", "0 · ∞", positive) {
      (pow($0, 1.5) * pow($0, $1), pow($0, 1.5 + $1))
    },
    rule(
      .rootOfProduct, "√(x y) = √x √y", "x ≥ 0 or y ≥ 0", "0 · ∞", positive
    ) { ((($0 * $1).squareRoot()), $0.squareRoot() * $1.squareRoot()) },
    rule(.rootOfSquare, "√(x²) = |x|", "", "") { x, _ in ((x * x).squareRoot(), abs(x)) },
    rule(
      .squareOfRoot, "√x² = x", "x ≥ 0, or with a mark that it needs it", "", positive
    ) { x, _ in (x.squareRoot() * x.squareRoot(), x) },
    rule(.signOfScaled, "sign(c x) = sign(x)", "c > 0", "sign(−0) is 0 of either sign") { x, y in
      (sign((abs(y) + 0.1) * x), sign(x))
    },
    rule(.signOfSigned, "sign(tanh(x)) = sign(x)", "", "") { x, _ in (sign(tanh(x)), sign(x)) },
    rule(.signOfMaximum, "sign(max(x, y)) = max(sign(x), sign(y))", "", "") { x, y in
      (sign(max(x, y)), max(sign(x), sign(y)))
    },
    rule(.signCubed, "sign(x)³ = sign(x)", "", "") { x, _ in
      (sign(x) * sign(x) * sign(x), sign(x))
    },
    rule(.signTimesAbsolute, "sign(x) |x| = x", "", "0 · ∞ cannot appear") { x, _ in
      (sign(x) * abs(x), x)
    },
    rule(
      .overAbsolute, "x / |x| = sign(x)", "x ≠ 0, or with a mark", "NaN for 0 and ∞", nonzero
    ) { x, _ in (x / abs(x), sign(x)) },
    rule(.absoluteSquared, "|x|² = x²", "", "") { x, _ in (abs(x) * abs(x), x * x) },
    rule(.absoluteOfProduct, "|x y| = |x| |y|", "", "") { (abs($0 * $1), abs($0) * abs($1)) },
    rule(.knownSign, "|x| = x, sign(x) = 1", "x > 0", "", positive) { x, _ in
      (abs(x) + sign(x), x + 1)
    },
    rule(.oddFunction, "f(−x) = −f(x) for tanh, sinh, sin, arctan, …", "", "") { x, _ in
      (tanh(-x) + sin(-x), -tanh(x) - sin(x))
    },
    rule(.evenFunction, "cosh(−x) = cosh(x), cos(−x) = cos(x)", "", "") { x, _ in
      (cosh(-x) + cos(-x), cosh(x) + cos(x))
    },
    rule(.logarithmOfProduct, "log(x y) = log(x) + log(y)", "x > 0", "", positive) {
      (log($0 * $1), log($0) + log($1))
    },
    rule(.logarithmOfPower, "log(x^y) = y log(x)", "x > 0", "overflow of x^y", positive) {
      (log(pow($0, $1)), $1 * log($0))
    },
    rule(.exponentialOfSum, "e^(x + y) = e^x e^y", "", "overflow of a factor") {
      (exp($0 + $1), exp($0) * exp($1))
    },
    rule(.cubeOfCubeRoot, "cbrt(x)³ = x", "", "") { x, _ in (cbrt(x) * cbrt(x) * cbrt(x), x) },
    rule(.cubeRootOfScaled, "cbrt(x³ y) = x cbrt(y)", "", "") {
      (cbrt($0 * $0 * $0 * $1), $0 * cbrt($1))
    },
    rule(.maximumOfScaled, "max(c x, c y) = c max(x, y)", "c ≥ 0", "0 · ∞") {
      (max(2.5 * $0, 2.5 * $1), 2.5 * max($0, $1))
    },
    rule(.maximumOfShifted, "max(x, −x) = |x|", "", "") { x, _ in (max(x, -x), abs(x)) },
    rule(.maximumOfOrdered, "max(x, y) = y", "x ≤ y", "a NaN in x is lost") { x, y in
      (max(x, x + abs(y)), x + abs(y))
    },
    rule(.minimumAsMaximum, "min(x, y) = −max(−x, −y)", "", "") {
      (min($0, $1), -max(-$0, -$1))
    },
    rule(.clipAsBounds, "clip(x, a, b) = min(max(x, a), b)", "", "a NaN in a bound is kept") {
      x, y in
      let (low, high) = (-abs(y), abs(y) + 1)
      return (x < low ? low : x > high ? high : x, min(max(x, low), high))
    },
    rule(
      .comparison, "x > y is x − y > 0; x ≥ y is not (y > x)", "",
      "comparisons with NaN are false, their opposites are not"
    ) { x, y in
      ((x > y ? 1 : 0) + (x >= y ? 2 : 0), (x - y > 0 ? 1 : 0) + (y > x ? 0 : 2))
    },
    rule(.decidedComparison, "x > 0 is true", "x > 0 by the domains", "NaN", positive) { x, _ in
      (x > 0 ? 1 : 0, 1)
    },
    rule(.idempotentCondition, "c c = c", "c is a condition", "") { x, _ in
      let c: Double = x > 0 ? 1 : 0
      return (c * c, c)
    },
    rule(.equalArms, "if c then x else x = x", "", "") { x, y in (y > 0 ? x : x, x) },
    rule(.knownCondition, "if true then x else y = x", "", "") { x, y in (true ? x : y, x) },
    rule(.linearReduction, "sum(c x) = c sum(x)", "c is the same for all elements", "rounding") {
      x, y in
      let c = 2.5
      return (c * x + c * y, c * (x + y))
    },
    rule(.reductionOfConstant, "sum(c) = n c", "c is the same for all elements", "") { x, _ in
      (x + x + x, 3 * x)
    },
    rule(.maximumOfScaledTensor, "max(c x) = c max(x)", "c ≥ 0", "0 · ∞") {
      (max(1.5 * $0, 1.5 * $1), 1.5 * max($0, $1))
    },
    rule(.productOfMatrices, "(A + c B) C = A C + c (B C)", "", "0 · ∞; rounding") { x, y in
      ((x + 2 * y) * 1.5, x * 1.5 + 2 * (y * 1.5))
    },
    unchecked(.transposeOfProduct, "(A B)ᵀ = Bᵀ Aᵀ", ""),
    unchecked(.transposeTwice, "(Aᵀ)ᵀ = A", ""),
    unchecked(.identityMatrix, "I A = A", ""),
    unchecked(.caseSplit, "x = y if that holds for c and for not c", ""),
    unchecked(
      .closedState, "s' = a s + b is s_t = a^t s_0 + b (1 − a^t) / (1 − a)",
      "proved by induction on t"),
    rule(.commonDenominator, "a / x + b / y = (a y + b x) / (x y)", "x, y ≠ 0", "∞", nonzero) {
      x, y in
      let q = y < 0 ? y - 0.5 : y + 0.5
      return (2 / x + 3 / q, (2 * q + 3 * x) / (x * q))
    },
    rule(
      .divisionOfPolynomials, "(x² − y²) / (x − y) = x + y",
      "the divisor is not 0, or with a mark", "NaN for 0 / 0", nonzero
    ) { x, y in
      let z = y + 7
      return ((x * x - z * z) / (x - z), x + z)
    },
  ]

  private static let anything = Interval(Rational(-3), Rational(3))
  private static let positive = Interval(Rational(1, 10), Rational(3))
  /// Probed away from 0 by the test.
  private static let nonzero = Interval(Rational(1, 10), Rational(3))

  private static func rule(
    _ name: Name, _ statement: String, _ condition: String, _ exceptions: String,
    _ domain: Interval = anything,
    sides: @escaping @Sendable (Double, Double) -> (Double, Double)
  ) -> Rewrite {
    Rewrite(
      name: name, statement: statement, condition: condition, exceptions: exceptions,
      sides: { x, y in
        let (left, right) = sides(x, y)
        return (left: left, right: right)
      }, domain: (domain, domain == anything ? anything : domain))
  }

  private static func unchecked(
    _ name: Name, _ statement: String, _ condition: String
  ) -> Rewrite {
    Rewrite(
      name: name, statement: statement, condition: condition, exceptions: "", sides: nil,
      domain: (anything, anything))
  }

  private static func sign(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x }
}
