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
    let operands = [self[instruction.a]] + loop.initial.map { self[$0] }
    for operand in operands + loop.captured.map({ self[$0] }) {
      try algebra.refuseInfinity(operand)
    }
    let what = "\(depth);\(next.count);\(shapes.joined(separator: ","))"
    details[id.index] = what
    if !demands.isEmpty {
      // Where the body is defined is a property of the whole loop, of all that its clauses say.
      let all = demands.flatMap { $0.guards + [$0.term] }
      let kinds = demands.map { "\($0.kind)\($0.guards.count)" }.joined(separator: " ")
      clauses[id.index].append(
        Clause(
          .opaque,
          algebra.apply("defined", "all tensors \(what) \(kinds);;", operands + next + all)))
    }
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
    for _ in 0..<count {
      var inner = FunctionReading(algebra, loop.body, sources)
      inner.arguments = carried + loop.captured.map { self[$0] }
      inner.depth = depth + 1
      inner.outerExtents = depth > 0 ? outerExtents : function.extents.map { self[$0] }
      let (outputs, demands) = try inner.run { _ in true }
      clauses[id.index] += demands
      for (target, value) in outputs {
        if case .result(let k) = target, k < carried.count { carried[k] = value }
      }
    }
    results[id.index] = carried
    return carried.first ?? .zero
  }
}
