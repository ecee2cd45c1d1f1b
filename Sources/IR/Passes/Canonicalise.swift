import Basics

extension Function {
  /// The same program in one fixed order: values in the order that the outputs need them, operands
  /// of commutative operations sorted, draws numbered and unnamed.
  ///
  /// Two functions that differ only in how they were written down become equal.
  package func canonical() -> Function {
    var pass = Canonicalise(source: self)
    let first = pass.run()
    // Draws are told apart by their uses, which count only once what is dead or double is gone.
    guard !first.draws.isEmpty else { return first.verified(after: "canonicalise") }
    var again = Canonicalise(source: first)
    return again.run().verified(after: "canonicalise")
  }
}

private struct Canonicalise {
  let source: Function
  var result: Function
  var map: [ValueID]
  var known: [Instruction: ValueID] = [:]
  var constants: [UInt64: Int32] = [:]
  /// In a loop body: the new places of the computed extents, which are those of the function around.
  let outerExtents: [Int: Extent]?
  private let structure: StructuralHash
  /// The loops with their carried values in a fixed order.
  private let loops: [Loop]
  private let depth: Int

  /// In a loop body, `arguments` are the hashes of what its arguments stand for.
  init(
    source: Function, outerExtents: [Int: Extent]? = nil, arguments: [UInt64] = [],
    extentHashes: [UInt64]? = nil, depth: Int = 0
  ) {
    self.source = source
    self.outerExtents = outerExtents
    self.depth = depth
    let structure = StructuralHash(
      source, arguments: arguments, extents: extentHashes, depth: depth)
    self.structure = structure
    loops = source.loops.enumerated().map { $1.reordered(structure.carriedOrder[$0]) }
    result = Function(name: "")
    map = [ValueID](repeating: .none, count: source.instructions.count)
  }

  mutating func run() -> Function {
    let outputs = source.outputs.sorted { order($0.target) < order($1.target) }
    for output in outputs {
      visit(output.value)
      result.outputs.append(Output(output.target, map[output.value.index]))
    }
    return result
  }

  /// The operands, those of a commutative operation in the order of their hashes; of a loop those
  /// that its results depend on.
  private func operands(_ id: ValueID) -> [ValueID] {
    if source[id].operation == .loop {
      let loop = loops[Int(source[id].attribute)]
      let live = loop.body.liveValues()
      var captured: [ValueID] = []
      for i in loop.body.instructions.indices
      where live[i] && loop.body.instructions[i].operation == .argument {
        let k = Int(loop.body.instructions[i].attribute) - loop.initial.count
        if k >= 0 { captured.append(loop.captured[k]) }
      }
      captured.sort { structure.values[$0.index] < structure.values[$1.index] }
      return [source[id].a] + loop.initial + captured
    }
    let operands = source.operands(id)
    guard source[id].operation.info.isCommutative,
      structure.values[operands[0].index] > structure.values[operands[1].index]
    else { return operands }
    return operands.reversed()
  }

  private func order(_ target: OutputTarget) -> String {
    switch target {
    case .loss: "0"
    case .parameter(let k): "1 \(1_000_000 + k)"
    case .state(let k): "2 \(1_000_000 + k)"
    case .hyper(let k): "3 \(1_000_000 + k)"
    case .result(let k): "4 \(1_000_000 + k)"
    case .gradient(let k): "5 \(1_000_000 + k)"
    case .view(let name): "6 \(name)"
    case .metric(let name): "7 \(name)"
    }
  }

  private mutating func visit(_ root: ValueID) {
    var pending: [(id: ValueID, isReady: Bool)] = [(root, false)]
    while let (id, isReady) = pending.popLast() {
      if map[id.index].isSome { continue }
      if isReady {
        emit(id)
        continue
      }
      pending.append((id, true))
      for operand in operands(id).reversed() + extents(of: id) {
        pending.append((operand, false))
      }
    }
  }

  private func extents(of id: ValueID) -> [ValueID] {
    if outerExtents != nil { return [] }
    return computedExtents(of: id, in: source).map { source.extents[$0] }
  }

  /// The computed extents in the shape of a value, in a loop those of its body.
  private func computedExtents(of id: ValueID, in function: Function) -> [Int] {
    let window = function.window(function[id].operation, function[id].attribute)
    let extents = function.type(id).shape.extents + (window?.extents ?? [])
    var found = extents.compactMap(\.computedIndex)
    if function[id].operation == .loop {
      let body = function.loops[Int(function[id].attribute)].body
      for i in body.instructions.indices {
        for k in computedExtents(of: ValueID(i), in: body) where !found.contains(k) {
          found.append(k)
        }
      }
    }
    return found
  }

