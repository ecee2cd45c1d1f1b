import Basics
import Diagnostics

/// Stacks of matrices as engines have them: products of matrices, or of stacks with one axis in front,
/// and reductions along the rows of one matrix.
extension Specialise {
  /// A stack times one matrix is one product, its rows under each other; other axes in front become one.
  mutating func product(
    _ a: ValueID, _ b: ValueID, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    let (x, y) = (numbers(a), numbers(b))
    if x.count <= 2, y.count <= 2 { return try make(.matrixProduct, [a, b], span) }
    let types = [builder.type(a), builder.type(b)]
    let result: [Int]
    do throws(ShapeError) {
      result = try ShapeRules.infer(.matrixProduct, types).shape.extents.map(\.value)
    } catch { throw DiagnosticError(error.diagnostic(at: span)) }
    let (rows, columns) = (result[result.count - 2], result[result.count - 1])
    let depth = x[x.count - 1]
    let front = Array(result.dropLast(2))
    let count = Lengths.product(front)
    /// The operand with all axes in front, or as a single matrix where it has no others than of length 1.
    func stack(
      _ value: ValueID, _ own: [Int], _ m: Int, _ n: Int, _ pass: inout Specialise
    ) throws(DiagnosticError) -> ValueID {
      if own.dropLast(2).allSatisfy({ $0 == 1 }) { return try pass.reshape(value, [m, n], span) }
      var extents: [Extent] = []
      for length in front + [m, n] { extents.append(try .length(length, at: span)) }
      let whole = try pass.make(
        .broadcast, [value], span, declared: ValueType(types[0].kind, Shape(extents)))
      return try pass.reshape(whole, [count, m, n], span)
    }
    if y.dropLast(2).allSatisfy({ $0 == 1 }) {
      let under = try reshape(a, [Lengths.product([count, rows]), depth], span)
      let right = try stack(b, y, depth, columns, &self)
      return try reshape(make(.matrixProduct, [under, right], span), result, span)
    }
    let left = try stack(a, x, rows, depth, &self)
    let right = try stack(b, y, depth, columns, &self)
    return try reshape(make(.matrixProduct, [left, right], span), result, span)
  }

  /// A reduction along the rows or the columns of each matrix of a stack; any other as it is.
  mutating func fold(
    _ operation: Operation, _ value: ValueID, _ attribute: Int32, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    let scope = Scope(rawValue: attribute) ?? .all
    guard scope == .perRow || scope == .perColumn else {
      return try make(operation, [value], span, attribute: attribute)
    }
    let rows = scope == .perRow ? value : try make(.transpose, [value], span)
    let lengths = numbers(rows)
    let front = Array(lengths.dropLast())
    let matrix = try reshape(rows, [Lengths.product(front), lengths[lengths.count - 1]], span)
    let folded = try make(operation, [matrix], span, attribute: Scope.perRow.rawValue)
    var result = front + [1]
    if scope == .perColumn { result.swapAt(result.count - 2, result.count - 1) }
    return try reshape(folded, result, span)
  }
}
