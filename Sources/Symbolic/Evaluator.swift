import Basics
import IR

/// The value of terms in floating point, on one tensor of rows × cols.
///
/// Every value is stretched to the whole tensor. Matrix operations are not evaluated.
package struct Evaluator {
  package let table: TermTable
  package let rows: Int
  package let cols: Int
  private var known: [TermID: [Double]?] = [:]

  package init(_ table: TermTable, rows: Int = 1, cols: Int = 1) {
    self.table = table
    self.rows = rows
    self.cols = cols
  }

  /// Gives a symbol its value: one number, or one for each element.
  package mutating func set(_ symbol: TermID, _ values: [Double]) {
    known[symbol] = values.count == 1 ? [Double](repeating: values[0], count: rows * cols) : values
  }

  package mutating func set(_ symbol: TermID, _ x: Double) { set(symbol, [x]) }

  /// The first element of a value, nil where the term holds what is not evaluated.
  package mutating func number(_ id: TermID) -> Double? { values(id)?.first }

  /// The value for each element, nil where the term holds what is not evaluated.
  package mutating func values(_ id: TermID) -> [Double]? {
    if let found = known[id] { return found }
    let result = compute(id)
    known[id] = .some(result)
    return result
  }

  private mutating func compute(_ id: TermID) -> [Double]? {
    let term = table[id]
    let size = rows * cols
    func every(_ x: Double) -> [Double] { [Double](repeating: x, count: size) }
    switch term.kind {
    case .number: return every(term.weights[0].approximation)
    case .symbol:
      let symbol = table.symbol(of: id)!
      switch symbol.role {
      case .constant:
        return every(symbol.isInfinite ? .infinity : symbol.name == "pi" ? .pi : 2.718281828459045)
      case .extent:
        switch symbol.name {
        case "rows": return every(Double(rows))
        case "cols": return every(Double(cols))
        case "numel": return every(Double(size))
        case "rank": return every(2)
        default: return nil
        }
      default: return nil
      }
    case .sum:
      var total = every(0)
      for (weight, operand) in zip(term.weights, term.operands) {
        guard let x = values(operand) else { return nil }
        let factor = weight.approximation
        for i in 0..<size { total[i] += factor * x[i] }
      }
      return total
    case .product:
      var total = every(1)
      for (base, exponent) in zip(term.operands, term.weights) {
        guard let x = values(base) else { return nil }
        let power = exponent.approximation
        for i in 0..<size { total[i] *= Folding.power(x[i], power) }
      }
      return total
    case .apply: return apply(id, term)
    }
  }

  private mutating func apply(_ id: TermID, _ term: Term) -> [Double]? {
    let size = rows * cols
    var operands: [[Double]] = []
    for operand in term.operands {
      guard let x = values(operand) else { return nil }
      operands.append(x)
    }
    let detail = table.detail(of: id)
    switch term.operation {
    case .greater: return operands[0].map { $0 > 0 ? 1 : 0 }
    case .maximum:
      return (0..<size).map { i in
        operands.dropFirst().reduce(operands[0][i]) { Folding.fold(.maximum, [$0, $1[i]])! }
      }
    case .sum, .maximumOf: return reduce(term.operation, operands[0], detail)
    case .globalSum, .globalMaximum: return operands[0]
    default:
      guard term.operation.isElementwise, !detail.isBoolean else { return nil }
      return (0..<size).map { i in Folding.fold(term.operation, operands.map { $0[i] }) ?? .nan }
    }
  }

  private func reduce(_ operation: Operation, _ x: [Double], _ detail: Detail) -> [Double]? {
    guard detail.operand.isSubset(of: .like) else { return nil }
    let allRows = detail.operand.contains(.rows) ? Array(0..<rows) : [0]
    let allCols = detail.operand.contains(.cols) ? Array(0..<cols) : [0]
    var result = [Double](repeating: 0, count: rows * cols)
    for i in 0..<rows {
      for j in 0..<cols {
        let overRows = detail.scope == .perRow ? [i] : allRows
        let overCols = detail.scope == .perColumn ? [j] : allCols
        let all = overRows.flatMap { r in overCols.map { x[r * cols + $0] } }
        result[i * cols + j] =
          operation == .sum
          ? all.reduce(0, +)
          : all.dropFirst().reduce(all[0]) { Folding.fold(.maximum, [$0, $1])! }
      }
    }
    return result
  }
}
