import IR

@testable import Runtime

/// An expression of X, Y and Z there, and its value.
struct SpecialCase: Sendable {
  var text: String
  var x: [Double]
  var value: Double
  /// Whether a value of 0 may have either sign.
  var isAnyZero: Bool

  /// A −0 is meant as such, a 0 may be either, 1 / (…) tells 0 from −0.
  init(_ text: String, _ x: [Double], _ value: Double) {
    self.text = text
    self.x = x + [Double](repeating: 1, count: 3 - x.count)
    self.value = value
    isAnyZero = value.sign == .plus
  }

  /// The text with names or numbers in the place of X, Y and Z.
  func written(_ names: [String]) -> String {
    zip(["X", "Y", "Z"], names).reduce(text) { text, pair in
      text.split(separator: pair.0, omittingEmptySubsequences: false).joined(separator: pair.1)
    }
  }

  func isRight(_ found: Double) -> Bool {
    if value.isNaN || found.isNaN { return value.isNaN && found.isNaN }
    if value == 0 { return found == 0 && (isAnyZero || found.sign == .minus) }
    return value.isInfinite ? found == value : abs(found / value - 1) <= 1e-6
  }
}

/// What the manual says of NaN, ±0 and ±∞, and the cases of it.
struct SpecialStatement: Sendable {
  /// Words of docs/language.md.
  var quote: String
  var cases: [SpecialCase]
  /// The test of what is not about one expression.
  var test: String?

  init(_ quote: String, test: String? = nil, _ cases: [(String, [Double], Double)] = []) {
    self.quote = quote
    self.test = test
    self.cases = cases.map { SpecialCase($0, $1, $2) }
  }

  static let manual = choices + powers + functions + ofTensors

  /// Functions at the edges, of which the manual says nothing: IEEE 754 and annex F of the C standard.
  static let standard = annexF.map { SpecialCase($0, $1, $2) }

  static let cases = manual.flatMap(\.cases) + standard

  private static let (nan, inf) = (Double.nan, Double.infinity)

