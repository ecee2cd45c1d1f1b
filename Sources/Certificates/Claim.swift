import Basics
import IR

/// What a certificate says of two rules, and all that is to be shown for it.
package final class Claim {
  package struct Goal {
    package enum Kind {
      /// Two polynomials are equal where both rules are defined.
      case equal(Polynomial, Polynomial)
      /// One rule is defined where the other is.
      case defined(Clause)
    }
    package var title: String
    package var kind: Kind
    /// Where rules are taken to be defined.
    package var clauses: [Clause]
    package var isLater: Bool

    /// Whether it is to be shown under conditions.
    package var isGuarded: Bool {
      if case .defined(let clause) = kind { !clause.guards.isEmpty } else { false }
    }
  }

  package let algebra = Algebra()
  package let a: RuleReading
  package let b: RuleReading
  private let certificate: Certificate
  private let part: Certificate.Part
  /// Symbols that expressions of states may have.
  private var allowed: [String: Polynomial] = [:]
  /// By state of b: what it is in terms of a.
  private var images: [Polynomial?]
  /// By state of a: what is known of it, in terms of t.
  private var values: [Polynomial?]
  private var kept: [Int] = []
  private let t: Polynomial
  package let live: [Bool]
  package let liveOfA: [Bool]

  package init(
    _ certificate: Certificate, _ part: Certificate.Part, _ rules: [Rule]
  ) throws(Refusal) {
    self.certificate = certificate
    self.part = part
    t = algebra.symbol("t", Stretch(Rational(2), nil), isInteger: true)
    let domains = Self.domains(rules, Set(certificate.free.map { $0.text.firstWord }))
    for (name, domain) in domains {
      if Self.reserved.contains(name) { throw Refusal("a hyperparameter is called \(name)") }
      algebra.symbol(name, domain)
    }
    let names = Set(domains.keys)
    a = try RuleReading(algebra, rules[0], variant: part.variants[0], side: "a", free: names)
    b = try RuleReading(algebra, rules[1], variant: part.variants[1], side: "b", free: names)
    live = try b.liveStates(at: t)
    liveOfA = try a.liveStates(at: t)
    images = b.symbols.map { _ in nil }
    values = a.symbols.map { _ in nil }
    for name in domains.keys { allowed[name] = algebra.symbol(name) }
    for name in ["t", "e", "pi"] { allowed[name] = algebra.symbol(name) }
    allowed["T"] = algebra.symbol("T", Stretch(.one, nil), isInteger: true)
  }

  /// Names of other symbols.
  private static let reserved: Set = [
    "w", "g", "t", "T", "e", "pi", "inf", "loss", "rows", "cols", "rank", "batch", "features",
    "groups", "workers",
  ]

  // MARK: What it says

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
    if m.count == n.count, zip(m, n).allSatisfy({ $0.predicate == $1.predicate }) {
      return m.indices.map { [$0, $0] }
    }
    return m.indices.flatMap { i in n.indices.map { [i, $0] } }
  }

  // MARK: States

  /// Reads `b.m = a.m`, `a.p = pow(beta, t)`, and `a.v` of what is never negative.
  package func readStates() throws(Refusal) {
    if max(a.rule.module.variants.count, b.rule.module.variants.count) > 1,
      a.isGlobal || b.isGlobal
    {
      throw Refusal("routes with reductions over all tensors have no certificates")
    }
    let inputs = [a, b].map { $0.variant.inputs }
    guard inputs[0].map(\.name) == inputs[1].map(\.name),
      inputs[0].map(\.shape) == inputs[1].map(\.shape)
    else { throw Refusal("the rules have other inputs") }
    for line in part.states where line.text.hasPrefix("a.") {
      let (name, text) = try Self.split(line.text)
      guard let k = a.state(named: name), values[k] == nil else {
        throw Refusal("a has no state `\(name)`, or it is known twice")
      }
      values[k] = try expression(text)
    }
    allowed["w"] = algebra.symbol("w", axes: [.rows, .columns], reach: .element)
    for (k, symbol) in a.symbols.enumerated() where values[k] == nil {
      allowed["a.\(a.variant.states[k].name)"] = symbol
    }
    for line in part.states where !line.text.hasPrefix("a.") {
      let (name, text) = try Self.split(line.text)
      guard let j = b.state(named: name), images[j] == nil else {
        throw Refusal("b has no state `\(name)`, or it is known twice")
      }
      images[j] = try expression(text)
    }
    for line in part.keeps {
      guard line.text.hasSuffix(" >= 0"), let k = a.state(named: String(line.text.dropLast(5)))
      else {
        throw Refusal("`\(line.text)` is not understood")
      }
      kept.append(k)
    }
    for j in live.indices where live[j] && images[j] == nil {
      throw Refusal("nothing is said of the state b.\(b.variant.states[j].name)")
    }
  }

  private static func split(_ text: String) throws(Refusal) -> (String, String) {
    guard let i = text.firstIndex(of: "=") else { throw Refusal("`\(text)` is no equation") }
    return (String(text[..<i].trimmed), String(text[text.index(after: i)...].trimmed))
  }

  private func expression(_ text: String) throws(Refusal) -> Polynomial {
    try Expression(text).value(algebra) { self.allowed[$0] }
  }

  // MARK: Goals

  /// An expression of states as it stands after the step at `t`, of these values.
  private func after(
    _ p: Polynomial, _ t: Polynomial, _ weight: Polynomial, _ states: [Polynomial]
  ) -> Polynomial {
    var map = [self.t.atom!: t]
    if let w = algebra.symbols["w"] { map[w] = weight }
    for (k, symbol) in a.symbols.enumerated() { map[symbol.atom!] = states[k] }
    return algebra.substitute(p, map)
  }

  /// What is to be shown, in order: of the first step, at t = 1 from the states at the start, and of
  /// all later ones, from states that are related as the certificate says.
  package func goals() throws(Refusal) -> [Goal] {
    let w = algebra.symbol("w", axes: [.rows, .columns], reach: .element)
    let (startOfA, startClausesOfA) = try a.initial()
    let (startOfB, startClausesOfB) = try b.initial()
    let liveOfA = try neededStates()
    var first = (
      try a.step(at: .one, startOfA, isLive: liveOfA), try b.step(at: .one, startOfB, isLive: live)
    )
    first.0.clauses += startClausesOfA
    first.1.clauses += startClausesOfB
    let before = t - .one
    let statesOfA = a.symbols.indices.map { k in
      values[k].map { algebra.substitute($0, [t.atom!: before]) } ?? a.symbols[k]
    }
    let statesOfB = b.symbols.indices.map { j in
      images[j].map { after($0, before, w, statesOfA) } ?? b.symbols[j]
    }
    let later = (
      try a.step(at: t, statesOfA, isLive: liveOfA), try b.step(at: t, statesOfB, isLive: live)
    )
    return try goals("first", .one, first.0, first.1) + goals("later", t, later.0, later.1)
  }

  /// The states of a that its steps or the relations are made of.
  private func neededStates() throws(Refusal) -> [Bool] {
    var found: Set<AtomID> = []
    for image in images { if let image { algebra.collectSymbols(image, &found) } }
    var needed = a.symbols.indices.map {
      liveOfA[$0] || values[$0] != nil || kept.contains($0) || found.contains(a.symbols[$0].atom!)
    }
    while true {
      let step = try a.step(at: t, a.symbols, isLive: needed)
      for k in needed.indices where needed[k] { algebra.collectSymbols(step.states[k], &found) }
      let next = needed.indices.map { needed[$0] || found.contains(a.symbols[$0].atom!) }
      if next == needed { return needed }
      needed = next
    }
  }

  private func goals(
    _ when: String, _ t: Polynomial, _ x: RuleStep, _ y: RuleStep
  ) throws(Refusal) -> [Goal] {
    let clauses = x.clauses + y.clauses
    let isLater = when == "later"
    var result: [Goal] = []
    func add(_ title: String, _ kind: Goal.Kind, _ clauses: [Clause]) {
      result.append(Goal(title: "\(when) \(title)", kind: kind, clauses: clauses, isLater: isLater))
    }
    add("w", .equal(x.weight, y.weight), clauses)
    for name in Set(x.views.keys).union(y.views.keys).sorted() {
      add("view \(name)", .equal(x.views[name] ?? x.weight, y.views[name] ?? y.weight), clauses)
    }
    for (k, value) in values.enumerated() {
      guard let value else { continue }
      let own = algebra.substitute(value, [self.t.atom!: t])
      add("a.\(a.variant.states[k].name)", .equal(x.states[k], own), clauses)
    }
    for (j, image) in images.enumerated() where live[j] {
      let own = after(image!, t, x.weight, x.states)
      add("b.\(b.variant.states[j].name)", .equal(y.states[j], own), clauses)
    }
    for k in kept {
      add(
        "a.\(a.variant.states[k].name) >= 0", .defined(Clause(.nonnegative, x.states[k])), clauses)
    }
    for (side, own, other) in [("a", x.clauses, y.clauses), ("b", y.clauses, x.clauses)] {
      for (n, clause) in own.enumerated() where !other.contains(clause) {
        add("\(side) defined \(n + 1)", .defined(clause), other)
      }
    }
    return result
  }

  /// What is known where a goal is to be shown.
  package func context(_ goal: Goal) throws(Refusal) -> Context {
    var context = Context(algebra)
    for line in certificate.conditions {
      try context.assume(try condition(line.text))
    }
    if goal.isLater {
      for k in kept { context.learn(a.symbols[k], in: .nonnegative, .everywhere) }
    }
    for clause in goal.clauses { try context.assume(clause) }
    if case .defined(let clause) = goal.kind {
      for guardian in clause.guards { try context.assume(guardian, is: true, step: -1) }
    }
    return context
  }

  /// `w != 0`, `b >= 0`, `b > 0`.
  private func condition(_ text: String) throws(Refusal) -> Clause {
    for (sign, kind) in [
      (" != 0", Clause.Kind.nonzero), (" >= 0", .nonnegative), (" > 0", .positive),
    ]
    where text.hasSuffix(sign) {
      return Clause(
        kind,
        try Expression(String(text.dropLast(sign.count))).value(algebra) { name in
          name == "w" || name == "g" || certificate.free.contains { $0.text.firstWord == name }
            ? algebra.symbols[name].map { Polynomial($0) } : nil
        })
    }
    throw Refusal("`\(text)` is no condition")
  }
}

extension String {
  var firstWord: String { String(prefix { $0 != " " }) }
}
