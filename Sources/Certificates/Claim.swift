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
  }

  package let algebra = Algebra()
  package let a: RuleReading
  package let b: RuleReading
  let certificate: Certificate
  let part: Certificate.Part
  /// Symbols that expressions of states may have.
  var allowed: [String: Polynomial] = [:]
  /// By state of b: what it is in terms of a.
  var images: [Polynomial?]
  /// By state of a: what is known of it, in terms of t.
  var values: [Polynomial?]
  var kept: [Int] = []
  let t: Polynomial
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
      // `a.m` is a state, whatever a rule around others calls its hyperparameters.
      if Self.reserved.contains(name) || name.hasPrefix("a.") || name.hasPrefix("b.") {
        throw Refusal("a hyperparameter is called \(name)")
      }
      algebra.symbol(name, domain)
    }
    let names = Set(domains.keys)
    a = try RuleReading(
      algebra, rules[0], variant: part.variants[0], side: "a", free: names, later: t)
    b = try RuleReading(
      algebra, rules[1], variant: part.variants[1], side: "b", free: names, later: t)
    live = try b.liveStates(at: t)
    liveOfA = try a.liveStates(at: t)
    images = b.symbols.map { _ in nil }
    values = a.symbols.map { _ in nil }
  }

  /// Names of other symbols.
  private static let reserved = Shapes.lengths.union(
    ["w", "g", "t", "T", "e", "pi", "inf", "loss", "rank"])

  // MARK: Goals

  /// An expression of states as it stands after the step at `t`, of these values.
  private func after(
    _ p: Polynomial, _ t: Polynomial, _ weight: Polynomial, _ states: [Polynomial]
  ) throws(Refusal) -> Polynomial {
    var map = [self.t.atom!: t]
    if let w = algebra.symbols["w"] { map[w] = weight }
    for (k, symbol) in a.symbols.enumerated() { map[symbol.atom!] = states[k] }
    return try algebra.substitute(p, map)
  }

  /// What is to be shown, in order: of the first step, at t = 1 from the states at the start, and of
  /// all later ones, from states that are related as the certificate says.
  package func goals() throws(Refusal) -> [Goal] {
    let w = algebra.symbol("w", axes: [.rows, .columns], reach: .element)
    let (startOfA, startClausesOfA) = try a.initial()
    let (startOfB, startClausesOfB) = try b.initial()
    let liveOfA = try neededStates()
    let firstOfA = try a.step(at: .one, startOfA, isLive: liveOfA, start: startClausesOfA)
    let firstOfB = try b.step(at: .one, startOfB, isLive: live, start: startClausesOfB)
    let before = t - .one
    let statesOfA = try a.symbols.indices.map { (k) throws(Refusal) in
      try values[k].map { (p) throws(Refusal) in try algebra.substitute(p, [t.atom!: before]) }
        ?? a.symbols[k]
    }
    let statesOfB = try b.symbols.indices.map { (j) throws(Refusal) in
      try images[j].map { (p) throws(Refusal) in try after(p, before, w, statesOfA) }
        ?? b.symbols[j]
    }
    let laterOfA = try a.step(at: t, statesOfA, isLive: liveOfA)
    let laterOfB = try b.step(at: t, statesOfB, isLive: live)
    return try goals("first", .one, firstOfA, firstOfB) + goals("later", t, laterOfA, laterOfB)
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
      let own = try algebra.substitute(value, [self.t.atom!: t])
      add("a.\(a.variant.states[k].name)", .equal(x.states[k], own), clauses)
    }
    for (j, image) in images.enumerated() where live[j] {
      let own = try after(image!, t, x.weight, x.states)
      add("b.\(b.variant.states[j].name)", .equal(y.states[j], own), clauses)
    }
    for k in kept {
      add(
        "a.\(a.variant.states[k].name) >= 0", .defined(Clause(.nonnegative, x.states[k])), clauses)
    }
    for (side, own, other) in [("a", x.clauses, y.clauses), ("b", y.clauses, x.clauses)] {
      if side == "a", certificate.isWhereAIsDefined { continue }
      for (n, clause) in own.enumerated() where !other.contains(clause) {
        add("\(side) defined \(n + 1)", .defined(clause), other)
      }
    }
    return result
  }

  /// What is known where a goal is to be shown.
  package func context(_ goal: Goal) throws(Refusal) -> Context {
    var context = Context(algebra)
    for clause in try given(goal) { try context.assume(clause) }
    if case .defined(let clause) = goal.kind {
      for guardian in clause.guards { try context.assume(guardian, is: true, step: -1) }
    }
    return context
  }
}
