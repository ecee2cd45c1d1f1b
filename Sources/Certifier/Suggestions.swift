import Basics
import Certificates
import Platform

/// Steps that may simplify an atom, as lines of a certificate, better ones first.
struct Suggestions {
  let algebra: Algebra
  let writer: ExpressionWriter
  /// The atoms of the goal.
  let all: [AtomID]
  /// Whether roots of quotients by what is negative are of interest.
  let turnsDivisors: Bool

  init(_ algebra: Algebra, _ all: [AtomID], turnsDivisors: Bool = false) {
    self.algebra = algebra
    self.turnsDivisors = turnsDivisors
    writer = ExpressionWriter(algebra)
    self.all = all
  }

  private func text(_ p: Polynomial) -> String { writer.text(p) }
  private func atom(_ id: AtomID) -> Polynomial { Polynomial(id) }

  func lines(for id: AtomID) -> [String] {
    let atom = algebra[id]
    if atom.isSymbol { return [] }
    if !atom.detail.isEmpty { return tensor(id) }
    let x = atom.operands[0]
    switch atom.name {
    case "inv": return shared("inv", "inverse-product", x) + inverse(x)
    case "sqrt": return root(x) + shared("sqrt", "root-product", x)
    case "pow": return power(id, x, atom.operands[1])
    case "abs":
      return quotients(x) + ["abs-nonnegative x = \(text(x))", "abs-negative x = \(text(x))"]
        + products("abs-product", x) + shared("abs", "abs-product", x)
        + inner(x, ["inv": "abs-inverse", "tanh": "abs-tanh", "cbrt": "abs-cbrt"])
        + ["abs-square x = \(text(x))"]
    case "sign":
      return ["sign-positive x = \(text(x))", "sign-negative x = \(text(x))"]
        + products("sign-product", x) + shared("sign", "sign-product", x)
        + inner(
          x,
          [
            "inv": "sign-inverse", "sign": "sign-sign", "abs": "sign-abs", "sqrt": "sign-root",
            "tanh": "sign-tanh", "cbrt": "sign-cbrt", "sinh": "sign-sinh",
            "arctan": "sign-arctan", "erf": "sign-erf",
          ])
        + ["sign-square x = \(text(x))", "abs-sign-product x = \(text(x))"]
        + ["sign-cube x = \(text(x))"]
        + (x.atom != nil ? ["sign-square-times x = \(text(x))"] : [])
    case "positive":
      return ["positive-true x = \(text(x))", "positive-false x = \(text(x))"]
        + scaled(x) + shared("positive", "positive-product", x) + squares("positive-square", x)
        + ["positive-nonnegative x = \(text(x))"]
        + inner(
          x,
          [
            "sign": "positive-sign", "abs": "positive-abs", "sqrt": "positive-root",
            "inv": "positive-inverse", "tanh": "positive-tanh", "cbrt": "positive-cbrt",
          ])
    case "zero":
      return ["zero-false x = \(text(x))"] + squares("zero-square", x)
        + products("zero-product", x)
        + inner(
          x,
          [
            "abs": "zero-abs", "sign": "zero-sign", "inv": "zero-inverse", "sqrt": "zero-root",
            "tanh": "zero-tanh", "cbrt": "zero-cbrt",
          ])
        + ["zero-times x = \(text(x))"]
    case "max":
      let y = atom.operands[1]
      return [
        "max-left x = \(text(x)); y = \(text(y))", "max-left x = \(text(y)); y = \(text(x))",
        x == -y ? "max-abs x = \(text(x))" : "",
      ].filter { !$0.isEmpty } + maximum(x, y)
    case "floor", "ceil", "round", "mod": return rounded(atom.name, atom.operands)
    case "exp", "tanh", "sinh", "cosh", "sin", "cos", "tan", "erf", "arctan", "arcsin", "cbrt",
      "log":
      return function(atom.name, x)
    default: return []
    }
  }

  private func rounded(_ name: String, _ x: [Polynomial]) -> [String] {
    let own = text(x[0])
    if name == "mod" {
      return (x[1] == .one ? ["mod-one x = \(own)"] : [])
        + ["mod-floor x = \(own); y = \(text(x[1]))"]
    }
    var result = ["\(name)-whole x = \(own)"]
    let whole = x[0].terms.reduce(into: Polynomial()) { sum, term in
      let part = Polynomial(term.key, term.value)
      if algebra.isInteger(part) { sum = sum + part }
    }
    switch name {
    case "floor":
      result.append("floor-unit x = \(own)")
      if !whole.isZero {
        result.append("floor-shifted x = \(text(x[0] - whole)); y = \(text(whole))")
      }
    case "ceil": result.append("ceil-floor x = \(own)")
    default: if isNegative(x[0]) { result.append("round-odd x = \(text(-x[0]))") }
    }
    return result
  }

