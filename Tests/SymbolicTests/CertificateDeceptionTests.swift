import Basics
import Certificates
import Diagnostics
import Driver
import Laboratory
import Symbolic
import Testing

/// Certificates of what is not so, and of what would take all time or memory: each is refused, soon.
@Suite struct CertificateDeceptionTests {
  struct Deception: Sendable, CustomStringConvertible {
    var description: String
    /// Equations of the rules A and B.
    var left = "w' = w - lr * abs(g)"
    var right = "w' = w - lr * g"
    /// Of both, besides lr.
    var knobs: [(text: String, free: String)] = []
    /// Lines of states, and of goals with their steps.
    var states: [String] = []
    var first: [String] = []
    var later: [String] = []
    /// Of states, after those of w.
    var kept: [String] = []
    /// What the refusal says.
    var says: String
    /// Whether the rules are equal, or their texts refused: then only the proof is none.
    var isSo = false

    var rules: String {
      let heads = (["lr = 0.1 in [0, inf)"] + knobs.map(\.text)).joined(separator: ", ")
      return "rule A(\(heads)) { \(left) }\nrule B(\(heads)) { \(right) }\n"
    }

    var text: String {
      var lines = ["ravine certificate 1", "a = A", "b = B"]
      lines += rules.split(separator: "\n").map { "| \($0)" }
      lines += (knobs.map(\.free) + ["lr in [0, inf)"]).map { "free " + $0 } + ["ways 0 0"] + states
      for (when, steps) in [("first", first), ("later", later)] {
        lines += ["goal \(when) w"] + steps.map { "  " + $0 }
        lines += kept.map { "goal \(when) \($0)" }
      }
      return (lines + ["end"]).joined(separator: "\n")
    }
  }

  private static let decay = (text: "β = 0.9 in [0, 1)", free: "beta in [0, 1)")

  private static let signs = [
    "cases positive(w)", "  max-left x = w; y = 0", "otherwise", "  max-left x = 0; y = w",
    "  cases zero(max(w, 0))", "  otherwise", "  done", "done",
  ]

  /// A move that is told apart only at w = exp(lr), which no probe hits.
  private static func edged(_ before: String, _ move: String) -> String {
    "q = w - exp(lr)  \(before)  w' = w - lr * (\(move))"
  }

