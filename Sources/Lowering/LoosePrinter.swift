import Basics
import IR

/// Prints values that stand outside of equations: first values of states, defaults.
struct LoosePrinter {
  let function: Function
  let hypers: [String]
  /// The shape that a draw has where none is written.
  var drawShape: Shape

  /// The value as an expression. What no expression can say (a loop, a decomposition, one draw in
  /// two places) becomes the call of a function of this name, whose text is added to `functions`.
  func text(_ value: ValueID, name: String, _ functions: inout String) -> String {
    var alone = function
    alone.outputs = [Output(.result(0), value)]
    var printer = BodyPrinter(alone, hypers: hypers, states: [], inputs: [])
    printer.drawShape = drawShape
    let live = alone.liveValues()
    let reads = alone.instructions.indices.filter { live[$0] }
    guard needsEquations(reads) else { return printer.outputText(value) }
    let used = Set(reads.map { alone.instructions[$0] }.filter { $0.operation == .hyper })
    var given = used.map(\.attribute).sorted().map { hypers[Int($0)] }
    if reads.contains(where: { alone.instructions[$0].operation == .parameter }) {
      given.insert("w", at: 0)
    }
    // An entry of a list is a parameter of its own.
    let parameters = given.map(SourcePrinter.plain)
    printer = BodyPrinter(alone, hypers: hypers.map(SourcePrinter.plain), states: [], inputs: [])
    printer.drawShape = drawShape
    printer.reserve(Set(parameters))
    let list = parameters.joined(separator: ", ")
    functions += "fn \(name)(\(list)) {\n\(printer.equations([(.result(0), "")]))}\n\n"
    return "\(name)(\(given.joined(separator: ", ")))"
  }

  private func needsEquations(_ live: [Int]) -> Bool {
    var uses: [ValueID: Int] = [:]
    for i in live {
      for operand in function.operands(ValueID(i)) { uses[operand, default: 0] += 1 }
    }
    return live.contains { i in
      let operation = function.instructions[i].operation
      return operation == .project || operation == .draw && uses[ValueID(i), default: 0] > 1
    }
  }
}
