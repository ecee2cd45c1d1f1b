import Basics
import Diagnostics

extension Function {
  /// More instructions than this are not unrolled into.
  static let unrollLimit = 2_000_000

  /// The function with every loop of a constant count replaced by that many copies of its body.
  ///
  /// Throws R0806 where a count is not a constant or the copies would be too many.
  package func unrolled() throws(DiagnosticError) -> Function {
    guard instructions.contains(where: { $0.operation == .loop }) else { return self }
    var pass = Unroll(builder: FunctionBuilder(name: name))
    let map = try pass.inline(self, arguments: [])
    for output in outputs { pass.builder.output(output.target, map[output.value.index]) }
    return pass.builder.finish()
  }
}

private struct Unroll {
  var builder: FunctionBuilder

  /// Copies the live part of a function; returns where each of its values is now.
  mutating func inline(
    _ function: Function, arguments: [ValueID]
  ) throws(DiagnosticError) -> [ValueID] {
    let live = function.liveValues()
    var map = [ValueID](repeating: .none, count: function.instructions.count)
    var carried: [Int: [ValueID]] = [:]
    for (i, instruction) in function.instructions.enumerated() where live[i] {
      builder.origin = function.origins[i]
      if instruction.operation == .loop {
        carried[i] = try unroll(function, ValueID(i), map)
      } else if instruction.operation == .project, let values = carried[instruction.a.index] {
        map[i] = values[Int(instruction.attribute)]
      } else {
        map[i] = try builder.copy(ValueID(i), of: function, map, arguments: arguments)
      }
    }
    return map
  }

  private mutating func unroll(
    _ function: Function, _ id: ValueID, _ map: [ValueID]
  ) throws(DiagnosticError) -> [ValueID] {
    let loop = function.loops[Int(function[id].attribute)]
    var values = loop.initial.map { map[$0.index] }
    let captured = loop.captured.map { map[$0.index] }
    guard let count = builder.constantValue(map[function[id].a.index]), count.isFinite,
      count * Double(loop.body.instructions.count) <= Double(Function.unrollLimit)
    else {
      throw DiagnosticError(
        .loopTooLong(at: function.origin(id))
      )
    }
    var runs = 0
    while Double(runs) < count.rounded(.down) {
      let inner = try inline(loop.body, arguments: values + captured)
      guard builder.function.instructions.count <= Function.unrollLimit else {
        throw DiagnosticError(.loopTooLong(at: function.origin(id)))
      }
      for output in loop.body.outputs {
        if case .result(let k) = output.target { values[k] = inner[output.value.index] }
      }
      runs += 1
    }
    return values
  }
}
