import Basics
import CKernels
import Diagnostics
import IR

/// The host's objective at another point: reads one point a tensor, writes one gradient a tensor
/// where they are asked for (both in the element type of the optimizer), returns the loss.
package typealias PointOracle = (
  _ points: UnsafePointer<UnsafeRawPointer>,
  _ gradients: UnsafePointer<UnsafeMutableRawPointer>?
) throws(DiagnosticError) -> Double

/// The Hessian of the host's objective where the gradient was taken: reads one direction a tensor,
/// writes one product a tensor, both in the element type of the optimizer.
package typealias HessianOracle = (
  _ directions: UnsafePointer<UnsafeRawPointer>,
  _ products: UnsafePointer<UnsafeMutableRawPointer>
) throws(DiagnosticError) -> Void

/// Several instances that run phase by phase, with barriers in between.
final class Lockstep {
  /// What one tensor's step gives to a barrier and takes from it, in registers or memory.
  private struct Part {
    var instance: Int
    var step: Int
    var predicateRegister: Int32
    var value: Int32 = -1
    var result: Int32 = -1
    var point = SlotAddress.none
    var gradient = SlotAddress.none
  }

  private struct Barrier {
    var operation: Operation
    /// Nil where the objective is asked.
    var fold: OperationClass.Fold?
    var site: Int
    var phase: Int
    var parts: [Part]
    var points: UnsafeMutablePointer<UnsafeRawPointer>
    var gradients: UnsafeMutablePointer<UnsafeMutableRawPointer>
  }

  let instances: [PlanInstance]
  let phaseCount: Int
  private let schedule: Schedule
  @exclusivity(unchecked) private var barriers: [Barrier] = []
  /// Gradients of tensors that do not ask for theirs, or in another type than they are computed in.
  private var spare: [UnsafeMutableRawPointer?]
  /// Points in the type of the parameters, where they are computed in another.
  private var rounded: [UnsafeMutableRawPointer?]
  /// Zeros: the directions of tensors that do not ask for a product.
  private var still: [UnsafeMutableRawPointer?]
  /// Where the host has a Hessian.
  @exclusivity(unchecked) var hessian: HessianOracle?
  private let element: ElementType
  private let parameterSlots: [Int]
  /// Which call of the rule the oracle is being asked for.
  private(set) var askedSite = 0

  init(_ instances: [PlanInstance], sitePhases: [Int], team: Team, element: ElementType) {
    self.instances = instances
    self.element = element
    rounded = instances.map { _ in nil }
    still = instances.map { _ in nil }
    schedule = Schedule(instances, team)
    phaseCount = instances.map(\.program.plan.phaseCount).max() ?? 1
    spare = instances.map { _ in nil }
    parameterSlots = instances.map { $0.program.plan.slot(.parameter(0)) ?? -1 }
    var found: [[Int]: Int] = [:]
    for (k, instance) in instances.enumerated() {
      for (position, step) in instance.program.plan.steps.enumerated() {
        guard let site = step.work.site else { continue }
        var part = Part(
          instance: k, step: position, predicateRegister: step.predicateRegister)
        var fold: OperationClass.Fold?
        switch step.work {
        case .contribute(let s): (part.value, part.result, fold) = (s.value, s.result, s.fold)
        case .query(let s):
          (part.point, part.gradient, part.result) = (s.point, s.gradient, s.loss)
        default: continue
        }
        let key = [Int(step.operation.rawValue), site]
        let index = found[key] ?? barriers.count
        if found[key] == nil {
          found[key] = index
          barriers.append(
            Barrier(
              operation: step.operation, fold: fold, site: site, phase: sitePhases[site],
              parts: [], points: .allocate(capacity: instances.count),
              gradients: .allocate(capacity: instances.count)))
        }
        barriers[index].parts.append(part)
      }
    }
    barriers.sort { $0.phase < $1.phase }
    for (k, instance) in instances.enumerated() where asksOracle {
      let plan = instance.program.plan
      guard let slot = plan.slots.first(where: { $0.role == .parameter(0) }) else { continue }
      if barriers.contains(where: { $0.operation != .lossAt && $0.fold == nil }) {
        spare[k] = .allocate(byteCount: max(slot.byteCount, 1), alignment: 64)
      }
      if barriers.contains(where: { $0.operation == .hessianProduct }) {
        still[k] = .allocate(byteCount: max(slot.byteCount, 1), alignment: 64)
        still[k]!.initializeMemory(as: UInt8.self, repeating: 0, count: max(slot.byteCount, 1))
      }
      if element != element.compute {
        rounded[k] = .allocate(byteCount: max(slot.byteCount, 1), alignment: 64)
      }
    }
  }

