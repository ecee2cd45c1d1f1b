import CKernels
import Diagnostics
import IR

/// Several elementwise operations that one kernel does.
struct FusedOperation {
  var op: rv_op
  var name: String
  var operands: [ValueID]
}

/// Builds the pass of one stage and one length.
struct SegmentPlanner {
  let planner: Planner
  let stage: Int
  let count: Int
  let roots: [Root]
  var builder: SegmentBuilder
  private var uses: [ValueID: Int] = [:]
  private var predicate: [ValueID: Predicate] = [:]
  private var fused: [ValueID: FusedOperation] = [:]
  private var inlined: Set<ValueID> = []
  private var made: [ValueID: ChunkOperand] = [:]
  private var loads: [StridedLoad: ChunkOperand] = [:]
  private var order: [ValueID] = []

  private struct StridedLoad: Hashable {
    var view: View
    var shape: [Int]
    var predicate: Predicate
  }

  init(_ planner: Planner, stage: Int, count: Int, roots: [Root]) {
    self.planner = planner
    self.stage = stage
    self.count = count
    self.roots = roots
    builder = SegmentBuilder(element: planner.element, count: count, usualBlock: planner.block)
  }

  /// Fills the builder. Each reduction to rows or columns has a scalar register of `carries`.
  mutating func run(_ carries: [ValueID: Int32]) {
    collect()
    findPredicates()
    fuse()
    for v in order where !inlined.contains(v) { made[v] = emit(v) }
    for root in roots { finish(root, carries) }
    builder.settleStores()
  }

  // MARK: What is computed here

  /// Whether the value is computed in this pass, not read.
  private func isComputed(_ v: ValueID) -> Bool {
    if planner.isBuffered(v, before: stage) { return false }
    if case .virtual = planner.placement[v.index] { return true }
    return false
  }

  private func linearOperands(_ v: ValueID) -> [ValueID] {
    planner.f.operands(v).filter {
      !planner.isScalar($0) && planner.count($0) == planner.count(v)
    }.map { planner.base($0) }
  }

  private mutating func collect() {
    var entered: Set<ValueID> = []
    for root in roots {
      let value = planner.base(root.value)
      uses[value, default: 0] += 1
      var stack: [(ValueID, Bool)] = [(value, false)]
      while let (v, isDone) = stack.popLast() {
        if isDone {
          order.append(v)
          continue
        }
        guard isComputed(v), entered.insert(v).inserted else { continue }
        stack.append((v, true))
        for operand in linearOperands(v).reversed() {
          uses[operand, default: 0] += 1
          stack.append((operand, false))
        }
      }
    }
  }

  private mutating func findPredicates() {
    for root in roots {
      predicate[planner.base(root.value), default: .never].form(or: root.predicate)
    }
    for v in order.reversed() {
      let here = predicate[v] ?? .always
      let instruction = planner.f[v]
      if instruction.operation == .select, planner.isScalar(instruction.a) {
        for (arm, holds) in [(instruction.b, true), (instruction.c, false)]
        where !planner.isScalar(arm) {
          predicate[planner.base(arm), default: .never].form(
            or: here.and(Predicate.literal(instruction.a, holds)))
        }
      } else {
        for operand in linearOperands(v) { predicate[operand, default: .never].form(or: here) }
      }
    }
  }

  // MARK: Fusing

  private mutating func fuse() {
    for v in order.reversed() where !inlined.contains(v) {
      guard let found = pattern(v) else { continue }
      let mask = found.operation.operands.enumerated().reduce(UInt32(0)) {
        planner.isScalar($1.element) ? $0 | 1 << UInt32($1.offset) : $0
      }
      let kernel = rv_find_kernel(
        planner.element.kernelElement, Int32(found.operation.op.rawValue), mask)
      if kernel == nil { continue }
      fused[v] = found.operation
      for part in found.parts { inlined.insert(part) }
    }
  }

  /// The value's instruction if this is its only use and it is computed here as the consumer is.
  private func part(_ v: ValueID, of consumer: ValueID, _ operation: Operation) -> Instruction? {
    let source = planner.base(v)
    // The fused kernel reads its operands along the consumer's shape.
    guard !planner.isScalar(source), planner.f.type(source).shape == planner.f.type(consumer).shape,
      planner.f[source].operation == operation, uses[source] == 1, isComputed(source),
      !inlined.contains(source), predicate[source] == predicate[consumer]
    else { return nil }
    return planner.f[source]
  }

