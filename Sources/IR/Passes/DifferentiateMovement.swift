import Basics
import Diagnostics

/// Adjoints of what moves entries: each moves them back.
extension Differentiate {
  func columnShape(_ shape: Shape) throws(DiagnosticError) -> Shape {
    try matrix(shape.elementCount, 1)
  }

  /// Puts entry i of a column where the i-th smallest entry of `x` stands.
  mutating func unsorted(
    _ x: ValueID, _ column: ValueID
  ) throws(DiagnosticError) -> ValueID {
    let shape = forward.type(x).shape
    let order = try reshape(make(.argSort, x), try columnShape(shape))
    let placed = try make(
      .scatterAdd, order, column, declared: ValueType(.real, try columnShape(shape)))
    return try reshape(placed, shape)
  }

  mutating func quantile(_ id: ValueID, _ d: ValueID) throws(DiagnosticError) {
    let (x, q) = (forward[id].a, forward[id].b)
    let count = forward.type(x).shape.elementCount
    if count == 0 { return }
    let column = ValueType(.real, try columnShape(forward.type(x).shape))
    let last = constant(Double(count - 1))
    let position = try make(.multiply, make(.clip, q, constant(0), constant(1)), last)
    let low = try make(.floor, position)
    let fraction = try make(.subtract, position, low)
    let place = builder.source(.iota, column, attribute: 0)
    let isLow = try make(.equal, place, low)
    let isHigh = try make(.equal, place, make(.minimum, make(.add, low, constant(1)), last))
    let zero = constant(0)
    if isActive[x.index] {
      let weights = try make(
        .add, make(.select, isLow, make(.subtract, constant(1), fraction), zero),
        make(.select, isHigh, fraction, zero))
      try add(unsorted(x, full(make(.multiply, d, weights), column.shape)), to: x, through: id)
    }
    if isActive[q.index] {
      let sorted = try reshape(make(.sort, x), column.shape)
      let gap = try make(
        .subtract, make(.sum, make(.select, isHigh, sorted, zero)),
        make(.sum, make(.select, isLow, sorted, zero)))
      let inside = try make(.equal, q, make(.clip, q, zero, constant(1)))
      let slope = try make(.select, inside, make(.multiply, last, gap), zero)
      try add(make(.multiply, d, slope), to: q, through: id)
    }
  }

  mutating func slice(_ value: ValueID, _ slices: [AxisSlice]) throws(DiagnosticError) -> ValueID {
    do throws(ShapeError) {
      return try builder.slice(value, slices)
    } catch { throw DiagnosticError(error.diagnostic(at: builder.origin)) }
  }

  mutating func patches(
    _ operation: Operation, _ value: ValueID, _ window: PatchWindow, _ shape: Shape
  ) throws(DiagnosticError) -> ValueID {
    do throws(ShapeError) {
      return try builder.patches(operation, value, window, declared: ValueType(.real, shape))
    } catch { throw DiagnosticError(error.diagnostic(at: builder.origin)) }
  }

  mutating func placeSlice(
    _ value: ValueID, _ slices: [AxisSlice], _ shape: Shape
  ) throws(DiagnosticError) -> ValueID {
    do throws(ShapeError) {
      return try builder.placeSlice(value, slices, type: ValueType(.real, shape))
    } catch { throw DiagnosticError(error.diagnostic(at: builder.origin)) }
  }
}
