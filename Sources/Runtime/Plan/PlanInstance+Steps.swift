import CKernels
import Diagnostics
import IR

/// The steps over whole tensors.
extension PlanInstance {
  private var element: Int32 { program.plan.element.kernelElement }

  func whole(_ step: UnsafeMutablePointer<PlanStep>) throws(DiagnosticError) {
    switch step.pointee.work {
    case .scalars, .segment, .loop, .contribute, .query: break
    case .product(let s): product(s)
    case .softmax(let s, let isLogarithm):
      let (m, n) = (Int64(s.rows), Int64(s.columns))
      if isLogarithm {
        rv_log_softmax(element, pointer(s.source), pointer(s.result), m, n)
      } else {
        rv_softmax(element, pointer(s.source), pointer(s.result), m, n)
      }
    case .diagonal(let source, let result, let count):
      rv_diagonal(element, pointer(source), pointer(result), Int64(count))
    case .placeSlice(let s):
      rv_place_slice(
        element, pointer(s.source), pointer(s.result), Int64(s.sourceCount), Int64(s.resultCount),
        Int64(s.offset), program.stepPlaces + s.place)
    case .gather(let s):
      try check(
        s, step,
        rv_gather(
          element, pointer(s.source), Int64(s.limit), pointer(s.indices), Int64(s.indexCount),
          pointer(s.result), Int64(s.rows), Int64(s.columns)))
    case .scatterAdd(let s):
      try check(
        s, step,
        rv_scatter_add(
          element, pointer(s.indices), Int64(s.indexCount), pointer(s.source), pointer(s.result),
          Int64(s.rows), Int64(s.limit), Int64(s.columns)))
    case .takeAlong(let s):
      try check(
        s, step,
        rv_take_along(
          element, pointer(s.source), pointer(s.indices), Int64(s.indexCount), pointer(s.result),
          Int64(s.rows), Int64(s.columns)))
    case .placeAlong(let s):
      try check(
        s, step,
        rv_place_along(
          element, pointer(s.source), pointer(s.indices), Int64(s.indexCount), pointer(s.result),
          Int64(s.rows), Int64(s.columns)))
    case .unfold(var s):
      rv_unfold(threads, element, pointer(s.source), pointer(s.result), &s.layout)
    case .fold(var s): rv_fold(threads, element, pointer(s.source), pointer(s.result), &s.layout)
    case .sort(let s, let givesIndices):
      rv_sort(
        element, pointer(s.source), pointer(s.result), Int64(s.count), givesIndices ? 1 : 0,
        scratch(s))
    case .topKMask(let s, let register):
      let share = scalars[Int(register)]
      guard share > 0, share <= 1 else { throw failure(.share(share), step) }
      rv_top_k_mask(
        element, pointer(s.source), pointer(s.result), Int64(s.count), share, scratch(s))
    case .quantile(let s, let register, let result):
      scalars[Int(result)] = rv_quantile(
        element, pointer(s.source), Int64(s.count), scalars[Int(register)], scratch(s))
    case .argExtreme(let s, let isLargest): argExtreme(s, isLargest)
    case .decomposition(let s):
      do throws(LinearAlgebraError) {
        if program.plan.element == .float32 {
          try decompose(s, memory.workspace32)
        } else {
          try decompose(s, memory.workspace64)
        }
      } catch { throw failure(.linearAlgebra(error), step) }
    }
  }

  private func scratch(_ s: PlanStep.Selection) -> UnsafeMutablePointer<Int64> {
    pointer(s.scratch).assumingMemoryBound(to: Int64.self)
  }

  private func product(_ s: PlanStep.MatrixProduct) {
    if s.rows == 0 || s.columns == 0 || s.count == 0 { return }
    let (a, b) = (pointer(s.a.address), pointer(s.b.address))
    let (transposesA, transposesB): (Int32, Int32) =
      (s.a.isTransposed ? 1 : 0, s.b.isTransposed ? 1 : 0)
    if s.isSmall {
      rv_small_products(
        threads, element, Int64(s.count), transposesA, transposesB, Int64(s.rows),
        Int64(s.columns), Int64(s.depth), a, Int64(s.a.leading), Int64(s.a.step), b,
        Int64(s.b.leading), Int64(s.b.step), pointer(s.result))
      return
    }
    MatrixLibrary.load()
    let width = program.plan.element.byteCount
    for k in 0..<s.count {
      rv_product(
        threads, element, s.isOfBFloat16 ? 1 : 0, transposesA, transposesB, Int32(s.rows),
        Int32(s.columns), Int32(s.depth), a + k * s.a.step * width, Int32(s.a.leading),
        b + k * s.b.step * width, Int32(s.b.leading),
        pointer(s.result) + k * s.rows * s.columns * width, Int32(s.columns))
    }
  }

  private var threads: Int32 { Int32(team?.pointee.threads ?? 1) }

  private func argExtreme(_ s: PlanStep.ArgExtreme, _ isLargest: Bool) {
    let width = program.plan.element.byteCount
    for run in 0..<s.runs {
      let from = pointer(s.source) + run * s.runStride * width
      let x = rv_arg_extreme(element, from, Int64(s.length), Int64(s.stride), isLargest ? 1 : 0)
      if s.register >= 0 {
        scalars[Int(s.register)] = x
      } else {
        rv_set_number(element, pointer(s.result), Int64(run), x)
      }
    }
  }

  private func decompose<T: LinearAlgebraScalar>(
    _ s: PlanStep.Decomposition, _ workspace: LinearAlgebraWorkspace<T>
  ) throws(LinearAlgebraError) {
    func memory(_ address: SlotAddress) -> UnsafeMutablePointer<T> {
      pointer(address).assumingMemoryBound(to: T.self)
    }
    let a = UnsafePointer(memory(s.matrix))
    let (m, n) = (s.rows, s.columns)
    switch s.kind {
    case .solve(let right, let columns, let x):
      try LinearAlgebra<T>.solve(
        a, UnsafePointer(memory(right)), n: m, columns: columns, into: memory(x), workspace)
    case .cholesky(let l): try LinearAlgebra<T>.cholesky(a, n: m, into: memory(l))
    case .qr(let q, let r):
      try LinearAlgebra<T>.qr(a, m: m, n: n, q: memory(q), r: memory(r), workspace)
    case .eigh(let values, let vectors):
      try LinearAlgebra<T>.eigh(
        a, n: m, values: memory(values), vectors: memory(vectors), workspace)
    case .svd(let u, let values, let v, let keepsSigns):
      try LinearAlgebra<T>.svd(
        a, m: m, n: n, u: memory(u), values: memory(values), v: memory(v),
        keepsSigns: keepsSigns, workspace)
    }
  }

  /// Throws R0904 for the first index that is none, at position `wrong` unless that is negative.
  private func check(
    _ s: PlanStep.IndexedMove, _ step: UnsafeMutablePointer<PlanStep>, _ wrong: Int64
  ) throws(DiagnosticError) {
    if wrong < 0 { return }
    throw failure(
      .index(rv_number_at(element, pointer(s.indices), wrong), count: s.limit), step)
  }
}
