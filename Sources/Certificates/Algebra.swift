import Basics

/// Along which axes the elements of a value may differ; empty for a single number.
package struct Axes: OptionSet, Hashable, Sendable {
  package var rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let rows = Axes(rawValue: 1)
  package static let columns = Axes(rawValue: 2)
  /// Axes that are not those of the parameter tensor.
  package static let others = Axes(rawValue: 4)
  package static let every: Axes = [.rows, .columns, .others]
}

/// For what a fact holds: where it is said, or wherever it is read.
package enum Reach: Comparable, Sendable {
  /// For all elements of all tensors.
  case everywhere
  /// For all elements of this tensor.
  case tensor
  /// For this element alone.
  case element
}

/// What an atom is.
package struct Atom: Sendable {
  /// Of a symbol its name.
  package var name: String
  /// Between braces: what an operation on whole tensors is besides its name. Empty for symbols and
  /// for what is computed element by element.
  package var detail = ""
  package var operands: [Polynomial] = []
  package var isSymbol = false
  package var domain = Stretch.all
  package var isInteger = false
  package var axes: Axes = []
  /// Over what its value is one.
  package var reach = Reach.everywhere
  /// The loops, by depth, whose carried values it reads.
  package var carried: UInt64 = 0
  package var size = 1
  package var depth = 0
  /// The same in every process, and another for others: breaks ties of size.
  package var digest: UInt64 = 0
  /// The operation that it is; of symbols, which may have any name, none.
  package var operation: String { isSymbol ? "" : name }
}