  static let deceptions = [
    Deception(
      description: "a sum that is 0 of what is not",
      left: "w' = w - lr * g * (if sum(g) == 0 then 2 else 1)",
      first: [
        "cases zero(sum{all;like;}(g))", "fold-of-zeros sum{all;like;}(g)", "otherwise", "done",
      ],
      says: "it may not be 0"),
    Deception(
      description: "a sum that may be another number",
      left: "w' = w - lr * g * (if norm(g) == 0 then 2 else 1)", right: "w' = w - lr * (g - g)",
      first: ["fold-of-zeros sum{all;like;}(g^2)"], says: "it may not be 0"),
    Deception(
      description: "a smallest that is 0",
      left: "w' = w - lr * g * (if min(abs(g)) == 0 then 2 else 1)",
      first: [
        "cases zero(min_of{all;like;}(abs(g)))", "fold-of-zeros min_of{all;like;}(abs(g))",
        "otherwise", "done",
      ], says: "says nothing of"),
    Deception(
      description: "a row of zeros in another tensor",
      left: "w' = w - lr * norm(g) * (if row_norm(g) == 0 then 1 else 0)",
      right: "w' = w - lr * (g - g)",
      first: [
        "cases zero(sum{perRow;like;rows×1}(g^2))", "fold-of-zeros sum{perRow;like;rows×1}(g^2)",
        "root-square x = sum{all;like;}(g^2)", "otherwise", "done",
      ], says: "not shown by its steps"),
    Deception(
      description: "a tensor of zeros among others",
      left: "w' = w - lr * (global norm(g)) * (if norm(g) == 0 then 1 else 0)",
      right: "w' = w - lr * (g - g)",
      first: [
        "cases zero(sum{all;like;}(g^2))", "fold-of-zeros sum{all;like;}(g^2)", "otherwise", "done",
      ], says: "not shown by its steps"),
    Deception(
      description: "a draw for each element and one for all",
      left: "w' = w - lr * g * global normal()", right: "w' = w - lr * g * normal()",
      says: "not shown by its steps"),
    Deception(
      description: "a first value that is drawn as a number, and as a tensor",
      left: "state s: scalar = normal()  w' = w - lr * g * s",
      right: "state s = normal()  w' = w - lr * g * s", states: ["state b.s = a.s"],
      kept: ["b.s"], says: "not shown by its steps"),
    Deception(
      description: "weights that are rounded at random",
      left: "w' = w - lr * g round stochastic", right: "w' = w - lr * g",
      says: "rounds its weights at random"),
    Deception(
      description: "a sum that one element asks for",
      left: "w' = w - lr * (if g > 0 then sum(1 / w) - sum(1 / w) + 1 else 0)",
      right: "w' = w - lr * (if g > 0 then 1 / w - 1 / w + 1 else 0)", says: "goals and not 2"),
    Deception(
      description: "an element that is not read",
      left: "w' = w - lr * (g + 0 * (1 / w)[0] + (if w == 0 then 1 else 0))",
      right: "w' = w - lr * (g + 0 * (1 / w)[0] + (if w == 0 then 2 else 0))",
      first: ["zero-false x = w"], later: ["zero-false x = w"], says: "is not known to hold"),
    Deception(
      description: "a hyperparameter that is read in one arm",
      left: "w' = w - lr * g * (if β == 0 then 2 else h * β)",
      right: "w' = w - lr * g * (if β == 0 then 3 else h * β)",
      knobs: [("β = 0.9 in [0, 1), h = 1 / β", decay.free)],
      first: ["zero-false x = beta"], later: ["zero-false x = beta"], says: "is not known to hold"),
    Deception(
      description: "a first value that is read in one arm",
      left:
        "state m = 1 / β  w' = w - lr * g * (if β != 0 then m else if t == 1 then 2 else 1)  m' = 1",
      right:
        "state m = 1 / β  w' = w - lr * g * (if β != 0 then m else if t == 1 then 3 else 1)  m' = 1",
      knobs: [decay], states: ["state a.m = 1", "state b.m = 1"], first: ["zero-false x = beta"],
      later: ["zero-false x = t - 1"], kept: ["a.m", "b.m"], says: "is not known to hold"),
    Deception(
      description: "a state that is infinite",
      left: "state n = 0  n' = inf  w' = w - lr * g * (cos(n)^2 + sin(n)^2)",
      right: "w' = w - lr * g", first: ["cos-zero", "sin-zero"], later: ["sin-cos x = a.n"],
      says: "infinity has no certificates"),
    Deception(
      description: "infinity that is finite",
      left: "state m = inf  m' = 1  w' = w - lr * g * (if isfinite(m) then 1 else 2)",
      says: "not shown by its steps"),
    Deception(
      description: "a bound that is infinite",
      left: "w' = w - lr * g * (if isfinite(min(inf, 1 / w^2)) then 1 else 2)",
      right: "w' = w - lr * g * 2", says: "infinity has no certificates"),
    Deception(
      description: "a loop that never runs",
      left: edged("x = g  y = 1 / q  repeat 0 { x' = x + y }", "x + (if q == 0 then 1 else 3)"),
      right: edged("x = g  y = 1 / q  repeat 0 { x' = x + y }", "x + (if q == 0 then 2 else 3)"),
      first: ["zero-false x = w - exp(lr)"], later: ["zero-false x = w - exp(lr)"],
      says: "is not known to hold"),
    Deception(
      description: "what a loop carries and nobody reads",
      left: edged(
        "x = g  z = q  repeat 2 { x' = tanh(x)  z' = 1 / z }", "x + (if q == 0 then 1 else 3)"),
      right: edged(
        "x = g  z = q  repeat 2 { x' = tanh(x)  z' = 1 / z }", "x + (if q == 0 then 2 else 3)"),
      first: ["zero-false x = w - exp(lr)"], later: ["zero-false x = w - exp(lr)"],
      says: "is not known to hold"),
    Deception(
      description: "what a loop is given and nobody reads",
      left: edged(
        "x = g  z = 1 / q  repeat 2 { x' = x + 1  z' = z + 1 }", "x + (if q == 0 then 1 else 3)"),
      right: edged(
        "x = g  z = 1 / q  repeat 2 { x' = x + 1  z' = z + 1 }", "x + (if q == 0 then 2 else 3)"),
      first: ["zero-false x = w - exp(lr)"], later: ["zero-false x = w - exp(lr)"],
      says: "is not known to hold"),
    Deception(
      description: "a long loop over what is not defined",
      left: edged(
        "x = g  z = 1 / q  repeat 20 { x' = x + 1  z' = z + 1 }", "x + (if q == 0 then 1 else 3)"),
      right: edged(
        "x = g  z = 1 / q  repeat 20 { x' = x + 1  z' = z + 1 }", "x + (if q == 0 then 2 else 3)"),
      says: "a loop over what is not defined"),
    Deception(
      description: "a long loop that becomes infinite",
      left: edged(
        "x = g  y = g  repeat 20 { y' = y + (if isfinite(x) then 1 else 2)  x' = inf }", "y"),
      right: edged("x = g  y = g  repeat 20 { y' = y + 1  x' = inf }", "y"),
      says: "infinity has no certificates"),
    Deception(
      description: "what a loop takes for finite",
      left: edged(
        "x = g  y = 1 / q  repeat 2 { x' = x + (if isfinite(y) then 1 else 2) }", "x"),
      right: edged("x = g  repeat 2 { x' = x + 1 }", "x"), says: "of what is not defined"),
    Deception(
      description: "patches that do not read all",
      left:
        "y = w[0:2, 0:2]  x = reshape(1 / y, 2, 2, 1)  w' = w - lr * (g "
        + "+ 0 * sum(unfold(x, 1, 1, stride = 2)) + sum(if y == 0 then 1 else 0))",
      right:
        "y = w[0:2, 0:2]  x = reshape(1 / y, 2, 2, 1)  w' = w - lr * (g "
        + "+ 0 * sum(unfold(x, 1, 1, stride = 2)) + sum(if y == 0 then 2 else 0))",
      first: ["zero-false x = slice{0:2 0:2;like;2×2}(w)"],
      later: ["zero-false x = slice{0:2 0:2;like;2×2}(w)"], says: "is not known to hold"),
    Deception(
      description: "an element beside the diagonal",
      left: "y = w[0:2, 0:2]  "
        + "w' = w - lr * (g + 0 * sum(diag(1 / y)) + sum(if y == 0 then 1 else 0))",
      right: "y = w[0:2, 0:2]  "
        + "w' = w - lr * (g + 0 * sum(diag(1 / y)) + sum(if y == 0 then 2 else 0))",
      first: ["zero-false x = slice{0:2 0:2;like;2×2}(w)"],
      later: ["zero-false x = slice{0:2 0:2;like;2×2}(w)"], says: "is not known to hold"),
    Deception(
      description: "another element", left: "w' = w - lr * (g + 0 * sum(gather(1 / w, [0])))",
      right: "w' = w - lr * (g + 0 * sum(gather(1 / w, [1])))", says: "goals and not 2"),
    Deception(
      description: "another row along",
      left: "w' = w - lr * (g + 0 * take_along(1 / w, 0 * col_sum(g.T)))",
      right: "w' = w - lr * (g + 0 * take_along(1 / w, 0 * col_sum(g.T) + 1))",
      says: "goals and not 2"),
    Deception(
      description: "a state that was infinite",
      left: "state n  n' = 1 / (w - exp(lr))  w' = w - lr * g * (if isfinite(n) then 1 else 3)",
      right: "state n  n' = 1 / (w - exp(lr))  w' = w - lr * g * (if isfinite(n) then 1 else 2)",
      says: "of what is not defined"),
    Deception(
      description: "a state made of one that was infinite",
      left: "state n, k  n' = 1 / (w - exp(lr))  k' = n  "
        + "w' = w - lr * g * (if isfinite(k) then 1 else 3)",
      right: "state n, k  n' = 1 / (w - exp(lr))  k' = n  "
        + "w' = w - lr * g * (if isfinite(k) then 1 else 2)", says: "of what is not defined"),
    Deception(
      description: "a state that is infinite from the second step on",
      left: "state n  n' = if t < 2 then 0 else 1 / (w - exp(lr))  "
        + "w' = w - lr * g * (if isfinite(n) then 1 else 3)",
      right: "state n  n' = if t < 2 then 0 else 1 / (w - exp(lr))  "
        + "w' = w - lr * g * (if isfinite(n) then 1 else 2)", says: "of what is not defined"),
    Deception(
      description: "a state that is infinite after the first step",
      left: "state n  n' = if t < 2 then 1 / (w - exp(lr)) else 0  "
        + "w' = w - lr * g * (if isfinite(n) then 1 else 3)",
      right: "state n  n' = if t < 2 then 1 / (w - exp(lr)) else 0  "
        + "w' = w - lr * g * (if isfinite(n) then 1 else 2)", says: "of what is not defined"),
    Deception(
      description: "a state that was infinite, times 0",
      left: "state n  n' = 1 / (w - exp(lr))  w' = w - lr * (g + 0 * n)",
      right: "w' = w - lr * g", says: "goals and not 2"),
    Deception(
      description: "a quotient by −0", left: "w' = w - lr * g * min(1, 1 / -min(0, -w))",
      right: "w' = w - lr * g * (if w <= 0 then 1 else min(1, 1 / w))",
      first: signs, later: signs, says: "goals and not 2"),
    Deception(
      description: "infinity by −0", left: "w' = w - lr * g * min(1, inf / -min(0, -w))",
      right: "w' = w - lr * g", says: "infinity has no certificates"),
    Deception(
      description: "a power that may be whole",
      left: "w' = w - lr * g * (if isfinite(w^k) then 1 else 2) + 0 * k",
      right: "w' = w - lr * g * (if w >= 0 then 1 else 2) + 0 * k",
      knobs: [("k = 2 in [0, 9]", "k in [0, 9]")], says: "is defined is not known"),
    Deception(
      description: "two of which one decides",
      left: edged(
        "c = 1 / q > 5 and log(g) > 1", "if c then 1 else if g <= -exp(lr) then 2 else 3"),
      right: edged(
        "c = 1 / q > 5 and log(g) > 1", "if c then 1 else if g <= -exp(lr) then 4 else 3"),
      says: "`and`, `or` of two"),
    Deception(
      description: "what is finite again",
      left: "w' = w - lr * (if isfinite(1 / (1 / w)) then g else 0)",
      right: "w' = w - lr * (if w == 0 then 0 else g)", says: "of what is not defined has no"),
    Deception(
      description: "rules that are defined nowhere", left: "w' = w - lr * g / (w - w)",
      right: "w' = w - 2 * lr * g / (w - w)", first: ["absurd"], later: ["absurd"],
      says: "defined nowhere"),
    Deception(
      description: "a state that is itself", left: "state m  m' = g  w' = w - lr * g * m",
      right: "state n  n' = g  w' = w - lr * g * n", states: ["state b.n = b.n"],
      kept: ["b.n"], says: "`b.n` means nothing here", isSo: true),
    Deception(
      description: "states that are each other",
      left: "state m = 1, k = 2  m' = m + t  k' = k + t  w' = w - lr * g * m * k",
      right: "w' = w - lr * g", states: ["state a.m = a.k", "state a.k = a.m"],
      kept: ["a.m", "a.k"], says: "means nothing here"),
    Deception(
      description: "a quotient by what may be 0",
      first: ["quotient x = g; y = abs(g)"], says: "signs are not known"),
    Deception(
      description: "a quotient of what has no sign", left: "w' = w - lr * abs(g) / abs(g)",
      right: "w' = w - lr * g / abs(g)",
      first: ["quotient x = w; y = abs(g)"], says: "signs are not known"),
    Deception(
      description: "a quotient by what is negative",
      left: "w' = w - lr * abs(g) / (β - 1)", right: "w' = w - lr * g / (β - 1)", knobs: [decay],
      first: ["quotient x = -abs(g) - 1; y = beta - 1", "abs-nonnegative x = -abs(g) - 1"],
      says: "is not known to hold"),
    Deception(
      description: "a smaller of one number", first: ["product x = min{0;like;like}(g); y = 1"],
      says: "is no operation"),
    Deception(
      description: "a product of one matrix", first: ["linear-right matmul{0;like;like}(g)"],
      says: "is no operation"),
    Deception(
      description: "a sum of nothing", first: ["product x = sum{all;like;}(); y = 1"],
      says: "is no operation"),
    Deception(
      description: "a sum over all tensors that is none",
      first: ["linear sum{all tensors;like;}(g)"], says: "is no operation"),
    Deception(
      description: "a number of many digits",
      first: ["zero-times x = " + String(repeating: "9", count: 100_000)], says: "too many digits"),
    Deception(
      description: "a sum of many terms",
      first: ["zero-times x = " + String(repeating: "g + ", count: 20_000) + "g"],
      says: "too long"),
    Deception(
      description: "a large power of a sum", first: ["zero-times x = (g + w + lr + g*w + lr*w)^64"],
      says: "too large"),
    Deception(
      description: "cases in cases", first: (0..<3_000).map { "cases positive(g - \($0))" },
      says: "nested too deep"),
    Deception(
      description: "roots of roots",
      first: ["let p0 = g"] + (0..<200).map { "let p\($0 + 1) = sqrt(p\($0))" },
      says: "nested too deep"),
    Deception(
      description: "an expression that doubles",
      first: ["let p0 = g"] + (0..<100).map { "let p\($0 + 1) = exp(p\($0)) * sqrt(p\($0) + w)" }
        + ["abs-nonnegative x = p100"], says: "not shown by its steps"),
    Deception(
      description: "a quotient that doubles",
      left: "x1 = 1 + w^2  "
        + (1..<60).map { "x\($0 + 1) = x\($0) * x\($0)" }.joined(separator: "  ")
        + "  w' = w - lr * g / x60", says: "too large"),
  ]

