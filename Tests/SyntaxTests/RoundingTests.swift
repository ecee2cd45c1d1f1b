import Syntax
import Testing

/// `round stochastic` at the end of an equation.
@Suite struct RoundingTests {
  private func rule(_ equations: String) -> String { "rule R(lr = 0.1) {\n\(equations)\n}\n" }

  @Test func anEquationSaysHowItIsRounded() {
    let parsed = Parsed(rule("    w' = w - lr * g round stochastic"))
    #expect(parsed.findings == [])
    #expect(dump(parsed.tree).contains("(equation w' = (- w (* lr g)) round stochastic)"))
    let plain = Parsed(rule("    w' = w - lr * round(g)\n    u = round(w)"))
    #expect(plain.findings == [])
    #expect(!dump(plain.tree).contains("stochastic"))
  }

  @Test func theWordsAreKeptWhereTheyStand() {
    let text = rule("    w' = w - lr * g   round   stochastic # by chance")
    #expect(
      formatted(text)?.contains("    w' = w - lr * g round stochastic") ?? false,
      "\(formatted(text) ?? "no text")")
  }

  @Test(arguments: [
    ("    w' = w - lr * g round", "R0"), ("    w' = w - lr * g round 3", "R0"),
  ])
  func theWayOfRoundingIsAName(_ equations: String, _ code: String) {
    #expect(Parsed(rule(equations)).findings.contains { $0.hasPrefix(code) })
  }
}
