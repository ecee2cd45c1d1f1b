import CKernels
import Diagnostics
import IR

extension Planner {
  private struct PassKey: Hashable {
    var stage: Int
    var count: Int
  }

  /// Writes the steps: stage by stage scalars, then passes, then steps over whole tensors.
  mutating func emit() throws(DiagnosticError) {
    emitScalars()
    var passes: [PassKey: [Root]] = [:]
    for root in roots {
      passes[PassKey(stage: root.stage, count: root.count), default: []].append(root)
    }
    var passSteps: [Int: [PlanStep]] = [:]
    for key in passes.keys.sorted(by: { ($0.stage, $0.count) < ($1.stage, $1.count) }) {
      let step = try emitPass(key, passes[key]!)
      passSteps[key.stage, default: []].append(step)
    }
    var wholeSteps: [Int: [PlanStep]] = [:]
    // What tensors exchange stands at the end of its phase, so that its memory lives until then.
    var barriers: [Int: [PlanStep]] = [:]
    for i in order {
      let v = ValueID(i)
      guard var step = try wholeStep(v) else { continue }
      step.predicateRegister = predicateRegister(predicates[i])
      step.origin = f.origin(v)
      if isBarrier(v) {
        barriers[phase(of: f[v].attribute), default: []].append(step)
      } else {
        wholeSteps[runStage[i], default: []].append(step)
      }
    }
    let stages = Set(scalarOps.keys).union(passSteps.keys).union(wholeSteps.keys).sorted()
    var phase = 0
    for stage in stages {
      while phase < stage >> Self.phaseShift {
        plan.steps += barriers[phase] ?? []
        phase += 1
        plan.phaseStarts.append(plan.steps.count)
      }
      if let operations = scalarOps[stage] {
        let first = plan.scalarProgram.count
        plan.scalarProgram += operations
        plan.steps.append(PlanStep(.scalars(first..<plan.scalarProgram.count)))
      }
      plan.steps += passSteps[stage] ?? []
      plan.steps += wholeSteps[stage] ?? []
    }
    while plan.phaseStarts.count < plan.phaseCount {
      plan.steps += barriers[phase] ?? []
      phase += 1
      plan.phaseStarts.append(plan.steps.count)
    }
    plan.phaseStarts.append(plan.steps.count)
  }

  // MARK: Scalars

  private mutating func emitScalars() {
    for i in order {
      guard case .register(let r) = placement[i] else { continue }
      let v = ValueID(i)
      let instruction = f[v]
      var op = rv_scalar(op: 0, unused: 0, d: r, a: 0, b: 0, c: 0)
      switch instruction.operation {
      case .constant, .hyper, .step, .horizon, .loss, .state, .input, .argument, .project: continue
      case .parameter, .gradient:
        let slot = plan.slot(source(instruction)!)!
        op = fetch(View(slot: Int32(slot), offset: 0, strides: []), into: r)
      case .draw:
        plan.scalarPlaces.append(drawPlace(instruction))
        op.op = UInt16(RV_SCALAR_DRAW.rawValue)
        op.a = instruction.a.isSome ? register(instruction.a) : 0
        op.c = Int32(plan.scalarPlaces.count - 1)
      case let operation where operation.isFold:
        guard isScalar(instruction.a) else { continue }
        op.op = UInt16(RV_COPY.rawValue)
        op.a = register(instruction.a)
      case .reshape, .broadcast, .slice, .transpose:
        if isScalar(instruction.a) {
          op.op = UInt16(RV_COPY.rawValue)
          op.a = register(instruction.a)
        } else {
          op = fetch(viewOfNumber(v), into: r)
        }
      default:
        guard isOfNumbers(v) else { continue }
        op.op = UInt16(instruction.operation.kernel.rawValue)
        op.a = register(instruction.a)
        op.b = instruction.b.isSome ? register(instruction.b) : 0
        op.c = instruction.c.isSome ? register(instruction.c) : 0
        adaptToNumbers(instruction, &op)
      }
      scalarOps[depth[i], default: []].append(op)
    }
  }

  /// Operations on whole tensors, of one number.
  private mutating func adaptToNumbers(_ instruction: Instruction, _ op: inout rv_scalar) {
    switch instruction.operation {
    case .argMaximum, .argMinimum, .argSort, .logSoftmax: op.b = op.a
    case .softmax:
      let difference = rv_scalar(
        op: UInt16(RV_SUBTRACT.rawValue), unused: 0, d: op.d, a: op.a, b: op.a, c: 0)
      scalarOps[instruction.a.isSome ? depth[instruction.a.index] : 0, default: []].append(
        difference)
      op.a = op.d
    case .topKMask:
      let zero = newRegister()
      plan.presets.append((zero, .constant(0)))
      (op.a, op.b) = (op.b, zero)
    default: break
    }
  }

  /// Where the one number lies that a scalar takes from a tensor.
  private mutating func viewOfNumber(_ v: ValueID) -> View {
    let instruction = f[v]
    var source = view(instruction.a)
    if instruction.operation == .slice {
      source = sliced(source, shape(instruction.a), f.slices[Int(instruction.attribute)])
    }
    return source
  }

