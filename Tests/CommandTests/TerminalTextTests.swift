import Basics
import Foundation
import Support
import Testing

/// What others wrote does not steer the terminal, whichever way it comes.
@Suite struct TerminalTextTests {
  /// A title, a colour, a C1 control, an override of the direction, a bell.
  static let hostile = "\u{1B}]0;x\u{7}\u{1B}[31m\u{9B}2J\u{202E}\u{61C}\u{2066}"

  static func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      $0 == "\n" || $0 == "\t" || TextWidth.isPrintable($0)
    }
  }

  @Test func controlsAreSpelledOut() {
    #expect(
      TerminalText.visible("a\u{1B}[2Jb\u{9B}\u{202E}\r\n")
        == "a\\u{1b}[2Jb\\u{9b}\\u{202e}\\u{d}\n")
    #expect(TerminalText.visible("m̂ ≤ β₁\tλ\n") == "m̂ ≤ β₁\tλ\n")
    #expect(TerminalText.visible("\u{1B}[1;31mred\u{1B}[0m") == "\\u{1b}[1;31mred\\u{1b}[0m")
  }

  @Test func aWordStaysOnItsLine() {
    #expect(TerminalText.word("a\nb\tc\u{1B}\u{202E}β") == "a\\nb\\tc\\u{1b}\\u{202e}β")
  }

  @Test(arguments: ["0", "1", "1;31", "1;36", "38;5;240"])
  func ownColoursPass(_ code: String) {
    let text = "\u{1B}[\(code)mx\u{1B}[0m"
    #expect(TerminalText.visible(text, hasColour: true) == text)
  }

  @Test(arguments: [
    "8", "30", "1;30", "1;37", "38;5;256", "38;5;", "38;2;1", "", "1;31;8", "2J", "31",
  ])
  func othersDoNot(_ code: String) {
    let text = "\u{1B}[\(code)mx"
    #expect(TerminalText.visible(text, hasColour: true) == "\\u{1b}[\(code)mx")
  }

  /// Command lines with `NAME` for a hostile name.
  @Test(arguments: [
    "ravine \"$NAME\"", "ravine check \"$NAME\"", "ravine run \"$NAME.opt\"",
    "ravine run --\"$NAME\" x.opt",
    "ravine describe Lion --parameters \"$NAME\":3",
    "ravine describe Lion --parameters \"$NAME\":3x",
    "ravine describe \"$NAME\"", "ravine describe \"r.opt:$NAME\"", "ravine zoo \"$NAME\"",
    "ravine explain \"$NAME\"", "ravine replay SGD run.json", "ravine replay SGD \"$NAME\"",
    "ravine check r.opt", "ravine describe r.opt:Named", "ravine run r.opt", "ravine fmt \"$NAME\"",
    "ravine dump r.opt", "ravine run --set \"$NAME=1\" r.opt",
    "ravine tune r.opt --on \"$NAME\" SGD",
    "ravine runs \"$NAME\"", "ravine certify \"$NAME\"", "ravine compare SGD \"$NAME\"",
    "ravine bench \"$NAME\"", "ravine record SGD --shape \"$NAME\"",
    "ravine export --to \"$NAME\" SGD",
    "ravine repl --engine \"$NAME\"",
    "printf '%s\\n' \"$NAME\" ':show Named' \"load $NAME\" | ravine repl",
    "ravine --experimental-dump-help \"$NAME\"",
  ])
  func nothingComesOutRaw(_ line: String) throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "r.opt",
      """
      # \(Self.hostile)
      /// A rule. \(Self.hostile)
      rule Named(lr = 0.1) {
          w' = w - lr * g
      }
      objective f(x: vector(2) = [1, 1]) = sum(x^2)
      minimize f with Named(lr = 0.1) for 2 steps
      data d = csv("\(Self.hostile).csv", target = "\(Self.hostile)")
      """)
    try sandbox.write(
      "run.json",
      """
      {"name": "\\u001b[31m\\u009b2J\\u202e", "shape": [2], "p0": [1, 2], "gradients": [[1, 1], [0, 2]],
       "parameters": [[0.9, 1.9], [0.9, 1.7]], "inputs": {"\\u001b[31m": 3}}
      """)
    let outcome = try sandbox.run(line, environment: ["NAME": Self.hostile, "NO_COLOR": "1"])
    #expect(!(outcome.output + outcome.errors).isEmpty)
    #expect(Self.isHarmless(outcome.output), "\(outcome.output.debugDescription)")
    #expect(Self.isHarmless(outcome.errors), "\(outcome.errors.debugDescription)")
  }

  /// A text that goes on into a file or a program is not changed.
  @Test func aFormattedTextKeepsItsComments() throws {
    let text = "# a\u{202E}b\nrule Named(lr = 0.1) {\n    w' = w - lr * g\n}\n"
    let sandbox = try Sandbox()
    try sandbox.write("r.opt", text)
    #expect(try sandbox.run("ravine fmt - < r.opt").output == text)
  }
}
