import Basics
import IR

/// What a certificate says of hyperparameters and routes, held against the rules.
extension Claim {
  /// The names that stand for any number, and of which domains: those of the hyperparameters that
  /// they are given to.
  package static func domains(_ rules: [Rule], _ free: Set<String>) -> [String: Stretch] {
    var result: [String: Stretch] = [:]
    for rule in rules {
      for name in rule.freeNames { result[name] = result[name] ?? .all }
      for (k, hyper) in rule.module.hypers.enumerated() {
        guard let name = RuleReading.name(rule, k, free) else { continue }
        let own = hyper.domain.map { Stretch($0) } ?? .all
        result[name] = (result[name] ?? .all).intersection(own)
      }
    }
    return result
  }

  /// Hyperparameters at their defaults, as `λ = 0`.
  package static func fixed(_ rules: [Rule], _ free: Set<String>) -> [String] {
    var result: [String] = []
    for rule in rules {
      for (k, hyper) in rule.module.hypers.enumerated() {
        guard let x = RuleReading.plain(rule, k), RuleReading.name(rule, k, free) == nil else {
          continue
        }
        let text = "\(hyper.name) = \(Rational(literal: x)?.description ?? "\(x)")"
        if !result.contains(text) { result.append(text) }
      }
    }
    return result
  }

  /// Whether what the certificate says of hyperparameters is so.
  static func requireSettings(_ certificate: Certificate, _ rules: [Rule]) throws(Refusal) {
    let names = certificate.free.map { $0.text.firstWord }
    let domains = domains(rules, Set(names))
    guard Set(names).count == names.count, Set(names) == Set(domains.keys) else {
      let all = domains.keys.sorted().joined(separator: ", ")
      throw Refusal("the rules have the free symbols \(all.isEmpty ? "none" : all)")
    }
    for line in certificate.free {
      let name = line.text.firstWord
      guard line.text == "\(name) in \(domains[name]!)" else {
        throw Refusal("`\(line.text)`: the rules have \(name) in \(domains[name]!)")
      }
      if domains[name]!.isEmpty { throw Refusal("no number is in the domain of \(name)") }
    }
    let fixed = fixed(rules, Set(names))
    guard certificate.fixed.map(\.text) == fixed else {
      throw Refusal(
        "at their defaults are \(fixed.isEmpty ? "none" : fixed.joined(separator: ", "))")
    }
  }

  /// The pairs of ways through the routes that are to be shown equal.
  package static func ways(_ rules: [Rule]) throws(Refusal) -> [[Int]] {
    let (m, n) = (rules[0].module.variants, rules[1].module.variants)
    guard rules[0].module.guardsFinite == rules[1].module.guardsFinite else {
      throw Refusal("one rule skips steps that are not finite")
    }
    let isAlike = m.count == n.count && zip(m, n).allSatisfy { $0.predicate == $1.predicate }
    let all =
      isAlike
      ? m.indices.map { [$0, $0] } : m.indices.flatMap { i in n.indices.map { [i, $0] } }
    guard all.allSatisfy({ m[$0[0]].roundsStochastically == n[$0[1]].roundsStochastically }) else {
      throw Refusal("one rule rounds its weights at random")
    }
    return all
  }
}

extension Claim {
  /// Numbers at which conditions are tried.
  private static let samples = [
    .one, Rational(2), .half, Rational(-1), Rational(1, 10), .zero, Rational(-2), Rational(10),
  ]

  /// Throws where no numbers are found that satisfy all conditions: of none anything is so.
  func requireSatisfiable() throws(Refusal) {
    var clauses: [Clause] = []
    for line in certificate.conditions { clauses.append(try condition(line.text)) }
    var found: Set<AtomID> = []
    for clause in clauses { algebra.collectSymbols(clause.term, &found) }
    func holds(
      _ rest: ArraySlice<AtomID>, _ values: [AtomID: Polynomial]
    ) throws(Refusal) -> Bool {
      guard let symbol = rest.first else {
        for clause in clauses {
          let term = try algebra.substitute(clause.term, values)
          if try !Context(algebra).holds(clause.kind, term) { return false }
        }
        return true
      }
      for x in Self.samples where algebra[symbol].domain.contains(x) {
        if try holds(
          rest.dropFirst(), values.merging([symbol: Polynomial(x)]) { $1 })
        {
          return true
        }
      }
      return false
    }
    let symbols = found.filter { algebra[$0].isSymbol }.sorted()
    guard symbols.count <= 5, try holds(symbols[...], [:]) else {
      throw Refusal("no numbers are found that satisfy the conditions")
    }
  }
}

extension Stretch: CustomStringConvertible {
  package func contains(_ x: Rational) -> Bool {
    if let low, x < low.value || (low.isOpen && x == low.value) { return false }
    if let high, x > high.value || (high.isOpen && x == high.value) { return false }
    return true
  }

  package init(_ domain: Domain) {
    low = Rational(literal: domain.low).map { End(value: $0, isOpen: !domain.includesLow) }
    high = Rational(literal: domain.high).map { End(value: $0, isOpen: !domain.includesHigh) }
  }

  package var description: String {
    "\(low?.isOpen ?? true ? "(" : "[")\(low.map { "\($0.value)" } ?? "-inf"), "
      + "\(high.map { "\($0.value)" } ?? "inf")\(high?.isOpen ?? true ? ")" : "]")"
  }
}