  private mutating func fetch(_ source: View, into r: Int32) -> rv_scalar {
    var place = rv_place()
    set(&place.stride, 0, Int64(address(source).offset))
    set(&place.stride, 1, Int64(source.slot))
    set(&place.extent, 0, Int64(plan.slots[Int(source.slot)].format.element))
    plan.scalarPlaces.append(place)
    return rv_scalar(
      op: UInt16(RV_SCALAR_FETCH.rawValue), unused: 0, d: r, a: 0, b: 0,
      c: Int32(plan.scalarPlaces.count - 1))
  }

  /// The register that is 1 where the guard holds, or -1 for always.
  mutating func predicateRegister(_ predicate: Predicate) -> Int32 {
    if predicate.isAlways { return -1 }
    if let found = predicateRegisters[predicate] { return found }
    let stage = predicate.conditions.reduce(0) { max($0, depth[$1.index]) }
    var result: Int32 = -1
    for term in predicate.terms {
      var all: Int32 = -1
      for literal in term {
        var r = register(Predicate.condition(literal))
        if !Predicate.holds(literal) { r = emit(RV_LOGICAL_NOT, r, r, at: stage) }
        all = all < 0 ? r : emit(RV_LOGICAL_AND, all, r, at: stage)
      }
      result = result < 0 ? all : emit(RV_LOGICAL_OR, result, all, at: stage)
    }
    predicateRegisters[predicate] = result
    return result
  }

  private mutating func emit(_ op: rv_op, _ a: Int32, _ b: Int32, at stage: Int) -> Int32 {
    let r = newRegister()
    scalarOps[stage, default: []].append(
      rv_scalar(op: UInt16(op.rawValue), unused: 0, d: r, a: a, b: b, c: 0))
    return r
  }

  // MARK: Passes

  private mutating func emitPass(_ key: PassKey, _ roots: [Root]) throws(DiagnosticError)
    -> PlanStep
  {
    var pass = SegmentPlanner(self, stage: key.stage, count: key.count, roots: roots)
    var carries: [ValueID: Int32] = [:]
    // The pass works on a copy of the planner, so what it needs is made here, for it to look up.
    for root in roots {
      guard case .fold(let reduction) = root.purpose, !isScalar(reduction) else { continue }
      carries[reduction] = newRegister()
    }
    pass.run(carries)
    var predicate = Predicate.never
    for root in roots { predicate.form(or: root.predicate) }
    let segmentPredicate = predicateRegister(predicate)
    var segment: PlanSegment?
    var builder = pass.builder
    segment = builder.finish(segmentPredicate: segmentPredicate) { predicateRegister($0) }
    guard let segment else { throw unsupported("a pass of this size", roots[0].value) }
    plan.segments.append(segment)
    var step = PlanStep(.segment(plan.segments.count - 1))
    step.predicateRegister = segmentPredicate
    return step
  }

  // MARK: Temporaries

  /// Gives temporaries their place in the arena: two share bytes unless both are in use at once.
  mutating func allocateArena() {
    for (position, step) in plan.steps.enumerated() {
      for slot in slotsOf(step) where slot >= 0 {
        plan.slots[slot].firstUse = min(plan.slots[slot].firstUse, position)
        plan.slots[slot].lastUse = max(plan.slots[slot].lastUse, position)
      }
    }
    let temporaries = plan.slots.indices.filter {
      plan.slots[$0].isTemporary && plan.slots[$0].lastUse >= 0
    }.sorted { plan.slots[$0].firstUse < plan.slots[$1].firstUse }
    var active: [Int] = []
    for slot in temporaries {
      let first = plan.slots[slot].firstUse
      active.removeAll { plan.slots[$0].lastUse < first }
      let bytes = (plan.slots[slot].byteCount + 63) & ~63
      var offset = 0
      for other in active.sorted(by: { plan.slots[$0].arenaOffset < plan.slots[$1].arenaOffset }) {
        if plan.slots[other].arenaOffset >= offset + bytes { break }
        offset = max(
          offset, plan.slots[other].arenaOffset + ((plan.slots[other].byteCount + 63) & ~63))
      }
      plan.slots[slot].arenaOffset = offset
      plan.arenaBytes = max(plan.arenaBytes, offset + bytes)
      active.append(slot)
    }
  }

  private func slotsOf(_ step: PlanStep) -> [Int] {
    switch step.work {
    case .segment(let k):
      let operands = plan.segments[k].operands.filter {
        $0.kind == Int32(RV_MEMORY.rawValue) || $0.kind == Int32(RV_FIXED.rawValue)
      }
      return operands.map { Int($0.index) } + plan.segments[k].columns.map { Int($0.slot) }
    case .scalars(let range):
      return scalarSlots(plan.scalarProgram[range])
    case .loop(let k): return plan.loops[k].slots
    default: return step.work.addresses.map { Int($0.slot) }
    }
  }

  /// The slots that numbers are fetched from.
  private func scalarSlots(_ operations: ArraySlice<rv_scalar>) -> [Int] {
    operations.filter { $0.op == UInt16(RV_SCALAR_FETCH.rawValue) }
      .map { Int(plan.scalarPlaces[Int($0.c)].stride.1) }
  }
}
