import Basics
import Diagnostics
import IR

/// A goal that is being shown: what is known, and what is left of it.
package struct Proof {
  package private(set) var context: Context
  package let goal: Claim.Goal
  /// Of an equation: what is to be 0.
  package private(set) var difference = Polynomial.zero
  private(set) var names: [String: Polynomial] = [:]
  private var steps = 0

  package init(_ claim: Claim, _ goal: Claim.Goal) throws(Refusal) {
    context = try claim.context(goal)
    self.goal = goal
    if case .equal(let x, let y) = goal.kind { difference = x - y }
  }

  private var algebra: Algebra { context.algebra }

  /// Whether nothing is left to be shown.
  package func isClosed() throws(Refusal) -> Bool {
    switch goal.kind {
    case .equal: try context.normal(difference).isZero
    case .defined(let clause): try context.holds(clause.kind, clause.term)
    }
  }

  /// Reads an expression with the names that are known here.
  func value(_ text: some StringProtocol) throws(Refusal) -> Polynomial {
    try Expression(String(text)).value(algebra) { name in
      self.names[name] ?? self.algebra.symbols[name].map { Polynomial($0) }
    }
  }

  /// Takes one step that opens no branch.
  package mutating func take(_ line: String) throws(Refusal) {
    steps += 1
    let word = line.firstWord
    let rest = line.dropFirst(word.count).trimmed
    switch word {
    case "let":
      let sides = try Self.binding(rest)
      guard names[sides.name] == nil, algebra.symbols[sides.name] == nil else {
        throw Refusal("`\(sides.name)` means something else")
      }
      names[sides.name] = try value(sides.text)
    case "clear": try clear(try value(rest))
    case "product", "quotient":
      let values = try values(rest)
      guard values.count == 2, let x = values["x"], let y = values["y"] else {
        throw Refusal("`\(word)` takes x, y")
      }
      try context.learnSign(x, y, ofQuotient: word == "quotient")
    default:
      if let axiom = Axiom.byName[word] {
        try apply(axiom, rest)
      } else if let axiom = TensorAxiom(rawValue: word) {
        let p = axiom == .foldOfZeros ? try value(rest) : try context.normal(try value(rest))
        let (equation, reach) = try axiom.equation(context, p)
        try equate(equation, from: p.single?.monomial, reach)
      } else {
        throw Refusal("`\(word)` is no step")
      }
    }
  }

  /// `NAME x = E; y = E at MONOMIAL`
  private mutating func apply(_ axiom: Axiom, _ text: Substring) throws(Refusal) {
    var text = text
    var from: Monomial?
    if let at = text.range(of: " at ") {
      let p = try value(text[at.upper...])
      guard let (monomial, weight) = p.single, weight.isOne else {
        throw Refusal("what is rewritten is no product")
      }
      from = monomial
      text = text[..<at.lower]
    }
    let values = try values(text)
    let (equation, left, reach) = try context.instance(axiom, values)
    // A single application is rewritten as it stands on the left.
    if from == nil, left.atom != nil { from = try context.normal(left, reach).single?.monomial }
    try equate(equation, from: from, reach)
  }

  private mutating func equate(
    _ equation: Polynomial, from: Monomial?, _ reach: Reach
  ) throws(Refusal) {
    let rest = try context.normal(equation, reach)
    if rest.isZero { throw Refusal("it says nothing that is not known") }
    let from = from.flatMap { rest.terms[$0] == nil ? nil : $0 }
    try context.equate(rest, from: from, reach, step: steps)
  }

  /// Multiplies what is left by as many d as take away 1 / d.
  private mutating func clear(_ d: Polynomial) throws(Refusal) {
    let d = try context.normal(d)
    guard case .equal = goal.kind, let inverse = algebra.inverse(d).atom else {
      throw Refusal("there is no such divisor")
    }
    guard try context.isNonzero(d) else { throw Refusal("the divisor may be 0") }
    let whole = try context.normal(difference)
    let degree = whole.terms.keys.map { $0.exponent(inverse) }.max() ?? 0
    guard degree > 0, degree <= 12 else { throw Refusal("there is no such divisor") }
    var result = Polynomial()
    for (monomial, weight) in whole.terms {
      let n = monomial.exponent(inverse)
      var rest = monomial
      rest.powers.removeAll { $0.atom == inverse }
      result = try result + algebra.product(Polynomial(rest, weight), algebra.power(d, degree - n))
    }
    difference = try context.normal(result)
  }

  /// The two branches of a case: where the condition is 1, and where it is 0.
  package func branches(_ text: some StringProtocol) throws(Refusal) -> [Proof] {
    let condition = try value(text)
    guard Context.conjunction(condition) != nil, condition != .one else {
      throw Refusal("a case is `positive(…)` or `zero(…)`")
    }
    if algebra.carried(condition) != 0 { throw Refusal("the case is about what a loop carries") }
    var result = [self, self]
    for (i, truth) in [true, false].enumerated() {
      result[i].steps += 1
      try result[i].context.assume(condition, is: truth, step: steps + 1)
    }
    return result
  }
}

