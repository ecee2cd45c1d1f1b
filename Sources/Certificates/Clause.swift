/// Where an operation is defined: what must hold of a term wherever the guards are all 1.
package struct Clause: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case nonzero, nonnegative, positive
    /// The term is 1 where the operation is defined: nothing more is known of it.
    case opaque
    /// Of axioms alone.
    case whole
  }
  package var guards: [Polynomial] = []
  package var kind: Kind
  package var term: Polynomial

  package init(_ kind: Kind, _ term: Polynomial) {
    self.kind = kind
    self.term = term
  }

  /// The same in simpler clauses, without those that hold for all numbers of the domains.
  func parts(_ algebra: Algebra) throws(Refusal) -> [Clause] {
    if try Context(algebra).holds(kind, term) { return [] }
    guard kind == .nonzero else { return [self] }
    let (common, rest) = term.content
    var result: [Clause] = []
    for power in common.powers {
      var part = self
      part.term = Polynomial(power.atom)
      let atom = algebra[power.atom]
      if ["inv", "abs", "sqrt"].contains(atom.operation) { part.term = atom.operands[0] }
      if atom.operation == "sqrt" { part.kind = .positive }
      result += part.term == term ? [part] : try part.parts(algebra)
    }
    if rest.number == nil {
      var part = self
      part.term = rest
      result += common == .one ? [part] : try part.parts(algebra)
    } else if term.isZero {
      result.append(self)
    }
    return result
  }
}
