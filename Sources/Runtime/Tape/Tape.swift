import CKernels
import IR

/// A plan with its addresses filled in, one operation after the other: what small tensors run by, where
/// to look up a slot and to cut a pass into chunks costs more than the pass.
///
/// It gives the bits of the plan instance that it was made from, whose memory and numbers it uses. It
/// is good as long as the slots stay where they are.
final class Tape {
  /// All that a run reads, as addresses: who holds the tape counts no references in a step.
  struct Track {
    fileprivate let element: Int32
    fileprivate let operations: UnsafePointer<rv_tape_op>
    /// For each step of the plan, and their end, the first operation of the tape.
    fileprivate let starts: UnsafePointer<Int>
    fileprivate let partials: UnsafeMutablePointer<Double>
    let frame: UnsafeMutablePointer<rv_frame>
    let scalars: UnsafeMutablePointer<Double>

    /// Runs the first `steps` steps of the plan; false where one of them has no answer.
    @inline(__always)
    func run(steps: Int) -> Bool {
      rv_run_tape(element, operations, Int64(starts[steps]), frame, partials) < 0
    }
  }

  /// Good as long as the tape is.
  let track: Track
  private let operations: UnsafeMutablePointer<rv_tape_op>
  private let starts: UnsafeMutablePointer<Int>
  private let instance: PlanInstance
  private let room: UnsafeMutableRawPointer

  /// Passes over more elements than this stay in chunks.
  static let longestPass = 8_192

  /// Nil where a step needs more than addresses: loops, decompositions, the other tensors.
  init?(_ instance: PlanInstance) {
    let plan = instance.program.plan
    room = .allocate(byteCount: max(TapeWriter.roomBytes(plan), 64), alignment: 64)
    var writer = TapeWriter(instance, room: room)
    guard writer.write() else {
      room.deallocate()
      return nil
    }
    self.instance = instance
    starts = .allocate(capacity: writer.starts.count)
    starts.initialize(from: writer.starts, count: writer.starts.count)
    operations = .allocate(capacity: max(writer.operations.count, 1))
    operations.initialize(from: writer.operations, count: writer.operations.count)
    track = Track(
      element: plan.element.kernelElement, operations: operations, starts: starts,
      partials: instance.partials, frame: instance.frame, scalars: instance.scalars)
  }

