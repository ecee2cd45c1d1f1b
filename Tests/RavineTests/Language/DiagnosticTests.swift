import Driver
import IR
import Lowering
import Testing

@Suite struct DiagnosticTests {
  /// One mistake, one error, at its exact place.
  static let table: [(text: String, found: [String])] = [
    ("rule A(lr = 1) { w' = w - lr * gg }", ["R0201 gg"]),
    ("rule A { w' = w - sqroot(g) }", ["R0202 sqroot"]),
    (bowl + "minimize bowl with Lookahead(Lyon) for 3 steps", ["R0203 Lyon"]),
    ("rule A = Lyon", ["R0203 Lyon"]),
    ("rule A = route {\n rank == 2 -> Lyon(lr = 3)\n otherwise -> SGD\n}", ["R0203 Lyon"]),
    ("rule A { w' = w - ema(g, w, bta = 3) }", ["R0204 bta"]),
    ("rule A { w' = w - ema(g, w) }", ["R0205 ema(g, w)"]),
    ("rule A { w' = w - norm(g, w) }", ["R0206 norm(g, w)"]),
    ("rule A { w' = w - g }\nrule A { w' = w + g }", ["R0207 A"]),
    ("rule A(β1 = 1, beta1 = 2) { w' = w - β1 * g }", ["R0208 beta1"]),
    ("rule A { w' = w - sqrt }", ["R0209 sqrt"]),
    ("rule A { m = 3\n w' = w - m(g) }", ["R0209 m"]),
    ("minimize foo with Lion for 3 steps", ["R0210 foo"]),
    ("fn f(x) = h(x)\nfn h(x) = f(x)", ["R0211 f"]),
    ("fn f(x) = f(x)\nrule A { w' = w - f(g) }", ["R0211 f"]),
    ("a = b\nb = a", ["R0211 a"]),
    ("rule A(base: rule) = A(base)", ["R0211 A(base)"]),
    ("rule A(base: rule = A) { w' = base(w, g) }", ["R0211 A"]),
    ("fn f(x, n = m, m = n) = x * n\nrule A { w' = w - f(g) }", ["R0309 n"]),
    ("rule A { when t > 3 { u = g } w' = w - u }", ["R0212 u"]),
    ("rule A(T = 1) { w' = w - T * g }", ["R0213 T"]),
    ("t = 3", ["R0213 t"]),
    ("fn f(x) = x + w\nrule A { w' = w - f(g) }", ["R0214 w"]),
    ("minimize 3 with Lion for 3 steps", ["R0215 3"]),
    ("rule A { w' = w - ema(g, w, β = 1, β = 2) }", ["R0216 β"]),
    ("rule A(base: rule) = Cautious(base(lr = 3))", ["R0217 base(lr = 3)"]),
    (bowl + "minimize bowl with 3 for 3 steps", ["R0218 3"]),
    ("rule A(f: fn = sign) { w' = w - f(g) }\nrule B = A(f = 3)", ["R0219 3"]),
    ("rule A { state m\n m = g\n w' = w - m }", ["R0301 m"]),
    ("rule A { state m\n m' = g\n mm' = g\n w' = w - m' }", ["R0302 mm"]),
    ("rule A(lr = 1) { lr = 2\n w' = w - lr * g }", ["R0303 lr"]),
    ("rule A { w' = g\n w' = w }", ["R0304 w"]),
    ("rule A { g = 3\n w' = w - g }", ["R0305 g"]),
    ("rule A { repeat 3 { t' = t + 1 }\n w' = w - t * g }", ["R0305 t"]),
    ("rule A { }", ["R0306 A"]),
    ("rule A { a = b + 1\n b = a * 2\n w' = w - a }", ["R0309 a"]),
    ("fn f(x) { state m\n x }", ["R0310 state m"]),
    ("fn f(base: rule, x) = base(x, x)", ["R0310 rule"]),
    ("rule A(base: rule) { w' = base(w, g) + base(w, g) }", ["R0311 base(w, g)"]),
    ("rule A { state d: global = 1\n d' = d + norm(g)\n w' = w - d * g }", ["R0312 d"]),
    (
      "rule A { state d: global = norm(w)\n d' = d + 1\n w' = w - d * g }",
      ["R0312 norm(w)"]
    ),
    ("objective f(x: vector(2)) { y = 2 * x }", ["R0313 f"]),
    ("fn f(x) { y = x }", ["R0314 f"]),
    ("rule A { view evil = w\n w' = w - g }", ["R0315 evil"]),
    ("rule A { state m as bf17\n m' = g\n w' = w - m }", ["R0316 bf17"]),
    ("rule A { state m: vectr(3)\n m' = 1\n w' = w - g * sum(m) }", ["R0317 vectr"]),
    ("rule A { state m\n repeat 3 { m' = m + 1 }\n w' = w - g }", ["R0318 m"]),
    ("rule A { state m = g\n m' = g\n w' = w - m' }", ["R0321 g"]),
    ("rule A { state m, v = m\n m' = g\n v' = g\n w' = w - m - v }", ["R0321 m"]),
    (
      "fn f(x) {\n y = x\n when t > 3 { repeat 3 { y' = y * 2 } }\n y\n}", ["R0322 y"]
    ),
    ("fn f(x) {\n y = x\n repeat 2 { repeat 3 { y' = y * 2 } }\n y\n}", ["R0322 y"]),
    ("rule A { w' = w - g @ g }", ["R0402 g @ g"]),
    ("rule A { w' = w - 3 @ g }", ["R0403 3 @ g"]),
    ("rule A { when g > 0 { w' = w - g } }", ["R0405 g > 0"]),
    ("rule A(lr: vector(3) = 3) { w' = w - sum(lr) * g }", ["R0405 vector(3)"]),
    ("rule A { w' = if g then w else g }", ["R0406 g"]),
    ("rule A { w' = w - g * \"x\" }", ["R0407 \"x\""]),
    ("rule A { w' = w - sum(w[3:1]) * g }", ["R0408 w[3:1]"]),
    ("rule A { w' = w - w[-1] * g }", ["R0408 -1"]),
    ("rule A { w' = w - g * sum(zeros(t)) }", ["R0410 t"]),
    ("rule A { w' = w - g * sum(zeros(0.5)) }", ["R0411 0.5"]),
    ("rule A { w' = w - reshape([1, 2, 3], 2, 2)[0, 0] * g }", ["R0409 reshape([1, 2, 3], 2, 2)"]),
    ("rule A { w' = w - eigh(g) }", ["R0404 eigh(g)"]),
    ("rule A { w' = w - qr(g) }", ["R0407 qr(g)"]),
    ("rule A { w' = w - outer(eye(2), g) }", ["R0403 outer(eye(2), g)"]),
    (around("ones(2, 3, 4) @ ones(2, 5, 4)"), ["R0402 ones(2, 3, 4) @ ones(2, 5, 4)"]),
    (around("ones(2, 3, 4) @ ones(3, 4, 5)"), ["R0401 ones(2, 3, 4) @ ones(3, 4, 5)"]),
    (around("eigh(ones(2, 3, 3))"), ["R0403 eigh(ones(2, 3, 3))"]),
    (around("unfold(ones(4, 4), 2, 2)"), ["R0435 unfold(ones(4, 4), 2, 2)"]),
    (around("unfold(ones(1, 4, 4, 1), 5, 2)"), ["R0435 unfold(ones(1, 4, 4, 1), 5, 2)"]),
    (
      around("unfold(ones(1, 4, 4, 1), 2, 7, pad = 1)"),
      ["R0435 unfold(ones(1, 4, 4, 1), 2, 7, pad = 1)"]
    ),
    (around("unfold(ones(1, 4, 4, 1), 0, 2)"), ["R0435 unfold(ones(1, 4, 4, 1), 0, 2)"]),
    (
      around("unfold(ones(1, 4, 4, 1), 2, 2, stride = 0)"),
      ["R0435 unfold(ones(1, 4, 4, 1), 2, 2, stride = 0)"]
    ),
    (around("unfold(ones(1, 4, 4, 1), 2, 2, pad = -1)"), ["R0411 -1"]),
    (
      around("unfold(ones(1, 1, 1, 1), 1e5, 1e5, pad = 1e5)"),
      ["R0435 unfold(ones(1, 1, 1, 1), 1e5, 1e5, pad = 1e5)"]
    ),
    (around("unfold(ones(1, 4, 4, 1), 2)"), ["R0205 unfold(ones(1, 4, 4, 1), 2)"]),
    (
      around("conv2d(ones(1, 4, 4, 1), ones(3, 3))"), ["R0435 conv2d(ones(1, 4, 4, 1), ones(3, 3))"]
    ),
    (
      around("conv2d(ones(1, 4, 4, 1), ones(3, 3, 2, 1))"),
      ["R0435 conv2d(ones(1, 4, 4, 1), ones(3, 3, 2, 1))"]
    ),
    ("rule A { w' = w - g * [1, 2][t] }", ["R0414 t"]),
    ("rule A { w' = w - g * sum([]) }", ["R0416 []"]),
    ("rule A { w' = w - g.m }", ["R0419 m"]),
    ("rule A { w' = w - mean over foo g }", ["R0420 foo"]),
    ("rule A { w' = w - global sqrt(g) }", ["R0421 global sqrt(g)"]),
    (
      "rule A { x = 0\n repeat 1001 { x' = x + global norm(g) }\n w' = w - x * g }",
      ["R0422 repeat 1001 { x' = x + global norm(g) }"]
    ),
    (
      "rule A { w' = w - g * sum(zeros(1, 2, 3, 4, 5, 6, 7)) }",
      ["R0423 zeros(1, 2, 3, 4, 5, 6, 7)"]
    ),
    ("rule A { x = g\n repeat 3 { x' = x + normal() }\n w' = w - x }", ["R0424 normal()"]),
    ("rule A { w' = w - normal(3, 4) }", ["R0425 normal(3, 4)"]),
    ("objective f(x: vector(2) = 0) = sum(grad(x))", ["R0426 grad(x)"]),
    ("rule A { state m: vector(3, 4)\n m' = 1\n w' = w - g * sum(m) }", ["R0427 vector(3, 4)"]),
    (
      "rule A(base: rule) { x = g\n repeat 3 { x' = base(w, x) }\n w' = w - x }",
      ["R0428 base(w, x)"]
    ),
    ("objective f { param x = 3\n loss = sum(x) }", ["R0430 x = 3"]),
    (
      "rule A { state r: vector(rows)\n r' = col_sum(g)\n w' = w - g }", ["R0417 col_sum(g)"]
    ),
    (
      "rule A { state M: matrix(2, 2) = ones(3, 3)\n M' = M + 1\n w' = w - g * sum(M) }",
      ["R0417 ones(3, 3)"]
    ),
    ("rule A { x = g\n repeat 1e9 { x' = x / 2 }\n w' = w - x }", ["R0412 1e9"]),
    ("rule A { x = g\n repeat -1 { x' = x / 2 }\n w' = w - x }", ["R0412 -1"]),
    ("data d = csv(\"a.csv\", target = \"y\", tets = 0.2)", ["R0204 tets"]),
    ("data d = csv(\"a.csv\", target = \"y\", seed = 0.5)", ["R0748 0.5"]),
    ("data d = csv(\"a.csv\")", ["R0746 csv"]),
    ("data d = npy(x = \"a.npy\")", ["R0746 npy"]),
    ("data d = csv(5, target = \"y\")", ["R0747 5"]),
    ("rule A { Q, R = norm(g)\n w' = w - Q - R }", ["R0418 Q, R = norm(g)"]),
    ("objective f(x: vector(2)) { loss = x }", ["R0429 loss"]),
    ("rule A(lr = 1) { w' = w - g }", ["R0501 lr"]),
    ("rule A(lr = -1 in [0, 1)) { w' = w - lr * g }", ["R0502 -1"]),
    (bowl + "minimize bowl with Lion(β1 = 2) for 3 steps", ["R0502 2"]),
    (
      "rule A(lr) { w' = w - lr * g }\n" + bowl + "minimize bowl with A for 3 steps", ["R0503 lr"]
    ),
    ("rule A(lr = 1 in [0, t]) { w' = w - lr * g }", ["R0504 in [0, t]"]),
    (bowl + "minimize bowl with Lion(bta1 = 0.5) for 3 steps", ["R0505 bta1"]),
    ("rule A(lr = norm(w)) { w' = w - lr * g }", ["R0506 w"]),
    ("rule A(lr = loss, μ = 2) { w' = w - lr * μ * g }", ["R0506 loss"]),
    (
      "rule R = route {\n rank == 2 -> Lion\n otherwise -> SGD\n otherwise -> SGD\n}", ["R0603 R"]
    ),
    ("rule A { w' = w - mean over batch g }", ["R0431 batch"]),
    ("rule A { w' = w - g * batch }", ["R0431 batch"]),
    ("rule A { input G: batch\n w' = w - G }", ["R0432 w"]),
    ("rule A { input G: batch\n state m\n m' = m + G\n w' = w - m' }", ["R0432 m + G"]),
    ("rule A { input G: batch\n when norm(G) > 1 { w' = w - g } }", ["R0432 norm(G) > 1"]),
    ("rule A { input G: batch\n w' = w - grad(w + G) }", ["R0432 grad(w + G)"]),
    ("rule A { w' = w - g + mean over workers g }", ["R0432 w"]),
    (
      "rule A { w' = w - g / global norm(g) + mean over workers g }", ["R0432 w"]
    ),
    (
      "rule A { input G: batch\n Q, R = qr(G)\n w' = w - sum over batch (Q @ R) }", ["R0432 qr(G)"]
    ),
    ("rule A { input G: batch(batch)\n w' = w - sum over batch G }", ["R0434 batch(batch)"]),
    ("rule A { input G: batch(3)\n w' = w - sum over batch G }", ["R0434 batch(3)"]),
    ("rule A { state h: window\n h' = g\n w' = w - h[0] }", ["R0434 window"]),
    ("rule A { state h: window(0)\n h' = g\n w' = w - h[0] }", ["R0434 0"]),
    ("rule A { state h: window(10)\n h' = g\n w' = w - h[12] }", ["R0408 12"]),
    (
      "rule A { state h: window(3)\n h' = norm(row_sum(g))\n w' = w - push(g, h) }",
      ["R0431 push(g, h)"]
    ),
    ("objective f(x: stack(3) = 0) = sum(x^2)", ["R0434 stack(3)"]),
    ("x = zeros(stack(3))", ["R0434 stack(3)"]),
    ("rule A { input G: batches\n w' = w - sum over batch G }", ["R0317 batches"]),
    ("rule A(b = [1, 2], c = [1, 2, 3]) { w' = w - g * sum over stack (b + c) }", ["R0401 b + c"]),
    ("rule A(b = [1, 2]) { w' = w - g * sum over stack b }\nrule B = A(b = 3)", ["R0509 3"]),
    ("rule A(b = []) { w' = w - g * sum over stack b }", ["R0416 b"]),
    ("rule A(b = [1, 2] in [0, 1]) { w' = w - g * sum over stack b }", ["R0502 [1, 2]"]),
    ("rule A { w' = w - dot over workers g }", ["R0202 dot"]),
    ("rule A { input G: batch\n w' = w - sum over batch, stack G }", ["R0134 ,"]),
    ("rule A { input G: batch\n w' = w - sum over batch stack G }", ["R0134 stack"]),
    ("rule A { w' = w - sum over workers g[1, :, :] }", ["R0408 g[1, :, :]"]),
    ("rule R(k = 1) = route {\n k -> Lion\n otherwise -> SGD\n}", ["R0604 k"]),
  ]

