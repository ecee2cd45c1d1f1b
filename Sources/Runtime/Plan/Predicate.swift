import IR

/// The condition under which a value is needed: alternatives of scalar conditions that hold
/// together.
///
/// `select` on a scalar needs one arm only, so what stands below an arm is needed where the
/// condition (or its opposite) holds and the `select` itself is needed.
struct Predicate: Hashable {
  /// A condition (value id times two) or its opposite (plus one).
  typealias Literal = Int32

  /// Each sorted; a value is needed when all literals of one of them hold. Empty: never.
  private(set) var terms: [[Literal]]

  static let never = Predicate(terms: [])
  static let always = Predicate(terms: [[]])
  /// More alternatives than this are not worth telling apart.
  private static let limit = 8

  var isAlways: Bool { terms.count == 1 && terms[0].isEmpty }

  static func literal(_ condition: ValueID, _ holds: Bool) -> Literal {
    condition.raw * 2 + (holds ? 0 : 1)
  }

  static func condition(_ literal: Literal) -> ValueID { ValueID(raw: literal >> 1) }
  static func holds(_ literal: Literal) -> Bool { literal & 1 == 0 }

  /// All conditions that decide it.
  var conditions: [ValueID] { terms.flatMap { $0.map(Self.condition) } }

  /// Needed here, and the literal holds.
  func and(_ literal: Literal) -> Predicate {
    var result = Predicate.never
    for term in terms {
      if term.contains(literal ^ 1) { continue }
      var next = term
      if !next.contains(literal) {
        next.append(literal)
        next.sort()
      }
      result.insert(next)
    }
    return result
  }

  /// Needed here or there.
  mutating func form(or other: Predicate) {
    if isAlways || other.terms.isEmpty { return }
    if other.isAlways || terms.isEmpty {
      self = other
      return
    }
    for term in other.terms { insert(term) }
    if terms.count > Self.limit { self = .always }
  }

  /// Without the literals for which `drops` is true: needed at least as often.
  func dropping(_ drops: (Literal) -> Bool) -> Predicate {
    var result = Predicate.never
    for term in terms { result.insert(term.filter { !drops($0) }) }
    return result
  }

  private mutating func insert(_ new: [Literal]) {
    var term = new
    // c and x, or not c and x: x.
    while let k = terms.firstIndex(where: { Self.opposite($0, term) != nil }) {
      let literal = Self.opposite(terms[k], term)!
      terms.remove(at: k)
      term.removeAll { $0 >> 1 == literal >> 1 }
    }
    if terms.contains(where: { Set($0).isSubset(of: term) }) { return }
    terms.removeAll { Set(term).isSubset(of: $0) }
    terms.append(term)
  }

  /// The one literal in which two terms are opposites and otherwise equal.
  private static func opposite(_ a: [Literal], _ b: [Literal]) -> Literal? {
    guard a.count == b.count else { return nil }
    var found: Literal?
    for (x, y) in zip(a, b) where x != y {
      if x ^ 1 != y || found != nil { return nil }
      found = y
    }
    return found
  }

  private init(terms: [[Literal]]) { self.terms = terms }
}
