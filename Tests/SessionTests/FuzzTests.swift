import Basics
import Testing

@testable import Session

/// Random and mutated lines: a session answers every one of them and goes on.
@Suite struct SessionFuzzTests {
  /// Lines that mean something, to be spoiled.
  static let seeds: [String] =
    CommandName.allCases.map(\.example).filter {
      // `:identify` takes seconds of its own, and nothing but Ctrl-C ends `:suggest`.
      $0 != ":quit" && !$0.hasPrefix(":identify") && !$0.hasPrefix(":suggest")
    } + [
      "2 + 3 * 4^2", "[1, 2, 3][1:]", "x = 3", "fn f(a, b = 2) = a * b + x", "f(1)", "% + 1",
      "rule A(lr = 0.1 in [0, 1)) { state m  m' = ema(m, g, 0.9)  w' = w - lr * m' }",
      "rule R(lr = 0.1) = route { rank == 2 -> A(lr = lr)  otherwise -> SGD(lr = lr) }",
      "objective bowl(p: vector(2) = [1, 1]) = sum(p^2)",
      "minimize bowl with SGD(lr = 0.1), A for 5 steps", "plot loss, path", "assert A == SGD",
      "assert A(lr = 0) != SGD", "(1 - β^2) / (1 - β)", "data d = csv(\"d.csv\", target = \"y\")",
      "if 1 < 2 then x else y", "softmax([1, 2]) @ eye(2)", "A == A", ":undo", ":reload",
      ":save s.opt", ":load s.opt", ":load none", ":set seconds 1", ":type A", ":show A",
      "rule Doubling(\((1...40).reduce("h0 = 2") { "\($0), h\($1) = h\($1 - 1) * h\($1 - 1)" })) "
        + "{ w' = w - h40 * g }",
      "rule Long(lr = 0.1) { state h: window(1000000000)  push(h, g)  w' = w - lr * mean over window h }",
      "rule Wide(lr = 0.1) { state h: window(1e7)  h' = push(h, g)  w' = w - lr * sum over window h' }",
      "rule Looped(lr = 0.1) { x = g  repeat 1000000 { x' = sin(x) + g }  w' = w - lr * x }",
      ":closed Doubling", ":bounds Long", ":invariance Looped", ":units Wide", ":reduce Doubling",
      ":identify Looped", ":simplify max(\((0..<300).map { "x\($0)" }.joined(separator: ", ")))",
      ":steady Wide", ":unroll Looped", "Doubling == Looped", ":trace Doubling", ":lr Long",
      "(a + b + c + d)^40 * (a - b)^40", "x^(10^6)", "a^(b^(c^(d^e)))",
      "minimize rosenbrock with Doubling, Adam(lr = 0.1) for 50 steps until loss < 1e-3",
      "task s = minimize bowl for 10 steps until loss < 1", ":browse problems",
      ":describe rosenbrock",
      "ravine> 1 + 1", "a²·√2 ≤ ‖b‖", "∞ - ∞", "nan", "1e999", "((((((((1))))))))", "λ' = 3",
    ]

  private static let words = [
    "Lion", "AdamW", "SGD", "A", "f", "x", "β1", "lr", "m", "w", "g", "t", "T", "%", "%1", "ans",
    "(", ")", "[", "]", "{", "}", ",", ";", "=", "==", "->", "+", "-", "*", "/", "^", "@", "'",
    "\"", "#", ":", ".", "..", "wrt", "for", "by", "in", "at", "with", "and", "rule", "fn", "if",
    "1", "0", "1e-3", "-1", "9999999999999999999999999", "é", "日本", "\u{301}", "\u{0}", "\t", "\n",
    "\\", "!", "?", "stability", "filter", "zeros(1000000, 1000000)", "repeat 1000000000 { ",
  ]

  static func line(_ random: inout SplitMix64) -> String {
    var text = seeds[Int.random(in: 0..<seeds.count, using: &random)]
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      // Words in any order.
      text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        words[Int.random(in: 0..<words.count, using: &random)]
      }.joined(separator: Bool.random(using: &random) ? " " : "")
      if Bool.random(using: &random) { text = ":" + text }
    case 1:
      // Any bytes.
      text = String(
        decoding: (0..<Int.random(in: 0...40, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }, as: UTF8.self)
    case 2: break
    default:
      for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&text, &random) }
    }
    return text
  }

  private static func mutate(_ text: inout String, _ random: inout SplitMix64) {
    var letters = Array(text.unicodeScalars)
    let at = Int.random(in: 0...letters.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0 where at < letters.count: letters.remove(at: at)
    case 1 where at < letters.count:
      letters.swapAt(at, Int.random(in: 0..<letters.count, using: &random))
    case 2:
      let other = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].unicodeScalars)
      letters =
        Array(letters[..<at])
        + other.suffix(
          Int.random(in: 0...other.count, using: &random))
    case 3 where at < letters.count:
      letters.removeSubrange(at..<min(letters.count, at + Int.random(in: 1...8, using: &random)))
    default:
      letters.insert(
        contentsOf: words[Int.random(in: 0..<words.count, using: &random)].unicodeScalars, at: at)
    }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: letters)
    text = String(result)
  }

  @Test func anyLineIsAnswered() {
    // Names of old lines would make all new ones wrong in the same way.
    AnsweredLines(
      name: "lines", count: 1_500, perCampaign: 5, seed: 20_260, perSession: 400, seconds: 1
    ).run(Self.line) { text, said, bench, random in
      #expect(said.utf8.count < 2_000_000, "\(text)")
      #expect(!said.contains("<unknown>"), "\(text)")
      _ = bench.session.completion(
        of: text, at: Int.random(in: 0...text.utf8.count, using: &random))
    }
  }
}
