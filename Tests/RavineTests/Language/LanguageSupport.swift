import Diagnostics
import Driver
import Lowering

/// What the compiler says about a text: `R0201 gg` for the code and the text under the span.
func findings(_ text: String, warnings: Bool = false) -> [String] {
  let compiler = Compiler()
  return compiler.add(name: "test.opt", bytes: Array(text.utf8))
    .filter { warnings || $0.severity == .error }
    .map { "\($0.code) \(compiler.sources.text($0.span))" }
}

/// The text with the first fix-it of every error applied, from the end to the start.
func mended(_ text: String) -> String {
  let compiler = Compiler()
  var bytes = Array(text.utf8)
  let found = compiler.add(name: "test.opt", bytes: bytes).filter { $0.severity == .error }
  let edits = found.compactMap(\.fixIts.first).sorted { $0.span.start > $1.span.start }
  for edit in edits {
    guard let file = compiler.sources.file(of: edit.span) else { continue }
    let low = Int(edit.span.start - file.base)
    let high = Int(edit.span.end - file.base)
    bytes.replaceSubrange(low..<high, with: Array(edit.replacement.utf8))
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// An objective of one number around an expression of none.
func around(_ expression: String) -> String {
  "objective f(x: scalar = 1) = x * sum(\(expression))"
}

let bowl = "objective bowl(x: vector(2) = [-1.2, 1]) = sum(x^2)\n"
