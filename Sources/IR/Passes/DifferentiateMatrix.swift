import Basics
import Diagnostics

/// Adjoints of matrix functions, after Giles 2008, "Collected Matrix Derivative Results for Forward
/// and Reverse Mode Algorithmic Differentiation", and for `svd` Townsend 2016, "Differentiating the
/// Singular Value Decomposition".
extension Differentiate {
  mutating func product(_ a: ValueID, _ b: ValueID) throws(DiagnosticError) -> ValueID {
    try make(.matrixProduct, a, b)
  }

  private mutating func symmetric(_ a: ValueID) throws(DiagnosticError) -> ValueID {
    try make(.multiply, constant(0.5), make(.add, a, transpose(a)))
  }

  /// 1 below the diagonal (strictly), 0 elsewhere, as a condition.
  private mutating func isBelowDiagonal(_ shape: Shape) throws(DiagnosticError) -> ValueID {
    let type = ValueType(.real, shape)
    return try make(
      .greater, builder.source(.iota, type, attribute: 0),
      builder.source(.iota, type, attribute: 1))
  }

  private mutating func isOnDiagonal(_ shape: Shape) throws(DiagnosticError) -> ValueID {
    let type = ValueType(.real, shape)
    return try make(
      .equal, builder.source(.iota, type, attribute: 0), builder.source(.iota, type, attribute: 1))
  }

  /// A lower triangle with half the diagonal: the inverse of X ↦ X + Xᵀ.
  private mutating func lowerHalf(_ a: ValueID) throws(DiagnosticError) -> ValueID {
    let shape = builder.type(a).shape
    let half = try make(.multiply, constant(0.5), a)
    return try make(
      .select, isBelowDiagonal(shape), a,
      make(.select, isOnDiagonal(shape), half, constant(0)))
  }

  mutating func cholesky(_ id: ValueID, _ d: ValueID) throws(DiagnosticError) {
    let upper = try transpose(id)
    let inner = try lowerHalf(product(upper, d))
    let left = try make(.solve, upper, inner)
    let both = try make(.solve, upper, transpose(left))
    try add(symmetric(both), to: forward[id].a, through: id)
  }

  /// Value `k` of an operation that gives several, and its type.
  private mutating func part(_ id: ValueID, _ k: Int) -> ValueID {
    let types = ShapeRules.results(of: forward[id].operation, forward.type(forward[id].a))
    return builder.project(id, k, type: types[k])
  }

  /// The adjoint of value `k`, whole; zeros where it was not used.
  private mutating func adjoint(
    _ id: ValueID, _ k: Int, _ parts: [Int: ValueID]
  ) throws(DiagnosticError) -> ValueID {
    let zero = constant(0)
    return try full(parts[k] ?? zero, builder.type(part(id, k)).shape)
  }

  // MARK: QR

  /// Square and tall: A = Q R with R invertible. Wide: the square part so, the rest is Qᵀ A.
  mutating func propagateQR(_ id: ValueID, _ parts: [Int: ValueID]) throws(DiagnosticError) {
    let a = forward[id].a
    let shape = forward.type(a).shape
    let (m, n) = (shape[0].value, shape[1].value)
    if m == 0 || n == 0 { return }
    let q = part(id, 0)
    let r = part(id, 1)
    let dq = try adjoint(id, 0, parts)
    let dr = try adjoint(id, 1, parts)
    guard m < n else {
      try add(squareQR(q, r, dq, dr), to: a, through: id)
      return
    }
    let left = [AxisSlice.full, AxisSlice(start: 0, end: m, isDropped: false)]
    let right = [AxisSlice.full, AxisSlice(start: m, end: n, isDropped: false)]
    let rest = try slice(a, right)
    let dRest = try slice(dr, right)
    let dqAll = try make(.add, dq, product(rest, transpose(dRest)))
    let first = try squareQR(q, slice(r, left), dqAll, slice(dr, left))
    let second = try product(q, dRest)
    let whole = try make(
      .add, placeSlice(first, left, shape), placeSlice(second, right, shape))
    try add(whole, to: a, through: id)
  }

