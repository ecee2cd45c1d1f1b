import Basics

/// The work of one path through a function's conditions.
struct CostPath {
  private let counter: CostCounter
  private let function: Function
  private let choices: [ValueID: Bool]
  /// The pass before which a value is known, for values that the path needs.
  private var level: [Int?]
  /// Values that lie in memory when passes read them, with the bytes of one of their numbers.
  private var resident: [ValueID: Double] = [:]
  /// Made during the step: where first and last needed.
  private var lifetimes: [ValueID: (first: Int, last: Int)] = [:]
  /// Temporaries inside loops, by the loop.
  private var innerTemporaries: [ValueID: Amount] = [:]
  /// What each pass goes through, and whether it writes it down.
  private var visits: [(pass: Int, value: ValueID)] = []
  private var sum = CostSheet.Work()

  init(_ counter: CostCounter, choices: [ValueID: Bool]) {
    self.counter = counter
    function = counter.function
    self.choices = choices
    level = [Int?](repeating: nil, count: function.instructions.count)
  }

  consuming func count() -> (work: CostSheet.Work, census: CostCensus) {
    let stores = function.outputs.compactMap { output -> (target: OutputTarget, value: ValueID)? in
      let value = resolved(output.value)
      return isOld(value, output.target) ? nil : (output.target, value)
    }
    let needed = needed(stores.map(\.value))
    for i in needed { count(ValueID(i)) }
    place(stores)
    sum.temporaryBytes = peak()
    return (sum, CostCensus(function, needed: needed, operands: operands))
  }

  // MARK: What the path needs

  /// The value behind selects whose condition the path decides.
  private func resolved(_ id: ValueID) -> ValueID {
    var id = id
    while function[id].operation == .select {
      let condition = function[id].a
      if let chosen = choices[condition] {
        id = chosen ? function[id].b : function[id].c
      } else if function.type(condition).shape.isScalar,
        let number = counter.number(condition, in: function)
      {
        id = number != 0 ? function[id].b : function[id].c
      } else {
        return id
      }
    }
    return id
  }

  private func isOld(_ value: ValueID, _ target: OutputTarget) -> Bool {
    switch (target, function[value].operation) {
    case (.state(let k), .state): Int(function[value].attribute) == k
    case (.parameter(let k), .parameter): Int(function[value].attribute) == k
    default: false
    }
  }

  private func operands(_ id: ValueID) -> [ValueID] { function.operands(id).map(resolved) }

  private func needed(_ roots: [ValueID]) -> [Int] {
    var isNeeded = [Bool](repeating: false, count: function.instructions.count)
    for root in roots { isNeeded[root.index] = true }
    for i in stride(from: isNeeded.count - 1, through: 0, by: -1) where isNeeded[i] {
      for operand in operands(ValueID(i)) { isNeeded[operand.index] = true }
    }
    return isNeeded.indices.filter { isNeeded[$0] }
  }

  // MARK: Values

  private func size(_ id: ValueID) -> Amount {
    counter.elements(function.type(id).shape, of: function)
  }

  /// Numbers, and lists along a named axis, are no tensors.
  private func isTensor(_ id: ValueID) -> Bool {
    let shape = function.type(id).shape
    return !(shape.isScalar || shape.tensor.isScalar && shape.length(of: .batch) == nil)
      && !isListPart(id)
  }

  /// Whether a value is a list of numbers, or that with entries still missing.
  private func isListPart(_ id: ValueID) -> Bool {
    var id = id
    while function[id].operation == .add, isListEntry(function[id].b) { id = function[id].a }
    return isListEntry(id)
  }

  private func isListEntry(_ id: ValueID) -> Bool {
    function[id].operation == .placeSlice && function.type(function[id].a).shape.isScalar
  }

  private mutating func count(_ id: ValueID) {
    let instruction = function[id]
    let operands = operands(id)
    let before = operands.map { level[$0.index] ?? 0 }.max() ?? 0
    level[id.index] = before
    let flops = Double(instruction.operation.info.flops)
    switch instruction.operation.info.operationClass {
    case .source:
      switch instruction.operation {
      case .parameter, .gradient, .input, .argument:
        if isTensor(id) { resident[id] = 4 }
      case .state:
        guard isTensor(id) else { break }
        let slot = Int(instruction.attribute)
        resident[id] =
          counter.states.indices.contains(slot)
          ? counter.states[slot].storage.bytesPerElement(counter.hypers) : 4
      case .draw:
        sum.flops += size(id) * flops
        countOperation(id)
      default: break
      }
    case .elementwise:
      if isTensor(id) {
        sum.flops += size(id) * flops
        countOperation(id)
      }
    case .reduction, .rowwise:
      let operand = operands[0]
      guard isTensor(operand) else { break }
      sum.flops += size(operand) * flops
      visits.append((before, operand))
      if size(operand).coversTensor { level[id.index] = before + 1 }
    case .globalReduction: break
    case .matrix, .selection, .movement, .oracle:
      if instruction.operation == .broadcast { break }
      if operands.allSatisfy({ !isTensor($0) }) { break }
      countWhole(id, operands, before)
    case .region:
      if instruction.operation == .loop { countLoop(id, before) } else { countProjection(id) }
    }
  }

