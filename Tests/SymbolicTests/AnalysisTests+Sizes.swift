import Basics
import Diagnostics
import Driver
import Foundation
import Laboratory
import Runtime
import Symbolic
import Testing
import Zoo

/// Units, bounds, shorter forms, equations.
extension AnalysisTests {
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

  /// By what a case says, by a norm that has the rest below it, by a product that only falls, and by what a
  /// state that rests at some steps was at most.
  @Test(arguments: [
    ("AGC(SGD)", "lr * c * max(ε, sqrt(sum(w^2)), sqrt(col_sum(w^2)))"),
    ("FAdam", "lr * c * λ * sqrt(rows) * sqrt(cols) + lr * c * sqrt(rows) * sqrt(cols)"),
    ("NAdam", nil), ("ADOPT", "lr * (t - 1)^(1 / 4)"),
    ("Muon", "1.21 * lr * sqrt(max(1, rows / cols))"),
    ("Muon(nesterov = 0, λ = 0)", "1.21 * lr * sqrt(max(1, rows / cols))"),
  ])
  func sizesOfTheZoo(_ call: String, _ expected: String?) throws {
    let own = try algebra(call)
    let update = try #require(try own.bounds().update)
    // A long one is what simulations try.
    if let expected { #expect(TermPrinter(own.table).text(update) == expected) }
  }

  /// |w| of an earlier step is no bound of this one.
  @Test func anEarlierWeightBoundsNothing() throws {
    let text =
      "rule R(lr = 0.1 in [0, inf), a = 0.5 in [0, 0.5]) { state m, u "
      + "m' = a * m + w * g u' = max(0.9 * u, abs(g)) w' = w - lr * m' / (u' + 1) }\n"
    let bounds = try algebra("R", text).bounds()
    #expect(bounds.update == nil && bounds.norm == nil)
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
