import IR

/// A function as statements: which values get a name, in which order, and inside of which choice.
struct Listing {
  indirect enum Statement {
    /// A value under its name.
    case define(ValueID)
    /// An operation of several results.
    case several(ValueID, results: [ValueID])
    case loop(ValueID)
    /// Selects on one condition of the host: each arm's statements, then the arm's value as `select`.
    case branch(condition: ValueID, selects: [ValueID], then: [Statement], otherwise: [Statement])
    /// Output k of the function.
    case output(Int)
  }

  let function: Function
  let kinds: [ValueKind]
  /// How often a value is read by what is printed.
  let uses: [Int]
  private(set) var statements: [Statement] = []
  /// Values with a name of their own.
  private(set) var named: Set<ValueID> = []
  private let given: Set<ValueID>
  private let roots: [ValueID]
  private var isLive: [Bool]
  /// The choices inside of which all readers of a value stand.
  private var contexts: [[Arm]]
  private var done: Set<ValueID> = []
  private var groupOf: [ValueID: Int] = [:]
  private var groups: [[ValueID]] = []
  private var branchCondition: (ValueID) -> Bool

  struct Arm: Hashable {
    var condition: ValueID
    var isThen: Bool
  }

  /// `roots` are what is wanted, in this order; `given` has names already; `isScoped`
  /// where names end with their block; `branches` says whether a condition can be one of `if`.
  init(
    _ function: Function, kinds: [ValueKind], roots: [ValueID], outputs: [Int] = [],
    branches: @escaping (ValueID) -> Bool, named extra: Set<ValueID> = [],
    given: Set<ValueID> = [], isScoped: Bool = false
  ) {
    self.function = function
    self.given = given
    self.kinds = kinds
    branchCondition = branches
    let all = roots + outputs.map { function.outputs[$0].value }
    self.roots = all
    func operands(_ id: ValueID) -> [ValueID] {
      given.contains(id) ? [] : function.printedOperands(id)
    }
    var live = [Bool](repeating: false, count: function.instructions.count)
    for root in all { live[root.index] = true }
    for i in function.instructions.indices.reversed() where live[i] {
      for operand in operands(ValueID(i)) { live[operand.index] = true }
    }
    isLive = live
    var uses = [Int](repeating: 0, count: function.instructions.count)
    for i in function.instructions.indices where live[i] {
      for operand in operands(ValueID(i)) { uses[operand.index] += 1 }
    }
    for root in all { uses[root.index] += 1 }
    self.uses = uses
    contexts = []
    contexts = armContexts(all)
    chooseNames(extra)
    let chosen = named
    formGroups()
    if isScoped {
      // Where a name ends with its block, what two blocks read stands before both.
      for _ in 0..<8 {
        let shared = sharedByBlocks()
        if shared.isEmpty { break }
        for id in shared { contexts[id.index] = [] }
        for i in contexts.indices.reversed() where contexts[i].isEmpty && live[i] {
          if function.instructions[i].operation == .select,
            branchCondition(function.instructions[i].a)
          {
            continue
          }
          for operand in operands(ValueID(i)) { contexts[operand.index] = [] }
        }
        named = chosen
        groups = []
        groupOf = [:]
        formGroups()
      }
    }
    // Named values that no choice encloses, in the author's order; then the outputs.
    var list: [Statement] = []
    for i in function.instructions.indices where live[i] {
      let id = ValueID(i)
      if contexts[i].isEmpty, isStatement(id) { emit(id, [], &list) }
    }
    for root in roots { require(root, [], &list) }
    for k in outputs {
      require(function.outputs[k].value, [], &list)
      list.append(.output(k))
    }
    statements = list
  }

  // MARK: Choices

  private func armContexts(_ roots: [ValueID]) -> [[Arm]] {
    var found = [[Arm]?](repeating: nil, count: function.instructions.count)
    func join(_ id: ValueID, _ context: [Arm]) {
      guard let old = found[id.index] else {
        found[id.index] = context
        return
      }
      found[id.index] = zip(old, context).prefix { $0 == $1 }.map(\.0)
    }
    for root in roots { join(root, []) }
    for i in function.instructions.indices.reversed() where isLive[i] {
      let instruction = function.instructions[i]
      let own = found[i] ?? []
      if given.contains(ValueID(i)) { continue }
      if instruction.operation == .select, branchCondition(instruction.a) {
        join(instruction.a, own)
        join(instruction.b, own + [Arm(condition: instruction.a, isThen: true)])
        join(instruction.c, own + [Arm(condition: instruction.a, isThen: false)])
      } else {
        for operand in operands(ValueID(i)) { join(operand, own) }
      }
    }
    return found.map { $0 ?? [] }
  }

