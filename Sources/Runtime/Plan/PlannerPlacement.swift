import CKernels
import Diagnostics
import IR

extension Planner {
  /// Decides how a value is had, and which of its operands must lie in memory for that.
  mutating func place(_ v: ValueID) throws(DiagnosticError) {
    let instruction = f[v]
    let operation = instruction.operation
    if instruction.type.kind == .tuple {
      try placeStep(v)
      placement[v.index] = .several
      return
    }
    let k = Int(instruction.attribute)
    switch operation {
    case .constant: placePreset(v, .constant(f.constants[k]))
    case .hyper: placePreset(v, .hyper(k))
    case .step: placePreset(v, .step)
    case .horizon: placePreset(v, .horizon)
    case .loss: placePreset(v, .loss)
    case .state where isScalar(v): placePreset(v, .state(k))
    case .input where isScalar(v): placePreset(v, .input(k))
    case .argument where isScalar(v): placePreset(v, .argument(k))
    case .parameter, .gradient, .state, .input, .argument: placeSource(v)
    case .extent: throw unsupported("a symbolic extent here", v)
    case .project where isScalar(v): placement[v.index] = fresh()
    case .project:
      let view = View(
        slot: newSlot(.buffer, count: count(v)), offset: 0,
        strides: Self.contiguousStrides(shape(v)))
      placement[v.index] = .memory(view)
    case .draw, .iota, .identity: placement[v.index] = isScalar(v) ? fresh() : .virtual
    case .reshape, .broadcast, .slice, .transpose: placeMovement(v)
    case .diagonal where isDiagonalView(v):
      let source = view(instruction.a)
      let step = source.strides[0] + source.strides[1]
      let strides = shape(v).count == 2 && shape(v)[1] == 1 ? [step, step] : [0, step]
      placement[v.index] = .memory(
        View(
          slot: source.slot, offset: source.offset, strides: Array(strides.suffix(shape(v).count)))
      )
    default:
      if operation.isFold {
        placeReduction(v)
      } else if isOfNumbers(v) || operation.isGlobalReduction {
        placement[v.index] = fresh()
      } else if operation.isElementwise {
        placeElementwise(v)
      } else {
        try placeStep(v)
      }
    }
  }

  private mutating func fresh() -> Placement { .register(newRegister()) }

  /// Whether the value is the diagonal of a matrix, not the matrix of a diagonal.
  func isDiagonalView(_ v: ValueID) -> Bool {
    let operand = shape(f[v].a)
    return f[v].operation == .diagonal && operand.count == 2 && !operand.contains(1)
  }

  /// A number that is known when a step begins.
  private mutating func placePreset(_ v: ValueID, _ preset: ScalarPreset) {
    let r = newRegister()
    placement[v.index] = .register(r)
    plan.presets.append((r, preset))
  }

  private mutating func placeSource(_ v: ValueID) {
    let role = source(f[v])!
    let stored = formats.of(role, computed: computed)
    let index = slot(role, count: count(v), format: stored)
    let view = View(slot: index, offset: 0, strides: Self.contiguousStrides(shape(v)))
    // What is stored in another type is converted by every pass that reads it.
    placement[v.index] = stored == computed && !isScalar(v) ? .memory(view) : .virtual
    if isScalar(v) { placement[v.index] = fresh() }
  }

  private mutating func placeElementwise(_ v: ValueID) {
    if isScalar(v) {
      placement[v.index] = fresh()
      return
    }
    placement[v.index] = .virtual
    for i in 0..<f[v].operation.info.arity {
      let operand = f[v].operand(i)
      if !isScalar(operand), count(operand) != count(v) { _ = view(operand) }
    }
  }

  private mutating func placeReduction(_ v: ValueID) {
    if isScalar(v) {
      placement[v.index] = fresh()
      return
    }
    let index = newSlot(.buffer, count: count(v))
    placement[v.index] = .memory(
      View(slot: index, offset: 0, strides: Self.contiguousStrides(shape(v))))
  }