  private mutating func countOperation(_ id: ValueID) {
    if size(id).coversTensor { sum.operations[function[id].operation, default: 0] += 1 }
  }

  /// An operation that reads whole operands from memory and writes its result there.
  private mutating func countWhole(_ id: ValueID, _ operands: [ValueID], _ before: Int) {
    for operand in operands where isTensor(operand) { makeResident(operand, for: id) }
    level[id.index] = operands.compactMap { level[$0.index] }.max() ?? before
    let operation = function[id].operation
    if operation == .transpose || operation == .reshape {
      // Read the other way round: no work of its own.
      resident[id] = 4
      alias(id, operands[0])
      return
    }
    sum.flops += wholeFlops(id, operands)
    if operation == .matrixProduct { sum.matrixProducts += Amount(1) }
    if operation.isDecomposition { sum.decompositions += Amount(1) }
    for operand in Set(operands) where isTensor(operand) {
      sum.bytesRead += size(operand) * (resident[operand] ?? 4)
    }
    if function.type(id).kind == .tuple {
      for type in ShapeRules.results(of: operation, function.type(operands[0])) {
        sum.bytesWritten += counter.elements(type.shape, of: function) * 4
      }
    } else if isTensor(id) {
      sum.bytesWritten += size(id) * 4
    }
    keep(id)
  }

  /// The memory that stands behind values which are only read in another way.
  private var aliases: [ValueID: ValueID] = [:]

  private mutating func alias(_ id: ValueID, _ original: ValueID) {
    aliases[id] = aliases[original] ?? original
    touch(id, at: id.index)
  }

  private mutating func keep(_ id: ValueID) {
    resident[id] = 4
    lifetimes[id] = (id.index, id.index)
  }

  private mutating func touch(_ id: ValueID, at index: Int) {
    let owner = aliases[id] ?? id
    guard let life = lifetimes[owner] else { return }
    lifetimes[owner] = (life.first, max(life.last, index))
  }

  /// Writes an operand down that is computed element by element, for an operation that needs it whole.
  private mutating func makeResident(_ operand: ValueID, for user: ValueID) {
    if resident[operand] == nil {
      visits.append((level[operand.index] ?? 0, operand))
      sum.bytesWritten += size(operand) * 4
      keep(operand)
      written.insert(operand)
      if size(operand).coversTensor { level[operand.index]! += 1 }
    }
    touch(operand, at: user.index)
  }

  /// Elementwise values that a pass writes down: in that pass they are still computed.
  private var written: Set<ValueID> = []

  private func wholeFlops(_ id: ValueID, _ operands: [ValueID]) -> Amount {
    func axes(_ value: ValueID) -> (Amount, Amount) {
      let extents = function.type(value).shape.tensor.extents
      let lengths = extents.map { counter.length($0, function) }
      return (lengths.first ?? Amount(1), lengths.dropFirst().reduce(Amount(1), *))
    }
    /// Every entry of the named axes does the same work.
    func entries(_ flops: Amount) -> Amount {
      let shapes = [function.type(id).shape, function.type(operands[0]).shape]
      let lengths = shapes.max { $0.axes.count < $1.axes.count }!.lengths
      return lengths.reduce(flops) { $0 * counter.length($1, function) }
    }
    return entries(oneEntry(id, operands, axes))
  }

  private func oneEntry(
    _ id: ValueID, _ operands: [ValueID], _ axes: (ValueID) -> (Amount, Amount)
  ) -> Amount {
    let (m, n) = axes(operands[0])
    switch function[id].operation {
    case .matrixProduct:
      let shapes = [function.type(id).shape, function.type(operands[0]).shape].map(\.tensor.extents)
      return (shapes[0] + shapes[1].suffix(1)).reduce(Amount(2)) {
        $0 * counter.length($1, function)
      }
    // Golub & Van Loan, Matrix Computations, tables 5.2.1, 8.3 and 8.6.1; leading terms.
    case .cholesky: return m * m * m * (1.0 / 3)
    case .solve: return m * m * m * (2.0 / 3) + m * m * axes(operands[1]).1 * 2
    case .qr: return m * n * n * 4
    case .eigh: return m * m * m * 9
    case .svd: return m * n * n * 14 + n * n * n * 8
    case .sort, .argSort, .topKMask, .quantile: return m * n * 20
    default: return m * n * Double(function[id].operation.info.flops)
    }
  }

