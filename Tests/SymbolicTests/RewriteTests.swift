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

  @Test(arguments: Rewrite.all.indices) func bothSidesAgree(_ index: Int) throws {
    let rewrite = Rewrite.all[index]
    guard let sides = rewrite.sides else { return }
    var random = SplitMix64(UInt64(index) + 5)
    func sample(_ interval: Interval) throws -> Double {
      let low = try #require(interval.low).approximation
      let high = try #require(interval.high).approximation
      return low + (high - low) * random.unit()
    }
    for _ in 0..<400 {
      let (x, y) = (try sample(rewrite.domain.0), try sample(rewrite.domain.1))
      let (left, right) = sides(x, y)
      #expect(
        abs(left - right) <= 1e-9 * max(1, abs(left)),
        "\(rewrite.statement) at \(x), \(y): \(left) and \(right)")
    }
    // Zero and its like where the domain has it.
    if rewrite.domain.0.contains(.zero) {
      for x in [0.0, -0.0, 1] {
        for y in [0.0, -0.0, -1] {
          let (left, right) = sides(x, y)
          #expect(left == right || left.isNaN && right.isNaN, "\(rewrite.statement) at \(x), \(y)")
        }
      }
    }
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
