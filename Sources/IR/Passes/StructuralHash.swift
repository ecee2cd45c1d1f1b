import Basics

/// What each value of a function is, as numbers that do not depend on the order of writing.
///
/// Values that compute the same have equal numbers. Draws and the values that a loop carries have
/// no operands to be known by: they are told apart by what is made of them.
struct StructuralHash {
  private(set) var values: [UInt64] = []
  /// For each loop of the function, the positions of its carried values in their fixed order.
  private(set) var carriedOrder: [[Int]]
  /// For each loop, the numbers of its carried values, as it is written.
  private(set) var carriedColours: [[UInt64]]
  private let source: Function
  private let arguments: [UInt64]
  private let outerExtents: [UInt64]?
  private let depth: Int
  private let slots: SlotColours?
  private var drawColours: [ValueID: UInt64] = [:]

  /// Deeper loops keep their carried values as written: looking closer at each would double the
  /// work with every level.
  private static let depthLimit = 4

  /// In a loop body, `arguments` are the hashes of what its arguments stand for, and `extents` those
  /// of the computed extents of the function around.
  /// With `slots` the numbers depend on nothing but them and the program.
  init(
    _ source: Function, arguments: [UInt64] = [], extents: [UInt64]? = nil, depth: Int = 0,
    slots: SlotColours? = nil
  ) {
    self.source = source
    self.slots = slots
    self.arguments = arguments
    self.depth = depth
    outerExtents = extents
    carriedOrder = source.loops.map { Array($0.initial.indices) }
    carriedColours = source.loops.map { $0.initial.indices.map { UInt64($0) } }
    compute()
    if source.draws.count > 1, slots?.knowsDrawsBySite != true {
      let uses = self.uses()
      let draws = source.instructions.indices.filter {
        source.instructions[$0].operation == .draw && uses[$0] != 0
      }
      // One alone needs nothing to be told by, whatever draws are left unused beside it.
      if draws.count > 1 {
        for i in draws { drawColours[ValueID(i)] = uses[i] }
        compute()
      }
    }
  }

