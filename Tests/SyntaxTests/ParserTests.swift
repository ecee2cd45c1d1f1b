import Diagnostics
import Syntax
import Testing

@Suite struct ParserTests {
  @Test(arguments: [
    ("-x^2", "(- (^ x 2))"),
    ("x^-2", "(^ x (- 2))"),
    ("a^b^c", "(^ a (^ b c))"),
    ("x²", "(^ x 2)"),
    ("-x²", "(- (^ x 2))"),
    ("√x^2", "(call sqrt (^ x 2))"),
    ("√x * y", "(* (call sqrt x) y)"),
    ("a - b - c", "(- (- a b) c)"),
    ("a * b @ c / d mod e", "(mod (/ (@ (* a b) c) d) e)"),
    ("a + b * c", "(+ a (* b c))"),
    ("a * -b", "(* a (- b))"),
    ("not a == b and c or d", "(or (and (not (== a b)) c) d)"),
    ("not not a", "(not (not a))"),
    ("if a then b else if c then d else e", "(if a b (if c d e))"),
    ("global norm(g) + 1", "(+ (global (call norm g)) 1)"),
    ("global norm(g)^2", "(^ (global (call norm g)) 2)"),
    ("sum over stack b * 2", "(* (over sum stack b) 2)"),
    ("mean over batch -x", "(over mean batch (- x))"),
    ("mean over batch g^2", "(over mean batch (^ g 2))"),
    ("‖a + ‖b‖‖ * c", "(* (call norm (+ a (call norm b))) c)"),
    ("‖‖a‖ + b‖", "(call norm (+ (call norm a) b))"),
    ("X.T @ Y.T[1]", "(@ (transpose X) (index (transpose Y) 1))"),
    ("x[:, 1:, :2, a:b]", "(index x (slice _ _) (slice 1 _) (slice _ 2) (slice a b))"),
    ("f(x, y, steps = 5)", "(call f x y steps: 5)"),
    ("f()", "(call f)"),
    ("[1, [2], []]", "(list 1 (list 2) (list))"),
    ("m' + Lion.m", "(+ m' (member Lion m))"),
    ("rank == 2 and name !~ \"a|b\"", "(and (== rank 2) (!~ name \"a|b\"))"),
    ("batch + steps - state * rule / view", "(- (+ batch steps) (/ (* state rule) view))"),
    ("global + over", "(+ global over)"),
    ("(\n a\n + b\n)", "(+ a b)"),
    ("f(\n a,\n k = 1,\n)", "(call f a k: 1)"),
    ("Lion(lr = 1e-4)", "(call Lion lr: 0.0001)"),
    ("a < b < c", "R0124"),
    ("a b", "R0125"),
    ("", "R0120"),
  ])
  func precedence(_ text: String, _ tree: String) {
    #expect(expression(text) == tree)
  }

  @Test func theTourParses() {
    let parsed = Parsed(tour)
    #expect(parsed.findings == [])
    #expect(parsed.tree.items.count == 20)
    guard case .rule(let lion) = parsed.tree.items[0].kind else {
      Issue.record("the first item is no rule")
      return
    }
    #expect(lion.documentation.count == 2)
    #expect(lion.documentation[0] == "Lion: evolved sign momentum.")
    #expect(lion.parameters[1].name == Name("beta1"))
    let text = dump(parsed.tree)
    for line in [
      "(state (v as int8 block: 256 round stochastic) (s : scalar = 1) (d : global = 1e-06))",
      "(state (L : matrix(rows rows) = (call eye rows)) (h : window(10)) (b : stack(betas)))",
      "(input (G : batch) (a : vector(cols)))",
      "(guard finite)", "(matrices over trailing)",
      "(equation Q R = (call qr (+ (index a (slice 1 _) 0) (index h 0))))",
      "(arm otherwise -> (call AdamW lr: 0.0003 lambda: 0.1))",
      "(for 20 epochs) (batch 64) (seeds 5))",
      "(plot loss accuracy to \"digits.svg\")",
      "(plot loss (x (in 0 20)) (y (in 0.001 1) log) to \"digits.png\")",
      "(save W1 b1 to \"digits.npz\")",
    ] {
      #expect(text.contains(line), "\(line)")
    }
  }