/// All atoms of a proof; equal ones are one.
///
/// Operations are total: 1 / 0 is 0, the root of a negative number is 0, and so on. A rule is compared
/// where its step is defined, so it does not matter what they are elsewhere.
package final class Algebra {
  private struct Key: Hashable {
    var name: String
    var detail: String
    var operands: [Polynomial]
  }
  private var atoms: [Atom] = []
  private var index: [Key: AtomID] = [:]
  package private(set) var symbols: [String: AtomID] = [:]
  /// The steps of a proof whose rewrites were used.
  package var used: Set<Int> = []
  /// Products of terms that may still be formed.
  package var allowance = Int.max
  /// Operations on whole tensors that are known, with how many operands they have.
  private var operations: [String: Set<Int>] = ["sum{all;like;}": [1]]

  package init() {
    symbol("e", Stretch(Rational(271_828, 100_000), Rational(271_829, 100_000), open: true))
    symbol("pi", Stretch(Rational(314_159, 100_000), Rational(22, 7), open: true))
  }

  package subscript(_ id: AtomID) -> Atom { atoms[id.index] }

  /// Loops in loops: each has a bit of `carried`.
  static let deepest = 60

  /// What is 0 or 1.
  static let booleans: Set = ["positive", "zero", "topk_mask", "bernoulli", "any"]
  /// Whole numbers.
  static let integers: Set = ["positive", "zero", "sign", "floor", "ceil", "round", "argmax"]

  private func insert(_ atom: Atom, isBoolean: Bool = false) -> AtomID {
    atoms.append(atom)
    atoms[atoms.count - 1].digest = digest(atom)
    return AtomID(raw: Int32(atoms.count - 1) << 1 | (isBoolean ? 1 : 0))
  }

  private func digest(_ atom: Atom) -> UInt64 {
    func mix(_ x: UInt64, _ y: UInt64) -> UInt64 { (x ^ y) &* 0x100_0000_01B3 &+ (x >> 29) }
    func digest(_ text: String) -> UInt64 {
      text.utf8.reduce(0xCBF2_9CE4_8422_2325) { mix($0, UInt64($1)) }
    }
    // Terms are in no order.
    func digest(_ p: Polynomial) -> UInt64 {
      p.terms.reduce(1) { sum, term in
        sum
          &+ mix(
            term.key.powers.reduce(digest(term.value.description)) {
              $0 &+ mix(self[$1.atom].digest, UInt64($1.exponent))
            }, 11)
      }
    }
    return atom.operands.reduce(digest(atom.name + "{" + atom.detail)) { mix($0, digest($1)) }
  }

  @discardableResult package func symbol(
    _ name: String, _ domain: Stretch = .all, isInteger: Bool = false, axes: Axes = [],
    reach: Reach = .everywhere, carried: Int? = nil
  ) -> Polynomial {
    if let known = symbols[name] { return Polynomial(known) }
    let atom = Atom(
      name: name, isSymbol: true, domain: domain, isInteger: isInteger, axes: axes, reach: reach,
      carried: carried.map { 1 << UInt64($0) } ?? 0)
    symbols[name] = insert(atom)
    return Polynomial(symbols[name]!)
  }

  package func reach(_ p: Polynomial) -> Reach {
    p.atoms.map { self[$0].reach }.max() ?? .everywhere
  }
  package func axes(_ p: Polynomial) -> Axes {
    p.atoms.reduce(into: []) { $0.formUnion(self[$1].axes) }
  }
  package func carried(_ p: Polynomial) -> UInt64 { p.atoms.reduce(0) { $0 | self[$1].carried } }
  package func size(_ p: Polynomial) -> Int {
    p.terms.keys.reduce(0) { $0 + $1.powers.reduce(1) { $0 + self[$1.atom].size } }
  }

  func has(_ name: String, _ detail: String, of count: Int) -> Bool {
    operations["\(name){\(detail)}"]?.contains(count) ?? false
  }

  package func isInteger(_ p: Polynomial) -> Bool {
    p.terms.allSatisfy { monomial, weight in
      weight.isInteger && monomial.powers.allSatisfy { self[$0.atom].isInteger }
    }
  }

  /// How far a fact may reach into the operands of an atom.
  func reach(into atom: Atom) -> Reach {
    if atom.detail.isEmpty { return .element }
    return atom.name == "repeat" || atom.detail.hasPrefix("all tensors") ? .everywhere : .tensor
  }

  /// An operation on polynomials; numbers are computed.
  package func apply(_ name: String, _ detail: String, _ operands: [Polynomial]) -> Polynomial {
    if detail.isEmpty, let value = folded(name, operands) { return value }
    return intern(name, detail, operands)
  }

  private func intern(_ name: String, _ detail: String, _ operands: [Polynomial]) -> Polynomial {
    let key = Key(name: name, detail: detail, operands: operands)
    if let known = index[key] { return Polynomial(known) }
    var atom = Atom(name: name, detail: detail, operands: operands)
    atom.size = min(operands.reduce(2) { $0 + size($1) }, 1 << 40)
    atom.depth = operands.reduce(0) { $1.atoms.reduce($0) { max($0, self[$1].depth) } } + 1
    atom.isInteger = Self.integers.contains(name)
    atom.carried = operands.reduce(0) { $0 | carried($1) }
    if detail.isEmpty {
      atom.axes = operands.reduce(into: []) { $0.formUnion(axes($1)) }
      atom.reach = operands.map { reach($0) }.max() ?? .everywhere
    } else {
      operations["\(name){\(detail)}", default: []].insert(operands.count)
      let parts = detail.split(separator: ";", omittingEmptySubsequences: false)
      atom.axes = Axes(shape: parts.last ?? "")
      if name == "repeat", let depth = Int(parts[0]), let count = Int(parts[1]) {
        // The last operands are the body: what it carries is bound there.
        let outside = operands.dropLast(count).reduce(0) { $0 | carried($1) }
        let inside = operands.suffix(count).reduce(0) { $0 | carried($1) }
        atom.carried = outside | inside & ~(1 << UInt64(depth))
      }
      if name == "repeat" || name == "any" { atom.axes = .every }
      atom.reach =
        !atom.axes.isEmpty
        ? .element : detail.hasPrefix("all tensors") ? .everywhere : .tensor
    }
    index[key] = insert(atom, isBoolean: Self.booleans.contains(name))
    return Polynomial(index[key]!)
  }

  package func apply(_ name: String, _ operands: [Polynomial]) -> Polynomial {
    apply(name, "", operands)
  }

  func inverse(_ x: Polynomial) -> Polynomial { apply("inv", [x]) }

  private func folded(_ name: String, _ x: [Polynomial]) -> Polynomial? {
    switch name {
    case "pow": return power(x[0], x[1])
    case "inv" where x[0].number == nil: return inverted(x[0])
    case "positive", "zero", "sign", "abs": if let value = scaled(name, x[0]) { return value }
    case "max":
      if x[0] == x[1] { return x[0] }
      // Of the two orders the one that was asked for first.
      let turned = index[Key(name: name, detail: "", operands: [x[1], x[0]])]
      if let turned { return Polynomial(turned) }
    default: break
    }
    let numbers = x.compactMap(\.number)
    guard numbers.count == x.count, let a = numbers.first else { return nil }
    func truth(_ condition: Bool) -> Polynomial { condition ? .one : .zero }
    switch name {
    case "inv": return Polynomial(a.isZero ? .zero : a.reciprocal)
    case "sqrt": return a.isNegative ? .zero : Self.root(a).map { Polynomial($0) }
    case "abs": return Polynomial(a.magnitude)
    case "sign": return Polynomial(a.isZero ? 0 : a.isNegative ? -1 : 1)
    case "positive": return truth(a.isPositive)
    case "zero": return truth(a.isZero)
    case "max": return Polynomial(max(a, numbers[1]))
    case "floor": return Polynomial(Rational(a.floor, .one))
    case "mod":
      let y = numbers[1]
      return y.isZero ? .zero : Polynomial(a - y * Rational((a / y).floor, .one))
    case "ceil": return -Polynomial(Rational((-a).floor, .one))
    default: return nil
    }
  }

  /// 1 / x of a product by its factors: 1 / (1 / x) is x and of 0 and 1 each is its own inverse.
  private func inverted(_ x: Polynomial) -> Polynomial? {
    let (common, rest) = x.content
    let weight = leading(rest).flatMap { rest.terms[$0] } ?? .one
    if common == .one, weight.isOne { return nil }
    var result = Polynomial(weight.reciprocal)
    for power in common.powers {
      let atom = self[power.atom]
      // A sum to a large power would have too many terms.
      let isTwice =
        atom.operation == "inv" && Self.isModest(atom.operands[0], to: power.exponent)
      let own =
        power.atom.isBoolean
        ? Polynomial(power.atom)
        : isTwice ? atom.operands[0] : intern("inv", "", [Polynomial(power.atom)])
      result = result * own.power(power.exponent)
    }
    if rest.number == nil { result = result * apply("inv", [rest.scaled(by: weight.reciprocal)]) }
    return result
  }

  /// What depends on the sign or size alone, of a polynomial whose first weight is 1 or −1.
  private func scaled(_ name: String, _ x: Polynomial) -> Polynomial? {
    guard let first = leading(x), let weight = x.terms[first], x.number == nil else { return nil }
    let isTurned = weight.isNegative && name != "positive"
    guard !weight.magnitude.isOne || isTurned else { return nil }
    let factor = isTurned ? weight : weight.magnitude
    let inner = apply(name, [x.scaled(by: factor.reciprocal)])
    switch name {
    case "sign": return isTurned ? -inner : inner
    case "abs": return inner.scaled(by: factor.magnitude)
    default: return inner
    }
  }

  /// The exact root of a quotient of squares.
  private static func root(_ x: Rational) -> Rational? {
    guard let p = x.numerator.word, let q = x.denominator.word else { return nil }
    let near = [p, q].map { Int(Double($0).squareRoot().rounded()) }
    let root = Rational(near[0], near[1])
    return root * root == x ? root : nil
  }

  /// x^y for a known exponent, and 1^y.
  private func power(_ x: Polynomial, _ y: Polynomial) -> Polynomial? {
    if x == .one { return .one }
    guard let exponent = y.number else { return nil }
    if exponent == .half { return apply("sqrt", [x]) }
    guard let n = exponent.word, abs(n) <= 64 else { return nil }
    if n < 0 { return power(inverse(x), Polynomial(-n)) }
    return Self.isModest(x, to: n) ? x.power(n) : nil
  }

  /// Whether x^n is multiplied out by itself.
  private static func isModest(_ x: Polynomial, to n: Int) -> Bool {
    n == 1 || x.terms.count <= 1 || (n <= 8 && x.terms.count <= 6)
  }
}