  @Test func eachMistakeIsOneError() {
    for (text, found) in Self.table { #expect(findings(text) == found, "\(text)") }
  }

  @Test func errorsOfOneRuleHideNoneOfTheNext() {
    let text = """
      rule A(lr = 1) { w' = w - lr * gg }
      rule B(lr = 1) { state m
        m' = m + lr * g }
      rule C(lr = 1) { w' = w - lr * (g @ w) }
      rule D { u = (g +
        w' = w - u }
      rule E { w' = A(w, g) }
      """
    let found = findings(text)
    for wanted in ["R0201 gg", "R0306 B", "R0402 g @ w"] { #expect(found.contains(wanted)) }
    // What is wrong because A is wrong is not said again.
    #expect(!found.contains { $0.hasPrefix("R0230") })
  }

  /// A rule with errors is not bound; what is wrong was said where it is declared.
  @Test func whatIsBrokenIsNotUsed() {
    let compiler = Compiler()
    _ = compiler.add(name: "a.opt", bytes: Array("rule A(lr = 1) { w' = w - lr * gg }".utf8))
    #expect(code { _ = try compiler.rule("A") } == 230)
    #expect(code { _ = try compiler.rule("Lookahead(A)") } == 230)
  }

  @Test func fixesMend() {
    for text in [
      "rule A(lr = 1) { w' = w - lr * gg }", "rule A { w' = w - sqrtt(g) }",
      "rule A { state m\n m = g\n w' = w - m' }",
      "rule A { state m as bf17\n m' = g\n w' = w - m }",
      "rule A { view evl = w\n w' = w - g }",
      bowl + "minimize bowl with Lyon for 3 steps",
      bowl + "minimize bowl with Lion(bta1 = 0.5) for 3 steps",
      bowl + "minimize bowl with Lion(1e-3) for 3 steps",
    ] {
      #expect(!findings(text).isEmpty, "\(text)")
      #expect(findings(mended(text)) == [], "\(mended(text))")
    }
  }

  /// What may be written, and looks as if it might not.
  @Test func accepted() {
    for text in [
      "rule A { state sum\n sum' = sum + sum(g)\n norm = norm(g)\n w' = w - g / norm * sum' }",
      "rule A(e = 1, d = 2) { w' = w - e * d * g }",
      "rule A { when t > 3 { u = g } else { u = 2 * g }\n w' = w - u }",
      "rule A { state m\n when t > 3 { when t > 5 { m' = g } else { m' = 2 * g } }\n w' = w - m' }",
      "rule A(p = 0.5) { w' = w - (if bernoulli(p) then g else 0) }",
      "rule A(n = 3) {\n y = zeros(n, n)\n repeat 3 { y' = y * 0 + 1 }\n w' = w - g * sum(y) }",
      "rule A(n = 3) {\n y = 0\n repeat n { y' = y + sum(zeros(n)) }\n w' = w - g * y }",
      "objective f(; x, y) { param w: matrix(features, 1) = 0\n loss = mean((x @ w - y)^2) }",
      "objective f(x: vector(2)) { when t > 3 { loss = sum(x) } else { loss = sum(x^2) } }",
      "best = Lion(lr = 1e-3)\n" + bowl + "minimize bowl with best, Cautious(best) for 9 steps",
      bowl + "minimize bowl with Cautious(Cautious(Lion)), Lookahead(MuonAdamW) for 10 steps",
      "rule A { w' = w - h(g) }\nfn h(x) = c * x\nc = 2",
      "rule A { x = g\n repeat 2 { x' = x + y }\n y = f(g)\n w' = w - x }\n"
        + "fn f(x) {\n z = x\n repeat 3 { z' = z * 2 }\n z\n}",
      "fn f(w) = 2 * w\nrule A { w' = w - f(g) }",
    ] { #expect(findings(text) == [], "\(text)") }
  }

  @Test func aScriptCannotChangeTheZoo() throws {
    let plain = try Compiler().rule("CLion").module.variants[0].update
    let compiler = Compiler()
    let text = "fn ema(x, y, β) = x\nfn sign(x) = 0 * x\nrule Lion { w' = w - ema(g, g, 1) }\n"
    #expect(compiler.add(name: "mine.opt", bytes: Array(text.utf8)).isEmpty)
    #expect(try compiler.rule("CLion").module.variants[0].update == plain)
    #expect(try compiler.rule("Lion").module.variants[0].update != plain)
  }

  @Test func lengthsInsideLoopsBind() throws {
    let compiler = Compiler()
    let text = "rule A(n = 3) {\n y = zeros(n, n)\n repeat 2 { y' = 1 }\n w' = w - g * sum(y) }"
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    let update = try compiler.rule("A").module.variants[0].update
    let bound = try update.specialised(BindContext(dims: [2, 2], hypers: [3]))
    #expect(bound.loops[0].body.instructions.allSatisfy { $0.type.shape.isConcrete })
  }

  @Test func eyeOfRowsIsSquare() throws {
    let compiler = Compiler()
    let text = "rule A { w' = w - eye(rows) @ g }"
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    let update = try compiler.rule("A").module.variants[0].update
    let bound = try update.specialised(BindContext(dims: [3, 4], hypers: []))
    let eye = try #require(bound.instructions.first { $0.operation == .identity })
    #expect(eye.type.shape == Shape([.fixed(3), .fixed(3)]))
  }

  @Test func equationsInAnyOrderAreOneProgram() throws {
    let lines = [
      "state m, v", "m' = ema(m, g, 0.9)", "v' = ema(v, g^2, 0.99)", "s = sqrt(v') + 1e-8",
      "w' = w - 0.1 * u", "u = m' / s",
    ]
    var forms: Set<Function> = []
    for rotation in lines.indices {
      let order = Array(lines[rotation...] + lines[..<rotation])
      let compiler = Compiler()
      let text = "rule A {\n" + order.joined(separator: "\n") + "\n}"
      #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
      forms.insert(try compiler.rule("A").module.variants[0].update.canonical())
    }
    #expect(forms.count == 1)
  }
}