  private func isNegative(_ x: Polynomial) -> Bool {
    algebra.leading(x).flatMap { x.terms[$0] }?.isNegative ?? false
  }

  /// e to a sum, to what others are made of, to a logarithm.
  private func exponential(_ x: Polynomial) -> [String] {
    func sum(_ part: Polynomial) -> String {
      "exponential-sum x = \(text(part)); y = \(text(x - part))"
    }
    if x.terms.count > 1, let first = algebra.leading(x) {
      return [sum(Polynomial(first, x.terms[first]!))]
    }
    if isNegative(x) { return ["exponential-negative x = \(text(-x))"] }
    if let inside = x.atom, algebra[inside].operation == "log" {
      return ["exponential-logarithm x = \(text(algebra[inside].operands[0]))"]
    }
    guard let count = x.single?.weight.numerator.word else { return [] }
    if 2...8 ~= count { return [sum(x.scaled(by: Rational(1, count)))] }
    // What another is made of, and half of it under a root.
    for id in all where algebra[id].operation == "exp" {
      let other = algebra[id].operands[0]
      if let ratio = x.ratio(to: other)?.word, 2...8 ~= ratio { return [sum(other)] }
    }
    let isUnderRoot = all.contains {
      algebra[$0].operation == "sqrt" && algebra[$0].operands[0] == algebra.apply("exp", [x])
    }
    return isUnderRoot ? [sum(x.scaled(by: .half))] : []
  }

  private func function(_ name: String, _ x: Polynomial) -> [String] {
    let long = name == "exp" ? "exponential" : name == "log" ? "logarithm" : name
    if x.isZero, name != "log" { return ["\(long)-zero"] }
    if x == .one, name == "log" { return ["logarithm-one"] }
    if name == "exp" { return exponential(x) }
    if isNegative(x), name != "log" {
      return ["\(name)-\(["cos", "cosh"].contains(name) ? "even" : "odd") x = \(text(-x))"]
    }
    let undone = inner(
      x, ["arc\(name)": "\(name)-arc\(name)", name == "cos" ? "arctan" : "": "cos-arctan"])
    if !undone.isEmpty { return undone }
    let hyperbolic = ["tanh", "sinh", "cosh"]
    if hyperbolic.contains(name) {
      return occurs(["exp"] + hyperbolic.filter { $0 != name })
        ? ["\(name)-exponential x = \(text(x))"] : []
    }
    if name == "tan" { return occurs(["sin", "cos"]) ? ["tan-parts x = \(text(x))"] : [] }
    if name == "cbrt" {
      if let number = x.number { return cubeRoot(of: number) }
      return leadingWeight("cbrt-product", x) + products("cbrt-product", x)
        + ["cbrt-cube x = \(text(x))"]
    }
    if name == "log" {
      if let number = x.number?.word, number > 1 {
        let (prime, _, _) = Self.leastPrime(number)
        return prime == number
          ? [] : ["logarithm-product x = \(prime); y = \(number / prime)"]
      }
      return leadingWeight("logarithm-product", x) + products("logarithm-product", x)
        + inner(
          x, ["inv": "logarithm-inverse", "sqrt": "logarithm-root", "exp": "logarithm-exponential"])
    }
    return []
  }

  // MARK: Parts of products

  /// The factors of a polynomial with their powers, and what is left.
  private func factors(_ x: Polynomial) -> [Polynomial] {
    let (common, rest) = x.content
    var result = common.powers.map { Polynomial(Monomial(powers: [$0])) }
    if rest != .one { result.append(rest) }
    return result
  }

  /// An axiom of products, for each factor and the others.
  private func products(_ axiom: String, _ x: Polynomial) -> [String] {
    let all = factors(x)
    if x.terms.count > 1, all.count == 1, let root = squareRoot(x) {
      return ["\(axiom) x = \(text(root)); y = \(text(root))"]
    }
    if all.count == 1, let power = x.single?.monomial.powers.first, power.exponent > 1 {
      let one = Polynomial(power.atom)
      return ["\(axiom) x = \(text(one)); y = \(text(one.power(power.exponent - 1)))"]
    }
    guard all.count > 1 else { return [] }
    return all.indices.map { i in
      let others = all.indices.filter { $0 != i }.reduce(Polynomial.one) { $0 * all[$1] }
      return "\(axiom) x = \(text(all[i])); y = \(text(others))"
    }
  }

