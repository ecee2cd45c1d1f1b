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
    frame = .allocate(capacity: 1)
    frame.initialize(to: rv_frame())
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

  /// Takes the shared memory's addresses, once all plans have reserved their room.
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
      let guardRegister = step.pointee.guardRegister
      if guardRegister >= 0, scalars[Int(guardRegister)] == 0 { continue }
      switch step.pointee.kind {
      case .scalars:
        rv_run_scalars(
          program.scalars + step.pointee.m, step.pointee.n - step.pointee.m, program.scalarPlaces,
          frame)
      case .segment:
        rv_run_segment(program.segments + step.pointee.m, frame, partials, team)
      case .matrixProduct: product(step)
      case .contribute, .oraclePoint: break
      case .loop: try loop(step.pointee.m, step)
      default: try whole(step)
      }
    }
  }

  /// The position of the first step of a phase; of the phase after the last, the number of steps.
  func start(of phase: Int) -> Int { program.plan.phaseStarts[phase] }

  /// Runs the numbers of a phase of passes from `position` on, up to the next pass that is wanted;
  /// returns it, or nil at the end. The pass is for the caller to run.
  func nextPass(_ position: inout Int, _ end: Int) -> UnsafeMutablePointer<rv_segment>? {
    let steps = program.steps
    while position < end {
      let step = steps + position
      position += 1
      let guardRegister = step.pointee.guardRegister
      if guardRegister >= 0, scalars[Int(guardRegister)] == 0 { continue }
      if step.pointee.kind == .scalars {
        rv_run_scalars(
          program.scalars + step.pointee.m, step.pointee.n - step.pointee.m, program.scalarPlaces,
          frame)
      } else if step.pointee.kind == .segment {
        return program.segments + step.pointee.m
      }
    }
    return nil
  }

  private var element: Int32 { program.plan.element.kernelElement }

  private func product(_ step: UnsafeMutablePointer<PlanStep>) {
    let s = step.pointee
    if s.m == 0 || s.n == 0 { return }
    let (a, b, d) = (pointer(s.a), pointer(s.b), pointer(s.d))
    if s.k <= RV_SMALL_DEPTH, s.m * s.n * s.k <= 128 * 128 * 128 {
      rv_small_product(
        element, s.transposesA ? 1 : 0, s.transposesB ? 1 : 0, Int64(s.m), Int64(s.n), Int64(s.k),
        a, Int64(s.leadingA), b, Int64(s.leadingB), d)
      return
    }
    MatrixLibrary.load()
    rv_product(
      Int32(team?.pointee.threads ?? 1), element, s.transposesA ? 1 : 0, s.transposesB ? 1 : 0,
      Int32(s.m),
      Int32(s.n), Int32(s.k), a, Int32(s.leadingA), b, Int32(s.leadingB), d, Int32(s.n))
  }

  private func whole(_ step: UnsafeMutablePointer<PlanStep>) throws(DiagnosticError) {
    let s = step.pointee
    let (m, n, k) = (Int64(s.m), Int64(s.n), Int64(s.k))
    switch s.kind {
    case .softmax: rv_softmax(element, pointer(s.a), pointer(s.d), m, n)
    case .logSoftmax: rv_log_softmax(element, pointer(s.a), pointer(s.d), m, n)
    case .diagonal: rv_diagonal(element, pointer(s.a), pointer(s.d), n)
    case .placeSlice:
      rv_place_slice(
        element, pointer(s.a), pointer(s.d), m, n, k, program.stepPlaces + Int(s.place))
    case .gather:
      try index(
        s, s.b, limit: s.k,
        rv_gather(
          element, pointer(s.a), k, pointer(s.b), Int64(s.leadingA), pointer(s.d), m, n))
    case .scatterAdd:
      try index(
        s, s.a, limit: s.k,
        rv_scatter_add(
          element, pointer(s.a), Int64(s.leadingA), pointer(s.b), pointer(s.d), m, k, n))
    case .takeAlong:
      try index(
        s, s.b, limit: s.n,
        rv_take_along(element, pointer(s.a), pointer(s.b), Int64(s.leadingA), pointer(s.d), m, n))
    case .placeAlong:
      try index(
        s, s.b, limit: s.n,
        rv_place_along(element, pointer(s.a), pointer(s.b), Int64(s.leadingA), pointer(s.d), m, n))
    case .sort, .argSort:
      rv_sort(
        element, pointer(s.a), pointer(s.d), n, s.kind == .argSort ? 1 : 0,
        pointer(s.e).assumingMemoryBound(to: Int64.self))
    case .topKMask:
      let share = scalars[Int(s.scalarA)]
      guard share > 0, share <= 1 else { throw failure(.share(share), s) }
      rv_top_k_mask(
        element, pointer(s.a), pointer(s.d), n, share,
        pointer(s.e).assumingMemoryBound(to: Int64.self))
    case .quantile:
      scalars[Int(s.scalarD)] = rv_quantile(
        element, pointer(s.a), n, scalars[Int(s.scalarA)],
        pointer(s.e).assumingMemoryBound(to: Int64.self))
    case .argExtreme: argExtreme(s)
    default:
      do throws(LinearAlgebraError) {
        if program.plan.element == .float32 {
          try decompose(s, memory.workspace32)
        } else {
          try decompose(s, memory.workspace64)
        }
      } catch { throw failure(.linearAlgebra(error), s) }
    }
  }

  private func argExtreme(_ s: PlanStep) {
    let largest: Int32 = s.operation == .argMaximum ? 1 : 0
    let width = program.plan.element.byteCount
    for run in 0..<s.m {
      let from = pointer(s.a) + run * (s.transposesA ? 1 : s.n) * width
      let x = rv_arg_extreme(element, from, Int64(s.n), Int64(s.k), largest)
      if s.scalarD >= 0 {
        scalars[Int(s.scalarD)] = x
      } else {
        rv_set_number(element, pointer(s.d), Int64(run), x)
      }
    }
  }

  private func decompose<T: LinearAlgebraScalar>(
    _ s: PlanStep, _ workspace: LinearAlgebraWorkspace<T>
  ) throws(LinearAlgebraError) {
    let a = UnsafePointer(pointer(s.a).assumingMemoryBound(to: T.self))
    let d = pointer(s.d).assumingMemoryBound(to: T.self)
    switch s.kind {
    case .solve:
      let b = UnsafePointer(pointer(s.b).assumingMemoryBound(to: T.self))
      try LinearAlgebra<T>.solve(a, b, n: s.m, columns: s.k, into: d, workspace)
    case .cholesky: try LinearAlgebra<T>.cholesky(a, n: s.m, into: d)
    case .qr:
      let r = pointer(s.e).assumingMemoryBound(to: T.self)
      try LinearAlgebra<T>.qr(a, m: s.m, n: s.n, q: d, r: r, workspace)
    case .eigh:
      let vectors = pointer(s.e).assumingMemoryBound(to: T.self)
      try LinearAlgebra<T>.eigh(a, n: s.m, values: d, vectors: vectors, workspace)
    default:
      let values = pointer(s.e).assumingMemoryBound(to: T.self)
      let v = pointer(s.h).assumingMemoryBound(to: T.self)
      try LinearAlgebra<T>.svd(
        a, m: s.m, n: s.n, u: d, values: values, v: v,
        keepsSigns: s.k == SingularSigns.lapack.rawValue, workspace)
    }
  }

  private func index(
    _ s: PlanStep, _ indices: SlotAddress, limit: Int, _ wrong: Int64
  ) throws(DiagnosticError) {
    if wrong < 0 { return }
    throw failure(.index(rv_number_at(element, pointer(indices), wrong), count: limit), s)
  }

  func failure(_ error: NumericError, _ s: PlanStep) -> DiagnosticError {
    hasFailed = true
    return DiagnosticError(error.diagnostic(s.operation, at: s.origin), cause: error)
  }
}
