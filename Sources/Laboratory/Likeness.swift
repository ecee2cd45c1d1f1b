import Basics
import Driver
import IR
import Symbolic
import Zoo

/// One rule of the zoo that a rule is, or becomes.
package struct Likeness: Sendable {
  package var zooRule: String
  /// What must be done to the rule first, as `β1 = 0`; empty where nothing.
  package var change: String
  package var comparison: Comparison

  /// `SignSGD with β1 = 0: proved equal`.
  package var text: String {
    let change = change.isEmpty ? "" : " with \(change)"
    return "\(zooRule)\(change): \(ComparisonText.headline(comparison))"
  }

  package var json: JSONValue {
    .record([
      "rule": .string(zooRule), "change": .string(change),
      "comparison": ComparisonText.json(comparison),
    ])
  }

  package static let none =
    "no rule of the zoo equals it, nor what it becomes at an end of a domain"

  /// The rules of the zoo that can stand alone and have one way, whatever a script calls its own.
  package static let zooRules: [Rule] = {
    let compiler = Compiler()
    return Library.shared.declarations.compactMap { declaration in
      guard declaration.kind == .rule, let found = try? compiler.rule(declaration.name),
        found.module.variants.count == 1
      else { return nil }
      return found
    }
  }()
}

extension Rule {
  /// The rules among `others` that this one equals, those that it becomes when one hyperparameter takes an
  /// end of its domain, those that it equals up to a step size or to ε → 0, and those that have its constants as
  /// hyperparameters; nearest first.
  package func likenesses(among others: [Rule]) -> [Likeness] {
    var search = LikenessSearch(self, others)
    return search.all()
  }
}

private struct LikenessSearch {
  /// So many rules that are near are compared; each costs what a proof costs.
  private static let nearLimit = 4
  /// So many proofs may fail for each change: mostly those that look alike fail for one reason.
  private static let failedLimit = 2

  let rule: Rule
  /// The others, and their numbers in the sieve.
  let others: [(rule: Rule, place: Int)]
  private let limits = TermLimits.current
  private var found: [Likeness] = []
  private let prepared = PreparedRules()
  private var sieve: LikenessSieve

  init(_ rule: Rule, _ others: [Rule]) {
    self.rule = rule
    let (needs, label) = (rule.needs, rule.label)
    var sieve = LikenessSieve(prepared)
    self.others = others.filter { $0.label != label && $0.needs == needs }.map {
      ($0, sieve.add($0))
    }
    self.sieve = sieve
  }

  mutating func all() -> [Likeness] {
    guard rule.module.variants.count == 1 else { return [] }
    for (change, left) in [("", rule)] + ends() {
      let place = sieve.add(left)
      var failed = 0
      for (right, other) in others
      where !isKnown(right) && !limits.areReached && failed < Self.failedLimit {
        // Equal up to what is stored is near, and no more.
        guard left.storages == right.storages, sieve.agree(place, other) else { continue }
        if addIfEqual(left, right, change) == false { failed += 1 }
      }
    }
    near()
    constants()
    return found
  }

  private func isKnown(_ right: Rule) -> Bool {
    found.contains { $0.zooRule.prefix { $0 != "(" } == right.label }
  }

  private mutating func add(_ label: String, _ change: String, _ comparison: Comparison) {
    found.append(Likeness(zooRule: label, change: change, comparison: comparison))
  }

  /// Whether they are proved equal; nil where probes tell them apart.
  @discardableResult
  private mutating func addIfEqual(
    _ left: Rule, _ right: Rule, _ change: String = ""
  ) -> Bool? {
    var comparer = Comparer(left, right, probe: ReferenceProbe(prepared))
    comparer.probes = 2
    guard comparer.agreesOnProbes() else { return nil }
    let comparison = left.compared(with: right, prepared, aim: .equality)
    if comparison.isEqual { add(right.label, change, comparison) }
    return comparison.isEqual
  }

