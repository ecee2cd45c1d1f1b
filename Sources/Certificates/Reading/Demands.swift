import IR

// What a value is needed for: where it is not read it may be no number.
extension FunctionReading {
  /// By what: the conjunctions of conditions, in one of which it matters.
  typealias Demands = [[Polynomial]]

  /// The clauses with what must hold for their instructions to matter, and where the arguments do.
  func demanded(
    _ wanted: [(value: ValueID, guards: Demands)]
  ) throws(Refusal) -> (clauses: [Clause], arguments: [Int: Demands]) {
    var demands = [Demands](repeating: [], count: values.count)
    func demand(_ id: ValueID, _ all: Demands, _ also: Polynomial? = nil) throws(Refusal) {
      try add(all, also, to: &demands[id.index])
    }
    for (value, guards) in wanted { try demand(value, guards) }
    if !wanted.isEmpty { for extent in function.extents { try demand(extent, [[]]) } }
    var arguments: [Int: Demands] = [:]
    // By loop that is written out, by result.
    var results: [Int: [Int: Demands]] = [:]
    var result: [Clause] = []
    func insert(_ clause: Clause) { if !result.contains(clause) { result.append(clause) } }
    for i in values.indices.reversed() where !demands[i].isEmpty {
      let instruction = function[ValueID(i)]
      let all = demands[i]
      for clause in clauses[i] {
        for guards in all {
          var own = clause
          own.guards = guards + own.guards
          insert(own)
        }
      }
      switch instruction.operation {
      case .argument: arguments[Int(instruction.attribute)] = all
      case .select:
        let condition = truth(instruction.a)
        try demand(instruction.a, all)
        try demand(instruction.b, all, condition)
        try demand(instruction.c, all, algebra.not(condition))
      case .logicalAnd, .logicalOr:
        let isSure = [instruction.a, instruction.b].map { isTotal[$0.index] }
        // Each matters where the other decides nothing, or is not defined.
        if isSure == [false, false] {
          throw Refusal("`and`, `or` of two that are not defined everywhere have no certificates")
        }
        for (own, other) in [(instruction.a, instruction.b), (instruction.b, instruction.a)] {
          let guardian =
            instruction.operation == .logicalAnd ? truth(other) : algebra.not(truth(other))
          try demand(own, all, isTotal[other.index] ? guardian : nil)
        }
      case .isFinite: break
      case .minimum:
        for (own, other) in [(instruction.a, instruction.b), (instruction.b, instruction.a)] {
          try demand(own, all, try unbounded(own, beside: other))
        }
      case .project where iterations[instruction.a.index] != nil:
        let loop = instruction.a
        try add(
          all, to: &results[loop.index, default: [:]][Int(instruction.attribute), default: []])
        try demand(loop, all)
      case .loop where iterations[i] != nil:
        let loop = function.loops[Int(instruction.attribute)]
        var own = results[i] ?? [:]
        for iteration in iterations[i]!.reversed() {
          var wanted: [(value: ValueID, guards: Demands)] = []
          for output in loop.body.outputs {
            if case .result(let k) = output.target, let guards = own[k] {
              wanted.append((output.value, guards))
            }
          }
          let (clauses, read) = try iteration.demanded(wanted)
          for clause in clauses.reversed() { insert(clause) }
          for (k, value) in loop.captured.enumerated() {
            if let guards = read[loop.initial.count + k] { try demand(value, guards) }
          }
          own = read.filter { $0.key < loop.initial.count }
        }
        for (k, guards) in own.sorted(by: { $0.key < $1.key }) {
          try demand(loop.initial[k], guards)
        }
      default:
        for (k, operand) in function.operands(ValueID(i)).enumerated() {
          try demand(operand, try all.map { (own) throws(Refusal) in try spread(own, i, k) })
        }
      }
    }
    return (result.reversed(), arguments)
  }

  /// Adds conjunctions, each with one more condition, to others.
  private func add(
    _ all: Demands, _ also: Polynomial? = nil, to known: inout Demands
  ) throws(Refusal) {
    for var guards in all {
      if let also {
        if also.isZero { continue }
        if also != .one, !guards.contains(also) { guards.append(also) }
      }
      if known.contains([]) { return }
      if guards.isEmpty { known = [] }
      // What matters where a condition holds and where it does not matters whether it does or not.
      let twin = known.firstIndex { other in
        let (mine, theirs) = (
          guards.filter { !other.contains($0) }, other.filter { !guards.contains($0) }
        )
        return mine.count == 1 && theirs.count == 1 && mine[0] == algebra.not(theirs[0])
      }
      if let twin {
        let other = known.remove(at: twin)
        try add([guards.filter { other.contains($0) }], to: &known)
        continue
      }
      if !known.contains(guards) { known.append(guards) }
    }
    if known.count > 16 { throw Refusal("a value matters under too many conditions") }
  }

  /// The conditions on which an operand matters. What is made of a whole tensor matters where its result
  /// does at any of the elements that read it: no condition about one element says that, and of what
  /// indices pick none but the same indices.
  private func spread(
    _ guards: [Polynomial], _ i: Int, _ operand: Int
  ) throws(Refusal) -> [Polynomial] {
    let operation = function[ValueID(i)].operation
    guard let detail = details[i] else { return guards }
    let own = guards.filter {
      algebra.reach($0) != .everywhere && (operation.isBarrier || !algebra.axes($0).isEmpty)
    }
    let isPartial = Self.partial.contains(operation)
    if own.isEmpty, !isPartial { return guards }
    var all = Polynomial.one
    for guardian in own { all = try algebra.product(all, guardian) }
    var others = isPartial ? function.operands(ValueID(i)).map { self[$0] } : []
    if isPartial { others.remove(at: operand) }
    return guards.filter { !own.contains($0) }
      + [algebra.apply("any", "\(detail) \(operation) \(operand)", [all] + others)]
  }

  /// Operations that may not read all elements of what they are given.
  private static let partial: Set<Operation> = [
    .slice, .gather, .takeAlong, .placeAlong, .diagonal, .push, .unfold, .fold, .cholesky, .eigh,
  ]
}