/// Checks a certificate. What it returns is proved.
package enum CertificateCheck {
  package struct Result: Sendable {
    package var goals = 0
    package var steps = 0
  }

  /// Throws R0851 for what does not hold, with its line.
  package static func check(
    _ certificate: Certificate, _ rules: [Rule]
  ) throws(DiagnosticError) -> Result {
    var place = Certificate.Line("")
    do throws(Refusal) { return try check(certificate, rules, &place) } catch {
      throw DiagnosticError(place.text.isEmpty ? .refused(error) : .refused(place, error))
    }
  }

  /// Throws what does not hold; `place` is its line.
  package static func check(
    _ certificate: Certificate, _ rules: [Rule], _ place: inout Certificate.Line
  ) throws(Refusal) -> Result {
    var result = Result()
    try Claim.requireSettings(certificate, rules)
    let ways = try Claim.ways(rules)
    guard certificate.parts.map(\.variants) == ways else {
      throw Refusal("the ways are \(ways.map { "\($0[0]) \($0[1])" }.joined(separator: ", "))")
    }
    for part in certificate.parts {
      let claim = try Claim(certificate, part, rules)
      try claim.readStates()
      claim.algebra.allowance = allowance
      let goals = try claim.goals()
      try claim.requireSatisfiable()
      if try claim.context(goals[0]).isAbsurd() { throw Refusal("the rules are defined nowhere") }
      guard goals.count == part.goals.count else {
        throw Refusal("there are \(goals.count) goals and not \(part.goals.count)")
      }
      for (goal, written) in zip(goals, part.goals) {
        place = written.title
        guard goal.title == place.text else { throw Refusal("the goal here is `\(goal.title)`") }
        var lines = written.steps[...]
        try close(try Proof(claim, goal), &lines, &place, depth: 0)
        if !lines.isEmpty { throw Refusal("the goal is shown already") }
        result.goals += 1
        result.steps += written.steps.count
        place = Certificate.Line("")
      }
    }
    return result
  }

  /// Work that a part may take.
  private static let allowance = 20_000_000

  /// Shows a goal by the lines that follow.
  private static func close(
    _ start: Proof, _ lines: inout ArraySlice<Certificate.Line>, _ place: inout Certificate.Line,
    depth: Int
  ) throws(Refusal) {
    func next(_ word: String) throws(Refusal) {
      guard lines.popFirst()?.text == word else { throw Refusal("`\(word)` is missing") }
    }
    let title = place
    var proof = start
    while let line = lines.first, line.text != "otherwise", line.text != "done" {
      place = line
      lines.removeFirst()
      if line.text == "absurd" {
        guard try proof.context.isAbsurd() else { throw Refusal("nothing contradicts itself here") }
        return
      }
      if line.text.hasPrefix("cases ") {
        if depth > 50 { throw Refusal("cases are nested too deep") }
        let branches = try proof.branches(line.text.dropFirst(6))
        try close(branches[0], &lines, &place, depth: depth + 1)
        try next("otherwise")
        try close(branches[1], &lines, &place, depth: depth + 1)
        return try next("done")
      }
      try proof.take(line.text)
    }
    place = lines.first ?? title
    guard try proof.isClosed() else { throw Refusal("the goal is not shown by its steps") }
  }
}
