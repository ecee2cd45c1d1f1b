import Basics
import IR

extension Planner {
  // MARK: Predicates

  /// The condition under which each value is needed, from the outputs back.
  mutating func findPredicates() {
    predicates = [Predicate](repeating: .never, count: f.instructions.count)
    for output in f.outputs { predicates[output.value.index] = .always }
    var dependents: [ValueID: [Bool]] = [:]
    // What a barrier needs must be there when it is reached: no condition of a later phase may
    // decide over it.
    var feedsBarrier = [Bool](repeating: false, count: f.instructions.count)
    for i in stride(from: f.instructions.count - 1, through: 0, by: -1) where live[i] {
      let v = ValueID(i)
      var predicate = predicates[i]
      if isBarrier(v) {
        feedsBarrier[i] = true
        // All tensors take part, whatever each of them needs.
        if !predicate.conditions.allSatisfy({ isUniform($0) }) { predicate = .always }
      }
      if feedsBarrier[i] {
        predicate = predicate.dropping { !isUniform(Predicate.condition($0)) }
        predicates[i] = predicate
        for operand in f.operands(v) { feedsBarrier[operand.index] = true }
      }
      if !predicate.isAlways {
        // A condition that itself needs the value cannot decide whether to compute it.
        predicate = predicate.dropping { literal in
          let condition = Predicate.condition(literal)
          if condition.index < i { return false }
          if dependents[condition] == nil { dependents[condition] = ancestors(condition) }
          return dependents[condition]![i]
        }
        predicates[i] = predicate
      }
      let instruction = f[v]
      if instruction.operation == .select, isScalar(instruction.a) {
        predicates[instruction.a.index].form(or: predicate)
        predicates[instruction.b.index].form(
          or: predicate.and(Predicate.literal(instruction.a, true)))
        predicates[instruction.c.index].form(
          or: predicate.and(Predicate.literal(instruction.a, false)))
      } else {
        for operand in f.operands(v) { predicates[operand.index].form(or: predicate) }
      }
    }
  }

  func isBarrier(_ v: ValueID) -> Bool {
    f[v].operation.isBarrier
  }

  /// Whether a scalar is the same for all tensors: made of hyperparameters and the step alone.
  func isUniform(_ v: ValueID) -> Bool {
    !f.reaches(v) { value -> Bool? in
      switch f[value].operation {
      case .constant, .hyper, .step, .horizon, .loss: false
      default: isOfNumbers(value) ? nil : true
      }
    }
  }

  /// Which values a value depends on.
  private func ancestors(_ v: ValueID) -> [Bool] {
    var marked = [Bool](repeating: false, count: f.instructions.count)
    marked[v.index] = true
    for i in stride(from: v.index, through: 0, by: -1) where marked[i] {
      for operand in f.operands(ValueID(i)) { marked[operand.index] = true }
    }
    return marked
  }

  /// Orders the live values so that operands and deciding conditions come first.
  mutating func orderValues() {
    var state = [UInt8](repeating: 0, count: f.instructions.count)
    for root in f.instructions.indices where live[root] && state[root] == 0 {
      var stack: [Int] = [root]
      while let i = stack.last {
        if state[i] == 2 {
          stack.removeLast()
          continue
        }
        if state[i] == 1 {
          state[i] = 2
          order.append(i)
          stack.removeLast()
          continue
        }
        state[i] = 1
        for condition in predicates[i].conditions {
          if state[condition.index] == 1 {
            predicates[i] = .always
            break
          }
        }
        for condition in predicates[i].conditions where state[condition.index] == 0 {
          stack.append(condition.index)
        }
        for operand in f.operands(ValueID(i)) where state[operand.index] == 0 {
          stack.append(operand.index)
        }
      }
    }
  }

  func predicateDepth(_ v: ValueID) -> Int {
    predicates[v.index].conditions.reduce(0) { max($0, depth[$1.index]) }
  }

  // MARK: Stages

  mutating func findStages() {
    for i in order {
      let v = ValueID(i)
      let instruction = f[v]
      switch placement[i] {
      case .dead: break
      case .several: placeInTime(step: v)
      case .alias(let other): depth[i] = linearDepth(other)
      case .virtual:
        depth[i] = virtualDepth(v)
        settleBuffer(v)
      case .memory(let view):
        switch instruction.operation {
        case .parameter, .gradient, .state, .input, .argument: break
        case .project:
          runStage[i] = runStage[instruction.a.index]
          markReady(view.slot, runStage[i])
        case let operation where operation.isFold:
          runStage[i] = max(linearDepth(instruction.a), predicateDepth(v))
          markReady(view.slot, runStage[i])
        case .reshape, .broadcast, .slice, .transpose: break
        case .diagonal where isDiagonalView(v): break
        default: placeInTime(step: v)
        }
        depth[i] = passReady[Int(view.slot)]
        if buffer[i] >= 0 { settleBuffer(v) }
      case .register: placeInTime(scalar: v)
      }
    }
  }