  @Test(arguments: deceptions) func aDeceptionIsRefused(_ deception: Deception) throws {
    let clock = ContinuousClock()
    let time = clock.measure {
      do {
        _ = try CertificateTests.check(deception.text)
        Issue.record("accepted")
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.map(\.code) == [.refusedStep])
        let message = error.diagnostics[0].message
        #expect(message.contains(deception.says), "\(message)")
      } catch { Issue.record("\(error)") }
    }
    #expect(time < .seconds(60))
  }

  /// Nor does the prover take what is not so, but under a condition or at other numbers.
  @Test(arguments: deceptions.filter { !$0.isSo })
  func aDeceptionIsNotProved(_ deception: Deception) throws {
    let compiler = Compiler()
    let found = compiler.add(name: "r.opt", bytes: Array(deception.rules.utf8))
    #expect(!found.contains { $0.severity == .error }, "\(found.map(\.message))")
    let verdict = try compiler.compare("A", "B")
    #expect(!verdict.isEqual, "\(ComparisonText.text(verdict))")
  }

  /// Names of operations are names of hyperparameters, too.
  @Test(arguments: ["inv", "abs", "sqrt", "sign", "zero", "any"])
  func namesOfOperationsAreNames(_ name: String) throws {
    let deception = Deception(
      description: "", left: "w' = w - lr * g / \(name)", right: "w' = w - lr / \(name) * g",
      knobs: [("\(name) = 2", "\(name) in (-inf, inf)")], says: "")
    #expect(try CertificateTests.check(deception.text).goals == 2)
  }

  /// A line that says something a second time, or more than is read.
  @Test(arguments: [
    "a = SGD", "b = SGD", "\u{1B}[2K", "ways 0", "state a.m = 0", "| # \u{1B}[2K",
    "| # \u{202E}", "# \u{202E}", "| # \ra = SGD", "| # \u{2028}",
  ])
  func aLineIsReadOnce(_ line: String) throws {
    let plain = Deception(description: "", left: "w' = w - g * lr", says: "").text
    #expect(try CertificateTests.check(plain).goals == 2)
    for place in 1...4 {
      var lines = plain.split(separator: "\n").map(String.init)
      lines.insert(line, at: place)
      do {
        _ = try CertificateTests.check(lines.joined(separator: "\n"))
        Issue.record("accepted at \(place)")
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.map(\.code) == [.badCertificate])
      }
    }
  }

  /// Lines may end as they do elsewhere, and tabs stand in sources.
  @Test func linesEndAsTheyDo() throws {
    let plain = Deception(
      description: "", left: "\tw' = w - g * lr", says: ""
    ).text
    #expect(try CertificateTests.check(plain).goals == 2)
    let other = plain.replacingOccurrences(of: "\n", with: "\r\n")
    #expect(try CertificateTests.check(other).goals == 2)
    #expect(try Certificate(other).source == Certificate(plain).source)
  }

  @Test func aCommentIsNoPartOfAClaim() {
    let plain = Deception(description: "", left: "w' = w - g * lr", says: "").text
    #expect(throws: DiagnosticError.self) {
      try CertificateTests.check(plain.replacingOccurrences(of: "b = B", with: "b = B # is Adam"))
    }
  }

  /// Any bytes.
  @Test func bytesAreRefused() {
    var random = SplitMix64(5)
    for trial in 0..<200 {
      let count = Int(random.next() % 400)
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(throws: DiagnosticError.self) {
        try CertificateTests.check(trial % 2 == 0 ? text : "ravine certificate 1\n" + text)
      }
    }
  }
}
