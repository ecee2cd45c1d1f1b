import Diagnostics
import Driver
import IR
import Runtime
import Zoo

/// A rule that competes, with the hyperparameters that the arena sets.
package struct ArenaRule: Sendable {
  /// As it was named.
  package let label: String
  package let rule: Rule?
  /// Why it cannot run anywhere, if so.
  package let problem: String?
  /// The first is searched over decades, the second around its default.
  package let knobs: [ArenaKnob]

  package init(_ rule: Rule, label: String? = nil) {
    let lacking = rule.origins.indices.first { rule.origins[$0].isMissing }
    let knobs = ArenaKnob.all(of: rule)
    // What is missing may be what is searched.
    if let lacking, knobs.first?.position != lacking || rule.origins.count(where: \.isMissing) > 1 {
      self.init(
        label: label ?? rule.label,
        problem: "R0503: `\(rule.module.hypers[lacking].name)` has no default and is not given")
      return
    }
    self.init(label: label ?? rule.label, rule: rule, knobs: knobs)
  }

  /// The rule of a name, with its defaults; what goes around a rule goes around momentum. One that does not compile
  /// so stays as a row that says why.
  package init(named name: String, _ compiler: Compiler) {
    do throws(DiagnosticError) {
      let call = compiler.wrapsRule(name) ? "\(name)(HeavyBall)" : name
      self.init(try compiler.rule(call, allowsMissing: true), label: call)
    } catch {
      self.init(label: name, problem: error.summary)
    }
  }

  private init(
    label: String, rule: Rule? = nil, problem: String? = nil, knobs: [ArenaKnob] = []
  ) {
    self.label = label
    self.rule = rule
    self.problem = problem
    self.knobs = knobs
  }

  /// A name of the rule by what it is.
  var digest: String {
    rule.map { $0.module.identityDigest(arguments: $0.arguments).description } ?? ""
  }

  /// Every rule of the zoo.
  package static func zoo() -> [ArenaRule] {
    let compiler = Compiler()
    return Library.shared.names(.rule).map { ArenaRule(named: $0, compiler) }
  }
}

extension DiagnosticError {
  /// The first finding on one line.
  var summary: String {
    diagnostics.first.map { "\($0.code): \($0.message)" } ?? "it does not run"
  }
}