  private func square(_ v: ValueID, of consumer: ValueID) -> ValueID? {
    if let x = part(v, of: consumer, .multiply), x.a == x.b { return x.a }
    if let x = part(v, of: consumer, .power), planner.f.constantValue(x.b) == 2 { return x.a }
    return nil
  }

  /// A product of a tensor and a number.
  private func scaled(_ v: ValueID, of consumer: ValueID) -> (tensor: ValueID, number: ValueID)? {
    guard let x = part(v, of: consumer, .multiply) else { return nil }
    if planner.isScalar(x.a), !planner.isScalar(x.b) { return (x.b, x.a) }
    if planner.isScalar(x.b), !planner.isScalar(x.a) { return (x.a, x.b) }
    return nil
  }

  /// w - s (u + t w).
  private func decayedStep(_ v: ValueID) -> (operation: FusedOperation, parts: [ValueID])? {
    let x = planner.f[v]
    guard !planner.isScalar(x.a), planner.count(x.a) == count, let step = scaled(x.b, of: v),
      let sum = part(step.tensor, of: v, .add)
    else { return nil }
    for (u, decay) in [(sum.a, sum.b), (sum.b, sum.a)] {
      guard !planner.isScalar(u), planner.count(u) == count, let decayed = scaled(decay, of: v),
        planner.base(decayed.tensor) == planner.base(x.a)
      else { continue }
      if let sign = part(u, of: v, .sign), !planner.isScalar(sign.a) {
        return (
          FusedOperation(
            op: RV_SIGNED_STEP, name: "a - s*(sign(c) + t*a)",
            operands: [x.a, step.number, sign.a, decayed.number]),
          [x.b, step.tensor, decay, u].map { planner.base($0) }
        )
      }
      return (
        FusedOperation(
          op: RV_DECAYED_STEP, name: "a - s*(c + t*a)",
          operands: [x.a, step.number, u, decayed.number]),
        [x.b, step.tensor, decay].map { planner.base($0) }
      )
    }
    return nil
  }

  private func pattern(_ v: ValueID) -> (operation: FusedOperation, parts: [ValueID])? {
    let x = planner.f[v]
    func parts(_ values: ValueID...) -> [ValueID] { values.map { planner.base($0) } }
    switch x.operation {
    case .add:
      if let p = scaled(x.a, of: v), let q = scaled(x.b, of: v),
        planner.base(x.a) != planner.base(x.b)
      {
        for (one, two) in [(p, q), (q, p)] {
          if let root = square(two.tensor, of: v) {
            return (
              FusedOperation(
                op: RV_BLEND_SQUARE, name: "a*s + b²*t",
                operands: [one.tensor, one.number, root, two.number]),
              parts(x.a, x.b, two.tensor)
            )
          }
        }
        return (
          FusedOperation(
            op: RV_BLEND, name: "a*s + b*t", operands: [p.tensor, p.number, q.tensor, q.number]),
          parts(x.a, x.b)
        )
      }
      for (a, b) in [(x.a, x.b), (x.b, x.a)] {
        guard let root = part(a, of: v, .squareRoot) else { continue }
        if planner.isScalar(b), let quotient = part(root.a, of: v, .divide),
          planner.isScalar(quotient.b)
        {
          return (
            FusedOperation(
              op: RV_ROOT_QUOTIENT_ADD, name: "sqrt(a/s) + t",
              operands: [quotient.a, quotient.b, b]), parts(a, root.a)
          )
        }
        return (
          FusedOperation(op: RV_ROOT_ADD, name: "sqrt(a) + b", operands: [root.a, b]), parts(a)
        )
      }
      for (a, b) in [(x.a, x.b), (x.b, x.a)] {
        if let product = part(a, of: v, .multiply) {
          return (
            FusedOperation(
              op: RV_MULTIPLY_ADD, name: "a*b + c", operands: [product.a, product.b, b]), parts(a)
          )
        }
      }
    case .subtract:
      if let found = decayedStep(v) { return found }
      if let product = part(x.b, of: v, .multiply) {
        return (
          FusedOperation(
            op: RV_SUBTRACT_MULTIPLY, name: "c - a*b", operands: [product.a, product.b, x.a]),
          parts(x.b)
        )
      }
      if let product = part(x.a, of: v, .multiply) {
        return (
          FusedOperation(
            op: RV_MULTIPLY_SUBTRACT, name: "a*b - c", operands: [product.a, product.b, x.b]),
          parts(x.a)
        )
      }
    case .divide:
      if !planner.isScalar(x.b), let quotient = part(x.a, of: v, .divide),
        planner.isScalar(quotient.b), !planner.isScalar(quotient.a)
      {
        return (
          FusedOperation(
            op: RV_QUOTIENT_DIVIDE, name: "(a/s) / b", operands: [quotient.a, quotient.b, x.b]),
          parts(x.a)
        )
      }
    default: break
    }
    return nil
  }