  deinit {
    for barrier in barriers {
      barrier.points.deallocate()
      barrier.gradients.deallocate()
    }
    for pointer in spare + rounded + still { pointer?.deallocate() }
  }

  /// Whether some variant evaluates the objective at another point.
  var asksOracle: Bool { barriers.contains { $0.fold == nil } }

  /// Runs all phases, or the first alone if `goesOn` then says no; returns what it said.
  @discardableResult
  func run(
    _ oracle: PointOracle?, goesOn: (() -> Bool)? = nil
  ) throws(DiagnosticError) -> Bool {
    for phase in 0..<phaseCount {
      try schedule.run(phase: phase)
      if phase == 0, let goesOn, !goesOn() { return false }
      for m in 0..<barriers.count where barriers[m].phase == phase {
        if let fold = barriers[m].fold {
          self.fold(barriers[m], fold)
        } else {
          try ask(barriers[m], oracle)
        }
      }
    }
    return true
  }

  private func isActive(_ part: Part) -> Bool {
    part.predicateRegister < 0
      || instances[part.instance].scalars[Int(part.predicateRegister)] != 0
  }

  private func fold(_ barrier: Barrier, _ fold: OperationClass.Fold) {
    var result = fold.kernels.first
    for p in 0..<barrier.parts.count where isActive(barrier.parts[p]) {
      let part = barrier.parts[p]
      let x = instances[part.instance].scalars[Int(part.value)]
      switch fold {
      case .sum: result += x
      // A NaN stays a NaN, as in `Folding`.
      case .maximum: result = result.isNaN || x.isNaN ? .nan : max(result, x)
      case .minimum: result = result.isNaN || x.isNaN ? .nan : min(result, x)
      }
    }
    spread(result, barrier)
  }

  private func spread(_ result: Double, _ barrier: Barrier) {
    for p in 0..<barrier.parts.count {
      let part = barrier.parts[p]
      instances[part.instance].scalars[Int(part.result)] = result
    }
  }

  private func count(_ instance: Int) -> Int {
    parameterSlots[instance] < 0
      ? 0 : instances[instance].program.plan.slots[parameterSlots[instance]].count
  }

  /// A point in the type of the parameters.
  private func point(_ instance: Int, _ computed: UnsafeMutableRawPointer) -> UnsafeRawPointer {
    guard let memory = rounded[instance] else { return UnsafeRawPointer(computed) }
    for i in 0..<count(instance) { element.write(element.compute.read(computed, i), to: memory, i) }
    return UnsafeRawPointer(memory)
  }

  private func ask(_ barrier: Barrier, _ oracle: PointOracle?) throws(DiagnosticError) {
    var anyActive = false
    for p in 0..<barrier.parts.count where isActive(barrier.parts[p]) { anyActive = true }
    if !anyActive { return }
    let isHessian = barrier.operation == .hessianProduct
    guard isHessian ? hessian != nil : oracle != nil else {
      let part = barrier.parts[0]
      let instance = instances[part.instance]
      throw instance.failure(.noOracle, instance.program.steps + part.step)
    }
    let wantsGradient = barrier.operation != .lossAt
    for k in 0..<instances.count {
      if parameterSlots[k] >= 0, let pointer = instances[k].slots[parameterSlots[k]] {
        barrier.points[k] = UnsafeRawPointer(still[k].flatMap { isHessian ? $0 : nil } ?? pointer)
      }
      if let pointer = spare[k] { barrier.gradients[k] = pointer }
    }
    for p in 0..<barrier.parts.count {
      let part = barrier.parts[p]
      let instance = instances[part.instance]
      if isActive(part) {
        barrier.points[part.instance] = point(part.instance, instance.pointer(part.point))
      }
      if wantsGradient, rounded[part.instance] == nil {
        barrier.gradients[part.instance] = instance.pointer(part.gradient)
      }
    }
    askedSite = barrier.site
    var loss = Double.nan
    if isHessian {
      try hessian!(UnsafePointer(barrier.points), UnsafePointer(barrier.gradients))
    } else {
      loss = try oracle!(
        UnsafePointer(barrier.points), wantsGradient ? UnsafePointer(barrier.gradients) : nil)
    }
    if wantsGradient {
      for part in barrier.parts where rounded[part.instance] != nil {
        let instance = instances[part.instance]
        let to = instance.pointer(part.gradient)
        for i in 0..<count(part.instance) {
          element.compute.write(element.read(spare[part.instance]!, i), to: to, i)
        }
      }
      return
    }
    spread(loss, barrier)
  }
}
