import Diagnostics
import Driver
import Syntax
import Testing
import Zoo

/// What compiles and is seldom meant is a warning, at its place; what is meant is none.
@Suite struct SeldomMeantTests {
  private static func findings(_ text: String) -> (found: [Diagnostic], compiler: Compiler) {
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array(text.utf8)).filter {
      $0.severity == .error
    }
    #expect(errors.map(\.message) == [], "\(text)")
    return (compiler.program.seldomMeant(), compiler)
  }

  private static func around(_ lines: String) -> String {
    """
    rule A(lr = 0.1, β = 0.9, ε = 1e-8) {
        state m, v
        m' = ema(m, g, β)
        unused = β + ε
        \(lines)
    }

    """
  }

  /// Lines, the code, what is marked, and the line that a repair leaves.
  static let slips: [(lines: String, code: DiagnosticCode, marked: String, mended: String?)] = [
    ("v' = m'\n    w' = w - lr * m'", .stateNeverRead, "v", nil),
    ("v' = ema(v, m', β)\n    w' = w - lr * m'", .stateNeverRead, "v", nil),
    ("v' = m\n    d = v + 1\n    w' = w - lr * m'", .stateNeverRead, "v", nil),
    (
      "when lr > 1 { v' = g }\n    w' = w - lr * m'", .stateNeverRead, "v", nil
    ),
    (
      "v' = m\n    w' = w - lr * m' / sqrt(v') + ε", .epsilonBesideQuotient, "ε",
      "v' = m\n    w' = w - lr * m' / (sqrt(v') + ε)"
    ),
    (
      "v' = m\n    d = m' / abs(v') + ε\n    w' = w - lr * d", .epsilonBesideQuotient, "ε",
      "v' = m\n    d = m' / (abs(v') + ε)\n    w' = w - lr * d"
    ),
    (
      "v' = m\n    w' = w - lr * (m' / (v') + ε)", .epsilonBesideQuotient, "ε",
      "v' = m\n    w' = w - lr * (m' / ((v') + ε))"
    ),
    (
      "v' = m\n    w' = w - lr * m / (1 - β^t) * v'", .correctsEarlierAverage, "m",
      "v' = m\n    w' = w - lr * m' / (1 - β^t) * v'"
    ),
    (
      "v' = m\n    mhat = m / (1 - β^t)\n    w' = w - lr * mhat * v'", .correctsEarlierAverage, "m",
      "v' = m\n    mhat = m' / (1 - β^t)\n    w' = w - lr * mhat * v'"
    ),
  ]

  @Test(arguments: slips.indices) func aSlipIsToldAtItsPlace(_ k: Int) {
    let slip = Self.slips[k]
    let text = Self.around(slip.lines)
    let (found, compiler) = Self.findings(text)
    #expect(found.map(\.code) == [slip.code])
    guard let first = found.first else { return }
    #expect(compiler.sources.text(first.span) == slip.marked)
    #expect(first.severity == .warning)
    guard let mended = slip.mended else { return }
    var bytes = Array(text.utf8)
    let base = compiler.sources.file(of: first.span)?.base ?? 0
    for fix in first.fixIts.sorted(by: { $0.span.start > $1.span.start }) {
      bytes.replaceSubrange(
        Int(fix.span.start - base)..<Int(fix.span.end - base), with: Array(fix.replacement.utf8))
    }
    #expect(String(decoding: bytes, as: UTF8.self) == Self.around(mended))
    #expect(Self.findings(Self.around(mended)).found.map(\.code) == [])
  }

  /// Lines that are meant; of a state that nothing changes another warning speaks.
  static let meant: [String] = [
    "v' = m\n    w' = w - lr * v",
    "v' = v + 1\n    w' = w - lr * m' / v'",
    "v' = m\n    w' = w - lr * m'\n    view eval = w' + v'",
    "v' = v + 1\n    when lr > 3 { d = g * v } else { d = m' }\n    w' = w - lr * d",
    "v' = v + 1\n    d = g\n    repeat 3 {\n        d' = 0.5 * d + v\n    }\n    w' = w - lr * d * m'",
    "w' = w - lr * m'",
    "v' = m\n    w' = w - lr * (m' / (sqrt(v') + ε))",
    "v' = m\n    w' = w - lr * (m' / v') + ε",
    "v' = m\n    w' = w - lr * m' / v' + β",
    "v' = m\n    w' = w - lr * (m' * v' + ε)",
    "v' = m\n    w' = w - lr * m' / (sqrt(v') / sqrt(1 - β^t) + ε)",
    "v' = m\n    c = sqrt(1 - β^t)\n    d = sqrt(v') / c + ε\n    w' = w - lr * m' / d",
    "v' = g\n    w' = w - lr * v / (1 - β^t) * m'",
    "v' = m\n    w' = w - lr * m / (1 - β^(t - 1)) * v'",
    "v' = m\n    w' = w - lr * m' / (1 - β^t) * v",
    "v' = m\n    w' = w - lr * g / (1 - β^t) * v",
  ]

  @Test(arguments: meant) func whatIsMeantIsNotTold(_ lines: String) {
    let text = Self.around(lines)
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    guard !errors.contains(where: { $0.severity == .error }) else {
      Issue.record("\(errors.map(\.message)) in \(text)")
      return
    }
    #expect(compiler.program.seldomMeant().map(\.message) == [])
  }

  /// Rules of the zoo, as a user would have copied them.
  @Test func theZooMeansWhatItSays() {
    var looked = 0
    for declaration in Library.shared.declarations where declaration.kind == .rule {
      let compiler = Compiler()
      _ = compiler.add(name: "zoo.opt", bytes: Array(declaration.text.utf8))
      #expect(
        compiler.program.seldomMeant().map(\.message) == [], "\(declaration.name)")
      looked += compiler.program.rules[Name(declaration.name).key] == nil ? 0 : 1
    }
    #expect(looked > 190)
  }
}
