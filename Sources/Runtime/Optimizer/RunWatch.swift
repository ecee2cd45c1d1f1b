import CKernels
import Diagnostics
import IR

/// What a run may hide, for hosts to say: a state that is not finite any more, steps that were left out,
/// a schedule at an open end of its domain.
package final class RunWatch {
  private let optimizer: Optimizer
  private var watched: [(tensor: Int, region: TensorMemory.Region)] = []
  private var broken: Diagnostic?
  /// The step after which the states were last looked at.
  private var last = 0

  /// What was seen so far, for a run that goes on in another process.
  package struct Seen {
    package var last: Int
    package var broken: Diagnostic?
    package var openEnd: (hyper: Int, value: Double, step: Int)?

    package init(
      last: Int, broken: Diagnostic?, openEnd: (hyper: Int, value: Double, step: Int)?
    ) {
      self.last = last
      self.broken = broken
      self.openEnd = openEnd
    }
  }

  package var seen: Seen {
    get { Seen(last: last, broken: broken, openEnd: optimizer.hypers.openEnd) }
    set {
      (last, broken) = (newValue.last, newValue.broken)
      optimizer.hypers.openEnd = newValue.openEnd.flatMap {
        optimizer.hypers.hypers.indices.contains($0.hyper) ? $0 : nil
      }
    }
  }

  /// Watches an optimizer that was initialised. What begins infinite, as the least loss so far does, may
  /// stay so.
  package init(_ optimizer: Optimizer) {
    self.optimizer = optimizer
    var seen: Set<UnsafeMutableRawPointer> = []
    for (tensor, memory) in optimizer.tensors.map(\.memory).enumerated() {
      for region in memory.states where region.isFinite && seen.insert(region.pointer).inserted {
        watched.append((tensor, region))
      }
    }
  }

  /// Looks at the states after steps 1, 2, 4, 8 and so on, until one is not finite: to read them at each
  /// step would cost a good part of it.
  package func look() {
    if optimizer.stepCount >= 2 * last { search() }
  }

  private func search() {
    let step = optimizer.stepCount
    if broken != nil || step == last { return }
    for k in watched.indices where !watched[k].region.isFinite {
      let (tensor, region) = watched[k]
      let value = region.values.first { !$0.isFinite } ?? .nan
      broken = .stateNotFinite(
        region.name, value, tensor: optimizer.parameters[tensor].name, step: step,
        finite: last, of: optimizer.instance.label)
      break
    }
    last = step
  }

  /// Whether all that is watched holds numbers now.
  package var isFinite: Bool { watched.allSatisfy { $0.region.isFinite } }

  /// What there is to say after the last step.
  package func findings() -> [Diagnostic] {
    search()
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

extension TensorMemory.Region {
  /// Of a state in blocks the scales, which stand in front, say it.
  var isFinite: Bool {
    let isInBlocks = format.isInBlocks
    var pointer: UnsafeRawPointer? = UnsafeRawPointer(pointer)
    var count = Int64(isInBlocks ? (count + format.block - 1) / format.block : count)
    return rv_all_finite(
      isInBlocks ? SlotFormat.float32.element : format.element, &pointer, &count, 1, nil) != 0
  }
}
