import Basics
import Diagnostics
import Driver
import Foundation
import IR
import Laboratory
import Lowering
import Support
import Symbolic
import Testing
import Zoo

/// What is said of rules, in the words of their authors: derivatives, LaTeX, likenesses, shorter rules.
@Suite struct RuleTextTests {
  private func algebra(
    _ text: String, generality: Generality = .withoutSwitches
  ) throws -> RuleAlgebra { try Compiler().algebra(text, generality: generality) }

  // MARK: Derivatives

  /// By hand: what a state is after the step, and what is divided by 1 - β^t, are names.
  @Test(arguments: [
    ("Adam", "ε", "lr * debias(m', β1) / (ε + sqrt(debias(v', β2)))^2"),
    ("Adam", "lr", "-debias(m', β1) / (ε + sqrt(debias(v', β2)))"),
    ("AMSGrad", "ε", "lr * debias(m', β1) / (ε + sqrt(debias(largest', β2)))^2"),
    ("HeavyBall", "lr", "-b'"), ("EMAMomentum", "lr", "-m'"),
    ("RMSProp", "ε", "lr * d / (ε + sqrt(v'))^2"),
  ]) func sensitivitiesInTheRulesOwnNames(_ rule: String, _ hyper: String, _ text: String) throws {
    let own = try algebra(rule, generality: .all)
    #expect(try own.sensitivity(to: hyper).text == text)
  }

