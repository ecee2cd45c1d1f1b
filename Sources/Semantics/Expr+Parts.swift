import Syntax

extension Expr {
  /// The expressions that it is made of, as written.
  var parts: [ExprID] {
    switch self {
    case .number, .string, .name, .primed, .error: []
    case .unary(_, let a), .global(let a), .transpose(let a), .norm(let a), .over(_, _, let a),
      .member(let a, _):
      [a]
    case .binary(_, let a, let b): [a, b]
    case .conditional(let c, let then, let otherwise): [c, then, otherwise]
    case .call(_, let arguments): arguments.map(\.value)
    case .index(let a, let subscripts):
      [a]
        + subscripts.flatMap { subscripted -> [ExprID] in
          switch subscripted {
          case .at(let i): [i]
          case .range(let from, let to): [from, to].compactMap { $0 }
          }
        }
    case .list(let items): items
    }
  }
}