  private static let choices = [
    SpecialStatement(
      "numbers | `1`, `0.5`, `1e-3`, `1_000`, `inf`, `pi`, `e`, `nan`",
      [("X + inf", [1], inf), ("X - inf", [1], -inf), ("X * nan", [0], nan)]),
    SpecialStatement("`π` `∞` | `pi` `inf`", [("min(X, ∞)", [3], 3), ("max(X, -∞)", [-3], -3)]),
    SpecialStatement("words `if then else and or not mod inf pi`", [("inf + X", [1], inf)]),
    SpecialStatement(
      "not computed, and cannot spoil the result with a NaN",
      [
        ("if X > 0 then Z else 0 * Y", [1, inf, 5], 5),
        ("if X > 0 then 1 / Y else Z", [-1, 0, 5], 5),
        ("if X > 0 then Y else log(X)", [-1, 5], nan),
        ("if X > 0 then Y else log(X)", [1, 5], 5), ("if X < Y then 1 else Z", [nan, 1, 7], 7),
        ("if not X < Y then 1 else Z", [nan, 1, 7], 1),
      ]),
    SpecialStatement(
      "`sign(0)` is 0**; the sign of a NaN is NaN",
      [
        ("sign(X)", [0], 0), ("sign(X)", [-0.0], 0), ("sign(X)", [nan], nan), ("sign(X)", [inf], 1),
        ("sign(X)", [-inf], -1), ("sign(X)", [-1e-30], -1),
      ]),
    SpecialStatement(
      "`min`, `max`, `clip` and their reductions keep a NaN**, on whichever side it stands",
      test: "reductionsAnywhere",
      [
        ("min(X, Y)", [nan, 1], nan), ("min(X, Y)", [1, nan], nan),
        ("min(X, Y)", [inf, -inf], -inf),
        ("max(X, Y)", [nan, 1], nan), ("max(X, Y)", [1, nan], nan), ("max(X, Y)", [-inf, 1], 1),
        ("min(X, Y)", [nan, -inf], nan), ("max(X, Y)", [inf, nan], nan),
        ("max(X, Y, Z)", [nan, 1, 2], nan), ("max(X, Y, Z)", [1, nan, 2], nan),
        ("max(X, Y, Z)", [1, 2, nan], nan), ("min(X, Y, Z)", [1, nan, 0], nan),
        ("clip(X, Y, Z)", [nan, 0, 1], nan), ("clip(X, Y, Z)", [1, nan, 2], nan),
        ("clip(X, Y, Z)", [1, 0, nan], nan), ("clip(X, Y, Z)", [5, 0, nan], nan),
        ("clip(X, Y, Z)", [-5, nan, 1], nan), ("clip(X, Y, Z)", [inf, 0, 1], 1),
        ("clip(X, Y, Z)", [-inf, 0, 1], 0), ("clip(X, Y, Z)", [5, -inf, inf], 5),
        ("relu(X)", [nan], nan), ("relu(X)", [-inf], 0),
      ]),
    SpecialStatement(
      "A comparison with a NaN is false, `!=` true",
      [
        ("(X < Y) * 1", [nan, 1], 0), ("(X < Y) * 1", [1, nan], 0),
        ("(X <= Y) * 1", [nan, nan], 0),
        ("(X <= Y) * 1", [1, nan], 0), ("(X > Y) * 1", [nan, 1], 0), ("(X > Y) * 1", [1, nan], 0),
        ("(X >= Y) * 1", [nan, nan], 0), ("(X >= Y) * 1", [nan, 1], 0),
        ("(X == Y) * 1", [nan, nan], 0), ("(X == Y) * 1", [nan, 1], 0),
        ("(X != Y) * 1", [nan, nan], 1), ("(X != Y) * 1", [nan, 1], 1),
        ("(X != Y) * 1", [1, nan], 1), ("(not X < Y) * 1", [nan, 1], 1),
        ("(not X >= Y) * 1", [nan, 1], 1), ("(X < Y or X != X) * 1", [nan, 1], 1),
        ("(X < Y and X != X) * 1", [nan, 1], 0),
      ]),
    SpecialStatement("Which of −0 and 0 they give is not defined", [("max(X, Y)", [0, -0.0], 0)]),
    SpecialStatement(
      "`copysign(x, y)` | the size of x with the sign of y; that of a NaN is not defined",
      [
        ("copysign(X, Y)", [3, -0.0], -3), ("copysign(X, Y)", [-3, 0], 3),
        ("copysign(X, Y)", [inf, -1], -inf), ("copysign(X, Y)", [nan, 1], nan),
        ("1 / copysign(X, Y)", [-0.0, 1], inf), ("copysign(X, Y)", [0, -inf], -0.0),
        ("abs(copysign(X, Y))", [3, nan], 3),
      ]),
    SpecialStatement(
      "`isfinite(x)` | a condition: neither infinite nor NaN",
      [
        ("isfinite(X) * 1", [nan], 0), ("isfinite(X) * 1", [-inf], 0),
        ("isfinite(X) * 1", [inf], 0),
        ("isfinite(X) * 1", [-0.0], 1), ("isfinite(X) * 1", [3e38], 1),
        ("isfinite(X) * 1", [1e-45], 1),
      ]),
  ]

