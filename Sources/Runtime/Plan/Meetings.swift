import Basics
import CKernels
import Diagnostics
import IR

/// The host's objective at another point: reads one point a tensor, writes one gradient a tensor
/// where they are wanted (both in the element type of the optimizer), returns the loss.
package typealias PointOracle = (
  _ points: UnsafePointer<UnsafeRawPointer>,
  _ gradients: UnsafePointer<UnsafeMutableRawPointer>?
) throws(DiagnosticError) -> Double

/// When the reductions over all tensors and the oracles of several functions can be answered.
enum Rounds {
  /// For each site, the phase at whose end it is known: after all phases that its operand needs in
  /// any of the functions. Throws R0811 where sites wait for each other.
  static func of(_ functions: [Function]) throws(DiagnosticError) -> [Int] {
    var sites = 0
    for function in functions {
      for instruction in function.instructions where isMeeting(instruction) {
        sites = max(sites, Int(instruction.attribute) + 1)
      }
    }
    var rounds = [Int](repeating: 0, count: sites)
    if sites == 0 { return rounds }
    for _ in 0...sites {
      var next = rounds
      for function in functions { raise(&next, function, rounds) }
      if next == rounds { return rounds }
      rounds = next
    }
    for function in functions {
      for (i, instruction) in function.instructions.enumerated() where isMeeting(instruction) {
        throw DiagnosticError(
          NumericError.circularReduction.diagnostic(
            instruction.operation, at: function.origins[i]))
      }
    }
    return rounds
  }

  /// The first phase in which no oracle will look at the parameters any more.
  static func firstPhaseAfterOracles(_ functions: [Function], _ rounds: [Int]) -> Int {
    var phase = 0
    for function in functions {
      for instruction in function.instructions
      where instruction.operation.info.operationClass == .oracle {
        phase = max(phase, rounds[Int(instruction.attribute)] + 1)
      }
    }
    return phase
  }

  private static func isMeeting(_ instruction: Instruction) -> Bool {
    let group = instruction.operation.info.operationClass
    return group == .globalReduction || group == .oracle
  }

  private static func raise(_ next: inout [Int], _ function: Function, _ rounds: [Int]) {
    var level = [Int](repeating: 0, count: function.instructions.count)
    for (i, instruction) in function.instructions.enumerated() {
      for operand in function.operands(ValueID(i)) {
        level[i] = max(level[i], level[operand.index])
      }
      guard isMeeting(instruction) else { continue }
      let site = Int(instruction.attribute)
      next[site] = max(next[site], level[i])
      level[i] = rounds[site] + 1
    }
  }
}

/// Several instances that run phase by phase and meet in between.
final class Lockstep {
  private struct Part {
    var instance: Int
    var step: Int
  }

  private struct Meeting {
    var operation: Operation
    var isOracle: Bool
    var site: Int
    var round: Int
    var parts: [Part]
    var points: UnsafeMutablePointer<UnsafeRawPointer>
    var gradients: UnsafeMutablePointer<UnsafeMutableRawPointer>
  }

  let instances: [PlanInstance]
  let phaseCount: Int
  private let schedule: Schedule
  @exclusivity(unchecked) private var meetings: [Meeting] = []
  /// Gradients of tensors that do not ask for theirs, or in another type than they are computed in.
  private var spare: [UnsafeMutableRawPointer?]
  /// Points in the type of the parameters, where they are computed in another.
  private var rounded: [UnsafeMutableRawPointer?]
  private let element: ElementType
  private let parameterSlots: [Int]
  /// Which call of the rule the oracle is being asked for.
  private(set) var askedSite = 0

  init(_ instances: [PlanInstance], rounds: [Int], team: Team, element: ElementType) {
    self.instances = instances
    self.element = element
    rounded = instances.map { _ in nil }
    schedule = Schedule(instances, team)
    phaseCount = instances.map(\.program.plan.phaseCount).max() ?? 1
    spare = instances.map { _ in nil }
    parameterSlots = instances.map { $0.program.plan.slot(.parameter(0)) ?? -1 }
    var found: [[Int]: Int] = [:]
    for (k, instance) in instances.enumerated() {
      for (position, step) in instance.program.plan.steps.enumerated() {
        guard step.kind == .contribute || step.kind == .oraclePoint else { continue }
        let key = [Int(step.operation.rawValue), step.m]
        let index = found[key] ?? meetings.count
        if found[key] == nil {
          found[key] = index
          meetings.append(
            Meeting(
              operation: step.operation, isOracle: step.kind == .oraclePoint,
              site: step.m, round: rounds[step.m], parts: [],
              points: .allocate(capacity: instances.count),
              gradients: .allocate(capacity: instances.count)))
        }
        meetings[index].parts.append(Part(instance: k, step: position))
      }
    }
    meetings.sort { $0.round < $1.round }
    for (k, instance) in instances.enumerated() where asksOracle {
      let plan = instance.program.plan
      guard let slot = plan.slots.first(where: { $0.role == .parameter(0) }) else { continue }
      if meetings.contains(where: { $0.operation == .gradientAt }) {
        spare[k] = .allocate(byteCount: max(slot.byteCount, 1), alignment: 64)
      }
      if element != element.compute {
        rounded[k] = .allocate(byteCount: max(slot.byteCount, 1), alignment: 64)
      }
    }
  }