  private mutating func placeMovement(_ v: ValueID) {
    let instruction = f[v]
    let a = instruction.a
    if isScalar(a) {
      placement[v.index] = isScalar(v) ? fresh() : .virtual
      return
    }
    if isScalar(v) {
      // One number of a tensor.
      _ = view(a)
      placement[v.index] = fresh()
      return
    }
    let from = shape(a)
    let keepsOrder =
      switch instruction.operation {
      case .reshape: true
      case .transpose: from[from.count - 2] == 1 || from[from.count - 1] == 1
      default: count(a) == count(v)
      }
    if keepsOrder {
      if case .memory(let view) = placement[base(a).index], isContiguous(view, shape(base(a))) {
        placement[v.index] = .memory(
          View(slot: view.slot, offset: view.offset, strides: Self.contiguousStrides(shape(v))))
      } else {
        placement[v.index] = .alias(a)
      }
      return
    }
    var result = view(a)
    switch instruction.operation {
    case .transpose: result.strides.swapAt(from.count - 2, from.count - 1)
    case .slice: result = sliced(result, from, f.slices[Int(instruction.attribute)])
    default: result.strides = Self.broadcastStrides(result.strides, from, to: shape(v))
    }
    placement[v.index] = .memory(result)
  }

  /// The view of a slice: later start, dropped axes gone.
  func sliced(_ view: View, _ shape: [Int], _ slices: [AxisSlice]) -> View {
    var result = View(slot: view.slot, offset: view.offset, strides: [])
    for axis in shape.indices {
      let slice = axis < slices.count ? slices[axis] : .full
      result.offset += slice.start * view.strides[axis]
      if !slice.isDropped { result.strides.append(view.strides[axis]) }
    }
    return result
  }

  /// Strides for reading an operand along a larger shape, aligned at the last axis.
  static func broadcastStrides(_ strides: [Int], _ from: [Int], to: [Int]) -> [Int] {
    let missing = to.count - from.count
    return to.indices.map { axis in
      let k = axis - missing
      return k < 0 || (from[k] == 1 && to[axis] != 1) ? 0 : strides[k]
    }
  }

  /// A value that a step makes: its operands lie in memory, and so does it.
  private mutating func placeStep(_ v: ValueID) throws(DiagnosticError) {
    let instruction = f[v]
    switch instruction.operation {
    case .loop: placeLoop(v)
    case .matrixProduct:
      for operand in [instruction.a, instruction.b] {
        let source = view(operand)
        if matrixLayout(source, shape(operand)) == nil { _ = contiguousView(operand) }
      }
    case .quantile, .topKMask: _ = contiguousView(instruction.a)
    default:
      for operand in f.operands(v) { _ = contiguousView(operand) }
    }
    if instruction.type.kind == .tuple { return }
    if isScalar(v) {
      placement[v.index] = fresh()
      return
    }
    let index = newSlot(.buffer, count: count(v))
    placement[v.index] = .memory(
      View(slot: index, offset: 0, strides: Self.contiguousStrides(shape(v))))
  }

  /// Whether a matrix product can read a view: each matrix row-major or transposed, with a leading
  /// dimension.
  func matrixLayout(_ view: View, _ shape: [Int]) -> (transposed: Bool, leading: Int)? {
    let last = shape.count - 1
    let (rows, cols) = (shape[last - 1], shape[last])
    let (r, c) = (view.strides[last - 1], view.strides[last])
    if (c == 1 || cols == 1) && (r >= max(cols, 1) || rows == 1) {
      return (false, rows == 1 ? max(cols, 1) : r)
    }
    if (r == 1 || rows == 1) && (c >= max(rows, 1) || cols == 1) {
      return (true, cols == 1 ? max(rows, 1) : c)
    }
    return nil
  }
}