  private mutating func markReady(_ slot: Int32, _ stage: Int) {
    passReady[Int(slot)] = stage + 1
    stepReady[Int(slot)] = stage
  }

  /// The earliest stage whose pass can have the value in the order of its elements.
  func linearDepth(_ v: ValueID) -> Int {
    if case .memory(let view) = placement[v.index] { return passReady[Int(view.slot)] }
    return depth[v.index]
  }

  private func virtualDepth(_ v: ValueID) -> Int {
    var stage = 0
    for operand in f.operands(v) {
      if isScalar(operand) || count(operand) == count(v) {
        stage = max(stage, linearDepth(operand))
      } else {
        stage = max(stage, viewReady(operand).pass)
      }
    }
    return stage
  }

  /// When passes and steps may read the memory of a value that lies in memory.
  func viewReady(_ v: ValueID) -> (pass: Int, step: Int) {
    let source = base(v)
    let slot: Int32
    if case .memory(let view) = placement[source.index], buffer[source.index] < 0 {
      slot = view.slot
    } else {
      slot = buffer[source.index]
    }
    return slot < 0 ? (0, 0) : (passReady[Int(slot)], stepReady[Int(slot)])
  }

  private mutating func settleBuffer(_ v: ValueID) {
    guard buffer[v.index] >= 0 else { return }
    storeStage[v.index] = max(linearDepth(v), predicateDepth(v))
    markReady(buffer[v.index], storeStage[v.index])
  }

  private mutating func placeInTime(scalar v: ValueID) {
    let instruction = f[v]
    switch instruction.operation {
    case .constant, .hyper, .free, .step, .horizon, .loss, .parameter, .gradient, .state, .input,
      .argument, .draw:
      depth[v.index] = instruction.a.isSome ? depth[instruction.a.index] : 0
    case let operation where operation.isFold:
      if isScalar(instruction.a) {
        depth[v.index] = depth[instruction.a.index]
      } else {
        runStage[v.index] = max(linearDepth(instruction.a), predicateDepth(v))
        depth[v.index] = runStage[v.index] + 1
      }
    case let operation where operation.isGlobalReduction:
      runStage[v.index] = max(depth[instruction.a.index], predicateDepth(v))
      depth[v.index] = phaseAfter(instruction.attribute)
    case .lossAt:
      placeInTime(step: v)
      depth[v.index] = phaseAfter(instruction.attribute)
    case .project: depth[v.index] = runStage[instruction.a.index] + 1
    case .slice, .reshape, .broadcast, .transpose:
      depth[v.index] =
        isScalar(instruction.a) ? depth[instruction.a.index] : viewReady(instruction.a).pass
    default:
      if isOfNumbers(v) {
        for operand in f.operands(v) {
          depth[v.index] = max(depth[v.index], depth[operand.index])
        }
      } else {
        placeInTime(step: v)
        depth[v.index] = runStage[v.index] + 1
      }
    }
    if buffer[v.index] >= 0 {
      // Not before the conditions are known that decide whether it is needed.
      storeStage[v.index] = max(depth[v.index], predicateDepth(v))
      markReady(buffer[v.index], storeStage[v.index])
    }
  }

  private mutating func placeInTime(step v: ValueID) {
    var stage = predicateDepth(v)
    for operand in f.operands(v) {
      let isNumber = isScalar(operand) && buffer[operand.index] < 0
      stage = max(stage, isNumber ? depth[operand.index] : viewReady(operand).step)
    }
    runStage[v.index] = stage
    guard case .memory(let view) = placement[v.index] else { return }
    if [.gradientAt, .hessianProduct].contains(f[v].operation) {
      passReady[Int(view.slot)] = phaseAfter(f[v].attribute)
      stepReady[Int(view.slot)] = phaseAfter(f[v].attribute)
    } else {
      markReady(view.slot, stage)
    }
  }

  func phase(of site: Int32) -> Int { Int(site) < sitePhases.count ? sitePhases[Int(site)] : 0 }

  func phaseAfter(_ site: Int32) -> Int { (phase(of: site) + 1) << Self.phaseShift }
}
