import Diagnostics
import Driver
import IR
import Laboratory
import Runtime
import Symbolic
import Testing

/// Rules that differ in one kind of place only.
@Suite struct ProbeTests {
  struct Case: Sendable, CustomStringConvertible {
    var kind: String
    var first: String
    var second: String
    /// Written before each step.
    var states = ""
    var header = "lr = 0.125 in [0, inf)"
    /// The header of the second, where defaults are not the same.
    var other: String?
    var description: String { "\(kind): \(first) against \(second)" }
  }

  static let cases: [Case] = [
    Case(kind: "two tensors", first: "global norm(g) * g", second: "norm(g) * g"),
    Case(
      kind: "two tensors", first: "min(1, 1 / (1 + global norm(g))) * g",
      second: "min(1, 1 / (1 + norm(g))) * g"),
    Case(kind: "first step", first: "if t == 1 then 2 * g else g", second: "g"),
    Case(
      kind: "first step", first: "g * max(1, 3 - 2 * t)", second: "if t == 1 then 1.5 * g else g"),
    Case(kind: "w = 0", first: "if w == 0 then g + 1 else g", second: "g"),
    Case(kind: "w = 0", first: "g * (w * w > 0)", second: "g"),
    Case(kind: "w = 0", first: "if norm(w) == 0 then 2 * g else g", second: "g"),
    Case(kind: "g = 0", first: "if g == 0 then w else g", second: "g"),
    Case(kind: "g = 0", first: "g + 1 - abs(sign(g))", second: "g"),
    Case(kind: "g = 0", first: "if norm(g) == 0 then w else g", second: "g"),
    Case(
      kind: "sign of a hyperparameter", first: "abs(c) * g", second: "c * g",
      header: "lr = 0.125, c = 1", other: "lr = 0.125, c = 2"),
    Case(
      kind: "sign of a hyperparameter", first: "max(c, 0) * g", second: "c * g",
      header: "lr = 0.125, c = 1", other: "lr = 0.125, c = 3"),
    Case(
      kind: "an end of a domain", first: "(if c == 1 then 2 else 1) * g", second: "g + 0 * c",
      header: "lr = 0.125, c = 0.5 in [0, 1]", other: "lr = 0.125, c = 0.25 in [0, 1]"),
    Case(
      kind: "a huge hyperparameter", first: "min(c, 1000) * g", second: "c * g",
      header: "lr = 0.125, c = 1", other: "lr = 0.125, c = 2"),
    Case(kind: "late", first: "if t > 150 then 2 * g else g", second: "g"),
    Case(
      kind: "late", first: "(if n > 170 then g + 1 else g)", second: "g + 0 * n",
      states: "state n: scalar\nn' = n + 1\n"),
    Case(kind: "rank 0", first: "if rank == 0 then 2 * g else g", second: "g"),
    Case(kind: "rank 0", first: "g * (1 + (numel == 1) * (rank == 0))", second: "g"),
    Case(kind: "rank 3", first: "if rank == 3 then 2 * g else g", second: "g"),
    Case(
      kind: "rank 3", first: "g * max(1, rank - 1)",
      second: "g * (if rank == 2 then 1 else max(1, 1))"),
    Case(
      kind: "a length", first: "floor(bf16(max(1, numel / 50))) * g",
      second: "bf16(max(1, numel / 50)) * g"),
    Case(kind: "a length", first: "g * (if numel > 1000 then 2 else 1)", second: "g"),
    Case(kind: "a length", first: "g * (if numel > 4000 then 2 else 1)", second: "g"),
    Case(kind: "a length", first: "g * (if numel == 17 then 2 else 1)", second: "g"),
    Case(kind: "a length", first: "g * (if rows == 5 and cols == 4 then 2 else 1)", second: "g"),
    Case(
      kind: "a length", first: "g * floor(f16(max(1, numel / 3)))",
      second: "g * f16(max(1, numel / 3))"),
    // No proof at c = 1, where they are the same.
    Case(
      kind: "a shared default", first: "y * g", second: "z * g",
      states: """
        y = c
        z = c
        repeat 40 { y' = if y > 0 then y + 1 else y + 2 }
        repeat 40 { z' = z + 1 }

        """, header: "lr = 0.125, c = 1"),
    Case(kind: "huge", first: "if abs(g) > 1e9 then 2 * g else g", second: "g"),
    Case(kind: "huge", first: "clip(g, -1e25, 1e25)", second: "g"),
    Case(kind: "tiny", first: "if abs(g) < 1e-9 then 2 * g else g", second: "g"),
    Case(
      kind: "ties", first: "g * (abs(g) == max(abs(g))) / sum(abs(g) == max(abs(g)))",
      second: "g * (abs(g) == max(abs(g)))"),
    Case(
      kind: "ties", first: "g * topk_mask(abs(g), 0.125)",
      second: "g * (abs(g) == max(abs(g)))"),
    Case(
      kind: "ties of norms", first: "if norm(g) > 1 then 2 * g / norm(g) else g",
      second: "if norm(g) >= 1 then 2 * g / norm(g) else g"),
    Case(kind: "more than eight digits", first: "bf16(f16(g))", second: "f16(g)"),
    Case(kind: "opposite elements", first: "if sum(g) == 0 then 2 * g else g", second: "g"),
    Case(kind: "rounding", first: "g * round(t / 2)", second: "g * floor(t / 2 + 0.5)"),
    Case(kind: "rounding", first: "bf16(bf16(g) + bf16(2 * g))", second: "3 * g"),
    Case(kind: "rounding", first: "f16(g) * 2", second: "2 * g"),
  ]

