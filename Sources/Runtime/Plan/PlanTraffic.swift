import CKernels

/// What a step moves between memory and the processor, read off the plans that run it.
package struct PlanTraffic: Sendable {
  /// Passes over elements that read, update and write arrays of the same widths.
  package struct Pass: Hashable, Sendable {
    /// Bytes an element of the arrays that are read only, read and written, and written only.
    package var reads: [Int] = []
    package var updates: [Int] = []
    package var writes: [Int] = []

    /// Bytes an element.
    package var bytes: Int {
      (reads + writes).reduce(0, +) + 2 * updates.reduce(0, +)
    }
  }

  /// Elements of each kind of pass, over all tensors, in the order in which they run first.
  package fileprivate(set) var passes: [(pass: Pass, count: Int)] = []
  /// Whether passes are all there is: no matrix work, no loops.
  package fileprivate(set) var isComplete = true

  /// Bytes read and written by the passes of a step.
  package var bytes: Double {
    passes.reduce(0) { $0 + Double($1.pass.bytes) * Double($1.count) }
  }

  fileprivate mutating func add(_ pass: Pass, _ count: Int) {
    if let k = passes.firstIndex(where: { $0.pass == pass }) {
      passes[k].count += count
    } else {
      passes.append((pass, count))
    }
  }
}

extension Optimizer {
  /// What the passes of the last step moved; passes whose condition did not hold moved nothing.
  package var traffic: PlanTraffic {
    var result = PlanTraffic()
    for tensor in tensors {
      guard let instance = tensor.instance else {
        result.isComplete = false
        continue
      }
      let plan = instance.program.plan
      if !plan.isPasses { result.isComplete = false }
      func holds(_ register: Int32) -> Bool {
        register < 0 || instance.scalars[Int(register)] != 0
      }
      for step in plan.steps where holds(step.predicateRegister) {
        guard case .segment(let k) = step.work else { continue }
        let segment = plan.segments[k]
        if holds(segment.predicateRegister) { result.add(plan.traffic(segment), segment.count) }
      }
    }
    return result
  }
}

extension Plan {
  /// The arrays of a pass. What it has written is near when it reads it again.
  fileprivate func traffic(_ segment: PlanSegment) -> PlanTraffic.Pass {
    var (read, written): (Set<Int32>, Set<Int32>) = ([], [])
    func array(_ k: UInt16) -> Int32? {
      let operand = segment.operands[Int(k)]
      let kind = UInt32(bitPattern: operand.kind)
      // What does not advance is one number, or is gone through by a place.
      guard kind == RV_MEMORY.rawValue || kind == RV_FIXED.rawValue,
        slots[Int(operand.index)].count >= segment.count
      else { return nil }
      return operand.index
    }
    for instruction in segment.instructions where instruction.kind != UInt16(RV_UNLESS.rawValue) {
      let isMade =
        instruction.kind == UInt16(RV_AT.rawValue)
        && [RV_PLACE_IOTA, RV_PLACE_IDENTITY, RV_PLACE_DRAW].contains(
          rv_positioned(UInt32(segment.places[Int(instruction.place)].kind)))
      // Operands that an operation does not have are number 0, which the first one that has any reads.
      for k in [instruction.a, instruction.b, instruction.c, instruction.e] where !isMade {
        if let slot = array(k), !written.contains(slot) { read.insert(slot) }
      }
      if let slot = array(instruction.d) { written.insert(slot) }
    }
    var pass = PlanTraffic.Pass()
    for slot in read.union(written).sorted() {
      let width = slots[Int(slot)].width
      switch (read.contains(slot), written.contains(slot)) {
      case (true, false): pass.reads.append(width)
      case (true, true): pass.updates.append(width)
      default: pass.writes.append(width)
      }
    }
    return pass
  }
}
