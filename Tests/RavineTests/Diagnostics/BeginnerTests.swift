import Diagnostics
import Driver
import Testing

/// What people write who come from another language or library: each mistake is told at its place, once, and the
/// repair that is offered compiles.
@Suite struct BeginnerTests {
  struct Mistake: Sendable, CustomTestStringConvertible {
    var text: String
    /// What is marked.
    var marked: String
    /// What stands in the place of the whole line once it is mended.
    var mended: String

    var testDescription: String { text }

    init(_ text: String, _ marked: String, _ mended: String) {
      (self.text, self.marked, self.mended) = (text, marked, mended)
    }
  }

  /// Lines of a rule with a state m and hyperparameters lr, b, c and k.
  static let lines: [Mistake] = [
    // What an operator beside it would take apart.
    Mistake(
      "m' = lr * np.where(g > 0, g, m)", "np.where(g > 0, g, m)",
      "m' = lr * (if g > 0 then g else m)"),
    Mistake("m' = lr * torch.add(m, g)", "torch.add(m, g)", "m' = lr * (m + g)"),
    Mistake(
      "m' = where(g > 0, g, m) * lr", "where", "m' = (if g > 0 then g else m) * lr"),
    Mistake("m' = where(g > 0, g, m)", "where", "m' = if g > 0 then g else m"),
    Mistake("m' = np.where(g > 0, g, m)", "np.where(g > 0, g, m)", "m' = if g > 0 then g else m"),
    Mistake("m' = maximum(m, g)", "maximum", "m' = max(m, g)"),
    Mistake("m' = torch.minimum(m, g)", "torch.minimum(m, g)", "m' = min(m, g)"),
    Mistake("m' = clamp(g, -1, 1)", "clamp", "m' = clip(g, -1, 1)"),
    Mistake("m' = pow(g, 2)", "pow", "m' = g^2"),
    Mistake("m' = pow(g + m, 2)", "pow", "m' = (g + m)^2"),
    Mistake("m' = power(g, k)", "power", "m' = g^k"),
    Mistake("m' = zeros_like(g)", "zeros_like", "m' = 0"),
    Mistake("m' = m + ones_like(g)", "ones_like", "m' = m + 1"),
    Mistake("m' = np.sign(g)", "np.sign(g)", "m' = sign(g)"),
    Mistake("m' = jnp.sqrt(abs(g))", "jnp.sqrt(abs(g))", "m' = sqrt(abs(g))"),
    Mistake("m' = torch.nn.functional.relu(g)", "torch.nn.functional.relu(g)", "m' = relu(g)"),
    Mistake("m' = math.exp(b) * g", "math.exp(b)", "m' = exp(b) * g"),
    Mistake("m' = g.abs()", "g.abs()", "m' = abs(g)"),
    Mistake("m' = m * g.mean()", "g.mean()", "m' = m * mean(g)"),
    Mistake("m' = g / g.norm()", "g.norm()", "m' = g / norm(g)"),
    Mistake("m' = m.mul(b)", "m.mul(b)", "m' = m * b"),
    Mistake("m' = m.mul_(b)", "m.mul_(b)", "m' = m * b"),
    Mistake("m' = g.pow(2)", "g.pow(2)", "m' = g^2"),
    Mistake("m' = g.clamp(-1, 1)", "g.clamp(-1, 1)", "m' = clip(g, -1, 1)"),
    Mistake("m' = ema(m, g, b).sqrt()", "ema(m, g, b).sqrt()", "m' = sqrt(ema(m, g, b))"),
    Mistake("m' = rsqrt(g^2 + c)", "rsqrt", "m' = 1 / sqrt(g^2 + c)"),
    Mistake("m' = torch.abs(g)", "torch.abs(g)", "m' = abs(g)"),
    Mistake("m' = np.maximum(m, g)", "np.maximum(m, g)", "m' = max(m, g)"),
    Mistake("m' = absolute(g)", "absolute", "m' = abs(g)"),
    Mistake("m' = ln(abs(g))", "ln", "m' = log(abs(g))"),
    Mistake("m' = fabs(g)", "fabs", "m' = abs(g)"),
    Mistake("m' = sgn(g)", "sgn", "m' = sign(g)"),
    Mistake("m' = multiply(m, g)", "multiply", "m' = m * g"),
    Mistake("m' = add(m, g)", "add", "m' = m + g"),
    Mistake("m' = neg(g)", "neg", "m' = -g"),
    Mistake("m' = clip_by_norm(g, 1)", "clip_by_norm", "m' = clip_norm(g, 1)"),
    Mistake("m' = atan2(g, m)", "atan2", "m' = arctan2(g, m)"),
    Mistake("m' = b * m + grad", "grad", "m' = b * m + g"),
    Mistake("m' = b * m + gradient", "gradient", "m' = b * m + g"),
    Mistake("m' = b * m + param", "param", "m' = b * m + w"),
    Mistake("m' = m + step * g", "step", "m' = m + t * g"),
    Mistake("m' = g / total_steps", "total_steps", "m' = g / T"),
    Mistake("m' = ema(m, g, b) // a comment", "//", "m' = ema(m, g, b) # a comment"),
    Mistake("m' = b * m + g ** 2", "**", "m' = b * m + g ^ 2"),
    Mistake("m = b * m + g", "m", "m' = b * m + g"),
    Mistake("m' := ema(m, g, b)", ":=", "m' = ema(m, g, b)"),
    Mistake("m' += g", "+=", "m' = m + g"),
    Mistake("m' -= lr * g", "-=", "m' = m - lr * g"),
    Mistake("m' = if g > 0 && m > 0 then g else m", "&&", "m' = if g > 0 and m > 0 then g else m"),
    Mistake("m' = if g > 0 || m > 0 then g else m", "||", "m' = if g > 0 or m > 0 then g else m"),
    Mistake("m' = if !(g > 0) then g else m", "!", "m' = if not (g > 0) then g else m"),
    Mistake("m' = 0.9m + g", "0.9m", "m' = 0.9 * m + g"),
    Mistake("m' = Ema(m, g, b)", "Ema", "m' = ema(m, g, b)"),
    Mistake("m' = mena(g) * m", "mena", "m' = mean(g) * m"),
    Mistake("m' = (1 - b)(m + g)", "(", "m' = (1 - b) * (m + g)"),
    Mistake("m' = jnp.tanh(g)", "jnp.tanh(g)", "m' = tanh(g)"),
    Mistake("m' = b * m + 10%", "10%", "m' = b * m + 0.1"),
    Mistake("m' = 12.5% * g", "12.5%", "m' = 0.125 * g"),
    Mistake("m' = 1e-3f * g", "1e-3f", "m' = 1e-3 * g"),
    Mistake("m' = g > 0 ? g : m", "?", "m' = if g > 0 then g else m"),
    Mistake("m' = lr * (g > 0 ? g : m)", "?", "m' = lr * (if g > 0 then g else m)"),
    Mistake("m' = g if g > 0 else m", "if", "m' = if g > 0 then g else m"),
    Mistake("m' = if g > 0: g else: m", ":", "m' = if g > 0 then g else m"),
    Mistake("m' = if g > 0 { g } else { m }", "{", "m' = if g > 0 then g else m"),
    Mistake("m' = if (g > 0) {g} else {m}", "{", "m' = if (g > 0) then g else m"),
    Mistake("if t > 3: m' = g", "if", "when t > 3 { m' = g }"),
    Mistake(
      "if t > 3: m' = g else: m' = 2 * g", "if", "when t > 3 { m' = g } else { m' = 2 * g }"),
    Mistake(
      "if t > 3:\n        m' = g\n    else:\n        m' = 2 * g", "if",
      "when t > 3 {\n        m' = g\n    }\n    else {\n        m' = 2 * g\n    }"),
    Mistake("m++", "++", "m' = m + 1"),
    Mistake("var m2\n    m' = m", "var ", "state m2\n    m' = m"),
    Mistake(
      "x = g\n    for i in range(3): x' = 0.5 * x\n    m' = x", "for",
      "x = g\n    repeat 3 { x' = 0.5 * x }\n    m' = x"),
    Mistake("m' = m * w.shape[0]", "shape", "m' = m * rows(w)"),
    Mistake("m' = m * w.shape[1]", "shape", "m' = m * cols(w)"),
    Mistake("m' = g / g.size", "size", "m' = g / numel(g)"),
    Mistake("m' = g / len(g)", "len", "m' = g / numel(g)"),
    Mistake("m' = math.pi * g", "math.pi", "m' = pi * g"),
    Mistake("m' = if 0 < b < 1 then g else m", "<", "m' = if 0 < b and b < 1 then g else m"),
    Mistake("m' = if b <> 0 then g else m", "<>", "m' = if b != 0 then g else m"),
    Mistake("m' = if b =< 1 then g else m", "=<", "m' = if b <= 1 then g else m"),
    Mistake("m' = if True then g else m", "True", "m' = if 1 == 1 then g else m"),
  ]

