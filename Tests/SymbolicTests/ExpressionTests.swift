import Basics
import Diagnostics
import Driver
import Laboratory
import Symbolic
import Testing

/// Expressions: simplified, solved, differentiated, printed.
@Suite struct ExpressionTests {
  private func algebra() -> ExpressionAlgebra { ExpressionAlgebra(Compiler()) }

  @Test(
    arguments: [
      ("(x^2 - y^2) / (2 + x * x) * (2 + x^2)", "x^2 - y^2"), ("x + x + 2 * x", "4 * x"),
      ("a / b + c / b", "(a + c) / b"), ("sqrt(x^2)", "abs(x)"), ("0.1 + 0.2", "0.3"),
      ("β * x + (1 - β) * x", "x"), ("exp(log(1 + abs(x)) + x)", "(1 + abs(x)) * exp(x)"),
      ("1 / 3 + 1 / 6", "0.5"),
      ("max(x, x)", "x"), ("sign(-3 * x)", "-sign(x)"),
    ]) func simplified(_ text: String, _ expected: String) throws
  {
    let found = try algebra().simplified(text)
    let a = algebra()
    #expect(a.table.isEqual(try a.term(text), try a.term(expected)), "\(found)")
    #expect(found.count <= text.count + 6, "\(found)")
  }

  /// What vanishes does not without a word.
  @Test(arguments: [
    ("x^3 / x^3 - 1 + y", "y", ["x != 0"]), ("(x^2 - y^2) / (x - y)", "x + y", ["x != y"]),
    ("sqrt(x)^2", "x", ["x >= 0"]), ("exp(log(x))", "x", ["x > 0"]), ("1 / x", "1 / x", []),
    ("0 * log1p(x)", "0", ["x > -1"]), ("if x == 0 then 1 else x / x", "1", []),
    ("if isfinite(1 / x) then x / x else 1", "1", []), ("x / y * y", "x", ["y != 0"]),
  ]) func conditionsAreTold(_ text: String, _ expected: String, _ conditions: [String]) throws {
    let a = algebra()
    let (term, defined) = try a.value(text)
    var prover = Prover(a.table)
    #expect(prover.proves(term, try a.term(expected), where: defined), "\(a.text(term))")
    #expect(a.conditions(of: term, from: defined) == conditions)
  }

  /// What is printed reads back as the same term.
  @Test(arguments: [
    "a * (b + c) - d / (e + 1)", "x^2 * y^-3", "sqrt(x + 1) / (2 * y)", "-x * (-y)",
    "if x > 1 then y else -y", "max(x, y, 3) - min(x, 1)", "abs(x)^3 + sign(y) * tanh(-z)",
    "(1 - β^t) / (1 - β)", "x^(1 / 3)", "2^(t + 1) - 0.25 * exp(-x)", "clip(x, -1, 1) * 7 / 3",
    "log(x + y) - (x - (y - z))", "1e-8 + x / 1e-7", "-(x + y)^2 / 2", "x mod 3 + cbrt(2 * x)",
    "x - 2 * min(x, y)", "min(x, y)^2 + min(x, y)", "sqrt(min(abs(x), 1)) * min(x, y)",
  ]) func printedReadsBack(_ text: String) throws {
    let a = algebra()
    let term = try a.term(text)
    let printed = a.text(term)
    #expect(try a.term(printed) == term, "\(printed)")
    let factored = TermPrinter(a.table).factored(term)
    #expect(a.table.isEqual(try a.term(factored), term), "\(factored)")
  }

  /// The smaller is the negative of a largest, and does not read so.
  @Test func theSmallerIsPrintedAsItself() throws {
    let a = algebra()
    #expect(a.text(try a.term("min(x, y)")) == "min(x, y)")
    #expect(a.text(try a.term("x - 2 * min(x, y)")) == "x - 2 * min(x, y)")
    #expect(a.text(try a.term("-lr * min(x, y)")) == "-lr * min(x, y)")
  }

