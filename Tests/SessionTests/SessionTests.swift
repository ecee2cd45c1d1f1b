import Basics
import Synchronization
import Testing
import Training

@testable import Session

@Suite struct SessionTests {
  // MARK: Values

  @Test(arguments: [
    (["2 + 3 * 4^2"], "%1 = 50\n"),
    (["[1, 2, 3] * 2"], "%1 = [2, 4, 6]\n"),
    (["1 < 2"], "%1 = true\n"),
    (["1 / 3", "%"], "%2 = 0.3333333333333333\n"),
    (["1 / 3", "2", "%1 * 3 + ans"], "%3 = 3\n"),
    (["-3", "%^2"], "%2 = 9\n"),
    (["(1 - β^2) / (1 - β)"], "%1 = 1 + β\n  where β != 1\n"),
    ([":assume β in [0, 1)", "(1 - β^2) / (1 - β)"], "%1 = 1 + β\n"),
    (["a * b", "% + c"], "%2 = c + a * b\n"),
    (["a / 2 - c", "2 * %"], "%2 = a - 2 * c\n"),
    ([":expand a + 1", ":subst a = 2 in %"], "%2 = 3\n"),
    ([":expand (a + b)^2", ":diff % wrt a"], "%2 = 2 * a + 2 * b\n"),
    (["x = 4", "x^2"], "%1 = 16\n"),
    (["ans = 7", "ans + 1"], "%1 = 8\n"),
    (["\"50% off\""], "error[R0407]"),
    (["%3"], "error[R0241]: there is no value `%3`"),
    (["5", "ans % 3"], "error[R0106]: `%` is written `mod` here"),
    (["# only a comment"], ""),
    (["   "], ""),
  ])
  func expressionsHaveNumberedValues(_ statements: [String], _ expected: String) {
    let bench = Bench()
    var last = ""
    for statement in statements { last = bench.run(statement) }
    #expect(expected.isEmpty ? last.isEmpty : last.hasPrefix(expected), "\(last)")
  }

  @Test func aSuggestionSaysWhatIsWrongWithItsTarget() {
    let bench = Bench()
    _ = bench.run("objective start(x: scalar = 1) = x^2")
    _ = bench.run("task met = minimize start for 40 steps until loss < 2")
    let said = bench.run(":suggest met SGD")
    #expect(said.contains("warning[R0231]"), "\(said)")
  }

  @Test func statementsDrawIndependently() {
    let bench = Bench()
    let first = bench.run("normal()").dropFirst(5)
    let second = bench.run("normal()").dropFirst(5)
    #expect(first != second && first.count > 3)
    #expect(bench.run("a = normal()", "a - a") == "%3 = 0\n")
    let other = Bench()
    #expect(other.run("normal()").dropFirst(5) == first)
    #expect(other.run("2 + 2", "normal()").dropFirst(5) == second)
  }

  /// As a shell wants rules: a text between quotes is what stands in it.
  @Test func rulesBetweenQuotes() {
    let bench = Bench()
    let plain = bench.run(":compare Lion SGD(lr = 0.1)")
    for line in [
      ":compare \"Lion\" \"SGD(lr = 0.1)\"", ":compare 'Lion' SGD(lr = 0.1)",
      ":compare \"Lion\", 'SGD(lr = 0.1)'",
    ] {
      #expect(bench.run(line) == plain, "\(line)")
    }
    #expect(bench.run(":describe \"Lion\"") == bench.run(":describe Lion"))
    #expect(bench.run(":unroll 'EMAMomentum.m' 2") == bench.run(":unroll EMAMomentum.m 2"))
  }

  /// An error of the last of several experiments is told before the first runs.
  @Test func laterExperimentsAreLookedAtFirst() {
    let bench = Bench()
    bench.run("objective q(x: vector(3) = [1, 2, 3]) = sum(x^2)")
    let said = bench.run(
      "minimize q with SGD for 2 steps\nminimize q with Muon for 2 steps\n")
    #expect(said.hasPrefix("error[R0803]") && !said.contains("loss"), "\(said)")
  }

  @Test func aWindowIsToldOnceForAStatement() {
    let bench = Bench()
    bench.run(
      "rule R(lr = 0.1) { state h: window(9)  h' = g  w' = w - lr * mean over window h' }",
      "objective q(x: vector(2) = [1, 2]) = sum(x^2)")
    for _ in 0..<2 {
      let said = bench.run("minimize q with R, R(lr = 0.2) for 3 steps seeds 2")
      #expect(said.split(separator: "R0824").count == 2, "\(said)")
    }
  }

