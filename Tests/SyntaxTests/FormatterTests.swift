import Basics
import Diagnostics
import Syntax
import Testing

@Suite struct FormatterTests {
  @Test(arguments: [FormatStyle.asWritten, .ascii, .unicode])
  func keepsMeaningAndIsIdempotent(_ style: FormatStyle) throws {
    let once = try #require(formatted(tour, style))
    #expect(dump(Parsed(once).tree) == dump(Parsed(tour).tree))
    #expect(formatted(once, style) == once)
    #expect(once.contains("# X' is the next iteration's value"))
    #expect(once.split(separator: "\n").allSatisfy { $0.unicodeScalars.count <= 100 })
  }

  /// Every letter of the alphabet survives being spelled out; signs that look like one, and variants
  /// of one, become it.
  @Test func everyGreekLetterComesBack() throws {
    let capitals = (0x391...0x3A9).filter { $0 != 0x3A2 }
    let alphabet = Set((capitals + (0x3B1...0x3C9).filter { $0 != 0x3C2 }).map { UInt32($0) })
    var count = 0
    for letter in Greek.letters {
      let text = "rule R(k = 1) {\n    w' = w - \(letter.scalar)_max1 * k * g\n}\n"
      let spelled = try #require(formatted(text, .ascii))
      #expect(spelled.utf8.allSatisfy { $0 < 0x80 } && spelled.contains("\(letter.name)_max1"))
      let drawn = try #require(formatted(spelled, .unicode))
      #expect(dump(Parsed(drawn).tree) == dump(Parsed(text).tree))
      guard alphabet.contains(letter.scalar.value) else { continue }
      count += 1
      #expect(drawn == text.replacing("*", with: "·"))
    }
    #expect(count == 48)
  }

  @Test func layout() {
    #expect(
      formatted(
        """


        rule   X( lr=1e-3,λ:scalar = 0  in  [0,inf) ){   # head
        # own
        state m ;state v


        m'=ema( m,g ,β )   v' = -v [ 1 : ]^2
            when a>b{ w'=f (x) }
            else { w'=x.T }   # tail
        y = f(a,
        b)
        }
        fn f( x )
        {
        }
        """)
          == """
          rule X(lr = 1e-3, λ: scalar = 0 in [0, inf)) {  # head
              # own
              state m; state v

              m' = ema(m, g, β)   v' = -v[1:]^2
              when a > b { w' = f(x) } else { w' = x.T }  # tail
              y = f(a,
                  b)
          }
          fn f(x) {}

          """)
    #expect(formatted("") == "")
    #expect(formatted("# only\n\n\n\n## doc") == "# only\n\n## doc\n")
  }

  @Test func wideBlocksAreBroken() {
    let name = String(repeating: "a", count: 40)
    #expect(
      formatted("rule X { when \(name) { m' = \(name)   v' = \(name) } else { w' = 1 } }\n")
        == """
        rule X {
            when \(name) {
                m' = \(name)
                v' = \(name)
            } else {
                w' = 1
            }
        }

        """)
  }

  @Test(arguments: [
    ("x = √(v² + ε) · ‖w‖ ≤ π", "x = sqrt(v^2 + eps) * norm(w) <= pi\n"),
    ("x = √v^2 − ∞", "x = sqrt(v^2) - inf\n"),
    ("x = √√β₁'", "x = sqrt(sqrt(beta1'))\n"),
    ("x = a ≠ b and c ≥ λ_max³ # λ", "x = a != b and c >= lambda_max^3  # λ\n"),
  ])
  func ascii(_ text: String, _ result: String) {
    #expect(formatted(text, .ascii) == result)
    #expect(dump(Parsed(result).tree) == dump(Parsed(text).tree))
  }

  @Test(arguments: [
    ("x = sqrt(v^2 + eps) * norm(w) <= pi", "x = √(v² + ε) · ‖w‖ ≤ π\n"),
    ("x = sqrt(v')", "x = √v'\n"),
    ("x = sqrt(v)^2", "x = sqrt(v)²\n"),
    ("x = x^2^3 + y^4", "x = x^2³ + y^4\n"),
    ("x = beta1 * betas + lambda_max", "x = β1 · betas + λ_max\n"),
    ("x = global norm(g) + norm(a, b)", "x = global norm(g) + norm(a, b)\n"),
    ("x = \"beta1 <= 2\"  # beta1", "x = \"beta1 <= 2\"  # beta1\n"),
  ])
  func unicode(_ text: String, _ result: String) {
    #expect(formatted(text, .unicode) == result)
    #expect(dump(Parsed(result).tree) == dump(Parsed(text).tree))
  }

  @Test func brokenFilesAreLeftAlone() {
    var map = SourceMap()
    var bag = DiagnosticBag()
    #expect(format(map.add(name: "x", text: "x = )"), style: .asWritten, into: &bag) == nil)
    #expect(bag.hasErrors)
  }
}
