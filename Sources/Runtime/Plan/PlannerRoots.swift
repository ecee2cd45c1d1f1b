import Basics
import IR

/// Why a pass computes a value: to store it, or to fold it.
struct Root {
  enum Purpose: Hashable {
    /// The contiguous copy of the value.
    case buffer
    /// Value `reduction` folds it.
    case fold(ValueID)
    /// Output number `k` of the function.
    case output(Int)
  }
  var purpose: Purpose
  var value: ValueID
  var stage: Int
  var count: Int
  var predicate: Predicate
  var target: SlotAddress = .none
}

extension Planner {
  /// Finds what passes must compute, and the stage of each store: a state or the parameter is
  /// overwritten only where nothing that comes later reads the old values.
  mutating func collectRoots() {
    for i in order where buffer[i] >= 0 {
      let v = ValueID(i)
      roots.append(
        Root(
          purpose: .buffer, value: v, stage: storeStage[i], count: count(v),
          predicate: predicates[i],
          target: SlotAddress(slot: buffer[i], offset: 0)))
    }
    for i in order where f.instructions[i].operation.isFold {
      let a = f.instructions[i].a
      if isScalar(a) { continue }
      roots.append(
        Root(
          purpose: .fold(ValueID(i)), value: squared(ValueID(i)) ?? a, stage: runStage[i],
          count: count(a),
          predicate: predicates[i]))
    }
    for (k, output) in f.outputs.enumerated() { collect(output, k) }
    scheduleStores()
  }

  /// x where a value is the sum of x² over a whole tensor.
  func squared(_ reduction: ValueID) -> ValueID? {
    guard f[reduction].operation == .sum, isScalar(reduction) else { return nil }
    let product = f[base(f[reduction].a)]
    let isSquare =
      product.operation == .multiply && product.a == product.b
      || product.operation == .power && f.constantValue(product.b) == 2
    guard isSquare, !isScalar(product.a), count(product.a) == count(f[reduction].a) else {
      return nil
    }
    return product.a
  }

  private mutating func collect(_ output: Output, _ k: Int) {
    if isScalar(output.value), !isParameter(output.target) {
      let r = register(output.value)
      plan.scalarOutputs.append((output.target, r))
      return
    }
    let role: PlanSlot.Role
    switch output.target {
    case .parameter(let k): role = .parameter(k)
    case .state(let k): role = .state(k)
    default: role = .output(output.target)
    }
    var root = Root(
      purpose: .output(k), value: output.value, stage: linearDepth(output.value),
      count: count(output.value), predicate: .always)
    let target = slot(
      role, count: root.count, format: formats.of(role, computed: computed))
    root.target = SlotAddress(slot: target, offset: 0)
    // A state that keeps its value on one path is not written there.
    while true {
      let instruction = f[root.value]
      guard instruction.operation == .select, isScalar(instruction.a) else { break }
      if isOld(instruction.c, target), count(instruction.b) == root.count {
        root.predicate = root.predicate.and(Predicate.literal(instruction.a, true))
        root.value = instruction.b
      } else if isOld(instruction.b, target), count(instruction.c) == root.count {
        root.predicate = root.predicate.and(Predicate.literal(instruction.a, false))
        root.value = instruction.c
      } else {
        break
      }
    }
    if isOld(root.value, target) { return }
    // Blocks do not read back as they were written: what keeps its value is not written again.
    if root.predicate.isAlways, plan.slots[Int(target)].format.isInBlocks {
      root.predicate = changes(root.value, target)
    }
    if case .output = role, writesInto(target, root) { return }
    // An oracle of another tensor may look at this one's parameters.
    let earliest = isParameter(output.target) ? firstPhaseAfterOracles << Self.phaseShift : 0
    root.stage = max(
      earliest, linearDepth(root.value),
      root.predicate.conditions.reduce(0) { max($0, depth[$1.index]) })
    roots.append(root)
  }

  /// Lets the step that makes an output make it in the output's own memory.
  private mutating func writesInto(_ target: Int32, _ root: Root) -> Bool {
    let source = base(root.value)
    guard root.predicate.isAlways, predicates[source.index].isAlways, !isScalar(source) else {
      return false
    }
    var made = buffer[source.index]
    if made < 0, case .memory(let view) = placement[source.index], view.offset == 0,
      isContiguous(view, shape(source))
    {
      made = view.slot
    }
    guard made >= 0, plan.slots[Int(made)].role == .buffer,
      plan.slots[Int(made)].format == plan.slots[Int(target)].format,
      plan.slots[Int(made)].count == plan.slots[Int(target)].count
    else { return false }
    plan.slots[Int(made)].role = plan.slots[Int(target)].role
    plan.slots[Int(target)].role = .buffer
    return true
  }

  private func isParameter(_ target: OutputTarget) -> Bool {
    if case .parameter = target { return true }
    return false
  }

  /// Whether a value is what the slot holds already.
  private func isOld(_ v: ValueID, _ slot: Int32) -> Bool {
    source(f[v]).map { plan.slots[Int(slot)].role == $0 && !isScalar(v) } ?? false
  }

  /// Where the scalar conditions of a value choose another than what the slot holds.
  private func changes(_ v: ValueID, _ slot: Int32) -> Predicate {
    if isOld(v, slot) { return .never }
    let instruction = f[v]
    guard instruction.operation == .select, isScalar(instruction.a) else { return .always }
    var result = changes(instruction.b, slot).and(Predicate.literal(instruction.a, true))
    result.form(or: changes(instruction.c, slot).and(Predicate.literal(instruction.a, false)))
    return result
  }

