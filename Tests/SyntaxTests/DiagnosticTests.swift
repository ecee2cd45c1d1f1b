import Diagnostics
import Syntax
import Testing

/// Every syntax diagnostic: its code and exact span, alone.
@Suite struct DiagnosticTests {
  @Test(arguments: [
    ("x = 1 ? 2", "R0128 @ ?"),
    ("rule X(lr = 1; s) { w' = w }", "R0150 @ ;"),
    ("fn f(x; y) = x", "R0150 @ ;"),
    ("x = \0\0\u{1}", "R0102 @ \0\0\u{1}"),
    ("x = a ∈ b", "R0102 @ ∈"),
    ("x = \"abc", "R0103 @ \"abc"),
    ("x = \"a\\qb\"", "R0104 @ \\q"),
    ("x = .5", "R0105 @ .5"),
    ("x = 1. + 2", "R0105 @ 1."),
    ("x = 2x", "R0105 @ 2x"),
    ("x = 1e", "R0105 @ 1e"),
    ("x = 1.2.3", "R0105 @ 1.2.3"),
    ("x = 1e999", "R0105 @ 1e999"),
    ("x = a ** b", "R0106 @ **"),
    ("x = a && b", "R0106 @ &&"),
    ("x = !a", "R0106 @ !"),
    ("x = a%b", "R0106 @ %"),
    ("x = a || b", "R0106 @ ||"),
    ("x = ||a||", "R0106 @ ||"),
    ("x = a === b", "R0106 @ ==="),
    ("x = 'adam'", "R0107 @ 'adam'"),
    ("x = ' 3", "R0108 @ '"),
    ("rule X { state m   m ' = g   m ' = 'a' }", "R0108 @ ' R0108 @ ' R0107 @ 'a'"),
    ("data d = csv(\"a.csv", "R0103 @ \"a.csv"),
    ("x = ", "R0120 @ "),
    ("x = * 3", "R0120 @ *"),
    ("x = a +\ny = 3", "R0120 @ "),
    ("x = a[]", "R0120 @ ]"),
    ("x = f(a", "R0121 @ "),
    ("x = f(a b)", "R0121 @ b"),
    ("x = (a + b\ny = 2", "R0121 @ "),
    ("x = ‖a", "R0121 @ "),
    ("rule X {\n m' = f(a\n w' = 3\n}", "R0121 @ "),
    ("rule X {\n m' = a\nrule Y {\n}", "R0122 @ "),
    ("}", "R0123 @ }"),
    ("x = 1)", "R0123 @ )"),
    ("x = a < b < c", "R0124 @ <"),
    ("x = 1 2", "R0125 @ 2"),
    ("rule X {\n m' = a b\n}", "R0125 @ b"),
    ("rule 3 {}", "R0126 @ 3"),
    ("rule X(lr: ) {}", "R0126 @ )"),
    ("rule X { state 3 }", "R0126 @ 3"),
    ("rule X { guard nan }", "R0126 @ nan"),
    ("objective o {\n param ascend y: scalar = 1\n}", "R0126 @ ascend"),
    ("x = a.3", "R0126 @ 3"),
    ("data d csv(\"x\")", "R0127 @ csv"),
    ("rule X { view eval w }", "R0127 @ w"),
    ("x = if a then b", "R0128 @ "),
    ("rule X { if a > 3 { w' = 1 } }", "R0128 @ {"),
    ("x = 1 + if a then b else c", "R0129 @ if"),
    ("x = 1 + not a", "R0129 @ not"),
    ("x = x²^3", "R0130 @ ^"),
    ("rule X { m'' = 3 }", "R0131 @ '"),
    ("rule X { m' = (a)' }", "R0131 @ '"),
    ("x = f(a = 1, 2)", "R0132 @ 2"),
    ("x = 2(a)", "R0133 @ ("),
    ("def f(x) = 3", "R0140 @ def"),
    ("rule X { let a = 3 }", "R0140 @ let "),
    ("rule X { stat m }", "R0140 @ stat"),
    ("optimizer Lion { }", "R0140 @ optimizer"),
    ("fn f(x) { return x }", "R0140 @ return "),
    ("rule X { else { } }", "R0140 @ else"),
    ("rule X { when a { b = 1 } elif c { b = 2 } }", "R0140 @ elif"),
    ("rule X { w - 1 }", "R0141 @ w - 1"),
    ("fn f(x) { x\n y = 2\n y }", "R0141 @ x"),
    ("rule X { x[0] = 3 }", "R0142 @ x[0]"),
    ("Q, R = qr(A)", "R0142 @ Q, R"),
    ("rule X { m' += 3 }", "R0143 @ +="),
    ("rule X { m := 3 }", "R0143 @ :="),
    ("rule X { m <- 3 }", "R0143 @ <-"),
    ("rule X\nx = 1", "R0144 @ "),
    ("rule X(a in 3) {}", "R0145 @ 3"),
    ("rule X(a = 1 in [0 1]) {}", "R0145 @ [0 1"),
    ("rule X = route { a Lion }", "R0146 @ Lion"),
    ("minimize f for 3 steps", "R0147 @ for"),
    ("train f with Lion", "R0147 @ with"),
    ("minimize f with Lion for 3", "R0147 @ "),
    ("minimize f with Lion sedes 3", "R0148 @ sedes"),
    ("state m", "R0149 @ state"),
    ("m' = 3", "R0149 @ m'"),
  ])
  func alone(_ text: String, _ finding: String) {
    #expect(Parsed(text).findings.joined(separator: " ") == finding)
  }

