import Basics
import Diagnostics
import Testing

@testable import Syntax

@Suite struct LexerTests {
  private func kinds(_ text: String) -> [TokenKind] {
    var map = SourceMap()
    return Lexer.lex(map.add(name: "lexer", text: text)).tokens.dropLast().map(\.kind)
  }

  @Test func twinsAreOneToken() {
    #expect(
      kinds("a ≤ b ≥ c ≠ d − e · f × g ⋅ h → i") == kinds("a <= b >= c != d - e * f * g * h -> i"))
    #expect(kinds("π ∞") == kinds("pi inf"))
    #expect(kinds("m′ m’ m'") == [.word, .prime, .word, .prime, .word, .prime])
    #expect(
      kinds("x² y³ √z ‖w‖") == [
        .word, .squared, .word, .cubed, .root, .word, .norm, .word, .norm,
      ])
  }

  @Test func numbers() {
    #expect(expression("1e-3") == "0.001")
    #expect(expression("1_000.5E+2") == "100050")
    #expect(expression("∞") == "inf")
    #expect(expression("π") == expression("3.141592653589793"))
    #expect(expression("2.T") == "(transpose 2)")
    #expect(expression("0.1") == "0.1")
  }

  @Test func strings() {
    #expect(expression(#""a\"b\\c\nd λ""#) == #""a\"b\\c\nd λ""#)
    #expect(expression(#""""#) == #""""#)
  }

  @Test func lineBreaksOfEverySystem() {
    #expect(dump(Parsed("a = 1\r\nb = 2\r\n# c\r\n").tree) == dump(Parsed("a = 1\nb = 2").tree))
    #expect(Parsed("\u{FEFF}a = 1").findings == [])
    #expect(Parsed("\ta\t=\t1").findings == [])
  }

  @Test func spansAreExact() {
    let parsed = Parsed("β = αβ_1 + \"λ\"")
    guard case .definition(let name, let value) = parsed.tree.items[0].kind,
      case .binary(_, let left, let right) = parsed.tree[value]
    else {
      Issue.record("not a sum")
      return
    }
    #expect(parsed.map.text(name.span) == "β")
    #expect(parsed.map.text(parsed.tree.span(left)) == "αβ_1")
    #expect(parsed.map.text(parsed.tree.span(right)) == "\"λ\"")
    #expect(parsed.map.text(parsed.tree.span(value)) == "αβ_1 + \"λ\"")
    #expect(parsed.map.text(parsed.tree.items[0].span) == "β = αβ_1 + \"λ\"")
  }

  @Test(arguments: [
    ("β1", "beta1"), ("β₁", "beta1"), ("ε", "eps"), ("ϵ", "eps"), ("epsilon", "eps"),
    ("epsilon_0", "eps_0"), ("λ_max", "lambda_max"), ("Γ", "Gamma"), ("Δw", "Deltaw"), ("µ", "mu"),
    ("betas", "betas"), ("x_12", "x_12"), ("αβ", "alphabeta"),
  ])
  func greekKeys(_ text: String, _ key: String) {
    #expect(Name(text).key == key)
    #expect(expression(text) == key)
  }

  @Test func greekBothWays() {
    for letter in Greek.letters {
      let name = letter.name
      #expect(Greek.ascii(String(letter.scalar)) == name)
      #expect(Greek.key(of: Greek.unicode(name)) == name)
      #expect(Greek.unicode(name).unicodeScalars.count == 1)
      #expect(Greek.unicode(name + "_1") == Greek.unicode(name) + "_1")
      #expect(Greek.unicode(name + "s") == name + "s")
    }
    #expect(Greek.unicode("beta1") == "β1")
    #expect(Greek.unicode("epsilon") == "ε")
    #expect(Greek.unicode("weight_decay") == "weight_decay")
    #expect(Greek.ascii("β₁₂") == "beta12")
  }
}
