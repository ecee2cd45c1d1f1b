import Driver
import Laboratory
import Symbolic
import Testing

/// Rules that differ at single places: what may be called equal, and where.
@Suite struct ConditionTests {
  struct Pair: Sendable, CustomStringConvertible {
    /// The hyperparameters of both rules.
    var hypers: String
    var left: String
    var right: String
    /// The conditions of `equal where`; none for `equal`; nil for what is proved in no way.
    var conditions: [String]?
    var description: String { "(\(hypers)) \(left) and \(right)" }

    init(_ hypers: String, _ left: String, _ right: String, _ conditions: [String]?) {
      self.hypers = hypers
      self.left = left
      self.right = right
      self.conditions = conditions
    }
  }

  /// What is right was found by hand, from IEEE arithmetic: a quotient by 0, a root or a logarithm of
  /// a negative number is none, and so is all that is made of it, but for the arms that are not taken.
  static let pairs: [Pair] = [
    // Roots of numbers are what they are, and no decimals.
    Pair("", "2^0.5 * g", "1.4142135623730951 * g", nil),
    Pair("", "g / 2^0.5", "0.7071067811865476 * g", nil),
    Pair("", "cbrt(2) * g", "1.2599210498948732 * g", nil),
    Pair("", "sqrt(2) * sqrt(2) * g", "2 * g", []),
    Pair("", "sqrt(8) * g", "2 * sqrt(2) * g", []),
    Pair("", "sqrt(0.5) * g", "g / sqrt(2)", []),
    Pair("", "2^(1/3) * 4^(1/3) * g", "2 * g", []),
    Pair("", "sqrt(0.01) * g", "0.1 * g", []),
    Pair("", "sqrt(1 / 9) * g", "g / 3", []),
    Pair("", "(1 + sqrt(2)) * (sqrt(2) - 1) * g", "g", []),
    Pair("", "tanh(3) * g", "0.9950547536867305 * g", nil),
    Pair("", "log(2) * g", "0.6931471805599453 * g", nil),
    Pair("", "tanh(3) * g", "tanh(3 + w - w) * g", []),
    Pair("", "log10(1000) * g + log2(0.25) * w + exp(0) * g", "4 * g - 2 * w", []),
    Pair("", "g / log(2)", "g * log(3) / (log(2) * log(3))", []),
    Pair("c = 1 in [0, inf)", "sqrt(c) * sqrt(2) * g", "sqrt(2 * c) * g", []),
    // Bounds that are infinite on one of two ways.
    Pair(
      "c = 1 in [0, 1]", "clip(g, -(if c > 0 then 2 else inf), if c > 0 then 2 else inf)",
      "if c > 0 then clip(g, -2, 2) else g", []),
    Pair(
      "c = 1 in [0, 1]", "min(g, if c > 0 then 2 else inf)",
      "if c > 0 then min(g, 2) else g + 1", nil),
    Pair(
      "", "g * (g < (if w > 0 then 1 else inf))", "if w > 0 then g * (g < 1) else g", []),
    Pair("", "1 / max(1, if w > 0 then 2 else inf) + g", "g", nil),
    // Arms the other way round, and what holds of one element at least.
    Pair("", "cbrt(if w < 1 then 2 else g)", "cbrt(if w >= 1 then g else 2)", []),
    Pair("", "if any(g == 0) then w else g", "if min(abs(g)) == 0 then w else g", []),
    Pair("", "if all(g != 0) then g else w", "if any(g == 0) then w else g", []),
    Pair("", "if any(g != 0) then g else w", "if max(abs(g)) > 0 then g else w", []),
    Pair("", "if any(g == 0) then w else g", "if max(abs(g)) == 0 then w else g", nil),
    Pair("", "norm(if w < 1 then 2 else g)", "norm(if w >= 1 then g else 2)", []),
    Pair("", "norm(if w < 1 then 2 else g)", "norm(if w > 1 then g else 2)", nil),
    Pair(
      "", "sum(if w == 0 or g > 1 then 2 else g) * g",
      "sum(if w != 0 and g <= 1 then g else 2) * g", []),
    // Cube roots are taken of factors.
    Pair("", "cbrt(16) * g", "2 * cbrt(2) * g", []), Pair("", "cbrt(16) * g", "2.5 * g", nil),
    Pair("", "cbrt(0.5) * g", "cbrt(4) / 2 * g", []),
    Pair("", "cbrt(-54) * g", "-3 * 2^(1/3) * g", []),
    Pair("", "cbrt(2) * cbrt(3) * g", "6^(1/3) * g", []),
    Pair("", "cbrt(2) * cbrt(4) * g", "2 * g", []),
    Pair("", "cbrt(g * w)", "cbrt(g) * cbrt(w)", []),
    Pair("", "cbrt(g + w)", "cbrt(g) + cbrt(w)", nil),
    Pair("", "g / cbrt(g)", "cbrt(g)^2", ["g != 0"]),
    Pair("", "abs(cbrt(g)) + abs(tanh(w))", "cbrt(abs(g)) + tanh(abs(w))", []),
    // The root of the square of a sum that has roots itself.
    Pair("", "sqrt((sqrt(abs(w)) + 0.1)^2)", "sqrt(abs(w)) + 0.1", []),
    Pair("", "sqrt((sqrt(abs(w)) - 0.1)^2)", "sqrt(abs(w)) - 0.1", nil),
    Pair("", "sqrt((abs(g) + 1)^2)", "abs(g) + 1", []),
    Pair("", "sqrt((abs(g) + abs(w))^2)", "abs(g) + abs(w)", []),
    Pair("", "sqrt((abs(g) + w)^2)", "abs(g) + w", nil),
    Pair("", "sqrt((abs(g) - 1)^2)", "abs(abs(g) - 1)", []),
    // At 0 one of them is defined.
    Pair("", "sqrt((abs(g) - 1)^2)", "abs(abs(g) - g^2) / abs(g)", nil),
    Pair("", "log((abs(g) + 1)^2)", "2 * log(abs(g) + 1)", []),
    Pair("", "log(12) * g", "(2 * log(2) + log(3)) * g", []),
    Pair("", "sqrt((sqrt(abs(w)) + sqrt(abs(g)) + 1)^2)", "sqrt(abs(w)) + sqrt(abs(g)) + 1", []),
    Pair("c = 1 in [0, inf)", "sqrt((sqrt(w^2 + c) + g)^2)", "abs(sqrt(w^2 + c) + g)", []),
    Pair("c = 1 in [0, inf)", "sqrt((sqrt(w^2 + c) + g)^2)", "abs(sqrt(w^2 + c) - g)", nil),
    Pair("", "sqrt(3 - 2 * sqrt(2)) * g", "(sqrt(2) - 1) * g", []),
    Pair("", "sqrt(3 - 2 * sqrt(2)) * g", "(1 - sqrt(2)) * g", nil),
    Pair("", "if any(g == 1) then w else g", "if min(abs(g - 1)) <= 0 then w else g", []),
    // Divisors, by the arm that they stand in.
    Pair("", "w * (g / w)", "g", ["w != 0"]),
    Pair("", "if w == 0 then g else w * (g / w)", "g", []),
    Pair("", "if w != 0 then w * (g / w) else g", "g", []),
    Pair("", "if w > 0 then w * (g / w) else g", "g", []),
    Pair("", "if w >= 0 then w * (g / w) else g", "g", ["w != 0"]),
    Pair("", "if g > 0 then w * (g / w) else g", "g", ["g <= 0 or w != 0"]),
    Pair("", "if abs(w) > 1 then w^2 / w else w", "w", []),
    Pair("", "g / norm(g) * norm(g)", "g", ["norm(g) != 0"]),
    Pair("", "g / norm(w) * norm(w)", "g", ["norm(w) != 0"]),
    Pair("", "if norm(g) > 0 then g / norm(g) * norm(g) else g", "g", []),
    Pair("", "if norm(g) > 1 then g / norm(g) else g", "g / max(1, norm(g))", []),
    Pair("", "(g^2 - w^2) / (g - w)", "g + w", ["w != g"]),
    Pair("", "if g == w then 2 * g else (g^2 - w^2) / (g - w)", "g + w", []),
    Pair("", "g / abs(g)", "sign(g)", ["g != 0"]),
    Pair("", "if g == 0 then 0 else g / abs(g)", "sign(g)", []),
    Pair("", "g + 0 / w", "g", ["w != 0"]),
    Pair("", "g + 0 * (1 / w)", "g", ["w != 0"]),
    Pair("", "g + 1 / w - 1 / w", "g", ["w != 0"]),
    Pair("", "g + (w != 0) * (1 / w) - 1 / w", "g", ["w != 0"]),
    Pair("", "g * (1 / w > 0)", "g * (w > 0)", ["w != 0"]),
    Pair("", "g * sign(1 / w)", "g * sign(w)", ["w != 0"]),
    Pair("", "g * (w != 0 and 1 / w > 2)", "g * (w > 0 and w < 0.5)", []),
    Pair("", "g * (w == 0 or 1 / w < 0)", "g * (w <= 0)", []),
    Pair("", "if isfinite(1 / w) then g * w / w else g", "g", []),
    Pair("", "if isfinite(g / norm(w)) then g else w", "if norm(w) != 0 then g else w", []),
    Pair("", "if isfinite(g) then g else 0", "g", []),
    Pair("", "if isfinite(sqrt(w)) then g else w", "if w >= 0 then g else w", []),
    Pair("", "if isfinite(log(w)) then g else w", "if w > 0 then g else w", []),
    Pair("", "if isfinite(log(w)) then g else w", "if w >= 0 then g else w", nil),
    Pair("", "if w * g == 0 then 0 else w * g / w", "g", nil),
    Pair("", "if w * g == 0 then g else w * g / w", "g", []),
    Pair("", "g + 0 * (if w >= 0 then log(w) else 1)", "g", ["w != 0"]),
    Pair("", "w / (1 / g)", "w * g", ["g != 0"]),
    Pair("", "1 / (1 / g + 1 / w)", "g * w / (g + w)", ["g != 0", "w != 0"]),
    Pair("", "g * (w^2 + 1) / (w^2 + 1)", "g", []),
    Pair("", "sum(g / w * w)", "sum(g)", ["w != 0"]),
    Pair("", "if w > 0 then sum(g / w * w) else 0", "if w > 0 then sum(g) else 0", nil),
    Pair("", "g * tanh(1 / w)", "g * tanh(1 / w) * (if w == 0 then 2 else 1)", ["w != 0"]),
    Pair("c = 0.5 in [0, 1]", "g / c * c", "g", ["c != 0"]),
    Pair("c = 0.5 in (0, 1]", "g / c * c", "g", []),
    Pair("c = 0.5", "g / (c^2 - 1) * (c^2 - 1)", "g", ["c^2 != 1"]),
    Pair("c = 0 in [0, 1]", "(1 - c) * g + c * g * norm(w) / norm(w)", "g", ["norm(w) != 0"]),
    Pair("p = 1 in [0, 3]", "g * abs(w)^p / abs(w)^p", "g", ["abs(w)^p != 0"]),
    Pair("", "g * w^(-2) * w^2", "g", ["w != 0"]),
    Pair("", "g * (w mod 1) * w / w", "g * (w mod 1)", ["w != 0"]),
    // Roots, logarithms and others that are not everywhere.
    Pair("b = 1", "g * sqrt(b)^2", "g * b", ["b >= 0"]),
    Pair("b = 1 in [0, inf)", "g * sqrt(b)^2", "g * b", []),
    Pair("a = 1", "g * (a^0.25)^4", "g * a", ["a >= 0"]),
    Pair("a = 1", "g * (a^(-0.25))^4", "g / a", ["a > 0"]),
    Pair("λ = 1, a = 1", "g * sqrt(λ * a)", "g * sqrt(λ) * sqrt(a)", ["a >= 0", "λ >= 0"]),
    Pair("a = 1", "g * sqrt(a) * sqrt(1 - a)", "g * sqrt(a - a^2)", ["a <= 1", "a >= 0"]),
    Pair("a = 1", "g * exp(log(a))", "g * a", ["a > 0"]),
    Pair("a = 1", "g * log(a^2)", "2 * g * log(a)", ["a >= 0"]),
    Pair("a = 1", "g * log(a) - g * log(a)", "0 * g", ["a > 0"]),
    Pair("a = 0.5", "g + 0 * log1p(a)", "g", ["a > -1"]),
    Pair("a = 0.5", "g + 0 * arctanh(a)", "g", ["a < 1", "a > -1"]),
    Pair("a = 0.5 in [-1, 1]", "g + 0 * arcsin(a)", "g", []),
    Pair("", "sqrt(g)^2", "g", ["g >= 0"]),
    Pair("", "sqrt(g^3)^2", "g^3", ["g >= 0"]),
    Pair("", "sqrt(-g) * sqrt(-g)", "-g", ["g <= 0"]),
    Pair("", "sqrt(w) / w * g", "g / sqrt(w)", []),
    Pair("a = 1", "(a^3)^(1 / 3) * g", "a * g", ["a >= 0"]),
    Pair("", "log(w^3) * g", "3 * log(w) * g", []),
    Pair("", "log(sqrt(w)) * g", "log(w) / 2 * g", []),
    Pair("", "log(w^2) * g", "2 * log(abs(w)) * g", []),
    Pair("", "log(w^2) * g", "2 * log(w) * g", ["w >= 0"]),
    Pair("", "log(w * abs(g))", "log(w) + log(abs(g))", []),
    Pair("", "if g > 0 then g else -g", "abs(g)", []),
    Pair("", "if g > 0.25 then g else -g", "abs(g)", nil),
    Pair("", "(g > 0) - (g < 0)", "sign(g)", []),
    Pair("", "(g > 0) - (g <= 0)", "sign(g)", nil),
    Pair("", "g * (t == 4.5)", "0 * g", []),
    Pair("", "g * (floor(w) > 1.5)", "g * (floor(w) > 1)", []),
    Pair("a = 0.5 in [-1, 1)", "g * (if a^2 < 1 then 2 else 1)", "2 * g", nil),
    Pair("a = 0.5 in [-1, 1)", "g * (if abs(a) < 1 then 2 else 1)", "2 * g", nil),
    Pair("a = 0.5 in (-1, 1)", "g * (if abs(a) < 1 then 2 else 1)", "2 * g", []),
    Pair("a = 0.5 in (-1, 1)", "g * (1 - a^t) / (1 - a^t)", "g", []),
    Pair("a = 0.5 in [-1, 1)", "g * (if a^t < 1 then 2 else 1)", "2 * g", nil),
    Pair("a = 0.5 in [0, 1]", "g * (if 1 - 2 * a + a^2 >= 0 then 2 else 1)", "2 * g", []),
    Pair("a = 0.5 in [0, 1]", "g * (if 1 - 2 * a + a^2 > 0 then 2 else 1)", "2 * g", nil),
    Pair("a = 1 in [1, 1]", "a * g", "a^2 * g", []),
    Pair("", "if g > 0 then sqrt(g)^2 else g", "g", []),
    Pair("", "sqrt(abs(g))^2", "abs(g)", []),
    Pair("", "sqrt(g * w)", "sqrt(g) * sqrt(w)", ["w >= 0", "g >= 0"]),
    Pair("", "log(w / g)", "log(w) - log(g)", ["w >= 0", "g >= 0"]),
    Pair("", "(w * g)^1.5", "w^1.5 * g^1.5", ["w >= 0", "g >= 0"]),
    Pair("", "log(g^2)", "2 * log(g)", ["g >= 0"]),
    Pair("", "sqrt(g * w) / sqrt(w)", "sqrt(g)", ["w > 0", "g >= 0"]),
    Pair("", "log(w * g) - log(-w)", "log(-g)", ["w < 0", "g <= 0"]),
    Pair("", "sqrt(g * w)", "sqrt(-g) * sqrt(-w)", ["w <= 0", "g <= 0"]),
    Pair("", "sqrt(g * w)", "-sqrt(g) * sqrt(w)", nil),
    Pair("", "log(w * g)", "log(w) * log(g)", nil),
    // What is undone is defined somewhere.
    Pair("", "sin(arcsin(g))", "g", ["g <= 1", "g >= -1"]),
    Pair("", "cos(arccos(w * g))", "w * g", ["w * g <= 1", "w * g >= -1"]),
    Pair("", "tanh(arctanh(g))", "g", ["g < 1", "g > -1"]),
    Pair("", "cosh(arccosh(g))", "g", ["g >= 1"]),
    Pair("", "tan(arctan(g)) + sinh(arcsinh(w))", "g + w", []),
    Pair("", "arcsin(sin(g))", "g", nil),
    // Functions in one another's words.
    Pair("", "tanh(g)", "(1 - exp(-2 * g)) / (1 + exp(-2 * g))", []),
    Pair("", "2 * sigmoid(2 * g) - 1", "tanh(g)", []), Pair("", "sinh(g) / cosh(g)", "tanh(g)", []),
    Pair("", "cosh(g)^2 - sinh(g)^2", "1 + 0 * w", []),
    Pair("", "tan(g)", "sin(g) / cos(g)", ["cos(g) != 0"]),
    Pair("", "tanh(g)", "(1 - exp(-g)) / (1 + exp(-g))", nil),
    // A fold of what is nowhere negative is 0 where all of it is, and only there.
    Pair("", "g * (norm(g) > 0)", "g", []), Pair("", "g * any(g != 0)", "g", []),
    Pair("", "g * (max(abs(g)) > 0)", "g", []), Pair("", "g * ((global norm(g)) > 0)", "g", []),
    Pair("", "if norm(w) == 0 then g + w else g", "g", []),
    Pair("", "if row_norm(g) > 0 then g / norm(g) * norm(g) else g", "g", []),
    Pair("", "if sum(abs(g)) == 0 then 0 else g / norm(g) * norm(g)", "g", []),
    Pair("", "g * (sum(g^2 + w^2) > 0)", "g", []), Pair("", "g * (sum(g) != 0)", "g", nil),
    Pair("", "w * (norm(g) > 0)", "w", nil), Pair("", "g * (sum(max(g, 0)) > 0)", "g", nil),
    Pair("", "sqrt(g - 1) * sqrt(1 - g) + w", "0 * g + w", nil),
    // Rounding.
    Pair("", "floor(bf16(g))", "bf16(g)", nil),
    Pair("", "g * (w > 0)", "g * (bf16(w) > 0)", nil),
    Pair("", "g * sign(f16(w))", "g * sign(w)", nil),
    Pair("", "round(g + 0.5)", "floor(g) + 1", nil),
    Pair("", "g + 0 * f16(g)", "g", ["abs(g) < 65520"]),
    Pair("", "f16(f16(g))", "f16(g)", []),
    Pair("", "bf16(-g)", "-bf16(g)", []),
    Pair("", "round(g + 1)", "round(g) + 1", nil),
    Pair("", "round(g + 2)", "round(g) + 2", []),
    Pair("", "round(-g)", "-round(g)", []),
    Pair("", "floor(-g)", "-ceil(g)", []),
    Pair("", "floor(bf16(g) + 1)", "floor(bf16(g)) + 1", []),
    Pair("", "floor(g) + floor(-g)", "0 * g", nil),
    Pair("", "(g + 4) mod 2", "g mod 2", []),
    Pair("", "(g + 3) mod 2", "g mod 2", nil),
    Pair("", "-g mod 1", "1 - (g mod 1)", nil),
    Pair("", "bf16(f16(g))", "f16(g)", nil),
    Pair("", "f16(bf16(g))", "bf16(g)", nil),
    // What is a number, and not in floating point.
    Pair("", "g * (exp(1000) / exp(1000))", "g", []),
    Pair("", "g * (1e-200 * 1e-200 > 0)", "g", []),
    Pair("", "exp(g) / exp(g)", "1 + 0 * g", []),
    Pair("", "(g * 1e200) * 1e200 * 1e-200 * 1e-200", "g", []),
    // Bounds.
    Pair("a = 2 in [2, 3]", "g * (if a^100 > 2e47 then 2 else 1)", "g", nil),
    Pair("a = 0.5 in [0.4, 0.5]", "g * (if a^100 < 1e-35 then 2 else 1)", "g", nil),
    Pair("a = 0.5 in [0.4, 0.5]", "g * (if a^100 < 1 then 1 else 2)", "g", []),
    Pair("a = -2 in [-3, -2]", "g * (if a^99 < -1e40 then 2 else 1)", "g", nil),
    Pair("a = 0.5 in [0, 1]", "g * (if a^0.5 > a then 2 else 1)", "g", nil),
    // ∞.
    Pair("", "g * min(1, inf / (1 + norm(g)))", "g", []),
    Pair("", "g * min(1, 1 / norm(g))", "g / max(1, norm(g))", []),
    Pair("", "g * (1 / abs(w) > 2)", "g * (abs(w) < 0.5)", []),
    Pair("", "clip(g, -inf, inf)", "g", []),
    Pair("", "g + 1 / inf", "g", []),
    Pair("", "g * (inf / inf)", "g", nil),
    Pair("", "g + inf - inf", "g", nil),
    Pair("", "g * inf", "inf * g", nil),
    Pair("", "if g < inf then g else w", "g", []),
    Pair("", "g + nan - nan", "g", nil),
    // Several tensors, several elements.
    Pair(
      "", "g * (if norm(g) > 1 then sum((norm(g) > 1) + 0 * w) else 1)",
      "g * (if norm(g) > 1 then numel else 1)", []),
    Pair("", "g * (if g > 1 then max(g) else 1)", "g * (if g > 1 then g else 1)", nil),
  ]

