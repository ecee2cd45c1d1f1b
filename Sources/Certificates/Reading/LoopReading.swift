import Basics
import IR

extension FunctionReading {
  mutating func loop(
    _ id: ValueID, _ instruction: Instruction
  ) throws(Refusal) -> Polynomial {
    let loop = function.loops[Int(instruction.attribute)]
    if depth > Algebra.deepest { throw Refusal("loops are nested too deep") }
    if let count = self[instruction.a].number?.word, (0...8).contains(count),
      Self.isPlain(loop.body)
    {
      return try writtenOut(id, loop, count)
    }
    var carried: [Polynomial] = []
    var shapes: [String] = []
    for (k, value) in loop.initial.enumerated() {
      shapes.append(try text(value))
      carried.append(
        algebra.symbol(
          "carried\(k)@\(depth) \(shapes[k])", axes: Axes(shape: Substring(shapes[k])),
          reach: .element, carried: depth))
    }
    var inner = FunctionReading(algebra, loop.body, sources)
    inner.arguments = carried + loop.captured.map { self[$0] }
    inner.depth = depth + 1
    inner.outerExtents = depth > 0 ? outerExtents : function.extents.map { self[$0] }
    let (outputs, demands) = try inner.run { _ in true }
    var next = carried
    for (target, value) in outputs {
      if case .result(let k) = target, k < next.count { next[k] = value }
    }
    // Which of what it carries and reads a result is made of is not followed.
    guard demands.isEmpty, (loop.initial + loop.captured).allSatisfy({ isTotal[$0.index] }) else {
      throw Refusal("a loop over what is not defined everywhere has no certificates")
    }
    let operands = [self[instruction.a]] + loop.initial.map { self[$0] }
    for operand in operands + next + loop.captured.map({ self[$0] }) {
      try algebra.refuseInfinity(operand)
    }
    let what = "\(depth);\(next.count);\(shapes.joined(separator: ","))"
    details[id.index] = what
    return algebra.apply("repeat", what, operands + next)
  }

  /// Whether a body is computed element by element, and short.
  private static func isPlain(_ body: Function) -> Bool {
    body.instructions.count <= 40
      && body.instructions.allSatisfy {
        $0.operation.isElementwise
          || [.constant, .hyper, .argument, .step, .horizon, .free].contains($0.operation)
      }
  }

  /// A loop of few iterations as what it does.
  private mutating func writtenOut(
    _ id: ValueID, _ loop: Loop, _ count: Int
  ) throws(Refusal) -> Polynomial {
    var carried = loop.initial.map { self[$0] }
    var isTotal = loop.initial.map { self.isTotal[$0.index] }
    iterations[id.index] = []
    for _ in 0..<count {
      var inner = FunctionReading(algebra, loop.body, sources)
      inner.arguments = carried + loop.captured.map { self[$0] }
      inner.totalArguments = isTotal + loop.captured.map { self.isTotal[$0.index] }
      inner.depth = depth + 1
      inner.outerExtents = depth > 0 ? outerExtents : function.extents.map { self[$0] }
      _ = try inner.run { _ in true }
      for output in loop.body.outputs {
        guard case .result(let k) = output.target, k < carried.count else { continue }
        carried[k] = inner[output.value]
        isTotal[k] = inner.isTotal[output.value.index]
      }
      iterations[id.index]!.append(inner)
    }
    results[id.index] = carried
    return carried.first ?? .zero
  }
}
