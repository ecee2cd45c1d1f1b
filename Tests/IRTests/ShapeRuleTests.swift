import IR
import Testing

@Suite struct ShapeRuleTests {
  /// A class of work has a rule for each of its operations: without one `infer` stops here.
  @Test func everyOperationHasARule() {
    let square = ValueType(.real, Shape([.fixed(4), .fixed(4)]))
    let classes: Set<OperationClass> = [.matrix, .decomposition, .movement, .selection]
    var count = 0
    for operation in Operation.allCases where classes.contains(operation.info.operationClass) {
      for second in [square, .scalar] {
        let operands = Array([square, second].prefix(operation.info.arity))
        _ = try? ShapeRules.infer(operation, operands, declared: square)
      }
      count += 1
    }
    #expect(count == 21)
  }
}