  // MARK: Declarations

  @Test func redefinitionReplacesAndSaysWhatDepends() {
    let bench = Bench()
    bench.run(
      "fn twice(a) = 2 * a", "rule A(lr = 0.1) { w' = w - lr * twice(g) }", "rule B = A(lr = 1)")
    let said = bench.run("fn twice(a) = a + a")
    #expect(said == "replaced fn twice\n  A, B depend on it and follow\n")
    #expect(bench.run(":compare B SGD(lr = 2)").hasPrefix("proved equal"))
    bench.run("fn twice(a) = 3 * a")
    #expect(bench.run(":compare B SGD(lr = 3)").hasPrefix("proved equal"))
  }

  @Test func whatNoLongerHoldsIsToldWithItsPlace() {
    let bench = Bench()
    bench.run("fn twice(a) = 2 * a", "rule A(lr = 0.1) { w' = w - lr * twice(g) }")
    let said = bench.run("fn twice(a, b) = a * b")
    #expect(said.contains("error[R0205]: `twice` needs a value for `b`"))
    #expect(said.contains("input 2:1:34"))
  }

  @Test func errorsChangeNothing() {
    let bench = Bench()
    bench.run("rule A(lr = 0.1) { w' = w - lr * g }")
    let before = bench.session.definitions.ledger.script
    for broken in [
      "rule A(lr = 0.1) { w = w - lr * g }", "rule A(lr = 0.1) {", "x = y + 1", "fn f(a) = f(a)",
      "rule C = Nothing",
    ] {
      #expect(bench.run(broken).hasPrefix("error[R0"), "\(broken)")
      #expect(bench.session.definitions.ledger.script == before, "\(broken)")
    }
    #expect(bench.run(":compare A SGD").hasPrefix("proved equal"))
    #expect(bench.run("C").contains("C"))
  }

  @Test func undoGoesBackOneChangeAtATime() {
    let bench = Bench()
    bench.run("x = 1", "x = 2", "fn f(a) = a + x")
    #expect(bench.run("f(1)") == "%1 = 3\n")
    #expect(bench.run(":undo") == "took back: fn f(a) = a + x\n")
    #expect(bench.run("f(1)").contains("error[R0202]"))
    bench.run(":undo")
    #expect(bench.run("x") == "%2 = 1\n")
    bench.run(":undo")
    #expect(bench.run("x") == "%3 = x\n")
    #expect(bench.run(":undo").contains("error[R0243]: there is nothing to undo"))
  }

