import Diagnostics
import IR
import Lowering
import Runtime

/// An expression in which names without a meaning stand for any number: `:type`, `:plot`.
public struct FreeExpression {
  /// The free names, in order of appearance.
  public let symbols: [String]
  private var function: Function

  /// The kinds and shapes of its values; several for a function that returns several.
  public var types: [ValueType] { function.outputs.map { function.type($0.value) } }

  /// Whether it changes with t or T.
  public var isSchedule: Bool {
    function.instructions.contains { $0.operation == .step || $0.operation == .horizon }
  }

  init(_ function: Function, symbols: [String]) {
    self.symbols = symbols
    self.function = function
    for k in self.function.instructions.indices where function.instructions[k].operation == .hyper {
      self.function.instructions[k].attribute -= Int32(Lowering.firstSymbol)
    }
  }

  /// Its first value at numbers of the free names, in their order.
  ///
  /// Throws what has no value, or takes too much room.
  public func value(
    _ numbers: [Double] = [], step: Int = 1, horizon: Int = 100
  ) throws(DiagnosticError) -> Dense {
    let concrete = try function.specialised(BindContext(dims: [], hypers: numbers))
      .checkedForEvaluation()
    let result = try ReferenceProgram(concrete).evaluate(
      ReferenceEnvironment(hypers: numbers, step: step, horizon: horizon))
    return result.outputs[0].first?.value ?? Dense(.nan)
  }
}

extension Compiler {
  /// The expression that a text states. Throws every diagnostic found.
  public func freeExpression(
    _ text: String, name: String = "<expression>"
  ) throws(DiagnosticError) -> FreeExpression {
    let (expression, tree) = try looseExpression(text, name: name)
    let (function, symbols) = try Lowering.symbolicExpression(expression, in: tree, of: program)
    return FreeExpression(function, symbols: symbols)
  }
}
