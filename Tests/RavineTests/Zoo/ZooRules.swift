import Diagnostics
import Driver
import IR
import Lowering
import Runtime
import Zoo

/// All rules of the zoo, and settings of their hyperparameters away from the defaults.
enum ZooRules {
  /// As calls; what goes around a rule goes around momentum. One rule is given a table with a row for
  /// each period of the longest run here.
  static let all: [String] = Library.shared.declarations.filter { $0.kind == .rule }.map {
    if $0.name == "FrugalGiven" { return "FrugalGiven(periods = 50)" }
    return $0.text.contains("rule \($0.name)(base: rule")
      ? "\($0.name)(HeavyBall(lr = 0.01))" : $0.name
  }

  /// The rule with other values for all hyperparameters that the shapes do not depend on, each chosen
  /// within its domain by a draw; switches are turned over.
  static func moved(_ call: String, _ compiler: Compiler, seed: UInt64) throws -> String {
    let rule = try compiler.rule(call)
    let values = try ReferenceProgram.evaluateScalars(rule.arguments, step: 1, horizon: 100)
    var random = SplitMix(seed &+ call.utf8.reduce(17) { $0 &* 31 &+ UInt64($1) })
    var given: [String] = []
    for (k, hyper) in rule.module.hypers.enumerated() {
      // Entries of lists and hyperparameters of a rule inside are not given by these names.
      guard !hyper.isStructural, !hyper.name.contains("."), !hyper.name.contains("["),
        let value = values.first(where: { $0.target == .hyper(k) })?.value, value.isFinite,
        let other = moved(value, domain(hyper, rule.module.hypers), &random)
      else { continue }
      given.append("\(hyper.name) = \(other)")
    }
    if given.isEmpty { return call }
    return call.hasSuffix(")")
      ? "\(call.dropLast()), \(given.joined(separator: ", ")))"
      : "\(call)(\(given.joined(separator: ", ")))"
  }

  /// Its own, or that of the rule of a route to which it is handed on.
  private static func domain(_ hyper: Hyperparameter, _ all: [Hyperparameter]) -> Domain? {
    hyper.domain ?? all.first { $0.name.hasSuffix("." + hyper.name) && $0.domain != nil }?.domain
  }

  private static func moved(
    _ value: Double, _ domain: Domain?, _ random: inout SplitMix
  ) -> Double? {
    let share = Double.random(in: 0.5..<0.9, using: &random)
    guard let domain else { return value == 0 ? nil : value * share }
    let isSwitch = domain.low == 0 && domain.high == 1 && domain.includesHigh
    let wanted: Double
    if isSwitch, value == 0 || value == 1 {
      wanted = 1 - value
    } else if value == 0 {
      wanted = 0.05 * share
    } else if domain.high == 1, value > 0.5 {
      // A share that an average keeps: what it takes is doubled at most.
      wanted = 1 - (1 - value) / share
    } else {
      wanted = value * share
    }
    return domain.contains(wanted) ? wanted : nil
  }
}
