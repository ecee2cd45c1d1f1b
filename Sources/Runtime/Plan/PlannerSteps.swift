import CKernels
import Diagnostics
import IR

extension Planner {
  /// The steps of a value that no pass computes; nil for the others.
  mutating func wholeStep(_ v: ValueID) throws(DiagnosticError) -> [PlanStep]? {
    let instruction = f[v]
    if isOfNumbers(v) { return nil }
    switch instruction.operation.info.operationClass {
    case .source, .elementwise: return nil
    case .region: return instruction.operation == .loop ? [try loopStep(v)] : nil
    case .globalReduction:
      var step = PlanStep(.contribute, instruction.operation)
      step.m = Int(instruction.attribute)
      step.scalarA = register(instruction.a)
      step.scalarD = register(v)
      return [step]
    case .oracle:
      var step = PlanStep(.oraclePoint, instruction.operation)
      step.m = Int(instruction.attribute)
      step.a = whole(instruction.a)
      if instruction.operation == .gradientAt {
        step.d = result(v)
      } else {
        step.scalarD = register(v)
      }
      return [step]
    case .reduction:
      guard instruction.operation == .argMaximum || instruction.operation == .argMinimum else {
        return nil
      }
      return [argStep(v)]
    case .rowwise: return [rowwiseStep(v)]
    case .matrix:
      return instruction.operation == .matrixProduct ? [productStep(v)] : nil
    case .decomposition: return [decompositionStep(v)]
    case .movement: return movementStep(v).map { [$0] }
    case .selection: return [selectionStep(v)]
    }
  }

  /// The address of an operand that lies in memory row-major.
  private mutating func whole(_ v: ValueID) -> SlotAddress { address(contiguousView(v)) }

  /// The address of a step's own result.
  private func result(_ v: ValueID) -> SlotAddress {
    if case .memory(let view) = placement[v.index] { return address(view) }
    return .none
  }

  private mutating func projection(_ tuple: ValueID, _ index: Int, count: Int) -> SlotAddress {
    for i in order where f.instructions[i].operation == .project {
      let project = f.instructions[i]
      if project.a == tuple, Int(project.attribute) == index { return result(ValueID(i)) }
    }
    return SlotAddress(slot: newSlot(.buffer, count: count), offset: 0)
  }

  /// Room of `count` elements of eight bytes for a step's own use.
  private mutating func room(_ count: Int) -> SlotAddress {
    SlotAddress(slot: newSlot(.buffer, count: max(count, 1), format: .float64), offset: 0)
  }

  private mutating func productStep(_ v: ValueID) -> PlanStep {
    let instruction = f[v]
    var step = PlanStep(.matrixProduct, .matrixProduct)
    func layout(_ operand: ValueID, _ planner: inout Planner) -> (View, Bool, Int) {
      let view = planner.view(operand)
      if let (transposed, leading) = planner.matrixLayout(view, planner.shape(operand)) {
        return (view, transposed, leading)
      }
      return (planner.contiguousView(operand), false, max(planner.shape(operand)[1], 1))
    }
    let (a, transposesA, leadingA) = layout(instruction.a, &self)
    let (b, transposesB, leadingB) = layout(instruction.b, &self)
    step.a = address(a)
    step.b = address(b)
    step.d = result(v)
    step.transposesA = transposesA
    step.transposesB = transposesB
    step.leadingA = leadingA
    step.leadingB = leadingB
    step.m = shape(instruction.a)[0]
    step.k = shape(instruction.a)[1]
    step.n = shape(instruction.b)[1]
    return step
  }

  private mutating func rowwiseStep(_ v: ValueID) -> PlanStep {
    let instruction = f[v]
    var step = PlanStep(
      instruction.operation == .softmax ? .softmax : .logSoftmax, instruction.operation)
    step.a = whole(instruction.a)
    step.d = result(v)
    step.n = shape(v).last ?? 1
    step.m = step.n == 0 ? 0 : count(v) / step.n
    return step
  }

  private mutating func argStep(_ v: ValueID) -> PlanStep {
    let instruction = f[v]
    var step = PlanStep(.argExtreme, instruction.operation)
    let operand = shape(instruction.a)
    step.a = whole(instruction.a)
    // m runs of n entries, k apart; runs start one after the other or n apart.
    switch Scope(rawValue: instruction.attribute) ?? .all {
    case .all: (step.m, step.n, step.k) = (1, count(instruction.a), 1)
    case .perRow:
      let n = operand.last ?? 1
      (step.m, step.n, step.k) = (operand.count < 2 ? 1 : operand[0], n, 1)
    case .perColumn where operand.count < 2: (step.m, step.n, step.k) = (operand.first ?? 1, 1, 1)
    default:
      let inner = operand.dropFirst().reduce(1, *)
      (step.m, step.n, step.k) = (inner, operand.first ?? 1, inner)
      step.transposesA = true
    }
    if isScalar(v) { step.scalarD = register(v) } else { step.d = result(v) }
    return step
  }