  @Test func invalidUTF8() {
    let parsed = Parsed([0x78, 0x3D, 0xFF, 0xFE, 0xC3, 0x0A, 0x79, 0x3D, 0x31])
    #expect(parsed.bag.all.map(\.code.number) == [101])
    let span = parsed.bag.all[0].span
    #expect((span.start - parsed.file.base, span.end - parsed.file.base) == (2, 5))
    #expect(parsed.tree.items.count == 2)
    // In strings and comments as well.
    #expect(
      Parsed(Array("x = \"".utf8) + [0xFF] + Array("\"".utf8)).bag.all.map(\.code.number) == [101])
    #expect(Parsed(Array("x = 1 # ".utf8) + [0xFF, 0x80]).bag.all.map(\.code.number) == [101])
  }

  @Test func severalInOneRun() {
    let parsed = Parsed(
      """
      rule X(lr = , b) {
          m' = ema(m, , β)
          v' = (v + 1
          w' = w - * lr
          n' = f(n) f
      }
      y = a +
      z = 3
      """)
    #expect(
      parsed.bag.sorted.map(\.code.number) == [120, 120, 121, 120, 125, 120])
    guard case .rule(let rule) = parsed.tree.items[0].kind, case .equations(let body) = rule.body
    else {
      Issue.record("the rule was lost")
      return
    }
    #expect(rule.parameters.map(\.name.key) == ["lr", "b"])
    #expect(body.count == 4)
    #expect(parsed.tree.items.count == 3)
  }

  /// Applying what a diagnostic offers leaves a text without that diagnostic.
  @Test(arguments: [
    "x = .5", "x = 1. + 2", "x = 2x", "x = a**b", "x = a&&b", "x = !a", "x = a%b", "x = ||a||",
    "x = 'adam'", "rule X { state m   m ' = g }", "x = \"abc", "x = \"a\\qb\"", "x = f(a", "x = ‖a",
    "x = 1 + not a",
    "x = 1 + if a then b else c", "rule X { m'' = 3 }", "x = 2(a)", "def f(x) = 3",
    "rule X { let a = 3 }", "rule X { stat m }", "optimizer L { }", "fn f(x) { return x }",
    "rule X { w' == 3 }", "rule X { m' += 3 }", "rule X { m := 3 }", "rule X { m <- 3 }",
    "rule X { when a { b = 1 } else if c { b = 2 } }", "rule X {\n m' = a\nrule Y {\n}",
    "x = a ∧ b", "m̂ = 3", "minimize f with Lion sedes 3", "x = 1)", "x = 1e999",
    "x = \u{201C}a\u{201D}",
  ])
  func fixItMends(_ text: String) {
    let parsed = Parsed(text)
    #expect(!parsed.bag.all.isEmpty)
    let fixIts = parsed.bag.all.flatMap(\.fixIts).sorted { $0.span.start > $1.span.start }
    #expect(!fixIts.isEmpty)
    var bytes = Array(text.utf8)
    for fixIt in fixIts {
      let low = Int(fixIt.span.start - parsed.file.base)
      let high = Int(fixIt.span.end - parsed.file.base)
      bytes.replaceSubrange(low..<high, with: Array(fixIt.replacement.utf8))
    }
    let mended = Parsed(bytes)
    #expect(mended.findings == [], "\(String(decoding: bytes, as: UTF8.self))")
  }

  @Test func errorsAreBounded() {
    let parsed = Parsed(String(repeating: "x = )\n", count: 100_000))
    #expect(parsed.bag.all.last?.code.number == 112)
    #expect(parsed.bag.all.count == 51)
    #expect(Parsed(String(repeating: "a\0", count: 100_000)).bag.all.last?.code.number == 112)
  }
}
