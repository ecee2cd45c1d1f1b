import Diagnostics
import Driver
import IR
import Lowering
import Runtime
import Semantics
import Symbolic
import Syntax

/// An expression in which names without a meaning stand for any number: `:type`, `:plot`.
package struct FreeExpression {
  /// The free names, in order of appearance.
  package let symbols: [String]
  private var function: Function

  /// The kinds and shapes of its values; several for a function that returns several.
  package var types: [ValueType] { function.outputs.map { function.type($0.value) } }

  /// Whether it changes with t or T.
  package var isSchedule: Bool {
    function.instructions.contains { $0.operation == .step || $0.operation == .horizon }
  }

  /// What needs a rule around it: `g`, `w`, `rows`.
  private let needsRule: Span?
  private let place: Span

  init(_ function: Function, symbols: [String], at place: Span) {
    self.symbols = symbols
    self.function = function
    self.place = place
    Self.number(&self.function)
    needsRule = Self.placeOfData(function)
  }

  /// Free names as hyperparameters from 0 on.
  private static func number(_ function: inout Function) {
    for k in function.instructions.indices where function.instructions[k].operation == .free {
      function.instructions[k].operation = .hyper
    }
    for k in function.loops.indices { number(&function.loops[k].body) }
  }

  private static func placeOfData(_ function: Function) -> Span? {
    let ofTensors: Set<Operation> = [
      .parameter, .gradient, .state, .input, .loss, .lossAt, .gradientAt, .hessianProduct, .extent,
      .globalSum,
      .globalMaximum, .globalMinimum,
    ]
    if let k = function.instructions.firstIndex(where: { ofTensors.contains($0.operation) }) {
      return function.origins[k]
    }
    return function.loops.lazy.compactMap { placeOfData($0.body) }.first
  }

  /// Its first value at numbers of the free names, in their order.
  ///
  /// Throws what has no value, or takes too much room.
  package func value(
    _ numbers: [Double] = [], step: Int = 1, horizon: Int = 100
  ) throws(DiagnosticError) -> Dense {
    if let needsRule {
      throw DiagnosticError(.onlyInRule(at: needsRule))
    }
    if numbers.count < symbols.count {
      throw DiagnosticError(
        .unknownName(symbols[numbers.count], at: place))
    }
    let concrete = try function.specialised(BindContext(dims: [], hypers: numbers))
      .checkedForEvaluation()
    let result = try ReferenceProgram(concrete).evaluate(
      ReferenceEnvironment(hypers: numbers, step: step, horizon: horizon))
    return result.outputs[0].first?.value ?? Dense(.nan)
  }
}

extension Compiler {
  /// The expression that a text states. Throws every diagnostic found.
  package func freeExpression(
    _ text: String, name: String = "<expression>"
  ) throws(DiagnosticError) -> FreeExpression {
    let (expression, tree) = try looseExpression(text, name: name)
    let (function, symbols) = try Lowering.expression(expression, in: tree, of: program)
    return FreeExpression(
      function, symbols: symbols.map { Setting.shown($0) }, at: program[tree].span(expression))
  }
}
