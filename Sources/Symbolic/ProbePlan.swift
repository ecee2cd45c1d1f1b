import Basics
import IR

/// One look at two rules: which numbers they are given, for how long.
struct ProbePlan {
  var seed: UInt64 = 1
  var steps = 4
  var rank: Int?
  /// A tensor of these lengths.
  var dims: [Int]?
  var tensors = 1
  var weights = ProbePattern.random
  var gradients = ProbePattern.random
  var weightSize = 1.0
  var gradientSize = 1.0
  /// So many steps have one gradient.
  var stretch = 1
  /// A number for one of the symbols, by its place.
  var special: (symbol: Int, value: Double)?
  /// Another default of what both rules have, by its key.
  var other: (key: String, value: Double)?

  /// Looks that cost little, those that mostly tell rules apart first.
  static func cheap(
    _ specials: [(symbol: Int, value: Double)], meetsOthers: Bool, readsLengths: Bool,
    decomposes: Bool
  ) -> [ProbePlan] {
    var all = [
      ProbePlan(seed: 1, steps: 6),
      // A rectified average, a warm-up, a period is told apart after some steps.
      ProbePlan(seed: 16, steps: 24, rank: 1),
      ProbePlan(seed: 2, gradientSize: 32),
      ProbePlan(seed: 3, weights: .ties, gradients: .ties),
      ProbePlan(seed: 4, weights: .oneZero, gradients: .oneZero, gradientSize: 0x1p-6),
      ProbePlan(seed: 5, steps: 2, gradients: .zero),
      ProbePlan(seed: 6, steps: 2, weights: .zero),
      ProbePlan(seed: 13, steps: 3, gradients: .thresholds),
      ProbePlan(seed: 14, steps: 3, weights: .thresholds, gradients: .thresholds),
      ProbePlan(seed: 7, steps: 3, rank: 0),
      ProbePlan(seed: 8, steps: 3, rank: 1),
      ProbePlan(seed: 9, steps: 3, rank: 3),
      ProbePlan(seed: 10, steps: 2, weightSize: 0x1p40, gradientSize: 0x1p40),
      ProbePlan(seed: 11, steps: 2, weightSize: 0x1p-40, gradientSize: 0x1p-40),
    ]
    if meetsOthers { all.insert(ProbePlan(seed: 12, tensors: 2), at: 2) }
    if readsLengths { all.append(ProbePlan(seed: 15, steps: 2, dims: [75])) }
    // What a null space holds is rounding: as many columns as rows, on three axes.
    if decomposes { all.append(ProbePlan(seed: 17, steps: 3, dims: [2, 2, 1])) }
    return all
      + specials.enumerated().map { k, special in
        ProbePlan(seed: UInt64(20 + k), steps: 3, special: special)
      }
  }