  /// What a derivative divides by and the step does not.
  @Test(arguments: [
    ("Adam", "β1", ["β1 != 0"]), ("Adam", "β2", ["β2 != 0", "debias(v', β2) != 0"]),
    ("Adam", "ε", []), ("Adam", "lr", []), ("Lion", "λ", []), ("RMSProp", "ε", []),
    ("HeavyBall", "μ", []),
  ]) func sensitivitiesSayWhereTheyAreNumbers(
    _ rule: String, _ hyper: String, _ conditions: [String]
  ) throws {
    #expect(
      try algebra(rule, generality: .all).sensitivity(to: hyper).conditions.sorted()
        == conditions.sorted())
  }

  @Test func whatActsByJumpsAloneIsSaid() throws {
    let lion = try algebra("Lion", generality: .all)
    #expect(try lion.sensitivity(to: "β1").isByJumps)
    #expect(try lion.sensitivity(to: "β2").derivative == lion.table.zero)
    #expect(try !lion.sensitivity(to: "β2").isByJumps)
    #expect(try !lion.sensitivity(to: "lr").isByJumps)
  }

  /// With its names replaced by what they stand for, each way of writing is the derivative of the step.
  @Test func namesInSensitivitiesStandForWhatTheySay() throws {
    var compared = 0
    for (rule, hypers) in [
      ("Adam", ["ε", "lr", "β1", "β2"]), ("AdaBelief", ["lr", "β2"]), ("NAdam", ["ε", "lr"]),
      ("HeavyBall", ["μ", "lr"]), ("Lion", ["lr", "β2"]), ("LAMB", ["lr"]), ("AMSGrad", ["β1"]),
    ] {
      let own = try algebra(rule)
      for hyper in hypers {
        let found = try own.sensitivity(to: hyper)
        for (term, values) in found.named {
          var plain = term
          for (name, value) in values.reversed() {
            plain = own.table.substitute(plain, [name: value])
          }
          var evaluator = Evaluator(own.table)
          for (k, symbol) in own.table.symbols(in: [plain, found.derivative]).enumerated() {
            evaluator.set(
              symbol, own.table.symbol(of: symbol)!.role == .step ? 3 : 0.3 + 0.05 * Double(k))
          }
          let (x, y) = (evaluator.number(plain), evaluator.number(found.derivative))
          // Norms are no function of one number.
          guard let x, let y else { continue }
          #expect(abs(x - y) <= 1e-12 * max(1, abs(y)), "\(rule) \(hyper): \(x) \(y)")
          compared += 1
        }
      }
    }
    #expect(compared > 20)
  }

  // MARK: LaTeX

  /// No symbol has two lower or two upper indices side by side, which TeX refuses.

  // MARK: LaTeX

  /// A loop is what it begins with and what a round makes of it; `m_hat` has a hat.
  @Test func latexOfLoopsAndAccents() throws {
    let muon = try algebra("Muon").latex()
    #expect(muon.contains("A_k &= X_k \\, X_k^{\\top}"))
    #expect(
      muon.contains(
        "X_{k+1} &= 3.4445 \\, X_k + \\left(-4.775 \\, A_k + 2.0315 \\, A_k \\, A_k\\right) \\, X_k, "
          + "\\quad k = 0, \\dots, \\mathit{steps} - 1"))
    #expect(!muon.contains("operatorname{repeat}"))
    let dialect = LatexDialect()
    #expect(dialect.name("m_hat", at: "t") == "\\hat{m}_t")
    #expect(dialect.name("vhat", at: "t") == "\\hat{v}_t")
    #expect(dialect.name("μ_bar", at: "") == "\\bar{\\mu}")
    #expect(dialect.name("exp_avg_hat", at: "t") == "\\widehat{\\mathit{exp}}_{\\mathrm{avg},t}")
  }

  // MARK: Likenesses

  @Test func nearlyARule() throws {
    let compiler = Compiler()
    let source = """
      rule Root(lr = 0.01 in [0, inf), β1 = 0.9 in [0, 1), β2 = 0.999 in [0, 1), ε = 1e-8 in [0, inf)) {
          state m, v
          m' = ema(m, g, β1)
          v' = ema(v, g^2, β2)
          w' = w - lr * debias(m', β1) / sqrt(debias(v', β2) + ε)
      }
      rule Thrice(lr = 0.01 in [0, inf), β = 0.9 in [0, 1)) {
          state m
          m' = ema(m, g, β)
          w' = w - 3 * lr * m'
      }
      rule Heavy(lr = 0.01 in [0, inf)) {
          state b
          b' = 0.95 * b + g
          w' = w - lr * b'
      }
      rule Other(lr = 0.01 in [0, inf)) {
          w' = w - lr * arctan(g)^3
      }

      """
    let found = compiler.add(name: "mine.opt", bytes: Array(source.utf8))
    #expect(!found.contains { $0.severity == .error })
    func texts(_ rule: String) throws -> [String] { try compiler.identify(rule).map(\.text) }
    #expect(try texts("Root").contains("Adam: proved equal up to ε → 0"))
    #expect(try texts("Thrice").contains("EMAMomentum: proved equal up to lr → 3 * lr"))
    #expect(try texts("Heavy").contains("HeavyBall(μ = 0.95): proved equal"))
    #expect(try texts("Other").isEmpty)
  }

  // MARK: Shorter rules

  /// A reduced rule has no more states and no longer a text than what it was made of, printed alike, and what
  /// was fixed is none of its hyperparameters.
  @Test func reducedRulesAreNotLonger() throws {
    let campaign = Campaign("reduced", usual: 24, each: 200, seed: 5)
    let names = Library.shared.declarations.filter { $0.kind == .rule }.map(\.name)
    var shortened = 0
    var looked = 0
    for k in 0..<min(campaign.count, names.count) {
      // Lion is shorter for certain.
      let name = k == 0 ? "Lion" : names[k * 7919 % names.count]
      guard let rule = try? Compiler().rule(name), rule.module.variants.count == 1,
        let own = try? RuleAlgebra(rule, generality: .all), let found = try? Shortening(own)
      else { continue }
      looked += 1
      guard let source = found.source else { continue }
      let compiler = Compiler()
      let problems = compiler.add(name: "reduced.opt", bytes: Array(source.utf8))
      #expect(!problems.contains { $0.severity == .error }, "\(source)")
      let reduced = try compiler.rule("Reduced")
      func states(_ rule: Rule) -> Int { rule.module.variants[0].states.count }
      func text(_ rule: Rule) -> Int { SourcePrinter.rule(rule.module, name: "R").count }
      #expect(states(reduced) <= states(rule), "\(name)")
      #expect(text(reduced) <= text(rule) + 20, "\(name): \(source)")
      shortened += 1
    }
    #expect(looked > 10 && shortened > 0)
  }
}
