import Basics
import CKernels
import Diagnostics
import IR

extension Planner {
  /// The function with its loops written out, if that stays small.
  static func unrolled(_ f: Function, _ limit: Int) throws(DiagnosticError) -> Function {
    for (i, instruction) in f.instructions.enumerated() where instruction.operation == .loop {
      try checkBody(f.loops[Int(instruction.attribute)].body, at: f.origins[i])
    }
    let size = unrolledSize(f)
    if size <= Double(limit) { return try f.unrolled() }
    if readsAround(f, isBody: false) {
      // Draws and sources inside a body are those of the function around it.
      guard size <= Double(writtenOutLimit) else {
        throw DiagnosticError(
          .unsupported(
            "a `repeat` of this length around a draw", at: f.origins.first ?? .none))
      }
      return try f.unrolled()
    }
    return f
  }

  private static let writtenOutLimit = 200_000

  /// Values of the function with its loops written out.
  private static func unrolledSize(_ f: Function) -> Double {
    var total = 0.0
    for instruction in f.instructions {
      guard instruction.operation == .loop else {
        total += 1
        continue
      }
      let count = f.constantValue(instruction.a) ?? .infinity
      total += max(count, 0) * unrolledSize(f.loops[Int(instruction.attribute)].body)
    }
    return total
  }

  /// What belongs to the function around a body.
  private static let around: Set<Operation> = [
    .hyper, .step, .horizon, .loss, .parameter, .gradient, .state, .input, .draw,
  ]

  private static func readsAround(_ f: Function, isBody: Bool) -> Bool {
    if isBody, f.instructions.contains(where: { around.contains($0.operation) }) { return true }
    return f.loops.contains { readsAround($0.body, isBody: true) }
  }

  private static func checkBody(_ body: Function, at span: Span) throws(DiagnosticError) {
    for instruction in body.instructions {
      if instruction.operation.isBarrier {
        throw DiagnosticError(
          NumericError.reductionInLoop.diagnostic(instruction.operation, at: span))
      }
    }
    for loop in body.loops { try checkBody(loop.body, at: span) }
  }

  // MARK: Loops as steps

  func loop(_ v: ValueID) -> Loop { f.loops[Int(f[v].attribute)] }

  /// Puts the values that a loop starts from and captures in memory.
  mutating func placeLoop(_ v: ValueID) {
    let loop = loop(v)
    for value in loop.initial + loop.captured where !isScalar(value) { _ = contiguousView(value) }
  }

  mutating func loopWork(_ v: ValueID) throws(DiagnosticError) -> PlanStep.Work {
    let loop = loop(v)
    let body = try Planner.plan(
      loop.body, element: element, unrollLimit: unrollLimit, block: block)
    var carried: [PlanLoop.Carried] = []
    for (k, value) in loop.initial.enumerated() { carried.append(carry(v, k, value, body)) }
    let captured = loop.captured.enumerated().map { offset, value in
      let k = loop.initial.count + offset
      return PlanLoop.Captured(
        address: isScalar(value) ? .none : address(contiguousView(value)),
        register: isScalar(value) ? register(value) : -1,
        argumentSlot: body.slot(.argument(k)) ?? -1, argumentRegister: body.argumentRegister(k))
    }
    plan.loops.append(
      PlanLoop(
        body: body, turns: f.constantValue(f[v].a).map { max(0, $0.rounded(.down)) },
        countRegister: register(f[v].a), carried: carried, captured: captured))
    return .loop(plan.loops.count - 1)
  }

  private mutating func carry(
    _ v: ValueID, _ k: Int, _ value: ValueID, _ body: Plan
  ) -> PlanLoop.Carried {
    var result = SlotAddress.none
    var resultRegister: Int32 = -1
    for i in order where f.instructions[i].operation == .project {
      let project = f.instructions[i]
      guard project.a == v, Int(project.attribute) == k else { continue }
      switch placement[i] {
      case .memory(let view): result = address(view)
      case .register(let r): resultRegister = r
      default: break
      }
    }
    let isNumber = isScalar(value)
    func buffer(_ planner: inout Planner) -> SlotAddress {
      if isNumber { return .none }
      return SlotAddress(
        slot: planner.newSlot(.buffer, count: planner.count(value)),
        offset: 0)
    }
    return PlanLoop.Carried(
      initial: isNumber ? .none : address(contiguousView(value)),
      initialRegister: isNumber ? register(value) : -1, first: buffer(&self), second: buffer(&self),
      byteCount: count(value) * width, result: result, resultRegister: resultRegister,
      argumentSlot: body.slot(.argument(k)) ?? -1,
      resultSlot: body.slot(.output(.result(k))) ?? -1,
      argumentRegister: body.argumentRegister(k),
      bodyResultRegister: body.scalarOutputs.first { $0.target == .result(k) }?.register ?? -1,
      isNumber: isNumber)
  }
}

extension Plan {
  func argumentRegister(_ k: Int) -> Int32 {
    presets.first { $0.preset == .argument(k) }?.register ?? -1
  }
}

extension PlanLoop {
  /// The slots of the plan around it that it uses.
  var slots: [Int] {
    carried.flatMap { [$0.initial, $0.first, $0.second, $0.result] }.map { Int($0.slot) }
      + captured.map { Int($0.address.slot) }
  }
}
