import Basics
import Certificates

/// Looks for steps that show a goal. What it finds is believed by nobody: the kernel checks it.
struct Search {
  let algebra: Algebra
  /// Whether it has no patience left.
  private var isTired: Bool { algebra.allowance < 0 }
  /// How many cases may still be opened.
  var budget = 60
  /// What was left to be shown where the search gave up first.
  var left = ""

  /// The steps, or nil where none were found.
  mutating func script(_ start: Proof, depth: Int = 0, folds: [AtomID] = []) -> Script? {
    var proof = start
    var script = Script()
    // Sums of sums before those.
    for fold in folds.reversed() { open(fold, &proof, &script) }
    for fold in folds { collapse(fold, &proof, &script) }
    if (try? proof.isClosed()) ?? false { return script }
    simplify(&proof, &script)
    if (try? proof.isClosed()) ?? false { return script }
    simplify(&proof, &script, isWide: true)
    if (try? proof.isClosed()) ?? false { return script }
    if depth > 0 || proof.goal.isGuarded, (try? proof.context.isAbsurd()) ?? false {
      script.isAbsurd = true
      return script
    }
    let beforeClearing = (proof, script)
    for _ in 0..<6 {
      guard clear(&proof, &script) else { break }
      simplify(&proof, &script)
      if (try? proof.isClosed()) ?? false { return script }
    }
    (proof, script) = beforeClearing
    if left.isEmpty { left = String(ExpressionWriter(algebra).text(target(proof)).prefix(400)) }
    guard depth < 7, !isTired else { return nil }
    for condition in conditions(proof).prefix(depth == 0 ? 3 : 2)
      + (depth == 0 || !folds.isEmpty ? factors(proof) : [])
    {
      guard budget > 0, let branches = try? proof.branches(condition) else { continue }
      budget -= 1
      let folds = self.folds(proof)
      guard let yes = self.script(branches[0], depth: depth + 1, folds: folds),
        let no = self.script(branches[1], depth: depth + 1, folds: folds)
      else { continue }
      script.cases = [(condition, [yes, no])]
      return script
    }
    return nil
  }

  /// What is folded, in the goal and in what is known: in a case it may be 0.
  private func folds(_ proof: Proof) -> [AtomID] {
    // As they are read: what is known to be 1 or 0 no longer shows what it is about.
    var all = proof.goal.clauses.flatMap { $0.guards + [$0.term] }
    switch proof.goal.kind {
    case .equal(let x, let y): all += [x, y]
    case .defined(let clause): all += clause.guards + [clause.term]
    }
    return atoms(aims(proof, true) + all).filter {
      ["sum", "global_sum", "max_of"].contains(algebra[$0].name) && !algebra[$0].isSymbol
    }
  }

  /// Where a fold of what is nowhere negative is 0, what it folds is 0.
  private func open(_ fold: AtomID, _ proof: inout Proof, _ script: inout Script) {
    let own = ExpressionWriter(algebra).text(Polynomial(fold))
    func isZero(_ p: Polynomial) -> Bool { (try? proof.context.normal(p).isZero) ?? false }
    if !isZero(Polynomial(fold)) {
      guard isZero(algebra.apply("sqrt", [Polynomial(fold)])),
        take("root-square x = \(own)", &proof, &script)
      else { return }
    }
    _ = take("fold-of-zeros \(own)", &proof, &script)
  }

  /// A fold of zeros is 0.
  private func collapse(_ fold: AtomID, _ proof: inout Proof, _ script: inout Script) {
    guard let x = try? proof.context.normal(algebra[fold].operands[0]), x.isZero,
      let rest = try? proof.context.normal(Polynomial(fold)), !rest.isZero
    else { return }
    let axiom = algebra[fold].name == "max_of" ? "reduction-of-constant" : "linear"
    _ = take("\(axiom) \(ExpressionWriter(algebra).text(Polynomial(fold)))", &proof, &script)
  }

  /// Whether no cases are needed.
  mutating func isPlain(_ proof: Proof) throws(Refusal) -> Bool {
    if try proof.isClosed() { return true }
    var (proof, script) = (proof, Script())
    simplify(&proof, &script)
    return try proof.isClosed()
  }

  /// The polynomial that is to be simplified.
  private func target(_ proof: Proof) -> Polynomial {
    let p: Polynomial
    switch proof.goal.kind {
    case .equal: p = proof.difference
    case .defined(let clause): p = clause.term
    }
    return (try? proof.context.normal(p)) ?? p
  }

  /// All atoms below, smaller ones first.
  private func atoms(_ all: [Polynomial]) -> [AtomID] {
    var found: Set<AtomID> = []
    var pending = all
    while let next = pending.popLast() {
      for id in next.atoms where found.insert(id).inserted { pending += algebra[id].operands }
    }
    return algebra.ordered(found)
  }

  /// What is to be simplified: with `isWide`, what is known of where rules are defined too, and the goal
  /// times its divisors.
  private func aims(_ proof: Proof, _ isWide: Bool) -> [Polynomial] {
    let p = target(proof)
    guard isWide else { return [p] }
    var known = proof.goal.clauses.flatMap { $0.guards + [$0.term] }
    if case .defined = proof.goal.kind {
      known += Suggestions(algebra, []).multiples(p).map { p.content.rest * $0 }
    }
    return [p] + known.map { (try? proof.context.normal($0)) ?? $0 }
  }

  /// Takes a step where it holds.
  private func take(_ line: String, _ proof: inout Proof, _ script: inout Script) -> Bool {
    var next = proof
    algebra.allowance -= Self.costOfStep
    guard !isTired, (try? next.take(line)) != nil else { return false }
    proof = next
    script.lines.append(line)
    return true
  }

  /// Of writing and reading a line.
  private static let costOfStep = 100

