import Basics
import Diagnostics
import Driver
import Laboratory
import Lowering
import Symbolic
import Testing

/// What is printed as source is source: it reads back as the same term.
@Suite struct PrintingTests {
  @Test func whatIsPrintedReadsBack() throws {
    var generator = ExpressionGenerator(seed: 5)
    var compared = 0
    var same = 0
    var conditions = 0
    for k in 0..<4_000 {
      let isCondition = k % 3 == 0
      let depth = isCondition ? k % 4 % 3 : k % 4
      let text = isCondition ? generator.condition(depth) : generator.number(depth)
      let a = ExpressionAlgebra(Compiler())
      guard let term = try? a.term(text) else { continue }
      for form in [term, a.table.reduced(term)] {
        let printed = a.text(form)
        if printed.contains("…") { continue }
        // What has no value is refused, or reads back as other than it was.
        let isNone = ["nan", "inf", "0^(", "0^-"].contains { printed.contains($0) }
        let again: TermID
        do {
          again = try a.term(printed)
        } catch {
          let saysNone = "\(error)".hasSuffix("which is no number")
          #expect(isNone || saysNone, "\(text) prints \(printed)")
          continue
        }
        let isSame = again == form || a.table.isEqual(again, form)
        if !isSame, isNone { continue }
        #expect(
          isSame || agree(a.table, form, again, &generator.random),
          "\(text) prints \(printed), which reads \(a.text(again))")
        compared += 1
        if isSame { same += 1 }
      }
      // A condition is printed as one, and may stand where one must.
      guard isCondition, a.table.value(term) == nil else { continue }
      if a.text(term).contains("nan") || a.text(term).contains("inf") { continue }
      _ = try a.term("if \(a.text(term)) then 2 else 3")
      conditions += 1
    }
    #expect(compared > 6_800 && same > 6_700, "\(compared) compared, \(same) the same")
    #expect(conditions > 900, "\(conditions) conditions")
  }

  /// What rules compute, printed by its instructions, is the same rule.
  @Test func whatRulesComputeReadsBack() throws {
    var generator = ExpressionGenerator(seed: 6)
    let hypers = ["β1", "λ_max", "Γ", "ζ", "Α", "x2"]
    var compared = 0
    for k in 0..<1_200 {
      generator.names = hypers + ["t", "T", "loss", "g", "w", "m", "x1"]
      let first = generator.number(k % 4)
      generator.names += ["m'", "mean", "m'"]
      let text = """
        rule Generated(\(hypers.map { "\($0) = 0.5" }.joined(separator: ", "))) {
            state m
            state x1
            m' = \(first)
            mean = m' * x1
            x1' = if \(generator.condition(k % 3)) then \(generator.number(1)) else mean
            w' = w - (\(generator.number(k % 4))) * (\(hypers.joined(separator: " + "))) * x1'
        }

        """
      guard let module = try? RoundTrip.rule("Generated", of: text) else { continue }
      // What is no number has a sign, which no text can give it.
      if SourcePrinter.rule(module).contains("nan") { continue }
      let difference = try RoundTrip.difference(module)
      #expect(difference == nil, "\(text)\(difference ?? "")")
      compared += 1
    }
    #expect(compared > 1_100, "\(compared)")
  }

  /// Locals keep the names of their author, with a number where that is taken; what a state is next
  /// is called so.
  @Test func localsKeepTheirNames() throws {
    let text = """
      fn halved(x) {
          lr = x / 2
          y = lr + abs(lr)
          y * x
      }
      rule Named(lr = 0.1) {
          state m, x1
          norm = norm(g)
          keep = 1 - lr
          m' = keep * m * norm + norm^2 * g
          y = sqrt(abs(m'))
          repeat 3 { y' = keep * (y + m' / y) }
          x1' = x1 + (g + m')^2 / (1 + (g + m'))
          w' = w - lr * (halved(y) + halved(x1'))
      }

      """
    let module = try RoundTrip.rule("Named", of: text)
    #expect(
      SourcePrinter.rule(module) == """
        rule Named(lr = 0.1) {
            state m
            state x1
            keep = 1 - lr
            norm = norm(g)
            m' = keep * m * norm + norm^2 * g
            y = sqrt(abs(m'))
            repeat 3 {
                y' = keep * (y + m' / y)
            }
            lr_2 = y / 2
            y_2 = lr_2 + abs(lr_2)
            x2 = g + m'
            x1' = x1 + x2^2 / (1 + x2)
            lr_3 = x1' / 2
            y_3 = lr_3 + abs(lr_3)
            w' = w - lr * (y_2 * y + y_3 * x1')
        }

        """)
    let difference = try RoundTrip.difference(module)
    #expect(difference == nil, "\(difference ?? "")")
  }

  /// Whether two terms have the same values wherever both have one: constants fold once more, and a
  /// condition has several forms.
  private func agree(
    _ table: TermTable, _ x: TermID, _ y: TermID, _ random: inout SplitMix64
  ) -> Bool {
    for _ in 0..<40 {
      var evaluator = Evaluator(table)
      for symbol in table.symbols(in: [x, y]) where table.symbol(of: symbol)!.role != .constant {
        evaluator.set(symbol, [-2, -0.5, 0.5, 1, 1.75, 2, 3.25, 4][Int(random.next() % 8)])
      }
      guard let a = evaluator.number(x), let b = evaluator.number(y) else { return false }
      if a.isFinite, b.isFinite, abs(a - b) > 1e-6 * max(1, abs(a)) { return false }
    }
    return true
  }

  @Test(arguments: [
    ("if c <= 1 then 2 else 3", "if c <= 1 then 2 else 3"),
    ("not (a > 1 or b > 1)", "a <= 1 and b <= 1"), ("c == 1", "c == 1"), ("c != 1", "c != 1"),
    ("a > 1 or b > 2", "a > 1 or b > 2"), ("x mod 2 == 0", "x mod 2 == 0"),
    ("if a > 1 and not (b == 2) then x else y", "if a > 1 and b != 2 then x else y"),
    ("(if c > 1 then 1 else 0) * x", "x * (c > 1)"),
    (
      "if (if a > 1 then b > 1 else c > 2) then 3 else 4",
      "if (if a > 1 then b > 1 else c > 2) then 3 else 4"
    ),
    ("(a > b) == (c > d)", "(a > b) == (c > d)"),
  ]) func conditions(_ text: String, _ expected: String) throws {
    let a = ExpressionAlgebra(Compiler())
    #expect(a.text(try a.term(text)) == expected)
  }

  /// Every letter has a command of plain LaTeX; capitals that look Latin are Latin letters.
  @Test func greekInLatex() {
    for letter in Greek.letters {
      let text = LatexDialect().name("\(letter.scalar)1", at: "t")
      #expect(text.utf8.allSatisfy { $0 < 0x80 } && text.hasPrefix("\\"), "\(text)")
      #expect(text.hasSuffix("_{1,t}"))
    }
    #expect(LatexDialect().name("Γ", at: "") == "\\Gamma")
    #expect(LatexDialect().name("Α", at: "") == "\\mathrm{A}")
  }
}
