import Basics
import IR

/// Compares two rules: proof first, then what would make them equal, with a witness against.
package struct Comparer {
  let a: Rule
  let b: Rule
  let probe: any RuleProbe
  /// Cheap probes that a level must pass before a proof is tried.
  package var probes = 100
  /// What is looked for: with less, what is not found is undecided.
  package enum Aim: Sendable {
    /// A proof that they are equal as they are.
    case equality
    /// And what would make them equal.
    case changes
    /// And the largest difference.
    case verdict
  }
  package var aim = Aim.verdict
  private var ignoresEpsilon = false
  /// Whether g is taken for the gradient at w.
  private var gradientsArePresent = false
  /// No proof is begun after this long.
  package var patience = Duration.seconds(6)
  private let start = ContinuousClock.now
  private var isLate: Bool { ContinuousClock.now > start + patience }
  /// The probes that found no difference.
  var seen: Set<SeenProbe> = []
  /// One run takes so long that only what decides the verdict is run.
  var isHeavy = false
  var failure: String?

  package init(_ a: Rule, _ b: Rule, probe: any RuleProbe) {
    self.a = a
    self.b = b
    self.probe = probe
  }

  /// The verdict on the two rules.
  package mutating func compare() -> Comparison {
    guard a.module.guardsFinite == b.module.guardsFinite else { return withoutGuard() }
    var pairs: [(Int, Int)] = []
    let (m, n) = (a.module.variants, b.module.variants)
    if m.count == n.count, zip(m, n).allSatisfy({ $0.predicate == $1.predicate }) {
      pairs = m.indices.map { ($0, $0) }
    } else if m.count == 1 {
      pairs = n.indices.map { (0, $0) }
    } else if n.count == 1 {
      pairs = m.indices.map { ($0, 0) }
    } else if m.count * n.count <= 16 {
      // Routes by other conditions: whichever of the two a tensor may take together.
      pairs = m.indices.flatMap { i in n.indices.map { (i, $0) } }
    } else {
      return Comparison(.undecided(probes: 0))
    }
    var results: [Comparison] = []
    // A way on which they plainly part comes first: it decides without a proof of the others.
    if pairs.count > 1, let setting = try? Setting(TermTable(), [a, b], .differing) {
      let parts = pairs.map { differs(setting, $0.0, $0.1).map { !$0.onlyAtZeros } ?? false }
      pairs = zip(pairs, parts).filter(\.1).map(\.0) + zip(pairs, parts).filter { !$0.1 }.map(\.0)
    }
    for pair in pairs {
      let found = stored(aboutStorage(compare(pair.0, pair.1), pair.0, pair.1), pair.0, pair.1)
      // What differs on one way differs.
      if case .different = found.verdict { return found }
      results.append(found)
    }
    return Comparison.ofAllWays(results) ?? Comparison(.undecided(probes: 0))
  }

  /// One of them leaves out steps that are not finite: what holds of the rules without holds of finite steps.
  private func withoutGuard() -> Comparison {
    var rules = [a, b]
    for k in rules.indices { rules[k].module.guardsFinite = false }
    var inner = Comparer(rules[0], rules[1], probe: probe)
    (inner.probes, inner.aim, inner.patience) = (probes, aim, patience)
    var result = inner.compare()
    let change = "guard finite left out"
    switch result.verdict {
    case .equal: result.verdict = .equalUpTo([change])
    case .equalWhere(let all), .equalUpTo(let all): result.verdict = .equalUpTo(all + [change])
    case .different:
      let isFinite = result.witness.map { $0.left.isFinite && $0.right.isFinite } ?? false
      if !isFinite { result = Comparison(.undecided(probes: 0)) }
    case .undecided: break
    }
    if case .undecided = result.verdict {
      result.method = "one leaves out steps that are not finite, the other does not"
    }
    return result
  }

  /// Whether nothing speaks against equality at the defaults: a quick look before a proof.
  package mutating func agreesOnProbes() -> Bool {
    guard a.module.guardsFinite == b.module.guardsFinite, a.module.variants.count == 1,
      b.module.variants.count == 1,
      let setting = try? Setting(TermTable(), [a, b], .differing)
    else { return false }
    return differs(setting, 0, 0) == nil && failure == nil
  }

  mutating func compare(_ i: Int, _ j: Int) -> Comparison {
    if isSameProgram(i, j) {
      var result = Comparison(.equal)
      result.method = "they are the same program"
      return result
    }
    do throws(SymbolicError) {
      _ = try Setting(TermTable(), [a, b], .differing)
    } catch {
      var result = Comparison(.undecided(probes: 0))
      result.method = error.description
      return result
    }
    if let found = differsPlainly(i, j) { return found }
    var conditional: Comparison?
    var witness: Witness?
    var weakest: (witness: Witness, fixed: [String])?
    var previous: [String] = []
    for level in Generality.allCases {
      guard let setting = try? Setting(TermTable(), [a, b], level) else { continue }
      // A level that frees nothing more than the one before has been tried.
      let names = setting.symbols.map(\.name) + ["|"]
      if level != .all, names == previous { continue }
      if isHeavy, witness != nil, level != .differing { continue }
      previous = names
      let found = differs(setting, i, j)
      if let found, !found.onlyAtZeros {
        witness = found.witness
        if level == .differing { weakest = (found.witness, texts(setting).fixed) }
        continue
      }
      let against = level == .differing ? witness : nil
      if let found { witness = found.witness }
      guard var proof = prove(level, i, j) else { continue }
      // Of other values of what both have, or of what both leave at one default, nothing is known, or that
      // they tell the rules apart.
      if level == .differing,
        against != nil || setting.fixed.contains(where: { isShared($0.name) })
      {
        proof.limitToDefaults(against)
        if found == nil { return proof }
      } else if found == nil, let other = differsElsewhere(i, j, setting) {
        proof.limitToDefaults(other)
        return proof
      }
      if proof.isEqual, found == nil { return proof }
      if !proof.isEqual, conditional == nil {
        conditional = proof
        conditional!.witness = found?.witness ?? against
      }
      if conditional != nil { break }
    }
    if let conditional { return conditional }
    if aim == .equality { return Comparison(.undecided(probes: seen.count)) }
    // Not equal at the last level: what would make them so?
    if witness != nil || failure == nil, !(isHeavy && witness != nil), let result = upTo(i, j) {
      var result = result
      result.witness = witness
      return result
    }
    if aim == .changes { return Comparison(.undecided(probes: seen.count)) }
    // The witness must be one of the weakest claim.
    if isHeavy, let weakest {
      var result = Comparison(.different)
      result.witness = weakest.witness
      result.fixed = weakest.fixed
      return result
    }
    if let setting = try? Setting(TermTable(), [a, b], .differing),
      let found = largestDifference(setting, i, j)
    {
      var result = Comparison(.different)
      result.witness = found
      result.fixed = texts(setting).fixed
      return result
    }
    // No proof at the defaults of both, and other values of what both leave there tell them apart.
    if witness != nil, let setting = try? Setting(TermTable(), [a, b], .withoutSwitches),
      let found = differs(setting, i, j), !found.onlyAtZeros
    {
      var result = Comparison(.different)
      result.witness = found.witness
      result.fixed = texts(setting).fixed
      return result
    }
    var result = Comparison(.undecided(probes: seen.count))
    if let failure { result.method = failure }
    return result
  }

  /// Where one run takes so long that few are run: whether the first, at the defaults of both, tells the two apart.
  private mutating func differsPlainly(_ i: Int, _ j: Int) -> Comparison? {
    guard aim == .verdict, let setting = try? Setting(TermTable(), [a, b], .differing),
      let found = firstDifference(setting, i, j), isHeavy, !found.isOfDefinition
    else { return nil }
    var result = Comparison(.different)
    result.witness = found
    result.fixed = texts(setting).fixed
    return result
  }

  private func isShared(_ name: String) -> Bool {
    [a, b].allSatisfy { rule in rule.module.hypers.contains { $0.name == name } }
  }

  private func texts(_ setting: Setting) -> (assumptions: [String], fixed: [String]) {
    let table = setting.table
    return (
      setting.symbols.compactMap { symbol in
        let domain = table.symbol(of: symbol.term)!.domain
        return domain == .all ? symbol.name : "\(symbol.name) in \(domain)"
      },
      setting.fixed.map { "\($0.name) = \(Rational(literal: $0.value)?.description ?? "inf")" }
    )
  }

  // MARK: Proof

  private func prove(
    _ level: Generality, _ i: Int, _ j: Int, renaming: Setting.Renaming = [:],
    replaced: @escaping (TermTable, [String: TermID]) -> [String: TermID] = { _, _ in [:] }
  ) -> Comparison? {
    func setting(_ narrowed: [Narrowing.Quantity: Interval], _ table: TermTable) -> Setting? {
      try? Setting(
        table, [a, b], level, renaming: renaming, narrowed: narrowed, replaced: replaced)
    }
    if let found = prove(i, j, { setting([:], $0) }) { return found }
    // Roots are numbers where what they are of is not negative: there, perhaps.
    guard !isLate, let need = Narrowing(self, i, j, { setting([:], $0) }),
      var found = prove(i, j, { setting(need.domains, $0) })
    else { return nil }
    var conditions = need.conditions
    if case .equalWhere(let more) = found.verdict { conditions += more }
    conditions = Narrowing.together(conditions)
    found.verdict = conditions.isEmpty ? .equal : .equalWhere(conditions)
    return found
  }

  private func prove(
    _ i: Int, _ j: Int, _ setting: (TermTable) -> Setting?
  ) -> Comparison? {
    var conditional: Comparison?
    var (mayBeLinear, hasStates) = (true, true)
    for isSwapped in [false, true] {
      for isLinear in [false, true] {
        // An equality of linear systems is symmetric, as one of single steps.
        if isLinear ? isSwapped || !mayBeLinear : isSwapped && !hasStates { continue }
        let table = TermTable()
        table.isForProofs = true
        table.gradientsArePresent = gradientsArePresent
        table.deadline = ContinuousClock.now + .seconds(2)
        guard !isLate, let setting = setting(table),
          let (first, second) = try? rules(setting, i, j)
        else { return nil }
        table.forgetRewrites()
        let (x, y) = isSwapped ? (second, first) : (first, second)
        var prover = Prover(table)
        var conditions = Definedness()
        var relations: [String] = []
        var isProved = false
        if isLinear {
          if let p = try? LinearRule(x), let q = try? LinearRule(y) {
            isProved = LinearRule.areEqual(p, q, &prover, &conditions)
          }
        } else {
          var bisimulation = Bisimulation(x, y)
          isProved = (try? bisimulation.proves()) ?? false
          conditions = bisimulation.conditions
          relations = bisimulation.relations
        }
        let unmet = isProved ? prover.weakest(conditions.asConditions(table)) : []
        let used = table.used
        if !isLinear, !isSwapped, !isProved || !unmet.isEmpty, !table.isExhausted {
          mayBeLinear = (try? LinearRule(x)) != nil && (try? LinearRule(y)) != nil
          hasStates = !x.states.isEmpty || !y.states.isEmpty
        }
        guard isProved, unmet.allSatisfy({ $0.clause.hasText }) else { continue }
        let printer = TermPrinter(table)
        var result = Comparison(
          unmet.isEmpty ? .equal : .equalWhere(printer.texts(unmet)))
        (result.assumptions, result.fixed) = texts(setting)
        result.rewrites = used.map(\.rawValue)
        result.relations = relations
        result.method =
          isLinear
          ? "both are linear: their answers to every gradient agree"
          : x.states.isEmpty && y.states.isEmpty
            ? "the steps are the same term" : "step by step, the states matched"
        if result.isEqual { return result }
        conditional = conditional ?? result
      }
    }
    return conditional
  }

  /// Both rules in one table.
  func rules(
    _ setting: Setting, _ i: Int, _ j: Int
  ) throws(SymbolicError) -> (SymbolicRule, SymbolicRule) {
    func rule(_ rule: Rule, _ variant: Int, _ side: Int) throws(SymbolicError) -> SymbolicRule {
      try SymbolicRule(
        setting.table, name: rule.label, variant: rule.module.variants[variant],
        hypers: setting.hypers[side], hyperNames: rule.module.hypers.map(\.name),
        free: setting.free[side], side: side + 1, hypersDefined: setting.defined[side])
    }
    return (try rule(a, i, 0), try rule(b, j, 1))
  }

  // MARK: Up to

  /// What makes the second rule equal to the first: other names, another step size, ε → 0.
  private mutating func upTo(_ i: Int, _ j: Int) -> Comparison? {
    let renaming = renamings()
    var options: [(Setting.Renaming, [String])] = []
    if !renaming.isEmpty {
      options.append(
        (
          renaming.mapValues(\.key),
          renaming.sorted { $0.key < $1.key }.map { "\($0.value.second) = \($0.value.first)" }
        ))
    }
    options.append(([:], []))
    for (map, texts) in options {
      for level in [Generality.shared, .withoutSwitches] {
        if !map.isEmpty, let proof = attempt(level, i, j, map, texts, { _, _ in [:] }) {
          return proof
        }
        for scaling in scalings(level, i, j, map) {
          if var proof = attempt(
            level, i, j, map, texts + [scaling.text] + scaling.conditions, scaling.change)
          {
            proof.change = scaling.text
            return proof
          }
        }
      }
    }
    return withPresentGradients(i, j) ?? withoutEpsilon()
  }

  /// A proof that takes g for the gradient at w, which no delay makes another.
  private func withPresentGradients(_ i: Int, _ j: Int) -> Comparison? {
    guard reads({ $0 == .gradientAt }) else { return nil }
    var inner = self
    inner.gradientsArePresent = true
    for level in [Generality.all, .shared, .withoutSwitches] {
      guard var proof = inner.prove(level, i, j) else { continue }
      var conditions: [String] = []
      if case .equalWhere(let all) = proof.verdict { conditions = all }
      proof.verdict = .equalUpTo(["grad(w) → g"] + conditions)
      return proof
    }
    return nil
  }

  /// The rules with every ε and every tiny constant at 0, if that makes them equal.
  private mutating func withoutEpsilon() -> Comparison? {
    guard !ignoresEpsilon else { return nil }
    var names: [String] = []
    let x = a.withoutEpsilon(&names)
    let y = b.withoutEpsilon(&names)
    if names.isEmpty { return nil }
    var inner = Comparer(x, y, probe: probe)
    inner.ignoresEpsilon = true
    inner.probes = 4
    inner.aim = .changes
    let limit = names.map { "\($0) → 0" }
    var result = inner.compare()
    switch result.verdict {
    case .equal: result.verdict = .equalUpTo(limit)
    case .equalUpTo(let changes): result.verdict = .equalUpTo(changes + limit)
    default: return nil
    }
    return result
  }

  private mutating func attempt(
    _ level: Generality, _ i: Int, _ j: Int, _ renaming: Setting.Renaming, _ texts: [String],
    _ change: @escaping (TermTable, [String: TermID]) -> [String: TermID]
  ) -> Comparison? {
    guard
      let setting = try? Setting(
        TermTable(), [a, b], level, renaming: renaming, replaced: change),
      differs(setting, i, j) == nil,
      let proof = prove(level, i, j, renaming: renaming, replaced: change), proof.isEqual
    else { return nil }
    var result = proof
    result.verdict = .equalUpTo(texts)
    return result
  }

  /// Hyperparameters that only one rule has and that may be the same under two names: equal domains.
  private func renamings() -> [String: (key: String, first: String, second: String)] {
    var result: [String: (key: String, first: String, second: String)] = [:]
    func open(_ own: Rule, _ other: Rule) -> [(String, Hyperparameter)] {
      let others = Set(other.module.hypers.map { Rule.shortKey($0.key) })
      return own.module.hypers.enumerated().compactMap { k, hyper in
        own.plainDefault(k) != nil && !hyper.isStructural
          && !others.contains(Rule.shortKey(hyper.key))
          ? (Rule.shortKey(hyper.key), hyper) : nil
      }
    }
    var candidates = open(a, b)
    for (key, hyper) in open(b, a) {
      guard let k = candidates.firstIndex(where: { $0.1.domain == hyper.domain }) else { continue }
      result[key] = (candidates[k].0, candidates[k].1.name, hyper.name)
      candidates.remove(at: k)
    }
    return result
  }

  private struct Scaling {
    var text: String
    /// Where what is put in is in the domain of what it is put in for.
    var conditions: [String]
    var change: (TermTable, [String: TermID]) -> [String: TermID]
  }

  /// Where a term is in a domain; nil where that is nowhere or at one number.
  private func conditions(_ value: TermID, in domain: Interval, _ table: TermTable) -> [String]? {
    let own = table.interval(value)
    let both = own.intersection(domain)
    if both == own { return [] }
    if both.isEmpty || both.low != nil && both.low == both.high { return nil }
    var clauses: [Clause] = []
    func add(_ term: TermID, isOpen: Bool) {
      clauses.append(Clause(kind: .nonnegative, term: term))
      if isOpen { clauses.append(Clause(kind: .nonzero, term: term)) }
    }
    if let low = domain.low {
      add(table.subtract(value, table.number(low)), isOpen: domain.excludesLow)
    }
    if let high = domain.high {
      add(table.subtract(table.number(high), value), isOpen: domain.excludesHigh)
    }
    var all = Definedness()
    for clause in clauses { all.insert(clause, where: table.one, table) }
    var prover = Prover(table)
    return TermPrinter(table).texts(prover.weakest(all.asConditions(table)))
  }

  /// Changes of the second rule's step size, from the first step's moves and from the moves that
  /// the rules make when all states vanish.
  private func scalings(
    _ level: Generality, _ i: Int, _ j: Int, _ renaming: Setting.Renaming
  ) -> [Scaling] {
    let table = TermTable()
    table.isForProofs = true
    table.deadline = ContinuousClock.now + .seconds(2)
    guard
      let setting = try? Setting(table, [a, b], level, renaming: renaming),
      let (x, y) = try? rules(setting, i, j),
      let p = try? x.update(step: table.one, states: x.initial),
      let q = try? y.update(step: table.one, states: y.initial)
    else { return [] }
    func move(_ step: SymbolicRule.Step, at weight: TermID) -> TermID {
      table.substitute(table.subtract(step.weight, weight)) { $0 == weight ? table.zero : nil }
    }
    let first = move(p, at: x.weight)
    let second = move(q, at: y.weight)
    guard first != table.zero, second != table.zero else { return [] }
    let ratio = table.reduced(table.divide(first, second))
    // A change of a hyperparameter is a real number for all values of the others.
    guard !table.isData(ratio), table.spread(ratio).isEmpty, ratio != table.one,
      ratio != table.zero, table.isTotal(ratio),
      !table.contains(ratio, where: { table.symbol(of: $0)?.role == .extent })
    else { return [] }
    var result: [Scaling] = []
    let text = TermPrinter(table)
    for (k, hyper) in b.module.hypers.enumerated() {
      let key = Rule.shortKey(hyper.key)
      guard ["lr", "eta", "alpha", "rate", "peak"].contains(key) else { continue }
      let own = setting.hypers[1][k]
      let value = table.reduced(table.multiply(ratio, own))
      guard let conditions = conditions(value, in: hyper.domain.map { Interval($0) } ?? .all, table)
      else { continue }
      for decay in [false, true] {
        let decayKey = b.module.hypers.first {
          ["lambda", "weight_decay"].contains(Rule.shortKey($0.key))
        }.map { Rule.shortKey($0.key) }
        if decay, decayKey == nil || !table.isNonzero(ratio) { continue }
        let scale = SerialTerm(table, ratio)
        var words = "\(Rule.shortKey(hyper.name)) → \(text.text(value))"
        // A change that nobody reads is none.
        if text.isCut || words.count > 200 { continue }
        if decay { words += ", λ → λ / (\(text.text(ratio)))" }
        result.append(
          Scaling(text: words, conditions: conditions) { table, terms in
            let factor = scale.rebuilt(in: table)
            var changed: [String: TermID] = [:]
            if let own = terms[key] { changed[key] = table.reduced(table.multiply(factor, own)) }
            if decay, let decayKey, let own = terms[decayKey] {
              changed[decayKey] = table.divide(own, factor)
            }
            return changed
          })
      }
    }
    return result
  }
}
