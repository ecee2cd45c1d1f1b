import IR

/// Which statement reads a state or the parameter last: from there on its name is free for the value
/// after the step.
struct LastReads {
  private let listing: Listing
  private var function: Function { listing.function }
  /// The position of the statement that makes a value, and the last one that reads a source.
  private(set) var made: [ValueID: Int] = [:]
  private var read: [ValueID: Int] = [:]
  /// What else a named value is made of where it may share memory with it.
  private var roots: [ValueID: Set<ValueID>] = [:]
  private var position = 0

  init(_ listing: Listing) {
    self.listing = listing
    walk(listing.statements)
  }

  /// Whether no statement after the one that makes `value` reads `source`.
  func isFree(_ source: ValueID, after value: ValueID) -> Bool {
    guard let place = made[value] else { return false }
    return (read[source] ?? -1) <= place
  }

  private mutating func walk(_ statements: [Listing.Statement]) {
    for statement in statements {
      position += 1
      switch statement {
      case .define(let id), .several(let id, _):
        made[id] = position
        visit(definition: id)
        if mayShare(id) { roots[id] = sources(of: id) }
      case .loop(let id):
        visit(definition: id)
      case .branch(let condition, let selects, let then, let otherwise):
        visit(condition)
        let start = position
        walk(then)
        walk(otherwise)
        position += 1
        for select in selects {
          made[select] = position
          visit(function[select].b)
          visit(function[select].c)
          roots[select] = sources(of: select)
        }
        // One arm is never left in the middle: what it reads counts for the whole of it.
        _ = start
      case .output(let k):
        visit(function.outputs[k].value)
      }
    }
  }

  private mutating func visit(definition id: ValueID) {
    for operand in listing.operands(id) { visit(operand) }
  }

  private mutating func visit(_ id: ValueID) {
    if function[id].operation.isSource, function[id].operation != .draw {
      read[id] = position
      return
    }
    if listing.named.contains(id) || function[id].operation == .project {
      for root in roots[id] ?? [] { read[root] = position }
      return
    }
    visit(definition: id)
  }

  /// Whether a value may be the memory of another under another name.
  private func mayShare(_ id: ValueID) -> Bool {
    switch function[id].operation {
    case .select, .transpose, .reshape, .slice, .broadcast: true
    default: false
    }
  }

  private func sources(of id: ValueID) -> Set<ValueID> {
    Set(function.values(under: id).filter { function[$0].operation.isSource })
  }
}
