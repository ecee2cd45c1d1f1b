import Basics
import Testing

@testable import Session

/// Statements and commands whose numbers lie at the edges of 32 and 64 bits: a session answers each of
/// them and goes on.
@Suite struct EdgeStatementTests {
  private static let numbers = [
    "0", "-0", "1", "2", "3", "0.5", "-1", "-2.5", "nan", "inf", "-inf", "1e300", "-1e300",
    "5e-324",
    "1e400", "2147483647", "2147483648", "-2147483649", "4294967295", "4294967296", "3037000500",
    "9007199254740993", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
    "18446744073709551616", "2e9", "1999999999", "3e6", "65537", "46341", "1e19", "1e15", "1e16",
  ]

  /// What a run may be given that is not long: small, or refused.
  private static let lengths = [
    "0", "-0", "1", "2", "3", "0.5", "-1", "nan", "inf", "-inf", "1e300", "5e-324", "2147483648",
    "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616", "2e9",
    "1e19",
  ]

  /// N stands for any number, L for one of `lengths`.
  private static let templates = [
    "N + N * N", "N mod N", "N^N", "round(N) + floor(N) / ceil(N)", "clip(N, N, N)",
    "min(N, N) < max(N, N)", "if N < N then N else 1 / N", "copysign(N, N) + isfinite(N)",
    "zeros(L, L, L)", "sum(ones(N, N, L))", "iota(L)", "eye(L)", "reshape(zeros(L, L), L, L)",
    "reshape(iota(3), N, N)", "[1, 2, 3][N]", "[1, 2, 3][N:N]", "iota(3)[-N]", "eye(3)[N, N]",
    "quantile([1, 2, N], N)", "topk_mask([1, 2, N], N)", "sort([N, N, N])", "argsort([N, N])",
    "gather(eye(3), [N, N])", "take_along(eye(3), [N, N, N])", "argmax([N, N, N])",
    "[N, N] @ [N, N]",
    "outer(zeros(L), zeros(L))", "softmax([N, N])", "norm([N, N]) + rms([N, N]) + std([N, N])",
    "solve(N * eye(2), N * eye(2))", "inv_root(N * eye(2), N)", "solve([[N, N], [N, N]], eye(2))",
    "cosine(N, N)", "linear_decay(N, N)", "one_cycle(N, N, N, N)", "exponential_decay(N, N, N)",
    "warmup_stable_decay(N, N, N)", "triangular(N, N, N)", "inverse_sqrt(N, N)",
    "x = N", "f(N)", "f(L, L)", "embedding(eye(3), [N])", "cross_entropy(eye(2), [N, N])",
    "rule A(lr = N in [N, N]) { w' = w - lr * g }",
    "rule A(k = L) { state h: window(k)  h' = g  w' = w - h[0] }",
    "rule A(k = N) { state v: int8(block = k, small = N)  v' = v + g  w' = w - v' }",
    "rule A(k = L) { x = N  repeat k { x' = x * N }  w' = w - x * g }",
    "rule A(k = N) { state x: tensor(k, k, k)  x' = x + 1  w' = w - g * sum(x') }",
    "rule A(k = N) { state x: vector(k) = iota(k)  x' = x + 1  w' = w - g * sum(x') }",
    "rule A(lr = N) { w' = w - lr * g when t mod N == 0 }",
    "objective bowl(p: vector(L) = N) = sum(p^N)",
    "objective bowl(p: tensor(L, L, L) = N) = N * sum(p)",
    "objective bowl(p: vector(2) = [N, N]) = sum(p^2)",
    "minimize bowl with SGD(lr = N) for L steps",
    "minimize bowl with A, AdamW(lr = N, β1 = N) for L steps",
    "minimize bowl with Adam(lr = cosine(N)) for L steps seeds L",
    "minimize bowl with Lion(lr = N) for L steps from [N, N]",
    "minimize bowl with SGD for L steps seed N",
    "minimize bowl with Adam8bit(lr = N) for L steps",
    "train bowl with A for L epochs batch L seeds L",
    "minimize bowl with A(lr = N) for L steps", "minimize bowl with A(k = L) for L steps",
    ":describe A", ":describe A(k = N)", ":describe SGD(lr = N)", ":trace A L", ":trace A(k = L) L",
    ":trace AdamW(lr = N) N", ":type iota(N)", ":set width N", ":set seconds N", ":set nodes N",
    ":set threads N", ":plot sin(x * N) for x in N..N", ":plot cosine(N) for t in N..N",
    ":plot x^N for x in L..L", ":plot N * x for x in 0..1", ":unroll Lion.m N", ":steady SGD",
    "% + N",
    "%N", ":solve x^2 = N wrt x", ":simplify N * x + N", ":subst x^N wrt x = N",
    ":stability SGD(lr = N)",
    ":compare SGD(lr = N) A", "assert N == N", "assert SGD(lr = N) == SGD(lr = N)", ":dump A",
  ]

  private static func line(_ random: inout SplitMix64) -> String {
    var text = ""
    for letter in templates.randomElement(using: &random)! {
      switch letter {
      case "N": text += numbers.randomElement(using: &random)!
      case "L": text += lengths.randomElement(using: &random)!
      default: text.append(letter)
      }
    }
    return text
  }

