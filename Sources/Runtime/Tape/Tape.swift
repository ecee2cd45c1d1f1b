import CKernels
import IR

/// A plan with its addresses filled in, one operation after the other: what small tensors run by, where
/// to look up a slot and to cut a pass into chunks costs more than the pass.
///
/// It gives the bits of the plan instance that it was made from, whose memory and numbers it uses. It
/// is good as long as the slots stay where they are.
final class Tape {
  let operations: UnsafeMutablePointer<rv_tape_op>
  let count: Int
  /// For each step of the plan, and their end, the first operation of the tape.
  private let starts: [Int]
  private let instance: PlanInstance
  private let element: Int32
  private let room: UnsafeMutableRawPointer

  /// Passes over more elements than this stay in chunks.
  static let longestPass = 8_192

  /// Nil where a step needs more than addresses: loops, decompositions, the other tensors.
  init?(_ instance: PlanInstance) {
    let plan = instance.program.plan
    element = plan.element.kernelElement
    room = .allocate(byteCount: max(TapeWriter.roomBytes(plan), 64), alignment: 64)
    var writer = TapeWriter(instance, room: room)
    guard writer.write() else {
      room.deallocate()
      return nil
    }
    self.instance = instance
    starts = writer.starts
    count = writer.operations.count
    operations = .allocate(capacity: max(count, 1))
    operations.initialize(from: writer.operations, count: count)
  }

  deinit {
    operations.deallocate()
    room.deallocate()
  }

  /// Runs the first `steps` steps of the plan; false where one of them has no answer.
  func run(steps: Int) -> Bool {
    rv_run_tape(element, operations, Int64(starts[steps]), instance.frame, instance.partials) < 0
  }
}

/// Turns the steps of a plan into operations of a tape.
private struct TapeWriter {
  private let instance: PlanInstance
  private let plan: Plan
  private let width: Int
  /// The chunks of a pass, then the accumulators of its columns.
  private let room: UnsafeMutableRawPointer
  private(set) var operations: [rv_tape_op] = []
  private(set) var starts: [Int] = []

  init(_ instance: PlanInstance, room: UnsafeMutableRawPointer) {
    self.instance = instance
    self.room = room
    plan = instance.program.plan
    width = plan.element.byteCount
  }

  private static func chunkBytes(_ segment: PlanSegment, _ width: Int) -> Int {
    (segment.count * width + 63) / 64 * 64
  }

  private static func isWhole(_ segment: PlanSegment) -> Bool {
    segment.count <= Tape.longestPass && segment.blockCount == 1
  }

  static func roomBytes(_ plan: Plan) -> Int {
    plan.segments.lazy.filter(isWhole).map { segment in
      segment.scratchCount * chunkBytes(segment, plan.element.byteCount)
        + 8 * segment.columns.reduce(0) { $0 + Int($1.count) }
    }.max() ?? 0
  }

  /// False where a step cannot be written.
  mutating func write() -> Bool {
    guard plan.phaseCount == 1 else { return false }
    for step in plan.steps {
      starts.append(operations.count)
      let first = operations.count
      if step.predicateRegister >= 0 {
        append(RV_TAPE_UNLESS) { $0.a = $1.number(step.predicateRegister) }
      }
      guard write(step) else { return false }
      if step.predicateRegister >= 0 {
        operations[first].skip = Int32(operations.count - first - 1)
      }
    }
    starts.append(operations.count)
    return true
  }

  // MARK: Addresses

  private func number(_ register: Int32) -> UnsafeRawPointer {
    UnsafeRawPointer(instance.scalars + Int(register))
  }

  private func place(_ address: SlotAddress) -> UnsafeMutableRawPointer? {
    instance.slots[Int(address.slot)].map { $0 + address.offset }
  }

  private mutating func append(
    _ kind: rv_tape_kind, _ fill: (inout rv_tape_op, TapeWriter) -> Void
  ) {
    var operation = rv_tape_op()
    operation.kind = UInt16(kind.rawValue)
    fill(&operation, self)
    operations.append(operation)
  }

  // MARK: Steps