  /// sign(β)² marks that β is not 0, and is taken out of a largest once.
  @Test func aFactorThatComesAgainEnds() throws {
    let range = "(lr = 0.1, β = 0.9 in [0, 1))"
    let found = try compare(
      "A", "B",
      "rule A\(range) { w' = w - lr * min(β, (3 * w)^2) }\n"
        + "rule B\(range) { w' = w - lr * min(cbrt(β) * sign(β), 9 * w^2) }")
    guard case .different = found.verdict else { return #expect(Bool(false), "\(found)") }
  }

  @Test func equations() throws {
    let a = algebra()
    let cases: [(String, String, [String])] = [
      ("a * x + b", "c", ["(c - b) / a where a != 0"]), ("1 / (1 + x)", "2", ["-0.5"]),
      ("a * x", "b", ["b / a where a != 0"]), ("a / x", "b", ["a / b where b != 0, a != 0"]),
      ("x^2", "2", ["-sqrt(2)", "sqrt(2)"]), ("x^2 + 1", "0", []),
      ("x^2", "a", ["-sqrt(a) where a >= 0", "sqrt(a) where a >= 0"]),
      ("x^2 + 2 * x + 1", "0", ["-1"]), ("x^2 + x", "0", ["0", "-1"]),
      ("sqrt(x)", "3", ["9"]), ("sqrt(x)", "-3", []), ("sqrt(x)", "a", ["a^2 where a >= 0"]),
      ("exp(x)", "2", ["log(2)"]), ("exp(x)", "-2", []), ("log(x)", "2", ["exp(2)"]),
      ("exp(2 * x + 1)", "a", ["(log(a) - 1) / 2 where a > 0"]),
      ("x^3", "8", ["2"]), ("x^3", "-8", ["-2"]), ("x^3", "a", ["cbrt(a)"]),
      ("abs(x)", "3", ["-3", "3"]), ("abs(x - 1)", "3", ["4", "-2"]), ("abs(x)", "-1", []),
      ("tanh(x)", "0.5", ["arctanh(0.5)"]), ("tanh(x)", "2", []), ("1 / x", "4", ["0.25"]),
      ("1 / x", "0", []), ("x", "x", ["any x"]), ("2^x", "8", ["3"]),
      ("x^4", "16", ["-2", "2"]), ("1 / x^2", "4", ["-0.5", "0.5"]),
      ("sqrt(x + 1) - 2", "0", ["3"]), ("x * (x - a)", "0", ["0", "a"]),
      // By hand: both sides must be numbers where x is the answer.
      ("x / x", "1", ["any x where x != 0"]), ("(x^2 - 1) / (x - 1)", "2", []),
      ("(x^2 - 1) / (x - 1)", "0", ["-1"]), ("x^2 / x", "0", []),
      ("x^2 / x", "a", ["a where a != 0"]), ("a * x / x", "b", ["any x where a == b, x != 0"]),
      ("sqrt(a) * x", "1", ["1 / sqrt(a) where a > 0"]),
      ("sqrt(a + x)", "b", ["b^2 - a where b >= 0"]), ("y^2", "4", ["any x where y^2 == 4"]),
      ("a^x", "b", ["log(b) / log(a) where b > 0, a > 0, a != 1"]),
      ("x^2 + a", "0", ["-sqrt(-a) where a <= 0", "sqrt(-a) where a <= 0"]),
      ("(x - 1) / (x^2 - 1)", "a", ["(1 - a) / a where a != 0, 2 * a != 1"]),
    ]
    var checked = 0
    for (left, right, expected) in cases {
      #expect(try a.solved(left, equals: right, for: "x") == expected, "\(left) = \(right)")
      checked += 1
    }
    #expect(checked == 44)
    for text in ["sin(x)", "max(x, 1)", "floor(x)", "x^5 + x"] {
      #expect(throws: SymbolicError.self) { try a.solved(text, equals: "2", for: "x") }
    }
    #expect(throws: DiagnosticError.self) { try a.simplified("x +") }
  }

  @Test(arguments: [
    ("x^3", "3 * x^2"), ("exp(2 * x)", "2 * exp(2 * x)"), ("log(x)", "1 / x"),
    ("sqrt(x)", "1 / (2 * sqrt(x))"), ("tanh(x)", "1 - tanh(x)^2"),
    ("y * x / (x + 1)", "y / (x + 1)^2"), ("arccos(x)", "-1 / sqrt(1 - x^2)"),
    ("abs(x)", "sign(x)"), ("max(x, 2 * y)", "if x < 2 * y then 0 else 1"),
  ]) func derivatives(_ text: String, _ expected: String) throws {
    let a = algebra()
    let found = try Solver(a.table).derivative(try a.term(text), by: a.symbol("x"))
    #expect(a.table.isEqual(found, try a.term(expected)), "\(a.text(found))")
  }

  @Test func arrangements() throws {
    let a = algebra()
    #expect(try a.collected("(x + y)^2", by: "x") == "x^2 + 2 * y * x + y^2")
    #expect(try a.factored("a * x + a * y") == "a * (x + y)")
    #expect(try a.substituted("x^2 + 1", "x", by: "y - 1") == "2 + y^2 - 2 * y")
    #expect(try a.expanded("(x + 1) * (x - 1)") == "x^2 - 1")
  }

  @Test func latex() throws {
    let a = algebra()
    #expect(try a.latex("β1 / (1 - x^2)") == "\\frac{\\beta_{1}}{1 - x^{2}}")
    #expect(try a.latex("sqrt(x) * 2") == "\\sqrt{x} \\cdot 2")
    #expect(try a.latex("t0 - x") == "t_{0} - x")
  }

  // MARK: Verdicts

  private func compare(_ a: String, _ b: String, _ source: String = "") throws -> Comparison {
    let compiler = Compiler()
    let found = compiler.add(name: "test.opt", bytes: Array(source.utf8))
    #expect(!found.contains { $0.severity == .error })
    return try compiler.compare(a, b)
  }

  @Test func equalUpToTheStepSize() throws {
    let result = try compare("HeavyBall", "EMAMomentum")
    guard case .equalUpTo(let changes) = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    #expect(changes == ["β = μ", "lr → lr / (1 - μ)"])
    #expect(result.witness != nil)
  }

  @Test func equalUpToEpsilon() throws {
    let source = """
      rule HeavyMuon(lr = 0.02 in [0, inf), μ = 0.95 in [0, 1), λ = 0 in [0, inf)) {
          state b
          b' = μ * b + g
          w' = w * (1 - lr * λ) - lr * sqrt(max(1, rows / cols)) * orthogonalise(b', 5)
      }

      """
    let result = try compare("HeavyMuon", "Muon(nesterov = 0)", source)
    guard case .equalUpTo(let changes) = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    #expect(changes == ["1e-7 → 0"])
  }

  /// Two rules that agree where lr is small are not the same rule.
  @Test func agreeingAtTheDefaultsIsNotEquality() throws {
    let source = """
      rule A(lr = 0.1 in [0, inf)) { w' = w - lr * (if lr < 1 then g else w) }
      rule B(lr = 0.1 in [0, inf)) { w' = w - lr * (if lr >= 1 then 2 * w else g) }

      """
    let result = try compare("A", "B", source)
    guard case .equalUpTo(let changes) = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    #expect(changes == ["lr = 0.1"])
  }

  /// Eight bits are not what the equations say.
  @Test func storageIsNoEquality() throws {
    let result = try compare(
      "Stored", "Adam",
      """
      rule Stored(
          lr = 1e-3 in [0, inf), β1 = 0.9 in [0, 1), β2 = 0.999 in [0, 1), ε = 1e-8 in [0, inf)
      ) {
          state m as int8(block = 256), v as int8(block = 256)
          m' = ema(m, g, β1)
          v' = ema(v, g^2, β2)
          w' = w - lr * debias(m', β1) / (sqrt(debias(v', β2)) + ε)
      }
      """)
    guard case .equalUpTo(let changes) = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    #expect(changes == ["m stored exactly", "v stored exactly"])
    #expect(try compare("Adam8bit", "Adam8bit").isEqual)
  }

  /// What fits no tensor of one shape is tried on others.
  @Test func probesFindAShapeThatBothTake() throws {
    let result = try compare("SubsetNormAdamW", "SGD")
    guard case .different = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    #expect(result.witness?.dims.reduce(1, *) ?? 0 > 0)
    #expect((result.witness?.dims.reduce(1, *) ?? 1) % 4 == 0)
  }

  /// Rules over a batch, over routes by unlike conditions, and a limit that binds for large gradients.
  @Test(arguments: [("DPSGD", "SGD"), ("SOAP", "SGDP"), ("SGD", "PolyakSGD")])
  func probesReachTheDifference(_ a: String, _ b: String) throws {
    let found = try compare(a, b)
    guard case .different = found.verdict else { return #expect(Bool(false), "\(found.verdict)") }
    #expect(found.witness != nil)
  }

  @Test func equalWhereNothingVanishes() throws {
    let result = try compare("RMSProp(α = 0, ε = 0)", "SignSGD")
    guard case .equalWhere(let conditions) = result.verdict else {
      Issue.record("\(ComparisonText.text(result))")
      return
    }
    #expect(conditions == ["g != 0"])
  }

  /// Cases about one element say nothing of a sum over all.
  @Test func sumsAreNotSplitByElement() throws {
    let source = """
      rule A(lr = 0.1 in [0, inf)) { w' = w - lr * (g > 0) * sum(abs(g)) }
      rule B(lr = 0.1 in [0, inf)) { w' = w - lr * (g > 0) * sum(g) }

      """
    let result = try compare("A", "B", source)
    #expect(!result.isEqual)
    #expect(result.witness != nil)
  }

  @Test func statesThatStartApartDiffer() throws {
    let source = """
      rule A(lr = 0.1 in [0, inf)) { state m = 1
          m' = 0.5 * m + g
          w' = w - lr * m' }
      rule B(lr = 0.1 in [0, inf)) { state m
          m' = 0.5 * m + g
          w' = w - lr * m' }

      """
    #expect(try compare("A", "B", source).witness != nil)
  }

  /// Views count: where the next gradient is taken is part of a rule.
  @Test func viewsAreCompared() throws {
    let source = """
      rule A(lr = 0.1 in [0, inf)) { w' = w - lr * g
          view train = w' - lr * g }
      rule B(lr = 0.1 in [0, inf)) { w' = w - lr * g }

      """
    #expect(!(try compare("A", "B", source).isEqual))
  }

  /// Numbers out of range and operations without a value end in a text, not in a crash.
  @Test(arguments: [
    "(a + b)^1e300", "x^1e-300", "1 / 0", "0 / 0 * x", "0^0", "inf - inf", "nan + x",
    "(-8)^(1 / 3)", "sqrt(-1) * sqrt(-1)", "log(0)", "x / 0", "0^(-1)", "(a + b + c)^64",
    "exp(1e6) - exp(x)", "2^(2^(2^10))", "1e308 * 1e308 * x", "x mod 0", "floor(1e300)",
    "(a - a)^(-1)", "sign(0 / 0)", "max(1 / 0, x)", "abs(x)^(-7) * sign(x)^(-3)",
    "cbrt(cbrt(cbrt(x)))^27", "((x^2)^0.5)^2", "(1 - 1)^x", "x^x^x", "clip(x, 1, -1)",
  ]) func oddNumbers(_ text: String) throws {
    let a = algebra()
    do {
      let term = try a.term(text)
      _ = a.text(a.table.reduced(term))
      _ = TermPrinter(a.table).factored(term)
      _ = try? Solver(a.table).derivative(term, by: a.symbol("x"))
      _ = a.table.interval(term)
    } catch is DiagnosticError {
    } catch is SymbolicError {
    }
  }

  /// Programs that unfold without end are given up, in time.
  @Test func hostilePrograms() throws {
    var body = "g + w"
    for k in 0..<14 { body = "(\(body)) * (\(body.count > 4_000 ? "g" : body) + \(k))" }
    let deep = (0..<300).reduce("g") { x, _ in "tanh(\(x) + 1)" }
    var compared = 0
    for text in [body, deep] {
      let source =
        "rule A(lr = 0.1) { w' = w - lr * (\(text)) }\nrule B(lr = 0.1) { w' = w - 2 * lr * (\(text)) }\n"
      let compiler = Compiler()
      let found = compiler.add(name: "hostile.opt", bytes: Array(source.utf8))
      if found.contains(where: { $0.severity == .error }) { continue }
      let start = ThreadTime.seconds
      _ = try compiler.compare("A", "B")
      #expect(ThreadTime.seconds - start < 60)
      compared += 1
    }
    #expect(compared == 1)
  }
}

/// Work that has an end.
@Suite struct ExhaustedTableTests {
  /// A power of 2 x is one of x, whatever is left to spend.
  @Test func powersOfOneMonomial() {
    let table = TermTable(budget: -1)
    let x = table.symbol(Symbol("x", .hyper))
    let double = table.scale(x, by: Rational(2))
    #expect(
      table.power(double, Rational(-1)) == table.scale(table.power(x, Rational(-1)), by: .half))
  }
}

/// What a rule is known as.
@Suite struct IdentityTests {
  @Test func theZooKnowsIt() throws {
    let compiler = Compiler()
    let source = """
      rule Mine(lr = 1e-3 in [0, inf), μ = 0.9 in [0, 1), λ = 0 in [0, inf)) {
          state b
          b' = μ * b + g
          w' = w * (1 - lr * λ) - lr * sign(b')
      }

      """
    let found = compiler.add(name: "mine.opt", bytes: Array(source.utf8))
    #expect(!found.contains { $0.severity == .error })
    let likenesses = try compiler.identify("Mine")
    let signum = try #require(likenesses.first { $0.zooRule == "Signum" })
    #expect(signum.change.isEmpty)
    let sign = try #require(likenesses.first { $0.zooRule == "SignSGD" })
    #expect(sign.change == "μ = 0")
    #expect(!likenesses.contains { $0.zooRule == "SGD" })
  }

