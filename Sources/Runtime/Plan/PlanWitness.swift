import CKernels
import IR

/// `guard finite` without a pass of its own: a rule that sums the squares of the gradient knows from
/// the sum that all of it is finite. Where the sum is not, the gradient itself is looked at.
extension Planner {
  /// A register that is finite only if every entry of the gradient is, or -1.
  func witness() -> Int32 {
    for i in order where predicates[i].isAlways {
      let v = ValueID(i)
      guard isScalar(v), case .register(let r) = placement[i] else { continue }
      switch f[v].operation {
      case .sum: if carriesGradient(f[v].a, isPositive: false) { return r }
      case .maximumOf: if carriesGradient(f[v].a, isPositive: true) { return r }
      default: break
      }
    }
    return -1
  }

  /// Whether an entry of the value is not finite wherever that of the gradient is not; `isPositive`:
  /// and then +∞ or NaN.
  private func carriesGradient(_ v: ValueID, isPositive: Bool) -> Bool {
    let source = base(v)
    let x = f[source]
    switch x.operation {
    case .gradient: return !isPositive
    case .negate: return !isPositive && carriesGradient(x.a, isPositive: false)
    case .absolute: return carriesGradient(x.a, isPositive: false)
    case .multiply: return base(x.a) == base(x.b) && carriesGradient(x.a, isPositive: false)
    case .power: return f.constantValue(x.b) == 2 && carriesGradient(x.a, isPositive: false)
    default: return false
    }
  }
}

extension Plan {
  /// The position behind the step that makes the witness, if no step before it writes anything that
  /// outlives the step.
  var checkpoint: Int? {
    if witness < 0 { return nil }
    for position in 0..<phaseStarts[1] {
      switch steps[position].work {
      case .scalars(let range):
        if scalarProgram[range].contains(where: { $0.d == witness }) { return position + 1 }
      case .segment(let k):
        if writesLasting(segments[k]) { return nil }
        if segments[k].initials.contains(where: { $0.scalar == witness }) { return position + 1 }
      case .contribute, .query: break
      default: return nil
      }
    }
    return nil
  }

  private func writesLasting(_ segment: PlanSegment) -> Bool {
    let written =
      segment.instructions.filter { $0.kind != UInt16(RV_UNLESS.rawValue) }
      .map { segment.operands[Int($0.d)] }
      .filter { [Int32(RV_MEMORY.rawValue), Int32(RV_FIXED.rawValue)].contains($0.kind) }
      .map { Int($0.index) } + segment.columns.map { Int($0.slot) }
    return written.contains { !slots[$0].isTemporary }
  }

  /// Makes a phase of its own of the steps before `position`.
  mutating func cutFirstPhase(at position: Int) {
    phaseStarts.insert(position, at: 1)
    phaseCount += 1
  }
}
