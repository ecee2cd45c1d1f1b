import Diagnostics
import IR
import Semantics
import Syntax

/// `if`, decided for each element or when a rule is bound.
struct ChoiceLowerer: LoweringPart {
  let lowerer: Lowerer

  /// `if c then a else b`. Where binding decides, as in `if rows >= cols then x else x.T`, the arms
  /// may have different shapes.
  func choose(_ condition: Value, _ a: Value, _ b: Value, at span: Span) -> Value {
    if case .value(let c) = condition, case .value(let x) = a, case .value(let y) = b,
      type(c).kind == .boolean, shape(c).isScalar, shape(x).rank == shape(y).rank,
      shape(x).broadcast(with: shape(y)) == nil, let outer = outermost(c), isKnownAtBinding(outer)
    {
      let isBoolean = type(x).kind == .boolean && type(y).kind == .boolean
      let axes = zip(shape(x).extents, shape(y).extents).map { extent(outer, $0, $1) }
      let shape = ShapeRules.choice(axes)
      return make(
        .select, [c, x, y], declared: ValueType(isBoolean ? .boolean : .real, shape), at: span)
    }
    return make(.select, [condition, a, b], at: span)
  }

  /// The length of an axis that is one of two.
  func extent(_ condition: ValueID, _ a: Extent, _ b: Extent) -> Extent {
    if a == b { return a }
    guard let x = length(a), let y = length(b),
      let either = try? lowerer.draft.levels[0].builder.make(.select, condition, x, y)
    else { return .unknown }
    return lowerer.draft.levels[0].builder.extentSymbol(either)
  }

  /// Whether a value is made of lengths and numbers alone.
  func isKnownAtBinding(_ value: ValueID) -> Bool {
    let function = lowerer.draft.levels[0].builder.function
    return !function.reaches(value) { value -> Bool? in
      switch function[value].operation {
      case .constant, .extent: false
      case let operation: operation.isElementwise ? nil : true
      }
    }
  }
}
