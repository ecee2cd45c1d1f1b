import IR

/// What the algebra does not see: where numbers are kept in fewer bits.
extension Comparer {
  /// The algebra is exact: where states are stored in fewer bits, two programs are equal only up to
  /// that.
  func aboutStorage(_ found: Comparison, _ i: Int, _ j: Int) -> Comparison {
    // A parameter may be in more bits than a state that names its own.
    let stored = (a.module.variants[i].states + b.module.variants[j].states).filter {
      ![.compute, .float64].contains($0.storage)
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

  /// What is found with states of 16 bits rounded where they are stored: a verdict on the rules as they
  /// run, where one without rounding may be wrong, or says less.
  func stored(_ found: Comparison, _ i: Int, _ j: Int) -> Comparison {
    if found.isEqual { return found }
    let (x, y) = (a.roundingStates(), b.roundingStates())
    guard x != nil || y != nil else { return found }
    var rounded = Comparer(x ?? a, y ?? b, probe: probe)
    (rounded.probes, rounded.patience) = (probes, patience)
    rounded.aim = aim
    var result = rounded.aboutStorage(rounded.compare(i, j), i, j)
    result.witness?.roundsStates = true
    switch (found.verdict, result.verdict) {
    case (.different, _), (.undecided, .different), (_, .equal), (_, .equalWhere): return result
    default: return found
    }
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

extension Rule {
  /// The rule with states of 16 bits rounded by its equations, and stored as they are; nil where it has none,
  /// or rounds by chance.
  package func roundingStates() -> Rule? {
    var result = self
    var isChanged = false
    for v in module.variants.indices {
      for (k, state) in module.variants[v].states.enumerated() where !state.roundsStochastically {
        let operation: IR.Operation
        switch state.storage {
        case .bfloat16: operation = .bfloat16
        case .float16: operation = .float16
        default: continue
        }
        for part in [\RuleVariant.update, \RuleVariant.initial] {
          var editor = FunctionEditor(result.module.variants[v][keyPath: part])
          guard let value = editor.function.output(.state(k)) else { continue }
          guard let rounded = try? editor.insert(operation, [value]),
            (try? editor.replaceOutput(.state(k), by: rounded)) != nil
          else { return nil }
          result.module.variants[v][keyPath: part] = editor.function
        }
        result.module.variants[v].states[k].storage = .compute
        isChanged = true
      }
    }
    return isChanged ? result : nil
  }
}
