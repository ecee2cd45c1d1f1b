import Basics
import Diagnostics
import IR
import Runtime
import Symbolic

/// A sieve before comparisons: which rules are clearly apart after three steps.
///
/// A hyperparameter that two rules have at different defaults takes a number that its name and its domain
/// say, whatever else they have: so each rule is stepped once for all that it is held against.
struct LikenessSieve {
  /// Numbers of some hyperparameters, by slot, and of the free name at place p, by −1 − p.
  typealias Numbers = [Int: Double]

  private struct Key: Hashable {
    var rule: Int
    var shape: Int
    var steps: Int
    var numbers: Numbers
  }

  /// Of the long walk: bounds that widen, warm-ups and periods show in it.
  private static let longSteps = 24

  private var rules: [Rule] = []
  private var hypers: [[String: (slot: Int, number: Double, domain: Domain?)]] = []
  /// What each free name of a rule stands for.
  private var free: [[Double]] = []
  private var walks: [Key: ProbeWalk.Rows<Double>?] = [:]
  /// The last one is for the long walk.
  private let tensors: [Witness.Tensor]
  private let prepared: PreparedRules

  init(_ prepared: PreparedRules) {
    self.prepared = prepared
    var random = SplitMix64(104_729)
    let short = ReferenceProbe.shapes.map { dims in
      let count = dims.reduce(1, *)
      func numbers() -> [Double] { (0..<count).map { _ in random.dyadic() } }
      let (weights, first) = (numbers(), numbers())
      // Half of the elements turn round and shrink: there an average has not the sign of the gradient.
      let second = numbers().enumerated().map { i, x in i % 2 == 0 ? -0.25 * first[i] : x }
      // Nearly at right angles to all before: there rules project that elsewhere do not, and no sign is
      // one of rounding.
      let length = dims.last ?? 1
      var across = numbers()
      for row in stride(from: 0, to: count, by: max(1, length)) where length > 2 {
        let all = row..<(row + length)
        let own = Array(weights[all])
        let rest = Self.rest(Array(across[all]), beside: [own, Array(first[all])])
        let size = (Self.dot(own, own) / Self.dot(rest, rest)).squareRoot()
        across.replaceSubrange(all, with: zip(rest, own).map { size * $0 + $1 / 64 })
      }
      return Witness.Tensor(
        name: "w", dims: dims, weights: weights, gradients: [first, across, second])
    }
    func six() -> [Double] { (0..<6).map { _ in random.dyadic() } }
    let long = Witness.Tensor(
      name: "w", dims: [6], weights: six(), gradients: (0..<Self.longSteps).map { _ in six() })
    tensors = short + [long]
  }

