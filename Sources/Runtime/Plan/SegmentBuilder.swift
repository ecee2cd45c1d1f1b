import CKernels
import IR

/// What an operand of a chunk operation is.
enum ChunkOperand: Hashable {
  case none
  /// A scratch chunk, numbered by definition; the allocation to real ones comes last.
  case value(Int)
  /// Memory that advances with the pass: slot, byte offset, bytes a element.
  case memory(Int32, Int, Int)
  /// Memory that does not.
  case fixed(Int32, Int)
  case scalar(Int32)
  /// Accumulators of a block, from this one on.
  case sums(Int)

  var isScalar: Bool { if case .scalar = self { true } else { false } }
}

struct ChunkOperation {
  var op: Int32
  var name: String
  var destination: ChunkOperand
  var sources: [ChunkOperand]
  var place: Int32 = -1
  var predicate: Predicate
}

/// The operations of one pass, in order, before registers are given out.
struct SegmentBuilder {
  let element: ElementType
  let count: Int
  let usualBlock: Int
  var operations: [ChunkOperation] = []
  var places: [rv_place] = []
  var initials: [rv_initial] = []
  var columns: [rv_columns] = []
  var valueCount = 0
  private var stores: [Store] = []

  struct Store {
    var source: ChunkOperand
    var target: SlotAddress
    /// How the target lies in memory, and the elements in it.
    var format: SlotFormat
    var count: Int
    var predicate: Predicate
  }

  init(element: ElementType, count: Int, usualBlock: Int) {
    self.element = element
    self.count = count
    self.usualBlock = usualBlock
  }

  mutating func newValue() -> ChunkOperand {
    valueCount += 1
    return .value(valueCount - 1)
  }

  mutating func add(
    _ op: rv_op, _ name: String, _ sources: [ChunkOperand], predicate: Predicate
  ) -> ChunkOperand {
    let destination = newValue()
    operations.append(
      ChunkOperation(
        op: Int32(op.rawValue), name: name, destination: destination, sources: sources,
        predicate: predicate))
    return destination
  }

  mutating func add(
    _ place: rv_place, _ name: String, into destination: ChunkOperand? = nil,
    _ sources: [ChunkOperand], predicate: Predicate
  ) -> ChunkOperand {
    let result = destination ?? newValue()
    places.append(place)
    operations.append(
      ChunkOperation(
        op: -1, name: name, destination: result, sources: sources, place: Int32(places.count - 1),
        predicate: predicate))
    return result
  }

  mutating func store(
    _ source: ChunkOperand, _ target: SlotAddress, in slot: PlanSlot, predicate: Predicate
  ) {
    stores.append(
      Store(
        source: source, target: target, format: slot.format, count: slot.count, predicate: predicate
      ))
  }

  /// What a slot holds in another format than that of the arithmetic.
  mutating func load(_ slot: Int32, _ memory: PlanSlot, predicate: Predicate) -> ChunkOperand {
    let format = memory.format
    if format.isInBlocks {
      return add(
        format.place(RV_PLACE_DECODE, count: memory.count), "load \(format.name)",
        [.fixed(slot, 0)], predicate: predicate)
    }
    return add(
      format.reading, "load", [.memory(slot, 0, format.width)], predicate: predicate)
  }

  // MARK: Stores

  /// Lets operations write where their values go, and copies what cannot be written in place.
  mutating func settleStores() {
    let written = Set(stores.map(\.target.slot))
    saveOverwritten(written)
    for store in stores { sink(store.source, below: store.target.slot) }
    var copies: [Int] = []
    for (index, store) in stores.enumerated() where !writeDirectly(index, store) {
      copies.append(index)
    }
    for index in copies { copy(stores[index]) }
  }