  private func likenesses(_ text: String) throws -> [String] {
    let compiler = Compiler()
    let found = compiler.add(name: "mine.opt", bytes: Array(text.utf8))
    #expect(!found.contains { $0.severity == .error })
    return try compiler.identify("Mine").map(\.text)
  }

  @Test func freeNamesStandForOneNumber() throws {
    let texts = try Compiler().identify("Lion(β1 = β, β2 = β)").map(\.text)
    #expect(texts.contains { $0.hasPrefix("Tiger") }, "\(texts)")
  }

  /// Another step size, ε out of the root, numbers in the place of hyperparameters.
  @Test func nearMisses() throws {
    let written = try likenesses(
      """
      rule Mine(lr = 1e-3 in [0, inf)) {
          state m
          m' = 0.9 * m + 0.1 * g
          w' = w - lr * m'
      }

      """)
    #expect(written.contains("EMAMomentum: proved equal"), "\(written)")
    #expect(written.contains("HeavyBall: proved equal up to lr → 0.1 * lr"), "\(written)")
    #expect(written.contains("LionIdentity(β2 = 0.9): proved equal"), "\(written)")
    let small = try likenesses(
      """
      rule Mine(lr = 1e-3 in [0, inf)) {
          state m, v
          m' = 0.9 * m + 0.1 * g
          v' = 0.999 * v + 0.001 * g^2
          w' = w - lr * (m' / (1 - 0.9^t)) / (sqrt(v' / (1 - 0.999^t)) + 1e-8)
      }

      """)
    #expect(small.contains { $0.hasPrefix("AdamWHat: proved equal up to") }, "\(small)")
  }
}
