import Diagnostics
import Syntax

/// What compiles and is seldom meant in the equations of a rule: a state that nothing reads, an ε beside a quotient
/// instead of in its divisor, the correction of an average by the weights of another step.
struct SeldomMeant {
  private let rule: CheckedRule
  private let tree: SyntaxTree
  private let block: Block
  private var found: [Diagnostic] = []

  /// What is found in the rules of the user's texts, in the order of their places.
  fileprivate static func findings(in program: CheckedProgram) -> [Diagnostic] {
    program.rules.values.filter { !program.isLibrary($0.tree) && !$0.isBroken }.flatMap { rule in
      guard case .equations(let block) = rule.body else { return [Diagnostic]() }
      var look = SeldomMeant(rule: rule, tree: program[rule.tree], block: block)
      look.lookAtStates()
      for (value, _) in block.allValues() { look.lookAt(value) }
      return look.found
    }.sorted { $0.span.start < $1.span.start }
  }

  private init(rule: CheckedRule, tree: SyntaxTree, block: Block) {
    self.rule = rule
    self.tree = tree
    self.block = block
  }

  // MARK: States

  /// A name as it was before the step, or as it is after it.
  private struct Reference: Hashable {
    var key: String
    var isPrimed: Bool
  }

  private mutating func lookAtStates() {
    let changed = Set(block.allDefinitions().filter(\.isPrimed).map(\.name.key))
    guard !block.states.isEmpty, changed.contains("w") else { return }
    let read = read()
    for state in block.states
    where changed.contains(state.name.key) && !read.contains(state.name.key) {
      found.append(.neverRead(state.name))
    }
  }

  /// Keys of the names on which parameters, views or conditions depend, now or in a later step.
  private func read() -> Set<String> {
    var live: Set<Reference> = []
    var open: [Reference] = []
    func read(_ id: ExprID) {
      var stack = [id]
      while let next = stack.popLast() {
        switch tree[next] {
        case .name(let name): add(Reference(key: name.key, isPrimed: false))
        case .primed(let name): add(Reference(key: name.key, isPrimed: true))
        default: stack += tree[next].parts
        }
      }
    }
    func add(_ reference: Reference) {
      if live.insert(reference).inserted { open.append(reference) }
    }
    for (value, name) in block.allValues() where name.map({ $0.key == "w" }) ?? true { read(value) }
    let states = Set(block.states.map(\.name.key))
    let definitions = block.allDefinitions()
    while let reference = open.popLast() {
      for definition in definitions where definition.name.key == reference.key {
        read(definition.value)
      }
      if states.contains(reference.key) { add(Reference(key: reference.key, isPrimed: true)) }
    }
    return Set(live.map(\.key))
  }

  // MARK: Expressions

  private mutating func lookAt(_ id: ExprID) {
    var stack = [id]
    while let next = stack.popLast() {
      switch tree[next] {
      case .binary(.add, let sum, let small): lookAtEpsilon(small, after: sum)
      case .binary(.divide, let above, let below): lookAtCorrection(above, below)
      default: break
      }
      stack += tree[next].parts
    }
  }

  /// `m / sqrt(v) + ε`
  private mutating func lookAtEpsilon(_ small: ExprID, after sum: ExprID) {
    guard case .name(let ε) = tree[small], ε.key == Name("ε").key,
      rule.hypers.contains(where: { $0.name == ε })
    else { return }
    var last = sum
    while case .binary(let sign, _, let term) = tree[last], sign == .add || sign == .subtract,
      !isInParentheses(last)
    {
      last = term
    }
    guard case .binary(.divide, _, let divisor) = tree[last], !isInParentheses(last),
      isOfData(divisor)
    else { return }
    found.append(.besideQuotient(ε, at: tree.span(small), divisor: tree.span(divisor)))
  }

  /// Whether gradients, parameters or states are in it: what is made of hyperparameters and t alone, such as
  /// 1 - β^t, needs no ε.
  private func isOfData(_ id: ExprID) -> Bool {
    let data = Set(["w", "g", "loss"] + (block.states + block.inputs).map(\.name.key))
    var stack = [id]
    var seen: Set<String> = []
    while let next = stack.popLast() {
      switch tree[next] {
      case .primed: return true
      case .name(let name):
        if data.contains(name.key) { return true }
        if seen.insert(name.key).inserted {
          stack += block.allDefinitions().filter { $0.name == name }.map(\.value)
        }
      default: stack += tree[next].parts
      }
    }
    return false
  }

  /// Whether a parenthesis closes behind it.
  private func isInParentheses(_ id: ExprID) -> Bool {
    let rest = tree.file.bytes[Int(tree.span(id).end - tree.file.base)...]
    return rest.first { $0 != UInt8(ascii: " ") } == UInt8(ascii: ")")
  }

  /// Whether it is a state that is made of what it was.
  private func isAverage(_ state: Name) -> Bool {
    guard block.states.contains(where: { $0.name == state }),
      let definition = block.definition(state.key, isPrimed: true)
    else { return false }
    var stack = [definition.value]
    while let next = stack.popLast() {
      if case .name(state) = tree[next] { return true }
      stack += tree[next].parts
    }
    return false
  }

  /// `m / (1 - β^t)` of the average before the step.
  private mutating func lookAtCorrection(_ above: ExprID, _ below: ExprID) {
    guard case .binary(.subtract, let one, let power) = tree[below],
      case .number(1, _) = tree[one], case .binary(.power, _, let t) = tree[power],
      case .name(let name) = tree[t], name.key == "t"
    else { return }
    var factors = [above]
    while let next = factors.popLast() {
      switch tree[next] {
      case .binary(.multiply, let a, let b): factors += [a, b]
      case .name(let state) where isAverage(state):
        found.append(.correctsEarlier(state, at: tree.span(next)))
      default: break
      }
    }
  }
}

extension CheckedProgram {
  /// Warnings of what compiles and is seldom meant in the user's rules.
  package func seldomMeant() -> [Diagnostic] { SeldomMeant.findings(in: self) }
}

extension Block {
  /// Every expression in it and in the blocks inside, with the name that it defines; without one where
  /// something else hangs on it, such as a condition or a view.
  fileprivate func allValues() -> [(value: ExprID, name: Name?)] {
    var result: [(ExprID, Name?)] = definitions.map { ($0.value, $0.name) }
    result += (views + metrics + terms).map { ($0.value, nil) } + self.results.map { ($0, nil) }
    for guarded in guards {
      switch guarded.condition {
      case .when(let value), .every(let value): result.append((value, nil))
      }
      result += guarded.then.allValues() + (guarded.otherwise?.allValues() ?? [])
    }
    for repeated in repeats { result += [(repeated.count, nil)] + repeated.body.allValues() }
    return result
  }
}
