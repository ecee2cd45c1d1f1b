import CKernels
import Diagnostics
import IR

extension Planner {
  /// The step of a value that no pass computes; nil for the others.
  mutating func wholeStep(_ v: ValueID) throws(DiagnosticError) -> PlanStep? {
    let operation = f[v].operation
    if isOfNumbers(v) { return nil }
    let work: PlanStep.Work?
    switch operation.info.operationClass {
    case .source, .elementwise: work = nil
    case .region: work = operation == .loop ? try loopWork(v) : nil
    case .globalReduction(let fold):
      work = .contribute(
        PlanStep.Contribution(
          fold: fold, site: Int(f[v].attribute), value: register(f[v].a), result: register(v)))
    case .oracle: work = .query(query(v))
    // Passes fold.
    case .reduction(.fold): work = nil
    case .reduction(.argMaximum): work = .argExtreme(argExtreme(v), isLargest: true)
    case .reduction(.argMinimum): work = .argExtreme(argExtreme(v), isLargest: false)
    case .rowwise(.softmax): work = .softmax(rowwise(v), isLogarithm: false)
    case .rowwise(.logSoftmax): work = .softmax(rowwise(v), isLogarithm: true)
    case .matrix(let kind): work = matrix(kind, v)
    case .movement(let kind): work = movement(kind, v)
    case .selection(let kind): work = selection(kind, v)
    }
    return work.map { PlanStep($0, operation) }
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

  /// Scratch memory of `count` elements of eight bytes for a step's own use.
  private mutating func scratch(_ count: Int) -> SlotAddress {
    SlotAddress(slot: newSlot(.buffer, count: max(count, 1), format: .float64), offset: 0)
  }

  private mutating func query(_ v: ValueID) -> PlanStep.OracleQuery {
    var query = PlanStep.OracleQuery(site: Int(f[v].attribute), point: whole(f[v].a))
    if f[v].operation != .lossAt {
      query.gradient = result(v)
    } else {
      query.loss = register(v)
    }
    return query
  }

  private mutating func product(_ v: ValueID) -> PlanStep.MatrixProduct {
    func layout(_ operand: ValueID, _ planner: inout Planner) -> PlanStep.MatrixProduct.Operand {
      let view = planner.view(operand)
      let shape = planner.shape(operand)
      if let (isTransposed, leading) = planner.matrixLayout(view, shape) {
        return PlanStep.MatrixProduct.Operand(
          address: planner.address(view), isTransposed: isTransposed, leading: leading,
          step: shape.count > 2 && shape[0] > 1 ? view.strides[0] : 0)
      }
      let cols = max(shape[shape.count - 1], 1)
      return PlanStep.MatrixProduct.Operand(
        address: planner.whole(operand), isTransposed: false, leading: cols,
        step: shape.count > 2 && shape[0] > 1 ? shape[1] * cols : 0)
    }
    let (a, b) = (f[v].a, f[v].b)
    let result = shape(v)
    precondition(result.count <= 3, "binding has made stacks with one axis in front")
    return PlanStep.MatrixProduct(
      count: result.count > 2 ? result[0] : 1, a: layout(a, &self), b: layout(b, &self),
      result: self.result(v), rows: result[result.count - 2], columns: result[result.count - 1],
      depth: shape(a).last!,
      isOfBFloat16: isOfBFloat16(a) && isOfBFloat16(b))
  }

  /// Whether every number of a value is known to be one of bfloat16.
  private func isOfBFloat16(_ v: ValueID) -> Bool {
    let (instruction, k) = (f[v], Int(f[v].attribute))
    func isStored(_ role: PlanSlot.Role) -> Bool {
      formats.of(role, computed: computed).element == SlotFormat.bfloat16.element
    }
    switch instruction.operation {
    case .bfloat16: return true
    case .parameter: return isStored(.parameter(k))
    case .gradient: return isStored(.gradient(k))
    case .state: return isStored(.state(k))
    case .negate, .transpose, .reshape, .slice, .broadcast: return isOfBFloat16(instruction.a)
    case .select: return isOfBFloat16(instruction.b) && isOfBFloat16(instruction.c)
    default: return false
    }
  }

  private mutating func rowwise(_ v: ValueID) -> PlanStep.Rowwise {
    let columns = shape(v).last ?? 1
    return PlanStep.Rowwise(
      source: whole(f[v].a), result: result(v), rows: columns == 0 ? 0 : count(v) / columns,
      columns: columns)
  }

  private mutating func argExtreme(_ v: ValueID) -> PlanStep.ArgExtreme {
    let operand = shape(f[v].a)
    func runs(_ runs: Int, of length: Int) -> PlanStep.ArgExtreme {
      PlanStep.ArgExtreme(
        source: .none, runs: runs, length: length, stride: 1, runStride: length, result: result(v))
    }
    var step: PlanStep.ArgExtreme
    switch Scope(rawValue: f[v].attribute) ?? .all {
    case .all: step = runs(1, of: count(f[v].a))
    case .perRow: step = runs(operand.count < 2 ? 1 : operand[0], of: operand.last ?? 1)
    case .perColumn where operand.count < 2: step = runs(operand.first ?? 1, of: 1)
    default:
      let inner = operand.dropFirst().reduce(1, *)
      step = runs(inner, of: operand.first ?? 1)
      (step.stride, step.runStride) = (inner, 1)
    }
    step.source = whole(f[v].a)
    if isScalar(v) { (step.register, step.result) = (register(v), .none) }
    return step
  }

  private mutating func matrix(_ matrix: OperationClass.Matrix, _ v: ValueID) -> PlanStep.Work? {
    let instruction = f[v]
    if matrix == .product { return .product(product(v)) }
    if matrix == .transpose { return nil }
    let operand = shape(instruction.a)
    let (m, n) = (operand[0], operand[1])
    let inner = min(m, n)
    let kind: PlanStep.Decomposition.Kind
    switch matrix {
    case .product, .transpose: return nil
    case .solve:
      kind = .solve(
        right: whole(instruction.b), columns: shape(instruction.b)[1], into: result(v))
    case .cholesky: kind = .cholesky(into: result(v))
    case .qr:
      kind = .qr(
        q: projection(v, 0, count: m * inner), r: projection(v, 1, count: inner * n))
    case .eigh:
      kind = .eigh(values: projection(v, 0, count: n), vectors: projection(v, 1, count: n * n))
    case .svd:
      kind = .svd(
        u: projection(v, 0, count: m * inner), values: projection(v, 1, count: inner),
        v: projection(v, 2, count: n * inner),
        keepsSigns: instruction.attribute == SingularSigns.lapack.rawValue)
    }
    return .decomposition(
      PlanStep.Decomposition(matrix: whole(instruction.a), rows: m, columns: n, kind: kind))
  }

  /// Nil where the result is a view.
  private mutating func movement(
    _ kind: OperationClass.Movement, _ v: ValueID
  ) -> PlanStep.Work? {
    let instruction = f[v]
    let own = shape(v)
    switch kind {
    case .reshape, .broadcast, .slice: return nil
    // Binding has made slices of it.
    case .push: return nil
    case .diagonal:
      let operand = shape(instruction.a)
      guard operand.count < 2 || operand.contains(1) else { return nil }
      return .diagonal(from: whole(instruction.a), into: result(v), count: count(instruction.a))
    case .placeSlice: return .placeSlice(slicePlacement(v))
    case .unfold: return .unfold(patches(v, images: shape(instruction.a)))
    case .fold: return .fold(patches(v, images: own))
    case .gather:
      let table = shape(instruction.a)
      return .gather(
        move(v, instruction.a, by: instruction.b, rows: own[0], columns: table[1], limit: table[0]))
    case .scatterAdd:
      return .scatterAdd(
        move(
          v, instruction.b, by: instruction.a, rows: shape(instruction.b).first ?? 1,
          columns: own.dropFirst().reduce(1, *), limit: own[0]))
    case .takeAlong:
      let source = shape(instruction.a)
      return .takeAlong(
        move(
          v, instruction.a, by: instruction.b, rows: source[0], columns: source[1],
          limit: source[1]))
    case .placeAlong:
      return .placeAlong(
        move(v, instruction.a, by: instruction.b, rows: own[0], columns: own[1], limit: own[1]))
    }
  }

  private mutating func patches(_ v: ValueID, images: [Int]) -> PlanStep.Patches {
    let window = f.windows[Int(f[v].attribute)]
    let numbers = window.extents.map { Int64($0.value) }
    func count(_ length: Int, _ size: Extent) -> Int64 {
      Int64(
        PatchWindow.count(
          length: length, window: size.value, stride: window.stride.value, pad: window.pad.value)!)
    }
    let front = images.count - 3
    let (height, width) = (images[front], images[front + 1])
    return PlanStep.Patches(
      source: whole(f[v].a), result: result(v),
      layout: rv_patches(
        images: Int64(images[..<front].reduce(1, *)), height: Int64(height), width: Int64(width),
        channels: Int64(images[front + 2]), rows: numbers[0], cols: numbers[1], stride: numbers[2],
        pad: numbers[3], down: count(height, window.rows), across: count(width, window.cols)))
  }

  private mutating func move(
    _ v: ValueID, _ source: ValueID, by indices: ValueID, rows: Int, columns: Int, limit: Int
  ) -> PlanStep.IndexedMove {
    PlanStep.IndexedMove(
      source: whole(source), indices: whole(indices), indexCount: count(indices),
      result: result(v), rows: rows, columns: columns, limit: limit)
  }

  private mutating func slicePlacement(_ v: ValueID) -> PlanStep.SlicePlacement {
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
    plan.stepPlaces.append(place)
    return PlanStep.SlicePlacement(
      source: whole(f[v].a), sourceCount: count(f[v].a), result: result(v), resultCount: count(v),
      offset: offset, place: plan.stepPlaces.count - 1)
  }

  private mutating func selection(
    _ kind: OperationClass.Selection, _ v: ValueID
  ) -> PlanStep.Work {
    let instruction = f[v]
    let n = count(instruction.a)
    let selection = PlanStep.Selection(
      source: whole(instruction.a), count: n, result: result(v), scratch: scratch(2 * n))
    return switch kind {
    case .sort: .sort(selection, givesIndices: false)
    case .argSort: .sort(selection, givesIndices: true)
    case .topKMask: .topKMask(selection, share: register(instruction.b))
    case .quantile: .quantile(selection, share: register(instruction.b), result: register(v))
    }
  }
}
