import Basics
import Certificates
import Diagnostics
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

    var text: String {
      let heads = (["lr = 0.1 in [0, inf)"] + knobs.map(\.text)).joined(separator: ", ")
      var lines = [
        "ravine certificate 1", "a = A", "b = B", "| rule A(\(heads)) { \(left) }",
        "| rule B(\(heads)) { \(right) }",
      ]
      lines += (knobs.map(\.free) + ["lr in [0, inf)"]).map { "free " + $0 } + ["ways 0 0"] + states
      for (when, steps) in [("first", first), ("later", later)] {
        lines += ["goal \(when) w"] + steps.map { "  " + $0 }
        lines += kept.map { "goal \(when) \($0)" }
      }
      return (lines + ["end"]).joined(separator: "\n")
    }
  }

  private static let decay = (text: "β = 0.9 in [0, 1)", free: "beta in [0, 1)")

  static let deceptions = [
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
      kept: ["b.n"], says: "`b.n` means nothing here"),
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

  /// Names of operations are names of hyperparameters, too.
  @Test(arguments: ["inv", "abs", "sqrt", "sign", "zero", "any"])
  func namesOfOperationsAreNames(_ name: String) throws {
    let deception = Deception(
      description: "", left: "w' = w - lr * g / \(name)", right: "w' = w - lr / \(name) * g",
      knobs: [("\(name) = 2", "\(name) in (-inf, inf)")], says: "")
    #expect(try CertificateTests.check(deception.text).goals == 2)
  }

  /// A line that says something a second time, or more than is read.
  @Test(arguments: ["a = SGD", "b = SGD", "\u{1B}[2K", "ways 0", "state a.m = 0"])
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