  private mutating func write(_ step: PlanStep) -> Bool {
    switch step.work {
    case .scalars(let range):
      append(RV_TAPE_SCALARS) { operation, writer in
        let program = writer.instance.program
        operation.scalars = UnsafePointer(program.scalars + range.lowerBound)
        operation.n = Int64(range.count)
        operation.a = UnsafeRawPointer(program.scalarPlaces)
      }
      return true
    case .segment(let k): return write(pass: k)
    case .product(let s):
      guard s.isSmall else { return false }
      if s.rows == 0 || s.columns == 0 { return true }
      append(RV_TAPE_PRODUCT) { operation, writer in
        operation.flags = (s.a.isTransposed ? 1 : 0) | (s.b.isTransposed ? 2 : 0)
        operation.d = writer.place(s.result)
        operation.a = UnsafeRawPointer(writer.place(s.a.address))
        operation.b = UnsafeRawPointer(writer.place(s.b.address))
        (operation.m, operation.n) = (Int64(s.rows), Int64(s.columns))
        operation.k = Int64(s.depth)
        (operation.lda, operation.ldb) = (Int32(s.a.leading), Int32(s.b.leading))
      }
      return true
    case .softmax(let s, let isLogarithm):
      append(RV_TAPE_SOFTMAX) { operation, writer in
        writer.move(&operation, from: s.source, to: s.result)
        operation.flags = isLogarithm ? 1 : 0
        (operation.m, operation.n) = (Int64(s.rows), Int64(s.columns))
      }
    case .diagonal(let source, let result, let count):
      append(RV_TAPE_DIAGONAL) { operation, writer in
        writer.move(&operation, from: source, to: result)
        operation.n = Int64(count)
      }
    case .placeSlice(let s):
      append(RV_TAPE_PLACE_SLICE) { operation, writer in
        writer.move(&operation, from: s.source, to: s.result)
        (operation.m, operation.n) = (Int64(s.sourceCount), Int64(s.resultCount))
        operation.k = Int64(s.offset)
        operation.place = UnsafePointer(writer.instance.program.stepPlaces + s.place)
      }
    case .gather(let s): indexed(RV_TAPE_GATHER, s)
    case .scatterAdd(let s): indexed(RV_TAPE_SCATTER_ADD, s)
    case .takeAlong(let s): indexed(RV_TAPE_TAKE_ALONG, s)
    case .placeAlong(let s): indexed(RV_TAPE_PLACE_ALONG, s)
    case .sort(let s, let givesIndices):
      select(RV_TAPE_SORT, s, share: nil)
      operations[operations.count - 1].flags = givesIndices ? 1 : 0
    case .topKMask(let s, let share): select(RV_TAPE_TOP_K_MASK, s, share: share)
    case .quantile(let s, let share, let result):
      select(RV_TAPE_QUANTILE, s, share: share)
      operations[operations.count - 1].d = UnsafeMutableRawPointer(mutating: number(result))
    case .argExtreme(let s, let isLargest):
      append(RV_TAPE_ARG_EXTREME) { operation, writer in
        operation.a = UnsafeRawPointer(writer.place(s.source))
        operation.flags = (isLargest ? 1 : 0) | (s.register >= 0 ? 2 : 0)
        operation.d =
          s.register >= 0
          ? UnsafeMutableRawPointer(mutating: writer.number(s.register)) : writer.place(s.result)
        (operation.m, operation.n) = (Int64(s.runs), Int64(s.length))
        (operation.k, operation.limit) = (Int64(s.stride), Int64(s.runStride))
      }
    case .loop, .contribute, .query, .decomposition: return false
    }
    return true
  }

  private func move(_ operation: inout rv_tape_op, from a: SlotAddress, to d: SlotAddress) {
    operation.a = UnsafeRawPointer(place(a))
    operation.d = place(d)
  }

  private mutating func indexed(_ kind: rv_tape_kind, _ s: PlanStep.IndexedMove) {
    append(kind) { operation, writer in
      writer.move(&operation, from: s.source, to: s.result)
      operation.b = UnsafeRawPointer(writer.place(s.indices))
      (operation.m, operation.n) = (Int64(s.rows), Int64(s.columns))
      (operation.k, operation.limit) = (Int64(s.indexCount), Int64(s.limit))
    }
  }

  private mutating func select(_ kind: rv_tape_kind, _ s: PlanStep.Selection, share: Int32?) {
    append(kind) { operation, writer in
      operation.a = UnsafeRawPointer(writer.place(s.source))
      operation.d = s.result.slot < 0 ? nil : writer.place(s.result)
      operation.b = UnsafeRawPointer(writer.place(s.scratch))
      operation.c = share.map { writer.number($0) }
      operation.n = Int64(s.count)
    }
  }

  // MARK: Passes

