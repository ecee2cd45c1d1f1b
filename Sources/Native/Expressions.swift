import CKernels
import IR
import Runtime

/// What the interpreter's kernels compute, as expressions of C: the same roundings in the same order.
enum Expression {
  /// Functions of ScalarTemplate.h.
  enum Helper: Int, CaseIterable {
    case sign, minimum, maximum, modulo, clip

    var name: String { "rv_\(self)" }
  }

  private static let operations = Dictionary(
    uniqueKeysWithValues: Operation.allCases.filter(\.isElementwise).map {
      ($0.kernel.rawValue, $0)
    })

  /// An elementwise kernel on the operands `x`; nil where there is no expression for it.
  static func of(_ kernel: rv_op, _ x: [Notation]) -> Notation? {
    func product(_ a: Int, _ b: Int) -> Notation { .apply(.multiply, [x[a], x[b]]) }
    func sum(_ a: Notation, _ b: Notation) -> Notation { .apply(.add, [a, b]) }
    func step(_ direction: Notation) -> Notation {
      .apply(
        .subtract, [x[0], .apply(.multiply, [x[1], sum(direction, product(3, 0))])])
    }
    switch kernel {
    case RV_COPY: return x[0]
    case RV_MULTIPLY_ADD: return sum(product(0, 1), x[2])
    case RV_MULTIPLY_SUBTRACT: return .apply(.subtract, [product(0, 1), x[2]])
    case RV_SUBTRACT_MULTIPLY: return .apply(.subtract, [x[2], product(0, 1)])
    case RV_BLEND: return sum(product(0, 1), product(2, 3))
    case RV_BLEND_SQUARE:
      return sum(product(0, 1), .apply(.multiply, [.group(product(2, 2)), x[3]]))
    case RV_ROOT_ADD: return sum(.apply(.squareRoot, [x[0]]), x[1])
    case RV_DECAYED_STEP: return step(x[2])
    case RV_SIGNED_STEP: return step(.apply(.sign, [x[2]]))
    default: return operations[kernel.rawValue].map { of($0, x) }
    }
  }

  /// An operation of the table. Conditions are numbers; one that is not a number counts as true.
  private static func of(_ operation: Operation, _ x: [Notation]) -> Notation {
    func truth(_ test: Notation) -> Notation { .conditional(test, .number(1), .number(0)) }
    func isNot0(_ x: Notation) -> Notation { .apply(.notEqual, [x, .digits("0")]) }
    switch operation {
    case .select: return .conditional(isNot0(x[0]), x[1], x[2])
    case .reciprocal: return .apply(.divide, [.digits("1"), x[0]])
    case .isFinite: return truth(.apply(.equal, [.apply(.subtract, [x[0], x[0]]), .digits("0")]))
    case .logicalNot: return truth(.apply(.equal, [x[0], .digits("0")]))
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
      return truth(.apply(operation, x))
    case .logicalAnd, .logicalOr:
      return truth(.group(.apply(operation, x.map { .group(isNot0($0)) })))
    case .bfloat16, .float16:
      let format = operation.info.name
      return .call("from_\(format)", [.call("to_\(format)", x)])
    default: return operation.info.libm.map { .call($0, x) } ?? .apply(operation, x)
    }
  }

  /// How many operands a kernel reads.
  static func operandCount(_ kernel: rv_op) -> Int {
    switch kernel {
    case RV_BLEND, RV_BLEND_SQUARE, RV_DECAYED_STEP, RV_SIGNED_STEP: 4
    case RV_MULTIPLY_ADD, RV_MULTIPLY_SUBTRACT, RV_SUBTRACT_MULTIPLY, RV_ROOT_QUOTIENT_ADD,
      RV_QUOTIENT_DIVIDE:
      3
    case RV_ROOT_ADD: 2
    default: operations[kernel.rawValue]?.info.arity ?? 1
    }
  }

  /// A number as C reads it back; nil where it is not finite.
  static func literal(_ x: Double, isFloat: Bool) -> String? {
    guard x.isFinite else { return nil }
    if !isFloat { return x.sign == .minus ? "(\(x))" : "\(x)" }
    // Through double, as the interpreter rounds.
    if Double(Float(x)) == x { return x.sign == .minus ? "(\(x)f)" : "\(x)f" }
    return "((float)\(x))"
  }
}
