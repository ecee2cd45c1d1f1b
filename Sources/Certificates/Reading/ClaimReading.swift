import Basics

extension Claim {
  /// Reads `b.m = a.m`, `a.p = pow(beta, t)`, and `a.v` of what is never negative.
  package func readStates() throws(Refusal) {
    if max(a.rule.module.variants.count, b.rule.module.variants.count) > 1,
      a.isGlobal || b.isGlobal
    {
      throw Refusal("routes with what is one for all tensors have no certificates")
    }
    let inputs = [a, b].map { $0.variant.inputs }
    guard inputs[0].map(\.name) == inputs[1].map(\.name),
      inputs[0].map(\.shape) == inputs[1].map(\.shape)
    else { throw Refusal("the rules have other inputs") }
    for name in certificate.free.map(\.text.firstWord) + ["t", "e", "pi"] {
      allowed[name] = algebra.symbols[name].map { Polynomial($0) }
    }
    allowed["T"] = algebra.symbol("T", Stretch(.one, nil), isInteger: true)
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
    let result = try Expression(text).value(algebra) { self.allowed[$0] }
    // What a state was after the last step is not made of what this step draws.
    if algebra.readsTheStep(result) { throw Refusal("`\(text)` is another thing at each step") }
    return result
  }

  /// `w != 0`, `b >= 0`, `b > 0`.
  func condition(_ text: String) throws(Refusal) -> Clause {
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

  /// The states of a that its steps or the relations are made of.
  func neededStates() throws(Refusal) -> [Bool] {
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

  /// What is taken to hold: the conditions, what is kept, where rules are defined.
  package func given(_ goal: Goal) throws(Refusal) -> [Clause] {
    var result: [Clause] = []
    for line in certificate.conditions { result += try condition(line.text).parts(algebra) }
    if goal.isLater { result += kept.map { Clause(.nonnegative, a.symbols[$0]) } }
    return result + goal.clauses
  }
}

extension String {
  var firstWord: String { String(prefix { $0 != " " }) }
}
