/// An expression to be written out: which operations stand on what, before a dialect says how they
/// look.
///
/// Functions of the IR and terms of the algebra become one; `Dialect.text` prints it. Names of
/// functions (`.call`) are those of the language: `ema`, `row_sum`, `norm`.
package indirect enum Notation: Sendable {
  case number(Double)
  /// A number that a Double would round, in digits; `-` may stand in front.
  case digits(String)
  /// A name, and the time index that it has where names have one: `t-1`.
  case name(String, at: String = "")
  /// What is text of the dialect already.
  case verbatim(String)
  case apply(Operation, [Notation])
  case call(String, [Notation])
  case conditional(Notation, Notation, Notation)
  /// `mean over batch x`.
  case over(String, axis: String, Notation)
  /// `global norm(x)`.
  case global(Notation)
  /// `x[0, 1:]`.
  case index(Notation, String)
  case list([Notation])
  /// In brackets, needed or not.
  case group(Notation)
  /// Bound as loosely as a sum: a sign before a product, which inside of a product needs brackets.
  case loose(Notation)

  /// Operands of one operation from left to right: `a * b * c`.
  package static func chain(_ operation: Operation, _ operands: [Notation]) -> Notation {
    operands.dropFirst().reduce(operands[0]) { .apply(operation, [$0, $1]) }
  }
}

/// How tightly the loosest operator of a text binds: the levels of Grammar/precedence.md.
package enum Precedence: Int, Comparable, Sendable {
  case conditional = 1
  case or, and, not, comparison, sum, product, prefix, power, postfix

  package static func < (x: Precedence, y: Precedence) -> Bool { x.rawValue < y.rawValue }
}

extension Operation {
  /// Precedence and associativity of what is written with a sign, for every dialect: how tightly it
  /// binds, and how tightly its operands must.
  package var layout: (own: Precedence, operands: [Precedence])? {
    switch self {
    case .logicalOr: (.or, [.or, .and])
    case .logicalAnd: (.and, [.and, .not])
    case .logicalNot: (.not, [.comparison])
    // A comparison of comparisons has brackets.
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
      (.comparison, [.sum, .sum])
    case .add, .subtract: (.sum, [.sum, .product])
    case .multiply, .divide, .modulo, .matrixProduct: (.product, [.product, .prefix])
    case .negate: (.prefix, [.prefix])
    case .power: (.power, [.postfix, .power])
    case .transpose: (.postfix, [.postfix])
    default: nil
    }
  }
}

extension Scope {
  /// What stands before the name of a reduction along rows or columns: `row_sum`.
  package static func prefix(_ scope: Int32) -> String {
    switch Scope(rawValue: scope) {
    case .perRow: "row_"
    case .perColumn: "col_"
    default: ""
    }
  }
}

extension ExtentKind {
  /// The name by which a length is read; of an operand, the function that reads it.
  package var word: String {
    switch self {
    case .rowsOf: "rows"
    case .colsOf: "cols"
    case .elementsOf: "numel"
    default: "\(self)"
    }
  }
}