  private static let powers = [
    SpecialStatement(
      "`x^2` is `x * x`**, bit for bit, and so are the whole exponents up to 4; `x^-1` is `1 / x`, `x^0.5` "
        + "is `sqrt(x)`, `x^0` is 1",
      [
        ("X^0", [nan], 1), ("X^0", [inf], 1), ("X^0", [0], 1), ("X^Y", [nan, 0], 1),
        ("X^Y", [-inf, -0.0], 1), ("X^Y", [0, 0], 1), ("X^1", [-0.0], -0.0), ("X^2", [-inf], inf),
        ("X^2", [nan], nan), ("1 / X^2", [-0.0], inf), ("X^3", [-0.0], -0.0), ("X^3", [-inf], -inf),
        ("X^4", [-inf], inf), ("1 / X^4", [-0.0], inf), ("X^-1", [0], inf), ("X^-1", [-0.0], -inf),
        ("X^-1", [-inf], -0.0), ("X^Y", [-0.0, -1], -inf), ("X^0.5", [-1], nan),
        ("X^0.5", [-0.0], -0.0), ("X^0.5", [-inf], nan), ("X^Y", [-inf, 0.5], nan),
        ("X^Y", [-0.0, 0.5], -0.0),
      ]),
    SpecialStatement(
      "A power of a negative number is NaN unless the exponent is whole",
      [
        ("X^(1 / 3)", [-8], nan), ("X^Y", [-8, 0.25], nan), ("X^Y", [-2, 5], -32),
        ("X^5", [-2], -32), ("X^Y", [-2, -3], -0.125), ("X^1.5", [-1e-30], nan),
      ]),
    SpecialStatement(
      "Powers of infinite numbers and to infinite exponents are those of C's `pow`",
      [
        ("X^-3", [-0.0], -inf), ("X^Y", [2, inf], inf), ("X^Y", [2, -inf], 0),
        ("X^Y", [0.5, inf], 0), ("X^Y", [-0.5, -inf], inf), ("X^Y", [-1, inf], 1),
        ("X^Y", [1, nan], 1), ("X^Y", [nan, 1.5], nan), ("X^1.5", [inf], inf),
        ("X^Y", [-inf, 5], -inf), ("X^Y", [-inf, -5], -0.0), ("X^1.5", [-inf], inf),
        ("1 / X^1.5", [-0.0], inf), ("X^-1.5", [0], inf), ("X^Y", [inf, -1.5], 0),
      ]),
    SpecialStatement(
      "`round` rounds halves to the even number",
      [
        ("round(X)", [0.5], 0), ("round(X)", [1.5], 2), ("round(X)", [2.5], 2),
        ("round(X)", [-1.5], -2), ("round(X)", [-2.5], -2), ("round(X)", [-0.5], -0.0),
        ("round(X)", [-0.0], -0.0), ("round(X)", [0.49999997], 0),
        ("round(X)", [8_388_609], 8_388_609),
        ("round(X)", [inf], inf), ("round(X)", [nan], nan),
      ]),
    SpecialStatement(
      "Dividing by 0 gives ±∞ or NaN, as IEEE arithmetic says",
      [
        ("X / Y", [1, 0], inf), ("X / Y", [1, -0.0], -inf), ("X / Y", [-1, 0], -inf),
        ("X / Y", [0, 0], nan), ("X / 0", [-2], -inf), ("X / X", [0], nan), ("1 / X", [-0.0], -inf),
        ("reciprocal(X)", [0], inf), ("reciprocal(X)", [-0.0], -inf), ("X mod Y", [7, 0], nan),
        ("reciprocal(X)", [-inf], -0.0),
      ]),
    SpecialStatement(
      "`a mod b` has the sign of b",
      [
        ("X mod Y", [-7, 3], 2), ("X mod Y", [7, -3], -2), ("X mod Y", [0, -3], -0.0),
        ("X mod Y", [3, -3], -0.0), ("1 / (X mod Y)", [-3, 3], inf),
        ("1 / (X mod Y)", [-0.0, 3], inf), ("X mod Y", [inf, 3], nan), ("X mod Y", [7, inf], 7),
        ("X mod Y", [-7, -inf], -7), ("X mod Y", [-7, inf], inf), ("X mod Y", [nan, 3], nan),
        ("X mod Y", [3, nan], nan),
      ]),
  ]

  private static let functions = [
    SpecialStatement(
      "`bf16(x)` and `f16(x)` round in the middle of an expression",
      [
        ("bf16(X)", [0x1.FEp127], 0x1.FEp127), ("bf16(X)", [0x1.FEFFFEp127], 0x1.FEp127),
        ("bf16(X)", [0x1.FFp127], inf), ("bf16(X)", [-0x1.FFp127], -inf), ("bf16(X)", [nan], nan),
        ("bf16(X)", [-inf], -inf), ("bf16(X)", [-0.0], -0.0), ("bf16(X)", [-0x1p-134], -0.0),
        ("bf16(X)", [0x1p-133], 0x1p-133), ("bf16(X)", [0x1.8p-133], 0x1p-132),
        ("bf16(X)", [0x1.01p0], 1), ("bf16(X)", [0x1.03p0], 0x1.04p0),
        ("f16(X)", [65_504], 65_504), ("f16(X)", [65_519], 65_504), ("f16(X)", [65_520], inf),
        ("f16(X)", [-65_520], -inf), ("f16(X)", [3e38], inf), ("f16(X)", [nan], nan),
        ("f16(X)", [-inf], -inf), ("f16(X)", [-0.0], -0.0), ("f16(X)", [-0x1p-25], -0.0),
        ("f16(X)", [0x1.8p-24], 0x1p-23), ("f16(X)", [0x1.8p-25], 0x1p-24),
        ("f16(X)", [0x1.002p0], 1), ("f16(X)", [0x1.006p0], 0x1.008p0),
      ]),
    SpecialStatement(
      "`softmax(x)` `log_softmax(x)` | rows as distributions", test: "rowsAsDistributions"),
  ]

