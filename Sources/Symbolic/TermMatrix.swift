import Basics

/// Small square matrices of terms.
enum TermMatrix {
  static func product(_ t: TermTable, _ a: [[TermID]], _ b: [[TermID]]) -> [[TermID]] {
    a.map { row in
      b[0].indices.map { j in
        t.reduced(t.add(row.indices.map { t.multiply(row[$0], b[$0][j]) }))
      }
    }
  }

  /// The coefficients of det(z − A), the constant first and 1 last (Faddeev and Le Verrier).
  static func characteristic(_ t: TermTable, _ a: [[TermID]]) -> [TermID] {
    let n = a.count
    var coefficients = [TermID](repeating: t.zero, count: n + 1)
    coefficients[n] = t.one
    var m = [[TermID]](
      repeating: [TermID](repeating: t.zero, count: n), count: n)
    for k in 1...n {
      m = product(t, a, m)
      for i in 0..<n { m[i][i] = t.add(m[i][i], coefficients[n - k + 1]) }
      let am = product(t, a, m)
      let trace = t.add((0..<n).map { am[$0][$0] })
      coefficients[n - k] = t.reduced(t.scale(trace, by: Rational(-1, k)))
    }
    return coefficients
  }

  /// The solution of A x = b, nil where A is singular.
  static func solve(_ t: TermTable, _ a: [[TermID]], _ b: [TermID]) -> [TermID]? {
    var rows = zip(a, b).map { $0 + [$1] }
    let n = rows.count
    for column in 0..<n {
      guard let pivot = (column..<n).first(where: { !t.isZero(rows[$0][column]) }) else {
        return nil
      }
      rows.swapAt(column, pivot)
      for i in 0..<n where i != column && rows[i][column] != t.zero {
        let factor = t.divide(rows[i][column], rows[column][column])
        for j in column...n {
          rows[i][j] = t.reduced(
            t.subtract(rows[i][j], t.multiply(factor, rows[column][j])))
        }
      }
    }
    return (0..<n).map { t.divide(rows[$0][n], rows[$0][$0]) }
  }
}
