import Basics
import Diagnostics

extension Function {
  /// More instructions than this are not unrolled into.
  static let unrollLimit = 2_000_000
  /// The most iterations of a loop in which all tensors meet.
  package static let barrierLimit = 1_000

  /// The function with every loop of a constant count replaced by that many copies of its body.
  ///
  /// Throws R0806 where a count is not a constant or the copies would be too many.
  package func unrolled() throws(DiagnosticError) -> Function {
    guard instructions.contains(where: { $0.operation == .loop }) else { return self }
    var pass = Unroll(self, sites: nil)
    return try pass.run()
  }

  /// The function without loops in which all tensors meet: each iteration has places of its own, the
  /// numbers of the text plus a multiple of `sites`. Throws R0422 for too many iterations.
  func unrollingMeetings(sites: Int) throws(DiagnosticError) -> Function {
    guard loops.contains(where: { $0.body.letsTensorsMeet }) else { return self }
    var pass = Unroll(self, sites: sites)
    return try pass.run()
  }

  /// Whether something is reduced over all tensors or asked of the objective.
  package var letsTensorsMeet: Bool {
    instructions.contains {
      $0.operation.isBarrier
    } || loops.contains { $0.body.letsTensorsMeet }
  }
}

private struct Unroll {
  let function: Function
  /// Nil unrolls every loop.
  let sites: Int?
  var builder: FunctionBuilder
  /// The iteration that is being written out, 0 outside of loops, and how many there were.
  private var iteration = 0
  private var iterations: Int

  init(_ function: Function, sites: Int?) {
    self.function = function
    self.sites = sites
    builder = FunctionBuilder(name: function.name)
    // Entries of named axes have numbers beyond `sites` already.
    let highest = function.instructions.reduce(0) { most, instruction in
      instruction.operation.isBarrier
        ? max(most, Int(instruction.attribute)) : most
    }
    iterations = highest / (sites ?? 1)
  }

  mutating func run() throws(DiagnosticError) -> Function {
    let map = try inline(function, arguments: [])
    for output in function.outputs { builder.output(output.target, map[output.value.index]) }
    return builder.finish()
  }

  /// Copies the live part of a function; returns where each of its values is now.
  private mutating func inline(
    _ function: Function, arguments: [ValueID]
  ) throws(DiagnosticError) -> [ValueID] {
    let live = function.liveValues()
    var map = [ValueID](repeating: .none, count: function.instructions.count)
    var carried: [Int: [ValueID]] = [:]
    for (i, instruction) in function.instructions.enumerated() where live[i] {
      builder.origin = function.origins[i]
      if isUnrolled(instruction, function) {
        carried[i] = try unroll(function, ValueID(i), map)
      } else if instruction.operation == .project, let values = carried[instruction.a.index] {
        map[i] = values[Int(instruction.attribute)]
      } else {
        map[i] = try builder.copy(
          ValueID(i), of: function, map, arguments: arguments,
          sitesBefore: Int32(iteration * (sites ?? 0)))
      }
    }
    return map
  }

  private func isUnrolled(_ instruction: Instruction, _ function: Function) -> Bool {
    instruction.operation == .loop
      && (sites == nil || function.loops[Int(instruction.attribute)].body.letsTensorsMeet)
  }

  private mutating func unroll(
    _ function: Function, _ id: ValueID, _ map: [ValueID]
  ) throws(DiagnosticError) -> [ValueID] {
    let loop = function.loops[Int(function[id].attribute)]
    var values = loop.initial.map { map[$0.index] }
    let captured = loop.captured.map { map[$0.index] }
    let tooLong = DiagnosticError(
      sites == nil
        ? .loopTooLong(at: function.origin(id)) : .meetsTooOften(at: function.origin(id)))
    guard let count = builder.constantValue(map[function[id].a.index]), count.isFinite,
      count * Double(loop.body.instructions.count) <= Double(Function.unrollLimit),
      sites == nil || count <= Double(Function.barrierLimit)
    else { throw tooLong }
    var runs = 0
    let outer = iteration
    defer { iteration = outer }
    while Double(runs) < count.rounded(.down) {
      iterations += 1
      iteration = iterations
      let inner = try inline(loop.body, arguments: values + captured)
      guard builder.function.instructions.count <= Function.unrollLimit else { throw tooLong }
      for output in loop.body.outputs {
        if case .result(let k) = output.target { values[k] = inner[output.value.index] }
      }
      runs += 1
    }
    return values
  }
}
