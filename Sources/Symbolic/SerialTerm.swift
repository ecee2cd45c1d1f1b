/// A term taken from one table to another.
struct SerialTerm {
  private let source: TermTable
  private let root: TermID

  init(_ source: TermTable, _ root: TermID) {
    self.source = source
    self.root = root
  }

  func rebuilt(in table: TermTable) -> TermID {
    var memo: [TermID: TermID] = [:]
    return rebuilt(root, table, &memo)
  }

  private func rebuilt(
    _ id: TermID, _ table: TermTable, _ memo: inout [TermID: TermID]
  ) -> TermID {
    if let known = memo[id] { return known }
    var term = source[id]
    let result: TermID
    if term.kind == .symbol {
      result = table.symbol(source.symbol(of: id)!)
    } else {
      let operands = term.operands.map { rebuilt($0, table, &memo) }
      if term.kind == .apply { term.payload = table.detail(source.detail(of: id)) }
      result = table.rebuild(term, operands)
    }
    memo[id] = result
    return result
  }
}