  private static func dot(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// What is left of a vector without its parts along others.
  private static func rest(_ x: [Double], beside others: [[Double]]) -> [Double] {
    var known: [[Double]] = []
    for own in others + [x] {
      var left = own
      for y in known {
        let part = dot(left, y) / dot(y, y)
        left = zip(left, y).map { $0 - part * $1 }
      }
      known.append(left)
    }
    return known.last!
  }

  /// Takes a rule; its number here.
  mutating func add(_ rule: Rule) -> Int {
    let all = rule.module.hypers
    let short = all.map { Rule.shortKey($0.key) }
    var own: [String: (slot: Int, number: Double, domain: Domain?)] = [:]
    for (k, hyper) in all.enumerated() where !hyper.isStructural {
      guard let x = rule.plainDefault(k), x.isFinite else { continue }
      own[short.count { $0 == short[k] } == 1 ? short[k] : hyper.key] = (k, x, hyper.domain)
    }
    free.append(
      rule.freeNames.enumerated().map { place, name in
        Self.number(name, rule.domain(ofFree: place), nil)
      })
    rules.append(rule)
    hypers.append(own)
    return rules.count - 1
  }

  /// Whether two rules take the same steps, as far as is seen; with `allowsScale`, or ones that are multiples of
  /// one another. `given` are numbers that the second has in place of its defaults. What takes no long walk
  /// does not differ on one.
  mutating func agree(
    _ a: Int, _ b: Int, given: Numbers = [:], allowsScale: Bool = false, isLong: Bool = false
  ) -> Bool {
    guard rules[a].module.guardsFinite == rules[b].module.guardsFinite,
      let (left, right) = numbers(a, b, given)
    else { return false }
    let ways = [rules[a].module.variants[0], rules[b].module.variants[0]]
    for shape in isLong ? tensors.indices.suffix(1) : tensors.indices.dropLast() {
      var tensor = tensors[shape]
      guard let name = ReferenceProbe.name(tensor.dims, ways) else { continue }
      tensor.name = name
      let witness = Witness(
        hypers: [], values: [], variants: [0, 0], horizon: tensor.horizon, tensors: [tensor])
      func areAlike(_ steps: Int) -> Bool? {
        guard let first = walk(a, shape, left, steps), let second = walk(b, shape, right, steps)
        else { return nil }
        return allowsScale && Self.areMultiples(tensor, first, second)
          || !ReferenceProbe.differences(witness, first, second).contains { $0.size > 1e-6 }
      }
      // Most rules part at the first step.
      guard let isFirst = areAlike(1) else { continue }
      if !isFirst { return false }
      guard let isAlike = areAlike(tensor.gradients.count) else { continue }
      return isAlike
    }
    return isLong
  }

  /// What two rules have at different defaults, at a number for both; nil where no number is in both domains.
  private func numbers(_ a: Int, _ b: Int, _ given: Numbers) -> (Numbers, Numbers)? {
    var (left, right): (Numbers, Numbers) = ([:], given)
    for (place, name) in rules[a].freeNames.enumerated() {
      let (first, second) = (hypers[a][name], hypers[b][name])
      var both = rules[a].domain(ofFree: place)
      for domain in [first?.domain, second?.domain] {
        if let domain { both = both.intersection(Interval(domain)) }
      }
      if both.isEmpty { return nil }
      if !both.holds(free[a][place]) { left[-1 - place] = Self.number(name, both, nil) }
      let x = left[-1 - place] ?? free[a][place]
      if let first { left[first.slot] = x }
      if let second { right[second.slot] = x }
    }
    for (key, first) in hypers[a] where left[first.slot] == nil {
      guard let second = hypers[b][key], first.number != second.number, given[second.slot] == nil
      else { continue }
      let own = first.domain.map { Interval($0) } ?? .all
      let both = own.intersection(second.domain.map { Interval($0) } ?? .all)
      if both.isEmpty { return nil }
      var x = Self.number(key, own, first.number)
      if !both.holds(x) { x = Self.number(key, both, first.number) }
      (left[first.slot], right[second.slot]) = (x, x)
    }
    return (left, right)
  }

  private static func number(_ key: String, _ domain: Interval, _ typical: Double?) -> Double {
    var random = SplitMix64(key.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    return Comparer.sample(domain, near: typical, &random)
  }

  /// The first steps of a rule on one of the tensors, nil where it takes none of that shape.
  private mutating func walk(
    _ rule: Int, _ shape: Int, _ numbers: Numbers, _ steps: Int
  ) -> ProbeWalk.Rows<Double>? {
    let key = Key(rule: rule, shape: shape, steps: steps, numbers: numbers)
    if let known = walks[key] { return known }
    let found = try? rows(rule, tensors[shape], numbers, steps)
    walks[key] = .some(found)
    return found
  }

  private func rows(
    _ rule: Int, _ tensor: Witness.Tensor, _ numbers: Numbers, _ steps: Int
  ) throws(DiagnosticError) -> ProbeWalk.Rows<Double> {
    var own = rules[rule]
    var names = free[rule]
    for (k, x) in numbers.sorted(by: { $0.key < $1.key }) {
      if k < 0 { names[-1 - k] = x } else { own = own.with(k, at: x) }
    }
    let arguments = own.arguments.replacingFree(by: names)
    var values: [[Double]] = []
    for step in 1...steps {
      var row = [Double](repeating: 0, count: own.module.hypers.count)
      for (target, x) in try ReferenceProgram.evaluateScalars(
        arguments, step: step, horizon: tensor.horizon)
      {
        if case .hyper(let k) = target { row[k] = x }
      }
      values.append(row)
    }
    let witness = Witness(
      hypers: [], values: [values], variants: [0], horizon: tensor.horizon, tensors: [tensor])
    var walk = ProbeWalk(own, side: 0, witness, errors: [], work: 200_000, prepared)
    return try walk.walk([tensor], steps: steps)
  }

  /// Whether all moves of one walk are one number times those of the other.
  private static func areMultiples(
    _ tensor: Witness.Tensor, _ first: ProbeWalk.Rows<Double>, _ second: ProbeWalk.Rows<Double>
  ) -> Bool {
    var ratio: Double?
    for i in tensor.weights.indices {
      var (x, y) = (tensor.weights[i], tensor.weights[i])
      for step in 0..<min(first.count, second.count) {
        let (p, q) = (first[step][0][i] - x, second[step][0][i] - y)
        (x, y) = (first[step][0][i], second[step][0][i])
        guard p.isFinite, q.isFinite, (p == 0) == (q == 0) else { return false }
        if p == 0 { continue }
        let own = ratio ?? p / q
        ratio = own
        if abs(p / q - own) > 1e-6 * abs(own) { return false }
      }
    }
    return ratio != nil
  }
}

extension Witness.Tensor {
  /// T of a walk on it.
  fileprivate var horizon: Int { gradients.count + 6 }
}

extension Rule {
  /// Where the numbers lie that a free name may stand for: in the domains of all that it is given to.
  fileprivate func domain(ofFree place: Int) -> Interval {
    var result = Interval.all
    for (k, hyper) in module.hypers.enumerated() {
      guard let value = module.defaults.output(.hyper(k)), let domain = hyper.domain,
        module.defaults[value].operation == .free,
        Int(module.defaults[value].attribute) == place
      else { continue }
      result = result.intersection(Interval(domain))
    }
    return result
  }
}

extension Function {
  /// The function with numbers in the place of free names.
  fileprivate func replacingFree(by numbers: [Double]) -> Function {
    var result = self
    for i in instructions.indices where instructions[i].operation == .free {
      let place = Int(instructions[i].attribute)
      result.instructions[i] = Instruction(
        .constant, .scalar, attribute: Int32(result.constants.count))
      result.constants.append(numbers[place])
    }
    return result
  }
}
