import Diagnostics
import Driver
import Runtime
import Testing

/// What a rule may leave open until it is bound: which way a tensor lies, how much of it is taken.
@Suite struct BindTimeTests {
  static let w = (0..<12).map { 0.1 * Double($0) - 0.4 }
  static let g = (0..<12).map { Double(($0 * 7) % 5) - 1.75 }

  /// Both texts must do the same, on both engines.
  private func same(
    _ first: String, _ second: String, header: String = "lr = 0.1", dims: [Int],
    _ sourceLocation: SourceLocation
  ) throws {
    for engine in RuleRun.engines {
      func run(_ body: String) throws -> [Double] {
        try RuleRun(
          "rule R(\(header)) {\n\(body)\n}", name: "R", dims: dims, w: Self.w, g: Self.g,
          engine: engine
        ).parameters
      }
      let (x, y) = (try run(first), try run(second))
      #expect(x == y, "\(dims) \(engine)", sourceLocation: sourceLocation)
      #expect(x != Self.w, sourceLocation: sourceLocation)
    }
  }

  @Test func armsOfAChoiceByShapeMayDiffer() throws {
    let body = """
      X = if rows >= cols then g else g.T
      S = X.T @ X
      small = if rows >= cols then g @ S else S @ g
      w' = w - lr * small * rows(X) * cols(S)
      """
    try same(
      body, "w' = w - lr * (g @ (g.T @ g)) * rows * cols", dims: [4, 3], #_sourceLocation)
    try same(
      body, "w' = w - lr * ((g @ g.T) @ g) * cols * rows", dims: [3, 4], #_sourceLocation)
    try same(
      "when rows > cols { X = g } else { X = g.T }\nw' = w - lr * g * sum(X[0])",
      "w' = w - lr * g * sum(g.T[0])", dims: [3, 4], #_sourceLocation)
    // In a loop, where the condition comes from outside.
    try same(
      """
      isTall = rows > cols
      y = g
      repeat 2 {
          X = if isTall then y else y.T
          y' = y * sum(X[0])
      }
      w' = w - lr * y
      """,
      "y = g\nrepeat 2 { y' = y * sum(y.T[0]) }\nw' = w - lr * y", dims: [3, 4], #_sourceLocation)
  }

  /// A choice that only a step can make has arms of one shape.
  @Test func choicesAtRunTimeNeedOneShape() {
    for condition in ["t > 3", "lr > 0.5", "sum(g) > 0"] {
      let text = "rule A(lr = 0.1) { X = if \(condition) then g else g.T w' = w - lr * g * sum(X) }"
      #expect(findings(text) == ["R0401 if \(condition) then g else g.T"])
    }
  }

  @Test(arguments: [
    ("g[:r]", "g[:2]"), ("g[r:]", "g[2:]"), ("g[:, :r]", "g[:, :2]"), ("g[1:r, r:]", "g[1:2, 2:]"),
    ("g[r]", "g[2]"), ("g[:, r]", "g[:, 2]"), ("g[r, 0]", "g[2, 0]"), ("g[0, r]", "g[0, 2]"),
    ("g[r, 3 - r]", "g[2, 1]"), ("g[:, -r:]", "g[:, 1:]"), ("g[:rows - r]", "g[:2]"),
    ("g[rows - 1]", "g[3]"), ("row_sum(g)[:r]", "row_sum(g)[:2]"),
    ("col_sum(g)[r]", "col_sum(g)[2]"), ("col_sum(g)[r - 1:]", "col_sum(g)[1:]"),
    ("flatten(g)[r:2 * r + 1]", "flatten(g)[2:5]"), ("flatten(g)[-r]", "flatten(g)[10]"),
    ("[1, 2, 3][r]", "3"),
  ]) func indicesMayBeHyperparameters(_ bound: String, _ number: String) throws {
    func body(_ x: String) -> String { "w' = w - lr * g * (r + sum(\(x))) * numel(\(x))" }
    try same(
      body(bound), body(number), header: "lr = 0.1, r = 2", dims: [4, 3], #_sourceLocation)
  }

  @Test func indicesAreKnownBeforeTheRuleRuns() {
    #expect(findings("rule A { w' = w - g[t, 0] * g }") == ["R0414 t"])
    #expect(findings("rule A { w' = w - sum(g[:, :sum(g)]) * g }") == ["R0414 sum(g)"])
    #expect(findings("rule A(r = 1) { w' = w - sum(g[:, :rr]) * g * r }") == ["R0201 rr"])
  }

  /// A range that ends before it starts, or lies outside: an error, not a crash.
  @Test(arguments: ["g[r:1]", "g[:, :r + 9]", "g[r + 40]", "g[:, :r / 3]"])
  func indicesOutsideAreRefused(_ bound: String) {
    for engine in RuleRun.engines {
      let error = #expect(throws: DiagnosticError.self) {
        _ = try RuleRun(
          "rule R(lr = 0.1, r = 2) { w' = w - lr * g * sum(\(bound)) }", name: "R", dims: [4, 3],
          w: Self.w, g: Self.g, engine: engine)
      }
      let code = error?.diagnostics[0].code.number
      #expect([408, 411, 904].contains(code), "\(bound): \(String(describing: code))")
    }
  }

  @Test func outerTakesTensorsLikeTheParameter() throws {
    try same(
      "w' = w - lr * reshape(outer(g, w) @ flatten(g), w)",
      "x = reshape(g, numel, 1)\nw' = w - lr * reshape(x @ reshape(w, 1, numel) @ x, w)",
      dims: [12], #_sourceLocation)
    try same(
      "d = reshape(g, numel)\nw' = w - lr * reshape(outer(d, d) @ d, w)",
      "x = reshape(g, numel, 1)\nw' = w - lr * reshape(x @ x.T @ x, w)", dims: [4, 3],
      #_sourceLocation)
  }

  /// Rounding makes the eigenvalues of a singular matrix negative; a power of them is no number.
  @Test func inverseRootOfNearlySingularMatrices() throws {
    for engine in RuleRun.engines {
      let run = try RuleRun(
        "rule R { L = outer(g, g)\nw' = reshape(inv_root(L, 4) @ flatten(g), w) }", name: "R",
        dims: [12], w: Self.w, g: Self.g, steps: 1, engine: engine)
      // The one eigenvalue is |g|², so g L^(-1/4) is g / sqrt(|g|).
      let norm = Self.g.map { $0 * $0 }.reduce(0, +).squareRoot()
      for (x, y) in zip(run.parameters, Self.g) {
        #expect(abs(x - y / norm.squareRoot()) < 1e-3)
      }
    }
  }

  @Test func frozenStatesAreWarnedOfWhereTheyAreConstant() {
    func warned(_ state: String) -> Bool {
      findings("rule A(lr = 0.1) { state \(state)\nw' = w - lr * (g + m) }", warnings: true)
        == ["R0307 m"]
    }
    for state in ["m", "m = 1", "m = 2 * sqrt(3)", "m = ones(rows, cols)"] {
      #expect(warned(state), "\(state)")
    }
    for state in ["m = w", "m = norm(w)", "m = 3 * lr", "m = normal()", "m = 1 + abs(w)"] {
      #expect(!warned(state), "\(state)")
    }
  }

  @Test func examplesInPairsAreWarnedOf() {
    func found(_ loss: String) -> [String] {
      findings(
        "objective f(; x, y) {\nparam W: matrix(features, 1)\nloss = mean((\(loss))^2)\n}",
        warnings: true)
    }
    for slip in [
      "flatten(x @ W) - y", "x @ W - flatten(y)", "flatten(y) * (x @ W)",
      "flatten(y) - 2 * abs(x @ W)",
    ] {
      #expect(
        found(slip).count == 1 && found(slip)[0].hasPrefix("R0436"), "\(slip): \(found(slip))")
    }
    for meant in [
      "x @ W - y", "flatten(x @ W) - flatten(y)", "x @ W - y.T", "(x @ W) @ y.T",
      "flatten(y) - reshape(2 * flatten(x @ W), batch, 1)",
      "flatten(y) - 2 * reshape(flatten(x @ W), batch, 1)", "flatten(y) * -abs(y.T - 1)",
    ] {
      #expect(found(meant) == [], "\(meant): \(found(meant))")
    }
  }

  /// A place made of a hyperparameter is looked at again where another number is set for it.
  @Test func placesThatAreSetLater() throws {
    let compiler = Compiler()
    let rules = [
      "rule A(lr = 0.1, k = 1) { w' = w - lr * g[k] }",
      "rule A(lr = 0.1, k = 1) { state h: window(4)  h' = g  w' = w - lr * h'[k] }",
    ]
    for (n, text) in rules.enumerated() {
      _ = compiler.add(name: "\(n).opt", bytes: Array(text.utf8))
      let rule = try compiler.rule("A")
      let parameter = ParameterSpec(name: "w", dims: [4])
      func bound(_ k: Double) -> String {
        do throws(DiagnosticError) {
          _ = try BoundRule(
            rule.setting("k", to: k), parameters: [parameter], engine: .reference,
            elementType: .float64, horizon: 1)
          return "bound"
        } catch {
          return error.diagnostics.map { "\($0.code)" }.joined()
        }
      }
      for (k, wanted) in [
        (0.0, "bound"), (3, "bound"), (-1, "bound"), (-4, "bound"), (4, "R0408"), (-5, "R0408"),
        (1.5, "R0414"),
      ] {
        #expect(bound(k) == wanted, "\(text) \(k)")
      }
    }
  }

  /// A negative number that a hyperparameter is counts from the end, as one that is written.
  @Test func negativePlacesOfHyperparameters() throws {
    for (k, first, second) in [(-1, 11, 2), (-3, 9, 0)] {
      let header = "lr = 0.1, k = \(k)"
      for (place, dims) in [(first, [12]), (second, [3, 4])] {
        try same(
          "w' = w - lr * g[k]", "w' = w - lr * (g[\(place)] + 0 * k)", header: header, dims: dims,
          #_sourceLocation)
      }
    }
    // What the conditions leave out is not looked at.
    try same(
      "w' = w - lr * (if k < numel then g[k] else g[1])", "w' = w - lr * (g[1] + 0 * k)",
      header: "lr = 0.1, k = 40", dims: [12], #_sourceLocation)
  }

  /// Rows of a vector have one element each: what goes along them says so.
  @Test func rowsOfAVectorAreRefused() throws {
    for call in ["argmax(g)", "argmin(g)", "softmax(g)", "log_softmax(g)"] {
      let text = "w' = w - lr * sum(\(call))"
      _ = try RuleRun(
        "rule R(lr = 0.1) {\n\(text)\n}", name: "R", dims: [3, 4], w: Self.w, g: Self.g,
        engine: .reference)
      do {
        _ = try RuleRun(
          "rule R(lr = 0.1) {\n\(text)\n}", name: "R", dims: [12], w: Self.w, g: Self.g,
          engine: .reference)
        Issue.record("\(call) of a vector is bound")
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.map { "\($0.code)" } == ["R0803"])
      }
    }
    try same(
      "w' = w - lr * (1 + argmax(flatten(g))) * g", "w' = w - lr * 3 * g", dims: [12],
      #_sourceLocation)
  }
}