extension Algebra {
  /// The order in which rewriting goes down: by the largest atom in which two monomials differ.
  package func isAbove(_ x: Monomial, _ y: Monomial) -> Bool {
    var all = Set(x.powers.map(\.atom)).union(y.powers.map(\.atom)).sorted {
      (self[$0].size, self[$0].digest) > (self[$1].size, self[$1].digest)
    }
    all.removeAll { x.exponent($0) == y.exponent($0) }
    guard let atom = all.first else { return false }
    return x.exponent(atom) > y.exponent(atom)
  }

  package func leading(_ p: Polynomial) -> Monomial? {
    p.terms.keys.max { isAbove($1, $0) }
  }
}

extension Algebra {
  /// A polynomial with a value in the place of each atom.
  func mapped(
    _ p: Polynomial, _ value: (AtomID) throws(Refusal) -> Polynomial
  ) throws(Refusal) -> Polynomial {
    var result = Polynomial()
    for (monomial, weight) in p.terms {
      var product = Polynomial(weight)
      for power in monomial.powers {
        product = try self.product(product, self.power(value(power.atom), power.exponent))
      }
      result.add(product)
    }
    return result
  }

  /// A polynomial with other values for some symbols.
  package func substitute(
    _ p: Polynomial, _ values: [AtomID: Polynomial]
  ) throws(Refusal) -> Polynomial {
    var known = values
    func value(_ id: AtomID) throws(Refusal) -> Polynomial {
      if let value = known[id] { return value }
      let atom = self[id]
      let operands = try atom.operands.map { (p) throws(Refusal) in try mapped(p, value) }
      known[id] =
        operands == atom.operands ? Polynomial(id) : apply(atom.name, atom.detail, operands)
      return known[id]!
    }
    return try mapped(p, value)
  }
}