  @Test func everyNumberIsAnswered() {
    let prelude = [
      "fn f(a, b = 2) = a * b", "rule A(lr = 0.1, k = 2) { w' = w - lr * g * k }",
      "objective bowl(p: vector(2) = [1, 1]) = sum(p^2)",
    ]
    AnsweredLines(
      name: "statements", count: 800, perCampaign: 50, seed: 20_261, perSession: 50,
      prelude: prelude, seconds: 0.05
    ).run(Self.line) { text, said, _, _ in
      #expect(!said.contains("<unknown>"), "\(text)")
    }
  }

  /// Texts of two numbers A and B, and what they are by the arithmetic of this language.
  private static let operations: [(text: String, value: @Sendable (Double, Double) -> Double)] = [
    ("A + B * B", { $0 + $1 * $1 }), ("A - B", { $0 - $1 }), ("A / B", { $0 / $1 }),
    ("abs(A) * B", { abs($0) * $1 }),
    ("floor(A) + ceil(B)", { $0.rounded(.down) + $1.rounded(.up) }),
    ("round(A) - B", { $0.rounded(.toNearestOrEven) - $1 }),
    ("sqrt(A) + B", { $0.squareRoot() + $1 }),
    ("copysign(A, B)", { $1.sign == .minus ? -abs($0) : abs($0) }),
    ("if A < B then A else B", { $0 < $1 ? $0 : $1 }),
    ("max(A, B)", { $0.isNaN || $1.isNaN ? .nan : $0 < $1 ? $1 : $0 }),
    ("min(A, B)", { $0.isNaN || $1.isNaN ? .nan : $1 < $0 ? $1 : $0 }),
    ("clip(A, -1, 2) + 0 * B", { ($0.isNaN ? $0 : min(max($0, -1), 2)) + 0 * $1 }),
    ("[A, B, 1] @ [1, 1, 1]", { $0 + $1 + 1 }), ("[A, B][0] - [A, B][1]", { $0 - $1 }),
    ("[A, B][-1]", { $1 }), ("sort([A, B])[0]", { $0.isNaN || $1 < $0 ? $1 : $0 }),
    ("argmax([A, B])", { $0.isNaN ? 0 : $1.isNaN || $1 > $0 ? 1 : 0 }),
    (
      "sum([A, B]) + 0 * max([A, B])", { $0 + $1 + 0 * ($0.isNaN || $1.isNaN ? .nan : max($0, $1)) }
    ),
  ]

  @Test func theValuesAreRight() {
    var random = SplitMix64(20_262)
    let numbers = Self.numbers.filter { Double($0)?.isInfinite != true || $0.contains("inf") }
    for (text, value) in Self.operations {
      let bench = Bench()
      for _ in 0..<60 {
        let (a, b) = (
          numbers.randomElement(using: &random)!, numbers.randomElement(using: &random)!
        )
        let line = text.replacing("A", with: "(\(a))").replacing("B", with: "(\(b))")
        let said = bench.run(line)
        let shown = said.split(separator: " = ").last?.split(separator: "\n").first ?? ""
        let found = Double(shown)
        let wanted = value(Double(a)!, Double(b)!)
        #expect(
          found.map { $0 == wanted || $0.isNaN && wanted.isNaN } ?? false,
          "\(line): \(said) for \(wanted)")
      }
    }
  }

  /// An entry is there or refused, wherever its place lies.
  @Test func placesAreLookedUpOrRefused() {
    let bench = Bench()
    for number in Self.numbers {
      guard let x = Double(number) else { continue }
      let isThere = x == x.rounded() && x >= -3 && x < 3
      let wanted = isThere ? [1.0, 2, 3][Int(x) < 0 ? Int(x) + 3 : Int(x)] : nil
      let said = bench.run("[1, 2, 3][\(number)]")
      if let wanted {
        #expect(said.hasSuffix(" = \(Int(wanted))\n"), "\(number): \(said)")
      } else {
        #expect(said.hasPrefix("error[R0"), "\(number): \(said)")
      }
      let rows = bench.run("gather(eye(3), [\(number)])")
      let isRow = x == x.rounded() && x >= 0 && x < 3
      let row = (0..<3).map { Double($0) == x ? "1" : "0" }.joined(separator: ", ")
      #expect(
        isRow ? rows.contains("[\(row)]") : rows.hasPrefix("error[R0"), "\(number): \(rows)")
    }
  }

  /// A rule of more numbers than there are is described with its size, and told of where it would run.
  @Test func aStateBeyondAllMemoryLeavesTheSession() {
    let bench = Bench()
    bench.run(
      "rule Cube(n = 3e6) { state L: tensor(n, n, n)  L' = 2 * L  w' = w - g * sum(L) }",
      "objective bowl(x: vector(2) = [1, 1]) = sum(x^2)")
    #expect(bench.run(":describe Cube").contains("e+20 bytes"))
    for line in [":trace Cube", "minimize bowl with Cube for 1 steps"] {
      let said = bench.run(line)
      #expect(said.contains("R0813") && said.contains("state L: tensor(n, n, n)"), "\(said)")
    }
    #expect(bench.run("1 + 1").contains("= 2"))
  }
}
