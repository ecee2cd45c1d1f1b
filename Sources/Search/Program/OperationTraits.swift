import IR

/// What a search asks of operations millions of times: the columns of their table that are not text.
struct OperationTraits {
  let arity: Int
  let flops: Int
  let values: ValueBounds
  let parity: Parity
  let isCommutative: Bool
  let isElementwise: Bool
  let givesBoolean: Bool
  /// Whether its result is another one beside an operand as near as one likes.
  let jumps: Bool

  fileprivate init(_ operation: Operation) {
    let info = operation.info
    arity = info.arity
    flops = info.flops
    values = info.values
    parity = info.parity
    isCommutative = info.isCommutative
    isElementwise = operation.isElementwise
    givesBoolean = info.givesBoolean
    jumps =
      switch operation {
      case .sign, .copySign, .floor, .ceiling, .round, .modulo, .select, .bfloat16, .float16: true
      default: info.givesBoolean
      }
  }

  fileprivate static let table = Operation.allCases.map(OperationTraits.init)
}

extension Operation {
  var traits: OperationTraits { OperationTraits.table[Int(rawValue)] }
}