  /// positive(x · y) for each factor y.
  private func scaled(_ x: Polynomial) -> [String] {
    let all = factors(x)
    guard all.count > 1 else { return [] }
    return all.indices.map { i in
      let others = all.indices.filter { $0 != i }.reduce(Polynomial.one) { $0 * all[$1] }
      return "positive-product x = \(text(others)); y = \(text(all[i]))"
    }
  }

  /// The root of a square of a sum.
  private func squareRoot(_ x: Polynomial) -> Polynomial? {
    plainSquareRoot(x) ?? plainSquareRoot(withRoots(x)) ?? rootWithRoots(x, depth: 0)
  }

  /// p + q √S of its square: with A + B √S for that, A² − B² S is (p² − q² S)², and p² half of A and its root.
  private func rootWithRoots(_ x: Polynomial, depth: Int) -> Polynomial? {
    guard (2...12).contains(x.terms.count), depth < 2 else { return nil }
    func root(_ x: Polynomial) -> Polynomial? {
      if let number = x.number {
        return algebra.apply("sqrt", [Polynomial(number)]).number.map { Polynomial($0) }
      }
      return plainSquareRoot(x) ?? plainSquareRoot(withRoots(x))
        ?? rootWithRoots(x, depth: depth + 1)
    }
    for id in algebra.ordered(x.atoms).reversed() where algebra[id].operation == "sqrt" {
      let inside = algebra[id].operands[0]
      var (a, b) = (Polynomial(), Polynomial())
      for (monomial, weight) in x.terms {
        let exponent = monomial.exponent(id)
        var rest = monomial
        rest.powers.removeAll { $0.atom == id }
        let part = Polynomial(rest, weight) * inside.power(exponent / 2)
        if exponent % 2 == 0 { a = a + part } else { b = b + part }
      }
      let rest = a * a - b * b * inside
      guard !b.isZero, !rest.isZero, let apart = root(rest) else { continue }
      for own in [a + apart, a - apart] {
        guard let p = root(own.scaled(by: .half)), !p.isZero,
          let q = algebra.quotient(b, p.scaled(by: Rational(2))), p * p + q * q * inside == a
        else { continue }
        return p + q * Polynomial(id)
      }
    }
    return nil
  }

  /// With the square of its root in place of what has one here.
  private func withRoots(_ x: Polynomial) -> Polynomial {
    let roots = x.atoms.filter { algebra[$0].operation == "sqrt" }
    var powers: [AtomID: AtomID] = [:]
    for root in roots { if let inside = algebra[root].operands[0].atom { powers[inside] = root } }
    if powers.isEmpty { return x }
    return x.terms.reduce(into: Polynomial()) { sum, term in
      sum.add(
        term.key.powers.reduce(Polynomial(term.value)) { product, power in
          let root = powers[power.atom].map { Polynomial($0).power(2 * power.exponent) }
          return product * (root ?? Polynomial(power.atom).power(power.exponent))
        })
    }
  }

  private func plainSquareRoot(_ x: Polynomial) -> Polynomial? {
    guard x.terms.count > 1 else { return rootOfProduct(x) }
    guard let first = algebra.leading(x),
      let root = rootOfProduct(Polynomial(first, x.terms[first]!)), let (top, weight) = root.single
    else { return nil }
    var result = root
    for _ in 0..<12 {
      let rest = x - result * result
      guard let lead = algebra.leading(rest) else { return result }
      guard let factor = lead.without(top) else { return nil }
      result = result + Polynomial(factor, rest.terms[lead]! / (weight * Rational(2)))
    }
    return nil
  }

  private func rootOfProduct(_ x: Polynomial) -> Polynomial? {
    guard let (monomial, weight) = x.single,
      monomial.powers.allSatisfy({ $0.exponent % 2 == 0 }), !monomial.powers.isEmpty,
      let size = algebra.apply("sqrt", [Polynomial(weight)]).number
    else { return nil }
    return Polynomial(
      Monomial(powers: monomial.powers.map { Power(atom: $0.atom, exponent: $0.exponent / 2) }),
      size)
  }

