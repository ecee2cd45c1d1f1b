/// What polynomials are made of.
extension Algebra {
  /// The symbols that a polynomial is made of.
  func collectSymbols(_ p: Polynomial, _ found: inout Set<AtomID>) {
    for id in p.atoms where found.insert(id).inserted {
      for operand in self[id].operands { collectSymbols(operand, &found) }
    }
  }

  /// Whether a polynomial is made of what is another thing at each step: draws, the loss elsewhere.
  func readsTheStep(_ p: Polynomial) -> Bool {
    p.atoms.contains { id in
      let atom = self[id]
      return atom.detail.hasPrefix("all tensors") || atom.name == "bernoulli"
        || atom.operands.contains { readsTheStep($0) }
    }
  }
}

extension Polynomial {
  /// Whether it has so few terms, and no exponents or numbers that grow without bound.
  func isSmall(_ count: Int) -> Bool {
    terms.count <= count
      && terms.allSatisfy { monomial, weight in
        monomial.powers.allSatisfy { $0.exponent <= 4_096 }
          && weight.numerator.bits + weight.denominator.bits <= 20_000
      }
  }
}