  private mutating func write(pass k: Int) -> Bool {
    let segment = plan.segments[k]
    // The one who asked for compiled code gets it.
    if instance.segments[k].compiled != nil { return false }
    guard Self.isWhole(segment) else {
      append(RV_TAPE_SEGMENT) { $0.segment = UnsafePointer($1.instance.segments + k) }
      return true
    }
    let first = operations.count
    if segment.predicateRegister >= 0 {
      append(RV_TAPE_UNLESS) { $0.a = $1.number(segment.predicateRegister) }
    }
    let chunk = Self.chunkBytes(segment, width)
    let sums = room + segment.scratchCount * chunk
    for initial in segment.initials {
      append(RV_TAPE_FILL) { operation, writer in
        operation.d = UnsafeMutableRawPointer(mutating: writer.number(initial.scalar))
        (operation.n, operation.value) = (1, initial.value)
      }
    }
    for columns in segment.columns {
      append(RV_TAPE_FILL) { operation, _ in
        operation.d = sums + 8 * Int(columns.first)
        operation.n = columns.count
        operation.value =
          switch rv_fold(UInt32(columns.fold)) {
          case RV_FOLD_SUM: 0
          case RV_FOLD_MAX: -.infinity
          default: .infinity
          }
      }
    }
    let addresses = segment.operands.map { operand -> UnsafeMutableRawPointer? in
      switch rv_operand_kind(UInt32(operand.kind)) {
      case RV_SCRATCH: room + Int(operand.index) * chunk
      case RV_SCALAR: UnsafeMutableRawPointer(instance.scalars + Int(operand.index))
      case RV_SUMS: sums + Int(operand.offset)
      default: instance.slots[Int(operand.index)].map { $0 + Int(operand.offset) }
      }
    }
    for instruction in segment.instructions {
      var operation = rv_tape_op()
      operation.n = Int64(segment.count)
      operation.a = UnsafeRawPointer(addresses[Int(instruction.a)])
      switch rv_instruction_kind(UInt32(instruction.kind)) {
      case RV_UNLESS:
        operation.kind = UInt16(RV_TAPE_UNLESS.rawValue)
        operation.skip = Int32(instruction.skip)
      case RV_AT:
        operation.kind = UInt16(RV_TAPE_PLACE.rawValue)
        operation.d = addresses[Int(instruction.d)]
        operation.place = instance.program.segments[k].places + Int(instruction.place)
      default:
        operation.kind = UInt16(RV_TAPE_KERNEL.rawValue)
        operation.d = addresses[Int(instruction.d)]
        operation.b = UnsafeRawPointer(addresses[Int(instruction.b)])
        operation.c = UnsafeRawPointer(addresses[Int(instruction.c)])
        operation.e = UnsafeRawPointer(addresses[Int(instruction.e)])
        operation.kernel = instruction.kernel
      }
      operations.append(operation)
      joinRow(segment, chunk)
    }
    for columns in segment.columns {
      append(RV_TAPE_NARROW) { operation, writer in
        operation.d = writer.place(
          SlotAddress(slot: columns.slot, offset: Int(columns.offset)))
        operation.a = UnsafeRawPointer(sums + 8 * Int(columns.first))
        operation.n = columns.count
      }
    }
    if segment.predicateRegister >= 0 {
      operations[first].skip = Int32(operations.count - first - 1)
    }
    return true
  }

  /// Where the last operation adds a row to every row and the one before it only laid that row out, one
  /// does both.
  private mutating func joinRow(_ segment: PlanSegment, _ chunk: Int) {
    guard operations.count >= 2 else { return }
    let (load, sum) = (operations[operations.count - 2], operations[operations.count - 1])
    guard load.kind == UInt16(RV_TAPE_PLACE.rawValue), sum.kind == UInt16(RV_TAPE_KERNEL.rawValue),
      let place = load.place?.pointee, place.kind == Int32(RV_PLACE_STRIDED.rawValue),
      place.axes == 2, place.stride.0 == 0, place.stride.1 == 1,
      place.extent.0 * place.extent.1 == load.n, let row = load.d,
      sum.d == row, sum.a != sum.b,
      let added = rv_find_kernel(plan.element.kernelElement, Int32(RV_ADD.rawValue), 0),
      unsafeBitCast(sum.kernel, to: Int.self) == unsafeBitCast(added, to: Int.self)
    else { return }
    let other =
      sum.a == UnsafeRawPointer(row) ? sum.b : sum.b == UnsafeRawPointer(row) ? sum.a : nil
    guard let other else { return }
    var joined = rv_tape_op()
    joined.kind = UInt16(RV_TAPE_ADD_ROW.rawValue)
    (joined.d, joined.a, joined.b) = (row, other, load.a)
    (joined.m, joined.n) = (place.extent.0, place.extent.1)
    operations.removeLast(2)
    operations.append(joined)
  }
}