  private mutating func copy(_ store: Store) {
    let memory = ChunkOperand.memory(
      store.target.slot, store.target.offset, store.format.width)
    if store.format == element.format || store.format.width >= 4, store.format.isPlain {
      let isForeign = store.format != element.format && !store.source.isScalar
      return append(isForeign ? RV_TO_OTHER : RV_COPY, "store", memory, store)
    }
    var store = store
    if store.source.isScalar {
      store.source = add(RV_COPY, "fill", [store.source], predicate: store.predicate)
    }
    if store.format.isPlain { return append(store.format.writing, "store", memory, store) }
    _ = add(
      store.format.place(RV_PLACE_ENCODE, count: store.count), "store \(store.format.name)",
      into: .fixed(store.target.slot, store.target.offset), [store.source],
      predicate: store.predicate)
  }

  private mutating func append(
    _ op: rv_op, _ name: String, _ destination: ChunkOperand, _ store: Store
  ) {
    operations.append(
      ChunkOperation(
        op: Int32(op.rawValue), name: name, destination: destination, sources: [store.source],
        predicate: store.predicate))
  }

  /// A store of what another store of this pass overwrites reads it first.
  private mutating func saveOverwritten(_ written: Set<Int32>) {
    var early: [ChunkOperation] = []
    for index in stores.indices {
      guard case .memory(let slot, _, _) = stores[index].source, written.contains(slot) else {
        continue
      }
      let saved = newValue()
      early.append(
        ChunkOperation(
          op: Int32(RV_COPY.rawValue), name: "load", destination: saved,
          sources: [stores[index].source], predicate: stores[index].predicate))
      stores[index].source = saved
    }
    operations.insert(contentsOf: early, at: 0)
  }

  /// Moves the operation that gives what `slot` takes below the last one that reads the slot, where it
  /// may: then it can write in place.
  private mutating func sink(_ value: ChunkOperand, below slot: Int32) {
    guard case .value = value,
      let position = operations.firstIndex(where: { $0.destination == value }),
      operations[position].place < 0,
      let last = operations.lastIndex(where: { operation in
        operation.sources.contains {
          if case .memory(slot, _, _) = $0 { true } else { false }
        }
      }), last > position
    else { return }
    let moved = operations[position]
    let passed = operations[(position + 1)...last]
    // Nothing that it passes may need it, or change what it reads.
    guard
      !passed.contains(where: {
        $0.sources.contains(value) || moved.sources.contains($0.destination)
      }), passed.allSatisfy({ $0.predicate == moved.predicate })
    else { return }
    operations.remove(at: position)
    operations.insert(moved, at: last)
  }

  private mutating func writeDirectly(
    _ index: Int, _ store: Store
  ) -> Bool {
    guard case .value = store.source, store.format == element.format,
      let position = operations.firstIndex(where: { $0.destination == store.source }),
      operations[position].predicate == store.predicate
    else { return false }
    // A strided read of the same slot would see new elements among the old.
    for (k, operation) in operations.enumerated() where k >= position {
      for source in operation.sources {
        switch source {
        case .memory(let slot, _, _): if slot == store.target.slot && k > position { return false }
        case .fixed(let slot, _): if slot == store.target.slot { return false }
        default: break
        }
      }
    }
    let target = ChunkOperand.memory(
      store.target.slot, store.target.offset, store.format.width)
    operations[position].destination = target
    for k in operations.indices where k > position {
      for s in operations[k].sources.indices where operations[k].sources[s] == store.source {
        operations[k].sources[s] = target
      }
    }
    for k in stores.indices where stores[k].source == store.source { stores[k].source = target }
    return true
  }

  // MARK: Registers and instructions

