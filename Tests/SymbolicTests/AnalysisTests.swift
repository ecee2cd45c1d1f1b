import Basics
import Diagnostics
import Driver
import Foundation
import Laboratory
import Runtime
import Symbolic
import Testing
import Zoo

/// What is asked of one rule: stability, memory, limits, symmetries, units, bounds.
@Suite struct AnalysisTests {
  private func algebra(
    _ text: String, _ source: String = "", generality: Generality = .withoutSwitches
  ) throws -> RuleAlgebra {
    let compiler = Compiler()
    let found = compiler.add(name: "test.opt", bytes: Array(source.utf8))
    #expect(!found.contains { $0.severity == .error })
    return try compiler.algebra(text, generality: generality)
  }

  // MARK: Coupling

  @Test(arguments: [
    ("SGD", "", ["λ through"]),
    ("AdamW", "", ["λ through", "ε beside"]),
    ("AdaBelief", "", ["ε inside", "ε beside"]),
    ("Lion", "", ["λ through", "m uncorrected"]),
    // What does not change with the size of m needs no correction.
    (
      "Plain",
      "rule Plain(lr = 0.1, μ = 0.9 in (0, 1)) { state m; m' = ema(m, g, μ); w' = w - lr * sign(m') }",
      ["w small"]
    ),
    ("RMSProp", "", ["ε beside", "v uncorrected", "w small"]),
    ("Twice", "rule Twice(lr = 0.1, c = 2) { w' = w - lr * c * g }", ["lr, c together"]),
    (
      "Quotient",
      "rule Quotient(a = 2, b = 3 in (0, inf)) { state m; m' = 0.9 * m + a / b * g; w' = w - m' }",
      ["a, b together"]
    ),
    ("Apart", "rule Apart(a = 2, b = 3) { w' = w - (a * b + a) * g }", []),
    (
      "Stored",
      "rule Stored(β = 0.999 in [0, 1)) { state v as bf16; v' = ema(v, g, β); w' = w - v' }",
      ["v lost", "v uncorrected"]
    ),
    (
      "Random",
      "rule Random(β = 0.999 in [0, 1)) { state v as bf16 round stochastic; v' = ema(v, g, β); w' = w - v' }",
      ["v uncorrected"]
    ),
    (
      "Short", "rule Short(β = 0.5 in [0, 1)) { state v as bf16; v' = ema(v, g, β); w' = w - v' }",
      ["v uncorrected"]
    ),
    (
      "Bounded", "rule Bounded(lr = 1e-3) { w' = w - lr * sign(g) }", ["w small"]
    ),
  ]) func whatActsOnlyTogether(_ rule: String, _ source: String, _ expected: [String]) throws {
    let findings = try algebra(rule, source, generality: .all).coupling().findings
    let words: [String] = findings.map {
      let kind =
        switch $0.kind {
        case .together: "together"
        case .throughRate: "through"
        case .insideRoot: "inside"
        case .besideRoot: "beside"
        case .uncorrected: "uncorrected"
        case .lostInState: "lost"
        case .lostInWeight: "small"
        }
      return "\($0.subject) \(kind)"
    }
    #expect(words == expected)
  }

