import Diagnostics
import IR
import Platform

extension PlanInstance {
  /// Runs a loop: the body's arguments and results are two buffers that take turns.
  func loop(_ index: Int, _ step: UnsafeMutablePointer<PlanStep>) throws(DiagnosticError) {
    let body = bodies[index]
    let count = scalars[Int(program.plan.loops[index].countRegister)].rounded(.down)
    guard count <= 1e9 else { throw failure(.loopCount(count), step) }
    begin(index, body)
    var runs = 0
    while Double(runs) < count {
      turn(index, body, isOdd: runs & 1 == 1)
      try body.run(phase: 0)
      take(index, body)
      runs += 1
    }
    finish(index, body, runs)
  }

  private func begin(_ index: Int, _ body: PlanInstance) {
    for k in 0..<program.plan.loops[index].captured.count {
      let captured = program.plan.loops[index].captured[k]
      if captured.argumentSlot >= 0 {
        body.slots[captured.argumentSlot] = pointer(captured.address)
      }
      if captured.argumentRegister >= 0 {
        body.scalars[Int(captured.argumentRegister)] = scalars[Int(captured.register)]
      }
    }
    for k in 0..<program.plan.loops[index].carried.count {
      let carried = program.plan.loops[index].carried[k]
      if carried.isNumber {
        carriedNumbers[k] = scalars[Int(carried.initialRegister)]
        if carried.argumentRegister >= 0 {
          body.scalars[Int(carried.argumentRegister)] = carriedNumbers[k]
        }
      } else {
        memcpy(pointer(carried.first), pointer(carried.initial), carried.byteCount)
      }
    }
  }

  /// Points the body at this iteration's arguments and results.
  private func turn(_ index: Int, _ body: PlanInstance, isOdd: Bool) {
    for k in 0..<program.plan.loops[index].carried.count {
      let carried = program.plan.loops[index].carried[k]
      if carried.isNumber { continue }
      let flips = isOdd && carried.resultSlot >= 0
      if carried.argumentSlot >= 0 {
        body.slots[carried.argumentSlot] = pointer(flips ? carried.second : carried.first)
      }
      if carried.resultSlot >= 0 {
        body.slots[carried.resultSlot] = pointer(flips ? carried.first : carried.second)
      }
    }
  }

  /// Takes the numbers that the body gave, all before any is an argument again.
  private func take(_ index: Int, _ body: PlanInstance) {
    for k in 0..<program.plan.loops[index].carried.count {
      let carried = program.plan.loops[index].carried[k]
      if carried.bodyResultRegister >= 0 {
        carriedNumbers[k] = body.scalars[Int(carried.bodyResultRegister)]
      }
    }
    for k in 0..<program.plan.loops[index].carried.count {
      let carried = program.plan.loops[index].carried[k]
      if carried.isNumber, carried.argumentRegister >= 0 {
        body.scalars[Int(carried.argumentRegister)] = carriedNumbers[k]
      }
    }
  }

  private func finish(_ index: Int, _ body: PlanInstance, _ runs: Int) {
    for k in 0..<program.plan.loops[index].carried.count {
      let carried = program.plan.loops[index].carried[k]
      if carried.isNumber {
        if carried.resultRegister >= 0 {
          scalars[Int(carried.resultRegister)] = carriedNumbers[k]
        }
      } else if carried.result.slot >= 0 {
        let isSecond = runs & 1 == 1 && carried.resultSlot >= 0
        memcpy(
          pointer(carried.result), pointer(isSecond ? carried.second : carried.first),
          carried.byteCount)
      }
    }
  }
}
