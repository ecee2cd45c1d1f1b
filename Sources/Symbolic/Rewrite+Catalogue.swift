extension Rewrite {
  /// Every rewrite, with its condition and what it does beyond finite numbers.
  package static let all: [Rewrite] = [
    Rewrite(
      name: .polynomial, statement: "(a + b) c = a c + b c", condition: "",
      exceptions: "∞ − ∞ and 0 · ∞ may appear or vanish"),
    Rewrite(
      name: .cancel, statement: "x / x = 1",
      condition: "x ≠ 0, or with a mark that the quotient needs it",
      exceptions: "NaN for 0 and ∞ becomes 1"),
    Rewrite(
      name: .powers, statement: "x^a x^b = x^(a + b)", condition: "x > 0, or a and b whole",
      exceptions: "0 · ∞"),
    Rewrite(
      name: .rootOfProduct, statement: "√(x y) = √x √y", condition: "x ≥ 0 or y ≥ 0",
      exceptions: "0 · ∞"),
    Rewrite(name: .rootOfSquare, statement: "√(x²) = |x|", condition: "", exceptions: ""),
    Rewrite(
      name: .squareOfRoot, statement: "√x² = x",
      condition: "x ≥ 0, or with a mark that it needs it", exceptions: ""),
    Rewrite(
      name: .signOfScaled, statement: "sign(c x) = sign(x)", condition: "c > 0",
      exceptions: "sign(−0) is 0 of either sign"),
    Rewrite(
      name: .signOfSigned, statement: "sign(tanh(x)) = sign(x)", condition: "", exceptions: ""),
    Rewrite(
      name: .signOfMaximum, statement: "sign(max(x, y)) = max(sign(x), sign(y))", condition: "",
      exceptions: ""),
    Rewrite(name: .signCubed, statement: "sign(x)³ = sign(x)", condition: "", exceptions: ""),
    Rewrite(
      name: .signTimesAbsolute, statement: "sign(x) |x| = x", condition: "",
      exceptions: "0 · ∞ cannot appear"),
    Rewrite(
      name: .overAbsolute, statement: "x / |x| = sign(x)", condition: "x ≠ 0, or with a mark",
      exceptions: "NaN for 0 and ∞"),
    Rewrite(name: .absoluteSquared, statement: "|x|² = x²", condition: "", exceptions: ""),
    Rewrite(name: .absoluteOfProduct, statement: "|x y| = |x| |y|", condition: "", exceptions: ""),
    Rewrite(
      name: .knownSign, statement: "|x| = x, sign(x) = 1", condition: "x > 0", exceptions: ""),
    Rewrite(
      name: .oddFunction, statement: "f(−x) = −f(x) for tanh, sinh, sin, arctan, …", condition: "",
      exceptions: ""),
    Rewrite(
      name: .evenFunction, statement: "cosh(−x) = cosh(x), cos(−x) = cos(x)", condition: "",
      exceptions: ""),
    Rewrite(
      name: .logarithmOfProduct, statement: "log(x y) = log(x) + log(y)", condition: "x > 0",
      exceptions: ""),
    Rewrite(
      name: .logarithmOfPower, statement: "log(x^y) = y log(x)", condition: "x > 0",
      exceptions: "overflow of x^y"),
    Rewrite(
      name: .exponentialOfSum, statement: "e^(x + y) = e^x e^y", condition: "",
      exceptions: "overflow of a factor"),
    Rewrite(name: .cubeOfCubeRoot, statement: "cbrt(x)³ = x", condition: "", exceptions: ""),
    Rewrite(
      name: .cubeRootOfScaled, statement: "cbrt(x³ y) = x cbrt(y)", condition: "", exceptions: ""),
    Rewrite(
      name: .maximumOfScaled, statement: "max(c x, c y) = c max(x, y)", condition: "c ≥ 0",
      exceptions: "0 · ∞"),
    Rewrite(name: .maximumOfShifted, statement: "max(x, −x) = |x|", condition: "", exceptions: ""),
    Rewrite(
      name: .maximumOfOrdered, statement: "max(x, y) = y", condition: "x ≤ y",
      exceptions: "a NaN in x is lost"),
    Rewrite(
      name: .minimumAsMaximum, statement: "min(x, y) = −max(−x, −y)", condition: "", exceptions: ""),
    Rewrite(
      name: .clipAsBounds, statement: "clip(x, a, b) = min(max(x, a), b)", condition: "",
      exceptions: "a NaN in a bound is kept"),
    Rewrite(
      name: .comparison, statement: "x > y is x − y > 0; x ≥ y is not (y > x)", condition: "",
      exceptions: "comparisons with NaN are false, their opposites are not"),
    Rewrite(
      name: .decidedComparison, statement: "x > 0 is true", condition: "x > 0 by the domains",
      exceptions: "NaN"),
    Rewrite(
      name: .idempotentCondition, statement: "c c = c", condition: "c is a condition",
      exceptions: ""),
    Rewrite(name: .equalArms, statement: "if c then x else x = x", condition: "", exceptions: ""),
    Rewrite(
      name: .knownCondition, statement: "if true then x else y = x", condition: "", exceptions: ""),
    Rewrite(
      name: .linearReduction, statement: "sum(c x) = c sum(x)",
      condition: "c is the same for all elements", exceptions: "rounding"),
    Rewrite(
      name: .reductionOfConstant, statement: "sum(c) = n c",
      condition: "c is the same for all elements", exceptions: ""),
    Rewrite(
      name: .maximumOfScaledTensor, statement: "max(c x) = c max(x)", condition: "c ≥ 0",
      exceptions: "0 · ∞"),
    Rewrite(
      name: .productOfMatrices, statement: "(A + c B) C = A C + c (B C)", condition: "",
      exceptions: "0 · ∞; rounding"),
    Rewrite(name: .transposeOfProduct, statement: "(A B)ᵀ = Bᵀ Aᵀ", condition: "", exceptions: ""),
    Rewrite(name: .transposeTwice, statement: "(Aᵀ)ᵀ = A", condition: "", exceptions: ""),
    Rewrite(name: .identityMatrix, statement: "I A = A", condition: "", exceptions: ""),
    Rewrite(
      name: .caseSplit, statement: "x = y if that holds for c and for not c", condition: "",
      exceptions: ""),
    Rewrite(
      name: .closedState, statement: "s' = a s + b is s_t = a^t s_0 + b (1 − a^t) / (1 − a)",
      condition: "proved by induction on t", exceptions: ""),
    Rewrite(
      name: .commonDenominator, statement: "a / x + b / y = (a y + b x) / (x y)",
      condition: "x, y ≠ 0", exceptions: "∞"),
    Rewrite(
      name: .divisionOfPolynomials, statement: "(x² − y²) / (x − y) = x + y",
      condition: "the divisor is not 0, or with a mark", exceptions: "NaN for 0 / 0"),
  ]
}