  /// Whole texts.
  static let texts: [Mistake] = [
    Mistake("rule B = AdamW(weight_decay = 0.1)", "weight_decay", "rule B = AdamW(λ = 0.1)"),
    Mistake("rule B = AdamW(wd = 0.01)", "wd", "rule B = AdamW(λ = 0.01)"),
    Mistake("rule B = HeavyBall(momentum = 0.8)", "momentum", "rule B = HeavyBall(μ = 0.8)"),
    Mistake("rule B = Lion(learning_rate = 1e-4)", "learning_rate", "rule B = Lion(lr = 1e-4)"),
    Mistake("rule B = adamw(lr = 1e-3)", "adamw", "rule B = AdamW(lr = 1e-3)"),
    Mistake("rule B = AdmaW(lr = 1e-3)", "AdmaW", "rule B = AdamW(lr = 1e-3)"),
    Mistake(
      "rule B = route {\n  name =~ \"a{b\" -> SGD\n  otherwise -> Lion\n}", "{",
      "rule B = route {\n  name =~ \"a\\\\{b\" -> SGD\n  otherwise -> Lion\n}"),
    Mistake(
      "objective f(x: scalar = 1) = x^2\nminimize f with SGD for 10 steps sedes 2", "sedes",
      "objective f(x: scalar = 1) = x^2\nminimize f with SGD for 10 steps seeds 2"),
    Mistake("def f(x): x^2", "def", "fn f(x) = x^2"),
    Mistake("def f(x): return x^2", "def", "fn f(x) = x^2"),
    Mistake(
      "def f(x):\n    y = x + 1\n    return y^2", "def",
      "fn f(x) {\n    y = x + 1\n    y^2\n}"),
    Mistake("function f(x) { return x^2 }", "function", "fn f(x) { x^2 }"),
    Mistake("fn f(x): x^2", ":", "fn f(x) = x^2"),
    Mistake("fn f(x) = return x^2", "return ", "fn f(x) = x^2"),
    Mistake("fn f(x) { return x^2 }", "return ", "fn f(x) { x^2 }"),
    Mistake("fn f(x) => x^2", "=>", "fn f(x) = x^2"),
    Mistake("f = lambda x: x^2", "lambda", "fn f(x) = x^2"),
    Mistake("lambda x, y: x + y", "lambda", "fn f(x, y) = x + y"),
    Mistake(
      "rule A(lr = 0.1): w' = w - lr * g", ":", "rule A(lr = 0.1) { w' = w - lr * g }"),
    Mistake(
      "rule A(lr = 0.1):\n    u = sign(g)\n    w' = w - lr * u", ":",
      "rule A(lr = 0.1) {\n    u = sign(g)\n    w' = w - lr * u\n}"),
    Mistake(
      "rule A(lr = 0.1) { return w - lr * g }", "return ",
      "rule A(lr = 0.1) { w' = w - lr * g }"),
    Mistake(
      "rule A(lr: float = 0.1) { w' = w - lr * g }", ": float",
      "rule A(lr = 0.1) { w' = w - lr * g }"),
    Mistake("x = 10%", "10%", "x = 0.1"),
    Mistake("x = 0.5f", "0.5f", "x = 0.5"),
    Mistake("x = 1\nx += 1", "+=", "x = 1\nx2 = x + 1"),
    Mistake("i = 1\ni++", "++", "i = 1\ni2 = i + 1"),
    Mistake("let x = 1", "let ", "x = 1"),
    Mistake("var x", "var ", "x = 0"),
    Mistake("import numpy as np", "import numpy as np", ""),
    Mistake("from numpy import sqrt", "from numpy import sqrt", ""),
    Mistake("print(2 + 2)", "print", "2 + 2"),
    Mistake("print(\"hello\")", "print", "# hello"),
    Mistake("x = True", "True", "x = 1 == 1"),
    Mistake("x = None", "None", "x = 0"),
    Mistake("1 if 2 > 1 else 0", "if", "if 2 > 1 then 1 else 0"),
    Mistake("if 2 > 1: 1 else: 0", ":", "if 2 > 1 then 1 else 0"),
  ]