  /// What is the square of a sum is not negative.
  func squares(_ x: Polynomial) -> [String] {
    let rest = x.content.rest
    guard rest.terms.count > 1, let root = squareRoot(rest) else { return [] }
    return ["product x = \(text(root)); y = \(text(root))"]
  }

  /// What is known of sums with quotients, times their divisors.
  func products(_ facts: [Polynomial]) -> [String] {
    facts.flatMap { fact in
      algebra.divisors(fact.content.rest).map { "product x = \(text($0)); y = \(text(fact))" }
    }
  }

  /// What is known of a product says something of its factor p; what is known of a factor, of the product p.
  func factors(_ p: Polynomial, by known: Polynomial) -> [String] {
    if let rest = algebra.quotient(known, p), rest.number == nil {
      return ["quotient x = \(text(p)); y = \(text(rest))"]
    }
    guard let rest = algebra.quotient(p, known), rest.number == nil else { return [] }
    return ["product x = \(text(known)); y = \(text(rest))"]
  }

  /// A sum with quotients is to be looked at times their divisors.
  func quotients(_ p: Polynomial) -> [String] {
    multiples(p).map { "quotient x = \(text(p.content.rest)); y = \(text($0))" }
  }

  /// By what a sum may be multiplied.
  func multiples(_ p: Polynomial) -> [Polynomial] {
    let all = algebra.divisors(p.content.rest)
    return all.count > 1 ? all + [all.reduce(.one) { $0 * $1 }] : all
  }

  private func squares(_ axiom: String, _ x: Polynomial) -> [String] {
    squareRoot(x).map { ["\(axiom) x = \(text($0))"] } ?? []
  }

  private func inner(_ x: Polynomial, _ axioms: [String: String]) -> [String] {
    guard let id = x.atom, !algebra[id].isSymbol, let axiom = axioms[algebra[id].name] else {
      return []
    }
    return ["\(axiom) x = \(text(algebra[id].operands[0]))"]
  }

  // MARK: Operations

  private func inverse(_ x: Polynomial) -> [String] {
    var result = ["inverse x = \(text(x))"]
    // A sum with quotients in it becomes one without.
    if x.terms.count > 1 {
      for id in algebra.ordered(x.atoms) where algebra[id].operation == "inv" {
        let d = algebra[id].operands[0]
        result.append("inverse-scaled x = \(text(d)); y = \(text(x))")
      }
    }
    return result
  }

  private func root(_ x: Polynomial) -> [String] {
    if let number = x.number?.word, number > 1 {
      // A square leaves.
      if let k = (2...1_000).last(where: { number.isMultiple(of: $0 * $0) }) {
        return ["root-product x = \(k * k); y = \(number / (k * k))"]
      }
      // Between which whole numbers it lies.
      let own = text(algebra.apply("sqrt", [x]))
      let least = Int(Double(number).squareRoot())
      return [
        "root-square x = \(number)", "quotient x = \(own) - \(least); y = \(own) + \(least)",
        "quotient x = \(least + 1) - \(own); y = \(own) + \(least + 1)",
      ]
    }
    // The divisor leaves the root of a fraction.
    if let number = x.number, !number.isInteger {
      return number.numerator == .one
        ? ["root-inverse x = \(text(Polynomial(number.reciprocal)))"]
        : [
          "root-product x = \(text(Polynomial(Rational(number.numerator, .one)))); "
            + "y = \(text(Polynomial(Rational(.one, number.denominator))))"
        ]
    }
    return squares(x) + squares("square-root", x) + scaledRoot(x) + products("root-product", x)
      + inner(x, ["inv": "root-inverse"])
      + powerRoot(x) + ["root-square x = \(text(x))"]
  }

  /// The root of a number leaves; of two negative factors the root is that of their negatives.
  private func scaledRoot(_ x: Polynomial) -> [String] {
    var result = leadingWeight("root-product", x)
    let all = factors(x)
    if all.count > 1 {
      for i in all.indices {
        let others = all.indices.filter { $0 != i }.reduce(Polynomial.one) { $0 * all[$1] }
        result.append("root-product x = \(text(-all[i])); y = \(text(-others))")
      }
    }
    if x.terms.count > 1, x.content.common == .one {
      for divisor in algebra.divisors(x).flatMap({ turnsDivisors ? [$0, -$0] : [$0] }) {
        result.append("root-scaled x = \(text(divisor)); y = \(text(x))")
      }
    }
    if let inverse = (-x).atom, algebra[inverse].name == "inv", !algebra[inverse].isSymbol {
      result.append("root-inverse x = \(text(-algebra[inverse].operands[0]))")
    }
    return result
  }