  @Test func aNameOfTheZooMayBeTakenAndGivenBack() {
    let bench = Bench()
    #expect(bench.run(":compare Lion SGD").hasPrefix("different"))
    #expect(
      bench.run("rule Lion(lr = 0.1) { w' = w - lr * g }")
        == "defined rule Lion, which hides the zoo's\n")
    #expect(bench.run(":compare Lion SGD").hasPrefix("proved equal"))
    bench.run(":undo")
    #expect(bench.run(":compare Lion SGD").hasPrefix("different"))
  }

  @Test func rulesAtThePromptAreDescribedAndCompared() {
    let bench = Bench()
    #expect(bench.run("Lion").hasPrefix("Lion\n  Lion: evolved sign momentum."))
    #expect(bench.run("SGD == Lion").hasPrefix("different"))
    #expect(bench.session.worst == .finding)
    #expect(bench.run("Lion(lrr = 1)").contains("did you mean `lr`?"))
    #expect(bench.session.worst == .program)
  }

  @Test func severalCurvesAreOneFigure() {
    let bench = Bench()
    let both = bench.run(":plot cosine(0.1), linear_decay(0.1) for t in 1..50")
    #expect(both.contains("A cosine(0.1)  B linear_decay(0.1)"))
    bench.run(":set plot svg")
    #expect(bench.run(":plot x^2, 1, a(x) for x in 0..1").contains("R0202"))
    #expect(bench.run(":plot x^2, 1 for x in 0..1") == "wrote plot-1.svg\n")
    #expect(bench.console.files["plot-1.svg"]!.text.contains(">x^2<"))
    #expect(bench.run(":plot x, y").contains("here are x, y"))
    #expect(bench.run(":plot x, cosine(1)").contains("here is x beside t"))
    #expect(bench.run(":plot 1, 2").contains("this is one number"))
  }

  @Test func experimentsRunAndPlot() {
    let bench = Bench()
    bench.run("objective bowl(x: vector(2) = [1, 1]) = sum(x^2)")
    let table = bench.run("minimize bowl with SGD(lr = 0.1) for 20 steps")
    #expect(table.contains("SGD(lr = 0.1)  0.0002658     20"))
    #expect(bench.run("plot loss").contains("⠤"))
    #expect(bench.run(":plot path").contains("x[0]"))
    #expect(bench.run(":set plot ascii", ":plot loss").contains("***"))
    #expect(bench.run("assert 1 > 2").contains("error[R0920]"))
    bench.run(":set plot svg")
    #expect(bench.run("plot loss") == "wrote plot-1.svg\n")
    #expect(bench.console.files["plot-1.svg"]!.text.hasPrefix("<svg"))
    #expect(bench.run("plot loss") == "wrote plot-2.svg\n")
    bench.run(":set plot sixel")
    #expect(!bench.run("plot loss").contains("\u{1B}"))
    bench.console.showsImages = true
    #expect(bench.run("plot loss").hasPrefix("\u{1B}Pq"))
    #expect(bench.run(":set plot kitty", "plot loss").hasPrefix("\u{1B}_Ga=T"))
  }

  // MARK: Files

  @Test func loadingABrokenScriptChangesNothing() {
    let bench = Bench()
    bench.console.files["good.opt"] = ("x = 2\nfn f(a) = a * x\nf(3)\n", 1)
    bench.console.files["bad.opt"] = ("x = 5\nfn f(a) = a * y\n", 1)
    let said = bench.run(":load good.opt")
    #expect(said == "%1 = 6\nloaded x, f\n")
    #expect(bench.run(":load bad.opt").contains("bad.opt:2:15"))
    #expect(bench.run("f(1)") == "%2 = 2\n")
    #expect(bench.run(":load none.opt").contains("error[R0701]"))
    #expect(bench.run(":load none.opt").contains("input 5:1:7"))
    #expect(bench.run("f(1)") == "%3 = 2\n")
  }

  @Test func whatChangedOnDiskIsLoadedAgain() {
    let bench = Bench()
    #expect(bench.run(":reload") == "nothing was loaded\n")
    bench.console.files["a.opt"] = ("x = 2\n", 1)
    bench.run(":load a.opt")
    #expect(bench.run(":reload") == "nothing has changed\n")
    bench.console.files["a.opt"] = ("x = 3\n", 2)
    bench.run(":reload")
    #expect(bench.run("x") == "%1 = 3\n")
    bench.console.files["a.opt"] = ("x = \n", 3)
    #expect(bench.run(":reload").contains("error[R0120]"))
    #expect(bench.run("x") == "%2 = 3\n")
    bench.console.files["a.opt"] = nil
    #expect(bench.run(":reload").contains("warning[R0701]"))
  }

  @Test func aSavedSessionIsAScriptThatGivesTheSame() {
    let bench = Bench()
    bench.run(
      "x = 2", "## Doubles.\nfn f(a) = 2 * a", "f(x)", "x = 3",
      "objective bowl(p: vector(2) = [1, 1]) = sum(p^2)", "minimize bowl with SGD for 3 steps",
      "f(%)", ":nonsense")
    #expect(bench.run(":save s.opt") == "saved s.opt\n")
    #expect(bench.run(":save s.opt").contains("error[R0764]"))
    #expect(bench.run(":save! s.opt") == "saved s.opt\n")
    #expect(bench.run(":save /full/s.opt").contains("error[R0752]"))
    let text = bench.console.files["s.opt"]!.text
    #expect(
      text == """
        ## Doubles.
        fn f(a) = 2 * a

        f(x)

        x = 3
        objective bowl(p: vector(2) = [1, 1]) = sum(p^2)

        minimize bowl with SGD for 3 steps
        f(4)

        """)
    let other = Bench()
    other.console.files["s.opt"] = (text, 1)
    #expect(!other.run(":load s.opt").contains("error"))
  }

  // MARK: Commands

  @Test(arguments: [
    (":halp", "error[R0240]: there is no command `:halp`", "did you mean `:help`?"),
    (":st", "error[R0240]: `:st` may be :steady, :stability", "shortened"),
    (":compare Lion", "error[R0242]: `:compare` takes two rules", ":1:10"),
    (":compare Lion Lio", "error[R0201]", ":1:15"),
    (":compare Lion(β1 = β Lion", "error[R0", ":1:"),
    (":simplify (a + ", "error[R0", ":1:"),
    (":diff x^2 * a", "error[R0242]: `:diff` needs one of `wrt a`, `wrt x`", ":1:7"),
    (":solve a * x = 3", "error[R0242]: `:solve` needs one of `for a`, `for x`", ":1:8"),
    (":solve 2 = 3", "error[R0242]: there is no free name here", ":1:8"),
    (":diff x^2 wrt 3", "error[R0242]: here stands one name", ":1:15"),
    (":solve sin(x) = 1 for x", "error[R0840]", ":1:8"),
    (":closed Lion.q", "error[R0840]: `Lion` has no state `q`; it has m", ":1:9"),
    (":closed Adam", "error[R0242]: which of m, v? write `Adam.m`", ":1:9"),
    (":closed SGD", "error[R0242]: `SGD` has no states", ":1:9"),
    (":unroll EMAMomentum.m 99999999999", "error[R0242]: from 1 to 64", ":1:23"),
    (":set plott ascii", "error[R0242]: there is no setting `plott`", "did you mean `plot`?"),
    (":set plot blue", "error[R0242]: plot is ascii, braille", ":1:11"),
    (":set width 3", "error[R0242]", ":1:12"),
    (":help Lio", "error[R0244]: there is no help on `Lio`", "did you mean `Lion`?"),
    (":trace Lion at 0", "error[R0242]: steps count", ":1:16"),
    (":trace Lion with q = 1", "error[R0242]: write `with g = 0`", ":1:18"),
    (":assume x", "error[R0242]", ":1:9"), (":assume x in [0, y]", "error[R0201]", ":1:18"),
    (":plot 3", "error[R0242]: this is one number", ":1:7"),
    (":plot a + b", "error[R0242]: a curve has one free name", ":1:7"),
    (":plot filter Adam", "error[R0840]", "no filter"),
    (":lr Lion", "error[R0242]", ":1:5"),
    (":time", "error[R0242]: `:time` of what?", ":1:1"),
    (":quit! ", "error[R0242]: only `:save` takes a `!`", ":1:1"),
    (":save", "error[R0242]", ":1:1"),
  ])
  func wrongCommandsAreToldWhereAndHow(_ text: String, _ first: String, _ then: String) {
    let said = Bench().run(text)
    #expect(said.contains(first) && said.contains(then), "\(text)\n\(said)")
  }

  @Test(arguments: [
    (":h simplify", ":simplify EXPR"), (":?", "the session"), (":c", "error[R0240]"),
    (":exp (a + b)^2", "%1 = a^2 + 2 * a * b + b^2"), (":id SGD(lr = 1)", ""),
    (":help R0301", "R0301: A missing prime"), (":help :com", ":compare RULE RULE"),
    (":help sqrt", "sqrt(x): the square root"), (":help Lion", "## Lion: evolved sign momentum."),
    (":type [1, 2] + 1", "vector(2)\n"), (":type 1 < 2", "a condition\n"),
    (":type a * β1", "a number (a, β1 free)\n"), (":type Lion", "state m: like w"),
    (":type ema", "fn ema(x, y, β) = β * x + (1 - β) * y\n"),
    (":show Lion(lr = 1)", "rule Lion("), (":dump ir Lion", "function Lion"),
    (":browse sign", "Signum"), (":set", "plot     braille"),
    (":latex β1 * m", "\\beta_{1} \\, m"), (":units SGD", "[w]^2/[loss]"),
    (":bounds Lion", "|w| <= 1 / λ is kept once it holds where lr * λ <= 1"),
    (":closed EMAMomentum.m", "m = sum((1 - β) * β^(t - k) * g_k for k in 1..t)"),
    (":closed Signum", "m = sum("),
    (":unroll EMAMomentum 2", "m_2 = (1 - β) * g_2 + (β - β^2) * g_1"),
    (":stability HeavyBall", "0 < lr * h < 2 * (1 + μ)"),
    (":steady Adam", "with ε → 0 the update is -lr * sign(g)"),
    (":solve x^2 = a for x", "%2 = sqrt(a)"), (":solve sqrt(y) = 3", "%1 = 9"),
    (":solve t / T = 0.5 for t", "%1 = 0.5 * T"), (":solve 2 * log(x) = 0", "%1 = 1"),
    ("[1, 2, 3][:-1]", "%1 = [1, 2]"), ("[1, 2, 3][-2:]", "%1 = [2, 3]"),
    ("[1, 2, 3][-2:-1]", "%1 = 2"), ("[1, 2, 3][:3]", "%1 = [1, 2, 3]"),
    ("[1, 2, 3][2:9]", "the index 9 is outside an axis of length 3"),
    ("[1, 2, 3][-4]", "the index -4 is outside an axis of length 3"),
    ("[1, 2, 3][-4:]", "the index -4 is outside an axis of length 3"),
    (":diff abs(x) wrt x", "  where x != 0"), (":diff relu(2 * x) wrt x", "  where x != 0"),
    (":diff t^2 wrt t", "%1 = 2 * t"),
    (":diff pi * y^2", "%1 = 2 * y * pi"), (":factor a * x + a * y", "%1 = a * (x + y)"),
    (":collect (x + a)^2 by x", "%1 = x^2 + 2 * a * x + a^2"),
    (":subst β = 1/2 in β * m", "%1 = 0.5 * m"),
    (":sensitivity SGD wrt lr", "%1 = -"), (":time 1 + 1", "took "),
    (":reduce Lion", "rule Reduced("), (":invariance Lion", "rotation equivariant"),
    (":lr AdamW -> Lion", "Lion moves as far with its lr multiplied by"),
    (":plot filter HeavyBall", "cycles a step"), (":plot stability HeavyBall", "stable region"),
    (":plot warmup_cosine(1, warmup = 10)", "t"), (":plot x^2 for x in -1..1", "x^2"),
    (":trace Adam(ε = 0) with g = 0", "here the first value is NaN"),
    (":trace Muon at 3", "‖w' - w‖ / ‖w‖"), (":help wrt", "error[R0244]"),
  ])
  func commandsAnswer(_ text: String, _ expected: String) {
    let said = Bench().run(text)
    #expect(expected.isEmpty || said.contains(expected), "\(text)\n\(said)")
  }

  @Test func everyCommandHasAnExampleThatRuns() {
    for command in CommandName.allCases
    where ![.quit, .load, .reload, .save, .undo, .identify].contains(command) {
      let said = Bench().run(command.example)
      #expect(!said.contains("error["), "\(command.example)\n\(said)")
      #expect(CommandName.matching(command.rawValue) == [command])
    }
  }

  @Test func quitEndsTheSession() {
    let bench = Bench()
    #expect(bench.session.submit("1"))
    #expect(!bench.session.submit(":q"))
  }

  @Test func withoutUnicodeAllIsASCII() {
    let bench = Bench()
    bench.console.showsUnicode = false
    for text in [
      ":steady Adam", "β1 + λ", ":help", ":plot t / T", ":stability HeavyBall", ":trace Lion",
      "é", "‖[3, 4]‖",
    ] {
      let said = bench.run(text)
      #expect(said.utf8.allSatisfy { $0 < 0x80 }, "\(said)")
    }
    #expect(bench.run("β1 + λ") == "%3 = beta1 + lambda\n")
  }

  // MARK: Named axes

  /// Three gradients that are longer than 1 are clipped to it: together they have the length √3.
  @Test func aRuleWithAxesIsTraced() {
    let said = Bench().run(":trace DPSGD(noise = 0)")
    let rows = said.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.contains { $0.prefix(2) == ["per_example_gradients", "3×6×4"] }, "\(said)")
    #expect(rows.contains { $0.prefix(3) == ["clipped", "3×6×4", "1.732"] }, "\(said)")
    #expect(!said.contains("error"))
  }

  /// A step goes no farther than lr · c = 0.1: from 1 nothing leads away, however steep the bowl.
  @Test func aRuleWithAxesIsMeasured() {
    let said = Bench().run(":stability DPSGD(lr = 0.1, c = 1, noise = 0)")
    #expect(said.hasPrefix("it has named axes, which the algebra does not know"), "\(said)")
    #expect(said.contains("no farther away after 200 steps for h up to"), "\(said)")
    #expect(said.contains("and perhaps beyond"), "\(said)")
  }

  /// (1 + (1 - lr h)²) / 2 is 1 at lr h = 2; averages of RMSProp take some hundred steps.
  @Test func whatIsMeasuredIsMeasuredLongEnough() throws {
    let said = Bench().run(":stability Lookahead(SGD, k = 2)")
    let line = try #require(said.split(separator: "\n").first { $0.contains("for h up to") })
    let limit = try #require(Double(line.split(separator: " ").last ?? ""), "\(said)")
    #expect(limit <= 2000 && limit > 1996, "\(said)")
    #expect(!Bench().run(":lr RMSProp -> SGD").contains("settled"))
  }

  @Test(arguments: [
    ("rule R(lr = 0.1) { state m; m' = 1.1 * m + g; w' = w - lr * m' }", "for no value of lr * h"),
    ("rule R(lr = 0.1) { state m; m' = g - m; w' = w - lr * m' }", "for no value of lr * h"),
  ]) func whatIsNeverStableIsSaidToBe(_ rule: String, _ expected: String) {
    let bench = Bench()
    _ = bench.run(rule)
    #expect(bench.run(":stability R").contains(expected))
  }

  /// Neither a polynomial of so many coefficients is written out, nor a determinant of so many terms.
  @Test func whatIsHugeHasAnAnswer() {
    #expect(Bench().run(":solve x^1000000000 = a for x").contains("a^"))
    #expect(Bench().run(":solve x^1000000000 + x = a for x").contains("error[R0840]"))
    var chain = "rule Chain(lr = 0.1) { state s0; s0' = 0.9 * s0 + g; "
    for k in 1..<40 { chain += "state s\(k); s\(k)' = 0.9 * s\(k) + s\(k - 1)'; " }
    let bench = Bench()
    _ = bench.run(chain + "w' = w - lr * s39' }")
    let said = bench.run(":stability Chain")
    #expect(said.contains("more than four states: measured at the defaults"), "\(said)")
  }

  /// The root of -16 α β is none.
  @Test func eigenvaluesMeetWhereThereIsARoot() {
    let said = Bench().run(":stability OptimisticGD")
    #expect(said.contains("stable on") && !said.contains("meet"), "\(said)")
  }

  // MARK: Limits

  /// The interrupt comes in the middle of the algebra's work: at the last time but one that it asks whether
  /// to stop, where nobody interrupts it; the last time is when the answer is written.
  @Test func anInterruptStopsTheAlgebraAtWork() {
    let asked = CountedInterrupt()
    var stop = Int.max
    let console = MemoryConsole()
    let session = Session(console: console, interrupt: asked.source())
    session.settings.seconds = 600
    session.submit("rule Squares(lr = 1) { state m  m' = m^2 + g  w' = w - lr * m' }")
    _ = console.take()
    // A statement clears what was asked for before it.
    console.wrote = { text in
      if text.hasPrefix("m_1 = ") { asked.restart(stopAt: stop) }
    }
    session.submit(":unroll Squares.m 7")
    let whole = console.take().split(separator: "\n")
    #expect(whole.count == 7 && !session.wasInterrupted)
    let count = asked.count
    #expect(count > 1)
    stop = count - 1
    session.submit(":unroll Squares.m 7")
    #expect(session.wasInterrupted)
    let lines = console.take().split(separator: "\n")
    #expect((2...7).contains(lines.count) && lines.last?.hasPrefix("interr") == true)
    #expect(lines.dropLast() == whole.prefix(lines.count - 1))
    stop = .max
    session.submit("1 + 1")
    #expect(!session.wasInterrupted && console.take() == "%1 = 2\n")
  }

  /// A term that unfolds beyond all bounds is answered, in part, with little work.
  @Test(arguments: [
    ":expand (a + b + c + d)^40", ":expand (a+b+c+d+e)^30 * (a + f)^20",
    ":simplify 1 / (1 + 1 / (1 + 1 / (1 + 1 / (1 + x)^9)^9)^9)^9",
    ":diff ((((x^x)^x)^x)^x)^x wrt x", ":expand ((a + b)^9 + (c + d)^9)^9 / (a + c)^9",
    ":unroll Lion.m 64",
  ])
  func whatBlowsUpIsStopped(_ text: String) {
    let bench = Bench()
    bench.session.settings.seconds = 2
    let start = ThreadTime.seconds
    let said = bench.run(text)
    #expect(ThreadTime.seconds - start < 30)
    #expect(!said.isEmpty && said.utf8.count < 100_000)
    #expect(bench.run("1 + 1").contains("= 2"))
  }
}