  /// Selects that share a condition and do not depend on each other are one `if`; those whose arms are
  /// short and need no statement stay expressions.
  private mutating func formGroups() {
    for i in function.instructions.indices where isLive[i] && !given.contains(ValueID(i)) {
      let id = ValueID(i)
      let instruction = function[id]
      guard instruction.operation == .select, branchCondition(instruction.a), needsBlock(id) else {
        continue
      }
      let closure = function.values(under: id)
      let fits = groups.indices.last { k in
        let first = groups[k][0]
        return function[first].a == instruction.a && contexts[first.index] == contexts[i]
          && !groups[k].contains { closure.contains($0) }
      }
      if let k = fits {
        groups[k].append(id)
        groupOf[id] = k
      } else {
        groupOf[id] = groups.count
        groups.append([id])
      }
      named.insert(id)
    }
    // Short selects beside a block on the same condition join it.
    for i in function.instructions.indices where isLive[i] && groupOf[ValueID(i)] == nil {
      let id = ValueID(i)
      let instruction = function[id]
      guard instruction.operation == .select, branchCondition(instruction.a), named.contains(id)
      else { continue }
      let closure = function.values(under: id)
      guard
        let k = groups.indices.last(where: { k in
          let first = groups[k][0]
          return function[first].a == instruction.a && contexts[first.index] == contexts[i]
            && !groups[k].contains { member in
              closure.contains(member) || function.values(under: member).contains(id)
            }
        })
      else { continue }
      groups[k].append(id)
      groupOf[id] = k
    }
  }

  /// Statements inside of a choice that something beside that one block reads.
  private func sharedByBlocks() -> [ValueID] {
    var found: [ValueID] = []
    for group in groups {
      var seen: Set<ValueID> = Set(group)
      var pending = roots
      while let next = pending.popLast() {
        guard seen.insert(next).inserted else { continue }
        pending += operands(next)
      }
      let inside = Set(group.flatMap { function.values(under: $0) }).filter {
        contexts[$0.index].contains { $0.condition == function[group[0]].a }
          && (isStatement($0) || function[$0].operation == .project)
      }
      found += inside.filter { seen.contains($0) && !group.contains($0) }
    }
    return found
  }

  /// Whether an arm of a select has statements of its own, or is too much for one line.
  private func needsBlock(_ id: ValueID) -> Bool {
    let arms = [true, false].map {
      contexts[id.index] + [Arm(condition: function[id].a, isThen: $0)]
    }
    let inside = function.values(under: id).filter { value in
      arms.contains { contexts[value.index].starts(with: $0) }
    }
    return inside.contains { isStatement($0) }
      || inside.lazy.filter { !function[$0].operation.isSource }.count > 12
  }

  // MARK: Names

  private mutating func chooseNames(_ extra: Set<ValueID>) {
    named = extra.filter { isLive[$0.index] && !function[$0].operation.isSource }
    // A loop's body reads what is outside by its name.
    for i in function.instructions.indices where isLive[i] {
      guard function.instructions[i].operation == .loop else { continue }
      named.formUnion(
        function.loops[Int(function.instructions[i].attribute)].captured.filter {
          !function[$0].operation.isSource && function[$0].operation != .project
        })
    }
    let carried = Set(function.loops.flatMap(\.initial))
    for i in function.instructions.indices where isLive[i] && !given.contains(ValueID(i)) {
      let id = ValueID(i)
      let instruction = function[id]
      switch instruction.operation {
      case .loop, .project: break
      case .draw: named.insert(id)
      case _ where instruction.type.kind == .tuple: break
      default:
        guard !instruction.operation.isSource || instruction.operation == .identity,
          instruction.operation != .broadcast
        else { continue }
        if uses[i] > 1
          ? function.names[id] != nil || !isSmall(id)
          : function.names[id] != nil && !carried.contains(id)
        {
          named.insert(id)
        }
      }
    }
  }

  /// Too short to deserve a name that nobody gave it: `1 - β1`, `-x`.
  private func isSmall(_ id: ValueID) -> Bool {
    let operation = function[id].operation
    // Neither does a condition on numbers of the host: `t % k == 0`.
    if operation == .negate || function.type(id).kind == .boolean && kinds[id.index] == .host {
      return true
    }
    return function.type(id).shape.isScalar && operation != .squareRoot
      && function.operands(id).allSatisfy {
        function[$0].operation.isSource && function[$0].operation != .draw
      }
  }