  // MARK: Operations

  /// The operand of a chunk operation of `consumer` (of its shape) that a value is.
  private mutating func operand(_ v: ValueID, of consumer: ValueID) -> ChunkOperand {
    let here = predicate[consumer] ?? .always
    if planner.isScalar(v) { return .scalar(planner.register(v)) }
    let source = planner.base(v)
    if planner.count(source) == count { return linear(source, here) }
    let view = memoryView(v)
    let shape = planner.shape(consumer)
    let strides = Planner.broadcastStrides(view.strides, planner.shape(v), to: shape)
    return load(View(slot: view.slot, offset: view.offset, strides: strides), shape, here)
  }

  private func memoryView(_ v: ValueID) -> View {
    if case .memory(let view) = planner.placement[v.index] { return view }
    let source = planner.base(v)
    let strides = Planner.contiguousStrides(planner.shape(v))
    if case .memory(let view) = planner.placement[source.index],
      planner.isContiguous(view, planner.shape(source))
    {
      return View(slot: view.slot, offset: view.offset, strides: strides)
    }
    return View(slot: planner.buffer[source.index], offset: 0, strides: strides)
  }

  private mutating func linear(_ source: ValueID, _ here: Predicate) -> ChunkOperand {
    if let operand = made[source] { return operand }
    if planner.isScalar(source) { return .scalar(planner.register(source)) }
    if planner.isBuffered(source, before: stage) {
      return .memory(planner.buffer[source.index], 0, planner.width)
    }
    guard case .memory(let view) = planner.placement[source.index] else { return .none }
    let shape = planner.shape(source)
    if planner.isContiguous(view, shape) {
      return .memory(view.slot, view.offset * planner.width, planner.width)
    }
    return load(view, shape, here)
  }

  /// Reads a view in the order of the pass.
  private mutating func load(_ view: View, _ shape: [Int], _ here: Predicate) -> ChunkOperand {
    let key = StridedLoad(view: view, shape: shape, predicate: here)
    if let found = loads[key] { return found }
    var axes: [(extent: Int, stride: Int)] = []
    for (extent, stride) in zip(shape, view.strides) where extent != 1 {
      if let last = axes.last, last.stride == stride * extent {
        axes[axes.count - 1] = (last.extent * extent, stride)
      } else {
        axes.append((extent, stride))
      }
    }
    if axes.isEmpty { axes = [(1, 0)] }
    var place = Self.place(RV_PLACE_STRIDED)
    place.axes = Int32(axes.count)
    for (k, axis) in axes.enumerated() {
      set(&place.extent, k, Int64(max(axis.extent, 1)))
      set(&place.stride, k, Int64(axis.stride))
    }
    let result = builder.add(
      place, "load strided", [.fixed(view.slot, view.offset * planner.width)], predicate: here)
    loads[key] = result
    return result
  }

  private mutating func emit(_ v: ValueID) -> ChunkOperand {
    let here = predicate[v] ?? .always
    let instruction = planner.f[v]
    if let fusion = fused[v] {
      let operands = fusion.operands.map { operand($0, of: v) }
      return builder.add(fusion.op, fusion.name, operands, predicate: here)
    }
    switch instruction.operation {
    case .state, .parameter, .gradient, .input, .argument:
      let slot = planner.plan.slot(planner.source(instruction)!)!
      return builder.load(Int32(slot), planner.plan.slots[slot], predicate: here)
    case .iota:
      let shape = planner.shape(v)
      let axis = Int(instruction.attribute)
      var place = Self.place(RV_PLACE_IOTA)
      set(&place.extent, 0, Int64(max(shape[axis], 1)))
      set(&place.stride, 0, Int64(max(shape[(axis + 1)...].reduce(1, *), 1)))
      return builder.add(place, "iota", [], predicate: here)
    case .identity:
      let shape = planner.shape(v)
      var place = Self.place(RV_PLACE_IDENTITY)
      set(&place.extent, 0, Int64(shape[0]))
      set(&place.extent, 1, Int64(max(shape[1], 1)))
      return builder.add(place, "eye", [], predicate: here)
    case .draw:
      var place = planner.drawPlace(instruction)
      var sources: [ChunkOperand] = []
      if instruction.a.isSome {
        sources = [operand(instruction.a, of: v)]
        set(&place.stride, 0, sources[0].isScalar ? 0 : 1)
      }
      return builder.add(place, "draw", sources, predicate: here)
    case .broadcast, .reshape, .transpose, .slice:
      // Only a number spread over a tensor is left to compute.
      return builder.add(RV_COPY, "fill", [operand(instruction.a, of: v)], predicate: here)
    default:
      let operands = (0..<instruction.operation.info.arity).map {
        operand(instruction.operand($0), of: v)
      }
      return builder.add(
        instruction.operation.kernel, instruction.operation.info.name, operands, predicate: here)
    }
  }

