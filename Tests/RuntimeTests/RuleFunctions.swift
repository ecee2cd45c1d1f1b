import IR

@testable import Runtime

/// Concrete functions of well-known rules, for tests that need no parser.
enum RuleFunctions {
  static func like(_ rows: Int, _ cols: Int) -> ValueType {
    ValueType(.real, Shape([.fixed(rows), .fixed(cols)]))
  }

  /// Hypers lr, β1, β2, ε, λ; states m, v.
  static func adamW(_ rows: Int, _ cols: Int) throws -> Function {
    var b = FunctionBuilder(name: "AdamW")
    let type = like(rows, cols)
    let w = b.source(.parameter, type)
    let g = b.source(.gradient, type)
    let m = b.source(.state, type, attribute: 0)
    let v = b.source(.state, type, attribute: 1)
    let h = (0..<5).map { b.source(.hyper, .scalar, attribute: Int32($0)) }
    let t = b.source(.step, .scalar)
    let one = b.constant(1)
    func ema(_ x: ValueID, _ y: ValueID, _ beta: ValueID) throws -> ValueID {
      try b.make(
        .add, b.make(.multiply, beta, x), b.make(.multiply, b.make(.subtract, one, beta), y))
    }
    let m1 = try ema(m, g, h[1])
    let v1 = try ema(v, b.make(.power, g, b.constant(2)), h[2])
    let mhat = try b.make(.divide, m1, b.make(.subtract, one, b.make(.power, h[1], t)))
    let vhat = try b.make(.divide, v1, b.make(.subtract, one, b.make(.power, h[2], t)))
    let update = try b.make(
      .add, b.make(.divide, mhat, b.make(.add, b.make(.squareRoot, vhat), h[3])),
      b.make(.multiply, h[4], w))
    b.output(.parameter(0), try b.make(.subtract, w, b.make(.multiply, h[0], update)))
    b.output(.state(0), m1)
    b.output(.state(1), v1)
    return b.finish()
  }
}