  private static let ofTensors = [
    SpecialStatement(
      "A block with a NaN or an infinity* is NaN everywhere", test: "statesKeepSpecialNumbers"),
    SpecialStatement("A block of zeros is zeros", test: "statesKeepSpecialNumbers"),
    SpecialStatement(
      "The sign of a zero is lost in `int8` and `sign1`, and kept in `f16` and `bf16`",
      test: "statesKeepSpecialNumbers"),
    SpecialStatement("and sums below 2⁻¹²⁶ are 0", test: "sumsWithoutAnExponentAreZero"),
    SpecialStatement("holds 0 and not 1; bounds may be `inf`", test: "domains"),
    SpecialStatement(
      "stands exactly at an open end, as the last rate of `cosine(0.1)` does in `(0, inf)`",
      test: "domainsAreLookedAtWithTheHorizonOfTheRun"),
    SpecialStatement("in steps if `staircase = 1`; NaN, an error of every domain", test: "domains"),
    SpecialStatement("A NaN among the entries is NaN", test: "rowsColumnsAndAxes"),
    SpecialStatement(
      "at an entry it is that one, however infinite the next", test: "rowsColumnsAndAxes"),
    SpecialStatement("all elements in ascending order, and their places; NaN last", test: "order"),
    SpecialStatement(
      "the first of equal elements counts, and of a NaN the first", test: "reductionsAnywhere"),
    SpecialStatement("a NaN counts as the largest", test: "order"),
    SpecialStatement(
      "makes a step whose gradient is not finite a counted no-op",
      test: "aBadGradientChangesNothing"),
    SpecialStatement(
      "A rule whose loss becomes infinite or NaN", test: "aBrokenRunStopsAloneAndNamesTheTensor"),
    SpecialStatement(
      "A state that is not finite any more", test: "skippedStepsAndBrokenStatesAreSaid"),
    SpecialStatement(
      "a window that holds nothing else gives `-inf`", test: "windowsOfPaddingAlone"),
    SpecialStatement(
      "where 20 restarts do not get there, NaN is recorded",
      test: "aResidualThatStaysLargeIsNoValue"),
    SpecialStatement(
      "A proof is in exact arithmetic on finite numbers", test: "equalWhereNothingVanishes"),
  ]

