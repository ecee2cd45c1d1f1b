import Testing

@testable import Session

@Suite struct StatementReaderTests {
  @Test(arguments: [
    ("2 + 3", false), ("2 +", true), ("rule A {", true), ("rule A(lr = 1", true),
    ("rule A { w' = w }", false), ("rule A {\n  w' = w", true), ("f(1,", true),
    ("train mlp on digits", true), ("minimize f with", true), ("## What it is", true),
    ("# a comment", false), ("## What\nfn f(a) = a", false), (":simplify (a +", true),
    (":simplify a", false), ("x =", true), ("\"open", false), ("1 + 1 )", false),
    ("rule A = route {", true), ("assert Lion ==", true), ("]", false),
  ])
  func unfinishedStatementsAreKnown(_ text: String, _ isUnfinished: Bool) {
    #expect(StatementReader.isUnfinished(text) == isUnfinished)
  }

  @Test func linesBecomeStatements() {
    var reader = StatementReader()
    #expect(reader.read("rule A(lr = 1) {") == [])
    #expect(reader.isOpen && reader.prompt == StatementReader.continuation)
    #expect(reader.read("  w' = w - lr * g") == [])
    #expect(reader.read("}") == ["rule A(lr = 1) {\n  w' = w - lr * g\n}"])
    #expect(!reader.isOpen && reader.prompt == StatementReader.prompt)
    #expect(reader.read("1 + 1\n\n2 +\n3\r\n") == ["1 + 1", "2 +\n3"])
    #expect(reader.read("f(") == [])
    #expect(reader.read(":help") == ["f(", ":help"])
    #expect(reader.read("g(") == [])
    #expect(reader.leave() && !reader.isOpen && !reader.leave())
  }

  @Test func aPastedTranscriptRunsItsInputs() {
    var reader = StatementReader()
    let text = """
      ravine> 7 * 6
      %1 = 42
      ravine> rule Q(lr = 1) {
         ...>   w' = w - lr * g
         ...> }
      defined rule Q
      ravine>
      ravine> % + 1
      """
    #expect(
      reader.read(text) == ["7 * 6", "rule Q(lr = 1) {\n  w' = w - lr * g\n}", "% + 1"])
    #expect(reader.read("ravine> 1") == ["1"])
    #expect(reader.read("2") == ["2"])
  }

  @Test func aPipedTranscriptSkipsWhatWasPrinted() {
    var reader = StatementReader()
    #expect(reader.readPiped("# tolerance 1e-6") == ["# tolerance 1e-6"])
    #expect(reader.readPiped("ravine> 2") == ["2"])
    #expect(reader.readPiped("%1 = 2") == [])
    #expect(reader.readPiped("ravine> 3") == ["3"])
    var script = StatementReader()
    #expect(script.readPiped("1 + 1") == ["1 + 1"])
    #expect(script.readPiped("ravine> 2") == ["2"])
    #expect(script.readPiped("3") == ["3"])
  }

  @Test func historyKeepsStatementsOfSeveralLines() {
    let all = ["1 + 1", "rule A {\n  w' = w\n}", "a \\n b", "β\r"]
    let file = all.map { StatementHistory.line($0) + "\n" }.joined()
    #expect(StatementHistory.statements(Array(file.utf8)) == all)
    // A last line without its break is what a crash left.
    #expect(StatementHistory.statements(Array((file + "half").utf8)) == all)
    #expect(StatementHistory.statements([]) == [])
    #expect(StatementHistory.statements([0xFF, 0, 0x5C, 0x0A, 0x0A]).count == 1)
  }

  @Test(arguments: [
    (":simp", 5, 0, [":simplify"]), (":s", 2, 0, [":save", ":sensitivity", ":set", ":show"]),
    ("Signu", 5, 0, ["Signum"]), ("w - Signu", 9, 4, ["Signum"]),
    ("Lion(l", 6, 5, ["lr = "]), ("Lion(", 5, 5, ["lr = ", "β1 = ", "β2 = ", "λ = "]),
    ("Lion(lr = 1, b", 14, 13, ["β1 = ", "β2 = "]), ("Lion(beta1", 10, 5, ["β1 = "]),
    ("\\beta", 5, 0, ["β"]), ("x + \\lambda", 11, 4, ["λ"]), ("\\beta1", 6, 0, ["β1"]),
    ("\\epsilon", 8, 0, ["ε"]), ("\\lamb", 5, 0, ["λ"]),
    (":load ex", 8, 6, ["examples.opt"]), ("data d = csv(\"ex", 16, 14, ["examples.opt"]),
    (":set plot b", 11, 10, ["braille"]), (":help Signu", 11, 6, ["Signum"]),
    ("mini", 4, 0, ["minimize"]), ("", 0, 0, []), ("warmup_cosine(pe", 16, 14, ["peak = "]),
    ("minimize bowl wi", 16, 14, ["with"]), ("own", 3, 0, ["owned"]),
  ])
  func completionKnowsWhatMayStand(
    _ line: String, _ cursor: Int, _ start: Int, _ expected: [String]
  ) {
    let bench = Bench()
    bench.console.files["examples.opt"] = ("", 1)
    bench.run("owned = 3")
    let found = bench.session.completion(of: line, at: cursor)
    #expect(found.start == start)
    #expect(expected.allSatisfy(found.candidates.contains), "\(found.candidates)")
    #expect(found.candidates.isEmpty == expected.isEmpty)
    for candidate in found.candidates { #expect(!candidate.contains("\n")) }
  }

  /// In a declaration that is being written its own names stand, and those of no other.
  @Test func completionKnowsTheDeclarationAroundIt() {
    let bench = Bench()
    bench.run("rule Other(strange = 0.1) { w' = w - strange * g }", "scale = 2")
    func candidates(_ line: String, after pending: String = "") -> [String] {
      bench.session.completion(of: line, at: line.utf8.count, after: pending).candidates
    }
    let rule = "rule A(rate = 0.1) {\n  state memory\n  memory' = memory / 2 + g\n"
    #expect(candidates("  w' = w - ra", after: rule) == ["rademacher", "rank", "rate"])
    #expect(candidates("  w' = w - mem", after: rule) == ["memory"])
    #expect(candidates("  w' = w - sca", after: rule) == ["scale"])
    #expect(candidates("  w' = w - str", after: rule).isEmpty)
    #expect(candidates("  w' = w - row", after: rule).contains("rows"))
    #expect(candidates("ra") == ["rademacher"])
    #expect(candidates("ob", after: rule).isEmpty)
    #expect(candidates("Oth") == ["Other"])
    #expect(candidates("Other(") == ["strange = "])
    #expect(candidates("fn f(first, second) = first * se") == ["second"])
  }
}