  /// The pass as data; `predicateRegister` gives the scalar register of a condition.
  mutating func finish(
    segmentPredicate: Int32, _ predicateRegister: (Predicate) -> Int32
  ) -> PlanSegment? {
    var lastUse = [Int](repeating: -1, count: valueCount)
    for (k, operation) in operations.enumerated() {
      for case .value(let v) in operation.sources { lastUse[v] = k }
      if case .value(let v) = operation.destination { lastUse[v] = max(lastUse[v], k) }
    }
    var registerOf = [Int](repeating: -1, count: valueCount)
    var free: [Int] = []
    var registers = 0
    var operands: [rv_operand] = []
    var operandIndex: [ChunkOperand: UInt16] = [:]
    var scratchIndex: [Int: UInt16] = [:]
    var instructions: [rv_instruction] = []
    var names: [String] = []
    var codes: [Int32] = []

    func operand(_ x: ChunkOperand) -> UInt16 {
      if case .value(let v) = x {
        let r = registerOf[v]
        if let found = scratchIndex[r] { return found }
        let next = UInt16(truncatingIfNeeded: operands.count)
        operands.append(
          rv_operand(
            kind: Int32(RV_SCRATCH.rawValue), index: Int32(r), offset: 0, stride: 0, unused: 0))
        scratchIndex[r] = next
        return next
      }
      if let found = operandIndex[x] { return found }
      let next = UInt16(truncatingIfNeeded: operands.count)
      switch x {
      case .memory(let slot, let offset, let stride):
        operands.append(
          rv_operand(
            kind: Int32(RV_MEMORY.rawValue), index: slot, offset: Int64(offset),
            stride: Int32(stride), unused: 0))
      case .fixed(let slot, let offset):
        operands.append(
          rv_operand(
            kind: Int32(RV_FIXED.rawValue), index: slot, offset: Int64(offset), stride: 0,
            unused: 0))
      case .scalar(let r):
        operands.append(
          rv_operand(
            kind: Int32(RV_SCALAR.rawValue), index: r, offset: 0, stride: 0, unused: 0))
      case .sums(let first):
        operands.append(
          rv_operand(
            kind: Int32(RV_SUMS.rawValue), index: 0, offset: Int64(8 * first), stride: 0, unused: 0)
        )
      case .none, .value: return 0
      }
      operandIndex[x] = next
      return next
    }

    var k = 0
    while k < operations.count {
      let predicate = operations[k].predicate
      var end = k + 1
      while end < operations.count, end - k < 60_000, operations[end].predicate == predicate {
        end += 1
      }
      if !predicate.isAlways {
        var skip = rv_instruction()
        skip.kind = UInt16(RV_UNLESS.rawValue)
        skip.skip = UInt16(end - k)
        skip.a = operand(.scalar(predicateRegister(predicate)))
        instructions.append(skip)
        names.append("unless")
        codes.append(-1)
      }
      for index in k..<end {
        let operation = operations[index]
        var instruction = rv_instruction()
        instruction.place = operation.place
        let sources = operation.sources.map { operand($0) }
        for case .value(let v) in operation.sources where lastUse[v] == index {
          free.append(registerOf[v])
          // Once, where it is read twice.
          lastUse[v] = -1
        }
        if case .value(let v) = operation.destination {
          if let r = free.popLast() {
            registerOf[v] = r
          } else {
            registerOf[v] = registers
            registers += 1
          }
          if lastUse[v] == index { free.append(registerOf[v]) }
        }
        instruction.d = operand(operation.destination)
        instruction.a = sources.count > 0 ? sources[0] : 0
        instruction.b = sources.count > 1 ? sources[1] : 0
        instruction.c = sources.count > 2 ? sources[2] : 0
        instruction.e = sources.count > 3 ? sources[3] : 0
        if operation.place >= 0 {
          instruction.kind = UInt16(RV_AT.rawValue)
        } else {
          instruction.kind = UInt16(RV_PLAIN.rawValue)
          let kernelElement = storesForeign(operation) ? other : element.kernelElement
          instruction.kernel = rv_find_kernel(
            kernelElement, operation.op, Self.mask(operation.sources))
          if instruction.kernel == nil { return nil }
        }
        instructions.append(instruction)
        names.append(operation.name)
        codes.append(operation.op)
      }
      k = end
    }
    guard operands.count < 60_000 else { return nil }
    let unit = alignment
    guard unit <= BlockLength.limit else { return nil }
    let isStored = places.contains {
      [RV_PLACE_ENCODE.rawValue, RV_PLACE_DECODE.rawValue].contains(UInt32($0.kind))
    }
    let fitting = min(isStored ? Self.storedChunk : Self.chunk(operands, element), usualBlock)
    let chunk = max(fitting / unit, 1) * unit
    for k in operands.indices where operands[k].kind == Int32(RV_SCRATCH.rawValue) {
      operands[k].offset = Int64(Int(operands[k].index) * chunk * element.byteCount)
    }
    return PlanSegment(
      count: count, block: block(chunk: chunk), chunk: chunk, predicateRegister: segmentPredicate,
      operands: operands, instructions: instructions, initials: initials, columns: columns,
      places: places, scratchCount: registers, names: names, operations: codes)
  }