  private static let annexF: [(String, [Double], Double)] = [
    ("X / Y", [inf, inf], nan), ("X / Y", [-1, inf], -0.0), ("X / X", [inf], nan),
    ("X - X", [inf], nan), ("X - X", [nan], nan), ("0 * X", [inf], nan), ("X * 0", [nan], nan),
    ("0 * X", [-1], -0.0), ("X * Y", [0, inf], nan), ("X + Y", [inf, -inf], nan),
    ("1 / (X + 0)", [-0.0], inf), ("X + Y", [-0.0, -0.0], -0.0), ("X - 0", [-0.0], -0.0),
    ("1 / (0 - X)", [0], inf), ("-X", [0], -0.0), ("X * 1", [-0.0], -0.0), ("X / 1", [-0.0], -0.0),
    ("1 / -X", [-0.0], inf), ("-X", [nan], nan), ("(X == Y) * 1", [0, -0.0], 1),
    ("(X < Y) * 1", [-0.0, 0], 0), ("(X == Y) * 1", [inf, inf], 1),
    ("(X < Y) * 1", [-inf, inf], 1),
    ("abs(X)", [nan], nan), ("1 / abs(X)", [-0.0], inf), ("abs(X)", [-inf], inf),
    ("sqrt(X)", [-0.0], -0.0), ("sqrt(X)", [-1], nan), ("sqrt(X)", [inf], inf),
    ("sqrt(X)", [nan], nan), ("sqrt(X)", [-inf], nan), ("cbrt(X)", [-8], -2),
    ("cbrt(X)", [-0.0], -0.0), ("cbrt(X)", [-inf], -inf), ("cbrt(X)", [nan], nan),
    ("floor(X)", [-0.0], -0.0), ("floor(X)", [-inf], -inf), ("floor(X)", [-0.5], -1),
    ("floor(X)", [nan], nan), ("ceil(X)", [-0.5], -0.0), ("ceil(X)", [nan], nan),
    ("ceil(X)", [inf], inf), ("exp(X)", [-inf], 0), ("exp(X)", [inf], inf), ("exp(X)", [nan], nan),
    ("exp(X)", [-0.0], 1), ("exp(X)", [1e30], inf), ("exp(X)", [-1e30], 0), ("exp2(X)", [-inf], 0),
    ("exp2(X)", [inf], inf), ("exp2(X)", [nan], nan), ("exp2(X)", [-0.0], 1),
    ("expm1(X)", [-inf], -1), ("expm1(X)", [-0.0], -0.0), ("expm1(X)", [inf], inf),
    ("expm1(X)", [nan], nan), ("log(X)", [0], -inf), ("log(X)", [-0.0], -inf),
    ("log(X)", [-1], nan), ("log(X)", [inf], inf), ("log(X)", [-inf], nan), ("log(X)", [nan], nan),
    ("1 / log(X)", [1], inf), ("log1p(X)", [-1], -inf), ("log1p(X)", [-2], nan),
    ("log1p(X)", [-0.0], -0.0), ("log1p(X)", [inf], inf), ("log1p(X)", [nan], nan),
    ("log2(X)", [0], -inf), ("log2(X)", [-1], nan), ("log2(X)", [inf], inf),
    ("log2(X)", [nan], nan), ("log10(X)", [-0.0], -inf), ("log10(X)", [inf], inf),
    ("log10(X)", [-1], nan), ("log10(X)", [nan], nan), ("sin(X)", [inf], nan),
    ("sin(X)", [-0.0], -0.0), ("sin(X)", [nan], nan), ("cos(X)", [-inf], nan),
    ("cos(X)", [-0.0], 1),
    ("cos(X)", [nan], nan), ("tan(X)", [inf], nan), ("tan(X)", [-0.0], -0.0),
    ("tan(X)", [nan], nan),
    ("arcsin(X)", [2], nan), ("arcsin(X)", [-0.0], -0.0), ("arcsin(X)", [nan], nan),
    ("arcsin(X)", [-1], -.pi / 2), ("arccos(X)", [-2], nan), ("1 / arccos(X)", [1], inf),
    ("arccos(X)", [-1], .pi), ("arccos(X)", [nan], nan), ("arctan(X)", [inf], .pi / 2),
    ("arctan(X)", [-inf], -.pi / 2), ("arctan(X)", [-0.0], -0.0), ("arctan(X)", [nan], nan),
    ("arctan2(X, Y)", [0, -0.0], .pi), ("arctan2(X, Y)", [-0.0, -0.0], -.pi),
    ("arctan2(X, Y)", [-0.0, 1], -0.0), ("1 / arctan2(X, Y)", [0, 0], inf),
    ("arctan2(X, Y)", [-0.0, -1], -.pi), ("arctan2(X, Y)", [-1, 0], -.pi / 2),
    ("arctan2(X, Y)", [1, -0.0], .pi / 2), ("arctan2(X, Y)", [inf, inf], .pi / 4),
    ("arctan2(X, Y)", [-inf, -inf], -3 * .pi / 4), ("arctan2(X, Y)", [1, -inf], .pi),
    ("arctan2(X, Y)", [-1, inf], -0.0), ("arctan2(X, Y)", [inf, 1], .pi / 2),
    ("arctan2(X, Y)", [nan, 1], nan), ("arctan2(X, Y)", [1, nan], nan), ("sinh(X)", [-inf], -inf),
    ("sinh(X)", [-0.0], -0.0), ("sinh(X)", [nan], nan), ("cosh(X)", [-inf], inf),
    ("cosh(X)", [-0.0], 1), ("cosh(X)", [nan], nan), ("tanh(X)", [inf], 1), ("tanh(X)", [-inf], -1),
    ("tanh(X)", [nan], nan), ("tanh(X)", [-0.0], -0.0), ("1 / tanh(X)", [0], inf),
    ("arcsinh(X)", [-inf], -inf), ("arcsinh(X)", [-0.0], -0.0), ("arcsinh(X)", [nan], nan),
    ("arccosh(X)", [0.5], nan), ("1 / arccosh(X)", [1], inf), ("arccosh(X)", [inf], inf),
    ("arccosh(X)", [-inf], nan), ("arccosh(X)", [nan], nan), ("arctanh(X)", [1], inf),
    ("arctanh(X)", [-1], -inf), ("arctanh(X)", [2], nan), ("arctanh(X)", [-0.0], -0.0),
    ("arctanh(X)", [nan], nan), ("erf(X)", [inf], 1), ("erf(X)", [-inf], -1),
    ("erf(X)", [-0.0], -0.0), ("erf(X)", [nan], nan), ("sigmoid(X)", [-inf], 0),
    ("sigmoid(X)", [inf], 1), ("sigmoid(X)", [nan], nan), ("softplus(X)", [-inf], 0),
    ("softplus(X)", [inf], inf), ("softplus(X)", [nan], nan), ("gelu(X)", [inf], inf),
    ("gelu(X)", [nan], nan), ("silu(X)", [inf], inf), ("silu(X)", [-0.0], -0.0),
  ]