  // MARK: Roots

  private mutating func finish(_ root: Root, _ carries: [ValueID: Int32]) {
    let source = planner.base(root.value)
    switch root.purpose {
    case .buffer, .output:
      if case .buffer = root.purpose, made[source] == nil, planner.isBuffered(source, before: stage)
      {
        return
      }
      builder.store(
        linear(source, root.predicate), root.target,
        in: planner.plan.slots[Int(root.target.slot)], predicate: root.predicate)
    case .fold(let reduction): fold(reduction, source, root, carries)
    }
  }

  private mutating func fold(
    _ reduction: ValueID, _ source: ValueID, _ root: Root, _ carries: [ValueID: Int32]
  ) {
    let instruction = planner.f[reduction]
    guard case .reduction(.fold(let fold)) = instruction.operation.info.operationClass else {
      return
    }
    let (first, kernel, rule) = fold.kernels
    let operand = linear(source, root.predicate)
    if planner.isScalar(reduction) {
      let r = planner.register(reduction)
      builder.initials.append(rv_initial(scalar: r, fold: rule, value: first))
      let isSquares = planner.squared(reduction) != nil
      let op = isSquares ? RV_SQUARES : kernel
      builder.operations.append(
        ChunkOperation(
          op: Int32(op.rawValue), name: isSquares ? "sum a²" : instruction.operation.info.name,
          destination: .scalar(r),
          sources: [operand], predicate: root.predicate))
      return
    }
    let shape = planner.shape(instruction.a)
    let slot: Int32
    if case .memory(let view) = planner.placement[reduction.index] {
      slot = view.slot
    } else {
      return
    }
    let (rows, cols, isPerRow): (Int, Int, Bool) =
      switch Scope(rawValue: instruction.attribute) ?? .all {
      case .perRow, .all:
        shape.count == 1 ? (1, shape[0], true) : (shape[0], shape.dropFirst().reduce(1, *), true)
      case .perColumn: shape.count == 1 ? (1, shape[0], false) : (shape[0], shape[1], false)
      // Binding has made first axes of named ones.
      default: (shape[0], shape.dropFirst().reduce(1, *), false)
      }
    var place = Self.place(isPerRow ? RV_REDUCE_ROWS : RV_REDUCE_COLUMNS)
    set(&place.extent, 0, Int64(rows))
    set(&place.extent, 1, Int64(cols))
    place.fold = rule
    if isPerRow {
      place.carry = carries[reduction]!
      _ = builder.add(
        place, instruction.operation.info.name, into: .fixed(slot, 0), [operand],
        predicate: root.predicate)
      return
    }
    let sums = builder.columns.reduce(0) { $0 + Int($1.count) }
    builder.columns.append(
      rv_columns(first: Int64(sums), count: Int64(cols), fold: rule, slot: slot, offset: 0))
    _ = builder.add(
      place, instruction.operation.info.name, into: .sums(sums), [operand],
      predicate: root.predicate)
  }

  static func place(_ kind: rv_positioned) -> rv_place {
    var place = rv_place()
    place.kind = Int32(kind.rawValue)
    return place
  }
}

typealias AxisNumbers = (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64)

/// Sets entry `k` of a C array of axes.
func set(_ numbers: inout AxisNumbers, _ k: Int, _ x: Int64) {
  withUnsafeMutableBytes(of: &numbers) { $0.bindMemory(to: Int64.self)[k] = x }
}

extension Planner {
  func drawPlace(_ instruction: Instruction) -> rv_place {
    let draw = f.draws[Int(instruction.attribute)]
    var place = SegmentPlanner.place(RV_PLACE_DRAW)
    place.distribution = Int32(draw.distribution.rawValue)
    place.site = draw.site
    place.isGlobal = draw.isGlobal ? 1 : 0
    place.replay = instruction.attribute
    return place
  }
}