  private mutating func squareQR(
    _ q: ValueID, _ r: ValueID, _ dq: ValueID, _ dr: ValueID
  ) throws(DiagnosticError) -> ValueID {
    let middle = try make(
      .subtract, product(r, transpose(dr)), product(transpose(dq), q))
    let half = try lowerHalf(middle)
    // The lower triangle mirrored is lowerHalf + its transpose, once doubled on the diagonal.
    let mirrored = try make(.add, half, transpose(half))
    let inner = try make(.add, dq, product(q, mirrored))
    return try transpose(make(.solve, r, transpose(inner)))
  }

  // MARK: Eigenvalues and singular values

  /// 1 / (x_j - x_i) off the diagonal, 0 on it, for a row of distinct numbers.
  private mutating func inverseGaps(_ row: ValueID) throws(DiagnosticError) -> ValueID {
    let n = builder.type(row).shape[1].value
    let gaps = try make(.subtract, row, transpose(row))
    return try make(
      .select, isOnDiagonal(matrix(n, n)), constant(0), make(.divide, constant(1), gaps))
  }

  mutating func propagateEigh(_ id: ValueID, _ parts: [Int: ValueID]) throws(DiagnosticError) {
    let a = forward[id].a
    let n = forward.type(a).shape[0].value
    if n == 0 { return }
    let vectors = part(id, 1)
    var inner: ValueID?
    if parts[0] != nil { inner = try diagonalMatrix(adjoint(id, 0, parts), n) }
    if parts[1] != nil {
      let turned = try product(transpose(vectors), adjoint(id, 1, parts))
      let scaled = try make(.multiply, inverseGaps(part(id, 0)), turned)
      inner = try inner.map { (x) throws(DiagnosticError) in try make(.add, x, scaled) } ?? scaled
    }
    guard let inner else { return }
    let whole = try product(product(vectors, inner), transpose(vectors))
    try add(symmetric(whole), to: a, through: id)
  }

  private mutating func diagonalMatrix(
    _ row: ValueID, _ n: Int
  ) throws(DiagnosticError) -> ValueID {
    try make(.select, isOnDiagonal(matrix(n, n)), row, constant(0))
  }

  mutating func propagateSVD(_ id: ValueID, _ parts: [Int: ValueID]) throws(DiagnosticError) {
    let a = forward[id].a
    let shape = forward.type(a).shape
    let k = min(shape[0].value, shape[1].value)
    if k == 0 { return }
    let u = part(id, 0)
    let s = part(id, 1)
    let v = part(id, 2)
    var inner = try diagonalMatrix(adjoint(id, 1, parts), k)
    var outer: ValueID?
    if parts[0] != nil || parts[2] != nil {
      let gaps = try inverseGaps(make(.multiply, s, s))
      let (du, dv) = (try adjoint(id, 0, parts), try adjoint(id, 2, parts))
      let left = try make(.multiply, gaps, antisymmetric(product(transpose(u), du)))
      let right = try make(.multiply, gaps, antisymmetric(product(transpose(v), dv)))
      inner = try make(
        .add, inner,
        make(.add, make(.multiply, left, s), make(.multiply, transpose(s), right)))
      // What points out of the span of U or V, for tall and wide matrices.
      if shape[0].value > k {
        let scaled = try make(.divide, du, s)
        let rest = try make(.subtract, scaled, product(u, product(transpose(u), scaled)))
        outer = try product(rest, transpose(v))
      }
      if shape[1].value > k {
        let scaled = try make(.divide, dv, s)
        let rest = try make(.subtract, scaled, product(v, product(transpose(v), scaled)))
        outer = try product(u, transpose(rest))
      }
    }
    var whole = try product(product(u, inner), transpose(v))
    if let outer { whole = try make(.add, whole, outer) }
    try add(whole, to: a, through: id)
  }

  private mutating func antisymmetric(_ a: ValueID) throws(DiagnosticError) -> ValueID {
    try make(.subtract, a, transpose(a))
  }
}
