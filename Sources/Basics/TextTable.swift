/// A table for terminals: columns aligned, numbers at their decimal points, rules in ASCII.
package struct TextTable: Sendable, Equatable {
  package var header: [String]
  package var rows: [[String]]

  /// Rows shorter than the header are filled with empty cells, longer ones are cut.
  package init(header: [String], rows: [[String]] = []) {
    self.header = header
    self.rows = rows
  }

  package mutating func append(_ row: [String]) { rows.append(row) }

  /// The lines of the table, each ended by a line break; no line has trailing spaces.
  package func render() -> String {
    let columns = header.indices.map { column in
      Column(
        title: TextWidth.printable(header[column]),
        cells: rows.map { column < $0.count ? TextWidth.printable($0[column]) : "" })
    }
    var lines = [Self.line(columns.map(\.alignedTitle))]
    lines.append(columns.map { String(repeating: "-", count: $0.width) }.joined(separator: "  "))
    for row in rows.indices { lines.append(Self.line(columns.map { $0.alignedCells[row] })) }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func line(_ cells: [String]) -> String {
    var text = cells.joined(separator: "  ")
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }

  /// One column with its cells padded to the same width.
  private struct Column {
    let width: Int
    let alignedTitle: String
    let alignedCells: [String]

    init(title: String, cells: [String]) {
      let isNumeric =
        cells.contains { Self.isNumber($0) }
        && cells.allSatisfy { Self.isNumber($0) || ["", "-", "nan", "inf", "-inf"].contains($0) }
      var padded = cells
      if isNumeric {
        let tail = cells.map { TextWidth.cells(Self.tail($0)) }.max() ?? 0
        padded = cells.map { cell in
          guard Self.isNumber(cell) else { return cell }
          let filler = tail - TextWidth.cells(Self.tail(cell))
          return cell + String(repeating: " ", count: filler)
        }
      }
      let widest = max(TextWidth.cells(title), padded.map(TextWidth.cells).max() ?? 0)
      width = widest
      func fit(_ text: String) -> String {
        let filler = String(repeating: " ", count: widest - TextWidth.cells(text))
        return isNumeric ? filler + text : text + filler
      }
      alignedTitle = fit(title)
      alignedCells = padded.map(fit)
    }

    /// Whether a cell begins with a number: "12", "-0.5", "1e-3", "95.2 %", "0.31 +/- 0.02".
    private static func isNumber(_ cell: String) -> Bool {
      var rest = Substring(cell)
      if rest.first == "-" || rest.first == "+" || rest.first == "−" { rest = rest.dropFirst() }
      if rest.first == "." { rest = rest.dropFirst() }
      return rest.first.map { $0.isASCII && $0.isNumber } ?? false
    }

    /// What stands right of where decimal points align: from the point, or from the end of the
    /// leading digits.
    private static func tail(_ cell: String) -> String {
      guard isNumber(cell) else { return "" }
      return String(cell.drop { $0.isASCII && $0.isNumber || "+-−,".contains($0) })
    }
  }
}
