extension Comparison {
  /// What holds of rules with several ways, each compared alone: what all of them need.
  ///
  /// A change of one rule makes the rules equal where each way needs that change and no other.
  static func ofAllWays(_ all: [Comparison]) -> Comparison? {
    guard var result = all.max(by: { $0.rank < $1.rank }) else { return nil }
    if all.count == 1 || result.rank > 2 { return result }
    if let own = all.first(where: { $0.change != all[0].change }) {
      let apart = own.change == nil ? all[0] : own
      var result = Comparison(.different)
      (result.witness, result.fixed) = (apart.witness, apart.fixed)
      return apart.witness == nil ? Comparison(.undecided(probes: 0)) : result
    }
    func union(_ part: (Comparison) -> [String]) -> [String] {
      all.reduce(into: []) { known, one in known += part(one).filter { !known.contains($0) } }
    }
    let conditions = union(\.conditions)
    switch result.verdict {
    case .equalWhere: result.verdict = .equalWhere(conditions)
    case .equalUpTo: result.verdict = .equalUpTo(conditions)
    default: break
    }
    result.fixed = union(\.fixed)
    let fixed = result.fixed.map { $0.prefix { $0 != " " } }
    result.assumptions = union(\.assumptions).filter { !fixed.contains($0.prefix { $0 != " " }) }
    result.relations = union(\.relations)
    result.rewrites = union(\.rewrites)
    result.method = union { [$0.method] }.filter { !$0.isEmpty }.joined(separator: "; ")
    result.witness = result.witness ?? all.lazy.compactMap(\.witness).first
    return result
  }

  /// From what says most to what says least of equality.
  private var rank: Int {
    switch verdict {
    case .equal: 0
    case .equalWhere: 1
    case .equalUpTo: 2
    case .undecided: 3
    case .different: 4
    }
  }

  private var conditions: [String] {
    switch verdict {
    case .equalWhere(let all), .equalUpTo(let all): all
    default: []
    }
  }
}