  @Test func keywordsAreNamesWhereTheyCan() {
    let parsed = Parsed(
      """
      rule X(batch = 1, steps = 2, seeds = 3, data = 4, T = 5, name = 6, rank = 7, view = 8,
          state = 9, every = 10, rule = 11, fn = 12, over = 13, global = 14, to = 15, in = 16 in [0, 20]) {
          state = view + every
          view' = state * data - T
          w' = every
      }
      train = 3
      data = train + 1
      plot = data
      save = plot
      save
      y = save * log
      """)
    #expect(parsed.findings == [])
    #expect(parsed.tree.items.count == 7)
  }

  /// On a line of its own it is a statement, with `every` a clause.
  @Test func saveIsAClauseAndAStatement() {
    let parsed = Parsed(
      """
      train f on d with A for 3 steps
          save every 2 epochs to "a.safetensors"
      save w to "w.npz"
      save to "w.npz"
      """)
    #expect(parsed.findings == [])
    #expect(
      dump(parsed.tree) == """
        (train f on d with A (for 3 steps) (save 2 epochs "a.safetensors"))
        (save w to "w.npz")
        (save to "w.npz")

        """)
    for (text, code) in [
      ("save w", "R0147"), ("save w to 3", "R0147"), ("save w, to \"w.npz\"", "R0147"),
      ("save 3 to \"w.npz\"", "R0125"), ("plot loss y in 3", "R0147"),
      ("plot loss y in [1]", "R0147"),
      ("plot loss y in [1, 2", "R0121"),
      ("minimize f with A for 3 steps save w to \"w.npz\"", "R0147"),
    ] {
      #expect(
        Parsed(text).findings.contains { $0.contains(code) }, "\(text): \(Parsed(text).findings)")
    }
  }

  @Test func lineBreaks() {
    let sum = Parsed("fn f(x) {\n y = x +\n 1\n z = y\n * 2\n\n -z\n}")
    #expect(sum.findings == [])
    #expect(
      dump(sum.tree)
        == "(fn f (x)\n  (equation y = (+ x 1))\n  (equation z = (* y 2))\n  (result (- z))\n)\n")
    let choice = Parsed("y = if a\n then b\n else c\nz = y\n and d\n(x)")
    #expect(
      dump(choice.tree)
        == "(definition y (if a b c))\n(definition z (and y d))\n(expression x)\n")
    let call = Parsed("y = f\n(x)\n[1]")
    #expect(dump(call.tree) == "(definition y f)\n(expression x)\n(expression (list 1))\n")
  }

  @Test func bracesAndElse() {
    let one = Parsed("rule X { when a { b = 1 } else when c { b = 2 } else { b = 3 } }")
    let other = Parsed(
      "rule X\n{\nwhen a\n{\nb = 1\n}\nelse when c {\nb = 2 }\nelse\n{ b = 3 }\n}")
    #expect(one.findings == [])
    #expect(other.findings == [])
    #expect(dump(one.tree) == dump(other.tree))
    #expect(dump(one.tree).contains("(else\n      (when c"))
  }

  @Test func functionsOfSeveralValues() {
    let parsed = Parsed("fn f(A) = A, A.T\nfn g(A) {\n Q, R = qr(A)\n Q, R\n}")
    #expect(parsed.findings == [])
    #expect(
      dump(parsed.tree)
        == "(fn f (A)\n  (result A (transpose A))\n)\n(fn g (A)\n  (equation Q R = (call qr A))\n  (result Q R)\n)\n"
    )
  }

  @Test func documentationIsWhatStandsDirectlyAbove() {
    let parsed = Parsed("## far\n\n## one\n##  two\n# no doc\nfn f(x) = x\n## a\n## b\nfn g(x) = x")
    guard case .function(let f) = parsed.tree.items[0].kind,
      case .function(let g) = parsed.tree.items[1].kind
    else {
      Issue.record("no functions")
      return
    }
    #expect(f.documentation == [])
    #expect(g.documentation == ["a", "b"])
  }

  @Test func incompleteLines() {
    func incomplete(_ text: String) -> Bool {
      var map = SourceMap()
      return isIncomplete(map.add(name: "session", text: text))
    }
    for text in [
      "rule X {", "x = (1 +", "x =", "f(a,", "rule X(a)", "x = if a then", "fn f(x) {\n y = x",
      "minimize f with", "x = [1, 2", "x = a *", "rule X { when a { b = 1 }", "data d =",
    ] {
      #expect(incomplete(text), "\(text)")
    }
    for text in [
      "", "x = 1", "rule X { }", "x = )", "# only a comment", "x = 1 + not a", "x = \"a", "f(a))",
      "m' = 1", "x = 1 2",
    ] {
      #expect(!incomplete(text), "\(text)")
    }
  }
}