  /// The rule with one hyperparameter at an end of its domain.
  private func ends() -> [(String, Rule)] {
    var result: [(String, Rule)] = []
    for (k, hyper) in rule.module.hypers.enumerated()
    where !rule.origins[k].isGiven && !hyper.isStructural && !hyper.name.contains(".") {
      guard let domain = hyper.domain else { continue }
      for (end, isIncluded) in [
        (domain.low, domain.includesLow), (domain.high, domain.includesHigh),
      ] where isIncluded && end.isFinite && abs(end) <= 1 && hyper.key != "lr" {
        if let changed = try? rule.setting(k, to: end.rounded(.towardZero)) {
          result.append(("\(hyper.name) = \(Int(end))", changed))
        }
      }
    }
    return result
  }

  /// Equal up to another step size, or where ε goes to 0.
  private mutating func near() {
    var names: [String] = []
    let left = sieve.add(rule.withoutEpsilon(&names))
    var tried = 0
    for (right, _) in others where !isKnown(right) && !limits.areReached && tried < Self.nearLimit {
      guard right.stateCount == rule.stateCount else { continue }
      let other = sieve.add(right.withoutEpsilon(&names))
      guard sieve.agree(left, other, allowsScale: true),
        sieve.agree(left, other, allowsScale: true, isLong: true)
      else { continue }
      tried += 1
      let comparison = rule.compared(with: right, prepared, aim: .changes)
      switch comparison.verdict {
      case .equal, .equalWhere, .equalUpTo: add(right.label, "", comparison)
      case .different, .undecided: break
      }
    }
  }

  /// Equal where hyperparameters that the rule has not have the numbers written in it.
  private mutating func constants() {
    let numbers = rule.writtenNumbers
    if numbers.isEmpty { return }
    let own = Set(rule.module.hypers.map(\.key))
    let left = sieve.add(rule)
    for (right, place) in others where !isKnown(right) && right.stateCount == rule.stateCount {
      // What is 0 by default is a switch, and stays off.
      let open = right.module.hypers.indices.compactMap { k -> (k: Int, typical: Double)? in
        let hyper = right.module.hypers[k]
        guard !own.contains(hyper.key), !hyper.isStructural, let x = right.plainDefault(k), x != 0
        else { return nil }
        return (k, x)
      }
      guard (1...3).contains(open.count) else { continue }
      var candidates: [LikenessSieve.Numbers] = [[:]]
      for (k, typical) in open {
        candidates += candidates.flatMap { base in
          // A share of nearly 1 is meant by 0.9, and not by the 0.1 beside it; tiny is ε.
          numbers.filter { ($0 > 0.5) == (typical > 0.5) && ($0 < 1e-4) == (typical < 1e-4) }
            .map { x in base.merging([k: x]) { $1 } }
        }
      }
      for given in candidates.dropFirst() where !isKnown(right) && !limits.areReached {
        guard sieve.agree(left, place, given: given),
          let changed = try? given.sorted(by: { $0.key < $1.key }).reduce(
            right, { try $0.setting($1.key, to: $1.value) })
        else { continue }
        addIfEqual(rule, changed)
      }
    }
  }
}

extension Rule {
  fileprivate var stateCount: Int { module.variants.first?.states.count ?? 0 }

  /// How its states are stored, where no equations say the same.
  fileprivate var storages: [Storage] {
    module.variants.flatMap(\.states).map(\.storage).filter {
      ![.compute, .float32, .float64, .bfloat16, .float16].contains($0)
    }
  }

  /// The numbers in its equations that may be a hyperparameter of another rule, and what they leave of 1; few.
  fileprivate var writtenNumbers: [Double] {
    var result: [Double] = []
    for x in module.variants.flatMap(\.update.constants)
    where ![0, 1, 2, 0.5, -1].contains(x) && abs(x) > 1e-12 {
      guard let exact = Rational(literal: x) else { continue }
      for y in [x, (Rational.one - exact).approximation]
      where !result.contains(y) && result.count < 6 {
        result.append(y)
      }
    }
    return result
  }

  /// What a rule asks for besides w and g, and whether it looks at matrices, orders and loops: two
  /// rules that differ in this are not the same.
  fileprivate var needs: Set<String> {
    var found: Set<String> = []
    for variant in module.variants {
      for input in variant.inputs { found.insert(input.name) }
      for instruction in variant.update.instructions {
        let operation = instruction.operation
        switch operation.info.operationClass {
        case .matrix, .selection, .oracle: found.insert("\(operation)")
        default: if [.loss, .draw, .loop].contains(operation) { found.insert("\(operation)") }
        }
      }
    }
    return found
  }
}