  deinit {
    operations.deallocate()
    starts.deallocate()
    room.deallocate()
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

  /// Folds add up a chunk at a time: over several chunks at once they would round otherwise than the plan does.
  private static func isWhole(_ segment: PlanSegment) -> Bool {
    let folds =
      !segment.initials.isEmpty
      || segment.places.contains { $0.kind == Int32(RV_REDUCE_ROWS.rawValue) }
    return segment.blockCount == 1
      && segment.count <= (folds ? segment.chunk : Tape.longestPass)
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
      guard s.isSmall, s.count == 1 else { return false }
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
    case .loop, .contribute, .query, .decomposition, .unfold, .fold: return false
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
    // What is skipped is counted in operations, so none may go.
    let isStraight = !segment.instructions.contains { $0.kind == UInt16(RV_UNLESS.rawValue) }
    let carried = segment.columns.filter { !isStraight || directSum(of: $0, segment) == nil }
    for initial in segment.initials {
      append(RV_TAPE_FILL) { operation, writer in
        operation.d = UnsafeMutableRawPointer(mutating: writer.number(initial.scalar))
        (operation.n, operation.value) = (1, initial.value)
      }
    }
    for columns in carried {
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
    let body = operations.count
    for (position, instruction) in segment.instructions.enumerated() {
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
      if isStraight {
        joinRow(from: body)
        joinLimit(from: body, position, segment)
      }
    }
    for columns in segment.columns where isStraight && directSum(of: columns, segment) != nil {
      sumColumns(columns, sums)
    }
    for columns in carried {
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

  // MARK: Joining

  /// The one instruction that sums these columns; nil where there are several or another fold.
  private func directSum(of columns: rv_columns, _ segment: PlanSegment) -> Int? {
    guard columns.fold == Int32(RV_FOLD_SUM.rawValue) else { return nil }
    let writers = segment.instructions.indices.filter { k in
      let instruction = segment.instructions[k]
      let to = segment.operands[Int(instruction.d)]
      return instruction.kind != UInt16(RV_UNLESS.rawValue)
        && to.kind == Int32(RV_SUMS.rawValue) && to.offset == 8 * columns.first
    }
    guard writers.count == 1, segment.instructions[writers[0]].kind == UInt16(RV_AT.rawValue) else {
      return nil
    }
    let place = segment.places[Int(segment.instructions[writers[0]].place)]
    return place.kind == Int32(RV_REDUCE_COLUMNS.rawValue)
      && place.extent.0 * place.extent.1 == segment.count && place.extent.1 == columns.count
      ? writers[0] : nil
  }

  /// Lets the operation that sums these columns write where the sums go.
  private mutating func sumColumns(_ columns: rv_columns, _ sums: UnsafeMutableRawPointer) {
    let to = sums + 8 * Int(columns.first)
    guard
      let k = operations.lastIndex(where: {
        $0.kind == UInt16(RV_TAPE_PLACE.rawValue) && $0.d == to
      }), let place = operations[k].place?.pointee
    else { return }
    operations[k].kind = UInt16(RV_TAPE_COLUMN_SUMS.rawValue)
    operations[k].d = self.place(SlotAddress(slot: columns.slot, offset: Int(columns.offset)))
    (operations[k].m, operations[k].n) = (place.extent.0, place.extent.1)
  }

  private func isKernel(_ operation: rv_tape_op, _ op: rv_op, scalars: UInt32) -> Bool {
    guard operation.kind == UInt16(RV_TAPE_KERNEL.rawValue),
      let kernel = rv_find_kernel(plan.element.kernelElement, Int32(op.rawValue), scalars)
    else { return false }
    return unsafeBitCast(operation.kernel, to: Int.self) == unsafeBitCast(kernel, to: Int.self)
  }

  /// Where the last operation adds a row to every row and the one before it only laid that row out, one
  /// does both.
  private mutating func joinRow(from body: Int) {
    guard operations.count >= body + 2 else { return }
    let (load, sum) = (operations[operations.count - 2], operations[operations.count - 1])
    guard load.kind == UInt16(RV_TAPE_PLACE.rawValue), isKernel(sum, RV_ADD, scalars: 0),
      let place = load.place?.pointee, place.kind == Int32(RV_PLACE_STRIDED.rawValue),
      place.axes == 2, place.stride.0 == 0, place.stride.1 == 1,
      place.extent.0 * place.extent.1 == load.n, let row = load.d, sum.d == row, sum.a != sum.b
    else { return }
    let laid = UnsafeRawPointer(row)
    guard let other = sum.a == laid ? sum.b : sum.b == laid ? sum.a : nil else { return }
    var joined = rv_tape_op()
    joined.kind = UInt16(RV_TAPE_ADD_ROW.rawValue)
    (joined.d, joined.a, joined.b) = (row, other, load.a)
    (joined.m, joined.n) = (place.extent.0, place.extent.1)
    operations.removeLast(2)
    operations.append(joined)
  }

  /// Where the last operation only keeps such a sum from falling below a number, and nothing else reads
  /// the sum, one does both.
  private mutating func joinLimit(from body: Int, _ position: Int, _ segment: PlanSegment) {
    guard operations.count >= body + 2 else { return }
    var sum = operations[operations.count - 2]
    let limit = operations[operations.count - 1]
    guard sum.kind == UInt16(RV_TAPE_ADD_ROW.rawValue), sum.flags == 0,
      isKernel(limit, RV_MAXIMUM, scalars: 2), let row = sum.d, limit.a == UnsafeRawPointer(row)
    else { return }
    let operand = segment.instructions[position].a
    for later in segment.instructions[(position + 1)...] {
      if [later.a, later.b, later.c, later.e].contains(operand) { return }
      if later.d == operand { break }
    }
    sum.flags = 1
    sum.c = limit.b
    sum.d = limit.d
    operations.removeLast(2)
    operations.append(sum)
  }
}