  private func isStatement(_ id: ValueID) -> Bool {
    !given.contains(id)
      && (named.contains(id) || function[id].operation == .loop
        || function[id].type.kind == .tuple)
  }

  // MARK: Order

  /// Makes every statement that the text of a value needs.
  private mutating func require(
    _ id: ValueID, _ context: [Arm], _ list: inout [Statement]
  ) {
    if isStatement(id) { return emit(id, context, &list) }
    if given.contains(id) { return }
    if function[id].operation == .project { return emit(function[id].a, context, &list) }
    for operand in operands(id) { require(operand, context, &list) }
  }

  private mutating func emit(
    _ id: ValueID, _ context: [Arm], _ list: inout [Statement]
  ) {
    guard !done.contains(id) else { return }
    if let k = groupOf[id] { return emitGroup(k, context, &list) }
    done.insert(id)
    for operand in operands(id) { require(operand, context, &list) }
    if function[id].operation == .loop {
      list.append(.loop(id))
    } else if function[id].type.kind == .tuple {
      list.append(.several(id, results: projections(of: id)))
    } else if named.contains(id) {
      list.append(.define(id))
    }
  }

  private mutating func emitGroup(_ k: Int, _ context: [Arm], _ list: inout [Statement]) {
    let members = groups[k]
    let condition = function[members[0]].a
    for member in members { done.insert(member) }
    require(condition, context, &list)
    // What an arm shares with the rest stands before the choice.
    for member in members {
      for operand in [function[member].b, function[member].c] {
        requireOutside(operand, contexts[member.index].count, context, &list)
      }
    }
    var arms: [[Statement]] = [[], []]
    for member in members {
      let inner = contexts[member.index]
      require(function[member].b, inner + [Arm(condition: condition, isThen: true)], &arms[0])
      require(function[member].c, inner + [Arm(condition: condition, isThen: false)], &arms[1])
    }
    list.append(
      .branch(condition: condition, selects: members, then: arms[0], otherwise: arms[1]))
  }

  /// The statements under a value that stand outside of the choice at this depth.
  private mutating func requireOutside(
    _ id: ValueID, _ depth: Int, _ context: [Arm], _ list: inout [Statement]
  ) {
    if contexts[id.index].count <= depth { return require(id, context, &list) }
    for operand in operands(id) {
      requireOutside(operand, depth, context, &list)
    }
  }

  /// What the statements of a value read; of what is given, nothing.
  func operands(_ id: ValueID) -> [ValueID] {
    given.contains(id) ? [] : function.printedOperands(id)
  }

  func projections(of id: ValueID) -> [ValueID] {
    function.instructions.indices.filter {
      function.instructions[$0].operation == .project && function.instructions[$0].a == id
        && isLive[$0]
    }.map { ValueID($0) }.sorted { function[$0].attribute < function[$1].attribute }
  }

  /// Whether something beside the selects of a choice reads what is made in these statements of it.
  func isRead(_ statements: [Statement], outsideOf selects: [ValueID]) -> Bool {
    var seen: Set<ValueID> = Set(selects)
    var pending = roots
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      pending += operands(next)
    }
    seen.subtract(selects)
    return !seen.isDisjoint(with: made(in: statements))
  }

  /// The values that statements outside of all choices make.
  var outermost: [ValueID] {
    statements.flatMap { statement -> [ValueID] in
      switch statement {
      case .define(let id): [id]
      case .loop(let id), .several(let id, _): projections(of: id)
      case .branch(_, let selects, _, _): selects
      case .output: []
      }
    }
  }

  private func made(in statements: [Statement]) -> Set<ValueID> {
    var found: Set<ValueID> = []
    for statement in statements {
      switch statement {
      case .define(let id): found.insert(id)
      case .loop(let id), .several(let id, _): found.formUnion(projections(of: id))
      case .branch(_, let selects, let then, let otherwise):
        found.formUnion(selects)
        found.formUnion(made(in: then))
        found.formUnion(made(in: otherwise))
      case .output: break
      }
    }
    return found
  }

  func projection(_ k: Int, of id: ValueID) -> ValueID? {
    projections(of: id).first { Int(function[$0].attribute) == k }
  }
}

extension Function {
  /// The operands that the text of a value shows: a length shows none, a square its operand once.
  func printedOperands(_ id: ValueID) -> [ValueID] {
    let instruction = self[id]
    switch instruction.operation {
    case .extent: return []
    case .multiply where instruction.a == instruction.b: return [instruction.a]
    default: return operands(id)
    }
  }
}