  /// An axiom of products, for the number before the first term and the others.
  private func leadingWeight(_ axiom: String, _ x: Polynomial) -> [String] {
    guard let weight = algebra.leading(x).flatMap({ x.terms[$0] })?.magnitude, !weight.isOne else {
      return []
    }
    return [
      "\(axiom) x = \(text(Polynomial(weight))); y = \(text(x.scaled(by: weight.reciprocal)))"
    ]
  }

  /// A cube leaves, primes are apart, and what is divided by is a cube.
  private func cubeRoot(of x: Rational) -> [String] {
    func product(_ x: Rational, _ y: Rational) -> [String] {
      ["cbrt-product x = \(text(Polynomial(x))); y = \(text(Polynomial(y)))"]
    }
    func root(_ n: BigInteger) -> BigInteger? {
      let near = BigInteger(Int(cbrt(n.approximation).rounded()))
      return near * near * near == n ? near : nil
    }
    let most = BigInteger(1 << 50)
    guard x.isPositive, x.numerator < most, x.denominator < most else { return [] }
    if let p = root(x.numerator), let q = root(x.denominator) {
      return ["cube-cbrt x = \(text(Polynomial(Rational(p, q))))"]
    }
    guard x.isInteger, let (prime, count, rest) = x.word.map(Self.leastPrime) else {
      let divisor = Rational(x.denominator, .one).power(3)
      return product(divisor.reciprocal, x * divisor)
    }
    if count > 2 { return product(Rational(prime).power(3), x / Rational(prime).power(3)) }
    if count * rest > 1 { return product(Rational(prime), x / Rational(prime)) }
    return ["cbrt-cube x = \(prime)"] + (hasPowers ? ["cbrt-power x = \(prime)"] : [])
  }

  private func occurs(_ names: [String]) -> Bool {
    all.contains { !algebra[$0].isSymbol && names.contains(algebra[$0].name) }
  }

  /// Whether a number to a power that is not whole occurs.
  private var hasPowers: Bool {
    all.contains { algebra[$0].operation == "pow" && algebra[$0].operands[0].number != nil }
  }

  /// The least prime of a whole number above 1, how often it divides it, and what is left.
  private static func leastPrime(_ n: Int) -> (prime: Int, count: Int, rest: Int) {
    let prime = (2...1_000).first { n % $0 == 0 } ?? n
    var (count, rest) = (0, n)
    while rest % prime == 0 { (count, rest) = (count + 1, rest / prime) }
    return (prime, count, rest)
  }

  /// A power of a number as one of a prime by the least part of its exponent.
  private func power(of x: Rational, _ y: Rational) -> [String] {
    guard x.isPositive, !x.isOne, !y.isInteger else { return [] }
    let exponent = text(Polynomial(y))
    guard x.isInteger else {
      let divisor = Rational(x.denominator, .one)
      return x.numerator == .one
        ? ["power-inverse x = \(text(Polynomial(divisor))); y = \(exponent)"]
        : [
          "power-product x = \(text(Polynomial(x * divisor))); "
            + "y = \(text(Polynomial(divisor.reciprocal))); z = \(exponent)"
        ]
    }
    guard let (prime, count, rest) = x.word.map(Self.leastPrime) else { return [] }
    if rest > 1 {
      let own = text(Polynomial(Rational(prime).power(count)))
      return ["power-product x = \(own); y = \(rest); z = \(exponent)"]
    }
    if count > 1 { return ["power-power x = \(prime); y = \(count); z = \(exponent)"] }
    if y.isNegative { return ["power-negative x = \(prime); y = \(text(Polynomial(-y)))"] }
    guard let parts = y.denominator.word, parts <= 12 else { return [] }
    let least = Rational(1, parts)
    let others = y == least ? (1..<parts).map { least * Rational($0) } : [y - least]
    return others.map {
      "power-sum x = \(prime); y = \(text(Polynomial(least))); z = \(text(Polynomial($0)))"
    }
  }