  /// Ends of a script that trains.
  static let runs: [Mistake] = [
    Mistake("with [SGD, Adam] for 10 steps", "[SGD, Adam]", "with SGD, Adam for 10 steps"),
    Mistake("with SGD and Adam for 10 steps", "SGD and Adam", "with SGD, Adam for 10 steps"),
    Mistake("using SGD for 10 steps", "using", "with SGD for 10 steps"),
    Mistake("with SGD for 10 iterations", "iterations", "with SGD for 10 steps"),
    Mistake("with SGD for 10", "", "with SGD for 10 steps"),
    Mistake("with SGD steps 10", "steps", "with SGD for 10 steps"),
    Mistake("with SGD lr = 0.1 for 10 steps", "lr = 0.1", "with SGD(lr = 0.1) for 10 steps"),
    Mistake("with SGD for 10 steps seed=3", "=", "with SGD for 10 steps seed 3"),
    Mistake(
      "with SGD for 10 steps\nplot loss \"x.svg\"", "\"x.svg\"",
      "with SGD for 10 steps\nplot loss to \"x.svg\""),
  ]

  private static func around(_ line: String) -> String {
    """
    rule A(lr = 0.1, b = 0.9, c = 1e-8, k = 2) {
        state m
        \(line)
        unused = b + c + k
        w' = w - lr * m'
    }

    """
  }

