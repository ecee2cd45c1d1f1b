extension Rewrite {
  /// Every rewrite, with its condition and what it does beyond finite numbers.
  package static let all: [Rewrite] = [
    Rewrite(
      .polynomial, "(a + b) c = a c + b c", exceptions: "∞ − ∞ and 0 · ∞ may appear or vanish"),
    Rewrite(
      .cancel, "x / x = 1", if: "x ≠ 0, which stands beside the term",
      exceptions: "NaN for 0 and ∞ becomes 1"),
    Rewrite(.powers, "x^a x^b = x^(a + b)", if: "x > 0, or a and b whole", exceptions: "0 · ∞"),
    Rewrite(.rootOfProduct, "√(x y) = √x √y", if: "x ≥ 0 or y ≥ 0", exceptions: "0 · ∞"),
    Rewrite(.rootOfSquare, "√(x²) = |x|"),
    Rewrite(.squareOfRoot, "√x² = x", if: "x ≥ 0, which stands beside the term"),
    Rewrite(
      .signOfScaled, "sign(c x) = sign(x)", if: "c > 0", exceptions: "sign(−0) is 0 of either sign"),
    Rewrite(.signOfSigned, "sign(tanh(x)) = sign(x)"),
    Rewrite(.signOfMaximum, "sign(max(x, y)) = max(sign(x), sign(y))"),
    Rewrite(.signCubed, "sign(x)³ = sign(x)"),
    Rewrite(.signTimesAbsolute, "sign(x) |x| = x", exceptions: "0 · ∞ cannot appear"),
    Rewrite(
      .overAbsolute, "x / |x| = sign(x)", if: "x ≠ 0, which stands beside the term",
      exceptions: "NaN for 0 and ∞"
    ),
    Rewrite(.absoluteSquared, "|x|² = x²"),
    Rewrite(.absoluteOfProduct, "|x y| = |x| |y|"),
    Rewrite(.knownSign, "|x| = x, sign(x) = 1", if: "x > 0"),
    Rewrite(.oddFunction, "f(−x) = −f(x) for tanh, sinh, sin, arctan, …"),
    Rewrite(.evenFunction, "cosh(−x) = cosh(x), cos(−x) = cos(x)"),
    Rewrite(.logarithmOfProduct, "log(x y) = log(x) + log(y)", if: "x > 0"),
    Rewrite(.logarithmOfPower, "log(x^y) = y log(x)", if: "x > 0", exceptions: "overflow of x^y"),
    Rewrite(.exponentialOfSum, "e^(x + y) = e^x e^y", exceptions: "overflow of a factor"),
    Rewrite(.cubeOfCubeRoot, "cbrt(x)³ = x"),
    Rewrite(.cubeRootOfScaled, "cbrt(x³ y) = x cbrt(y)"),
    Rewrite(.maximumOfScaled, "max(c x, c y) = c max(x, y)", if: "c ≥ 0", exceptions: "0 · ∞"),
    Rewrite(.maximumOfShifted, "max(x, −x) = |x|"),
    Rewrite(.maximumOfOrdered, "max(x, y) = y", if: "x ≤ y", exceptions: "a NaN in x is lost"),
    Rewrite(.minimumAsMaximum, "min(x, y) = −max(−x, −y)"),
    Rewrite(
      .clipAsBounds, "clip(x, a, b) = min(max(x, a), b)", exceptions: "a NaN in a bound is kept"),
    Rewrite(
      .comparison, "x > y is x − y > 0; x ≥ y is not (y > x)",
      exceptions: "comparisons with NaN are false, their opposites are not"),
    Rewrite(.decidedComparison, "x > 0 is true", if: "x > 0 by the domains", exceptions: "NaN"),
    Rewrite(.idempotentCondition, "c c = c", if: "c is a condition"),
    Rewrite(.equalArms, "if c then x else x = x"),
    Rewrite(.knownCondition, "if true then x else y = x"),
    Rewrite(
      .linearReduction, "sum(c x) = c sum(x)", if: "c is the same for all elements",
      exceptions: "rounding"),
    Rewrite(.reductionOfConstant, "sum(c) = n c", if: "c is the same for all elements"),
    Rewrite(.reductionOfReductions, "sum(row_sum(x)) = sum(x)", exceptions: "rounding"),
    Rewrite(.reductionOfTranspose, "sum(xᵀ) = sum(x)", exceptions: "rounding"),
    Rewrite(.traceOfProduct, "trace(A B) = sum(A · Bᵀ)", exceptions: "rounding"),
    Rewrite(.maximumOfScaledTensor, "max(c x) = c max(x)", if: "c ≥ 0", exceptions: "0 · ∞"),
    Rewrite(.productOfMatrices, "(A + c B) C = A C + c (B C)", exceptions: "0 · ∞; rounding"),
    Rewrite(.transposeOfProduct, "(A B)ᵀ = Bᵀ Aᵀ"),
    Rewrite(.transposeTwice, "(Aᵀ)ᵀ = A"),
    Rewrite(.identityMatrix, "I A = A"),
    Rewrite(.caseSplit, "x = y if that holds for c and for not c"),
    Rewrite(
      .closedState, "s' = a s + b is s_t = a^t s_0 + b (1 − a^t) / (1 − a)",
      if: "proved by induction on t"),
    Rewrite(
      .closedSum, "s' = s + t is s_t = s_0 + t (t + 1) / 2", if: "proved by induction on t"),
    Rewrite(.remainder, "x mod n = x − n ⌊x / n⌋", if: "n is a number and not 0"),
    Rewrite(
      .inverseFunction, "sin(arcsin(x)) = x, and so for cos, tan, sinh, cosh and tanh",
      if: "the inverse is defined at x, which stands beside the term"),
    Rewrite(
      .foldOfZeros, "sum(x²) = 0 says that x = 0 at every element", exceptions: "underflow of x²"),
    Rewrite(
      .hyperbolic, "tanh(x) = (e^(2 x) − 1) / (e^(2 x) + 1), and so for sinh and cosh",
      exceptions: "overflow of e^(2 x)"),
    Rewrite(.tangent, "tan(x) = sin(x) / cos(x)"),
    Rewrite(
      .maximumOfCondition, "the largest of [x > 0] is [max(x) > 0]",
      exceptions: "comparisons with NaN are false"),
    Rewrite(
      .commonDenominator, "a / x + b / y = (a y + b x) / (x y)", if: "x, y ≠ 0", exceptions: "∞"),
    Rewrite(
      .divisionOfPolynomials, "(x² − y²) / (x − y) = x + y",
      if: "the divisor is not 0, which stands beside the term", exceptions: "NaN for 0 / 0"),
  ]
}