  /// For a product of sums: the operand of another such atom divides this one's.
  private func shared(_ name: String, _ axiom: String, _ x: Polynomial) -> [String] {
    guard x.terms.count > 1 else { return [] }
    var result: [String] = []
    for other in all where algebra[other].name == name && !algebra[other].isSymbol {
      let q = algebra[other].operands[0]
      guard q.terms.count > 1, q.terms.count < x.terms.count, let p = algebra.quotient(x, q),
        p.number == nil
      else { continue }
      result.append(
        axiom == "positive-product"
          ? "\(axiom) x = \(text(q)); y = \(text(p))" : "\(axiom) x = \(text(p)); y = \(text(q))")
    }
    return result
  }

  private func powerRoot(_ x: Polynomial) -> [String] {
    guard let id = x.atom, algebra[id].name == "pow", !algebra[id].isSymbol else { return [] }
    let operands = algebra[id].operands
    return ["root-power x = \(text(operands[0])); y = \(text(operands[1]))"]
  }

  private func power(_ id: AtomID, _ x: Polynomial, _ y: Polynomial) -> [String] {
    if x.isZero { return ["power-zero x = \(text(y))"] }
    if let base = x.number, let exponent = y.number { return power(of: base, exponent) }
    var result: [String] = []
    let own = "x = \(text(x))"
    if let exponent = y.number, exponent > .one {
      result.append("power-next \(own); y = \(text(y - .one)) at \(text(Polynomial(id)))")
    }
    if y.terms.count > 1, let first = algebra.leading(y) {
      let part = Polynomial(first, y.terms[first]!)
      result.append("power-sum \(own); y = \(text(part)); z = \(text(y - part))")
    } else if isNegative(y) {
      result.append("power-negative \(own); y = \(text(-y))")
    } else if let half = y.single.flatMap({ $0.weight.word }), half % 2 == 0 {
      result.append("power-square \(own); y = \(text(y.scaled(by: .half)))")
    }
    // To the lowest exponent that occurs.
    let isAboveOther = all.contains { other in
      guard other != id, algebra[other].name == "pow", !algebra[other].isSymbol,
        algebra[other].operands[0] == x,
        let apart = (y - algebra[other].operands[1]).number
      else { return false }
      return apart.isPositive && apart.isInteger
    }
    if isAboveOther {
      for axiom in ["power-next", "power-next-whole"] {
        result.append("\(axiom) x = \(text(x)); y = \(text(y - .one)) at \(text(Polynomial(id)))")
      }
    }
    let all = factors(x)
    if all.count > 1 {
      for i in all.indices {
        let others = all.indices.filter { $0 != i }.reduce(Polynomial.one) { $0 * all[$1] }
        result.append(
          "power-product x = \(text(all[i])); y = \(text(others)); z = \(text(y))")
      }
    }
    if let inside = x.atom, !algebra[inside].isSymbol {
      let own = algebra[inside]
      switch own.name {
      case "inv": result.append("power-inverse x = \(text(own.operands[0])); y = \(text(y))")
      case "sqrt": result.append("power-root x = \(text(own.operands[0])); y = \(text(y))")
      case "pow":
        result.append(
          "power-power x = \(text(own.operands[0])); y = \(text(own.operands[1])); z = \(text(y))")
      default: break
      }
    }
    return result
  }

  private func maximum(_ x: Polynomial, _ y: Polynomial) -> [String] {
    let (p, q) = (x.content.common, y.content.common)
    for power in p.powers where q.exponent(power.atom) > 0 {
      let one = Monomial(powers: [Power(atom: power.atom, exponent: 1)])
      func without(_ r: Polynomial) -> Polynomial {
        r.terms.reduce(into: Polynomial()) { $0.add($1.key.without(one)!, $1.value) }
      }
      return [
        "max-scaled x = \(text(without(x))); y = \(text(without(y))); z = \(text(Polynomial(one)))"
      ]
    }
    return []
  }

  private func tensor(_ id: AtomID) -> [String] {
    let own = text(Polynomial(id))
    switch algebra[id].name {
    case "transpose":
      return ["transpose-twice \(own)", "transpose-product \(own)", "linear \(own)"]
    case "matmul":
      return ["linear \(own)", "linear-right \(own)", "product-associates \(own)"]
    case "max_of", "min_of": return ["reduction-of-constant \(own)", "reduction-scaled \(own)"]
    case "repeat", "defined": return []
    case "sum":
      return [
        "linear \(own)", "sum-of-sums \(own)", "sum-transposed \(own)", "trace-of-product \(own)",
      ]
    default: return ["linear \(own)"]
    }
  }
}