  deinit {
    for meeting in meetings {
      meeting.points.deallocate()
      meeting.gradients.deallocate()
    }
    for pointer in spare + rounded { pointer?.deallocate() }
  }

  /// Whether some variant evaluates the objective at another point.
  var asksOracle: Bool { meetings.contains { $0.isOracle } }

  /// Runs all phases, or the first alone if `goesOn` then says no; returns what it said.
  @discardableResult
  func run(
    _ oracle: PointOracle?, goesOn: (() -> Bool)? = nil
  ) throws(DiagnosticError) -> Bool {
    for phase in 0..<phaseCount {
      try schedule.run(phase: phase)
      if phase == 0, let goesOn, !goesOn() { return false }
      for m in 0..<meetings.count where meetings[m].round == phase {
        if meetings[m].isOracle {
          try ask(meetings[m], oracle)
        } else {
          fold(meetings[m])
        }
      }
    }
    return true
  }

  private func isWanted(_ part: Part) -> Bool {
    let instance = instances[part.instance]
    let register = instance.program.steps[part.step].guardRegister
    return register < 0 || instance.scalars[Int(register)] != 0
  }

  private func fold(_ meeting: Meeting) {
    var result: Double =
      switch meeting.operation {
      case .globalSum: 0
      case .globalMaximum: -.infinity
      default: .infinity
      }
    for p in 0..<meeting.parts.count where isWanted(meeting.parts[p]) {
      let part = meeting.parts[p]
      let instance = instances[part.instance]
      let x = instance.scalars[Int(instance.program.steps[part.step].scalarA)]
      switch meeting.operation {
      case .globalSum: result += x
      // A NaN stays a NaN, as in `Folding`.
      case .globalMaximum: result = result.isNaN || x.isNaN ? .nan : max(result, x)
      default: result = result.isNaN || x.isNaN ? .nan : min(result, x)
      }
    }
    for p in 0..<meeting.parts.count {
      let part = meeting.parts[p]
      let instance = instances[part.instance]
      instance.scalars[Int(instance.program.steps[part.step].scalarD)] = result
    }
  }

  private func count(_ instance: Int) -> Int {
    parameterSlots[instance] < 0
      ? 0 : instances[instance].program.plan.slots[parameterSlots[instance]].count
  }

  /// A point in the type of the parameters.
  private func point(_ instance: Int, _ computed: UnsafeMutableRawPointer) -> UnsafeRawPointer {
    guard let room = rounded[instance] else { return UnsafeRawPointer(computed) }
    for i in 0..<count(instance) { element.write(element.compute.read(computed, i), to: room, i) }
    return UnsafeRawPointer(room)
  }

  private func ask(_ meeting: Meeting, _ oracle: PointOracle?) throws(DiagnosticError) {
    var anyWanted = false
    for p in 0..<meeting.parts.count where isWanted(meeting.parts[p]) { anyWanted = true }
    if !anyWanted { return }
    guard let oracle else {
      let part = meeting.parts[0]
      let instance = instances[part.instance]
      throw instance.failure(.noOracle, instance.program.steps[part.step])
    }
    let wantsGradient = meeting.operation == .gradientAt
    for k in 0..<instances.count {
      if parameterSlots[k] >= 0, let pointer = instances[k].slots[parameterSlots[k]] {
        meeting.points[k] = UnsafeRawPointer(pointer)
      }
      if let pointer = spare[k] { meeting.gradients[k] = pointer }
    }
    for p in 0..<meeting.parts.count {
      let part = meeting.parts[p]
      let instance = instances[part.instance]
      let step = instance.program.steps[part.step]
      if isWanted(part) {
        meeting.points[part.instance] = point(part.instance, instance.pointer(step.a))
      }
      if wantsGradient, rounded[part.instance] == nil {
        meeting.gradients[part.instance] = instance.pointer(step.d)
      }
    }
    askedSite = meeting.site
    let loss = try oracle(
      UnsafePointer(meeting.points), wantsGradient ? UnsafePointer(meeting.gradients) : nil)
    if wantsGradient {
      for part in meeting.parts where rounded[part.instance] != nil {
        let instance = instances[part.instance]
        let to = instance.pointer(instance.program.steps[part.step].d)
        for i in 0..<count(part.instance) {
          element.compute.write(element.read(spare[part.instance]!, i), to: to, i)
        }
      }
      return
    }
    for p in 0..<meeting.parts.count {
      let part = meeting.parts[p]
      let instance = instances[part.instance]
      instance.scalars[Int(instance.program.steps[part.step].scalarD)] = loss
    }
  }
}