  private mutating func countProjection(_ id: ValueID) {
    guard isTensor(id) else { return }
    resident[id] = 4
    alias(id, function[id].a)
  }

  private mutating func countLoop(_ id: ValueID, _ before: Int) {
    let loop = function.loops[Int(function[id].attribute)]
    let carried = loop.initial.map(resolved) + loop.captured.map(resolved)
    for value in carried where isTensor(value) { makeResident(value, for: id) }
    level[id.index] = carried.compactMap { level[$0.index] }.max() ?? before
    let inner = CostCounter(loop.body, states: [], hypers: counter.hypers)
    guard let one = inner.paths().map(\.work).max(by: { $0.weight < $1.weight }) else { return }
    let times = counter.amount(resolved(function[id].a), in: function) ?? .length("times")
    sum.flops += one.flops * times
    sum.bytesRead += one.bytesRead * times
    sum.bytesWritten += one.bytesWritten * times
    sum.matrixProducts += one.matrixProducts * times
    sum.decompositions += one.decompositions * times
    // Carried values stand twice, before and after an iteration.
    let own = loop.initial.map(resolved).filter(isTensor).reduce(Amount.zero) { $0 + size($1) * 4 }
    innerTemporaries[id] = one.temporaryBytes + own
    lifetimes[id] = (id.index, id.index)
  }

  // MARK: Passes

  /// Puts every store into a pass and adds up what the passes read and write.
  private mutating func place(_ stores: [(target: OutputTarget, value: ValueID)]) {
    let tensors = stores.filter { isTensor($0.value) }
    var passes = tensors.map { level[$0.value.index] ?? 0 }
    var reads = readsByPass(tensors, passes)
    // Terminates: passes only move later, and never beyond the last.
    while true {
      var hasMoved = false
      for (i, store) in tensors.enumerated() {
        let last = reads.filter { $0.value.contains { isOld($0, store.target) } }.keys.max() ?? 0
        if passes[i] < last {
          passes[i] = last
          hasMoved = true
        }
      }
      if !hasMoved { break }
      reads = readsByPass(tensors, passes)
    }
    for read in reads.values {
      for value in read { sum.bytesRead += size(value) * resident[value]! }
    }
    for store in tensors { sum.bytesWritten += size(store.value) * bytes(store.target) }
    var covering = Set(visits.filter { size($0.value).coversTensor }.map(\.pass))
    for (store, pass) in zip(tensors, passes) where size(store.value).coversTensor {
      covering.insert(pass)
    }
    sum.passes = covering.count
  }

  private func bytes(_ target: OutputTarget) -> Double {
    guard case .state(let k) = target, counter.states.indices.contains(k) else { return 4 }
    return counter.states[k].storage.bytesPerElement(counter.hypers)
  }

  private func readsByPass(
    _ stores: [(target: OutputTarget, value: ValueID)], _ passes: [Int]
  ) -> [Int: Set<ValueID>] {
    var result: [Int: Set<ValueID>] = [:]
    for visit in visits { gather(visit.value, visit.pass, &result[visit.pass, default: []]) }
    for (store, pass) in zip(stores, passes) {
      gather(store.value, pass, &result[pass, default: []])
    }
    return result
  }

  /// The resident values that a pass must read to know `root`.
  private func gather(_ root: ValueID, _ pass: Int, _ found: inout Set<ValueID>) {
    var stack = [root]
    var seen: Set<ValueID> = []
    while let id = stack.popLast() {
      guard isTensor(id), seen.insert(id).inserted else { continue }
      let isComputedHere = written.contains(id) && (level[id.index] ?? 0) > pass
      if resident[id] != nil, !isComputedHere {
        found.insert(id)
        continue
      }
      switch function[id].operation.info.operationClass {
      case .elementwise, .rowwise, .movement: stack += operands(id)
      default: break
      }
    }
  }

  // MARK: Temporaries

  /// The most bytes alive at one time.
  private func peak() -> Amount {
    var best = Amount.zero
    for moment in function.instructions.indices {
      var alive = Amount.zero
      for (id, life) in lifetimes where life.first <= moment && moment <= life.last {
        if let inner = innerTemporaries[id] {
          alive += inner
        } else if function.type(id).kind != .tuple {
          alive += size(id) * 4
        } else {
          let operand = function.type(resolved(function[id].a))
          for type in ShapeRules.results(of: function[id].operation, operand) {
            alive += counter.elements(type.shape, of: function) * 4
          }
        }
      }
      let (x, y) = (alive.value(rows: 1024, cols: 1024), best.value(rows: 1024, cols: 1024))
      if x > y { best = alive }
    }
    return best
  }
}