  /// Looks for what shows late, rarely, or far from 1. `lengths` are numbers that those of a tensor may be
  /// compared with; nil where lengths do not matter.
  static func deep(
    _ specials: [(symbol: Int, value: Double)], meetsOthers: Bool, lengths: [Int]?
  ) -> [ProbePlan] {
    var all = lengths == nil ? [] : [ProbePlan(seed: 170, steps: 2, dims: [1200])]
    if lengths != nil { all.append(ProbePlan(seed: 171, steps: 2, dims: [7])) }
    for k in 0..<8 {
      let pattern: ProbePattern = [.random, .ties, .equal, .thresholds][k % 4]
      all.append(
        ProbePlan(
          seed: UInt64(100 + k), steps: 10, rank: [nil, 2, 1, 3][k / 2], weights: pattern,
          gradients: pattern, gradientSize: [1, 0x1p-3, 4, 0x1p10, 1, 0x1p-10, 16, 0.5][k]))
    }
    for k in 0..<4 {
      let size = [0x1p100, 0x1p-100, 0x1p300, 0x1p-300][k]
      all.append(
        ProbePlan(
          seed: UInt64(120 + k), steps: 3, weightSize: k < 2 ? 1 : size, gradientSize: size))
      all.append(ProbePlan(seed: UInt64(130 + k), steps: 3, weightSize: size))
    }
    if meetsOthers {
      for k in 0..<3 {
        all.append(
          ProbePlan(
            seed: UInt64(140 + k), steps: 6, rank: k, tensors: 2, gradientSize: [1, 32, 0x1p-6][k]))
      }
    }
    all += [
      ProbePlan(seed: 160, steps: 3, weights: .fine, gradients: .fine),
      ProbePlan(seed: 161, steps: 3, weights: .fine, gradients: .fine, gradientSize: 0x1p-3),
      ProbePlan(seed: 162, steps: 4, gradients: .oneThreshold),
      ProbePlan(seed: 163, steps: 4, rank: 1, weights: .oneThreshold, gradients: .oneThreshold),
      ProbePlan(seed: 164, steps: 3, rank: 0, weights: .thresholds, gradients: .thresholds),
      ProbePlan(seed: 165, steps: 2, rank: 0, gradients: .zero),
      ProbePlan(seed: 166, steps: 2, rank: 0, weights: .zero),
    ]
    all += specials.enumerated().map { k, special in
      ProbePlan(
        seed: UInt64(200 + k), steps: 5, gradients: k % 2 == 0 ? .ties : .random, special: special)
    }
    all.append(ProbePlan(seed: 150, steps: 200, rank: 1, stretch: 40))
    all.append(
      ProbePlan(
        seed: 152, steps: 200, rank: 1, weightSize: 0x1p-10, gradientSize: 0x1p-12, stretch: 200))
    all.append(ProbePlan(seed: 151, steps: 200))
    let few = lengths?.prefix(4) ?? []
    let shapes =
      few.flatMap { [[$0], [$0 + 1]] } + few.flatMap { n in few.map { [n, $0] } }
    for (k, dims) in shapes.enumerated() where dims.reduce(1, *) <= (dims.count == 1 ? 5_000 : 500)
    {
      all.append(ProbePlan(seed: UInt64(172 + k), steps: 1, dims: dims))
    }
    return all
  }

  /// The ends of a domain; without one both signs, 0, 1, and what is huge or tiny.
  static func specials(_ domain: Interval) -> [Double] {
    let ends = [domain.low, domain.high].compactMap { $0?.approximation }
    let all = ends + [1, -1, 0, 0x1p-20, -0x1p-20, 0x1p20, -0x1p20, 2]
    var result: [Double] = []
    for x in all where !result.contains(x) && domain.holds(x) { result.append(x) }
    // What an open end leaves out is approached.
    for (k, end) in ends.enumerated() where !domain.holds(end) && end.isFinite {
      let near = end + (k == 0 && domain.low != nil ? 1 : -1) * 0x1p-10
      if domain.holds(near) { result.append(near) }
    }
    return result
  }
}

extension Interval {
  package func holds(_ x: Double) -> Bool {
    let (least, most) = (low?.approximation ?? -.infinity, high?.approximation ?? .infinity)
    return (x > least || x == least && !excludesLow) && (x < most || x == most && !excludesHigh)
  }
}

/// A look that found nothing: all of what it follows from.
struct SeenProbe: Hashable {
  var symbols: [String]
  var variants: [Int]
  var seed: UInt64
  var special: Double?
  var other: Double?
}

/// What a comparison probes.
extension Comparer {
  /// What the first look finds.
  mutating func firstDifference(_ setting: Setting, _ i: Int, _ j: Int) -> Witness? {
    search(setting, i, j, cheap([])[..<1], budget: 2_000_000, enough: 0)
  }

  /// Whether runs differ; `onlyAtZeros` if only where one of the rules has no result.
  mutating func differs(
    _ setting: Setting, _ i: Int, _ j: Int
  ) -> (witness: Witness, onlyAtZeros: Bool)? {
    let plans = cheap(specials(setting))
    guard let found = search(setting, i, j, plans.prefix(probes), budget: 2_000_000, enough: 0)
    else { return nil }
    return (found, found.isOfDefinition)
  }

  /// A run in which the rules part where a shared hyperparameter that no symbol stands for has another value:
  /// a count or a length, or what is infinite.
  mutating func differsElsewhere(_ i: Int, _ j: Int, _ setting: Setting) -> Witness? {
    let before = failure
    defer { failure = before }
    for (k, hyper) in a.module.hypers.enumerated() {
      guard let x = a.plainDefault(k),
        let same = b.module.hypers.firstIndex(where: { $0.key == hyper.key }),
        b.plainDefault(same) == x,
        hyper.isStructural || b.module.hypers[same].isStructural || !x.isFinite
      else { continue }
      for value in x.isFinite ? [x + 1, x - 1, 1, 2] : [1, 0x1p-4]
      where value != x && value >= 0 && hyper.domain?.contains(value) ?? true {
        let plan = ProbePlan(seed: 300, steps: 3, other: (hyper.key, value))
        let found = search(setting, i, j, [plan], budget: 1_000_000, enough: 0)
        if let found, !found.isOfDefinition { return found }
      }
    }
    return nil
  }

