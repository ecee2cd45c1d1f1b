import CKernels
import Diagnostics
import IR

/// How the tensors of an optimizer share its threads, within one phase. Decided once, from the plans:
///
/// - Where all of it is little work, one thread does it.
/// - Tensors whose steps are passes go pass by pass, all of them together: the blocks of all their
///   next passes are one job.
/// - Others (matrix work) run as wholes: a large one alone, its products and passes cut for all
///   threads; the rest side by side, each on one thread.
final class Schedule {
  private let instances: [PlanInstance]
  private let team: Team
  /// One a thread; the first is the one that the instances were made with.
  private var memories: [PlanMemory]
  @exclusivity(unchecked) private var together: [Int] = []
  @exclusivity(unchecked) private var alone: [Int] = []
  @exclusivity(unchecked) private var sideBySide: [Int] = []
  private let positions: UnsafeMutablePointer<Int>
  private let tasks: UnsafeMutablePointer<rv_task>
  private let failures: UnsafeMutablePointer<DiagnosticError?>
  /// Whether there is work enough for more than one thread.
  @exclusivity(unchecked) private var isShared = false
  private var phase = 0

  /// Temporaries of a tensor that may be kept while the other tensors run.
  static let keepableBytes = 128 * 1024

  /// Before the instances are bound: it says where their temporaries lie.
  init(_ instances: [PlanInstance], _ team: Team) {
    self.instances = instances
    self.team = team
    memories = instances.first.map { [$0.memory] } ?? []
    positions = .allocate(capacity: max(instances.count, 1))
    positions.initialize(repeating: 0, count: max(instances.count, 1))
    tasks = .allocate(capacity: max(instances.count, 1))
    tasks.initialize(repeating: rv_task(), count: max(instances.count, 1))
    failures = .allocate(capacity: max(instances.count, 1))
    failures.initialize(repeating: nil, count: max(instances.count, 1))
    divide()
  }

  deinit {
    positions.deallocate()
    tasks.deallocate()
    failures.deinitialize(count: max(instances.count, 1))
    failures.deallocate()
  }

  private func divide() {
    let work = instances.map { $0.program.plan.work }
    guard team.threads > 1, work.reduce(0, +) >= Double(team.pointer.pointee.worth) else {
      sideBySide = Array(instances.indices)
      return
    }
    isShared = true
    var heavy: [Int] = []
    for (k, instance) in instances.enumerated() {
      let plan = instance.program.plan
      if plan.isPasses, plan.arenaBytes <= Self.keepableBytes {
        instance.keepTemporaries()
        together.append(k)
      } else {
        heavy.append(k)
      }
    }
    heavy.sort { (work[$0], $1) > (work[$1], $0) }
    var rest = heavy.reduce(0) { $0 + work[$1] }
    // One thread with the largest of them would keep the others waiting.
    while let k = heavy.first, work[k] * Double(team.threads) > rest {
      alone.append(k)
      instances[k].team = team.pointer
      rest -= work[k]
      heavy.removeFirst()
    }
    sideBySide = heavy
    if heavy.count < 2 { return }
    while memories.count < team.threads {
      let memory = PlanMemory()
      for k in heavy { memory.reserve(instances[k].program.plan) }
      memories.append(memory)
    }
  }

  func run(phase: Int) throws(DiagnosticError) {
    if !together.isEmpty { runTogether(phase) }
    for i in 0..<alone.count {
      instances[alone[i]].use(memories[0])
      try instances[alone[i]].run(phase: phase)
    }
    if isShared, sideBySide.count > 1 {
      try runSideBySide(phase)
    } else {
      for i in 0..<sideBySide.count { try instances[sideBySide[i]].run(phase: phase) }
    }
  }

  private func runTogether(_ phase: Int) {
    for i in 0..<together.count {
      positions[together[i]] = instances[together[i]].start(of: phase)
    }
    while true {
      var count = 0
      for i in 0..<together.count {
        let k = together[i]
        let instance = instances[k]
        let end = instance.start(of: phase + 1)
        guard let pass = instance.nextPass(&positions[k], end) else { continue }
        tasks[count].segment = UnsafePointer(pass)
        tasks[count].frame = UnsafePointer(instance.frame)
        tasks[count].partials = instance.partials
        count += 1
      }
      if count == 0 { return }
      rv_run_tasks(tasks, Int64(count), team.pointer)
    }
  }

  private func runSideBySide(_ phase: Int) throws(DiagnosticError) {
    self.phase = phase
    let isDone = rv_pool_run(
      Int32(team.threads), Int64(sideBySide.count),
      { context, item, participant in
        let schedule = Unmanaged<Schedule>.fromOpaque(context!).takeUnretainedValue()
        schedule.runWhole(Int(item), by: Int(participant))
      }, Unmanaged.passUnretained(self).toOpaque())
    if isDone == 0 {
      for i in 0..<sideBySide.count { runWhole(i, by: 0) }
    }
    // The first tensor's failure, whichever came first.
    for k in 0..<instances.count {
      guard let failure = failures[k] else { continue }
      for other in 0..<instances.count { failures[other] = nil }
      throw failure
    }
  }

  private func runWhole(_ item: Int, by participant: Int) {
    let k = sideBySide[item]
    instances[k].use(memories[participant])
    do throws(DiagnosticError) {
      try instances[k].run(phase: phase)
    } catch { failures[k] = error }
  }
}

extension Plan {
  /// Elements times instructions, or what takes as long. A loop whose turns only a step knows counts eight.
  var work: Double {
    steps.reduce(0) { sum, step in
      switch step.work {
      case .segment(let k):
        return sum + Double(segments[k].count) * Double(segments[k].instructions.count)
      case .loop(let k): return sum + (loops[k].turns ?? 8) * loops[k].body.work
      default: return sum + step.work.cost
      }
    }
  }

  /// Whether all its steps are numbers and passes.
  var isPasses: Bool {
    steps.allSatisfy {
      switch $0.work {
      case .scalars, .segment, .contribute, .query: true
      default: false
      }
    }
  }
}
