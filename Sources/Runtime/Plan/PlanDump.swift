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
    let condition = step.predicateRegister >= 0 ? " if r\(step.predicateRegister)" : ""
    switch step.work {
    case .scalars(let range): return text(operations: range)
    case .loop(let k):
      let body = loops[k].body.dump().split(separator: "\n").map { "  " + $0 }
      return ["repeat r\(loops[k].countRegister)\(condition)"] + body
    case .segment(let k):
      return ["pass over \(segments[k].count)\(condition)"] + text(segments[k])
    default:
      let places = step.work.addresses.filter { $0.slot >= 0 }
        .map { "s\($0.slot)+\($0.offset)" }.joined(separator: " ")
      return ["\(step.operation.info.name) \(places)\(step.work.sizes)\(condition)"]
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

extension PlanStep.Work {
  /// Its sizes in the dump, or the registers and the site.
  fileprivate var sizes: String {
    switch self {
    case .scalars, .segment, .loop: ""
    case .contribute(let s): " r\(s.value) → r\(s.result) at site \(s.site)"
    case .query(let s): " at site \(s.site)"
    case .product(let s):
      (s.count == 1 ? " " : " \(s.count) of ") + "\(s.rows) × \(s.depth) × \(s.columns)"
        + (s.isOfBFloat16 ? " of bf16" : "")
    case .softmax(let s, _): " \(s.rows) × \(s.columns)"
    case .diagonal(_, _, let count): " \(count)"
    case .placeSlice(let s): " \(s.sourceCount) in \(s.resultCount)"
    case .gather(let s), .scatterAdd(let s), .takeAlong(let s), .placeAlong(let s):
      " \(s.rows) × \(s.columns)"
    case .unfold(let s), .fold(let s):
      " \(s.layout.images) × \(s.layout.down) × \(s.layout.across) of \(s.layout.area)"
    case .sort(let s, _), .topKMask(let s, _), .quantile(let s, _, _): " \(s.count)"
    case .argExtreme(let s, _): " \(s.runs) × \(s.length)"
    case .decomposition(let s): " \(s.rows) × \(s.columns)"
    }
  }
}