  /// The largest difference that cheap looks find, or the first that others do.
  mutating func largestDifference(_ setting: Setting, _ i: Int, _ j: Int) -> Witness? {
    let specials = specials(setting)
    let cheap = self.cheap(specials)
    let found = search(setting, i, j, cheap.prefix(probes), budget: 2_000_000, enough: 0.1)
    // Where few looks are asked for, long ones are not.
    if found != nil || probes < cheap.count { return found }
    let deep = ProbePlan.deep(
      specials, meetsOthers: meetsOthers, lengths: readsLengths ? lengths : nil)
    return search(setting, i, j, deep[...], budget: 8_000_000, enough: 0)
  }

  /// The largest difference, and no further look once it is `enough`. A difference of values stands before
  /// one of where there are any.
  private mutating func search(
    _ setting: Setting, _ i: Int, _ j: Int, _ plans: ArraySlice<ProbePlan>, budget: Int,
    enough: Double
  ) -> Witness? {
    var best: Witness?
    var left = budget
    for (number, plan) in plans.enumerated() {
      if number > 0, isHeavy || left <= 0 || TermLimits.current.areReached { break }
      guard let request = request(setting, i, j, plan) else { continue }
      let (outcome, work, step) = probe.run(a, b, request)
      left -= work
      // Neither a long probe nor one of a long tensor says that rules are heavy.
      if plan.dims == nil, step > budget / 24 { isHeavy = true }
      switch outcome {
      case .agree:
        seen.insert(
          SeenProbe(
            symbols: setting.symbols.map(\.name), variants: [i, j], seed: plan.seed,
            special: plan.special?.value, other: plan.other?.value))
      case .differ(let witness):
        if witness.isPlainer(than: best) { best = witness }
        if let best, !best.isOfDefinition, best.size >= enough { return best }
      case .failed(let reason):
        // A shape or a number that a rule does not take says nothing of others.
        if number > 0 { continue }
        failure = reason
        return best
      }
    }
    return best
  }

  private func cheap(_ specials: [(symbol: Int, value: Double)]) -> [ProbePlan] {
    ProbePlan.cheap(
      specials, meetsOthers: meetsOthers, readsLengths: readsLengths,
      decomposes: reads(\.isDecomposition))
  }

  /// Whether tensors matter to one another.
  private var meetsOthers: Bool { reads(\.isBarrier) }

  /// Whether lengths of tensors matter.
  private var readsLengths: Bool { reads { $0 == .extent } }

  /// Whole constants of the rules, the smaller first.
  private var lengths: [Int] {
    let all = [a, b].flatMap { rule in
      rule.module.variants.flatMap { $0.update.constants }.compactMap { Int(exactly: $0) }
    }
    return Set(all).filter { (2...1 << 13).contains($0) }.sorted()
  }

  func reads(_ isOne: (Operation) -> Bool) -> Bool {
    [a, b].contains { rule in
      rule.module.variants.contains { variant in
        variant.update.instructions.contains { isOne($0.operation) }
      }
    }
  }

  private func specials(_ setting: Setting) -> [(symbol: Int, value: Double)] {
    let all = setting.symbols.map {
      ProbePlan.specials(setting.table.symbol(of: $0.term)!.domain)
    }
    // The first of each symbol, then the second of each.
    return (0..<(all.map(\.count).max() ?? 0)).flatMap { k in
      all.indices.compactMap { k < all[$0].count ? ($0, all[$0][k]) : nil }
    }
  }