  private static func compare(_ pair: Pair) throws -> Comparison {
    let compiler = Compiler()
    let hypers = pair.hypers.isEmpty ? "" : "(\(pair.hypers))"
    let names = pair.hypers.split(separator: " ").filter { $0.allSatisfy(\.isLetter) && $0 != "in" }
    // Both read what both have.
    let rest = names.map { " + 0 * \($0)" }.joined()
    let source = zip(["A", "B"], [pair.left, pair.right]).map {
      "rule \($0)\(hypers) { w' = w - (\($1))\(rest) + 0 * g }\n"
    }.joined()
    let found = compiler.add(name: "pair.opt", bytes: Array(source.utf8))
    try #require(!found.contains { $0.severity == .error }, "\(found.map(\.message)) \(source)")
    return try compiler.compare("A", "B")
  }

  @Test(arguments: pairs) func holds(_ pair: Pair) throws {
    let found = try Self.compare(pair)
    switch (found.verdict, pair.conditions) {
    case (.equal, let wanted?) where wanted.isEmpty: break
    case (.equalWhere(let conditions), let wanted?):
      #expect(conditions.sorted() == wanted.sorted(), "\(ComparisonText.text(found))")
    case (.different, nil), (.undecided, nil), (.equalUpTo, nil): break
    default: Issue.record("\(pair): \(ComparisonText.text(found))")
    }
  }

