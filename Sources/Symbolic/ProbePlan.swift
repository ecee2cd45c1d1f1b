import Basics
import IR

/// What a comparison probes.
extension Comparer {
  /// Whether runs differ; `onlyAtZeros` if only where gradients are 0.
  mutating func differs(
    _ setting: Setting, _ i: Int, _ j: Int
  ) -> (witness: Witness, onlyAtZeros: Bool)? {
    for number in 0..<probes {
      let hasZeros = number == probes - 1
      if number > 0, isHeavy || ContinuousClock.now > start + .seconds(3) { break }
      guard let request = request(setting, i, j, number, hasZeros) else { continue }
      probesRun += 1
      let begin = ThreadTime.seconds
      let outcome = probe.run(a, b, request)
      if ThreadTime.seconds > begin + 0.15 { isHeavy = true }
      switch outcome {
      case .agree: continue
      case .differ(let witness): return (witness, hasZeros)
      case .failed(let reason):
        probesRun -= 1
        failure = reason
        return nil
      }
    }
    return nil
  }

  func request(
    _ setting: Setting, _ i: Int, _ j: Int, _ number: Int, _ hasZeros: Bool, steps: Int = 7
  ) -> ProbeRequest? {
    let table = setting.table
    var random = SplitMix64(UInt64(number) &* 7919 &+ 12345)
    var evaluator = Evaluator(table)
    var hypers: [(name: String, value: Double)] = []
    for symbol in setting.symbols {
      let x = Self.sample(
        table.symbol(of: symbol.term)!.domain, near: symbol.typical, first: number == 0, &random)
      evaluator.set(symbol.term, x)
      hypers.append((symbol.name, x))
    }
    let horizon = steps + 3
    var values: [[[Double]]] = [[], []]
    for t in 1...steps {
      var here = evaluator
      here.set(SymbolicRule.step(table, from: 1), Double(t))
      here.set(
        table.symbol(Symbol("T", .horizon, domain: Interval(.one, nil), isInteger: true)),
        Double(horizon))
      for r in 0..<2 {
        var row: [Double] = []
        for (k, term) in setting.hypers[r].enumerated() {
          guard let x = here.number(term) else { return nil }
          let isPlain = (r == 0 ? a : b).plainDefault(k)
          row.append(table.value(term) != nil ? isPlain ?? x : x)
        }
        values[r].append(row)
      }
    }
    return ProbeRequest(
      hypers: hypers, values: values, variants: [i, j], seed: UInt64(number + 1), steps: steps,
      horizon: horizon, hasZeros: hasZeros)
  }

  /// A number of a domain, of the order of a typical one.
  static func sample(
    _ domain: Interval, near typical: Double?, first: Bool, _ random: inout SplitMix64
  ) -> Double {
    let low = domain.low?.approximation ?? -.infinity
    let high = domain.high?.approximation ?? .infinity
    if low.isFinite, high.isFinite {
      return low + (high - low) * (0.05 + 0.9 * random.unit())
    }
    let size = typical.map { $0 == 0 ? 0.1 : abs($0) } ?? 0.3
    // Tiny constants (ε) must be large enough to be seen.
    let scale = max(size, 0.02) * (0.5 + random.unit())
    if low.isFinite { return low + scale }
    if high.isFinite { return high - scale }
    return (typical ?? 0) < 0 ? -scale : scale
  }
}
