import CKernels
import Diagnostics
import IR

/// One tensor (or one objective) running a plan: its slots, its registers, its place in the random
/// counter. Running allocates nothing.
final class PlanInstance {
  let program: PlanProgram
  private(set) var memory: PlanMemory
  let slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let scalars: UnsafeMutablePointer<Double>
  let replays: UnsafeMutablePointer<UnsafePointer<Double>?>
  /// What the blocks of a pass leave to be combined.
  let partials: UnsafeMutablePointer<Double>
  /// The program's passes, with their compiled code once it is there.
  let segments: UnsafeMutablePointer<rv_segment>
  let frame: UnsafeMutablePointer<rv_frame>
  /// The threads that share its steps; nil where it runs on one.
  var team: UnsafeMutablePointer<rv_team>? {
    didSet { for body in bodies { body.team = team } }
  }
  let bodies: [PlanInstance]
  /// Whether a step of it had no answer.
  private(set) var hasFailed = false
  var hasAnyFailed: Bool { hasFailed || bodies.contains(where: \.hasAnyFailed) }
  /// Room for the numbers that a loop carries, while they change places.
  let carriedNumbers: UnsafeMutablePointer<Double>
  private var ownArena: UnsafeMutableRawPointer?

  init(_ program: PlanProgram, memory: PlanMemory) {
    let plan = program.plan
    self.program = program
    self.memory = memory
    slots = .allocate(capacity: max(plan.slots.count, 1))
    slots.initialize(repeating: nil, count: max(plan.slots.count, 1))
    scalars = .allocate(capacity: max(plan.registerCount, 1))
    scalars.initialize(repeating: 0, count: max(plan.registerCount, 1))
    replays = .allocate(capacity: max(plan.drawNames.count, 1))
    replays.initialize(repeating: nil, count: max(plan.drawNames.count, 1))
    partials = .allocate(capacity: max(plan.partialCount, 1))
    segments = .allocate(capacity: max(plan.segments.count, 1))
    segments.initialize(from: program.segments, count: plan.segments.count)
    frame = .allocate(capacity: 1)
    frame.initialize(to: rv_frame())
    frame.pointee.draws = rv_draw_kernels()
    bodies = program.bodies.map { PlanInstance($0, memory: memory.bodies) }
    carriedNumbers = .allocate(capacity: (plan.loops.map(\.carried.count).max() ?? 0) + 1)
    for (register, preset) in plan.presets {
      if case .constant(let x) = preset { scalars[Int(register)] = x }
    }
    // What lives from one phase to the next must not be overwritten by the other tensors.
    if plan.phaseCount > 1 { keepTemporaries() }
  }

  /// Gives the temporaries memory of their own, so that other tensors may run in between.
  func keepTemporaries() {
    let bytes = program.plan.arenaBytes
    if ownArena != nil || bytes == 0 { return }
    ownArena = .allocate(byteCount: bytes, alignment: 64)
  }

  /// Takes the shared memory's addresses, once all plans have reserved it.
  func bind(seed: UInt64, tensor: UInt32) {
    takeAddresses()
    frame.pointee.slots = slots
    frame.pointee.scalars = scalars
    frame.pointee.scalarCount = Int64(program.plan.registerCount)
    frame.pointee.replays = UnsafePointer(replays)
    frame.pointee.seed = seed
    frame.pointee.tensor = tensor
    for body in bodies { body.bind(seed: seed, tensor: tensor) }
  }

  /// This instance and those of its loops, in the order of `PlanProgram.withBodies`.
  var withBodies: [PlanInstance] { [self] + bodies.flatMap(\.withBodies) }

  /// Runs compiled code from now on: one entry a pass, nil where the interpreter stays.
  func adopt(_ functions: inout ArraySlice<SegmentFunction?>) {
    for k in 0..<program.plan.segments.count { segments[k].compiled = functions.removeFirst() }
    for body in bodies { body.adopt(&functions) }
  }

  var compiledCount: Int {
    (0..<program.plan.segments.count).count { segments[$0].compiled != nil }
  }

  /// Runs in this memory from now on: that of the thread which runs it.
  func use(_ memory: PlanMemory) {
    if memory === self.memory { return }
    self.memory = memory
    takeAddresses()
    for body in bodies { body.use(memory.bodies) }
  }

  private func takeAddresses() {
    let arena = ownArena ?? memory.arena
    for k in 0..<program.plan.slots.count where program.plan.slots[k].isTemporary {
      slots[k] = arena + program.plan.slots[k].arenaOffset
    }
    frame.pointee.scratch = memory.scratch.assumingMemoryBound(to: CChar.self)
    frame.pointee.cursors = memory.cursors
  }

  deinit {
    frame.deallocate()
    segments.deallocate()
    slots.deallocate()
    scalars.deallocate()
    replays.deallocate()
    partials.deallocate()
    carriedNumbers.deallocate()
    ownArena?.deallocate()
  }

  func setStep(_ step: Int) { frame.pointee.step = UInt32(truncatingIfNeeded: step) }

  /// Runs the steps of one phase.
  func run(phase: Int) throws(DiagnosticError) {
    let starts = program.plan.phaseStarts
    try run(starts[phase], starts[phase + 1])
  }

  @inline(__always)
  func pointer(_ address: SlotAddress) -> UnsafeMutableRawPointer {
    slots[Int(address.slot)].unsafelyUnwrapped + address.offset
  }

  func run(_ first: Int, _ end: Int) throws(DiagnosticError) {
    let steps = program.steps
    let scalars = self.scalars
    var position = first
    while position < end {
      let step = steps + position
      position += 1
      let predicateRegister = step.pointee.predicateRegister
      if predicateRegister >= 0, scalars[Int(predicateRegister)] == 0 { continue }
      switch step.pointee.work {
      case .scalars(let range):
        rv_run_scalars(
          program.scalars + range.lowerBound, range.count, program.scalarPlaces, frame)
      case .segment(let k): rv_run_segment(segments + k, frame, partials, team)
      case .contribute, .query: break
      case .loop(let k): try loop(k, step)
      default: try whole(step)
      }
    }
  }

  /// The position of the first step of a phase; of the phase after the last, the number of steps.
  func start(of phase: Int) -> Int { program.plan.phaseStarts[phase] }

  /// Runs the numbers of a phase of passes from `position` on, up to the next pass whose predicate holds;
  /// returns it, or nil at the end. The pass is for the caller to run.
  func nextPass(_ position: inout Int, _ end: Int) -> UnsafeMutablePointer<rv_segment>? {
    let steps = program.steps
    while position < end {
      let step = steps + position
      position += 1
      let predicateRegister = step.pointee.predicateRegister
      if predicateRegister >= 0, scalars[Int(predicateRegister)] == 0 { continue }
      switch step.pointee.work {
      case .scalars(let range):
        rv_run_scalars(
          program.scalars + range.lowerBound, range.count, program.scalarPlaces, frame)
      case .segment(let k): return segments + k
      default: break
      }
    }
    return nil
  }

  func failure(_ error: NumericError, _ step: UnsafeMutablePointer<PlanStep>) -> DiagnosticError {
    hasFailed = true
    return DiagnosticError(
      error.diagnostic(step.pointee.operation, at: step.pointee.origin), cause: error)
  }
}