  private static func verdict(_ source: String, _ a: String, _ b: String) throws -> Comparison {
    let compiler = Compiler()
    let found = compiler.add(name: "pair.opt", bytes: Array(source.utf8))
    try #require(!found.contains { $0.severity == .error }, "\(found.map(\.message)) \(source)")
    return try compiler.compare(a, b)
  }

  /// What functions of numbers are rounded to, and what is left where they cancel, tells no rules apart.
  @Test(arguments: [
    ("(sin(3)^2 + cos(3)^2) * g", "g"), ("1e10 * (sin(3)^2 + cos(3)^2 - 1) * g", "0 * g"),
    ("sqrt(5 - 2 * sqrt(6)) * g", "(sqrt(3) - sqrt(2)) * g"),
    ("1e8 * (tanh(2) - (exp(4) - 1) / (exp(4) + 1)) * g + w", "w + 0 * g"),
    ("(exp(log(3) * 7) - 2187) * 1e9 * g", "0 * g"),
  ]) func roundedNumbersTellNothing(_ left: String, _ right: String) throws {
    let found = try Self.compare(Pair("", left, right, nil))
    if case .different = found.verdict { Issue.record("\(ComparisonText.text(found))") }
  }

  /// Hyperparameters of one name, one of them of an inner rule, are two.
  @Test func innerNamesStayApart() throws {
    let source = """
      rule Plain(lr = 1e-3 in [0, inf)) { w' = w - lr * g }
      rule Both(base: rule, lr = 1e-3 in [0, inf)) { w' = base(w, g) - lr * g }
      rule Own(base: rule, lr = 1e-3 in [0, inf)) { w' = w - 2 * lr * g + 0 * (base(w, g) - w) }

      """
    let found = try Self.verdict(source, "Both(Plain)", "Own(Plain)")
    #expect(!found.isEqual, "\(ComparisonText.text(found))")
    let same = try Self.verdict(source, "Both(Plain(lr = c), lr = c)", "Own(Plain(lr = c), lr = c)")
    #expect(same.isEqual, "\(ComparisonText.text(same))")
  }