  /// Elements of a pass that decodes or encodes: loops that compute are near enough to those that
  /// wait for memory to hide them (1024 took 7 % longer).
  private static let storedChunk = 256

  /// Elements of a chunk at least.
  static let leastChunk = 256

  /// As many elements as let the vectors of a pass lie in a first-level cache of 32 KiB: measured
  /// best between 256 and 1024 for few and for many vectors.
  private static func chunk(_ operands: [rv_operand], _ element: ElementType) -> Int {
    let vectors = operands.count { $0.kind != Int32(RV_SCALAR.rawValue) }
    let fitting = 28 * 1024 / max(vectors * element.byteCount, 1)
    return min(max(fitting / 128 * 128, leastChunk), 1024)
  }

  /// Elements of a block: whole chunks, or whole rows where rows are folded, and so many that the
  /// accumulators of columns stay small.
  private func block(chunk: Int) -> Int {
    var unit = chunk
    let rowLengths = places.filter { $0.kind == Int32(RV_REDUCE_ROWS.rawValue) }
      .map { Int($0.extent.1) }
    if !rowLengths.isEmpty {
      unit = alignment
      for length in rowLengths where unit < count { unit = SlotFormat.leastMultiple(unit, length) }
      unit = SlotFormat.leastMultiple(unit, alignment)
    }
    unit = max(unit, 1)
    var size = max(usualBlock / unit, 1) * unit
    let sums = columns.reduce(0) { $0 + Int($1.count) }
    if sums > 0 {
      let most = min(max(Self.sumsLimit / sums, 1), 16)
      let least = (count + most - 1) / most
      size = max(size, (least + unit - 1) / unit * unit)
    }
    return size
  }

  /// Accumulators of columns in all blocks of a pass: 256 KiB.
  static let sumsLimit = 32_768

  /// Chunks and blocks of the pass hold whole blocks of what it loads and stores.
  private var alignment: Int {
    places.reduce(1) { unit, place in
      let kind = rv_positioned(UInt32(place.kind))
      guard kind == RV_PLACE_DECODE || kind == RV_PLACE_ENCODE else { return unit }
      let format = SlotFormat(element: place.distribution, block: Int(place.extent.0))
      return SlotFormat.leastMultiple(unit, format.alignment)
    }
  }

  private var other: Int32 {
    Int32((element == .float32 ? RV_F64 : RV_F32).rawValue)
  }

  /// A number spread over memory of the other type is the other type's kernel.
  private func storesForeign(_ operation: ChunkOperation) -> Bool {
    guard operation.op == Int32(RV_COPY.rawValue), operation.sources[0].isScalar,
      case .memory(_, _, let width) = operation.destination
    else { return false }
    return width != element.byteCount
  }

  static func mask(_ sources: [ChunkOperand]) -> UInt32 {
    var mask: UInt32 = 0
    for (k, source) in sources.enumerated() where source.isScalar { mask |= 1 << UInt32(k) }
    return mask
  }
}