  /// 1 / 512 is the least part of a number that half a unit of bfloat16 may be.
  @Test func aBoundedStepBelowHalfAUnitMovesNothing() throws {
    let own = try algebra(
      "Bounded", "rule Bounded(lr = 1e-3) { w' = w - lr * sign(g) }", generality: .all)
    #expect(
      try own.coupling().findings.map(\.text) == [
        "moves by at most 0.001: kept in bf16, weights beyond 0.512 never move"
      ])
    var lost = 0
    for bits in stride(from: Float(0.513).bitPattern >> 16, to: Float(8).bitPattern >> 16, by: 1) {
      let w = Float(bitPattern: bits << 16)
      for step in [Float(1e-3), -1e-3] {
        // To the nearest of the upper sixteen bits, ties to even.
        let sum = (w + step).bitPattern
        let rounded = (sum + 0x7fff + (sum >> 16 & 1)) & 0xffff_0000
        #expect(Float(bitPattern: rounded) == w, "\(w)")
        lost += 1
      }
    }
    #expect(lost > 500)
  }

  // MARK: Stability

  @Test(arguments: [
    ("SGD", "0 < lr * h < 2"),
    ("HeavyBall", "0 < lr * h < 2 * (1 + μ)"),
    ("Nesterov", "0 < lr * h < 2 * (1 + μ) / (1 + 2 * μ)"),
    ("EMAMomentum", "0 < lr * h < 2 * (1 + β) / (1 - β)"),
  ]) func stableRange(_ rule: String, _ expected: String) throws {
    #expect(try algebra(rule).stability().text == expected)
  }

  /// The exact range against the spectral radius of the iteration matrix, found numerically.
  @Test(arguments: [
    "SGD", "HeavyBall", "Nesterov", "EMAMomentum", "QHM", "OptimisticGD", "ComplexMomentum",
  ]) func rangeAgreesWithTheSpectralRadius(_ name: String) throws {
    let own = try algebra(name)
    let stability = try own.stability()
    var random = SplitMix64(11)
    var checked = 0
    for _ in 0..<8 {
      var values: [TermID: Double] = [:]
      var evaluator = Evaluator(own.table)
      for symbol in own.setting.symbols {
        let x = symbol.name == "angle" ? 0.4 * random.unit() : 0.05 + 0.9 * random.unit()
        values[symbol.term] = x
        evaluator.set(symbol.term, x)
      }
      let bounds = stability.upper.compactMap { evaluator.number($0) }
      let limit = stability.limit(values)
      if stability.unsolved.isEmpty, let bound = bounds.min() {
        let found = try #require(limit)
        #expect(abs(found - bound) <= 1e-9 * bound, "\(values) \(found) \(bound)")
        checked += 1
        for (x, isStable) in [(bound * (1 - 1e-7), true), (bound * (1 + 1e-7), false)] {
          values[stability.variable] = x
          let radius = stability.spectralRadius(values)
          #expect((try #require(radius) < 1) == isStable)
        }
      } else if let limit {
        // All conditions are positive below the limit and one is not above it.
        for (x, isStable) in [(limit * (1 - 1e-6), true), (limit * (1 + 1e-6), false)] {
          var inside = Evaluator(own.table)
          for (symbol, value) in values { inside.set(symbol, value) }
          inside.set(stability.variable, x)
          let all = stability.conditions.map { inside.number($0) ?? .nan }
          #expect(all.allSatisfy { $0 > 0 } == isStable, "\(all)")
        }
        checked += 1
      }
    }
    #expect(checked >= 4)
  }

  /// The characteristic polynomial of every linear rule of the zoo against the steps that the engine
  /// takes: from the unit vectors of (w, states), on ½ h w².
  @Test func linearRulesOfTheZooStepAsTheirMatrix() throws {
    var names: [String] = []
    var random = SplitMix64(5)
    for name in Library.shared.declarations.filter({ $0.kind == .rule }).map(\.name) {
      guard let own = try? algebra(name), let stability = try? own.stability() else { continue }
      let linear = try #require(try LinearRule(own.rule))
      let states = linear.basis.dropFirst().map { own.table.symbol(of: $0)!.name }
      for _ in 0..<4 {
        var values: [TermID: Double] = [:]
        var given: [(String, Double)] = []
        for (key, term) in zip(own.rule.hyperNames, own.rule.hypers) {
          guard own.table[term].kind == .symbol else { continue }
          let x = key == "angle" ? 0.4 * random.unit() : 0.05 + 0.9 * random.unit()
          values[term] = x
          given.append((key, x))
        }
        let h = 0.2 + random.unit()
        let call = "\(name)(\(given.map { "\($0.0) = \($0.1)" }.joined(separator: ", ")))"
        let matrix = try Self.steps(call, states, h: h)
        let rate = given.first { $0.0 == "lr" }?.1 ?? 1
        values[stability.variable] = stability.isProduct ? rate * h : h
        let found: Double = try #require(stability.spectralRadius(values))
        let expected: Double = Self.spectralRadius(matrix)
        #expect(abs(found - expected) <= 1e-9 * max(1, expected), "\(call) \(found) \(expected)")
      }
      names.append(name)
    }
    #expect(names.count >= 8, "\(names)")
  }

  /// One late step from each unit vector of (w, states): the columns of the iteration matrix.
  private static func steps(_ call: String, _ states: [String], h: Double) throws -> [[Double]] {
    let n = states.count + 1
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    for column in 0..<n {
      let optimizer = try Optimizer(
        try Compiler().rule(call), parameters: [ParameterSpec(name: "w", dims: [1])],
        engine: .reference, elementType: .float64)
      var w = 1.0
      var g = 0.0
      try withUnsafeMutableBytes(of: &w) { w in
        try withUnsafeMutableBytes(of: &g) { g in
          optimizer.bind(
            parameters: [w.baseAddress!], gradients: [UnsafeRawPointer(g.baseAddress!)])
          try optimizer.initialise()
          // The first step may be another one.
          try optimizer.step()
          w.storeBytes(of: column == 0 ? 1 : 0, as: Double.self)
          g.storeBytes(of: column == 0 ? h : 0, as: Double.self)
          for (k, state) in states.enumerated() {
            try optimizer.setState(state, of: 0, [column == k + 1 ? 1 : 0])
          }
          try optimizer.step()
          matrix[0][column] = w.load(as: Double.self)
        }
      }
      for (k, state) in states.enumerated() {
        matrix[k + 1][column] = optimizer.state(state, of: 0)![0]
      }
    }
    return matrix
  }

  /// By powers of powers: the 2^40th, scaled at each squaring.
  private static func spectralRadius(_ matrix: [[Double]]) -> Double {
    let n = matrix.count
    var a = matrix
    var logarithm = 0.0
    for k in 0..<40 {
      let size = a.joined().map { abs($0) }.max() ?? 0
      if size == 0 { return 0 }
      logarithm += Foundation.log(size) * Foundation.pow(0.5, Double(k))
      let scaled = a.map { $0.map { $0 / size } }
      for i in 0..<n {
        for j in 0..<n { a[i][j] = (0..<n).reduce(0) { $0 + scaled[i][$1] * scaled[$1][j] } }
      }
    }
    return Foundation.exp(logarithm)
  }

  @Test func bestStep() throws {
    let own = try algebra("HeavyBall")
    let stability = try own.stability()
    let critical = try #require(stability.critical)
    let printer = TermPrinter(own.table)
    #expect(printer.text(critical.rate) == "sqrt(μ)")
    let μ = own.setting.symbols.first { $0.name == "μ" }!.term
    let best = try #require(stability.best([μ: 0.81]))
    #expect(abs(best.rate - 0.9) < 1e-6)
    #expect(best.x >= 0.01 - 1e-6 && best.x <= 3.61 + 1e-6)
  }

  @Test func stabilityNeedsLinearRules() {
    #expect(throws: SymbolicError.self) { try algebra("Adam").stability() }
    #expect(throws: SymbolicError.self) { try algebra("SignSGD").stability() }
  }

  // MARK: Memory

  @Test func closedForms() throws {
    let momentum = try algebra("EMAMomentum").history(of: "m")
    #expect(momentum.text == "m = sum((1 - β) * β^(t - k) * g_k for k in 1..t)")
    let t = SymbolicRule.step(momentum.table, from: 2)
    let printer = TermPrinter(momentum.table)
    #expect(printer.text(momentum.totalWeight(after: t)) == "1 - β^t")
    #expect(momentum.window.map { printer.text($0) } == "1 / (1 - β)")
    #expect(momentum.halfLife.map { printer.text($0) } == "-log(2) / log(β)")
    let adam = try algebra("Adam").history(of: "v")
    #expect(adam.text == "v = sum((1 - β2) * β2^(t - k) * g_k^2 for k in 1..t)")
    #expect(throws: SymbolicError.self) { try algebra("AMSGrad").history(of: "largest") }
    #expect(throws: SymbolicError.self) { try algebra("SGD").history(of: "m") }
  }

  /// The closed form's weights against the unrolled state.
  @Test func unrolled() throws {
    let all = try algebra("EMAMomentum").unrolled("m", steps: 3)
    #expect(all.count == 3)
    #expect(all[0] == "(1 - β) * g_1")
    let own = try algebra("EMAMomentum")
    let terms = try StateHistory.unrolled(own.rule, state: 0, steps: 4)
    var evaluator = Evaluator(own.table)
    let β = 0.7
    for symbol in own.setting.symbols { evaluator.set(symbol.term, β) }
    var expected = 0.0
    for k in 1...4 {
      let g = own.table.symbol(Symbol("g_\(k)", .gradient, variant: k, spread: .like))
      evaluator.set(g, Double(k))
      var weight = 1 - β
      for _ in k..<4 { weight *= β }
      expected += weight * Double(k)
    }
    let value = evaluator.number(terms[3])
    #expect(abs(try #require(value) - expected) < 1e-12)
  }

  // MARK: Limits

  @Test(arguments: [
    ("SGD", "-lr * g", nil), ("HeavyBall", "-lr * g / (1 - μ)", nil),
    ("EMAMomentum", "-lr * g", nil), ("Lion", "-lr * sign(g)", nil),
    ("Adam", "-lr * g / (ε + abs(g))", "-lr * sign(g)"),
    ("RMSProp", "-lr * g / (ε + abs(g))", "-lr * sign(g)"),
  ]) func steady(_ rule: String, _ update: String, _ without: String?) throws {
    let state = try algebra(rule).steadyState()
    let printer = TermPrinter(state.table)
    #expect(printer.text(state.update) == update)
    #expect(state.withoutEpsilon.map { printer.text($0) } == without)
  }

  @Test func sumsHaveNoLimit() {
    #expect(throws: SymbolicError.self) { try algebra("AdaGrad").steadyState() }
  }

  @Test(arguments: ["HeavyBall", "EMAMomentum", "Nesterov", "QHM"])
  func noise(_ rule: String) throws {
    let own = try algebra(rule)
    let noise = try own.noise()
    var evaluator = Evaluator(own.table)
    var values: [TermID: Double] = [:]
    for symbol in own.setting.symbols {
      values[symbol.term] = 0.6
      evaluator.set(symbol.term, 0.6)
    }
    // The squared answers to one gradient add up to the variance, the answers to the mean.
    let linear = try #require(try LinearRule(own.rule))
    var z = linear.input.map { evaluator.number($0)! }
    let matrix = linear.matrix.map { $0.map { evaluator.number($0)! } }
    var (sum, squares, previous) = (0.0, 0.0, 0.0)
    for _ in 0..<400 {
      let move = z[0] - previous
      previous = z[0]
      sum += move
      squares += move * move
      z = matrix.map { row in zip(row, z).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    #expect(abs(evaluator.number(noise.mean)! - sum) < 1e-9)
    #expect(abs(evaluator.number(noise.variance)! - squares) < 1e-9)
  }

  @Test func updateSizes() throws {
    let compiler = Compiler()
    let sign = try compiler.rule("SignSGD(lr = 0.01)").updateSize()
    #expect(sign.value == 0.01 && sign.error == nil)
    let momentum = try compiler.rule("EMAMomentum(lr = 0.1, β = 0.5)").updateSize()
    // lr √((1 − β) / (1 + β)).
    #expect(abs(momentum.value / (0.1 * (0.5 / 1.5).squareRoot()) - 1) < 1e-12)
    #expect(momentum.error == nil)
    // Of tanh(g): √E tanh² by quadrature.
    _ = compiler.add(
      name: "t.opt", bytes: Array("rule Tanh(lr = 1) { w' = w - lr * tanh(g) }\n".utf8))
    let measured = try compiler.rule("Tanh").updateSize()
    let error = try #require(measured.error)
    #expect(abs(measured.value - 0.627_928_7) <= 2 * error && error < 0.005, "\(measured)")
  }

  // MARK: Symmetries

  @Test(arguments: [
    ("SGD", 1), ("SignSGD", 0), ("Lion", 0), ("HeavyBall", 1), ("Adam(ε = 0)", 0),
    ("RMSProp(ε = 0)", 0), ("EMAMomentum", 1),
  ]) func degree(_ rule: String, _ degree: Int) throws {
    #expect(try Invariance(algebra(rule).rule).gradientDegree == Rational(degree))
  }

  @Test func adamNeedsEpsilonAtZero() throws {
    let own = try algebra("Adam")
    #expect(try Invariance(own.rule).gradientDegree == nil)
    let proved = try #require(
      Invariance(own.rule).findings.first { $0.property == "homogeneous in g, degree 0" })
    #expect(proved.holds == nil)
    #expect(proved.reason.hasPrefix("with ε = 0"))
  }

  @Test(arguments: [
    ("SGD", "rotation equivariant", true), ("Adam", "rotation equivariant", false),
    ("Adam", "permutation equivariant", true), ("Lion", "sign equivariant", true),
    ("Adam", "sign equivariant", true), ("SGD", "invariant to shifts of w", true),
    ("Lookahead(SGD)", "invariant to shifts of w", true),
  ]) func symmetry(_ rule: String, _ property: String, _ holds: Bool) throws {
    let findings = try algebra(rule).invariance()
    #expect(findings.first { $0.property == property }?.holds == holds)
  }

  @Test func decayBreaksShifts() throws {
    let own = try algebra("AdamW")
    let findings = try own.invariance()
    #expect(findings.first { $0.property == "invariant to shifts of w" }?.holds == false)
  }

  // MARK: Units

  @Test func units() throws {
    func dimension(_ rule: String, _ name: String) throws -> String? {
      let units = try algebra(rule).units()
      #expect(units.conflict == nil)
      return (units.hypers + units.states).first { $0.name == name }?.dimension?.description
    }
    #expect(try dimension("SGD", "lr") == "[w]^2/[loss]")
    #expect(try dimension("SGD", "λ") == "[loss]/[w]^2")
    #expect(try dimension("Adam", "lr") == "[w]")
    #expect(try dimension("Adam", "ε") == "[loss]/[w]")
    #expect(try dimension("Adam", "v") == "[loss]^2/[w]^2")
    #expect(try dimension("Adam", "β1") == "1")
    #expect(try dimension("AdamW", "λ") == "1/[w]")
    #expect(try dimension("Lion", "lr") == "[w]")
    #expect(try dimension("HeavyBall", "b") == "[loss]/[w]")
  }

  @Test func unlikeUnits() throws {
    let units = try algebra(
      "Wrong", "rule Wrong(lr = 0.1) { w' = w - lr * g - lr * g^2 }\n"
    ).units()
    let conflict = try #require(units.conflict)
    #expect(conflict.message.contains("a sum of"))
  }

  // MARK: Bounds

  @Test func lionStaysInside() throws {
    let own = try algebra("Lion", generality: .all)
    let bounds = try own.bounds()
    let printer = TermPrinter(own.table)
    #expect(bounds.update.map { printer.text($0) } == "lr + lr * λ * abs(w)")
    #expect(bounds.radius.map { printer.text($0) } == "1 / λ")
    #expect(bounds.condition.map { printer.text($0) } == "lr * λ")
    let sgd = try algebra("SGD").bounds()
    #expect(sgd.update == nil && sgd.radius == nil)
  }

  @Test func clipsBound() throws {
    let own = try algebra("ClipCoordinates(SGD)")
    let bounds = try own.bounds()
    #expect(bounds.update.map { TermPrinter(own.table).text($0) } == "lr * c")
  }

  // MARK: Reductions

  static let program4 = """
    ## The raw program that became Lion.
    rule Program4(lr = 1e-4 in [0, inf), bound = 1 in (0, inf)) {
        state m, v
        g1 = clip(g, -bound, bound)
        g2 = arcsin(g1)
        m1 = (1 - 0.899) * g2 + 0.899 * v
        m2 = m1 * m1
        v' = (1 - 1.109) * g2 + 1.109 * m1
        abs_m = sqrt(m2)
        update = m1 / abs_m
        wd = w * 0.4602
        update2 = update + wd
        lr2 = lr * 0.0002
        m' = cosh(update2)
        w' = w - update2 * lr2
    }

    """

  @Test func theProgramThatBecameLion() throws {
    let own = try algebra("Program4", Self.program4)
    let exact = try own.reduction()
    #expect(exact.steps.contains { $0.name == "dead state" })
    #expect(exact.states.map(\.name) == ["v"])
    #expect(
      exact.steps.contains {
        if case .exactWhere = $0.certainty { true } else { false }
      })
    let full = try own.reduction(assuming: true)
    let assumptions = full.steps.filter {
      if case .assuming = $0.certainty { true } else { false }
    }
    #expect(assumptions.count == 3)
    let source = try #require(full.source(name: "Reduced"))
    #expect(source.contains("v' = ema("))
    let compiler = Compiler()
    let found = compiler.add(name: "reduced.opt", bytes: Array(source.utf8))
    #expect(!found.contains { $0.severity == .error }, "\(source)")
    // β2 = 0.899 · 1.109, the decay and the step as written.
    let result = try compiler.compare(
      "Reduced", "Lion(lr = 0.0002 * lr, β1 = 0.899, β2 = 0.996991, λ = 0.4602)")
    #expect(result.isEqual, "\(source)\(ComparisonText.text(result))")
  }

  @Test func reductionsAreEqual() throws {
    for (name, source) in [
      (
        "Twins",
        """
        rule Twins(lr = 0.1 in [0, inf), β = 0.9 in [0, 1)) {
            state a, b, unused, n: scalar
            a' = β * a + g
            b' = β * b + 2 * g
            unused' = unused + w
            n' = n + 1
            w' = w - lr * (a' + b') / (1 + n')
        }

        """
      )
    ] {
      let compiler = Compiler()
      _ = compiler.add(name: "test.opt", bytes: Array(source.utf8))
      let own = try compiler.algebra(name)
      let reduction = try own.reduction()
      #expect(reduction.states.count == 1)
      let text = try #require(reduction.source(name: "Shorter"))
      let found = compiler.add(name: "shorter.opt", bytes: Array(text.utf8))
      #expect(!found.contains { $0.severity == .error }, "\(text)")
      #expect(try compiler.compare(name, "Shorter").isEqual, "\(text)")
    }
  }

  // MARK: Identity

  @Test func identify() throws {
    let compiler = Compiler()
    let source = """
      rule Mine(rate = 0.1 in [0, inf), keep = 0.9 in [0, 1)) {
          state m
          m' = m + (1 - keep) * (g - m)
          w' = w - rate * m'
      }

      """
    _ = compiler.add(name: "mine.opt", bytes: Array(source.utf8))
    let result = try compiler.compare("Mine(rate = lr, keep = β)", "EMAMomentum")
    #expect(result.isEqual)
  }

  // MARK: Derivatives and equations

  @Test func sensitivity() throws {
    let own = try algebra("SGD")
    #expect(try own.sensitivity(to: "lr").text == "-g")
    #expect(throws: SymbolicError.self) { try own.sensitivity(to: "nothing") }
  }

  @Test func indicesInLatexAreJoined() throws {
    let compiler = Compiler()
    var count = 0
    for declaration in Library.shared.declarations where declaration.kind == .rule {
      guard let rule = try? compiler.algebra(declaration.name) else { continue }
      count += 1
      let text = Array(rule.latex())
      for mark in ["_", "^"] as [Character] {
        for start in text.indices.dropLast() where text[start] == mark && text[start + 1] == "{" {
          var depth = 0
          let end = text[(start + 1)...].firstIndex { character in
            depth += character == "{" ? 1 : character == "}" ? -1 : 0
            return depth == 0
          }
          let next = end.map { $0 + 1 } ?? text.count
          #expect(next >= text.count || text[next] != mark, "\(declaration.name)")
        }
      }
    }
    #expect(count > 100)
  }

  @Test func latex() throws {
    let text = try algebra("Lion").latex()
    #expect(text.hasPrefix("\\begin{align*}"))
    #expect(text.contains("m_t &="))
    #expect(text.contains("\\beta_{1}"))
    #expect(text.contains("w_{t+1} &="))
    let balance = text.reduce(0) { $0 + ($1 == "{" ? 1 : $1 == "}" ? -1 : 0) }
    #expect(balance == 0)
    // A state after the step is named where the step uses it.
    let adam = try algebra("AdamW").latex()
    #expect(adam.contains("\\hat{m}_t &= \\frac{m_t}{1 - \\beta_{1}^{t}}"))
    #expect(adam.contains("\\sqrt{\\hat{v}_t} + \\varepsilon"))
  }
}