  static func compiler(_ one: Case) -> Compiler {
    let source = """
      rule A(\(one.header)) {
          \(one.states)w' = w - lr * (\(one.first))
      }
      rule B(\(one.other ?? one.header)) {
          \(one.states)w' = w - lr * (\(one.second))
      }

      """
    let compiler = Compiler()
    for found in compiler.add(name: "probe.opt", bytes: Array(source.utf8))
    where found.severity == .error {
      Issue.record("\(found.message)\n\(source)")
    }
    return compiler
  }

  /// The difference is found, and the witness shows it again.
  @Test(arguments: cases) func isFound(_ one: Case) throws {
    let compiler = Self.compiler(one)
    let result = try compiler.compare("A", "B")
    switch result.verdict {
    case .different, .equalUpTo: break
    default: Issue.record("\(ComparisonText.text(result))")
    }
    let witness = try #require(result.witness)
    let ends = try ["A", "B"].enumerated().map { side, name in
      try witness.replayed(compiler.statement(name), side: side)
    }
    #expect(ends == [witness.left, witness.right])
    #expect(abs(ends[0] - ends[1]) > 1e-6 * max(abs(ends[0]), abs(ends[1])))
  }

  /// Random numbers of moderate size over seven steps show none of them: it takes a probe that looks there.
  @Test(arguments: cases.filter { $0.kind != "first step" && $0.kind != "rounding" })
  func isHidden(_ one: Case) throws {
    let compiler = Self.compiler(one)
    let rules = try ["A", "B"].map { try compiler.statement($0) }
    // The same number for what both have.
    let row = rules[0].module.hypers.map { $0.key == "c" ? 0.5 : 0.125 }
    let request = ProbeRequest(
      hypers: [], values: [[[Double]]](repeating: [[Double]](repeating: row, count: 7), count: 2),
      variants: [0, 0], seed: 3, steps: 7, horizon: 10)
    guard case .agree = ReferenceProbe().run(rules[0], rules[1], request).outcome else {
      Issue.record("an ordinary probe shows it")
      return
    }
  }