  /// The memory that an instruction reads.
  func source(_ instruction: Instruction) -> PlanSlot.Role? {
    let k = Int(instruction.attribute)
    switch instruction.operation {
    case .parameter: return .parameter(k)
    case .gradient: return .gradient(k)
    case .state: return .state(k)
    case .input: return .input(k)
    case .argument: return .argument(k)
    default: return nil
    }
  }

  // MARK: When to store

  private struct Read: Hashable {
    var slot: Int32
    /// Element by element, in the order of the pass.
    var isLinear: Bool
    var count: Int
  }

  private mutating func scheduleStores() {
    var writers: [Int32: Int] = [:]
    for (index, root) in roots.enumerated() {
      guard case .output = root.purpose else { continue }
      let role = plan.slots[Int(root.target.slot)].role
      switch role {
      case .parameter, .state: writers[root.target.slot] = index
      default: break
      }
    }
    if writers.isEmpty { return }
    var changed: Set<Int> = []
    for rescue in 0... {
      let limit = writers.count + 2
      for attempt in 0...limit {
        changed = []
        delayStores(writers, &changed)
        if changed.isEmpty { return }
        if attempt == limit { break }
      }
      // What waits for itself is computed aside first.
      let victims = rescue < 2 ? changed : Set(writers.values)
      for index in victims { computeAside(index) }
      if rescue > 4 { return }
    }
  }

  /// Moves each store behind the reads of what it overwrites.
  private func delay(
    _ stage: inout Int, _ readStage: Int, isLinear: Bool, _ changed: inout Bool
  ) {
    let earliest = isLinear ? readStage : readStage + 1
    if stage < earliest {
      stage = earliest
      changed = true
    }
  }

  private mutating func delayStores(_ writers: [Int32: Int], _ changed: inout Set<Int>) {
    for (index, root) in roots.enumerated() {
      for read in reads(root.value, at: root.stage, count: root.count) {
        guard let writer = writers[read.slot] else { continue }
        if writer == index && read.isLinear { continue }
        var moved = false
        delay(
          &roots[writer].stage, root.stage,
          isLinear: read.isLinear && roots[writer].count == root.count, &moved)
        if moved { changed.insert(writer) }
      }
    }
    for i in order {
      for slot in stepReads(ValueID(i)) {
        guard let writer = writers[slot] else { continue }
        var moved = false
        let v = ValueID(i)
        if isBarrier(v) {
          // The point is read at the barrier, at the end of the phase.
          delay(&roots[writer].stage, phaseAfter(f[v].attribute), isLinear: true, &moved)
        } else if case .register = placement[i], isFetched(v) {
          // Numbers are read before the passes of their stage.
          delay(&roots[writer].stage, depth[i], isLinear: true, &moved)
        } else {
          delay(&roots[writer].stage, runStage[i], isLinear: false, &moved)
        }
        if moved { changed.insert(writer) }
      }
    }
  }

  private mutating func computeAside(_ index: Int) {
    let value = roots[index].value
    let source = base(value)
    if buffer[source.index] >= 0 { return }
    let copy = newSlot(.buffer, count: count(source))
    buffer[source.index] = copy
    let stage = linearDepth(source)
    storeStage[source.index] = stage
    passReady[Int(copy)] = stage + 1
    stepReady[Int(copy)] = stage
    roots[index].stage = max(roots[index].stage, stage + 1)
    roots.append(
      Root(
        purpose: .buffer, value: source, stage: stage, count: count(source), predicate: .always,
        target: SlotAddress(slot: copy, offset: 0)))
  }

  /// The slots that a step reads in place.
  private func stepReads(_ v: ValueID) -> [Int32] {
    let instruction = f[v]
    switch placement[v.index] {
    case .virtual, .alias, .dead: return []
    case .memory, .register, .several: break
    }
    switch instruction.operation {
    case .transpose, .broadcast, .reshape, .slice:
      // A view is read by its users; only one number is read here.
      guard isFetched(v) else { return [] }
    case .diagonal where isDiagonalView(v): return []
    case let operation where operation.isFold: return []
    default: break
    }
    return f.operands(v).compactMap { operand in
      if isScalar(operand) { return nil }
      if case .memory(let view) = placement[base(operand).index] { return view.slot }
      return nil
    }
  }

  /// Whether a number is taken from a tensor in memory.
  private func isFetched(_ v: ValueID) -> Bool {
    switch f[v].operation {
    case .transpose, .broadcast, .reshape, .slice: isScalar(v) && !isScalar(f[v].a)
    default: false
    }
  }

  /// What a pass at `stage` reads from memory to make the value.
  private func reads(_ v: ValueID, at stage: Int, count total: Int) -> Set<Read> {
    var found: Set<Read> = []
    var seen: Set<Int> = []
    var stack = [v]
    while let next = stack.popLast() {
      let value = base(next)
      guard seen.insert(value.index).inserted else { continue }
      if isBuffered(value, before: stage) {
        found.insert(Read(slot: buffer[value.index], isLinear: true, count: total))
        continue
      }
      switch placement[value.index] {
      case .memory(let view):
        let isLinear = isContiguous(view, shape(value)) && view.offset == 0
        found.insert(Read(slot: view.slot, isLinear: isLinear, count: total))
      case .virtual:
        if let role = source(f[value]) {
          let slot = plan.slot(role)!
          found.insert(Read(slot: Int32(slot), isLinear: true, count: total))
        }
        for operand in f.operands(value) where !isScalar(operand) {
          if count(operand) == count(value) {
            stack.append(operand)
          } else if case .memory(let view) = placement[base(operand).index] {
            found.insert(Read(slot: view.slot, isLinear: false, count: total))
          }
        }
      default: break
      }
    }
    return found
  }

  /// Whether a pass at `stage` finds the value in its buffer.
  func isBuffered(_ v: ValueID, before stage: Int) -> Bool {
    buffer[v.index] >= 0 && storeStage[v.index] < stage
  }
}
