import IR

/// What the algebra does not see: where numbers are kept in fewer bits.
extension Comparer {
  /// The algebra is exact: where states are stored in fewer bits, two programs are equal only up to
  /// that.
  func aboutStorage(_ found: Comparison, _ i: Int, _ j: Int) -> Comparison {
    let stored = (a.module.variants[i].states + b.module.variants[j].states).filter {
      ![.compute, .float32, .float64].contains($0.storage)
    }
    let isByChance = [a.module.variants[i], b.module.variants[j]].contains(
      where: \.roundsStochastically)
    guard !stored.isEmpty || isByChance, !isSameProgram(i, j) else { return found }
    let change =
      stored.map { "\(Rule.shortKey($0.name)) stored exactly" }
      + (isByChance ? ["w stored exactly"] : [])
    var result = found
    switch found.verdict {
    case .equal: result.verdict = .equalUpTo(change)
    case .equalWhere(let conditions): result.verdict = .equalUpTo(conditions + change)
    case .equalUpTo(let changes):
      result.verdict = .equalUpTo(changes + change.filter { !changes.contains($0) })
    case .different, .undecided: break
    }
    return result
  }

  func isSameProgram(_ i: Int, _ j: Int) -> Bool {
    let (x, y) = (a.module.variants[i], b.module.variants[j])
    return a.freeNames == b.freeNames && a.module.defaults == b.module.defaults
      && a.module.hypers.map(\.key) == b.module.hypers.map(\.key)
      && x.states.map(\.shape) == y.states.map(\.shape)
      && x.states.map(\.storage) == y.states.map(\.storage)
      && x.states.map(\.roundsStochastically) == y.states.map(\.roundsStochastically)
      && x.roundsStochastically == y.roundsStochastically
      && x.inputs.map(\.name) == y.inputs.map(\.name)
      && x.update == y.update && x.initial == y.initial
  }
}