  /// What rounding alone sets apart is no difference, though it jumps.
  @Test(arguments: [
    ("floor(0.1 * 3 * 10 * t)", "floor(3 * t)"),
    ("round((g * 0.1 + g * 0.2) * 10)", "round(g * 3)"),
    ("sign((0.1 + 0.2) * g - 0.3 * g)", "0 * g"),
    ("(if g * 0.7 / 0.7 >= g then 1 else 2) * w", "w"),
    ("bf16(g / 3 * 3)", "bf16(g)"),
    ("norm(g)^2", "sum(g^2)"),
    ("g * (exp(1000) / exp(1000))", "g"),
    ("g * (1e-200 * 1e-200 > 0)", "g"),
  ]) func roundingIsNoDifference(_ first: String, _ second: String) throws {
    let one = Case(kind: "noise", first: first, second: second)
    let result = try Self.compiler(one).compare("A", "B")
    if case .different = result.verdict { Issue.record("\(ComparisonText.text(result))") }
  }

  /// Rules that part late, on a tensor of three axes, or whose steps take much work.
  @Test(arguments: [
    ("GSM", "SparseMomentum"), ("SOAP", "SOAPMatrix"), ("MFACByTensor", "Adam"),
  ]) func isFoundInTheZoo(_ first: String, _ second: String) throws {
    let compiler = Compiler()
    let result = try compiler.compare(first, second)
    guard case .different = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    let witness = try #require(result.witness)
    let ends = try [first, second].enumerated().map { side, name in
      try witness.replayed(compiler.statement(name), side: side)
    }
    #expect(abs(ends[0] - ends[1]) > 1e-6 * max(abs(ends[0]), abs(ends[1])))
  }

  /// What was prepared for a large evaluation is refused where a small one is asked for.
  @Test func theLimitHoldsForWhatIsKnown() throws {
    let compiler = Self.compiler(
      Case(kind: "", first: "sum(eye(40) @ eye(40)) * g", second: "40 * g"))
    let rules = try ["A", "B"].map { try compiler.statement($0) }
    let probe = ReferenceProbe()
    var request = ProbeRequest(
      hypers: [], values: [[[0.125]], [[0.125]]], variants: [0, 0], seed: 3, steps: 1, horizon: 4)
    guard case .agree = probe.run(rules[0], rules[1], request).outcome else {
      Issue.record("they are the same")
      return
    }
    request.work = 10
    guard case .failed = probe.run(rules[0], rules[1], request).outcome else {
      Issue.record("it holds 3200 numbers")
      return
    }
  }

  static let equalities: [Case] = [
    Case(kind: "trace", first: "trace(g.T @ g) * w", second: "trace(g @ g.T) * w"),
    Case(
      kind: "any", first: "if any(g > 0) then g else w", second: "if max(g) > 0 then g else w"),
    Case(
      kind: "all", first: "if all(g <= 0) then g else w", second: "if max(g) > 0 then w else g"),
    Case(kind: "whole numbers", first: "if t > 4 then g else w", second: "if t >= 5 then g else w"),
    Case(
      kind: "whole numbers", first: "if t mod 4 > 0 then g else w",
      second: "if t mod 4 >= 1 then g else w"),
    Case(kind: "remainder", first: "g mod 1", second: "g - floor(g)"),
    Case(kind: "remainder", first: "w mod 0.5 + g", second: "g + w - 0.5 * floor(2 * w)"),
    Case(
      kind: "sums", first: "n' * g", second: "(n' - n' + t * (t + 1) / 2) * g",
      states: "state n: scalar\nn' = n + t\n"),
    Case(
      kind: "sums", first: "n' * g", second: "(n' - n' + t * (t + 1) * (2 * t + 1) / 6) * g",
      states: "state n: scalar\nn' = n + t^2\n"),
    Case(kind: "norms", first: "norm(g) / norm(g) * (w / g)", second: "w / g"),
  ]

  @Test(arguments: equalities) func isProved(_ one: Case) throws {
    let result = try Self.compiler(one).compare("A", "B")
    #expect(result.isEqual, "\(ComparisonText.text(result))")
  }