  /// Numbers without a normal exponent, of float64 and of float32, and results that are such; by mpmath.
  static let subnormal: [(ElementType, [(String, [Double], Double)])] = [
    (
      .float64,
      [
        ("sqrt(X)", [0x1p-1074], 0x1p-537), ("X / 2", [0x1p-1074], 0),
        ("X / 2", [0x1p-1073 + 0x1p-1074], 0x1p-1073),
        ("X / 2", [-0x1p-1074], -0.0), ("cbrt(X)", [-0x1p-1074], -0x1p-358),
        ("exp(X)", [-745], 0x1p-1074),
        ("exp(X)", [-746], 0), ("exp(X)", [710], inf),
        ("exp(X)", [-720], 41_132_809_365 * 0x1p-1074),
        ("exp2(X)", [-1074], 0x1p-1074), ("exp2(X)", [-1076], 0), ("exp2(X)", [1024], inf),
        ("log(X)", [0x1p-1074], -744.4400719213812), ("log2(X)", [0x1p-1074], -1074),
        ("log10(X)", [0x1p-1074], -323.3062153431158), ("reciprocal(X)", [0x1p-1074], inf),
        ("reciprocal(X)", [0x1p1023], 0x1p-1023), ("sinh(X)", [711], inf), ("cosh(X)", [-711], inf),
        ("X * X", [0x1p-540], 0), ("X * X", [0x1p-537], 0x1p-1074), ("X^3", [-0x1p-400], -0.0),
        ("X * 2", [0x1p1023], inf),
        ("X mod Y", [0x1p-1072 + 0x1p-1074, 0x1p-1073 + 0x1p-1074], 0x2p-1074),
      ] + same(0x1p-1074)
    ),
    (
      .float32,
      [
        ("sqrt(X)", [0x1p-148], 0x1p-74), ("X / 2", [0x1p-149], 0), ("X / 2", [0x3p-149], 0x1p-148),
        ("X / 2", [-0x1p-149], -0.0), ("cbrt(X)", [-0x1p-147], -0x1p-49),
        ("exp(X)", [-103], 0x1p-149),
        ("exp(X)", [-104], 0), ("exp(X)", [89], inf), ("exp(X)", [-90], 584_744 * 0x1p-149),
        ("exp2(X)", [-149], 0x1p-149), ("exp2(X)", [-151], 0), ("exp2(X)", [128], inf),
        ("log(X)", [0x1p-149], -103.27893), ("log2(X)", [0x1p-149], -149),
        ("log10(X)", [0x1p-149], -44.853469), ("reciprocal(X)", [0x1p-149], inf),
        ("reciprocal(X)", [0x1p127], 0x1p-127), ("sinh(X)", [90], inf), ("cosh(X)", [-90], inf),
        ("X * X", [0x1p-76], 0), ("X * X", [0x1p-74], 0x1p-148), ("X^3", [-0x1p-60], -0.0),
        ("X * 2", [0x1p127], inf), ("X mod Y", [0x5p-149, 0x3p-149], 0x2p-149),
      ] + same(0x1p-149)
    ),
  ]

  /// What leaves the smallest number as it is.
  private static func same(_ least: Double) -> [(String, [Double], Double)] {
    [
      "tanh(X)", "expm1(X)", "log1p(X)", "sin(X)", "tan(X)", "arcsin(X)", "arctan(X)", "sinh(X)",
      "arcsinh(X)", "arctanh(X)", "erf(X)", "X + 0", "X * 1", "abs(X)", "min(X, 1)", "max(X, 0)",
      "clip(X, 0, 1)", "copysign(X, 1)",
    ].map { ($0, [least], least) } + [
      ("(X > 0) * 1", [least], 1), ("sign(X)", [-least], -1), ("isfinite(X) * 1", [least], 1),
      ("(X == 0) * 1", [least], 0), ("-X", [least], -least),
    ]
  }
}
