extension Algebra {
  /// 1 where a polynomial that is 0 or 1 is 0.
  func not(_ x: Polynomial) -> Polynomial { .one - x }

  /// The symbols that a polynomial is made of.
  func collectSymbols(_ p: Polynomial, _ found: inout Set<AtomID>) {
    for id in p.atoms where found.insert(id).inserted {
      for operand in self[id].operands { collectSymbols(operand, &found) }
    }
  }

  /// Whether a polynomial is made of what is another thing at each step: draws, the loss elsewhere.
  func readsTheStep(_ p: Polynomial) -> Bool {
    var found: Set<AtomID> = []
    collectSymbols(p, &found)
    return found.contains {
      self[$0].detail.hasPrefix("all tensors") || self[$0].operation == "bernoulli"
    }
  }

  func refuseInfinity(_ p: Polynomial) throws(Refusal) {
    if let infinity = symbols["inf"], p.atoms.contains(infinity) {
      throw Refusal("infinity has no certificates but as a bound")
    }
  }
}