  /// What is nearly the same is not.
  @Test(arguments: [
    ("any(g > 0) * g", "(min(g) > 0) * g"),
    ("(t > 4) * g", "(t >= 4) * g"), ("g mod 1", "g + floor(-g) + 0.125"),
  ]) func isNotProved(_ first: String, _ second: String) throws {
    let result = try Self.compiler(Case(kind: "", first: first, second: second)).compare("A", "B")
    #expect(!result.isEqual, "\(ComparisonText.text(result))")
  }

  /// Where only one rule has a result, they may be equal elsewhere.
  @Test func placesOfDefinition() throws {
    for first in [
      "w * (g / w)", "g * sqrt(w)^2 / w", "g + 0 / w", "(if g == 7 then 1 / 0 else g)",
    ] {
      let compiler = Self.compiler(Case(kind: "places", first: first, second: "g"))
      let result = try compiler.compare("A", "B")
      if result.isEqual { Issue.record("\(first): \(ComparisonText.text(result))") }
      #expect(result.witness?.isOfDefinition == true, "\(ComparisonText.text(result))")
    }
  }

  /// sign(lr / 0) is no number, and 1 for the engines: sixty steps on, what rounding made of the rest is no difference.
  @Test func whatRoundingLeavesBesideNoNumberIsNoWitness() throws {
    let text = """
      rule A(lr = 0.1 in [0, inf), β = 0.9 in [0, 1)) {
          state m
          m' = β * m + (β - sqrt(abs(w)))
          w' = w - lr * ((cbrt(g) * (m + 3)) * sign((lr / (abs(g) + 0.5))))
      }
      rule B(lr = 0.1 in [0, inf), β = 0.9 in [0, 1)) {
          state q
          m = q / (-3)
          q' = (-3) * (β * m + (β + ((-1) * sqrt(abs(w)))))
          w' = w - lr * (((3 + m) * cbrt(g)) * sign(((1 * lr) / (sqrt((g * g)) + g))))
      }
      """
    let compiler = Compiler()
    #expect(compiler.add(name: "pair.opt", bytes: Array(text.utf8)).isEmpty)
    let result = try compiler.compare("A", "B")
    #expect(!result.isEqual)
    if let witness = result.witness {
      let size = max(abs(witness.left), abs(witness.right))
      #expect(
        !(abs(witness.left - witness.right) <= 1e-10 * size), "\(ComparisonText.text(result))")
    }
  }

  /// Not the first difference but the largest.
  @Test func theLargestIsShown() throws {
    let result = try Compiler().compare("Lion", "AdamW")
    let witness = try #require(result.witness)
    #expect(witness.size > 0.1)
    let text = ComparisonText.text(result)
    #expect(text.contains("largest difference at step"))
  }

  @Test func wordsClaimNoMoreThanIsKnown() throws {
    let one = Case(
      kind: "", first: "exp(log(1 + abs(g)) * t) / exp(log(1 + abs(g)) * t) * sin(2 * g)",
      second: "2 * sin(g) * cos(g)")
    let result = try Self.compiler(one).compare("A", "B")
    guard case .undecided(let probes) = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    #expect(probes > 20)
    #expect(ComparisonText.headline(result) == "no difference found on \(probes) probes")
  }

  /// Bounds hold what they must: exact where nothing rounds, and no wider than needed.
  @Test func enclosures() throws {
    let third = Enclosure(1) / Enclosure(3)
    #expect(third.low < third.high && third.high == third.low.nextUp)
    #expect((Enclosure(0.75) * Enclosure(1.5)).isPoint)
    #expect((Enclosure(6) / Enclosure(3)) == Enclosure(2))
    #expect(!(third * Enclosure(3)).isApart(from: Enclosure(1)))
    #expect((Enclosure(0.1) + Enclosure(0.2)).isApart(from: Enclosure(0.31)))
    #expect((Enclosure(1) / Enclosure(0)).standing == .undefined)
    #expect(!Enclosure(literal: 0.1).isPoint && Enclosure(literal: 0.125).isPoint)
  }
}