  /// Equal at the defaults, and not at other values of what both have.
  @Test(arguments: [
    ("k = 2 in [1, 9]", "y = g\n repeat k { y' = y + g }\n w' = w - y", "w' = w - 3 * g + 0 * k"),
    ("c = inf in (0, inf]", "w' = w - clip(g, -c, c)", "w' = w - g + 0 / c"),
    ("c = 1", "w' = w - c * g", "w' = w - g + 0 * c"),
    ("c = 1", "w' = w - c * g * w / w", "w' = w - g + 0 * c"),
    (
      "a = 0.1 in [0, inf), b = 0.9 in [0, 1)",
      "w' = w - a * max(b + sqrt(a), tanh(sqrt(abs(g))))",
      "w' = w - a * max(b + sqrt(a), tanh(sqrt(sqrt(2 * g))))"
    ),
  ]) func defaultsAreSaid(_ hypers: String, _ first: String, _ second: String) throws {
    let source = "rule A(\(hypers)) { \(first) }\nrule B(\(hypers)) { \(second) }\n"
    let found = try Self.verdict(source, "A", "B")
    guard case .equalUpTo = found.verdict else {
      Issue.record("\(ComparisonText.text(found))")
      return
    }
  }

  /// A state kept in another unit, where what enters it has no quotient that is a number: signs and conditions.
  @Test(arguments: [
    ("sign(3 + g)", "w * m^2"), ("sign(g) * (lr - β)", "m * abs(m)"),
    ("(if g > β then β + g else lr * g)", "m + m * abs(m)"),
    ("min(g, β) + (if w < g then 1 else β)", "max(m, 3)"),
  ]) func statesInOtherUnits(_ enters: String, _ move: String) throws {
    let head = "(lr = 0.1 in [0, inf), β = 0.9 in [0, 1))"
    for scale in ["(1 - β)", "(-3)", "2"] {
      let source = """
        rule A\(head) { state m  m' = β * m + \(enters)  w' = w - lr * \(move) }
        rule B\(head) {
            state q
            m = q / \(scale)
            q' = \(scale) * (β * m + \(enters))
            w' = w - lr * \(move)
        }

        """
      let found = try Self.verdict(source, "A", "B")
      #expect(found.isEqual, "\(ComparisonText.text(found))\(source)")
    }
  }

