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
  func algebra(
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
    // A state of another scale makes one of two do.
    (
      "Scaled",
      "rule Scaled(lr = 0.1, a = 0.9, b = 1) { state m; m' = a * m + b * g; w' = w - lr * m' }",
      ["lr, b together"]
    ),
    (
      "Squared",
      "rule Squared(lr = 0.1, a = 0.9, b = 1) { state v; v' = a * v + b^2 * g^2; w' = w - lr * g / sqrt(v') }",
      ["lr, b together"]
    ),
    (
      "Told",
      "rule Told(lr = 0.1, a = 0.9, b = 1) { state m; m' = a * m + b * g; w' = w - lr * m'; view eval = w + m' }",
      []
    ),
    // Where the state begins with a number of its own, or is compared with one, both matter.
    (
      "Begun",
      "rule Begun(lr = 0.1, a = 0.9, b = 1) { state m = 1; m' = a * m + b * g; w' = w - lr * m' }",
      []
    ),
    (
      "Clipped",
      "rule Clipped(lr = 0.1, a = 0.9, b = 1) { state m; m' = a * m + b * g; w' = w - lr * clip(m', -1, 1) }",
      ["w small"]
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
      // Entries of a stack have no names on the engine.
      guard
        states.allSatisfy({ name in
          own.source.module.variants[0].states.contains { $0.name == name }
        })
      else { continue }
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
    // Four times as long says the same.
    #expect(measured.runs == 8 && measured.steps == 1_600 && measured.isSettled == true)
    // Its average of squares takes some hundred steps.
    let late = try compiler.rule("RMSProp(lr = 1)").updateSize()
    #expect(late.isSettled == true && late.steps == 6_400)
    #expect(try compiler.rule("NAdam").updateSize().isSettled == false)
    // What is slow is run once, and then nothing is known of it.
    let slow = try compiler.rule("MFACByTensor").updateSize()
    #expect(slow.isSettled == nil && slow.steps < 400 && slow.runs < 20)
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

  /// Other numbers might have been drawn: what one run of them does refutes no symmetry.
  @Test(arguments: ["normal() * g", "g + uniform()"]) func whatIsDrawnRefutesNothing(
    _ move: String
  ) throws {
    let compiler = Compiler()
    _ = compiler.add(
      name: "r.opt", bytes: Array("rule R(lr = 0.1) { w' = w - lr * (\(move)) }\n".utf8))
    let own = try RuleAlgebra(compiler.rule("R"))
    for finding in try own.invariance() where finding.property.contains("equivariant") {
      #expect(finding.holds != false, "\(finding.property): \(finding.reason)")
    }
  }

  @Test func decayBreaksShifts() throws {
    let own = try algebra("AdamW")
    let findings = try own.invariance()
    #expect(findings.first { $0.property == "invariant to shifts of w" }?.holds == false)
  }
}
