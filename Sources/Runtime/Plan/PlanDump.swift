import CKernels
import IR

extension Plan {
  /// The plan as text: slots, and step by step what runs.
  func dump() -> String {
    var lines = [
      "plan \(name) \(element): \(segments.count) passes, \(arenaBytes) bytes of temporaries, "
        + "\(registerCount) registers, \(phaseCount) phases"
    ]
    for (k, slot) in slots.enumerated() {
      let place = slot.isTemporary ? " at \(slot.arenaOffset)" : ""
      lines.append("  s\(k) = \(slot.role)[\(slot.count)] × \(slot.format.name)\(place)")
    }
    for (register, preset) in presets { lines.append("  r\(register) = \(preset)") }
    if uniformCount > 0 {
      lines.append("  once a step")
      lines += text(operations: 0..<uniformCount).map { "    " + $0 }
    }
    for (k, step) in steps.enumerated() {
      if let phase = phaseStarts.dropFirst().dropLast().firstIndex(of: k) {
        lines.append("  -- phase \(phase)")
      }
      lines += text(step).map { "  " + $0 }
    }
    for (target, register) in scalarOutputs { lines.append("  \(target) = r\(register)") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func text(_ step: PlanStep) -> [String] {
    let condition = step.guardRegister >= 0 ? " if r\(step.guardRegister)" : ""
    switch step.kind {
    case .scalars: return text(operations: step.m..<step.n)
    case .loop:
      let body = loops[step.m].body.dump().split(separator: "\n").map { "  " + $0 }
      return ["repeat r\(loops[step.m].countRegister)\(condition)"] + body
    case .segment:
      return ["pass over \(segments[step.m].count)\(condition)"] + text(segments[step.m])
    default:
      let places = [step.a, step.b, step.d, step.e, step.h].filter { $0.slot >= 0 }
        .map { "s\($0.slot)+\($0.offset)" }.joined(separator: " ")
      return ["\(step.kind) \(places) m=\(step.m) n=\(step.n) k=\(step.k)\(condition)"]
    }
  }

  private func text(operations: Range<Int>) -> [String] {
    operations.map { k in
      let op = scalarProgram[k]
      return "r\(op.d) = \(scalarName(Int(op.op))) r\(op.a) r\(op.b) r\(op.c)"
    }
  }

  private func scalarName(_ op: Int) -> String {
    if op == Int(RV_SCALAR_DRAW.rawValue) { return "draw" }
    if op == Int(RV_SCALAR_FETCH.rawValue) { return "fetch" }
    return Operation.allCases.first { $0.isElementwise && Int($0.kernel.rawValue) == op }
      .map { $0.info.name } ?? "copy"
  }

  private func text(_ segment: PlanSegment) -> [String] {
    zip(segment.instructions, segment.names).map { instruction, name in
      func operand(_ index: UInt16) -> String {
        let operand = segment.operands[Int(index)]
        switch UInt32(bitPattern: operand.kind) {
        case RV_SCRATCH.rawValue: return "c\(operand.index)"
        case RV_SCALAR.rawValue: return "r\(operand.index)"
        case RV_SUMS.rawValue: return "sums+\(operand.offset / 8)"
        default: return "s\(operand.index)" + (operand.offset == 0 ? "" : "+\(operand.offset)")
        }
      }
      if Int(instruction.kind) == Int(RV_UNLESS.rawValue) {
        return "  unless \(operand(instruction.a)) skip \(instruction.skip)"
      }
      let sources = [instruction.a, instruction.b, instruction.c, instruction.e].map(operand)
      return "  \(operand(instruction.d)) = \(name) (\(sources.joined(separator: ", ")))"
    }
  }
}
