import IR
import Platform
import Runtime

/// A hyperparameter that the arena sets.
package struct ArenaKnob: Hashable, Sendable {
  package var name: String
  package var position: Int
  /// NaN where the rule has none.
  var standard: Double
  private var low: Double
  private var high: Double
  /// What the search of a rate begins around, where that is not the same for all rules.
  var centre: Double?

  /// The rate first, then the first other number that a step depends on smoothly: an average's share or a factor.
  static func all(of rule: Rule) -> [ArenaKnob] {
    let values = try? ReferenceProgram.evaluateScalars(rule.arguments, step: 1, horizon: 100)
    let all = rule.module.hypers.indices.compactMap { k -> ArenaKnob? in
      let hyper = rule.module.hypers[k]
      let name = String(hyper.name.split(separator: ".").last ?? "")
      guard !hyper.isStructural, !name.contains("["), !rule.origins[k].isCounted,
        (try? rule.position(of: name)) == k
      else { return nil }
      let value =
        rule.origins[k].isMissing
        ? .nan : values?.first { $0.target == .hyper(k) }?.value ?? .nan
      return ArenaKnob(
        name: name, position: k, standard: value, low: hyper.domain?.low ?? -.infinity,
        high: hyper.domain?.high ?? .infinity)
    }
    let rate =
      all.first { rule.module.hypers[$0.position].key == "lr" }
      ?? all.first { $0.name == "lr" }
    // A guard against zero is no choice, nor is what is off or on.
    let others = all.filter {
      $0 != rate && $0.standard > 1e-5 && $0.standard.isFinite
        && !($0.low == 0 && $0.high == 1 && $0.standard == 1)
    }
    guard let rate else { return Array(others.prefix(2)) }
    return [rate] + others.prefix(1)
  }

  /// Whether it is the rate, whose decades are the same for all rules.
  private var isRate: Bool { name == "lr" }

  /// Where the search begins: these decades of a rate, or the default and a third and three times of it.
  var first: [Double] {
    if !isRate { return ([standard] + around).filter(\.isFinite) }
    guard let centre else { return [0.01, 0.1, 1e-3, 1] }
    return [1, 10, 0.1, 100].map { SearchRange.rounded(centre * $0) }
  }

  /// The default with three times and a third of what it is, or of what it lacks to be 1.
  var around: [Double] {
    let isShare = high == 1 && standard > 0.5
    let found =
      isShare
      ? [1 - (1 - standard) / 3, 1 - 3 * (1 - standard)] : [standard * 3, standard / 3]
    return found.map(SearchRange.rounded).filter { $0 > low && $0 < high }
  }

  /// The value that should be tried next to the best: outwards from an end, else in the wider gap beside it; nil
  /// where gaps are narrow enough.
  func next(to best: Double, tried: [Double]) -> Double? {
    guard best > 0 else { return nil }
    let below = tried.filter { $0 < best && $0 > 0 }.max()
    let above = tried.filter { $0 > best }.min()
    func between(_ other: Double?) -> (value: Double, gap: Double)? {
      other.map { ((best * $0).squareRoot(), max(best, $0) / min(best, $0)) }
    }
    var wanted: [Double] = []
    if above == nil { wanted.append(best * 10) }
    if below == nil { wanted.append(best / 10) }
    // The upper one of two gaps that are as wide.
    wanted += [between(above), between(below)].compactMap { $0 }.filter { $0.gap > 1.5 }
      .sorted { $0.gap > $1.gap }.map(\.value)
    return wanted.map(SearchRange.rounded).first { $0 > low && $0 < high && !tried.contains($0) }
  }
}
