import IR

extension Prover {
  /// Two terms with functions that are made of others written by those, where both kinds stand in them: tanh
  /// beside e^x, tan beside sin.
  func inOneWord(_ a: TermID, _ b: TermID) -> (TermID, TermID) {
    let table = table
    let (found, hasPowersOfE) = functions(in: [a, b])
    let hyperbolic = found.intersection([.tanh, .sinh, .cosh])
    let opensHyperbolic = hyperbolic.count > 1 || hyperbolic.count == 1 && hasPowersOfE
    let opensTangent = found.contains(.tangent) && found.intersection([.sine, .cosine]).count > 0
    guard opensHyperbolic || opensTangent else { return (a, b) }
    func replacement(_ id: TermID) -> TermID? {
      let term = table[id]
      guard term.kind == .apply, found.contains(term.operation) else { return nil }
      if opensHyperbolic, hyperbolic.contains(term.operation) {
        table.note(.hyperbolic)
        let x = table.substitute(term.operands[0], replacement)
        let (up, down) = (table.exponential(x), table.exponential(table.negate(x)))
        let (sinh, cosh) = (table.subtract(up, down), table.add(up, down))
        if term.operation == .tanh { return table.divide(sinh, cosh) }
        return table.scale(term.operation == .sinh ? sinh : cosh, by: .half)
      }
      guard opensTangent, term.operation == .tangent else { return nil }
      table.note(.tangent)
      let x = table.substitute(term.operands[0], replacement)
      return table.divide(table.function(.sine, [x]), table.function(.cosine, [x]))
    }
    return (table.substitute(a, replacement), table.substitute(b, replacement))
  }

  /// The functions that two terms have, and whether one has a power of e.
  private func functions(in roots: [TermID]) -> (operations: Set<Operation>, hasPowersOfE: Bool) {
    var operations: Set<Operation> = []
    var hasPowersOfE = false
    var seen: Set<TermID> = []
    var pending = roots
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let term = table[next]
      if next == table.euler { hasPowersOfE = true }
      if term.kind == .apply { operations.insert(term.operation) }
      pending += term.operands
    }
    return (operations, hasPowersOfE)
  }
}