  static func mix(_ h: UInt64, _ x: UInt64) -> UInt64 {
    var z = (h &+ 0x9E37_79B9_7F4A_7C15) ^ (x &* 0xD6E8_FEB8_6659_FD93)
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  private static func word(_ x: Int) -> UInt64 { UInt64(bitPattern: Int64(x)) }

  /// The hashes of the computed extents, for the bodies of its loops.
  var extents: [UInt64] {
    outerExtents
      ?? source.extents.map { $0.index < values.count ? Self.mix(7, values[$0.index]) : 1 }
  }

  private func hash(_ extent: Extent) -> UInt64 {
    guard let k = extent.computedIndex else { return Self.word(Int(extent.raw)) }
    if let outerExtents { return k < outerExtents.count ? outerExtents[k] : 1 }
    let value = source.extents[k].index
    return value < values.count ? Self.mix(7, values[value]) : 1
  }

  private mutating func compute() {
    values = []
    values.reserveCapacity(source.instructions.count)
    for i in source.instructions.indices { values.append(hash(ValueID(i))) }
  }

  private mutating func hash(_ id: ValueID) -> UInt64 {
    let mix = Self.mix
    let instruction = source[id]
    let shape = instruction.type.shape
    var h = mix(number(instruction.operation), number(instruction.type.kind))
    h = mix(h, shape.isLike ? 1 : 2 + number(shape.axes))
    for axis in 0..<shape.rank where !shape.isLike { h = mix(h, hash(shape[axis])) }
    let attribute = Int(instruction.attribute)
    switch instruction.operation.info.attribute {
    case .constant: h = mix(h, source.constants[attribute].bitPattern)
    case .draw:
      let draw = source.draws[attribute]
      h = mix(mix(h, number(draw.distribution)), draw.isGlobal ? 1 : 0)
      if let slots, slots.knowsDrawsBySite {
        h = mix(mix(h, UInt64(draw.site)), SlotColours.text(draw.name))
      }
      if let colour = drawColours[id] { h = mix(h, colour) }
    case .slices:
      for slice in source.slices[attribute] {
        h = mix(h, Self.word(slice.start))
        h = mix(mix(h, Self.word(slice.end ?? -1)), slice.isDropped ? 1 : 0)
      }
    case .window:
      for extent in source.windows[attribute].extents { h = mix(h, hash(extent)) }
    case .site: break
    case .slot: h = mix(h, slot(instruction))
    case .extent where slots != nil:
      h = mix(h, ExtentKind(rawValue: instruction.attribute).map { SlotColours.text("\($0)") } ?? 0)
    case .loop: return mix(mix(h, hash(loop: attribute)), values[instruction.a.index])
    case .none, .axis, .extent, .scope, .signs: h = mix(h, Self.word(attribute))
    }
    var previous: UInt64 = 0
    var isFirst = true
    for operand in [instruction.a, instruction.b, instruction.c] where operand.isSome {
      let next = values[operand.index]
      if instruction.operation.info.isCommutative {
        // Both orders of two operands must give one number.
        if !isFirst { h = mix(mix(h, min(previous, next)), max(previous, next)) }
        previous = next
        isFirst = false
      } else {
        h = mix(h, next)
      }
    }
    return h
  }

  /// What stands in a slot: its colour where it has one, else its number.
  private func slot(_ instruction: Instruction) -> UInt64 {
    let k = Int(instruction.attribute)
    switch instruction.operation {
    case .hyper where slots != nil: return slots!.hypers[k]
    case .state where slots != nil: return slots!.states[k]
    case .input where slots != nil: return slots!.inputs[k]
    case .argument where k < arguments.count: return arguments[k]
    case .project where source[instruction.a].operation == .loop:
      return carriedColours[Int(source[instruction.a].attribute)][k]
    default: return Self.word(k)
    }
  }

  // MARK: Loops

  private mutating func hash(loop index: Int) -> UInt64 {
    let loop = source.loops[index]
    let captured = loop.captured.map { values[$0.index] }
    var colours = loop.initial.indices.map { Self.mix(3, UInt64($0)) }
    var results = self.results(of: loop, colours, captured)
    if depth < Self.depthLimit, loop.initial.count > 1 {
      // Known by where they start, then by what becomes of them, until no two more come apart.
      colours = loop.initial.map { Self.mix(3, values[$0.index]) }
      var distinct = 0
      while Set(colours).count > distinct {
        distinct = Set(colours).count
        results = self.results(of: loop, colours, captured)
        if distinct == colours.count { break }
        colours = zip(colours, results).map { Self.mix($0, $1) }
      }
    }
    carriedColours[index] = colours
    let keys = zip(colours, results).map { Self.mix($0, $1) }
    let order = keys.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] < keys[$1] }
    carriedOrder[index] = order
    var h: UInt64 = 11
    for k in order { h = Self.mix(Self.mix(h, values[loop.initial[k].index]), results[k]) }
    return h
  }

  private func results(
    of loop: Loop, _ colours: [UInt64], _ captured: [UInt64]
  ) -> [UInt64] {
    let body = StructuralHash(
      loop.body, arguments: colours + captured, extents: extents, depth: depth + 1, slots: slots)
    return loop.initial.indices.map { k in
      loop.body.output(.result(k)).map { body.values[$0.index] } ?? 0
    }
  }

  // MARK: Uses

  /// For each value a number of what is made of it, up to the outputs; 0 where that is nothing.
  func uses() -> [UInt64] {
    var uses = [UInt64](repeating: 0, count: source.instructions.count)
    for output in source.outputs {
      uses[output.value.index] &+= Self.mix(13, number(output.target))
    }
    for i in source.instructions.indices.reversed() where uses[i] != 0 {
      let instruction = source.instructions[i]
      let seen = Self.mix(values[i], uses[i])
      let isOrdered = !instruction.operation.info.isCommutative && instruction.operation != .loop
      for (position, operand) in source.operands(ValueID(i)).enumerated() {
        uses[operand.index] &+= Self.mix(seen, isOrdered ? UInt64(position) : 17)
      }
    }
    return uses
  }

  // MARK: Numbers

  private func number(_ operation: Operation) -> UInt64 {
    slots?.operations[Int(operation.rawValue)] ?? UInt64(operation.rawValue)
  }

  private func number(_ kind: ElementKind) -> UInt64 {
    slots == nil ? UInt64(kind.rawValue) : SlotColours.text("\(kind)")
  }

  private func number(_ axes: AxisSet) -> UInt64 {
    slots == nil || axes.isEmpty ? UInt64(axes.raw) : SlotColours.text(axes.description)
  }

  private func number(_ distribution: Distribution) -> UInt64 {
    slots == nil ? UInt64(distribution.rawValue) : SlotColours.text("\(distribution)")
  }

  private func number(_ target: OutputTarget) -> UInt64 {
    let mix = Self.mix
    let word = Self.word
    func text(_ kind: UInt64, _ name: String) -> UInt64 {
      name.utf8.reduce(kind) { mix($0, UInt64($1)) }
    }
    switch target {
    case .loss: return 0
    case .parameter(let k): return mix(1, word(k))
    case .state(let k): return mix(2, slots?.states[k] ?? word(k))
    case .hyper(let k): return mix(3, slots?.hypers[k] ?? word(k))
    case .result(let k): return mix(4, word(k))
    case .gradient(let k): return mix(5, word(k))
    case .view(let name): return text(6, name)
    case .metric(let name): return text(7, name)
    }
  }
}

extension Loop {
  /// The loop with its carried values in another order; `order` gives the old position of each.
  func reordered(_ order: [Int]) -> Loop {
    guard order != Array(order.indices) else { return self }
    var places = order
    for (place, old) in order.enumerated() { places[old] = place }
    var result = self
    result.initial = order.map { initial[$0] }
    for i in body.instructions.indices where body.instructions[i].operation == .argument {
      let k = Int(body.instructions[i].attribute)
      if k < places.count { result.body.instructions[i].attribute = Int32(places[k]) }
    }
    for i in body.outputs.indices {
      if case .result(let k) = body.outputs[i].target {
        result.body.outputs[i].target = .result(places[k])
      }
    }
    return result
  }
}