  private mutating func emit(_ id: ValueID) {
    var instruction = source[id]
    for operand in [\Instruction.a, \.b, \.c] where instruction[keyPath: operand].isSome {
      instruction[keyPath: operand] = map[instruction[keyPath: operand].index]
    }
    if instruction.operation.info.isCommutative {
      let sorted = operands(id)
      instruction.a = map[sorted[0].index]
      instruction.b = map[sorted[1].index]
    }
    instruction.type.shape = shape(instruction.type.shape)
    switch instruction.operation.info.attribute {
    case .constant:
      let x = source.constants[Int(instruction.attribute)]
      if constants[x.bitPattern] == nil {
        constants[x.bitPattern] = Int32(result.constants.count)
        result.constants.append(x)
      }
      instruction.attribute = constants[x.bitPattern]!
    case .draw:
      var draw = source.draws[Int(instruction.attribute)]
      draw.name = ""
      draw.site = UInt32(result.draws.count)
      instruction.attribute = Int32(result.draws.count)
      result.draws.append(draw)
    case .slices:
      let slices = source.slices[Int(instruction.attribute)]
      let index = result.slices.firstIndex(of: slices) ?? result.slices.count
      if index == result.slices.count { result.slices.append(slices) }
      instruction.attribute = Int32(index)
    case .window:
      let window = source.windows[Int(instruction.attribute)].mapped { extent($0) }
      let index = result.windows.firstIndex(of: window) ?? result.windows.count
      if index == result.windows.count { result.windows.append(window) }
      instruction.attribute = Int32(index)
    case .site: instruction.attribute = 0
    case .slot where instruction.operation == .project && source[source[id].a].operation == .loop:
      let order = structure.carriedOrder[Int(source[source[id].a].attribute)]
      instruction.attribute = Int32(order.firstIndex(of: Int(instruction.attribute))!)
    case .loop:
      let loop = loops[Int(instruction.attribute)]
      let colours = structure.carriedColours[Int(instruction.attribute)]
      let order = structure.carriedOrder[Int(instruction.attribute)]
      let (body, captured) = canonicalBody(loop, order.map { colours[$0] })
      let next = Loop(
        initial: loop.initial.map { map[$0.index] }, captured: captured.map { map[$0.index] },
        body: body)
      let index = result.loops.firstIndex(of: next) ?? result.loops.count
      if index == result.loops.count { result.loops.append(next) }
      instruction.attribute = Int32(index)
    case .none, .slot, .axis, .extent, .scope, .signs: break
    }
    if let same = known[instruction], instruction.operation != .draw {
      map[id.index] = same
      return
    }
    result.instructions.append(instruction)
    result.origins.append(source.origin(id))
    map[id.index] = ValueID(result.instructions.count - 1)
    known[instruction] = map[id.index]
    result.names[map[id.index]] = source.names[id]
  }

  /// The body with its captured arguments in the order of their first use.
  private mutating func canonicalBody(_ loop: Loop, _ colours: [UInt64]) -> (Function, [ValueID]) {
    var moved: [Int: Extent] = outerExtents ?? [:]
    if outerExtents == nil {
      for i in loop.body.instructions.indices {
        for k in computedExtents(of: ValueID(i), in: loop.body) where moved[k] == nil {
          moved[k] = extent(.computed(k))
        }
      }
    }
    var pass = Canonicalise(
      source: loop.body, outerExtents: moved,
      arguments: colours + loop.captured.map { structure.values[$0.index] },
      extentHashes: structure.extents, depth: depth + 1)
    var body = pass.run()
    let carried = loop.initial.count
    var order: [Int] = []
    for i in body.instructions.indices where body.instructions[i].operation == .argument {
      let k = Int(body.instructions[i].attribute)
      guard k >= carried else { continue }
      if !order.contains(k) { order.append(k) }
      body.instructions[i].attribute = Int32(carried + order.firstIndex(of: k)!)
    }
    return (body, order.map { loop.captured[$0 - carried] })
  }

  private mutating func shape(_ shape: Shape) -> Shape {
    guard !shape.isLike, shape.extents.contains(where: { $0.computedIndex != nil }) else {
      return shape
    }
    let extents = shape.extents.map { extent($0) }
    let count = shape.axes.count
    return Shape.over(
      shape.axes, Array(extents.prefix(count)), Shape(Array(extents.dropFirst(count)))) ?? shape
  }

  private mutating func extent(_ extent: Extent) -> Extent {
    guard let k = extent.computedIndex else { return extent }
    if let outerExtents { return outerExtents[k] ?? extent }
    let value = map[source.extents[k].index]
    if let known = result.extents.firstIndex(of: value) { return .computed(known) }
    result.extents.append(value)
    return .computed(result.extents.count - 1)
  }
}