  private func request(
    _ setting: Setting, _ i: Int, _ j: Int, _ plan: ProbePlan
  ) -> ProbeRequest? {
    let table = setting.table
    var random = SplitMix64(plan.seed &* 7919 &+ 12345)
    let evaluator = Evaluator(table)
    var hypers: [(name: String, value: Double)] = []
    for (k, symbol) in setting.symbols.enumerated() {
      var x = Self.sample(
        table.symbol(of: symbol.term)!.domain, near: symbol.typical, &random)
      if let special = plan.special, special.symbol == k { x = special.value }
      hypers.append((symbol.name, x))
    }
    let exact = Set(setting.symbols.map(\.term))
    let horizon = plan.steps + 3
    var values: [[[Double]]] = [[], []]
    var errors = values
    for t in 1...plan.steps {
      var here = evaluator
      var numbers: [TermID: Double] = [:]
      for (symbol, hyper) in zip(setting.symbols, hypers) { numbers[symbol.term] = hyper.value }
      numbers[SymbolicRule.step(table, from: 1)] = Double(t)
      numbers[table.symbol(Symbol("T", .horizon, domain: Interval(.one, nil), isInteger: true))] =
        Double(horizon)
      for (symbol, x) in numbers { here.set(symbol, x) }
      for r in 0..<2 {
        var row: [Double] = []
        var around: [Double] = []
        for (k, term) in setting.hypers[r].enumerated() {
          guard var x = here.number(term), isInRange(x, term, numbers, table) else { return nil }
          let isNumber = table.value(term) != nil
          let rule = r == 0 ? a : b
          if isNumber { x = rule.plainDefault(k) ?? x }
          if let other = plan.other, rule.module.hypers[k].key == other.key { x = other.value }
          // What is given may leave the domain of what it is given to.
          if rule.module.hypers[k].domain?.contains(x) == false { return nil }
          row.append(x)
          let isShort = x.significandWidth <= 20 || !x.isFinite
          around.append(
            exact.contains(term) || isShort
              ? 0 : isNumber ? x.ulp : abs(x) * 0x1p-44 + 0x1p-56)
        }
        values[r].append(row)
        errors[r].append(around)
      }
    }
    if let other = plan.other { hypers.append((Greek.unicode(other.key), other.value)) }
    if readsHorizon { hypers.append(("T", Double(horizon))) }
    var result = ProbeRequest(
      hypers: hypers, values: values, errors: errors, variants: [i, j], seed: plan.seed,
      steps: plan.steps, horizon: horizon)
    (result.rank, result.dims) = (plan.rank, plan.dims)
    result.tensors = plan.tensors
    (result.weights, result.gradients) = (plan.weights, plan.gradients)
    (result.weightSize, result.gradientSize) = (plan.weightSize, plan.gradientSize)
    result.stretch = plan.stretch
    return result
  }

  /// Whether a double stands for the value of a term, and is not what is left of one that is too large or
  /// too small for it.
  private func isInRange(
    _ x: Double, _ term: TermID, _ values: [TermID: Double], _ table: TermTable
  ) -> Bool {
    if x.isNormal || term == table.zero { return true }
    let exact = table.substitute(term) { part in
      values[part].flatMap { Rational(literal: $0) }.map { table.number($0) }
    }
    if let number = table.value(exact) { return number.isZero && x == 0 }
    return !table.contains(exact) { $0 == table.euler || table[$0].operation == .power }
  }

  private var readsHorizon: Bool {
    [a, b].contains { rule in
      ([rule.arguments] + rule.module.variants.map(\.update)).contains { function in
        function.instructions.contains { $0.operation == .horizon }
      }
    }
  }

  /// A number of a domain, of the order of a typical one and of few binary digits.
  package static func sample(
    _ domain: Interval, near typical: Double?, _ random: inout SplitMix64
  ) -> Double {
    let low = domain.low?.approximation ?? -.infinity
    let high = domain.high?.approximation ?? .infinity
    func short(_ x: Double) -> Double {
      let unit = 0x1p-7 * x.binade
      let near = (x / unit).rounded() * unit
      return near > low && near < high ? near : x
    }
    if low.isFinite, high.isFinite {
      return short(low + (high - low) * (0.05 + 0.9 * random.unit()))
    }
    let size = typical.map { $0 == 0 ? 0.1 : abs($0) } ?? 0.3
    // Tiny constants (ε) must be large enough to be seen.
    let scale = max(size, 0.02) * (0.5 + random.unit())
    if low.isFinite { return short(low + scale) }
    if high.isFinite { return short(high - scale) }
    return short((typical ?? 0) < 0 ? -scale : scale)
  }
}
