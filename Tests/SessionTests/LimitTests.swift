import Basics
import Testing

@testable import Session

/// Lines whose work would double with each name or each operand: all of them are answered, by a result
/// or by a coded refusal, with work that grows as the line does.
@Suite struct LimitTests {
  private static func chain(_ count: Int, _ next: (String) -> String) -> String {
    let names = (1...count).map { "h\($0) = \(next("h\($0 - 1)"))" }
    return "rule Chain(h0 = 2, \(names.joined(separator: ", "))) { w' = w - h\(count) * g }"
  }

  private static let names = (0..<800).map { "x\($0)" }

  @Test(arguments: [
    chain(40) { "\($0) + \($0)" },
    chain(40) { "\($0) * \($0)" },
    chain(40) { "\($0) ^ \($0)" },
    chain(40) { "sqrt(\($0) * \($0)) + \($0)" },
    chain(40) { "sin(\($0)) + cos(\($0))" },
  ])
  func hyperparametersThatDouble(_ rule: String) {
    let bench = Bench()
    #expect(bench.run(rule).hasPrefix("defined rule Chain"))
    for line in [":compare Chain SGD", ":describe Chain", ":units Chain", ":latex Chain"] {
      let said = bench.run(line)
      #expect(!said.isEmpty && !said.contains("proved equal"), "\(line): \(said.prefix(200))")
    }
  }

  @Test(arguments: ["max", "min"])
  func aFlatCallOfManyNames(_ function: String) {
    let call = "\(function)(\(Self.names.joined(separator: ", ")))"
    #expect(Bench().run(":simplify \(call)") == "%1 = \(call)\n")
  }

  @Test(arguments: [
    ("3^100000", "%1 = 3^100000\n"),
    ("(-1)^100001 + 1^1000000", "%1 = 0\n"),
    ("2^(2^(2^(2^(2^2))))", "%1 = "),
    // A continued fraction over one denominator has thousands of terms.
    (
      String(repeating: "1 / (x + ", count: 60) + "1" + String(repeating: ")", count: 60), "%1 = "
    ),
    ((0..<60).map { "1 / (x\($0) + y)" }.joined(separator: " + "), "%1 = "),
    (names.prefix(300).map { "\($0) > y" }.joined(separator: " and "), "%1 = "),
  ])
  func longNumbersAndDeepTerms(_ expression: String, _ expected: String) {
    let said = Bench().run(":simplify \(expression)")
    #expect(said.hasPrefix(expected), "\(said.prefix(300))")
  }

  /// Of no number everything would hold.
  @Test(arguments: ["(1, 1)", "(1, 1]", "[2, 2)"]) func emptyDomains(_ domain: String) {
    let bench = Bench()
    #expect(bench.run(":assume x in \(domain)").contains("no number lies in"))
    #expect(bench.run("(x^2 - 1) / (x - 1)").contains("where x != 1"))
    #expect(bench.run("rule A(b = 1 in \(domain)) { w' = w - b * g }").contains("error"))
  }

  /// What the reference evaluator computes is bounded as terms are, in loops and over long windows too.
  @Test(arguments: [
    ":lr Looped -> SGD", ":stability Looped", ":invariance Looped", ":steady Looped",
    ":trace Looped", ":compare Looped SGD", ":identify Looped", ":lr Windowed -> SGD",
    ":compare Windowed SGD", ":trace Windowed",
  ])
  func stepsThatTakeLong(_ line: String) {
    let bench = Bench()
    bench.run(
      "rule Looped(lr = 0.1) { y = g  repeat 300000 { y' = 0.99999 * y + 1e-9 * w }  w' = w - lr * y }"
    )
    bench.run(
      "rule Windowed(lr = 0.1) { state h: window(1e7)  h' = g  w' = w - lr * mean over window h' }")
    bench.session.settings.seconds = 0.25
    let start = ThreadTime.seconds
    #expect(!bench.run(line).isEmpty)
    #expect(ThreadTime.seconds - start < 8)
  }
}
