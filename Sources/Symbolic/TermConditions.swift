/// What terms take for granted once their marks are left out.
extension TermTable {
  /// The terms that must not be 0 for a term to be what `withoutMarks` makes of it, each once.
  package func divisors(of root: TermID) -> [TermID] {
    var seen: Set<TermID> = []
    var found: [TermID] = []
    var pending = [root]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      if isMark(next), let divisor = self[next].operands.first, !found.contains(divisor) {
        found.append(divisor)
      }
      pending += self[next].operands
    }
    return found
  }
}
