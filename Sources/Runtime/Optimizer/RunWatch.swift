import CKernels
import Diagnostics
import IR

/// What a run may hide, for hosts to say: a state that is not finite any more, steps that were left out,
/// a schedule at an open end of its domain.
package final class RunWatch {
  private let optimizer: Optimizer
  private var watched: [(tensor: Int, region: TensorMemory.Region)] = []
  private var broken: Diagnostic?

  /// Watches an optimizer that was initialised. What begins infinite, as the least loss so far does, may
  /// stay so.
  package init(_ optimizer: Optimizer) {
    self.optimizer = optimizer
    var seen: Set<UnsafeMutableRawPointer> = []
    for (tensor, memory) in optimizer.tensors.map(\.memory).enumerated() {
      for region in memory.states
      where Self.isFinite(region) && seen.insert(region.pointer).inserted {
        watched.append((tensor, region))
      }
    }
  }

  private static func isFinite(_ region: TensorMemory.Region) -> Bool {
    let element = region.format.element
    guard [RV_F32, RV_F64, RV_BF16, RV_F16].contains(where: { Int32($0.rawValue) == element })
    else {
      return region.values.allSatisfy(\.isFinite)
    }
    var pointer: UnsafeRawPointer? = UnsafeRawPointer(region.pointer)
    var count = Int64(region.count)
    return rv_all_finite(element, &pointer, &count, 1, nil) != 0
  }

  /// Looks at the states after a step, until one is not finite.
  package func look() {
    if broken != nil { return }
    for (tensor, region) in watched where !Self.isFinite(region) {
      let value = region.values.first { !$0.isFinite } ?? .nan
      broken = .stateNotFinite(
        region.name, value, tensor: optimizer.parameters[tensor].name,
        step: optimizer.stepCount, of: optimizer.instance.label)
      return
    }
  }

  package var findings: [Diagnostic] {
    let rule = optimizer.instance.label
    var found: [Diagnostic] = []
    if let end = optimizer.hypers.openEnd {
      found.append(
        .openEndReached(optimizer.hypers.hypers[end.hyper], end.value, step: end.step, of: rule))
    }
    if optimizer.skippedSteps > 0 { found.append(.stepsSkipped(optimizer.skippedSteps, of: rule)) }
    return found + (broken.map { [$0] } ?? [])
  }
}