  /// Entries of lists and windows are values of their own, the newest of a window the first.
  @Test(arguments: [
    ("AggMo(betas = [b])", "HeavyBall(μ = b)", true),
    ("AggMo(betas = [b, b])", "HeavyBall(μ = b)", true),
    ("AggMo(betas = [b, c])", "AggMo(betas = [c, b])", true),
    ("AggMo(betas = [b, c])", "AggMo(betas = [c, c])", false),
    ("Past(n = 2)", "Pair", true), ("Past(n = 3)", "Pair", false),
    ("Largest", "LargestOfTwo", true), ("Aged", "AgedByHand", true),
  ]) func entriesAreValues(_ left: String, _ right: String, _ isEqual: Bool) throws {
    let source = """
      rule Past(lr = 0.1 in [0, inf), n = 2) {
          state h: window(n)
          h' = push(h, g)
          w' = w - lr * mean over window h'
      }
      rule Pair(lr = 0.1 in [0, inf)) { state old  old' = g  w' = w - lr * (g + old) / 2 }
      rule Largest(lr = 0.1 in [0, inf)) {
          state h: window(3)
          h' = push(h, g)
          w' = w - lr * max over window h'[0:2]
      }
      rule LargestOfTwo(lr = 0.1 in [0, inf)) { state old  old' = g  w' = w - lr * max(g, old) }
      rule Aged(lr = 0.1 in [0, inf), β = 0.9 in [0, 1)) {
          state h: window(3)
          h' = push(h, g)
          w' = w - lr * sum over window (β^iota(window(3, scalar)) * h')
      }
      rule AgedByHand(lr = 0.1 in [0, inf), β = 0.9 in [0, 1)) {
          state a, b
          a' = g
          b' = a
          w' = w - lr * (g + β * a + β^2 * b)
      }

      """
    let compiler = Compiler()
    let found = compiler.add(name: "entries.opt", bytes: Array(source.utf8))
    try #require(!found.contains { $0.severity == .error }, "\(found.map(\.message))")
    let result = try compiler.compare(left, right)
    #expect(result.isEqual == isEqual, "\(ComparisonText.text(result))")
  }

  /// A hyperparameter that leaves the range of doubles makes no difference.
  @Test(arguments: ["g * (h > 0)", "g * (h / h)"]) func tinyHyperparameters(_ body: String) throws {
    let head = "(lr = 0.1, h0 = 0.5 in (0, 1), h = h0^2048)"
    let source = """
      rule A\(head) { w' = w - lr * \(body) }
      rule B\(head) { w' = w - lr * g + 0 * h }

      """
    let found = try Self.verdict(source, "A", "B")
    if case .different = found.verdict { Issue.record("\(ComparisonText.text(found))") }
  }
}
