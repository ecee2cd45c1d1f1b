import Basics
import Driver
import IR
import Laboratory
import Runtime
import Symbolic
import Testing

/// The normal form never changes a value.
@Suite struct RewriteTests {
  @Test func everyRewriteIsInTheCatalogueOnce() {
    #expect(
      Rewrite.all.map(\.name.rawValue).sorted()
        == Rewrite.Name.allCases.map(\.rawValue).sorted())
  }

  /// For each rewrite two bodies of a rule, which it alone or with others makes one term; x and y are hyperparameters above 0.
  static let examples: [(name: Rewrite.Name, left: String, right: String)] = [
    (.polynomial, "(g + w) * (g + 1)", "g * g + g + w * g + w"), (.cancel, "x / x + g", "1 + g"),
    (.powers, "g^2 * g^3", "g^5"),
    (.rootOfProduct, "sqrt(x * y) * g", "sqrt(x) * sqrt(y) * g"),
    (.rootOfSquare, "sqrt(g^2)", "abs(g)"), (.squareOfRoot, "sqrt(x) * sqrt(x) * g", "x * g"),
    (.signOfScaled, "sign(x * g)", "sign(g)"), (.signOfSigned, "sign(tanh(g))", "sign(g)"),
    (.signOfMaximum, "sign(max(g, w))", "max(sign(g), sign(w))"),
    (.signCubed, "sign(g)^3", "sign(g)"), (.signTimesAbsolute, "sign(g) * abs(g)", "g"),
    (.overAbsolute, "g / abs(g)", "sign(g)"), (.absoluteSquared, "abs(g)^2", "g^2"),
    (.absoluteOfProduct, "abs(g * w)", "abs(g) * abs(w)"),
    (.knownSign, "abs(x) + sign(x) + g", "x + 1 + g"),
    (.oddFunction, "tanh(-g) + sin(-g)", "-tanh(g) - sin(g)"),
    (.evenFunction, "cosh(-g) + cos(-g)", "cosh(g) + cos(g)"),
    (.logarithmOfProduct, "log(x * y) + g", "log(x) + log(y) + g"),
    (.logarithmOfPower, "log(x^y) + g", "y * log(x) + g"),
    (.exponentialOfSum, "exp(g + w)", "exp(g) * exp(w)"), (.cubeOfCubeRoot, "cbrt(g)^3", "g"),
    (.cubeRootOfScaled, "cbrt(g^3 * w)", "g * cbrt(w)"),
    (.maximumOfScaled, "max(2.5 * g, 2.5 * w)", "2.5 * max(g, w)"),
    (.maximumOfShifted, "max(g, -g)", "abs(g)"),
    (.maximumOfOrdered, "max(abs(g), -abs(g))", "abs(g)"),
    (.minimumAsMaximum, "min(g, w)", "-max(-g, -w)"),
    (.clipAsBounds, "clip(g, -x, x)", "min(max(g, -x), x)"),
    (.comparison, "if g >= w then g else 2 * w", "if w > g then 2 * w else g"),
    (.decidedComparison, "if x > 0 then g else w", "g"),
    (
      .idempotentCondition, "(if g > 0 then 1 else 0) * (if g > 0 then 1 else 0) * w",
      "(if g > 0 then 1 else 0) * w"
    ),
    (.equalArms, "if g > 0 then g + w else w + g", "w + g"),
    (.knownCondition, "if x > 0 then g else w", "g"),
    (.linearReduction, "sum(x * g) * w", "x * sum(g) * w"),
    (.reductionOfConstant, "sum(x + 0 * g) * w", "numel * x * w"),
    (.reductionOfReductions, "mean(row_mean(g)) * w", "mean(g) * w"),
    (.reductionOfTranspose, "norm(g.T) * w", "norm(g) * w"),
    (.traceOfProduct, "trace(g @ g.T) * w", "norm(g)^2 * w"),
    (.maximumOfScaledTensor, "max(x * g) * w", "x * max(g) * w"),
    (.productOfMatrices, "(w + 2 * g) @ w.T @ g", "w @ w.T @ g + 2 * (g @ w.T @ g)"),
    (.transposeOfProduct, "(w @ g.T).T @ w", "g @ w.T @ w"),
    (.transposeTwice, "(2 * g.T).T", "2 * g"), (.identityMatrix, "eye(rows) @ g", "g"),
    (.caseSplit, "if g > w then g else w", "max(g, w)"),
    (.closedState, "s' * g", "g * (1 - 0.5^t) / (1 - 0.5)"),
    (.closedSum, "s' * g", "g * t * (t + 1) / 2"),
    (.remainder, "(floor(x) mod 3) * g", "(floor(x) - 3 * floor(floor(x) / 3)) * g"),
    (
      .maximumOfCondition, "max(if g > 0 then 1 else 0) * w", "(if max(g) > 0 then 1 else 0) * w"
    ),
    (.inverseFunction, "tan(arctan(g)) * w", "g * w"), (.foldOfZeros, "g * (norm(g) > 0)", "g"),
    (.hyperbolic, "sinh(g) / cosh(g)", "tanh(g)"),
    (.tangent, "tan(g / 9) * cos(g / 9)", "sin(g / 9)"),
    (.commonDenominator, "sign(g / x + w / y)", "sign(g * y + w * x)"),
    (.divisionOfPolynomials, "(x^2 + 2 * x + 1) / (x + 1) * g", "(x + 1) * g"),
  ]

  @Test func everyRewriteHasAnExample() {
    #expect(Set(Self.examples.map(\.name)) == Set(Rewrite.Name.allCases))
  }

  /// The engine uses the rewrite where it shows that both sides are one, and the reference, which knows
  /// no rewrites, gives both sides the same numbers.
  @Test(arguments: examples.indices) func bothSidesAgree(_ index: Int) throws {
    let (name, left, right) = Self.examples[index]
    let hasState = left.contains("s'")
    let compiler = Compiler()
    for (rule, body) in [("Left", left), ("Right", right)] {
      let source = """
        rule \(rule)(x = 0.7 in (0, inf), y = 1.3 in (0, inf)) {
            \(hasState ? "state s: scalar\n    s' = \(name == .closedSum ? "s + t" : "0.5 * s + 1")" : "")
            w' = \(body) + 0 * x * y * \(hasState ? "s'" : "1")
        }
        """
      let found = compiler.add(name: rule, bytes: Array(source.utf8))
      try #require(!found.contains { $0.severity == .error }, "\(found.map(\.message))")
    }
    let result = try compiler.compare("Left", "Right")
    switch result.verdict {
    case .equal: break
    case .equalWhere: #expect(name == .overAbsolute, "\(ComparisonText.text(result))")
    default: Issue.record("\(ComparisonText.text(result))")
    }
    // Those of the proof, and those that made the term.
    let own = try compiler.algebra("Left", generality: .all)
    if !hasState { _ = try own.rule.update(step: own.rule.step, states: []) }
    let used = Set(result.rewrites).union(own.table.used.map(\.rawValue))
    #expect(used.contains(name.rawValue), "\(used)")
    var random = SplitMix64(UInt64(index) + 5)
    var compared = 0
    for _ in 0..<20 {
      let (x, y) = (0.1 + 2.9 * random.unit(), 0.1 + 2.9 * random.unit())
      let start = (0..<6).map { _ in 6 * random.unit() - 3 }
      let gradients = (0..<(hasState ? 3 : 1)).map { _ in (0..<6).map { _ in 6 * random.unit() - 3 }
      }
      let sides = try ["Left", "Right"].map {
        try Self.walked(compiler.rule("\($0)(x = \(x), y = \(y))"), start, gradients)
      }
      for (a, b) in zip(sides[0], sides[1]) {
        compared += 1
        #expect(abs(a - b) <= 1e-9 * max(1, abs(a)), "\(left) and \(right) at \(x), \(y)")
      }
    }
    #expect(compared == 20 * (hasState ? 3 : 1) * 6)
  }

  /// The weights after each step of the reference, a matrix of 2 × 3.
  private static func walked(
    _ rule: Rule, _ start: [Double], _ gradients: [[Double]]
  ) throws -> [Double] {
    let optimizer = try Optimizer(
      rule, parameters: [ParameterSpec(name: "w", dims: [2, 3])], engine: .reference,
      elementType: .float64)
    var (weights, gradient, found) = (start, start, [Double]())
    try weights.withUnsafeMutableBytes { w in
      try gradient.withUnsafeMutableBytes { g in
        optimizer.bind(
          parameters: [w.baseAddress!], gradients: [UnsafeRawPointer(g.baseAddress!)])
        try optimizer.initialise()
        for given in gradients {
          g.copyBytes(from: given.withUnsafeBytes { Array($0) })
          try optimizer.step()
          found += w.bindMemory(to: Double.self)
        }
      }
    }
    return found
  }

  /// Terms made of random programs against the reference evaluator.
  @Test func termsKeepTheValueOfPrograms() throws {
    var compared = 0
    for seed in 1...150 {
      var generator = PairGenerator(UInt64(seed) &* 104_729)
      let body = generator.text(generator.tree(4, ["g", "w", "lr", "β", "t"]))
      let source = "rule R(lr = 0.1 in [0, inf), β = 0.9 in [0, 1)) { w' = \(body) + 0 * lr * β }\n"
      let compiler = Compiler()
      let found = compiler.add(name: "r.opt", bytes: Array(source.utf8))
      if found.contains(where: { $0.severity == .error }) { continue }
      let own = try compiler.algebra("R", generality: .all)
      let step = try own.rule.update(step: own.rule.step, states: [])
      for round in 0..<3 {
        let hypers = [0.05 + generator.random.unit(), generator.random.unit()]
        let (rows, cols) = (2, 3)
        let w = (0..<6).map { _ in generator.random.normal() }
        let g = (0..<6).map { _ in generator.random.normal() }
        let program = ReferenceProgram(
          try own.rule.variant.update.specialised(BindContext(dims: [rows, cols], hypers: hypers)))
        let reference = try program.evaluate(
          ReferenceEnvironment(
            hypers: hypers, step: round + 1, parameters: [Dense(shape: [rows, cols], values: w)],
            gradients: [Dense(shape: [rows, cols], values: g)]))
        let expected = try #require(reference.value(.parameter(0))).values
        var evaluator = Evaluator(own.table, rows: rows, cols: cols)
        evaluator.set(own.rule.weight, w)
        evaluator.set(own.rule.gradient, g)
        evaluator.set(own.rule.step, Double(round + 1))
        for (k, hyper) in own.rule.hypers.enumerated() { evaluator.set(hyper, hypers[k]) }
        guard let values = evaluator.values(step.weight) else { continue }
        compared += 1
        for (x, y) in zip(values, expected) where x.isFinite && y.isFinite {
          #expect(abs(x - y) <= 1e-7 * max(1, abs(x), abs(y)), "seed \(seed): \(source)")
        }
        // What the program gives, the term gives.
        #expect(zip(values, expected).allSatisfy { $0.isFinite || !$1.isFinite }, "\(source)")
      }
    }
    #expect(compared > 200)
  }

  /// Arithmetic that multiplies out is one term.
  @Test(arguments: [
    ("(g + w)^2 - (g - w)^2", "4 * g * w"),
    ("(g^2 - w^2) / (1 + lr) * (1 + lr)", "(g + w) * (g - w)"),
    ("sqrt(4 * lr^2) * g", "2 * lr * g"), ("g * abs(g) * sign(g)", "g * g"),
    ("exp(lr) * exp(2 * lr) * g", "exp(3 * lr) * g"), ("log(exp(lr)) * g", "lr * g"),
    ("max(2 * g, 2 * w)", "2 * max(w, g)"), ("min(g, w)", "-max(-g, -w)"),
    ("sum(3 * lr * g) * g", "3 * lr * sum(g) * g"), ("norm(-2 * g) * g", "2 * norm(g) * g"),
    ("g^3 / g^2 * g", "g * g / g * g"), ("cbrt(8 * g)", "2 * cbrt(g)"),
    ("tanh(-g)", "-tanh(g)"), ("g / (1 / (1 + lr))", "g + lr * g"),
    ("if lr > 2 then g else g", "g"), ("mean(g) * numel", "sum(g)"),
    ("β^t * β^2 * g", "β^(t + 2) * g"), ("(lr * β)^t * g", "lr^t * β^t * g"),
  ]) func normalForms(_ left: String, _ right: String) throws {
    let compiler = Compiler()
    func rule(_ name: String, _ body: String) -> String {
      "rule \(name)(lr = 0.1 in (0, inf), β = 0.9 in (0, 1)) "
        + "{ w' = \(body) + 0 * lr * β * norm(g) }\n"
    }
    let found = compiler.add(
      name: "r.opt", bytes: Array((rule("A", left) + rule("B", right)).utf8))
    #expect(!found.contains { $0.severity == .error })
    let result = try compiler.compare("A", "B")
    #expect(result.isEqual, "\(ComparisonText.text(result))")
  }

  /// Ranges found by intervals hold.
  @Test func intervals() {
    let t = TermTable()
    let β = t.symbol(Symbol("β", .hyper, domain: Interval(.zero, .one, excludesHigh: true)))
    let step = SymbolicRule.step(t, from: 1)
    let g = t.symbol(Symbol("g", .gradient, spread: .like))
    #expect(t.isPositive(t.subtract(t.one, t.power(β, step))))
    #expect(t.isNonnegative(t.multiply(g, g)))
    let square = t.multiply(g, g)
    #expect(t.isNonnegative(t.subtract(square, t.multiply(β, square))))
    #expect(!t.isNonnegative(t.subtract(t.multiply(β, square), square)))
    #expect(!t.isPositive(t.power(β, step)))
    let α = t.symbol(Symbol("α", .hyper, domain: Interval(.zero, .one, excludesHigh: true)))
    // (1 − α)(1 − β) > 0, multiplied out.
    let product = t.multiply(t.subtract(t.one, α), t.subtract(t.one, β))
    #expect(t.isPositive(product))
    #expect(t.interval(t.subtract(α, β)).isNonzero == false)
  }
}
