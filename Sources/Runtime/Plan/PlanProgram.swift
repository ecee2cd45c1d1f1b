import CKernels
import Diagnostics
import IR

/// A plan in memory that neither moves nor changes: what the kernels read. Shared by all that run it.
final class PlanProgram: @unchecked Sendable {
  let plan: Plan
  let steps: UnsafeMutablePointer<PlanStep>
  let stepCount: Int
  let uniformCount: Int
  let registerCount: Int
  let witness: Int
  let segments: UnsafePointer<rv_segment>
  let scalars: UnsafeMutablePointer<rv_scalar>
  let scalarPlaces: UnsafeMutablePointer<rv_place>
  let stepPlaces: UnsafeMutablePointer<rv_place>
  /// The bodies of loops.
  let bodies: [PlanProgram]
  private let owned: [UnsafeMutableRawPointer]

  /// This program and those of its loops, and theirs.
  var withBodies: [PlanProgram] { [self] + bodies.flatMap(\.withBodies) }

  init(_ plan: Plan) {
    self.plan = plan
    stepCount = plan.steps.count
    uniformCount = plan.uniformCount
    registerCount = plan.registerCount
    witness = Int(plan.witness)
    bodies = plan.loops.map { PlanProgram($0.body) }
    var memory: [UnsafeMutableRawPointer] = []
    func keep<T>(_ items: [T]) -> UnsafeMutablePointer<T> {
      let copy = UnsafeMutablePointer<T>.allocate(capacity: max(items.count, 1))
      copy.initialize(from: items, count: items.count)
      memory.append(UnsafeMutableRawPointer(copy))
      return copy
    }
    steps = keep(plan.steps)
    scalars = keep(plan.scalarProgram)
    scalarPlaces = keep(plan.scalarPlaces)
    stepPlaces = keep(plan.stepPlaces)
    let passes = plan.segments.map { segment in
      rv_segment(
        count: Int64(segment.count), block: Int64(segment.block),
        blockCount: Int64(segment.blockCount), partialCount: Int64(segment.partialCount),
        chunk: Int32(segment.chunk),
        element: plan.element.kernelElement, operandCount: Int32(segment.operands.count),
        instructionCount: Int32(segment.instructions.count),
        initialCount: Int32(segment.initials.count),
        columnsCount: Int32(segment.columns.count), guard: segment.predicateRegister,
        operands: UnsafePointer(keep(segment.operands)),
        instructions: UnsafePointer(keep(segment.instructions)),
        initials: UnsafePointer(keep(segment.initials)),
        columns: UnsafePointer(keep(segment.columns)),
        places: UnsafePointer(keep(segment.places)), compiled: nil)
    }
    segments = UnsafePointer(keep(passes))
    owned = memory
  }

  deinit { for pointer in owned { pointer.deallocate() } }
}

/// Temporaries that plans use one after the other, on one thread.
final class PlanMemory {
  private(set) var arena = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
  private(set) var scratch = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
  private(set) var cursors = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
    capacity: 1)
  private(set) var byteCount = 128
  private var sizes = (arena: 64, scratch: 64, cursors: 1)
  let workspace32 = LinearAlgebraWorkspace<Float>()
  let workspace64 = LinearAlgebraWorkspace<Double>()
  /// What the bodies of loops use.
  private(set) lazy var bodies = PlanMemory()

  init() {}

  /// Reserves what a plan needs. Instances read the addresses after all plans have reserved.
  func reserve(_ plan: Plan) {
    for loop in plan.loops { bodies.reserve(loop.body) }
    if plan.arenaBytes > sizes.arena {
      arena.deallocate()
      sizes.arena = plan.arenaBytes
      arena = .allocate(byteCount: sizes.arena, alignment: 64)
    }
    if plan.scratchBytes > sizes.scratch {
      scratch.deallocate()
      sizes.scratch = plan.scratchBytes
      scratch = .allocate(byteCount: sizes.scratch, alignment: 64)
    }
    if plan.cursorCount > sizes.cursors {
      cursors.deallocate()
      sizes.cursors = plan.cursorCount
      cursors = .allocate(capacity: sizes.cursors)
    }
    byteCount = sizes.arena + sizes.scratch + 8 * sizes.cursors
    for step in plan.steps {
      guard case .decomposition(let s) = step.work else { continue }
      let (m, n) = (s.rows, s.columns)
      switch s.kind {
      case .solve(_, let columns, _):
        reserve(plan.element, .solve(n: m, columns: columns), .solve(n: m, columns: columns))
      case .cholesky: break
      case .qr: reserve(plan.element, .qr(m: m, n: n), .qr(m: m, n: n))
      case .eigh: reserve(plan.element, .eigh(n: m), .eigh(n: m))
      case .svd: reserve(plan.element, .svd(m: m, n: n), .svd(m: m, n: n))
      }
    }
  }

  private func reserve(
    _ element: ElementType, _ need32: LinearAlgebraWorkspace<Float>.Need,
    _ need64: LinearAlgebraWorkspace<Double>.Need
  ) {
    if element == .float32 { workspace32.reserve(need32) } else { workspace64.reserve(need64) }
  }

  deinit {
    arena.deallocate()
    scratch.deallocate()
    cursors.deallocate()
  }
}
