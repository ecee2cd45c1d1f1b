import Basics
import Certificates
import IR

/// Writes the certificate of a proof that two rules are equal, where it finds one.
package struct Certifier {
  /// How much work it may take, as the kernel counts it.
  private let work: Int

  package init(work: Int = 24_000_000) { self.work = work }

  /// `names` are those of the rules in the text, `fixed` the hyperparameters that keep their
  /// defaults. With `whereFirstIsDefined` the second may have numbers where the first has none.
  package func certificate(
    _ rules: [Rule], names: [String], source: [String], fixed: [String], conditions: [String] = [],
    whereFirstIsDefined: Bool = false
  ) throws(Refusal) -> Certificate {
    var reason = Refusal("no steps were found")
    let patience = Patience(work)
    for order in whereFirstIsDefined ? [[0, 1]] : [[0, 1], [1, 0]] {
      let own = order.map { rules[$0] }
      var certificate = Certificate()
      certificate.a = names[order[0]]
      certificate.b = names[order[1]]
      certificate.source = source
      certificate.isWhereAIsDefined = whereFirstIsDefined
      certificate.conditions = conditions.map { Certificate.Line(Self.condition($0, own)) }
      let free = Self.free(own, fixed: fixed)
      certificate.free = Claim.domains(own, free).sorted { $0.key < $1.key }.map {
        Certificate.Line("\($0.key) in \($0.value)")
      }
      certificate.fixed = Claim.fixed(own, free).map { Certificate.Line($0) }
      do throws(Refusal) {
        // The second order has what the first one leaves.
        let share = order[0] == 0 ? patience.left / 2 : patience.left
        let empty = certificate
        certificate.parts = try patience.limited(to: share) { (patience) throws(Refusal) in
          try Claim.ways(own).map { (ways) throws(Refusal) in
            try part(empty, Certificate.Part(variants: ways), own, patience)
          }
        }
        // The search shares an algebra with what it tries; the kernel begins anew.
        var place = Certificate.Line("")
        _ = try CertificateCheck.check(certificate, own, &place)
        return certificate
      } catch {
        if order[0] == 0 { reason = error }
      }
    }
    throw reason
  }

  /// A condition as the language writes it, in the words of certificates.
  private static func condition(_ text: String, _ rules: [Rule]) -> String {
    var keys: [String: String] = [:]
    for rule in rules {
      for (k, hyper) in rule.module.hypers.enumerated() {
        keys[hyper.name] = RuleReading.key(rule, k)
      }
    }
    func translated(_ x: Expression) -> Expression {
      switch x {
      case .number: x
      case .name(let name): .name(keys[name] ?? name)
      case .sum(let x, let y): .sum(translated(x), translated(y))
      case .product(let x, let y): .product(translated(x), translated(y))
      case .negative(let x): .negative(translated(x))
      case .power(let x, let n): .power(translated(x), n)
      case .apply("norm", _, let x) where x.count == 1:
        .apply(
          "sqrt", detail: "",
          [.apply("sum", detail: "all;like;", [.power(translated(x[0]), 2)])])
      // The kernel has no `min`.
      case .apply("min", "", let x) where x.count == 2:
        .negative(.apply("max", detail: "", x.map { .negative(translated($0)) }))
      case .apply("sum", "", let x) where x.count == 1:
        .apply("sum", detail: "all;like;", [translated(x[0])])
      case .apply(let name, let detail, let x):
        .apply(name, detail: detail, x.map(translated))
      }
    }
    let algebra = Algebra()
    func value(_ text: Substring) throws(Refusal) -> Polynomial {
      try translated(Expression(String(text))).value(algebra) { name in
        let isTensor = name == "w" || name == "g"
        return algebra.symbol(
          name, axes: isTensor ? [.rows, .columns] : [], reach: isTensor ? .element : .everywhere)
      }
    }
    // Kept as one side, with 0 on the other.
    guard let start = text.lastIndex(where: { "!<>".contains($0) }) else { return text }
    let sign = text[start...].prefix { "!<=>".contains($0) }
    guard let left = try? value(text[..<start]), let right = try? value(text[sign.endIndex...])
    else { return text }
    let isTurned = sign.hasPrefix("<")
    let side = ExpressionWriter(algebra).text(isTurned ? right - left : left - right)
    return "\(side) \(isTurned ? ">" + sign.dropFirst() : String(sign)) 0"
  }

  /// The hyperparameters that stand for any number.
  private static func free(_ rules: [Rule], fixed: [String]) -> Set<String> {
    var result: Set<String> = []
    var structural: Set<String> = []
    for rule in rules {
      result.formUnion(rule.freeNames)
      for (k, hyper) in rule.module.hypers.enumerated() {
        guard let x = RuleReading.plain(rule, k), x.isFinite else { continue }
        let key = RuleReading.key(rule, k)
        if hyper.isStructural { structural.insert(key) }
        if !hyper.isStructural, !fixed.contains(hyper.name) { result.insert(key) }
      }
    }
    return result.subtracting(structural)
  }

  // MARK: States

  /// The goals of one way, shown, with states related as was found.
  private func part(
    _ certificate: Certificate, _ empty: Certificate.Part, _ rules: [Rule], _ patience: Patience
  ) throws(Refusal) -> Certificate.Part {
    let claim = try Claim(certificate, empty, rules)
    patience.watch(claim.algebra)
    let choices = try Relations(claim).choices()
    var reason: Refusal?
    for choice in choices where patience.left > 0 {
      var part = empty
      part.states = choice.map { Certificate.Line($0) }
      do throws(Refusal) {
        guard try isLikely(certificate, part, rules, patience) else { continue }
        // One that no steps are found for leaves some for the next.
        return try patience.limited(to: patience.left / 3 * 2) { (patience) throws(Refusal) in
          part.keeps = try keeps(certificate, part, rules, patience)
          return try shown(certificate, part, rules, patience)
        }
      } catch {
        reason = reason ?? error
      }
    }
    throw reason ?? Refusal("the states were not matched")
  }

  private func claim(
    _ certificate: Certificate, _ part: Certificate.Part, _ rules: [Rule], _ patience: Patience
  ) throws(Refusal) -> Claim {
    let claim = try Claim(certificate, part, rules)
    patience.watch(claim.algebra)
    try claim.readStates()
    return claim
  }

  /// Whether the goals hold for some numbers.
  private func isLikely(
    _ certificate: Certificate, _ part: Certificate.Part, _ rules: [Rule], _ patience: Patience
  ) throws(Refusal) -> Bool {
    let claim = try self.claim(certificate, part, rules, patience)
    for goal in try claim.goals() {
      guard case .equal(let x, let y) = goal.kind else { continue }
      let given = try claim.given(goal)
      var tries = 0
      for seed in 1...12 where tries < 2 {
        var sampling = Sampling(claim.algebra, seed: UInt64(seed))
        // States may be squares, and are taken to be positive.
        for (k, state) in claim.a.symbols.enumerated() {
          sampling.set(state, 0.3 + 0.5 * Double(seed) + 0.17 * Double(k))
        }
        guard given.allSatisfy({ sampling.holds($0) }), let p = sampling.value(x),
          let q = sampling.value(y)
        else { continue }
        tries += 1
        if abs(p - q) > 1e-9 * (1 + abs(p) + abs(q)) { return false }
      }
    }
    return true
  }

  /// The states of a that stay at 0 or above: the largest set that steps keep so.
  private func keeps(
    _ certificate: Certificate, _ part: Certificate.Part, _ rules: [Rule], _ patience: Patience
  ) throws(Refusal) -> [Certificate.Line] {
    var part = part
    let claim = try Claim(certificate, part, rules)
    part.keeps = claim.a.variant.states.indices.filter { claim.liveOfA[$0] }.map {
      Certificate.Line("a.\(claim.a.variant.states[$0].name) >= 0")
    }
    while !part.keeps.isEmpty {
      let claim = try self.claim(certificate, part, rules, patience)
      var failed: Set<String> = []
      for goal in try claim.goals() where goal.title.hasSuffix(" >= 0") {
        var search = Search(algebra: claim.algebra)
        if try !search.isPlain(Proof(claim, goal)) {
          failed.insert(String(goal.title.drop { $0 != " " }.dropFirst()))
        }
      }
      if failed.isEmpty { break }
      part.keeps.removeAll { failed.contains($0.text) }
    }
    return part.keeps
  }

  private func shown(
    _ certificate: Certificate, _ part: Certificate.Part, _ rules: [Rule], _ patience: Patience
  ) throws(Refusal) -> Certificate.Part {
    var part = part
    let claim = try self.claim(certificate, part, rules, patience)
    for goal in try claim.goals() {
      var search = Search(algebra: claim.algebra)
      guard let script = search.script(try Proof(claim, goal)) else {
        throw Refusal(
          "no steps were found for the goal `\(goal.title)`, where \(search.left) is left")
      }
      let lines = pruned(script, claim, goal).text.map { Certificate.Line($0) }
      part.goals.append((Certificate.Line(goal.title), lines))
    }
    return part
  }

  /// The steps without those that are not needed.
  private func pruned(_ script: Script, _ claim: Claim, _ goal: Claim.Goal) -> Script {
    var best = script
    for _ in 0..<3 {
      claim.algebra.used = []
      guard let proof = try? Proof(claim, goal), (try? best.replay(proof)) != nil else {
        return best
      }
      let next = best.keeping(claim.algebra.used)
      if next.text == best.text { return best }
      guard let again = try? Proof(claim, goal), (try? next.replay(again)) != nil else {
        return best
      }
      best = next
    }
    return best
  }
}