  private mutating func decompositionStep(_ v: ValueID) -> PlanStep {
    let instruction = f[v]
    let operand = shape(instruction.a)
    let (m, n) = (operand[0], operand[1])
    let inner = min(m, n)
    var step: PlanStep
    switch instruction.operation {
    case .solve:
      step = PlanStep(.solve, .solve)
      step.b = whole(instruction.b)
      step.d = result(v)
      step.k = shape(instruction.b)[1]
    case .cholesky:
      step = PlanStep(.cholesky, .cholesky)
      step.d = result(v)
    case .qr:
      step = PlanStep(.qr, .qr)
      step.d = projection(v, 0, count: m * inner)
      step.e = projection(v, 1, count: inner * n)
    case .eigh:
      step = PlanStep(.eigh, .eigh)
      step.d = projection(v, 0, count: n)
      step.e = projection(v, 1, count: n * n)
    default:
      step = PlanStep(.svd, .svd)
      step.k = Int(instruction.attribute)
      step.d = projection(v, 0, count: m * inner)
      step.e = projection(v, 1, count: inner)
      step.h = projection(v, 2, count: n * inner)
    }
    step.a = whole(instruction.a)
    step.m = m
    step.n = n
    return step
  }

  private mutating func movementStep(_ v: ValueID) -> PlanStep? {
    let instruction = f[v]
    var step: PlanStep
    switch instruction.operation {
    case .diagonal:
      let operand = shape(instruction.a)
      guard operand.count < 2 || operand.contains(1) else { return nil }
      step = PlanStep(.diagonal, .diagonal)
      step.a = whole(instruction.a)
      step.n = count(instruction.a)
    case .placeSlice:
      step = PlanStep(.placeSlice, .placeSlice)
      step.a = whole(instruction.a)
      step.n = count(v)
      step.m = count(instruction.a)
      stepPlace(&step, v)
    case .gather:
      step = PlanStep(.gather, .gather)
      step.a = whole(instruction.a)
      step.b = whole(instruction.b)
      step.m = shape(v)[0]
      step.n = shape(instruction.a)[1]
      step.k = shape(instruction.a)[0]
      step.leadingA = count(instruction.b)
    case .scatterAdd:
      step = PlanStep(.scatterAdd, .scatterAdd)
      step.a = whole(instruction.a)
      step.b = whole(instruction.b)
      step.m = shape(instruction.b).first ?? 1
      step.leadingA = count(instruction.a)
      step.k = shape(v)[0]
      step.n = shape(v).dropFirst().reduce(1, *)
    case .takeAlong:
      step = PlanStep(.takeAlong, .takeAlong)
      step.a = whole(instruction.a)
      step.b = whole(instruction.b)
      step.m = shape(instruction.a)[0]
      step.n = shape(instruction.a)[1]
      step.leadingA = count(instruction.b)
    case .placeAlong:
      step = PlanStep(.placeAlong, .placeAlong)
      step.a = whole(instruction.a)
      step.b = whole(instruction.b)
      step.m = shape(v)[0]
      step.n = shape(v)[1]
      step.leadingA = count(instruction.b)
    default: return nil
    }
    step.d = result(v)
    return step
  }

  private mutating func stepPlace(_ step: inout PlanStep, _ v: ValueID) {
    let slices = f.slices[Int(f[v].attribute)]
    let target = shape(v)
    let strides = Self.contiguousStrides(target)
    var place = rv_place()
    place.axes = Int32(max(target.count, 1))
    var offset = 0
    set(&place.extent, 0, 1)
    for axis in target.indices {
      let slice = axis < slices.count ? slices[axis] : .full
      let end = slice.isDropped ? slice.start + 1 : slice.end ?? target[axis]
      set(&place.extent, axis, Int64(end - slice.start))
      set(&place.stride, axis, Int64(strides[axis]))
      offset += slice.start * strides[axis]
    }
    step.k = offset
    plan.stepPlaces.append(place)
    step.place = Int32(plan.stepPlaces.count - 1)
  }

  private mutating func selectionStep(_ v: ValueID) -> PlanStep {
    let instruction = f[v]
    var step: PlanStep
    switch instruction.operation {
    case .sort: step = PlanStep(.sort, .sort)
    case .argSort: step = PlanStep(.argSort, .argSort)
    case .topKMask: step = PlanStep(.topKMask, .topKMask)
    default: step = PlanStep(.quantile, .quantile)
    }
    step.a = whole(instruction.a)
    step.n = count(instruction.a)
    if instruction.b.isSome { step.scalarA = register(instruction.b) }
    if isScalar(v) { step.scalarD = register(v) } else { step.d = result(v) }
    step.e = room(2 * step.n)
    return step
  }
}
