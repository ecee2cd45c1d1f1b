import IR

/// In how few places two programs may differ that are the same elsewhere.
enum Roughness: Comparable, Sendable {
  /// What is one function of its operands throughout: others differ from it nearly everywhere.
  case smooth
  /// Where a bound is reached or a sign turns another formula holds.
  case bends
  /// And the two do not meet there.
  case jumps
}

extension Genome {
  var roughness: Roughness {
    nodes.reduce(.smooth) { max($0, Self.roughness($1.operation)) }
  }

  private static func roughness(_ operation: Operation) -> Roughness {
    if operation.traits.jumps { return .jumps }
    switch operation {
    case .clip, .maximum, .minimum, .absolute, .maximumOf, .minimumOf: return .bends
    default: return .smooth
    }
  }
}