  private static func errors(_ text: String) -> ([Diagnostic], Compiler) {
    let compiler = Compiler()
    let found = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    return (found.filter { $0.severity == .error }, compiler)
  }

  private static func mended(_ text: String, _ fixIts: [FixIt], _ compiler: Compiler) -> String {
    var bytes = Array(text.utf8)
    for fix in fixIts.sorted(by: { $0.span.start > $1.span.start }) {
      let base = compiler.sources.file(of: fix.span)?.base ?? 0
      bytes.replaceSubrange(
        Int(fix.span.start - base)..<Int(fix.span.end - base), with: Array(fix.replacement.utf8))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func check(_ mistake: Mistake, _ text: String, _ expected: String) {
    let (errors, compiler) = Self.errors(text)
    guard let first = errors.first else {
      Issue.record("it passes: \(mistake.text)")
      return
    }
    #expect(errors.count == 1, "\(errors.map(\.message))")
    #expect(compiler.sources.text(first.span) == mistake.marked, "\(first.message)")
    let repaired = mended(text, first.fixIts, compiler)
    #expect(repaired == expected, "\(first.message)")
    let left = Self.errors(repaired).0
    #expect(left.isEmpty, "\(left.map(\.message))")
  }

  @Test(arguments: lines) func aLineIsMended(_ mistake: Mistake) {
    Self.check(mistake, Self.around(mistake.text), Self.around(mistake.mended))
  }

  @Test(arguments: texts) func aTextIsMended(_ mistake: Mistake) {
    Self.check(mistake, mistake.text + "\n", mistake.mended + "\n")
  }

  @Test(arguments: runs) func aRunIsMended(_ mistake: Mistake) {
    let head = "objective f(x: scalar = 1) = x^2\nminimize f "
    Self.check(mistake, head + mistake.text + "\n", head + mistake.mended + "\n")
  }

  @Test func anotherWordForMinimize() {
    let head = "objective f(x: scalar = 1) = x^2\n"
    let mistake = Mistake(
      "optimize f with SGD for 10 steps", "optimize", "minimize f with SGD for 10 steps")
    Self.check(mistake, head + mistake.text + "\n", head + mistake.mended + "\n")
  }

  @Test func thereAreMoreThanAHundred() {
    #expect(Self.lines.count + Self.texts.count + Self.runs.count > 100)
  }

  /// What an objective reads of the data has its names in the header; no other letter is near to one.
  @Test(arguments: ["x", "y", "d.x"]) func dataHaveTheirNamesInTheHeader(_ read: String) throws {
    let found = Compiler().add(
      name: "o.opt", bytes: Array("objective o(b: scalar = 0) = mean((\(read) - b)^2)\n".utf8))
    let note = "names after `;` in the header"
    let first = try #require(found.first)
    #expect(first.notes.contains(where: { $0.message.contains(note) }), "\(found)")
    #expect(first.fixIts.isEmpty)
  }
}