  /// Takes steps that simplify the goal.
  private func simplify(_ proof: inout Proof, _ script: inout Script, isWide: Bool = false) {
    var tried = Set(script.lines)
    var isProgressing = true
    while isProgressing, !isTired, script.lines.count < 120 {
      isProgressing = false
      let all = atoms(aims(proof, isWide))
      let suggestions = Suggestions(algebra, all, turnsDivisors: proof.goal.isEquation || isWide)
      if !proof.goal.isEquation {
        let p = target(proof)
        let facts = proof.goal.clauses.map { (try? proof.context.normal($0.term)) ?? $0.term }
        let sums = all.filter { algebra[$0].operation == "sum" }.flatMap { algebra[$0].operands }
        for line in ([p] + sums).flatMap(suggestions.squares) + suggestions.products(facts)
        where tried.insert(line).inserted {
          _ = take(line, &proof, &script)
        }
        for line in facts.flatMap({ suggestions.factors(p, by: $0) })
        where tried.insert(line).inserted {
          _ = take(line, &proof, &script)
        }
        // What is not known yet may be later.
        for line in suggestions.quotients(p) where !tried.contains(line) {
          if take(line, &proof, &script) { tried.insert(line) }
        }
        // Steps that take sums apart would hide what they are sums of.
        if (try? proof.isClosed()) ?? false { return }
      }
      search: for id in all {
        for line in suggestions.lines(for: id) where tried.insert(line).inserted {
          guard take(line, &proof, &script) else { continue }
          isProgressing = true
          // What changes the goal changes what is to be tried.
          if atoms(aims(proof, isWide)) != all { break search }
        }
      }
    }
  }

  private func clear(_ proof: inout Proof, _ script: inout Script) -> Bool {
    guard proof.goal.isEquation else { return false }
    let p = target(proof)
    for id in algebra.ordered(p.atoms).reversed() where algebra[id].operation == "inv" {
      let line = "clear \(ExpressionWriter(algebra).text(algebra[id].operands[0]))"
      if take(line, &proof, &script) { return true }
    }
    return false
  }

  /// Whether a factor of all that is left is 0: then it is shown, and else more is known.
  private func factors(_ proof: Proof) -> [String] {
    guard proof.goal.isEquation else { return [] }
    return target(proof).content.common.powers.map { Polynomial($0.atom) }.compactMap { factor in
      guard algebra.carried(factor) == 0, !((try? proof.context.isNonzero(factor)) ?? true),
        algebra.apply("zero", [factor]).atom != nil
      else { return nil }
      return "zero(\(ExpressionWriter(algebra).text(factor)))"
    }
  }

  /// Conditions on which the goal may depend, simpler ones first.
  private func conditions(_ proof: Proof) -> [String] {
    let context = proof.context
    let writer = ExpressionWriter(algebra)
    var found: [(rank: Int, size: Int, text: String)] = []
    var rank = 1
    func consider(_ x: Polynomial, onlyZero: Bool = false) {
      guard algebra.carried(x) == 0, x.number == nil, let p = try? context.normal(x),
        let known = try? context.stretch(p), !known.isNonzero
      else { return }
      let (common, rest) = p.content
      if common != .one,
        rest.number == nil || common.powers.count > 1 || common.powers[0].exponent > 1
      {
        for power in common.powers { consider(Polynomial(power.atom), onlyZero: onlyZero) }
        if rest.number == nil { consider(rest, onlyZero: onlyZero) }
        return
      }
      let name = known.isNonnegative || known.isNonpositive || onlyZero ? "zero" : "positive"
      if name == "zero", (try? context.isNonzero(p)) ?? true { return }
      if name == "positive", known.isNonpositive { return }
      let condition = algebra.apply(name, [p])
      guard let condition = try? context.normal(condition), condition.atom != nil else {
        // A multiple of −1: the same question, turned.
        let turned = algebra.apply(name, [-p])
        if turned.atom != nil { found.append((rank, algebra.size(p), writer.text(turned))) }
        return
      }
      found.append((rank, algebra.size(p), writer.text(condition)))
    }
    if case .defined = proof.goal.kind { consider(target(proof), onlyZero: true) }
    var all = [target(proof)]
    if case .defined = proof.goal.kind {
      all += proof.goal.clauses.flatMap(\.guards).map { (try? context.normal($0)) ?? $0 }
    }
    for id in atoms(all) {
      let atom = algebra[id]
      guard !atom.isSymbol, atom.detail.isEmpty else { continue }
      // A question that the goal asks itself is answered sooner or later.
      rank = id.isBoolean ? 0 : 1
      switch atom.name {
      case "abs", "sign", "positive", "zero":
        consider(atom.operands[0])
        // Of what is nowhere negative each part is 0, or the whole is not.
        let parts = atom.operands[0].terms.map { Polynomial($0.key, $0.value) }
        if parts.count > 1,
          parts.allSatisfy({ (try? context.stretch($0).isNonnegative) ?? false })
        {
          for part in parts { consider(part, onlyZero: true) }
        }
      case "max": consider(atom.operands[0] - atom.operands[1])
      case "inv": consider(atom.operands[0], onlyZero: true)
      case "pow", "sqrt": consider(atom.operands[0], onlyZero: true)
      default: break
      }
    }
    var seen: Set<String> = []
    return found.sorted { ($0.rank, $0.size, $0.text) < ($1.rank, $1.size, $1.text) }.map(\.text)
      .filter { seen.insert($0).inserted }
  }
}

extension Claim.Goal {
  var isEquation: Bool { if case .equal = kind { true } else { false } }

  /// Whether it is to be shown under conditions.
  var isGuarded: Bool {
    if case .defined(let clause) = kind { !clause.guards.isEmpty } else { false }
  }
}
