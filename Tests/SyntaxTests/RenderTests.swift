import Basics
import Syntax
import Testing

@testable import Diagnostics

@Suite struct RenderTests {
  private func render(_ text: String, colour: Bool = false) -> String {
    let parsed = Parsed(text)
    return DiagnosticRenderer(sources: parsed.map, colour: colour).text(parsed.bag.sorted)
  }

  @Test func aPageOfIt() {
    #expect(
      render("y = f(漢, 2x)\n\nx = (1\n").hasSuffix(
        """
        error[R0121]: expected `)`
         --> test.opt:3:7
          |
        3 | x = (1
          |       ^
        note: `(` was opened here
         --> test.opt:3:5
          |
        3 | x = (1
          |     -
        help: insert `)`
        3 | x = (1)
          |       ~

        """))
    #expect(
      render("y = f(\"漢\", 2x)\n")
        == """
        error[R0105]: a number runs into a name; a product is written with `*`
         --> test.opt:1:12
          |
        1 | y = f("漢", 2x)
          |             ^^
        help: write `2 * x`
        1 | y = f("漢", 2 * x)
          |             ~~~~~

        """)
  }

  @Test func longLinesAreShownInPart() {
    let text = render(
      "x = " + String(repeating: "a + ", count: 100_000) + ") # "
        + String(repeating: "β", count: 5_000))
    #expect(text.utf8.count < 1_000)
    let wide = render(
      "x = " + String(repeating: "β + ", count: 60) + ") + " + String(repeating: "b + ", count: 60)
        + "b")
    #expect(wide.contains("…"))
    let lines = wide.split(separator: "\n")
    let column = lines[3].unicodeScalars.firstIndex(of: ")").map {
      lines[3].unicodeScalars.distance(from: lines[3].unicodeScalars.startIndex, to: $0)
    }
    let caret = lines[4].unicodeScalars.firstIndex(of: "^").map {
      lines[4].unicodeScalars.distance(from: lines[4].unicodeScalars.startIndex, to: $0)
    }
    #expect(column != nil && column == caret)
  }

  @Test func programsDoNotSteerTheTerminal() {
    let text = render("x = \"\u{1B}[31m\u{202E}\" 3\u{7}")
    #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" || $0 == "\u{7}" })
    #expect(render("x = ", colour: true).contains("\u{1B}[1;31merror[R0120]\u{1B}[0m"))
  }

  @Test func json() {
    let parsed = Parsed("x = (\"a\\\"\u{1}\"\n")
    #expect(
      DiagnosticRenderer(sources: parsed.map).json(parsed.bag.sorted)
        == """
        [
          {"code": "R0121", "severity": "error", "message": "expected `)`", "file": "test.opt", \
        "line": 1, "column": 12, "endLine": 1, "endColumn": 12, "notes": [{"message": "`(` was \
        opened here", "file": "test.opt", "line": 1, "column": 5, "endLine": 1, "endColumn": 6}], \
        "fixits": [{"message": "insert `)`", "file": "test.opt", "line": 1, "column": 12, \
        "endLine": 1, "endColumn": 12, "replacement": ")"}]}
        ]
        """)
    #expect(JSONText.quoted("a\"\\\n\u{1}\u{2028}é") == #""a\"\\\n\u0001\u2028é""#)
    #expect(DiagnosticRenderer(sources: SourceMap()).json([]) == "[]")
    #expect(
      DiagnosticRenderer(sources: SourceMap()).json([Diagnostic(.tooDeep, .warning, "m", at: .none)]
      )
      .contains("\"file\": null"))
  }
}
